/**
 * What is normal here, learned while the owner vouches for the traffic: who speaks with whom, which functions and addresses each
 * source uses on each device and how often, what it writes, how far readings range and how fast they move. Saved as JSON; equal
 * knowledge gives equal text.
 */
import { readText, shownPath } from '@penstock/core';
import { Rhythm, type RhythmData } from '../rhythm.ts';
import { Habits } from '../watch/habits.ts';
import type { ModbusTable } from '../watch/modbus-functions.ts';
import { Associations } from './associations.ts';
import { type BaselineData, type BaselineEdit, formatBaselineData, parseBaselineData } from './format.ts';
import { Intervals } from './intervals.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Entry<K extends 'conversations' | 'writes' | 'readings'> = Mutable<BaselineData[K][number]>;

interface Requests {
  readonly source: string;
  readonly destination: string;
  readonly station: number;
  readonly functions: Set<string>;
  readonly addresses: Map<LearnedTable, Intervals>;
  note: string | undefined;
}

interface Poll {
  readonly source: string;
  readonly destination: string;
  readonly station: number;
  readonly function: string;
  readonly table: LearnedTable | null;
  readonly address: number | null;
  readonly quantity: number | null;
  readonly rhythm: Rhythm;
}

/** How a reading came to its value: from which one, in how many seconds (from one poll to the next). */
export interface Movement {
  readonly kind: string;
  readonly from: number;
  readonly seconds: number;
}

/** A learning period, microseconds since 1970. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** How fast a tag has moved, per second, and the largest change from one poll to the next. */
export interface Slope {
  readonly rise: number;
  readonly fall: number;
  readonly step: number;
}

/** Entries of each kind; normal traffic of a plant has thousands, a scan while learning would have millions. */
const MAX_ENTRIES = 65_536;
/** A value this far outside what was written, as a share of the spread of what was written, is still normal. */
const MARGIN = 0.25;
/**
 * Of few writes the next one easily lies outside their spread (with chance 2/(n + 1) for n independent ones), and further the fewer they
 * are: the margin is at least this over √n. Of fewer than `FEW` nothing can be said.
 */
const MARGIN_OF_FEW = 3;
const FEW = 5;
/** What was written so often, over about as many whole numbers, counts; and of a count so many may have been missed. */
const COUNTED = 1000;
const MISSED = 10;
/** Changes of a reading before its slopes mean anything. */
const ENOUGH_CHANGES = 20;

export class Baseline {
  /** What did not fit. */
  dropped = 0;
  #from: number | null = null;
  #to: number | null = null;
  #plant: string | null;
  #parent: string | null = null;
  #edits: readonly BaselineEdit[] = [];
  readonly #conversations = new Map<string, Entry<'conversations'>>();
  readonly #requests = new Map<string, Requests>();
  readonly #polls = new Map<string, Poll>();
  readonly #writes = new Map<string, Entry<'writes'>>();
  readonly #writers = new Set<string>();
  readonly #readings = new Map<string, Entry<'readings'>>();
  /** How points behave; the process watch learns it. */
  readonly habits = new Habits();
  /** Who masters which DNP3 outstation. */
  readonly associations = new Associations();

  constructor(plant?: string | undefined) {
    this.#plant = plant ?? null;
  }

  /** Nothing was learned yet. */
  get empty(): boolean {
    return this.#conversations.size === 0;
  }
  /** Microseconds of traffic that went in. */
  get learnedFor(): number {
    return this.#from === null || this.#to === null ? 0 : this.#to - this.#from;
  }

  /** Event time that learning has covered. */
  learnTime(time: number): void {
    if (this.#from === null || time < this.#from) this.#from = time;
    if (this.#to === null || time > this.#to) this.#to = time;
  }

  /** Null before anything was learned. */
  get period(): Period | null {
    return this.#from === null || this.#to === null ? null : { from: this.#from, to: this.#to };
  }

  /** @param time when it was seen, microseconds since 1970 @param opened whether it began then */
  learnConversation(
    source: string,
    destination: string,
    transport: string,
    port: number,
    time?: number,
    opened = true,
  ): void {
    const key = `${source}|${destination}|${transport}|${port}`;
    const known = this.#conversations.get(key);
    if (known === undefined) {
      if (!this.#room(this.#conversations)) return;
      this.#conversations.set(key, {
        ...{ source, destination, transport, port },
        ...(time !== undefined && { count: 1, first: time, last: time }),
      });
      return;
    }
    if (time === undefined) return;
    known.count = (known.count ?? 0) + (opened ? 1 : 0);
    known.first = Math.min(known.first ?? time, time);
    known.last = Math.max(known.last ?? time, time);
  }

  /** @param range addresses of a table, where the function has some */
  learnRequest(source: string, destination: string, station: number, func: string, range?: LearnedRange): void {
    const key = `${source}|${destination}|${station}`;
    let requests = this.#requests.get(key);
    if (requests === undefined) {
      if (!this.#room(this.#requests)) return;
      requests = { source, destination, station, functions: new Set(), addresses: new Map(), note: undefined };
      this.#requests.set(key, requests);
    }
    if (requests.functions.size < 256) requests.functions.add(func);
    if (range === undefined) return;
    let intervals = requests.addresses.get(range.table);
    if (intervals === undefined) {
      intervals = new Intervals();
      requests.addresses.set(range.table, intervals);
    }
    if (intervals.size < 4096) intervals.add(range.address, range.address + range.quantity - 1);
    else this.dropped++;
  }

  /** How often a request came that was learned. `rhythm` is only read. */
  learnPoll(
    source: string,
    destination: string,
    station: number,
    func: string,
    range: LearnedRange | undefined,
    rhythm: RhythmData,
  ): void {
    if (rhythm.count === 0) return;
    const key = `${source}|${destination}|${station}|${func}|${range?.table}|${range?.address}|${range?.quantity}`;
    let poll = this.#polls.get(key);
    if (poll === undefined) {
      if (!this.#room(this.#polls)) return;
      const { table = null, address = null, quantity = null } = range ?? {};
      poll = { source, destination, station, function: func, table, address, quantity, rhythm: new Rhythm() };
      this.#polls.set(key, poll);
    }
    poll.rhythm.absorb(rhythm);
  }

  /**
   * @param value engineering units where the point list has it, raw elsewhere; undefined when the write does not tell it
   * @param before the value that it replaced, where that is known
   */
  learnWrite(
    source: string,
    destination: string,
    table: LearnedTable,
    address: number,
    tag?: string,
    value?: number,
    before?: number,
  ): void {
    this.#writers.add(`${source}|${destination}`);
    if (value === undefined || !Number.isFinite(value)) return;
    const key = `${source}|${destination}|${table}|${address}`;
    let known = this.#writes.get(key);
    if (known === undefined) {
      if (!this.#room(this.#writes)) return;
      known = { source, destination, table, address, tag: tag ?? null, low: value, high: value, count: 0 };
      this.#writes.set(key, known);
    }
    known.count++;
    const from = before !== undefined && Number.isFinite(before) ? before : value;
    // What stood there was as normal as what it became.
    known.low = Math.min(known.low, value, from);
    known.high = Math.max(known.high, value, from);
    if (from === before) known.step = Math.max(known.step ?? 0, Math.abs(value - from));
  }

  /** @param move how it came to the value; undefined for the first one that was seen */
  learnReading(device: string, tag: string, value: number, move?: Movement): void {
    if (!Number.isFinite(value)) return;
    const key = `${device}|${tag}`;
    let known = this.#readings.get(key);
    if (known === undefined) {
      if (!this.#room(this.#readings)) return;
      known = { device, tag, low: value, high: value };
      this.#readings.set(key, known);
    }
    known.low = Math.min(known.low, value);
    known.high = Math.max(known.high, value);
    if (move === undefined || !(move.seconds > 0)) return;
    const change = value - move.from;
    if (!Number.isFinite(change)) return;
    known.kind ??= move.kind;
    known.count = (known.count ?? 0) + 1;
    known.step = Math.max(known.step ?? 0, Math.abs(change));
    known.rise = Math.max(known.rise ?? 0, change / move.seconds);
    known.fall = Math.max(known.fall ?? 0, -change / move.seconds);
  }

  knowsConversation(source: string, destination: string, transport: string, port: number): boolean {
    return this.#conversations.has(`${source}|${destination}|${transport}|${port}`);
  }

  knowsFunction(source: string, destination: string, station: number, func: string): boolean {
    return this.#requests.get(`${source}|${destination}|${station}`)?.functions.has(func) ?? false;
  }

  knowsRequest(source: string, destination: string, station: number, func: string, range?: LearnedRange): boolean {
    const requests = this.#requests.get(`${source}|${destination}|${station}`);
    if (requests === undefined || !requests.functions.has(func)) return false;
    if (range === undefined) return true;
    return requests.addresses.get(range.table)?.covers(range.address, range.address + range.quantity - 1) ?? false;
  }

  knowsWriter(source: string, destination: string): boolean {
    return this.#writers.has(`${source}|${destination}`);
  }

  knowsPoint(source: string, destination: string, table: LearnedTable, address: number): boolean {
    return this.#writes.has(`${source}|${destination}|${table}|${address}`);
  }

  /**
   * Whether a value lies in what the source wrote there, give or take a share of the spread; undefined for a point where it wrote nothing
   * or too seldom to tell. What somebody entered by hand is taken as it stands. A count (a heartbeat that takes weeks to come round) may go on.
   * @param before the value that it replaces, where that is known
   */
  knowsValue(
    source: string,
    destination: string,
    table: LearnedTable,
    address: number,
    value: number,
    before?: number,
  ): boolean | undefined {
    const known = this.#writes.get(`${source}|${destination}|${table}|${address}`);
    if (known === undefined) return undefined;
    const byHand = known.note !== undefined;
    if (known.count < FEW && !byHand) return undefined;
    const share = byHand ? MARGIN : Math.max(MARGIN, MARGIN_OF_FEW / Math.sqrt(known.count));
    const margin = share * (known.high - known.low) + 1e-6 * Math.max(Math.abs(known.low), Math.abs(known.high));
    return (value >= known.low - margin && value <= known.high + margin) || goesOn(known, value, before);
  }

  /** How far the readings of a tag ranged while learning. */
  readingRange(device: string, tag: string): readonly [number, number] | undefined {
    const known = this.#readings.get(`${device}|${tag}`);
    return known === undefined ? undefined : [known.low, known.high];
  }

  /** How fast a tag moved while learning; undefined while there were too few changes to tell. */
  readingSlope(device: string, tag: string): Slope | undefined {
    const { count = 0, rise = 0, fall = 0, step = 0 } = this.#readings.get(`${device}|${tag}`) ?? {};
    return count < ENOUGH_CHANGES ? undefined : { rise, fall, step };
  }

  /** How often a source made a request; undefined for one that was not learned. */
  pollRhythm(
    source: string,
    destination: string,
    station: number,
    func: string,
    range: LearnedRange | undefined,
  ): Rhythm | undefined {
    const key = `${source}|${destination}|${station}|${func}|${range?.table}|${range?.address}|${range?.quantity}`;
    return this.#polls.get(key)?.rhythm;
  }

  /** Takes in what another baseline knows; its history stays its own. */
  merge(other: Baseline): void {
    this.#absorb(other.toJSON());
  }

  #absorb(data: BaselineData): void {
    if (data.from !== null) this.learnTime(data.from);
    if (data.to !== null) this.learnTime(data.to);
    this.#plant ??= data.plant;
    for (const entry of data.conversations) this.#absorbConversation(entry);
    for (const r of data.requests) {
      for (const func of r.functions) this.learnRequest(r.source, r.destination, r.station, func);
      for (const [table, spans] of Object.entries(r.addresses))
        for (const [low, high] of spans)
          this.learnRequest(r.source, r.destination, r.station, r.functions[0] as string, {
            table: table as LearnedTable,
            address: low,
            quantity: high - low + 1,
          });
      const known = this.#requests.get(`${r.source}|${r.destination}|${r.station}`);
      if (known !== undefined) known.note ??= r.note;
    }
    for (const { source, destination, station, function: func, table, address, quantity, ...rhythm } of data.polls) {
      const range = table === null ? undefined : { table, address: address ?? 0, quantity: quantity ?? 1 };
      // A rhythm without an interval is written with 0 for the shortest.
      const shortest = rhythm.gaps === 0 ? Number.POSITIVE_INFINITY : rhythm.shortest;
      this.learnPoll(source, destination, station, func, range, { ...rhythm, shortest });
    }
    for (const entry of data.writes) this.#absorbWrite(entry);
    for (const entry of data.readings) this.#absorbReading(entry);
    this.habits.absorb(data.habits);
    this.associations.absorb(data.associations);
  }

  #absorbConversation(entry: BaselineData['conversations'][number]): void {
    const key = `${entry.source}|${entry.destination}|${entry.transport}|${entry.port}`;
    const known = this.#conversations.get(key);
    if (known === undefined) {
      if (this.#room(this.#conversations)) this.#conversations.set(key, { ...entry });
      return;
    }
    if (entry.count !== undefined) known.count = (known.count ?? 0) + entry.count;
    if (entry.first !== undefined) known.first = Math.min(known.first ?? entry.first, entry.first);
    if (entry.last !== undefined) known.last = Math.max(known.last ?? entry.last, entry.last);
    known.note ??= entry.note;
  }

  #absorbWrite(entry: BaselineData['writes'][number]): void {
    this.#writers.add(`${entry.source}|${entry.destination}`);
    const key = `${entry.source}|${entry.destination}|${entry.table}|${entry.address}`;
    const known = this.#writes.get(key);
    if (known === undefined) {
      if (this.#room(this.#writes)) this.#writes.set(key, { ...entry });
      return;
    }
    known.low = Math.min(known.low, entry.low);
    known.high = Math.max(known.high, entry.high);
    known.count += entry.count;
    if (entry.step !== undefined) known.step = Math.max(known.step ?? 0, entry.step);
    known.note ??= entry.note;
  }

  #absorbReading(entry: BaselineData['readings'][number]): void {
    const key = `${entry.device}|${entry.tag}`;
    const known = this.#readings.get(key);
    if (known === undefined) {
      if (this.#room(this.#readings)) this.#readings.set(key, { ...entry });
      return;
    }
    known.low = Math.min(known.low, entry.low);
    known.high = Math.max(known.high, entry.high);
    known.kind ??= entry.kind;
    if (entry.count !== undefined) known.count = (known.count ?? 0) + entry.count;
    for (const name of ['rise', 'fall', 'step'] as const) {
      const value = entry[name];
      if (value !== undefined) known[name] = Math.max(known[name] ?? 0, value);
    }
    known.note ??= entry.note;
  }

  /** The file's content, in an order that depends on nothing but what was learned. `hash` is left to `formatBaseline`. */
  toJSON(): BaselineData {
    return {
      version: 2,
      hash: null,
      parent: this.#parent,
      plant: this.#plant,
      from: this.#from,
      to: this.#to,
      conversations: sorted(this.#conversations).map((conversation) => ({ ...conversation })),
      requests: sorted(this.#requests).map((r) => ({
        source: r.source,
        destination: r.destination,
        station: r.station,
        functions: [...r.functions].sort(),
        addresses: Object.fromEntries([...r.addresses].sort(byKey).map(([name, spans]) => [name, spans.toJSON()])),
        ...(r.note !== undefined && { note: r.note }),
      })),
      polls: sorted(this.#polls).map(({ rhythm, ...poll }) => ({ ...poll, ...rhythm.toJSON() })),
      writes: sorted(this.#writes).map((write) => ({ ...write })),
      readings: sorted(this.#readings).map((reading) => ({ ...reading })),
      habits: this.habits.toJSON(),
      associations: this.associations.toJSON(),
      edits: [...this.#edits],
    };
  }

  static from(data: BaselineData): Baseline {
    const baseline = new Baseline(data.plant ?? undefined);
    baseline.#absorb(data);
    baseline.#parent = data.parent;
    baseline.#edits = data.edits;
    return baseline;
  }

  #room(entries: ReadonlyMap<string, unknown>): boolean {
    if (entries.size < MAX_ENTRIES) return true;
    this.dropped++;
    return false;
  }
}

/** A table of Modbus; an area of S7 memory, whose addresses count bytes (and tenths for bits); a group of DNP3, whose addresses are indices. */
export type LearnedTable =
  | ModbusTable
  | `DB${number}`
  | 'M'
  | 'I'
  | 'Q'
  | 'C'
  | 'T'
  | `g${number}`
  | 'sparkplug'
  | 'bacnet'
  | 'opcua';

export interface LearnedRange {
  readonly table: LearnedTable;
  readonly address: number;
  readonly quantity: number;
}

export interface AddressRange extends LearnedRange {
  readonly table: ModbusTable;
  readonly address: number;
  readonly quantity: number;
}

/** Whether a write goes on with a count that took longer to come round than what was learned of it. */
function goesOn({ low, high, count }: Entry<'writes'>, value: number, before: number | undefined): boolean {
  if (count < COUNTED || before === undefined || !Number.isInteger(value)) return false;
  const step = value - before;
  return high - low + 1 > 0.9 * count && high - low + 1 < 1.1 * count && step > 0 && step <= MISSED;
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sorted<T>(entries: ReadonlyMap<string, T>): T[] {
  return [...entries].sort(byKey).map(([, entry]) => entry);
}

/**
 * Reads a saved baseline, of this version of the format or an older one.
 * @param file only for messages
 * @throws FileError with file and line; see `parseBaselineData`
 */
export function parseBaseline(text: string, file: string): Baseline {
  return Baseline.from(parseBaselineData(text, file));
}

/** `parseBaseline` of a file. */
export function loadBaseline(path: string | URL): Baseline {
  return parseBaseline(readText(path), shownPath(path));
}

/** The text of the file with its hash: one entry a line, so that two versions can be compared. */
export const formatBaseline = (baseline: Baseline): string => formatBaselineData(baseline.toJSON());
