import { type PlantSpec, plantSchema } from '@penstock/core';
import { formatMac, parseIpv4 } from '@penstock/protocols/ethernet';
import { describe, expect, test } from 'vitest';
import { buildNetwork, EventQueue } from '../index.ts';
import { pattern, watch } from './plant.ts';

const identity = { vendor: 'V', productCode: 'P', revision: '1', productName: 'N', modelName: 'M' };
const device = (id: string, kind: string, zone: string, address: string, mac: string, more = {}) => ({
  id,
  name: id,
  kind,
  role: id,
  zone,
  address,
  mac,
  identity,
  ...more,
});

function plant(change: (data: ReturnType<typeof raw>) => void = () => {}): PlantSpec {
  const data = raw();
  change(data);
  return plantSchema.parse(data);
}

const raw = () => ({
  id: 'works',
  name: 'Works',
  summary: 'A works.',
  process: { module: './process.ts', step: '1s' },
  epoch: '2025-01-06T00:00:00Z',
  areas: [{ id: 'all', name: 'All' }],
  zones: [
    { id: 'control', name: 'Control', level: 1, subnet: '10.20.1.0/24', targetSecurityLevel: 2, latency: '100us' },
    { id: 'office', name: 'Office', level: 4, subnet: '10.20.4.0/24', targetSecurityLevel: 1 },
  ],
  conduits: [
    {
      id: 'control-office',
      from: 'control',
      to: 'office',
      purpose: 'reports',
      allow: [{ from: ['scada'], to: ['desk'], port: 80 }],
    },
  ],
  tags: [{ id: 'LIT101', name: 'Level', area: 'all', kind: 'measurement', unit: 'm', range: [0, 5] }],
  devices: [
    device('plc', 'plc', 'control', '10.20.1.13', '00:80:f4:00:00:13'),
    device('scada', 'scada', 'control', '10.20.1.20', '00:50:56:00:00:20'),
    device('laptop', 'workstation', 'control', '10.20.1.90', '00:50:56:00:00:90', { absent: true }),
    device('desk', 'workstation', 'office', '10.20.4.30', '00:50:56:00:04:30'),
    device('edge', 'firewall', 'control', '10.20.1.1', '00:90:0b:00:00:01'),
  ],
  network: {},
});

describe('the network of a plant', () => {
  test('has a segment a zone, a host a device, and a firewall on each segment', () => {
    const { wire, host, firewall } = buildNetwork(new EventQueue(), plant(), 7);
    expect(wire.tap.epoch).toBe(Date.UTC(2025, 0, 6) * 1000);
    expect(wire.segments.map((s) => [s.id, s.latency])).toEqual([
      ['control', 100],
      ['office', 25],
    ]);
    expect(host('plc').address).toBe(parseIpv4('10.20.1.13'));
    expect([host('plc').profile.timeToLive, host('scada').profile.timeToLive]).toEqual([64, 128]);
    expect([host('plc').up, host('laptop').up]).toEqual([true, false]);
    expect(firewall?.interfaces.map((i) => [i.segment.id, formatMac(i.mac)])).toEqual([
      ['control', '00:90:0b:00:00:01'],
      ['office', '00:90:0b:00:00:02'],
    ]);
    expect(host('edge')).toBe(firewall);
  });

  test('lets through what its conduits allow', () => {
    const queue = new EventQueue();
    const { host } = buildNetwork(queue, plant(), 7);
    const connect = (from: string, to: string, port: number) => {
      const { log, handler, bytes } = watch();
      host(from).connect(host(to).address, port, handler).send(pattern(3));
      return { log, bytes };
    };
    for (const id of ['plc', 'desk', 'scada'])
      host(id).listen(80, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
    const allowed = connect('scada', 'desk', 80);
    const others = [connect('scada', 'desk', 81), connect('plc', 'desk', 80), connect('desk', 'scada', 80)];
    queue.runUntil(20e6 as never);
    expect(allowed.bytes).toHaveLength(3);
    expect(others.map((o) => o.log)).toEqual([['timeout'], ['timeout'], ['timeout']]);
  });

  test('takes guests at the highest free address, or where it is told', () => {
    const { addGuest, wire } = buildNetwork(new EventQueue(), plant(), 7);
    expect(addGuest('trainee', 'office').address).toBe(parseIpv4('10.20.4.254'));
    expect(addGuest('intruder', 'office').address).toBe(parseIpv4('10.20.4.253'));
    expect(addGuest('box', 'control', '10.20.1.66').address).toBe(parseIpv4('10.20.1.66'));
    expect(() => addGuest('box2', 'control', '10.20.1.66')).toThrow(expect.objectContaining({ id: 'wire.address' }));
    expect(new Set(wire.hosts.map((h) => h.mac)).size).toBe(wire.hosts.length);
  });

  test('needs no firewall for one zone, and makes one for several', () => {
    const one = plant((p) => {
      p.zones = p.zones.slice(0, 1);
      p.devices = p.devices.slice(0, 2);
      p.conduits = [];
    });
    expect(buildNetwork(new EventQueue(), one, 7).firewall).toBeUndefined();
    const two = plant((p) => void p.devices.pop());
    expect(buildNetwork(new EventQueue(), two, 7).firewall?.interfaces).toHaveLength(2);
  });

  test('refuses a firewall that is not first in its zone, and conduits for nobody', () => {
    const misplaced = plant((p) => {
      (p.devices[4] as { address: string }).address = '10.20.1.9';
    });
    expect(() => buildNetwork(new EventQueue(), misplaced, 7)).toThrow(
      expect.objectContaining({ id: 'network.firewall' }),
    );
    const nobody = plant((p) => void p.conduits[0]?.allow[0]?.from.push('ghost'));
    expect(() => buildNetwork(new EventQueue(), nobody, 7)).toThrow(expect.objectContaining({ id: 'network.conduit' }));
  });
});
