/** One controller that speaks Modbus, S7, DNP3, OPC UA, BACnet and MQTT: every tag is the same over all at the same instant, and a write over each shows on the others. */
import { fileURLToPath } from 'node:url';
import { type Instant, seconds } from '@penstock/core';
import type { Device } from '@penstock/simulator/devices';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, readPlant } from '../index.ts';
import { type Protocol, WireTool } from './wire-tool.ts';

const PROTOCOLS: readonly Protocol[] = ['modbus', 's7', 'dnp3', 'opcua', 'bacnet', 'mqtt'];
const OPERATOR = { name: 'operator', password: 'weir' };
/** A day is compared at full length; an hour shows the same. */
const MINUTES = process.env.PENSTOCK_PROVE === '1' ? 24 * 60 : 60;

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./every-plant', import.meta.url)));
});

function start() {
  const play = new Play({ plant, run: 'test', seed: 7, startAt: 0 as never });
  const { range } = play;
  const controller = (range.devices.get('filter-plc') as Device).controller as NonNullable<Device['controller']>;
  const tool = new WireTool(range, 'scada', 'filter-plc', PROTOCOLS, OPERATOR);
  return {
    tool,
    tags: (range.devices.get('filter-plc') as Device).spec.points
      .filter(({ modbus, s7, dnp3, bacnet }) => modbus && s7 && dnp3 && bacnet)
      .map(({ tag }) => tag),
    held: (tag: string) => controller.variable(tag).get(),
    truth: (tag: string) => range.truth[range.spec.tags.findIndex(({ id }) => id === tag)] as number,
    until: (time: number) => play.runUntil(seconds(time) as number as Instant),
    finish: () => play.finish(),
  };
}

describe('a tag over Modbus, S7, DNP3, OPC UA, BACnet and MQTT', { timeout: 1_800_000 }, () => {
  it(`is the same at the same instant, within its scaling, through ${MINUTES} minutes`, () => {
    const { tool, tags, held, until, finish } = start();
    expect(tags.length).toBe(6);
    until(20);
    let compared = 0;
    const differing = new Set<number>();
    for (let minute = 1; minute <= MINUTES; minute++) {
      // The process has made its step of the second and the controller has seen it; until the next second nothing moves.
      until(60 * minute + 0.2);
      const before = tags.map(held);
      const seen = tags.map(() => new Map<Protocol, number>());
      for (const [at, tag] of tags.entries())
        for (const protocol of PROTOCOLS) tool.read(tag, protocol, (value) => seen[at]?.set(protocol, value));
      until(60 * minute + 0.9);
      expect(tags.map(held)).toEqual(before);
      for (const [at, tag] of tags.entries()) {
        const value = before[at] as number;
        differing.add(value);
        for (const protocol of PROTOCOLS) {
          const read = seen[at]?.get(protocol) ?? Number.NaN;
          expect(Math.abs(read - value), `${tag} over ${protocol} in minute ${minute}`).toBeLessThanOrEqual(
            tool.step(tag, protocol, value),
          );
          compared++;
        }
      }
    }
    expect(compared).toBe(PROTOCOLS.length * tags.length * MINUTES);
    // The tank fills and empties: it was not the same value all the while.
    expect(differing.size).toBeGreaterThan(MINUTES / 2);
    finish();
  });

  it('is published, whenever it changes, as the controller held it at that moment', () => {
    const { tool, tags, held, until, finish } = start();
    until(20);
    /** What was held in the last second and in this one. */
    const lately = new Map(tags.map((tag) => [tag, [held(tag), held(tag)]]));
    const published = new Map(tags.map((tag) => [tag, held(tag)]));
    let heard = 0;
    tool.heard = (tag, value) => {
      heard++;
      published.set(tag, value);
      // The process may have gone a step further while the message was on its way.
      expect([lately.get(tag)?.[1], held(tag)], tag).toContain(value);
    };
    for (let second = 21; second <= 60 * MINUTES; second++) {
      until(second + 0.2);
      for (const tag of tags) lately.set(tag, [lately.get(tag)?.[1] as number, held(tag)]);
      // The node looks once a second.
      if (second % 60 === 0) for (const tag of tags) expect(lately.get(tag), tag).toContain(published.get(tag));
    }
    expect(heard).toBeGreaterThan(60 * MINUTES);
    finish();
  });

  const WRITES: readonly [string, string, number][] = [
    ['a bit', 'LIC101_MODE', 0],
    ['a 32-bit float', 'LIC101_SP', 3.25],
    ['a scaled whole number', 'LIC101_BAND', 0.25],
  ];
  it.each(PROTOCOLS.flatMap((protocol) => WRITES.map((write) => [protocol, ...write] as const)))(
    'written over %s as %s (%s) is shown by the others, and by the controller',
    (protocol, _what, tag, value) => {
      const { tool, held, until, finish } = start();
      until(20);
      const taken: boolean[] = [];
      tool.write(tag, value, protocol, (is) => taken.push(is));
      until(22);
      expect([taken, held(tag)]).toEqual([[true], expect.closeTo(value, 6)]);
      const seen = new Map<Protocol, number>();
      for (const other of PROTOCOLS) tool.read(tag, other, (is) => seen.set(other, is));
      until(24);
      expect(PROTOCOLS.map((other) => [other, seen.get(other)])).toEqual(
        PROTOCOLS.map((other) => [other, expect.closeTo(value, 6)]),
      );
      finish();
    },
  );

  it.each(PROTOCOLS)('moves the plant when it is written over %s', (protocol) => {
    const { tool, truth, until, finish } = start();
    until(20);
    tool.write('LIC101_BAND', 0.5, protocol, () => {});
    tool.write('LIC101_SP', 4, protocol, () => {});
    until(900);
    // With the old set point and band it stays between 2.4 and 2.6 m, with the new ones between 3.5 and 4.1 m.
    expect(truth('LIT101')).toBeGreaterThan(3.4);
    expect(truth('LIT101')).toBeLessThan(4.6);
    finish();
  });

  it.each(PROTOCOLS)('beyond what it accepts is refused over %s, and nothing changes', (protocol) => {
    const { tool, held, until, finish } = start();
    until(20);
    const taken: boolean[] = [];
    tool.write('LIC101_SP', 9, protocol, (is) => taken.push(is));
    until(24);
    // A broker takes what it is given; the node behind it refuses.
    expect([taken, held('LIC101_SP')]).toEqual([[protocol === 'mqtt'], 2.5]);
    finish();
  });
});
