import { describe, expect, it } from 'vitest';
import { CONTACT } from '../design.ts';
import { makeWorks, Operator } from './operator.ts';

/** The works at a constant flow, with levels settled and nothing wandering. */
function steadyWorks() {
  const engine = makeWorks();
  const operator = new Operator(engine);
  engine.disturb('variability', 0);
  const hold = () => {
    operator.set('intakePump1SpeedPercent', 88);
    for (const n of [1, 2] as const)
      operator.set(`filter${n}OutletValvePercent`, 53 + 30 * (engine.output(`filter${n}LevelM`) - 1.5));
    engine.step();
  };
  for (let i = 0; i < 4 * 3600; i++) hold();
  return { engine, hold };
}

/** Mean and variance of the residence time from the response to a pulse, one sample a second. */
function moments(response: readonly number[]) {
  let amount = 0;
  let mean = 0;
  let square = 0;
  response.forEach((value, i) => {
    amount += value;
    mean += i * value;
    square += i * i * value;
  });
  mean /= amount;
  return { mean, variance: square / amount - mean * mean };
}

const CONTACT_OUTLET = `contact${CONTACT.tanks}.tracer`;

describe('residence time', () => {
  it('of the contact tank to a step of tracer has T10/T = 0.6', () => {
    const { engine, hold } = steadyWorks();
    const flow = engine.output('contactTankFlowM3PerHour') / 3600;
    engine.disturb('contactTracerGPerHour', 100);
    const response = [0];
    for (let i = 0; i < 5 * 3600; i++) {
      hold();
      response.push(engine.state(CONTACT_OUTLET));
    }
    const final = response[response.length - 1];
    expect(final).toBeCloseTo((100 / 3600 / flow) * (CONTACT.volume / CONTACT.tanks), 2);
    const i = response.findIndex((value) => value >= 0.1 * final);
    const t10 = i - 1 + (0.1 * final - response[i - 1]) / (response[i] - response[i - 1]);
    const nominal = CONTACT.volume / flow;
    console.log(`contact tank at ${(flow * 3600).toFixed(1)} m³/h: T10/T = ${(t10 / nominal).toFixed(4)}`);
    expect(Math.abs(t10 / nominal - 0.6)).toBeLessThan(0.02);
    // The works' own figure for CT is that T10.
    expect((engine.output('contactTankT10Min') * 60) / t10).toBeCloseTo(1, 1);
  });

  it('of the contact tank to a pulse has the mean of volume over flow and the variance of tanks in series', () => {
    const { engine, hold } = steadyWorks();
    const flow = engine.output('contactTankFlowM3PerHour') / 3600;
    engine.disturb('contactTracerGPerHour', 3600);
    const response: number[] = [];
    for (let i = 0; i < 5 * 3600; i++) {
      hold();
      engine.disturb('contactTracerGPerHour', 0);
      response.push(engine.state(CONTACT_OUTLET));
    }
    const { mean, variance } = moments(response);
    expect(mean / (CONTACT.volume / flow)).toBeCloseTo(1, 2);
    expect((variance * CONTACT.tanks) / mean ** 2).toBeCloseTo(1, 2);
  });

  it('of the rising main is volume over flow', () => {
    const { engine, hold } = steadyWorks();
    const flow = engine.output('rawFlowM3PerHour') / 3600;
    const sent: number[] = [];
    const arrived: number[] = [];
    engine.disturb('rawTracerMgL', 100);
    for (let i = 0; i < 5 * 3600; i++) {
      hold();
      engine.disturb('rawTracerMgL', 0);
      sent.push(engine.state('sump.tracer') / engine.state('sump.water'));
      arrived.push(engine.state('mixer.tracer'));
    }
    const before = moments(sent);
    const after = moments(arrived);
    const mixer = 3 / flow;
    const main = 19.6 / flow;
    expect((after.mean - before.mean - mixer) / main).toBeCloseTo(1, 2);
  });
});
