/** A two-axis machine's place in the state vector, and its numbers as its equations use them (`grid.ts`). */
import type { Machine } from './design.ts';

/** States of one machine, from its first: transient voltages, rotor angle in radians against the nominal frame, speed in pu, exciter, turbine. */
export const MACHINE_STATES = [
  'eq',
  'ed',
  'angle',
  'speed',
  'field',
  'feedback',
  'regulator',
  'chest',
  'reheat',
  'valve',
] as const;
export const EQ = 0;
export const ED = 1;
export const ANGLE = 2;
export const SPEED = 3;
export const FIELD = 4;
export const FEEDBACK = 5;
export const REGULATOR = 6;
export const CHEST = 7;
export const REHEAT = 8;
export const VALVE = 9;
export const PER_MACHINE = MACHINE_STATES.length;

/** How many numbers `parameters` gives. */
export const PARAMETERS = 25;

/** What the equations of a machine use again and again, divisions done: their order is that of `derivatives`. */
export function parameters(machine: Machine, baseMva: number): readonly number[] {
  const { exciter, turbine } = machine;
  const most = turbine.maximumMw / baseMva;
  return [
    machine.rs,
    machine.xdTransient,
    machine.xqTransient,
    machine.xd - machine.xdTransient,
    1 / machine.td0,
    machine.xq - machine.xqTransient,
    1 / machine.tq0,
    machine.damping,
    1 / (2 * machine.inertia),
    machine.xqTransient - machine.xdTransient,
    exciter.ke,
    exciter.saturation,
    exciter.saturationExponent,
    1 / exciter.te,
    exciter.kf / exciter.tf,
    1 / exciter.tf,
    exciter.ka,
    1 / exciter.ta,
    exciter.ceiling,
    1 / turbine.chestTime,
    turbine.ratedMva / baseMva / turbine.droop,
    1 / turbine.governorTime,
    most,
    turbine.highPressure,
    1 / turbine.reheatTime,
  ];
}
