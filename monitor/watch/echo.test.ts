import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Echo } from './echo.ts';

/** A repeatable sequence of 0 to 1. */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Hands over readings as the watch does, without repetitions of one value; returns at which of them it was sure. */
function hear(echo: Echo, readings: Iterable<number>): number[] {
  const sure: number[] = [];
  let last = Number.NaN;
  let index = 0;
  for (const reading of readings) {
    index++;
    if (reading === last) continue;
    last = reading;
    if (echo.hear(reading)) sure.push(index);
  }
  return sure;
}

const noise = (count: number, seed: number, steps: number): number[] => {
  const draw = sequence(seed);
  // Three draws are nearly enough for a bell, as instruments have it.
  return Array.from({ length: count }, () => 10_000 + Math.round((draw() + draw() + draw()) * steps));
};

describe('echo', () => {
  it('hears any recording of a noisy reading within 300 readings, however long ago it was made', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        // A value of two registers has a finer resolution.
        fc.constantFrom([1, 16], [1, 80], [2, 500], [2, 100_000]),
        fc.integer({ min: 300, max: 20_000 }),
        (seed, [registers, steps], ago) => {
          const before = noise(ago + 300, seed, steps);
          const echo = new Echo(registers as 1 | 2);
          expect(hear(echo, before)).toEqual([]);
          const sure = hear(echo, before.slice(200, 500));
          expect(sure.length).toBeGreaterThan(0);
          hear(echo, noise(200, seed + 1, steps));
          expect(echo.sounding).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never hears one in noise, in steps, in waves, or in what toggles', () => {
    const shapes: ((i: number, draw: () => number) => number)[] = [
      (_, draw) => Math.floor(draw() * 4),
      (_, draw) => Math.max(0, Math.floor(draw() * 40) - 30),
      (_, draw) => Math.floor(draw() * 2 ** 31),
      (i) => i % 480,
      (i) => (i & 1) + 2 * (i % 3),
      (i) => Math.round(1000 * Math.sin(i / 61)),
      (i, draw) => Math.round(2000 * Math.sin(i / 400)) + Math.floor(draw() * 6),
    ];
    for (const shape of shapes)
      for (const registers of [1, 2] as const) {
        const draw = sequence(5);
        const readings = Array.from({ length: 60_000 }, (_, i) => shape(i, draw));
        expect(hear(new Echo(registers), readings)).toEqual([]);
      }
  });

  it('forgets a recording that was made more than some ten thousands of readings ago, and stays as small', () => {
    const readings = noise(300_000, 3, 4000);
    const echo = new Echo(2);
    expect(hear(echo, readings)).toEqual([]);
    expect(hear(echo, readings.slice(1000, 1300))).toEqual([]);
    expect(hear(echo, readings.slice(-10_000, -9700))).toHaveLength(1);
  });
});
