/** A device for tests: a controller with a program, points of every type over its variables, a server, a client that is wired to it. */
import {
  type Instant,
  type PointAccess,
  type PointSpec,
  seconds,
  type WriteOutcome,
  type Writer,
} from '@penstock/core';
import { Controller } from '@penstock/simulator/controllers';
import { S7Client, S7Engineer, S7Memory, S7Server, type S7ServerOptions, type S7Transaction } from '../index.ts';

type S7 = NonNullable<PointSpec['s7']>;

function point(tag: string, s7: Partial<S7> & Pick<S7, 'type'>, more: Partial<PointSpec> = {}): PointSpec {
  const area = s7.area ?? 'DB';
  return { tag, writable: true, ...more, s7: { area, byte: 0, scale: 1, ...(area === 'DB' && { db: 1 }), ...s7 } };
}

/** Every type in DB1; bits with a gap; inputs, outputs and memory bits; a counter and a timer. Byte 3 and bytes 5 to 7 belong to nobody. */
export const POINTS: readonly PointSpec[] = [
  point('BIT0', { byte: 0, bit: 0, type: 'bool' }),
  point('BIT1', { byte: 0, bit: 1, type: 'bool' }),
  point('BIT7', { byte: 0, bit: 7, type: 'bool' }, { writable: false }),
  point('BYTE', { byte: 1, type: 'byte' }),
  point('CHAR', { byte: 2, type: 'char' }),
  point('LOW', { byte: 4, type: 'byte' }, { accepts: [0, 100] }),
  point('WORD', { byte: 8, type: 'word' }),
  point('INT', { byte: 10, type: 'int', scale: 0.1 }),
  point('DWORD', { byte: 12, type: 'dword' }),
  point('DINT', { byte: 16, type: 'dint' }),
  point('REAL', { byte: 20, type: 'real' }),
  point('TIME', { byte: 24, type: 'time', scale: 0.001 }),
  point('S5T', { byte: 28, type: 's5time', scale: 0.001 }),
  point('LEVEL', { db: 2, byte: 0, type: 'real' }, { writable: false }),
  point('M_INT', { area: 'M', byte: 10, type: 'int' }),
  point('I_BIT', { area: 'I', byte: 0, bit: 3, type: 'bool' }, { writable: false }),
  point('Q_BIT', { area: 'Q', byte: 1, bit: 2, type: 'bool' }),
  point('FIRST_COUNT', { area: 'C', byte: 0, type: 'counter' }),
  point('COUNT', { area: 'C', byte: 3, type: 'counter' }),
  point('FIRST_TIMER', { area: 'T', byte: 0, type: 'timer', scale: 0.001 }),
  point('TIMER', { area: 'T', byte: 5, type: 'timer', scale: 0.001 }),
];

const TYPE: Readonly<Record<string, string>> = {
  ...{ bool: 'BOOL', byte: 'USINT', char: 'USINT', word: 'UINT', counter: 'UINT', dword: 'UDINT', dint: 'DINT' },
};
/** Many tags here are words of the language. */
const variableOf = (tag: string): string => `V_${tag}`;
const variables = POINTS.map(({ tag, s7 }) => `  ${variableOf(tag)} : ${TYPE[s7?.type ?? ''] ?? 'REAL'};`);

/** Counts its scans in `Scans`; `V_LEVEL` shows which text runs. */
export const program = (gain = 1): string =>
  `VAR_GLOBAL\n${variables.join('\n')}\n  Scans : DINT;\n  Gain : REAL := ${gain.toFixed(1)};\nEND_VAR\nPROGRAM Main\n  Scans := Scans + 1;\n  V_LEVEL := ${gain.toFixed(1)};\nEND_PROGRAM\n`;

export const IDENTITY = {
  vendor: 'Siemens',
  productCode: '6ES7 315-2EH14-0AB0',
  revision: 'V3.2.8',
  productName: 'CPU 315-2 PN/DP',
  modelName: 'CPU 315-2 PN/DP',
  application: 'Filters',
};

export interface WrittenPoint {
  readonly tag: string;
  readonly value: number;
  readonly outcome: WriteOutcome;
  readonly writer: Writer;
}

export class TestDevice {
  readonly points = POINTS.map((spec) => ({ ...spec, variable: variableOf(spec.tag) }));
  readonly controller: Controller;
  readonly access: PointAccess;
  readonly written: WrittenPoint[] = [];
  readonly notices: string[] = [];
  /** Microseconds since 1970. */
  time = Date.UTC(2026, 2, 2, 8) * 1000;
  readonly server: S7Server;

  constructor(options: Partial<S7ServerOptions> = {}) {
    this.controller = new Controller({
      spec: {
        ...{ program: 'main.st', tasks: [{ program: 'Main', every: seconds(1) }], inputs: [], outputs: [] },
        ...{ key: 'remote', watchdog: 1000 },
      },
      points: this.points,
      source: program(),
      file: 'main.st',
      io: { inputs: 0, readInput: () => 0, inputGood: () => true, writeOutput: () => {} },
    });
    const { controller } = this;
    this.access = {
      read: (index) => controller.read(index),
      check: (index, value) => controller.check(index, value),
      write: (index, value, writer) => {
        const outcome = controller.write(index, value, writer);
        this.written.push({ tag: (POINTS[index] as PointSpec).tag, value, outcome, writer });
        return outcome;
      },
    };
    this.server = new S7Server({
      memory: new S7Memory(this.points, 'test device'),
      points: this.access,
      identity: IDENTITY,
      cpu: controller,
      clock: {
        now: () => this.time,
        set: (time) => {
          this.time = time;
          return 'done';
        },
      },
      stationName: 'FILTERS',
      plantName: 'WORKS',
      serialNumber: 'S C-X4U421302009',
      onNotice: (notice, { address }) => this.notices.push(`${notice} ${address}`),
      ...options,
    });
  }

  index(tag: string): number {
    return POINTS.findIndex((candidate) => candidate.tag === tag);
  }

  value(tag: string): number {
    return this.controller.read(this.index(tag));
  }

  /** Sets a variable as the program would. */
  set(tag: string, value: number): void {
    this.controller.variable(variableOf(tag)).set(value);
  }
}

type Session = ReturnType<S7Server['session']>;

/** A client and a session of a server, back to back. */
export class Wired {
  readonly client: S7Client;
  readonly session: Session;
  readonly engineer: S7Engineer;
  now = 0 as Instant;

  constructor(server: S7Server, options: ConstructorParameters<typeof S7Client>[0] = {}, mayWrite = true) {
    this.client = new S7Client(options);
    this.session = server.session('10.9.2.10', 50_000, mayWrite);
    this.engineer = new S7Engineer(this.client);
  }

  /** Carries bytes both ways until nobody has any; `cut` bytes at a time. */
  run(cut = Number.POSITIVE_INFINITY): void {
    for (let round = 0; round < 10_000; round++) {
      const up = this.client.take();
      const down = this.session.take();
      if (up === undefined && down === undefined) return;
      for (const [bytes, to] of [
        [up, this.session],
        [down, this.client],
      ] as const)
        for (let at = 0; bytes !== undefined && at < bytes.length; at += cut)
          to.receive(bytes.subarray(at, Math.min(bytes.length, at + cut)), this.now);
    }
    throw new Error('client and server talk for ever');
  }

  /** Submits, carries, and returns the transaction. */
  ask<T extends S7Transaction>(transaction: T): T {
    if (!this.client.submit(transaction, this.now)) throw new Error('not taken');
    this.run();
    return transaction;
  }

  /** What a sequence came to. */
  did<T>(act: (done: (outcome: T, now: Instant) => void) => void): T {
    let result: T | undefined;
    act((outcome) => {
      result = outcome;
    });
    this.run();
    if (result === undefined) throw new Error('the sequence has not ended');
    return result;
  }
}
