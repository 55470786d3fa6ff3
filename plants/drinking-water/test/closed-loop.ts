/**
 * The plant's controllers on its process without a network: every controller scans on the process's instruments and final elements,
 * and what the standing conversations would carry is copied from variable to variable at their pace.
 */
import { fileURLToPath } from 'node:url';
import {
  after,
  type DeviceSpec,
  type Instant,
  inSeconds,
  type LoadedPlant,
  loadPlant,
  milliseconds,
  START,
} from '@penstock/core';
import { type BoundVariable, Controller } from '@penstock/simulator/controllers';
import { ProcessEngine } from '@penstock/simulator/process';
import process from '../process.ts';

const plant: LoadedPlant = loadPlant(fileURLToPath(new URL('..', import.meta.url)));
const SCAN = milliseconds(100);
const SCANS_PER_SECOND = 10;

export interface LoopOptions {
  readonly seed?: number;
  /** Seconds since Monday 00:00. */
  readonly start?: number;
  readonly oversizedNaohPump?: boolean;
  /** Without it the dosing contactor stays closed whatever happens. */
  readonly safetyDevice?: boolean;
}

interface Copy {
  readonly everySeconds: number;
  readonly from: BoundVariable;
  readonly to: BoundVariable;
}

/** An alarm limit of a tag that its measured value has passed for the alarm's delay. */
export interface RaisedAlarm {
  readonly tag: string;
  readonly priority: string;
  readonly limit: string;
  readonly time: number;
  readonly value: number;
}

export class ClosedLoop {
  readonly engine: ProcessEngine;
  readonly controllers = new Map<string, Controller>();
  readonly alarms: RaisedAlarm[] = [];
  /** Statements that each controller executed, and its scans. */
  readonly statements = new Map<string, number>();
  seconds = 0;
  #now: Instant = START;
  readonly #copies: Copy[] = [];
  readonly #heartbeats: BoundVariable[] = [];
  readonly #alarmedTags = plant.spec.tags.filter((tag) => tag.alarms !== undefined && tag.sensor !== undefined);
  readonly #outsideSince = new Map<string, number>();
  readonly #ownedBy = new Map<string, BoundVariable>();

  constructor(options: LoopOptions = {}) {
    const { seed = 1, start = 0, oversizedNaohPump = false, safetyDevice = true } = options;
    this.engine = new ProcessEngine(process, plant.spec.tags, {
      step: inSeconds(plant.spec.process.step),
      method: plant.spec.process.method,
      seed,
      start,
      options: { oversizedNaohPump },
    });
    for (const device of plant.spec.devices)
      if (device.controller && (safetyDevice || device.kind !== 'sis')) this.#addController(device);
    for (const device of plant.spec.devices) this.#wire(device);
  }

  /** Value of a variable of one of the controllers, or the point of a tag. */
  variable(tag: string): BoundVariable {
    const known = this.#ownedBy.get(tag);
    if (known) return known;
    for (const device of plant.spec.devices) {
      const controller = this.controllers.get(device.id);
      const point = device.points.find((candidate) => candidate.tag === tag);
      if (controller === undefined || point === undefined) continue;
      const variable = controller.variable(point.variable ?? tag);
      this.#ownedBy.set(tag, variable);
      return variable;
    }
    throw new Error(`no controller has ${tag}`);
  }

  get(tag: string): number {
    return this.variable(tag).get();
  }

  set(tag: string, value: number): void {
    if (!this.variable(tag).set(value)) throw new Error(`${tag} does not take ${value}`);
  }

  truth(tag: string): number {
    return this.engine.trueValue(this.engine.tagIndex(tag));
  }

  /** Runs for some seconds and looks at the works after each. */
  run(seconds: number, each?: (loop: ClosedLoop) => void): void {
    for (let i = 0; i < seconds; i++) {
      this.#second();
      each?.(this);
    }
  }

  #second(): void {
    for (let scan = 0; scan < SCANS_PER_SECOND; scan++) {
      for (const [id, controller] of this.controllers) {
        controller.scan(this.#now);
        this.statements.set(id, (this.statements.get(id) ?? 0) + controller.statements);
      }
      this.#now = after(this.#now, SCAN);
    }
    this.engine.step();
    this.seconds++;
    for (const { everySeconds, from, to } of this.#copies) if (this.seconds % everySeconds === 0) to.set(from.get());
    if (this.seconds % 2 === 0) for (const heartbeat of this.#heartbeats) heartbeat.set(this.seconds % 32_768);
    this.#judgeAlarms();
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
    const own = this.controllers.get(device.id);
    for (const poll of device.polls) {
      const other = this.controllers.get(poll.device);
      if (other === undefined) continue;
      for (const [tag, name] of Object.entries(poll.into ?? {}))
        this.#copies.push({
          everySeconds: inSeconds(poll.every),
          from: this.variable(tag),
          to: (own as Controller).variable(name),
        });
      if (device.kind === 'hmi') for (const { tag } of poll.writes) this.#heartbeats.push(this.variable(tag));
    }
  }

  #judgeAlarms(): void {
    for (const tag of this.#alarmedTags) {
      const alarms = tag.alarms as NonNullable<typeof tag.alarms>;
      const value = this.engine.measured(this.engine.tagIndex(tag.id));
      const {
        lowLow = Number.NEGATIVE_INFINITY,
        low = Number.NEGATIVE_INFINITY,
        high = Number.POSITIVE_INFINITY,
        highHigh = Number.POSITIVE_INFINITY,
      } = alarms;
      const limit =
        value < lowLow
          ? 'lowLow'
          : value < low
            ? 'low'
            : value > highHigh
              ? 'highHigh'
              : value > high
                ? 'high'
                : alarms.state !== undefined && value === (alarms.state ? 1 : 0)
                  ? 'state'
                  : undefined;
      if (limit === undefined) {
        this.#outsideSince.delete(tag.id);
        continue;
      }
      const since = this.#outsideSince.get(tag.id) ?? this.seconds;
      this.#outsideSince.set(tag.id, since);
      if (this.seconds - since === Math.round(inSeconds(alarms.delay ?? milliseconds(0))))
        this.alarms.push({ tag: tag.id, priority: alarms.priority ?? 'low', limit, time: this.seconds, value });
    }
  }
}
