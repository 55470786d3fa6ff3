import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HIGH_ZONE } from '../design.ts';
import { ClosedLoop } from './measures.ts';

const MINUTE = 60;
const HOUR = 3600;
/** Half a day of the whole works takes seconds on a machine that is free, and a minute on one that is not. */
const PATIENCE = { timeout: 300_000 };

/** The works at 06:00, after a night in which the booster pumps have taken turns. */
let settled: ClosedLoop;
beforeAll(() => {
  settled = new ClosedLoop({ seed: 4 });
  settled.run(6 * HOUR);
}, 300_000);

let loop: ClosedLoop;
beforeEach(() => {
  loop = settled.fork();
});

/** Stops both pumps where they are, as soon as they stand. */
const standing = () => loop.timeUntil(() => loop.truth('XS701') + loop.truth('XS702') === 0, 12 * HOUR);
const running = () => loop.timeUntil(() => loop.truth('XS701') + loop.truth('XS702') > 0, 12 * HOUR);

describe('the booster station', PATIENCE, () => {
  it('fills the high-zone tank between its two levels, the pumps in turn', () => {
    const starts = [0, 0];
    let [one, two] = [loop.truth('XS701'), loop.truth('XS702')];
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    loop.run(14 * HOUR, () => {
      const [now1, now2] = [loop.truth('XS701'), loop.truth('XS702')];
      if (now1 > one) starts[0]++;
      if (now2 > two) starts[1]++;
      [one, two] = [now1, now2];
      lowest = Math.min(lowest, loop.truth('LIT701'));
      highest = Math.max(highest, loop.truth('LIT701'));
    });
    expect(starts[0]).toBeGreaterThan(0);
    expect(Math.abs(starts[0] - starts[1])).toBeLessThanOrEqual(1);
    expect(lowest).toBeGreaterThan(2.2);
    expect(highest).toBeLessThan(3.5);
    expect(loop.get('KI701') - settled.get('KI701')).toBe(starts[0]);
    expect(loop.get('KI702') - settled.get('KI702')).toBe(starts[1]);
  });

  it('calls the standby pump when the duty pump does not start, and tells which has failed', () => {
    standing();
    loop.engine.fault('P701', { kind: 'stuck', position: 0 });
    loop.engine.fault('P702', { kind: 'stuck', position: 0 });
    loop.timeUntil(() => loop.get('P701') + loop.get('P702') > 0, 12 * HOUR);
    loop.engine.clearFault('P702', 'stuck');
    loop.run(5 * HOUR);
    expect(loop.get('XA701')).toBe(1);
    expect(loop.get('XA702')).toBeLessThanOrEqual(1);
    loop.set('HS714', 1);
    loop.run(MINUTE);
    expect(loop.truth('XS702')).toBe(1);
    loop.engine.clearFault('P701', 'stuck');
    loop.set('HS714', 1);
    loop.run(2 * MINUTE);
    expect([loop.get('XA701'), loop.get('XA702')]).toEqual([0, 0]);
  });

  it('brings the second pump when a fire takes more than one gives', () => {
    loop.engine.disturb('highZoneFireM3PerHour', 48);
    expect(loop.timeUntil(() => loop.truth('XS701') + loop.truth('XS702') === 2, 4 * HOUR)).toBeLessThan(4 * HOUR);
    loop.run(HOUR);
    expect(loop.truth('PIT703')).toBeGreaterThan(140);
    expect([...loop.hazards.keys()]).toEqual([]);
  });

  it('stops for a low suction pressure before it harms, and starts again by itself', () => {
    running();
    loop.engine.disturb('networkBurstM3PerHour', 330);
    expect(loop.timeUntil(() => loop.get('XA703') === 1, 2 * MINUTE)).toBeLessThan(30);
    loop.run(5 * MINUTE);
    expect(loop.truth('XS701') + loop.truth('XS702')).toBe(0);
    expect(loop.hazards.has('low-suction')).toBe(false);
    loop.engine.disturb('networkBurstM3PerHour', 0);
    expect(loop.timeUntil(() => loop.get('XA703') === 0, 10 * MINUTE)).toBeLessThan(5 * MINUTE);
  });

  it('trips when its pumps run dry, until somebody resets it', () => {
    running();
    loop.set('PIC701_SP', 0);
    loop.engine.disturb('boosterStrainerBlocked', 1);
    expect(loop.timeUntil(() => loop.truth('XS701') + loop.truth('XS702') === 0, 2 * MINUTE)).toBeLessThan(40);
    loop.engine.disturb('boosterStrainerBlocked', 0);
    loop.run(HOUR);
    expect(loop.truth('FIT701')).toBe(0);
    loop.set('HS714', 1);
    loop.run(15 * MINUTE);
    expect(loop.truth('FIT701')).toBeGreaterThan(30);
    expect(loop.hazards.has('dry-running')).toBe(false);
  });

  it('does what it is told in manual, and yet stops for a full tank', () => {
    loop.set('LIC701_MODE', 0);
    loop.run(2);
    loop.set('HS711', 1);
    loop.set('HS712', 1);
    loop.run(20);
    expect(loop.truth('XS701') + loop.truth('XS702')).toBe(2);
    expect(loop.timeUntil(() => loop.get('XA704') === 1, 8 * HOUR)).toBeLessThan(8 * HOUR);
    loop.run(HOUR);
    expect(loop.truth('LIT701')).toBeLessThan(3.9);
    expect(loop.hazards.has('high-zone-overflow')).toBe(false);
  });

  it('spills when the orders are forced and the level that stops is set out of reach; local ends it', () => {
    loop.set('LIC701_MODE', 0);
    loop.set('LIC701_HH', 5);
    loop.run(2);
    loop.set('HS711', 1);
    loop.set('HS712', 1);
    const spills = loop.timeUntil(() => loop.hazards.has('high-zone-overflow'), 6 * HOUR);
    expect(spills).toBeGreaterThan(30 * MINUTE);
    expect(spills).toBeLessThan(6 * HOUR);
    loop.set('HS703', 0);
    loop.run(30);
    expect(loop.truth('XS701') + loop.truth('XS702')).toBe(0);
    loop.set('LIC701_HH', 5);
    loop.set('HS711', 1);
    loop.run(30);
    expect([loop.get('LIC701_HH'), loop.get('HS711'), loop.truth('XS701')]).toEqual([3.75, 0, 0]);
  });

  it('spills nothing where a float hangs in its tank, and tells that its pumps do not start', () => {
    loop = settled.fork({ highZoneFloat: true });
    loop.set('LIC701_MODE', 0);
    loop.set('LIC701_HH', 5);
    loop.run(2);
    loop.set('HS711', 1);
    loop.set('HS712', 1);
    const stopped = loop.timeUntil(() => loop.truth('LIT701') > 3 && loop.truth('FIT701') === 0, 6 * HOUR);
    expect(stopped).toBeLessThan(6 * HOUR);
    expect(loop.truth('LIT701')).toBeCloseTo(HIGH_ZONE.floatCutOut, 1);
    loop.run(MINUTE);
    expect([loop.truth('P701'), loop.truth('XS701'), loop.get('XA701'), loop.get('XA702')]).toEqual([0, 0, 1, 1]);
    loop.set('LIC701_MODE', 1);
    loop.set('HS714', 1);
    // What the next day brings: the float lets the pumps in again, and they fill between their levels.
    expect(loop.timeUntil(() => loop.truth('FIT701') > 30, 12 * HOUR)).toBeLessThan(12 * HOUR);
    expect(loop.truth('LIT701')).toBeLessThan(HIGH_ZONE.floatBack);
    expect(loop.hazards.has('high-zone-overflow')).toBe(false);
  });

  it('goes back to its level when nobody is heard, and says so', () => {
    loop.set('LIC701_MODE', 0);
    loop.run(2);
    loop.set('HS711', 1);
    loop.unheard.add('scada');
    expect(loop.timeUntil(() => loop.get('XA705') === 1, 10 * MINUTE)).toBeGreaterThan(4 * MINUTE);
    loop.run(2);
    expect([loop.get('LIC701_MODE'), loop.get('HS711')]).toEqual([1, 0]);
    loop.run(8 * HOUR);
    expect(loop.truth('LIT701')).toBeGreaterThan(2.2);
    expect(loop.truth('LIT701')).toBeLessThan(3.5);
    loop.unheard.clear();
    loop.run(10);
    expect(loop.get('XA705')).toBe(0);
  });

  it('without its level pumps half of the time, which the tank survives for half a day', () => {
    loop.engine.fault('LIT701', { kind: 'dropout' });
    loop.run(12 * HOUR);
    expect(loop.get('XA709')).toBe(1);
    expect(loop.truth('LIT701')).toBeGreaterThan(0.5);
    expect(loop.hazards.has('high-zone-overflow')).toBe(false);
    expect(loop.hazards.has('high-zone-pressure')).toBe(false);
  });

  it('tells a visitor from an intruder by the service key, and that its mains have failed', () => {
    loop.engine.disturb('boosterDoorOpen', 1);
    expect(loop.timeUntil(() => loop.get('XA706') === 1, 2 * MINUTE)).toBeGreaterThan(50);
    loop.engine.disturb('boosterDoorOpen', 0);
    loop.run(10);
    expect(loop.get('XA706')).toBe(1);
    loop.controller('booster-rtu').variable('HS700').set(1);
    loop.run(2);
    expect(loop.get('XA706')).toBe(0);
    loop.engine.disturb('boosterDoorOpen', 1);
    loop.engine.disturb('boosterMainsFailed', 1);
    loop.run(2 * MINUTE);
    expect([loop.get('XA706'), loop.get('XA707'), loop.get('XA701'), loop.get('XA702')]).toEqual([0, 1, 0, 0]);
  });
});

/** What the distribution controller knows of the elevated tank. */
const held601 = () => {
  const of = (name: string) => loop.controller('distribution-plc').variable(name).get();
  return { LIC601_SP: of('LIC601_SP'), LY601: of('LY601'), DEMAND_MEAN: of('DEMAND_MEAN') };
};

describe('high service without the telemetry of the elevated tank', PATIENCE, () => {
  it('holds its flow, then follows the level that it reckons, and keeps tank and town through the day', () => {
    loop.unheard.add('tower-rtu');
    expect(loop.timeUntil(() => loop.get('XA592') === 1, 5 * MINUTE)).toBeGreaterThan(80);
    const held = loop.get('FIC501_RSP');
    loop.run(10 * MINUTE);
    expect(loop.get('FIC501_RSP')).toBe(held);
    expect(loop.get('XS592')).toBe(0);
    loop.run(10 * MINUTE);
    expect(loop.get('XS592')).toBe(1);
    const { LIC601_SP, LY601, DEMAND_MEAN } = held601();
    expect(loop.get('FIC501_RSP')).toBeCloseTo(DEMAND_MEAN + 50 * (LIC601_SP - LY601), 1);
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    loop.run(14 * HOUR, () => {
      lowest = Math.min(lowest, loop.truth('LIT601'));
      highest = Math.max(highest, loop.truth('LIT601'));
      if (Math.abs(loop.get('LY601') - loop.truth('LIT601')) > 0.3)
        throw new Error(`${loop.get('LY601')} m is reckoned, ${loop.truth('LIT601')} m are there`);
    });
    expect(lowest).toBeGreaterThan(0.8);
    expect(highest).toBeLessThan(5.9);
    expect([...loop.hazards.keys()]).toEqual([]);
    loop.unheard.clear();
    // The tower is asked once a minute.
    loop.run(61);
    expect([loop.get('XA592'), loop.get('XS592')]).toEqual([0, 0]);
    expect(loop.controller('distribution-plc').variable('LIT601').get()).toBeCloseTo(loop.truth('LIT601'), 1);
  });

  it('stops for a full tank by the level that it reckons', () => {
    loop.unheard.add('tower-rtu');
    loop.engine.disturb('demandFactor', 0);
    loop.engine.disturb('highZoneDemandFactor', 0);
    expect(loop.timeUntil(() => loop.get('XA505') === 1, 12 * HOUR)).toBeLessThan(12 * HOUR);
    loop.run(HOUR);
    expect(loop.truth('LIT601')).toBeLessThan(5.95);
    expect(loop.hazards.has('overflow')).toBe(false);
  });

  it('goes the same way when the instrument there is lost', () => {
    loop.engine.fault('LIT601', { kind: 'dropout' });
    loop.run(20 * MINUTE);
    expect([loop.get('XA604'), loop.get('XS592'), loop.get('XA592')]).toEqual([1, 1, 0]);
  });
});
