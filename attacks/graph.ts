/** Which step follows which: a graph of steps, each of which waits for others to have ended in a way. */
import type { StepSpec } from './scenario.ts';

export type Ended = 'done' | 'failed';

export class StepGraph {
  readonly steps: readonly StepSpec[];
  readonly #ended = new Map<string, Ended>();
  readonly #begun = new Set<string>();

  constructor(steps: readonly StepSpec[]) {
    this.steps = steps;
  }

  /** Steps that wait for nothing but time. */
  first(): StepSpec[] {
    return this.#begin((step) => step.after?.step === undefined);
  }

  /** `step` has ended; returns what may begin now. Each step begins once. */
  end(step: string, outcome: Ended): StepSpec[] {
    this.#ended.set(step, outcome);
    return this.#begin((next) => next.after?.step?.includes(step) === true && this.#ready(next));
  }

  /** Whether nothing is under way and nothing can follow any more. */
  get over(): boolean {
    return this.steps.every((step) => this.#ended.has(step.id) || !this.#reachable(step, new Set()));
  }

  outcome(step: string): Ended | undefined {
    return this.#ended.get(step);
  }

  #begin(may: (step: StepSpec) => boolean): StepSpec[] {
    const begun = this.steps.filter((step) => !this.#begun.has(step.id) && may(step));
    for (const { id } of begun) this.#begun.add(id);
    return begun;
  }

  #ready({ after }: StepSpec): boolean {
    const fits = (after?.step ?? []).map((id) => this.#fits(id, after?.outcome ?? 'done'));
    return after?.need === 'any' ? fits.includes(true) : fits.every((fit) => fit === true);
  }

  /** Whether a step ended as is asked; undefined while it has not. */
  #fits(id: string, asked: 'done' | 'failed' | 'ended'): boolean | undefined {
    const outcome = this.#ended.get(id);
    return outcome === undefined ? undefined : asked === 'ended' || asked === outcome;
  }

  /** Whether a step can still happen, given how those before it ended. `seen` breaks circles. */
  #reachable(step: StepSpec, seen: Set<string>): boolean {
    const { after } = step;
    if (after?.step === undefined || this.#begun.has(step.id)) return true;
    if (seen.has(step.id)) return false;
    seen.add(step.id);
    const can = after.step.map((id) => {
      const fits = this.#fits(id, after.outcome);
      if (fits !== undefined) return fits;
      const before = this.steps.find((s) => s.id === id);
      return before !== undefined && this.#reachable(before, seen);
    });
    return after.need === 'any' ? can.includes(true) : !can.includes(false);
  }
}
