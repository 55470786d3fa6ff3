/**
 * A network as its machines feel it: loads as constant admittances, each machine as an internal voltage behind its transient reactance, and
 * all buses eliminated (Kundur, Power System Stability and Control, 1994, section 13.3). It is made anew whenever the topology changes.
 */
import { type ComplexMatrix, complexMatrix, inverse } from './linear.ts';

export interface MachinePlace {
  /** Number of its bus in the admittance matrix. */
  readonly bus: number;
  /** Transient reactance, pu on the system's base. */
  readonly reactance: number;
}

export interface Reduction {
  /** Currents of the machines from their internal voltages: I = y·E, machines × machines by rows, pu. */
  readonly y: ComplexMatrix;
  /** Voltages of the buses from internal voltages: V = w·E, buses × machines by rows. */
  readonly wRe: Float64Array;
  readonly wIm: Float64Array;
}

/** Admittance of a bolted three-phase short circuit, pu. */
export const FAULT_ADMITTANCE = 1e9;

/**
 * @param admittance of the network, loads and faults at its buses included
 * @throws PenstockError `power-grid.singular` when an island has neither load nor machine
 */
export function reduce(admittance: ComplexMatrix, machines: readonly MachinePlace[]): Reduction {
  const n = admittance.n;
  const m = machines.length;
  const full: ComplexMatrix = { n, re: Float64Array.from(admittance.re), im: Float64Array.from(admittance.im) };
  for (const { bus, reactance } of machines)
    full.im[bus * n + bus] = (full.im[bus * n + bus] as number) - 1 / reactance;
  const z = inverse(full);
  const y = complexMatrix(m);
  const wRe = new Float64Array(n * m);
  const wIm = new Float64Array(n * m);
  for (const [k, { bus, reactance }] of machines.entries()) {
    // w = Z·(1/jx)
    for (let i = 0; i < n; i++) {
      wRe[i * m + k] = (z.im[i * n + bus] as number) / reactance;
      wIm[i * m + k] = -(z.re[i * n + bus] as number) / reactance;
    }
  }
  for (const [i, machine] of machines.entries())
    for (let k = 0; k < m; k++) {
      // (E_i − V_i)/(jx)
      const re = (i === k ? 1 : 0) - (wRe[machine.bus * m + k] as number);
      const im = -(wIm[machine.bus * m + k] as number);
      y.re[i * m + k] = im / machine.reactance;
      y.im[i * m + k] = -re / machine.reactance;
    }
  return { y, wRe, wIm };
}
