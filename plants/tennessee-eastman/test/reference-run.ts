/** The published simulator's main loop around our model: what it records, when disturbances begin, how the loops are clipped. */
import { Random } from '@penstock/simulator/kernel';
import { BASE_CASE } from '../constants.ts';
import { TennesseeEastman } from '../model.ts';
import { ReferenceControl } from './reference-control.ts';

export const DEFAULT_SEED = 4651207995;
const VALVES = 12;
/** Valves, the permit to run, disturbances. */
const INPUT_COUNT = VALVES + 1 + 20;

export interface ReferenceSettings {
  readonly seed?: number;
  readonly noise?: boolean;
  readonly closed?: boolean;
  /** A disturbance (1 … 20) and the step at which it begins. */
  readonly idv?: readonly [number: number, from: number];
}

export class ReferenceRun {
  readonly model: TennesseeEastman;
  readonly control = new ReferenceControl();
  readonly states = new Float64Array(BASE_CASE.length);
  readonly derivatives = new Float64Array(BASE_CASE.length);
  readonly #u = new Float64Array(INPUT_COUNT);
  readonly #settings: ReferenceSettings;
  #step = 0;

  constructor(settings: ReferenceSettings = {}) {
    this.#settings = settings;
    this.model = new TennesseeEastman({
      options: { referenceSeed: settings.seed ?? DEFAULT_SEED, referenceNoise: settings.noise ?? true },
      step: 1,
      random: (component) => new Random(1, component),
    });
    this.#u[VALVES] = 1;
    this.model.initial(this.states, this.#u);
  }

  get step(): number {
    return this.#step;
  }

  /** XMEAS 1 … 41 of the last evaluation and XMV 1 … 12, as a row of the reference files. */
  row(): number[] {
    return [...this.model.measurements, ...this.control.u];
  }

  /** One step; `record` is called where the original records. False when the plant stood still in it. */
  advance(record?: (step: number) => void): boolean {
    const { idv, closed = true } = this.#settings;
    this.#step++;
    if (idv !== undefined && this.#step >= idv[1]) this.#u[VALVES + idv[0]] = 1;
    if (closed) this.control.execute(this.#step, this.model.measurements);
    record?.(this.#step);
    this.#u.set(this.control.u);
    this.model.derivatives(0, this.states, this.#u, this.derivatives);
    this.model.advance();
    for (let n = 0; n < this.states.length; n++)
      this.states[n] = (this.states[n] as number) + (this.derivatives[n] as number);
    if (closed) this.control.clip();
    return !this.model.shutDown;
  }
}
