/**
 * Circuit breakers as mechanisms: coils, opening and closing time, the spring that a close uses up, and what stands across the poles when they
 * meet. Two states a pole: in the phasor picture current ends when the contacts have parted.
 */
import { BREAKER } from './design.ts';

/** What a breaker is doing after a step. */
export const UNCHANGED = 0;
const OPENED = 1;
export const CLOSED = 2;

export class Breakers {
  readonly count: number;
  /** 1 where the contacts touch. */
  readonly closed: Float64Array;
  /** Everything remembered; part of a snapshot. */
  readonly memory: readonly Float64Array[];
  /** Seconds until the contacts have parted or met; 0 when nothing moves. */
  readonly #opening: Float64Array;
  readonly #closing: Float64Array;
  /** Seconds until the spring is wound. */
  readonly #winding: Float64Array;
  readonly #closeCoil: Float64Array;
  /** How often each has operated since the start. */
  readonly operations: Float64Array;

  constructor(count: number) {
    this.count = count;
    this.closed = new Float64Array(count).fill(1);
    this.#opening = new Float64Array(count);
    this.#closing = new Float64Array(count);
    this.#winding = new Float64Array(count);
    this.#closeCoil = new Float64Array(count);
    this.operations = new Float64Array(count);
    this.memory = [this.closed, this.#opening, this.#closing, this.#winding, this.#closeCoil, this.operations];
  }

  /** Whether the spring holds a close. */
  ready(breaker: number): boolean {
    return this.#winding[breaker] <= 0;
  }

  /** Whether its contacts are on their way. */
  moves(breaker: number): boolean {
    return this.#opening[breaker] > 0 || this.#closing[breaker] > 0;
  }

  /**
   * Moves one breaker by `h` seconds under its coils; tells what came of it.
   * @param stuck a mechanism that does not move; its coils are energised in vain
   */
  move(breaker: number, trip: boolean, close: boolean, stuck: boolean, h: number): number {
    const winding = this.#winding;
    if (winding[breaker] > 0) winding[breaker] -= h;
    const rising = close && this.#closeCoil[breaker] === 0;
    this.#closeCoil[breaker] = close ? 1 : 0;
    if (stuck) {
      this.#opening[breaker] = 0;
      this.#closing[breaker] = 0;
      return UNCHANGED;
    }
    if (trip) {
      // A trip wins over a close, whose coil must be released before it closes again (no pumping).
      this.#closing[breaker] = 0;
      if (this.closed[breaker] === 1 && this.#opening[breaker] === 0) this.#opening[breaker] = BREAKER.opening;
    } else if (rising && this.closed[breaker] === 0 && this.#closing[breaker] === 0 && winding[breaker] <= 0)
      this.#closing[breaker] = BREAKER.closing;
    if (this.#opening[breaker] > 0) {
      this.#opening[breaker] -= h;
      if (this.#opening[breaker] > 1e-9) return UNCHANGED;
      this.#opening[breaker] = 0;
      this.closed[breaker] = 0;
      this.operations[breaker]++;
      return OPENED;
    }
    if (this.#closing[breaker] > 0) {
      this.#closing[breaker] -= h;
      if (this.#closing[breaker] > 1e-9) return UNCHANGED;
      this.#closing[breaker] = 0;
      this.closed[breaker] = 1;
      winding[breaker] = BREAKER.winding;
      this.operations[breaker]++;
      return CLOSED;
    }
    return UNCHANGED;
  }
}
