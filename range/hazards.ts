/** Watches the plant's hazards on the truth, every step of the process. */
import {
  type CompiledPredicate,
  compilePredicate,
  type Duration,
  type Instant,
  type PlantSpec,
  PredicateTimer,
} from '@penstock/core';

interface Watched {
  readonly id: string;
  readonly predicate: CompiledPredicate;
  readonly timer: PredicateTimer;
  begun: boolean;
}

export class HazardWatch {
  readonly #hazards: readonly Watched[];
  readonly #tell: (at: Instant, hazard: string, state: 'begin' | 'end') => void;

  constructor(plant: PlantSpec, tell: (at: Instant, hazard: string, state: 'begin' | 'end') => void) {
    const names = plant.tags.map((tag) => tag.id);
    this.#tell = tell;
    this.#hazards = plant.hazards.map((hazard) => ({
      id: hazard.id,
      predicate: compilePredicate(hazard.predicate.when, names),
      timer: new PredicateTimer(hazard.predicate.for ?? (0 as Duration)),
      begun: false,
    }));
  }

  update(now: Instant, truth: Float64Array): void {
    for (let i = 0; i < this.#hazards.length; i++) {
      const hazard = this.#hazards[i] as Watched;
      const holds = hazard.timer.update(now, hazard.predicate.evaluate(truth));
      if (holds === hazard.begun) continue;
      hazard.begun = holds;
      this.#tell(now, hazard.id, holds ? 'begin' : 'end');
    }
  }
}
