/** What a connection tells its handler, in order; held back while the handler has paused it. */
import type { Instant } from '@penstock/core';
import { ByteRing } from './byte-ring.ts';

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
  /** There is room again after `send` returned false. */
  drained?(now: Instant): void;
  closed(reason: CloseReason, now: Instant): void;
}

/** Bytes that one call hands over of what was held back. */
const PIECE = 16_384;

export class TcpInbox {
  handler: TcpHandler | undefined;
  paused = false;
  readonly #close: () => void;
  #held: ByteRing | undefined = undefined;
  #delivering = false;
  #endHeld = false;
  #closedHeld = false;

  /** `close` ends this side, for handlers that do not care for a half-closed connection. */
  constructor(handler: TcpHandler | undefined, close: () => void) {
    this.handler = handler;
    this.#close = close;
  }

  /** Bytes that are held back. */
  get held(): number {
    return this.#held === undefined ? 0 : this.#held.length;
  }

  data(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    if (this.paused || this.held > 0) {
      this.#held ??= new ByteRing();
      this.#held.push(buffer, start, end);
    } else this.handler?.data(buffer, start, end, now);
  }

  ended(now: Instant): void {
    if (this.held > 0) {
      this.#endHeld = true;
      return;
    }
    const { handler } = this;
    if (handler?.ended) handler.ended(now);
    else this.#close();
  }

  /** The last word. After an orderly end the handler still gets what it has not read. */
  closed(reason: CloseReason, now: Instant): void {
    if (reason === 'closed' && this.held > 0) {
      this.#closedHeld = true;
      return;
    }
    this.#held = undefined;
    const { handler } = this;
    this.handler = undefined;
    handler?.closed(reason, now);
  }

  /** Hands over what was held back, as long as the handler takes it. */
  resume(now: Instant): void {
    if (!this.paused) return;
    this.paused = false;
    const held = this.#held;
    if (held === undefined || this.#delivering) return;
    this.#delivering = true;
    while (held.length > 0 && !this.paused && this.handler !== undefined) {
      const bytes = new Uint8Array(Math.min(held.length, PIECE));
      held.copy(0, bytes.length, bytes, 0);
      held.drop(bytes.length);
      this.handler.data(bytes, 0, bytes.length, now);
    }
    this.#delivering = false;
    if (held.length > 0 || this.handler === undefined) return;
    if (this.#endHeld) {
      this.#endHeld = false;
      this.ended(now);
    }
    if (this.#closedHeld) this.closed('closed', now);
  }
}
