/**
 * The process of the drinking-water works: intake, coagulation, two rapid filters, chlorination and contact, pH correction, clearwell, high
 * service and an elevated tank above the town. What goes in and out stands in `signals.ts`, dimensions in `design.ts`, the equations in
 * `flows.ts` (hydraulics), `balance.ts` (water and what it carries), `filtration.ts` and `chemistry.ts`, the taps in `observe.ts`.
 */
import { defineProcess } from '@penstock/simulator/process';
import { STATE_NAMES } from './layout.ts';
import { DISTURBANCES, INPUTS, OPTIONS, OUTPUTS } from './signals.ts';
import { DrinkingWater } from './works.ts';

export default defineProcess({
  name: 'drinking-water',
  states: STATE_NAMES,
  inputs: INPUTS,
  outputs: OUTPUTS,
  disturbances: DISTURBANCES,
  options: OPTIONS,
  build: (context) => new DrinkingWater(context),
});
