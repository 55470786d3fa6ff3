/**
 * One end of a TCP connection (RFC 9293): its states and its receive side, with reordering, delayed acknowledgements and flow
 * control. Sequence numbers are signed 32-bit, so that differences are `(a - b) | 0`.
 */
import { type Duration, type Instant, NEVER } from '@penstock/core';
import { type Ipv4Address, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '@penstock/protocols/ethernet';
import type { Cause } from './foothold.ts';
import type { Route } from './host.ts';
import { type CloseReason, type TcpHandler, TcpInbox } from './tcp-inbox.ts';
import { Reassembly } from './tcp-reassembly.ts';
import { type SenderOwner, TcpSender } from './tcp-sender.ts';
import type { Listener, TcpStack } from './tcp-stack.ts';

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

/** Timeouts in a row after which data is given up, about 50 s on a local network; and the answer to a SYN. */
const DATA_ATTEMPTS = 8;
const HANDSHAKE_ATTEMPTS = 5;
/** Least time between answers to empty segments from outside the window; below the shortest retransmission timeout. */
const CHALLENGE_PAUSE = 100_000;

export class TcpConnection implements SenderOwner {
  readonly localPort: number;
  readonly remoteAddress: Ipv4Address;
  readonly remotePort: number;
  readonly route: Route;
  /** Opened by the other side. */
  readonly passive: boolean;
  /** Whoever acts through this connection from now on, for the truth journal. Answers to a caused request inherit without it. */
  cause: Cause | undefined = undefined;
  state: TcpState;

  /** Fields of the stack and of its timers. */
  next: TcpConnection | undefined = undefined;
  listener: Listener | undefined = undefined;
  greeted = false;
  deadline: Instant = NEVER;
  deadlineIndex = -1;
  ackDeadline: Instant = NEVER;
  lingerDeadline: Instant = NEVER;

  readonly #stack: TcpStack;
  readonly #sender: TcpSender;
  readonly #inbox: TcpInbox;
  #dataCause: Cause | undefined = undefined;
  #dataResponse = false;
  #opensUntil: Instant = NEVER;
  /** Next number that is expected of the other side. */
  #rcv = 0;
  #ownShift = 0;
  readonly #space: number;
  #toAcknowledge = 0;
  /** Cause of the segment that came last. */
  #heard: Cause | undefined = undefined;
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
    this.state = passive ? 'syn-received' : 'syn-sent';
    this.#sender = new TcpSender(this, stack.queue, stack.retransmissions, sequence, stack.profile.maximumSegmentSize);
    this.#inbox = new TcpInbox(handler, () => this.close());
    this.#space = stack.profile.window;
  }

  /** Cause of the bytes that are being delivered, or were last; for the truth journal only. */
  get heard(): Cause | undefined {
    return this.#heard;
  }

  /** Bytes that were given to `send` and are not acknowledged. */
  get buffered(): number {
    return this.#sender.out.length;
  }

  /** Whether data can still be sent. */
  get writable(): boolean {
    return !this.#sender.finWanted && this.state !== 'closed' && this.state !== 'time-wait';
  }

  /**
   * Sends `bytes[start..end)` (copied). Returns false when more than `SEND_MARK` bytes wait: the owner should hold back until `drained`.
   * After `close` or the connection's end, bytes are dropped.
   */
  send(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    if (!this.writable) return false;
    this.#dataCause = this.cause ?? (this.passive ? this.#heard : undefined);
    this.#dataResponse = this.cause === undefined;
    const sender = this.#sender;
    sender.out.push(bytes, start, end);
    if (this.state === 'established' || this.state === 'close-wait') sender.push();
    return !sender.full();
  }

  /** Ends this side once all is sent (and the connection stands); the other side may go on. */
  close(): void {
    if (!this.writable) return;
    this.#sender.finWanted = true;
    if (this.state === 'established' || this.state === 'close-wait') this.#sender.push();
  }

  /** Ends the connection at once with RST. */
  abort(): void {
    if (this.state === 'closed') return;
    if (this.state !== 'syn-sent' && this.state !== 'time-wait') this.emit(this.#sender.max, TCP_RST | TCP_ACK, 0, 0);
    this.#finish('aborted');
  }

  /** Stops delivering; the other side may send until the receive window is full. */
  pause(): void {
    this.#inbox.paused = true;
  }

  /** Delivers what was held back and opens the window again. */
  resume(): void {
    const before = this.#freeSpace();
    this.#inbox.resume(this.#stack.queue.now);
    const freed = this.#freeSpace() - before;
    if (freed === 0 || this.state === 'closed' || this.state === 'time-wait') return;
    // Tell the sender as soon as two segments or half the buffer are free again (RFC 9293 clause 3.8.6.2.2).
    const { mss } = this.#sender;
    if (freed >= 2 * mss || freed * 2 >= this.#space || before < mss) this.#acknowledge();
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
    const own = this.#stack.profile.windowScale;
    const scaled = shift !== undefined && own !== undefined;
    if (scaled) this.#ownShift = own;
    this.#sender.negotiate(window, mss, scaled ? shift : 0);
  }

  /** For the stack: an acceptor takes the connection. */
  take(handler: TcpHandler): void {
    this.#inbox.handler = handler;
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
    if (acknowledged && acknowledgement !== this.#sender.max) {
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
    this.#sender.established(now);
    this.state = 'established';
    this.#acknowledge();
    this.#sender.push();
    this.#inbox.handler?.open?.(now);
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
      if (acknowledgement !== this.#sender.max) {
        this.#stack.reset(this, acknowledgement);
        return;
      }
      this.#sender.established(now);
      this.#sender.window = window << this.#sender.shift;
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
    if (end <= start && !fin) {
      if (length > 0) this.#acknowledge();
      return;
    }
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
    const sender = this.#sender;
    if (!sender.acknowledge(acknowledgement, window, bare, now)) {
      this.#acknowledge();
      return false;
    }
    if (this.state !== 'established' && sender.finAcknowledged) {
      this.#finAcknowledged();
      if (this.#isOver()) return false;
    }
    sender.push();
    if (sender.relieved()) this.#inbox.handler?.drained?.(now);
    return !this.#isOver();
  }

  #finAcknowledged(): void {
    if (this.state === 'fin-wait-1') {
      this.state = 'fin-wait-2';
      this.#stack.linger(this);
    } else if (this.state === 'closing') this.#timeWait();
    else if (this.state === 'last-ack') this.#finish('closed');
  }

  #takeData(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    this.#rcv = (this.#rcv + (end - start)) | 0;
    this.#toAcknowledge++;
    if (this.state === 'fin-wait-2') this.#stack.linger(this);
    this.#inbox.data(buffer, start, end, now);
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
      this.#inbox.ended(now);
      if (!this.#isOver()) this.#timeWait();
      return;
    }
    this.#inbox.ended(now);
    if (!this.#isOver() && this.#toAcknowledge > 0) this.#acknowledge();
  }

  #freeSpace(): number {
    return this.#space - this.#inbox.held;
  }

  #isOver(): boolean {
    return this.state === 'closed';
  }

  /** For the sender: the FIN is on its way. */
  finSent(): void {
    if (this.state === 'established') this.state = 'fin-wait-1';
    else if (this.state === 'close-wait') this.state = 'last-ack';
  }

  /** The retransmission timer. */
  expired(now: Instant): void {
    const sender = this.#sender;
    const opening = this.state === 'syn-sent';
    const attempts = ++sender.attempts;
    const given = opening
      ? now >= this.#opensUntil
      : attempts > (this.state === 'syn-received' ? HANDSHAKE_ATTEMPTS : DATA_ATTEMPTS);
    if (given) {
      if (!opening && this.state !== 'syn-received') this.emit(sender.max, TCP_RST | TCP_ACK, 0, 0);
      this.#finish('timeout');
    } else if (opening || this.state === 'syn-received') {
      sender.roundTrip.backOff();
      this.#sendSyn();
    } else sender.resend();
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
    this.#sender.stop();
    this.#stack.linger(this);
    this.#inbox.closed('closed', this.#stack.queue.now);
  }

  #finish(reason: CloseReason): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#sender.stop();
    this.ackDeadline = NEVER;
    this.lingerDeadline = NEVER;
    this.#stack.remove(this);
    this.#reassembly = undefined;
    this.#inbox.closed(reason, this.#stack.queue.now);
  }

  #sendSyn(): void {
    // A SYN offers scaling; the answer to one has it only where it was offered (RFC 7323 clause 2.2).
    const scaled = !this.passive || this.#ownShift > 0;
    const cause = this.cause ?? this.#heard;
    this.#stack.sendSyn(this, this.#sender.una, this.#rcv, this.#space, scaled, cause, this.cause === undefined);
    this.#sender.synSent(this.#opensUntil);
  }

  /** A segment without data that says what has arrived. */
  #acknowledge(): void {
    this.emit(this.#sender.max, TCP_ACK, 0, 0);
  }

  /** For the sender. */
  emit(sequence: number, flags: number, offset: number, size: number): void {
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
      this.#sender.out,
      offset,
      size,
      cause,
      response,
    );
  }
}
