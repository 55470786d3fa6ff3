/** Our events beside the logs that ICSNPP made of the same captures. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAPTURES, hasCaptures, only, type Run, readLog, runFile } from '../test/reference.ts';
import { DISSECTORS } from './registry.ts';

type Row = Record<string, string>;

const ICSNPP = 'cisagov+icsnpp-bacnet/testing';
const cases = ['basic', 'services', 'error-reject-abort', 'segmented_data'] as const;
const TRACES: Readonly<Record<(typeof cases)[number], string>> = {
  basic: 'bacnet_example.pcap',
  services: 'bacnet_services.pcap',
  'error-reject-abort': 'bacnet_error_reject_abort.pcap',
  segmented_data: 'bacnet_segmented_data.pcap',
};

const runs = new Map<string, Run>();
function runOf(test: (typeof cases)[number]): Run {
  let run = runs.get(test);
  if (run === undefined) {
    run = runFile(join(CAPTURES, ICSNPP, 'traces', TRACES[test]), DISSECTORS);
    runs.set(test, run);
  }
  return run;
}

/** Their test replaced what looks like a time by X's, in values too. */
const MASKED = /\d?X{10}\.X{6}/;

function logs(test: (typeof cases)[number], name: string): [Row[], Row[]] {
  const theirs = readLog(readFileSync(join(CAPTURES, ICSNPP, 'baseline', `analyzer.${test}`, `${name}.log`), 'utf8'));
  return [theirs, readLog(runOf(test).logs.get(name) ?? '')];
}

/** Rows in the columns that both logs have, in the order of each conversation. */
function inCommon(theirs: Row[], ours: Row[], without: readonly string[] = []): [Row[], Row[]] {
  const columns = Object.keys(theirs[0] ?? {}).filter(
    (column) => column !== 'ts' && column !== 'uid' && !without.includes(column) && column in (ours[0] ?? {}),
  );
  return [only(theirs, columns), only(ours, columns)];
}

/** What they call otherwise than the standard does. */
const NAMES: Readonly<Record<string, string>> = {
  'daylights-savings-status': 'daylight-savings-status',
  'number-of-APDU-retries': 'number-of-apdu-retries',
};
const vendorSpecific = (text: string): string => text.replace(/^Vendor Specific \((\d+)\)$/, 'vendor-specific-$1');

/** Values may differ in how a number is rounded, and in the bits that fill the last octet, which are none of the value. */
function isSameValue(ours = '', theirs = ''): boolean {
  if (MASKED.test(theirs)) return true;
  if (/^[TF]{8,}$/.test(theirs)) return ours.padEnd(theirs.length, 'F') === theirs;
  return ours === theirs || (/^-?\d+\.\d{6}$/.test(theirs) && Math.abs(Number(ours) - Number(theirs)) < 1.1e-6);
}

describe.skipIf(!hasCaptures)("ICSNPP's BACnet captures (skipped where they are not there)", () => {
  it.each(cases)('%s: bacnet has the same rows', (test) => {
    const [theirs, ours] = inCommon(...logs(test, 'bacnet'));
    expect(ours).toEqual(theirs);
  });

  it.each(cases)('%s: bacnet_discovery has the same rows', (test) => {
    const [theirs, ours] = inCommon(...logs(test, 'bacnet_discovery'));
    // Where no name is in the message they say N/A, and (empty) for an empty one.
    const nameless = (row: Row): Row => ({
      ...row,
      object_name: /^(N\/A|\(empty\))$/.test(row.object_name ?? '') ? '-' : (row.object_name as string),
    });
    // Names of another character set than UTF-8 are empty to them; we give the octets.
    const inUtf8 = (row: Row): Row =>
      /^([0-9a-f]{2})+$/.test(row.object_name ?? '') ? { ...row, object_name: '-' } : row;
    expect(ours.map(inUtf8)).toEqual(theirs.map(nameless));
  });

  it.each(cases)('%s: bacnet_property has the same rows', (test) => {
    const [theirs, all] = inCommon(...logs(test, 'bacnet_property'));
    // An error answers no property of its own; they put its code where the object stands. They have no rows of WritePropertyMultiple.
    // Where a range is read of a whole property they give it the index 0.
    const expected = theirs
      .filter((row) => !row.pdu_service?.startsWith('ERROR'))
      .map((row) => (row.pdu_service === 'read-range-request' ? { ...row, array_index: '-' } : row));
    const ours = all.filter((row) => row.pdu_service !== 'write-property-multiple');
    expect(ours.length).toBe(expected.length);
    expected.forEach((row, i) => {
      const found = ours[i] as Row;
      const property = vendorSpecific(NAMES[row.property as string] ?? (row.property as string));
      expect({ ...found, value: isSameValue(found.value, row.value) }, `row ${i}`).toEqual({
        ...row,
        property,
        value: true,
      });
    });
  });

  it('services: bacnet_device_control has the same rows, with passwords masked', () => {
    const [theirs, ours] = inCommon(...logs('services', 'bacnet_device_control'), ['password']);
    expect(ours).toEqual(theirs);
    const [clear, masked] = logs('services', 'bacnet_device_control').map((rows) =>
      rows.map(({ password }) => password as string),
    ) as [string[], string[]];
    const isClear = (text: string): boolean => text !== '-' && text !== '(empty)';
    expect(masked).toEqual(clear.map((text) => (isClear(text) ? `${text[0]}${'*'.repeat(text.length - 1)}` : text)));
  });

  it('who proved themselves with a password is told, and whether it was right', () => {
    const told = runOf('services').events.filter(({ event }) => event.name === 'credential');
    expect(told.map(({ event }) => ({ ...event }))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ protocol: 'bacnet', password: 'f*******', success: true }),
        expect.objectContaining({ protocol: 'bacnet', password: 'e*******', success: false }),
      ]),
    );
  });

  it('writes come with what became of them', () => {
    const writes = readLog(runOf('services').logs.get('bacnet_write') ?? '');
    expect(new Set(writes.map(({ result }) => result))).toEqual(new Set(['done']));
    expect(writes.map(({ property, priority, relinquish }) => `${property} ${priority} ${relinquish}`)).toContain(
      'present-value 5 T',
    );
  });

  it('what a scanner asks of the virtual link is told', () => {
    const { logs: told } = runFile(join(CAPTURES, 'digitalbond+Quickdraw-Snort/bacnet_test.pcap'), DISSECTORS);
    const rows = readLog(told.get('bacnet_link') ?? '');
    expect(rows.map(({ bvlc_function: code, result, ttl }) => [code, result, ttl])).toEqual([
      ['Read_Broadcast_Table', '-', '-'],
      ['BVLC_Result', 'read-broadcast-table-refused', '-'],
      ['Register_Foreign_Device', '-', '16'],
      ['BVLC_Result', 'register-foreign-device-refused', '-'],
    ]);
  });
});
