/** The values that a device shows or keeps: of each tag what a client last received, and when. This is the displayed value of a tag. */
import { type Instant, NEVER } from '@penstock/core';

export class TagStore {
  /** By the plant's tag number; NaN for a tag that was never received. */
  readonly values: Float64Array;
  /** Instant of the last reception; -Infinity for never. */
  readonly times: Float64Array;

  constructor(tags: number) {
    this.values = new Float64Array(tags).fill(Number.NaN);
    this.times = new Float64Array(tags).fill(-NEVER);
  }

  put(tag: number, value: number, now: Instant): void {
    this.values[tag] = value;
    this.times[tag] = now;
  }

  has(tag: number): boolean {
    return !Number.isNaN(this.values[tag] as number);
  }
}
