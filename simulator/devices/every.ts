/** A recurring event of a device, with a phase of its own so that not everybody speaks in the same microsecond. */
import type { Duration, Instant } from '@penstock/core';
import type { EventQueue, Lane, Task } from '@penstock/simulator/kernel';

export class Every implements Task {
  readonly period: Duration;
  readonly #queue: EventQueue;
  readonly #lane: Lane;
  readonly #act: (now: Instant) => void;
  readonly #phase: number;
  #event: number | undefined;

  constructor(
    of: { readonly queue: EventQueue; readonly random: { below(n: number): number } },
    period: Duration,
    act: (now: Instant) => void,
  ) {
    this.period = period;
    this.#queue = of.queue;
    this.#lane = of.queue.lane(period);
    this.#act = act;
    this.#phase = of.random.below(period);
  }

  start(): void {
    if (this.#event === undefined) this.#event = this.#queue.in(this.#phase as Duration, this);
  }

  stop(): void {
    if (this.#event !== undefined) this.#queue.cancel(this.#event);
    this.#event = undefined;
  }

  run(now: Instant): void {
    this.#event = this.#queue.inLane(this.#lane, this);
    this.#act(now);
  }
}
