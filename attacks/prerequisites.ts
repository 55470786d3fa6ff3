/** What must hold before the first packet. */
import { compilePredicate, PenstockError } from '@penstock/core';
import type { EngineHost } from './host.ts';
import type { PrerequisiteSpec, ScenarioSpec, StepSpec } from './scenario.ts';
import type { ScopeGuard } from './scope.ts';

/** A prerequisite, and why it does not hold. */
export interface Prerequisite {
  readonly about: string;
  readonly met: boolean;
  /** Empty when met. */
  readonly reason: string;
}

/**
 * Checks everything that the scenario asks for, and that somebody can act from where its steps act. Sends nothing.
 * @param coming devices that are not there yet, and will be
 * @throws ScopeError for a role that is out of scope, PenstockError for a predicate that does not compile
 */
export function checkPrerequisites(
  scenario: ScenarioSpec,
  steps: readonly StepSpec[],
  guard: ScopeGuard,
  host: EngineHost,
  coming: readonly string[],
): Prerequisite[] {
  const named = scenario.prerequisites.map((p) => ({ about: p.about, reason: reasonOf(p, guard, host, coming) }));
  const spoken = new Set(scenario.prerequisites.flatMap((p) => p.foothold ?? []));
  const footholds = [...new Set(steps.map((step) => step.from))]
    .filter((role) => !spoken.has(role))
    .map((role) => ({ about: `somebody can act from '${role}'`, reason: offReason(role, guard, host, coming) }));
  return [...named, ...footholds].map(({ about, reason }) => ({
    about,
    met: reason === undefined,
    reason: reason ?? '',
  }));
}

function reasonOf(
  prerequisite: PrerequisiteSpec,
  guard: ScopeGuard,
  host: EngineHost,
  coming: readonly string[],
): string | undefined {
  const { device, foothold, key, mode, when } = prerequisite;
  if (when !== undefined) return stateReason(when, host);
  const role = (device ?? foothold) as string;
  const off = offReason(role, guard, host, coming);
  if (off !== undefined) return off;
  const state = host.device?.(guard.device(role).id);
  if (key !== undefined && state !== undefined && !(key as readonly string[]).includes(state.key ?? ''))
    return `the key of '${role}' is at ${state.key ?? 'nothing: it has none'}, not at ${key.join(' or ')}`;
  if (mode !== undefined && state !== undefined && state.mode !== mode)
    return `the program of '${role}' is in ${state.mode ?? 'no mode: it is no controller'}, not in ${mode}`;
  return undefined;
}

function offReason(role: string, guard: ScopeGuard, host: EngineHost, coming: readonly string[]): string | undefined {
  const { id } = guard.device(role);
  if (coming.includes(id)) return undefined;
  return host.device?.(id).on === false ? `'${role}' is not there or switched off` : undefined;
}

function stateReason(when: string, { truth, plant }: EngineHost): string | undefined {
  if (truth === undefined)
    throw new PenstockError(
      'scenario.truth',
      `the prerequisite '${when}' looks at the plant's truth, which is not known here`,
    );
  const predicate = compilePredicate(
    when,
    plant.tags.map((tag) => tag.id),
  );
  if (predicate.evaluate(truth)) return undefined;
  const values = predicate.tags.map(
    (tag) => `${tag} is ${Number((truth[plant.tags.findIndex((t) => t.id === tag)] as number).toPrecision(4))}`,
  );
  return `${when} does not hold: ${values.join(', ')}`;
}
