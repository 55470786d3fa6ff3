/** What trips the unit, when, and what is left of it afterwards. */
import { describe, expect, it } from 'vitest';
import { Unit } from './unit.ts';

const stands = (unit: Unit) => () => unit.truth('XS900') === 1;
const SETTLED = 1200;

/** The reactor's cooling to manual and shut, after twenty quiet minutes. */
function shutCooling(safety: boolean): { unit: Unit; took: number } {
  const unit = new Unit({ safety });
  unit.run(SETTLED);
  unit.variable('reactor-plc', 'TIC202_MODE').set(0);
  // The first execution in manual takes over where the valve stands.
  unit.run(3);
  unit.variable('reactor-plc', 'TIC202_OUT').set(0);
  return { unit, took: unit.run(1800, stands(unit)) };
}

describe('the unit', () => {
  const hours = globalThis.process.env.PENSTOCK_PROVE === '1' ? 48 : 6;
  it(`runs ${hours} hours with the noise of its instruments, near where it began and without a trip`, () => {
    const unit = new Unit({ safety: true });
    for (let hour = 0; hour < hours; hour++) {
      expect(unit.run(3600, stands(unit))).toBe(3600);
      expect(unit.truth('PIT201')).toBeGreaterThan(2600);
      expect(unit.truth('PIT201')).toBeLessThan(2800);
      expect(Math.abs(unit.truth('AIT537') - 53.724)).toBeLessThan(3);
    }
    expect(unit.variable('safety-device', 'KI901').get()).toBe(0);
  });

  it('without cooling water shuts itself down after about three minutes', () => {
    const { took } = shutCooling(false);
    expect(took).toBeGreaterThan(175);
    expect(took).toBeLessThan(190);
  });

  it('goes into manual without a bump, and follows the order from there; in automatic it keeps the order and does not follow it', () => {
    const unit = new Unit();
    unit.run(SETTLED);
    const [mode, order] = [unit.variable('reactor-plc', 'TIC202_MODE'), unit.variable('reactor-plc', 'TIC202_OUT')];
    const valve = () => unit.variable('reactor-plc', 'TV201').get();
    const before = valve();
    mode.set(0);
    unit.run(6);
    expect([order.get(), valve()]).toEqual([before, before]);
    order.set(44);
    unit.run(6);
    expect(valve()).toBe(44);
    mode.set(1);
    unit.run(60);
    expect(order.get()).toBe(44);
    expect(valve()).not.toBe(44);
  });

  it('is tripped before that where the safety device is there, and goes on standing after a reset', () => {
    const { unit, took } = shutCooling(true);
    expect(took).toBeGreaterThan(140);
    expect(took).toBeLessThan(shutCooling(false).took - 10);
    expect(unit.variable('safety-device', 'XA901').get()).toBe(1);
    unit.run(60);
    for (const tag of ['FIT101', 'FIT201', 'FIT305', 'FIT401', 'JIT305']) expect(unit.truth(tag), tag).toBe(0);
    const pressure = unit.truth('PIT201');
    unit.variable('safety-device', 'HS901').set(1);
    unit.run(600);
    expect(unit.truth('XS900')).toBe(1);
    expect(unit.truth('PIT201')).toBe(pressure);
  });

  it('is not tripped by a failed instrument of the controllers, and is by one of the safety device', () => {
    const control = new Unit({ safety: true });
    control.run(60);
    control.engine.fault('JIT305', { kind: 'dropout' });
    expect(control.run(60, stands(control))).toBe(60);
    control.engine.fault('LIT902', { kind: 'dropout' });
    expect(control.run(60, stands(control))).toBeLessThan(12);
    expect(control.variable('safety-device', 'XA905').get()).toBe(1);
  });

  it('is not tripped while the key bypasses the safety device, for half an hour at most', () => {
    const unit = new Unit({ safety: true });
    unit.run(60);
    unit.variable('safety-device', 'HS902').set(1);
    unit.engine.fault('LIT903', { kind: 'dropout' });
    const took = unit.run(2400, stands(unit));
    expect(took).toBeGreaterThan(1790);
    expect(took).toBeLessThan(1820);
  });

  it('lives for many hours with a separator level that is frozen where it should be', () => {
    const unit = new Unit();
    unit.run(SETTLED);
    unit.engine.fault('LIT301', { kind: 'stuck', value: 50 });
    expect(unit.run(6 * 3600, stands(unit))).toBe(6 * 3600);
  });
});
