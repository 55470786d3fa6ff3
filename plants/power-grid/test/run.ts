import { Random } from '@penstock/simulator/kernel';
import type { ProcessEquations } from '@penstock/simulator/process';
import process from '../process.ts';
import { BREAKERS, U, Y } from '../signals.ts';

/** The area by itself, inputs and disturbances set by name, loads as published unless told otherwise. */
export class Run {
  readonly equations: ProcessEquations;
  readonly x: Float64Array;
  readonly u: Float64Array;
  readonly y: Float64Array;
  readonly step: number;
  readonly names = process.outputs;
  time = 0;

  constructor(step = 0.02, options: Readonly<Record<string, boolean>> = {}) {
    this.step = step;
    this.equations = process.build({
      options: { ...process.options, ...options },
      step,
      random: (component) => new Random(1, component),
    });
    this.x = new Float64Array(process.states.length);
    this.u = Float64Array.from([...Object.values(process.inputs), ...Object.values(process.disturbances)]);
    this.y = new Float64Array(process.outputs.length);
    this.set('dailyPattern', 0);
    this.set('variability', 0);
    this.equations.initial(this.x, this.u);
    this.read();
  }

  set(name: string, value: number): void {
    const at = U[name];
    if (at === undefined) throw new RangeError(`no input or disturbance ${name}`);
    this.u[at] = value;
  }

  get(name: string): number {
    const at = Y[name];
    if (at === undefined) throw new RangeError(`no output ${name}`);
    return this.y[at];
  }

  read(): void {
    this.equations.outputs(this.time, this.x, this.u, this.y);
  }

  /** Goes on for so many seconds; `each` sees every step's outputs and may end it by returning true. */
  go(seconds: number, each?: () => boolean | undefined): void {
    const count = Math.round(seconds / this.step);
    for (let n = 0; n < count; n++) {
      this.time += this.step;
      this.equations.advance?.(this.time, this.step, this.x, this.u);
      this.read();
      if (each?.() === true) return;
    }
  }

  /** All relays out of service, and no synchronism check before a breaker closes. */
  withoutProtection(): this {
    for (const { id, branch } of BREAKERS) {
      this.set(`ied${id.slice(2)}InService`, 0);
      if (branch >= 0) this.set(`ied${id.slice(2)}SyncBypass`, 1);
    }
    return this;
  }

  /** Energises a coil for a tenth of a second. */
  pulse(coil: string): void {
    this.set(coil, 1);
    this.go(0.1);
    this.set(coil, 0);
  }
}
