/** The loops as the controllers run them, in Structured Text and through inputs and outputs, against the equations of the reference. */
import type { TagSpec } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { DISTURBANCES } from '../signals.ts';
import { DEFAULT_SEED, ReferenceRun, type ReferenceSettings } from './reference-run.ts';
import { plant, Unit } from './unit.ts';

/** The plant's instruments as ideal ones: noise and sampling are the reference's own here. */
const IDEAL: readonly TagSpec[] = plant.tags.map((tag) =>
  tag.sensor === undefined ? tag : { ...tag, sensor: { of: tag.sensor.of } },
);

/** The controllers on the process, their signals to each other by wire, beside the reference's own loops. Largest difference of a state. */
function largestDifference(steps: number, { idv, ...settings }: ReferenceSettings): number {
  const options = { referenceSeed: DEFAULT_SEED, referenceNoise: settings.noise ?? true };
  const unit = new Unit({ tags: IDEAL, options });
  const reference = new ReferenceRun({ ...settings, ...(idv && { idv }) });
  let worst = 0;
  for (let step = 1; step <= steps; step++) {
    if (idv !== undefined && step === idv[1]) unit.engine.disturb(Object.keys(DISTURBANCES)[idv[0] - 1] as string, 1);
    unit.advance();
    reference.advance();
    if (step % 60 === 0)
      for (const [n, value] of reference.states.entries())
        worst = Math.max(worst, Math.abs((unit.engine.states[n] as number) - value) / Math.max(Math.abs(value), 1e-12));
  }
  return worst;
}

describe('the controllers', () => {
  const hours = globalThis.process.env.PENSTOCK_PROVE === '1' ? 48 : 4;
  it('do what the equations of the reference do, with noise', () => {
    expect(largestDifference(hours * 3600, {})).toBeLessThan(1e-6);
  });
  it('do so without noise, and when A and C are not fed in the usual ratio', () => {
    expect(largestDifference(hours * 3600, { noise: false, idv: [1, 3600] })).toBeLessThan(1e-6);
  });
});
