import { type ProcessDefinition, ProcessEngine } from '@penstock/simulator/process';
import { describe, expect, it } from 'vitest';
import process from '../process.ts';
import { DrinkingWater } from '../works.ts';
import { makeWorks, Operator } from './operator.ts';

/** The continuous part alone: pipes deliver the same water all the time, nothing wanders. */
const continuous: ProcessDefinition = {
  ...process,
  build: (context) => {
    const works = new DrinkingWater(context);
    return {
      initial: works.initial.bind(works),
      derivatives: works.derivatives.bind(works),
      outputs: works.outputs.bind(works),
      memory: works.memory,
    };
  },
};

const WATCHED = [
  'sump.water',
  'filter1.box.water',
  'filter1.pores.solids',
  'filter1.deposit1',
  'contact1.chlorine',
  'contact9.chlorine',
  'contact9.tracer',
  'clearwell.water',
  'clearwell.chlorine',
  'tower.water',
  'tower.alkali',
  'highTank.water',
  'highTank.chlorine',
];

function after(seconds: number, step: number, method: 'rk4' | 'euler'): number[] {
  const engine = new ProcessEngine(continuous, [], { step, seed: 1, method });
  engine.disturb('variability', 0);
  engine.disturb('contactTracerGPerHour', 50);
  engine.disturb('fastChlorineDemandMgL', 0.5);
  for (let i = 0; i < Math.round(seconds / step); i++) engine.step();
  return WATCHED.map((name) => engine.state(name));
}

const worst = (values: readonly number[], exact: readonly number[]) =>
  Math.max(...values.map((value, i) => Math.abs(value - exact[i]) / Math.max(1e-9, Math.abs(exact[i]))));

describe('convergence as the step halves', () => {
  it('RK4 is of fourth order on the continuous part', () => {
    const exact = after(600, 0.125, 'rk4');
    const errors = [4, 2, 1].map((step) => worst(after(600, step, 'rk4'), exact));
    const orders = [Math.log2(errors[0] / errors[1]), Math.log2(errors[1] / errors[2])];
    console.log('RK4: errors', errors, 'observed order', orders);
    expect(orders[1]).toBeGreaterThan(3.7);
    expect(orders[1]).toBeLessThan(4.5);
    expect(errors[2]).toBeLessThan(1e-7);
  });

  it('Euler is of first order', () => {
    const exact = after(600, 0.125, 'rk4');
    const errors = [2, 1].map((step) => worst(after(600, step, 'euler'), exact));
    expect(Math.log2(errors[0] / errors[1])).toBeCloseTo(1, 0);
  });

  it('the whole works, pipes included, comes closer with every halving and is good to 0.01 in pH at 1 s', () => {
    const trace = (step: number) => {
      const engine = makeWorks({ step });
      engine.disturb('variability', 0);
      const operator = new Operator(engine);
      operator.set('naohDosingDemandLPerHour', 21);
      for (let i = 0; i < Math.round(3600 / step); i++) engine.step();
      return [
        engine.output('clearwellInletPh'),
        engine.output('outletPh'),
        engine.output('elevatedTankLevelM'),
        engine.output('highZoneTankLevelM'),
      ];
    };
    const exact = trace(0.25);
    const errors = [4, 2, 1].map((step) => worst(trace(step), exact));
    console.log('whole works: relative errors at 4, 2, 1 s', errors);
    expect(errors[1]).toBeLessThan(errors[0]);
    expect(errors[2]).toBeLessThan(errors[1]);
    expect(errors[2]).toBeLessThan(1e-3);
  });
});
