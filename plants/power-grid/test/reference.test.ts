/** Power flow and rotor swings against published cases and their solutions. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { solvePowerFlow } from '../power-flow.ts';
import { ClassicalSwing } from '../swing.ts';
import { CASES, readCase } from './cases.ts';

const table = (file: string) =>
  readFileSync(`${CASES}/${file}`, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number));

describe.skipIf(CASES === undefined)('the power flow', () => {
  it.each(['9', '14', '39'])('of the %s-bus case is the published one', (size) => {
    const system = readCase(`case${size}.json`);
    const { vm, va, p, q } = solvePowerFlow(system);
    const expected = table(`pf_case${size}.csv`);
    expect(expected).toHaveLength(system.buses.length);
    // Published angles count from their own reference.
    const slack = system.buses.findIndex((bus) => bus.id === system.slack);
    const reference = (expected[slack] as number[])[2] as number;
    for (const [i, [bus, voltage, angle, mw, mvar]] of expected.entries()) {
      expect(bus).toBe(system.buses[i]?.id);
      expect(Math.abs((vm[i] as number) - (voltage as number))).toBeLessThan(1e-8);
      expect(Math.abs(((va[i] as number) * 180) / Math.PI + reference - (angle as number))).toBeLessThan(1e-8 * 100);
      expect(Math.abs((p[i] as number) - (mw as number) / system.baseMva)).toBeLessThan(1e-8);
      expect(Math.abs((q[i] as number) - (mvar as number) / system.baseMva)).toBeLessThan(1e-8);
    }
  });

  it('of a network that cannot carry its load is refused, and says so', () => {
    const system = readCase('case9.json');
    const heavy = {
      ...system,
      buses: system.buses.map((b) => ({ ...b, load: [b.load[0] * 9, b.load[1] * 9] as const })),
    };
    expect(() => solvePowerFlow(heavy)).toThrow(/does not converge/);
  });
});

const MACHINES = [
  { bus: 1, inertia: 23.64, reactance: 0.0608 },
  { bus: 2, inertia: 6.4, reactance: 0.1198 },
  { bus: 3, inertia: 3.01, reactance: 0.1813 },
];

/** Short circuit at bus 8, cleared after `clearing` seconds by opening line 8–9; the largest angle between two machines in 2 s. */
function fault(clearing: number, each?: (t: number, swing: ClassicalSwing) => void): number {
  const system = readCase('case9.json');
  const line = system.branches.findIndex(({ from, to }) => from === 8 && to === 9);
  const swing = new ClassicalSwing(system, MACHINES);
  const h = 0.001;
  let largest = 0;
  swing.change({ faults: [8] });
  each?.(0, swing);
  for (let n = 1; n <= 2000; n++) {
    if (Math.abs((n - 1) * h - clearing) < h / 2) swing.change({ open: [line] });
    swing.step(h);
    each?.(n * h, swing);
    const angles = MACHINES.map((_, k) => swing.angle(k));
    largest = Math.max(largest, Math.max(...angles) - Math.min(...angles));
  }
  return largest;
}

describe.skipIf(CASES === undefined)('the classical swing of the WSCC system', () => {
  it('after 83 ms of short circuit at bus 8 is the computed one', () => {
    const expected = new Map(
      table('wscc9_classical_fault_tc83ms.csv').map((row) => [Math.round((row[0] as number) * 1000), row]),
    );
    let compared = 0;
    fault(0.083, (t, swing) => {
      const row = expected.get(Math.round(t * 1000));
      if (row === undefined) return;
      compared++;
      for (let k = 0; k < 3; k++) {
        expect(Math.abs(swing.angle(k) - (row[1 + k] as number))).toBeLessThan(0.1);
        expect(Math.abs(swing.frequency(k) - (row[4 + k] as number))).toBeLessThan(0.005);
      }
    });
    expect(compared).toBe(expected.size);
  });

  it('is stable up to 0.162 s of short circuit and not a millisecond later', () => {
    const clearing = [0.16, 0.161, 0.162, 0.163, 0.164];
    const stable = clearing.filter((seconds) => fault(seconds) < 180);
    expect(Math.abs((stable.at(-1) as number) - 0.162)).toBeLessThanOrEqual(0.001 + 1e-9);
    expect(stable.length).toBeGreaterThan(0);
    expect(stable.length).toBeLessThan(clearing.length);
  });
});
