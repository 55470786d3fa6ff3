/**
 * DNP3 for captures: our outstation and master, or somebody who says what he likes, whose octets become segments of a connection. The
 * sensor sits beside the master; behind it there is a radio link, on which time passes and frames are lost.
 */
import { type Instant, milliseconds, type PointAccess, seconds } from '@penstock/core';
import {
  type AppFragment,
  Dnp3Master,
  Dnp3Outstation,
  encodeFragment,
  encodeLinkFrame,
  type MasterOptions,
  type ObjectBlock,
  type OutstationOptions,
  type OutstationPoint,
  type OutstationSession,
  PRIMARY,
  segment,
} from '@penstock/protocols/dnp3';
import type { Lan, Session } from './lan.ts';

const OUTSTATION = 10;
const MASTER = 1;

const POINTS: readonly OutstationPoint[] = [
  { kind: 'binary', index: 0, point: 0 },
  { kind: 'analog', index: 0, point: 1, variation: 5 },
  { kind: 'binary-output', index: 0, point: 2, class: 2 },
  { kind: 'analog-output', index: 0, point: 3, variation: 3, class: 2 },
  { kind: 'counter', index: 0, point: 4 },
];
const IDENTITY = {
  ...{ vendor: 'Weir & Sons', productCode: 'WS-70', revision: '4.2.1' },
  ...{ productName: 'Telemetry outstation', modelName: 'WS-70' },
};

/** A booster station: a pump that runs, the pressure behind it, its mode, its set point, what it has pumped. */
export class Booster {
  readonly values = [1, 5.2, 0, 5, 1000];
  readonly flags = [1, 1, 1, 1, 1];
  readonly files = new Map<string, Uint8Array>([
    ['booster.st', new TextEncoder().encode('PROGRAM Booster\nEND_PROGRAM\n')],
  ]);
  readonly outstation: Dnp3Outstation;

  constructor(lan: Lan, options: Partial<OutstationOptions> = {}) {
    const points: PointAccess = {
      read: (point) => this.values[point] as number,
      write: (point, value) => {
        this.values[point] = value;
        return 'done';
      },
    };
    const epoch = lan.time / 1000;
    let ahead = 0;
    this.outstation = new Dnp3Outstation({
      address: OUTSTATION,
      masters: [MASTER],
      anyMaster: true,
      points: POINTS,
      device: {
        ...points,
        flags: (point) => this.flags[point] as number,
        restart: () => seconds(5),
        application: () => 'done',
      },
      identity: IDENTITY,
      clock: {
        read: (now) => Math.floor(epoch + now / 1000 + ahead),
        set: (time, now) => {
          ahead = time - epoch - now / 1000;
          return 'done';
        },
      },
      files: {
        list: () =>
          [...this.files].map(([name, { length }]) => ({ name, size: length, created: 1.7e12, writable: true })),
        read: (name) => this.files.get(name),
        write: (name, octets) => {
          this.files.set(name, octets);
          return 'done';
        },
        remove: (name) => (this.files.delete(name) ? 'done' : 'fault'),
      },
      unsolicited: {},
      ...options,
    });
  }
}

/** Which frames do not arrive: asked for every one. `up` goes to the outstation. */
export type Loss = (way: 'up' | 'down') => boolean;

export interface LineOptions {
  readonly booster?: Booster;
  readonly loss?: Loss;
  /** One way on the radio, seconds. */
  readonly latency?: number;
  /** The outstation opens the connection. */
  readonly dialsBack?: boolean;
}

abstract class Radio {
  readonly lan: Lan;
  readonly session: Session;
  readonly booster: Booster;
  readonly #start: number;
  readonly #loss: Loss;
  readonly #latency: number;
  readonly #dialsBack: boolean;
  protected readonly far: OutstationSession;

  constructor(lan: Lan, from: string, to: string, { booster = new Booster(lan), ...options }: LineOptions) {
    this.lan = lan;
    const { loss, latency = 0.05, dialsBack = false } = options;
    this.session = dialsBack ? lan.connect(to, from, 20_000) : lan.connect(from, to, 20_000);
    this.#dialsBack = dialsBack;
    this.booster = booster;
    this.#start = lan.time;
    this.#loss = loss ?? (() => false);
    this.#latency = latency;
    this.far = booster.outstation.session(from, 50_000);
  }

  protected get now(): Instant {
    return (this.lan.time - this.#start) as Instant;
  }

  /** Waits until then, if it is not past. */
  protected until(at: Instant): void {
    this.lan.time = Math.max(this.lan.time, this.#start + at);
  }

  protected up(octets: Uint8Array): void {
    if (this.#dialsBack) this.session.answer(octets);
    else this.session.send(octets);
    if (this.#loss('up')) return;
    this.lan.wait(this.#latency);
    this.far.receive(octets, this.now);
  }

  /** @returns whether the outstation had something to say */
  protected down(): Uint8Array | undefined {
    for (let octets = this.far.take(); octets !== undefined; octets = this.far.take()) {
      if (this.#loss('down')) continue;
      this.lan.wait(this.#latency);
      if (this.#dialsBack) this.session.send(octets);
      else this.session.answer(octets);
      return octets;
    }
    return undefined;
  }
}

/** A master at work. */
export class Dnp3Line extends Radio {
  readonly master: Dnp3Master;

  constructor(
    lan: Lan,
    from: string,
    to: string,
    options: LineOptions & { readonly master?: Partial<MasterOptions>; readonly confirmed?: boolean } = {},
  ) {
    super(lan, from, to, options);
    const epoch = lan.time / 1000;
    this.master = new Dnp3Master({
      address: MASTER,
      outstation: OUTSTATION,
      handler: {},
      eventEvery: seconds(5),
      clock: (now) => epoch + now / 1000,
      link: { confirmed: options.confirmed === true, datagrams: false },
      ...options.master,
    });
    this.far.opened(this.now);
    this.master.opened(this.now);
    this.#pump();
  }

  /** Goes on for so long. @param each called every second, for what happens at the station */
  run(time: number, each: (second: number) => void = () => {}): this {
    const end = (this.now + seconds(time)) as Instant;
    for (let second = 0; this.now < end; ) {
      const next = (end - seconds(time) + seconds(second)) as Instant;
      const due = Math.min(this.master.due(), this.far.due(), next, end) as Instant;
      this.until(due);
      if (this.now >= next) each(second++);
      this.far.tick(this.now);
      this.master.tick(this.now);
      this.#pump();
      // Nothing may be due at this very moment for ever.
      if (due >= this.now) this.until((this.now + milliseconds(1)) as Instant);
    }
    return this;
  }

  /** Something that the master is asked to do, and the time that it takes. */
  work(act: (master: Dnp3Master, now: Instant) => unknown, time = 2): this {
    act(this.master, this.now);
    this.#pump();
    return this.run(time);
  }

  #pump(): void {
    for (;;) {
      const up = this.master.take();
      if (up !== undefined) this.up(up);
      const down = this.down();
      if (down !== undefined) this.master.receive(down, this.now);
      if (up === undefined && down === undefined) return;
    }
  }
}

/** Somebody with his own tool: says one request after the other, whatever the outstation makes of it. */
export class Dnp3Tool extends Radio {
  readonly #addresses: { readonly master: number; readonly outstation: number };
  #sequence = 7;
  #segment = 0;

  constructor(
    lan: Lan,
    from: string,
    to: string,
    options: LineOptions & { readonly master?: number; readonly outstation?: number } = {},
  ) {
    super(lan, from, to, options);
    this.#addresses = { master: options.master ?? MASTER, outstation: options.outstation ?? OUTSTATION };
    this.far.opened(this.now);
    this.#hear();
  }

  /** @param control what differs from a usual request: its number, for one */
  say(
    code: number,
    objects: readonly ObjectBlock[] = [],
    control: Partial<AppFragment['control']> = {},
    to?: number,
  ): this {
    this.#sequence = control.seq ?? (this.#sequence + 1) & 0x0f;
    const head = { fir: true, fin: true, con: false, uns: false, ...control, seq: this.#sequence };
    for (const payload of segment(encodeFragment({ control: head, function: code, objects }), this.#segment)) {
      this.#segment = (this.#segment + 1) & 0x3f;
      this.link(PRIMARY.unconfirmedUserData, to, payload);
    }
    return this;
  }

  /** One link frame. */
  link(code: number, to = this.#addresses.outstation, payload: Uint8Array = new Uint8Array(0)): this {
    const control = { dir: true, prm: true, fcb: false, fcv: false, function: code } as const;
    this.up(encodeLinkFrame({ control, destination: to, source: this.#addresses.master, payload }));
    this.#hear();
    return this;
  }

  /** A response as the station would send it, of somebody's making. */
  answer(fragment: AppFragment): this {
    for (const payload of segment(encodeFragment(fragment), this.#segment)) {
      this.#segment = (this.#segment + 1) & 0x3f;
      const control = { dir: false, prm: true, fcb: false, fcv: false, function: PRIMARY.unconfirmedUserData } as const;
      const { master: destination, outstation: source } = this.#addresses;
      this.session.answer(encodeLinkFrame({ control, destination, source, payload }));
    }
    return this;
  }

  #hear(): void {
    while (this.down() !== undefined);
  }
}
