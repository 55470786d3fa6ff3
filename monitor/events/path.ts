/**
 * The way that a host's packets take. A host keeps its network card, its hop limit and its way of opening TCP connections; a packet
 * is on the wire once, and says one thing. Where that is not so, somebody may stand between: each such observation is an event.
 */

import type { ProtocolEvent } from '@penstock/core';
import { BoundedMap } from '../bounded-map.ts';
import { ipv4Text, ipv6Text, macOf } from '../flows/address.ts';
import type { Endpoint } from '../flows/endpoint.ts';
import type { Evidence } from '../flows/evidence.ts';
import type { Flow } from '../flows/flow.ts';
import { Packet, PROTOCOL_TCP } from '../flows/packet.ts';

/** A host's packets come another way, or look otherwise, than before. */
export interface PathChangeEvent extends ProtocolEvent {
  readonly name: 'path_change';
  readonly is_orig: boolean;
  /**
   * `mac`: in mid-conversation from another card; `ttl`: from the same card with another hop limit; `fingerprint`: a TCP connection is opened
   * or accepted with other options, window or hop limit than that service had before; `twice`: the same segment again from another card.
   */
  readonly kind: 'mac' | 'ttl' | 'fingerprint' | 'twice';
  readonly before: string;
  readonly after: string;
  /** How often on this conversation. Told at the first, second, fourth, eighth, … time. */
  readonly count: number;
  /** `mac` and `twice`: the hop limit stayed, so that it was no router that passed the packet on. */
  readonly ttl_kept: boolean;
  /** `mac`: how often the same two cards took turns up to now. */
  readonly turns: number;
}

/** The same bytes of a TCP stream were seen twice with different content. */
export interface SegmentConflictEvent extends ProtocolEvent {
  readonly name: 'segment_conflict';
  readonly is_orig: boolean;
  /** Payloads of the two segments, as far as they overlap, at most 512 bytes. */
  readonly first: readonly number[];
  readonly second: readonly number[];
  /** Seconds between the two. */
  readonly delay: number;
  readonly mac_changed: boolean;
  readonly count: number;
}

export type PathEvent = PathChangeEvent | SegmentConflictEvent;

/** Hosts and services whose fingerprint is remembered. */
const MAX_FINGERPRINTS = 16_384;
/** Packets of the flow that are looked through for the first copy of a segment. */
const LOOK_BACK = 24;
const MAX_COMPARED = 512;

const SYN = 2;
const ACK = 16;

export class PathWatch {
  readonly #emit: (event: ProtocolEvent, flow: Flow) => void;
  readonly #evidence: Evidence | undefined;
  readonly #fingerprints = new BoundedMap<string, string>(MAX_FINGERPRINTS);
  readonly #earlier = new Packet();

  /** @param evidence holds the first copies of segments; without it, segments that come twice are not compared */
  constructor(emit: (event: ProtocolEvent, flow: Flow) => void, evidence: Evidence | undefined) {
    this.#emit = emit;
    this.#evidence = evidence;
  }

  /** A packet came from another card than the one before. `high` and `low` are the card's that it had. */
  moved(flow: Flow, endpoint: Endpoint, high: number, low: number, ttlKept: boolean, time: number): void {
    const count = ++endpoint.macChanges;
    const before = cardNumber(high, low);
    const now = cardNumber(endpoint.macHigh, endpoint.macLow);
    // The same two cards in turn; a damaged frame's card comes once.
    endpoint.macTurns = now === endpoint.macSecond && before === endpoint.macThird ? endpoint.macTurns + 1 : 0;
    endpoint.macThird = endpoint.macSecond;
    endpoint.macSecond = before;
    if (!isPowerOfTwo(count)) return;
    const after = macOf(endpoint.macHigh, endpoint.macLow);
    this.#changed(flow, endpoint, 'mac', macOf(high, low), after, count, ttlKept, time);
  }

  /** A packet came from the same card with another hop limit than the one before. */
  hops(flow: Flow, endpoint: Endpoint, before: number, time: number): void {
    const count = ++endpoint.hopChanges;
    if (!isPowerOfTwo(count)) return;
    this.#changed(flow, endpoint, 'ttl', String(before), String(endpoint.hopLimit), count, false, time);
  }

  /** A SYN or SYN-ACK, by whose look the sender's system can be told (as passive fingerprinting does, RFC 9293 and RFC 7323 options). */
  opens(flow: Flow, endpoint: Endpoint, packet: Packet, headerLength: number, time: number): void {
    const b = packet.buffer;
    const at = packet.payload;
    if (packet.payloadEnd < at + headerLength) return;
    const role = ((b[at + 13] as number) & (SYN | ACK)) === SYN ? 'c' : 's';
    const host =
      packet.version === 4
        ? ipv4Text(packet.source3)
        : ipv6Text(packet.source0, packet.source1, packet.source2, packet.source3);
    const key = `${host}${role}${flow.responderPort}`;
    const look = fingerprint(b, at, at + headerLength, packet.hopLimit);
    const before = this.#fingerprints.get(key);
    if (before === look) return;
    this.#fingerprints.set(key, look);
    if (before !== undefined) this.#changed(flow, endpoint, 'fingerprint', before, look, 1, false, time);
  }

  /** A segment of bytes that were on the wire before: a retransmission, the second leg of a relay, or somebody's other version. */
  repeated(flow: Flow, endpoint: Endpoint, packet: Packet, headerLength: number, time: number): void {
    const evidence = this.#evidence;
    if (evidence === undefined) return;
    const b = packet.buffer;
    const at = packet.payload;
    const data = at + headerLength;
    const earlier = this.#earlier;
    const packets = evidence.packetsOf(flow, LOOK_BACK);
    for (let i = packets.length - 2; i >= 0; i--) {
      const { bytes, linkType, wireLength, time: then } = packets[i] as (typeof packets)[number];
      if (earlier.decode(bytes, 0, bytes.length, linkType, wireLength) !== 0 || earlier.isFragment) continue;
      const start = earlier.payload;
      if (earlier.protocol !== PROTOCOL_TCP || earlier.payloadEnd - start < 20) continue;
      const e = earlier.buffer;
      if (!isSameStart(b, at, e, start)) continue;
      const first = start + (((e[start + 12] as number) >> 4) << 2);
      const overlap = Math.min(packet.payloadEnd - data, earlier.payloadEnd - first, MAX_COMPARED);
      if (overlap <= 0) continue;
      const macs = macDiffers(packet, earlier);
      if (macs && isPowerOfTwo(++endpoint.copies))
        this.#changed(
          flow,
          endpoint,
          'twice',
          macAt(earlier),
          macAt(packet),
          endpoint.copies,
          earlier.hopLimit === packet.hopLimit,
          time,
        );
      if (!differs(b, data, e, first, overlap)) return;
      const event: SegmentConflictEvent = {
        name: 'segment_conflict',
        time,
        is_orig: endpoint.isOriginator,
        first: [...e.subarray(first, first + overlap)],
        second: [...b.subarray(data, data + overlap)],
        delay: (time - then) / 1e6,
        mac_changed: macs,
        count: ++endpoint.conflicts,
      };
      this.#emit(event, flow);
      return;
    }
  }

  #changed(
    flow: Flow,
    endpoint: Endpoint,
    kind: PathChangeEvent['kind'],
    before: string,
    after: string,
    count: number,
    ttlKept: boolean,
    time: number,
  ): void {
    const event: PathChangeEvent = {
      name: 'path_change',
      time,
      is_orig: endpoint.isOriginator,
      kind,
      before,
      after,
      count,
      ttl_kept: ttlKept,
      turns: endpoint.macTurns,
    };
    this.#emit(event, flow);
  }
}

/** A card's address as one number, which 48 bits fit into. */
const cardNumber = (high: number, low: number): number => high * 2 ** 32 + (low >>> 0);
const isPowerOfTwo = (count: number): boolean => (count & (count - 1)) === 0;

/** Same source port, destination port and sequence number: within a flow, the same direction and place in its stream. */
function isSameStart(a: Uint8Array, at: number, b: Uint8Array, from: number): boolean {
  for (let i = 0; i < 8; i++) if (a[at + i] !== b[from + i]) return false;
  return true;
}

function differs(a: Uint8Array, at: number, b: Uint8Array, from: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[at + i] !== b[from + i]) return true;
  return false;
}

function macDiffers(a: Packet, b: Packet): boolean {
  return a.sourceMac >= 0 && b.sourceMac >= 0 && differs(a.frame, a.sourceMac, b.frame, b.sourceMac, 6);
}

function macAt({ frame, sourceMac: at }: Packet): string {
  return macOf(((frame[at] as number) << 8) | (frame[at + 1] as number), word(frame, at + 2));
}

function word(b: Uint8Array, at: number): number {
  return (
    ((b[at] as number) << 24) | ((b[at + 1] as number) << 16) | ((b[at + 2] as number) << 8) | (b[at + 3] as number)
  );
}

/** `ttl window options`, the options by their kinds with the values of MSS (2) and window scale (3): `64 64240 2=1460,4,8,1,3=7`. */
function fingerprint(b: Uint8Array, at: number, end: number, hopLimit: number): string {
  const window = ((b[at + 14] as number) << 8) | (b[at + 15] as number);
  const options: string[] = [];
  for (let i = at + 20; i < end; ) {
    const kind = b[i] as number;
    if (kind === 0) break;
    if (kind === 1) {
      options.push('1');
      i++;
      continue;
    }
    const length = b[i + 1] ?? 0;
    if (length < 2 || i + length > end) break;
    if (kind === 2 && length === 4) options.push(`2=${((b[i + 2] as number) << 8) | (b[i + 3] as number)}`);
    else if (kind === 3 && length === 3) options.push(`3=${b[i + 2]}`);
    else options.push(String(kind));
    i += length;
  }
  return `${hopLimit} ${window} ${options.join(',')}`;
}
