/** Reading and building of OPC UA's little-endian messages (OPC 10000-6, 5.2.2). Reading never throws: beyond the end it gives zeros and says so. */
import { PenstockError } from '@penstock/core';

/** Longest array that is taken apart; a message of the largest size that is spoken holds fewer of anything that matters. */
const MAX_ARRAY = 65_536;
/** Seconds of 1601-01-01 to 1970-01-01, as 100 ns, in two halves. */
const EPOCH_HIGH = 27_111_902;
const EPOCH_LOW = 3_577_643_008;
const TWO_32 = 0x1_0000_0000;
/** How deep variants, diagnostics and the like may stand in one another. */
export const MAX_DEPTH = 16;
const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

export class Reader {
  at: number;
  /** More was asked for than there was, or a length was out of bounds: what was read means nothing. */
  bad = false;
  /** Of what is being read within itself. */
  depth = 0;
  readonly end: number;
  readonly #buffer: Uint8Array;
  readonly #view: DataView;

  constructor(buffer: Uint8Array, start = 0, end: number = buffer.length) {
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    this.at = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  #has(count: number): boolean {
    if (this.at + count <= this.end) return true;
    this.bad = true;
    this.at = this.end;
    return false;
  }

  u8(): number {
    return this.#has(1) ? (this.#buffer[this.at++] as number) : 0;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    if (!this.#has(2)) return 0;
    this.at += 2;
    return this.#view.getUint16(this.at - 2, true);
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  u32(): number {
    if (!this.#has(4)) return 0;
    this.at += 4;
    return this.#view.getUint32(this.at - 4, true);
  }

  i32(): number {
    return this.u32() | 0;
  }

  u64(): bigint {
    if (!this.#has(8)) return 0n;
    this.at += 8;
    return this.#view.getBigUint64(this.at - 8, true);
  }

  i64(): bigint {
    return BigInt.asIntN(64, this.u64());
  }

  f32(): number {
    if (!this.#has(4)) return 0;
    this.at += 4;
    return this.#view.getFloat32(this.at - 4, true);
  }

  f64(): number {
    if (!this.#has(8)) return 0;
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }

  /** Microseconds since 1970; 0 for a time that is not given. */
  time(): number {
    const low = this.u32();
    const high = this.u32();
    if (low === 0 && high === 0) return 0;
    const more = high - EPOCH_HIGH;
    const whole = Math.floor(more / 10);
    return whole * TWO_32 + Math.floor(((more - whole * 10) * TWO_32 + low - EPOCH_LOW) / 10);
  }

  /** A copy. */
  bytes(count: number): Uint8Array {
    if (count < 0 || !this.#has(count)) {
      this.bad = true;
      return new Uint8Array(0);
    }
    this.at += count;
    return this.#buffer.slice(this.at - count, this.at);
  }

  /** Undefined for null. */
  byteString(): Uint8Array | undefined {
    const length = this.i32();
    return length < 0 ? undefined : this.bytes(length);
  }

  string(): string | undefined {
    const length = this.i32();
    if (length < 0 || !this.#has(length)) return undefined;
    const from = this.at;
    this.at += length;
    // Almost all names are short and ASCII.
    if (length > 64) return DECODER.decode(this.#buffer.subarray(from, this.at));
    let text = '';
    for (let i = from; i < this.at; i++) {
      const byte = this.#buffer[i] as number;
      if (byte > 0x7f) return DECODER.decode(this.#buffer.subarray(from, this.at));
      text += String.fromCharCode(byte);
    }
    return text;
  }

  skip(count: number): void {
    if (this.#has(count)) this.at += count;
  }

  /** The length of an array, 0 for null; one that cannot be in what is left is bad. */
  count(): number {
    const length = this.i32();
    if (length <= 0) return 0;
    if (length > this.left || length > MAX_ARRAY) {
      this.bad = true;
      this.at = this.end;
      return 0;
    }
    return length;
  }
}

const FIRST = 256;

export class Writer {
  buffer = new Uint8Array(FIRST);
  length = 0;
  #view = new DataView(this.buffer.buffer);

  #room(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.buffer.length) {
      const grown = new Uint8Array(Math.max(this.length, this.buffer.length * 2));
      grown.set(this.buffer);
      this.buffer = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }

  u8(value: number): void {
    const at = this.#room(1);
    this.buffer[at] = value;
  }

  u16(value: number): void {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }

  i32(value: number): void {
    this.u32(value);
  }

  u64(value: bigint): void {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
  }

  f32(value: number): void {
    const at = this.#room(4);
    this.#view.setFloat32(at, value, true);
  }

  f64(value: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
  }

  /** Of microseconds since 1970. */
  time(microseconds: number): void {
    if (microseconds === 0) {
      this.u32(0);
      this.u32(0);
      return;
    }
    const whole = Math.floor(microseconds / TWO_32);
    const low = (microseconds - whole * TWO_32) * 10 + EPOCH_LOW;
    const carry = Math.floor(low / TWO_32);
    const high = whole * 10 + EPOCH_HIGH + carry;
    const fits = high >= 0 && high <= 0x7fff_ffff;
    this.u32(fits ? low - carry * TWO_32 : high < 0 ? 0 : 0xffff_ffff);
    this.u32(fits ? high : high < 0 ? 0 : 0x7fff_ffff);
  }

  bytes(values: Uint8Array): void {
    const at = this.#room(values.length);
    this.buffer.set(values, at);
  }

  byteString(value: Uint8Array | undefined): void {
    if (value === undefined) this.i32(-1);
    else {
      this.i32(value.length);
      this.bytes(value);
    }
  }

  string(value: string | undefined): void {
    if (value === undefined) {
      this.i32(-1);
      return;
    }
    const { length } = value;
    const at = this.#room(4 + length);
    const { buffer } = this;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        this.length = at;
        this.byteString(ENCODER.encode(value));
        return;
      }
      buffer[at + 4 + i] = code;
    }
    this.#view.setUint32(at, length, true);
  }

  take(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  /** What was written, valid until the next write. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}

export const refused = (message: string): PenstockError => new PenstockError('opcua.encode', message);
