/** The drinking-water works: one tag over Modbus, S7 and DNP3 at the same instant, and a write over each that the others show. */

import { type PointSpec, seconds } from '@penstock/core';
import { allOf } from '@penstock/protocols/dnp3';
import type { Device } from '@penstock/simulator/devices';
import type { PointSession } from '@penstock/simulator/kernel';
import { beforeAll, describe, expect, it } from 'vitest';
import { openPlant, type Plant, Play } from '../index.ts';
import { CAUSE, GROUPS, type Protocol, WireTool } from './wire-tool.ts';

/** A day is compared at full length; half an hour shows the same. */
const PROVE = process.env.PENSTOCK_PROVE === '1';
const LOOKS = PROVE ? 144 : 3;
const EVERY = 600;
const PATIENCE = { timeout: 1_800_000 };

let plant: Plant;
beforeAll(async () => {
  plant = await openPlant('drinking-water');
});

function start() {
  const play = new Play({ plant, run: 'test', seed: 5, startAt: seconds(9 * 3600) });
  const { range } = play;
  const index = new Map(range.spec.tags.map(({ id }, i) => [id, i]));
  const device = (id: string) => range.devices.get(id) as Device;
  return {
    range,
    run: (duration: number) => play.runUntil((range.queue.now + duration * 1e6) as never),
    device,
    held: (id: string, tag: string) => (device(id).controller as NonNullable<Device['controller']>).variable(tag).get(),
    shown: (tag: string) => range.displayed.values[index.get(tag) as number] as number,
    truth: (tag: string) => range.truth[range.engine.tagIndex(tag)] as number,
    points: (from: string, to: string) => range.foothold(from).points?.(to, CAUSE) as PointSession,
    tool: (from: string, to: string, ...over: Protocol[]) => new WireTool(range, from, to, over),
    finish: () => play.finish(),
  };
}

/** What the controller held while somebody asked: of one value, or of the few that it had meanwhile. */
class Meanwhile {
  readonly #held: () => number;
  #low: number;
  #high: number;

  constructor(held: () => number) {
    this.#held = held;
    this.#low = held();
    this.#high = this.#low;
  }

  look(): void {
    const value = this.#held();
    if (value < this.#low) this.#low = value;
    if (value > this.#high) this.#high = value;
  }

  /** By how much a value lies outside. */
  miss(value: number): number {
    return Math.max(this.#low - value, value - this.#high, 0);
  }
}

describe("the filters' controller", PATIENCE, () => {
  it(`says the same over S7 and Modbus, and both what it holds, at ${LOOKS} instants of ${(LOOKS * EVERY) / 3600} h`, () => {
    const works = start();
    const both = works.device('filters-plc').spec.points.filter(({ modbus, s7 }) => modbus && s7);
    expect(both.length).toBeGreaterThan(40);
    works.run(30);
    const tools = [
      ['modbus', works.tool('intake-plc', 'filters-plc', 'modbus')],
      ['s7', works.tool('scada', 'filters-plc', 's7')],
    ] as const;
    let compared = 0;
    for (let look = 0; look < LOOKS; look++) {
      works.run(EVERY - 1);
      for (const { tag } of both) {
        const held = new Meanwhile(() => works.held('filters-plc', tag));
        const seen = new Map<Protocol, number>();
        for (const [protocol, tool] of tools)
          tool.read(tag, protocol, (value) => {
            held.look();
            seen.set(protocol, value);
          });
        for (let tenth = 0; seen.size < tools.length && tenth < 100; tenth++) works.run(0.01);
        for (const [protocol, tool] of tools) {
          const value = seen.get(protocol) ?? Number.NaN;
          expect(held.miss(value), `${tag} over ${protocol}`).toBeLessThanOrEqual(tool.step(tag, protocol, value));
          compared++;
        }
      }
    }
    expect(compared).toBe(2 * LOOKS * both.length);
    works.finish();
  });

  it.each([
    ['s7', 'modbus'],
    ['modbus', 's7'],
  ] as const)('takes bits, floats, whole numbers and times over %s, and shows them over %s', (over, other) => {
    const works = start();
    const from = { s7: 'scada', modbus: 'engineering-workstation' } as const;
    const tools = { s7: works.tool('scada', 'filters-plc', 's7') };
    const writer = over === 's7' ? tools.s7 : works.tool(from[over], 'filters-plc', over);
    const reader = other === 's7' ? tools.s7 : works.tool('intake-plc', 'filters-plc', other);
    works.run(20);
    const orders: [string, number][] = [
      ['HS222', 0],
      ['LIC210_SP', 1.62],
      ['KIC210_SP', 51.5],
      ['KIC231_SP', 480],
    ];
    const taken: string[] = [];
    for (const [tag, value] of orders) {
      writer.write(tag, value, over, (is) => taken.push(`${tag} ${is}`));
      works.run(2);
    }
    expect(taken).toEqual(orders.map(([tag]) => `${tag} true`));
    const seen = new Map<string, number>();
    for (const [tag] of orders) reader.read(tag, other, (value) => seen.set(tag, value));
    works.run(6);
    for (const [tag, value] of orders) {
      expect([tag, seen.get(tag)]).toEqual([tag, expect.closeTo(value, 3)]);
      expect([tag, works.held('filters-plc', tag)]).toEqual([tag, expect.closeTo(value, 3)]);
      expect([tag, works.shown(tag)]).toEqual([tag, expect.closeTo(value, 3)]);
    }
    works.run(1800);
    // The other filter carries all, at the level that it was told.
    expect(works.truth('FIT221')).toBeLessThan(1);
    expect(works.truth('FIT211')).toBeGreaterThan(100);
    expect(works.truth('LIT211')).toBeGreaterThan(1.56);
    works.finish();
  });
});

describe('the remote stations', PATIENCE, () => {
  const STATIONS = [
    ['tower-rtu', 'distribution-plc'],
    ['booster-rtu', 'scada'],
  ] as const;
  const ASKED = Object.values(GROUPS).map((group) => allOf(group, 0));

  it(`say over DNP3 what they hold when their masters ask, at ${LOOKS} instants of ${(LOOKS * EVERY) / 3600} h`, () => {
    const works = start();
    works.run(60);
    let [compared, asked] = [0, 0];
    for (let look = 0; look < LOOKS; look++) {
      works.run(EVERY - 10);
      for (const [id, master] of STATIONS) {
        const points = works.device(id).spec.points.filter(({ dnp3 }) => dnp3 !== undefined);
        const held = new Map(points.map(({ tag }) => [tag, new Meanwhile(() => works.held(id, tag))]));
        let seen: readonly { readonly group: number; readonly index: number; readonly value: number }[] = [];
        const session = works.range.foothold(master).dnp3?.(id, CAUSE);
        session?.read(ASKED, CAUSE, ({ values }) => {
          seen = values;
        });
        // Over the radio it takes a while, so that some values move on meanwhile.
        for (let tenth = 0; seen.length === 0 && tenth < 300; tenth++) {
          works.run(0.1);
          for (const one of held.values()) one.look();
        }
        asked++;
        for (const { tag, dnp3 } of points) {
          const { kind, index, scale, offset } = dnp3 as NonNullable<PointSpec['dnp3']>;
          const found = seen.find((one) => one.group === GROUPS[kind] && one.index === index);
          const value = (found?.value ?? Number.NaN) * scale + offset;
          expect(held.get(tag)?.miss(value), `${tag} of ${id}`).toBeLessThanOrEqual(Math.abs(value) * 2 ** -22);
          compared++;
        }
      }
    }
    expect(asked).toBe(2 * LOOKS);
    expect(compared).toBeGreaterThan(50 * LOOKS);
    works.finish();
  });

  it('report within the dead band of their own accord, and the distribution controller says it on by Modbus', () => {
    const works = start();
    const bands = new Map(
      STATIONS.flatMap(([id]) =>
        works.device(id).spec.points.map(({ tag, dnp3 }) => [tag, dnp3?.deadBand ?? 0] as const),
      ),
    );
    works.run(60);
    const modbus = works.tool('intake-plc', 'distribution-plc', 'modbus');
    const said = new Set(
      works
        .device('distribution-plc')
        .spec.points.filter((point) => point.modbus)
        .map(({ tag }) => tag),
    );
    const stations: [string, string[]][] = [
      ['tower-rtu', ['LIT601', 'FIT601', 'PIT601', 'AIT601', 'XA601', 'XS601']],
      ['booster-rtu', ['LIT701', 'FIT702', 'PIT701', 'PIT703', 'XS701', 'XS702', 'LIC701_ON', 'LIC701_MODE', 'HS703']],
    ];
    let onward = 0;
    for (let look = 0; look < LOOKS; look++) {
      works.run(EVERY - 2);
      for (const [id, tags] of stations)
        for (const tag of tags) {
          const held = works.held(id, tag);
          const noise = works.range.spec.tags.find((one) => one.id === tag)?.sensor?.noise ?? 0;
          const near = (bands.get(tag) ?? 0) + 8 * noise;
          expect(Math.abs(works.shown(tag) - held), `${tag} in look ${look}`).toBeLessThanOrEqual(near + 1e-3);
          if (id !== 'tower-rtu') continue;
          expect(Math.abs(works.held('distribution-plc', tag) - held)).toBeLessThanOrEqual(near + 1e-3);
          if (!said.has(tag)) continue;
          const copy = new Meanwhile(() => works.held('distribution-plc', tag));
          modbus.read(tag, 'modbus', (value) => {
            copy.look();
            expect(copy.miss(value), `${tag} by Modbus`).toBeLessThanOrEqual(modbus.step(tag, 'modbus', value));
            onward++;
          });
        }
      works.run(2);
    }
    expect(onward).toBeGreaterThanOrEqual(4 * LOOKS);
    works.finish();
  });

  it('take orders by select and operate, move by them and show them; local takes none', () => {
    const works = start();
    works.run(30);
    const accepted: string[] = [];
    const order = (tag: string, value: number) =>
      works.points('scada', 'booster-rtu').write(tag, value, (taken) => accepted.push(`${tag} ${taken}`));
    order('LIC701_MODE', 0);
    works.run(5);
    order('HS712', 1);
    order('LIC701_OFF', 3.5);
    works.run(30);
    expect(accepted.toSorted()).toEqual(['HS712 true', 'LIC701_MODE true', 'LIC701_OFF true']);
    expect(['LIC701_MODE', 'HS712', 'LIC701_OFF', 'XS702'].map((tag) => works.shown(tag))).toEqual([0, 1, 3.5, 1]);
    expect(works.truth('FIT701')).toBeGreaterThan(30);
    works.device('booster-rtu').variable('HS703')?.set(0);
    works.run(5);
    order('LIC701_OFF', 3.7);
    works.run(30);
    expect([works.held('booster-rtu', 'LIC701_MODE'), works.held('booster-rtu', 'LIC701_OFF')]).toEqual([
      1,
      expect.closeTo(3.4, 5),
    ]);
    expect(works.shown('HS703')).toBe(0);
    works.finish();
  });

  it('go on by themselves while their radio is out, and report what they kept', () => {
    const works = start();
    works.run(60);
    works.device('tower-rtu').linkDown();
    works.device('booster-rtu').linkDown();
    works.run(400);
    expect([works.held('distribution-plc', 'XA592'), works.held('booster-rtu', 'XA705')]).toEqual([1, 1]);
    works.device('tower-rtu').linkUp();
    works.device('booster-rtu').linkUp();
    works.run(150);
    expect([works.held('distribution-plc', 'XA592'), works.held('booster-rtu', 'XA705')]).toEqual([0, 0]);
    expect(Math.abs(works.shown('LIT601') - works.held('tower-rtu', 'LIT601'))).toBeLessThan(0.05);
    works.finish();
  });
});
