/**
 * The plant's controllers on its process without a network: every controller scans on the process's instruments and final elements,
 * and what the standing conversations would carry is copied from variable to variable at their pace. Hazards are judged on the truth
 * and alarm limits on what the instruments say, as in a run.
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
  milliseconds,
  PredicateTimer,
  START,
  type TagSpec,
} from '@penstock/core';
import { type BoundVariable, Controller } from '@penstock/simulator/controllers';
import { ProcessEngine } from '@penstock/simulator/process';
import process from '../process.ts';

const plant = loadPlant(fileURLToPath(new URL('..', import.meta.url)));
const SCAN = milliseconds(100);
const SCANS_PER_SECOND = 10;
const FILLING_IS_WATCHED_EVERY_S = 10;
/** Day tanks are filled at the hours of the plant's week. */
const DELIVERIES = plant.spec.week
  .filter((activity) => activity.kind === 'delivery')
  .map(({ at, every, lasts, with: how }) => ({
    at: inSeconds(at as Duration),
    every: inSeconds(every as Duration),
    lasts: inSeconds(lasts as Duration),
    disturbance: String(how.name),
    litresPerHour: Number(how.value),
    tank: String(how.tag),
    until: Number(how.until),
  }));

export interface LoopOptions {
  readonly seed?: number;
  readonly oversizedNaohPump?: boolean;
  readonly highZoneFloat?: boolean;
  /** Without it the dosing contactor stays closed whatever happens. */
  readonly safetyDevice?: boolean;
}

interface Copy {
  readonly everySeconds: number;
  readonly from: BoundVariable;
  readonly to: BoundVariable;
  readonly source: string;
}

interface Hazard {
  readonly id: string;
  readonly predicate: CompiledPredicate;
  readonly timer: PredicateTimer;
}

/** An alarm limit that a tag's measured value had passed for the alarm's delay. */
export interface RaisedAlarm {
  readonly tag: string;
  readonly priority: string;
  readonly limit: string;
  readonly value: number;
}

export class ClosedLoop {
  readonly engine: ProcessEngine;
  readonly controllers = new Map<string, Controller>();
  readonly alarms: RaisedAlarm[] = [];
  /** Seconds at which each hazard first held. */
  readonly hazards = new Map<string, number>();
  /** Devices that nobody hears any more. */
  readonly unheard = new Set<string>();
  seconds = 0;
  #now: Instant = START;
  readonly #copies: Copy[] = [];
  readonly #heartbeats: { readonly source: string; readonly to: BoundVariable }[] = [];
  readonly #hazards: readonly Hazard[];
  readonly #alarmed: readonly { readonly tag: TagSpec; readonly index: number }[];
  readonly #outsideSince = new Map<string, number>();
  readonly #variables = new Map<string, BoundVariable>();

  constructor(options: LoopOptions = {}) {
    const { seed = 1, oversizedNaohPump = false, highZoneFloat = false, safetyDevice = true } = options;
    const { spec } = plant;
    const step = inSeconds(spec.process.step);
    this.engine = new ProcessEngine(process, spec.tags, {
      step,
      method: spec.process.method,
      seed,
      options: { oversizedNaohPump, highZoneFloat },
    });
    const names = spec.tags.map((tag) => tag.id);
    this.#hazards = spec.hazards.map((hazard) => ({
      id: hazard.id,
      predicate: compilePredicate(hazard.predicate.when, names),
      timer: new PredicateTimer(hazard.predicate.for ?? (0 as Duration)),
    }));
    this.#alarmed = spec.tags.flatMap((tag, index) => (tag.alarms && tag.sensor ? [{ tag, index }] : []));
    for (const device of spec.devices)
      if (device.controller && (safetyDevice || device.kind !== 'sis')) this.#addController(device);
    for (const device of spec.devices) this.#wire(device);
  }

  /** Another loop, perhaps with other options, that goes on from where this one stands. */
  fork(options: LoopOptions = {}): ClosedLoop {
    const other = new ClosedLoop(options);
    other.engine.load(this.engine.save());
    for (const [id, controller] of other.controllers) controller.load((this.controllers.get(id) as Controller).save());
    other.#now = this.#now;
    other.seconds = this.seconds;
    return other;
  }

  controller(id: string): Controller {
    const found = this.controllers.get(id);
    if (found === undefined) throw new Error(`there is no controller ${id}`);
    return found;
  }

  /** Value of a tag in the first controller that has it. */
  get(tag: string): number {
    return this.#variable(tag).get();
  }

  /** Writes it, as the control room or somebody at the device would. */
  set(tag: string, value: number): void {
    if (!this.#variable(tag).set(value)) throw new Error(`${tag} does not take ${value}`);
  }

  /** True value of a tag with an instrument or a final element. */
  truth(tag: string): number {
    return this.engine.trueValue(this.engine.tagIndex(tag));
  }

  /** Runs for some seconds and looks at the works after each. */
  run(seconds: number, each?: () => void): void {
    for (let i = 0; i < seconds; i++) {
      this.#second();
      each?.();
    }
  }

  /** Seconds until something holds; Infinity when it does not within `most`. */
  timeUntil(holds: () => boolean, most: number): number {
    for (let i = 1; i <= most; i++) {
      this.#second();
      if (holds()) return i;
    }
    return Number.POSITIVE_INFINITY;
  }

  #second(): void {
    for (let scan = 0; scan < SCANS_PER_SECOND; scan++) {
      for (const controller of this.controllers.values()) controller.scan(this.#now);
      this.#now = after(this.#now, SCAN);
    }
    this.engine.step();
    this.seconds++;
    for (const { everySeconds, from, to, source } of this.#copies)
      if (this.seconds % everySeconds === 0 && !this.unheard.has(source)) to.set(from.get());
    if (this.seconds % 2 === 0)
      for (const { source, to } of this.#heartbeats) if (!this.unheard.has(source)) to.set(this.seconds % 32_768);
    if (this.seconds % FILLING_IS_WATCHED_EVERY_S === 0) this.#deliver();
    this.#judge();
  }

  #deliver(): void {
    for (const { at, every, lasts, disturbance, litresPerHour, tank, until } of DELIVERIES) {
      const since = (((this.seconds - at) % every) + every) % every;
      if (since === 0) this.engine.disturb(disturbance, litresPerHour);
      else if (since <= lasts && (since === lasts || this.truth(tank) >= until)) this.engine.disturb(disturbance, 0);
    }
  }

  #judge(): void {
    for (const { id, predicate, timer } of this.#hazards)
      if (timer.update(this.#now, predicate.evaluate(this.engine.truth)) && !this.hazards.has(id))
        this.hazards.set(id, this.seconds);
    for (const { tag, index } of this.#alarmed) {
      const limit = passedLimit(tag, this.engine.measured(index));
      if (limit === undefined) {
        this.#outsideSince.delete(tag.id);
        continue;
      }
      const since = this.#outsideSince.get(tag.id) ?? this.seconds;
      this.#outsideSince.set(tag.id, since);
      if (this.seconds - since !== Math.round(inSeconds(tag.alarms?.delay ?? milliseconds(0)))) continue;
      const value = this.engine.measured(index);
      this.alarms.push({ tag: tag.id, priority: tag.alarms?.priority ?? 'low', limit, value });
    }
  }

  #variable(tag: string): BoundVariable {
    const known = this.#variables.get(tag);
    if (known) return known;
    for (const device of plant.spec.devices) {
      const controller = this.controllers.get(device.id);
      const point = device.points.find((candidate) => candidate.tag === tag);
      if (controller === undefined || point === undefined) continue;
      const variable = controller.variable(point.variable ?? tag);
      this.#variables.set(tag, variable);
      return variable;
    }
    throw new Error(`no controller has ${tag}`);
  }

  /** The variable behind a tag's point in one controller. */
  #held(id: string, tag: string): BoundVariable {
    const point = plant.spec.devices.find((device) => device.id === id)?.points.find((each) => each.tag === tag);
    return this.controller(id).variable(point?.variable ?? tag);
  }

  #addController(device: DeviceSpec): void {
    const spec = device.controller as NonNullable<DeviceSpec['controller']>;
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

  #wire(device: DeviceSpec): void {
    for (const poll of device.polls) {
      if (!this.controllers.has(poll.device)) continue;
      for (const [tag, name] of Object.entries(poll.into ?? {}))
        this.#copies.push({
          everySeconds: inSeconds(poll.every),
          from: this.#held(poll.device, tag),
          to: this.controller(device.id).variable(name),
          source: poll.device,
        });
      if (device.controller === undefined)
        for (const { tag } of poll.writes)
          this.#heartbeats.push({ source: device.id, to: this.#held(poll.device, tag) });
    }
  }
}

function passedLimit({ alarms }: TagSpec, value: number): string | undefined {
  if (alarms === undefined) return undefined;
  if (alarms.lowLow !== undefined && value < alarms.lowLow) return 'lowLow';
  if (alarms.low !== undefined && value < alarms.low) return 'low';
  if (alarms.highHigh !== undefined && value > alarms.highHigh) return 'highHigh';
  if (alarms.high !== undefined && value > alarms.high) return 'high';
  return alarms.state !== undefined && value === Number(alarms.state) ? 'state' : undefined;
}
