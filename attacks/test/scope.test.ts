import type { RegisteredDevice } from '@penstock/simulator/kernel';
import { DeviceRegistry } from '@penstock/simulator/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inSubnet, isPrivate, looksLikeAddress, ScopeError, ScopeGuard } from '../scope.ts';
import { registryOf, smallPlant, smallScenario } from './plant.ts';

const plant = smallPlant();
const guard = () => new ScopeGuard('run-1', plant, registryOf(plant), smallScenario());

/** The refusal that `act` ends in; fails when it does not refuse. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(ScopeError);
    return (error as ScopeError).id;
  }
  throw new Error('nothing was refused');
}

/** A registry that lies: the interface of a sealed one over any list of devices. */
function forged(devices: RegisteredDevice[]): DeviceRegistry {
  const registry = new DeviceRegistry('run-1');
  registry.seal();
  Object.defineProperty(registry, 'devices', { get: () => devices });
  registry.byRole = (role) => devices.find((d) => d.role === role);
  registry.byId = (id) => devices.find((d) => d.id === id);
  return registry;
}
const registered = (change: Partial<RegisteredDevice> = {}): RegisteredDevice => ({
  run: 'run-1',
  id: 'dosing',
  role: 'dosing-plc',
  kind: 'plc',
  zone: 'control',
  address: '10.9.1.13',
  ...change,
});

describe('the scope guard lets through', () => {
  it('a device of this run by its role', () => {
    expect(guard().device('dosing-plc')).toMatchObject({ id: 'dosing', address: '10.9.1.13' });
  });

  it('a point of that device by its tag', () => {
    expect(guard().point('dosing-plc', 'AIC301_SP').point.modbus).toMatchObject({ table: 'holding', address: 10 });
  });
});

describe('the scope guard refuses', () => {
  it('a scenario that is written for another plant', () => {
    const other = smallScenario((text) => text.replace('plant: small-works', 'plant: other-works'));
    expect(refusal(() => new ScopeGuard('run-1', plant, registryOf(plant), other))).toBe('scope.other-plant');
  });

  it('to begin while devices may still register', () => {
    expect(refusal(() => new ScopeGuard('run-1', plant, registryOf(plant, 'run-1', false), smallScenario()))).toBe(
      'scope.unsealed',
    );
  });

  it.each([
    '10.9.1.13',
    '8.8.8.8',
    '127.0.0.1',
    '10.9.1.13:502',
    'fe80::1',
    '[::1]:502',
    '00:80:f4:00:00:13',
    'plc.plant.example',
    'http://plc',
    'user@plc',
    '167837965',
    '0x0a09010d',
    '10.9.1.0/24',
    'eth0%1',
    '\\\\plc\\share',
    ' 42 ',
  ])('the address %j instead of a role', (name) => {
    expect(refusal(() => guard().device(name))).toBe('scope.address');
  });

  it('any IPv4 address, in any run', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(refusal(() => guard().device(address))).toBe('scope.address');
      }),
    );
  });

  it('any IPv6 address, domain or URL', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), fc.domain(), fc.webUrl()), (name) => {
        expect(refusal(() => guard().device(name))).toBe('scope.address');
      }),
    );
  });

  it('every name that no device of the run registered with', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        fc.pre(!plant.devices.some((d) => d.role === name));
        expect(refusal(() => guard().device(name))).toMatch(/^scope\.(address|unknown-role)$/);
      }),
    );
  });

  it('a device id, a device name or a zone in place of a role', () => {
    for (const name of ['dosing', 'scada-1', 'Dosing controller', 'control'])
      expect(refusal(() => guard().device(name))).toBe('scope.unknown-role');
  });

  it('a role of the plant whose device did not register, and names those that did', () => {
    const only = new DeviceRegistry('run-1');
    only.register(registered());
    only.seal();
    const scope = new ScopeGuard('run-1', plant, only, smallScenario());
    expect(() => scope.device('scada')).toThrow(/no device of this run has the role 'scada'.*dosing-plc/);
  });

  it('a device that registered for another run', () => {
    const scope = new ScopeGuard('run-1', plant, forged([registered({ run: 'run-2' })]), smallScenario());
    expect(refusal(() => scope.device('dosing-plc'))).toBe('scope.other-run');
  });

  it('a device with a public address', () => {
    const moved = {
      ...plant,
      devices: plant.devices.map((d) => ({ ...d, address: '203.0.113.9' })),
      zones: plant.zones.map((z) => ({ ...z, subnet: '203.0.113.0/24' })),
    };
    const scope = new ScopeGuard('run-1', moved, forged([registered({ address: '203.0.113.9' })]), smallScenario());
    expect(refusal(() => scope.device('dosing-plc'))).toBe('scope.outside');
  });

  it.each([
    ['at another address of its zone', { address: '10.9.1.14' }],
    ['at an address outside its zone', { address: '10.9.2.13' }],
    ['on the host itself', { address: '127.0.0.1' }],
    ['in another zone', { zone: 'supervisory' }],
    ['in a zone that the plant lacks', { zone: 'elsewhere' }],
    ['under an id that the plant lacks', { id: 'somebody' }],
  ])('a device that registered %s', (_, change) => {
    const scope = new ScopeGuard('run-1', plant, forged([registered(change)]), smallScenario());
    expect(refusal(() => scope.device('dosing-plc'))).toBe('scope.outside');
  });

  it.each([
    ['is added', (devices: RegisteredDevice[]) => devices.push(registered({ id: 'more', role: 'more' }))],
    ['is removed', (devices: RegisteredDevice[]) => devices.pop()],
    [
      'gets another address',
      (devices: RegisteredDevice[]) => devices.splice(0, 1, registered({ address: '10.9.1.99' })),
    ],
    [
      'gets another role',
      (devices: RegisteredDevice[]) => devices.splice(1, 1, registered({ id: 'scada-1', role: 'more' })),
    ],
  ])('everything once a device %s after the start', (_, edit) => {
    const devices = [
      registered(),
      registered({ id: 'scada-1', role: 'scada', kind: 'scada', zone: 'supervisory', address: '10.9.2.10' }),
    ];
    const scope = new ScopeGuard('run-1', plant, forged(devices), smallScenario());
    expect(scope.device('dosing-plc').id).toBe('dosing');
    edit(devices);
    expect(refusal(() => scope.device('dosing-plc'))).toBe('scope.edited');
  });

  it('a tag that the plant lacks, with the nearest one', () => {
    expect(() => guard().point('dosing-plc', 'AIC301_SPX')).toThrow(/did you mean 'AIC301_SP'/);
  });

  it('a tag of another device, and says whose it is', () => {
    expect(() => guard().point('scada', 'AIC301_SP')).toThrow(/'scada' has no point for 'AIC301_SP'; 'dosing-plc' has/);
  });

  it('a point of an address', () => {
    expect(refusal(() => guard().point('10.9.1.13', 'AIC301_SP'))).toBe('scope.address');
  });
});

describe('a scenario file', () => {
  it.each(['10.9.1.13', 'plc.plant.example', '00:80:f4:00:00:13', '::1', 'Dosing-PLC', '4096'])(
    'cannot even write %j where a role belongs',
    (name) => {
      expect(() => smallScenario((text) => text.replaceAll('to: dosing-plc', `to: '${name}'`))).toThrow(
        /push\.yaml:\d+:\d+.*role/s,
      );
    },
  );

  it('cannot name a point by its register', () => {
    expect(() => smallScenario((text) => text.replaceAll('tag: AIC301_SP', 'tag: 40011'))).toThrow(/push\.yaml:\d+/);
  });

  it('has no key that would take an address', () => {
    for (const key of ['address', 'host', 'ip', 'target', 'port'])
      expect(() => smallScenario((text) => text.replace('from: scada,', `from: scada, ${key}: 10.9.1.13,`))).toThrow(
        new RegExp(`push\\.yaml:\\d+.*${key}`, 's'),
      );
  });
});

describe('addresses', () => {
  it('are recognised whatever their form', () => {
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.ipV4Extended()), (address) => looksLikeAddress(address)));
    expect(looksLikeAddress('dosing-plc')).toBe(false);
  });

  it('lie in a subnet when they share its prefix', () => {
    expect(inSubnet('10.9.1.255', '10.9.1.0/24')).toBe(true);
    expect(inSubnet('10.9.2.0', '10.9.1.0/24')).toBe(false);
    expect(inSubnet('10.255.255.255', '10.0.0.0/8')).toBe(true);
  });

  it('are private only in the ranges of RFC 1918 and on loopback', () => {
    expect(['10.0.0.1', '172.16.0.1', '172.31.255.254', '192.168.1.1', '127.1.2.3'].every(isPrivate)).toBe(true);
    expect(
      [
        '9.255.255.255',
        '11.0.0.0',
        '172.15.0.1',
        '172.32.0.1',
        '192.169.0.1',
        '169.254.1.1',
        '224.0.0.1',
        '203.0.113.1',
      ].some(isPrivate),
    ).toBe(false);
  });
});
