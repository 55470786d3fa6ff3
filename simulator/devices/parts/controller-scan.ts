/** Lets a controller scan: the fastest of its tasks sets the beat. */
import type { Duration, Instant } from '@penstock/core';
import type { Lane, Task } from '@penstock/simulator/kernel';
import type { DeviceContext, Part } from '../context.ts';

class ControllerScan implements Part, Task {
  readonly #context: DeviceContext;
  readonly #phase: Duration;
  readonly #lane: Lane;
  #event: number | undefined;

  constructor(context: DeviceContext, period: Duration) {
    this.#context = context;
    this.#lane = context.queue.lane(period);
    this.#phase = context.random.below(period) as Duration;
  }

  start(): void {
    this.#event ??= this.#context.queue.in(this.#phase, this);
  }

  stop(): void {
    if (this.#event !== undefined) this.#context.queue.cancel(this.#event);
    this.#event = undefined;
  }

  run(now: Instant): void {
    this.#event = this.#context.queue.inLane(this.#lane, this);
    this.#context.controller?.scan(this.#context.controllerTime(now));
  }
}

export function controllerScan(context: DeviceContext): Part | undefined {
  const { controller } = context;
  return controller && new ControllerScan(context, controller.period);
}
