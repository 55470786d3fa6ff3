/** Control packets out of a stream (OASIS MQTT 5.0, 2.1): a byte of type and flags, a remaining length, and as many bytes. */

export interface PacketHandler {
  /**
   * One packet. `buffer[start..end)` is what follows the remaining length, valid only during the call.
   * @param length its remaining length, which is more than `end - start` where a packet was cut
   * @returns false to hear no more of this stream
   */
  packet(first: number, buffer: Uint8Array, start: number, end: number, length: number): boolean;
  /** The stream cannot be read on: a length of more than four bytes, or a packet beyond the limit. */
  fault(reason: 'length' | 'size'): void;
}

const NONE = new Uint8Array(0);

/**
 * Cuts a stream into packets. Of a packet whose bytes come in parts a copy is kept, as much of it as has come, at most `limit` bytes;
 * what is beyond is a fault, or is passed over where `cuts` says so.
 */
export class PacketReader {
  /** Bytes that belong to no packet. */
  skipped = 0;
  readonly #handler: PacketHandler;
  readonly #limit: number;
  readonly #cuts: boolean;
  #held: Uint8Array = NONE;
  #size = 0;
  /** Of a packet that is passed over: bytes still to come. */
  #passing = 0;
  #dead = false;

  constructor(handler: PacketHandler, limit: number, cuts = false) {
    this.#handler = handler;
    this.#limit = limit;
    this.#cuts = cuts;
  }

  /** Bytes of a packet that is not whole. */
  get held(): number {
    return this.#size + this.#passing;
  }

  receive(buffer: Uint8Array, start: number, end: number): void {
    if (this.#dead) return;
    let at = start;
    if (this.#passing > 0) {
      const passed = Math.min(this.#passing, end - at);
      this.#passing -= passed;
      at += passed;
    }
    if (this.#size > 0) {
      at = this.#complete(buffer, at, end);
      if (this.#size > 0 || this.#dead) return;
    }
    while (at < end) {
      const next = this.#packet(buffer, at, end);
      if (next < 0) break;
      at = next;
    }
    if (at < end && !this.#dead && this.#passing === 0) this.#hold(buffer, at, end);
  }

  /** Forgets what is held: bytes were lost, and the stream goes on at the beginning of a packet. */
  lose(): void {
    this.#size = 0;
    this.#passing = 0;
    this.#dead = false;
  }

  /** As if `bytes` of the stream had come and could not be seen; what is left of them after the packet that was under way. */
  miss(bytes: number): number {
    const of = Math.min(this.#passing, bytes);
    this.#passing -= of;
    return bytes - of;
  }

  /** Hands out the packet at `at` and says where the next begins; -1 when it is not whole or the stream is over. */
  #packet(buffer: Uint8Array, at: number, end: number): number {
    let length = 0;
    for (let i = 1; i <= 4; i++) {
      if (at + i >= end) return -1;
      const byte = buffer[at + i] as number;
      length |= (byte & 0x7f) << (7 * (i - 1));
      if (byte >= 0x80) continue;
      const from = at + i + 1;
      const to = from + length;
      if (length > this.#limit) return this.#large(buffer, at, from, end, length);
      if (to > end) return -1;
      if (!this.#handler.packet(buffer[at] as number, buffer, from, to, length)) this.#dead = true;
      return this.#dead ? -1 : to;
    }
    this.#end('length', end - at);
    return -1;
  }

  /** A packet beyond the limit: its beginning is handed out and the rest passed over, or it is a fault. */
  #large(buffer: Uint8Array, at: number, from: number, end: number, length: number): number {
    if (!this.#cuts) {
      this.#end('size', end - at);
      return -1;
    }
    if (end - from < this.#limit) return -1;
    if (!this.#handler.packet(buffer[at] as number, buffer, from, from + this.#limit, length)) this.#dead = true;
    this.#passing = Math.max(0, from + length - end);
    return this.#dead ? -1 : Math.min(end, from + length);
  }

  #end(reason: 'length' | 'size', bytes: number): void {
    this.#dead = true;
    this.skipped += bytes;
    this.#size = 0;
    this.#handler.fault(reason);
  }

  #hold(buffer: Uint8Array, start: number, end: number): void {
    const size = this.#size + end - start;
    if (size > this.#held.length) {
      const larger = new Uint8Array(Math.max(256, 2 * size));
      larger.set(this.#held.subarray(0, this.#size));
      this.#held = larger;
    }
    this.#held.set(buffer.subarray(start, end), this.#size);
    this.#size = size;
  }

  /** Adds to what is held until it is a packet; says where in `buffer` the rest begins. */
  #complete(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const wanted = this.#wanted();
      const part = Math.min(wanted, end - at);
      this.#hold(buffer, at, at + part);
      at += part;
      const size = this.#size;
      const held = this.#held;
      const next = this.#packet(held, 0, size);
      if (this.#dead) return end;
      if (next < 0) continue;
      this.#size = 0;
      if (this.#held.length > 65_536) this.#held = NONE;
      const passed = Math.min(this.#passing, end - at);
      this.#passing -= passed;
      return at + passed;
    }
    return at;
  }

  /** Bytes that are missing of the packet that is held, as far as they can be told. */
  #wanted(): number {
    const held = this.#held;
    let length = 0;
    for (let i = 1; i <= 4 && i < this.#size; i++) {
      const byte = held[i] as number;
      length |= (byte & 0x7f) << (7 * (i - 1));
      if (byte < 0x80) return Math.max(1, i + 1 + Math.min(length, this.#limit) - this.#size);
    }
    return 1;
  }
}
