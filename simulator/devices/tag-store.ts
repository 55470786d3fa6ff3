/** The values that a device shows or keeps: of each tag what a client last received, and when. This is the displayed value of a tag. */
import { type Instant, NEVER } from '@penstock/core';

export class TagStore {
  /** By the plant's tag number; NaN for a tag that was never received. */
  readonly values: Float64Array;
  /** Instant of the last reception; -Infinity for never. */
  readonly times: Float64Array;

  /** Of each tag whether it keeps what it has; undefined as long as it takes what comes. */
  #kept: Uint8Array | undefined;

  constructor(tags: number) {
    this.values = new Float64Array(tags).fill(Number.NaN);
    this.times = new Float64Array(tags).fill(-NEVER);
  }

  /** Takes what was received; says whether it did. */
  put(tag: number, value: number, now: Instant): boolean {
    this.times[tag] = now;
    if (this.#kept !== undefined) {
      if (this.#kept[tag] === 1) return false;
      this.#kept[tag] = 1;
    }
    this.values[tag] = value;
    return true;
  }

  /** From now on each tag keeps the first value that comes, however fresh later ones are; or takes what comes again. */
  hold(isHeld: boolean): void {
    this.#kept = isHeld ? new Uint8Array(this.values.length) : undefined;
  }

  has(tag: number): boolean {
    return !Number.isNaN(this.values[tag] as number);
  }
}
