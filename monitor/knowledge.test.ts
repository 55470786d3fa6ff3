import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Calendar, cidrTest, Hosts } from './hosts.ts';
import { type OwnerKnowledge, parseKnowledge } from './knowledge.ts';
import { DOSING, knowledge, MONDAY, order, SCADA, WORKSTATION } from './test/works.ts';

const text = (change: (data: OwnerKnowledge) => void = () => {}): string => {
  const data = structuredClone(knowledge([order(['dosing-plc'], 0, 60)]));
  change(data);
  return JSON.stringify(data, undefined, 1);
};

describe("the owner's documents", () => {
  it('are read from JSON', () => {
    expect(parseKnowledge(text(), 'works.json')).toEqual(knowledge([order(['dosing-plc'], 0, 60)]));
  });

  it.each<[string, (data: OwnerKnowledge) => void, string]>([
    ['an unknown zone', (d) => Object.assign(d.assets[0] as object, { zone: 'nowhere' }), "there is no zone 'nowhere'"],
    [
      'an asset that stands twice',
      (d) => Object.assign(d.assets[1] as object, { id: 'scada' }),
      "asset 'scada' stands twice",
    ],
    [
      'an address of two assets',
      (d) => Object.assign(d.assets[1] as object, { address: SCADA }),
      `${SCADA} belongs to 'scada' already`,
    ],
    [
      'a point of no asset',
      (d) => Object.assign(d.points[0] as object, { device: 'plc-9' }),
      "there is no asset 'plc-9'",
    ],
    [
      'an invariant over a tag that no point carries',
      (d) =>
        Object.assign(d, {
          tags: [...d.tags, { ...d.tags[0], id: 'XIC999' }],
          invariants: [{ id: 'a', name: 'A', holds: 'XIC999 > 1' }],
        }),
      'no device has a point for XIC999',
    ],
    ['a point of no tag', (d) => Object.assign(d.points[0] as object, { tag: 'XIC999' }), "there is no tag 'XIC999'"],
    [
      'work on no asset',
      (d) => Object.assign(d.workOrders[0] as object, { devices: ['plc-9'] }),
      "names no known asset: 'plc-9'",
    ],
    [
      'work that ends before it begins',
      (d) => Object.assign(d.workOrders[0] as object, { to: '2020-01-01T00:00:00Z' }),
      'ends before it begins',
    ],
    [
      'a reversed range',
      (d) => Object.assign(d.tags[0] as object, { range: [20, 0] }),
      'a band is [low, high] with low not above high',
    ],
    ['an unknown key', (d) => Object.assign(d.tags[0] as object, { limits: [0, 1] }), "unknown key 'limits'"],
  ])('are refused with %s, by line', (_, change, message) => {
    expect(() => parseKnowledge(text(change), 'works.json')).toThrow(message);
    expect(() => parseKnowledge(text(change), 'works.json')).toThrow(/works\.json:\d+:\d+: /);
  });
});

describe('hosts', () => {
  it('are known by asset list and zone, and by nothing without them', () => {
    const hosts = new Hosts(knowledge());
    expect(hosts.at(DOSING)).toMatchObject({
      id: 'dosing-plc',
      zone: 'control',
      level: 1,
      known: true,
      criticality: 'high',
    });
    expect(hosts.at('10.10.1.77')).toMatchObject({ id: undefined, label: '10.10.1.77', zone: 'control', known: false });
    expect(new Hosts({ ...knowledge(), assets: [], zones: [] }).at(DOSING)).toMatchObject({
      known: undefined,
      zone: undefined,
    });
  });

  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['2001:db8::/32', '2001:db8:1::5', true],
    ['2001:db8::/32', '2001:db9::5', false],
    ['10.0.0.5', '10.0.0.5', true],
  ])('%s holds %s: %s', (subnet, address, inside) => {
    expect(cidrTest(subnet)?.(address)).toBe(inside);
  });

  it('never take nonsense for a subnet or an address', () => {
    for (const subnet of [
      '10.0.0/8',
      '10.0.0.0/33',
      '10.0.0.0/',
      'x',
      '1::2::3/9',
      ':::/4',
      '300.0.0.0/8',
      '10.0.0.0/8/8',
    ])
      expect(cidrTest(subnet), subnet).toBeUndefined();
    fc.assert(fc.property(fc.string(), (noise) => cidrTest('10.0.0.0/8')?.(noise) !== undefined));
  });
});

describe('work-order calendar', () => {
  it('says which order covers device and source, on event time', () => {
    const calendar = new Calendar(
      new Hosts(
        knowledge([
          order(['dosing-plc'], 100, 200, ['engineering']),
          { ...order(['filter-plc'], 150, 250), kind: 'maintenance' },
        ]),
      ),
    );
    const at = (seconds: number, device: string, source: string): string | undefined => {
      calendar.advance(MONDAY + seconds * 1e6);
      return calendar.order(device, source)?.id;
    };
    expect(at(99, DOSING, WORKSTATION)).toBeUndefined();
    expect(at(100, DOSING, WORKSTATION)).toBe('WO-1');
    expect(at(100, DOSING, SCADA)).toBeUndefined();
    expect(calendar.maintenance('10.10.1.12')).toBe(false);
    expect(at(160, '10.10.1.12', SCADA)).toBe('WO-1');
    expect(calendar.maintenance('10.10.1.12')).toBe(true);
    expect(at(200, DOSING, WORKSTATION)).toBeUndefined();
    expect(new Calendar(new Hosts(knowledge())).maintenance(DOSING)).toBeUndefined();
  });
});
