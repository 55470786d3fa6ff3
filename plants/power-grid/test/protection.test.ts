/** Relays and breakers together in the area: what is cleared by whom, and after how long. */
import { describe, expect, it } from 'vitest';
import { BASE_AMPERE, BREAKER } from '../design.ts';
import { operateTime } from '../relays/inverse-time.ts';
import { CAUSE, RECLOSING } from '../relays/protection.ts';
import {
  BREAKER_FAILURE,
  FEEDER_CURVE,
  FEEDER_MULTIPLIER,
  FEEDER_PICKUP,
  RECLOSE,
  ZONE2_DELAY,
} from '../relays/settings.ts';
import { BREAKERS } from '../signals.ts';
import { Run } from './run.ts';

/** Seconds from now until an output is a value; fails when it never is. */
function until(run: Run, name: string, value: number, within = 5): number {
  const start = run.time;
  let seen = Number.NaN;
  run.go(within, () => {
    if (run.get(name) !== value) return undefined;
    seen = run.time - start;
    return true;
  });
  expect(seen, `${name} = ${value} within ${within} s`).not.toBeNaN();
  return seen;
}

describe('the area under protection', () => {
  it('does not trip in a week’s loads or on a line that is switched', () => {
    const run = new Run(0.02);
    run.set('dailyPattern', 1);
    run.pulse('cb45TripCoil');
    run.pulse('cb54TripCoil');
    run.go(20);
    run.pulse('cb54CloseCoil');
    run.go(1);
    run.pulse('cb45CloseCoil');
    run.go(10);
    expect(run.get('cb45Closed')).toBe(1);
    for (const [name, value] of causes(run)) expect(value, name).toBe(0);
  });

  it('clears a short circuit in the middle of a line from both ends at once, and closes again when the arc is out', () => {
    const run = new Run(0.004);
    run.go(0.1);
    run.set('line78Fault', 1);
    const first = until(run, 'ied78Trip', 1, 0.2);
    expect(first).toBeLessThan(0.04);
    run.go(0.1);
    expect(run.get('cb78Closed') + run.get('cb87Closed')).toBe(0);
    expect(run.get('ied78Cause')).toBe(CAUSE.zone1);
    expect(run.get('ied87Cause')).toBe(CAUSE.zone1);
    const again = until(run, 'cb78Closed', 1);
    expect(again).toBeGreaterThan(RECLOSE.deadTime - 0.1);
    expect(again).toBeLessThan(RECLOSE.deadTime + 0.3);
    until(run, 'cb87Closed', 1);
    run.go(RECLOSE.reclaim + 3);
    expect(run.get('ied78Reclosing')).toBe(RECLOSING.ready);
    expect(run.get('bus7VoltageKv')).toBeGreaterThan(220);
    for (const [name, value] of causes(run))
      if (name !== 'ied78Cause' && name !== 'ied87Cause') expect(value, name).toBe(0);
  });

  it('stays open after one attempt when the short circuit stays', () => {
    const run = new Run(0.004);
    run.set('line78Fault', 2);
    run.go(6);
    expect(run.get('cb78Closed') + run.get('cb87Closed')).toBe(0);
    expect(run.get('ied78Reclosing')).toBe(RECLOSING.lockout);
    expect(run.get('ied87Reclosing')).toBe(RECLOSING.lockout);
  });

  it('clears the far end of a line through the permissive signal, and in zone 2’s time without the other device', () => {
    const fast = new Run(0.004);
    fast.set('line78Fault', 2);
    fast.set('line78FaultAt', 0.95);
    expect(until(fast, 'ied78Trip', 1)).toBeLessThan(0.08);
    expect(fast.get('ied78Cause')).toBe(CAUSE.pilot);
    const alone = new Run(0.004);
    alone.set('ied87InService', 0);
    alone.set('line78Fault', 2);
    alone.set('line78FaultAt', 0.95);
    const seconds = until(alone, 'ied78Trip', 1);
    expect(Math.abs(seconds - ZONE2_DELAY)).toBeLessThan(0.012);
    expect(alone.get('ied78Cause')).toBe(CAUSE.zone2);
  });

  it('does not trip lines for a short circuit behind them', () => {
    const run = new Run(0.004);
    run.set('bus7Fault', 1);
    run.go(0.3);
    expect(run.get('ied78Trip') + run.get('ied76Trip')).toBe(0);
    // The far ends see it in zone 2.
    run.go(0.2);
    expect(run.get('ied87Cause')).toBe(CAUSE.zone2);
    expect(run.get('ied67Cause')).toBe(CAUSE.zone2);
    expect(run.get('bus7VoltageKv')).toBeLessThan(1);
  });

  it('trips all around a breaker that fails', () => {
    const run = new Run(0.004);
    run.set('cb78Stuck', 1);
    run.set('line78Fault', 2);
    const trip = until(run, 'ied78Trip', 1);
    const backup = until(run, 'ied76Trip', 1);
    expect(trip).toBeLessThan(0.04);
    expect(Math.abs(backup - BREAKER_FAILURE)).toBeLessThan(0.012);
    run.go(BREAKER.opening + 0.02);
    expect(run.get('cb76Closed') + run.get('cbL7Closed') + run.get('cb87Closed')).toBe(0);
    expect(run.get('cb78Closed')).toBe(1);
    expect(run.get('ied76Cause')).toBe(CAUSE.breakerFailure);
  });

  it('trips a feeder after the time of its curve', () => {
    const run = new Run(0.004);
    // So much power is more than the units have: without this the frequency would trip it first.
    run.set('iedL7SheddingHz', 50);
    run.set('load7FaultOhm', 120);
    // What the standard's integral makes of the current that flows
    let progress = 0;
    run.go(20, () => {
      const multiple = currentOf(run, 7) / FEEDER_PICKUP[1];
      progress += run.step / operateTime(FEEDER_CURVE, FEEDER_MULTIPLIER, multiple);
      return run.get('iedL7Trip') === 1;
    });
    expect(run.time).toBeGreaterThan(0.3);
    expect(Math.abs(progress - 1)).toBeLessThan(0.03);
    expect(run.get('iedL7Cause')).toBe(CAUSE.inverseTime);
  });

  it('sheds load when more than half of the generation is lost, and frequency stays above 57 Hz', () => {
    const run = new Run(0.02);
    let lowest = 60;
    run.pulse('cbG2TripCoil');
    run.go(60, () => {
      lowest = Math.min(lowest, run.get('bus4FrequencyHz'));
      return undefined;
    });
    expect(run.get('iedL7Cause')).toBe(CAUSE.underFrequency);
    expect(lowest).toBeGreaterThan(57);
    expect(run.get('bus4FrequencyHz')).toBeGreaterThan(59);
    for (const unit of [1, 3]) expect(run.get(`iedG${unit}Cause`)).toBe(CAUSE.none);
    expect(run.get('unservedMw')).toBeGreaterThan(90);
  });

  it('trips a unit on a short circuit inside its transformer’s zone, and on its speed', () => {
    const run = new Run(0.004);
    run.set('bus3Fault', 1);
    expect(until(run, 'iedG3Trip', 1)).toBeLessThan(0.05);
    expect(run.get('iedG3Cause')).toBe(CAUSE.differential);
    run.go(0.1);
    expect(run.get('cbG3Closed')).toBe(0);
    run.go(20);
    expect(run.get('unit3ValvePercent')).toBeLessThan(1);
    expect(run.get('iedG3InStep')).toBe(0);
    for (const unit of [1, 2]) expect(run.get(`iedG${unit}Cause`)).toBe(CAUSE.none);
  });

  it('does not trip a healthy line because its device comes back into service, wherever the voltage has turned meanwhile', () => {
    for (let cycles = 0; cycles < 12; cycles++) {
      const run = new Run();
      run.set('ied94InService', 0);
      run.set('unit1PowerSetpointMw', 80);
      run.go(20 + 1.7 * cycles);
      run.set('ied94InService', 1);
      run.go(1);
      for (const { id } of BREAKERS) expect(run.get(`ied${id.slice(2)}Cause`), `${id}, ${cycles}`).toBe(CAUSE.none);
    }
  });

  it('keeps a unit that it tripped without field until it is reset; then its voltage is built up softly, and it feeds a dead busbar', () => {
    const run = new Run();
    run.set('bus1Fault', 1);
    run.go(0.2);
    run.set('bus1Fault', 0);
    run.go(60);
    expect(run.get('iedG1LockedOut')).toBe(1);
    expect(run.get('bus1VoltageKv')).toBeLessThan(5);
    // Nobody closes it while it is locked out.
    for (const end of ['45', '49']) run.pulse(`cb${end}TripCoil`);
    run.go(16);
    run.pulse('cbG1CloseCoil');
    run.go(1);
    expect(run.get('cbG1Closed')).toBe(0);

    run.pulse('iedG1Reset');
    let highest = 0;
    run.go(60, () => {
      highest = Math.max(highest, run.get('bus1VoltageKv'));
      return undefined;
    });
    expect(run.get('iedG1LockedOut')).toBe(0);
    expect(run.get('bus1VoltageKv')).toBeCloseTo(1.04 * 230, 0);
    expect(highest).toBeLessThan(1.06 * 230);
    expect(run.get('unit1SpeedHz')).toBeGreaterThan(59);
    expect(run.get('bus4VoltageKv')).toBe(0);
    run.pulse('cbG1CloseCoil');
    run.go(5);
    expect(run.get('cbG1Closed')).toBe(1);
    expect(run.get('bus4VoltageKv')).toBeCloseTo(1.04 * 230, -1);
  });

  it('does not close a breaker between systems that are not in step, unless its check is switched off', () => {
    const run = new Run(0.02);
    run.set('cb45TripCoil', 1);
    run.set('cb49TripCoil', 1);
    run.go(0.2);
    run.set('cb45TripCoil', 0);
    run.set('cb49TripCoil', 0);
    run.go(100, () => Math.abs(run.get('cb45SyncAngleDeg')) > 120);
    expect(run.get('ied45InStep')).toBe(0);
    run.pulse('cb45CloseCoil');
    run.go(0.1);
    expect(run.get('cb45Closed')).toBe(0);
    run.go(100, () => Math.abs(run.get('cb45SyncAngleDeg')) > 120);
    run.set('ied45SyncBypass', 1);
    run.pulse('cb45CloseCoil');
    run.go(0.1);
    expect(run.get('largestClosingAngleDeg')).toBeGreaterThan(60);
  });
});

function currentOf(run: Run, bus: number): number {
  const mva = Math.hypot(run.get(`load${bus}Mw`), run.get(`load${bus}Mvar`));
  return (mva * 1000) / (Math.sqrt(3) * run.get(`bus${bus}VoltageKv`)) / BASE_AMPERE;
}

function causes(run: Run): (readonly [string, number])[] {
  return run.names.filter((name) => name.endsWith('Cause')).map((name) => [name, run.get(name)] as const);
}
