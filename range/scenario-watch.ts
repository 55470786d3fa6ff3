/**
 * Watches the truth of a run on behalf of its scenario, once a second: whether the attack had the effects that it should have, what the
 * adversary achieved, what people saw meanwhile, and which control loops and protections were lost.
 */
import type { ScenarioSpec } from '@penstock/attacks';
import {
  type CompiledPredicate,
  compilePredicate,
  type Instant,
  inSeconds,
  type PredicateText,
  PredicateTimer,
  seconds,
} from '@penstock/core';
import type { Range } from './range.ts';
import { ViewWatch } from './view.ts';

/** Something that went on for a time; seconds from the run's start, `until` null: to the end. */
export interface Episode {
  readonly name: string;
  readonly from: number;
  until: number | null;
}

/** Since when a predicate has held, in seconds; null: not yet. */
class Reached {
  at: number | null = null;
  readonly #predicate: CompiledPredicate;
  readonly #timer: PredicateTimer;

  constructor({ when, for: hold }: PredicateText, names: readonly string[]) {
    this.#predicate = compilePredicate(when, names);
    this.#timer = new PredicateTimer(hold);
  }

  /** `live`: before the first malicious packet nothing counts. */
  update(now: Instant, truth: Float64Array, live: boolean): void {
    const holds = this.#timer.update(now, live && this.#predicate.evaluate(truth));
    if (holds) this.at ??= inSeconds(now);
  }
}

/** A state that counts once it has lasted. */
class Lasting {
  #seconds = 0;
  #open: Episode | undefined;
  readonly #name: string;
  readonly #least: number;
  readonly #into: Episode[];

  constructor(name: string, least: number, into: Episode[]) {
    this.#name = name;
    this.#least = least;
    this.#into = into;
  }

  update(at: number, holds: boolean): void {
    if (!holds) {
      if (this.#open) this.#open.until = at;
      this.#open = undefined;
      this.#seconds = 0;
      return;
    }
    if (++this.#seconds !== this.#least) return;
    this.#open = { name: this.#name, from: at - this.#least + 1, until: null };
    this.#into.push(this.#open);
  }
}

/** Seconds after which a state is none of a start-up, a reboot or a value on its way. */
const LASTING_STATE = 60;
const LASTING_VALUE = 10;

/** What the watch has seen; times are seconds from the run's start. */
export interface Watched {
  /** By the scenario's effects, in their order. */
  readonly effects: readonly (number | null)[];
  readonly success: number | null;
  readonly partial: number | null;
  readonly manipulatedView: ViewWatch['manipulated'];
  readonly lostView: ViewWatch['lost'];
  readonly droppedViews: number;
  /** Tags whose true value left the safe operating limits of their loop. */
  readonly compromised: readonly Episode[];
  /** Controllers that stood still. */
  readonly stopped: readonly Episode[];
}

export class ScenarioWatch {
  readonly #range: Range;
  readonly #live: () => boolean;
  readonly #effects: readonly Reached[];
  readonly #success: Reached | undefined;
  readonly #partial: Reached | undefined;
  readonly #view: ViewWatch;
  readonly #compromised: Episode[] = [];
  readonly #stopped: Episode[] = [];
  readonly #loops: readonly {
    readonly tag: number;
    readonly safe: readonly [number, number];
    readonly lasting: Lasting;
  }[];
  readonly #controllers: readonly { readonly running: () => boolean; readonly lasting: Lasting }[];

  /**
   * @param live whether the first malicious packet has been sent
   * @throws PenstockError `predicate.…` for an effect or outcome that does not compile
   */
  constructor(range: Range, scenario: ScenarioSpec, live: () => boolean) {
    const { spec } = range;
    const names = spec.tags.map((tag) => tag.id);
    const reached = (predicate: PredicateText | undefined) => predicate && new Reached(predicate, names);
    this.#range = range;
    this.#live = live;
    this.#effects = scenario.effects.map((effect) => new Reached(effect.predicate, names));
    this.#success = reached(scenario.outcomes?.success.predicate);
    this.#partial = reached(scenario.outcomes?.partial?.predicate);
    this.#view = new ViewWatch(spec, range.viewer, range.devices);
    this.#loops = spec.tags.flatMap(({ id, safe }, tag) =>
      safe === undefined ? [] : [{ tag, safe, lasting: new Lasting(id, LASTING_VALUE, this.#compromised) }],
    );
    this.#controllers = [...range.devices.values()].flatMap(({ spec: { id }, controller }) =>
      controller === undefined
        ? []
        : [{ running: () => controller.mode === 'running', lasting: new Lasting(id, LASTING_STATE, this.#stopped) }],
    );
  }

  /** From now on, once a second. */
  start(): void {
    const { queue } = this.#range;
    const task = {
      run: (now: Instant) => {
        this.#update(now);
        queue.in(seconds(1), task);
      },
    };
    queue.in(seconds(1), task);
  }

  get watched(): Watched {
    return {
      effects: this.#effects.map(({ at }) => at),
      success: this.#success?.at ?? null,
      partial: this.#partial?.at ?? null,
      manipulatedView: this.#view.manipulated,
      lostView: this.#view.lost,
      droppedViews: this.#view.dropped,
      compromised: this.#compromised,
      stopped: this.#stopped,
    };
  }

  #update(now: Instant): void {
    const { truth } = this.#range;
    const live = this.#live();
    const at = inSeconds(now);
    for (const effect of this.#effects) effect.update(now, truth, live);
    this.#success?.update(now, truth, live);
    this.#partial?.update(now, truth, live);
    this.#view.update(now);
    for (const { tag, safe, lasting } of this.#loops) {
      const value = truth[tag] as number;
      lasting.update(at, value < safe[0] || value > safe[1]);
    }
    for (const { running, lasting } of this.#controllers) lasting.update(at, !running());
  }
}
