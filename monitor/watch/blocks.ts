/** What one client is told of one device, answer by answer: the blocks that it reads again and again, and each point in them. */
import type { Host } from '../hosts.ts';
import type { FlowView } from '../subject.ts';
import { Echo } from './echo.ts';
import type { Habit } from './habits.ts';
import type { Table, WatchedRange } from './modbus-functions.ts';
import { type Point, type PointTable, registerKey } from './points.ts';

/** Who reads, and whom: a conversation. */
export interface Reader {
  readonly flow: FlowView;
  readonly src: Host;
  readonly dst: Host;
}

/** Answers after which a block counts as polled, microseconds that they must span, and readings that tell how a tag moves. */
const REGULAR_POLLS = 30;
const REGULAR_SPAN = 60e6;

/** What one client was told of one point. */
export class Trace {
  readonly point: Point;
  readonly block: ReadBlock;
  /** Engineering value that it was told last; NaN before. */
  value = Number.NaN;
  /** Microseconds since 1970 of the newest change; of the first answer before there was one. */
  changed = Number.NEGATIVE_INFINITY;
  changes = 0;
  /** Longest time without a change so far, microseconds. */
  longest = 0;
  /** Change per second that calls for a look; NaN before anything was learned. */
  limit = Number.NaN;
  /** Changes without a write since the monitor began. */
  alone = 0;
  /** Its standing still was told. */
  still = false;
  /** It answers with something that is no number, or says that what it answers is worth nothing. */
  invalid = false;
  habit: Habit | undefined = undefined;
  /** Its point moves by itself; kept here because it is asked for often. */
  readonly moves: boolean;
  /** Undefined for what has no noise by its nature: on and off, counters, set points. */
  readonly echo: Echo | undefined;
  /** The same for a second version of the answers that somebody sends on, while there is one; its newest registers and their time. */
  relayed: Echo | undefined = undefined;
  relayedRaw = 0;
  relayedAt = Number.NEGATIVE_INFINITY;

  constructor(point: Point, block: ReadBlock, followed: boolean) {
    this.point = point;
    this.block = block;
    this.moves = point.moves;
    const isAnalog = point.coding.type !== 'bool' && point.tag.kind === 'measurement';
    this.echo = followed && isAnalog ? new Echo(point.length) : undefined;
  }

  /** What repeats a recording now; undefined when nothing does. */
  get sounding(): Echo | undefined {
    return this.relayed?.sounding ? this.relayed : this.echo?.sounding ? this.echo : undefined;
  }

  /** Microseconds for which it has stood still as of the newest answer. */
  get standing(): number {
    return this.block.polled.time - this.changed;
  }
}

/** A block of registers or bits that one client reads again and again. */
export class ReadBlock {
  readonly device: WatchedDevice;
  /** The conversation that read it last. */
  reader: Reader;
  readonly table: Table;
  readonly address: number;
  readonly station: number;
  readonly values: Int32Array;
  /** What was told of the points that begin or end in the block; `traceAt[i]` is the index of the one at offset i, -1 for none. */
  readonly traces: Trace[] = [];
  readonly traceAt: Int16Array;
  /** Time of the newest answer. */
  readonly polled = { time: Number.NEGATIVE_INFINITY };
  first = Number.POSITIVE_INFINITY;
  polls = 0;
  /** Messages that nobody asked for, and the time of the first and the newest. */
  readonly reports = { count: 0, first: Number.POSITIVE_INFINITY, time: Number.NEGATIVE_INFINITY };
  /** Requests since the newest answer that were refused or not answered, and the newest exception. */
  failures = 0;
  exception: string | undefined = undefined;
  /** That it is stale was told. */
  stale = false;
  /** When a playback was noticed in it that was not told yet; NaN when there is none. */
  echoed = Number.NaN;
  seenWrites = -1;

  /** @param followed whether there is room to follow its points' movements */
  constructor(
    device: WatchedDevice,
    reader: Reader,
    { table, address, quantity }: WatchedRange,
    station: number,
    followed: boolean,
  ) {
    this.device = device;
    this.reader = reader;
    this.table = table;
    this.address = address;
    this.station = station;
    this.values = new Int32Array(quantity).fill(-1);
    this.traceAt = new Int16Array(quantity).fill(-1);
    for (let i = 0; i < quantity; i++) {
      const point = device.points?.at(table, address + i, station);
      if (point === undefined) continue;
      if (this.traces.at(-1)?.point !== point) this.traces.push(new Trace(point, this, followed));
      this.traceAt[i] = this.traces.length - 1;
    }
    for (const { point } of this.traces) point.polled ??= this.polled;
  }

  /** It is part of a standing poll. */
  get regular(): boolean {
    return this.polls >= REGULAR_POLLS && this.polled.time - this.first >= REGULAR_SPAN;
  }

  /** Mean interval between answers, microseconds. */
  get interval(): number {
    return (this.polled.time - this.first) / Math.max(1, this.polls - 1);
  }

  /** Its device tells it of its own accord; nobody polls it. */
  get reported(): boolean {
    return this.polls === 0;
  }

  /** Mean interval between messages that nobody asked for, microseconds. */
  get reportInterval(): number {
    const { count, first, time } = this.reports;
    return (time - first) / Math.max(1, count - 1);
  }
}

/** What is followed of one device. */
export class WatchedDevice {
  readonly points: PointTable | undefined;
  /** Blocks by who reads them. */
  readonly blocks = new Map<string, ReadBlock>();
  /** Count writes to coils and to registers, so that blocks know that what they saw may no longer hold. */
  coilWrites = 0;
  registerWrites = 0;
  /** Newest accepted write to a set point or mode, microseconds since 1970. */
  commanded = Number.NEGATIVE_INFINITY;
  /** Newest raw values of registers that are in no point list. */
  readonly raw = new Map<number, number>();

  constructor(points: PointTable | undefined) {
    this.points = points;
  }

  /** Writes that may have changed what a table shows; inputs are the device's own. */
  writesTo(table: Table): number {
    if (table === 'coil') return this.coilWrites;
    return table === 'discrete' || table === 'input' ? 0 : this.registerWrites;
  }
}

export const blockKey = (client: string, { table, address, quantity }: WatchedRange, station: number): string =>
  `${client}|${station}|${registerKey(table, address)}|${quantity}`;
