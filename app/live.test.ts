import { fileURLToPath } from 'node:url';
import { type Instant, seconds } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import { Play, readPlant } from '@penstock/range';
import { expect, it } from 'vitest';
import { pace } from './live.ts';
import { playVirtually } from './virtual.ts';

const plant = await readPlant(fileURLToPath(new URL('../range/test/small-plant', import.meta.url)));
const END = seconds(80) as number as Instant;

const play = () =>
  new Play({
    ...{ plant, run: 'paced', seed: 4, startAt: seconds(0) },
    monitor: { rules: builtInRules(), mode: 'watch' },
  });

it('a run in real time ends exactly where the same run in virtual time does, byte for byte', async () => {
  const live = play();
  const began = performance.now();
  await pace(live, 100, END);
  expect(performance.now() - began).toBeGreaterThan(790);
  const virtual = play();
  const told: number[] = [];
  playVirtually(virtual, END, (share) => told.push(share));
  expect(live.range.queue.now).toBe(END);
  expect(live.finish()).toEqual(virtual.finish());
  expect(told).toEqual([]);
});

it('a long virtual run tells how far it is', () => {
  const told: number[] = [];
  const long = play();
  playVirtually(long, seconds(1500) as number as Instant, (share) => told.push(share));
  long.finish();
  expect(told).toEqual([0.4, 0.8]);
});
