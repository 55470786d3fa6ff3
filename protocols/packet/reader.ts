/**
 * Reads a packet into fields with their places, for people. Whatever the bytes are it does not throw: what is missing is said in a field
 * of its own, and reading stops there.
 */
import type { PacketField } from '@penstock/core';

export class FieldReader {
  readonly fields: PacketField[] = [];
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  /** Bytes were missing. */
  short = false;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = Math.min(end, bytes.length);
  }

  get left(): number {
    return Math.max(0, this.end - this.at);
  }

  /** An unsigned number of `size` bytes, high byte first; `say` writes it, in decimal when left out. NaN where bytes are missing. */
  number(name: string, size: 1 | 2 | 4, say: (value: number) => string = String): number {
    if (!this.#has(size, name)) return Number.NaN;
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (this.bytes[this.at + i] as number);
    this.add(name, say(value), size);
    return value;
  }

  /** `size` bytes as `say` writes them; hexadecimal when left out. */
  raw(name: string, size: number, say: (bytes: Uint8Array) => string = hexadecimal): Uint8Array {
    if (!this.#has(size, name)) return new Uint8Array(0);
    const bytes = this.bytes.subarray(this.at, this.at + size);
    if (size > 0) this.add(name, say(bytes), size);
    return bytes;
  }

  /** A field over the next `size` bytes, which are then behind it. */
  add(name: string, value: string, size: number, tag: string | null = null, children: PacketField[] = []): PacketField {
    const field: PacketField = { name, value, start: this.at, end: this.at + size, tag, children };
    this.fields.push(field);
    this.at += size;
    return field;
  }

  /** What nobody reads, as one field. */
  rest(name: string): void {
    if (this.left > 0) this.add(name, `${this.left} bytes`, this.left);
  }

  #has(size: number, name: string): boolean {
    if (this.left >= size && !this.short) return true;
    if (!this.short) this.add(`${name}: missing`, `${size - this.left} more bytes were expected`, this.left);
    this.short = true;
    return false;
  }
}

/** One field around all that `fields` hold; as long as from `start` to `end`. */
export const group = (
  name: string,
  value: string,
  start: number,
  end: number,
  children: PacketField[],
): PacketField => ({
  ...{ name, value, start, end, tag: null, children },
});

const MOST_SHOWN = 24;

function hexadecimal(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, MOST_SHOWN), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return bytes.length > MOST_SHOWN ? `${shown} …` : shown;
}

/** Text as it is; what cannot be printed as a dot. */
export const printable = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('');

export const hex =
  (digits: number) =>
  (value: number): string =>
    `0x${value.toString(16).padStart(digits, '0')}`;
