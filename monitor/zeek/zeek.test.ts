import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProtocolEvent } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { arp, pcapOf, tcp } from '../test/frames.ts';
import { run } from '../test/reference.ts';
import { jsonText, timeText, valueText } from './format.ts';
import { ZeekDirectory, ZeekWriter } from './index.ts';

describe('values', () => {
  it('as Zeek prints them', () => {
    expect(timeText(1_700_000_000_000_007)).toBe('1700000000.000007');
    expect(valueText(undefined, 'string')).toBe('-');
    expect(valueText(0.006324, 'interval')).toBe('0.006324');
    expect(valueText(true, 'bool')).toBe('T');
    expect(valueText([1, 2, 3], 'vector[count]')).toBe('1,2,3');
    expect(valueText([], 'vector[count]')).toBe('(empty)');
    expect(valueText(2.5, 'double')).toBe('2.5');
  });

  it('escape what would break a line or be mistaken', () => {
    expect(valueText('a\tb\nc\0', 'string')).toBe('a\\x09b\\x0ac\\x00');
    expect(valueText('\\\\server', 'string')).toBe('\\\\\\\\server');
    expect(valueText('-', 'string')).toBe('\\x2d');
    expect(valueText('', 'string')).toBe('(empty)');
    expect(valueText('(empty)', 'string')).toBe('\\x28empty)');
    expect(valueText(['a,b', 'c'], 'vector[string]')).toBe('a\\x2cb,c');
  });
});

describe('logs', () => {
  const frames = [
    tcp({ from: '10.0.0.1:1234', to: '10.0.0.2:502', seq: 0, flags: 'S' }),
    arp(1, '10.0.0.1', '10.0.0.2', [2, 0, 0, 0, 0, 1]),
  ];

  it('have the header that Zeek tools read, and event time in it', () => {
    expect(run(pcapOf(frames), []).logs.get('conn')?.split('\n')).toEqual([
      '#separator \\x09',
      '#set_separator\t,',
      '#empty_field\t(empty)',
      '#unset_field\t-',
      '#path\tconn',
      '#open\t2023-11-14-22-13-20',
      '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\tip_proto',
      '#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\tcount',
      expect.stringMatching(
        /^1700000000\.000000\tC\w{17}\t10\.0\.0\.1\t1234\t10\.0\.0\.2\t502\ttcp\t-\t-\t-\t-\tS0\tT\tT\t0\tS\t1\t40\t0\t0\t-\t6$/,
      ),
      '#close\t2023-11-14-22-13-20',
      '',
    ]);
  });

  it('of events that nobody else defines have the keys of the event', () => {
    const logs = new Map<string, string>();
    const zeek = new ZeekWriter({ append: (path, lines) => logs.set(path, lines) });
    const { flow } = run(pcapOf(frames), []).events[0] as { flow: Parameters<ZeekWriter['event']>[1] };
    const event = { name: 'ntp', time: 5e6, mode: 3, poll: 64.5, refs: ['a', 'b'], ok: true, kiss: undefined };
    zeek.event(event as ProtocolEvent, flow);
    zeek.close();
    const lines = logs.get('ntp')?.split('\n') ?? [];
    expect(lines[6]).toBe('#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmode\tpoll\trefs\tok\tkiss');
    expect(lines[7]).toBe('#types\ttime\tstring\taddr\tport\taddr\tport\tcount\tdouble\tvector[string]\tbool\tstring');
    expect(lines[8]).toMatch(/^5\.000000\t.*\t3\t64\.5\ta,b\tT\t-$/);
  });

  it('go into a directory, one file each, replacing those of a run before', () => {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-zeek-'));
    try {
      writeFileSync(join(folder, 'conn.log'), 'old');
      const sink = new ZeekDirectory(join(folder));
      sink.append('conn', 'a\n');
      sink.append('conn', 'b\n');
      expect(readFileSync(join(folder, 'conn.log'), 'utf8')).toBe('a\nb\n');
      expect(() => new ZeekDirectory(join(folder, 'conn.log', 'x'))).toThrow('cannot write Zeek logs to');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('JSON logs', () => {
  const frames = [
    tcp({ from: '10.0.0.1:1234', to: '10.0.0.2:502', seq: 0, flags: 'S' }),
    arp(1, '10.0.0.1', '10.0.0.2', [2, 0, 0, 0, 0, 1]),
  ];

  it('have one object a line with the columns of the other form, without what is unset', () => {
    const logs = new Map<string, string>();
    const writer = new ZeekWriter({ append: (path, lines) => logs.set(path, (logs.get(path) ?? '') + lines) }, 'json');
    for (const { event, flow } of run(pcapOf(frames), []).events) writer.event(event, flow);
    writer.close();
    const [conn, end] = (logs.get('conn') ?? '').split('\n');
    expect(end).toBe('');
    expect(JSON.parse(conn ?? '')).toEqual({
      _path: 'conn',
      _write_ts: 1_700_000_000,
      ts: 1_700_000_000,
      uid: expect.stringMatching(/^C\w+$/),
      ...{ 'id.orig_h': '10.0.0.1', 'id.orig_p': 1234, 'id.resp_h': '10.0.0.2', 'id.resp_p': 502 },
      ...{ proto: 'tcp', conn_state: 'S0', local_orig: true, local_resp: true, missed_bytes: 0, history: 'S' },
      ...{ orig_pkts: 1, orig_ip_bytes: 40, resp_pkts: 0, resp_ip_bytes: 0, ip_proto: 6 },
    });
    expect(JSON.parse(logs.get('arp') ?? '')).toMatchObject({ _path: 'arp', operation: 'request', gratuitous: false });
  });

  it('hold values that come back as they were', () => {
    expect(jsonText('a\tb"\\\0', 'string')).toBe('"a\\tb\\"\\\\\\u0000"');
    expect(JSON.parse(jsonText('\xff\x7f', 'string'))).toBe('\\xff\\x7f');
    expect(jsonText([1, 2], 'vector[count]')).toBe('[1,2]');
    expect(jsonText(['a"', 'b'], 'vector[string]')).toBe('["a\\"","b"]');
    expect(jsonText(Number.NaN, 'double')).toBe('null');
    expect(jsonText(1_700_000_000_000_007, 'time')).toBe('1700000000.000007');
  });
});
