/** Reading and building of little-endian octets. Reading never throws: beyond the end it gives zeros and says so. */
import { PenstockError } from '@penstock/core';

export class ByteReader {
  at: number;
  /** More was asked for than there was. */
  short = false;
  readonly end: number;
  readonly buffer: Uint8Array;
  #view: DataView | undefined;

  constructor(buffer: Uint8Array, start = 0, end: number = buffer.length) {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Where the next `count` octets begin, or undefined (and `short`) when there are fewer. */
  take(count: number): number | undefined {
    if (this.end - this.at < count) {
      this.short = true;
      this.at = this.end;
      return undefined;
    }
    this.at += count;
    return this.at - count;
  }

  u8(): number {
    if (this.at < this.end) return this.buffer[this.at++] as number;
    this.short = true;
    return 0;
  }

  u16(): number {
    const at = this.take(2);
    return at === undefined ? 0 : this.#octet(at) | (this.#octet(at + 1) << 8);
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  i32(): number {
    const at = this.take(4);
    if (at === undefined) return 0;
    return this.#octet(at) | (this.#octet(at + 1) << 8) | (this.#octet(at + 2) << 16) | (this.#octet(at + 3) << 24);
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  /** 48 bits, as DNP3 times have. */
  u48(): number {
    const low = this.u32();
    return low + this.u16() * 0x1_0000_0000;
  }

  f32(): number {
    const at = this.take(4);
    return at === undefined ? 0 : this.#data().getFloat32(at, true);
  }

  f64(): number {
    const at = this.take(8);
    return at === undefined ? 0 : this.#data().getFloat64(at, true);
  }

  /** A copy; empty when there are fewer. */
  bytes(count: number): Uint8Array {
    const at = this.take(count);
    return at === undefined ? new Uint8Array(0) : this.buffer.slice(at, at + count);
  }

  /** Octets as characters 0 to 255, which is what DNP3 text is. */
  text(count: number): string {
    const at = this.take(count);
    let text = '';
    if (at !== undefined) for (let i = at; i < at + count; i++) text += String.fromCharCode(this.#octet(i));
    return text;
  }

  #octet(at: number): number {
    return this.buffer[at] as number;
  }

  #data(): DataView {
    this.#view ??= new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.byteLength);
    return this.#view;
  }
}

export class ByteWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u8(value: number, what = 'octet'): this {
    const at = this.#room(1);
    this.#bytes[at] = whole(value, 0, 0xff, what);
    return this;
  }

  u16(value: number, what = '16-bit number'): this {
    const at = this.#room(2);
    this.#view.setUint16(at, whole(value, 0, 0xffff, what), true);
    return this;
  }

  i16(value: number, what = '16-bit number'): this {
    const at = this.#room(2);
    this.#view.setInt16(at, whole(value, -0x8000, 0x7fff, what), true);
    return this;
  }

  u32(value: number, what = '32-bit number'): this {
    const at = this.#room(4);
    this.#view.setUint32(at, whole(value, 0, 0xffff_ffff, what), true);
    return this;
  }

  i32(value: number, what = '32-bit number'): this {
    const at = this.#room(4);
    this.#view.setInt32(at, whole(value, -0x8000_0000, 0x7fff_ffff, what), true);
    return this;
  }

  u48(value: number, what = 'time'): this {
    whole(value, 0, 0xffff_ffff_ffff, what);
    return this.u32(value % 0x1_0000_0000).u16(Math.floor(value / 0x1_0000_0000));
  }

  f32(value: number): this {
    const at = this.#room(4);
    this.#view.setFloat32(at, value, true);
    return this;
  }

  f64(value: number): this {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
    return this;
  }

  bytes(values: Uint8Array): this {
    const at = this.#room(values.length);
    this.#bytes.set(values, at);
    return this;
  }

  text(value: string): this {
    for (let i = 0; i < value.length; i++) this.u8(value.charCodeAt(i), 'character');
    return this;
  }

  /** Overwrites an octet that was written before. */
  patch(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #room(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}

export const refused = (message: string): PenstockError => new PenstockError('dnp3.encode', message);

/** @throws PenstockError `dnp3.encode` for a number that is not whole or outside of the limits. */
export function whole(value: number, least: number, most: number, what: string): number {
  if (!Number.isInteger(value) || value < least || value > most)
    throw refused(`${what} must be a whole number of ${least} to ${most}, not ${value}`);
  return value;
}
