/** The Tennessee Eastman process; its equations stand in `model.ts`, its numbers in `constants.ts`. */
import { defineProcess } from '@penstock/simulator/process';
import { TennesseeEastman } from './model.ts';
import { DISTURBANCES, INPUTS, OPTIONS, OUTPUTS, STATES } from './signals.ts';

export default defineProcess({
  name: 'tennessee-eastman',
  states: STATES,
  inputs: INPUTS,
  outputs: OUTPUTS,
  disturbances: DISTURBANCES,
  options: OPTIONS,
  build: (context) => new TennesseeEastman(context),
});
