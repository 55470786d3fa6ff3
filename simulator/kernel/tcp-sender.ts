/** The send side of a connection: what waits, what is in flight, and when it is sent again (RFC 9293 clause 3.8). */
import type { Instant } from '@penstock/core';
import { TCP_ACK, TCP_FIN, TCP_PSH } from '@penstock/protocols/ethernet';
import { ByteRing } from './byte-ring.ts';
import type { DeadlineHolder, DeadlineSet } from './deadlines.ts';
import type { EventQueue } from './queue.ts';
import { Congestion } from './tcp-congestion.ts';
import { RoundTrip } from './tcp-round-trip.ts';

/** Bytes that may wait in a connection before `send` says that the owner should hold back. */
export const SEND_MARK = 65_536;
const LEAST_SEGMENT = 64;

/** The connection, as its send side needs it. */
export interface SenderOwner extends DeadlineHolder {
  /** Sends a segment with `size` bytes from `offset` of what waits. */
  emit(sequence: number, flags: number, offset: number, size: number): void;
  /** The FIN is on its way. */
  finSent(): void;
}

export class TcpSender {
  /** What waits or is in flight, from `una` on. */
  readonly out = new ByteRing();
  /** Oldest number that is not acknowledged, next to send, and the end of all that was ever sent. */
  una: number;
  nxt: number;
  max: number;
  /** The other side's window in bytes, and the shift that its segments carry it with. */
  window = 0;
  shift = 0;
  readonly roundTrip = new RoundTrip();
  /** Timeouts in a row without an acknowledgement. */
  attempts = 0;
  mss: number;
  finWanted = false;
  readonly #owner: SenderOwner;
  readonly #queue: EventQueue;
  readonly #timers: DeadlineSet;
  readonly #congestion: Congestion;
  /** Bytes of `out` that are in flight. */
  #sent = 0;
  #finSent = false;
  #full = false;

  constructor(owner: SenderOwner, queue: EventQueue, timers: DeadlineSet, sequence: number, mss: number) {
    this.#owner = owner;
    this.#queue = queue;
    this.#timers = timers;
    this.una = sequence;
    this.nxt = sequence;
    this.max = sequence;
    this.mss = mss;
    this.#congestion = new Congestion(mss);
  }

  /** What the other side's SYN says. */
  negotiate(window: number, mss: number | undefined, shift: number): void {
    this.window = window;
    this.shift = shift;
    if (mss === undefined) return;
    this.mss = Math.max(LEAST_SEGMENT, Math.min(this.mss, mss));
    this.#congestion.setSegmentSize(this.mss);
  }

  /** The SYN goes out, for the first time or again; `until` bounds the wait for its answer. */
  synSent(until: Instant): void {
    const { now } = this.#queue;
    this.nxt = (this.una + 1) | 0;
    if (this.max === this.nxt) this.roundTrip.discard();
    else {
      this.max = this.nxt;
      this.roundTrip.begin(this.nxt, now);
    }
    const due = Math.min(now + this.roundTrip.timeout, Math.max(now, until));
    this.#timers.set(this.#owner, due as Instant);
  }

  /** The SYN was acknowledged. */
  established(now: Instant): void {
    this.una = this.max;
    this.nxt = this.max;
    this.roundTrip.acknowledge(this.max, now);
    this.attempts = 0;
    this.#timers.drop(this.#owner);
  }

  /** Whether the FIN was sent and acknowledged, and all before it. */
  get finAcknowledged(): boolean {
    return this.#finSent && this.una === this.nxt;
  }

  /** Whether the owner should hold back; remembered until `relieved`. */
  full(): boolean {
    this.#full = this.out.length > SEND_MARK;
    return this.#full;
  }

  /** True once when there is room again after `full`. */
  relieved(): boolean {
    if (!this.#full || this.out.length > SEND_MARK / 2) return false;
    this.#full = false;
    return true;
  }

  /** Takes an acknowledgement; false when it is for something that was never sent. `bare`: it came without data. */
  acknowledge(acknowledgement: number, window: number, bare: boolean, now: Instant): boolean {
    const acked = (acknowledgement - this.una) | 0;
    if (acked < 0) return true;
    const scaled = window << this.shift;
    if (acked > 0) {
      if (((acknowledgement - this.max) | 0) > 0) return false;
      this.#advance(acknowledgement, acked, now);
    } else if (this.nxt === this.una) {
      // An answered probe of a closed window: the other side lives.
      this.attempts = 0;
    } else if (bare && scaled === this.window && this.#congestion.duplicate(this.una, this.max)) {
      this.#resendFirst();
    }
    this.window = scaled;
    return true;
  }

  #advance(acknowledgement: number, acked: number, now: Instant): void {
    const data = Math.min(acked, this.out.length);
    this.out.drop(data);
    this.#sent = Math.max(0, this.#sent - data);
    this.una = acknowledgement;
    if (((acknowledgement - this.nxt) | 0) > 0) {
      // The other side held what lay behind a loss; there is no need to send it again.
      this.nxt = acknowledgement;
      this.#sent = 0;
      this.#finSent = acked > data;
    }
    this.attempts = 0;
    this.roundTrip.acknowledge(acknowledgement, now);
    if (this.#congestion.advance(acknowledgement, acked)) this.#resendFirst();
    if (this.nxt === this.una) this.#timers.drop(this.#owner);
    else this.#arm();
  }

  #resendFirst(): void {
    this.roundTrip.discard();
    const size = Math.min(this.mss, this.#sent);
    if (size > 0) this.#owner.emit(this.una, TCP_ACK | TCP_PSH, 0, size);
    else if (this.#finSent) this.#owner.emit(this.una, TCP_ACK | TCP_FIN, 0, 0);
  }

  /** Sends what windows allow; the FIN goes with the last of it. */
  push(): void {
    const { out, mss } = this;
    for (;;) {
      const unsent = out.length - this.#sent;
      const finNow = this.finWanted && !this.#finSent;
      if (unsent === 0 && !finNow) break;
      let size = 0;
      if (unsent > 0) {
        const flight = (this.nxt - this.una) | 0;
        size = Math.min(unsent, mss, Math.min(this.window, this.#congestion.window) - flight);
        if (size <= 0) break;
        // No small pieces while more waits than the window takes (RFC 9293 clause 3.8.6.2.1).
        if (size < unsent && size < mss && flight > 0) break;
      }
      const last = size === unsent;
      let flags = TCP_ACK;
      if (size > 0 && last) flags |= TCP_PSH;
      if (last && finNow) flags |= TCP_FIN;
      this.#owner.emit(this.nxt, flags, this.#sent, size);
      this.#sent += size;
      this.nxt = (this.nxt + size) | 0;
      if (last && finNow) {
        this.nxt = (this.nxt + 1) | 0;
        this.#finSent = true;
        this.#owner.finSent();
      }
      if (((this.nxt - this.max) | 0) > 0) {
        this.max = this.nxt;
        this.roundTrip.begin(this.nxt, this.#queue.now);
      }
    }
    if (this.#owner.deadlineIndex < 0 && (this.nxt !== this.una || out.length > 0)) this.#arm();
  }

  /** The timer ran out on data, on a FIN, or on a window that the other side has closed. */
  resend(): void {
    this.roundTrip.backOff();
    if (this.window === 0 && this.nxt === this.una && this.out.length > 0) {
      // A segment from before the window makes the other side say what its window is (RFC 9293 clause 3.8.6.1).
      this.#owner.emit((this.nxt - 1) | 0, TCP_ACK, 0, 0);
      this.#arm();
      return;
    }
    this.#congestion.collapse(this.una, this.max);
    this.nxt = this.una;
    this.#sent = 0;
    this.#finSent = false;
    // The other side may have lost the segment that closed its window; one segment is allowed to find out.
    if (this.window === 0) this.window = this.mss;
    this.push();
  }

  /** Nothing more is sent and nothing waits. */
  stop(): void {
    this.#timers.drop(this.#owner);
    this.out.clear();
    this.#sent = 0;
  }

  #arm(): void {
    this.#timers.set(this.#owner, (this.#queue.now + this.roundTrip.timeout) as Instant);
  }
}
