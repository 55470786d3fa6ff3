import type { ProcessEngine } from '@penstock/simulator/process';
import { beforeEach, describe, expect, it } from 'vitest';
import { highZoneDemandFactor } from '../demand.ts';
import { BOOSTER, HIGH_ZONE, TOWER } from '../design.ts';
import { KPA_PER_METRE } from '../hydraulics.ts';
import { type InputName, makeWorks } from './operator.ts';

/** The works in the first hour of its initial state: elevated tank at 4 m, high-zone tank at 2.9 m, demand without its random part. */
let engine: ProcessEngine;
beforeEach(() => {
  engine = makeWorks();
  engine.disturb('variability', 0);
});

const set = (input: InputName, value: number) => engine.command(engine.tagIndex(input), value);
const pumps = (first: 0 | 1, second: 0 | 1) => {
  set('boosterPump1Contactor', first);
  set('boosterPump2Contactor', second);
};
const run = (seconds: number) => {
  for (let i = 0; i < seconds; i++) engine.step();
};
const read = (output: string) => engine.output(output);

describe('the booster pumps', { timeout: 120_000 }, () => {
  it('give 35 to 42 m³/h alone, half as much again together, and nothing back through a check valve', () => {
    run(60);
    const alone = read('boosterFlowM3PerHour');
    expect(alone).toBeGreaterThan(35);
    expect(alone).toBeLessThan(42);
    pumps(1, 1);
    run(60);
    expect(read('boosterFlowM3PerHour') / alone).toBeGreaterThan(1.3);
    expect(read('boosterFlowM3PerHour') / alone).toBeLessThan(1.6);
    pumps(0, 0);
    run(60);
    expect(read('boosterFlowM3PerHour')).toBe(0);
  });

  it('add their head to the suction pressure: both gauges lie on curve and system', () => {
    run(60);
    const flow = read('boosterFlowM3PerHour') / 3600;
    const { shutoffHead, curvature } = BOOSTER.pump;
    const head = (read('boosterDischargePressureKPa') - read('boosterSuctionPressureKPa')) / KPA_PER_METRE;
    expect(head).toBeCloseTo(shutoffHead - curvature * flow * flow, 3);
    const system = BOOSTER.lift + read('highZoneTankLevelM') + BOOSTER.mainResistance * flow * flow;
    expect(read('boosterDischargePressureKPa') / KPA_PER_METRE).toBeCloseTo(system, 9);
  });

  it('find before them what elevated tank, town and branch main leave', () => {
    for (const stands of [false, true]) {
      if (stands) pumps(0, 0);
      run(60);
      const network = read('demandFlowM3PerHour') / 3600;
      const flow = read('boosterFlowM3PerHour') / 3600;
      const head =
        TOWER.aboveTown +
        read('elevatedTankLevelM') -
        TOWER.networkResistance * network * network -
        BOOSTER.aboveTown -
        (BOOSTER.branchResistance + BOOSTER.strainerResistance) * flow * flow;
      expect(read('boosterSuctionPressureKPa')).toBeCloseTo(head * KPA_PER_METRE, 6);
    }
  });

  it('draw what they lift out of the main zone', () => {
    run(60);
    const with1 = read('demandFlowM3PerHour');
    const drawn = read('boosterFlowM3PerHour');
    pumps(0, 0);
    run(60);
    expect(with1 - read('demandFlowM3PerHour')).toBeCloseTo(drawn, 0);
  });

  it('see less pressure the more the town takes, and lose it to a burst main there', () => {
    run(60);
    const calm = read('boosterSuctionPressureKPa');
    engine.disturb('networkBurstM3PerHour', 250);
    run(60);
    expect(read('boosterSuctionPressureKPa')).toBeLessThan(calm - 80);
    engine.disturb('networkBurstM3PerHour', 330);
    run(60);
    expect(read('boosterSuctionPressureKPa')).toBeLessThan(140);
    expect(read('boosterFlowM3PerHour')).toBeGreaterThan(10);
  });

  it('run dry behind a blocked strainer, and with the elevated tank empty', () => {
    engine.disturb('boosterStrainerBlocked', 0.95);
    run(60);
    expect(read('boosterPumpDryRunning')).toBe(0);
    engine.disturb('boosterStrainerBlocked', 1);
    run(60);
    expect(read('boosterFlowM3PerHour')).toBe(0);
    expect(read('boosterPumpDryRunning')).toBe(1);
    expect(read('anyPumpDryRunning')).toBe(1);
    engine.disturb('boosterStrainerBlocked', 0);
    for (const n of [1, 2] as const) set(`highServicePump${n}Contactor`, 0);
    engine.disturb('demandFactor', 4);
    run(6 * 3600);
    expect(read('elevatedTankLevelM')).toBeLessThan(0.15);
    expect(read('boosterPumpDryRunning')).toBe(1);
    expect(read('boosterFlowM3PerHour')).toBeLessThan(5);
    pumps(0, 0);
    run(30);
    expect(read('boosterPumpDryRunning')).toBe(0);
  });

  it('stand without mains; the battery is half empty after half a day and full again after one more', () => {
    engine = makeWorks({ step: 4 });
    const hours = (count: number) => run(900 * count);
    engine.disturb('boosterMainsFailed', 1);
    hours(0.1);
    expect(read('boosterFlowM3PerHour')).toBe(0);
    expect(read('boosterPump1Running')).toBe(0);
    expect(read('boosterMainsPresent')).toBe(0);
    expect(read('boosterBatteryV')).toBeCloseTo(25.6, 1);
    hours(12);
    expect(read('boosterBatteryV')).toBeCloseTo(24, 1);
    engine.disturb('boosterMainsFailed', 0);
    hours(24);
    expect(read('boosterBatteryV')).toBeGreaterThan(27.1);
    expect(read('towerBatteryV')).toBeCloseTo(27.2, 2);
  });
});

describe('the high zone', { timeout: 120_000 }, () => {
  it('takes 20 m³/h on average, twice a day much more, as smoothly as the town', () => {
    const hours = Array.from({ length: 96 }, (_, i) => highZoneDemandFactor(900 * i));
    expect(hours.reduce((sum, factor) => sum + factor, 0) / hours.length).toBeCloseTo(1, 9);
    expect(Math.max(...hours)).toBeGreaterThan(1.5);
    expect(Math.min(...hours)).toBeGreaterThan(0.2);
    const steps = hours.map((factor, i) => Math.abs(factor - (hours.at(i - 1) as number)));
    expect(Math.max(...steps)).toBeLessThan(0.2);
    expect(highZoneDemandFactor(7.3 * 3600)).toBeCloseTo(highZoneDemandFactor((24 * 6 + 7.3) * 3600), 9);
  });

  it('has the tank rise by what is pumped less what is drawn and spilt', () => {
    engine.disturb('highZoneFireM3PerHour', 15);
    const before = engine.state('highTank.water');
    let difference = 0;
    for (let i = 0; i < 3600; i++) {
      const flows = () =>
        read('boosterFlowM3PerHour') - read('highZoneFlowM3PerHour') - read('highZoneTankOverflowM3PerHour');
      const first = flows();
      engine.step();
      difference += (first + flows()) / 2 / 3600;
    }
    expect(engine.state('highTank.water') - before).toBeCloseTo(difference, 2);
  });

  it('spills what two pumps bring into a full tank within hours, by night at their full flow', () => {
    pumps(1, 1);
    let spills = 0;
    for (let i = 0; i < 3 * 3600 && spills === 0; i++) {
      engine.step();
      if (read('highZoneTankOverflowM3PerHour') > 5) spills = i;
    }
    expect(spills).toBeGreaterThan(1800);
    run(1800);
    const { overflowLevel } = HIGH_ZONE;
    expect(read('highZoneTankLevelM')).toBeGreaterThan(overflowLevel);
    expect(read('highZoneTankLevelM')).toBeLessThan(overflowLevel + 0.1);
    const balance = read('boosterFlowM3PerHour') - read('highZoneFlowM3PerHour');
    expect(read('highZoneTankOverflowM3PerHour')).toBeCloseTo(balance, 0);
    // It does not count as an overflow of the works.
    expect(read('totalOverflowM3PerHour')).toBe(0);
  });

  it('is dry half a day after the pumps stop, and its pressure gone', () => {
    pumps(0, 0);
    run(3600);
    expect(read('highZonePressureKPa')).toBeGreaterThan(300);
    run(11 * 3600);
    expect(read('highZoneTankLevelM')).toBeLessThan(0.15);
    expect(read('highZonePressureKPa')).toBeLessThan(140);
  });

  it('keeps some pressure while a hydrant feeds a fire, and gets older water than the town', () => {
    run(3 * 3600);
    engine.disturb('highZoneFireM3PerHour', 48);
    run(60);
    expect(read('highZonePressureKPa')).toBeGreaterThan(140);
    expect(read('highZonePressureKPa')).toBeLessThan(330);
    expect(read('highZoneTankChlorineMgL')).toBeLessThan(read('townChlorineMgL'));
    expect(read('highZoneTankChlorineMgL')).toBeGreaterThan(0.3);
  });
});
