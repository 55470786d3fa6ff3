/** The scenarios that there are: every `scenarios/*.yaml`, found by its file name. */
import { FileError, findPlugins, openYaml, PenstockError, pluginPath } from '@penstock/core';
import { type ScenarioSpec, type StepSpec, scenarioSchema } from './scenario.ts';
import type { Quantity } from './words.ts';

const FOLDER = new URL('./scenarios/', import.meta.url);

export const listScenarios = (): string[] => [...findPlugins(FOLDER, '*.yaml').keys()];

/** @throws UsageError `scenario.unknown` with the nearest id; FileError when the file is wrong. */
export function loadScenario(id: string): ScenarioSpec {
  return checkScenarioFile(pluginPath(findPlugins(FOLDER, '*.yaml'), id, 'scenario'));
}

/** Reads one scenario and checks what a schema cannot say. @throws FileError */
export function checkScenarioFile(path: string): ScenarioSpec {
  const { value: scenario, source } = openYaml(path, scenarioSchema);
  const problems: PenstockError[] = [];
  const wrong = (at: readonly PropertyKey[], id: string, message: string): void => {
    problems.push(new PenstockError(`scenario.${id}`, message, source.place(at)));
  };
  const file = path.replace(/^.*[\\/]/, '').replace(/\.yaml$/, '');
  if (scenario.id !== file)
    wrong(['id'], 'id', `the id is '${scenario.id}' and the file '${file}.yaml'; a scenario's id is its file name`);
  for (const [name, input] of Object.entries(scenario.inputs))
    if (!(input.min <= input.default && input.default <= input.max))
      wrong(
        ['inputs', name, 'default'],
        'input',
        `default ${input.default} lies outside ${input.min} to ${input.max} ${input.unit}`,
      );
  const lists: [readonly PropertyKey[], readonly StepSpec[]][] = [
    [['steps'], scenario.steps],
    [['revert'], scenario.revert],
    [['twin', 'steps'], scenario.twin.steps],
    [['twin', 'revert'], scenario.twin.revert],
  ];
  for (const [at, steps] of lists) checkSteps(steps, at, scenario, wrong);
  const ids = new Set(scenario.steps.map((step) => step.id));
  for (const kind of ['success', 'partial'] as const)
    for (const [i, step] of (scenario.outcomes?.[kind]?.steps ?? []).entries())
      if (!ids.has(step))
        wrong(['outcomes', kind, 'steps', i], 'step', `there is no step '${step}'; there are ${[...ids].join(', ')}`);
  if (scenario.revert.length > 0 && scenario.revertAfter === undefined)
    wrong(['revert'], 'revert', "there are revert steps but no 'revertAfter' that says when");
  if (problems.length > 0) throw new FileError(problems);
  return scenario;
}

function checkSteps(
  steps: readonly StepSpec[],
  at: readonly PropertyKey[],
  scenario: ScenarioSpec,
  wrong: (at: readonly PropertyKey[], id: string, message: string) => void,
): void {
  const seen = new Set<string>();
  for (const [i, step] of steps.entries()) {
    const place = [...at, i];
    if (seen.has(step.id)) wrong([...place, 'id'], 'duplicate', `step '${step.id}' is there twice`);
    if (at.at(-1) === 'revert' && step.after?.step !== undefined)
      wrong(
        [...place, 'after', 'step'],
        'order',
        `steps of a revert come one after the other; leave 'step' out of '${step.id}'`,
      );
    for (const before of step.after?.step ?? [])
      if (!seen.has(before))
        wrong(
          [...place, 'after', 'step'],
          'order',
          `step '${step.id}' waits for '${before}', which is not among the steps before it`,
        );
    for (const { path, value } of quantitiesOf(step)) {
      if (value === 'before' && at.at(-1) !== 'revert')
        wrong([...place, ...path], 'before', "'before' is for reverts: what stood there before the attack");
      if (typeof value === 'object' && scenario.inputs[value.input] === undefined)
        wrong(
          [...place, ...path],
          'input',
          `there is no input '${value.input}'; there are ${Object.keys(scenario.inputs).join(', ') || 'none'}`,
        );
    }
    seen.add(step.id);
  }
}

function quantitiesOf(step: StepSpec): { path: (string | number)[]; value: Quantity }[] {
  if (step.verb === 'write-tag') return [{ path: ['value'], value: step.value }];
  if (step.verb === 'interpose')
    return (step.change ?? []).map(({ value }, i) => ({ path: ['change', i, 'value'], value }));
  return [];
}
