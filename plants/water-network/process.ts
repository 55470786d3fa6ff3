/**
 * The process of a town's water network: 40 junctions, five tanks, seven pumps, two valves and a relief valve in four pressure zones. What goes in
 * and out stands in `signals.ts`, the network in `network.ts`, who takes water when in `demand.ts`; EPANET finds the flows (`epanet.ts`,
 * `hydraulics.ts`), `transport.ts` carries chlorine and age, `town.ts` puts them together, `observe.ts` has the instruments' places.
 */
import { defineProcess } from '@penstock/simulator/process';
import { DISTURBANCES, INPUTS, OPTIONS, OUTPUTS } from './signals.ts';
import { STATE_NAMES, WaterNetwork } from './town.ts';

export default defineProcess({
  name: 'water-network',
  states: STATE_NAMES,
  inputs: INPUTS,
  outputs: OUTPUTS,
  disturbances: DISTURBANCES,
  options: OPTIONS,
  build: (context) => new WaterNetwork(context),
});
