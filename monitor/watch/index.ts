/**
 * The process watch, first form: rebuilds the plant's tags from the polls and writes on the wire. What a client was told is all
 * there is to see; whether it is true, the monitor cannot know.
 */
import type { Hosts } from '../hosts.ts';
import { PointFacts } from '../subject.ts';
import type { Table } from './modbus-functions.ts';
import { type Point, type PointLevel, type PointTable, pointTables, registerKey } from './points.ts';

export type { PointLevel } from './points.ts';

/** One tag as the wire shows it. */
export interface WatchedTag {
  readonly tag: string;
  readonly device: string;
  readonly value: number;
  readonly unit: string;
  /** Microseconds since 1970 of the newest poll or write that told the value. */
  readonly time: number;
  readonly level: PointLevel;
}

/** A block of registers or bits that one client reads again and again. */
export class ReadBlock {
  readonly device: WatchedDevice;
  readonly table: Table;
  readonly address: number;
  readonly station: number;
  readonly values: Int32Array;
  /** Points that begin or end in the block; `pointAt[i]` is the index of the one at offset i, -1 for none. */
  readonly points: Point[] = [];
  readonly pointAt: Int16Array;
  /** Time of the newest answer and of the one before it. */
  readonly polled = { time: Number.NEGATIVE_INFINITY, before: Number.NEGATIVE_INFINITY };
  seenWrites = -1;

  constructor(device: WatchedDevice, table: Table, address: number, quantity: number, station: number) {
    this.device = device;
    this.table = table;
    this.address = address;
    this.station = station;
    this.values = new Int32Array(quantity).fill(-1);
    this.pointAt = new Int16Array(quantity).fill(-1);
    for (let i = 0; i < quantity; i++) {
      const point = device.points?.at(table, address + i, station);
      if (point === undefined) continue;
      if (this.points.at(-1) !== point) this.points.push(point);
      this.pointAt[i] = this.points.length - 1;
    }
    for (const point of this.points) point.polled ??= this.polled;
  }
}

/** What is followed of one device. */
export class WatchedDevice {
  readonly points: PointTable | undefined;
  /** Counts writes, so that blocks know that what they saw may no longer hold. */
  writes = 0;
  /** Newest raw values of registers that are in no point list. */
  readonly raw = new Map<number, number>();

  constructor(points: PointTable | undefined) {
    this.points = points;
  }
}

export interface WatchEvents {
  /** A reading passed a limit. `facts` is only valid during the call. */
  state(facts: PointFacts): void;
  /** A reading differs from what was written before. */
  readback(facts: PointFacts, written: number, seconds: number): void;
  /**
   * A reading in engineering units that differs from `before` (NaN for the first). `seconds`: time from the poll before to this one,
   * infinite for the first.
   */
  reading(point: Point, value: number, before: number, seconds: number): void;
}

const MAX_DEVICES = 4096;
const MAX_RAW = 65_536;
/** Points of one request that are judged one by one; a write of 1968 coils need not raise as many events. */
const MAX_POINTS_PER_WRITE = 256;
/** A reading this long after the write says nothing about it any more. */
const READBACK_WINDOW = 60e6;

export class ProcessWatch {
  /** Registers, devices and points that were not followed to keep the bounds. */
  dropped = 0;
  readonly #tables: ReadonlyMap<string, PointTable>;
  readonly #devices = new Map<string, WatchedDevice>();
  readonly #events: WatchEvents;
  readonly #facts = new PointFacts();
  #raw = 0;

  constructor(hosts: Hosts, events: WatchEvents) {
    this.#tables = pointTables(hosts);
    this.#events = events;
  }

  /** The device at an address, station 255 and 0 included; undefined when there are too many. */
  device(address: string): WatchedDevice | undefined {
    let device = this.#devices.get(address);
    if (device !== undefined) return device;
    if (this.#devices.size >= MAX_DEVICES) {
      this.dropped++;
      return undefined;
    }
    device = new WatchedDevice(this.#tables.get(address));
    this.#devices.set(address, device);
    return device;
  }

  /** All tags that have been seen, in the order of their names. */
  tags(): WatchedTag[] {
    const tags: WatchedTag[] = [];
    for (const table of this.#tables.values())
      for (const point of table.points)
        if (!Number.isNaN(point.value))
          tags.push({
            tag: point.tag.id,
            device: point.device,
            value: point.value,
            unit: point.tag.unit,
            time: point.time,
            level: point.level,
          });
    return tags.sort((a, b) => (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : a.device < b.device ? -1 : 1));
  }

  /** An answer to a read. The usual one changes nothing and is done after comparing the numbers. */
  read(block: ReadBlock, values: ArrayLike<number>, time: number): void {
    const known = block.values;
    const count = values.length < known.length ? values.length : known.length;
    const afterWrite = block.seenWrites !== block.device.writes;
    block.polled.before = block.polled.time;
    block.polled.time = time;
    let done = -1;
    for (let i = 0; i < count; i++) {
      const value = values[i] as number;
      if (value === known[i] && !afterWrite) continue;
      known[i] = value;
      const index = block.pointAt[i] as number;
      if (index < 0) {
        this.#keepRaw(block.device, block.table, block.address + i, value);
        continue;
      }
      const point = block.points[index] as Point;
      const offset = block.address + i - point.address;
      if (offset === 0) point.raw0 = value;
      else point.raw1 = value;
      // A value of two registers is only whole once both are in; the second one of a block may have changed alone.
      if (point.length === 2 && offset === 0 && i + 1 < count) point.raw1 = known[i + 1] = values[i + 1] as number;
      if (index === done) continue;
      done = index;
      this.#take(point, point.decode(point.raw0, point.raw1), block, time);
    }
    block.seenWrites = block.device.writes;
  }

  #take(point: Point, value: number, block: ReadBlock, time: number): void {
    if (Number.isNaN(value)) return;
    point.polled = block.polled;
    const before = point.value;
    const pending = point.pending;
    if (pending !== undefined) {
      point.pending = undefined;
      if (time - pending.time <= READBACK_WINDOW && differs(point, pending.value, value)) {
        const facts = this.#describe(point, value, Number.isNaN(before) ? undefined : before, block.station);
        this.#events.readback(facts, pending.value, (time - pending.time) / 1e6);
      }
    }
    if (value !== before) {
      point.value = value;
      point.changed = time;
      this.#events.reading(point, value, before, (time - block.polled.before) / 1e6);
    }
    const level = point.classify(value);
    if (level === point.level) return;
    const facts = this.#describe(point, value, Number.isNaN(before) ? undefined : before, block.station);
    facts.state = level;
    facts.previousState = point.level;
    point.level = level;
    this.#events.state(facts);
  }

  /**
   * A write of consecutive registers or bits. `each` gets every point that it touches with the value before; the points' values
   * follow afterwards unless the device refused.
   * @param accepted whether the device said that it did it; undefined when it said nothing
   */
  write(
    device: WatchedDevice,
    table: Table,
    address: number,
    values: ArrayLike<number>,
    station: number,
    accepted: boolean | undefined,
    time: number,
    each: (facts: PointFacts) => void,
  ): void {
    if (accepted !== false) device.writes++;
    const count = Math.min(values.length, MAX_POINTS_PER_WRITE);
    this.dropped += values.length - count;
    for (let i = 0; i < count; i++) {
      const point = device.points?.at(table, address + i, station);
      if (point === undefined) {
        this.#writeRaw(device, table, address + i, values[i] as number, station, accepted, each);
        continue;
      }
      const offset = address + i - point.address;
      const whole = point.length === 2 && offset === 0 && i + 1 < values.length;
      const raw0 = offset === 0 ? (values[i] as number) : point.raw0;
      const raw1 = offset === 1 ? (values[i] as number) : whole ? (values[i + 1] as number) : point.raw1;
      if (whole) i++;
      const value = point.decode(raw0, raw1);
      const facts = this.#describe(
        point,
        Number.isNaN(value) ? undefined : value,
        Number.isNaN(point.value) ? undefined : point.value,
        station,
      );
      facts.accepted = accepted;
      each(facts);
      if (accepted === false) continue;
      point.raw0 = raw0;
      point.raw1 = raw1;
      if (Number.isNaN(value)) continue;
      point.pending = { value, time };
      point.value = value;
      point.changed = time;
    }
  }

  /** What a register holds as far as is known; for a mask write. */
  rawValue(device: WatchedDevice, table: Table, address: number, station: number): number | undefined {
    const point = device.points?.at(table, address, station);
    if (point === undefined) return device.raw.get(registerKey(table, address));
    const raw = address === point.address ? point.raw0 : point.raw1;
    return raw < 0 ? undefined : raw;
  }

  #writeRaw(
    device: WatchedDevice,
    table: Table,
    address: number,
    value: number,
    station: number,
    accepted: boolean | undefined,
    each: (facts: PointFacts) => void,
  ): void {
    const facts = this.#facts;
    facts.clear();
    facts.table = table;
    facts.address = address;
    facts.station = station;
    facts.value = value < 0 ? undefined : value;
    facts.oldValue = device.raw.get(registerKey(table, address));
    facts.listed = device.points === undefined ? undefined : false;
    facts.accepted = accepted;
    each(facts);
    if (accepted !== false && value >= 0) this.#keepRaw(device, table, address, value);
  }

  #keepRaw(device: WatchedDevice, table: Table, address: number, value: number): void {
    const key = registerKey(table, address);
    if (!device.raw.has(key)) {
      if (this.#raw >= MAX_RAW) {
        this.dropped++;
        return;
      }
      this.#raw++;
    }
    device.raw.set(key, value);
  }

  #describe(point: Point, value: number | undefined, before: number | undefined, station: number): PointFacts {
    const facts = this.#facts;
    facts.clear();
    facts.station = station;
    point.describe(facts, value, before);
    return facts;
  }
}

/** More than rounding: a thousandth of the span, or one raw step. */
function differs(point: Point, written: number, read: number): boolean {
  const span = point.tag.range[1] - point.tag.range[0];
  return (
    Math.abs(written - read) >
    Math.max(1e-3 * span, point.point.modbus.type === 'float32' ? 0 : point.point.modbus.scale)
  );
}
