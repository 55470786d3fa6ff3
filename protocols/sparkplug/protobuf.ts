/** As much of Protocol Buffers' wire format as Sparkplug's payload needs. Reading never throws: what has no form is said by `broken`. */

const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true });
const ENCODER = new TextEncoder();

/** How a field's value stands on the wire. */
const WIRE = { varint: 0, fixed64: 1, length: 2, fixed32: 5 } as const;

export class ProtoReader {
  at: number;
  broken = false;
  /** Of the field that was read last: its number and wire type. */
  field = 0;
  wire = 0;
  readonly end: number;
  readonly #buffer: Uint8Array;
  readonly #view: DataView;

  constructor(buffer: Uint8Array, start = 0, end: number = buffer.length) {
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    this.at = start;
    this.end = end;
  }

  /** Goes to the next field; false at the end. */
  next(): boolean {
    if (this.at >= this.end || this.broken) return false;
    const key = this.varint();
    this.field = Math.floor(key / 8);
    this.wire = key % 8;
    if (this.field === 0) this.broken = true;
    return !this.broken;
  }

  /** Up to 64 bits; beyond 2⁵³ it is no longer exact (see `varint64`). */
  varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    this.broken = true;
    return 0;
  }

  /** Exact: a number as far as it is one, beyond that a bigint. */
  varint64(): number | bigint {
    const start = this.at;
    const value = this.varint();
    if (value <= Number.MAX_SAFE_INTEGER || this.broken) return value;
    let exact = 0n;
    for (let i = this.at - 1; i >= start; i--) exact = (exact << 7n) | BigInt((this.#buffer[i] as number) & 0x7f);
    return BigInt.asUintN(64, exact);
  }

  float(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getFloat32(at, true);
  }

  double(): number {
    const at = this.#take(8);
    return at < 0 ? 0 : this.#view.getFloat64(at, true);
  }

  /** A reader of the message that stands next. */
  message(): ProtoReader {
    const length = this.varint();
    const at = this.#take(length);
    if (at < 0) return new ProtoReader(this.#buffer, 0, 0);
    return new ProtoReader(this.#buffer, at, at + length);
  }

  bytes(): Uint8Array {
    const length = this.varint();
    const at = this.#take(length);
    return at < 0 ? new Uint8Array(0) : new Uint8Array(this.#buffer.subarray(at, at + length));
  }

  text(): string {
    const length = this.varint();
    const at = this.#take(length);
    return at < 0 ? '' : LENIENT.decode(this.#buffer.subarray(at, at + length));
  }

  /** Passes over the value of a field that nobody asks for. */
  skip(): void {
    if (this.wire === WIRE.varint) this.varint();
    else if (this.wire === WIRE.fixed64) this.#take(8);
    else if (this.wire === WIRE.length) this.#take(this.varint());
    else if (this.wire === WIRE.fixed32) this.#take(4);
    else this.broken = true;
  }

  #byte(): number {
    if (this.at < this.end) return this.#buffer[this.at++] as number;
    this.broken = true;
    return 0;
  }

  #take(count: number): number {
    if (this.end - this.at < count) {
      this.broken = true;
      this.at = this.end;
      return -1;
    }
    this.at += count;
    return this.at - count;
  }
}

export class ProtoWriter {
  #buffer = new Uint8Array(256);
  #view = new DataView(this.#buffer.buffer);
  #at = 0;

  get bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#at);
  }

  /** A whole number, two's complement of 64 bits where it is negative. */
  varint(field: number, value: number | bigint): this {
    this.#key(field, WIRE.varint);
    return this.#varint(value);
  }

  flag(field: number, value: boolean): this {
    return this.varint(field, value ? 1 : 0);
  }

  float(field: number, value: number): this {
    this.#key(field, WIRE.fixed32);
    this.#room(4);
    this.#view.setFloat32(this.#at, value, true);
    this.#at += 4;
    return this;
  }

  double(field: number, value: number): this {
    this.#key(field, WIRE.fixed64);
    this.#room(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
    return this;
  }

  block(field: number, bytes: Uint8Array): this {
    this.#key(field, WIRE.length);
    this.#varint(bytes.length);
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  text(field: number, text: string): this {
    return this.block(field, ENCODER.encode(text));
  }

  #key(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number | bigint): this {
    this.#room(10);
    if (typeof value === 'bigint' || value < 0 || value > Number.MAX_SAFE_INTEGER) {
      let rest = BigInt.asUintN(64, BigInt(value));
      while (rest > 0x7fn) {
        this.#buffer[this.#at++] = Number(rest & 0x7fn) | 0x80;
        rest >>= 7n;
      }
      this.#buffer[this.#at++] = Number(rest);
      return this;
    }
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#at++] = rest;
    return this;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#at + bytes));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}
