/** Predicates that a scenario waits for, on the truth or on what the adversary can know. */
import {
  type CompiledPredicate,
  compilePredicate,
  type Duration,
  type Instant,
  PenstockError,
  type PlantSpec,
  PredicateTimer,
} from '@penstock/core';
import type { EngineHost } from './host.ts';

/** What the adversary has read, or seen pass, by the plant's tag number; NaN where nothing. */
export class Knowledge {
  readonly values: Float64Array;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #names: readonly string[];
  readonly #host: EngineHost;
  readonly #merged: Float64Array;

  constructor(host: EngineHost) {
    this.#host = host;
    this.#names = host.plant.tags.map((tag) => tag.id);
    this.#numbers = new Map(this.#names.map((name, i) => [name, i]));
    this.values = new Float64Array(this.#names.length).fill(Number.NaN);
    this.#merged = new Float64Array(this.#names.length);
  }

  learned(tag: string, value: number): void {
    const number = this.#numbers.get(tag);
    if (number !== undefined) this.values[number] = value;
  }

  /**
   * Whether a predicate holds for somebody at `deviceId`: over what that host receives as a matter of course, and for the rest over what
   * the adversary has read. False while one of its tags is unknown.
   */
  holds(predicate: CompiledPredicate, deviceId: string): boolean {
    const received = this.#host.received?.(deviceId);
    for (const tag of predicate.tags) {
      const i = this.#numbers.get(tag) as number;
      const shown = received?.[i] ?? Number.NaN;
      this.#merged[i] = Number.isNaN(shown) ? (this.values[i] as number) : shown;
      if (Number.isNaN(this.#merged[i])) return false;
    }
    return predicate.evaluate(this.#merged);
  }
}

/** A predicate with its `for`. */
export interface Condition {
  /** Asked every second. */
  update(now: Instant): boolean;
}

/**
 * @param text where it stands, for messages: `step 'order'`
 * @throws PenstockError for a predicate that does not compile, or one on truth where the range gives none (`scenario.truth`)
 */
export function truthCondition(
  host: EngineHost,
  predicate: { readonly when: string; readonly for?: Duration | undefined },
  text: string,
): Condition {
  const { truth } = host;
  if (truth === undefined)
    throw new PenstockError('scenario.truth', `${text} looks at the plant's truth, which is not known here`);
  const compiled = compilePredicate(predicate.when, namesOf(host.plant));
  const timer = new PredicateTimer(predicate.for);
  return { update: (now) => timer.update(now, compiled.evaluate(truth)) };
}

export function knownCondition(
  host: EngineHost,
  knowledge: Knowledge,
  deviceId: string,
  predicate: { readonly when: string; readonly for?: Duration | undefined },
): Condition {
  const compiled = compilePredicate(predicate.when, namesOf(host.plant));
  const timer = new PredicateTimer(predicate.for);
  return { update: (now) => timer.update(now, knowledge.holds(compiled, deviceId)) };
}

const namesOf = (plant: PlantSpec): string[] => plant.tags.map((tag) => tag.id);
