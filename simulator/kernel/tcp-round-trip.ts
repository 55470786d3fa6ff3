/** Retransmission timeout from measured round trips (RFC 6298). Times in microseconds. */
import { type Instant, seconds } from '@penstock/core';

const FIRST = seconds(1);
/** RFC 6298 wants a second; every stack in use takes 200 ms. */
const LEAST = 200_000;
const MOST = 60_000_000;

export class RoundTrip {
  /** How long to wait for an acknowledgement now. */
  timeout: number = FIRST;
  #smoothed = -1;
  #variation = 0;
  #timing = false;
  #sequence = 0;
  #since = 0 as Instant;

  /** Times a segment that ends before `sequence`, unless one is being timed. */
  begin(sequence: number, now: Instant): void {
    if (this.#timing) return;
    this.#timing = true;
    this.#sequence = sequence;
    this.#since = now;
  }

  /** Something is sent again: what is being timed tells nothing any more (Karn's algorithm, clause 3). */
  discard(): void {
    this.#timing = false;
  }

  backOff(): void {
    this.#timing = false;
    this.timeout = Math.min(MOST, this.timeout * 2);
  }

  /** An acknowledgement came; clause 2. */
  acknowledge(acknowledgement: number, now: Instant): void {
    if (!this.#timing || ((acknowledgement - this.#sequence) | 0) < 0) return;
    this.#timing = false;
    const sample = now - this.#since;
    if (this.#smoothed < 0) {
      this.#smoothed = sample;
      this.#variation = sample / 2;
    } else {
      this.#variation += (Math.abs(this.#smoothed - sample) - this.#variation) / 4;
      this.#smoothed += (sample - this.#smoothed) / 8;
    }
    this.timeout = Math.min(MOST, Math.max(LEAST, Math.round(this.#smoothed + 4 * this.#variation)));
  }
}
