/**
 * A transmission network in per unit: buses, branches (lines and transformers as the usual π with an ideal transformer at the from-side), and
 * its bus admittance matrix (Grainger & Stevenson, Power System Analysis, 1994, chapters 7 and 9).
 */
import { PenstockError } from '@penstock/core';
import { type ComplexMatrix, complexMatrix } from './linear.ts';

export interface Bus {
  readonly id: number;
  /** MW and Mvar that are taken at the bus. */
  readonly load: readonly [mw: number, mvar: number];
  /** MW and Mvar that a shunt takes and gives at 1 pu. */
  readonly shunt?: readonly [mw: number, mvar: number];
}

export interface Branch {
  readonly from: number;
  readonly to: number;
  /** Series resistance and reactance, and the whole charging susceptance, pu. */
  readonly r: number;
  readonly x: number;
  readonly b: number;
  /** Turns ratio (off nominal) and phase shift in degrees of the transformer at the from-side; a line has none. */
  readonly ratio?: number;
  readonly shift?: number;
  readonly inService?: boolean;
}

export interface Source {
  readonly bus: number;
  /** MW; what the slack gives follows. */
  readonly mw: number;
  /** Voltage it holds, pu. */
  readonly voltage: number;
}

export interface PowerSystem {
  readonly baseMva: number;
  readonly buses: readonly Bus[];
  readonly branches: readonly Branch[];
  readonly sources: readonly Source[];
  /** The bus whose angle is 0 and whose source balances the system. */
  readonly slack: number;
}

/** Number of each bus in the matrices. @throws PenstockError `power-grid.bus` when a branch or a source names a bus that is not there */
export function busNumbers(system: PowerSystem): ReadonlyMap<number, number> {
  const numbers = new Map(system.buses.map((bus, index) => [bus.id, index]));
  if (numbers.size !== system.buses.length) throw new PenstockError('power-grid.bus', 'two buses have the same number');
  const named = [
    ...system.branches.flatMap((branch, n) => [branch.from, branch.to].map((bus) => [bus, `branch ${n + 1}`] as const)),
    ...system.sources.map((source, n) => [source.bus, `source ${n + 1}`] as const),
    [system.slack, 'the slack'] as const,
  ];
  for (const [bus, who] of named)
    if (!numbers.has(bus))
      throw new PenstockError(
        'power-grid.bus',
        `${who} stands at bus ${bus}, which is not there; there are ${[...numbers.keys()].join(', ')}`,
      );
  return numbers;
}

/** Admittances of a branch as seen from its two ends, pu: from–from, from–to, to–from, to–to, each real and imaginary. */
export function branchAdmittance(
  branch: Branch,
): readonly [number, number, number, number, number, number, number, number] {
  const z = branch.r ** 2 + branch.x ** 2;
  const g = branch.r / z;
  const b = -branch.x / z;
  const tap = branch.ratio ?? 1;
  const angle = ((branch.shift ?? 0) * Math.PI) / 180;
  const c = Math.cos(angle) / tap;
  const s = Math.sin(angle) / tap;
  const charged = b + branch.b / 2;
  return [
    g / tap ** 2,
    charged / tap ** 2,
    // −y / conj(tap)
    -(g * c - b * s),
    -(g * s + b * c),
    // −y / tap
    -(g * c + b * s),
    -(b * c - g * s),
    g,
    charged,
  ];
}

/** The bus admittance matrix of the branches in service and of the shunts, pu. Loads are not in it. */
export function admittance(system: PowerSystem, numbers = busNumbers(system)): ComplexMatrix {
  const n = system.buses.length;
  const y = complexMatrix(n);
  const add = (i: number, j: number, re: number, im: number) => {
    y.re[i * n + j] = (y.re[i * n + j] as number) + re;
    y.im[i * n + j] = (y.im[i * n + j] as number) + im;
  };
  for (const branch of system.branches) {
    if (branch.inService === false) continue;
    const i = numbers.get(branch.from) as number;
    const j = numbers.get(branch.to) as number;
    const [ffR, ffI, ftR, ftI, tfR, tfI, ttR, ttI] = branchAdmittance(branch);
    add(i, i, ffR, ffI);
    add(i, j, ftR, ftI);
    add(j, i, tfR, tfI);
    add(j, j, ttR, ttI);
  }
  for (const [i, bus] of system.buses.entries())
    if (bus.shunt !== undefined) add(i, i, bus.shunt[0] / system.baseMva, bus.shunt[1] / system.baseMva);
  return y;
}
