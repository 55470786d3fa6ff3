/** The part of the plant check that looks at points in S7 memory. */
import type { DeviceSpec, PointSpec } from './plant.ts';
import type { PlantCheck } from './plant-check.ts';
import { serviceOf } from './plant-check-polls.ts';
import { lengthInArea, s7AreaText } from './plant-polls.ts';
import type { S7Point } from './plant-s7.ts';
import { S7_TYPES } from './s7-types.ts';
import type { ValuePath } from './yaml-source.ts';

/** Types that only counters and timers have, and areas that hold nothing else. */
const OF_AREA: Readonly<Record<string, S7Point['type']>> = { C: 'counter', T: 'timer' };

/** Notes what is wrong with one point. `memory`: which tag has which place so far. */
export function checkS7Point(
  check: PlantCheck,
  device: DeviceSpec,
  { tag, writable }: PointSpec,
  point: S7Point,
  memory: Map<string, string>,
  path: ValuePath,
): void {
  const { area, db, byte, bit, type, scale } = point;
  if (serviceOf(device, 's7') === undefined)
    check.wrong(path, 'point', `${device.id} offers no s7 service, so nobody could read ${tag} there`);
  if ((area === 'DB') !== (db !== undefined))
    check.wrong(
      path,
      'point',
      area === 'DB' ? `${tag} is in a data block; say which with 'db'` : `${tag} is in area ${area}, which has no 'db'`,
    );
  const wanted = OF_AREA[area];
  const isCounted = type === 'counter' || type === 'timer';
  if (wanted === undefined ? isCounted : type !== wanted)
    check.wrong([...path, 'type'], 'point', `${tag} is ${type} in area ${area}; area C holds counters and T timers`);
  if ((type === 'bool') !== (bit !== undefined))
    check.wrong(
      path,
      'point',
      type === 'bool' ? `${tag} is a bool; say which 'bit' of the byte` : `${tag} is ${type}, which has no 'bit'`,
    );
  if (writable && area === 'I')
    check.wrong([...path, 'area'], 'point', `${tag} is writable, but inputs follow the field; use DB, M or Q`);
  if (byte + lengthInArea(point) > 0x1_0000)
    check.wrong([...path, 'byte'], 'point', `${tag} at ${s7AreaText(point)} ${byte} would end beyond byte 65535`);
  checkOverlap(check, device, tag, point, memory, path);
  const spec = check.tags.get(tag);
  if (spec === undefined) return;
  const { low, high } = S7_TYPES[type];
  const [from, to] = spec.range.map((value) => Math.round(value / scale)) as [number, number];
  if (from < low || to > high)
    check.wrong(
      [...path, 'type'],
      'point-range',
      `${tag} from ${spec.range[0]} to ${spec.range[1]} is raw ${from} to ${to} at scale ${scale}, which ${type} does not hold`,
    );
}

/** Bits may share a byte with each other, and with nothing else. */
function checkOverlap(
  check: PlantCheck,
  device: DeviceSpec,
  tag: string,
  point: S7Point,
  memory: Map<string, string>,
  path: ValuePath,
): void {
  const place = s7AreaText(point);
  for (let at = point.byte; at < point.byte + lengthInArea(point); at++) {
    const bits = point.bit === undefined ? [0, 1, 2, 3, 4, 5, 6, 7] : [point.bit];
    for (const bit of bits) {
      const key = `${place} ${at}.${bit}`;
      const other = memory.get(key);
      if (other !== undefined && other !== tag) {
        check.wrong([...path, 'byte'], 'point-overlap', `${key} of ${device.id} belongs to ${other} already`);
        return;
      }
      memory.set(key, tag);
    }
  }
}
