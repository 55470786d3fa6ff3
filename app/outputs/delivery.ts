/** What every way out has in common: it takes notices without ever waiting, and counts what became of them. */
import type { Notice } from '@penstock/monitor';

export interface DeliveryReport {
  /** As the owner named it: `syslog udp://127.0.0.1:514`. */
  readonly output: string;
  readonly sent: number;
  /** Given up: no room in the queue, or refused as often as it was tried. */
  readonly dropped: number;
  /** Why the last one was given up. */
  readonly trouble: string | null;
}

export interface Delivery {
  /** Takes a notice; returns at once and never throws. */
  tell(notice: Notice): void;
  /** Delivers what waits, for a few seconds at most, and ends. */
  close(): Promise<DeliveryReport>;
}

/** As long as the end may wait for somebody who does not answer. */
export const LAST_CHANCE_MS = 3000;

/** Waits between one attempt and the next; what was not taken after the last one is given up. */
export const RETRY_MS: readonly number[] = [250, 1000, 3000, 10_000];

/** A queue with an end: what finds no room is counted. */
export class BoundedQueue<T> {
  dropped = 0;
  readonly #entries: T[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.length;
  }

  push(entry: T): void {
    if (this.#entries.length >= this.#most) this.dropped++;
    else this.#entries.push(entry);
  }

  /** The oldest entries, at most `count`, which stay until `remove`. */
  peek(count: number): readonly T[] {
    return this.#entries.slice(0, count);
  }

  remove(count: number): void {
    this.#entries.splice(0, count);
  }
}

export const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
