/** What a scenario's file cannot say alone: whether its plant has what it names. */
import type { ScenarioSpec } from '@penstock/attacks';
import { FileError, hours, nearest, PenstockError } from '@penstock/core';
import { ICS_TECHNIQUES, REVOKED_TECHNIQUES } from '@penstock/monitor';
import { openPlant, type Plant } from './plants.ts';
import { Play } from './play.ts';
import { ScenarioWatch } from './scenario-watch.ts';

/**
 * Resolves a scenario and its twin on its plant, compiles all its predicates, and looks its techniques up. Runs nothing. Options of
 * controls that the plant lacks are no error: a run tells that they cannot be measured.
 * @throws UsageError for a plant that there is not; FileError with everything else that is wrong
 */
export async function checkScenario(scenario: ScenarioSpec): Promise<void> {
  const plant = await openPlant(scenario.plant);
  const problems = [...unknownHazards(scenario, plant), ...unknownTechniques(scenario)];
  for (const variant of ['attack', 'twin'] as const) {
    try {
      const play = new Play({
        plant,
        run: 'check',
        seed: 0,
        startAt: hours(scenario.hour),
        scenario: { spec: scenario, variant },
      });
      try {
        play.attack?.prerequisites();
        new ScenarioWatch(play.range, scenario, () => false);
      } finally {
        play.finish();
      }
    } catch (error) {
      if (!(error instanceof PenstockError)) throw error;
      if (!problems.some((problem) => problem.message === error.message)) problems.push(error);
    }
  }
  if (problems.length > 0) throw new FileError(problems);
}

function unknownHazards({ hazards }: ScenarioSpec, { spec }: Plant): PenstockError[] {
  const known = spec.hazards.map(({ id }) => id);
  return hazards.flatMap((id) => {
    if (known.includes(id)) return [];
    const near = nearest(id, known);
    return [
      new PenstockError(
        'scenario.hazard',
        `plant '${spec.id}' has no hazard '${id}'${near ? `; did you mean '${near}'?` : `; it has ${known.join(', ')}`}`,
      ),
    ];
  });
}

function unknownTechniques(scenario: ScenarioSpec): PenstockError[] {
  const steps = [...scenario.steps, ...scenario.revert, ...scenario.twin.steps, ...scenario.twin.revert];
  const named = new Set([
    ...steps.flatMap((step) => step.techniques),
    ...scenario.expect.flatMap((expected) => expected.technique ?? []),
  ]);
  return [...named].flatMap((id) => {
    if (ICS_TECHNIQUES.has(id)) return [];
    const successor = REVOKED_TECHNIQUES.get(id);
    return [
      new PenstockError(
        'scenario.technique',
        `${id} is no technique of ATT&CK for ICS 19.1${successor === undefined ? '' : `; it is ${successor} now`}`,
      ),
    ];
  });
}
