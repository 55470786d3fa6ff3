/**
 * TCP streams from segments. Of overlapping data the first that came stays, as in Zeek's default. A hole is given up, and told
 * to the dissector as a gap, when the receiver has acknowledged it, when too much waits behind it, or when it is five seconds old.
 * What is acknowledged before it was captured counts as missed even if it still comes, as with Zeek and tshark; but an
 * acknowledgement far beyond anything sent is not believed until data follows it.
 */
import { CLOSED, type Endpoint, ESTABLISHED, INACTIVE, PARTIAL, type Segment } from './endpoint.ts';
import type { Flow } from './flow.ts';

/** Where reassembled bytes go. `buffer` is valid only during the call. */
export interface StreamConsumer {
  data(flow: Flow, endpoint: Endpoint, time: number, buffer: Uint8Array, start: number, end: number): void;
  gap(flow: Flow, endpoint: Endpoint, time: number, missing: number): void;
}

const MAX_WAITING_BYTES = 256 * 1024;
const MAX_WAITING_SEGMENTS = 256;
const MAX_WAITING_TOTAL = 64 * 1024 * 1024;
const MAX_HOLE_AGE = 5e6;
/** No receiver of this field offers more than a megabyte of window; what claims to be further ahead is not believed at once. */
const PLAUSIBLE_AHEAD = 1024 * 1024;
/** Nor may a host acknowledge more unseen data than an unscaled window holds. */
const PLAUSIBLE_UNSEEN = 65_535;
/** Segments in a row, each continuing the one before, that move the stream to where they are. */
const STRAYS_TO_MOVE = 3;

export class Reassembler {
  /** Payload bytes seen again; segments that came out of order; holes given up and their bytes; streams that were moved. */
  duplicateBytes = 0;
  outOfOrder = 0;
  gaps = 0;
  gapBytes = 0;
  resynchronised = 0;
  /** Segments that fit nowhere and were dropped. */
  strays = 0;
  #waitingTotal = 0;
  readonly #consumer: StreamConsumer;

  constructor(consumer: StreamConsumer) {
    this.#consumer = consumer;
  }

  /**
   * Takes a segment whose first byte has the relative position `from`.
   * @param wireLength its length on the wire; `buffer[start..end)` is what was captured of it
   */
  segment(
    flow: Flow,
    endpoint: Endpoint,
    time: number,
    from: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
  ): void {
    if (from === endpoint.next && endpoint.waiting === undefined && end - start === wireLength) {
      endpoint.next = from + wireLength;
      endpoint.strays = 0;
      this.#consumer.data(flow, endpoint, time, buffer, start, end);
      return;
    }
    this.#irregular(flow, endpoint, time, from, buffer, start, end, wireLength);
  }

  #irregular(
    flow: Flow,
    endpoint: Endpoint,
    time: number,
    from: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
  ): void {
    const to = from + wireLength;
    if (to <= endpoint.next || from > endpoint.next + PLAUSIBLE_AHEAD) {
      if (!this.#moves(endpoint, from, to)) return;
      this.#move(flow, endpoint, time, from);
    }
    endpoint.strays = 0;
    let first = from;
    let at = start;
    if (first < endpoint.next) {
      this.duplicateBytes += endpoint.next - first;
      at += endpoint.next - first;
      first = endpoint.next;
    }
    if (first === 2 && isKeepAlive(endpoint)) endpoint.next = 2;
    if (first > endpoint.next) {
      this.outOfOrder++;
      this.#hold(endpoint, time, first, buffer, at, Math.max(at, end));
      this.#relieve(flow, endpoint, time);
      return;
    }
    const captured = Math.max(at, end) - at;
    if (endpoint.waiting !== undefined) {
      // What waits came first, and stays where the new segment overlaps it.
      this.#hold(endpoint, time, first, buffer, at, at + captured);
      this.#drain(flow, endpoint, time);
    } else if (captured > 0) {
      endpoint.next = first + captured;
      this.#consumer.data(flow, endpoint, time, buffer, at, at + captured);
    }
    if (endpoint.next !== first + captured || endpoint.next >= to) return;
    const waiting = endpoint.waiting?.[0];
    this.#skip(flow, endpoint, time, waiting === undefined ? to : Math.min(to, waiting.from));
    this.#drain(flow, endpoint, time);
  }

  /**
   * Whether a segment that is wholly old, or far ahead, continues a run of such that shows where the stream really is. Old
   * segments count only when each starts at what the receiver acknowledged last: retransmissions in a burst do not. One far
   * ahead is believed at once when the receiver has acknowledged up to near there.
   */
  #moves(endpoint: Endpoint, from: number, to: number): boolean {
    const isOld = to <= endpoint.next;
    if (!isOld && Math.abs(from - endpoint.lastAck) <= PLAUSIBLE_UNSEEN) return true;
    if (isOld) this.duplicateBytes += to - from;
    else this.strays++;
    if (isOld && from !== endpoint.lastAck) endpoint.strays = 0;
    else endpoint.strays = from === endpoint.strayNext ? endpoint.strays + 1 : 1;
    endpoint.strayNext = to;
    return endpoint.strays >= STRAYS_TO_MOVE;
  }

  #move(flow: Flow, endpoint: Endpoint, time: number, to: number): void {
    this.resynchronised++;
    this.#discard(endpoint);
    const missing = Math.max(0, to - endpoint.next);
    endpoint.next = to;
    this.#consumer.gap(flow, endpoint, time, missing);
  }

  /** Keeps a copy of what no waiting segment has yet. */
  #hold(endpoint: Endpoint, time: number, from: number, buffer: Uint8Array, start: number, end: number): void {
    if (endpoint.waiting === undefined) {
      endpoint.waiting = [];
      endpoint.holeSince = time;
    }
    const waiting = endpoint.waiting;
    const to = from + (end - start);
    let position = from;
    let index = 0;
    while (position < to) {
      const other = waiting[index] as Segment | undefined;
      if (other !== undefined && other.to <= position) {
        index++;
        continue;
      }
      const limit = other === undefined ? to : Math.min(to, other.from);
      if (limit > position) {
        const bytes = buffer.slice(start + position - from, start + limit - from);
        waiting.splice(index, 0, { from: position, to: limit, bytes });
        endpoint.waitingBytes += bytes.length;
        this.#waitingTotal += bytes.length;
        index++;
      }
      if (other === undefined) break;
      this.duplicateBytes += Math.max(0, Math.min(to, other.to) - Math.max(position, other.from));
      position = other.to;
      index++;
    }
    if (waiting.length === 0) endpoint.waiting = undefined;
  }

  /** Delivers what has no hole before it any more. */
  #drain(flow: Flow, endpoint: Endpoint, time: number): void {
    const waiting = endpoint.waiting;
    if (waiting === undefined) return;
    let used = 0;
    while (used < waiting.length) {
      const segment = waiting[used] as Segment;
      if (segment.from > endpoint.next) break;
      used++;
      endpoint.waitingBytes -= segment.bytes.length;
      this.#waitingTotal -= segment.bytes.length;
      if (segment.to <= endpoint.next) continue;
      const start = endpoint.next - segment.from;
      endpoint.next = segment.to;
      this.#consumer.data(flow, endpoint, time, segment.bytes, start, segment.bytes.length);
    }
    if (used === 0) return;
    waiting.splice(0, used);
    endpoint.holeSince = time;
    if (waiting.length === 0) endpoint.waiting = undefined;
  }

  /** Gives up holes that are acknowledged, too old, or before which too much waits. */
  #relieve(flow: Flow, endpoint: Endpoint, time: number): void {
    while (endpoint.waiting !== undefined) {
      const first = endpoint.waiting[0] as Segment;
      const given =
        endpoint.acked >= first.from ||
        time - endpoint.holeSince > MAX_HOLE_AGE ||
        endpoint.waitingBytes > MAX_WAITING_BYTES ||
        endpoint.waiting.length > MAX_WAITING_SEGMENTS ||
        this.#waitingTotal > MAX_WAITING_TOTAL;
      if (!given) return;
      this.#skip(flow, endpoint, time, first.from);
      this.#drain(flow, endpoint, time);
    }
  }

  /** The receiver has acknowledged more; holes below that are lost to us. */
  acknowledged(flow: Flow, endpoint: Endpoint, time: number): void {
    if (endpoint.waiting !== undefined) this.#relieve(flow, endpoint, time);
    const unseen = this.#acknowledgedUpTo(endpoint) - endpoint.next;
    if (unseen > 0 && unseen <= PLAUSIBLE_UNSEEN && endpoint.state !== INACTIVE) {
      if (isKeepAlive(endpoint)) endpoint.next = 2;
      else this.#skip(flow, endpoint, time, endpoint.next + unseen);
    }
  }

  /** Without the FIN, which takes a sequence number but is no data. */
  #acknowledgedUpTo(endpoint: Endpoint): number {
    return endpoint.finSeen && endpoint.acked >= endpoint.fin ? endpoint.fin - 1 : endpoint.acked;
  }

  #skip(flow: Flow, endpoint: Endpoint, time: number, to: number): void {
    const missing = to - endpoint.next;
    if (missing <= 0) return;
    endpoint.next = to;
    this.gaps++;
    this.gapBytes += missing;
    if (isClean(flow.originator) && isClean(flow.responder)) {
      flow.missedBytes += missing;
      endpoint.gaps = scaledHistory(flow, endpoint, 'G', endpoint.gaps);
    }
    this.#consumer.gap(flow, endpoint, time, missing);
  }

  /** The flow is over: delivers what waits. */
  finish(flow: Flow, endpoint: Endpoint, time: number): void {
    while (endpoint.waiting !== undefined) {
      this.#skip(flow, endpoint, time, (endpoint.waiting[0] as Segment).from);
      this.#drain(flow, endpoint, time);
    }
  }

  #discard(endpoint: Endpoint): void {
    this.#waitingTotal -= endpoint.waitingBytes;
    endpoint.waiting = undefined;
    endpoint.waitingBytes = 0;
    endpoint.strays = 0;
  }

  /** A new SYN on the same flow numbers the stream anew. */
  restart(endpoint: Endpoint): void {
    this.#discard(endpoint);
    endpoint.next = 1;
  }
}

/** A mid-stream flow that was first seen with a keep-alive is numbered one byte early; that byte is not missing. */
function isKeepAlive(endpoint: Endpoint): boolean {
  return (
    endpoint.next === 1 && endpoint.acked <= 2 && (endpoint.state === PARTIAL || endpoint.previousState === PARTIAL)
  );
}

/** Gaps count only while both sides are regular: around resets and half-seen streams sequence numbers lie (so does Zeek judge). */
function isClean(endpoint: Endpoint): boolean {
  return endpoint.state === ESTABLISHED || (endpoint.state === CLOSED && endpoint.previousState === ESTABLISHED);
}

/** Adds a letter to the history at the 1st, 10th, 100th … time; returns the new count. */
export function scaledHistory(flow: Flow, endpoint: Endpoint, letter: string, count: number): number {
  const now = count + 1;
  let threshold = 1;
  while (threshold < now) threshold *= 10;
  if (threshold === now) flow.history += endpoint.isOriginator ? letter : letter.toLowerCase();
  return now;
}
