/** The hydraulics against what EPANET computes for published networks. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../../../tests/judges.ts';
import { EpanetNetwork } from '../epanet.ts';

const DATA = sharedPath('reference/epanet');

/** Rows between these, in seconds, are instants of controls, which may be rounded to another second. */
const REGULAR = 300;

interface Table {
  readonly columns: readonly string[];
  readonly rows: ReadonlyMap<number, readonly number[]>;
}

function table(file: string): Table {
  const [header, ...lines] = readFileSync(`${DATA}/${file}`, 'utf8').trim().split(/\r?\n/);
  const rows = lines.map((line) => line.split(',').map(Number));
  return {
    columns: (header as string).split(',').slice(1),
    rows: new Map(rows.map(([seconds, ...values]) => [seconds as number, values])),
  };
}

/**
 * Within 1e-4 of it. What stands still carries the noise of the iteration, which ends when flows change by less than a thousandth in all:
 * there a millionth of the largest value of the instant is equal.
 */
function agrees(ours: number, theirs: number, still: number): boolean {
  return Math.abs(ours - theirs) <= Math.max(1e-4 * Math.abs(theirs), still);
}

/** Runs a network and compares it with its tables; gives how many values were compared and those that differ. */
function compare(inp: string, tables: { readonly heads?: string; readonly flows?: string; readonly levels?: string }) {
  const network = new EpanetNetwork(readFileSync(`${DATA}/${inp}`, 'utf8'));
  const judged = [
    ...(tables.heads
      ? [{ ...table(tables.heads), value: (id: string) => () => network.heads()[network.node(id)] as number }]
      : []),
    ...(tables.flows
      ? [{ ...table(tables.flows), value: (id: string) => () => network.flows()[network.link(id)] as number }]
      : []),
    ...(tables.levels
      ? [{ ...table(tables.levels), value: (id: string) => () => network.level(network.node(id.replace(/^L_/, ''))) }]
      : []),
  ].map(({ columns, rows, value }) => ({ rows, columns, values: columns.map(value) }));
  const last = Math.max(...judged.flatMap(({ rows }) => [...rows.keys()]));
  const differ: string[] = [];
  let compared = 0;
  network.duration = last;
  network.begin();
  for (let step = 1; step > 0; step = network.next()) {
    const now = network.solve();
    if (now > last) break;
    for (const { rows, columns, values } of judged) {
      const row = rows.get(now) ?? [];
      // Levels of a week carry the whole second to which a control's instant is rounded: half a millimetre there.
      const still = (tables.levels ? 1e-4 : 1e-6) * Math.max(...row.map(Math.abs));
      for (const [n, theirs] of row.entries()) {
        const ours = (values[n] as () => number)();
        if (now % REGULAR === 0) compared++;
        if (!agrees(ours, theirs, still)) differ.push(`${columns[n]} at ${now} s: ${ours}, not ${theirs}`);
      }
    }
  }
  network.close();
  const regular = (rows: Table['rows']) => [...rows.keys()].filter((seconds) => seconds % REGULAR === 0).length;
  const expected = judged.reduce((sum, { rows, columns }) => sum + regular(rows) * columns.length, 0);
  return { differ: differ.slice(0, 5), compared, expected };
}

describe.skipIf(DATA === undefined)('the hydraulics', () => {
  it.each([
    ['Net1.inp', { heads: 'Net1_heads.csv', flows: 'Net1_flows.csv' }],
    ['Net3.inp', { heads: 'Net3_heads.csv', flows: 'Net3_flows.csv' }],
    ['minitown_map.inp', { heads: 'minitown_heads.csv', flows: 'minitown_flows.csv' }],
    ['ctown_map.inp', { heads: 'ctown_heads_24h_hourly.csv', flows: 'ctown_flows_24h_hourly.csv' }],
    ['ctown_map.inp', { flows: 'ctown_pumpflows_7d.csv', levels: 'ctown_tanklevels_7d.csv' }],
  ])('of %s are the published ones', (inp, tables) => {
    const { differ, compared, expected } = compare(inp, tables);
    expect(differ).toEqual([]);
    expect(compared).toBe(expected);
  });

  it('say what is not there', () => {
    const network = new EpanetNetwork(readFileSync(`${DATA}/Net1.inp`, 'utf8'));
    expect(() => network.node('99')).toThrow(/no node '99'; there are 10, 11/);
    network.close();
    expect(() => new EpanetNetwork('[JUNCTIONS]\n a b c\n')).toThrow(/cannot be read/);
  });
});
