/** A device for tests with all kinds of points, somebody who asks its outstation octet for octet, and a bad line between two stations. */
import { type Instant, NEVER, type PointAccess, START, type WriteOutcome, type Writer } from '@penstock/core';
import type { Dice } from '../../exchange/test/dice.ts';
import {
  type AppFragment,
  Dnp3Outstation,
  decodeFragment,
  encodeFragment,
  encodeLinkFrame,
  type FileEntry,
  FUNCTION,
  type LinkFrame,
  LinkReader,
  type ObjectBlock,
  type OutstationDevice,
  type OutstationFiles,
  type OutstationOptions,
  type OutstationPoint,
  type OutstationSession,
  PRIMARY,
  segment,
  TransportReassembler,
} from '../index.ts';

export const IDENTITY = {
  vendor: 'Weir & Sons',
  productCode: 'WS-70 rev C',
  revision: '4.2.1',
  productName: 'Telemetry outstation',
  modelName: 'WS-70',
};

export const OUTSTATION = 10;
export const MASTER = 1;

/** Ten of each, device points by the hundred: binary inputs from 0, doubles 100, analogs 200, counters 300, binary outputs 400, analog outputs 500, strings 600. */
export function testPoints(): OutstationPoint[] {
  const kinds = [
    'binary',
    'double-bit',
    'analog',
    'counter',
    'binary-output',
    'analog-output',
    'octet-string',
  ] as const;
  return kinds.flatMap((kind, hundred) =>
    Array.from({ length: 10 }, (_, index): OutstationPoint => ({ kind, index, point: 100 * hundred + index })),
  );
}

export interface Written {
  readonly point: number;
  readonly value: number;
  readonly writer: Writer;
}

export class TestDevice implements OutstationDevice, PointAccess {
  readonly values = new Float64Array(700);
  readonly qualities = new Uint8Array(700).fill(1);
  readonly written: Written[] = [];
  readonly strings = new Map<number, Uint8Array>();
  readonly outcomes = new Map<number, WriteOutcome>();

  read(point: number): number {
    return this.values[point] as number;
  }

  flags(point: number): number {
    return this.qualities[point] as number;
  }

  octets(point: number): Uint8Array {
    return this.strings.get(point) ?? new Uint8Array(0);
  }

  writeOctets(point: number, octets: Uint8Array): WriteOutcome {
    this.strings.set(point, octets);
    return 'done';
  }

  check(point: number, _value: number): WriteOutcome {
    return this.outcomes.get(point) ?? 'done';
  }

  write(point: number, value: number, writer: Writer): WriteOutcome {
    const outcome = this.check(point, value);
    if (outcome !== 'done') return outcome;
    this.values[point] = value;
    this.written.push({ point, value, writer });
    return 'done';
  }
}

export class TestFiles implements OutstationFiles {
  readonly files = new Map<string, Uint8Array>();
  readonly readOnly = new Set<string>();

  list(): FileEntry[] {
    return [...this.files].map(([name, { length }]) => ({
      ...{ name, size: length, created: 1_700_000_000_000, writable: !this.readOnly.has(name) },
    }));
  }

  read(name: string): Uint8Array | undefined {
    return this.files.get(name);
  }

  write(name: string, octets: Uint8Array): WriteOutcome {
    this.files.set(name, octets);
    return 'done';
  }

  remove(name: string): WriteOutcome {
    return this.files.delete(name) ? 'done' : 'fault';
  }
}

/** Asks an outstation as a master would, one request at a time, and sees every octet. */
export class Asker {
  readonly outstation: Dnp3Outstation;
  readonly device: TestDevice;
  readonly session: OutstationSession;
  now: Instant = START;
  sequence = 0;
  /** Fragments that came and nobody looked at. */
  readonly inbox: AppFragment[] = [];
  readonly frames: LinkFrame[] = [];
  readonly #reassembler = new TransportReassembler(65_535);
  #segment = 0;

  constructor(options: Partial<OutstationOptions> = {}, device = new TestDevice()) {
    this.device = device;
    this.outstation = new Dnp3Outstation({
      ...{
        address: OUTSTATION,
        masters: [MASTER],
        points: testPoints(),
        device,
        identity: IDENTITY,
        scanEvery: 'never',
      },
      ...options,
    });
    this.session = this.outstation.session('10.1.1.1', 40_000);
    this.session.opened(this.now);
    this.collect();
  }

  /** Sends a fragment, whatever is in it. */
  send(octets: Uint8Array, { source = MASTER, destination = OUTSTATION } = {}): void {
    for (const payload of segment(octets, this.#segment)) {
      this.#segment = (this.#segment + 1) & 0x3f;
      const control = { dir: true, prm: true, fcb: false, fcv: false, function: PRIMARY.unconfirmedUserData } as const;
      this.session.receive(encodeLinkFrame({ control, destination, source, payload }), this.now);
    }
    this.collect();
  }

  /** A request; its answer, or undefined when there is none. */
  ask(
    code: number,
    objects: readonly ObjectBlock[] = [],
    to: { source?: number; destination?: number } = {},
  ): AppFragment | undefined {
    this.sequence = (this.sequence + 1) & 0x0f;
    this.send(this.request(code, objects), to);
    return this.answer();
  }

  request(code: number, objects: readonly ObjectBlock[]): Uint8Array {
    return encodeFragment({
      control: { fir: true, fin: true, con: false, uns: false, seq: this.sequence },
      function: code,
      objects,
    });
  }

  read(...objects: ObjectBlock[]): AppFragment | undefined {
    return this.ask(FUNCTION.read, objects);
  }

  confirm(seq: number, uns = false): void {
    this.send(
      encodeFragment({
        control: { fir: true, fin: true, con: false, uns, seq },
        function: FUNCTION.confirm,
        objects: [],
      }),
    );
  }

  answer(): AppFragment | undefined {
    return this.inbox.shift();
  }

  /** Lets time pass, with everything that is due on the way. */
  pass(microseconds: number): void {
    const until = (this.now + microseconds) as Instant;
    for (let due = this.session.due(); due <= until; due = this.session.due()) {
      this.now = Math.max(this.now, due) as Instant;
      this.session.tick(this.now);
    }
    this.now = until;
    this.collect();
  }

  collect(): void {
    const reader = new LinkReader({
      frame: (frame) => {
        this.frames.push(frame);
        if (frame.payload.length === 0) return;
        const result = this.#reassembler.add(frame.payload);
        const fragment = result.kind === 'fragment' ? decodeFragment(result.fragment) : undefined;
        if (fragment?.problem !== undefined)
          throw new Error(`an answer that is none: ${JSON.stringify(fragment.problem)}`);
        if (fragment?.fragment !== undefined) this.inbox.push(fragment.fragment);
      },
      badHeader: () => {
        throw new Error('a frame with a bad header');
      },
      badData: () => {
        throw new Error('a frame with bad data');
      },
      skipped: () => {
        throw new Error('octets that belong to no frame');
      },
    });
    for (let octets = this.session.take(); octets !== undefined; octets = this.session.take()) reader.receive(octets);
  }
}

/** True in so many of a hundred throws. */
export const percent = (dice: Dice, part: number): boolean => dice.below(10_000) < part * 100;

interface Machine {
  receive(bytes: Uint8Array, now: Instant): void;
  due(): Instant;
  tick(now: Instant): void;
  take(): Uint8Array | undefined;
}

export interface Weather {
  /** Percent of frames. */
  lost: number;
  doubled: number;
  damaged: number;
  /** Microseconds. */
  delay: number;
  jitter: number;
}

export const FAIR: Weather = { lost: 0, doubled: 0, damaged: 0, delay: 1000, jitter: 0 };

/** Two stations and a line that keeps the order of frames and nothing else, as a radio does. */
export class Line {
  now: Instant = START;
  weather: Weather = FAIR;
  readonly #ends: readonly [Machine, Machine];
  readonly #dice: Dice;
  readonly #onTheWay: [{ at: number; octets: Uint8Array }[], { at: number; octets: Uint8Array }[]] = [[], []];

  constructor(one: Machine, other: Machine, dice: Dice) {
    this.#ends = [one, other];
    this.#dice = dice;
  }

  /** Runs until then; `act` may do something at its times, and says when next. */
  run(until: Instant, act: (now: Instant) => Instant): void {
    let acts = act(this.now);
    for (;;) {
      this.#carry();
      const next = Math.min(acts, this.#ends[0].due(), this.#ends[1].due(), this.#arrival(0), this.#arrival(1));
      if (next > until) break;
      this.now = Math.max(this.now, next) as Instant;
      for (const side of [0, 1] as const) {
        while (this.#arrival(side) <= this.now) {
          const frame = this.#onTheWay[side].shift() as { octets: Uint8Array };
          this.#ends[side].receive(frame.octets, this.now);
        }
        if (this.#ends[side].due() <= this.now) this.#ends[side].tick(this.now);
      }
      if (acts <= this.now) acts = act(this.now);
    }
    this.now = until;
  }

  #arrival(side: 0 | 1): Instant {
    return (this.#onTheWay[side][0]?.at ?? NEVER) as Instant;
  }

  #carry(): void {
    for (const from of [0, 1] as const) {
      const way = this.#onTheWay[from === 0 ? 1 : 0];
      for (let octets = this.#ends[from].take(); octets !== undefined; octets = this.#ends[from].take()) {
        const { lost, doubled, damaged, delay, jitter } = this.weather;
        if (percent(this.#dice, lost)) continue;
        const copies = percent(this.#dice, doubled) ? 2 : 1;
        for (let i = 0; i < copies; i++) {
          const at = Math.max(way.at(-1)?.at ?? 0, this.now + delay + this.#dice.below(jitter + 1));
          const sent = octets.slice();
          if (percent(this.#dice, damaged)) sent[this.#dice.below(sent.length)] = this.#dice.below(256);
          way.push({ at, octets: sent });
        }
      }
    }
  }
}
