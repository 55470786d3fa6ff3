/** Answers that go in segments (ASHRAE 135-2020, clause 5.4.5.3): sent as their client acknowledges them. */
import { type Instant, NEVER, seconds } from '@penstock/core';
import { type Apdu, PDU } from './apdu.ts';
import type { BacnetLink, Peer } from './link.ts';

interface Sending {
  readonly to: Peer;
  readonly invokeId: number;
  readonly service: number;
  readonly octets: Uint8Array;
  readonly size: number;
  readonly count: number;
  /** The first segment that is not acknowledged, and how many go at once. */
  base: number;
  window: number;
  tries: number;
  due: Instant;
}

const SEGMENT_TIMEOUT = seconds(4);
const RETRIES = 3;
const MOST = 16;
const PROPOSED_WINDOW = 8;
/** Of a ComplexACK's segment. */
const HEADER = 5;

export class SegmentedAnswers {
  /** Answers that found no room, and those whose client fell silent. */
  readonly counters = { dropped: 0, timeouts: 0 };
  readonly #link: BacnetLink;
  readonly #sending = new Map<string, Sending>();

  constructor(link: BacnetLink) {
    this.#link = link;
  }

  /**
   * Begins to send an answer.
   * @param octets what follows the header
   * @param maxApdu octets that the client takes at once
   * @returns false where it would be more segments than `maxSegments` (0: any number), or there are too many answers under way
   */
  start(
    answer: { to: Peer; invokeId: number; service: number; octets: Uint8Array; maxApdu: number; maxSegments: number },
    now: Instant,
  ): boolean {
    const { maxApdu, maxSegments, ...own } = answer;
    const size = maxApdu - HEADER;
    const count = Math.ceil(own.octets.length / size);
    if (maxSegments > 0 && maxSegments < 65 && count > maxSegments) return false;
    if (this.#sending.size >= MOST) {
      this.counters.dropped++;
      return false;
    }
    const sending: Sending = { ...own, size, count, base: 0, window: 1, tries: 0, due: NEVER };
    this.#sending.set(keyOf(own.to, own.invokeId), sending);
    this.#transmit(sending, now);
    return true;
  }

  /** A SegmentACK of a client, or its abort. */
  receive(apdu: Apdu, from: Peer, now: Instant): void {
    const key = keyOf(from, apdu.invokeId);
    const sending = this.#sending.get(key);
    if (sending === undefined || apdu.server) return;
    if (apdu.type === PDU.abort) {
      this.#sending.delete(key);
      return;
    }
    // The acknowledged one is among those under way; anything else is late or invented.
    const acknowledged = (apdu.sequence - sending.base) & 255;
    if (acknowledged < sending.window) {
      sending.base += acknowledged + 1;
      sending.tries = 0;
    } else if (!apdu.negative) return;
    sending.window = Math.max(1, Math.min(PROPOSED_WINDOW, apdu.window));
    if (sending.base >= sending.count) this.#sending.delete(key);
    else this.#transmit(sending, now);
  }

  due(): Instant {
    let due = NEVER;
    for (const sending of this.#sending.values()) if (sending.due < due) due = sending.due;
    return due;
  }

  tick(now: Instant): void {
    for (const [key, sending] of this.#sending) {
      if (sending.due > now) continue;
      if (++sending.tries > RETRIES) {
        this.counters.timeouts++;
        this.#sending.delete(key);
      } else this.#transmit(sending, now);
    }
  }

  clear(): void {
    this.#sending.clear();
  }

  #transmit(sending: Sending, now: Instant): void {
    const { to, invokeId, service, octets, size, count, base, window } = sending;
    sending.due = (now + SEGMENT_TIMEOUT) as Instant;
    for (let i = base; i < Math.min(count, base + window); i++) {
      const part = octets.subarray(i * size, Math.min(octets.length, (i + 1) * size));
      const apdu = new Uint8Array(HEADER + part.length);
      apdu[0] = (PDU.complexAck << 4) | 8 | (i < count - 1 ? 4 : 0);
      apdu[1] = invokeId;
      apdu[2] = i & 255;
      apdu[3] = PROPOSED_WINDOW;
      apdu[4] = service;
      apdu.set(part, HEADER);
      this.#link.send(to, apdu, i < count - 1);
    }
  }
}

const keyOf = ({ address, port }: Peer, invokeId: number): string => `${address}:${port}/${invokeId}`;
