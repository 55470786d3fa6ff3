import { beforeAll, describe, expect, it } from 'vitest';
import type { LoopOptions } from './closed-loop.ts';
import { ClosedLoop, expectWithin, ranges } from './measures.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** The works after a day and eight hours: Tuesday 08:00, settled. */
let settled: ClosedLoop;
beforeAll(() => {
  settled = new ClosedLoop();
  settled.run(DAY + 8 * HOUR);
}, 300_000);

const fromSettled = (options?: LoopOptions): ClosedLoop => settled.fork(options);

describe('an order for 11,100 mg/L in manual', () => {
  const order = (loop: ClosedLoop): void => {
    loop.set('AIC301_MODE', 0);
    loop.run(20);
    loop.set('AIC301_SP', 11_100);
  };

  it('saturates at the pump, trips the safety device within a minute, and the town never notices', () => {
    const loop = fromSettled();
    order(loop);
    let most = 0;
    const trip = loop.timeUntil(() => {
      most = Math.max(most, loop.truth('FIT301'));
      return loop.get('XA901') === 1;
    }, 120);
    console.log(`order of 11,100 mg/L: trip after ${trip} s at ${most.toFixed(1)} L/h`);
    expect(trip).toBeGreaterThan(30);
    expect(trip).toBeLessThan(75);
    expect(most).toBeCloseTo((40 * 4000) / 24 / 318, 1);
    expect(ranges(loop, ['AIT502'], 90 * 60).AIT502?.[1]).toBeLessThan(8.8);
    expect([...loop.hazards.keys()]).toEqual([]);
  });

  it('production stands after the trip until somebody has reset it, then everything comes back', () => {
    const loop = fromSettled();
    order(loop);
    loop.run(600);
    expect(loop.get('K901')).toBe(0);
    expect(loop.truth('FIT103')).toBeLessThan(1);
    loop.set('AIC301_SP', 8);
    loop.run(2);
    loop.set('AIC301_MODE', 1);
    loop.set('HS901', 1);
    loop.run(2);
    loop.set('HS901', 0);
    expect(loop.get('K901')).toBe(1);
    loop.run(HOUR);
    const after = ranges(loop, ['AIT301', 'AIT502', 'FIT103'], 2 * HOUR);
    expectWithin(after.AIT301, 8, 8.7, 'AIT301');
    expectWithin(after.AIT502, 8, 8.7, 'AIT502');
    expect(after.FIT103?.[0]).toBeGreaterThan(70);
    expect(loop.get('XA901')).toBe(0);
    expect([...loop.hazards.keys()]).toEqual([]);
  });

  it.each<[string, LoopOptions, string, number, number]>([
    ['without the safety device', { safetyDevice: false }, 'outlet-ph', 1200, 7200],
    [
      'with the oversized pump as well',
      { safetyDevice: false, oversizedNaohPump: true },
      'outlet-ph-injury',
      3600,
      6 * HOUR,
    ],
  ])(
    '%s harms',
    (name, options, hazard, earliest, latest) => {
      const loop = fromSettled(options);
      loop.run(HOUR);
      const start = loop.seconds;
      order(loop);
      loop.timeUntil(() => loop.hazards.has(hazard), latest + 60);
      const times = [...loop.hazards].map(([id, at]) => `${id} after ${at - start} s`);
      console.log(`11,100 mg/L ${name}: ${times.join(', ')}`);
      const time = (loop.hazards.get(hazard) ?? Number.POSITIVE_INFINITY) - start;
      expect(time).toBeGreaterThan(earliest);
      expect(time).toBeLessThan(latest);
    },
    60_000,
  );

  it('in automatic goes no further than the loop may: pH is limited, the safety device does not trip', () => {
    const loop = fromSettled();
    loop.set('AIC301_SP', 11_100);
    const found = ranges(loop, ['AIT502', 'AIC301_DOSE'], 6 * HOUR);
    expect(found.AIC301_DOSE?.[1]).toBeLessThanOrEqual(20);
    expect(found.AIT502?.[1]).toBeLessThan(9.5);
    expect([...loop.hazards.keys()]).toEqual([]);
  });
});

describe('the safety device', () => {
  it('trips within 5 s on dosing without flow that the controller does not see', () => {
    const loop = fromSettled();
    loop.engine.fault('FIT401', { kind: 'stuck', value: 160 });
    for (const valve of ['LV211', 'LV221']) loop.engine.fault(valve, { kind: 'stuck', position: 0 });
    loop.timeUntil(() => loop.truth('FIT901') < 10, 60);
    const trip = loop.timeUntil(() => loop.get('XA903') === 1, 60);
    expect(trip).toBeLessThanOrEqual(9); // the meter's lag of a second, then 5 s
    expect(loop.truth('FIT301')).toBeCloseTo(0, 6);
  });

  it('is left alone by a stop of the works: the controller stops dosing first', () => {
    const loop = fromSettled();
    loop.set('HS102', 0);
    loop.run(2 * HOUR);
    expect(loop.truth('FIT401')).toBeLessThan(5);
    expect(loop.truth('FIT301')).toBe(0);
    expect(['FY301', 'FY302', 'FY303'].map((demand) => loop.get(demand))).toEqual([0, 0, 0]);
    expect(loop.get('KI901')).toBe(0);
    loop.set('HS102', 1);
    loop.run(2 * HOUR);
    expect(loop.truth('FIT401')).toBeGreaterThan(100);
    expect(loop.get('KI901')).toBe(0);
  });

  it('cannot be reset while the cause is there, and is bypassed for half an hour at most', () => {
    const loop = fromSettled();
    loop.engine.fault('AIT901', { kind: 'stuck', value: 9.6 });
    expect(loop.timeUntil(() => loop.get('XA902') === 1, 60)).toBeGreaterThanOrEqual(30);
    loop.set('HS901', 1);
    loop.run(1);
    expect(loop.get('K901')).toBe(0);
    loop.set('HS902', 1);
    loop.run(2);
    expect([loop.get('K901'), loop.get('XS902'), loop.get('KI902')]).toEqual([1, 1, 1]);
    expect(loop.get('KI903')).toBeGreaterThan(1790);
    loop.run(1800);
    expect([loop.get('K901'), loop.get('XS902'), loop.get('KI903')]).toEqual([0, 0, 0]);
  });

  it('trips when its electrode is lost', () => {
    const loop = fromSettled();
    loop.engine.fault('AIT901', { kind: 'dropout' });
    expect(loop.timeUntil(() => loop.get('K901') === 0, 60)).toBeLessThanOrEqual(32);
    expect(loop.get('XA904')).toBe(1);
  });
});

describe('interlocks and fail-over', () => {
  it('the standby pump of the intake takes over when the duty pump fails', () => {
    const loop = fromSettled();
    loop.engine.fault('P101', { kind: 'stuck', position: 0 });
    expect(loop.timeUntil(() => loop.truth('XS102') === 1, 60)).toBeLessThan(20);
    expect([loop.get('XA101'), loop.get('XA102')]).toEqual([1, 0]);
    loop.run(600);
    expect(loop.truth('FIT103')).toBeGreaterThan(70);
    loop.engine.clearFault('P101', 'stuck');
    loop.set('HS103', 1);
    loop.run(60);
    expect([loop.truth('XS101'), loop.truth('XS102')]).toEqual([1, 0]);
  });

  it('the third high-service pump takes over when one fails, and the duty can be given to others', () => {
    const loop = fromSettled();
    expect([1, 2, 3].map((n) => loop.truth(`XS50${n}`))).toEqual([1, 1, 0]);
    loop.engine.fault('P502', { kind: 'stuck', position: 0 });
    loop.run(30);
    expect([1, 2, 3].map((n) => loop.truth(`XS50${n}`))).toEqual([1, 0, 1]);
    loop.engine.clearFault('P502', 'stuck');
    loop.set('HS503', 1);
    loop.set('HS501', 2);
    loop.run(60);
    expect([1, 2, 3].map((n) => loop.truth(`XS50${n}`))).toEqual([0, 1, 1]);
  });

  it('an intake that is blocked stops its pump before it runs dry', () => {
    const loop = fromSettled();
    loop.engine.disturb('intakeScreenBlocked', 1);
    loop.run(2 * HOUR);
    expect(loop.truth('XS101')).toBe(0);
    expect(loop.get('XA103')).toBe(1);
    expect([...loop.hazards.keys()]).toEqual([]);
  });

  it('a town without demand fills nothing to the brim: elevated tank and clearwell stop what feeds them', () => {
    const loop = fromSettled();
    loop.engine.disturb('demandFactor', 0.02);
    loop.run(20 * HOUR);
    expect(loop.get('XA103')).toBe(1);
    loop.set('LIC601_MODE', 0);
    loop.run(5);
    loop.set('SIC501_SP', 100);
    expect(loop.timeUntil(() => loop.get('XA505') === 1, 3 * HOUR)).toBeLessThan(3 * HOUR);
    loop.run(HOUR);
    expect([...loop.hazards.keys()]).toEqual([]);
  });

  it('a works that makes no water empties the clearwell only down to the cut-out', () => {
    const loop = fromSettled();
    loop.set('HS102', 0);
    loop.run(6 * HOUR);
    expect(loop.get('XA504')).toBe(1);
    expect(loop.truth('LIT501')).toBeGreaterThan(0.5);
    expect(loop.hazards.has('dry-running')).toBe(false);
  });

  it('a controller that is not heard is told of, and the intake goes on at a fixed flow', () => {
    const loop = fromSettled();
    loop.unheard.add('distribution-plc');
    loop.run(1800);
    expect([loop.get('XA104'), loop.get('XA290')]).toEqual([1, 1]);
    expect(loop.truth('FIT103')).toBeCloseTo(120, 0);
    loop.unheard.clear();
    loop.run(30);
    expect([loop.get('XA104'), loop.get('XA290')]).toEqual([0, 0]);
  });

  it.each([
    [120, 0, 'filtering'],
    [600, 0, 'filtering'],
    [120, 2, 'draining'],
    [120, 4, 'washing with water'],
    [600, 5, 'settling'],
    [120, 7, 'filtering to waste'],
  ])(
    'a filter controller without power for %i s in step %i (%s) makes nothing run over; the intake stops and comes back on a ramp',
    (seconds, step) => {
      const loop = fromSettled();
      if (step > 0) {
        loop.set('HS211', 1);
        expect(loop.timeUntil(() => loop.get('KI211') === step, 2 * HOUR)).toBeLessThan(2 * HOUR);
        loop.run(20);
      }
      const filters = loop.controller('filters-plc');
      const now = () => Math.round(loop.seconds * 1e6) as never;
      filters.powerOff(now());
      expect(loop.timeUntil(() => loop.get('P101') === 0, 60)).toBeLessThanOrEqual(20);
      expect(loop.get('XA104')).toBe(1);
      loop.run(seconds - 20);
      expect(loop.truth('FIT103')).toBeLessThan(1);
      filters.powerOn(now(), 'warm');
      const steps = new Set<number>();
      let steepest = 0;
      let order = 0;
      let turbidity = 0;
      loop.run(90 * 60, () => {
        const next = loop.get('FIC103_RSP');
        if (order > 0) steepest = Math.max(steepest, next - order);
        order = next;
        steps.add(loop.get('KI211'));
        turbidity = Math.max(turbidity, loop.truth('AIT240'));
      });
      expect(loop.truth('FIT103')).toBeGreaterThan(100);
      expect(steepest).toBeLessThan(0.21);
      expect(turbidity).toBeLessThan(0.3);
      // What was begun is finished: fill, and the first filtrate to waste.
      expect([...steps].sort()).toEqual(step === 0 ? [0] : step === 2 || step === 7 ? [0, 7] : [0, 6, 7]);
      expect([...loop.hazards.keys()]).toEqual([]);
      expect(loop.get('KI901')).toBe(0);
    },
  );

  it('water that stands shows the turbidity of the last that flowed, whatever is under a filter that is being washed', () => {
    const loop = fromSettled();
    loop.set('HS211', 1);
    expect(loop.timeUntil(() => loop.get('KI211') === 5, 2 * HOUR)).toBeLessThan(2 * HOUR);
    loop.set('HS102', 0);
    loop.run(HOUR);
    const before = loop.truth('AIT240');
    expect(loop.truth('FIT401')).toBeLessThan(1);
    expect(loop.truth('AIT211')).toBeGreaterThan(2);
    loop.run(HOUR);
    expect(loop.truth('AIT240')).toBeCloseTo(before, 1);
    expect(before).toBeLessThan(1.5);
    expect(loop.hazards.has('filtrate-turbidity')).toBe(false);
  });

  it('two filters that are asked for a wash at once are washed hours apart', () => {
    const loop = fromSettled();
    loop.set('HS211', 1);
    loop.set('HS221', 1);
    expect(loop.timeUntil(() => loop.get('KI211') === 2, 600)).toBeLessThan(600);
    expect(loop.timeUntil(() => loop.get('KI211') === 0, 2 * HOUR)).toBeLessThan(2 * HOUR);
    expect(loop.get('KI221')).toBe(1);
    expect(loop.timeUntil(() => loop.get('KI221') === 2, DAY)).toBeGreaterThan(6 * HOUR);
    expect(loop.truth('LIT501')).toBeGreaterThan(1.9);
  });

  it('a filter asked for a wash is washed and comes back clean, with little unrest', () => {
    const loop = fromSettled();
    const before = loop.truth('PDIT211');
    const hours = loop.get('KI212');
    loop.set('HS211', 1);
    const found = ranges(loop, ['AIT240', 'FIT401', 'AIT301', 'AIT402', 'AI400_CT'], 90 * 60);
    expect(loop.get('KI211')).toBe(0);
    expect(loop.get('KI212')).toBeLessThan(hours);
    expect(loop.truth('PDIT211')).toBeLessThan(before);
    expectWithin(found.AIT240, 0, 0.3, 'AIT240');
    expectWithin(found.AIT301, 8.1, 8.5, 'AIT301');
    expectWithin(found.FIT401, 60, 225, 'FIT401');
    expect(found.AI400_CT?.[0]).toBeGreaterThan(20);
  });
});
