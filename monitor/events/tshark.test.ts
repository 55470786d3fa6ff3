import { execFileSync } from 'node:child_process';
import { relative } from 'node:path';
import { functionName, type ModbusEvent } from '@penstock/protocols/modbus';
import { describe, expect, it } from 'vitest';
import { hasJudge } from '../../tests/judges.ts';
import { allCaptures, CAPTURES, hasCaptures, type Run, runFile } from '../test/reference.ts';
import type { ConnEvent } from './index.ts';
import { DISSECTORS } from './registry.ts';

const installed = hasJudge('tshark');
const captures = allCaptures().filter((path) => /modbus|modicon/i.test(path));

function tshark(path: string, fields: readonly string[]): string[][] {
  const options = ['-n', '-r', path, '-T', 'fields', '-E', 'occurrence=a', ...fields.flatMap((field) => ['-e', field])];
  const text = execFileSync('tshark', options, { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'));
}

/** Packets and IP bytes by who sends to whom. */
function sumsOf(result: Run): Record<string, [number, number]> {
  const sums: Record<string, [number, number]> = {};
  const add = (key: string, packets: number, bytes: number): void => {
    if (packets === 0) return;
    const sum = sums[key] ?? [0, 0];
    sums[key] = [sum[0] + packets, sum[1] + bytes];
  };
  for (const { event, flow } of result.events) {
    if (event.name !== 'conn' || flow.protocol !== 6) continue;
    const { orig_pkts, orig_ip_bytes, resp_pkts, resp_ip_bytes } = event as ConnEvent;
    const originator = `${flow.originatorAddress}:${flow.originatorPort}`;
    const responder = `${flow.responderAddress}:${flow.responderPort}`;
    add(`${originator}>${responder}`, orig_pkts, orig_ip_bytes);
    add(`${responder}>${originator}`, resp_pkts, resp_ip_bytes);
  }
  return sums;
}

function sumsByTshark(rows: string[][]): Record<string, [number, number]> {
  const sums: Record<string, [number, number]> = {};
  for (const [from, to, fromPort, toPort, length] of rows) {
    if (!fromPort) continue;
    const key = `${from}:${fromPort}>${to}:${toPort}`;
    const sum = sums[key] ?? [0, 0];
    sums[key] = [sum[0] + 1, sum[1] + Number(length)];
  }
  return sums;
}

/** Function code without the exception bit by Zeek's name. */
const codeOf = new Map(Array.from({ length: 256 }, (_, code) => [functionName(code), code & 0x7f]));

/** Every Modbus message: who sent it to whom, transaction, unit, function. */
function messagesOf(result: Run): string[] {
  return result.events.flatMap(({ event, flow }) => {
    if (event.name !== 'modbus') return [];
    const { pdu_type, tid, unit, func } = event as ModbusEvent;
    const ends = [`${flow.originatorAddress}:${flow.originatorPort}`, `${flow.responderAddress}:${flow.responderPort}`];
    const [from, to] = pdu_type === 'REQ' ? ends : ends.reverse();
    return [`${from}>${to} ${tid} ${unit} ${codeOf.get(func)}`];
  });
}

function messagesByTshark(rows: string[][]): string[] {
  return rows.flatMap(([from, fromPort, to, toPort, tids, units, codes]) => {
    const split = (text: string | undefined): string[] => (text ?? '').split(',').filter((part) => part !== '');
    const ends = `${from}:${fromPort}>${to}:${toPort}`;
    return split(codes).map((code, i) => `${ends} ${split(tids)[i]} ${split(units)[i]} ${code}`);
  });
}

const FUZZED = /fuzz/;

describe.skipIf(!hasCaptures || !installed)('tshark counts the same on Modbus captures (needs tshark)', () => {
  for (const path of captures) {
    it(`packets and bytes of each direction: ${relative(CAPTURES, path)}`, () => {
      const rows = tshark(path, ['ip.src', 'ip.dst', 'tcp.srcport', 'tcp.dstport', 'ip.len', 'frame.len']);
      // Ethernet without tags in all of these: an IP packet that claims more than its frame had is not counted by us.
      const believed = rows.filter(([, , , , length, frame]) => Number(length) + 14 <= Number(frame));
      const result = runFile(path, DISSECTORS);
      expect(result.summary.packets).toBe(rows.length);
      expect(result.summary.dropped.malformed).toBe(rows.length - believed.length);
      expect(sumsOf(result)).toEqual(sumsByTshark(believed));
    });

    // Where a stream is broken on purpose, everybody finds other messages in it.
    if (FUZZED.test(path)) continue;
    it(`Modbus messages: ${relative(CAPTURES, path)}`, () => {
      const fields = [
        'ip.src',
        'tcp.srcport',
        'ip.dst',
        'tcp.dstport',
        'mbtcp.trans_id',
        'mbtcp.unit_id',
        'modbus.func_code',
      ];
      // One connection is opened from port 502; by the port alone tshark takes it for Modbus, Zeek and we do not.
      const theirs = messagesByTshark(tshark(path, fields))
        .filter((message) => !message.startsWith('10.0.0.8:502>10.0.0.57:4446 '))
        .sort();
      expect(theirs.length).toBeGreaterThan(0);
      expect(messagesOf(runFile(path, DISSECTORS)).sort()).toEqual(theirs);
    });
  }
});
