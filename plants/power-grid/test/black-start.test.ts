/**
 * The area is brought back from black as operators do it: lockout relays are reset, the ring is cut into sections so that no unit charges more lines than
 * it can hold, towns come back one after the other by a unit each, and what is live on both sides is closed through its synchronism check.
 */
import { describe, expect, it } from 'vitest';
import { Site } from './site.ts';

const MINUTE = 60;
const PROVE = process.env.PENSTOCK_PROVE === '1';
const TOWNS = [
  { rtu: 'marlow-rtu', order: 'CSWI50', load: 'LOAD50_P' },
  { rtu: 'stanmere-rtu', order: 'CSWI70', load: 'LOAD70_P' },
  { rtu: 'oakwell-rtu', order: 'CSWI90', load: 'LOAD90_P' },
];
/** Breakers of lines that are opened first, each at one end. */
const SECTIONS = [
  ['kilnbrook-rtu', 'CSWI49'],
  ['marlow-rtu', 'CSWI56'],
  ['foxholt-rtu', 'CSWI67'],
  ['stanmere-rtu', 'CSWI78'],
  ['redcliff-rtu', 'CSWI89'],
] as const;
const WITH_THEM = [
  ['kilnbrook-rtu', 'CSWI45'],
  ['marlow-rtu', 'CSWI54'],
  ['foxholt-rtu', 'CSWI65'],
  ['stanmere-rtu', 'CSWI76'],
  ['redcliff-rtu', 'CSWI87'],
  ['oakwell-rtu', 'CSWI98'],
  ['oakwell-rtu', 'CSWI94'],
] as const;

/** All towns were opened, the units have tripped on their speed, and their relays were reset: they turn, have voltage and feed nothing. */
function blackSite(): Site {
  const site = new Site();
  site.engine.disturb('dailyPattern', 0);
  site.run(10);
  for (const { rtu, order } of TOWNS) site.at(rtu, order).set(0);
  site.run(3 * MINUTE);
  for (const unit of [41, 82, 63]) {
    expect(site.truth(`XCBR${unit}`)).toBe(0);
    expect(site.truth(`PTRC${unit}_LO`)).toBe(1);
    site.at(`ied-${unit}`, `PTRC${unit}_RST`).set(1);
  }
  site.run(MINUTE);
  for (const unit of [1, 2, 3]) {
    expect(Math.abs(site.truth(`GEN0${unit}_HZ`) - 60)).toBeLessThan(0.01);
    expect(Math.abs(site.truth(`GEN0${unit}_KV`) / 230 - 1.04)).toBeLessThan(0.03);
  }
  for (const [station, order] of SECTIONS) site.at(station, order).set(0);
  site.run(20);
  // What else was tripped while the area collapsed is closed while it is dead.
  for (const [station, order] of WITH_THEM)
    if (site.truth(order.replace('CSWI', 'XCBR')) === 0) site.order(station, order, 1);
  for (const unit of [1, 2, 3]) site.at(`unit-${unit}-plc`, `AGC0${unit}_ON`).set(0);
  site.run(20);
  return site;
}

/** Unit 1 onto the dead busbar, somewhat above its speed, and then the town of Marlow. */
function feedMarlow(site: Site): void {
  site.order('kilnbrook-rtu', 'CSWI41', 1, 10);
  site.order('unit-1-plc', 'AGC01_MAN', 40, 2 * MINUTE);
  site.order('marlow-rtu', 'CSWI50', 1, 10);
  site.order('unit-1-plc', 'AGC01_MAN', 88, 4 * MINUTE);
}

describe('an area that has gone black', () => {
  it('is fed again by a unit whose lockout relay is reset', () => {
    const site = blackSite();
    feedMarlow(site);
    expect(site.truth('LOAD50_P')).toBeGreaterThan(60);
    expect(Math.abs(site.truth('BUS05_HZ') - 60)).toBeLessThan(0.4);
    expect(Math.abs(site.truth('BUS05_KV') / 230 - 1)).toBeLessThan(0.1);
    for (const town of ['XCBR70', 'XCBR90']) expect(site.truth(town)).toBe(0);
  }, 240_000);

  it.runIf(PROVE)(
    'is as it was within an hour, and nothing was closed out of step',
    () => {
      const site = blackSite();
      const isInStep = (value: number): boolean => value === 1;
      feedMarlow(site);
      site.run(3 * MINUTE);
      // Unit 3 is put in step with it over the line Marlow–Foxholt, and feeds Stanmere.
      site.order('marlow-rtu', 'CSWI56', 1, 10);
      site.until('RSYN63_OK', isInStep, 10 * MINUTE);
      site.order('foxholt-rtu', 'CSWI63', 1, 10);
      site.order('unit-3-plc', 'AGC03_MAN', 40, 2 * MINUTE);
      site.order('foxholt-rtu', 'CSWI67', 1, 30);
      site.order('stanmere-rtu', 'CSWI70', 1, MINUTE);
      site.order('unit-3-plc', 'AGC03_MAN', 90, 6 * MINUTE);
      // Unit 2 has the higher voltage: that of the network is raised before it comes.
      site.order('stanmere-rtu', 'CSWI78', 1, 30);
      site.order('unit-1-plc', 'AGC01_MAN', 96, 10);
      site.order('unit-3-plc', 'AVR03_SP', 243, 3 * MINUTE);
      site.until('RSYN82_OK', isInStep, 10 * MINUTE);
      site.order('redcliff-rtu', 'CSWI82', 1, 10);
      site.order('unit-2-plc', 'AGC02_MAN', 60, 5 * MINUTE);
      site.order('redcliff-rtu', 'CSWI89', 1, 5);
      site.order('oakwell-rtu', 'CSWI90', 1, MINUTE);
      for (const unit of [1, 2, 3]) site.at(`unit-${unit}-plc`, `AGC0${unit}_ON`).set(1);
      site.run(10 * MINUTE);
      site.until('RSYN49_OK', isInStep, 10 * MINUTE);
      site.order('kilnbrook-rtu', 'CSWI49', 1, 10 * MINUTE);
      console.log(`after ${(site.seconds / MINUTE).toFixed(0)} minutes, ${site.truth('BUS07_HZ').toFixed(3)} Hz`);
      expect(site.seconds).toBeLessThan(60 * MINUTE);
      for (const { load } of TOWNS) expect(site.truth(load), load).toBeGreaterThan(80);
      for (const [, order] of [...SECTIONS, ...WITH_THEM])
        expect(site.truth(order.replace('CSWI', 'XCBR')), order).toBe(1);
      for (const unit of [41, 82, 63]) expect(site.truth(`XCBR${unit}`)).toBe(1);
      expect(Math.abs(site.truth('BUS07_HZ') - 60)).toBeLessThan(0.05);
      // Nothing was put together beyond what the checks of lines let through.
      expect(site.truth('YI005')).toBeLessThan(40);
      expect([...site.hazards.keys()]).toEqual(['frequency', 'load-lost']);
    },
    600_000,
  );
});
