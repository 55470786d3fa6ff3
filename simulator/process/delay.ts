/** A transport delay of fixed time: a sample line that flows all the time, a signal path. */
export class TimeDelay {
  /** Ring of past values, then the place of the next write; part of the process's memory. */
  readonly memory: Float64Array;
  readonly #length: number;

  /** @param seconds delay, rounded to whole steps of `step` seconds; at least one. */
  constructor(seconds: number, step: number) {
    this.#length = Math.max(1, Math.round(seconds / step));
    this.memory = new Float64Array(this.#length + 1);
  }

  /** As if `value` had been there for ever. */
  fill(value: number): void {
    this.memory.fill(value, 0, this.#length);
    this.memory[this.#length] = 0;
  }

  /** Puts this step's value in. */
  push(value: number): void {
    const at = this.memory[this.#length];
    this.memory[at] = value;
    this.memory[this.#length] = at + 1 === this.#length ? 0 : at + 1;
  }

  /** What was put in one delay before the last. */
  get value(): number {
    return this.memory[this.memory[this.#length]];
  }
}
