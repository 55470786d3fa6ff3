/** The steady state of a network: Newton's method on the power balance in polar coordinates (Tinney & Hart 1967). */
import { PenstockError } from '@penstock/core';
import { solveReal } from './linear.ts';
import { admittance, busNumbers, type PowerSystem } from './network.ts';

export interface PowerFlow {
  /** By bus, in the system's order: voltage in pu and radians, what is put in in pu. */
  readonly vm: Float64Array;
  readonly va: Float64Array;
  readonly p: Float64Array;
  readonly q: Float64Array;
  readonly iterations: number;
}

const MISMATCH = 1e-12;
const ITERATIONS = 30;

/**
 * Solves the power flow from a flat start: sources hold their voltage, the slack balances; reactive limits are not looked at.
 * @throws PenstockError `power-grid.power-flow` when it does not converge, `power-grid.singular` when an island has no source
 */
export function solvePowerFlow(system: PowerSystem): PowerFlow {
  const numbers = busNumbers(system);
  const { re: g, im: b } = admittance(system, numbers);
  const n = system.buses.length;
  const vm = new Float64Array(n).fill(1);
  const va = new Float64Array(n);
  const pSet = Float64Array.from(system.buses, (bus) => -bus.load[0] / system.baseMva);
  const qSet = Float64Array.from(system.buses, (bus) => -bus.load[1] / system.baseMva);
  const held = new Set<number>();
  for (const source of system.sources) {
    const i = numbers.get(source.bus) as number;
    held.add(i);
    vm[i] = source.voltage;
    pSet[i] = (pSet[i] as number) + source.mw / system.baseMva;
  }
  const slack = numbers.get(system.slack) as number;
  const angles = [...Array(n).keys()].filter((i) => i !== slack);
  const voltages = angles.filter((i) => !held.has(i));
  const size = angles.length + voltages.length;
  const p = new Float64Array(n);
  const q = new Float64Array(n);
  const jacobian = new Float64Array(size * size);
  const step = new Float64Array(size);

  for (let iteration = 0; iteration <= ITERATIONS; iteration++) {
    injections(g, b, vm, va, p, q);
    let worst = 0;
    for (const [row, i] of angles.entries()) step[row] = (pSet[i] as number) - (p[i] as number);
    for (const [row, i] of voltages.entries()) step[angles.length + row] = (qSet[i] as number) - (q[i] as number);
    for (let k = 0; k < size; k++) worst = Math.max(worst, Math.abs(step[k] as number));
    if (worst < MISMATCH) return { vm, va, p, q, iterations: iteration };
    if (!Number.isFinite(worst)) break;

    jacobian.fill(0);
    for (const [row, i] of angles.entries()) {
      for (const [column, j] of angles.entries()) jacobian[row * size + column] = byAngle(i, j)[0];
      for (const [column, j] of voltages.entries()) jacobian[row * size + angles.length + column] = byVoltage(i, j)[0];
    }
    for (const [row, i] of voltages.entries()) {
      const at = (angles.length + row) * size;
      for (const [column, j] of angles.entries()) jacobian[at + column] = byAngle(i, j)[1];
      for (const [column, j] of voltages.entries()) jacobian[at + angles.length + column] = byVoltage(i, j)[1];
    }
    solveReal(jacobian, step, size);
    for (const [row, i] of angles.entries()) va[i] = (va[i] as number) + (step[row] as number);
    for (const [row, i] of voltages.entries()) vm[i] = (vm[i] as number) + (step[angles.length + row] as number);
  }
  throw new PenstockError(
    'power-grid.power-flow',
    `the power flow does not converge within ${ITERATIONS} iterations; the network cannot carry what is asked of it, or its data are wrong`,
  );

  /** Derivatives of P and Q at bus i by the angle of bus j. */
  function byAngle(i: number, j: number): readonly [number, number] {
    const vi = vm[i] as number;
    if (i === j)
      return [
        -(q[i] as number) - (b[i * n + i] as number) * vi * vi,
        (p[i] as number) - (g[i * n + i] as number) * vi * vi,
      ];
    const [c, s] = mixed(i, j);
    const vv = vi * (vm[j] as number);
    return [vv * s, -vv * c];
  }

  /** Derivatives of P and Q at bus i by the voltage of bus j. */
  function byVoltage(i: number, j: number): readonly [number, number] {
    const vi = vm[i] as number;
    if (i === j)
      return [
        (p[i] as number) / vi + (g[i * n + i] as number) * vi,
        (q[i] as number) / vi - (b[i * n + i] as number) * vi,
      ];
    const [c, s] = mixed(i, j);
    return [vi * c, vi * s];
  }

  /** G·cos + B·sin and G·sin − B·cos of the angle between two buses. */
  function mixed(i: number, j: number): readonly [number, number] {
    const angle = (va[i] as number) - (va[j] as number);
    const c = Math.cos(angle);
    const s = Math.sin(angle);
    const gij = g[i * n + j] as number;
    const bij = b[i * n + j] as number;
    return [gij * c + bij * s, gij * s - bij * c];
  }
}

/** What each bus puts into the network, pu. */
function injections(
  g: Float64Array,
  b: Float64Array,
  vm: Float64Array,
  va: Float64Array,
  p: Float64Array,
  q: Float64Array,
) {
  const n = vm.length;
  for (let i = 0; i < n; i++) {
    let pi = 0;
    let qi = 0;
    for (let j = 0; j < n; j++) {
      const gij = g[i * n + j] as number;
      const bij = b[i * n + j] as number;
      if (gij === 0 && bij === 0) continue;
      const angle = (va[i] as number) - (va[j] as number);
      const c = Math.cos(angle) * (vm[j] as number);
      const s = Math.sin(angle) * (vm[j] as number);
      pi += gij * c + bij * s;
      qi += gij * s - bij * c;
    }
    p[i] = pi * (vm[i] as number);
    q[i] = qi * (vm[i] as number);
  }
}
