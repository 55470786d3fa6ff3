/** Numbers and octets of protocols that put the highest byte first, as most on TCP do. */
import type { ByteSink } from '@penstock/core';

const FIRST = 512;
/** A buffer that grew beyond this for one burst is given away with it. */
const KEPT = 65_536;

/** Bytes on their way out; grows as needed. What it hands over belongs to the taker. */
export class Outbox {
  buffer = new Uint8Array(FIRST);
  length = 0;

  /** Makes room for `more` bytes behind `length`. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  /** Lends the bytes to a sink, which copies them. */
  takeTo(sink: ByteSink): boolean {
    const { length } = this;
    if (length === 0) return true;
    this.length = 0;
    const room = sink.send(this.buffer, 0, length);
    if (this.buffer.length > KEPT) this.buffer = new Uint8Array(FIRST);
    return room;
  }

  take(): Uint8Array | undefined {
    const { length } = this;
    if (length === 0) return undefined;
    this.length = 0;
    if (this.buffer.length <= KEPT) return this.buffer.slice(0, length);
    const bytes = this.buffer.subarray(0, length);
    this.buffer = new Uint8Array(FIRST);
    return bytes;
  }
}

export const read16 = (buffer: Uint8Array, at: number): number =>
  ((buffer[at] as number) << 8) | (buffer[at + 1] as number);

export function write16(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value >>> 8;
  buffer[at + 1] = value;
}
