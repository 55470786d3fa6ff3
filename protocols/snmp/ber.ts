/** The part of BER (ITU-T X.690) that SNMP uses: definite lengths, primitive values and sequences, nothing longer than a datagram. */

export const TAGS = {
  integer: 0x02,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  ip: 0x40,
  counter32: 0x41,
  gauge32: 0x42,
  timeticks: 0x43,
  opaque: 0x44,
  counter64: 0x46,
  noSuchObject: 0x80,
  noSuchInstance: 0x81,
  endOfMibView: 0x82,
} as const;

/** Sub-identifiers of an object identifier (RFC 3416, clause 4.1). */
const LONGEST_OID = 128;
export type Oid = readonly number[];

/** Reads values one after the other; after the first that is none it is `broken` and gives nothing more. */
export class BerReader {
  broken = false;
  at: number;
  readonly end: number;
  readonly #buffer: Uint8Array;

  constructor(buffer: Uint8Array, start: number, end: number) {
    this.#buffer = buffer;
    this.at = start;
    this.end = end;
  }

  get left(): number {
    return this.broken ? 0 : this.end - this.at;
  }

  /** The tag of what comes next; -1 at the end. */
  get tag(): number {
    return this.left > 0 ? (this.#buffer[this.at] as number) : -1;
  }

  /** What is inside of the next value, which must have `tag`; -1 takes any. */
  value(tag: number): BerReader {
    const start = this.at;
    if (this.left < 2 || (tag !== -1 && this.tag !== tag)) return this.#fail();
    let at = start + 1;
    let length = this.#buffer[at++] as number;
    if (length >= 0x80) {
      // Four bytes of length and more are no datagram's.
      const bytes = length & 0x7f;
      if (bytes === 0 || bytes > 3 || at + bytes > this.end) return this.#fail();
      length = 0;
      for (let i = 0; i < bytes; i++) length = length * 256 + (this.#buffer[at++] as number);
    }
    if (at + length > this.end) return this.#fail();
    this.at = at + length;
    return new BerReader(this.#buffer, at, at + length);
  }

  /** The content as a whole number of at most eight bytes; beyond 2^53 it is rounded. */
  number(signed: boolean): number {
    const size = this.end - this.at;
    // A number without sign has a zero in front where its highest bit is set.
    if (this.broken || size < 1 || size > 9) {
      this.broken = true;
      return 0;
    }
    let value = this.#buffer[this.at] as number;
    if (signed && value >= 0x80) value -= 0x100;
    for (let i = this.at + 1; i < this.end; i++) value = value * 256 + (this.#buffer[i] as number);
    return value;
  }

  bytes(): Uint8Array {
    return this.broken ? new Uint8Array(0) : this.#buffer.slice(this.at, this.end);
  }

  oid(): Oid {
    const parts: number[] = [];
    let value = 0;
    let isOpen = false;
    for (let i = this.at; i < this.end && !this.broken; i++) {
      const byte = this.#buffer[i] as number;
      value = value * 128 + (byte & 0x7f);
      isOpen = byte >= 0x80;
      if (value > 0xffff_ffff || parts.length >= LONGEST_OID) this.broken = true;
      if (isOpen) continue;
      if (parts.length === 0) {
        const first = Math.min(2, Math.floor(value / 40));
        parts.push(first, value - first * 40);
      } else parts.push(value);
      value = 0;
    }
    if (parts.length === 0 || isOpen) this.broken = true;
    return this.broken ? [] : parts;
  }

  #fail(): BerReader {
    this.broken = true;
    const none = new BerReader(this.#buffer, this.end, this.end);
    none.broken = true;
    return none;
  }
}

/** Writes from the end to the front, where every length is known when it is needed. */
export class BerWriter {
  #buffer = new Uint8Array(512);
  #at = 512;

  /** Bytes written so far. */
  get size(): number {
    return this.#buffer.length - this.#at;
  }

  /** Puts tag and length before all that was written since `size` was `from`. */
  wrap(tag: number, from: number): void {
    const length = this.size - from;
    if (length < 0x80) this.#put(length);
    else {
      let bytes = 0;
      for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) {
        this.#put(rest & 0xff);
        bytes++;
      }
      this.#put(0x80 | bytes);
    }
    this.#put(tag);
  }

  /** In as few bytes as two's complement needs; without sign too, which has a zero in front then. */
  number(tag: number, value: number): void {
    const from = this.size;
    let rest = Math.trunc(value);
    let byte: number;
    do {
      byte = ((rest % 256) + 256) % 256;
      this.#put(byte);
      rest = (rest - byte) / 256;
    } while (!((rest === 0 && byte < 0x80) || (rest === -1 && byte >= 0x80)));
    this.wrap(tag, from);
  }

  bytes(tag: number, bytes: Uint8Array): void {
    const from = this.size;
    this.#reserve(bytes.length);
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
    this.wrap(tag, from);
  }

  oid(oid: Oid): void {
    const from = this.size;
    const parts = [(oid[0] ?? 0) * 40 + (oid[1] ?? 0), ...oid.slice(2)];
    for (const part of parts.reverse()) {
      this.#put(part % 128);
      for (let rest = Math.floor(part / 128); rest > 0; rest = Math.floor(rest / 128)) this.#put(0x80 | (rest % 128));
    }
    this.wrap(TAGS.oid, from);
  }

  finish(): Uint8Array {
    return this.#buffer.slice(this.#at);
  }

  #put(byte: number): void {
    this.#reserve(1);
    this.#buffer[--this.#at] = byte;
  }

  #reserve(count: number): void {
    if (this.#at >= count) return;
    const larger = new Uint8Array(this.#buffer.length * 2 + count);
    larger.set(this.#buffer.subarray(this.#at), larger.length - this.size);
    this.#at = larger.length - this.size;
    this.#buffer = larger;
  }
}

export const oidText = (oid: Oid): string => oid.join('.');

/** Order of the tree (RFC 3416, clause 4.2.2). */
export function compareOids(a: Oid, b: Oid): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  return a.length - b.length;
}
