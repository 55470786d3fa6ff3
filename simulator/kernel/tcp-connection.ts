/**
 * One end of a TCP connection (RFC 9293): the send side with retransmission (RFC 6298) and Reno congestion control (RFC 5681 with
 * NewReno's partial acknowledgements, RFC 6582), the receive side with reordering, delayed acknowledgements and flow control.
 * Sequence numbers are signed 32-bit, so that differences are `(a - b) | 0`.
 */
import { type Duration, type Instant, NEVER, seconds } from '@penstock/core';
import { type Ipv4Address, TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN } from '@penstock/protocols/ethernet';
import { ByteRing } from './byte-ring.ts';
import type { DeadlineHolder } from './deadlines.ts';
import type { Cause } from './foothold.ts';
import type { Route } from './host.ts';
import { Reassembly } from './tcp-reassembly.ts';
import type { Listener, TcpStack } from './tcp-stack.ts';

/**
 * How a connection ended: `closed` by both sides; `reset` by the other; `refused` (nobody listens); `timeout` (no answer);
 * `unreachable` (the neighbour does not answer for its address); `aborted` by this side.
 */
export type CloseReason = 'closed' | 'reset' | 'refused' | 'timeout' | 'unreachable' | 'aborted';

/** What a connection tells its owner. Bytes are valid during the call. After `closed` nothing more comes. */
export interface TcpHandler {
  /** The connection that was asked for with `connect` stands. */
  open?(now: Instant): void;
  data(buffer: Uint8Array, start: number, end: number, now: Instant): void;
  /** The other side has sent all it will. Without this method the connection closes its own side too. */
  ended?(now: Instant): void;
  /** Everything that `send` refused room for (it returned false) is on its way; there is room again. */
  drained?(now: Instant): void;
  closed(reason: CloseReason, now: Instant): void;
}

type TcpState =
  | 'syn-sent'
  | 'syn-received'
  | 'established'
  | 'fin-wait-1'
  | 'fin-wait-2'
  | 'close-wait'
  | 'closing'
  | 'last-ack'
  | 'time-wait'
  | 'closed';

/** Bytes that may wait in a connection before `send` says that the owner should hold back. */
export const SEND_MARK = 65_536;
const RTO_FIRST = seconds(1);
/** RFC 6298 wants a second; every stack in use takes 200 ms. */
const RTO_LEAST = 200_000;
const RTO_MOST = 60_000_000;
/** Retransmissions of data before a connection is given up: about 50 s on a local network. */
const DATA_ATTEMPTS = 8;
const HANDSHAKE_ATTEMPTS = 5;
const DUPLICATES_OF_LOSS = 3;
/** Least time between answers to empty segments from outside the window; below the shortest retransmission timeout. */
const CHALLENGE_PAUSE = 100_000;
/** First congestion window in segments (RFC 6928). */
const INITIAL_WINDOW = 10;
const CONGESTION_LIMIT = 1 << 20;

export class TcpConnection implements DeadlineHolder {
  readonly localPort: number;
  readonly remoteAddress: Ipv4Address;
  readonly remotePort: number;
  readonly route: Route;
  /** Opened by the other side. */
  readonly passive: boolean;
  /** Whoever acts through this connection from now on, for the truth journal. Answers to a caused request inherit without it. */
  cause: Cause | undefined = undefined;
  state: TcpState;
  handler: TcpHandler | undefined;

  /** Fields of the stack and of its timers. */
  next: TcpConnection | undefined = undefined;
  listener: Listener | undefined = undefined;
  deadline: Instant = NEVER;
  deadlineIndex = -1;
  ackDeadline: Instant = NEVER;
  lingerDeadline: Instant = NEVER;

  readonly #stack: TcpStack;
  // Send side.
  #una: number;
  #nxt: number;
  #max: number;
  #window = 0;
  #shift = 0;
  #mss: number;
  readonly #out = new ByteRing();
  #sentData = 0;
  #finWanted = false;
  #finSent = false;
  #full = false;
  #congestion: number;
  #threshold = CONGESTION_LIMIT;
  #duplicates = 0;
  #recover = 0;
  #recovering = false;
  #smoothed = -1;
  #variation = 0;
  #timeout: number = RTO_FIRST;
  #attempts = 0;
  #timing = false;
  #timedSequence = 0;
  #timedSince: Instant = 0 as Instant;
  #dataCause: Cause | undefined = undefined;
  #dataResponse = false;
  #opensUntil: Instant = NEVER;
  // Receive side.
  #rcv = 0;
  #ownShift = 0;
  readonly #space: number;
  #toAcknowledge = 0;
  #heard: Cause | undefined = undefined;
  #paused = false;
  #delivering = false;
  #held: ByteRing | undefined = undefined;
  #finHeld = false;
  #reassembly: Reassembly | undefined = undefined;
  #challengeAfter = 0 as Instant;

  constructor(
    stack: TcpStack,
    route: Route,
    localPort: number,
    remoteAddress: Ipv4Address,
    remotePort: number,
    sequence: number,
    passive: boolean,
    handler: TcpHandler | undefined,
  ) {
    this.#stack = stack;
    this.route = route;
    this.localPort = localPort;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.passive = passive;
    this.handler = handler;
    this.state = passive ? 'syn-received' : 'syn-sent';
    this.#una = sequence;
    this.#nxt = sequence;
    this.#max = sequence;
    this.#mss = stack.profile.maximumSegmentSize;
    this.#congestion = this.#mss * INITIAL_WINDOW;
    this.#space = stack.profile.window;
  }

  /** Cause of the bytes that are being delivered, or were last; for the truth journal only. */
  get heard(): Cause | undefined {
    return this.#heard;
  }

  /** Bytes that were given to `send` and are not acknowledged. */
  get buffered(): number {
    return this.#out.length;
  }

  /** Whether data can still be sent. */
  get writable(): boolean {
    return !this.#finWanted && this.state !== 'closed' && this.state !== 'time-wait';
  }

  /**
   * Sends `bytes[start..end)` (copied). Returns false when more than `SEND_MARK` bytes wait: the owner should hold back until `drained`.
   * After `close` or the connection's end, bytes are dropped.
   */
  send(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    if (!this.writable) return false;
    this.#dataCause = this.cause ?? (this.passive ? this.#heard : undefined);
    this.#dataResponse = this.cause === undefined;
    this.#out.push(bytes, start, end);
    if (this.state === 'established' || this.state === 'close-wait') this.#push();
    this.#full = this.#out.length > SEND_MARK;
    return !this.#full;
  }

  /** Ends this side once all is sent; the other side may go on. */
  close(): void {
    if (!this.writable) return;
    this.#finWanted = true;
    if (this.state === 'syn-sent') this.#finish('aborted');
    else if (this.state === 'established' || this.state === 'close-wait') this.#push();
  }

  /** Ends the connection at once with RST. */
  abort(): void {
    if (this.state === 'closed') return;
    if (this.state !== 'syn-sent' && this.state !== 'time-wait') this.#emit(this.#max, TCP_RST | TCP_ACK, 0, 0);
    this.#finish('aborted');
  }

  /** Stops delivering; the other side may send until the receive window is full. */
  pause(): void {
    this.#paused = true;
  }

  /** Delivers what was held back and opens the window again. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#held === undefined || this.#delivering) return;
    const before = this.#freeSpace();
    this.#deliverHeld();
    // Tell the sender as soon as a segment or half the buffer is free again (RFC 9293 clause 3.8.6.2.2).
    const freed = this.#freeSpace() - before;
    if (!this.#synchronized()) return;
    if (freed >= 2 * this.#mss || freed * 2 >= this.#space || (freed > 0 && before < this.#mss)) this.#acknowledge();
  }

  /** For the stack: the first segment of either side. */
  start(timeout: Duration | undefined): void {
    if (timeout !== undefined) this.#opensUntil = (this.#stack.queue.now + timeout) as Instant;
    this.#sendSyn();
  }

  /** For the stack: takes the SYN that opened this end. */
  acceptSyn(
    sequence: number,
    window: number,
    mss: number | undefined,
    shift: number | undefined,
    cause: Cause | undefined,
  ): void {
    this.#heard = cause;
    this.#rcv = (sequence + 1) | 0;
    this.#window = window;
    if (mss !== undefined) this.#mss = Math.max(64, Math.min(this.#mss, mss));
    const own = this.#stack.profile.windowScale;
    if (shift !== undefined && own !== undefined) {
      this.#shift = shift;
      this.#ownShift = own;
    }
    this.#congestion = this.#mss * INITIAL_WINDOW;
  }

  /** For the stack: whether a SYN with this number opens a new connection in the place of one that has ended. */
  supersededBy(sequence: number): boolean {
    return this.state === 'time-wait' && ((sequence - this.#rcv) | 0) > 0;
  }

  /** For the stack: the address of the other side does not answer. */
  unreachable(): void {
    if (this.state === 'syn-sent' || this.state === 'syn-received') this.#finish('unreachable');
  }

  /** For the stack: the host lost power; nothing is sent. */
  forget(): void {
    this.#finish('aborted');
  }

  /** For the stack: a segment for this connection. */
  receive(
    flags: number,
    sequence: number,
    acknowledgement: number,
    window: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    cause: Cause | undefined,
    now: Instant,
  ): void {
    this.#heard = cause;
    const length = end - start;
    // The case that nearly every segment is: in order, established, nothing held back.
    if (
      this.state === 'established' &&
      sequence === this.#rcv &&
      (flags & (TCP_SYN | TCP_RST | TCP_FIN | TCP_ACK)) === TCP_ACK &&
      this.#reassembly === undefined &&
      length <= this.#freeSpace()
    ) {
      if (!this.#takeAcknowledgement(acknowledgement, window, length === 0, now)) return;
      if (length > 0) this.#takeData(buffer, start, end, now);
      return;
    }
    if (this.state === 'syn-sent') {
      this.#receiveInSynSent(flags, sequence, acknowledgement, window, now);
      return;
    }
    this.#receiveGeneral(flags, sequence, acknowledgement, window, buffer, start, end, now);
  }

  #receiveInSynSent(flags: number, sequence: number, acknowledgement: number, window: number, now: Instant): void {
    const acknowledged = (flags & TCP_ACK) !== 0;
    if (acknowledged && acknowledgement !== this.#max) {
      if ((flags & TCP_RST) === 0) this.#stack.reset(this, acknowledgement);
      return;
    }
    if ((flags & TCP_RST) !== 0) {
      if (acknowledged) this.#finish('refused');
      return;
    }
    // Simultaneous open (a SYN without ACK) does not happen: no two hosts of a plant dial each other from fixed ports.
    if ((flags & TCP_SYN) === 0 || !acknowledged) return;
    const options = this.#stack.options;
    this.acceptSyn(sequence, window, options.maximumSegmentSize, options.windowScale, this.#heard);
    this.#una = acknowledgement;
    this.#nxt = acknowledgement;
    this.#sampleRoundTrip(acknowledgement, now);
    this.#attempts = 0;
    this.#stack.retransmissions.drop(this);
    this.state = 'established';
    this.#acknowledge();
    if (this.#out.length > 0 || this.#finWanted) this.#push();
    this.handler?.open?.(now);
  }

  #receiveGeneral(
    flags: number,
    sequence: number,
    acknowledgement: number,
    window: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    now: Instant,
  ): void {
    let offset = (sequence - this.#rcv) | 0;
    const length = end - start;
    const space = this.#freeSpace();
    // RFC 9293 clause 3.10.7.4, first check: some part of the segment lies in the window.
    const span = length + (flags & TCP_FIN ? 1 : 0);
    const acceptable =
      span === 0 ? offset === 0 || (offset > 0 && offset < space) : offset < Math.max(space, 1) && offset + span > 0;
    if ((flags & TCP_RST) !== 0) {
      // RFC 5961: only the exact next number ends a connection; a near miss is challenged.
      if (offset === 0) this.#finish(this.state === 'syn-received' ? 'refused' : 'reset');
      else if (acceptable) this.#acknowledge();
      return;
    }
    if ((flags & TCP_SYN) !== 0) {
      // A repeated SYN of a peer that missed our SYN-ACK, or a stray one; either way say where we are.
      if (this.state === 'syn-received' && offset === -1) this.#sendSyn();
      else this.#acknowledge();
      return;
    }
    if (!acceptable) {
      if (this.state === 'time-wait' && (flags & TCP_FIN) !== 0) this.#stack.linger(this);
      // What must be answered is taken into account all the same: an acknowledgement may travel with a repeated segment.
      if ((flags & TCP_ACK) !== 0 && offset <= 0 && this.state !== 'syn-received')
        if (!this.#takeAcknowledgement(acknowledgement, window, false, now)) return;
      // Limited where it could become an endless exchange between two ends that disagree (as Linux does).
      if (span > 0 || now >= this.#challengeAfter) {
        this.#challengeAfter = (now + CHALLENGE_PAUSE) as Instant;
        this.#acknowledge();
      }
      return;
    }
    if ((flags & TCP_ACK) === 0) return;
    if (this.state === 'syn-received') {
      if (acknowledgement !== this.#max) {
        this.#stack.reset(this, acknowledgement);
        return;
      }
      this.#una = acknowledgement;
      this.#nxt = acknowledgement;
      this.#window = window << this.#shift;
      this.#sampleRoundTrip(acknowledgement, now);
      this.#attempts = 0;
      this.#stack.retransmissions.drop(this);
      this.state = 'established';
      if (!this.#stack.accepted(this)) return;
    } else if (!this.#takeAcknowledgement(acknowledgement, window, span === 0, now)) return;
    let fin = (flags & TCP_FIN) !== 0;
    if (offset < 0) {
      start -= offset;
      offset = 0;
    }
    if (end - start > space - offset) {
      end = start + space - offset;
      fin = false;
    }
    if (end <= start && !fin) return;
    if (this.#receivesNoMore()) {
      this.#acknowledge();
      return;
    }
    if (offset > 0) {
      this.#reassembly ??= new Reassembly();
      this.#reassembly.add((this.#rcv + offset) | 0, this.#rcv, buffer, start, end, fin);
      this.#acknowledge();
      return;
    }
    if (end > start) this.#takeData(buffer, start, end, now);
    if (this.#isOver()) return;
    if (this.#reassembly !== undefined) {
      const joined = this.#reassembly.join(this.#rcv, (bytes, from, to) => {
        this.#toAcknowledge = 2;
        this.#takeData(bytes, from, to, now);
        return !this.#isOver();
      });
      if (this.#isOver()) return;
      if (this.#reassembly.size === 0) this.#reassembly = undefined;
      fin ||= joined;
    }
    if (fin) this.#takeFin(now);
  }

  /** Whether the other side has already sent its FIN. */
  #receivesNoMore(): boolean {
    const { state } = this;
    return state === 'close-wait' || state === 'closing' || state === 'last-ack' || state === 'time-wait';
  }

  /** Takes an acknowledgement; false when the segment deserves no further look or the connection ended by it. */
  #takeAcknowledgement(acknowledgement: number, window: number, bare: boolean, now: Instant): boolean {
    const acked = (acknowledgement - this.#una) | 0;
    if (acked > 0) {
      if (((acknowledgement - this.#max) | 0) > 0) {
        this.#acknowledge();
        return false;
      }
      this.#advance(acknowledgement, acked, now);
      if (this.#isOver()) return false;
    } else if (acked === 0 && bare && window << this.#shift === this.#window && this.#nxt !== this.#una) {
      this.#duplicate();
    }
    // An answered probe of a closed window: the other side lives.
    if (acked === 0 && this.#nxt === this.#una) this.#attempts = 0;
    if (acked >= 0) this.#window = window << this.#shift;
    if (this.#out.length > this.#sentData || (this.#finWanted && !this.#finSent)) this.#push();
    if (this.#full && this.#out.length <= SEND_MARK / 2) {
      this.#full = false;
      this.handler?.drained?.(now);
    }
    return !this.#isOver();
  }

  #advance(acknowledgement: number, acked: number, now: Instant): void {
    const data = Math.min(acked, this.#out.length);
    this.#out.drop(data);
    this.#sentData = Math.max(0, this.#sentData - data);
    this.#una = acknowledgement;
    if (((acknowledgement - this.#nxt) | 0) > 0) {
      // The other side held what lay behind a loss; there is no need to send it again.
      this.#nxt = acknowledgement;
      this.#sentData = 0;
      this.#finSent = acked > data;
    }
    this.#attempts = 0;
    if (this.#timing) this.#sampleRoundTrip(acknowledgement, now);
    this.#grow(acknowledgement, acked);
    if (this.#nxt === this.#una) this.#stack.retransmissions.drop(this);
    else this.#armRetransmission();
    // One more than there was data: the FIN.
    if (acked > data && this.#finSent) this.#finAcknowledged();
  }

  #finAcknowledged(): void {
    if (this.state === 'fin-wait-1') {
      this.state = 'fin-wait-2';
      this.#stack.linger(this);
    } else if (this.state === 'closing') this.#timeWait();
    else if (this.state === 'last-ack') this.#finish('closed');
  }

  /** Congestion control on an acknowledgement of new data. */
  #grow(acknowledgement: number, acked: number): void {
    this.#duplicates = 0;
    if (this.#recovering) {
      if (((acknowledgement - this.#recover) | 0) >= 0) {
        this.#recovering = false;
        this.#congestion = this.#threshold;
      } else {
        this.#resendFirst();
        this.#congestion = Math.max(this.#mss, this.#congestion - acked + this.#mss);
      }
      return;
    }
    if (this.#congestion >= CONGESTION_LIMIT) return;
    this.#congestion +=
      this.#congestion < this.#threshold
        ? Math.min(acked, this.#mss)
        : Math.max(1, Math.floor((this.#mss * this.#mss) / this.#congestion));
  }

  #duplicate(): void {
    this.#duplicates++;
    if (this.#recovering) {
      this.#congestion += this.#mss;
      this.#push();
    } else if (this.#duplicates === DUPLICATES_OF_LOSS) {
      this.#threshold = Math.max((this.#max - this.#una) >> 1, 2 * this.#mss);
      this.#recovering = true;
      this.#recover = this.#max;
      this.#congestion = this.#threshold + 3 * this.#mss;
      this.#resendFirst();
    }
  }

  #resendFirst(): void {
    this.#timing = false;
    const size = Math.min(this.#mss, this.#sentData);
    if (size > 0) this.#emit(this.#una, TCP_ACK | TCP_PSH, 0, size);
    else if (this.#finSent) this.#emit(this.#una, TCP_ACK | TCP_FIN, 0, 0);
  }

  /** Round-trip estimate, RFC 6298 clause 2; only what was sent once is timed (Karn). */
  #sampleRoundTrip(acknowledgement: number, now: Instant): void {
    if (!this.#timing || ((acknowledgement - this.#timedSequence) | 0) < 0) return;
    this.#timing = false;
    const sample = now - this.#timedSince;
    if (this.#smoothed < 0) {
      this.#smoothed = sample;
      this.#variation = sample / 2;
    } else {
      this.#variation += (Math.abs(this.#smoothed - sample) - this.#variation) / 4;
      this.#smoothed += (sample - this.#smoothed) / 8;
    }
    this.#timeout = Math.min(RTO_MOST, Math.max(RTO_LEAST, Math.round(this.#smoothed + 4 * this.#variation)));
  }

  #takeData(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    this.#rcv = (this.#rcv + (end - start)) | 0;
    this.#toAcknowledge++;
    if (this.state === 'fin-wait-2') this.#stack.linger(this);
    if (this.#paused || (this.#held !== undefined && this.#held.length > 0)) {
      this.#held ??= new ByteRing();
      this.#held.push(buffer, start, end);
    } else this.handler?.data(buffer, start, end, now);
    if (this.#isOver() || this.#toAcknowledge === 0) return;
    if (this.#toAcknowledge >= 2) this.#acknowledge();
    else this.ackDeadline = this.#stack.delayedAcks.set(this);
  }

  #takeFin(now: Instant): void {
    this.#rcv = (this.#rcv + 1) | 0;
    this.#toAcknowledge = 2;
    if (this.state === 'established') this.state = 'close-wait';
    else if (this.state === 'fin-wait-1') this.state = 'closing';
    else if (this.state === 'fin-wait-2') {
      this.#acknowledge();
      this.#tellEnded(now);
      if (!this.#isOver()) this.#timeWait();
      return;
    }
    this.#tellEnded(now);
    if (!this.#isOver() && this.#toAcknowledge > 0) this.#acknowledge();
  }

  #tellEnded(now: Instant): void {
    if (this.#held !== undefined && this.#held.length > 0) {
      this.#finHeld = true;
      return;
    }
    const handler = this.handler;
    if (handler?.ended) handler.ended(now);
    else this.close();
  }

  #deliverHeld(): void {
    const held = this.#held as ByteRing;
    const { now } = this.#stack.queue;
    this.#delivering = true;
    while (held.length > 0 && !this.#paused && !this.#isOver()) {
      const bytes = new Uint8Array(Math.min(held.length, 16_384));
      held.copy(0, bytes.length, bytes, 0);
      held.drop(bytes.length);
      this.handler?.data(bytes, 0, bytes.length, now);
    }
    this.#delivering = false;
    if (this.#finHeld && held.length === 0 && this.state !== 'closed') {
      this.#finHeld = false;
      this.#tellEnded(now);
    }
  }

  #freeSpace(): number {
    return this.#held === undefined ? this.#space : this.#space - this.#held.length;
  }

  #synchronized(): boolean {
    return this.state !== 'syn-sent' && this.state !== 'syn-received' && this.state !== 'closed';
  }

  #isOver(): boolean {
    return this.state === 'closed';
  }

  /** Sends what windows allow; the FIN goes with the last of it. */
  #push(): void {
    const mss = this.#mss;
    for (;;) {
      const unsent = this.#out.length - this.#sentData;
      const finNow = this.#finWanted && !this.#finSent;
      if (unsent === 0 && !finNow) break;
      const flight = (this.#nxt - this.#una) | 0;
      let size = 0;
      if (unsent > 0) {
        size = Math.min(unsent, mss, Math.min(this.#window, this.#congestion) - flight);
        if (size <= 0) break;
        // No small pieces while more waits than the window takes (RFC 9293 clause 3.8.6.2.1).
        if (size < unsent && size < mss && flight > 0) break;
      }
      const last = size === unsent;
      let flags = TCP_ACK;
      if (size > 0 && last) flags |= TCP_PSH;
      if (last && finNow) flags |= TCP_FIN;
      const sequence = this.#nxt;
      this.#emit(sequence, flags, this.#sentData, size);
      this.#sentData += size;
      this.#nxt = (sequence + size) | 0;
      if (last && finNow) {
        this.#nxt = (this.#nxt + 1) | 0;
        this.#finSent = true;
        if (this.state === 'established') this.state = 'fin-wait-1';
        else if (this.state === 'close-wait') this.state = 'last-ack';
      }
      if (((this.#nxt - this.#max) | 0) > 0) {
        this.#max = this.#nxt;
        if (!this.#timing) {
          this.#timing = true;
          this.#timedSequence = this.#nxt;
          this.#timedSince = this.#stack.queue.now;
        }
      }
    }
    if (this.deadlineIndex < 0 && (this.#nxt !== this.#una || this.#out.length > 0)) this.#armRetransmission();
  }

  #armRetransmission(): void {
    this.#stack.retransmissions.set(this, (this.#stack.queue.now + this.#timeout) as Instant);
  }

  /** The retransmission timer; it also probes a window that the other side has closed. */
  expired(now: Instant): void {
    if (this.state === 'syn-sent' && now >= this.#opensUntil) {
      this.#finish('timeout');
      return;
    }
    const handshake = this.state === 'syn-sent' || this.state === 'syn-received';
    const probing = !handshake && this.#window === 0 && this.#nxt === this.#una && this.#out.length > 0;
    this.#attempts++;
    // A window that stays closed is probed for as long as it is acknowledged as closed (RFC 9293 clause 3.8.6.1).
    const given = handshake ? (this.passive ? HANDSHAKE_ATTEMPTS : Number.POSITIVE_INFINITY) : DATA_ATTEMPTS;
    if (this.#attempts > given) {
      if (this.state !== 'syn-received') this.#emit(this.#max, TCP_RST | TCP_ACK, 0, 0);
      this.#finish('timeout');
      return;
    }
    this.#timing = false;
    this.#timeout = Math.min(RTO_MOST, this.#timeout * 2);
    if (handshake) {
      this.#sendSyn();
      return;
    }
    if (probing) {
      this.#emit((this.#nxt - 1) | 0, TCP_ACK, 0, 0);
      this.#armRetransmission();
      return;
    }
    // Go back to what was not acknowledged and start slowly (RFC 5681 clause 3.1).
    this.#threshold = Math.max((this.#max - this.#una) >> 1, 2 * this.#mss);
    this.#congestion = this.#mss;
    this.#recovering = false;
    this.#duplicates = 0;
    this.#nxt = this.#una;
    this.#sentData = 0;
    this.#finSent = false;
    if (this.state === 'fin-wait-2' || this.state === 'time-wait') return;
    if (this.#window === 0) this.#window = this.#mss;
    this.#push();
  }

  /** The time that an acknowledgement may wait is over. */
  acknowledgeNow(): void {
    this.ackDeadline = NEVER;
    if (this.#toAcknowledge > 0 && this.state !== 'closed') this.#acknowledge();
  }

  /** Nobody asks for this end any more. */
  lingered(): void {
    this.lingerDeadline = NEVER;
    if (this.state === 'time-wait') this.state = 'closed';
    if (this.state === 'fin-wait-2') this.#finish('timeout');
    else this.#stack.remove(this);
  }

  #timeWait(): void {
    this.state = 'time-wait';
    this.#stack.retransmissions.drop(this);
    this.#stack.linger(this);
    const handler = this.handler;
    this.handler = undefined;
    handler?.closed('closed', this.#stack.queue.now);
  }

  #finish(reason: CloseReason): void {
    if (this.state === 'closed') return;
    const told = this.state === 'time-wait';
    this.state = 'closed';
    this.#stack.retransmissions.drop(this);
    this.ackDeadline = NEVER;
    this.lingerDeadline = NEVER;
    this.#stack.remove(this);
    this.#out.clear();
    this.#reassembly = undefined;
    this.#held = undefined;
    const handler = this.handler;
    this.handler = undefined;
    if (!told) handler?.closed(reason, this.#stack.queue.now);
  }

  #sendSyn(): void {
    // A SYN offers scaling; the answer to one has it only where it was offered (RFC 7323 clause 2.2).
    const scaled = !this.passive || this.#ownShift > 0;
    const cause = this.cause ?? this.#heard;
    this.#stack.sendSyn(this, this.#una, this.#rcv, this.#space, scaled, cause, this.cause === undefined);
    this.#nxt = (this.#una + 1) | 0;
    if (this.#max !== this.#nxt) {
      this.#max = this.#nxt;
      this.#timing = true;
      this.#timedSequence = this.#nxt;
      this.#timedSince = this.#stack.queue.now;
    } else this.#timing = false;
    const now = this.#stack.queue.now;
    const due = Math.min(now + this.#timeout, Math.max(now, this.#opensUntil));
    this.#stack.retransmissions.set(this, due as Instant);
  }

  /** A segment without data that says what has arrived. */
  #acknowledge(): void {
    this.#emit(this.#max, TCP_ACK, 0, 0);
  }

  #emit(sequence: number, flags: number, offset: number, size: number): void {
    let cause = this.cause;
    let response = false;
    if (size > 0) {
      cause = this.#dataCause;
      response = this.#dataResponse;
    } else if (cause === undefined) {
      cause = this.#heard;
      response = true;
    }
    if ((flags & TCP_RST) === 0) {
      this.#toAcknowledge = 0;
      this.ackDeadline = NEVER;
    }
    this.#stack.emit(
      this,
      sequence,
      this.#rcv,
      flags,
      this.#freeSpace() >> this.#ownShift,
      this.#out,
      offset,
      size,
      cause,
      response,
    );
  }
}
