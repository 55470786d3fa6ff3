/**
 * The process watch: rebuilds the plant's tags from the polls and writes on the wire, and judges limits, rates, orders that are
 * not kept, changes that nobody ordered, readings that stand still or repeat a recording, data that are no longer told, and what
 * the owner says must hold between tags. What a client was told is all there is to see; whether it is true, the monitor cannot know.
 */
import type { Baseline } from '../baseline/index.ts';
import type { Hosts } from '../hosts.ts';
import { PointFacts } from '../subject.ts';
import type { ReadBlock, Reader, Trace, WatchedDevice } from './blocks.ts';
import type { WatchEvents } from './events.ts';
import { Invariants } from './invariants.ts';
import type { Table, WatchedRange } from './modbus-functions.ts';
import { type Point, type PointTable, pointTables, registerKey } from './points.ts';
import { Registry, STANDING } from './registry.ts';
import { Rounds } from './rounds.ts';
import { differs, shownTags, type WatchedTag } from './tags.ts';

export type { ReadBlock, Reader, WatchedDevice } from './blocks.ts';
export type { PointLevel } from './points.ts';
export type { WatchedTag } from './tags.ts';

const MAX_RAW = 65_536;
/** Points of one request that are judged one by one; a write of 1968 coils need not raise as many events. */
const MAX_POINTS_PER_WRITE = 256;
/** A reading this long after the write says nothing about it any more. */
const READBACK_WINDOW = 60e6;
/** Controllers adjust other points within moments of an order (a set point that follows the mode). */
const CONSEQUENCE = 30e6;
/** What was learned as the fastest is no limit of physics; twice as much again is room for it. */
const RATE_MARGIN = 3;
/** Answers of a block before its movements are judged. */
const SETTLED = 10;
/** Share of the span per second below which no movement is fast. */
const SLOW = 0.005;
/** Time between two looks at what is judged by time, microseconds. */
const EVERY = 5e6;
/** Changes without an order after which they are no news. */
const OWN_DOING = 5;
/** Answers come at odd times; microseconds that count at least between two of them. */
const LEAST_INTERVAL = 200e3;

interface Leap {
  readonly trace: Trace;
  readonly before: number;
  readonly rate: number;
}

export class ProcessWatch {
  /** Nothing is to be done before this time, microseconds since 1970. */
  due = Number.NEGATIVE_INFINITY;
  learning: boolean;
  readonly #tables: ReadonlyMap<string, PointTable>;
  readonly #registry: Registry;
  readonly #events: WatchEvents;
  readonly #baseline: Baseline;
  readonly #facts = new PointFacts();
  readonly #rounds: Rounds;
  readonly #invariants: Invariants;
  /** Values of the answer that is being taken in which moved too fast. */
  readonly #leaps: Leap[] = [];
  #raw = 0;
  #dropped = 0;

  constructor(hosts: Hosts, baseline: Baseline, learning: boolean, events: WatchEvents) {
    this.#tables = pointTables(hosts);
    this.#baseline = baseline;
    this.#events = events;
    this.learning = learning;
    this.#registry = new Registry(this.#tables, (trace) => this.#measure(trace));
    const describe = (trace: Trace): PointFacts =>
      this.#describe(trace.point, trace.value, undefined, trace.block.station);
    this.#rounds = new Rounds(this.#registry.devices, events, describe);
    this.#invariants = new Invariants(hosts.knowledge.invariants, this.#tables.values(), events, describe);
  }

  /** Registers, devices, blocks and points that were not followed to keep the bounds. */
  get dropped(): number {
    return this.#dropped + this.#registry.dropped;
  }

  /** Learning is over: what was learned becomes the measure. */
  stopLearning(): void {
    this.learning = false;
    for (const device of this.#registry.devices.values())
      for (const block of device.blocks.values()) for (const trace of block.traces) this.#measure(trace);
  }

  /** The device at an address, station 255 and 0 included; undefined when there are too many. */
  device(address: string): WatchedDevice | undefined {
    return this.#registry.device(address);
  }

  /** The block that a client reads: the same one again when it connects anew. */
  block(device: WatchedDevice, reader: Reader, range: WatchedRange, station: number): ReadBlock {
    return this.#registry.block(device, reader, range, station);
  }

  /** The block of a request that brought no values; undefined when it never did. */
  known(device: WatchedDevice, reader: Reader, range: WatchedRange, station: number): ReadBlock | undefined {
    return this.#registry.known(device, reader, range, station);
  }

  /** A read of what was told before was refused, or nobody answered. */
  failed(block: ReadBlock, exception: string | undefined): void {
    block.failures++;
    block.exception = exception;
  }

  /** What is judged by time rather than by what comes. Called when `due`. */
  tick(now: number): void {
    this.#rounds.go(now, this.learning ? this.#baseline.habits : undefined);
    if (!this.learning) this.#invariants.judge(now);
    this.due = now + EVERY;
  }

  /** Event time stood still for the sensor: nothing at all was seen until `now`. */
  blind(now: number): void {
    this.#rounds.sighted = now;
  }

  /** All tags that have been seen, in the order of their names. */
  tags(): WatchedTag[] {
    return shownTags(this.#tables.values());
  }

  /**
   * An answer to a read. The usual one changes nothing and is done after comparing the numbers.
   * @param spontaneous nobody asked: it says nothing of how often somebody does
   */
  read(block: ReadBlock, values: ArrayLike<number>, time: number, spontaneous = false): void {
    const known = block.values;
    const count = values.length < known.length ? values.length : known.length;
    const { device } = block;
    const writes = device.writesTo(block.table);
    // What a device says before its program has run is not judged; the second answer is, whether it changed or not.
    const isAnew = block.seenWrites !== writes || block.polls === 1;
    const passed = time - block.polled.time;
    if (!spontaneous) {
      block.polled.time = time;
      if (block.polls++ === 0) block.first = time;
    } else {
      const { reports } = block;
      reports.time = time;
      if (reports.count++ === 0) reports.first = time;
      if (reports.count === STANDING) this.#registry.report(block);
    }
    if (block.failures !== 0) block.failures = 0;
    let done = -1;
    for (let i = 0; i < count; i++) {
      const value = values[i] as number;
      if (value === known[i] && !isAnew) continue;
      known[i] = value;
      const index = block.traceAt[i] as number;
      if (index < 0) {
        this.#keepRaw(device, block.table, block.address + i, value);
        continue;
      }
      if (index === done) continue;
      done = index;
      const trace = block.traces[index] as Trace;
      const { point } = trace;
      // Both registers of a value come from this answer: another client may have seen another half meanwhile.
      const at = point.address - block.address;
      if (at >= 0) point.raw0 = values[at] as number;
      if (point.length === 2 && at + 1 < count) point.raw1 = values[at + 1] as number;
      this.#take(trace, point.decode(point.raw0, point.raw1), time, passed);
    }
    block.seenWrites = writes;
    if (this.#leaps.length > 0) this.#leapt(block);
    if (block.polls === STANDING) this.#registry.display(block);
  }

  #take(trace: Trace, value: number, time: number, passed: number): void {
    const { point, block } = trace;
    if (!Number.isFinite(value)) {
      this.#invalid(trace);
      return;
    }
    trace.invalid = false;
    if (point.isSecondHand) {
      trace.value = value;
      if (value !== point.value) point.changed = time;
      point.value = value;
      return;
    }
    point.polled = block.polled;
    if (value !== trace.value) this.#moved(trace, value, time, passed);
    const before = point.value;
    if (point.pending !== undefined) this.#kept(trace, value, time);
    if (value !== point.value) {
      point.value = value;
      point.changed = time;
      if (!Number.isNaN(before) && point.ordered) this.#alone(trace, value, before, time, passed);
    }
    const level = point.classify(value);
    if (level === point.level || block.polls === 1) return;
    const facts = this.#describe(point, value, Number.isNaN(before) ? undefined : before, block.station);
    facts.state = level;
    facts.previousState = point.level;
    point.level = level;
    this.#events.told('point_state', block.reader, facts, undefined);
  }

  /** One client is told another value than before. */
  #moved(trace: Trace, value: number, time: number, passed: number): void {
    const { point, block } = trace;
    const before = trace.value;
    trace.value = value;
    trace.changes++;
    const stood = time - trace.changed;
    trace.changed = time;
    trace.still = false;
    if (Number.isNaN(before)) {
      if (this.learning) this.#events.reading(point, value, Number.NaN, Number.NaN);
      return;
    }
    if (stood > trace.longest && !this.#events.announced(block.reader)) trace.longest = stood;
    const interval = passed > LEAST_INTERVAL ? passed : LEAST_INTERVAL;
    const change = (Math.abs(value - before) - point.deadBand) * 1e6;
    if (change > trace.limit * interval && block.polls > SETTLED)
      this.#leaps.push({ trace, before, rate: change / interval });
    if (this.learning) {
      if (trace.habit !== undefined) trace.habit.changes++;
      const isAnnounced = this.#events.announced(block.reader);
      this.#events.reading(point, value, before, isAnnounced ? Number.NaN : interval / 1e6);
    }
    if (trace.echo?.hear(point.length === 2 ? (point.raw0 << 16) | point.raw1 : point.raw0)) this.#echoed(trace, time);
  }

  /**
   * A second version of an answer told a point otherwise than the first one: somebody stands between, and what the client takes may be
   * a recording although the device tells the truth.
   * @param raw the point's registers in that version, as one whole number
   */
  relayed(block: ReadBlock, point: Point, raw: number, time: number): void {
    const trace = block.traces.find((one) => one.point === point);
    if (trace?.echo === undefined) return;
    trace.relayedAt = time;
    if (trace.relayed !== undefined && raw === trace.relayedRaw) return;
    trace.relayed ??= trace.echo.fork();
    trace.relayedRaw = raw;
    if (trace.relayed.hear(raw)) this.#echoed(trace, time);
  }

  #echoed(trace: Trace, time: number): void {
    if (!this.learning) {
      if (Number.isNaN(trace.block.echoed) && trace.habit?.repeats !== true) trace.block.echoed = time;
    } else if (trace.habit !== undefined) trace.habit.repeats = true;
  }

  /** One answer tells of values that moved too fast: one finding, since a device that starts anew moves all of its values. */
  #leapt({ reader, station }: ReadBlock): void {
    const [{ trace, before, rate }] = this.#leaps as [Leap];
    const { point, value, limit } = trace;
    const facts = this.#describe(point, value, before, station);
    this.#events.told('point_rate', reader, facts, {
      'rate.per_second': rate,
      'rate.limit': limit,
      'rate.basis': point.tag.rate === undefined ? 'learned' : 'owner',
      'rate.count': this.#leaps.length,
    });
    this.#leaps.length = 0;
  }

  /** A reading within the time in which a write has to show. */
  #kept(trace: Trace, value: number, time: number): void {
    const { point, block } = trace;
    const pending = point.pending as NonNullable<typeof point.pending>;
    if (time - pending.time > READBACK_WINDOW) {
      point.pending = undefined;
      return;
    }
    if (!differs(point, pending.value, value)) return;
    point.pending = undefined;
    if (this.learning && trace.habit !== undefined) trace.habit.overridden++;
    const before = Number.isNaN(point.value) ? undefined : point.value;
    this.#events.told('readback', block.reader, this.#describe(point, value, before, block.station), {
      'readback.written': pending.value,
      'readback.seconds': (time - pending.time) / 1e6,
      'readback.learned': this.#learned(trace, (habit) => habit.overridden > 0),
    });
    // What was written does not stand any more, so that the change is no second finding.
    point.value = value;
    point.changed = time;
  }

  /** An order that changed although nobody was seen to give one. */
  #alone(trace: Trace, value: number, before: number, time: number, passed: number): void {
    const { block, point } = trace;
    if (this.learning) {
      if (trace.habit !== undefined) trace.habit.alone++;
      return;
    }
    trace.alone++;
    const since = time - block.device.commanded;
    this.#events.told('point_unordered', block.reader, this.#describe(point, value, before, block.station), {
      'unordered.after_command': since <= CONSEQUENCE,
      'unordered.gap': passed / 1e6,
      // Where nothing was learned, what changes again and again is the controller's own doing.
      'unordered.learned': trace.habit === undefined ? trace.alone > OWN_DOING : trace.habit.alone > 0,
    });
  }

  #invalid(trace: Trace): void {
    const { point, block } = trace;
    // A register that has not come yet is no wrong answer.
    if (trace.invalid || point.raw0 < 0 || (point.length === 2 && point.raw1 < 0)) return;
    trace.invalid = true;
    const before = Number.isNaN(point.value) ? undefined : point.value;
    this.#events.told(
      'point_invalid',
      block.reader,
      this.#describe(point, undefined, before, block.station),
      undefined,
    );
  }

  /** The device says what a value of a point is worth: `good`, `offline`, … Told when it changes. */
  quality(block: ReadBlock, point: Point, state: string): void {
    if (state === point.quality) return;
    const before = point.quality;
    point.quality = state;
    this.#events.told('point_quality', block.reader, this.facts(point, undefined), {
      'quality.state': state,
      'quality.before': before,
    });
  }

  /** Everything that the lists know of a point and a value that somebody wants it to have. Only valid until the next call. */
  facts(point: Point, value: number | undefined): PointFacts {
    return this.#describe(point, value, Number.isNaN(point.value) ? undefined : point.value, 0);
  }

  /** An order that a point does not keep: a pulse. */
  pulsed(device: WatchedDevice, point: Point, time: number): void {
    if (point.ordered) device.commanded = time;
    point.pending = undefined;
  }

  /** What a habit says; undefined without a baseline. */
  #learned(trace: Trace, test: (habit: NonNullable<Trace['habit']>) => boolean): boolean | undefined {
    return this.#baseline.empty ? undefined : trace.habit !== undefined && test(trace.habit);
  }

  /** Fetches what was learned of a point, or makes room to learn it. */
  #measure(trace: Trace): void {
    const { point } = trace;
    const { id, rate, range } = point.tag;
    if (point.relays) return;
    trace.habit = this.learning
      ? this.#baseline.habits.learn(point.device, id)
      : this.#baseline.habits.of(point.device, id);
    if (rate !== undefined && !point.ordered) trace.limit = rate;
    else if (!this.learning && trace.moves) {
      const slope = this.#baseline.readingSlope(point.device, id);
      if (slope !== undefined)
        trace.limit = RATE_MARGIN * Math.max(slope.rise, slope.fall) + SLOW * (range[1] - range[0]);
    }
  }

  /**
   * A write of consecutive registers or bits. `each` gets every point that it touches with the value before; the points' values
   * follow afterwards unless the device refused.
   * @param accepted whether the device said that it did it; undefined when it said nothing
   */
  write(
    device: WatchedDevice,
    reader: Reader,
    table: Table,
    address: number,
    values: ArrayLike<number>,
    station: number,
    accepted: boolean | undefined,
    time: number,
    each: (facts: PointFacts) => void,
  ): void {
    if (accepted !== false) {
      if (table === 'coil') device.coilWrites++;
      else device.registerWrites++;
    }
    const count = Math.min(values.length, MAX_POINTS_PER_WRITE);
    this.#dropped += values.length - count;
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
      if (!point.isSecondHand) this.#step(reader, facts, point, value);
      if (accepted === false) continue;
      point.raw0 = raw0;
      point.raw1 = raw1;
      if (Number.isNaN(value)) continue;
      if (point.ordered) device.commanded = time;
      point.pending = { value, time };
      point.value = value;
      point.changed = time;
      for (const sibling of point.siblings) sibling.writtenElsewhere(value, time);
    }
  }

  /** An order that moves a set point further at once than the owner says that it may move in a second. */
  #step(writer: Reader, facts: PointFacts, point: Point, value: number): void {
    const { rate } = point.tag;
    const step = Math.abs(value - point.value);
    if (rate === undefined || !(step > rate)) return;
    this.#events.told('point_rate', writer, facts, {
      'rate.per_second': step,
      'rate.limit': rate,
      'rate.basis': 'owner',
      'rate.count': 1,
    });
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
        this.#dropped++;
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
