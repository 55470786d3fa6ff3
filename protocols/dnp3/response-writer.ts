/**
 * Writes the objects of a response straight into its fragment: static points in ranges, events with their indices. It stops where the
 * fragment is full, so that the next one goes on from there.
 */
import type { PointEvent } from './event-buffer.ts';
import { type ObjectType, objectType, type PointForm } from './objects.ts';
import { eventRow, type PointTable } from './outstation-points.ts';
import { FLAG } from './values.ts';

/** What a device says of a point at a moment; one is reused for all that are written. */
export interface Reading {
  value: number;
  /** Without state bits. */
  flags: number;
  /** Milliseconds since 1970. */
  time: number;
  octets: Uint8Array | undefined;
}

export type ReadPoint = (table: PointTable, position: number, into: Reading) => void;

/** Application control, function code, internal indications. */
const RESPONSE_HEADER = 4;
const NUMBER_LIMITS = {
  u8: [0, 0xff],
  u16: [0, 0xffff],
  u32: [0, 0xffff_ffff],
  i16: [-0x8000, 0x7fff],
  i32: [-0x8000_0000, 0x7fff_ffff],
  f32: [-3.4028234663852886e38, 3.4028234663852886e38],
  f64: [-Number.MAX_VALUE, Number.MAX_VALUE],
} as const;

const PREFIXED_16 = 0x28;
/** Group, variation and qualifier, and a range of two 16-bit indices or a count. */
const RANGE_HEADER = 7;

export class ResponseWriter {
  readonly buffer: Uint8Array;
  length = RESPONSE_HEADER;
  readonly #view: DataView;
  readonly #reading: Reading = { value: 0, flags: 0, time: 0, octets: undefined };
  /** The header that events are being written behind; `at` of its count is 0 when there is none. */
  #countAt = 0;
  #count = 0;
  #group = 0;
  #variation = 0;
  /** Common time of occurrence that was written last, and whether the clock was right then; NaN when there is none. */
  #commonTime = Number.NaN;
  #commonSynchronized = false;

  /** @param size octets of the largest fragment that may be sent */
  constructor(size: number) {
    this.buffer = new Uint8Array(size);
    this.#view = new DataView(this.buffer.buffer);
  }

  get empty(): boolean {
    return this.length === RESPONSE_HEADER;
  }

  begin(): void {
    this.length = RESPONSE_HEADER;
    this.#countAt = 0;
    this.#commonTime = Number.NaN;
  }

  /** The fragment so far, with its header. */
  finish(control: number, code: number, indications: number): Uint8Array {
    this.buffer[0] = control;
    this.buffer[1] = code;
    this.buffer[2] = indications >>> 8;
    this.buffer[3] = indications;
    return this.buffer.slice(0, this.length);
  }

  /** Puts octets in as they are; false, and nothing happens, when they have no room. */
  put(octets: Uint8Array): boolean {
    if (this.length + octets.length > this.buffer.length) return false;
    this.#countAt = 0;
    this.buffer.set(octets, this.length);
    this.length += octets.length;
    return true;
  }

  /**
   * Points `position` to `end` of a table, in as many ranges as their indices and variations have.
   * @param variation that is wanted, 0 for each point's own
   * @param wide whether indices are sent with 16 bits
   * @returns the position that had no room any more, `end` when all had
   */
  points(table: PointTable, position: number, end: number, variation: number, wide: boolean, read: ReadPoint): number {
    this.#countAt = 0;
    let at = position;
    while (at < end) {
      const next = this.#range(table, at, end, variation, wide, read);
      if (next === at) return at;
      at = next;
    }
    return end;
  }

  #range(table: PointTable, position: number, end: number, wanted: number, wide: boolean, read: ReadPoint): number {
    const reading = this.#reading;
    read(table, position, reading);
    const type = variationOf(table, position, wanted, reading);
    const { form } = type;
    const start = this.length;
    const room = this.buffer.length;
    if (start + RANGE_HEADER + sizeOf(type, reading) > room) return position;
    const first = table.indices[position] as number;
    this.#header(type.group, type.variation, wide ? 1 : 0);
    const stopAt = this.length + (wide ? 2 : 1);
    this.length += wide ? 4 : 2;
    const dataAt = this.length;
    let at = position;
    for (;;) {
      if (form.kind === 'packed') this.#bit(dataAt, at - position, form.bits, reading);
      else if (form.kind === 'point') this.#point(form, reading.value, reading.flags, reading.time, 0);
      else this.#octets(reading.octets as Uint8Array);
      at++;
      if (at >= end || (table.indices[at] as number) !== first + at - position) break;
      read(table, at, reading);
      if (!isSameType(variationOf(table, at, wanted, reading), type)) break;
      if (!this.#fits(type, reading, dataAt, at - position)) break;
    }
    const last = first + at - 1 - position;
    if (wide) {
      this.#view.setUint16(stopAt - 2, first, true);
      this.#view.setUint16(stopAt, last, true);
    } else {
      this.buffer[stopAt - 1] = first;
      this.buffer[stopAt] = last;
    }
    return at;
  }

  #fits(type: ObjectType, reading: Reading, dataAt: number, done: number): boolean {
    if (type.form.kind !== 'packed') return this.length + sizeOf(type, reading) <= this.buffer.length;
    return dataAt + Math.ceil(((done + 1) * type.form.bits) / 8) <= this.buffer.length;
  }

  #bit(dataAt: number, number: number, bits: 1 | 2, reading: Reading): void {
    const bit = number * bits;
    const at = dataAt + (bit >> 3);
    if (at >= this.length) {
      this.buffer[at] = 0;
      this.length = at + 1;
    }
    this.buffer[at] = (this.buffer[at] as number) | (reading.value << (bit & 7));
  }

  /** One event behind the header of its kind; false, and nothing happens, when it has no room. */
  event(event: PointEvent, variation: number): boolean {
    const group = eventRow(event.kind).eventGroup;
    const type = event.octets === undefined ? objectType(group, variation) : octetsType(group, event.octets.length);
    if (type === undefined) return true;
    const { form } = type;
    const relative = form.kind === 'point' && form.time === 'relative';
    const size = 2 + (type.octets ?? event.octets?.length ?? 0);
    const common = relative && !this.#hasCommonTime(event);
    const opens =
      common ||
      this.#countAt === 0 ||
      this.#group !== group ||
      this.#variation !== type.variation ||
      this.#count === 0xffff;
    if (this.length + size + (opens ? 5 : 0) + (common ? 10 : 0) > this.buffer.length) return false;
    if (common) this.#putCommonTime(event);
    if (opens) {
      this.#header(group, type.variation, PREFIXED_16);
      this.#countAt = this.length;
      this.#count = 0;
      this.#group = group;
      this.#variation = type.variation;
      this.length += 2;
    }
    this.#u16(event.index);
    this.#view.setUint16(this.#countAt, ++this.#count, true);
    switch (form.kind) {
      case 'point':
        this.#point(form, event.value, event.flags, event.time, relative ? this.#commonTime : 0);
        break;
      case 'binary-command-event':
        this.buffer[this.length++] = event.flags | (event.value === 0 ? 0 : 0x80);
        if (form.time) this.#u48(event.time);
        break;
      case 'analog-command-event':
        this.buffer[this.length++] = event.flags;
        this.#number(form.number, event.value);
        if (form.time) this.#u48(event.time);
        break;
      default:
        this.#octets(event.octets as Uint8Array);
    }
    return true;
  }

  #hasCommonTime(event: PointEvent): boolean {
    const since = event.time - this.#commonTime;
    return since >= 0 && since <= 0xffff && event.synchronized === this.#commonSynchronized;
  }

  /** g51: v1 by a clock that is right, v2 by one that is not. */
  #putCommonTime(event: PointEvent): void {
    this.#header(51, event.synchronized ? 1 : 2, 0x07);
    this.buffer[this.length++] = 1;
    this.#u48(event.time);
    this.#commonTime = event.time;
    this.#commonSynchronized = event.synchronized;
  }

  #header(group: number, variation: number, qualifier: number): void {
    this.buffer[this.length++] = group;
    this.buffer[this.length++] = variation;
    this.buffer[this.length++] = qualifier;
  }

  #point(form: PointForm, value: number, flags: number, time: number, since: number): void {
    if (form.flags) this.buffer[this.length++] = flagOctet(form, value, flags);
    if (form.number !== undefined) this.#number(form.number, value);
    if (form.time === 'absolute') this.#u48(time);
    else if (form.time === 'relative') this.#u16(time - since);
  }

  #number(number: NonNullable<PointForm['number']>, value: number): void {
    const at = this.length;
    const view = this.#view;
    const finite = Number.isFinite(value) ? value : 0;
    if (number === 'f32' || number === 'f64') {
      if (number === 'f32') view.setFloat32(at, clamp(finite, number), true);
      else view.setFloat64(at, finite, true);
      this.length += number === 'f32' ? 4 : 8;
      return;
    }
    const [least] = NUMBER_LIMITS[number];
    // Counters roll over, signed numbers stop at their ends (IEEE 1815-2012, 11.9.4 and 11.9.5).
    const whole = least === 0 ? Math.floor(finite) : clamp(Math.round(finite), number);
    if (number === 'u8') {
      this.buffer[at] = whole;
      this.length += 1;
    } else if (number === 'u16' || number === 'i16') {
      view.setInt16(at, whole, true);
      this.length += 2;
    } else {
      view.setInt32(at, whole, true);
      this.length += 4;
    }
  }

  #octets(octets: Uint8Array): void {
    this.buffer.set(octets, this.length);
    this.length += octets.length;
  }

  #u16(value: number): void {
    this.#view.setUint16(this.length, value, true);
    this.length += 2;
  }

  #u48(value: number): void {
    this.#view.setUint32(this.length, value % 0x1_0000_0000, true);
    this.#view.setUint16(this.length + 4, Math.floor(value / 0x1_0000_0000), true);
    this.length += 6;
  }
}

function flagOctet(form: PointForm, value: number, flags: number): number {
  switch (form.type) {
    case 'binary':
      return flags | (value === 0 ? 0 : 0x80);
    case 'double-bit':
      return (flags & 0x3f) | ((value & 3) << 6);
    case 'counter':
      return flags;
    default: {
      const [least, most] = NUMBER_LIMITS[form.number as keyof typeof NUMBER_LIMITS];
      const sent = form.number === 'i16' || form.number === 'i32' ? Math.round(value) : value;
      return sent < least || sent > most ? flags | FLAG.overRange : flags;
    }
  }
}

function clamp(value: number, number: keyof typeof NUMBER_LIMITS): number {
  const [least, most] = NUMBER_LIMITS[number];
  return value < least ? least : value > most ? most : value;
}

/** g110 and g111: the variation is the length. */
const octetsType = (group: number, length: number): ObjectType => ({
  group,
  variation: length,
  name: 'Octet string',
  form: { kind: 'octets', octets: 'variation' },
  octets: length,
});

const isSameType = (one: ObjectType, other: ObjectType): boolean =>
  one === other || (one.group === other.group && one.variation === other.variation);

const sizeOf = (type: ObjectType, reading: Reading): number => type.octets ?? reading.octets?.length ?? 1;

/**
 * The form in which a point is sent. Packed bits have no flags, so a point that is not simply on line goes out with flags instead
 * (IEEE 1815-2012, A.2.1: an outstation may only use the packed format when all is well).
 */
function variationOf(table: PointTable, position: number, wanted: number, reading: Reading): ObjectType {
  if (reading.octets !== undefined) return octetsType(table.group, reading.octets.length);
  const variation = wanted === 0 ? (table.variations[position] as number) : wanted;
  const type = objectType(table.group, variation) as ObjectType;
  return type.form.kind === 'packed' && reading.flags !== FLAG.online
    ? (objectType(table.group, 2) as ObjectType)
    : type;
}
