/** The programs of stations, relays, units and control centre on the process: by themselves, under an operator's orders, after losses, and against hazards. */
import { describe, expect, it } from 'vitest';
import { CAUSE } from '../relays/protection.ts';
import { Site } from './site.ts';

const MINUTE = 60;
const HOUR = 3600;
const PROVE = process.env.PENSTOCK_PROVE === '1';
const BUSES = [4, 5, 6, 7, 8, 9];
const TOWNS = [
  { bus: 5, rtu: 'marlow-rtu' },
  { bus: 7, rtu: 'stanmere-rtu' },
  { bus: 9, rtu: 'oakwell-rtu' },
];

describe('the area under its programs', () => {
  it('follows its loads with the frequency at 60 Hz, its voltages in their band and every breaker closed', () => {
    const site = new Site();
    site.run(10 * MINUTE);
    let low = 60;
    let high = 60;
    let lowKv = 230;
    let highKv = 230;
    site.run(PROVE ? 24 * HOUR : 5 * MINUTE, () => {
      low = Math.min(low, site.truth('YI002'));
      high = Math.max(high, site.truth('YI003'));
      for (const bus of BUSES) {
        lowKv = Math.min(lowKv, site.truth(`BUS0${bus}_KV`));
        highKv = Math.max(highKv, site.truth(`BUS0${bus}_KV`));
      }
      return undefined;
    });
    console.log(
      `${low.toFixed(4)}–${high.toFixed(4)} Hz, ${lowKv.toFixed(1)}–${highKv.toFixed(1)} kV, ${site.truth('YI006').toFixed(0)} MW`,
    );
    expect(low).toBeGreaterThan(59.95);
    expect(high).toBeLessThan(60.05);
    expect(lowKv).toBeGreaterThan(218.5);
    expect(highKv).toBeLessThan(248.4);
    for (const { bus } of TOWNS) expect(site.truth(`XCBR${bus}0`)).toBe(1);
    for (const cause of ['PTRC45_CAUSE', 'PTRC41_CAUSE', 'PTRC70_CAUSE'])
      expect(site.truth(cause), cause).toBe(CAUSE.none);
    expect([...site.hazards]).toEqual([]);
  }, 240_000);

  it('opens and closes a line by order, and its order follows the breaker', () => {
    const site = new Site();
    site.run(5);
    site.order('marlow-rtu', 'CSWI56', 0);
    expect(site.truth('XCBR56')).toBe(0);
    expect(site.at('marlow-rtu', 'CSWI56').get()).toBe(0);
    site.order('foxholt-rtu', 'CSWI65', 0);
    expect(site.truth('MMXU56_A')).toBeLessThan(1e-6);
    site.order('foxholt-rtu', 'CSWI65', 1, 20);
    site.order('marlow-rtu', 'CSWI56', 1, 20);
    expect(site.truth('XCBR56') + site.truth('XCBR65')).toBe(2);
    expect(site.truth('YI005')).toBeLessThan(20);
  });

  it('closes nothing that carries a tag, whose spring is not wound, or that is out of step', () => {
    const site = new Site();
    site.run(5);
    site.order('marlow-rtu', 'CSWI56', 0);
    site.order('marlow-rtu', 'CILO56_TAG', 1, 1);
    site.order('marlow-rtu', 'CSWI56', 1);
    expect(site.truth('XCBR56'), 'with a tag').toBe(0);
    expect(site.at('marlow-rtu', 'CSWI56').get(), 'the order falls back').toBe(0);
    site.order('marlow-rtu', 'CILO56_TAG', 0, 1);
    site.order('marlow-rtu', 'CSWI56', 1);
    site.order('marlow-rtu', 'CSWI56', 0);
    site.order('marlow-rtu', 'CSWI56', 1, 5);
    expect(site.truth('XCBR56'), 'while the spring is wound').toBe(0);
    site.run(15);
    site.order('marlow-rtu', 'CSWI56', 1, 5);
    expect(site.truth('XCBR56')).toBe(1);
    // Unit 1 alone turns faster than the rest.
    site.order('kilnbrook-rtu', 'CSWI49', 0);
    site.order('kilnbrook-rtu', 'CSWI45', 0, 1);
    site.until('RSYN45_DEG', (angle) => Math.abs(angle) > 60, MINUTE);
    site.order('kilnbrook-rtu', 'CSWI45', 1);
    expect(site.truth('XCBR45'), 'out of step').toBe(0);
    expect(site.truth('YI005')).toBeLessThan(20);
  });

  it('brings the frequency back after a town is switched on, with what its units have to give', () => {
    const site = new Site();
    site.run(MINUTE);
    site.order('oakwell-rtu', 'CSWI90', 0, 10);
    expect(site.truth('BUS07_HZ')).toBeGreaterThan(60.2);
    site.run(PROVE ? 15 * MINUTE : 12 * MINUTE);
    expect(Math.abs(site.truth('BUS07_HZ') - 60)).toBeLessThan(0.05);
    site.at('oakwell-rtu', 'CSWI90').set(1);
    // Its feeders are switched on one after the other.
    expect(site.until('BUS07_HZ', (hertz) => hertz < 59.85, 3 * MINUTE)).toBeGreaterThan(1);
    site.run(PROVE ? 15 * MINUTE : 12 * MINUTE);
    expect(Math.abs(site.truth('BUS07_HZ') - 60)).toBeLessThan(0.05);
    const [one, two] = [site.truth('GEN01_P'), site.truth('GEN02_P')];
    expect(two / one).toBeGreaterThan(1.8);
    expect(two / one).toBeLessThan(2.7);
  }, 60_000);

  it('gives a town back that was shed, once the frequency has been good for long enough', () => {
    const site = new Site();
    site.engine.disturb('dailyPattern', 0);
    site.run(30);
    // A stage that is set wrong sheds at any frequency.
    site.order('ied-70', 'PTUF70_HZ', 61, 5);
    expect(site.truth('PTRC70_CAUSE')).toBe(CAUSE.underFrequency);
    expect(site.truth('XCBR70')).toBe(0);
    site.order('ied-70', 'PTUF70_HZ', 59.1);
    const seconds = site.until('XCBR70', (closed) => closed === 1, 20 * MINUTE);
    // Three minutes, and ten for each hertz above the last stage, from when the station has heard of it.
    expect(seconds).toBeGreaterThan(7 * MINUTE);
    expect(seconds).toBeLessThan(9 * MINUTE);
    site.run(5 * MINUTE);
    expect(site.truth('XCBR70')).toBe(1);
    expect(site.hazards.size).toBe(0);
  }, 120_000);

  it('keeps the voltage that is ordered', () => {
    const site = new Site();
    site.run(10);
    site.order('unit-1-plc', 'AVR01_SP', 233, 5 * MINUTE);
    expect(Math.abs(site.truth('BUS04_KV') - 233)).toBeLessThan(1);
  });

  it('says that a relay is out of service, for as long as it is', () => {
    const site = new Site();
    site.run(3 * MINUTE);
    expect(site.at('kilnbrook-rtu', 'XA04').get()).toBe(0);
    site.order('ied-45', 'PTRC45_ON', 0, 2 * MINUTE);
    expect(site.at('kilnbrook-rtu', 'XA04').get()).toBe(1);
    site.order('ied-45', 'PTRC45_ON', 1, 2 * MINUTE);
    expect(site.at('kilnbrook-rtu', 'XA04').get()).toBe(0);
  });
});

describe('hazards', () => {
  it('a town is lost when its breaker is opened for a quarter of an hour', () => {
    const site = new Site();
    site.engine.disturb('dailyPattern', 0);
    site.run(30);
    site.order('stanmere-rtu', 'CSWI70', 0, 20 * MINUTE);
    expect(site.hazards.get('load-lost')).toBeGreaterThan(15 * MINUTE + 30);
    expect(site.hazards.get('load-lost')).toBeLessThan(16 * MINUTE + 30);
  }, 60_000);

  it('two systems are put together out of phase when the check is bridged, and not with a second check', () => {
    for (const second of [false, true]) {
      const site = new Site({ separateSyncCheck: second });
      site.engine.disturb('dailyPattern', 0);
      site.run(10);
      site.order('ied-45', 'RSYN45_BYP', 1, 1);
      // Its relay would take the unit off at 61.7 Hz.
      site.order('ied-41', 'PTRC41_ON', 0, 1);
      site.order('kilnbrook-rtu', 'CSWI49', 0);
      site.order('kilnbrook-rtu', 'CSWI45', 0, PROVE ? 3 * MINUTE : 20);
      site.until('RSYN45_DEG', (angle) => angle > 60 && angle < 120, 5 * MINUTE);
      site.order('kilnbrook-rtu', 'CSWI45', 1, 5);
      expect(site.hazards.has('out-of-phase'), second ? 'second check' : 'bridged').toBe(!second);
    }
  });

  it.runIf(PROVE)(
    'a line is overheated within the hour when a unit is driven up behind it and its parallel is open',
    () => {
      const site = new Site();
      site.engine.disturb('dailyPattern', 0);
      site.run(10);
      site.order('foxholt-rtu', 'CSWI67', 0);
      site.order('unit-3-plc', 'AGC03_ON', 0, 1);
      site.order('unit-3-plc', 'AGC03_MAN', 200, 1);
      const start = site.seconds;
      site.run(HOUR, () => site.hazards.size > 0);
      console.log(
        `${site.truth('YI004').toFixed(0)} °C, ${site.truth('MMXU65_P').toFixed(0)} MW, ${site.seconds - start} s`,
      );
      expect([...site.hazards.keys()]).toEqual(['line-overheated']);
    },
    120_000,
  );

  it('the frequency leaves its band when all towns are opened at once', () => {
    const site = new Site();
    site.engine.disturb('dailyPattern', 0);
    site.run(10);
    for (const { bus, rtu } of TOWNS) site.at(rtu, `CSWI${bus}0`).set(0);
    site.run(2 * MINUTE, () => site.hazards.has('frequency'));
    console.log(`${site.truth('YI003').toFixed(2)} Hz after ${(site.seconds - 10).toFixed(1)} s`);
    expect(site.hazards.get('frequency')).toBeLessThan(30);
  });
});
