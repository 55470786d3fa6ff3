import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimeDelay } from './delay.ts';
import { PlugFlowPipe } from './plug-flow.ts';

/** Moves a pipe by `flow` a step with concentrations from `inlet`, and collects what arrives before each step. */
function run(pipe: PlugFlowPipe, steps: number, flow: (i: number) => number, inlet: (i: number) => number): number[] {
  const entered = new Float64Array(1);
  const arrived: number[] = [];
  for (let i = 0; i < steps; i++) {
    arrived.push(pipe.arriving[0]);
    entered[0] = flow(i) * inlet(i);
    pipe.move(flow(i), entered, 0, 0);
  }
  return arrived;
}

describe('PlugFlowPipe', () => {
  it('delays a step by volume over flow, with a front no wider than a few parcels', () => {
    const pipe = new PlugFlowPipe(20, 1, 50);
    pipe.fill([0]);
    const arrived = run(
      pipe,
      600,
      () => 0.05,
      () => 1,
    );
    const at = (share: number) => arrived.findIndex((value) => value >= share);
    expect(at(0.5)).toBeGreaterThan(390);
    expect(at(0.5)).toBeLessThan(410);
    expect(at(0.99) - at(0.01)).toBeLessThan(3 * 8);
    expect(arrived[350]).toBe(0);
    expect(arrived[450]).toBeCloseTo(1, 12);
  });

  it('goes by volume, not by time: at half the flow it takes twice as long, standing water stays', () => {
    const pipe = new PlugFlowPipe(20, 1, 50);
    pipe.fill([0]);
    const arrived = run(
      pipe,
      1200,
      (i) => (i < 200 ? 0.05 : i < 500 ? 0 : 0.025),
      () => 1,
    );
    expect(arrived.findIndex((value) => value >= 0.5)).toBeGreaterThan(880);
    expect(arrived.findIndex((value) => value >= 0.5)).toBeLessThan(920);
  });

  it('neither loses nor makes anything, and never arrives negative, whatever the flows do', () => {
    const step = fc.tuple(
      fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.2, noNaN: true }), fc.constant(1e-9), fc.constant(5)),
      fc.oneof(fc.constant(0), fc.double({ min: 0, max: 100, noNaN: true })),
      fc.double({ min: 0, max: 0.01, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 400 }), (steps) => {
        const pipe = new PlugFlowPipe(2, 2, 20, 1);
        pipe.fill([3, 4]);
        const before = [pipe.content(0), pipe.content(1)];
        const entered = new Float64Array(2);
        const left = [0, 0];
        const came = [0, 0];
        for (const [flow, concentration, decay] of steps) {
          entered.fill(flow > 0 ? flow * concentration : concentration * 0.01);
          for (let s = 0; s < 2; s++) {
            expect(pipe.arriving[s]).toBeGreaterThanOrEqual(0);
            left[s] += flow * pipe.arriving[s];
            came[s] += entered[s];
          }
          pipe.move(flow, entered, 0, decay);
        }
        for (let s = 0; s < 2; s++) {
          const used = s === 1 ? pipe.decayed : 0;
          const error = pipe.content(s) + left[s] + used - came[s] - before[s];
          expect(Math.abs(error)).toBeLessThan(1e-9 * (1 + came[s] + left[s]));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('lets a species decay by exp(−k·t) on its way', () => {
    const pipe = new PlugFlowPipe(10, 1, 100, 0);
    pipe.fill([1]);
    const entered = new Float64Array([0.02]);
    for (let i = 0; i < 100_000; i++) pipe.move(0.02, entered, 0, 0.001);
    expect(pipe.arriving[0]).toBeCloseTo(Math.exp(-0.5), 2);
  });
});

describe('TimeDelay', () => {
  it('gives back what was put in one delay ago', () => {
    const line = new TimeDelay(3, 1);
    line.fill(7);
    const out = [];
    for (let i = 0; i < 6; i++) {
      out.push(line.value);
      line.push(i);
    }
    expect(out).toEqual([7, 7, 7, 0, 1, 2]);
  });
});
