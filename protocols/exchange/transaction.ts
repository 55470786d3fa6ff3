/**
 * One request of a client and what became of it. Made once and submitted as often as wanted: a poller allocates nothing per poll.
 */
import type { Instant } from '@penstock/core';

/**
 * `done`: an answer that fits the request. `timeout`: nothing came in time. `mismatch`: an answer that does not fit. `closed`: the
 * connection ended before. A protocol's own word says that the server refused.
 */
export type ExchangeState<Refused extends string> =
  | 'idle'
  | 'queued'
  | 'sent'
  | 'done'
  | 'timeout'
  | 'mismatch'
  | 'closed'
  | Refused;

const NOTHING = new Uint8Array(0);

export abstract class Exchange<Refused extends string> {
  /** Buffer with the last answer, `responseLength` bytes of it; valid when `done` or refused, until the next submission. */
  response: Uint8Array = NOTHING;
  responseLength = 0;
  state: ExchangeState<Refused> = 'idle';
  sentAt = 0 as Instant;
  finishedAt = 0 as Instant;
  deadline = 0 as Instant;
  /** Number on the wire of the last submission, by which its answer is known. */
  id = 0;

  get pending(): boolean {
    return this.state === 'queued' || this.state === 'sent';
  }

  /** Keeps a copy of the answer. */
  keep(buffer: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.response.length < length) this.response = new Uint8Array(length);
    const { response } = this;
    for (let i = 0; i < length; i++) response[i] = buffer[start + i] as number;
    this.responseLength = length;
  }

  finish(state: ExchangeState<Refused>, now: Instant): void {
    this.state = state;
    this.finishedAt = now;
    this.ended(now);
  }

  /** Called once for every submission, when `state` is final. */
  protected abstract ended(now: Instant): void;
}
