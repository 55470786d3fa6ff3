/** Whether displayed values are live: how often each should come, as the plant's polls and feeds say. */
import { type DeviceSpec, type Duration, NEVER, type PlantSpec, pollReads } from '@penstock/core';

/** A value that did not come for so many of its periods is stale. */
const PERIODS = 3;

/**
 * How long the displayed value of each tag of `plant` may be old on the device `displaying`, in microseconds, in the order of the
 * plant's tags; `NEVER` for a tag that comes when it changes or not at all.
 */
export function toleratedAges(plant: PlantSpec, displaying: string): Float64Array {
  const ages = new Map<string, number>();
  const comes = (tag: string, every: Duration): void => {
    ages.set(tag, Math.min(ages.get(tag) ?? NEVER, PERIODS * every));
  };
  for (const device of plant.devices) {
    if (device.id === displaying) for (const [tag, every] of polledTags(plant, device)) comes(tag, every);
    for (const feed of device.feeds) {
      const [from, to] = feed.mode === 'push' ? [device.id, feed.device] : [feed.device, device.id];
      if (to === displaying && from !== to) for (const tag of feed.tags ?? []) comes(tag, feed.every);
    }
  }
  return Float64Array.from(plant.tags, (tag) => ages.get(tag.id) ?? NEVER);
}

/** Tags whose points lie in blocks that a device reads, with the period of the block. */
function polledTags(plant: PlantSpec, device: DeviceSpec): [string, Duration][] {
  return device.polls.flatMap((poll) => {
    const points = plant.devices.find((d) => d.id === poll.device)?.points ?? [];
    return points.filter((point) => pollReads(poll, point)).map((point): [string, Duration] => [point.tag, poll.every]);
  });
}
