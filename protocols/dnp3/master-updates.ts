/** What a master learns of points out of a response: values with flags and time, in the order in which they stand there. */
import type { AppFragment } from './application.ts';
import { type EventKind, kindOfEventGroup, kindOfGroup } from './outstation-points.ts';
import { type DeviceAttribute, FLAG } from './values.ts';

/** One value of a point. The same object is used for every update: who keeps it copies it. */
export interface PointUpdate {
  kind: EventKind | 'deadband';
  index: number;
  /** Binaries 0 or 1, double-bit inputs `DOUBLE_BIT`; of a command event what was commanded. 0 for octet strings. */
  value: number;
  /** Without state bits; on line where the variation has none. Of a command event its status. */
  flags: number;
  /** Milliseconds since 1970 by the outstation's clock. */
  time: number | undefined;
  /** Whether the outstation's clock was right at that time, as far as its response tells. */
  synchronized: boolean;
  /** A change that was reported, not a state that was read. */
  isEvent: boolean;
  octets: Uint8Array | undefined;
}

export type OnUpdate = (update: PointUpdate) => void;

const update: PointUpdate = {
  kind: 'binary',
  index: 0,
  value: 0,
  flags: 0,
  time: undefined,
  synchronized: true,
  isEvent: false,
  octets: undefined,
};

/** Tells all points of a fragment. @returns how many there were */
export function tellUpdates(fragment: AppFragment, onUpdate: OnUpdate): number {
  let count = 0;
  let common: number | undefined;
  let synchronized = true;
  for (const { group, variation, items } of fragment.objects) {
    const first = items[0]?.value;
    if (group === 51 && first?.type === 'time') {
      common = first.time;
      // Variation 2 is by a clock that nobody set (A.20).
      synchronized = variation === 1;
      continue;
    }
    const eventKind = kindOfEventGroup(group);
    const kind = eventKind ?? kindOfGroup(group) ?? (group === 34 ? 'deadband' : undefined);
    if (kind === undefined) continue;
    update.kind = kind;
    update.isEvent = eventKind !== undefined;
    for (const { index, value } of items) {
      if (value === undefined) continue;
      update.index = index;
      update.octets = undefined;
      update.time = undefined;
      update.synchronized = true;
      update.flags = FLAG.online;
      switch (value.type) {
        case 'binary':
        case 'double-bit':
        case 'counter':
        case 'analog':
          update.value = Number(value.value);
          update.flags = value.flags ?? FLAG.online;
          update.time = value.time;
          if (value.relativeTime !== undefined && common !== undefined) {
            update.time = common + value.relativeTime;
            update.synchronized = synchronized;
          }
          break;
        case 'binary-command-event':
        case 'analog-command-event':
          update.value = Number(value.value);
          update.flags = value.status;
          update.time = value.time;
          break;
        case 'octets':
          update.value = 0;
          update.octets = value.octets;
          break;
        default:
          continue;
      }
      count++;
      onUpdate(update);
    }
  }
  return count;
}

/** Tells what the outstation says of itself (group 0, the standard's own set). */
export function tellAttributes(
  fragment: AppFragment,
  onAttribute: (variation: number, value: DeviceAttribute) => void,
) {
  for (const { group, variation, items } of fragment.objects)
    for (const { index, value } of items)
      if (group === 0 && index === 0 && value?.type === 'attribute') onAttribute(variation, value);
}
