/** What a scenario would do, with every name resolved. Nothing is sent. */
import { type Duration, inSeconds, type PlantSpec } from '@penstock/core';
import type { Phase } from './host.ts';
import type { StepSpec } from './scenario.ts';
import type { ScopeGuard } from './scope.ts';
import type { PlanLine } from './verbs/context.ts';
import { planOf, tagsOf, targetsOf } from './verbs/index.ts';

export interface PlannedStep {
  readonly id: string;
  readonly phase: Phase;
  readonly about: string;
  readonly verb: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly tags: readonly string[];
  readonly techniques: readonly string[];
  /** Steps that it waits for. */
  readonly after: readonly string[];
  /** Seconds after those, or after the scenario's start. */
  readonly wait: number;
  /** In words: `20 s after manual is done`. */
  readonly when: string;
  readonly lines: readonly PlanLine[];
}

interface Names {
  readonly guard: ScopeGuard;
  readonly plant: PlantSpec;
  readonly inputs: Readonly<Record<string, number>>;
}

/** @throws ScopeError for a name that is out of scope */
export function plan(lists: readonly { phase: Phase; steps: readonly StepSpec[] }[], names: Names): PlannedStep[] {
  const { guard, plant, inputs } = names;
  return lists.flatMap(({ phase, steps }) =>
    steps.map((step) => {
      guard.device(step.from);
      const lines = planOf(step, {
        guard,
        plant,
        value: (quantity) => {
          if (typeof quantity === 'number') return quantity;
          return quantity === 'before' ? undefined : inputs[quantity.input];
        },
      });
      const { id, about, verb, from, techniques, after } = step;
      return {
        ...{ id, phase, about, verb, from, techniques },
        to: targetsOf(step, plant),
        tags: tagsOf(step, plant),
        after: after?.step ?? [],
        wait: inSeconds(after?.wait ?? (0 as Duration)),
        when: phase === 'revert' ? revertOf(step) : whenOf(step),
        lines,
      };
    }),
  );
}

function whenOf({ after }: StepSpec): string {
  const wait = after?.wait === undefined ? '' : `${inSeconds(after.wait)} s `;
  const steps = after?.step?.join(after.need === 'all' ? ' and ' : ' or ');
  const outcome = { done: 'done', failed: 'failed', ended: 'over' }[after?.outcome ?? 'done'];
  const first =
    steps === undefined
      ? wait === ''
        ? 'at the start'
        : `${wait}after the start`
      : `${wait}after ${steps} ${outcome}`;
  if (after?.when === undefined) return first;
  const held = after.when.for === undefined ? '' : ` for ${inSeconds(after.when.for)} s`;
  const seen = after.of === 'known' ? ', as the adversary knows it' : '';
  return `${first}, once ${after.when.when}${held}${seen}, within ${inSeconds(after.timeout as Duration)} s`;
}

/** Reverts follow each other in their order. */
const revertOf = ({ after }: StepSpec): string =>
  after?.wait === undefined ? 'then' : `${inSeconds(after.wait)} s later`;
