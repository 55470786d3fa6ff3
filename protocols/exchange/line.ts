/** What a client has asked over one connection: so many requests in flight, each with its own deadline, and those that wait behind them. */
import { type Duration, type Instant, NEVER } from '@penstock/core';
import type { Exchange } from './transaction.ts';

export class ExchangeLine<T extends Exchange<string>> {
  /** Requests in flight at a time; 0 while nothing may be sent. */
  depth: number;
  readonly #timeout: Duration;
  readonly #capacity: number;
  readonly #send: (transaction: T, now: Instant) => void;
  /** In the order of their deadlines, which is that of sending. */
  readonly #inFlight: T[] = [];
  readonly #queue: T[] = [];

  /**
   * @param capacity transactions waiting behind those in flight
   * @param send gives the transaction an id and puts it on the wire
   */
  constructor(depth: number, timeout: Duration, capacity: number, send: (transaction: T, now: Instant) => void) {
    this.depth = depth;
    this.#timeout = timeout;
    this.#capacity = capacity;
    this.#send = send;
  }

  get inFlight(): number {
    return this.#inFlight.length;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Sends it now or when there is room. False, and nothing happens, when it is pending already or the queue is full. */
  submit(transaction: T, now: Instant): boolean {
    if (transaction.pending) return false;
    if (this.#inFlight.length < this.depth && this.#queue.length === 0) {
      this.#begin(transaction, now);
      return true;
    }
    if (this.#queue.length >= this.#capacity) return false;
    transaction.state = 'queued';
    this.#queue.push(transaction);
    return true;
  }

  /** Sends what waits, as far as there is room. */
  fill(now: Instant): void {
    while (this.#queue.length > 0 && this.#inFlight.length < this.depth) this.#begin(this.#queue.shift() as T, now);
  }

  /** The transaction in flight with this id, which is in flight no more; undefined when there is none. */
  claim(id: number): T | undefined {
    const inFlight = this.#inFlight;
    for (let i = 0; i < inFlight.length; i++) {
      const transaction = inFlight[i] as T;
      if (transaction.id !== id) continue;
      if (i === 0) inFlight.shift();
      else inFlight.splice(i, 1);
      return transaction;
    }
    return undefined;
  }

  due(): Instant {
    return this.#inFlight.length === 0 ? NEVER : (this.#inFlight[0] as T).deadline;
  }

  /** Ends what came to nothing in time. @returns how many there were */
  expire(now: Instant): number {
    const inFlight = this.#inFlight;
    let count = 0;
    while (inFlight.length > 0 && (inFlight[0] as T).deadline <= now) {
      count++;
      (inFlight.shift() as T).finish('timeout', now);
    }
    return count;
  }

  /** Ends everything as `closed`: nothing more may be submitted when it is called. */
  abandon(now: Instant): void {
    const pending = [...this.#inFlight, ...this.#queue];
    this.#inFlight.length = 0;
    this.#queue.length = 0;
    for (const transaction of pending) transaction.finish('closed', now);
  }

  #begin(transaction: T, now: Instant): void {
    transaction.state = 'sent';
    transaction.responseLength = 0;
    transaction.sentAt = now;
    transaction.deadline = (now + this.#timeout) as Instant;
    this.#inFlight.push(transaction);
    this.#send(transaction, now);
  }
}
