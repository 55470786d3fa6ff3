import { milliseconds, START, seconds } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dice } from '../../exchange/test/dice.ts';
import { Dnp3Master, Dnp3Outstation, type OutstationPoint, type PointUpdate } from '../index.ts';
import { FAIR, IDENTITY, Line, MASTER, OUTSTATION } from './stations.ts';

type Kind = 'binary' | 'double-bit' | 'analog' | 'counter' | 'binary-output' | 'analog-output';

const VARIATIONS: Record<Kind, readonly number[]> = {
  binary: [1, 2],
  'double-bit': [1, 2],
  analog: [1, 2, 3, 4, 5, 6],
  counter: [1, 2, 5, 6],
  'binary-output': [1, 2],
  'analog-output': [1, 2, 3, 4],
};

interface Row {
  readonly kind: Kind;
  readonly index: number;
  readonly variation: number;
  readonly value: number;
  readonly flags: number;
}

const row = fc
  .constantFrom<Kind>('binary', 'double-bit', 'analog', 'counter', 'binary-output', 'analog-output')
  .chain((kind) =>
    fc.record({
      kind: fc.constant(kind),
      index: fc.oneof(fc.nat(40), fc.nat(65_535)),
      variation: fc.constantFrom(...VARIATIONS[kind]),
      value: valuesOf(kind),
      flags: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.nat(0x1f)),
    }),
  );

function valuesOf(kind: Kind): fc.Arbitrary<number> {
  if (kind === 'binary' || kind === 'binary-output') return fc.nat(1);
  if (kind === 'double-bit') return fc.nat(3);
  if (kind === 'counter') return fc.nat(0xffff_ffff);
  return fc.oneof(fc.integer({ min: -40_000, max: 40_000 }), fc.double({ min: -1e12, max: 1e12, noNaN: true }));
}

const rows = fc.uniqueArray(row, { maxLength: 150, selector: ({ kind, index }) => `${kind} ${index}` });

/** What a master must get to know of a value in a form: worked out from the standard, not from the outstation. */
function told({ kind, variation, value, flags }: Row): { value: number; flags: number } {
  const whole = (bits: number): number =>
    Math.max(-(2 ** (bits - 1)), Math.min(2 ** (bits - 1) - 1, Math.round(value)));
  const over = (sent: number): number => (sent === Math.round(value) ? flags : flags | 0x20);
  const isAnalog = kind === 'analog' || kind === 'analog-output';
  if (isAnalog) {
    const float = kind === 'analog' ? variation - 4 : variation - 2;
    if (float === 1) return { value: Math.fround(value), flags };
    if (float === 2) return { value, flags };
    // No number on the wire is -0.
    const sent = whole(variation % 2 === 1 ? 32 : 16) + 0;
    return { value: sent, flags: kind === 'analog' && variation > 2 ? 1 : over(sent) };
  }
  if (kind === 'counter')
    return { value: variation % 2 === 1 ? value : value % 0x1_0000, flags: variation > 2 ? 1 : flags };
  return { value, flags };
}

describe('whatever an outstation has', () => {
  it('a master knows after an integrity poll, in every form and over any number of fragments', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 300, max: 2048 }), fc.boolean(), (list, largestFragment, confirmed) => {
        const points = list.map(
          ({ kind, index, variation }, point): OutstationPoint => ({ kind, index, variation, point, class: 0 }),
        );
        const link = { datagrams: true, confirmed };
        const outstation = new Dnp3Outstation({
          ...{ address: OUTSTATION, masters: [MASTER], points, identity: IDENTITY, largestFragment, link },
          device: {
            read: (point) => (list[point] as Row).value,
            flags: (point) => (list[point] as Row).flags,
            write: () => 'read-only',
          },
        });
        const seen = new Map<string, { value: number; flags: number }>();
        const ended: string[] = [];
        const master = new Dnp3Master({
          outstation: OUTSTATION,
          timeSync: 'never',
          unsolicited: [],
          link,
          handler: {
            update: ({ kind, index, value, flags }: PointUpdate) => {
              if (kind !== 'frozen-counter') seen.set(`${kind} ${index}`, { value, flags });
            },
            ended: (name, outcome) => ended.push(`${name} ${outcome}`),
          },
        });
        const session = outstation.session('10.1.1.1', 1);
        session.opened(START);
        master.opened(START);
        const line = new Line(master, session, new Dice(1));
        line.weather = { ...FAIR, delay: milliseconds(1) };
        line.run(seconds(9) as number as typeof START, () => Number.POSITIVE_INFINITY as typeof START);
        expect(ended).toContain('integrity done');
        expect(seen).toEqual(new Map(list.map((each) => [`${each.kind} ${each.index}`, told(each)])));
      }),
      { numRuns: process.env.PENSTOCK_PROVE === '1' ? 2000 : 60 },
    );
  });
});
