/**
 * What happened, as the range knows it: plant state every second, attack steps, writes with who made them, hazards, trips, device
 * diagnostics, and everything that came from outside. The monitor never reads it; every score is a join of the two.
 */
import { createHash } from 'node:crypto';
import type { StepRecord } from '@penstock/attacks';
import type { Instant } from '@penstock/core';
import type { Cause } from '@penstock/simulator/kernel';
import type { ResponseRecord } from '../responses.ts';
import { JournalStore } from './store.ts';

const VERSION = 1;
const TABLES = [
  { name: 'meta', columns: 'key TEXT, value TEXT', limit: 1000 },
  { name: 'sample', columns: 'at INTEGER, true_values BLOB, measured_values BLOB', limit: 2_000_000 },
  { name: 'view', columns: 'at INTEGER, displayed_values BLOB', limit: 2_000_000 },
  {
    name: 'step',
    columns: 'at INTEGER, step TEXT, phase TEXT, event TEXT, techniques TEXT, target TEXT, tags TEXT, detail TEXT',
    limit: 100_000,
  },
  {
    name: 'write',
    columns:
      'at INTEGER, device TEXT, tag TEXT, value REAL, outcome TEXT, protocol TEXT, source TEXT, port INTEGER, actor TEXT, step TEXT',
    limit: 1_000_000,
  },
  { name: 'response', columns: 'at INTEGER, response TEXT, by TEXT, event TEXT, detail TEXT', limit: 100_000 },
  { name: 'hazard', columns: 'at INTEGER, hazard TEXT, state TEXT', limit: 100_000 },
  { name: 'device_log', columns: 'at INTEGER, device TEXT, entry TEXT, detail TEXT', limit: 500_000 },
  { name: 'outside', columns: 'at INTEGER, kind TEXT, source TEXT, data BLOB', limit: 2_000_000 },
] as const;

export interface WriteRecord {
  readonly at: Instant;
  readonly device: string;
  readonly tag: string;
  readonly value: number;
  readonly outcome: string;
  readonly protocol: string;
  readonly source: string;
  readonly port: number;
  readonly cause: Cause | undefined;
}

/** Something that came from outside the run: replaying the run means feeding these again at the same instants. */
export interface OutsideRecord {
  readonly at: Instant;
  readonly kind: string;
  readonly source: string;
  readonly data: Uint8Array;
}

/** Where the range writes its truth. Without a path it keeps nothing but still hashes, for runs that only need a verdict. */
export class TruthJournal {
  /** Hears of every write as it is journaled. */
  onWrite: ((record: WriteRecord) => void) | undefined;
  readonly #store: JournalStore | undefined;
  readonly #hash = createHash('sha256');
  /** Samples hashed in one go: an update costs more than its bytes. */
  readonly #pending = new Uint8Array(1 << 16);
  #filled = 0;

  /** `path` undefined: nothing is kept on disk. */
  constructor(path: string | undefined) {
    this.#store = path === undefined ? undefined : new JournalStore(path, VERSION, TABLES);
  }

  /** Where it is kept; undefined when it is not. */
  get path(): string | undefined {
    return this.#store?.path;
  }

  meta(key: string, value: string): void {
    this.#store?.insert('meta', key, value);
  }

  /** One second of the plant. Values are stored as 64-bit floats in the order of the plant's tags. */
  sample(at: Instant, trueValues: Float64Array, measured: Float64Array): void {
    const a = bytes(trueValues);
    const b = bytes(measured);
    this.#absorb(a);
    this.#absorb(b);
    this.#store?.insert('sample', at, a, b);
  }

  /** Whether anything is kept, so that nobody gathers what is thrown away. */
  get kept(): boolean {
    return this.#store !== undefined;
  }

  /** The same second as people see it: what the SCADA server last received, NaN for what never came. Follows from the packets. */
  view(at: Instant, displayed: Float64Array): void {
    this.#store?.insert('view', at, bytes(displayed));
  }

  step(record: StepRecord): void {
    const { at, step, phase, event, techniques, target, tags, detail } = record;
    this.#text(`step ${at} ${step} ${phase} ${event} ${detail}`);
    this.#store?.insert('step', at, step, phase, event, techniques.join(' '), target, tags.join(' '), detail);
  }

  write(record: WriteRecord): void {
    this.onWrite?.(record);
    const { at, device, tag, value, outcome, protocol, source, port, cause } = record;
    this.#text(`write ${at} ${device} ${tag} ${value} ${outcome} ${source} ${port}`);
    this.#store?.insert(
      'write',
      at,
      device,
      tag,
      value,
      outcome,
      protocol,
      source,
      port,
      cause?.actor ?? null,
      cause?.step ?? null,
    );
  }

  response(record: ResponseRecord): void {
    const { at, response, by, event, detail } = record;
    this.#text(`response ${at} ${response} ${by} ${event} ${detail}`);
    this.#store?.insert('response', at, response, by, event, detail);
  }

  hazard(at: Instant, hazard: string, state: 'begin' | 'end'): void {
    this.#text(`hazard ${at} ${hazard} ${state}`);
    this.#store?.insert('hazard', at, hazard, state);
  }

  deviceLog(at: Instant, device: string, entry: string, detail: string): void {
    this.#text(`log ${at} ${device} ${entry} ${detail}`);
    this.#store?.insert('device_log', at, device, entry, detail);
  }

  outside(record: OutsideRecord): void {
    this.#store?.insert('outside', record.at, record.kind, record.source, record.data);
  }

  commit(): void {
    this.#store?.commit();
  }

  /** Ends the journal and gives the hash over all rows in order. */
  close(): string {
    this.#flush();
    this.#store?.close();
    return this.#hash.digest('hex');
  }

  #text(line: string): void {
    this.#flush();
    this.#hash.update(line);
  }

  #absorb(data: Uint8Array): void {
    if (this.#filled + data.length > this.#pending.length) this.#flush();
    this.#pending.set(data, this.#filled);
    this.#filled += data.length;
  }

  #flush(): void {
    if (this.#filled > 0) this.#hash.update(this.#pending.subarray(0, this.#filled));
    this.#filled = 0;
  }
}

const bytes = (values: Float64Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Reads the journal of what came from outside, in order, for a replay. */
export function readOutside(path: string): OutsideRecord[] {
  const store = new JournalStore(path, VERSION, TABLES);
  const rows = store.all('SELECT at, kind, source, data FROM outside ORDER BY id') as unknown as OutsideRecord[];
  store.close();
  return rows.map((row) => ({ ...row, data: new Uint8Array(row.data) }));
}

/** Time of the last sample, in microseconds; 0 when there is none. */
export function readLastSample(path: string): number {
  const store = new JournalStore(path, VERSION, TABLES);
  const [row] = store.all('SELECT max(at) AS at FROM sample');
  store.close();
  return Number(row?.at ?? 0);
}
