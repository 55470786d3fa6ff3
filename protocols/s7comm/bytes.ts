/** Reading and building of big-endian messages. Reading never throws: beyond the end it gives zeros and says so. */
import { PenstockError } from '@penstock/core';

export class ByteReader {
  at: number;
  /** More was asked for than there was. */
  short = false;
  readonly #buffer: Uint8Array;
  readonly #end: number;

  constructor(buffer: Uint8Array, start: number, end: number) {
    this.#buffer = buffer;
    this.at = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.at;
  }

  u8(): number {
    if (this.at >= this.#end) {
      this.short = true;
      return 0;
    }
    return this.#buffer[this.at++] as number;
  }

  u16(): number {
    return (this.u8() << 8) | this.u8();
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16();
  }

  /** A copy. */
  bytes(length: number): Uint8Array {
    if (length > this.left) {
      this.short = true;
      this.at = this.#end;
      return new Uint8Array(0);
    }
    this.at += length;
    return this.#buffer.slice(this.at - length, this.at);
  }

  rest(): Uint8Array {
    return this.bytes(this.left);
  }

  /** Bytes as characters 0 to 255. */
  text(length: number): string {
    return String.fromCharCode(...this.bytes(length));
  }
}

export class ByteWriter {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  u8(value: number, what = 'byte'): this {
    this.#bytes.push(whole(value, 0xff, what));
    return this;
  }

  u16(value: number, what = 'word'): this {
    whole(value, 0xffff, what);
    this.#bytes.push(value >>> 8, value & 0xff);
    return this;
  }

  u32(value: number, what = 'double word'): this {
    whole(value, 0xffffffff, what);
    this.#bytes.push(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
    return this;
  }

  bytes(values: Uint8Array): this {
    for (const value of values) this.#bytes.push(value);
    return this;
  }

  text(value: string): this {
    for (let i = 0; i < value.length; i++) this.u8(value.charCodeAt(i), 'character');
    return this;
  }

  take(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

export const refused = (message: string): PenstockError => new PenstockError('s7comm.encode', message);

function whole(value: number, most: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > most)
    throw refused(`${what} must be a whole number of 0 to ${most}, not ${value}`);
  return value;
}
