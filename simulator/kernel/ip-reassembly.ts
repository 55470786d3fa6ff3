/**
 * Puts fragments of a host's packets together again (RFC 791 section 3.2, RFC 815). Bounded in packets and in time; a packet whose
 * fragments contradict each other is given up, as RFC 5722 has it for IPv6.
 */
import { type Instant, seconds } from '@penstock/core';
import { ETHERNET_HEADER, IPV4_HEADER, type Ipv4Header } from '@penstock/protocols/ethernet';
import { Frame } from './frame.ts';
import { TRANSPORT_OFFSET } from './ip.ts';

/** Longest payload of an IPv4 packet. */
const LONGEST = 0xffff - IPV4_HEADER;
/** Fragments are cut at multiples of 8 bytes. */
const BLOCK = 8;
/** Packets that may be in pieces at once; the oldest goes for one more. */
const PACKETS = 16;
/** As Linux has it (`ipfrag_time`). */
const PATIENCE = seconds(30);

/** A packet of which some fragments are there. */
class Pieces {
  readonly frame = new Frame(new Uint8Array(ETHERNET_HEADER + 0xffff), 0);
  readonly until: Instant;
  readonly #have = new Uint8Array(Math.ceil(LONGEST / BLOCK));
  #blocks = 0;
  /** Length of the payload, -1 until the last fragment has come. */
  length = -1;

  constructor(first: Frame, until: Instant) {
    this.until = until;
    this.frame.cause = first.cause;
    this.frame.response = first.response;
  }

  get isWhole(): boolean {
    return this.length >= 0 && this.#blocks === Math.ceil(this.length / BLOCK);
  }

  /** Takes one in; false when it contradicts what is there. */
  add(fragment: Frame, from: number, size: number, offset: number, isLast: boolean): boolean {
    const end = offset + size;
    if (isLast && this.length >= 0 && this.length !== end) return false;
    if (this.length >= 0 && end > this.length) return false;
    const first = offset / BLOCK;
    const last = Math.ceil(end / BLOCK);
    let known = 0;
    for (let i = first; i < last; i++) known += this.#have[i] as number;
    // The same one again changes nothing; one that overlaps is somebody's trick.
    if (known === last - first) return true;
    if (known > 0 || (isLast && this.#reaches(last))) return false;
    if (isLast) this.length = end;
    this.#have.fill(1, first, last);
    this.#blocks += last - first;
    const { frame } = this;
    frame.buffer.set(fragment.buffer.subarray(from, from + size), TRANSPORT_OFFSET + offset);
    if (!fragment.intact) frame.intact = false;
    // What an error quotes: the header of the first fragment.
    if (offset === 0) {
      const { buffer, start } = fragment;
      frame.buffer.set(buffer.subarray(start, start + TRANSPORT_OFFSET), 0);
    }
    frame.end = Math.max(frame.end, TRANSPORT_OFFSET + end);
    return true;
  }

  /** Whether something lies at or behind a block. */
  #reaches(block: number): boolean {
    return this.#have.indexOf(1, block) >= 0;
  }
}

export class IpReassembly {
  /** Packets that did not become whole: late, contradictory, or one too many. */
  givenUp = 0;
  readonly #pieces = new Map<string, Pieces>();

  /**
   * Takes a fragment whose payload begins at `transport`. Returns the whole packet as a frame of its own, transport header at
   * `TRANSPORT_OFFSET`, when this was the last that was missing.
   */
  add(fragment: Frame, header: Readonly<Ipv4Header>, transport: number, now: Instant): Frame | undefined {
    this.#expire(now);
    const { source, destination, identification, protocol, flags, fragmentOffset } = header;
    const key = `${source} ${destination} ${identification} ${protocol}`;
    const offset = fragmentOffset * BLOCK;
    const size = fragment.start + ETHERNET_HEADER + header.totalLength - transport;
    const isLast = (flags & 1) === 0;
    const isSound = size > 0 && offset + size <= LONGEST && (isLast || size % BLOCK === 0);
    let pieces = this.#pieces.get(key);
    if (pieces === undefined && isSound) {
      if (this.#pieces.size === PACKETS) this.#giveUp(this.#pieces.keys().next().value as string);
      pieces = new Pieces(fragment, (now + PATIENCE) as Instant);
      this.#pieces.set(key, pieces);
    }
    if (pieces === undefined || !isSound || !pieces.add(fragment, transport, size, offset, isLast)) {
      this.#giveUp(key);
      return undefined;
    }
    if (!pieces.isWhole) return undefined;
    this.#pieces.delete(key);
    return pieces.frame;
  }

  /** The host lost power. */
  clear(): void {
    this.#pieces.clear();
  }

  #expire(now: Instant): void {
    for (const [key, { until }] of this.#pieces) {
      // In the order of their beginnings, and so of their ends.
      if (until > now) return;
      this.#giveUp(key);
    }
  }

  #giveUp(key: string): void {
    this.#pieces.delete(key);
    this.givenUp++;
  }
}
