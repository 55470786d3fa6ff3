/** The mean or the slope of a value over a sliding window, sampled about once a second and kept in a few bins. */
import type { Duration } from '@penstock/core';

const BINS = 30;

export class Trend {
  readonly #kind: 'mean' | 'slope';
  /** Microseconds of a bin. */
  readonly #width: number;
  readonly #means = new Float64Array(BINS);
  #filled = 0;
  #next = 0;
  #binEnds = Number.NEGATIVE_INFINITY;
  #sum = 0;
  #count = 0;
  #result = Number.NaN;

  /** @param over length of the window */
  constructor(kind: 'mean' | 'slope', over: Duration) {
    this.#kind = kind;
    this.#width = over / BINS;
  }

  /**
   * Takes the value at `now` (microseconds); NaN empties the window.
   * @returns the mean, or the slope in units per hour; NaN until the window is full
   */
  take(now: number, value: number): number {
    if (Number.isNaN(value) || now > this.#binEnds + 2 * this.#width) {
      this.#filled = 0;
      this.#next = 0;
      this.#result = Number.NaN;
      this.#begin(now);
      if (Number.isNaN(value)) return Number.NaN;
    }
    if (now >= this.#binEnds) {
      if (this.#count > 0) this.#push(this.#sum / this.#count);
      this.#begin(now);
    }
    this.#sum += value;
    this.#count++;
    return this.#result;
  }

  #begin(now: number): void {
    this.#binEnds = now + this.#width;
    this.#sum = 0;
    this.#count = 0;
  }

  #push(mean: number): void {
    this.#means[this.#next] = mean;
    this.#next = (this.#next + 1) % BINS;
    if (this.#filled < BINS) this.#filled++;
    if (this.#filled === BINS) this.#result = this.#kind === 'mean' ? this.#mean() : this.#slope();
  }

  #mean(): number {
    let sum = 0;
    for (const mean of this.#means) sum += mean;
    return sum / BINS;
  }

  /** Least squares over the bins, oldest first, so that noise and a single odd bin matter little. */
  #slope(): number {
    const middle = (BINS - 1) / 2;
    let covariance = 0;
    let variance = 0;
    for (let i = 0; i < BINS; i++) {
      const x = i - middle;
      covariance += x * (this.#means[(this.#next + i) % BINS] as number);
      variance += x * x;
    }
    return (covariance / variance / this.#width) * 3600e6;
  }
}
