/** What an adversary in another process may open a socket to: gates of registered devices of this run on loopback, and nothing else. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GateScope, type ListedRun } from '../gate-scope.ts';
import { ScopeError } from '../scope.ts';
import { smallPlant, smallScenario } from './plant.ts';

const plant = smallPlant();
const HASH = 'a'.repeat(64);

const listed = (change: Partial<ListedRun> = {}): ListedRun => ({
  instance: 'first',
  run: 'up-1',
  plant: { id: plant.id, hash: HASH },
  devices: plant.devices.map(({ id, role, kind, zone, address }) => ({ run: 'up-1', id, role, kind, zone, address })),
  gates: [{ run: 'up-1', device: 'dosing', service: 'modbus', host: '127.9.1.13', port: 502 }],
  ...change,
});

const scopeOf = (run: ListedRun = listed()) => new GateScope(smallScenario(), plant, HASH, run);
const GATE = listed().gates[0] as ListedRun['gates'][number];

/** The id of the refusal. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(ScopeError);
    return (error as ScopeError).id;
  }
  return 'let through';
}

describe('the scope of gates', () => {
  it('lets through the gate of a registered device, at its own loopback address or at the one that every system has', () => {
    expect(scopeOf().gate('dosing', 'modbus', listed())).toEqual(GATE);
    const picked = listed({ gates: [{ ...GATE, host: '127.0.0.1', port: 41_000 }] });
    expect(scopeOf(picked).gate('dosing', 'modbus', picked)).toMatchObject({ host: '127.0.0.1', port: 41_000 });
  });

  it('gives the registry of the run, sealed', () => {
    const { registry } = scopeOf();
    expect(registry.sealed).toBe(true);
    expect(registry.devices.map(({ id }) => id)).toEqual(plant.devices.map(({ id }) => id));
  });

  it('refuses a range of another plant, and of another state of the same', () => {
    expect(refusal(() => scopeOf(listed({ plant: { id: 'elsewhere', hash: HASH } })))).toBe('scope.other-plant');
    expect(refusal(() => scopeOf(listed({ plant: { id: plant.id, hash: 'b'.repeat(64) } })))).toBe('scope.other-plant');
    const other = smallScenario((text) => text.replace('plant: small-works', 'plant: elsewhere'));
    expect(refusal(() => new GateScope(other, plant, HASH, listed()))).toBe('scope.other-plant');
  });

  it('refuses a device that is registered for another run', () => {
    const devices = listed().devices.map((device, i) => (i === 1 ? { ...device, run: 'up-2' } : device));
    expect(refusal(() => scopeOf(listed({ devices })))).toBe('scope.other-run');
  });

  it('refuses a gate of another run', () => {
    const run = listed({ gates: [{ ...GATE, run: 'up-2' }] });
    expect(refusal(() => scopeOf(run).gate('dosing', 'modbus', run))).toBe('scope.other-run');
  });

  it('refuses a role that is not registered, and a device without a gate', () => {
    expect(refusal(() => scopeOf().gate('historian', 'modbus', listed()))).toBe('scope.unknown-role');
    expect(refusal(() => scopeOf().gate('scada-1', 'modbus', listed()))).toBe('scope.outside');
    expect(refusal(() => scopeOf().gate('dosing', 'dnp3', listed()))).toBe('scope.outside');
  });

  it('knows the service behind the port of a device that has a gate, by its id and by its role', () => {
    expect(scopeOf().serviceAt('dosing', 502)).toBe('modbus');
    expect(scopeOf().serviceAt('dosing-plc', 502)).toBe('modbus');
    // Where the gate itself listens says nothing of the plant's port.
    const picked = listed({ gates: [{ ...GATE, host: '127.0.0.1', port: 41_000 }] });
    expect([scopeOf(picked).serviceAt('dosing', 502), scopeOf(picked).serviceAt('dosing', 41_000)]).toEqual([
      'modbus',
      undefined,
    ]);
  });

  it('knows a port where the plant has its service, which need not be the usual one', () => {
    const moved = smallPlant((text) => text.replace('{ protocol: modbus }', '{ protocol: modbus, port: 1502 }'));
    const scope = new GateScope(smallScenario(), moved, HASH, listed());
    expect([scope.serviceAt('dosing', 1502), scope.serviceAt('dosing', 502)]).toEqual(['modbus', undefined]);
  });

  it('knows nothing of a port that no gate leads to', () => {
    for (const port of [1, 22, 503, 20_000, 65_535]) expect(scopeOf().serviceAt('dosing', port)).toBeUndefined();
    expect(scopeOf().serviceAt('scada-1', 502)).toBeUndefined();
    const withoutGates = listed({ gates: [] });
    expect(scopeOf(withoutGates).serviceAt('dosing', 502)).toBeUndefined();
    const ofAnother = listed({ gates: [{ ...GATE, device: 'scada-1' }] });
    expect([scopeOf(ofAnother).serviceAt('dosing', 502), scopeOf(ofAnother).serviceAt('scada-1', 502)]).toEqual([
      undefined,
      undefined,
    ]);
    const ofAnotherKind = listed({ gates: [{ ...GATE, service: 'dnp3' }] });
    expect(scopeOf(ofAnotherKind).serviceAt('dosing', 502)).toBeUndefined();
  });

  it('refuses to say what is behind a port of who is not registered for this run', () => {
    expect(refusal(() => scopeOf().serviceAt('historian', 502))).toBe('scope.unknown-role');
    for (const address of ['10.9.1.13', '127.9.1.13', 'localhost:502', '::1'])
      expect(refusal(() => scopeOf().serviceAt(address, 502))).toBe('scope.address');
  });

  it('refuses a device that is registered where the plant does not declare it', () => {
    const devices = listed().devices.map((device) => ({ ...device, address: device.address.replace('10.9', '10.8') }));
    const run = listed({ devices, gates: [{ ...GATE, host: '127.0.0.1' }] });
    expect(refusal(() => scopeOf(run).gate('dosing', 'modbus', run))).toBe('scope.outside');
  });

  it('refuses an address in the place of a name', () => {
    for (const name of ['127.0.0.1', '10.9.1.13', 'localhost:502', '::1'])
      expect(refusal(() => scopeOf().gate(name, 'modbus', listed()))).toBe('scope.address');
  });

  it.each([
    ['10.9.1.13', 'the plant’s own address'],
    ['192.168.1.10', 'a private network'],
    ['8.8.8.8', 'a public address'],
    ['0.0.0.0', 'every address'],
    ['127.9.1.14', 'loopback, but another device’s'],
    ['127.0.0.53', 'loopback, but a service of this machine'],
    ['localhost', 'a name'],
    ['127.0.0.1.example.com', 'a name that begins like an address'],
    ['::1', 'IPv6'],
    ['', 'nothing'],
  ])('refuses a gate at %s: %s', (host) => {
    const run = listed({ gates: [{ ...GATE, host }] });
    expect(refusal(() => scopeOf(run).gate('dosing', 'modbus', run))).toBe('scope.outside');
  });

  it.each([0, -1, 65_536, 1.5, Number.NaN])('refuses port %s', (port) => {
    const run = listed({ gates: [{ ...GATE, port }] });
    expect(refusal(() => scopeOf(run).gate('dosing', 'modbus', run))).toBe('scope.outside');
  });

  it('refuses two gates for one service', () => {
    const run = listed({ gates: [GATE, { ...GATE, host: '127.0.0.1', port: 40_000 }] });
    expect(refusal(() => scopeOf(run).gate('dosing', 'modbus', run))).toBe('scope.outside');
  });

  it.each<[string, (run: ListedRun) => ListedRun]>([
    ['another start of the range', (run) => ({ ...run, instance: 'second' })],
    ['another run', (run) => ({ ...run, run: 'up-2' })],
    ['a plant that was edited', (run) => ({ ...run, plant: { ...run.plant, hash: 'c'.repeat(64) } })],
    [
      'a device that came',
      (run) => ({ ...run, devices: [...run.devices, { ...run.devices[0], id: 'new', role: 'new' }] as never }),
    ],
    ['a device that went', (run) => ({ ...run, devices: run.devices.slice(1) })],
    ['a device that moved', (run) => ({ ...run, devices: run.devices.map((d) => ({ ...d, address: '10.9.1.99' })) })],
    ['a role that moved', (run) => ({ ...run, devices: run.devices.map((d) => ({ ...d, role: `${d.role}-x` })) })],
    ['a gate that moved', (run) => ({ ...run, gates: [{ ...GATE, port: 503 }] })],
    ['a gate that points elsewhere', (run) => ({ ...run, gates: [{ ...GATE, host: '10.0.0.1' }] })],
    ['a gate that went', (run) => ({ ...run, gates: [] })],
  ])('refuses everything once the list has changed: %s', (_, change) => {
    expect(refusal(() => scopeOf().gate('dosing', 'modbus', change(listed())))).toBe('scope.edited');
  });

  it('does not follow a list that is edited behind its back', () => {
    const run = structuredClone(listed()) as { gates: { host: string }[] } & ListedRun;
    const scope = scopeOf(run);
    (run.gates[0] as { host: string }).host = '10.0.0.1';
    expect(refusal(() => scope.gate('dosing', 'modbus', run))).toBe('scope.edited');
    expect(scope.gate('dosing', 'modbus', listed()).host).toBe('127.9.1.13');
  });

  it('lets no name through that is not exactly a registered device with a gate', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('dosing ', 'Dosing', 'dosing-plc/', 'dosing\n')), (name) => {
        fc.pre(name !== 'dosing' && name !== 'dosing-plc');
        expect(refusal(() => scopeOf().gate(name, 'modbus', listed()))).not.toBe('let through');
      }),
    );
  });

  it('lets no host through but two', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.domain(), fc.ipV6(), fc.string()), (host) => {
        fc.pre(host !== '127.0.0.1' && host !== '127.9.1.13');
        const run = listed({ gates: [{ ...GATE, host }] });
        expect(refusal(() => scopeOf(run).gate('dosing', 'modbus', run))).toBe('scope.outside');
      }),
    );
  });
});
