import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAPTURES, hasCaptures, only, type Run, readLog, renumber, runFile } from '../test/reference.ts';
import { DISSECTORS } from './registry.ts';

const ICSNPP = 'cisagov+icsnpp-s7comm/tests';
type Rows = Record<string, string>[];

/** Rows of ICSNPP's log and ours, in the columns that both have. `leave` drops what only we tell. */
function compare(
  run: Run,
  capture: string,
  name: string,
  leave: (row: Record<string, string>) => boolean = () => true,
) {
  const theirs = readLog(readFileSync(join(CAPTURES, `${ICSNPP}/baseline/analyzer.${capture}/${name}.log`), 'utf8'));
  const ours = readLog(run.logs.get(name) ?? '').filter(leave);
  const columns = Object.keys(theirs[0] ?? {}).filter((column) => column !== 'ts' && column in (ours[0] ?? {}));
  expect(columns.length).toBeGreaterThan(10);
  const shape = (rows: Rows): Rows => renumber(only(rows, columns), 'uid');
  expect(shape(ours)).toEqual(shape(theirs));
}

// ICSNPP leaves out refusals without parameters, the first part of an answer in several, and the request for the rest.
const isTold = (row: Record<string, string>): boolean => row.rosctr_name !== 'ACK';
const isWholeUserdata = (row: Record<string, string>): boolean =>
  !(row.rosctr_name === 'User-Data' && `${row.is_orig}${row.pdu_reference}`.match(/^(F2|T3)$/));

describe.skipIf(!hasCaptures)("ICSNPP's S7comm captures (reference captures)", () => {
  const of = (name: string): Run => runFile(join(CAPTURES, `${ICSNPP}/traces/${name}.pcap`), DISSECTORS);

  it('snap7: the same rows', () => {
    const run = of('snap7');
    compare(run, 'snap7', 'cotp');
    compare(run, 'snap7', 's7comm', (row) => isTold(row) && isWholeUserdata(row));
    compare(run, 'snap7', 's7comm_read_szl', (row) => !(row.is_orig === 'F' && row.pdu_reference === '2'));
    compare(run, 'snap7', 's7comm_upload_download');
    expect(run.logs.has('s7comm_violation')).toBe(false);
    const items = readLog(run.logs.get('s7comm_items') ?? '').map((row) =>
      [row.function_name, row.area, row.address, row.type, row.quantity, row.return_code, row.matched].join(' '),
    );
    expect(items.length).toBe(12);
    expect(items[0]).toBe('Write Variable M M16.0 REAL 1 0xff T');
  });

  it('s7ident: the same rows', () => {
    const run = of('s7ident');
    compare(run, 's7ident', 'cotp');
    compare(run, 's7ident', 's7comm', isTold);
  });

  it('s7comm_plus: the same rows', () => {
    const run = of('s7comm_plus');
    for (const name of ['cotp', 's7comm', 's7comm_plus']) compare(run, 's7comm_plus', name);
  });
});

describe.skipIf(!hasCaptures)('other S7comm captures (reference captures)', () => {
  it.each([
    ['ITI+ICS-Security-Tools/pcaps/s7/s7comm_program_blocklist_onlineview.pcap', 70],
    ['ITI+ICS-Security-Tools/pcaps/s7/s7comm_varservice_libnodavedemo.pcap', 16],
    ['ITI+ICS-Security-Tools/pcaps/s7/s7comm_varservice_libnodavedemo_bench.pcap', 10_006],
    ['ITI+ICS-Security-Tools/pcaps/s7/S7-1200-Uploading-OB1-TIAV12.pcap', 0],
    ['digitalbond+Quickdraw-Snort/s7_test.pcap', 8],
    ['fkie-cad+ipal_transcriber/misc/pcaps/s7.pcap', 2],
  ])('%s: as many messages as tshark finds, none broken', (path, messages) => {
    const run = runFile(join(CAPTURES, path), DISSECTORS);
    expect(readLog(run.logs.get('s7comm') ?? '').length).toBe(messages);
    expect(run.logs.has('s7comm_violation')).toBe(false);
    expect(run.summary.dropped.dissectorFaults).toBe(0);
  });
});
