/**
 * Conversations of a real network, as far as somebody's acts are in them: whose bytes a segment carries, and whose act an answer answers. Like
 * the stack of the wire in memory does it, an answer inherits from what its sender had last heard; here the acknowledgement number tells
 * what that was.
 */
import type { Cause } from '@penstock/simulator/kernel';

/** Somebody's bytes on their way: told by who sent them, and looked for in what the sensor saw. */
export interface Sent {
  /** Offset in the stream of its first byte; a datagram has none. */
  readonly from: number;
  readonly bytes: Uint8Array;
  readonly cause: Cause;
  /** When it was told, microseconds of the wall clock. */
  readonly at: number;
  readonly side: Side;
  /** Its bytes were seen. */
  seen: boolean;
}

/** Changes of mind that are remembered of a side: what it sent, up to which number, and whose that was. */
const TRAIL = 32;
/** Acts that a side may have under way. */
const MOST_SENT = 512;
/** A datagram that comes back so soon answers, in microseconds. */
const ANSWERS_WITHIN = 2e6;

/** One end of a conversation. */
export class Side {
  /** Who the whole conversation belongs to, told by this side. */
  owner: Cause | undefined;
  /** When the owner was told. */
  ownedAt = 0;
  /** Sequence number of the SYN: byte 0 of the stream is the one after it. Undefined where the conversation is older than the sensor. */
  start: number | undefined;
  /** `start` was worked out from content. */
  guessed = false;
  /** It opened the conversation. */
  active: boolean | undefined;
  sent: Sent[] = [];
  /** What was sent up to a number (wrapping), and whose it was; equal neighbours are one. */
  trail: { end: number; cause: Cause | undefined }[] = [];
  /** Until when a datagram of this side answers what it heard last. */
  answersUntil = 0;
  heard: Cause | undefined;

  /** Enters what is under way; false when too much is. */
  expect(sent: Sent): boolean {
    if (this.sent.length >= MOST_SENT) return false;
    this.sent.push(sent);
    return true;
  }

  /** A new conversation in the place of one that has ended; what was told of it already stays. */
  restart(start: number, told: number): void {
    this.forgetSegments();
    this.start = start;
    this.sent = this.sent.filter((sent) => !sent.seen && sent.at >= told);
    if (this.ownedAt < told) this.owner = undefined;
  }

  forgetSegments(): void {
    this.start = undefined;
    this.guessed = false;
    this.trail = [];
  }

  noteSegment(end: number, cause: Cause | undefined): void {
    const { trail } = this;
    const last = trail.at(-1);
    if (last !== undefined && last.cause === cause) {
      if (((end - last.end) | 0) < 0) last.end = end;
      return;
    }
    if (trail.length === TRAIL) trail.shift();
    trail.push({ end, cause });
  }

  /** Whose it was that the other side had heard last when it acknowledged up to `number`; with undefined, what was sent last. */
  lastHeard(number: number | undefined): Cause | undefined {
    if (number === undefined) return this.trail.at(-1)?.cause;
    return this.trail.findLast(({ end }) => ((end - number) | 0) <= 0)?.cause;
  }

  /** Whose bytes are in a segment: the first act that it carries any byte of. A SYN is byte -1. */
  causeOfSegment(sequence: number, payload: Uint8Array, length: number): Cause | undefined {
    if (this.sent.length === 0) return undefined;
    if (this.start === undefined) this.#align(sequence, payload);
    else if (this.guessed && this.#isContradicted(sequence, payload)) {
      this.start = undefined;
      this.#align(sequence, payload);
    }
    if (this.start === undefined) return undefined;
    let cause: Cause | undefined;
    for (const sent of this.sent) {
      const into = (this.start + 1 + sent.from - sequence) | 0;
      if (into >= length || into + sent.bytes.length <= 0) continue;
      sent.seen = true;
      cause ??= sent.cause;
    }
    return cause;
  }

  causeOfDatagram(payload: Uint8Array, isWhole: boolean): Cause | undefined {
    const i = this.sent.findIndex(
      ({ bytes, seen }) => !seen && (isWhole ? isEqual(bytes, payload) : startsWith(bytes, payload)),
    );
    const found = this.sent[i];
    if (found === undefined) return undefined;
    found.seen = true;
    this.sent.splice(i, 1);
    return found.cause;
  }

  /** What a datagram of this side answers, if it answers. */
  answered(time: number): Cause | undefined {
    return time <= this.answersUntil ? this.heard : undefined;
  }

  hear(cause: Cause | undefined, time: number): void {
    this.heard = cause;
    this.answersUntil = time + ANSWERS_WITHIN;
  }

  /** Finds where the stream begins by an act's own bytes: whole in this segment, or its front at the segment's end of line. */
  #align(sequence: number, payload: Uint8Array): void {
    const segment = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    if (segment.length === 0) return;
    for (const { bytes, from, seen } of this.sent) {
      if (seen) continue;
      const at = startsWith(bytes, payload) ? 0 : segment.indexOf(bytes);
      if (at < 0) continue;
      this.start = (sequence + at - from - 1) | 0;
      this.guessed = true;
      return;
    }
  }

  /** Whether an act's place in the stream, as it was worked out, holds other bytes than its own. */
  #isContradicted(sequence: number, payload: Uint8Array): boolean {
    return this.sent.some(({ bytes, from }) => {
      const into = ((this.start as number) + 1 + from - sequence) | 0;
      return (
        into >= 0 &&
        into + bytes.length <= payload.length &&
        !isEqual(payload.subarray(into, into + bytes.length), bytes)
      );
    });
  }
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const startsWith = (whole: Uint8Array, front: Uint8Array): boolean =>
  front.length > 0 && front.length <= whole.length && isEqual(whole.subarray(0, front.length), front);

/** A conversation of two ends. */
export class Conversation {
  readonly low = new Side();
  readonly high = new Side();
}

/** Conversations by their ends, the ones that were quiet the longest gone first when there are too many. */
export class Conversations {
  /** Those that went for want of room. */
  forgotten = 0;
  readonly #most: number;
  readonly #all = new Map<string, Conversation>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#all.size;
  }

  /** The side that speaks and the one that listens. */
  between(
    protocol: number,
    from: number,
    fromPort: number,
    to: number,
    toPort: number,
  ): { readonly speaker: Side; readonly listener: Side } {
    const isLow = from < to || (from === to && fromPort <= toPort);
    const key = isLow
      ? `${protocol} ${from}:${fromPort} ${to}:${toPort}`
      : `${protocol} ${to}:${toPort} ${from}:${fromPort}`;
    let found = this.#all.get(key);
    if (found === undefined) {
      found = new Conversation();
      if (this.#all.size >= this.#most) {
        this.forgotten++;
        this.#all.delete(this.#all.keys().next().value as string);
      }
    } else this.#all.delete(key);
    this.#all.set(key, found);
    return isLow ? { speaker: found.low, listener: found.high } : { speaker: found.high, listener: found.low };
  }
}
