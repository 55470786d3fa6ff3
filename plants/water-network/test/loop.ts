/**
 * The stations' programs on the process without a network: every controller scans once a step, and what their polls would carry is copied at their
 * pace, unless a station is not heard or is made to say something else. Hazards are judged on the truth, as in a run.
 */
import { fileURLToPath } from 'node:url';
import {
  after,
  type CompiledPredicate,
  compilePredicate,
  type DeviceSpec,
  type Duration,
  type Instant,
  inSeconds,
  loadPlant,
  PredicateTimer,
  START,
} from '@penstock/core';
import { type BoundVariable, Controller } from '@penstock/simulator/controllers';
import { type OptionValue, ProcessEngine } from '@penstock/simulator/process';
import process from '../process.ts';

const plant = loadPlant(fileURLToPath(new URL('..', import.meta.url)));
const STEP = inSeconds(plant.spec.process.step);

interface Copy {
  readonly everySteps: number;
  readonly from: BoundVariable;
  readonly to: BoundVariable;
  readonly source: string;
  readonly tag: string;
  readonly reader: string;
}

interface Hazard {
  readonly id: string;
  readonly predicate: CompiledPredicate;
  readonly timer: PredicateTimer;
}

export class Loop {
  readonly engine: ProcessEngine;
  readonly controllers = new Map<string, Controller>();
  /** Seconds at which each hazard first held. */
  readonly hazards = new Map<string, number>();
  /** Stations that nobody hears any more. */
  readonly unheard = new Set<string>();
  /** What a reader is told instead of a tag: `reader tag` → value. */
  readonly lies = new Map<string, number>();
  seconds = 0;
  #now: Instant = START;
  #steps = 0;
  readonly #copies: Copy[] = [];
  readonly #hazards: readonly Hazard[];

  constructor(options: Readonly<Record<string, OptionValue>> = {}, seed = 1) {
    const { spec } = plant;
    this.engine = new ProcessEngine(process, spec.tags, { step: STEP, seed, options });
    const names = spec.tags.map((tag) => tag.id);
    this.#hazards = spec.hazards.map((hazard) => ({
      id: hazard.id,
      predicate: compilePredicate(hazard.predicate.when, names),
      timer: new PredicateTimer(hazard.predicate.for ?? (0 as Duration)),
    }));
    for (const device of spec.devices) this.#add(device);
    for (const device of spec.devices)
      for (const poll of device.polls)
        for (const [tag, variable] of Object.entries(poll.into ?? {}))
          this.#copies.push({
            everySteps: Math.round(inSeconds(poll.every) / STEP),
            from: this.controller(poll.device).variable(tag),
            to: this.controller(device.id).variable(variable),
            source: poll.device,
            tag,
            reader: device.id,
          });
  }

  controller(id: string): Controller {
    const found = this.controllers.get(id);
    if (found === undefined) throw new Error(`there is no controller ${id}`);
    return found;
  }

  get(device: string, variable: string): number {
    return this.controller(device).variable(variable).get();
  }

  set(device: string, variable: string, value: number): void {
    if (!this.controller(device).variable(variable).set(value)) throw new Error(`${variable} does not take ${value}`);
  }

  truth(tag: string): number {
    return this.engine.trueValue(this.engine.tagIndex(tag));
  }

  /** Runs for some seconds and looks at the town after each step. */
  run(seconds: number, each?: () => void): void {
    for (let n = Math.round(seconds / STEP); n > 0; n--) {
      for (const controller of this.controllers.values()) controller.scan(this.#now);
      this.#now = after(this.#now, plant.spec.process.step);
      this.engine.step();
      this.#steps++;
      this.seconds += STEP;
      for (const { everySteps, from, to, source, reader, tag } of this.#copies)
        if (this.#steps % everySteps === 0 && !this.unheard.has(source))
          to.set(this.lies.size > 0 ? (this.lies.get(`${reader} ${tag}`) ?? from.get()) : from.get());
      for (const { id, predicate, timer } of this.#hazards)
        if (timer.update(this.#now, predicate.evaluate(this.engine.truth)) && !this.hazards.has(id))
          this.hazards.set(id, this.seconds);
      each?.();
    }
  }

  /** Smallest and largest true value of tags over some seconds. */
  ranges(tags: readonly string[], seconds: number): Record<string, readonly [number, number]> {
    const found: Record<string, [number, number]> = {};
    for (const tag of tags) found[tag] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const numbers = tags.map((tag) => this.engine.tagIndex(tag));
    this.run(seconds, () => {
      for (const [n, tag] of tags.entries()) {
        const value = this.engine.trueValue(numbers[n] as number);
        const range = found[tag] as [number, number];
        range[0] = Math.min(range[0], value);
        range[1] = Math.max(range[1], value);
      }
    });
    return found;
  }

  #add(device: DeviceSpec): void {
    const spec = device.controller;
    if (spec === undefined) return;
    const { engine } = this;
    const inputs = spec.inputs.map((tag) => engine.tagIndex(tag));
    const outputs = spec.outputs.map((tag) => engine.tagIndex(tag));
    const io = {
      inputs: inputs.length,
      readInput: (i: number) => engine.measured(inputs[i] as number),
      inputGood: (i: number) => engine.good(inputs[i] as number),
      writeOutput: (i: number, value: number) => engine.command(outputs[i] as number, value),
    };
    const source = plant.programs.get(spec.program) as string;
    this.controllers.set(
      device.id,
      new Controller({ spec, points: device.points, source, file: spec.program, io, log: undefined }),
    );
  }
}
