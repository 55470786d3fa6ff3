/**
 * The classical model of rotor swings: constant voltage behind transient reactance, constant mechanical power, no damping, loads as constant
 * admittances (Anderson & Fouad, Power System Control and Stability, 1977, chapter 2). It is the yardstick of the richer machines.
 */
import { integrator } from '@penstock/simulator/process';
import type { ComplexMatrix } from './linear.ts';
import { admittance, busNumbers, type PowerSystem } from './network.ts';
import { type PowerFlow, solvePowerFlow } from './power-flow.ts';
import { FAULT_ADMITTANCE, type MachinePlace, type Reduction, reduce } from './reduction.ts';

export interface ClassicalMachine {
  readonly bus: number;
  /** Seconds, on the system's base. */
  readonly inertia: number;
  /** Transient reactance, pu on the system's base. */
  readonly reactance: number;
}

/** What stands in the network beside what the system says: branches by index that are open, buses that are short-circuited. */
export interface Topology {
  readonly open?: readonly number[];
  readonly faults?: readonly number[];
}

export class ClassicalSwing {
  /** Rotor angles in radians against a frame of nominal speed, then speeds in pu. */
  readonly states: Float64Array;
  /** Hz. */
  readonly nominal: number;
  readonly #system: PowerSystem;
  readonly #machines: readonly ClassicalMachine[];
  readonly #places: readonly MachinePlace[];
  readonly #numbers: ReadonlyMap<number, number>;
  readonly #flow: PowerFlow;
  readonly #voltage: Float64Array;
  readonly #mechanical: Float64Array;
  readonly #electrical: Float64Array;
  readonly #step: (t: number, h: number, x: Float64Array, u: Float64Array) => void;
  readonly #none = new Float64Array(0);
  #reduction: Reduction;

  constructor(system: PowerSystem, machines: readonly ClassicalMachine[], nominal = 60) {
    this.#system = system;
    this.#machines = machines;
    this.nominal = nominal;
    this.#numbers = busNumbers(system);
    this.#flow = solvePowerFlow(system);
    this.#places = machines.map(({ bus, reactance }) => ({ bus: this.#numbers.get(bus) as number, reactance }));
    const m = machines.length;
    this.states = new Float64Array(2 * m).fill(1, m);
    this.#voltage = new Float64Array(m);
    this.#mechanical = new Float64Array(m);
    this.#electrical = new Float64Array(m);
    for (const [k, place] of this.#places.entries()) this.#begin(k, place);
    this.#reduction = this.#reduce({});
    this.#powers(this.states);
    this.#mechanical.set(this.#electrical);
    this.#step = integrator('rk4', (_t, x, _u, dx) => this.#derivatives(x, dx), 2 * m);
  }

  /** From now on the network is another. @throws PenstockError `power-grid.singular` */
  change(topology: Topology): void {
    this.#reduction = this.#reduce(topology);
  }

  /** Moves the rotors by `h` seconds. */
  step(h: number): void {
    this.#step(0, h, this.states, this.#none);
  }

  /** Rotor angle of a machine, degrees. */
  angle(machine: number): number {
    return ((this.states[machine] as number) * 180) / Math.PI;
  }

  /** Frequency of a machine, Hz. */
  frequency(machine: number): number {
    return (this.states[this.#machines.length + machine] as number) * this.nominal;
  }

  #begin(k: number, { bus, reactance }: MachinePlace): void {
    const { vm, va, p, q } = this.#flow;
    const v = vm[bus] as number;
    const angle = va[bus] as number;
    const [loadP, loadQ] = (this.#system.buses[bus] as { load: readonly [number, number] }).load;
    const pg = (p[bus] as number) + loadP / this.#system.baseMva;
    const qg = (q[bus] as number) + loadQ / this.#system.baseMva;
    // E = V + jx·I with I = conj(S/V), in a frame that turns with V.
    const re = v + (reactance * qg) / v;
    const im = (reactance * pg) / v;
    this.#voltage[k] = Math.hypot(re, im);
    this.states[k] = angle + Math.atan2(im, re);
  }

  #reduce({ open = [], faults = [] }: Topology): Reduction {
    const branches = this.#system.branches.map((branch, n) =>
      open.includes(n) ? { ...branch, inService: false } : branch,
    );
    const y = admittance({ ...this.#system, branches }, this.#numbers);
    for (const [i, bus] of this.#system.buses.entries()) {
      const v2 = (this.#flow.vm[i] as number) ** 2 * this.#system.baseMva;
      add(y, i, bus.load[0] / v2, -bus.load[1] / v2);
    }
    for (const bus of faults) add(y, this.#numbers.get(bus) as number, 0, -FAULT_ADMITTANCE);
    return reduce(y, this.#places);
  }

  #powers(x: Float64Array): void {
    const m = this.#machines.length;
    const { re, im } = this.#reduction.y;
    for (let i = 0; i < m; i++) {
      let power = 0;
      for (let k = 0; k < m; k++) {
        const angle = (x[i] as number) - (x[k] as number);
        power +=
          (this.#voltage[k] as number) *
          ((re[i * m + k] as number) * Math.cos(angle) + (im[i * m + k] as number) * Math.sin(angle));
      }
      this.#electrical[i] = power * (this.#voltage[i] as number);
    }
  }

  #derivatives(x: Float64Array, dx: Float64Array): void {
    const m = this.#machines.length;
    this.#powers(x);
    for (let i = 0; i < m; i++) {
      dx[i] = 2 * Math.PI * this.nominal * ((x[m + i] as number) - 1);
      dx[m + i] =
        ((this.#mechanical[i] as number) - (this.#electrical[i] as number)) /
        (2 * (this.#machines[i] as ClassicalMachine).inertia);
    }
  }
}

function add(y: ComplexMatrix, i: number, re: number, im: number): void {
  const at = i * y.n + i;
  y.re[at] = (y.re[at] as number) + re;
  y.im[at] = (y.im[at] as number) + im;
}
