/**
 * A device's points as the byte memory that S7 clients read and write: data blocks, memory bits, process images, counters and timers.
 * Nothing is kept here: bytes are made of the points' values when they are read. Bytes and bits between points read 0, and only 0 may be
 * written there.
 */
import {
  PenstockError,
  type PointAccess,
  type PointSpec,
  S7_TYPES,
  type S7Point,
  type S7Type,
  type Writer,
} from '@penstock/core';
import { scalingOf } from '../exchange/raw-values.ts';
import { ACCESS_DENIED, HARDWARE_ERROR, INVALID_ADDRESS, SUCCESS, TYPE_INCONSISTENT } from './tables.ts';
import { engineeringOfType, rawOfType } from './values.ts';

/** One point in memory. `point` is its index in the device's list. */
export interface MemoryEntry {
  readonly point: number;
  readonly tag: string;
  readonly area: number;
  /** 0 outside data blocks. */
  readonly db: number;
  /** First byte; of counters and timers twice their number. */
  readonly byte: number;
  /** Of a bool; 0 of others. */
  readonly bit: number;
  readonly bytes: number;
  readonly type: S7Type;
  readonly multiply: number;
  readonly divide: number;
  readonly writable: boolean;
  readonly low: number;
  readonly high: number;
}

/** Area codes of an S7ANY address. */
export const AREA_CODES: Readonly<Record<S7Point['area'], number>> = { C: 28, T: 29, I: 129, Q: 130, M: 131, DB: 132 };
/** Areas that are addressed by element of two bytes. */
export const isCounted = (area: number): boolean => area === AREA_CODES.C || area === AREA_CODES.T;

const EMPTY = -1;
const BITS = -2;
/** Points that one item can hold: every bit of the longest PDU. */
const MOST_POINTS = 8 * 1024;

/** One data block, or one of the areas without blocks. */
export class MemoryBlock {
  readonly area: number;
  readonly db: number;
  /** Bytes, up to the end of the last point. */
  readonly length: number;
  /** By address. */
  readonly entries: readonly MemoryEntry[];
  /** Of each byte the index of the entry that has it, `EMPTY`, or `BITS` where bools share it. */
  readonly #bytes: Int32Array;
  /** Of each bit the index of its bool. */
  readonly #bits: Int32Array;

  constructor(area: number, db: number, entries: readonly MemoryEntry[], owner: string) {
    this.area = area;
    this.db = db;
    this.entries = entries.toSorted((a, b) => a.byte - b.byte || a.bit - b.bit);
    this.length = Math.max(0, ...entries.map(({ byte, bytes }) => byte + bytes));
    this.#bytes = new Int32Array(this.length).fill(EMPTY);
    this.#bits = new Int32Array(this.length * 8).fill(EMPTY);
    this.entries.forEach((entry, index) => {
      const isBit = entry.type === 'bool';
      for (let at = entry.byte; at < entry.byte + entry.bytes; at++) {
        const there = this.#bytes[at] as number;
        const taken = isBit ? (there === BITS ? (this.#bits[at * 8 + entry.bit] as number) : there) : there;
        if (taken !== EMPTY) {
          const other = taken === BITS ? 'a bool' : (this.entries[taken] as MemoryEntry).tag;
          throw new PenstockError('s7comm.memory', `${owner}: ${entry.tag} and ${other} both take byte ${at}`);
        }
        this.#bytes[at] = isBit ? BITS : index;
        if (isBit) this.#bits[at * 8 + entry.bit] = index;
      }
    });
  }

  /** Puts `count` bytes from `from` on into `out`; the caller has seen to it that they are there. */
  read(from: number, count: number, points: PointAccess, out: Uint8Array, at: number): void {
    const bytes = this.#bytes;
    const end = from + count;
    for (let byte = from; byte < end; ) {
      const slot = bytes[byte] as number;
      if (slot === EMPTY) out[at++] = 0;
      else if (slot === BITS) out[at++] = this.#bitsOf(byte, points);
      else {
        const entry = this.entries[slot] as MemoryEntry;
        const raw = rawOfType(entry.type, points.read(entry.point), entry.multiply, entry.divide);
        const last = entry.byte + entry.bytes;
        for (; byte < last && byte < end; byte++) out[at++] = raw >>> (8 * (last - 1 - byte));
        continue;
      }
      byte++;
    }
  }

  readBit(byte: number, bit: number, points: PointAccess): number {
    const slot = this.#bytes[byte] as number;
    if (slot === EMPTY) return 0;
    if (slot === BITS) return (this.#bitsOf(byte, points) >> bit) & 1;
    this.read(byte, 1, points, scratch, 0);
    return ((scratch[0] as number) >> bit) & 1;
  }

  #bitsOf(byte: number, points: PointAccess): number {
    let value = 0;
    for (let bit = 0; bit < 8; bit++) {
      const index = this.#bits[byte * 8 + bit] as number;
      if (index === EMPTY) continue;
      const held = points.read((this.entries[index] as MemoryEntry).point);
      if (held !== 0 && !Number.isNaN(held)) value |= 1 << bit;
    }
    return value;
  }

  /**
   * What bytes would write into which points, in `pending`. A point of which only some bytes are written keeps the others as they are at
   * that moment.
   * @returns the return code of the item
   */
  plan(from: number, count: number, data: Uint8Array, at: number, points: PointAccess, pending: PendingWrites): number {
    const end = from + count;
    for (let byte = from; byte < end; ) {
      const slot = this.#bytes[byte] as number;
      const value = data[at + byte - from] as number;
      if (slot === EMPTY) {
        if (value !== 0) return INVALID_ADDRESS;
        byte++;
      } else if (slot === BITS) {
        const failed = this.#planBits(byte, value, 0xff, pending);
        if (failed !== SUCCESS) return failed;
        byte++;
      } else {
        const entry = this.entries[slot] as MemoryEntry;
        const last = entry.byte + entry.bytes;
        const whole = byte === entry.byte && last <= end;
        let raw = whole ? 0 : rawOfType(entry.type, points.read(entry.point), entry.multiply, entry.divide);
        for (; byte < last && byte < end; byte++) {
          const shift = 8 * (last - 1 - byte);
          raw = ((raw & ~(0xff << shift)) | ((data[at + byte - from] as number) << shift)) >>> 0;
        }
        const failed = pending.add(entry, raw);
        if (failed !== SUCCESS) return failed;
      }
    }
    return SUCCESS;
  }

  planBit(byte: number, bit: number, value: number, points: PointAccess, pending: PendingWrites): number {
    const slot = this.#bytes[byte] as number;
    if (slot === EMPTY) return value === 0 ? SUCCESS : INVALID_ADDRESS;
    if (slot === BITS) return this.#planBits(byte, value << bit, 1 << bit, pending);
    this.read(byte, 1, points, scratch, 0);
    scratch[0] = ((scratch[0] as number) & ~(1 << bit)) | (value << bit);
    return this.plan(byte, 1, scratch, 0, points, pending);
  }

  #planBits(byte: number, value: number, mask: number, pending: PendingWrites): number {
    for (let bit = 0; bit < 8; bit++) {
      if (((mask >> bit) & 1) === 0) continue;
      const index = this.#bits[byte * 8 + bit] as number;
      const wanted = (value >> bit) & 1;
      if (index === EMPTY) {
        if (wanted === 1) return INVALID_ADDRESS;
        continue;
      }
      const failed = pending.add(this.entries[index] as MemoryEntry, wanted);
      if (failed !== SUCCESS) return failed;
    }
    return SUCCESS;
  }
}

const scratch = new Uint8Array(4);

/** Points that one item writes, checked before the first of them is written. */
export class PendingWrites {
  readonly #points = new Int32Array(MOST_POINTS);
  readonly #values = new Float64Array(MOST_POINTS);
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  /** @returns a return code: read-only points and values that the point cannot take are refused */
  add(entry: MemoryEntry, raw: number): number {
    if (!entry.writable) return ACCESS_DENIED;
    const value = engineeringOfType(entry.type, raw, entry.multiply, entry.divide);
    if (!Number.isFinite(value) || value < entry.low || value > entry.high) return TYPE_INCONSISTENT;
    if (this.#count === MOST_POINTS) return HARDWARE_ERROR;
    this.#points[this.#count] = entry.point;
    this.#values[this.#count++] = value;
    return SUCCESS;
  }

  /** Writes all, or none where the device can say beforehand that it would refuse one. */
  commit(points: PointAccess, writer: Writer): number {
    for (let i = 0; i < this.#count && points.check !== undefined; i++) {
      const code = codeOf(points.check(this.#points[i] as number, this.#values[i] as number, writer));
      if (code === SUCCESS) continue;
      // The device hears of the attempt, so that it can log it.
      points.write(this.#points[i] as number, this.#values[i] as number, writer);
      return code;
    }
    for (let i = 0; i < this.#count; i++) {
      const code = codeOf(points.write(this.#points[i] as number, this.#values[i] as number, writer));
      if (code !== SUCCESS) return code;
    }
    return SUCCESS;
  }
}

/** A read-only or forced point is not to be accessed, a refused value does not fit, a device that is faulted has a hardware error. */
function codeOf(outcome: ReturnType<PointAccess['write']>): number {
  switch (outcome) {
    case 'done':
      return SUCCESS;
    case 'range':
      return TYPE_INCONSISTENT;
    case 'fault':
      return HARDWARE_ERROR;
    default:
      return ACCESS_DENIED;
  }
}

export class S7Memory {
  /** Ascending by area and number. */
  readonly blocks: readonly MemoryBlock[];
  readonly #byKey = new Map<number, MemoryBlock>();
  readonly #entries: readonly (MemoryEntry | undefined)[];

  /**
   * @param points the device's list; points without `s7` are not reachable here
   * @param owner whose they are, for messages
   * @throws PenstockError `s7comm.memory` when two points overlap or one lacks its data block or bit
   */
  constructor(points: readonly PointSpec[], owner = 'device') {
    this.#entries = points.map((point, index) => (point.s7 ? entryOf(point, point.s7, index, owner) : undefined));
    const groups = Map.groupBy(
      this.#entries.filter((entry) => entry !== undefined),
      (entry) => keyOf(entry.area, entry.db),
    );
    for (const [key, entries] of [...groups].toSorted(([a], [b]) => a - b)) {
      const { area, db } = entries[0] as MemoryEntry;
      this.#byKey.set(key, new MemoryBlock(area, db, entries, owner));
    }
    this.blocks = [...this.#byKey.values()];
  }

  /** Area code as in an S7ANY address; `db` only counts for data blocks. */
  block(area: number, db: number): MemoryBlock | undefined {
    return this.#byKey.get(keyOf(area, area === AREA_CODES.DB ? db : 0));
  }

  /** Where a point is; undefined for one that S7 does not reach. */
  entry(point: number): MemoryEntry | undefined {
    return this.#entries[point];
  }

  /** Numbers of the data blocks. */
  get dataBlocks(): number[] {
    return this.blocks.filter(({ area }) => area === AREA_CODES.DB).map(({ db }) => db);
  }
}

const keyOf = (area: number, db: number): number => area * 0x1_0000 + db;

function entryOf(spec: PointSpec, s7: S7Point, point: number, owner: string): MemoryEntry {
  const { area, db, byte, bit, type } = s7;
  const wrong = (problem: string) => new PenstockError('s7comm.memory', `${owner}: ${spec.tag} ${problem}`);
  if (area === 'DB' && db === undefined) throw wrong("is in a data block; say which with 'db'");
  if (type === 'bool' && bit === undefined) throw wrong("is a bool; say which 'bit' of the byte");
  return {
    point,
    tag: spec.tag,
    area: AREA_CODES[area],
    db: area === 'DB' ? (db as number) : 0,
    byte: area === 'C' || area === 'T' ? 2 * byte : byte,
    bit: bit ?? 0,
    bytes: S7_TYPES[type].bytes,
    type,
    ...scalingOf(s7.scale),
    writable: spec.writable,
    low: spec.accepts?.[0] ?? Number.NEGATIVE_INFINITY,
    high: spec.accepts?.[1] ?? Number.POSITIVE_INFINITY,
  };
}

/** The raw bytes of a point for an engineering value; of a bool one byte, 0 or 1. */
export function encodeEntry(entry: MemoryEntry, value: number): Uint8Array {
  const raw = rawOfType(entry.type, value, entry.multiply, entry.divide);
  return Uint8Array.from({ length: entry.bytes }, (_, i) => raw >>> (8 * (entry.bytes - 1 - i)));
}

/** Engineering value of a point out of memory that was read from byte `from` on. */
export function decodeEntry(entry: MemoryEntry, data: Uint8Array, at: number, from: number): number {
  const start = at + entry.byte - from;
  if (entry.type === 'bool') return ((data[start] as number) >> entry.bit) & 1;
  let raw = 0;
  for (let i = 0; i < entry.bytes; i++) raw = ((raw << 8) | (data[start + i] as number)) >>> 0;
  return engineeringOfType(entry.type, raw, entry.multiply, entry.divide);
}
