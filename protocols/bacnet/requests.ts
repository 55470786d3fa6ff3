/** Confirmed requests of one device to others (ASHRAE 135-2020, clause 5.4.4): invoke ids, repetition, answers in segments. */
import { type Duration, type Instant, NEVER, seconds } from '@penstock/core';
import { ABORT, type Apdu, MAX_APDU, PDU, writeAbort, writeRequest, writeSegmentAck } from './apdu.ts';
import type { BacnetLink, Peer } from './link.ts';
import { TAG, TagReader } from './reader.ts';
import { TagWriter } from './writer.ts';

/** What became of a request. Octets of an answer are valid during the call only. */
export type Outcome =
  | { readonly kind: 'done'; readonly buffer: Uint8Array; readonly start: number; readonly end: number }
  | { readonly kind: 'error'; readonly errorClass: number; readonly errorCode: number }
  | { readonly kind: 'reject' | 'abort'; readonly reason: number }
  /** No answer came; `refused`: there was no room for it, or the owner closed. */
  | { readonly kind: 'timeout' | 'refused' };

export type Answered = (outcome: Outcome, now: Instant) => void;

interface Open {
  readonly to: Peer;
  readonly service: number;
  readonly apdu: Uint8Array;
  readonly done: Answered;
  readonly sent?: ((under: boolean) => void) | undefined;
  tries: number;
  due: Instant;
  /** Segments of the answer so far. */
  parts: Uint8Array[] | undefined;
  size: number;
  window: number;
  /** Sequence number of the last one that was acknowledged. */
  acknowledged: number;
}

interface Waiting {
  readonly open: Omit<Open, 'apdu'>;
  readonly body: Uint8Array;
}

export interface RequestOptions {
  /** How long an answer is waited for, and how often a request is sent again. */
  readonly timeout?: Duration | undefined;
  readonly retries?: number | undefined;
  /** Requests that are open at once; others wait for their turn. */
  readonly open?: number | undefined;
}

const TIMEOUT = seconds(3);
const RETRIES = 3;
const OPEN = 8;
const MOST_WAITING = 512;
const MOST_SEGMENTS = 256;
/** Octets of an answer as a whole. */
const MOST_OCTETS = 0x4_0000;
/** Segments that are taken before they are acknowledged. */
const WINDOW = 8;
const SEGMENTS_TAKEN = 64;

export class Requests {
  readonly counters = { sent: 0, repeated: 0, done: 0, failed: 0, timeouts: 0, unasked: 0 };
  readonly #link: BacnetLink;
  readonly #timeout: number;
  readonly #retries: number;
  readonly #most: number;
  readonly #open = new Map<number, Open>();
  readonly #waiting: Waiting[] = [];
  readonly #writer = new TagWriter();
  #invoke = 0;

  constructor(link: BacnetLink, { timeout = TIMEOUT, retries = RETRIES, open = OPEN }: RequestOptions = {}) {
    this.#link = link;
    this.#timeout = timeout;
    this.#retries = retries;
    this.#most = Math.min(200, open);
  }

  /** Requests that wait or are open. */
  get pending(): number {
    return this.#open.size + this.#waiting.length;
  }

  /** Sends a request when its turn comes. @param sent hears that something is about to go out (true), and that it has (false) */
  submit(
    to: Peer,
    service: number,
    body: Uint8Array,
    now: Instant,
    done: Answered,
    sent?: (under: boolean) => void,
  ): void {
    if (this.#waiting.length >= MOST_WAITING) {
      done({ kind: 'refused' }, now);
      return;
    }
    const open = {
      to,
      service,
      done,
      sent,
      tries: 0,
      due: NEVER,
      parts: undefined,
      size: 0,
      window: 1,
      acknowledged: -1,
    };
    this.#waiting.push({ open, body });
    this.#fill(now);
  }

  /** An APDU that may be an answer; false where it is none of the kinds that answer. */
  receive(apdu: Apdu, buffer: Uint8Array, from: Peer, now: Instant): boolean {
    if (apdu.type < PDU.simpleAck || apdu.type === PDU.segmentAck) return false;
    // A client's own abort is for the server.
    if (apdu.type === PDU.abort && !apdu.server) return false;
    const open = this.#open.get(apdu.invokeId);
    const isService = apdu.type >= PDU.reject || open?.service === apdu.service;
    if (open === undefined || open.to.address !== from.address || open.to.port !== from.port || !isService) {
      this.counters.unasked++;
      return true;
    }
    if (apdu.type === PDU.complexAck && apdu.segmented) this.#segment(open, apdu, buffer, now);
    else this.#end(apdu.invokeId, open, outcomeOf(apdu, buffer), now);
    return true;
  }

  due(): Instant {
    let due = NEVER;
    for (const open of this.#open.values()) if (open.due < due) due = open.due;
    return due;
  }

  tick(now: Instant): void {
    for (const [invokeId, open] of [...this.#open]) {
      if (open.due > now || this.#open.get(invokeId) !== open) continue;
      if (open.tries > this.#retries || open.parts !== undefined) {
        this.counters.timeouts++;
        this.#end(invokeId, open, { kind: 'timeout' }, now);
      } else {
        this.counters.repeated++;
        this.#transmit(open, now);
      }
    }
  }

  /** Everything that waits or is open is given up. */
  close(now: Instant): void {
    const all = [...this.#open.values(), ...this.#waiting.map(({ open }) => open)];
    this.#open.clear();
    this.#waiting.length = 0;
    for (const { done } of all) done({ kind: 'refused' }, now);
  }

  #fill(now: Instant): void {
    while (this.#open.size < this.#most && this.#waiting.length > 0) {
      const { open, body } = this.#waiting.shift() as Waiting;
      while (this.#open.has(this.#invoke)) this.#invoke = (this.#invoke + 1) & 255;
      const invokeId = this.#invoke;
      this.#invoke = (this.#invoke + 1) & 255;
      const { service } = open;
      const writer = writeRequest(this.#writer.clear(), {
        ...{ invokeId, service, maxApdu: MAX_APDU, maxSegments: SEGMENTS_TAKEN },
      });
      const started: Open = { ...open, apdu: writer.raw(body).octets() };
      this.#open.set(invokeId, started);
      this.counters.sent++;
      this.#transmit(started, now);
    }
  }

  #transmit(open: Open, now: Instant): void {
    open.tries++;
    open.due = (now + this.#timeout) as Instant;
    open.sent?.(true);
    this.#link.send(open.to, open.apdu, true);
    open.sent?.(false);
  }

  #segment(open: Open, apdu: Apdu, buffer: Uint8Array, now: Instant): void {
    const { invokeId, sequence, window, more } = apdu;
    open.parts ??= [];
    const expected = open.parts.length & 255;
    open.due = (now + this.#timeout * 4) as Instant;
    open.window = Math.max(1, Math.min(WINDOW, window));
    if (sequence !== expected) {
      // What was missed is asked for again; what came twice is acknowledged as it stands.
      this.#acknowledge(open, invokeId, (expected + 255) & 255, ((expected - sequence) & 255) > open.window);
      return;
    }
    open.parts.push(buffer.slice(apdu.start, apdu.end));
    open.size += apdu.end - apdu.start;
    if (open.parts.length > MOST_SEGMENTS || open.size > MOST_OCTETS) {
      this.#link.send(open.to, writeAbort(this.#writer.clear(), invokeId, ABORT.bufferOverflow, false).octets(), false);
      this.#end(invokeId, open, { kind: 'abort', reason: ABORT.bufferOverflow }, now);
      return;
    }
    const isFull = open.parts.length - 1 - open.acknowledged >= open.window;
    if (open.parts.length === 1 || isFull || !more) this.#acknowledge(open, invokeId, sequence, false);
    if (more) return;
    const whole = new Uint8Array(open.size);
    let at = 0;
    for (const part of open.parts) {
      whole.set(part, at);
      at += part.length;
    }
    this.#end(invokeId, open, { kind: 'done', buffer: whole, start: 0, end: whole.length }, now);
  }

  #acknowledge(open: Open, invokeId: number, sequence: number, negative: boolean): void {
    open.acknowledged = (open.parts?.length ?? 0) - 1;
    const ack = { negative, server: false, invokeId, sequence, window: open.window };
    this.#link.send(open.to, writeSegmentAck(this.#writer.clear(), ack).octets(), false);
  }

  #end(invokeId: number, open: Open, outcome: Outcome, now: Instant): void {
    this.#open.delete(invokeId);
    if (outcome.kind === 'done') this.counters.done++;
    else this.counters.failed++;
    open.done(outcome, now);
    this.#fill(now);
  }
}

function outcomeOf(apdu: Apdu, buffer: Uint8Array): Outcome {
  const { type, start, end } = apdu;
  if (type === PDU.reject || type === PDU.abort)
    return { kind: type === PDU.reject ? 'reject' : 'abort', reason: apdu.service };
  if (type !== PDU.error) return { kind: 'done', buffer, start, end };
  const reader = new TagReader(buffer, start, end);
  // WritePropertyMultiple has its error within.
  if (reader.isOpening(0)) reader.open(0);
  const errorClass = reader.applicationUnsigned(TAG.enumerated);
  const errorCode = reader.applicationUnsigned(TAG.enumerated);
  return { kind: 'error', errorClass, errorCode };
}
