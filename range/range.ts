/**
 * One range: a plant, a seed, a moment of the week. Builds process, controllers, devices and network into one event queue, keeps the
 * truth, and lends footholds to whoever acts in it. The clock that drains the queue is the caller's.
 */
import {
  type DeviceSpec,
  type Duration,
  type Instant,
  inSeconds,
  type OptionSpec,
  optionKind,
  type PlantSpec,
  plantWithOptions,
  seconds,
  UsageError,
  type WriteOutcome,
  type Writer,
} from '@penstock/core';
import {
  checkCommonServers,
  Device,
  DeviceFoothold,
  type LogEntry,
  type Surroundings,
  type TagStore,
} from '@penstock/simulator/devices';
import {
  buildNetwork,
  type Cause,
  DeviceRegistry,
  EventQueue,
  type Foothold,
  type NetworkHost,
  type PlantNetwork,
  type Task,
} from '@penstock/simulator/kernel';
import { type OptionValue, ProcessEngine, type ProcessSnapshot } from '@penstock/simulator/process';
import { HazardWatch } from './hazards.ts';
import type { TruthJournal } from './journal/truth.ts';
import type { Plant } from './plants.ts';
import { Ramps } from './ramps.ts';
import { saveWarmState, useWarmState, type WarmState } from './warm.ts';
import { ProgramArchive } from './week/archive.ts';

export interface RangeOptions {
  readonly plant: Plant;
  readonly run: string;
  readonly seed: number;
  /** From the plant's epoch (a Monday, 00:00) to the run's start. */
  readonly startAt: Duration;
  readonly options?: Readonly<Record<string, OptionValue>>;
  readonly warm?: WarmState | undefined;
  readonly truth: TruthJournal;
  /** Hears what the truth journal hears, for displays. */
  readonly onHazard?: (at: Instant, hazard: string, state: 'begin' | 'end') => void;
  readonly onDeviceLog?: (at: Instant, device: string, entry: LogEntry) => void;
  /** Where devices and network are elsewhere: in containers. The wire in memory is silent then. */
  readonly site?: Site | undefined;
  /** Where a run that was interrupted goes on: its time and its process. */
  readonly from?: Interrupted | undefined;
}

/** A run as it was when its range ended without a goodbye. */
export interface Interrupted {
  readonly at: Instant;
  readonly process: ProcessSnapshot;
}

/** A plant whose devices run elsewhere and are spoken to over a management channel. */
export interface Site {
  /** Ids of the devices that have registered for this run; the scope guard lets nobody else be touched. */
  readonly registered: ReadonlySet<string>;
  device(surroundings: Surroundings, spec: DeviceSpec, host: NetworkHost, seed: number): Device;
  foothold(device: Device): Foothold;
  /** Takes every rule of a conduit away, at the firewall. */
  revoke(conduit: string): void;
  /** The process has made a step: controllers see it. */
  stepped(range: Range): void;
}

export class Range {
  readonly plant: Plant;
  /** The plant as this run's options make it. */
  readonly spec: PlantSpec;
  readonly run: string;
  readonly seed: number;
  readonly startAt: Duration;
  /** Microseconds since 1970 of the run's start. */
  readonly epoch: number;
  readonly queue = new EventQueue();
  readonly network: PlantNetwork;
  readonly engine: ProcessEngine;
  readonly registry: DeviceRegistry;
  /** Programs as the plant's engineers know them. */
  readonly archive: ProgramArchive;
  readonly devices: ReadonlyMap<string, Device>;
  /** True and measured values by the plant's tag number, as of the last step. */
  readonly truth: Float64Array;
  readonly measured: Float64Array;
  readonly #journal: TruthJournal;
  readonly #hazards: HazardWatch;
  readonly #ramps: Ramps;
  readonly #footholds = new Map<string, Foothold>();
  /** For tags that only controllers know: who, and which point of theirs. */
  readonly #controllerTags: readonly { readonly tag: number; readonly device: Device; readonly point: number }[];
  readonly #present: ReadonlySet<string>;
  readonly #site: Site | undefined;

  /** @throws UsageError `range.option` for an option that the plant does not have or of another type. */
  constructor(options: RangeOptions) {
    const { plant, seed, startAt, truth } = options;
    const values = checkOptions(plant.spec, options.options ?? {});
    const spec = plantWithOptions(plant.spec, values);
    this.plant = plant;
    this.spec = spec;
    this.run = options.run;
    this.seed = seed;
    this.startAt = startAt;
    this.epoch = Date.parse(spec.epoch) * 1000 + startAt;
    this.#journal = truth;
    this.#present = presentDevices(spec, values);
    if (options.from) this.queue.runUntil(options.from.at);
    this.network = buildNetwork(this.queue, { ...spec, epoch: new Date(this.epoch / 1000).toISOString() }, seed);
    const step = inSeconds(spec.process.step);
    this.engine = new ProcessEngine(plant.process, spec.tags, {
      step,
      method: spec.process.method,
      seed,
      options: Object.fromEntries(
        Object.entries(values).filter(([name]) => optionKind(spec.options[name] as OptionSpec) === 'process'),
      ),
      start: inSeconds(startAt),
    });
    const indices = new Map(spec.tags.map((tag, i) => [tag.id, i]));
    const byId = new Map(spec.devices.map((device) => [device.id, device]));
    const lookups = {
      tagIndex: (tag: string) => required(indices, 'tag', tag),
      device: (id: string) => required(byId, 'device', id),
    };
    checkCommonServers({ plant: spec, ...lookups });
    const surroundings = {
      plant: spec,
      queue: this.queue,
      programs: plant.programs,
      firewall: this.network.firewall,
      epoch: this.epoch,
      wiring: this.#wiring(),
      journal: this.#deviceJournal(options),
      ...lookups,
    };
    this.registry = new DeviceRegistry(options.run);
    this.archive = new ProgramArchive(plant);
    const devices = spec.devices.filter((device) => this.#present.has(device.id));
    const { site } = options;
    this.#site = site;
    const make = (device: DeviceSpec): Device => {
      const host = this.network.host(device.id);
      return site?.device(surroundings, device, host, seed) ?? new Device(surroundings, device, host, seed);
    };
    this.devices = new Map(devices.map((device) => [device.id, make(device)]));
    for (const { id, role, kind, zone, address } of devices)
      if (site?.registered.has(id) ?? true) this.registry.register({ run: options.run, id, role, kind, zone, address });
    this.registry.seal();
    this.#controllerTags = controllerTags(spec, this.devices);
    this.truth = new Float64Array(spec.tags.length);
    this.measured = new Float64Array(spec.tags.length);
    this.#ramps = new Ramps(this.engine);
    this.#hazards = new HazardWatch(spec, (at, hazard, state) => {
      truth.hazard(at, hazard, state);
      options.onHazard?.(at, hazard, state);
    });
    if (options.from) this.engine.load(options.from.process);
    else if (options.warm) useWarmState(options.warm, plant, this.engine, this.devices, inSeconds(startAt));
    for (const device of spec.devices) if (!this.#present.has(device.id)) this.network.host(device.id).powerOff();
  }

  /** Powers everything on that is not `absent`. Call once, before anything runs. */
  start(): void {
    const steps = this.queue.lane(this.spec.process.step);
    const process: Task = {
      run: (now) => {
        this.queue.inLane(steps, process);
        this.#step(now);
      },
    };
    this.queue.in(this.spec.process.step, process);
    for (const device of this.devices.values()) if (!device.spec.absent) device.start(this.queue.now);
    this.#observe();
  }

  /** Where somebody can act from. @throws UsageError `device.unknown` */
  foothold(deviceId: string): Foothold {
    const known = this.#footholds.get(deviceId);
    if (known) return known;
    const device = required(this.devices, 'device', deviceId);
    const foothold = this.#site?.foothold(device) ?? new DeviceFoothold(device);
    this.#footholds.set(deviceId, foothold);
    return foothold;
  }

  /** Moves a disturbance of the process to a value, linearly over a time. @throws UsageError `process.unknown-disturbance` */
  disturb(name: string, value: number, over: Duration = seconds(0)): void {
    this.#ramps.start(name, value, over);
  }

  /** Somebody at the firewall takes every rule of a conduit away, and what runs through it is cut. */
  closeConduit(conduit: string): void {
    if (this.#site) this.#site.revoke(conduit);
    else this.network.firewall?.revoke(conduit);
  }

  /** The device that people look at: the plant's SCADA server. */
  get viewer(): Device {
    const device =
      this.spec.devices.find((d) => d.kind === 'scada' && this.#present.has(d.id)) ??
      this.spec.devices.find((d) => d.kind === 'hmi' && this.#present.has(d.id)) ??
      (this.spec.devices[0] as DeviceSpec);
    return this.devices.get(device.id) as Device;
  }

  /** What people see: the values that the plant's SCADA server last received. */
  get displayed(): TagStore {
    return this.viewer.store;
  }

  /** Process and controllers as they stand, for other runs to start from. */
  warmState(): WarmState {
    return saveWarmState(this.plant, this.engine, this.devices);
  }

  #step(now: Instant): void {
    this.#ramps.step(inSeconds(this.spec.process.step));
    this.engine.step();
    this.#observe();
    this.#site?.stepped(this);
    this.#hazards.update(now, this.truth);
    this.#journal.sample(now, this.truth, this.measured);
    if (this.#journal.kept) this.#journal.view(now, this.displayed.values);
  }

  #observe(): void {
    this.truth.set(this.engine.truth);
    this.measured.set(this.engine.readings);
    const own = this.#controllerTags;
    for (let i = 0; i < own.length; i++) {
      const { tag, device, point } = own[i] as (typeof own)[number];
      const value = (device.points as NonNullable<Device['points']>).read(point);
      this.truth[tag] = value;
      this.measured[tag] = value;
    }
  }

  #wiring() {
    const engine = () => this.engine;
    return {
      read: (tag: number) => engine().measured(tag),
      good: (tag: number) => engine().good(tag),
      command: (tag: number, value: number) => engine().command(tag, value),
      version: () => engine().version,
    };
  }

  #deviceJournal(options: RangeOptions) {
    const journal = this.#journal;
    return {
      wrote(
        at: Instant,
        device: string,
        tag: string,
        value: number,
        outcome: WriteOutcome,
        writer: Writer,
        cause: Cause | undefined,
      ) {
        const { protocol, address: source, port } = writer;
        journal.write({ at, device, tag, value, outcome, protocol, source, port, cause });
      },
      logged(at: Instant, device: string, entry: LogEntry) {
        journal.deviceLog(at, device, entry.id, entry.text);
        options.onDeviceLog?.(at, device, entry);
      },
    };
  }
}

function required<T>(map: ReadonlyMap<string, T>, what: string, id: string): T {
  const found = map.get(id);
  if (found === undefined)
    throw new UsageError(`${what}.unknown`, `the plant has no ${what} '${id}'; it has ${[...map.keys()].join(', ')}`);
  return found;
}

function checkOptions(spec: PlantSpec, given: Readonly<Record<string, OptionValue>>): Record<string, OptionValue> {
  const values: Record<string, OptionValue> = Object.fromEntries(
    Object.entries(spec.options).map(([name, option]) => [name, option.default]),
  );
  for (const [name, value] of Object.entries(given)) {
    const option = spec.options[name];
    if (option === undefined)
      throw new UsageError(
        'range.option',
        `plant '${spec.id}' has no option '${name}'; it has ${Object.keys(values).join(', ') || 'none'}`,
      );
    if (typeof option.default !== typeof value)
      throw new UsageError(
        'range.option',
        `option '${name}' of plant '${spec.id}' is a ${typeof option.default}, '${value}' is not`,
      );
    values[name] = value;
  }
  return values;
}

function presentDevices(spec: PlantSpec, values: Readonly<Record<string, OptionValue>>): Set<string> {
  const present = new Set(spec.devices.map((device) => device.id));
  for (const [name, option] of Object.entries(spec.options))
    if (option.device !== undefined && values[name] === false) present.delete(option.device);
  return present;
}

/** Tags without instrument and final element live in a controller: the first one whose points have them. */
function controllerTags(spec: PlantSpec, devices: ReadonlyMap<string, Device>) {
  const found: { tag: number; device: Device; point: number }[] = [];
  for (const [tag, { id, sensor, actuator }] of spec.tags.entries()) {
    if (sensor !== undefined || actuator !== undefined) continue;
    for (const device of devices.values()) {
      const point = device.controller === undefined ? -1 : device.spec.points.findIndex((p) => p.tag === id);
      if (point < 0) continue;
      found.push({ tag, device, point });
      break;
    }
  }
  return found;
}
