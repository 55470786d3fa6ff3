/**
 * What is normal here, learned while the owner vouches for the traffic: who speaks with whom, which functions and addresses each
 * source uses on each device, what it writes, and how far readings range. Saved as JSON; equal knowledge gives equal text.
 */
import { FileError, PenstockError, parseYaml, readText, shownPath } from '@penstock/core';
import { z } from 'zod';
import type { Table } from '../watch/modbus-functions.ts';
import { Intervals } from './intervals.ts';

const address = z.union([z.ipv4(), z.ipv6()]);
const table = z.enum(['coil', 'discrete', 'input', 'holding']);
const span = z.tuple([z.int().nonnegative(), z.int().nonnegative()]);

const baselineSchema = z.strictObject({
  version: z.literal(1),
  plant: z.string().nullable(),
  /** Learning period, microseconds since 1970. */
  from: z.number().nullable(),
  to: z.number().nullable(),
  conversations: z.array(
    z.strictObject({ source: address, destination: address, transport: z.string(), port: z.int() }),
  ),
  requests: z.array(
    z.strictObject({
      source: address,
      destination: address,
      station: z.int(),
      functions: z.array(z.string()).min(1),
      addresses: z.partialRecord(table, z.array(span)),
    }),
  ),
  writes: z.array(
    z.strictObject({
      source: address,
      destination: address,
      table,
      address: z.int(),
      tag: z.string().nullable(),
      low: z.number(),
      high: z.number(),
      count: z.int().positive(),
    }),
  ),
  readings: z.array(z.strictObject({ device: z.string(), tag: z.string(), low: z.number(), high: z.number() })),
});
export type BaselineData = z.output<typeof baselineSchema>;

interface Requests {
  readonly source: string;
  readonly destination: string;
  readonly station: number;
  readonly functions: Set<string>;
  readonly addresses: Map<Table, Intervals>;
}
type Write = { -readonly [K in keyof BaselineData['writes'][number]]: BaselineData['writes'][number][K] };
type Reading = BaselineData['readings'][number];

/** Entries of each kind; normal traffic of a plant has thousands, a scan while learning would have millions. */
const MAX_ENTRIES = 65_536;
/** A value this far outside what was written, as a share of the spread of what was written, is still normal. */
const MARGIN = 0.25;

export class Baseline {
  /** What did not fit. */
  dropped = 0;
  #from: number | null = null;
  #to: number | null = null;
  #plant: string | null;
  readonly #conversations = new Map<string, BaselineData['conversations'][number]>();
  readonly #requests = new Map<string, Requests>();
  readonly #writes = new Map<string, Write>();
  readonly #writers = new Set<string>();
  readonly #readings = new Map<string, Reading>();

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

  learnConversation(source: string, destination: string, transport: string, port: number): void {
    const key = `${source}|${destination}|${transport}|${port}`;
    if (!this.#conversations.has(key) && this.#room(this.#conversations))
      this.#conversations.set(key, { source, destination, transport, port });
  }

  /** @param range addresses of a table, where the function has some */
  learnRequest(source: string, destination: string, station: number, func: string, range?: AddressRange): void {
    const key = `${source}|${destination}|${station}`;
    let requests = this.#requests.get(key);
    if (requests === undefined) {
      if (!this.#room(this.#requests)) return;
      requests = { source, destination, station, functions: new Set(), addresses: new Map() };
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

  /** @param value engineering units where the point list has it, raw elsewhere; undefined when the write does not tell it */
  learnWrite(source: string, destination: string, table: Table, address: number, tag?: string, value?: number): void {
    this.#writers.add(`${source}|${destination}`);
    if (value === undefined || !Number.isFinite(value)) return;
    const key = `${source}|${destination}|${table}|${address}`;
    const known = this.#writes.get(key);
    if (known !== undefined) {
      known.low = Math.min(known.low, value);
      known.high = Math.max(known.high, value);
      known.count++;
    } else if (this.#room(this.#writes))
      this.#writes.set(key, {
        source,
        destination,
        table,
        address,
        tag: tag ?? null,
        low: value,
        high: value,
        count: 1,
      });
  }

  learnReading(device: string, tag: string, value: number): void {
    if (!Number.isFinite(value)) return;
    const key = `${device}|${tag}`;
    const known = this.#readings.get(key);
    if (known !== undefined) {
      known.low = Math.min(known.low, value);
      known.high = Math.max(known.high, value);
    } else if (this.#room(this.#readings)) this.#readings.set(key, { device, tag, low: value, high: value });
  }

  knowsConversation(source: string, destination: string, transport: string, port: number): boolean {
    return this.#conversations.has(`${source}|${destination}|${transport}|${port}`);
  }

  knowsFunction(source: string, destination: string, station: number, func: string): boolean {
    return this.#requests.get(`${source}|${destination}|${station}`)?.functions.has(func) ?? false;
  }

  knowsRequest(source: string, destination: string, station: number, func: string, range?: AddressRange): boolean {
    const requests = this.#requests.get(`${source}|${destination}|${station}`);
    if (requests === undefined || !requests.functions.has(func)) return false;
    if (range === undefined) return true;
    return requests.addresses.get(range.table)?.covers(range.address, range.address + range.quantity - 1) ?? false;
  }

  knowsWriter(source: string, destination: string): boolean {
    return this.#writers.has(`${source}|${destination}`);
  }

  knowsPoint(source: string, destination: string, table: Table, address: number): boolean {
    return this.#writes.has(`${source}|${destination}|${table}|${address}`);
  }

  /** Whether a value lies in what the source wrote there, give or take `MARGIN` of the spread; undefined for an unlearned point. */
  knowsValue(source: string, destination: string, table: Table, address: number, value: number): boolean | undefined {
    const known = this.#writes.get(`${source}|${destination}|${table}|${address}`);
    if (known === undefined) return undefined;
    const margin = MARGIN * (known.high - known.low) + 1e-6 * Math.max(Math.abs(known.low), Math.abs(known.high));
    return value >= known.low - margin && value <= known.high + margin;
  }

  /** How far the readings of a tag ranged while learning. */
  readingRange(device: string, tag: string): readonly [number, number] | undefined {
    const known = this.#readings.get(`${device}|${tag}`);
    return known === undefined ? undefined : [known.low, known.high];
  }

  /** Takes in what another baseline knows. */
  merge(other: Baseline): void {
    const data = other.toJSON();
    if (data.from !== null) this.learnTime(data.from);
    if (data.to !== null) this.learnTime(data.to);
    this.#plant ??= data.plant;
    for (const c of data.conversations) this.learnConversation(c.source, c.destination, c.transport, c.port);
    for (const r of data.requests) {
      for (const func of r.functions) this.learnRequest(r.source, r.destination, r.station, func);
      for (const [table, spans] of Object.entries(r.addresses))
        for (const [low, high] of spans)
          this.learnRequest(r.source, r.destination, r.station, r.functions[0] as string, {
            table: table as Table,
            address: low,
            quantity: high - low + 1,
          });
    }
    for (const w of data.writes) {
      const key = `${w.source}|${w.destination}|${w.table}|${w.address}`;
      const count = this.#writes.get(key)?.count ?? 0;
      this.learnWrite(w.source, w.destination, w.table, w.address, w.tag ?? undefined, w.low);
      this.learnWrite(w.source, w.destination, w.table, w.address, w.tag ?? undefined, w.high);
      const known = this.#writes.get(key);
      if (known !== undefined) known.count = count + w.count;
    }
    for (const r of data.readings) {
      this.learnReading(r.device, r.tag, r.low);
      this.learnReading(r.device, r.tag, r.high);
    }
  }

  /** The file's content, in an order that depends on nothing but what was learned. */
  toJSON(): BaselineData {
    return {
      version: 1,
      plant: this.#plant,
      from: this.#from,
      to: this.#to,
      conversations: sorted(this.#conversations),
      requests: sorted(this.#requests).map((r) => ({
        source: r.source,
        destination: r.destination,
        station: r.station,
        functions: [...r.functions].sort(),
        addresses: Object.fromEntries([...r.addresses].sort(byKey).map(([name, spans]) => [name, spans.toJSON()])),
      })),
      writes: sorted(this.#writes).map((write) => ({ ...write })),
      readings: sorted(this.#readings).map((reading) => ({ ...reading })),
    };
  }

  static from(data: BaselineData): Baseline {
    const baseline = new Baseline(data.plant ?? undefined);
    baseline.merge({ toJSON: () => data } as Baseline);
    return baseline;
  }

  #room(entries: ReadonlyMap<string, unknown>): boolean {
    if (entries.size < MAX_ENTRIES) return true;
    this.dropped++;
    return false;
  }
}

export interface AddressRange {
  readonly table: Table;
  readonly address: number;
  readonly quantity: number;
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sorted<T>(entries: ReadonlyMap<string, T>): T[] {
  return [...entries].sort(byKey).map(([, entry]) => entry);
}

/**
 * Reads a saved baseline.
 * @param file only for messages
 * @throws FileError with file and line.
 */
export function parseBaseline(text: string, file: string): Baseline {
  const { value, source } = parseYaml(text, file, baselineSchema);
  value.writes.forEach((write, i) => {
    if (write.low > write.high)
      throw new FileError([
        new PenstockError('baseline.range', 'low stands above high', source.place(['writes', i, 'low'])),
      ]);
  });
  return Baseline.from(value);
}

/** `parseBaseline` of a file. */
export function loadBaseline(path: string | URL): Baseline {
  return parseBaseline(readText(path), shownPath(path));
}

/** The text of the file: one entry a line, so that two versions can be compared. */
export function formatBaseline(baseline: Baseline): string {
  const data = baseline.toJSON();
  const lines = Object.entries(data).map(([key, value]) => {
    if (!Array.isArray(value)) return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const rows = value.map((row) => `    ${JSON.stringify(row)}`);
    return rows.length === 0 ? `  ${JSON.stringify(key)}: []` : `  ${JSON.stringify(key)}: [\n${rows.join(',\n')}\n  ]`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}
