/** Packets on a TCP stream (RFC 1006, clause 6): version 3, a reserved byte, the length of the whole packet. */
import { refused } from './bytes.ts';

const TPKT_HEADER = 4;
/** Header and the shortest transport header that class 0 has. */
export const MIN_TPKT = 7;
/** Header and the largest TPDU that X.224 can agree on (13.3.4: 8192). */
export const MAX_TPKT = TPKT_HEADER + 8192;

/** A packet around a TPDU of 3 to 8192 bytes. @throws PenstockError `s7comm.encode` for another length. */
export function encodeTpkt(tpdu: Uint8Array): Uint8Array {
  const length = TPKT_HEADER + tpdu.length;
  if (length < MIN_TPKT || length > MAX_TPKT) throw refused(`a TPDU has 3 to 8192 bytes, not ${tpdu.length}`);
  const packet = new Uint8Array(length);
  packet[0] = 3;
  packet[2] = length >>> 8;
  packet[3] = length;
  packet.set(tpdu, TPKT_HEADER);
  return packet;
}

/** Why bytes are no packet: not version 3 with a reserved 0, or a length outside 7 to 8196. */
export type TpktFault = 'version' | 'length';

export interface TpktSink {
  /** The TPDU of a packet, `buffer[start..end)`, valid only during the call. */
  tpdu(buffer: Uint8Array, start: number, end: number): void;
  /** The stream lost its place; said once until the next packet. */
  fault(fault: TpktFault): void;
}

/**
 * Cuts a stream into packets; those that arrive whole are not copied. Holds at most one packet. After a fault it looks for the
 * next header that a TPDU code confirms; a peer that must not go on after a fault closes in `fault`.
 */
export class TpktReader {
  /** Bytes that no packet could be made of. */
  skipped = 0;
  readonly #sink: TpktSink;
  #held: Uint8Array | undefined;
  #heldLength = 0;
  #synced = true;

  constructor(sink: TpktSink) {
    this.#sink = sink;
  }

  /** Bytes of a packet that is not whole yet. */
  get held(): number {
    return this.#heldLength;
  }

  receive(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    let buffer = bytes;
    let from = start;
    let to = end;
    if (this.#heldLength > 0) {
      buffer = new Uint8Array(this.#heldLength + end - start);
      buffer.set((this.#held as Uint8Array).subarray(0, this.#heldLength));
      buffer.set(bytes.subarray(start, end), this.#heldLength);
      this.#heldLength = 0;
      from = 0;
      to = buffer.length;
    }
    const rest = this.#consume(buffer, from, to);
    if (rest === to) return;
    this.#held ??= new Uint8Array(MAX_TPKT);
    this.#held.set(buffer.subarray(rest, to));
    this.#heldLength = to - rest;
  }

  /** Gives up what is held, for a gap: the next bytes may begin anywhere. */
  lose(): void {
    this.skipped += this.#heldLength;
    this.#heldLength = 0;
    this.#synced = false;
  }

  #consume(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (!this.#synced) {
        const found = findHeader(buffer, at, end);
        this.skipped += found - at;
        at = found;
        if (end - at < MIN_TPKT) return at;
        this.#synced = true;
      }
      if (buffer[at] !== 3 || (at + 1 < end && buffer[at + 1] !== 0)) {
        at = this.#lost('version', at);
        continue;
      }
      if (end - at < TPKT_HEADER) return at;
      const length = packetLength(buffer, at);
      if (length < MIN_TPKT || length > MAX_TPKT) {
        at = this.#lost('length', at);
        continue;
      }
      if (at + length > end) return at;
      this.#sink.tpdu(buffer, at + TPKT_HEADER, at + length);
      at += length;
    }
    return at;
  }

  #lost(fault: TpktFault, at: number): number {
    this.#synced = false;
    this.skipped++;
    this.#sink.fault(fault);
    return at + 1;
  }
}

const packetLength = (buffer: Uint8Array, at: number): number =>
  ((buffer[at + 2] as number) << 8) | (buffer[at + 3] as number);

/** Where a packet starts, or bytes that could still become the header of one; `end` without either. */
function findHeader(buffer: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) if (isPacketStart(buffer, at, end) !== false) return at;
  return end;
}

/** Whether a packet with a class 0 TPDU starts here; undefined while too few bytes have come to tell. */
export function isPacketStart(buffer: Uint8Array, at: number, end: number): boolean | undefined {
  const available = end - at;
  if (available > 0 && buffer[at] !== 3) return false;
  if (available > 1 && buffer[at + 1] !== 0) return false;
  if (available < 6) return undefined;
  const length = packetLength(buffer, at);
  const indicator = buffer[at + 4] as number;
  if (length < MIN_TPKT || length > MAX_TPKT || indicator < 2 || 5 + indicator > length) return false;
  switch ((buffer[at + 5] as number) >> 4) {
    case 0xf:
      return indicator === 2;
    case 0xe:
    case 0xd:
    case 0x8:
      return indicator >= 6;
    default:
      return false;
  }
}
