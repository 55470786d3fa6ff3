/** The clock that a device shows and stamps its log lines with. It runs with the run's time until somebody sets it over the network. */
import type { ClockAccess, WriteOutcome } from '@penstock/core';
import type { EventQueue } from '@penstock/simulator/kernel';

export class DeviceClock implements ClockAccess {
  readonly #queue: EventQueue;
  readonly #epoch: number;
  /** Microseconds that it is ahead. */
  #offset = 0;

  /** @param epoch microseconds since 1970 of the run's start */
  constructor(queue: EventQueue, epoch: number) {
    this.#queue = queue;
    this.#epoch = epoch;
  }

  now(): number {
    return this.#epoch + this.#queue.now + this.#offset;
  }

  set(time: number): WriteOutcome {
    this.#offset = time - this.#epoch - this.#queue.now;
    return 'done';
  }

  /** A time server has told the time, which in a run everybody agrees on. */
  synchronised(): void {
    this.#offset = 0;
  }
}
