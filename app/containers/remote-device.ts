/**
 * A device that runs in a container, as the range has it: its memory and what it shows are copies that the container sends, what is done to
 * it is sent there. Nothing of it is on the wire in memory.
 */
import { type Instant, PenstockError, unpackArrays } from '@penstock/core';
import type { Subnet } from '@penstock/protocols/ethernet';
import type { ControllerSnapshot } from '@penstock/simulator/controllers';
import { Device, type DoorsSnapshot, type Surroundings } from '@penstock/simulator/devices';
import type { Cause, NetworkHost } from '@penstock/simulator/kernel';
import type { Act, FromDevice, Link, ToDevice } from './link.ts';

/** Requests to one device that wait for an answer; who never answers must not fill the memory. */
const MOST_PENDING = 10_000;

type Listener = (topic: string, payload: Uint8Array) => void;

/** What goes to one container and is waited for; there may be nobody at the other end. */
export class DeviceChannel {
  link: Link<FromDevice, ToDevice> | undefined;
  /** Run that the container was in when it came. */
  run: string | null = null;
  readonly #pending = new Map<number, (answer: Extract<FromDevice, { t: 'reply' | 'answer' }> | undefined) => void>();
  /** Who listens to what sessions with brokers hear, by the number of the session. */
  readonly #listeners = new Map<number, Listener>();
  #count = 0;

  /** `heard` gets what a session hears from now on, until `unheard`. */
  listen(session: number, heard: Listener): void {
    this.#listeners.set(session, heard);
  }

  unheard(session: number): void {
    this.#listeners.delete(session);
  }

  heard({ session, topic, payload }: Extract<FromDevice, { t: 'heard' }>): void {
    this.#listeners.get(session)?.(topic, payload);
  }

  send(message: ToDevice): void {
    this.link?.send(message);
  }

  /** Asks under a number of its own; `done` hears undefined when nobody is there. */
  ask(
    message: (id: number) => ToDevice,
    done: (answer: Extract<FromDevice, { t: 'reply' | 'answer' }> | undefined) => void,
  ): void {
    if (this.link === undefined || this.#pending.size >= MOST_PENDING) {
      done(undefined);
      return;
    }
    const id = ++this.#count;
    this.#pending.set(id, done);
    this.link.send(message(id));
  }

  answered(answer: Extract<FromDevice, { t: 'reply' | 'answer' }>): void {
    const done = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    done?.(answer);
  }

  /** The container is gone: nobody will answer any more. */
  lost(): void {
    this.link = undefined;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    this.#listeners.clear();
    for (const done of waiting) done(undefined);
  }
}

export class RemoteDevice extends Device {
  readonly channel: DeviceChannel;
  #on = false;
  #up = true;
  #sessions = 0;

  constructor(
    surroundings: Surroundings,
    spec: Device['spec'],
    host: NetworkHost,
    seed: number,
    channel: DeviceChannel,
  ) {
    super(surroundings, spec, host, seed);
    this.channel = channel;
  }

  override get on(): boolean {
    return this.#on;
  }

  override get up(): boolean {
    return this.#up && this.channel.link !== undefined;
  }

  override start(): void {
    if (this.#on) return;
    this.#on = true;
    this.#up = true;
    this.#act({ do: 'power-on' });
  }

  override powerOn(): void {
    this.start();
  }

  override powerOff(): void {
    if (!this.#on) return;
    this.#on = false;
    this.#act({ do: 'power-off' });
  }

  /** Its container writes the image and says what its doors keep then. */
  override reflash(revision: string): string | undefined {
    if (this.doors?.firmware === undefined) return 'it has no firmware that can be written';
    this.#on = true;
    this.#up = true;
    this.#act({ do: 'reflash', revision });
    return undefined;
  }

  override linkDown(): void {
    this.#up = false;
    this.#act({ do: 'link-down' });
  }

  override linkUp(): void {
    this.#up = true;
    this.#act({ do: 'link-up' });
  }

  /** The copy is changed at once, the controller itself when its container hears of it. */
  override variable(path: string): ReturnType<Device['variable']> {
    const copy = super.variable(path);
    return (
      copy && {
        get: () => copy.get(),
        set: (value) => {
          copy.set(value);
          this.#act({ do: 'variable', path, value });
        },
      }
    );
  }

  override probe(subnet: Subnet, ports: readonly number[], cause: Cause): void {
    const zone = this.plant.zones.find(({ subnet: text }) => text.startsWith(`${dotted(subnet.network)}/`));
    if (zone) this.#act({ do: 'probe', zone: zone.id, ports, cause });
  }

  /** Number of a new session from this device. */
  nextSession(): number {
    return ++this.#sessions;
  }

  /** Takes what the container says of the device. @throws PenstockError `controller.snapshot` when it is another controller's */
  takeState(state: Extract<FromDevice, { t: 'state' }>): void {
    this.#up = state.up;
    if (state.memory !== undefined && this.controller !== undefined) {
      const snapshot = unpackArrays(state.memory) as ControllerSnapshot;
      const source = snapshot.source || (this.programs.get(this.spec.controller?.program ?? '') as string);
      this.controller.load({ ...snapshot, source });
    }
    if (state.values === undefined || state.times === undefined) return;
    const values = unpackArrays(state.values) as Float64Array;
    const times = unpackArrays(state.times) as Float64Array;
    if (values.length !== this.store.values.length || times.length !== values.length)
      throw new PenstockError('containers.state', `'${this.spec.id}' speaks of ${values.length} tags`);
    this.store.values.set(values);
    this.store.times.set(times);
  }

  /** Takes what its doors keep: what is undefined is as it was delivered. */
  takeDoors(changed: string | undefined): void {
    const { identity, firmware } = this.spec;
    const delivered: DoorsSnapshot = { passwords: {}, revision: identity.revision, isBricked: false };
    if (this.doors === undefined) throw new PenstockError('containers.doors', `'${this.spec.id}' has no doors`);
    const snapshot = changed === undefined ? delivered : (unpackArrays(changed) as DoorsSnapshot);
    if (firmware === undefined && (snapshot.isBricked || snapshot.revision !== identity.revision))
      throw new PenstockError('containers.doors', `'${this.spec.id}' has no firmware that could have changed`);
    this.resumeDoors(snapshot);
  }

  #act(act: Act): void {
    this.channel.send({ t: 'act', ...act });
  }
}

const dotted = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

/** An instant of the run that a container speaks of: never ahead of the range's own. */
export const notAhead = (at: number, now: Instant): Instant => Math.max(0, Math.min(Math.floor(at), now)) as Instant;
