/** What the network view calls new is what the monitor has not learned: both name conversations by the addresses of their ends. */
import { fileURLToPath } from 'node:url';
import { type Instant, inSeconds, seconds } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import { Play, readPlant } from '@penstock/range';
import { expect, it } from 'vitest';
import { FlowMeter } from './flow-meter.ts';

const plant = await readPlant(fileURLToPath(new URL('../../range/test/small-plant', import.meta.url)));
const END = seconds(60) as number as Instant;

it('calls no conversation of a plant new that its monitor has learned, and all the others', () => {
  const play = new Play({
    ...{ plant, run: 'flows', seed: 4, startAt: seconds(0) },
    monitor: { rules: builtInRules(), mode: 'learn' },
  });
  const baseline = play.monitor?.baseline;
  const known = (port: number) => (source: string, destination: string, transport: string, to: number) =>
    to !== port && baseline?.knowsConversation(source, destination, transport, to) === true;
  const [all, butModbus] = [0, 502].map((port) => new FlowMeter(plant.spec, play.range.epoch, known(port || -1)));
  for (const meter of [all, butModbus]) if (meter) play.watch(meter);
  play.runUntil(END);
  play.finish();
  const freshOf = (meter: FlowMeter | undefined) =>
    meter?.take(inSeconds(END)).flows.filter(({ fresh }) => fresh) ?? [];
  expect(freshOf(all)).toEqual([]);
  const fresh = freshOf(butModbus);
  expect(fresh.length).toBeGreaterThan(0);
  // Devices are named, whatever was asked of the monitor.
  for (const { from, to, port } of fresh) {
    expect(port).toBe(502);
    for (const end of [from, to]) expect(plant.spec.devices.map(({ id }) => id)).toContain(end);
  }
});
