/**
 * The range's end of the management channel: who takes part, level-0 wiring between the process and the controllers, and everything that
 * devices tell for the truth journal. For the range it is the site where its devices are.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { DeviceSpec, PlantSpec } from '@penstock/core';
import { packArrays } from '@penstock/core';
import type { Play, Range, Site } from '@penstock/range';
import { type Device, Dnp3Service, type Surroundings } from '@penstock/simulator/devices';
import {
  type Cause,
  type Foothold,
  type Mark,
  type NetworkHost,
  type OutsideEntry,
  relayedFrom,
} from '@penstock/simulator/kernel';
import type { OptionValue } from '@penstock/simulator/process';
import type { Layout } from './layout.ts';
import { type Begin, type FromDevice, Link, type ToDevice, type Told, wiredTags } from './link.ts';
import { DeviceChannel, notAhead, RemoteDevice } from './remote-device.ts';
import { RemoteFoothold } from './remote-foothold.ts';

export interface HubOptions {
  readonly plant: PlantSpec;
  readonly layout: Layout;
  readonly version: string;
  /** Where devices report; the range's address on the management network. */
  readonly host: string;
  readonly port: number;
  /** Devices are known by the address that they come from; anybody is taken where this is false (tests on loopback). */
  readonly checkAddresses?: boolean;
  readonly note: (text: string) => void;
  readonly onMarks: (marks: readonly Mark[]) => void;
  /** Who caused a write from there, as far as marks tell. */
  readonly causeOf: (address: string, port: number) => Cause | undefined;
}

/** What a run is for the devices; known once it is built. */
export interface HubRun {
  readonly play: Play;
  readonly clock: OutsideEntry;
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly origin: number;
  /** Numbers of journal entries that are on disk already, by device: a range that came back in the middle of a run. */
  readonly kept?: Readonly<Record<string, number>>;
}

const OFFERS: readonly FromDevice['t'][] = [
  'hello',
  'outputs',
  'state',
  'doors',
  'journal',
  'marks',
  'reply',
  'answer',
  'heard',
  'trouble',
];

const MARKS_COME_WITHIN_MS = 100;
/** Of an act that another one's led to, the other's mark may come later; asked for so often, all of it before a frame is looked at. */
const RELAY_ASK_EVERY_MS = 25;
const RELAY_ASKS = 4;
/** Marks that wait for whose they are; beyond it they are nobody's, as those whose cause is not found. */
const MOST_RELAYED = 10_000;

export class Hub implements Site {
  readonly #options: HubOptions;
  readonly #server: Server;
  readonly #channels = new Map<string, DeviceChannel>();
  readonly #devices = new Map<string, RemoteDevice>();
  readonly #received = new Map<string, number>();
  readonly #sockets = new Set<Socket>();
  readonly #wired = new Map<string, readonly number[]>();
  readonly #registered = new Set<string>();
  #entry: OutsideEntry | undefined;
  #run: HubRun | undefined;
  #onRegistered: () => void = () => {};
  #closing = false;
  #relayed = 0;

  private constructor(options: HubOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#welcome(socket));
    for (const { id } of options.plant.devices) this.#channels.set(id, new DeviceChannel());
  }

  /** @throws Error when the address cannot be listened at */
  static async listen(options: HubOptions): Promise<Hub> {
    const hub = new Hub(options);
    await new Promise<void>((resolve, reject) => {
      hub.#server.once('error', reject);
      hub.#server.listen(options.port, options.host, () => resolve());
    });
    return hub;
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : this.#options.port;
  }

  get registered(): ReadonlySet<string> {
    return this.#registered;
  }

  /** Devices that have registered and are there now. */
  get present(): number {
    return [...this.#channels.values()].filter(({ link }) => link !== undefined).length;
  }

  /** Resolves when every device of the plant has registered, or after `milliseconds` with those that have not. */
  async gathered(milliseconds: number): Promise<string[]> {
    const missing = (): string[] =>
      this.#options.plant.devices.map(({ id }) => id).filter((id) => !this.#registered.has(id));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#onRegistered = () => {
        if (missing().length > 0) return;
        clearTimeout(timer);
        resolve();
      };
      this.#onRegistered();
    });
    this.#onRegistered = () => {};
    return missing();
  }

  // What the range asks of its site

  device(surroundings: Surroundings, spec: DeviceSpec, host: NetworkHost, seed: number): Device {
    const device = new RemoteDevice(surroundings, spec, host, seed, this.#channels.get(spec.id) as DeviceChannel);
    this.#devices.set(spec.id, device);
    this.#wired.set(
      spec.id,
      wiredTags(spec).map((tag) => surroundings.tagIndex(tag)),
    );
    return device;
  }

  foothold(device: Device): Foothold {
    return new RemoteFoothold(device as RemoteDevice, {
      outside: (task) => (this.#entry as OutsideEntry).outside(task),
    });
  }

  revoke(conduit: string): void {
    const firewall = this.#options.plant.devices.find(({ kind }) => kind === 'firewall');
    if (firewall) this.#channels.get(firewall.id)?.send({ t: 'revoke', conduit });
  }

  stepped({ engine }: Range): void {
    for (const [id, tags] of this.#wired) {
      if (tags.length === 0) continue;
      const channel = this.#channels.get(id);
      if (channel?.link === undefined) continue;
      channel.send({
        t: 'inputs',
        values: tags.map((tag) => engine.measured(tag)),
        good: tags.map((tag) => (engine.good(tag) ? 1 : 0)),
      });
    }
  }

  /** The run is built: everybody who is there takes part from now on. */
  begin(run: HubRun): void {
    this.#run = run;
    this.#entry = run.clock;
    this.#received.clear();
    for (const [id, number] of Object.entries(run.kept ?? {})) this.#received.set(id, number);
    for (const id of this.#channels.keys()) this.#take(id, run.kept !== undefined);
    this.stepped(run.play.range);
  }

  /** What has been journaled is on disk now; the numbers, for a range that comes back. */
  kept(): Record<string, number> {
    // Said to those too that told nothing: an answer now and then keeps neighbours in the tables of the operating systems.
    for (const [id, channel] of this.#channels) channel.send({ t: 'kept', number: this.#received.get(id) ?? 0 });
    return Object.fromEntries(this.#received);
  }

  /** The run is over; devices stay and wait for the next one. */
  forget(): void {
    this.#run = undefined;
    this.#entry = undefined;
    this.#devices.clear();
    this.#wired.clear();
  }

  close(): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    return closed;
  }

  // What devices say

  #welcome(socket: Socket): void {
    if (this.#closing) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    let device: string | undefined;
    const link = new Link<FromDevice, ToDevice>(
      socket,
      (message) => {
        if (!OFFERS.includes(message?.t)) socket.destroy();
        else if (message.t === 'hello') device = this.#hello(link, message);
        else if (device === undefined) socket.destroy();
        else this.#hear(device, message);
      },
      () => {
        this.#sockets.delete(socket);
        const channel = device === undefined ? undefined : this.#channels.get(device);
        if (channel?.link !== link) return;
        channel.lost();
        this.#options.note(`${device} is gone`);
        this.#journal(device as string, 'absent', 'its container is gone');
      },
    );
  }

  #hello(link: Link<FromDevice, ToDevice>, hello: Extract<FromDevice, { t: 'hello' }>): string | undefined {
    const { device, run, version } = hello;
    const { layout, note, checkAddresses = true, version: own } = this.#options;
    const channel = this.#channels.get(device);
    const refuse = (why: string): undefined => {
      note(`refused a container that says it is '${device}': ${why}`);
      link.end();
    };
    if (channel === undefined) return refuse('the plant has no such device');
    if (checkAddresses && link.remoteAddress !== layout.managementOf(device))
      return refuse(`it comes from ${link.remoteAddress}, not ${layout.managementOf(device)}`);
    if (version !== own) return refuse(`it is of version ${version}, the range of ${own}; build the image again`);
    channel.link?.end();
    channel.lost();
    channel.link = link;
    channel.run = run;
    this.#registered.add(device);
    if (this.#run) {
      this.#take(device, true);
      this.#journal(device, 'present', run === null ? 'its container is there' : 'its container is there again');
      this.stepped(this.#run.play.range);
    }
    this.#onRegistered();
    return device;
  }

  /** Lets a container that is there take part; one that was in this run already goes on. */
  #take(id: string, restarted: boolean): void {
    const channel = this.#channels.get(id);
    if (channel?.link === undefined || this.#run === undefined) return;
    if (channel.run === this.#run.play.range.run) channel.send({ t: 'resume' });
    else this.#tell(id, restarted);
    channel.run = this.#run.play.range.run;
  }

  #tell(id: string, restarted: boolean): void {
    const { play, options, origin } = this.#run as HubRun;
    const { range } = play;
    const device = this.#devices.get(id);
    // A device that this run leaves out has a container, which does nothing.
    if (device === undefined) return;
    this.#received.delete(id);
    const { controller } = device;
    // What a container that died had to tell is gone with it.
    const outstation = restarted ? undefined : device.part(Dnp3Service)?.save();
    const doors = device.doors?.save();
    const begin: Begin = {
      t: 'begin',
      ...{ run: range.run, plant: range.spec, options, seed: range.seed, epoch: range.epoch, origin, restarted },
      programs: device.spec.controller
        ? { [device.spec.controller.program]: range.plant.programs.get(device.spec.controller.program) as string }
        : {},
      on: device.on,
      ...(controller && { memory: packArrays({ ...controller.save(), diagnostics: [] }) }),
      ...(outstation && { outstation: packArrays(outstation) }),
      ...(doors && { doors: packArrays(doors) }),
    };
    device.channel.send(begin);
  }

  #hear(id: string, message: Exclude<FromDevice, { t: 'hello' }>): void {
    const device = this.#devices.get(id);
    const run = this.#run;
    if (device === undefined || run === undefined) return;
    switch (message.t) {
      case 'outputs':
        run.clock.outside({
          run: () => {
            for (const [tag, value] of message.orders)
              if (this.#isWired(id, tag)) run.play.range.engine.command(tag, value);
          },
        });
        break;
      case 'state':
        device.takeState(message);
        break;
      case 'doors':
        device.takeDoors(message.changed);
        break;
      case 'journal':
        // Who acts from elsewhere tells it a little later than the controller tells of the write.
        setTimeout(() => this.#journalled(device, message.entries), MARKS_COME_WITHIN_MS);
        break;
      case 'marks':
        this.#marked(message.marks);
        break;
      case 'reply':
      case 'answer':
        device.channel.answered(message);
        break;
      case 'heard':
        device.channel.heard(message);
        break;
      case 'trouble':
        this.#options.note(message.text);
        break;
    }
  }

  #marked(marks: readonly Mark[]): void {
    const { onMarks } = this.#options;
    const known = marks.filter(({ cause }) => relayedFrom(cause) === undefined);
    if (known.length > 0) onMarks(known);
    for (const mark of marks) if (relayedFrom(mark.cause) !== undefined) this.#relay(mark, RELAY_ASKS);
  }

  /** An act because of what came from elsewhere is the act of whoever sent that. */
  #relay(mark: Mark, asks: number): void {
    const from = relayedFrom(mark.cause);
    if (from === undefined || this.#closing) return;
    const cause = this.#options.causeOf(from.address, from.port);
    if (cause !== undefined) {
      this.#options.onMarks([{ ...mark, cause: { actor: cause.actor, step: cause.step } }]);
      return;
    }
    if (asks === 0 || this.#relayed >= MOST_RELAYED) return;
    this.#relayed++;
    setTimeout(() => {
      this.#relayed--;
      this.#relay(mark, asks - 1);
    }, RELAY_ASK_EVERY_MS);
  }

  #journalled(device: RemoteDevice, entries: readonly Told[]): void {
    const { id } = device.spec;
    const run = this.#run;
    // The run may have ended meanwhile.
    if (run === undefined || this.#devices.get(id) !== device) return;
    for (const entry of entries) {
      if (entry.number <= (this.#received.get(id) ?? 0)) continue;
      this.#received.set(id, entry.number);
      const at = notAhead(entry.at, run.play.range.queue.now);
      if (entry.what === 'logged') device.journal.logged(at, id, entry.entry);
      else {
        const { tag, value, outcome, writer } = entry;
        device.journal.wrote(at, id, tag, value, outcome, writer, this.#options.causeOf(writer.address, writer.port));
      }
    }
  }

  /** Only what a controller is wired to moves. */
  #isWired(id: string, tag: number): boolean {
    return this.#wired.get(id)?.includes(tag) === true;
  }

  #journal(device: string, id: 'absent' | 'present', text: string): void {
    const run = this.#run;
    const known = this.#devices.get(device);
    if (run && known)
      known.journal.logged(run.play.range.queue.now, device, {
        severity: 4,
        id: `container-${id}`,
        text,
        parameters: {},
      });
  }
}
