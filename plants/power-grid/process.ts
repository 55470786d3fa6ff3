/**
 * The process of the power grid: an area of three machines, nine buses and six lines, with its breakers, loads and lines' temperatures. What goes
 * in and out stands in `signals.ts`, the data in `design.ts`, the machines' equations in `grid.ts`, events and steps in `area.ts`, instruments
 * in `observe.ts`.
 */
import { defineProcess } from '@penstock/simulator/process';
import { Area } from './area.ts';
import { DISTURBANCES, INPUTS, OUTPUTS, STATE_NAMES } from './signals.ts';

export default defineProcess({
  name: 'power-grid',
  states: STATE_NAMES,
  inputs: INPUTS,
  outputs: OUTPUTS,
  disturbances: DISTURBANCES,
  options: {
    /** A synchronism check relay of its own in every close circuit of lines and units. */
    separateSyncCheck: false,
    /** Steps of a millisecond all the time. */
    fineSteps: false,
  },
  build: (context) => new Area(context),
});
