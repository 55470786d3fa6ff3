/**
 * An S7 client on one connection: transport connection and setup by itself, then a queue of transactions, as many in flight as both
 * sides agreed on, each with its own deadline. Nothing is sent twice. A block that it offers is handed to the server part by part.
 */
import {
  type ByteSink,
  type Duration,
  type Instant,
  NEVER,
  type StreamMachine,
  seconds,
  UsageError,
} from '@penstock/core';
import { Outbox, read16 } from '../exchange/bytes.ts';
import { ExchangeLine } from '../exchange/line.ts';
import { blockFileName, decodeS7, encodeS7 } from './codec.ts';
import { Assembly, decodeCotp, encodeCotp, tsapOf } from './cotp.ts';
import type { AckBody, BlockFile, JobBody } from './messages.ts';
import { writeTransport } from './server-session.ts';
import { DOWNLOAD_ENDED, ERROR, S7_PROTOCOL, SETUP_COMMUNICATION } from './tables.ts';
import { encodeTpkt, TpktReader, type TpktSink } from './tpkt.ts';
import type { S7Transaction, S7TransactionState } from './transaction.ts';

export interface S7ClientOptions {
  /** Place of the CPU; default rack 0, slot 2. */
  readonly rack?: number | undefined;
  readonly slot?: number | undefined;
  /** 1 programming device, 2 operator station, 3 other; default 2. */
  readonly kind?: number | undefined;
  /** Longest PDU that it asks for, bytes; default 480. */
  readonly pduLength?: number | undefined;
  /** Requests in flight at a time, if the server agrees; default 1, most 8. */
  readonly depth?: number | undefined;
  /** How long an answer may take; default 2 s. */
  readonly timeout?: Duration | undefined;
  /** Transactions waiting behind those in flight; default 256. */
  readonly queue?: number | undefined;
}

export interface S7ClientCounters {
  sent: number;
  done: number;
  refused: number;
  timeouts: number;
  mismatches: number;
  /** Answers that belong to no request in flight. */
  unknown: number;
}

/** A block that the server may fetch. */
export interface Offer {
  readonly file: BlockFile;
  readonly bytes: Uint8Array;
  /** `error` 0: the server has all of it. */
  readonly onEnded: (error: number, now: Instant) => void;
}

const TRANSPORT = 7;
/** 1024 bytes. */
const TPDU_SIZE = 10;
/** Of a PDU, what a part of a block cannot use: headers, function, status, length and mark. */
const PART_OVERHEAD = 12 + 2 + 4;

export class S7Client implements StreamMachine, TpktSink {
  readonly counters: S7ClientCounters = { sent: 0, done: 0, refused: 0, timeouts: 0, mismatches: 0, unknown: 0 };
  readonly #place: Uint8Array;
  readonly #kind: number;
  readonly #wantedPdu: number;
  readonly #wantedDepth: number;
  readonly #timeout: Duration;
  #reader = new TpktReader(this);
  readonly #assembly = new Assembly();
  readonly #outbox = new Outbox();
  /** Sends nothing before both sides agreed on how much. */
  readonly #line: ExchangeLine<S7Transaction>;
  #state: 'connecting' | 'setup' | 'ready' = 'connecting';
  #handshakeUntil: Instant = NEVER;
  #pduLength = 0;
  #fragment = 1024 - 3;
  #offer: (Offer & { at: number }) | undefined;
  #nextReference = 0;
  #now = 0 as Instant;
  #closing = false;

  /** @throws UsageError `s7comm.client` for a depth, rack or slot out of bounds */
  constructor(options: S7ClientOptions = {}) {
    const { rack = 0, slot = 2, kind = 2, pduLength = 480, depth = 1 } = options;
    const within = (value: number, low: number, high: number, what: string): void => {
      if (!Number.isInteger(value) || value < low || value > high)
        throw new UsageError('s7comm.client', `${what} is ${low} to ${high}, not ${value}`);
    };
    within(rack, 0, 7, 'a rack');
    within(slot, 0, 31, 'a slot');
    within(depth, 1, 8, 'a depth');
    within(pduLength, 112, 960, 'the PDU length');
    this.#place = tsapOf(kind, rack, slot);
    this.#kind = kind;
    this.#wantedPdu = pduLength;
    this.#wantedDepth = depth;
    this.#timeout = options.timeout ?? seconds(2);
    this.#line = new ExchangeLine(0, this.#timeout, options.queue ?? 256, (transaction) => this.#send(transaction));
    this.#connect();
  }

  /** Set when the server's stream cannot be followed any more, or it refused the connection. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Length of the PDU that was agreed on, bytes; 0 before. */
  get pduLength(): number {
    return this.#pduLength;
  }

  get inFlight(): number {
    return this.#line.inFlight;
  }

  get queued(): number {
    return this.#line.queued;
  }

  /**
   * Sends the transaction now or when there is room; its `onFinished` tells the end.
   * @returns false, and nothing happens, when it is pending already, the queue is full or the connection is closing
   */
  submit(transaction: S7Transaction, now: Instant): boolean {
    if (this.#closing || !this.#line.submit(transaction, now)) return false;
    if (this.#state !== 'ready' && this.#handshakeUntil === NEVER)
      this.#handshakeUntil = (now + 2 * this.#timeout) as Instant;
    return true;
  }

  /** Lets the server fetch a block, once it was told of it (Request Download); one at a time. */
  offer(offer: Offer): void {
    this.#offer = { ...offer, at: 0 };
  }

  /** Takes the offer back. */
  withdraw(): void {
    this.#offer = undefined;
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.receiveRange(bytes, 0, bytes.length, now);
  }

  receiveRange(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    if (this.#closing) return;
    this.#now = now;
    this.#reader.receive(buffer, start, end);
    if (!this.#closing) this.#line.fill(now);
  }

  due(): Instant {
    const due = this.#line.due();
    return this.#state === 'ready' ? due : (Math.min(due, this.#handshakeUntil) as Instant);
  }

  tick(now: Instant): void {
    if (this.#state !== 'ready' && this.#handshakeUntil <= now) {
      this.#abandon(now);
      return;
    }
    this.counters.timeouts += this.#line.expire(now);
    this.#line.fill(now);
  }

  take(): Uint8Array | undefined {
    return this.#outbox.take();
  }

  takeTo(sink: ByteSink): boolean {
    return this.#outbox.takeTo(sink);
  }

  /** The connection is gone: everything pending ends as `closed`, and the client can serve a new connection. */
  disconnected(now: Instant): void {
    this.#abandon(now);
    this.#closing = false;
    this.#reader = new TpktReader(this);
    this.#assembly.reset();
    this.#outbox.length = 0;
    this.#connect();
  }

  fault(): void {
    this.#abandon(this.#now);
  }

  tpdu(buffer: Uint8Array, start: number, end: number): void {
    if (this.#closing) return;
    if (
      buffer[start] === 2 &&
      buffer[start + 1] === 0xf0 &&
      (buffer[start + 2] as number) >= 0x80 &&
      this.#assembly.isEmpty
    ) {
      if (end - start > 3) this.#message(buffer, start + 3, end);
      return;
    }
    const decoded = decodeCotp(buffer, start, end);
    if (decoded.status !== 'ok') return;
    const tpdu = decoded.message;
    if (tpdu.type === 'connection-confirm' && this.#state === 'connecting') this.#setup(tpdu.tpduSize);
    else if (tpdu.type === 'disconnect-request') this.#abandon(this.#now);
    else if (tpdu.type === 'data') {
      const message = this.#assembly.add(tpdu.endOfMessage, tpdu.data);
      if (message !== undefined && message.length > 0) this.#message(message, 0, message.length);
    }
  }

  #connect(): void {
    this.#state = 'connecting';
    this.#handshakeUntil = NEVER;
    this.#pduLength = 0;
    this.#offer = undefined;
    const request = encodeTpkt(
      encodeCotp({
        ...{ type: 'connection-request', destinationReference: 0, sourceReference: 1, classOption: 0 },
        ...{ tpduSize: TPDU_SIZE, callingTsap: Uint8Array.of(this.#kind, 0), calledTsap: this.#place },
      }),
    );
    this.#append(request);
  }

  #setup(tpduSize: number | undefined): void {
    this.#state = 'setup';
    this.#fragment = 2 ** Math.min(TPDU_SIZE, Math.max(7, tpduSize ?? 7)) - 3;
    this.#write(
      encodeS7({
        rosctr: 'job',
        reference: 0,
        body: {
          function: 'setup',
          maxCalling: this.#wantedDepth,
          maxCalled: this.#wantedDepth,
          pduLength: this.#wantedPdu,
        },
      }),
    );
  }

  #message(buffer: Uint8Array, start: number, end: number): void {
    if (buffer[start] !== S7_PROTOCOL || end - start < 10) return;
    if (this.#state !== 'ready') {
      this.#agreed(buffer, start, end);
      return;
    }
    const rosctr = buffer[start + 1];
    const reference = read16(buffer, start + 4);
    if (rosctr === 1) {
      this.#asked(buffer, start, end, reference);
      return;
    }
    const transaction = this.#line.claim(reference);
    if (transaction === undefined) this.counters.unknown++;
    else transaction.finish(this.#judge(transaction, buffer, start, end), this.#now);
  }

  #agreed(buffer: Uint8Array, start: number, end: number): void {
    const decoded = decodeS7(buffer, start, end);
    const body = decoded.status === 'ok' && decoded.message.rosctr === 'ack-data' ? decoded.message.body : undefined;
    if (this.#state !== 'setup' || body?.function !== 'setup' || buffer[start + 12] !== SETUP_COMMUNICATION) {
      this.#abandon(this.#now);
      return;
    }
    this.#state = 'ready';
    this.#handshakeUntil = NEVER;
    this.#pduLength = Math.min(body.pduLength, this.#wantedPdu);
    this.#line.depth = Math.max(1, Math.min(this.#wantedDepth, body.maxCalled));
    this.#line.fill(this.#now);
  }

  #judge(transaction: S7Transaction, buffer: Uint8Array, start: number, end: number): S7TransactionState {
    if (!transaction.fits(buffer, start, end)) {
      this.counters.mismatches++;
      return 'mismatch';
    }
    transaction.keep(buffer, start, end);
    const kind = buffer[start + 1];
    // An acknowledgement has its error in the header, user data among its parameters.
    const error = kind === 7 ? read16(buffer, start + 20) : read16(buffer, start + 10);
    transaction.error = error;
    if (error !== 0) {
      this.counters.refused++;
      return 'refused';
    }
    this.counters.done++;
    return 'done';
  }

  /** The server fetches the block that is on offer. */
  #asked(buffer: Uint8Array, start: number, end: number, reference: number): void {
    const decoded = decodeS7(buffer, start, end);
    const body = decoded.status === 'ok' && decoded.message.rosctr === 'job' ? decoded.message.body : undefined;
    const offer = this.#offer;
    const error = body === undefined || offer === undefined ? ERROR.noFunction : this.#refusal(body, offer);
    if (error !== 0 || body === undefined || offer === undefined) {
      this.#write(encodeS7({ rosctr: 'ack', reference, error }));
      return;
    }
    if (body.function === 'download-block') {
      const data = offer.bytes.subarray(offer.at, offer.at + this.#pduLength - PART_OVERHEAD);
      offer.at += data.length;
      this.#reply(reference, { function: 'download-block', more: offer.at < offer.bytes.length, data });
      return;
    }
    this.#reply(reference, { function: 'done', code: DOWNLOAD_ENDED });
    this.#offer = undefined;
    offer.onEnded((body as Extract<JobBody, { function: 'download-ended' }>).error, this.#now);
  }

  #refusal(body: JobBody, offer: Offer): number {
    if (body.function !== 'download-block' && body.function !== 'download-ended') return ERROR.noFunction;
    return blockFileName(body.file) === blockFileName(offer.file) ? 0 : ERROR.noBlock;
  }

  #reply(reference: number, body: AckBody): void {
    this.#write(encodeS7({ rosctr: 'ack-data', reference, error: 0, body }));
  }

  #send(transaction: S7Transaction): void {
    // 0 is the reference of the setup; an id comes round long after its last user.
    this.#nextReference = (this.#nextReference % 0xffff) + 1;
    transaction.setReference(this.#nextReference);
    transaction.error = 0;
    this.counters.sent++;
    this.#write(transaction.request);
  }

  #write(message: Uint8Array): void {
    if (message.length > this.#fragment) {
      for (let at = 0; at < message.length; at += this.#fragment) {
        const data = message.subarray(at, at + this.#fragment);
        const endOfMessage = at + data.length === message.length;
        this.#append(encodeTpkt(encodeCotp({ type: 'data', endOfMessage, number: 0, data })));
      }
      return;
    }
    const { length } = this.#outbox;
    this.#outbox.reserve(TRANSPORT + message.length);
    writeTransport(this.#outbox.buffer, length, message.length);
    this.#outbox.buffer.set(message, length + TRANSPORT);
    this.#outbox.length = length + TRANSPORT + message.length;
  }

  #append(bytes: Uint8Array): void {
    const { length } = this.#outbox;
    this.#outbox.reserve(bytes.length);
    this.#outbox.buffer.set(bytes, length);
    this.#outbox.length = length + bytes.length;
  }

  /** Ends everything pending; what its listeners submit meanwhile is refused. */
  #abandon(now: Instant): void {
    this.#closing = true;
    const offer = this.#offer;
    this.#offer = undefined;
    this.#line.depth = 0;
    this.#line.abandon(now);
    offer?.onEnded(ERROR.serious, now);
  }
}
