/** S7 conversations for captures: our client and server, whose bytes become segments of a connection. */
import { createHash } from 'node:crypto';
import type { CpuAccess, Instant, PointSpec, WriteOutcome } from '@penstock/core';
import {
  AREA_CODES,
  addressOfBytes,
  S7Client,
  S7Engineer,
  S7Memory,
  S7PointWrite,
  S7Read,
  S7Server,
  S7Transaction,
} from '@penstock/protocols/s7comm';
import type { Lan, Session } from './lan.ts';

/** What the owner's papers know by its hash. */
export const GOOD_PROGRAM = 'PROGRAM Wash\n  (* as it was commissioned *)\nEND_PROGRAM\n';
export const OTHER_PROGRAM = 'PROGRAM Wash\n  (* as somebody wants it *)\nEND_PROGRAM\n';

/** Points of the filters' controller: a set point, a mode, a level. */
const POINTS: readonly PointSpec[] = [
  { tag: 'FIC201', writable: true, s7: { area: 'DB', db: 10, byte: 0, type: 'real', scale: 1 } },
  { tag: 'HS201', writable: true, s7: { area: 'DB', db: 10, byte: 4, bit: 0, type: 'bool', scale: 1 } },
  { tag: 'PDT201', writable: false, s7: { area: 'DB', db: 10, byte: 6, type: 'int', scale: 0.1 } },
];

class Cpu implements CpuAccess {
  mode: 'running' | 'stopped' = 'running';
  readonly key = 'remote';
  source = GOOD_PROGRAM;
  readonly forces = [];
  readonly diagnostics = { list: () => [] };

  get hash(): string {
    return createHash('sha256').update(this.source).digest('hex');
  }

  requestMode(mode: 'run' | 'stop'): WriteOutcome {
    this.mode = mode === 'run' ? 'running' : 'stopped';
    return 'done';
  }

  download(source: string): WriteOutcome {
    this.source = source;
    return 'done';
  }

  erase(): WriteOutcome {
    this.source = '';
    return 'done';
  }
}

export class S7Line {
  readonly engineer: S7Engineer;
  readonly session: Session;
  readonly now = 0 as Instant;
  /** What the points hold. */
  readonly values = [150, 0, 12.3];
  readonly #client = new S7Client({ kind: 1 });
  readonly #memory: S7Memory;
  readonly #server: ReturnType<S7Server['session']>;

  constructor(lan: Lan, from: string, to: string) {
    this.session = lan.connect(from, to, 102);
    const { values } = this;
    this.#memory = new S7Memory(POINTS, to);
    const server = new S7Server({
      memory: this.#memory,
      points: {
        read: (point) => values[point] as number,
        write: (point, value) => {
          values[point] = value;
          return 'done';
        },
      },
      identity: {
        ...{ vendor: 'Siemens', productCode: '6ES7 315-2EH14-0AB0', revision: 'V3.2.8' },
        ...{ productName: 'CPU 315-2 PN/DP', modelName: 'SIMATIC 300' },
      },
      cpu: new Cpu(),
      clock: { now: () => lan.time, set: () => 'done' },
      stationName: 'FILTERS',
      protection: { level: 1, password: 'weir' },
    });
    this.#server = server.session(from, 50_000);
    this.engineer = new S7Engineer(this.#client);
    this.run();
  }

  /** Sends a request as it is, and carries what follows. */
  ask(request: ConstructorParameters<typeof S7Transaction>[0]): S7Transaction {
    const transaction = new S7Transaction(request);
    this.#submit(transaction);
    return transaction;
  }

  /** Writes one point by its tag. */
  write(tag: string, value: number): void {
    const entry = this.#memory.entry(POINTS.findIndex((point) => point.tag === tag));
    if (entry === undefined) throw new Error(`no point ${tag}`);
    this.#submit(new S7PointWrite(entry).set(value));
  }

  /** Reads bytes of a data block. */
  read(db: number, byte: number, count: number): void {
    this.#submit(new S7Read([addressOfBytes({ area: AREA_CODES.DB, db }, byte, count)]));
  }

  #submit(transaction: S7Transaction): void {
    this.#client.submit(transaction, this.now);
    this.run();
  }

  /** Carries bytes both ways until nobody has any. */
  run(): void {
    for (;;) {
      const up = this.#client.take();
      if (up !== undefined) {
        this.session.send(up);
        this.#server.receive(up, this.now);
      }
      const down = this.#server.take();
      if (down !== undefined) {
        this.session.answer(down);
        this.#client.receive(down, this.now);
      }
      if (up === undefined && down === undefined) return;
    }
  }

  /** One step of an engineer's work. */
  work(act: (engineer: S7Engineer, now: Instant, done: () => void) => void): void {
    act(this.engineer, this.now, () => {});
    this.run();
  }
}
