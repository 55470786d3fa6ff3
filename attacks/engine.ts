/**
 * Plays a scenario's steps on a run: waits for their conditions, lets the verbs act from footholds inside the range, and reports
 * every step to the truth journal. Runs inside the event queue; the same seed gives the same frames.
 */
import { type Duration, type Instant, PenstockError, type PlantSpec, seconds } from '@penstock/core';
import type { Cause, DeviceRegistry, EventQueue, Foothold } from '@penstock/simulator/kernel';
import type { Quantity, ScenarioSpec, StepSpec } from './scenario.ts';
import { ScopeGuard } from './scope.ts';
import type { StepResult, VerbContext } from './verbs/context.ts';
import { runStep } from './verbs/index.ts';

/** One line of the truth journal about a step. */
export interface StepRecord {
  readonly at: Instant;
  readonly step: string;
  readonly phase: 'attack' | 'twin' | 'revert';
  readonly event: 'start' | 'done' | 'failed' | 'refused';
  readonly techniques: readonly string[];
  /** Role and tags that the step is about; the labels that alerts are held against. */
  readonly target: string;
  readonly tags: readonly string[];
  readonly detail: string;
}

export interface EngineHost {
  readonly run: string;
  readonly plant: PlantSpec;
  readonly queue: EventQueue;
  readonly registry: DeviceRegistry;
  foothold(deviceId: string): Foothold;
  disturb(name: string, value: number, over: Duration): void;
  record(record: StepRecord): void;
}

export interface EngineOptions {
  /** `twin` plays the legitimate look-alike instead of the attack. */
  readonly variant: 'attack' | 'twin';
  /** Values for the scenario's inputs; defaults for the rest. */
  readonly inputs?: Readonly<Record<string, number>>;
}

/** Time from the end of `revert`'s steps that still counts as the scenario's (settling), when the scenario names none. */
const SETTLE = seconds(300);

export class AttackEngine {
  readonly scenario: ScenarioSpec;
  readonly #host: EngineHost;
  readonly #guard: ScopeGuard;
  readonly #inputs: Readonly<Record<string, number>>;
  readonly #variant: 'attack' | 'twin';
  readonly #ended = new Map<string, 'done' | 'failed'>();
  #stopped = false;
  #finishedAt: Instant | undefined;

  /**
   * @throws ScopeError when the run is not the scenario's or the registry is open; PenstockError `scenario.input` for an unknown or
   * out-of-bounds input.
   */
  constructor(scenario: ScenarioSpec, host: EngineHost, options: EngineOptions) {
    this.scenario = scenario;
    this.#host = host;
    this.#variant = options.variant;
    this.#guard = new ScopeGuard(host.run, host.plant, host.registry, scenario);
    this.#inputs = checkInputs(scenario, options.inputs ?? {});
    for (const step of [...this.#steps(), ...this.#reverts()]) this.#check(step);
  }

  /** Schedules the scenario from now on. */
  start(): void {
    const { queue } = this.#host;
    const twin = this.#variant === 'twin';
    for (const condition of [...this.scenario.conditions, ...(twin ? this.scenario.twin.conditions : [])])
      queue.in((condition.at ?? 0) as Duration, {
        run: () => this.#host.disturb(condition.disturbance, condition.value, condition.over ?? (0 as Duration)),
      });
    for (const step of this.#steps())
      if (step.after?.step === undefined)
        this.#schedule(step, (this.scenario.start + (step.after?.wait ?? 0)) as Duration, this.#variant);
  }

  /** Plays no further step of the attack and reverts at once. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#revert(seconds(0));
  }

  /** When the last revert step ended, if it has; alerts up to `SETTLE` later still belong to the scenario. */
  get finishedAt(): Instant | undefined {
    return this.#finishedAt;
  }

  get settle(): Duration {
    return SETTLE;
  }

  #steps(): readonly StepSpec[] {
    return this.#variant === 'twin' ? this.scenario.twin.steps : this.scenario.steps;
  }

  #reverts(): readonly StepSpec[] {
    return this.#variant === 'twin' ? this.scenario.twin.revert : this.scenario.revert;
  }

  /** Everything a step names is resolved before the first packet, so that a wrong scenario sends nothing at all. */
  #check(step: StepSpec): void {
    this.#guard.device(step.from);
    for (const tag of tagsOf(step)) this.#guard.point(step.to, tag);
  }

  #schedule(step: StepSpec, delay: Duration, phase: StepRecord['phase']): void {
    this.#host.queue.in(delay, { run: () => this.#play(step, phase) });
  }

  #play(step: StepSpec, phase: StepRecord['phase']): void {
    if (this.#stopped && phase !== 'revert') return;
    this.#report(step, phase, 'start', '');
    const cause: Cause = { actor: `${phase === 'twin' ? 'twin' : 'scenario'}:${this.scenario.id}`, step: step.id };
    const context: VerbContext = {
      guard: this.#guard,
      plant: this.#host.plant,
      cause,
      foothold: (id) => this.#host.foothold(id),
      value: (quantity) => this.#value(quantity),
    };
    try {
      runStep(step, context, (result) => this.#end(step, phase, result));
    } catch (error) {
      if (!(error instanceof PenstockError)) throw error;
      this.#report(step, phase, 'refused', error.message);
      this.#follow(step, phase, 'failed');
    }
  }

  #end(step: StepSpec, phase: StepRecord['phase'], result: StepResult): void {
    this.#report(step, phase, result.outcome, result.detail);
    this.#follow(step, phase, result.outcome);
  }

  #follow(step: StepSpec, phase: StepRecord['phase'], outcome: 'done' | 'failed'): void {
    if (phase === 'revert') {
      const next = this.#reverts()[this.#reverts().indexOf(step) + 1];
      if (next) this.#schedule(next, next.after?.wait ?? seconds(1), 'revert');
      else this.#finishedAt = this.#host.queue.now;
      return;
    }
    this.#ended.set(step.id, outcome);
    for (const next of this.#steps()) {
      const after = next.after;
      if (after?.step !== step.id) continue;
      if (after.outcome === 'ended' || after.outcome === outcome) this.#schedule(next, after.wait ?? seconds(0), phase);
    }
    const last = this.#steps().every((s) => this.#ended.has(s.id) || !this.#reachable(s));
    const wait = this.#variant === 'twin' ? this.scenario.twin.revertAfter : this.scenario.revertAfter;
    if (last && wait !== undefined) this.#revert(wait);
  }

  /** Whether a step can still happen, given how the steps before it ended. */
  #reachable(step: StepSpec): boolean {
    const after = step.after;
    if (after?.step === undefined) return true;
    const outcome = this.#ended.get(after.step);
    if (outcome !== undefined) return after.outcome === 'ended' || after.outcome === outcome;
    const before = this.#steps().find((s) => s.id === after.step);
    return before !== undefined && this.#reachable(before);
  }

  #revert(wait: Duration): void {
    const first = this.#reverts()[0];
    if (first) this.#schedule(first, wait, 'revert');
    else this.#finishedAt = this.#host.queue.now;
  }

  #value(quantity: Quantity): number {
    return typeof quantity === 'number' ? quantity : (this.#inputs[quantity.input] as number);
  }

  #report(step: StepSpec, phase: StepRecord['phase'], event: StepRecord['event'], detail: string): void {
    const { techniques, id, to } = step;
    this.#host.record({
      at: this.#host.queue.now,
      step: id,
      phase,
      event,
      techniques,
      target: to,
      tags: tagsOf(step),
      detail,
    });
  }
}

/** Tags that a step touches. */
export const tagsOf = (step: StepSpec): readonly string[] => (step.verb === 'read-tags' ? step.tags : [step.tag]);

function checkInputs(scenario: ScenarioSpec, given: Readonly<Record<string, number>>): Record<string, number> {
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
