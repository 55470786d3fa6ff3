import type { RegisteredDevice } from '@penstock/simulator/kernel';
import { DeviceRegistry } from '@penstock/simulator/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inSubnet, isPrivate, looksLikeAddress, MOST_REGISTERS, ScopeError, ScopeGuard } from '../scope.ts';
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

/** Names that somebody might try in place of a role: what looks nearly like one, and what means one elsewhere. */
const NEARLY = [
  'dosing-plc ',
  ' dosing-plc',
  'Dosing-PLC',
  'DOSING-PLC',
  'dosing_plc',
  'dosingplc',
  'dosing--plc',
  'dosing-plc-',
  '-dosing-plc',
  'dosing-plс',
  'dosing\u2010plc',
  'dosing-plc\0',
  'dosing-plc\n',
  'dosing-plc\t',
  'dosing-plc;scada',
  'dosing-plc,scada',
  'dosing-plc|scada',
  'dosing-plc*',
  'dosing-pl?',
  '*',
  '',
  ' ',
  'any',
  'all',
  'broadcast',
  'gateway',
  'localhost',
  'router',
  'undefined',
  'null',
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'prototype',
  '#{role}',
  '$(scada)',
  '`scada`',
  "scada'--",
  'scada"',
  'role=scada',
  'scada/',
  'ѕcada',
];

describe('the scope guard knows a role by its exact letters and refuses', () => {
  it.each(NEARLY)('%j', (name) => {
    expect(refusal(() => guard().device(name))).toMatch(/^scope\.(address|unknown-role)$/);
    expect(refusal(() => guard().point(name, 'AIC301_SP'))).toMatch(/^scope\.(address|unknown-role)$/);
    expect(refusal(() => guard().range(name, 'holding', 0, 1))).toMatch(/^scope\.(address|unknown-role)$/);
  });

  it('whatever is made of a role by one more, one less or one other character', () => {
    const roles = plant.devices.map((d) => d.role);
    const edits = fc
      .tuple(
        fc.constantFrom(...roles),
        fc.nat(),
        fc.constantFrom('insert', 'remove', 'replace'),
        fc.string({ minLength: 1, maxLength: 1 }),
      )
      .map(([role, at, edit, character]) => {
        const i = at % (role.length + 1);
        const rest = role.slice(edit === 'insert' ? i : i + 1);
        return role.slice(0, i) + (edit === 'remove' ? '' : character) + rest;
      });
    fc.assert(
      fc.property(edits, (name) => {
        fc.pre(!roles.includes(name));
        expect(refusal(() => guard().device(name))).toMatch(/^scope\.(address|unknown-role)$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('any string at all: only a registered role ever yields a device, and then the one that registered with it', () => {
    const roles = new Map(plant.devices.map((d) => [d.role, d.address]));
    const names = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...roles.keys()),
      fc.string({ maxLength: 3 }),
      fc.json(),
    );
    fc.assert(
      fc.property(names, (name) => {
        if (roles.has(name)) expect(guard().device(name)).toMatchObject({ role: name, address: roles.get(name) });
        else expect(refusal(() => guard().device(name))).toMatch(/^scope\./);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the scope guard refuses an address however it is written', () => {
  it.each([
    '0x0a.0x09.0x01.0x0d',
    '012.011.01.015',
    '10.9.269',
    '10.9.1.13.',
    '10。9。1。13',
    '::ffff:10.9.1.13',
    '[::ffff:a09:10d]',
    '::',
    '0',
    '255.255.255.255',
    '10.9.1.255',
    '224.0.0.1',
    '169.254.0.1',
    '0.0.0.0',
    '10.9.1.13/32',
    'tcp://10.9.1.13:502',
    'modbus://dosing-plc',
    'dosing-plc:502',
    'dosing-plc.works.example',
    'dosing-plc@10.9.1.13',
    '//10.9.1.13',
    '00-80-f4-00-00-13.',
    '0080.f400.0013',
    'fe80::280:f4ff:fe00:13%eth0',
    'C:\\plc',
    '1.1',
    '..',
    '::1',
    'LOCALHOST:502',
    'plc.',
  ])('%j', (name) => {
    expect(refusal(() => guard().device(name))).toMatch(/^scope\.(address|unknown-role)$/);
    expect(refusal(() => guard().zone(name))).toMatch(/^scope\.(address|unknown-zone)$/);
  });
});

describe('the scope guard holds a zone to its registered devices', () => {
  it('and names them, the firewall apart', () => {
    expect(
      guard()
        .zone('control')
        .map((d) => d.role),
    ).toEqual(['dosing-plc']);
    expect(
      guard()
        .zone('supervisory')
        .map((d) => d.role),
    ).toEqual(['scada']);
    const walled = registryOf(plant, 'run-1', false);
    walled.register({
      run: 'run-1',
      id: 'fw',
      role: 'firewall',
      kind: 'firewall',
      zone: 'control',
      address: '10.9.1.1',
    });
    walled.seal();
    const scope = new ScopeGuard('run-1', plant, walled, smallScenario());
    expect(scope.zone('control').map((d) => d.role)).toEqual(['dosing-plc']);
  });

  it('and has nobody where nobody registered', () => {
    const only = new DeviceRegistry('run-1');
    only.register(registered());
    only.seal();
    expect(new ScopeGuard('run-1', plant, only, smallScenario()).zone('supervisory')).toEqual([]);
  });

  it.each(['office', 'Control', 'control ', '', 'controls', '__proto__', '*'])('refuses the zone %j', (zone) => {
    expect(refusal(() => guard().zone(zone))).toBe('scope.unknown-zone');
  });

  it.each(['10.9.1.0/24', '10.9.1.0', '::/0', '10.9.1.13-20'])('refuses the subnet %j', (zone) => {
    expect(refusal(() => guard().zone(zone))).toBe('scope.address');
  });

  it('refuses a zone in which a device of another run stands', () => {
    const scope = new ScopeGuard('run-1', plant, forged([registered({ run: 'run-2' })]), smallScenario());
    expect(refusal(() => scope.zone('control'))).toBe('scope.other-run');
  });

  it('refuses a zone in which a device stands where the plant does not declare it', () => {
    const scope = new ScopeGuard('run-1', plant, forged([registered({ address: '10.9.1.99' })]), smallScenario());
    expect(refusal(() => scope.zone('control'))).toBe('scope.outside');
  });

  it('refuses every zone once the list was edited', () => {
    const devices = [registered()];
    const scope = new ScopeGuard('run-1', plant, forged(devices), smallScenario());
    expect(scope.zone('control')).toHaveLength(1);
    devices.push(registered({ id: 'more', role: 'more', address: '10.9.1.77' }));
    expect(refusal(() => scope.zone('control'))).toBe('scope.edited');
  });

  it('yields no address that is not registered, for any string', () => {
    const known = new Set(plant.devices.map((d) => d.address));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('control', 'supervisory')), (zone) => {
        let found: readonly { address: string }[] = [];
        try {
          found = guard().zone(zone);
        } catch (error) {
          expect(error).toBeInstanceOf(ScopeError);
        }
        expect(found.every((d) => known.has(d.address))).toBe(true);
      }),
    );
  });
});

describe('the scope guard holds a range to what a device can have', () => {
  it.each([
    ['coil', 0, 1],
    ['discrete', 65_535, 1],
    ['holding', 0, MOST_REGISTERS],
    ['input', 65_536 - MOST_REGISTERS, MOST_REGISTERS],
  ])('and lets %s %d, %d through', (table, address, count) => {
    expect(guard().range('dosing-plc', table, address, count)).toMatchObject({
      table,
      address,
      count,
      device: { id: 'dosing' },
    });
  });

  it.each([
    ['no table', 'registers', 0, 1],
    ['a table by its number', '4', 0, 1],
    ['a table in capitals', 'HOLDING', 0, 1],
    ['nothing for a table', '', 0, 1],
    ['a property of every object', 'constructor', 0, 1],
    ['an address before the first', 'holding', -1, 1],
    ['an address behind the last', 'holding', 65_536, 1],
    ['an end behind the last', 'holding', 65_535, 2],
    ['a fraction', 'holding', 0.5, 1],
    ['no number', 'holding', Number.NaN, 1],
    ['an endless one', 'holding', Number.POSITIVE_INFINITY, 1],
    ['no addresses', 'holding', 0, 0],
    ['fewer than none', 'holding', 10, -5],
    ['half an address', 'holding', 0, 1.5],
    ['too many', 'holding', 0, MOST_REGISTERS + 1],
    ['endlessly many', 'holding', 0, Number.POSITIVE_INFINITY],
  ])('and refuses %s', (_, table, address, count) => {
    expect(refusal(() => guard().range('dosing-plc', table, address, count))).toBe('scope.range');
  });

  it('and refuses a device without Modbus', () => {
    expect(refusal(() => guard().range('scada', 'holding', 0, 1))).toBe('scope.range');
  });

  it('and refuses everything of a device that is out of scope', () => {
    const scope = new ScopeGuard('run-1', plant, forged([registered({ zone: 'elsewhere' })]), smallScenario());
    expect(refusal(() => scope.range('dosing-plc', 'holding', 0, 1))).toBe('scope.outside');
  });

  it('and never yields an address beyond 65535, for any numbers', () => {
    fc.assert(
      fc.property(fc.double(), fc.double(), (address, count) => {
        try {
          const range = guard().range('dosing-plc', 'input', address, count);
          expect(range.address + range.count).toBeLessThanOrEqual(65_536);
        } catch (error) {
          expect(error).toBeInstanceOf(ScopeError);
        }
      }),
    );
  });
});

describe('the scope guard refuses for every way of asking', () => {
  const asking: [string, (scope: ScopeGuard) => unknown][] = [
    ['a device', (scope) => scope.device('dosing-plc')],
    ['a point', (scope) => scope.point('dosing-plc', 'AIC301_SP')],
    ['a zone', (scope) => scope.zone('control')],
    ['a range', (scope) => scope.range('dosing-plc', 'holding', 0, 1)],
  ];
  const lies: [string, Partial<RegisteredDevice>, string][] = [
    ['another run', { run: 'run-0' }, 'scope.other-run'],
    ['a run without a name', { run: '' }, 'scope.other-run'],
    ['a public address', { address: '198.51.100.7' }, 'scope.outside'],
    ['the address of another device', { address: '10.9.2.10' }, 'scope.outside'],
    ['a broadcast address', { address: '10.9.1.255' }, 'scope.outside'],
    ['loopback', { address: '127.0.0.1' }, 'scope.outside'],
    ['an id of no device', { id: 'ghost' }, 'scope.outside'],
    ['the id of another device', { id: 'scada-1' }, 'scope.outside'],
  ];
  it.each(asking.flatMap(([what, ask]) => lies.map(([lie, change, id]) => [what, lie, ask, change, id] as const)))(
    '%s of a device that registered with %s',
    (_what, _lie, ask, change, id) => {
      const scope = new ScopeGuard('run-1', plant, forged([registered(change)]), smallScenario());
      expect(refusal(() => ask(scope))).toBe(id);
    },
  );

  it.each(asking)('%s once the list was edited', (_, ask) => {
    const devices = [registered()];
    const scope = new ScopeGuard('run-1', plant, forged(devices), smallScenario());
    expect(() => ask(scope)).not.toThrow();
    devices.splice(0, 1, registered({ kind: 'rtu' }));
    expect(refusal(() => ask(scope))).toBe('scope.edited');
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

describe('a step of any verb', () => {
  const withStep = (step: string) => () =>
    smallScenario((text) =>
      text.replace(/ {2}- \{ id: manual[^\n]*\n/, `  - { id: manual, about: x, techniques: [T0836], ${step} }\n`),
    );

  it.each([
    'verb: discover, from: scada, zone: control',
    'verb: probe-registers, from: scada, to: dosing-plc, ranges: [{ table: holding, count: 4 }]',
    'verb: interpose, from: scada, between: dosing-plc, and: [scada]',
    'verb: release, from: scada',
    'verb: read-tags, from: scada, to: dosing-plc, tags: [AIC301_SP]',
  ])('can be written with roles, zones and tags: %s', (step) => {
    expect(withStep(step)).not.toThrow();
  });

  it.each([
    'verb: discover, from: 10.9.2.10, zone: control',
    'verb: discover, from: scada, zone: 10.9.1.0/24',
    'verb: discover, from: scada, zone: control, addresses: [10.9.1.1]',
    'verb: discover, from: scada, zone: control, ports: [0]',
    'verb: discover, from: scada, zone: control, ports: [65536]',
    'verb: discover, from: scada, zone: control, perSecond: 5000',
    'verb: probe-registers, from: scada, to: 10.9.1.13, ranges: [{ table: holding, count: 4 }]',
    'verb: probe-registers, from: scada, to: dosing-plc, ranges: [{ table: holding, from: -1, count: 4 }]',
    'verb: probe-registers, from: scada, to: dosing-plc, ranges: [{ table: holding, count: 65536 }]',
    'verb: probe-registers, from: scada, to: dosing-plc, ranges: []',
    'verb: probe-registers, from: scada, to: dosing-plc, ranges: [{ table: holding, count: 4, unit: 7 }]',
    'verb: interpose, from: scada, between: 10.9.1.13, and: [scada]',
    'verb: interpose, from: scada, between: dosing-plc, and: [10.9.2.10]',
    'verb: interpose, from: scada, between: dosing-plc, and: []',
    'verb: interpose, from: scada, between: dosing-plc, and: [scada], mac: 00:11:22:33:44:55',
    'verb: interpose, from: scada, between: dosing-plc, and: [scada], replay: [40011], record: 1m',
    'verb: release, from: ::1',
    'verb: read-tags, from: scada, to: dosing-plc, tags: [holding/10]',
    'verb: send-bytes, from: scada, to: dosing-plc',
  ])('cannot be written with anything else: %s', (step) => {
    expect(withStep(step)).toThrow(/push\.yaml:\d+/);
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
