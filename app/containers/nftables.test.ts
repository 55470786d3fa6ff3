import { spawnSync } from 'node:child_process';
import { loadPlant, type PlantSpec, plantWithOptions } from '@penstock/core';
import { listPlants } from '@penstock/range';
import { describe, expect, it } from 'vitest';
import { layoutOf } from './layout.ts';
import { rulesetOf } from './nftables.ts';

const SMALL = new URL('../../range/test/small-plant', import.meta.url);
const small = loadPlant(SMALL).spec;

/** The rules of one conduit. */
function conduitIn(ruleset: string, id: string): string[] {
  const lines = ruleset.split('\n').map((line) => line.trim());
  const from = lines.findIndex((line) => line.startsWith(`# ${id}, `));
  if (from < 0) return [];
  const rest = lines.slice(from + 1);
  return rest.slice(
    0,
    rest.findIndex((line) => !line.startsWith('ip saddr')),
  );
}

const [scada, tank] = small.devices as [PlantSpec['devices'][number], PlantSpec['devices'][number]];
const withConduits = (conduits: PlantSpec['conduits']): PlantSpec => ({ ...small, conduits });
const way = (more: Partial<PlantSpec['conduits'][number]>): PlantSpec['conduits'][number] => ({
  ...{ id: 'way', from: scada.zone, to: tank.zone, purpose: 'test', diode: false },
  allow: [{ from: [scada.id], to: [tank.id], transport: 'tcp', port: 502 }],
  ...more,
});
const rules = (plant: PlantSpec, revoked: readonly string[] = []): string =>
  rulesetOf(plant, layoutOf(plant), new Set(revoked));
const pair = `ip saddr ${scada.address} ip daddr ${tank.address}`;

describe('the ruleset of a plant', () => {
  it('lets each line of a conduit through from its sources to its destinations at its port, and marks it as the conduit’s', () => {
    const plant = withConduits([
      way({}),
      way({
        id: 'more',
        allow: [
          { from: [scada.id, tank.id], to: [tank.id], transport: 'udp', port: 123 },
          { from: [scada.id], to: [tank.id], transport: 'icmp' },
          { from: [scada.id], to: [tank.id], transport: 'tcp' },
        ],
      }),
    ]);
    expect(conduitIn(rules(plant), 'way')).toEqual([`${pair} tcp dport 502 ct mark set 1 accept`]);
    expect(conduitIn(rules(plant), 'more')).toEqual([
      `ip saddr { ${scada.address}, ${tank.address} } ip daddr ${tank.address} udp dport 123 ct mark set 2 accept`,
      `${pair} icmp type echo-request ct mark set 2 accept`,
      `${pair} meta l4proto tcp ct mark set 2 accept`,
    ]);
  });

  it('lets files through doors: the control connection, and the data connections at the ports that are named', () => {
    const { spec } = loadPlant(new URL('../../range/test/doors-plant', import.meta.url));
    const device = (id: string): string | undefined => spec.devices.find((one) => one.id === id)?.address;
    const text = conduitIn(rules(spec), 'polls').filter((line) => / dport (21|5000\d) /.test(line));
    expect(text).toEqual(
      [21, 50_000, 50_001].map(
        (port) =>
          `ip saddr ${device('engineering')} ip daddr ${device('pump-plc')} tcp dport ${port} ct mark set 1 accept`,
      ),
    );
  });

  it('has everything forwarded, for the firewall and from it dropped unless a rule says otherwise', () => {
    for (const hook of ['forward', 'input', 'output'])
      expect(rules(small)).toContain(`type filter hook ${hook} priority filter; policy drop;`);
  });

  it('replaces what was there in the same transaction', () => {
    const text = rules(small);
    const order = ['table inet penstock\n', 'delete table inet penstock\n', 'table inet penstock {'].map((line) =>
      text.indexOf(line),
    );
    expect(order.every((at, i) => at >= 0 && (i === 0 || at > (order[i - 1] as number)))).toBe(true);
  });

  it('takes a revoked conduit’s rules and the mark that its standing connections bear, and keeps the numbers of the others', () => {
    const plant = withConduits([way({ id: 'first' }), way({ id: 'second' })]);
    expect(rules(plant)).toContain('set open { type mark; elements = { 1, 2 } }');
    const text = rules(plant, ['first']);
    expect(text).toContain('set open { type mark; elements = { 2 } }');
    expect(conduitIn(text, 'first')).toEqual([]);
    expect(conduitIn(text, 'second')).toEqual([`${pair} tcp dport 502 ct mark set 2 accept`]);
    expect(rules(plant, ['first', 'second'])).toContain('set open { type mark; }');
  });

  it('refuses to revoke a conduit that there is not, with those that there are', () => {
    expect(() => rules(withConduits([way({})]), ['other'])).toThrow(/no conduit 'other'; it has way/);
  });

  it('lets nothing back through a diode, not even what is established', () => {
    const text = rules(withConduits([way({}), way({ id: 'one-way', diode: true })]));
    expect(text).toContain('set diodes { type mark; elements = { 2 } }');
    const forward = text.slice(text.indexOf('chain forward'));
    expect(forward.indexOf('ct direction reply ct mark @diodes goto diode')).toBeLessThan(
      forward.indexOf('ct state established,related ct mark @open accept'),
    );
  });

  it('is the plant’s as its options make it: what an option closes is not there', () => {
    for (const { spec } of listPlants())
      for (const [name, option] of Object.entries(spec.options)) {
        if (option.conduit === undefined) continue;
        const open = plantWithOptions(spec, { [name]: true });
        const closed = plantWithOptions(spec, { [name]: false });
        const count = (plant: PlantSpec): number => rules(plant).split('ct mark set').length;
        expect(count(closed), `${spec.id}: ${name}`).toBeLessThan(count(open));
      }
  });

  it('names every source and destination of every conduit of every plant', () => {
    for (const { spec } of listPlants())
      for (const conduit of spec.conduits) {
        const text = conduitIn(rules(spec), conduit.id);
        expect(text).toHaveLength(conduit.allow.length);
        for (const [i, { from, to }] of conduit.allow.entries())
          for (const id of [...from, ...to])
            expect(text[i]).toContain(spec.devices.find((device) => device.id === id)?.address);
      }
  });
});

/** In a network namespace of its own; where neither may be had, the kernel cannot be asked. */
const nft = (args: readonly string[], input = '') =>
  spawnSync('unshare', ['--map-root-user', '--net', 'nft', ...args], { input, encoding: 'utf8', timeout: 60_000 });
const hasNft = nft(['list', 'ruleset']).status === 0;

describe.skipIf(!hasNft)('nft itself', () => {
  it('takes the rules of every plant, with and without a conduit revoked', () => {
    for (const { spec } of [...listPlants(), { spec: small }, { spec: withConduits([]) }])
      for (const revoked of [[], spec.conduits.slice(0, 1).map(({ id }) => id)]) {
        const { status, stderr } = nft(['-f', '-'], rules(spec, revoked));
        expect([status, stderr], spec.id).toEqual([0, '']);
      }
  });
});
