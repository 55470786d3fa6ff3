/** Chunks out of a stream that somebody overhears: finds its place again after gaps and garbage, and holds at most one chunk. */
import { type ChunkHeader, chunkHeader } from './chunks.ts';
import { HEADER } from './tables.ts';

/** Longest chunk that is put together; what is longer is passed over. Stacks have buffers of 64 KiB. */
const LONGEST = 262_144;
/** Beyond this a size is not believed. */
const LARGEST = 16_777_216;

export interface ScanSink {
  chunk(header: ChunkHeader, buffer: Uint8Array, start: number, end: number): void;
  fault(reason: 'header' | 'size'): void;
}

export class ChunkScanner {
  /** Bytes that belong to no chunk, or to one that could not be put together. */
  skipped = 0;
  readonly #sink: ScanSink;
  #held = new Uint8Array(0);
  #length = 0;
  #synced = false;
  /** Of a chunk that is passed over, what is still to come. */
  #passing = 0;

  constructor(sink: ScanSink) {
    this.#sink = sink;
  }

  get held(): number {
    return this.#length + this.#passing;
  }

  receive(buffer: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#passing > 0) {
        const taken = Math.min(this.#passing, end - at);
        this.#passing -= taken;
        this.skipped += taken;
        at += taken;
      } else if (this.#length > 0) at = this.#complete(buffer, at, end);
      else at = this.#next(buffer, at, end);
    }
  }

  /** Gives up what is held, for a gap: the next bytes may begin anywhere. */
  lose(): void {
    this.skipped += this.#length;
    this.#length = 0;
    this.#passing = 0;
    this.#synced = false;
  }

  /** Takes a chunk where it stands, or holds what there is of it; where to go on. */
  #next(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    if (!this.#synced) {
      while (at < end && !mayBegin(buffer, at, end)) at++;
      this.skipped += at - start;
      if (at === end) return end;
    }
    if (end - at < HEADER) {
      this.#hold(buffer, at, end);
      return end;
    }
    const header = believed(buffer, at);
    if (header === undefined) {
      this.#lost(buffer, at);
      this.skipped++;
      return at + 1;
    }
    this.#synced = true;
    if (header.size > LONGEST) {
      this.#sink.fault('size');
      this.#passing = header.size;
      return at;
    }
    if (at + header.size > end) {
      this.#hold(buffer, at, end);
      return end;
    }
    this.#sink.chunk(header, buffer, at, at + header.size);
    return at + header.size;
  }

  #complete(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    if (this.#length < HEADER) {
      const next = Math.min(end, at + HEADER - this.#length);
      this.#hold(buffer, at, next);
      at = next;
      if (this.#length < HEADER) return at;
    }
    const header = believed(this.#held, 0);
    if (header === undefined || header.size > LONGEST) {
      // What was held is looked at again from its second byte on.
      const held = this.#held.slice(0, this.#length);
      this.#length = 0;
      if (header !== undefined) {
        this.#synced = true;
        this.#sink.fault('size');
        this.#passing = header.size - held.length;
        this.skipped += held.length;
        return at;
      }
      this.#lost(held, 0);
      this.skipped++;
      this.receive(held, 1, held.length);
      return at;
    }
    this.#synced = true;
    const next = Math.min(end, at + header.size - this.#length);
    this.#hold(buffer, at, next);
    if (this.#length < header.size) return next;
    const held = this.#held;
    this.#length = 0;
    if (held.length > 65_536) this.#held = new Uint8Array(0);
    this.#sink.chunk(header, held, 0, header.size);
    return next;
  }

  #lost(buffer: Uint8Array, at: number): void {
    // Only where a chunk had to begin; while a beginning is sought nothing is wrong.
    if (this.#synced) this.#sink.fault(chunkHeader(buffer, at) === undefined ? 'header' : 'size');
    this.#synced = false;
  }

  #hold(buffer: Uint8Array, start: number, end: number): void {
    const needed = this.#length + end - start;
    if (needed > this.#held.length) {
      const grown = new Uint8Array(Math.max(needed, 512, Math.min(this.#held.length * 2, LONGEST)));
      grown.set(this.#held.subarray(0, this.#length));
      this.#held = grown;
    }
    this.#held.set(buffer.subarray(start, end), this.#length);
    this.#length = needed;
  }
}

function believed(buffer: Uint8Array, at: number): ChunkHeader | undefined {
  const header = chunkHeader(buffer, at);
  return header !== undefined && header.size >= HEADER + 4 && header.size <= LARGEST ? header : undefined;
}

const FIRST = new Set('HAERCOM'.split('').map((letter) => letter.charCodeAt(0)));

/** Whether a chunk begins here, or what there is could become the beginning of one. */
export function mayBegin(buffer: Uint8Array, at: number, end: number): boolean {
  if (end - at >= HEADER) return believed(buffer, at) !== undefined;
  const text = String.fromCharCode(...buffer.subarray(at, Math.min(end, at + 3)));
  return (
    FIRST.has(buffer[at] as number) &&
    ['HEL', 'ACK', 'ERR', 'RHE', 'OPN', 'MSG', 'CLO'].some((type) => type.startsWith(text))
  );
}
