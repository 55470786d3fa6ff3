/** What tests of the closed loop run, measure and expect. */
import { createRequire } from 'node:module';
import { expect } from 'vitest';
import type * as loops from './closed-loop.ts';

/** Loaded by Node itself: as modules of the test runner, plant and simulator run at half the speed. */
export const { ClosedLoop } = createRequire(import.meta.url)('./closed-loop.ts') as typeof loops;
export type ClosedLoop = loops.ClosedLoop;

/** Smallest and largest true value of tags (of controllers' tags their value) over some seconds. */
export function ranges(loop: ClosedLoop, tags: readonly string[], seconds: number): Record<string, [number, number]> {
  const found: Record<string, [number, number]> = {};
  for (const tag of tags) found[tag] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  loop.run(seconds, () => {
    for (const tag of tags) {
      const truth = loop.truth(tag);
      const value = Number.isNaN(truth) ? loop.get(tag) : truth;
      const range = found[tag] as [number, number];
      if (value < range[0]) range[0] = value;
      if (value > range[1]) range[1] = value;
    }
  });
  return found;
}

/** Expects that a range lies within two limits. */
export function expectWithin(range: [number, number] | undefined, low: number, high: number, tag: string): void {
  expect(range?.[0], `lowest ${tag}`).toBeGreaterThanOrEqual(low);
  expect(range?.[1], `highest ${tag}`).toBeLessThanOrEqual(high);
}
