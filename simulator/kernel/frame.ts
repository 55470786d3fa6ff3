/**
 * Frames under way: real bytes in slabs, in objects that are used again, so that a frame allocates nothing.
 */
import type { Instant } from '@penstock/core';
import type { Cause } from './foothold.ts';
import type { Task } from './queue.ts';
import type { Interface, Segment } from './segment.ts';

/** Room for the longest frame (1514 bytes), in whole cache lines. */
const ROOM = 1536;
const FRAMES_PER_SLAB = 32;

/** A frame on a segment; as a task, its arrival. Its bytes are `buffer[start..end)`, valid until it is released. */
export class Frame implements Task {
  readonly buffer: Uint8Array;
  readonly start: number;
  end: number;
  segment: Segment | undefined = undefined;
  sender: Interface | undefined = undefined;
  /** Who gets it; undefined: everybody else on the segment. */
  target: Interface | undefined = undefined;
  /** Who made it happen, for the truth journal only. */
  cause: Cause | undefined = undefined;
  /** It answers what `cause` did, rather than doing it. */
  response = false;
  /** Built by a host's own stack: lengths and checksums are right, and a receiver need not check them again. */
  intact = true;
  /** It went past the tap when its original sender sent it. */
  seen = false;

  constructor(buffer: Uint8Array, start: number) {
    this.buffer = buffer;
    this.start = start;
    this.end = start;
  }

  run(now: Instant): void {
    (this.segment as Segment).arrive(this, now);
  }
}

export class FramePool {
  readonly #free: Frame[] = [];
  #made = 0;

  /** Frames that are under way or waiting; 0 when nothing leaks and nothing moves. */
  get inUse(): number {
    return this.#made - this.#free.length;
  }

  /** An empty frame with room for the longest one. */
  take(): Frame {
    const free = this.#free;
    if (free.length === 0) this.#grow();
    const frame = free.pop() as Frame;
    frame.cause = undefined;
    frame.response = false;
    frame.intact = true;
    frame.seen = false;
    return frame;
  }

  release(frame: Frame): void {
    this.#free.push(frame);
  }

  #grow(): void {
    const slab = new Uint8Array(ROOM * FRAMES_PER_SLAB);
    for (let i = FRAMES_PER_SLAB - 1; i >= 0; i--) this.#free.push(new Frame(slab, i * ROOM));
    this.#made += FRAMES_PER_SLAB;
  }
}
