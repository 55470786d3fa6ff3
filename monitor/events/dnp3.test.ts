import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ProtocolEvent } from '@penstock/core';
import {
  type ControlEvent,
  type Dnp3Event,
  FUNCTION_NAMES,
  type ObjectsEvent,
  qualifierForm,
} from '@penstock/protocols/dnp3';
import { describe, expect, it } from 'vitest';
import { hasJudge } from '../../tests/judges.ts';
import { allCaptures, CAPTURES, hasCaptures, only, type Run, readLog, renumber, runFile } from '../test/reference.ts';
import { DISSECTORS } from './registry.ts';

type Row = Record<string, string>;

const ICSNPP = 'cisagov+icsnpp-dnp3/testing';
const ZEEK = 'zeek+zeek/testing/btest';
const QUICKDRAW = 'digitalbond+Quickdraw-Snort';

const reference = (path: string): string => readFileSync(join(CAPTURES, path), 'utf8');
const runOf = (path: string): Run => runFile(join(CAPTURES, path), DISSECTORS);
const baseline = (test: string, file: string): string =>
  reference(`${ZEEK}/Baseline/scripts.base.protocols.dnp3.${test}/${file}`);
const rowsOf = (run: Run, name: string): Row[] => readLog(run.logs.get(name) ?? '');

/** Rows in the columns that both logs have. */
function inCommon(theirs: Row[], ours: Row[]): [Row[], Row[]] {
  const columns = Object.keys(theirs[0] ?? {}).filter((column) => column !== 'ts' && column in (ours[0] ?? {}));
  const shape = (rows: Row[]): Row[] => renumber(only(rows, columns), 'uid');
  return [shape(theirs), shape(ours)];
}

const connection = (row: Row): string =>
  `${row['id.orig_h']}:${row['id.orig_p']} ${row['id.resp_h']}:${row['id.resp_p']}`;
const isAnswered = (row: Row): boolean => row.fc_reply !== '-';

/**
 * Zeek's `dnp3.log` beside ours. Every answer is in both, in the same order, with the same indications. Zeek remembers one request of a
 * connection, whatever it is, and gives it to the next answer, whichever that is; we join by sequence number. So requests differ where
 * - CONFIRM stands before an unsolicited response: that is none to it, and a row of its own here (`confirmed`);
 * - a request is open while an unsolicited response comes (`unasked`);
 * - a master sends on before the answer, so that Zeek knows the last request only (`forgotten`), and may give it to another's answer
 *   (`misplaced`);
 * - an answer has a sequence number that nobody asked with, so that it is none to the request before it (`mismatched`).
 */
function requestsThatDiffer(theirs: Row[], ours: Row[]): Record<string, number> {
  const [expected, found] = [theirs.filter(isAnswered), ours.filter(isAnswered)];
  const answers = (rows: Row[]): string[] => rows.map((row) => [connection(row), row.fc_reply, row.iin].join(' '));
  expect(answers(found)).toEqual(answers(expected));
  const differences: Record<string, number> = {};
  expected.forEach((row, i) => {
    const request = found[i]?.fc_request;
    if (row.fc_request === request) return;
    const isUnsolicited = row.fc_reply === 'UNSOLICITED_RESPONSE' && request === '-';
    const kind =
      row.fc_request === 'CONFIRM'
        ? 'confirmed'
        : isUnsolicited
          ? 'unasked'
          : row.fc_request === '-'
            ? 'forgotten'
            : request === '-'
              ? 'mismatched'
              : 'misplaced';
    differences[kind] = (differences[kind] ?? 0) + 1;
  });
  return differences;
}

/** Requests that never were answered, apart from those that no answer is for. */
const unanswered = (rows: Row[]): string[] =>
  rows
    .filter((row) => !isAnswered(row) && !/CONFIRM|_NR$/.test(row.fc_request ?? ''))
    .map((row) => `${connection(row)} ${row.fc_request}`);

describe.skipIf(!hasCaptures)("ICSNPP's example (reference captures)", () => {
  const run = hasCaptures ? runOf(`${ICSNPP}/traces/dnp3_example.pcap`) : undefined;
  const log = (name: string): [Row[], Row[]] => [
    readLog(reference(`${ICSNPP}/baseline/analyzer.basic/${name}.log`)),
    rowsOf(run as Run, name),
  ];

  it('dnp3: the same answers, with the request of each', () => {
    expect(requestsThatDiffer(...log('dnp3'))).toEqual({ forgotten: 26, misplaced: 3, unasked: 1 });
    // Where the master sends on, each OPERATE has its SELECT answered before, as the standard demands.
    const rows = rowsOf(run as Run, 'dnp3').filter((row) => row.fc_request !== '-');
    expect(rows.filter(isAnswered).length).toBe(rows.length);
  });

  it('dnp3_control: the same rows', () => {
    const [theirs, ours] = inCommon(...log('dnp3_control'));
    expect(ours).toEqual(theirs);
    expect(new Set(Object.keys(theirs[0] as Row))).toContain('clear_bit');
  });

  it('dnp3_objects: the same rows', () => {
    const [theirs, all] = log('dnp3_objects');
    // ICSNPP tells READ and RESPONSE only, and has no name for control blocks.
    const ours = all.filter((row) => /^(READ|RESPONSE)$/.test(row.function_code ?? '') && row.group !== '12');
    const [expected, found] = inCommon(theirs, ours);
    expect(found).toEqual(expected);
    expect(all.length - ours.length).toBe(538);
  });

  it('conn: what Zeek takes for DNP3 we do, too', () => {
    const [theirs, ours] = log('conn');
    expect(ours.map((row) => row.service)).toEqual(theirs.map((row) => row.service?.replace('_tcp', '')));
  });
});

/** A line that Zeek's test printed: an event, whether the originator sent it, and numbers. */
interface Printed {
  readonly event: string;
  readonly numbers: readonly number[];
}

/** Zeek prints negative numbers as what they are in 64 bits without a sign. */
const signed = (text: string): number => Number(BigInt.asIntN(64, BigInt(text)));

const printed = (text: string): Printed[] =>
  [...text.matchAll(/^(dnp3_\w+), [TF], ([\d, ]+)$/gm)].map(([, event, rest]) => ({
    event: event as string,
    numbers: (rest as string).split(', ').map(signed),
  }));

const eventsOf = (runs: readonly Run[]): ProtocolEvent[] => runs.flatMap((run) => run.events.map(({ event }) => event));

/** Group × 256 + variation, qualifier, count, and the range as Zeek tells it: twice the count or its prefix where there is none. */
function headersOf(runs: readonly Run[]): string[] {
  return eventsOf(runs).flatMap((event) => {
    if (event.name !== 'dnp3_objects') return [];
    const {
      group,
      variation,
      qualifier,
      object_count: count = 0,
      range_low: low,
      range_high: high,
    } = event as ObjectsEvent;
    const form = qualifier & 0x0f;
    // Zeek reads a count of 16 bits from the wrong end here.
    const twice = form === 8 ? ((count & 0xff) << 8) | (count >> 8) : count;
    const range = form <= 2 ? [low, high] : form === 6 ? [65_535, 65_535] : [twice, 0];
    return [[group * 256 + variation, qualifier, count, ...range].join(' ')];
  });
}

/** Values of all points of a group, in the order of the packets. */
const valuesOf = (runs: readonly Run[], ...groups: number[]): number[] =>
  eventsOf(runs).flatMap((event) => {
    const { name, group, values } = event as ObjectsEvent;
    return name === 'dnp3_objects' && groups.includes(group) ? [...(values ?? [])] : [];
  });

const controlsOf = (runs: readonly Run[]): ControlEvent[] =>
  eventsOf(runs).flatMap((event) => (event.name === 'dnp3_control' ? [event as ControlEvent] : []));

const names = ['Nul', 'Pulse On', 'Pulse Off', 'Latch On', 'Latch Off'];
const tripCodes = ['Nul', 'Close', 'Trip'];

/** Zeek's script sees every object header, and values of these groups. */
function comparePrinted(lines: readonly Printed[], runs: readonly Run[]): void {
  const of = (pattern: RegExp): readonly Printed[] => lines.filter(({ event }) => pattern.test(event));
  const headers = of(/_object_header$/).map(({ numbers }) => numbers.join(' '));
  expect(headersOf(runs)).toEqual(headers);
  const last = (list: readonly Printed[]): number[] => list.map(({ numbers }) => numbers.at(-1) as number);
  expect(valuesOf(runs, 30, 32)).toEqual(last(of(/_analog_input_(event_)?32/)));
  expect(valuesOf(runs, 20, 21)).toEqual(last(of(/_counter_/)));
  const blocks = controlsOf(runs).map((control) => [
    ...[control.operation_type, control.trip_control_code, control.execute_count, control.on_time, control.off_time],
  ]);
  expect(blocks).toEqual(
    of(/_crob$/).map(({ numbers: [code = 0, ...rest] }) => [
      names[code & 15],
      tripCodes[code >> 6],
      ...rest.slice(0, 3),
    ]),
  );
}

describe.skipIf(!hasCaptures)("Zeek's tests (reference captures)", () => {
  it.each([
    ['dnp3_read', {}],
    ['dnp3_write', {}],
    ['dnp3_file_del', {}],
    // The two requests after the file's confirmation are there, too: nothing is forgotten.
    ['dnp3_file_read', {}],
  ])('%s: the same answers, objects and values', (name, differences) => {
    const run = runOf(`${ZEEK}/Traces/dnp3/${name}.pcap`);
    expect(requestsThatDiffer(readLog(baseline(name, 'dnp3.log')), rowsOf(run, 'dnp3'))).toEqual(differences);
    comparePrinted(printed(baseline(name, 'output')), [run]);
    expect(run.logs.has('dnp3_violation')).toBe(false);
  });

  it('on another port: the content decides', () => {
    const run = runOf(`${ZEEK}/Traces/dnp3/dnp3_read_p20001.pcap`);
    const [theirs, ours] = inCommon(readLog(baseline('dnp3_read', 'dnp3.log')), rowsOf(run, 'dnp3'));
    const columns = ['fc_request', 'fc_reply', 'iin'];
    expect(only(ours, columns)).toEqual(only(theirs, columns));
  });

  it('link status without data, and what comes with it', () => {
    const run = runOf(`${ZEEK}/Traces/dnp3/dnp3_link_only.pcap`);
    // The outstation asks, thrice.
    const asked = ['F REQUEST_LINK_STATUS', 'T LINK_STATUS'];
    expect(rowsOf(run, 'dnp3_link').map((row) => `${row.is_orig} ${row.link_function}`)).toEqual([
      ...[...asked, ...asked, ...asked],
    ]);
    expect(headersOf([run])).toEqual(
      printed(baseline('dnp3_link_only', 'output'))
        .filter(({ event }) => event === 'dnp3_object_header')
        .map(({ numbers }) => numbers.join(' ')),
    );
  });

  it("events: Digital Bond's captures one after the other", () => {
    const runs = ['1', '2'].map((part) => runOf(`${QUICKDRAW}/dnp3_test_data_part${part}.pcap`));
    const theirs = readLog(baseline('events', 'dnp3.log'));
    const ours = runs.flatMap((run) => rowsOf(run, 'dnp3'));
    expect(requestsThatDiffer(theirs, ours)).toEqual({ confirmed: 9, unasked: 1, forgotten: 1, mismatched: 2 });
    // Sent twice each: of one pair Zeek forgets both, of two the first.
    const twice = ['10.0.0.8:1159 10.0.0.3:20000 DISABLE_UNSOLICITED', '10.0.0.9:1084 10.0.0.3:20000 STOP_APPL'];
    const mismatched = '10.0.0.8:1184 10.0.0.3:20000 STOP_APPL';
    expect(unanswered(theirs)).toEqual(twice);
    expect(unanswered(ours).sort()).toEqual([...twice, ...twice, mismatched, mismatched].sort());
    // Six requests have a header with a reserved qualifier, at which we stop; Zeek tells it.
    const lines = printed(baseline('events', 'output')).filter(
      ({ event, numbers }) => event !== 'dnp3_object_header' || qualifierForm(numbers[1] as number) !== 'illegal',
    );
    comparePrinted(lines, runs);
    expect(runs.flatMap((run) => rowsOf(run, 'dnp3_violation').map((row) => row.reason))).toEqual(
      Array.from({ length: 6 }, () => 'qualifier'),
    );
  });
});

const COMPLETE = process.env.PENSTOCK_PROVE === '1';

/** Captures in which tshark finds other messages than we do: function codes that only it counts, and that only we do. */
const ELSEWHERE: Readonly<Record<string, { readonly theirs: readonly number[]; readonly ours: readonly number[] }>> = {
  // Frames whose link function carries no user data, which an outstation must ignore.
  'opendnp3-3/conformance/6.6.2.2': { theirs: [1, 1], ours: [] },
  'opendnp3-3/conformance/6.6.2.5': { theirs: [1], ours: [] },
  // Answers in several segments: tshark finds no function in four, and CONFIRM in one; Zeek's log has them as we do.
  'icsnpp-dnp3/testing/traces': { theirs: [0], ours: [129, 129, 129, 129, 130] },
  // The same traffic among other, and that on port 20001.
  'Malcolm-Test-Artifacts/pcap/protocols/DNP3.pcap': { theirs: [0], ours: [1, 129, 129, 129, 129, 129, 130] },
  // By its port it is none for tshark.
  dnp3_read_p20001: { theirs: [], ours: [1, 129] },
};

/** A few of the captures, for each takes tshark up to a second; all when proving. */
const SOME = /Quickdraw|read_and_response|conformance\/(6\.6\.2\.2|8\.2\.1\.2\.1)\//;

describe.skipIf(!hasCaptures || !hasJudge('tshark'))('tshark finds the same messages (needs tshark)', () => {
  const codes = new Map(Object.entries(FUNCTION_NAMES).map(([code, name]) => [name, Number(code)]));
  const codeOf = (name: string): number => codes.get(name) ?? Number.parseInt(name.slice('unknown-'.length), 16);
  const byNumber = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);

  function foundByTshark(path: string): number[] {
    const options = [
      '-n',
      '-r',
      path,
      '-Y',
      'dnp3.al.func',
      '-T',
      'fields',
      '-E',
      'occurrence=a',
      '-e',
      'dnp3.al.func',
    ];
    const text = execFileSync('tshark', options, {
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString();
    return [...text.matchAll(/\d+/g)].map(([code]) => Number(code));
  }

  function foundByUs(path: string): number[] {
    return eventsOf([runFile(path, DISSECTORS)]).flatMap((event) => {
      if (event.name !== 'dnp3') return [];
      const { fc_request: request, fc_reply: reply } = event as Dnp3Event;
      return [request, reply].flatMap((name) => (name === undefined ? [] : [codeOf(name)]));
    });
  }

  const captures = allCaptures().filter((path) => /dnp3/i.test(path) && (COMPLETE || SOME.test(path)));
  it.each(captures.map((path) => [relative(CAPTURES, path), path]))('%s', (name, path) => {
    const { theirs, ours } = Object.entries(ELSEWHERE).find(([part]) => name.includes(part))?.[1] ?? {
      theirs: [],
      ours: [],
    };
    expect(byNumber([...foundByUs(path), ...theirs])).toEqual(byNumber([...foundByTshark(path), ...ours]));
  });
});

describe.skipIf(!hasCaptures)('broken on purpose (reference captures)', () => {
  const violations = (path: string): string[] =>
    rowsOf(runOf(path), 'dnp3_violation').map((row) => [row.layer, row.reason, row.function_code].join(' '));
  const CONFORMANCE = 'ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance';
  const LINK = ['link function -', 'link user-data -'];

  it.each([
    // Unknown link functions, user data that has none, and functions that have none with some.
    [`${CONFORMANCE}/6.6.2.2/dump.pcap`, [...LINK, ...LINK]],
    [`${CONFORMANCE}/6.6.2.4/dump.pcap`, ['link header-checksum -', LINK[1], 'link header-checksum -', LINK[1]]],
    [`${CONFORMANCE}/6.6.2.5/dump.pcap`, [LINK[1], LINK[1], LINK[1]]],
    ['ITI+ICS-Security-Tools/pcaps/dnp3/write_vto_empty_string.pcap', ['application variation WRITE']],
    [
      'ITI+ICS-Security-Tools/pcaps/dnp3/direct_operate_crob_malform_but_good_crc.pcap',
      ['application objects-truncated DIRECT_OPERATE'],
    ],
    ['OISF+suricata-verify/tests/dnp3/dnp3-too-long-reassembly-request/input.pcap', ['transport too-long -']],
    [
      'OISF+suricata-verify/tests/dnp3/dnp3-max-points/test.pcap',
      ['application direction WRITE', 'application objects-truncated WRITE', 'transport truncated -'],
    ],
    [`${ZEEK}/Traces/dnp3/dnp3-flowbuffer-overflow-assert.pcap`, ['transport truncated -']],
  ])('%s says what is wrong', (path, expected) => {
    expect(violations(path)).toEqual(expected);
  });
});
