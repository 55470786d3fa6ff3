/** The process engine, and the plant author's way to write a process. */
export * from './definition.ts';
export * from './delay.ts';
export * from './engine.ts';
export * from './faults.ts';
export { integrator, type Method } from './integrator.ts';
export * from './plug-flow.ts';
