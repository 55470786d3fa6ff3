import { type Instant, type PlantSpec, seconds } from '@penstock/core';
import { type Device, TagStore } from '@penstock/simulator/devices';
import { describe, expect, it } from 'vitest';
import { ViewWatch } from '../view.ts';

/** A viewer that polls one level of a controller once a second; `shown` and `held` by the second. */
function watch(
  run: number,
  shown: (s: number) => number | undefined,
  held: (s: number) => number,
  dnp3?: Record<string, unknown>,
) {
  let now = 0;
  const point = { tag: 'LIT101', ...(dnp3 ? { dnp3 } : { modbus: { table: 'input', address: 0, type: 'float32' } }) };
  const plant = {
    tags: [
      { id: 'XX1', range: [0, 1] },
      { id: 'LIT101', range: [0, 10] },
    ],
    devices: [{ id: 'plc', points: [{ tag: 'XX1' }, point] }],
  } as unknown as PlantSpec;
  const store = new TagStore(2);
  const viewer = {
    spec: {
      polls: [
        dnp3
          ? { device: 'plc', protocol: 'dnp3', every: seconds(1) }
          : { device: 'plc', protocol: 'modbus', every: seconds(1), reads: [{ table: 'input', address: 0, count: 2 }] },
      ],
    },
    store,
  } as unknown as Device;
  const plc = { points: { read: () => held(now) } } as unknown as Device;
  const view = new ViewWatch(plant, viewer, new Map([['plc', plc]]));
  for (now = 1; now <= run; now++) {
    const value = shown(now);
    const at = seconds(now) as number as Instant;
    if (value !== undefined) store.put(1, value, at);
    view.update(at);
  }
  return view;
}

describe('what is shown, held against what the controller has', () => {
  it('is the same as long as it stems from one of the last polls', () => {
    const { manipulated, lost } = watch(
      300,
      (s) => s - 2,
      (s) => s,
    );
    expect([manipulated, lost]).toEqual([[], []]);
  });

  it('is looked at over DNP3 where its changes are reported, and not where it comes once an hour', () => {
    const apart = (dnp3: Record<string, unknown>) =>
      watch(
        300,
        () => 5,
        () => 1,
        dnp3,
      ).manipulated.length;
    expect(apart({ kind: 'analog', index: 0 })).toBe(1);
    expect(apart({ kind: 'analog-output', index: 0, class: 1 })).toBe(1);
    expect(apart({ kind: 'analog-output', index: 0 })).toBe(0);
    expect(apart({ kind: 'analog', index: 0, class: 0 })).toBe(0);
  });

  it('is a lie when it stays apart for a minute, from when it began, with the greatest difference', () => {
    const { manipulated } = watch(
      300,
      (s) => (s > 100 && s <= 200 ? 5 : s / 100),
      (s) => s / 100,
    );
    expect(manipulated).toEqual(
      [{ tag: 'LIT101', from: 100, until: 201, displayed: 5, measured: 1.01 }].map((e) => ({
        ...e,
        measured: expect.closeTo(1.6, 1),
      })),
    );
  });

  it('is none when it is apart for less', () => {
    expect(
      watch(
        300,
        (s) => (s > 100 && s <= 150 ? 5 : 1),
        () => 1,
      ).manipulated,
    ).toEqual([]);
  });

  it('is the same within what nobody could see', () => {
    expect(
      watch(
        300,
        () => 1.04,
        () => 1,
      ).manipulated,
    ).toEqual([]);
    expect(
      watch(
        300,
        () => 1.06,
        () => 1,
      ).manipulated,
    ).toHaveLength(1);
  });

  it('is lost when nothing arrives any more, and a value that is old is no lie', () => {
    const { lost, manipulated } = watch(
      300,
      (s) => (s < 100 ? 1 : undefined),
      (s) => (s < 100 ? 1 : 9),
    );
    expect(lost).toEqual([{ tag: 'LIT101', from: expect.closeTo(105, 0), until: null, displayed: 1, measured: 9 }]);
    expect(manipulated).toEqual([]);
  });

  it('is not lost that never was there', () => {
    expect(
      watch(
        300,
        () => undefined,
        () => 1,
      ).lost,
    ).toEqual([]);
  });

  it('keeps a thousand episodes and counts the rest', () => {
    const { manipulated, dropped } = watch(
      75 * 1010,
      (s) => (s % 75 < 68 ? 5 : 1),
      () => 1,
    );
    expect(manipulated).toHaveLength(1000);
    expect(dropped).toBeGreaterThan(5);
  });
});
