/** A scenario's inputs: their values for a run, within their bounds. */
import { PenstockError } from '@penstock/core';
import type { ScenarioSpec } from './scenario.ts';

/** @throws PenstockError `scenario.input` for an input that there is not, or a value beyond its bounds */
export function checkInputs(scenario: ScenarioSpec, given: Readonly<Record<string, number>>): Record<string, number> {
  const values = Object.fromEntries(Object.entries(scenario.inputs).map(([name, input]) => [name, input.default]));
  for (const [name, value] of Object.entries(given)) {
    const input = scenario.inputs[name];
    if (input === undefined)
      throw new PenstockError(
        'scenario.input',
        `scenario '${scenario.id}' has no input '${name}'; it has ${Object.keys(values).join(', ') || 'none'}`,
      );
    if (!(value >= input.min && value <= input.max))
      throw new PenstockError(
        'scenario.input',
        `input '${name}' is ${value} ${input.unit}; it may be ${input.min} to ${input.max} ${input.unit}`,
      );
    values[name] = value;
  }
  return values;
}
