/** The area as a plant: its published state, breakers, short circuits, islands, loads, warm states. */
import { describe, expect, it } from 'vitest';
import { DEIONISATION, LOAD_BY_HOUR } from '../design.ts';
import { Run } from './run.ts';

describe('the area', () => {
  it('is in the published state and stays there', () => {
    const run = new Run();
    const expectPublished = () => {
      expect(run.get('unit1Mw')).toBeCloseTo(71.641, 2);
      expect(run.get('unit2Mw')).toBeCloseTo(163, 2);
      expect(run.get('unit3Mvar')).toBeCloseTo(-10.86, 2);
      expect(run.get('bus9VoltageKv')).toBeCloseTo(0.99563 * 230, 2);
      expect(run.get('lossesMw')).toBeCloseTo(4.641, 2);
      expect(run.get('bus5FrequencyHz')).toBeCloseTo(60, 6);
      expect(run.get('load7Mw')).toBeCloseTo(100, 3);
      expect(run.get('unservedMw')).toBeLessThan(0.01);
    };
    expectPublished();
    run.go(120);
    expectPublished();
  });

  it('repeats exactly from a warm state', () => {
    const first = new Run();
    const second = new Run();
    for (const run of [first, second]) {
      run.set('dailyPattern', 1);
      run.set('variability', 1);
    }
    first.set('line78Fault', 1);
    first.set('cb78TripCoil', 1);
    first.go(0.1);
    second.x.set(first.x);
    second.u.set(first.u);
    second.time = first.time;
    const memory = second.equations.memory ?? [];
    for (const [i, array] of (first.equations.memory ?? []).entries()) memory[i].set(array);
    // The random streams are the engine's to restore: none here.
    for (const run of [first, second]) run.set('variability', 0);
    second.read();
    expect(second.y).toEqual(first.y);
    first.go(3);
    second.go(3);
    expect(second.y).toEqual(first.y);
  });

  it('is the same in long steps as in short ones', () => {
    const ends = [0.02, 0.001].map((step) => {
      const run = new Run(step);
      run.set('load7Factor', 1.2);
      run.go(1);
      run.pulse('cb45TripCoil');
      run.go(8);
      return run;
    });
    for (const name of ['unit1Mw', 'unit2Mw', 'unit3Mw', 'line56Mw']) {
      const [long, short] = ends.map((run) => run.get(name));
      expect(Math.abs(long - short)).toBeLessThan(0.2);
    }
    // What frequency makes of the loads follows once an engine's step.
    expect(Math.abs(ends[0].get('bus7FrequencyHz') - ends[1].get('bus7FrequencyHz'))).toBeLessThan(5e-3);
  });

  it('is the same in the steps that the plant has as in milliseconds, through a short circuit and reclosing', () => {
    const [own, fine] = [false, true].map((fineSteps) => {
      const run = new Run(0.25, { fineSteps });
      run.go(1);
      run.set('line78Fault', 1);
      run.go(10);
      return run;
    });
    expect(own.get('cb78Closed') + own.get('cb87Closed')).toBe(2);
    for (const name of ['unit1SpeedHz', 'unit2SpeedHz', 'unit3SpeedHz', 'bus7FrequencyHz'])
      expect(Math.abs(own.get(name) - fine.get(name)), name).toBeLessThan(1e-3);
    for (const name of ['unit2AngleDeg', 'unit3AngleDeg', 'unit1Mw', 'line78Mw', 'bus7VoltageKv'])
      expect(Math.abs(own.get(name) - fine.get(name)), name).toBeLessThan(0.2);
  });

  it('makes what is taken: what the units give is what loads take and lines waste, and the lines waste little', () => {
    const run = new Run(0.25);
    run.set('dailyPattern', 1);
    run.set('variability', 1);
    run.go(120, () => {
      const taken = [5, 7, 9].reduce((sum, bus) => sum + run.get(`load${bus}Mw`), 0);
      const wasted = run.names
        .filter((name) => /^line\d\dMw$/.test(name))
        .reduce((sum, name) => sum + run.get(name), 0);
      expect(Math.abs(run.get('generationMw') - taken - wasted)).toBeLessThan(1e-4);
      expect(Math.abs(run.get('lossesMw') - wasted)).toBeLessThan(1e-4);
      expect(wasted).toBeGreaterThan(0.5);
      expect(wasted).toBeLessThan(10);
      return undefined;
    });
  });

  it('opens a breaker three cycles after its coil, closes it five after, and then winds its spring', () => {
    const run = new Run(0.001).withoutProtection();
    run.set('cb45TripCoil', 1);
    run.go(0.049);
    expect(run.get('cb45Closed')).toBe(1);
    run.go(0.002);
    expect(run.get('cb45Closed')).toBe(0);
    expect(run.get('line45A')).toBe(0);
    // The line hangs on bus 5 and is charged from there.
    expect(run.get('line54Mvar')).toBeLessThan(-10);
    expect(run.get('cb45BranchKv')).toBeGreaterThan(200);
    expect(Math.abs(run.get('cb45SyncAngleDeg'))).toBeGreaterThan(1);
    run.set('cb45TripCoil', 0);
    run.set('cb45CloseCoil', 1);
    run.go(0.08);
    expect(run.get('cb45Closed')).toBe(0);
    run.go(0.005);
    expect(run.get('cb45Closed')).toBe(1);
    expect(run.get('cb45Ready')).toBe(0);
    // Open and close once more: the spring is not wound yet, and a coil that was never released does not pump.
    run.pulse('cb45TripCoil');
    run.go(1);
    expect(run.get('cb45Closed')).toBe(0);
    run.set('cb45CloseCoil', 0);
    run.go(0.01);
    run.pulse('cb45CloseCoil');
    run.go(0.2);
    expect(run.get('cb45Closed')).toBe(0);
    run.go(15);
    run.pulse('cb45CloseCoil');
    run.go(0.2);
    expect(run.get('cb45Closed')).toBe(1);
  });

  it('calms down after a short circuit', () => {
    const run = new Run().withoutProtection();
    const swing = () => {
      let least = Number.POSITIVE_INFINITY;
      let most = 0;
      run.go(4, () => {
        least = Math.min(least, run.get('unit3SpeedHz'));
        most = Math.max(most, run.get('unit3SpeedHz'));
        return undefined;
      });
      return most - least;
    };
    run.set('bus7Fault', 1);
    run.go(0.04);
    run.set('bus7Fault', 0);
    const first = swing();
    expect(first).toBeGreaterThan(0.2);
    swing();
    swing();
    expect(swing()).toBeLessThan(first / 5);
  });

  it('leaves a stuck breaker where it is', () => {
    const run = new Run();
    run.set('cb78Stuck', 1);
    run.set('cb78TripCoil', 1);
    run.go(1);
    expect(run.get('cb78Closed')).toBe(1);
  });

  it('shows a short circuit as its distance, and the arc goes out once the line has been dead for long enough', () => {
    const run = new Run(0.001).withoutProtection();
    run.set('line78Fault', 1);
    run.set('line78FaultAt', 0.25);
    run.set('faultResistanceOhm', 0.001);
    run.go(0.02);
    // A quarter of (0.0085 + 0.072j)·529 Ω; the arc's own resistance is next to nothing.
    expect(run.get('line78XOhm')).toBeCloseTo(0.25 * 0.072 * 529, 1);
    expect(run.get('line78ROhm')).toBeCloseTo(0.25 * 0.0085 * 529, 0);
    expect(run.get('line87XOhm')).toBeCloseTo(0.75 * 0.072 * 529, 0);
    for (const cb of ['cb78', 'cb87']) run.set(`${cb}TripCoil`, 1);
    run.go(0.06);
    for (const cb of ['cb78', 'cb87']) run.set(`${cb}TripCoil`, 0);
    expect(run.get('cb78Closed') + run.get('cb87Closed')).toBe(0);
    run.go(DEIONISATION - 0.1);
    const again = (cb: string) => {
      run.pulse(`${cb}CloseCoil`);
      run.go(0.1);
    };
    run.go(0.2);
    again('cb78');
    again('cb87');
    run.go(0.1);
    expect(run.get('bus7VoltageKv')).toBeGreaterThan(200);
    expect(run.get('cb87Closed')).toBe(1);
    expect(run.get('line78A')).toBeLessThan(1000);
  });

  it('burns again when it is closed onto a line whose short circuit stays', () => {
    const run = new Run(0.001).withoutProtection();
    run.set('line78Fault', 2);
    for (const cb of ['cb78', 'cb87']) run.set(`${cb}TripCoil`, 1);
    run.go(1);
    for (const cb of ['cb78', 'cb87']) run.set(`${cb}TripCoil`, 0);
    run.go(0.01);
    run.pulse('cb87CloseCoil');
    run.go(0.1);
    expect(run.get('line87A')).toBeGreaterThan(1000);
  });

  it('sheds what a feeder takes, and frequency rises by the droop of all units', () => {
    const run = new Run();
    run.pulse('cbL9TripCoil');
    run.go(60);
    expect(run.get('load9Mw')).toBe(0);
    expect(run.get('unservedMw')).toBeCloseTo(125, 0);
    // 125 MW less on 567 MW at 5 %, less what rising loads and damping take
    const rise = run.get('bus5FrequencyHz') - 60;
    expect(rise).toBeGreaterThan(0.3);
    expect(rise).toBeLessThan((60 * 0.05 * 130) / 567);
    expect(run.get('highestFrequencyHz')).toBeCloseTo(run.get('bus5FrequencyHz'), 2);
    expect(run.get('largestClosingAngleDeg')).toBe(0);
  });

  it('remembers the angle at which two live systems were put together', () => {
    const run = new Run().withoutProtection();
    run.set('cb45TripCoil', 1);
    run.set('cb49TripCoil', 1);
    run.go(0.2);
    run.set('cb45TripCoil', 0);
    run.set('cb49TripCoil', 0);
    // Bus 4 runs ahead of the rest; close when half a turn lies between.
    expect(run.get('bus4FrequencyHz')).not.toBeCloseTo(run.get('bus9FrequencyHz'), 2);
    run.go(600, () => Math.abs(run.get('cb45SyncAngleDeg')) > 120);
    expect(Math.abs(run.get('cb45SyncSlipHz'))).toBeGreaterThan(0.05);
    run.pulse('cb45CloseCoil');
    run.go(0.2);
    expect(run.get('largestClosingAngleDeg')).toBeGreaterThan(90);
  });

  it('is dark where nothing feeds it, and everywhere finite', () => {
    const run = new Run();
    for (const cb of ['cbG1', 'cbG2', 'cbG3']) run.set(`${cb}TripCoil`, 1);
    run.go(5, () => {
      for (const value of run.y) expect(Number.isFinite(value)).toBe(true);
      return undefined;
    });
    for (const bus of [4, 5, 6, 7, 8, 9]) {
      expect(run.get(`bus${bus}VoltageKv`)).toBeLessThan(1e-3);
      expect(run.get(`bus${bus}FrequencyHz`)).toBe(0);
    }
    expect(run.get('unservedMw')).toBeCloseTo(315, 0);
    expect(run.get('bus1FrequencyHz')).toBeGreaterThan(60);
  });

  it('warms an overloaded line beyond what it may have', () => {
    const run = new Run(0.05);
    const before = run.get('line67TemperatureC');
    expect(before).toBeGreaterThan(25);
    expect(before).toBeLessThan(60);
    run.set('ambientC', 40);
    run.set('sun', 1);
    run.pulse('cb56TripCoil');
    for (let minute = 1; minute <= 3; minute++) {
      run.set('unit3PowerSetpointMw', 85 + 30 * minute);
      run.set('unit2PowerSetpointMw', 163 - 30 * minute);
      run.go(60);
    }
    run.go(1200);
    expect(run.get('line67LoadingPercent')).toBeGreaterThan(110);
    expect(run.get('hottestLineC')).toBeGreaterThan(100);
    expect(run.get('hottestLineC')).toBe(run.get('line67TemperatureC'));
  });

  it('follows the hours of the week', () => {
    const run = new Run();
    run.set('dailyPattern', 1);
    run.time = 3 * 3600;
    run.go(0.02);
    expect(run.get('load5DemandMw')).toBeCloseTo((90 * LOAD_BY_HOUR.day[0] * LOAD_BY_HOUR.weekday[3]) / 1e4, 3);
  });
});
