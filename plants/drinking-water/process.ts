/**
 * The process of the drinking-water works. Names of inputs, outputs and disturbances stand in `signals.ts`.
 */
export { DISTURBANCES, INPUTS, OPTIONS, OUTPUTS } from './signals.ts';
