import { readFileSync } from 'node:fs';
import { sharedPath } from '../../../tests/judges.ts';
import type { PowerSystem } from '../network.ts';

/** Folder of the published cases and solutions, undefined where it is not there. */
export const CASES = sharedPath('reference/power');

/** A case in MATPOWER's columns. */
export function readCase(file: string): PowerSystem {
  const raw = JSON.parse(readFileSync(`${CASES}/${file}`, 'utf8')) as Record<'bus' | 'gen' | 'branch', number[][]> & {
    baseMVA: number;
  };
  return {
    baseMva: raw.baseMVA,
    slack: raw.bus.find((bus) => bus[1] === 3)?.[0] as number,
    buses: raw.bus.map((b) => ({ id: b[0], load: [b[2], b[3]], shunt: [b[4], b[5]] })),
    branches: raw.branch.map((b) => ({
      from: b[0],
      to: b[1],
      r: b[2],
      x: b[3],
      b: b[4],
      ratio: b[8] === 0 ? 1 : b[8],
      shift: b[9],
      inService: b[10] === 1,
    })),
    sources: raw.gen.filter((g) => g[7] === 1).map((g) => ({ bus: g[0], mw: g[1], voltage: g[5] })),
  };
}
