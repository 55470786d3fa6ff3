/** A plant whose controller speaks S7: what is polled, what is written, and the same tag over two protocols. */
import { fileURLToPath } from 'node:url';
import { seconds } from '@penstock/core';
import type { Device } from '@penstock/simulator/devices';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, type PlayRequest, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./filter-plant', import.meta.url)));
});

const start = (change: Partial<PlayRequest> = {}): Play =>
  new Play({ plant, run: 'test', seed: 7, startAt: 0 as never, ...change });

describe('a controller that is polled over S7', () => {
  it('keeps the displayed values fresh', () => {
    const play = start();
    play.runUntil(at(60));
    const { range } = play;
    const index = (tag: string): number => range.spec.tags.findIndex(({ id }) => id === tag);
    const controller = (range.devices.get('filter-plc') as Device).controller as NonNullable<Device['controller']>;
    const shown = (tag: string): number => range.displayed.values[index(tag)] as number;
    expect(shown('LIT101')).toBeCloseTo(controller.variable('LIT101').get(), 1);
    expect([shown('LIC101_SP'), shown('LIC101_MODE'), shown('P101')]).toEqual([
      2.5,
      1,
      controller.variable('P101').get(),
    ]);
    expect(shown('FIC101')).toBeCloseTo(shown('LIT101'), 1);
    for (const tag of ['LIT101', 'LIC101_SP', 'LIC101_MODE', 'FIC101'])
      expect((range.queue.now - (range.displayed.times[index(tag)] as number)) / 1e6).toBeLessThan(2);
    play.finish();
  });

  it('is the same byte for byte when run again', () => {
    const hashes = () => {
      const play = start();
      play.runUntil(at(100));
      return play.finish().hashes;
    };
    expect(hashes()).toEqual(hashes());
  });
});
