/**
 * A Modbus TCP client on one connection: a queue of transactions, as many in flight as `depth` allows, each with its own deadline
 * (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, clause 4.4.1). Nothing is sent twice: whether to ask again is the caller's to decide.
 */
import { type ByteSink, type Duration, type Instant, type StreamMachine, seconds, UsageError } from '@penstock/core';
import { Outbox, read16 } from '../exchange/bytes.ts';
import { ExchangeLine } from '../exchange/line.ts';
import { AduReader, type AduSink, MBAP_LENGTH, writeHeader } from './adu.ts';
import { EXCEPTION_BIT } from './tables.ts';
import type { ModbusTransaction, TransactionState } from './transaction.ts';

export interface ModbusClientOptions {
  /** How long a response may take; default 1 s. */
  readonly timeout?: Duration | undefined;
  /** Requests in flight at a time; default 1, most 256. */
  readonly depth?: number | undefined;
  /** Transactions waiting behind those in flight; default 256. */
  readonly queue?: number | undefined;
}

export interface ClientCounters {
  sent: number;
  done: number;
  exceptions: number;
  timeouts: number;
  /** Responses that did not fit their request. */
  mismatches: number;
  /** Responses that belong to no request in flight: late ones, or forged ones. */
  unknown: number;
}

export class ModbusClient implements StreamMachine, AduSink {
  readonly counters: ClientCounters = { sent: 0, done: 0, exceptions: 0, timeouts: 0, mismatches: 0, unknown: 0 };
  readonly #reader = new AduReader(this);
  readonly #outbox = new Outbox();
  readonly #line: ExchangeLine<ModbusTransaction>;
  #nextId = 0;
  #now = 0 as Instant;
  #closing = false;

  /** @throws UsageError `modbus.depth` when `depth` is not 1 to 256. */
  constructor(options: ModbusClientOptions = {}) {
    const { depth = 1, timeout = seconds(1), queue = 256 } = options;
    if (!Number.isInteger(depth) || depth < 1 || depth > 256)
      throw new UsageError('modbus.depth', `a client has 1 to 256 requests in flight, not ${depth}`);
    this.#line = new ExchangeLine(depth, timeout, queue, (transaction) => this.#send(transaction));
  }

  /** Set when the server's stream cannot be followed any more. */
  get closing(): boolean {
    return this.#closing;
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
  submit(transaction: ModbusTransaction, now: Instant): boolean {
    return !this.#closing && this.#line.submit(transaction, now);
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.receiveRange(bytes, 0, bytes.length, now);
  }

  receiveRange(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    if (this.#closing) return;
    this.#now = now;
    this.#reader.receive(buffer, start, end);
    if (this.#reader.broken) this.#abandon(now);
    else this.#line.fill(now);
  }

  adu(buffer: Uint8Array, start: number, end: number): void {
    const transaction = this.#line.claim(read16(buffer, start));
    if (transaction === undefined) this.counters.unknown++;
    else transaction.finish(this.#judge(transaction, buffer, start, end), this.#now);
  }

  due(): Instant {
    return this.#line.due();
  }

  tick(now: Instant): void {
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
    this.#reader.reset();
    this.#outbox.length = 0;
    this.#closing = false;
  }

  #judge(transaction: ModbusTransaction, buffer: Uint8Array, start: number, end: number): TransactionState {
    const pdu = start + MBAP_LENGTH;
    if (buffer[start + 6] !== transaction.unit || !transaction.fits(buffer, pdu, end)) {
      this.counters.mismatches++;
      return 'mismatch';
    }
    transaction.keep(buffer, pdu, end);
    if ((buffer[pdu] as number) < EXCEPTION_BIT) {
      this.counters.done++;
      return 'done';
    }
    transaction.exception = buffer[pdu + 1] as number;
    this.counters.exceptions++;
    return 'exception';
  }

  #send(transaction: ModbusTransaction): void {
    // With at most 256 in flight and 65536 ids, an id comes round only after its last user is long finished or timed out.
    this.#nextId = (this.#nextId + 1) & 0xffff;
    const { request } = transaction;
    const outbox = this.#outbox;
    outbox.reserve(MBAP_LENGTH + request.length);
    writeHeader(outbox.buffer, outbox.length, this.#nextId, transaction.unit, request.length);
    const at = outbox.length + MBAP_LENGTH;
    for (let i = 0; i < request.length; i++) outbox.buffer[at + i] = request[i] as number;
    outbox.length = at + request.length;
    transaction.id = this.#nextId;
    transaction.exception = 0;
    this.counters.sent++;
  }

  /** Ends everything pending; what its listeners submit meanwhile is refused. */
  #abandon(now: Instant): void {
    this.#closing = true;
    this.#line.abandon(now);
  }
}
