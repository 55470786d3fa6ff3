/** A device of the plant: a host on the wire, the memory of a controller where it has one, and the parts that its file declares. */
import type { DeviceIdentity, DeviceSpec, Instant, PointAccess, WriteOutcome, Writer } from '@penstock/core';
import type { Subnet } from '@penstock/protocols/ethernet';
import { Controller, type ControllerSnapshot } from '@penstock/simulator/controllers';
import { type Cause, type NetworkHost, type PointSession, Random } from '@penstock/simulator/kernel';
import type { DeviceContext, LogEntry, Part, Surroundings } from './context.ts';
import { DeviceClock } from './device-clock.ts';
import { Doors, type DoorsSnapshot } from './doors/index.ts';
import { RunningIdentity } from './doors/running-identity.ts';
import { DeviceFoothold } from './foothold.ts';
import { pointSession, probePorts } from './operator.ts';
import { LogClient } from './parts/log-client.ts';
import { PARTS } from './parts/registry.ts';
import { Seldom } from './seldom.ts';
import { TagStore } from './tag-store.ts';

/** Diagnostic entries that a controls engineer must look at go out as warnings. */
const WARNINGS = new Set([
  'fault',
  'watchdog',
  'stop',
  'mode',
  'key',
  'force',
  'download',
  'download-refused',
  'write-refused',
  'input-bad',
]);

export class Device implements DeviceContext {
  readonly spec: DeviceSpec;
  readonly host: NetworkHost;
  readonly random: Random;
  readonly store: TagStore;
  readonly controller: Controller | undefined;
  readonly points: PointAccess | undefined;
  readonly identity: DeviceIdentity;
  readonly doors: Doors | undefined;
  readonly clock: DeviceClock;
  readonly plant: Surroundings['plant'];
  readonly queue: Surroundings['queue'];
  readonly wiring: Surroundings['wiring'];
  readonly journal: Surroundings['journal'];
  readonly programs: Surroundings['programs'];
  readonly firewall: Surroundings['firewall'];
  readonly epoch: number;
  readonly #surroundings: Surroundings;
  readonly #parts: readonly Part[];
  readonly #logs: LogClient;
  readonly #seldom = new Seldom();
  /** What a controller says while it starts, before there is anybody to say it to. */
  #unsent: LogEntry[] | undefined;
  /** Difference of the controller's clock to the run's: a warm start continues where its clock stood. */
  #clockOffset = 0;
  #on = false;
  /** Where the bytes come from that are being handled. */
  #heardFrom: Parameters<DeviceContext['causedBy']>[0];

  constructor(surroundings: Surroundings, spec: DeviceSpec, host: NetworkHost, seed: number) {
    this.#surroundings = surroundings;
    this.spec = spec;
    this.host = host;
    this.random = new Random(seed, `device:${spec.id}`);
    this.plant = surroundings.plant;
    this.queue = surroundings.queue;
    this.wiring = surroundings.wiring;
    this.journal = surroundings.journal;
    this.programs = surroundings.programs;
    this.firewall = surroundings.firewall;
    this.epoch = surroundings.epoch;
    this.store = new TagStore(surroundings.plant.tags.length);
    this.clock = new DeviceClock(surroundings.queue, surroundings.epoch);
    this.#logs = new LogClient(this);
    this.controller = spec.controller && this.#makeController(spec.controller);
    this.points = this.controller && this.#journaled(this.controller);
    const identity = new RunningIdentity(spec.identity);
    this.identity = identity;
    this.doors = Doors.of(this, identity, { off: (now) => this.powerOff(now), on: (now) => this.powerOn(now) });
    this.#parts = PARTS.map((make) => make(this)).filter((part) => part !== undefined);
  }

  get on(): boolean {
    return this.#on;
  }

  /** Whether its network link is up. */
  get up(): boolean {
    return this.host.up;
  }

  tagIndex(tag: string): number {
    return this.#surroundings.tagIndex(tag);
  }

  device(id: string): DeviceSpec {
    return this.#surroundings.device(id);
  }

  /** The part of a kind, for those who act through this device. */
  part<T extends Part>(kind: abstract new (...args: never[]) => T): T | undefined {
    return this.#parts.find((part): part is T => part instanceof kind);
  }

  start(now: Instant): void {
    if (this.#on) return;
    this.#on = true;
    if (this.controller?.mode === 'off') this.controller.powerOn(this.controllerTime(now), 'cold');
    this.doors?.started(now);
    for (const part of this.#parts) part.start(now);
  }

  /** Power is lost: nothing is said to anybody. */
  powerOff(now: Instant): void {
    if (!this.#on) return;
    this.#on = false;
    for (const part of this.#parts) part.stop(now);
    this.controller?.powerOff(this.controllerTime(now));
    this.host.powerOff();
  }

  powerOn(now: Instant): void {
    if (this.#on || this.doors?.isBricked === true) return;
    this.host.linkUp();
    this.#unsent = [];
    this.controller?.powerOn(this.controllerTime(now), 'warm');
    this.start(now);
    const lines = this.#unsent;
    this.#unsent = undefined;
    for (const entry of lines) this.#logs.send(entry, now);
  }

  /**
   * Somebody at the device itself writes the vendor's image of a revision by its service port, and switches it on; why not, or undefined when it
   * is done.
   */
  reflash(revision: string, now: Instant): string | undefined {
    return this.doors === undefined ? 'it has no firmware that can be written' : this.doors.reflash(revision, now);
  }

  /** Its network cable is pulled, or put back. */
  linkDown(): void {
    this.host.linkDown();
  }

  linkUp(): void {
    this.host.linkUp();
  }

  /** A variable of its controller, as somebody with a key or a switch at the device sees it. @throws PenstockError as `Controller.variable` */
  variable(path: string): { get(): number; set(value: number): void } | undefined {
    return this.controller?.variable(path);
  }

  /** Asks every address of a subnet for every port, as a scanner does. */
  probe(subnet: Subnet, ports: readonly number[], cause: Cause): void {
    probePorts(this, subnet, ports, cause);
  }

  /** Somebody sits down at it to work: a workstation or jump host of the plant says so, a visitor's laptop tells the plant nothing. */
  attended(): void {
    const { kind, absent } = this.spec;
    if ((kind !== 'workstation' && kind !== 'jump-host') || absent) return;
    if (this.#seldom.tells('logon', this.queue.now))
      this.log({ severity: 6, id: 'logon', text: 'logon at the console', parameters: {} });
  }

  /** The controller's own clock, which never goes back. */
  controllerTime(now: Instant): Instant {
    return (now + this.#clockOffset) as Instant;
  }

  /** Puts the controller into a saved state at `now`, before the device is started. @throws PenstockError `controller.snapshot` */
  resume(snapshot: ControllerSnapshot, now = 0): void {
    this.controller?.load(snapshot);
    this.#clockOffset = snapshot.now - now;
  }

  /** Puts its accounts and firmware into a saved state, before the device is started. */
  resumeDoors(snapshot: DoorsSnapshot): void {
    this.doors?.load(snapshot);
  }

  log(entry: LogEntry): void {
    const { now } = this.queue;
    this.journal.logged(now, this.spec.id, entry);
    if (this.#on && this.host.up) this.#logs.send(entry, now);
    else this.#unsent?.push(entry);
  }

  operate(target: string, cause: Cause): PointSession {
    return pointSession(new DeviceFoothold(this), this.plant, target, cause);
  }

  causedBy(source: Parameters<DeviceContext['causedBy']>[0]): void {
    this.#heardFrom = source;
  }

  get #cause(): Cause | undefined {
    return this.#heardFrom?.heard;
  }

  #makeController(spec: NonNullable<DeviceSpec['controller']>): Controller {
    const { wiring } = this;
    const inputs = spec.inputs.map((tag) => this.tagIndex(tag));
    const outputs = spec.outputs.map((tag) => this.tagIndex(tag));
    return new Controller({
      spec,
      points: this.spec.points,
      source: this.programs.get(spec.program) as string,
      file: spec.program,
      io: {
        inputs: inputs.length,
        readInput: (i) => wiring.read(inputs[i] as number),
        inputGood: (i) => wiring.good(inputs[i] as number),
        writeOutput: (i, value) => wiring.command(outputs[i] as number, value),
        version: () => wiring.version(),
      },
      log: (entry) =>
        this.log({
          severity: WARNINGS.has(entry.id) ? 4 : 6,
          id: entry.id,
          text: entry.text,
          parameters: entry.by === undefined ? {} : { by: entry.by },
        }),
    });
  }

  /** The controller's memory with every write told to the truth journal. */
  #journaled(controller: Controller): PointAccess {
    const { points, id } = this.spec;
    return {
      read: (point) => controller.read(point),
      check: (point, value, writer) => controller.check(point, value, writer),
      write: (point: number, value: number, writer: Writer): WriteOutcome => {
        const outcome = controller.write(point, value, writer);
        const { tag } = points[point] as { tag: string };
        this.journal.wrote(this.queue.now, id, tag, value, outcome, writer, this.#cause);
        return outcome;
      },
    };
  }
}
