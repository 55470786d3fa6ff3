/** What an object was, minute by minute (ASHRAE 135-2020, clause 12.25), and reading a part of it (ReadRange, clause 15.8). */
import { type Instant, NEVER } from '@penstock/core';
import { completed, fixed, type Property, type ServedObject, single, WRONG_TYPE } from './objects.ts';
import type { PointObject } from './point-object.ts';
import { PROPERTY } from './property-ids.ts';
import type { TagReader } from './reader.ts';
import { readDateTime } from './services.ts';
import { bits, bool, constructed, dateTime, enumerated, microsOf, objectId, unsigned, writeValue } from './values.ts';
import type { TagWriter } from './writer.ts';

export interface TrendLogSpec {
  readonly instance: number;
  readonly name: string;
  /** Microseconds between records, and how many are kept. */
  readonly every: number;
  readonly size: number;
}

const TYPE = 20;

export class TrendLog implements ServedObject {
  readonly id: number;
  readonly name: string;
  readonly properties: ReadonlyMap<number, Property>;
  readonly #spec: TrendLogSpec;
  readonly #target: PointObject;
  readonly #times: Float64Array;
  readonly #values: Float64Array;
  readonly #flags: Uint8Array;
  #total = 0;
  #isEnabled = true;
  #next: Instant = 0 as Instant;

  constructor(spec: TrendLogSpec, target: PointObject, device: number) {
    this.id = objectId(TYPE, spec.instance);
    this.name = spec.name;
    this.#spec = spec;
    this.#target = target;
    this.#times = new Float64Array(spec.size);
    this.#values = new Float64Array(spec.size);
    this.#flags = new Uint8Array(spec.size);
    this.properties = completed(this.id, spec.name, [
      [
        PROPERTY.enable,
        {
          required: true,
          read: () => bool(this.#isEnabled),
          write: ({ values }) => {
            const value = single(values, 'boolean');
            if (value === undefined) return WRONG_TYPE;
            this.#isEnabled = value.value;
            return undefined;
          },
        },
      ],
      [PROPERTY.stopWhenFull, fixed(bool(false))],
      [PROPERTY.bufferSize, fixed(unsigned(spec.size))],
      [
        PROPERTY.recordCount,
        {
          required: true,
          read: () => unsigned(this.count),
          // Zero empties it (clause 12.25.16).
          write: ({ values }) => {
            if (single(values, 'unsigned')?.value !== 0) return WRONG_TYPE;
            this.clear();
            return undefined;
          },
        },
      ],
      [PROPERTY.totalRecordCount, fixed(() => unsigned(this.#total))],
      [PROPERTY.logInterval, fixed(unsigned(Math.round(spec.every / 10_000)), false)],
      [PROPERTY.loggingType, fixed(enumerated(0))],
      [PROPERTY.statusFlags, fixed(bits([false, false, false, false]))],
      [PROPERTY.eventState, fixed(enumerated(0))],
      [
        PROPERTY.logDeviceObjectProperty,
        fixed([
          { kind: 'context', tag: 0, value: idOctets(target.id) },
          { kind: 'context', tag: 1, value: Uint8Array.of(PROPERTY.presentValue) },
          { kind: 'context', tag: 3, value: idOctets(device) },
        ]),
      ],
    ]);
  }

  get count(): number {
    return Math.min(this.#total, this.#spec.size);
  }

  due(): Instant {
    return this.#isEnabled ? this.#next : NEVER;
  }

  /** Keeps a record when its time has come. @param time of the device's clock, microseconds since 1970 */
  tick(now: Instant, time: number): void {
    if (now < this.#next) return;
    const { every, size } = this.#spec;
    this.#next = (Math.floor(now / every) * every + every) as Instant;
    if (!this.#isEnabled) return;
    const at = this.#total++ % size;
    this.#times[at] = time;
    this.#values[at] = this.#target.value;
    this.#flags[at] = this.#target.status;
  }

  clear(): void {
    this.#total = 0;
  }

  /**
   * Answers ReadRange behind the property's place: flags, count, records, and the first one's number.
   * @returns false where the range does not read
   */
  readRange(reader: TagReader, writer: TagWriter, room: number): boolean {
    const chosen = this.#chosen(reader);
    if (chosen === undefined) return false;
    const { from, count } = chosen;
    // As many as an answer holds, and a word that there are more.
    const taken = Math.min(count, Math.floor(room / RECORD));
    const isFirst = from === 0 && taken > 0;
    const isLast = from + taken === this.count && taken > 0;
    writer
      .bits(3, [isFirst, isLast, taken < count])
      .unsigned(4, taken)
      .open(5);
    for (let i = from; i < from + taken; i++) this.#record(writer, i);
    writer.close(5);
    if (taken > 0) writer.unsigned(6, this.#total - this.count + from + 1);
    return true;
  }

  /** Which records: the oldest has number 0 here. */
  #chosen(reader: TagReader): { from: number; count: number } | undefined {
    const all = this.count;
    if (reader.done) return { from: 0, count: all };
    if (reader.isOpening(3)) {
      reader.open(3);
      const index = reader.applicationUnsigned(2);
      const count = reader.applicationSigned();
      reader.close(3);
      return reader.failed ? undefined : part(index - 1, count, all);
    }
    if (reader.isOpening(6)) {
      reader.open(6);
      const sequence = reader.applicationUnsigned(2);
      const count = reader.applicationSigned();
      reader.close(6);
      return reader.failed ? undefined : part(sequence - 1 - (this.#total - all), count, all);
    }
    if (!reader.isOpening(7)) return undefined;
    reader.open(7);
    const stamp = readDateTime(reader);
    const count = reader.applicationSigned();
    reader.close(7);
    const [date, time] = stamp ?? [];
    if (reader.failed || date?.kind !== 'date' || time?.kind !== 'time') return undefined;
    const micros = microsOf(date, time) ?? 0;
    let first = 0;
    while (first < all && this.#time(first) <= micros) first++;
    if (count >= 0) return { from: first, count: Math.min(count, all - first) };
    let end = first;
    while (end > 0 && this.#time(end - 1) >= micros) end--;
    const from = Math.max(0, end + count);
    return { from, count: end - from };
  }

  #slot(i: number): number {
    return (this.#total - this.count + i) % this.#spec.size;
  }

  #time(i: number): number {
    return this.#times[this.#slot(i)] as number;
  }

  /** BACnetLogRecord: when, what, and the object's flags then. */
  #record(writer: TagWriter, i: number): void {
    const slot = this.#slot(i);
    const value = this.#values[slot] as number;
    const flags = this.#flags[slot] as number;
    writeValue(writer, constructed(0, dateTime(this.#times[slot] as number)));
    writer.open(1);
    const { kind } = this.#target.presentValue;
    if (kind === 'real') writer.real(2, value);
    else writer.unsigned(kind === 'enumerated' ? 3 : 4, value);
    writer.close(1);
    writer.bits(2, [(flags & 8) !== 0, (flags & 4) !== 0, (flags & 2) !== 0, (flags & 1) !== 0]);
  }
}

/** Octets of a record at most. */
const RECORD = 24;

function part(index: number, count: number, all: number): { from: number; count: number } {
  // A negative count reads backwards from the index, which is the last one then.
  const [from, to] = count >= 0 ? [index, index + count] : [index + count + 1, index + 1];
  const first = Math.max(0, from);
  return { from: Math.min(first, all), count: Math.max(0, Math.min(to, all) - Math.min(first, all)) };
}

const idOctets = (id: number): Uint8Array => Uint8Array.of(id >>> 24, (id >>> 16) & 255, (id >>> 8) & 255, id & 255);
