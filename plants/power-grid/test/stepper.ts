import { integrator } from '@penstock/simulator/process';
import type { Grid } from '../grid.ts';
import { PER_MACHINE } from '../machine.ts';

/** Moves a grid's machines by fixed steps of the classical Runge–Kutta method. */
export function stepper(grid: Grid): (h: number, x: Float64Array) => void {
  const none = new Float64Array(0);
  const step = integrator('rk4', (_t, x, _u, dx) => grid.derivatives(x, dx), grid.machines.length * PER_MACHINE);
  return (h, x) => step(0, h, x, none);
}
