import { beforeAll, describe, expect, it } from 'vitest';
import { ClosedLoop, expectWithin, ranges } from './measures.ts';

const HOUR = 3600;

const BANDS: Readonly<Record<string, [number, number]>> = {
  AIT502: [8.15, 8.45],
  AIT301: [8.1, 8.5],
  AIT901: [8.1, 8.5],
  AIT503: [0.9, 1.45],
  AIC302_DOSE: [1.7, 1.9],
  AIC301_DOSE: [6.5, 9.5],
  AIT240: [0, 0.3],
  AI400_CT: [20, 100],
  AY401_CT: [20, 100],
  LIT301: [60, 95],
  LIT302: [60, 95],
  LIT303: [60, 95],
  LIT501: [1.2, 2.95],
  LIT601: [2, 5.5],
  LIT211: [0.65, 1.9],
  LIT221: [0.65, 1.9],
  PIT601: [300, 420],
  FIT401: [60, 225],
  FIT504: [0, 0],
  XA901: [0, 0],
  LIT701: [2.2, 3.6],
  PIT701: [190, 320],
  PIT703: [300, 400],
  AIT701: [0.6, 1.4],
  FIT703: [0, 0],
  XA592: [0, 0],
  XA703: [0, 0],
  XA705: [0, 0],
};

/** Three days from Monday 00:00, and the works as it stood on Tuesday at 08:00. */
let works: ClosedLoop;
let settled: ClosedLoop;
let found: Record<string, [number, number]>;
const washed = new Set<string>();
beforeAll(() => {
  works = new ClosedLoop({ seed: 2 });
  works.run(2 * HOUR);
  works.alarms.length = 0;
  for (let hour = 2; hour < 72; hour++) {
    if (hour === 32) settled = works.fork({ seed: 2 });
    const part = ranges(works, Object.keys(BANDS), HOUR);
    found ??= part;
    for (const [tag, [low, high]] of Object.entries(part)) {
      const known = found[tag] as [number, number];
      found[tag] = [Math.min(known[0], low), Math.max(known[1], high)];
    }
    for (const filter of ['KI211', 'KI221']) if (works.get(filter) >= 2) washed.add(filter);
  }
}, 300_000);

const fromSettled = (): ClosedLoop => settled.fork();

describe('three days of normal operation', () => {
  it('keep every figure in its band', () => {
    for (const [tag, [low, high]] of Object.entries(BANDS)) expectWithin(found[tag], low, high, tag);
  });

  it('see both filters washed and every controller run, without a trip or a hazard and with hardly an alarm', () => {
    expect([...washed].sort()).toEqual(['KI211', 'KI221']);
    expect(works.alarms.filter((alarm) => alarm.priority !== 'low')).toEqual([]);
    expect(works.alarms.length).toBeLessThanOrEqual(2);
    expect([...works.hazards.keys()]).toEqual([]);
    for (const [id, controller] of works.controllers) expect(controller.mode, id).toBe('running');
  });
});

describe('what a normal week brings', () => {
  it('a storm of 18 NTU with soft water: coagulant follows, the clearwell stays above its low alarm, no hazard, no trip', () => {
    const loop = fromSettled();
    const before = loop.get('AIC303_DOSE');
    let most = 0;
    let lowest = Number.POSITIVE_INFINITY;
    loop.run(20 * HOUR, () => {
      const hours = (loop.seconds - settled.seconds) / HOUR;
      const share = Math.min(1, Math.max(0, hours < 11 ? hours / 3 : 1 - (hours - 11) / 3));
      loop.engine.disturb('rawTurbidityNtu', 4 + 14 * share);
      loop.engine.disturb('rawAlkalinityMgL', 60 - 14 * share);
      most = Math.max(most, loop.get('AIC303_DOSE'));
      lowest = Math.min(lowest, loop.truth('LIT501'));
    });
    expect(most).toBeGreaterThan(1.5 * before);
    expect([...loop.hazards.keys()]).toEqual([]);
    expect(loop.get('XA901')).toBe(0);
    expect(lowest).toBeGreaterThan(1);
    expect(loop.alarms.filter((alarm) => alarm.priority === 'high')).toEqual([]);
  });

  it.each([
    [60, 7.21],
    [45, 6.95],
    [40, 7],
  ])(
    'the order goes from 8 to 11 mg/L at alkalinity %i and pH %f of the raw water: pH stays below 8.9',
    (alkalinity, ph) => {
      const loop = fromSettled();
      loop.run(5 * HOUR, () => {
        const share = Math.min(1, (loop.seconds - settled.seconds) / 1800);
        loop.engine.disturb('rawAlkalinityMgL', 60 + (alkalinity - 60) * share);
        loop.engine.disturb('rawPh', 7.21 + (ph - 7.21) * share);
      });
      loop.set('AIC301_SP', 11);
      const { AIT301, AIT901, XA901, XA304 } = ranges(loop, ['AIT301', 'AIT901', 'XA901', 'XA304'], 2 * HOUR);
      expectWithin(AIT301, 8.1, 8.9, 'AIT301');
      expectWithin(AIT901, 8.1, 8.9, 'AIT901');
      expect(XA901?.[1]).toBe(0);
      expect(XA304?.[1]).toBe(0);
      loop.set('AIC301_SP', 8);
      expectWithin(ranges(loop, ['AIT301'], 2 * HOUR).AIT301, 7.8, 8.9, 'AIT301 on the way back');
    },
    60_000,
  );

  it('a calibration under hold does not move the dose', () => {
    const loop = fromSettled();
    const dose = loop.get('AIC301_DOSE');
    loop.set('AIC301_HOLD', 1);
    loop.run(5);
    loop.engine.fault('AIT301', { kind: 'stuck', value: 7 });
    loop.run(600);
    loop.engine.fault('AIT301', { kind: 'stuck', value: 9.18 });
    loop.run(600);
    expect(Math.abs(loop.get('AIC301_DOSE') - dose)).toBeLessThan(0.1);
    loop.engine.clearFault('AIT301', 'stuck');
    loop.run(300);
    loop.set('AIC301_HOLD', 0);
    expectWithin(ranges(loop, ['AIT302'], HOUR).AIT302, 8.1, 8.5, 'AIT302');
  });

  it('loops change to manual and back without a bump', () => {
    const loop = fromSettled();
    loop.engine.disturb('rawPh', 7.1);
    loop.run(4 * HOUR);
    for (const [mode, dose, flow] of [
      ['AIC301_MODE', 'AIC301_DOSE', 'FY301'],
      ['AIC302_MODE', 'AIC302_DOSE', 'FY302'],
      ['AIC303_MODE', 'AIC303_DOSE', 'FY303'],
      ['LIC601_MODE', 'SIC501_SP', 'SC501'],
    ] as const)
      for (const value of [0, 1]) {
        const before = [loop.get(dose), loop.get(flow)];
        loop.set(mode, value);
        loop.run(3);
        expect(loop.get(dose) / (before[0] as number), `${dose} at ${mode} ${value}`).toBeCloseTo(1, 1);
        expect(loop.get(flow) / (before[1] as number), `${flow} at ${mode} ${value}`).toBeCloseTo(1, 1);
        loop.run(300);
      }
  });

  it('a controller that was without power for 40 s goes on with its set points', () => {
    const loop = fromSettled();
    loop.set('AIC301_SP', 8.5);
    loop.run(1800);
    const dosing = loop.controller('dosing-plc');
    const now = () => Math.round(loop.seconds * 1e6) as never;
    dosing.powerOff(now());
    loop.run(40);
    expect(loop.truth('FIT301')).toBe(0);
    dosing.powerOn(now(), 'warm');
    loop.run(120);
    expect(loop.get('AIC301_SP')).toBe(8.5);
    expect(loop.truth('FIT301')).toBeGreaterThan(3);
    expectWithin(ranges(loop, ['AIT502'], 4 * HOUR).AIT502, 8.1, 8.5, 'AIT502');
    expect(loop.get('XA901')).toBe(0);
  });
});
