/** A scenario's counterfactual controls, measured: the same attack and seed, one thing about the plant changed. */
import type { ScenarioSpec } from '@penstock/attacks';
import type { PlayResult } from './play.ts';

/** What a run came to, with a control or without. */
export interface ControlMeasure {
  /** `none` for the run as it is. */
  readonly control: string;
  readonly name: string;
  /** Options of the scenario's control that the plant does not have: it could not be measured. */
  readonly missing: readonly string[];
  /** Steps of the attack that the adversary brought to an end, of all that there are. */
  readonly stepsDone: number;
  readonly steps: number;
  /** Writes that devices took from the adversary. */
  readonly taken: number;
  readonly adversary: 'success' | 'partial' | 'failed' | null;
  readonly detected: boolean;
  /** Seconds from the first malicious packet; null: not at all. */
  readonly timeToDetectSeconds: number | null;
  readonly timeToHazardSeconds: number | null;
  readonly hazards: readonly string[];
  readonly impacts: readonly string[];
  readonly reverted: 'pending' | 'nothing' | 'proven' | 'failed';
}

/** Options of a control that a plant lacks. */
export const missingOptions = (
  control: ScenarioSpec['controls'][number],
  options: Readonly<Record<string, unknown>>,
): string[] => Object.keys(control.options).filter((name) => !(name in options));

/** Steps that bring an attack on: those that are only there for when another fails are not. */
export const forwardSteps = ({ steps }: ScenarioSpec): string[] =>
  steps.filter(({ after }) => after?.outcome !== 'failed').map(({ id }) => id);

/** How many of some steps ended done. */
export const doneSteps = ({ steps }: PlayResult, of: readonly string[]): number =>
  of.filter((id) => steps.some((s) => s.step === id && s.event === 'done' && s.phase !== 'revert')).length;
