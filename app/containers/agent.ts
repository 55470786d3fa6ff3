/**
 * One device in a container of its own: the same device as on the wire in memory, on the sockets of its operating system. The range tells
 * it of the run, wires its controller to the process, and is told what happens.
 */
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { type DeviceSpec, type Instant, PenstockError, packArrays, unpackArrays } from '@penstock/core';
import type { OutstationSnapshot } from '@penstock/protocols/dnp3';
import { parseSubnet } from '@penstock/protocols/ethernet';
import type { ControllerSnapshot } from '@penstock/simulator/controllers';
import { Device, DeviceFoothold, Dnp3Service, type DoorsSnapshot } from '@penstock/simulator/devices';
import {
  EventQueue,
  type FirewallDrop,
  type Foothold,
  type NetworkHost,
  PacedClock,
  SocketHost,
} from '@penstock/simulator/kernel';
import { AgentSessions } from './agent-sessions.ts';
import { broadcastIn } from './layout.ts';
import { type Begin, type FromDevice, Link, type ToDevice, type Told, wiredTags } from './link.ts';
import { ping } from './ping.ts';
import { onRadio } from './radio.ts';
import { wallMicroseconds } from './wall.ts';

export interface AgentOptions {
  readonly device: string;
  readonly version: string;
  /** Where the range is on the management network. */
  readonly range: { readonly host: string; readonly port: number };
  /** Addresses of this container on the plant's network; the device's own when left out. */
  readonly addresses?: readonly string[];
  /** A file that is touched while the device is as it should be, for health checks. */
  readonly alive?: string;
  /** Called when a run begins, for a firewall: from now on the conduits of the run's plant hold, and `dropped` hears of what did not pass. */
  readonly firewall?: (begin: Begin, dropped: (drop: FirewallDrop) => void) => FirewallControl;
  readonly note: (text: string) => void;
}

/** What a firewall's container can be told. */
export interface FirewallControl {
  revoke(conduit: string): void;
  stop(): void;
}

const RECONNECT_MS = 500;
const STATE_EVERY_MS = 500;
/** Without news of the process for so long the level-0 wiring is broken; a busy machine may hold the range up for some seconds. */
const WIRING_LOST_AFTER_MS = 10_000;
/** Journal entries that wait for the range; an hour of a busy device. */
const MOST_ENTRIES = 50_000;
const MOST_EARLY = 1000;

export class DeviceAgent {
  readonly #options: AgentOptions;
  #link: Link<ToDevice, FromDevice> | undefined;
  /** The same, from when it is asked for. */
  #dialled: Link<ToDevice, FromDevice> | undefined;
  #run: DeviceRun | undefined;
  /** What was said of a run that is being built. */
  #early: Exclude<ToDevice, { t: 'begin' }>[] = [];
  #ended = false;
  #again: NodeJS.Timeout | undefined;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  start(): void {
    this.#connect();
    this.#timers.push(setInterval(() => this.#look(), STATE_EVERY_MS));
  }

  async stop(): Promise<void> {
    this.#ended = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#again);
    this.#dialled?.end();
    await this.#run?.end();
  }

  #connect(): void {
    if (this.#ended) return;
    const { range, device, version } = this.#options;
    const socket = connect({ host: range.host, port: range.port });
    const link = new Link<ToDevice, FromDevice>(
      socket,
      (message) => this.#hear(message),
      () => {
        if (this.#link === link) this.#link = undefined;
        this.#run?.unwired();
        if (!this.#ended) this.#again = setTimeout(() => this.#connect(), RECONNECT_MS);
      },
    );
    this.#dialled = link;
    socket.on('connect', () => {
      this.#link = link;
      link.send({ t: 'hello', device, version, run: this.#run?.begin.run ?? null });
    });
  }

  #look(): void {
    this.#run?.look();
    const { alive } = this.#options;
    if (alive !== undefined && this.#run !== undefined && this.#link !== undefined) writeFileSync(alive, '');
  }

  #hear(message: ToDevice): void {
    if (message.t === 'begin') {
      // One run ends before the next one begins: their ports are the same.
      const before = this.#run;
      this.#run = undefined;
      this.#early = [];
      void Promise.resolve(before?.end()).then(() => {
        if (this.#ended) return;
        const run = new DeviceRun(message, this.#options, (said) => this.#link?.send(said));
        this.#run = run;
        this.#options.note(`${this.#options.device} takes part in ${message.run}`);
        for (const early of this.#early) this.#tell(run, early);
      });
    } else if (this.#run) this.#tell(this.#run, message);
    else if (this.#early.length < MOST_EARLY) this.#early.push(message);
  }

  #tell(run: DeviceRun, message: Exclude<ToDevice, { t: 'begin' }>): void {
    if (message.t === 'resume') run.resumed();
    else run.hear(message);
  }
}

/** The device in one run. */
class DeviceRun {
  readonly begin: Begin;
  readonly #say: (message: FromDevice) => void;
  readonly #queue = new EventQueue();
  readonly #clock: PacedClock;
  readonly #sockets: SocketHost;
  readonly #host: NetworkHost;
  readonly #device: Device;
  readonly #foothold: Foothold;
  readonly #sessions: AgentSessions;
  readonly #wiring: LevelZero;
  readonly #firewall: FirewallControl | undefined;
  readonly #entries: Told[] = [];
  #entryNumber = 0;
  #lost = 0;
  #told = '';
  /** Changes of its doors that the range has heard of. */
  #doorsTold: number;

  constructor(begin: Begin, options: AgentOptions, say: (message: FromDevice) => void) {
    this.begin = begin;
    this.#say = say;
    const spec = begin.plant.devices.find(({ id }) => id === options.device) as DeviceSpec;
    this.#queue.runUntil(Math.max(0, Math.floor(wallMicroseconds() - begin.origin)) as Instant);
    this.#clock = new PacedClock(this.#queue);
    const broadcast = broadcastIn(begin.plant, spec.zone);
    this.#sockets = new SocketHost({
      id: spec.id,
      queue: this.#queue,
      clock: this.#clock,
      addresses: options.addresses ?? [spec.address],
      ...(broadcast !== undefined && { broadcast }),
      ping,
      // At once, so that it is there before what it is about: a controller tells of a write a millisecond later.
      onMark: (mark) => say({ t: 'marks', marks: [mark] }),
      onTrouble: (text) => say({ t: 'trouble', text }),
    });
    const { plant, seed } = begin;
    this.#host =
      spec.kind === 'firewall' ? this.#sockets : onRadio(this.#sockets, plant, spec.zone, { queue: this.#queue, seed });
    const indices = new Map(begin.plant.tags.map(({ id }, i) => [id, i]));
    const tagIndex = (tag: string): number => indices.get(tag) as number;
    this.#wiring = new LevelZero(wiredTags(spec).map(tagIndex), begin.plant.tags.length, (tag, value) =>
      say({ t: 'outputs', orders: [[tag, value]] }),
    );
    const drops: { onDrop: ((drop: FirewallDrop) => void) | undefined } = { onDrop: undefined };
    this.#device = new Device(
      {
        plant: begin.plant,
        queue: this.#queue,
        wiring: this.#wiring,
        journal: {
          wrote: (at, _device, tag, value, outcome, writer) =>
            this.#journal({ at, what: 'wrote', tag, value, outcome, writer }),
          logged: (at, _device, entry) => this.#journal({ at, what: 'logged', entry }),
        },
        programs: new Map(Object.entries(begin.programs)),
        firewall: spec.kind === 'firewall' ? drops : undefined,
        epoch: begin.epoch,
        tagIndex,
        device: (id) => begin.plant.devices.find((one) => one.id === id) as DeviceSpec,
      },
      spec,
      this.#host,
      begin.seed,
    );
    this.#foothold = new DeviceFoothold(this.#device);
    this.#sessions = new AgentSessions(this.#foothold, (session, topic, payload) =>
      say({ t: 'heard', session, topic, payload: payload.slice() }),
    );
    if (begin.doors !== undefined) this.#device.resumeDoors(unpackArrays(begin.doors) as DoorsSnapshot);
    this.#doorsTold = this.#device.doors?.changes ?? 0;
    if (begin.memory !== undefined)
      this.#device.resume(unpackArrays(begin.memory) as ControllerSnapshot, begin.restarted ? this.#queue.now : 0);
    if (begin.outstation !== undefined)
      this.#device.part(Dnp3Service)?.load(unpackArrays(begin.outstation) as OutstationSnapshot);
    // What has been built above took its time, which has passed in the run too.
    this.#queue.runUntil(Math.max(this.#queue.now, Math.floor(wallMicroseconds() - begin.origin)) as Instant);
    this.#clock.start();
    // A controller is wired before it is switched on.
    this.#wiring.whenWired(() => this.#clock.outside({ run: (now) => this.#powerUp(now) }));
    this.#firewall = options.firewall?.(begin, (drop) => {
      this.#clock.outside({ run: (now) => drops.onDrop?.({ ...drop, time: now }) });
    });
  }

  #powerUp(now: Instant): void {
    const { on, restarted } = this.begin;
    if (!on) {
      this.#host.linkDown();
      return;
    }
    if (!restarted) {
      this.#device.start(now);
      return;
    }
    // The container was away: for the plant its power was.
    this.#device.controller?.powerOff(this.#device.controllerTime(now));
    this.#device.powerOn(now);
  }

  hear(message: Exclude<ToDevice, { t: 'begin' | 'resume' }>): void {
    switch (message.t) {
      case 'inputs':
        this.#wiring.take(message.values, message.good);
        break;
      case 'act':
        this.#clock.outside({ run: (now) => this.#act(message, now) });
        break;
      case 'open':
        this.#clock.outside({ run: () => this.#open(message) });
        break;
      case 'ask':
        this.#clock.outside({
          run: () =>
            this.#sessions.work(message.session, message.work, (result) =>
              this.#say({ t: 'reply', id: message.id, ...(result !== undefined && { result }) }),
            ),
        });
        break;
      case 'release':
        this.#clock.outside({ run: () => this.#sessions.release(message.session) });
        break;
      case 'ping':
        this.#foothold.ping?.(message.target, message.cause, (answered) =>
          this.#say({ t: 'answer', id: message.id, answer: String(answered) }),
        );
        break;
      case 'connect':
        this.#foothold.connect?.(message.target, message.port, message.cause, (answer) =>
          this.#say({ t: 'answer', id: message.id, answer }),
        );
        break;
      case 'revoke':
        this.#firewall?.revoke(message.conduit);
        break;
      case 'kept':
        while ((this.#entries[0]?.number ?? Number.POSITIVE_INFINITY) <= message.number) this.#entries.shift();
        break;
    }
  }

  /** The range is there again, in the same run. */
  resumed(): void {
    this.#say({ t: 'outputs', orders: this.#wiring.orders });
    this.#told = '';
    this.#doorsTold = -1;
    if (this.#entries.length > 0) this.#say({ t: 'journal', entries: this.#entries });
    this.look();
  }

  unwired(): void {
    this.#wiring.lose();
  }

  /** Tells how the device stands. */
  look(): void {
    this.#wiring.check();
    const { controller, store, on, doors } = this.#device;
    if (doors !== undefined && doors.changes !== this.#doorsTold) {
      this.#doorsTold = doors.changes;
      const changed = doors.save();
      this.#say({ t: 'doors', ...(changed && { changed: packArrays(changed) }) });
    }
    const memory = controller && packArrays(memoryOf(controller.save(), controller.isOriginal));
    const received = store.times.some((time) => Number.isFinite(time));
    const values = received ? packArrays(store.values) : undefined;
    const times = received ? packArrays(store.times) : undefined;
    const state = {
      ...({ t: 'state', on, up: this.#host.up } as const),
      ...(memory !== undefined && { memory }),
      ...(values !== undefined && { values }),
      ...(times !== undefined && { times }),
    };
    const text = JSON.stringify(state);
    if (text === this.#told) return;
    this.#told = text;
    this.#say(state);
  }

  async end(): Promise<void> {
    this.#clock.stop();
    this.#firewall?.stop();
    await this.#sockets.close();
  }

  #open(opening: Extract<ToDevice, { t: 'open' }>): void {
    try {
      this.#sessions.open(opening.session, opening);
    } catch (error) {
      if (!(error instanceof PenstockError)) throw error;
      this.#say({ t: 'trouble', text: `${this.#device.spec.id}: ${error.message}` });
    }
  }

  #act(act: Extract<ToDevice, { t: 'act' }>, now: Instant): void {
    const device = this.#device;
    if (act.do === 'power-on') {
      this.#host.linkUp();
      if (device.controller?.mode === 'off') device.powerOn(now);
      // What was given firmware that it cannot run does not start any more.
      else if (device.doors?.isBricked !== true) device.start(now);
    } else if (act.do === 'power-off') device.powerOff(now);
    else if (act.do === 'reflash') device.reflash(act.revision, now);
    else if (act.do === 'link-up') device.linkUp();
    else if (act.do === 'link-down') device.linkDown();
    else if (act.do === 'variable') device.variable(act.path)?.set(act.value);
    else if (act.do === 'probe') {
      const zone = this.begin.plant.zones.find(({ id }) => id === act.zone);
      if (zone) device.probe(parseSubnet(zone.subnet), act.ports, act.cause);
    }
  }

  #journal(
    entry: Omit<Extract<Told, { what: 'wrote' }>, 'number'> | Omit<Extract<Told, { what: 'logged' }>, 'number'>,
  ): void {
    const told = { ...entry, number: ++this.#entryNumber } as Told;
    this.#entries.push(told);
    if (this.#entries.length > MOST_ENTRIES) {
      this.#entries.shift();
      if (this.#lost++ === 0)
        this.#say({ t: 'trouble', text: 'the journal of a device overflowed; its oldest entries are gone' });
    }
    this.#say({ t: 'journal', entries: [told] });
  }
}

/** What a controller says of itself twice a second: without its text where that is the plant's, and without its diagnostic buffer. */
const memoryOf = (snapshot: ControllerSnapshot, isOriginal: boolean): ControllerSnapshot => ({
  ...snapshot,
  ...{ source: isOriginal ? '' : snapshot.source, diagnostics: [] },
});

/** The wires between a controller and the process, as far as a container has them. */
class LevelZero {
  readonly #tags: readonly number[];
  readonly #values: Float64Array;
  readonly #good: Uint8Array;
  readonly #orders = new Map<number, number>();
  readonly #tell: (tag: number, value: number) => void;
  #version = 0;
  #heardAt = performance.now();
  #lost = true;
  #onWired: (() => void) | undefined;

  constructor(tags: readonly number[], count: number, tell: (tag: number, value: number) => void) {
    this.#tags = tags;
    this.#values = new Float64Array(count);
    this.#good = new Uint8Array(count);
    this.#tell = tell;
  }

  get orders(): [number, number][] {
    return [...this.#orders];
  }

  /** Calls back with the first news of the process; at once where nothing is wired. */
  whenWired(done: () => void): void {
    if (this.#tags.length === 0) done();
    else this.#onWired = done;
  }

  take(values: readonly (number | null)[], good: readonly (0 | 1)[]): void {
    for (const [i, tag] of this.#tags.entries()) {
      this.#values[tag] = values[i] ?? Number.NaN;
      this.#good[tag] = good[i] ?? 0;
    }
    this.#heardAt = performance.now();
    this.#lost = false;
    this.#version++;
    this.#onWired?.();
    this.#onWired = undefined;
  }

  check(): void {
    if (performance.now() - this.#heardAt > WIRING_LOST_AFTER_MS) this.lose();
  }

  /** Inputs keep what they had, and are marked as bad. */
  lose(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#good.fill(0);
    this.#version++;
  }

  read(tag: number): number {
    return this.#values[tag] as number;
  }

  good(tag: number): boolean {
    return this.#good[tag] === 1;
  }

  command(tag: number, value: number): void {
    if (this.#orders.get(tag) === value) return;
    this.#orders.set(tag, value);
    this.#tell(tag, value);
  }

  version(): number {
    return this.#version;
  }
}
