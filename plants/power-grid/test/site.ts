/**
 * All programs of the area on its process without a network: what conversations carry is copied at their pace. Hazards are judged on the truth,
 * as in a run.
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

export class Site {
  readonly engine: ProcessEngine;
  /** Seconds at which each hazard first held. */
  readonly hazards = new Map<string, number>();
  seconds = 0;
  #now: Instant = START;
  #steps = 0;
  readonly #scans: { readonly controller: Controller; readonly everySteps: number }[] = [];
  readonly #variables = new Map<string, BoundVariable>();
  readonly #copies: { readonly everySteps: number; readonly from: BoundVariable; readonly to: BoundVariable }[] = [];
  readonly #judges: {
    readonly id: string;
    readonly predicate: CompiledPredicate;
    readonly timer: PredicateTimer;
  }[];

  constructor(options: Readonly<Record<string, OptionValue>> = {}, seed = 1) {
    const { devices, tags, hazards } = plant.spec;
    this.engine = new ProcessEngine(process, tags, { step: STEP, seed, options });
    for (const device of devices) this.#install(device);
    for (const device of devices)
      for (const poll of device.polls) {
        const everySteps = Math.round(inSeconds(poll.every) / STEP);
        for (const [tag, name] of Object.entries(poll.into ?? {}))
          this.#copies.push({ everySteps, from: this.at(poll.device, tag), to: this.at(device.id, name) });
        for (const { variable, tag } of poll.writes)
          if (this.#scans.length > 0 && device.controller !== undefined)
            this.#copies.push({ everySteps, from: this.at(device.id, variable), to: this.at(poll.device, tag) });
      }
    const names = tags.map(({ id }) => id);
    this.#judges = hazards.map(({ id, predicate }) => ({
      id,
      predicate: compilePredicate(predicate.when, names),
      timer: new PredicateTimer(predicate.for ?? (0 as Duration)),
    }));
  }

  /** A point of a device by its tag, or a variable of its program. */
  at(device: string, name: string): BoundVariable {
    const found = this.#variables.get(`${device} ${name}`);
    if (found === undefined) throw new RangeError(`${device} has no ${name}`);
    return found;
  }

  truth(tag: string): number {
    return this.engine.trueValue(this.engine.tagIndex(tag));
  }

  /** Runs for some seconds; `each` sees every step and may end it by returning true. */
  run(seconds: number, each?: () => boolean | undefined): void {
    for (let n = Math.round(seconds / STEP); n > 0; n--) {
      for (const { controller, everySteps } of this.#scans)
        if (this.#steps % everySteps === 0) controller.scan(this.#now);
      this.#now = after(this.#now, plant.spec.process.step);
      this.engine.step();
      this.#steps++;
      this.seconds += STEP;
      for (const { everySteps, from, to } of this.#copies) if (this.#steps % everySteps === 0) to.set(from.get());
      for (const { id, predicate, timer } of this.#judges)
        if (timer.update(this.#now, predicate.evaluate(this.engine.truth)) && !this.hazards.has(id))
          this.hazards.set(id, this.seconds);
      if (each?.() === true) return;
    }
  }

  /** What an operator does: an order, and time for it. */
  order(device: string, tag: string, value: number, seconds = 3): void {
    this.at(device, tag).set(value);
    this.run(seconds);
  }

  /** Seconds until a tag's true value fits; fails when it never does. */
  until(tag: string, fits: (value: number) => boolean, within: number): number {
    const begin = this.seconds;
    let seen: number | undefined;
    this.run(within, () => {
      if (!fits(this.truth(tag))) return undefined;
      seen = this.seconds - begin;
      return true;
    });
    if (seen === undefined) throw new Error(`${tag} is ${this.truth(tag)} after ${within} s`);
    return seen;
  }

  #install(device: DeviceSpec): void {
    const spec = device.controller;
    if (spec === undefined) return;
    const { engine } = this;
    const inputs = spec.inputs.map((tag) => engine.tagIndex(tag));
    const outputs = spec.outputs.map((tag) => engine.tagIndex(tag));
    const controller = new Controller({
      ...{ spec, points: device.points, file: spec.program, source: plant.programs.get(spec.program) as string },
      io: {
        inputs: inputs.length,
        readInput: (i) => engine.measured(inputs[i] as number),
        inputGood: (i) => engine.good(inputs[i] as number),
        writeOutput: (i, value) => engine.command(outputs[i] as number, value),
      },
      log: undefined,
    });
    this.#scans.push({ controller, everySteps: Math.round(inSeconds(controller.period) / STEP) });
    const bind = (name: string, path: string) =>
      void this.#variables.set(`${device.id} ${name}`, controller.variable(path));
    for (const { path, isText } of controller.variables.list()) if (!isText) bind(path, path);
    for (const { tag, variable } of device.points) bind(tag, variable ?? spec.variables?.[tag] ?? tag);
  }
}
