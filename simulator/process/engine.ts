/**
 * Runs one process with its instruments and final elements: a step moves the actuators, integrates, does what happens between
 * steps, works out the outputs and samples the sensors. A step allocates nothing.
 */
import { PenstockError, type TagSpec, UsageError } from '@penstock/core';
import { Random } from '@penstock/simulator/kernel';
import { ActuatorBank } from './actuators.ts';
import {
  mergeOptions,
  type OptionValue,
  type ProcessDefinition,
  type ProcessEquations,
  positionOf,
} from './definition.ts';
import type { ActuatorFault, Fault, SensorFault } from './faults.ts';
import { type Integrator, integrator, type Method } from './integrator.ts';
import { SensorBank } from './sensors.ts';

export interface EngineSettings {
  /** Seconds of one step. */
  readonly step: number;
  readonly method?: Method;
  readonly seed: number;
  /** The plant's switches; the definition's defaults hold for the rest. */
  readonly options?: Readonly<Record<string, OptionValue>>;
  /** Seconds since Monday 00:00 at which the run starts. */
  readonly start?: number;
}

/** Everything that a run remembers; plain and finite, so that JSON keeps it exactly. */
export interface ProcessSnapshot {
  readonly process: string;
  readonly tags: readonly string[];
  readonly step: number;
  readonly start: number;
  readonly steps: number;
  readonly states: readonly number[];
  readonly external: readonly number[];
  readonly memory: readonly (readonly number[])[];
  readonly sensors: readonly (readonly number[])[];
  readonly actuators: readonly (readonly number[])[];
  readonly streams: Readonly<Record<string, readonly number[]>>;
  readonly faults: readonly (readonly [tag: string, fault: Fault])[];
}

/** Neither a sensor nor an actuator: a set point, a mode, what a controller calculates. */
const OF_CONTROLLER = -1;

export class ProcessEngine {
  readonly definition: ProcessDefinition;
  readonly stepSeconds: number;
  /** True values by tag: the process output that a sensor measures, the position that an actuator has. NaN for tags that only controllers know. */
  readonly truth: Float64Array;
  /** Measured values by tag; of an actuator its position. */
  readonly readings: Float64Array;
  /** Quality of the measured value by tag: 1 good, 0 bad. */
  readonly quality: Uint8Array;
  /** Process states, outputs, and inputs with disturbances behind them, in the definition's order. For tests and displays; do not write. */
  readonly states: Float64Array;
  readonly outputs: Float64Array;
  readonly external: Float64Array;
  #start: number;
  #steps = 0;
  #version = 0;
  /** The equations of this run; for tests that look inside. */
  readonly equations: ProcessEquations;
  readonly #integrate: Integrator;
  readonly #sensors: SensorBank;
  readonly #actuators: ActuatorBank;
  readonly #tagIds: readonly string[];
  readonly #tagIndex: ReadonlyMap<string, number>;
  readonly #outputIndex: ReadonlyMap<string, number>;
  /** By tag: number in the bank of sensors or of actuators, or OF_CONTROLLER. */
  readonly #sensorOf: Int32Array;
  readonly #actuatorOf: Int32Array;
  readonly #actuatorTags: Int32Array;
  readonly #streams = new Map<string, Random>();
  readonly #faults = new Map<string, Fault>();

  /**
   * @param tags all tags of the plant; their order numbers them
   * @throws UsageError `process.unknown-output`, `process.unknown-input`, `process.unknown-option`, `process.option-type` or `process.step`
   */
  constructor(definition: ProcessDefinition, tags: readonly TagSpec[], settings: EngineSettings) {
    const { step, seed, method = 'rk4', start = 0 } = settings;
    if (!(step > 0 && Number.isFinite(step)))
      throw new UsageError('process.step', `the step of the process must be a number of seconds above 0, not ${step}`);
    this.definition = definition;
    this.stepSeconds = step;
    this.#start = start;
    this.equations = definition.build({
      options: mergeOptions(definition, settings.options ?? {}),
      step,
      random: (component) => {
        const name = `process/${component}`;
        const stream = this.#streams.get(name) ?? new Random(seed, name);
        this.#streams.set(name, stream);
        return stream;
      },
    });
    const states = definition.states.length;
    this.#integrate = integrator(method, this.equations.derivatives.bind(this.equations), states);
    this.states = new Float64Array(states);
    this.outputs = new Float64Array(definition.outputs.length);
    this.external = Float64Array.from([...Object.values(definition.inputs), ...Object.values(definition.disturbances)]);

    const inputs = Object.keys(definition.inputs);
    const sensors = [];
    const actuators = [];
    this.#sensorOf = new Int32Array(tags.length).fill(OF_CONTROLLER);
    this.#actuatorOf = new Int32Array(tags.length).fill(OF_CONTROLLER);
    for (const [index, tag] of tags.entries()) {
      if (tag.sensor !== undefined) {
        const output = positionOf('output', tag.sensor.of, definition.outputs, `${tag.id}: the process`);
        this.#sensorOf[index] = sensors.push({ tag, index, output }) - 1;
      }
      if (tag.actuator !== undefined) {
        const input = positionOf('input', tag.actuator.drives, inputs, `${tag.id}: the process`);
        this.#actuatorOf[index] = actuators.push({ tag, index, input }) - 1;
      }
    }
    this.#actuatorTags = Int32Array.from(actuators, (actuator) => actuator.index);
    this.#tagIds = tags.map((tag) => tag.id);
    this.#tagIndex = new Map(this.#tagIds.map((id, index) => [id, index]));
    this.#outputIndex = new Map(definition.outputs.map((name, index) => [name, index]));
    this.#sensors = new SensorBank(sensors, step, seed);
    for (let i = 0; i < sensors.length; i++) this.#streams.set(`sensor/${sensors[i].tag.id}`, this.#sensors.streams[i]);
    this.#actuators = new ActuatorBank(actuators, step);
    this.truth = new Float64Array(tags.length).fill(Number.NaN);
    this.readings = new Float64Array(tags.length).fill(Number.NaN);
    this.quality = new Uint8Array(tags.length).fill(1);
    this.#actuators.settle(this.external, this.truth);
    this.equations.initial(this.states, this.external);
    this.equations.outputs(start, this.states, this.external, this.outputs);
    this.#sensors.settle(this.outputs, this.truth, this.readings, this.quality);
    this.#readPositions();
  }

  /** Seconds since Monday 00:00. */
  get time(): number {
    return this.#start + this.#steps * this.stepSeconds;
  }

  /** Rises whenever readings, qualities or demands may have changed: with every step, every other demand, and a load. */
  get version(): number {
    return this.#version;
  }

  /** Advances one step. */
  step(): void {
    this.#version++;
    const t = this.time;
    const h = this.stepSeconds;
    this.#actuators.move(this.external, this.truth);
    this.#integrate(t, h, this.states, this.external);
    this.#steps++;
    const now = this.time;
    this.equations.advance?.(now, h, this.states, this.external);
    this.equations.outputs(now, this.states, this.external, this.outputs);
    this.#sensors.sample(this.outputs, this.truth, this.readings, this.quality);
    this.#readPositions();
  }

  /** Number of a tag. @throws UsageError `process.unknown-tag` */
  tagIndex(tag: string): number {
    return this.#tagIndex.get(tag) ?? positionOf('tag', tag, this.#tagIds, 'the plant');
  }

  /** True value of a tag by number. */
  trueValue(tag: number): number {
    return this.truth[tag];
  }

  /** What the instrument says (its last good value after a dropout); of an actuator its position. */
  measured(tag: number): number {
    return this.readings[tag];
  }

  good(tag: number): boolean {
    return this.quality[tag] === 1;
  }

  /** Demand on an actuator, in its tag's unit; it takes effect from the next step on. @throws UsageError `process.not-an-actuator` */
  command(tag: number, value: number): void {
    const actuator = this.#actuatorOf[tag];
    if (!(actuator >= 0)) throw this.#notAnActuator(tag);
    if (this.#actuators.command(actuator, value)) this.#version++;
  }

  /** What was last demanded of an actuator. @throws UsageError `process.not-an-actuator` */
  demand(tag: number): number {
    const actuator = this.#actuatorOf[tag];
    if (!(actuator >= 0)) throw this.#notAnActuator(tag);
    return this.#actuators.demand(actuator);
  }

  /** Where an actuator stands. @throws UsageError `process.not-an-actuator` */
  position(tag: number): number {
    if (!(this.#actuatorOf[tag] >= 0)) throw this.#notAnActuator(tag);
    return this.truth[tag];
  }

  /** Sets a disturbance by name, from the next step on. @throws UsageError `process.unknown-disturbance` or `process.disturbance-value` */
  disturb(name: string, value: number): void {
    const index = this.#disturbance(name);
    if (!Number.isFinite(value))
      throw new UsageError(
        'process.disturbance-value',
        `the disturbance '${name}' must be a finite number, not ${value}`,
      );
    this.external[index] = value;
  }

  disturbance(name: string): number {
    return this.external[this.#disturbance(name)];
  }

  /** True value of a process output by name, whether a tag measures it or not. @throws UsageError `process.unknown-output` */
  output(name: string): number {
    const index = this.#outputIndex.get(name);
    if (index !== undefined) return this.outputs[index];
    return this.outputs[positionOf('output', name, this.definition.outputs, `the process '${this.definition.name}'`)];
  }

  /** Value of a state by name. @throws UsageError `process.unknown-state` */
  state(name: string): number {
    return this.states[positionOf('state', name, this.definition.states, `the process '${this.definition.name}'`)];
  }

  /**
   * Sets a fault of a tag's sensor or actuator; one of the same kind is replaced.
   * @throws UsageError `process.unknown-tag`, `process.no-equipment`, `process.fault-kind` or `process.fault-value`
   */
  fault(tag: string, fault: Fault): void {
    const index = this.tagIndex(tag);
    if (this.#sensorOf[index] >= 0) this.#sensors.fault(this.#sensorOf[index], fault as SensorFault);
    else if (this.#actuatorOf[index] >= 0) this.#actuators.fault(this.#actuatorOf[index], fault as ActuatorFault);
    else throw this.#noEquipment(tag);
    this.#faults.set(`${tag} ${fault.kind}`, fault);
  }

  /** Clears one kind of fault of a tag, or all of them. @throws UsageError `process.unknown-tag` or `process.no-equipment` */
  clearFault(tag: string, kind?: Fault['kind']): void {
    const index = this.tagIndex(tag);
    if (this.#sensorOf[index] >= 0) this.#sensors.clear(this.#sensorOf[index], kind as SensorFault['kind']);
    else if (this.#actuatorOf[index] >= 0)
      this.#actuators.clear(this.#actuatorOf[index], kind as ActuatorFault['kind']);
    else throw this.#noEquipment(tag);
    for (const key of this.#faults.keys())
      if (key === `${tag} ${kind}` || (kind === undefined && key.startsWith(`${tag} `))) this.#faults.delete(key);
  }

  /** Faults that are set, in the order in which they were. */
  faults(): readonly (readonly [tag: string, fault: Fault])[] {
    return [...this.#faults].map(([key, fault]) => [key.slice(0, key.indexOf(' ')), fault] as const);
  }

  save(): ProcessSnapshot {
    const plain = (arrays: readonly Float64Array[]) => arrays.map((array) => [...array]);
    return {
      process: this.definition.name,
      tags: this.#tagIds,
      step: this.stepSeconds,
      start: this.#start,
      steps: this.#steps,
      states: [...this.states],
      external: [...this.external],
      memory: plain(this.equations.memory ?? []),
      sensors: plain(this.#sensors.memory),
      actuators: plain(this.#actuators.memory),
      streams: Object.fromEntries([...this.#streams].map(([name, stream]) => [name, stream.save()])),
      faults: this.faults(),
    };
  }

  /**
   * Continues where the snapshot was taken. With `streams: 'own'` the random streams stay those of this run's seed, so that one
   * warm state serves runs of any seed.
   * @throws PenstockError `process.snapshot` when it is of another process, step or list of tags
   */
  load(snapshot: ProcessSnapshot, settings: { readonly streams?: 'saved' | 'own' } = {}): void {
    this.#checkFits(snapshot);
    this.#version++;
    const restore = (arrays: readonly Float64Array[], saved: readonly (readonly number[])[]) => {
      for (let i = 0; i < arrays.length; i++) arrays[i].set(saved[i]);
    };
    this.#start = snapshot.start;
    this.#steps = snapshot.steps;
    this.states.set(snapshot.states);
    this.external.set(snapshot.external);
    restore(this.equations.memory ?? [], snapshot.memory);
    restore(this.#sensors.memory, snapshot.sensors);
    restore(this.#actuators.memory, snapshot.actuators);
    if (settings.streams !== 'own')
      for (const [name, stream] of this.#streams) stream.load(snapshot.streams[name] as readonly number[]);
    this.#faults.clear();
    for (const [tag, fault] of snapshot.faults) this.#faults.set(`${tag} ${fault.kind}`, fault);
    this.equations.outputs(this.time, this.states, this.external, this.outputs);
    this.#sensors.publish(this.outputs, this.truth, this.readings, this.quality);
    this.#actuators.publish(this.external, this.truth);
    this.#readPositions();
  }

  #checkFits(snapshot: ProcessSnapshot): void {
    const refuse = (what: string, theirs: unknown, ours: unknown): never => {
      throw new PenstockError(
        'process.snapshot',
        `this warm state was saved with the ${what} ${theirs}, the run has ${ours}; learn the plant again`,
      );
    };
    if (snapshot.process !== this.definition.name) refuse('process', snapshot.process, this.definition.name);
    if (snapshot.step !== this.stepSeconds) refuse('step', snapshot.step, this.stepSeconds);
    const ids = (list: readonly string[]) => list.join(' ');
    if (ids(snapshot.tags) !== ids(this.#tagIds)) refuse('tags', ids(snapshot.tags), ids(this.#tagIds));
    const sizes = (arrays: readonly ArrayLike<number>[]) => arrays.map((array) => array.length).join('+');
    for (const [what, theirs, ours] of [
      ['states', [snapshot.states], [this.states]],
      ['inputs', [snapshot.external], [this.external]],
      ['memory', snapshot.memory, this.equations.memory ?? []],
      ['sensors', snapshot.sensors, this.#sensors.memory],
      ['actuators', snapshot.actuators, this.#actuators.memory],
    ] as const)
      if (sizes(theirs) !== sizes(ours)) refuse(`size of ${what}`, sizes(theirs), sizes(ours));
    for (const name of this.#streams.keys())
      if (snapshot.streams[name] === undefined) refuse('random streams', Object.keys(snapshot.streams).join(' '), name);
  }

  #readPositions(): void {
    const tags = this.#actuatorTags;
    for (let i = 0; i < tags.length; i++) this.readings[tags[i]] = this.truth[tags[i]];
  }

  #disturbance(name: string): number {
    const names = Object.keys(this.definition.disturbances);
    const whose = `the process '${this.definition.name}'`;
    return Object.keys(this.definition.inputs).length + positionOf('disturbance', name, names, whose);
  }

  #notAnActuator(tag: number): UsageError {
    return new UsageError(
      'process.not-an-actuator',
      `${this.#tagIds[tag] ?? `tag number ${tag}`} drives nothing; give it 'actuator: { drives: … }'`,
    );
  }

  #noEquipment(tag: string): UsageError {
    return new UsageError(
      'process.no-equipment',
      `${tag} has neither sensor nor actuator, so nothing of it can fail; it lives in a controller only`,
    );
  }
}
