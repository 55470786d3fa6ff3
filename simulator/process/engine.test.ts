import { milliseconds, PenstockError, seconds, type TagSpec, UsageError } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { defineProcess, type EngineSettings, type Fault, ProcessEngine, positions } from './index.ts';

/** A tank: inflow by a valve, outflow in proportion to level, disturbed by rain; analytic solution known. */
const STATES = ['level'] as const;
const X = positions(STATES);
const tank = defineProcess({
  name: 'tank',
  states: STATES,
  inputs: { valve: 50, contact: 0 },
  outputs: ['level', 'flow', 'walk'],
  disturbances: { rain: 0 },
  options: { wide: false },
  build: ({ options, random }) => {
    const area = options.wide === true ? 20 : 10;
    const stream = random('walk');
    const walk = new Float64Array(1);
    return {
      initial: (x) => x.fill(2),
      derivatives: (_t, x, u, dx) => {
        dx[X.level] = (u[0] * 0.01 + u[2] - 0.2 * x[X.level]) / area;
      },
      outputs: (_t, x, u, y) => {
        y[0] = x[X.level];
        y[1] = u[0] * 0.01;
        y[2] = walk[0];
      },
      advance: () => {
        walk[0] += stream.normal();
      },
      memory: [walk],
    };
  },
});

const tag = (id: string, more: Partial<TagSpec>): TagSpec => ({
  id,
  name: id,
  area: 'a',
  kind: 'measurement',
  unit: '',
  range: [0, 10],
  ...more,
});
const PLAIN = tag('LIT101', { sensor: { of: 'level' } });
const NOISY = tag('LIT102', { sensor: { of: 'level', noise: 0.05 } });
const LAGGED = tag('LIT103', { sensor: { of: 'level', lag: seconds(20) } });
const SAMPLED = tag('AIT104', { sensor: { of: 'level', updates: seconds(150), noise: 0.01 } });
const SETPOINT = tag('LIC101_SP', { kind: 'setpoint' });
const VALVE = tag('FCV101', { kind: 'actuator', range: [0, 100], actuator: { drives: 'valve', slew: 0.05 } });
const CONTACT = tag('P101', {
  kind: 'actuator',
  range: [0, 1],
  states: ['stopped', 'running'],
  actuator: { drives: 'contact' },
});
const TAGS = [PLAIN, NOISY, LAGGED, SAMPLED, SETPOINT, VALVE, CONTACT];

const make = (tags: readonly TagSpec[] = TAGS, settings: Partial<EngineSettings> = {}) =>
  new ProcessEngine(tank, tags, { step: 1, seed: 11, ...settings });
const steps = (engine: ProcessEngine, count: number) => {
  for (let i = 0; i < count; i++) engine.step();
};
const reading = (engine: ProcessEngine, id: string) => engine.measured(engine.tagIndex(id));
const position = (engine: ProcessEngine, id: string) => engine.position(engine.tagIndex(id));
const command = (engine: ProcessEngine, id: string, value: number) => engine.command(engine.tagIndex(id), value);
/** A fault in the middle of a settled run. */
const faulty = (id: string, fault: Fault, settings: Partial<EngineSettings> = {}) => {
  const engine = make(TAGS, settings);
  steps(engine, 300);
  engine.fault(id, fault);
  return engine;
};

describe('integration', () => {
  const exact = (t: number) => 2.5 - 0.5 * Math.exp(-0.02 * t);

  it('RK4 meets the analytic solution, sixteen times closer at half the step', () => {
    const error = (step: number) => {
      const engine = make(TAGS, { step });
      steps(engine, 200 / step);
      expect(engine.time).toBe(200);
      return Math.abs(engine.state('level') - exact(200));
    };
    expect(error(1)).toBeLessThan(1e-10);
    expect(Math.log2(error(2) / error(1))).toBeCloseTo(4, 1);
  });

  it('Euler is what a plant gets that asks for it', () => {
    const engine = make(TAGS, { method: 'euler' });
    engine.step();
    expect(engine.state('level')).toBe(2 + (0.5 - 0.4) / 10);
  });

  it('starts at the hour it is told', () => {
    const engine = make(TAGS, { start: 8 * 3600, step: 0.5 });
    engine.step();
    expect(engine.time).toBe(28_800.5);
  });

  it('gives the plant its options and disturbances', () => {
    const engine = make(TAGS, { options: { wide: true } });
    engine.disturb('rain', 0.1);
    engine.step();
    expect(engine.disturbance('rain')).toBe(0.1);
    expect(engine.state('level')).toBeCloseTo(3 - 1 * Math.exp(-0.01), 9);
  });
});

describe('true and measured values', () => {
  it('an ideal instrument shows the truth, a tag of controllers has neither', () => {
    const engine = make();
    steps(engine, 10);
    expect(reading(engine, 'LIT101')).toBe(engine.state('level'));
    expect(engine.trueValue(0)).toBe(engine.output('level'));
    expect(engine.trueValue(engine.tagIndex('LIC101_SP'))).toBeNaN();
    expect(engine.good(0)).toBe(true);
  });

  it('noise has its standard deviation and no bias, and differs between sensors of one output', () => {
    const engine = make([NOISY, { ...NOISY, id: 'LIT202' }]);
    steps(engine, 2000);
    const errors: number[] = [];
    let same = 0;
    for (let i = 0; i < 4000; i++) {
      engine.step();
      errors.push(engine.measured(0) - engine.trueValue(0));
      if (engine.measured(0) === engine.measured(1)) same++;
    }
    const mean = errors.reduce((a, b) => a + b) / errors.length;
    const deviation = Math.sqrt(errors.reduce((a, b) => a + b * b, 0) / errors.length);
    expect(Math.abs(mean)).toBeLessThan(0.004);
    expect(deviation).toBeCloseTo(0.05, 2);
    expect(same).toBe(0);
  });

  it('a lag of 20 s shows 63 % of a step after 20 s', () => {
    const engine = make([
      tag('FIT101', { sensor: { of: 'flow', lag: seconds(20) } }),
      { ...VALVE, actuator: { drives: 'valve' } },
    ]);
    engine.command(1, 100);
    steps(engine, 20);
    expect((engine.measured(0) - 0.5) / 0.5).toBeCloseTo(1 - Math.exp(-1), 9);
  });

  it('a sampled analyser holds its value between updates', () => {
    const engine = make();
    const seen = new Set<number>();
    for (let i = 0; i < 450; i++) {
      engine.step();
      seen.add(reading(engine, 'AIT104'));
    }
    // The settled first value, and three updates.
    expect(seen.size).toBe(4);
  });

  it('an analyser says what it drew in a period ago', () => {
    const analyser = tag('AIT105', { sensor: { of: 'level', updates: seconds(100), analysis: true } });
    const engine = make([analyser]);
    const drawn = [engine.trueValue(0)];
    for (let period = 0; period < 4; period++) {
      steps(engine, 100);
      expect(engine.measured(0)).toBe(drawn.at(-1));
      drawn.push(engine.trueValue(0));
    }
    expect(new Set(drawn).size).toBe(5);
  });

  it('clamps to the range', () => {
    const engine = make([tag('LIT101', { range: [0, 1], sensor: { of: 'level' } })]);
    engine.step();
    expect(engine.measured(0)).toBe(1);
    expect(engine.trueValue(0)).toBeGreaterThan(2);
  });
});

describe('sensor faults', () => {
  it('bias parts reading from truth until it is cleared', () => {
    const engine = faulty('LIT101', { kind: 'bias', value: 0.7 });
    engine.step();
    expect(reading(engine, 'LIT101') - engine.trueValue(0)).toBeCloseTo(0.7, 12);
    expect(engine.faults()).toEqual([['LIT101', { kind: 'bias', value: 0.7 }]]);
    engine.clearFault('LIT101', 'bias');
    engine.step();
    expect(reading(engine, 'LIT101')).toBe(engine.trueValue(0));
    expect(engine.faults()).toEqual([]);
  });

  it('drift grows by the hour', () => {
    const engine = faulty('LIT101', { kind: 'drift', perHour: 0.6 });
    steps(engine, 1800);
    expect(reading(engine, 'LIT101') - engine.trueValue(0)).toBeCloseTo(0.3, 9);
    engine.clearFault('LIT101');
    engine.step();
    expect(reading(engine, 'LIT101')).toBe(engine.trueValue(0));
  });

  it('noise comes on top', () => {
    const engine = faulty('LIT101', { kind: 'noise', deviation: 0.5 });
    let squares = 0;
    for (let i = 0; i < 2000; i++) {
      engine.step();
      squares += (reading(engine, 'LIT101') - engine.trueValue(0)) ** 2;
    }
    expect(Math.sqrt(squares / 2000)).toBeCloseTo(0.5, 1);
  });

  it('stuck freezes the reading, or sets it', () => {
    const engine = faulty('LIT101', { kind: 'stuck' });
    const before = reading(engine, 'LIT101');
    engine.disturb('rain', 0.5);
    steps(engine, 50);
    expect(reading(engine, 'LIT101')).toBe(before);
    expect(engine.trueValue(0)).toBeGreaterThan(before);
    engine.fault('LIT101', { kind: 'stuck', value: 99 });
    engine.step();
    expect(reading(engine, 'LIT101')).toBe(10);
    expect(engine.good(0)).toBe(true);
  });

  it('dropout holds the last value with bad quality', () => {
    const engine = faulty('LIT101', { kind: 'dropout' });
    const before = reading(engine, 'LIT101');
    engine.disturb('rain', 0.5);
    steps(engine, 5);
    expect(reading(engine, 'LIT101')).toBe(before);
    expect(engine.good(0)).toBe(false);
    engine.clearFault('LIT101');
    engine.step();
    expect(engine.good(0)).toBe(true);
    expect(reading(engine, 'LIT101')).toBe(engine.trueValue(0));
  });

  it("a fault of one sensor shifts no other sensor's numbers, nor its own later ones", () => {
    const healthy = make();
    const sick = make();
    sick.fault('LIT102', { kind: 'stuck' });
    sick.fault('LIT101', { kind: 'noise', deviation: 1 });
    steps(healthy, 200);
    steps(sick, 200);
    sick.clearFault('LIT102');
    steps(healthy, 200);
    steps(sick, 200);
    expect(reading(sick, 'LIT102')).toBe(reading(healthy, 'LIT102'));
    expect(reading(sick, 'AIT104')).toBe(reading(healthy, 'AIT104'));
  });
});

describe('actuators', () => {
  it('slews at its rate and stops at its travel limits', () => {
    const engine = make();
    command(engine, 'FCV101', 500);
    steps(engine, 4);
    expect(position(engine, 'FCV101')).toBeCloseTo(70, 12);
    steps(engine, 100);
    expect(position(engine, 'FCV101')).toBe(100);
    expect(engine.demand(engine.tagIndex('FCV101'))).toBe(500);
    expect(engine.output('flow')).toBe(1);
  });

  it('saturates at a travel that is narrower than the range', () => {
    const engine = make([{ ...VALVE, actuator: { drives: 'valve', travel: [10, 60] } }]);
    engine.command(0, 100);
    engine.step();
    expect(engine.position(0)).toBe(60);
    engine.command(0, Number.NaN);
    engine.step();
    expect(engine.position(0)).toBe(10);
  });

  it('a contactor takes any demand from one half on', () => {
    const engine = make();
    for (const [demand, expected] of [
      [1, 1],
      [0.5, 1],
      [0.4, 0],
      [Number.NaN, 0],
      [7, 1],
    ] as const) {
      command(engine, 'P101', demand);
      engine.step();
      expect(position(engine, 'P101')).toBe(expected);
      expect(reading(engine, 'P101')).toBe(expected);
    }
  });

  it('sticks within its band, then moves all the way', () => {
    const engine = make([{ ...VALVE, actuator: { drives: 'valve', stiction: 0.02, slew: 0.01 } }]);
    engine.command(0, 51.5);
    steps(engine, 10);
    expect(engine.position(0)).toBe(50);
    engine.command(0, 53);
    steps(engine, 10);
    expect(engine.position(0)).toBe(53);
  });

  it('stuck ignores demands, where it is or where it is put', () => {
    const engine = faulty('FCV101', { kind: 'stuck' });
    command(engine, 'FCV101', 0);
    steps(engine, 50);
    expect(position(engine, 'FCV101')).toBe(50);
    engine.fault('FCV101', { kind: 'stuck', position: 80 });
    engine.step();
    expect(position(engine, 'FCV101')).toBe(80);
    engine.clearFault('FCV101');
    steps(engine, 50);
    expect(position(engine, 'FCV101')).toBe(0);
  });

  it('leak passes a minimum; a welded contact stays closed', () => {
    const engine = faulty('FCV101', { kind: 'leak', minimum: 12 });
    engine.fault('P101', { kind: 'leak', minimum: 1 });
    command(engine, 'FCV101', 0);
    command(engine, 'P101', 0);
    steps(engine, 50);
    expect(position(engine, 'FCV101')).toBe(12);
    expect(position(engine, 'P101')).toBe(1);
    engine.clearFault('FCV101', 'leak');
    engine.step();
    expect(position(engine, 'FCV101')).toBe(0);
  });

  it('stiction, slowness and short travel come and go', () => {
    const engine = make();
    engine.fault('FCV101', { kind: 'slow', perSecond: 0.001 });
    command(engine, 'FCV101', 100);
    steps(engine, 10);
    expect(position(engine, 'FCV101')).toBeCloseTo(51, 12);
    engine.fault('FCV101', { kind: 'travel', low: 0, high: 55 });
    engine.clearFault('FCV101', 'slow');
    steps(engine, 50);
    expect(position(engine, 'FCV101')).toBe(55);
    engine.fault('FCV101', { kind: 'stiction', band: 0.1 });
    command(engine, 'FCV101', 50);
    steps(engine, 10);
    expect(position(engine, 'FCV101')).toBe(55);
    engine.clearFault('FCV101');
    steps(engine, 10);
    expect(position(engine, 'FCV101')).toBe(50);
  });
});

describe('snapshots', () => {
  it('a run that is saved, sent through JSON and loaded goes on to the bit', () => {
    const engine = make();
    engine.fault('LIT101', { kind: 'drift', perHour: 1 });
    engine.fault('FCV101', { kind: 'leak', minimum: 5 });
    engine.disturb('rain', 0.03);
    command(engine, 'FCV101', 90);
    steps(engine, 137);
    const saved = JSON.parse(JSON.stringify(engine.save()));
    const other = make(TAGS, { seed: 5, start: 77 });
    other.load(saved);
    expect(other.time).toBe(engine.time);
    expect(other.faults()).toEqual(engine.faults());
    expect([...other.readings]).toEqual([...engine.readings]);
    steps(engine, 400);
    steps(other, 400);
    expect([...other.states]).toEqual([...engine.states]);
    expect([...other.readings]).toEqual([...engine.readings]);
    expect([...other.truth]).toEqual([...engine.truth]);
    expect(other.save()).toEqual(engine.save());
  });

  it("keeps the run's own random streams where that is asked for", () => {
    const saved = make().save();
    const one = make(TAGS, { seed: 1 });
    const two = make(TAGS, { seed: 2 });
    for (const engine of [one, two]) {
      engine.load(saved, { streams: 'own' });
      engine.step();
    }
    expect(reading(one, 'LIT102')).not.toBe(reading(two, 'LIT102'));
    expect(one.state('level')).toBe(two.state('level'));
  });

  it('of another plant or step are refused', () => {
    const saved = make().save();
    expect(() => make([PLAIN]).load(saved)).toThrow(/saved with the tags LIT101 LIT102 .*learn the plant again/);
    expect(() => make(TAGS, { step: 0.5 }).load(saved)).toThrow(PenstockError);
    expect(() => make().load({ ...saved, process: 'boiler' })).toThrow(/the process boiler, the run has tank/);
  });
});

describe('determinism', () => {
  it('equal seeds give equal runs, others do not', () => {
    const end = (seed: number) => {
      const engine = make(TAGS, { seed });
      steps(engine, 100);
      return [...engine.readings, engine.output('walk')];
    };
    expect(end(3)).toEqual(end(3));
    expect(end(3)).not.toEqual(end(4));
  });
});

describe('wrong use', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'an unknown output',
      () => make([tag('LIT101', { sensor: { of: 'levle' } })]),
      /LIT101: the process has no output 'levle'; did you mean 'level'\?/,
    ],
    [
      'an unknown input',
      () => make([{ ...VALVE, actuator: { drives: 'valv' } }]),
      /has no input 'valv'; did you mean 'valve'\?/,
    ],
    [
      'a disturbance driven by an actuator',
      () => make([{ ...VALVE, actuator: { drives: 'rain' } }]),
      /has no input 'rain'/,
    ],
    ['an unknown option', () => make(TAGS, { options: { wdie: true } }), /has no option 'wdie'; did you mean 'wide'\?/],
    ['an option of another type', () => make(TAGS, { options: { wide: 3 } }), /is a boolean; '3' is not/],
    ['a step of nothing', () => make(TAGS, { step: 0 }), /step of the process must be a number of seconds above 0/],
    ['an unknown tag', () => make().tagIndex('LIT1O1'), /the plant has no tag 'LIT1O1'; did you mean 'LIT101'\?/],
    ['a command to a sensor', () => make().command(0, 1), /LIT101 drives nothing/],
    ['a command to no tag', () => make().command(99, 1), /tag number 99 drives nothing/],
    [
      'a fault of a set point',
      () => make().fault('LIC101_SP', { kind: 'bias', value: 1 }),
      /neither sensor nor actuator/,
    ],
    [
      'a valve fault of a sensor',
      () => make().fault('LIT101', { kind: 'leak', minimum: 1 }),
      /cannot have the fault 'leak'; sensors know bias/,
    ],
    [
      'a sensor fault of a valve',
      () => make().fault('FCV101', { kind: 'drift', perHour: 1 }),
      /cannot have the fault 'drift'; actuators know stuck/,
    ],
    [
      'a bias of nothing',
      () => make().fault('LIT101', { kind: 'bias', value: Number.NaN }),
      /must be a finite number, not NaN/,
    ],
    [
      'a leak beyond the travel',
      () => make().fault('FCV101', { kind: 'leak', minimum: 300 }),
      /travels from 0 to 100; 300 is not on the way/,
    ],
    ['a disturbance without value', () => make().disturb('rain', Number.POSITIVE_INFINITY), /must be a finite number/],
    ['an unknown disturbance', () => make().disturb('ran', 1), /has no disturbance 'ran'; did you mean 'rain'\?/],
  ])('%s', (_what, act, message) => {
    expect(act).toThrow(message);
    expect(act).toThrow(UsageError);
  });

  it('a name that stands twice is an error of the plant', () => {
    expect(() => defineProcess({ ...tank, outputs: ['level', 'level'] })).toThrow(/has the output 'level' twice/);
    expect(() => defineProcess({ ...tank, disturbances: { valve: 1 } })).toThrow(
      /has the input or disturbance 'valve' twice/,
    );
  });

  it('a period shorter than the step is every step', () => {
    const engine = make([tag('LIT101', { sensor: { of: 'level', updates: milliseconds(100) } })]);
    engine.step();
    expect(engine.measured(0)).toBe(engine.trueValue(0));
  });
});
