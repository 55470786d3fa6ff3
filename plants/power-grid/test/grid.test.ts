/** Machines on their network: standing still where the power flow is, swinging as the classical model where it should, losing no power. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MACHINES, type Machine, NOMINAL_HZ, SYSTEM } from '../design.ts';
import { Grid } from '../grid.ts';
import { ANGLE, PER_MACHINE, SPEED } from '../machine.ts';
import type { PowerSystem } from '../network.ts';
import { solvePowerFlow } from '../power-flow.ts';
import { ClassicalSwing } from '../swing.ts';
import { CASES, readCase } from './cases.ts';
import { stepper } from './stepper.ts';

function begin(system: PowerSystem, machines: readonly Machine[]) {
  const flow = solvePowerFlow(system);
  const grid = new Grid(system, machines, NOMINAL_HZ);
  const x = new Float64Array(machines.length * PER_MACHINE);
  grid.begin(flow, x);
  grid.reconnect();
  grid.rebuild();
  return { flow, grid, x };
}

function expectToStandStill(system: PowerSystem, machines: readonly Machine[]) {
  const { flow, grid, x } = begin(system, machines);
  grid.solve(x);
  for (let i = 0; i < system.buses.length; i++) {
    expect(Math.abs(Math.hypot(grid.vRe[i], grid.vIm[i]) - flow.vm[i])).toBeLessThan(1e-6);
    expect(Math.abs(grid.vRe[i] - flow.vm[i] * Math.cos(flow.va[i]))).toBeLessThan(1e-6);
  }
  const dx = new Float64Array(x.length);
  grid.derivatives(x, dx);
  for (const rate of dx) expect(Math.abs(rate)).toBeLessThan(1e-4);
}

describe('a grid of two-axis machines', () => {
  it('stands still in the state of the power flow', () => {
    expectToStandStill(SYSTEM, MACHINES);
    const { grid, x } = begin(SYSTEM, MACHINES);
    const step = stepper(grid);
    const before = x.slice();
    for (let n = 0; n < 5000; n++) step(0.02, x);
    // The stray susceptance of the busbars, 10⁻⁷, is not in the power flow.
    for (const [i, value] of x.entries())
      if (i % PER_MACHINE !== ANGLE) expect(Math.abs(value - before[i])).toBeLessThan(1e-5);
  });

  it.skipIf(CASES === undefined).each(['9', '14', '39'])('does so on the %s-bus case', (size) => {
    const system = readCase(`case${size}.json`);
    const like = MACHINES[1];
    expectToStandStill(
      system,
      system.sources.map(({ bus }) => ({
        ...like,
        bus,
        xd: like.xd / 20,
        xdTransient: like.xdTransient / 20,
        xq: like.xq / 20,
        xqTransient: like.xqTransient / 20,
        turbine: { ...like.turbine, maximumMw: 2000 },
      })),
    );
  });

  it('swings as the classical model when its fluxes and its steam are held and its axes are alike', () => {
    const held = MACHINES.map((machine) => ({
      ...machine,
      damping: 0,
      xqTransient: machine.xdTransient,
      td0: 1e12,
      tq0: 1e12,
      turbine: { ...machine.turbine, chestTime: 1e12 },
    }));
    const { grid, x } = begin(SYSTEM, held);
    const classical = new ClassicalSwing(
      SYSTEM,
      held.map(({ bus, inertia, xdTransient }) => ({ bus, inertia, reactance: xdTransient })),
    );
    const step = stepper(grid);
    const rotors = held.map((_, k) => x[k * PER_MACHINE + ANGLE]);
    const angles = held.map((_, k) => classical.angle(k));
    const eight = grid.numbers.get(8) as number;
    const line = SYSTEM.branches.findIndex(({ from, to }) => from === 8 && to === 9);
    grid.busFault[eight] = 1e9;
    grid.rebuild();
    classical.change({ faults: [8] });
    for (let n = 0; n < 1500; n++) {
      if (n === 83) {
        grid.busFault[eight] = 0;
        grid.fromClosed[line] = 0;
        grid.toClosed[line] = 0;
        grid.reconnect();
        grid.rebuild();
        classical.change({ open: [line] });
      }
      step(0.001, x);
      classical.step(0.001);
      for (let k = 0; k < 3; k++) {
        const moved = ((x[k * PER_MACHINE + ANGLE] - rotors[k]) * 180) / Math.PI;
        expect(Math.abs(moved - (classical.angle(k) - angles[k]))).toBeLessThan(0.01);
        expect(Math.abs(x[k * PER_MACHINE + SPEED] * NOMINAL_HZ - classical.frequency(k))).toBeLessThan(1e-3);
      }
    }
  });

  it('loses no power between machines, lines, short circuits and loads, in whatever state', () => {
    const { grid, x: still } = begin(SYSTEM, MACHINES);
    const any = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(any, { minLength: still.length, maxLength: still.length }),
        fc.array(fc.boolean(), { minLength: 18, maxLength: 18 }),
        fc.array(fc.constantFrom(0, 0, 5000), { minLength: 9, maxLength: 9 }),
        fc.constantFrom(0, 0, 30),
        (push, closed, faults, onLine) => {
          const x = still.map((value, i) => value + 0.5 * push[i]);
          for (let l = 0; l < 9; l++) {
            grid.fromClosed[l] = closed[l] ? 1 : 0;
            grid.toClosed[l] = closed[9 + l] ? 1 : 0;
          }
          grid.busFault.set(faults);
          grid.branchFault[4] = onLine;
          grid.branchFaultAt[4] = 0.3;
          grid.reconnect();
          grid.rebuild();
          grid.solve(x);
          let given = 0;
          for (const [k, { bus, rs }] of MACHINES.entries()) {
            const b = grid.numbers.get(bus) as number;
            const terminal = grid.vRe[b] * grid.iRe[k] + grid.vIm[b] * grid.iIm[k];
            const current = grid.iRe[k] ** 2 + grid.iIm[k] ** 2;
            expect(Math.abs(grid.airGapPower(k, x) - terminal - rs * current)).toBeLessThan(1e-8);
            given += terminal;
          }
          let taken = 0;
          for (let i = 0; i < 9; i++)
            taken += (grid.vRe[i] ** 2 + grid.vIm[i] ** 2) * (grid.loadG[i] + grid.busFault[i]);
          for (let l = 0; l < 9; l++)
            for (const atTo of [false, true]) {
              const bus = grid.numbers.get(SYSTEM.branches[l][atTo ? 'to' : 'from']) as number;
              const into = grid.vRe[bus] * grid.currentRe(l, atTo) + grid.vIm[bus] * grid.currentIm(l, atTo);
              taken += into;
              // Nothing flows where a breaker is open.
              if ((atTo ? grid.toClosed : grid.fromClosed)[l] === 0)
                expect(Math.hypot(grid.currentRe(l, atTo), grid.currentIm(l, atTo))).toBe(0);
            }
          expect(Math.abs(given - taken)).toBeLessThan(1e-6 * Math.max(1, Math.abs(given)));
          // Lines waste and never give.
          for (let l = 0; l < 9; l++) {
            const loss = [false, true].reduce((sum, atTo) => {
              const bus = grid.numbers.get(SYSTEM.branches[l][atTo ? 'to' : 'from']) as number;
              return sum + grid.vRe[bus] * grid.currentRe(l, atTo) + grid.vIm[bus] * grid.currentIm(l, atTo);
            }, 0);
            expect(loss).toBeGreaterThan(-1e-7);
          }
        },
      ),
      { numRuns: 200, seed: 9 },
    );
  });

  it('converges with the step, to the fourth order', () => {
    const after = (h: number): Float64Array => {
      const { grid, x } = begin(SYSTEM, MACHINES);
      const step = stepper(grid);
      const bus = grid.numbers.get(7) as number;
      grid.busFault[bus] = 1e6;
      grid.rebuild();
      for (let n = 0; n < Math.round(0.08 / h); n++) step(h, x);
      grid.busFault[bus] = 0;
      grid.rebuild();
      for (let n = 0; n < Math.round(0.8 / h); n++) step(h, x);
      return x;
    };
    const exact = after(0.001);
    const worst = (x: Float64Array) => Math.max(...x.map((value, i) => Math.abs(value - exact[i])));
    const long = worst(after(0.02));
    const half = worst(after(0.01));
    expect(long).toBeLessThan(0.01);
    expect(long / half).toBeGreaterThan(8);
  });

  it('falls into islands that each have their own frequency, and a line that is open at one end is charged from the other', () => {
    const { grid, x } = begin(SYSTEM, MACHINES);
    const branch = (a: number, b: number) => SYSTEM.branches.findIndex(({ from, to }) => from === a && to === b);
    // Bus 4 with unit 1 alone: line 4–5 hangs on bus 5, line 9–4 on bus 9.
    grid.fromClosed[branch(4, 5)] = 0;
    grid.toClosed[branch(9, 4)] = 0;
    grid.reconnect();
    grid.rebuild();
    const step = stepper(grid);
    for (let n = 0; n < 6000; n++) step(0.02, x);
    grid.solve(x);
    const at = (bus: number) => grid.frequency(grid.numbers.get(bus) as number, x);
    expect(at(4)).toBeCloseTo(x[SPEED], 12);
    // Unit 1 gave 72 MW and has none to give to: it turns faster by as much as its droop and its damping make of that.
    const { damping, turbine } = MACHINES[0];
    expect(at(4)).toBeCloseTo(1 + 0.7164 / (turbine.ratedMva / 100 / turbine.droop + damping), 4);
    expect(at(9)).toBeLessThan(0.999);
    expect(at(5)).toBeCloseTo(at(9), 3);
    // Charging raises the open end (Ferranti).
    const here = Math.hypot(grid.vRe[grid.numbers.get(5) as number], grid.vIm[grid.numbers.get(5) as number]);
    const open = Math.hypot(grid.sideRe(branch(4, 5), false), grid.sideIm(branch(4, 5), false));
    expect(open).toBeGreaterThan(here);
    expect(open).toBeLessThan(1.02 * here);
  });
});
