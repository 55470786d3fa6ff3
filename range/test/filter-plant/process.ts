/** The tank of the small plant. */
export { default } from '../small-plant/process.ts';
