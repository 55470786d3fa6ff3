import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demandFactor } from '../demand.ts';
import { BOOSTER, HIGH_SERVICE, INTAKE } from '../design.ts';
import { fade, parallelPumps, seriesFlow, weir } from '../hydraulics.ts';
import { makeWorks, Operator } from './operator.ts';

/** Where the curves cross: bisection on the head, which is not how the code looks for it. */
function crossing(
  { shutoffHead, curvature }: { shutoffHead: number; curvature: number },
  speeds: readonly number[],
  staticHead: number,
  resistance: number,
): number {
  const given = (head: number) =>
    speeds.reduce((sum, n) => sum + (n > 0 ? Math.sqrt(Math.max(0, n * n * shutoffHead - head) / curvature) : 0), 0);
  let low = staticHead;
  let high = Math.max(staticHead, ...speeds.map((n) => n * n * shutoffHead));
  for (let i = 0; i < 200; i++) {
    const head = (low + high) / 2;
    if (given(head) > Math.sqrt((head - staticHead) / resistance)) low = head;
    else high = head;
  }
  return given((low + high) / 2);
}

describe('parallelPumps', () => {
  it('finds the intersection of the curves for any pumps and system', () => {
    const speed = fc.oneof(fc.constant(0), fc.double({ min: 0.3, max: 1.1, noNaN: true }));
    fc.assert(
      fc.property(
        fc.array(speed, { minLength: 1, maxLength: 4 }),
        fc.double({ min: 1, max: 60, noNaN: true }),
        fc.double({ min: 100, max: 50_000, noNaN: true }),
        (speeds, staticHead, resistance) => {
          const flows = new Float64Array(speeds.length);
          const total = parallelPumps(
            HIGH_SERVICE.pump,
            Float64Array.from(speeds),
            flows,
            0,
            speeds.length,
            staticHead,
            resistance,
          );
          const expected = crossing(HIGH_SERVICE.pump, speeds, staticHead, resistance);
          expect(Math.abs(total - expected)).toBeLessThan(1e-9);
          expect(Math.abs(flows.reduce((sum, flow) => sum + flow, 0) - total)).toBeLessThan(1e-9);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('finds it on a pipe that another flow uses too', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 40, noNaN: true }),
        fc.double({ min: 100, max: 50_000, noNaN: true }),
        fc.double({ min: 0, max: 0.1, noNaN: true }),
        (staticHead, resistance, other) => {
          const { pump } = BOOSTER;
          const linear = 2 * resistance * other;
          const flow = parallelPumps(
            pump,
            Float64Array.of(1),
            new Float64Array(1),
            0,
            1,
            staticHead,
            resistance,
            0,
            linear,
          );
          // Of one pump the crossing is the root of a quadratic.
          const surplus = pump.shutoffHead - staticHead;
          const square = pump.curvature + resistance;
          const expected = (2 * surplus) / (linear + Math.sqrt(linear * linear + 4 * square * surplus));
          expect(Math.abs(flow - expected)).toBeLessThan(1e-9);
        },
      ),
    );
  });

  it('keeps the check valve of a slow pump shut while a fast one runs', () => {
    const flows = new Float64Array(2);
    const total = parallelPumps(HIGH_SERVICE.pump, Float64Array.of(1, 0.8), flows, 0, 2, 44, 2222);
    expect(flows[1]).toBe(0);
    expect(total).toBeCloseTo(flows[0], 12);
    expect(total).toBeCloseTo(Math.sqrt((66 - 44) / (2222 + 8750)), 12);
  });

  it('follows the affinity laws: against friction alone, flow goes with speed', () => {
    const at = (n: number) => parallelPumps(INTAKE.pump, Float64Array.of(n), new Float64Array(1), 0, 1, 0, 1400);
    expect(at(0.5) / at(1)).toBeCloseTo(0.5, 12);
  });

  it('gives nothing where no pump reaches the static head', () => {
    expect(parallelPumps(HIGH_SERVICE.pump, Float64Array.of(0.7, 0), new Float64Array(2), 0, 2, 44, 2222)).toBe(0);
  });
});

describe('seriesFlow, weir, fade', () => {
  it('solves linear and square loss in series', () => {
    const flow = seriesFlow(3, 10, 800);
    expect(10 * flow + 800 * flow * flow).toBeCloseTo(3, 12);
    expect(seriesFlow(-1, 10, 800)).toBe(0);
  });

  it('weir gives 1.84 m³/s per metre under one metre', () => {
    expect(weir(1, 1)).toBeCloseTo(1.84, 12);
    expect(weir(1, -0.1)).toBe(0);
  });

  it('fade rises smoothly', () => {
    expect([fade(0, 1, 2), fade(1.5, 1, 2), fade(3, 1, 2)]).toEqual([0, 0.5, 1]);
  });
});

describe('demandFactor', () => {
  it('has a mean of 1 over the week, two peaks on a working day and repeats after a week', () => {
    let sum = 0;
    for (let minute = 0; minute < 7 * 1440; minute++) sum += demandFactor(minute * 60);
    expect(sum / (7 * 1440)).toBeCloseTo(1, 3);
    expect(demandFactor(7.3 * 3600)).toBeGreaterThan(1.4);
    expect(demandFactor(3 * 3600)).toBeLessThan(0.5);
    expect(demandFactor(5 * 86_400 + 7.3 * 3600)).toBeLessThan(1.2);
    expect(demandFactor(3 * 3600 + 7 * 86_400)).toBeCloseTo(demandFactor(3 * 3600), 12);
  });
});

describe('high service in the works', () => {
  it('runs where pump and system curves meet', () => {
    const engine = makeWorks();
    const operator = new Operator(engine);
    operator.run(600);
    const speeds = [1, 2, 3].map((n) => engine.output(`highServicePump${n}SpeedPercent`) / 100);
    const head = HIGH_SERVICE.lift + engine.output('elevatedTankLevelM') - engine.output('clearwellLevelM');
    const expected = crossing(
      HIGH_SERVICE.pump,
      speeds,
      head,
      HIGH_SERVICE.mainResistance + HIGH_SERVICE.valveResistance,
    );
    expect(engine.output('outletFlowM3PerHour')).toBeCloseTo(3600 * expected, 6);
    expect(engine.output('highServicePump1FlowM3PerHour')).toBeCloseTo(engine.output('outletFlowM3PerHour') / 2, 3);
  });
});
