import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProtocolEvent } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { CAPTURES, hasCaptures, only, type Run, readLog, renumber, runFile } from '../test/reference.ts';
import { DISSECTORS } from './registry.ts';

const ICSNPP = 'cisagov+icsnpp-modbus/testing';
const ZEEK = 'zeek+zeek/testing/btest';
const BASELINE = `${ZEEK}/Baseline/scripts.base.protocols.modbus`;
const DIGITAL_BOND = 'digitalbond+Quickdraw-Snort';

const reference = (path: string): string => readFileSync(join(CAPTURES, path), 'utf8');
const monitored = (path: string): Run => runFile(join(CAPTURES, path), DISSECTORS);

/** Rows of a reference log beside ours of the same name, in the columns that both have, ids numbered by appearance. */
function compare(name: string, expected: string, run: Run, fields?: readonly string[]): void {
  const theirs = readLog(expected, fields);
  const ours = readLog(run.logs.get(name) ?? '');
  const columns = Object.keys(theirs[0] ?? {}).filter((column) => column !== 'ts' && column in (ours[0] ?? {}));
  const shape = (rows: Record<string, string>[]): Record<string, string>[] =>
    renumber(renumber(only(rows, columns), 'uid'), 'modbus_detailed_link_id');
  expect(columns.length).toBeGreaterThan(5);
  expect(shape(ours)).toEqual(shape(theirs));
}

describe.skipIf(!hasCaptures)("ICSNPP's example (reference captures)", () => {
  const run = hasCaptures ? monitored(`${ICSNPP}/traces/modbus_example.pcap`) : undefined;
  for (const name of ['modbus_detailed', 'modbus_mask_write_register', 'modbus_read_write_multiple_registers'])
    it(`${name}: the same rows`, () => {
      compare(name, reference(`${ICSNPP}/baseline/analyzer.basic/${name}.log`), run as Run);
    });

  it('modbus: the same functions and exceptions, one for each request there', () => {
    const expected = readLog(reference(`${ICSNPP}/baseline/analyzer.basic/modbus.log`), [
      ...['ts', 'uid', 'id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p', 'func', 'exception'],
    ]);
    // This version of Zeek logged a transaction once, and an exception under the function's name with a suffix.
    const ours = readLog(run?.logs.get('modbus') ?? '')
      .filter((row) => row.pdu_type === 'RESP')
      .map((row) =>
        row.exception === '-' ? row : { ...row, func: `${row.func?.replace(/_EXCEPTION$/, '')}_EXCEPTION` },
      );
    const columns = ['id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p', 'func', 'exception'];
    expect(only(ours, columns)).toEqual(only(expected, columns));
  });

  it('conn: the service, too', () => {
    compare('conn', reference(`${ICSNPP}/baseline/analyzer.basic/conn.log`), run as Run);
  });

  it('modbus_read_device_identification: what the device says of itself', () => {
    const rows = readLog(run?.logs.get('modbus_read_device_identification') ?? '');
    expect(rows.map((row) => row.request_response)).toContain('REQUEST');
    expect(rows.filter((row) => row.request_response === 'RESPONSE').length).toBeGreaterThanOrEqual(3);
  });
});

/** A line that Zeek's test printed: `N event, [orig_h=…], [tid=…], arguments`. */
interface Printed {
  readonly event: string;
  readonly where: string;
  readonly tid: number;
  readonly unit: number;
  readonly code: number;
  readonly rest: string;
}

function readPrinted(text: string): Printed[] {
  const pattern =
    /^(?:\d+ )?(\w+), \[orig_h=(\S+), orig_p=(\d+)\/tcp, resp_h=(\S+), resp_p=(\d+)\/tcp,[^[]*\[\]\], \[tid=(\d+), pid=0, uid=(\d+), function_code=(\d+), len=\d+\], (.*)$/gm;
  return [...text.matchAll(pattern)].map(([, event, oh, op, rh, rp, tid, unit, code, rest]) => ({
    event: event as string,
    where: `${oh}:${op}>${rh}:${rp}`,
    tid: Number(tid),
    unit: Number(unit),
    code: Number(code),
    rest: rest as string,
  }));
}

const CODES: Record<string, number> = { READ_COILS: 1, WRITE_SINGLE_COIL: 5, WRITE_MULTIPLE_COILS: 15 };
const sorted = (lines: string[]): string[] => lines.sort();

describe.skipIf(!hasCaptures)("Zeek's tests of coils (reference captures)", () => {
  for (const [capture, baseline] of [
    ['modbusSmall.pcap', 'coil_parsing_small'],
    ['modbusBig.pcap', 'coil_parsing_big'],
  ] as const) {
    const run = hasCaptures ? monitored(`${ZEEK}/Traces/modbus/${capture}`) : undefined;
    const printed = hasCaptures ? readPrinted(reference(`${BASELINE}.${baseline}/output`)) : [];
    const where = (flow: Run['events'][number]['flow']): string =>
      `${flow.originatorAddress}:${flow.originatorPort}>${flow.responderAddress}:${flow.responderPort}`;

    it(`${baseline}: every message`, () => {
      const expected = printed
        .filter(({ event }) => event === 'modbus_message')
        .map((p) => `${p.where} ${p.tid} ${p.unit} ${p.code} ${p.rest === 'T' ? 'REQ' : 'RESP'}`);
      const actual = (run as Run).events.flatMap(({ event, flow }) => {
        if (event.name !== 'modbus') return [];
        const row = event as ProtocolEvent & { tid: number; unit: number; func: string; pdu_type: string };
        return [`${where(flow)} ${row.tid} ${row.unit} ${CODES[row.func]} ${row.pdu_type}`];
      });
      expect(expected.length).toBeGreaterThan(30);
      expect(sorted(actual)).toEqual(sorted(expected));
    });

    it(`${baseline}: addresses, quantities and values`, () => {
      const bits = (text: string): string =>
        text
          .replace(/T/g, '1')
          .replace(/F/g, '0')
          .replace(/[[\] ]/g, '');
      const expected = new Map<string, Record<string, string>>();
      for (const { event, where: at, tid, rest } of printed) {
        if (event === 'modbus_message') continue;
        const kind = event.endsWith('_request') ? 'request' : 'response';
        expected.set(`${at} ${tid}`, { ...expected.get(`${at} ${tid}`), [kind]: bits(rest) });
      }
      let compared = 0;
      for (const { event, flow } of (run as Run).events) {
        if (event.name !== 'modbus_detailed') continue;
        const row = event as ProtocolEvent & {
          tid: number;
          func: string;
          address?: number;
          quantity?: number;
          request_values?: number[];
          response_values?: number[];
        };
        const theirs = expected.get(`${where(flow)} ${row.tid}`);
        if (row.func === 'READ_COILS') {
          // Zeek lists the padding of the last byte as coils.
          if (theirs?.request !== undefined) expect(theirs.request).toBe(`${row.address},${row.quantity}`);
          expect(theirs?.response?.split(',').slice(0, row.response_values?.length)).toEqual(
            row.response_values?.map(String),
          );
        } else expect(theirs?.request).toBe([row.address, ...(row.request_values ?? [])].join(','));
        compared++;
      }
      expect(compared).toBeGreaterThanOrEqual(16);
    });
  }
});

describe.skipIf(!hasCaptures)("Zeek's other tests (reference captures)", () => {
  it('known_modbus: clients and servers in the order of their first message', () => {
    const expected = readLog(reference(`${BASELINE}.policy/known_modbus.log`)).slice(0, 6);
    const ours = ['part1', 'part2'].flatMap((part) =>
      readLog(monitored(`${DIGITAL_BOND}/modbus_test_data_${part}.pcap`).logs.get('known_modbus') ?? ''),
    );
    expect(only(ours, ['host', 'device_type'])).toEqual(only(expected, ['host', 'device_type']));
  });

  describe('exception_handling: a fuzzed connection', () => {
    const rows = (type: string): Record<string, string>[][] => {
      const columns = [
        'id.orig_h',
        'id.orig_p',
        'id.resp_h',
        'id.resp_p',
        'tid',
        'unit',
        'func',
        'pdu_type',
        'exception',
      ];
      const expected = readLog(reference(`${BASELINE}.exception_handling/modbus.log`));
      const ours = readLog(monitored(`${ZEEK}/Traces/modbus/fuzz-72.pcap`).logs.get('modbus') ?? '');
      return [ours, expected].map((log) => only(log, columns).filter((row) => row.pdu_type === type));
    };

    it('the same responses', () => {
      const [ours, expected] = rows('RESP');
      expect(ours).toEqual(expected);
    });

    // Behind gaps Zeek misses some messages that are whole; we have those too.
    it('the same requests', () => {
      const [ours, expected] = rows('REQ');
      expect(ours).toEqual(expect.arrayContaining(expected ?? []));
    });
  });

  it('modbus_register_change: the devices of these captures show no change, as Zeek found', () => {
    for (const part of ['part1', 'part2'])
      expect(monitored(`${DIGITAL_BOND}/modbus_test_data_${part}.pcap`).logs.has('modbus_register_change')).toBe(false);
  });

  it('conn: the service is told where there was Modbus, and only there', () => {
    const expected = readLog(reference(`${BASELINE}.events/conn-first.log`)).slice(0, 8);
    const ours = ['part1', 'part2'].flatMap((part) =>
      readLog(monitored(`${DIGITAL_BOND}/modbus_test_data_${part}.pcap`).logs.get('conn') ?? ''),
    );
    const columns = ['id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p', 'service'];
    expect(only(ours, columns)).toEqual(only(expected, columns));
  });
});
