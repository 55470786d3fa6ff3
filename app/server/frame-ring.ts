/** The newest frames of the tap, bounded in bytes and in number. Numbers count from 1 as in the run's `capture.pcap`. */
import type { FrameSink } from '@penstock/core';

export interface KeptFrame {
  readonly number: number;
  /** Microseconds since 1970. */
  readonly time: number;
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export class FrameRing implements FrameSink {
  /** Number of the oldest frame that is kept, and of the newest; `last` is 0 before the first. */
  first = 1;
  last = 0;
  readonly #data: Uint8Array;
  readonly #slots: number;
  readonly #offset: Uint32Array;
  readonly #length: Uint16Array;
  readonly #time: Float64Array;
  #write = 0;

  /** @param bytes memory for frames @param frames how many at most */
  constructor(bytes: number, frames: number) {
    this.#data = new Uint8Array(bytes);
    this.#slots = frames;
    this.#offset = new Uint32Array(frames);
    this.#length = new Uint16Array(frames);
    this.#time = new Float64Array(frames);
  }

  frame(time: number, buffer: Uint8Array, start: number, end: number): void {
    const length = Math.min(end - start, 0xffff, this.#data.length);
    const taken = placeOf(length);
    if (this.#write + taken > this.#data.length) this.#wrap();
    const offset = this.#write;
    this.#makeRoom(offset, offset + taken);
    this.#data.set(buffer.subarray(start, start + length), offset);
    this.#write = offset + taken;
    this.last++;
    if (this.last - this.first >= this.#slots) this.first = this.last - this.#slots + 1;
    const slot = this.last % this.#slots;
    this.#offset[slot] = offset;
    this.#length[slot] = length;
    this.#time[slot] = time;
  }

  /** A frame that is kept; valid until the next one arrives. */
  at(number: number): KeptFrame | undefined {
    if (number < this.first || number > this.last) return undefined;
    const slot = number % this.#slots;
    const start = this.#offset[slot] as number;
    return {
      ...{ number, time: this.#time[slot] as number, buffer: this.#data },
      ...{ start, end: start + (this.#length[slot] as number) },
    };
  }

  /** Back to the beginning of the memory; what lay behind the write place is the oldest and goes. */
  #wrap(): void {
    this.#makeRoom(this.#write, this.#data.length);
    this.#write = 0;
  }

  /** Lets go of the oldest frames that lie in `from` to `to`. */
  #makeRoom(from: number, to: number): void {
    while (this.first <= this.last) {
      const slot = this.first % this.#slots;
      const start = this.#offset[slot] as number;
      const end = start + placeOf(this.#length[slot] as number);
      if (end <= from || start >= to) return;
      this.first++;
    }
  }
}

/** Bytes that a frame takes: an empty one a byte, so that no two of them lie at the same place and the oldest is known by its own. */
const placeOf = (length: number): number => Math.max(1, length);
