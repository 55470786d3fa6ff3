import { describe, expect, test } from 'vitest';
import { DeviceRegistry, type RegisteredDevice } from '../index.ts';

const plc: RegisteredDevice = {
  run: 'r1',
  id: 'plc-1',
  role: 'dosing-plc',
  kind: 'plc',
  zone: 'control',
  address: '10.20.1.13',
};

describe('the registry of a run', () => {
  test('finds devices by id and role', () => {
    const registry = new DeviceRegistry('r1');
    registry.register(plc);
    expect(registry.byRole('dosing-plc')).toEqual(plc);
    expect(registry.byId('plc-1')).toEqual(plc);
    expect(registry.byRole('plc-1')).toBeUndefined();
    expect(registry.devices).toEqual([plc]);
  });

  test('takes nothing more once sealed', () => {
    const registry = new DeviceRegistry('r1');
    registry.register(plc);
    registry.seal();
    expect(registry.sealed).toBe(true);
    expect(() => registry.register({ ...plc, id: 'b', role: 'b', address: '10.20.1.14' })).toThrow(
      expect.objectContaining({ id: 'registry.sealed' }),
    );
  });

  test('what is registered cannot be edited', () => {
    const registry = new DeviceRegistry('r1');
    const given = { ...plc };
    registry.register(given);
    given.address = '8.8.8.8';
    const kept = registry.devices[0] as { address: string };
    expect(() => {
      kept.address = '8.8.8.8';
    }).toThrow(TypeError);
    expect(() => (registry.devices as RegisteredDevice[]).push(plc)).toThrow(TypeError);
    expect(registry.byRole('dosing-plc')?.address).toBe('10.20.1.13');
  });

  test.each([
    ['the device of another run', { run: 'r2' }, 'registry.other-run'],
    ['a taken id', { role: 'b', address: '10.20.1.14' }, 'registry.taken'],
    ['a taken role', { id: 'b', address: '10.20.1.14' }, 'registry.taken'],
    ['a taken address', { id: 'b', role: 'b' }, 'registry.taken'],
  ])('refuses %s', (_what, change, id) => {
    const registry = new DeviceRegistry('r1');
    registry.register(plc);
    expect(() => registry.register({ ...plc, ...change })).toThrow(expect.objectContaining({ id }));
    expect(registry.devices).toHaveLength(1);
  });
});
