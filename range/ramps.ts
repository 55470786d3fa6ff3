/** Disturbances that move to a value over a time instead of jumping. */
import { type Duration, inSeconds } from '@penstock/core';
import type { ProcessEngine } from '@penstock/simulator/process';

interface Ramp {
  readonly target: number;
  /** Per second. */
  readonly slope: number;
}

export class Ramps {
  readonly #engine: ProcessEngine;
  readonly #ramps = new Map<string, Ramp>();

  constructor(engine: ProcessEngine) {
    this.#engine = engine;
  }

  /** @throws UsageError `process.unknown-disturbance` */
  start(name: string, target: number, over: Duration): void {
    const from = this.#engine.disturbance(name);
    if (over > 0) this.#ramps.set(name, { target, slope: (target - from) / inSeconds(over) });
    else {
      this.#ramps.delete(name);
      this.#engine.disturb(name, target);
    }
  }

  /** Moves everything that is under way by one step. */
  step(stepSeconds: number): void {
    if (this.#ramps.size === 0) return;
    for (const [name, { target, slope }] of this.#ramps) {
      const next = this.#engine.disturbance(name) + slope * stepSeconds;
      const there = slope >= 0 ? next >= target : next <= target;
      this.#engine.disturb(name, there ? target : next);
      if (there) this.#ramps.delete(name);
    }
  }
}
