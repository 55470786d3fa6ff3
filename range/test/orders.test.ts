import { fileURLToPath } from 'node:url';
import { type Instant, inSeconds, type PlantSpec, seconds } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  AS_CONTROLLED,
  checkOrder,
  type Order,
  type OrderStatus,
  operableTags,
  type Plant,
  Play,
  performTold,
  positionsOf,
  readPlant,
  type ToldRecord,
} from '../index.ts';

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./small-plant', import.meta.url)));
});

const at = (s: number) => seconds(s) as number as Instant;
const order = (kind: Order['kind'], what: string, value: number | null = null): Order => ({
  kind,
  what,
  value,
  by: 'ann',
});

/** Plays two minutes with orders at given seconds. */
function play(orders: readonly (readonly [number, Order])[]) {
  const told: OrderStatus[] = [];
  const played = new Play({
    ...{ plant, run: 'orders', seed: 3, startAt: at(0) as never },
    monitor: { rules: builtInRules(), mode: 'watch' },
    outside: (run) => {
      for (const [time, what] of orders)
        run.range.queue.outside(at(time), {
          run: (now) => performTold(run, { time: now, kind: 'order', order: what } as ToldRecord),
        });
    },
    onOrder: (status) => told.push(status),
  });
  played.runUntil(at(120));
  const tag = (id: string) => played.range.truth[played.range.engine.tagIndex(id)] as number;
  const after = { level: tag('LIT101'), pump: tag('P101'), setPoint: tag('LIC101_SP') };
  return { told, after, result: played.finish() };
}

describe('an order of an operator', () => {
  it('is written over the SCADA server’s session and moves the plant', () => {
    const { told, after } = play([[10, order('operate', 'LIC101_SP', 3.5)]]);
    expect(told.map(({ outcome, number, by }) => [outcome, number, by])).toEqual([
      ['pending', 1, 'ann'],
      ['done', 1, 'ann'],
    ]);
    expect(inSeconds(told[1]?.ended ?? at(0))).toBeLessThan(11);
    expect(after).toMatchObject({ setPoint: 3.5, pump: 1 });
  });

  it('shows on the wire as the SCADA server’s own write, and is no part of an attack', () => {
    const { result } = play([[10, order('operate', 'LIC101_SP', 3.5)]]);
    expect(result.firstPacket).toBeUndefined();
    const [writer] = result.monitor?.devices.filter(({ writes }) => writes.length > 0) ?? [];
    expect(writer?.id).toBe('scada');
  });

  it('is refused before it is sent when nobody could take it', () => {
    const { spec } = plant;
    expect([...operableTags(spec).keys()]).toEqual(['LIC101_SP', 'LIC101_MODE']);
    expect(() => checkOrder(spec, order('operate', 'LIT101', 1))).toThrow("'LIT101' cannot be written by an operator");
    expect(() => checkOrder(spec, order('operate', 'LIC101_SB', 1))).toThrow("did you mean 'LIC101_SP'?");
    for (const value of [6, -1, null, Number.NaN])
      expect(() => checkOrder(spec, order('operate', 'LIC101_SP', value))).toThrow('LIC101_SP takes 0 to 5 m');
    expect(() => checkOrder({ ...spec, devices: [] } as PlantSpec, order('operate', 'LIC101_SP', 1))).toThrow(
      'no SCADA server',
    );
  });
});

describe('a field action', () => {
  it('takes its time and reads the truth as exactly as its means allow', () => {
    const { told, after } = play([[80, order('field', 'gauge')]]);
    expect(
      told.map(({ outcome, asked, due, ended }) => [outcome, ...[asked, due, ended].map((t) => t && inSeconds(t))]),
    ).toEqual([
      ['pending', 80, 110, undefined],
      ['done', 80, 110, 110],
    ]);
    expect(Math.abs((told[1]?.result ?? 0) - after.level)).toBeLessThan(0.1);
    expect(told[1]?.text).toMatch(/^Level glass at the tank: \d\.\d+ m \(± 0.02\)$/);
  });

  it('at a starter holds the pump whatever the controller says, until it is given back', () => {
    const off = play([
      [10, order('field', 'starter', 0)],
      [20, order('operate', 'LIC101_SP', 4)],
    ]);
    expect(off.after).toMatchObject({ pump: 0, setPoint: 4 });
    const back = play([
      [10, order('field', 'starter', 0)],
      [20, order('operate', 'LIC101_SP', 4)],
      [60, order('field', 'starter', AS_CONTROLLED)],
    ]);
    expect(back.after.pump).toBe(1);
    expect(back.told.at(-1)?.text).toBe('Starter of the fill pump: as the controller says');
  });

  it('of calling the control room hears what is displayed there', () => {
    const { told } = play([[30, order('field', 'call')]]);
    expect(told[1]?.text).toMatch(/^The control room sees LIT101 \d\.\d+ m, P101 (running|stopped)$/);
  });

  it('is refused when there is none, or no such position', () => {
    const { spec } = plant;
    expect(() => checkOrder(spec, order('field', 'sampel'))).toThrow(
      "no field action 'sampel'; it has gauge, starter, call",
    );
    expect(() => checkOrder(spec, order('field', 'gauge', 1))).toThrow('has no positions');
    expect(() => checkOrder(spec, order('field', 'starter', 7))).toThrow(
      '-1 (as the controller says), 0 (off), 1 (hand, on), not 7',
    );
    expect(spec.field.map((action) => positionsOf(action).length)).toEqual([0, 3, 0]);
  });
});

it('the same orders at the same instants give the same run', () => {
  const orders = [
    [10, order('operate', 'LIC101_SP', 3.5)],
    [15, order('field', 'gauge')],
    [40, order('field', 'starter', 0)],
  ] as const;
  const [one, two, none] = [play(orders), play(orders), play([])];
  expect(two.result.hashes).toEqual(one.result.hashes);
  expect(two.told).toEqual(one.told);
  expect(none.result.hashes.capture).not.toBe(one.result.hashes.capture);
});
