/** The mean or the slope of a value over a sliding window, sampled every few seconds and kept in a few bins. */
import type { Duration } from '@penstock/core';

const BINS = 30;
/** Share of a new value in the smoothed one: at one in five seconds the noise of half a minute is evened out. */
const SMOOTHING = 0.2;

export class Trend {
  readonly #kind: 'mean' | 'slope';
  /** Microseconds of a bin. */
  readonly #width: number;
  readonly #means = new Float64Array(BINS);
  /** The smoothed value at the begin of each bin. */
  readonly #edges = new Float64Array(BINS);
  #smooth = Number.NaN;
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
    if (Number.isNaN(value) || Number.isNaN(this.#smooth) || now > this.#binEnds + 2 * this.#width) {
      this.#filled = 0;
      this.#next = 0;
      this.#result = Number.NaN;
      this.#begin(now);
      this.#smooth = value;
      this.#edges[0] = value;
      if (Number.isNaN(value)) return Number.NaN;
    }
    this.#smooth += SMOOTHING * (value - this.#smooth);
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
    this.#edges[this.#next] = this.#smooth;
  }

  #mean(): number {
    let sum = 0;
    for (const mean of this.#means) sum += mean;
    return sum / BINS;
  }

  /** From the window's begin to its end, so that a level's slope is exactly the mean of what flowed in and out meanwhile. */
  #slope(): number {
    return ((this.#smooth - (this.#edges[this.#next] as number)) / (BINS * this.#width)) * 3600e6;
  }
}
