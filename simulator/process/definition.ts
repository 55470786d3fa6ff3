/**
 * What a plant's author writes: a process as named inputs, outputs, disturbances and states, and the equations between them.
 * `defineProcess` checks the names once; everything after that runs on numbered `Float64Array`s.
 */
import { nearest, PenstockError, UsageError } from '@penstock/core';
import type { Random } from '@penstock/simulator/kernel';

export type OptionValue = boolean | number;

/** What the equations are built from, once a run. */
export interface ProcessContext {
  /** The plant's switches, defaults filled in. */
  readonly options: Readonly<Record<string, OptionValue>>;
  /** Step of the integration in seconds. */
  readonly step: number;
  /** A random stream of the run under `process/<component>`; it is part of every snapshot. Draw only in `advance`. */
  random(component: string): Random;
}

/**
 * The equations of one run. Time is in seconds since Monday 00:00; `u` holds the inputs and after them the disturbances, in the order in which
 * the definition lists them. No function may allocate, and all but `advance` must be pure functions of their arguments and of `memory`.
 */
export interface ProcessEquations {
  /** Fills in the initial state, for inputs and disturbances at rest. */
  initial(x: Float64Array, u: Float64Array): void;
  /** Time derivatives of the states. */
  derivatives(t: number, x: Float64Array, u: Float64Array, dx: Float64Array): void;
  /** Algebraic outputs. Called after `initial`, after each step and after a load; changes nothing but `y`. */
  outputs(t: number, x: Float64Array, u: Float64Array, y: Float64Array): void;
  /** What happens between steps: transport delays, random walks, events. `t` is the end of the step of length `h` that was just integrated. */
  advance?(t: number, h: number, x: Float64Array, u: Float64Array): void;
  /** Everything that the equations remember beside the states (ring buffers, warm starts); saved and loaded with the run. */
  readonly memory?: readonly Float64Array[];
}

export interface ProcessDefinition {
  readonly name: string;
  readonly states: readonly string[];
  /** Name → value at rest. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: readonly string[];
  /** Name → normal value. */
  readonly disturbances: Readonly<Record<string, number>>;
  /** Name → default; a run may set others of the same type. */
  readonly options: Readonly<Record<string, OptionValue>>;
  build(context: ProcessContext): ProcessEquations;
}

/**
 * Declares a process; a plant's process module exports the result as its default.
 * @throws PenstockError `process.duplicate-name` when a name stands twice among states, inputs and disturbances, or outputs.
 */
export function defineProcess(definition: ProcessDefinition): ProcessDefinition {
  const external = [...Object.keys(definition.inputs), ...Object.keys(definition.disturbances)];
  for (const [what, names] of [
    ['state', definition.states],
    ['input or disturbance', external],
    ['output', definition.outputs],
  ] as const) {
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined)
      throw new PenstockError(
        'process.duplicate-name',
        `the process '${definition.name}' has the ${what} '${twice}' twice; give each a name of its own`,
      );
  }
  return definition;
}

/** Numbers names in their order: `positions(['level', 'flow'])` is `{ level: 0, flow: 1 }`. */
export function positions<Name extends string>(names: readonly Name[]): Readonly<Record<Name, number>> {
  return Object.freeze(Object.fromEntries(names.map((name, index) => [name, index]))) as Readonly<Record<Name, number>>;
}

/**
 * The number of a name in a list.
 * @throws UsageError `process.unknown-<what>` with the nearest name when it is not there.
 */
export function positionOf(what: string, name: string, names: readonly string[], whose: string): number {
  const index = names.indexOf(name);
  if (index >= 0) return index;
  const meant = nearest(name, names);
  throw new UsageError(
    `process.unknown-${what}`,
    `${whose} has no ${what} '${name}'${meant === undefined ? `; there are ${names.join(', ')}` : `; did you mean '${meant}'?`}`,
  );
}

/**
 * The definition's options with those of a run.
 * @throws UsageError `process.unknown-option` or `process.option-type`.
 */
export function mergeOptions(
  definition: ProcessDefinition,
  given: Readonly<Record<string, OptionValue>>,
): Record<string, OptionValue> {
  const merged: Record<string, OptionValue> = { ...definition.options };
  for (const [name, value] of Object.entries(given)) {
    positionOf('option', name, Object.keys(definition.options), `the process '${definition.name}'`);
    if (typeof value !== typeof definition.options[name])
      throw new UsageError(
        'process.option-type',
        `the option '${name}' of the process '${definition.name}' is a ${typeof definition.options[name]}; '${value}' is not`,
      );
    merged[name] = value;
  }
  return merged;
}
