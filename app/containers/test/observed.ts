/** A tap that is heard late and without causes, and agents that tell them: what a cause book finds beside what the tap knows. */
import { fileURLToPath } from 'node:url';
import { scenarioSchema } from '@penstock/attacks';
import { type FrameSink, type Instant, parseYamlText, seconds } from '@penstock/core';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { Play, readPlant } from '@penstock/range';
import type { EventQueue, Host, Mark, TcpConnection, Wire } from '@penstock/simulator/kernel';
import { CauseBook, type Caused } from '../cause-book.ts';

/** Frames wait so long to be put in order, while what was told of them is on its way. */
const WINDOW = 150_000;
export const NONE = new Uint8Array(1);

interface Labelled {
  readonly frame: number;
  readonly actor: string;
  readonly step: string;
  readonly response: boolean;
}

/**
 * Listens to a wire as range and agents do to a real network: frames come later and without their causes, marks are told when something is
 * sent. What the tap knows is kept beside it as the truth.
 */
export class Observed implements FrameSink {
  readonly book: CauseBook;
  readonly truth: Labelled[] = [];
  readonly found: Labelled[] = [];
  readonly #queue: EventQueue;
  readonly #epoch: number;
  readonly #waiting: { time: number; bytes: Uint8Array; isHeld: boolean }[] = [];
  readonly #since: number;
  readonly #box: string | undefined;
  #fed = 0;

  /**
   * @param box MAC (as hex) of who makes frames of its own and marks each of them
   * @param since microseconds of the run from which on the sensor is there
   */
  constructor(wire: Wire, options: { zones?: CauseBookZones; box?: string; since?: number } = {}) {
    this.#queue = wire.queue;
    this.#epoch = wire.tap.epoch;
    this.#since = options.since ?? 0;
    this.#box = options.box;
    this.book = new CauseBook({
      now: () => this.#epoch + wire.queue.now,
      ...(options.zones && { zones: options.zones }),
    });
    wire.tap.attach(this);
    wire.tap.listen({
      caused: (frame, time, cause, response) => {
        if (time >= this.#since) this.truth.push({ frame, actor: cause.actor, step: cause.step, response });
        const bytes = this.#waiting.at(-1)?.bytes ?? NONE;
        if (!response && Buffer.from(bytes.subarray(6, 12)).toString('hex') === this.#box)
          this.tell({ kind: 'frame', local: NOBODY, remote: NOBODY, sent: bytes, cause: { ...cause } });
      },
    });
  }

  frame(time: number, buffer: Uint8Array, start: number, end: number): void {
    this.#waiting.push({ time, bytes: buffer.slice(start, end), isHeld: false });
  }

  tell(mark: Mark): void {
    this.book.mark([mark]);
  }

  /** Runs the wire to a time, and has the book look at what was on it. */
  run(until: number): void {
    while (this.#queue.now < until) {
      this.#queue.runUntil(Math.min(until, this.#queue.now + 20_000) as Instant);
      this.#feed(this.#epoch + this.#queue.now - WINDOW);
    }
  }

  end(): void {
    this.#feed(Number.POSITIVE_INFINITY);
  }

  #feed(until: number): void {
    while (this.#waiting.length > 0 && (this.#waiting[0] as { time: number }).time <= until) {
      const { time, bytes } = this.#waiting.shift() as { time: number; bytes: Uint8Array };
      const frame = ++this.#fed;
      if (time - this.#epoch < this.#since) continue;
      const caused: Caused | undefined = this.book.causeOf(bytes, time);
      if (caused)
        this.found.push({ frame, actor: caused.cause.actor, step: caused.cause.step, response: caused.response });
    }
  }
}

type CauseBookZones = NonNullable<ConstructorParameters<typeof CauseBook>[0]>['zones'];
const NOBODY = { address: '0.0.0.0', port: 0 };

/** Has connections of the wire in memory tell what an agent on sockets tells: what was sent for whom, at which place of the stream. */
export class Agents {
  readonly #offsets = new WeakMap<object, number>();
  tell: (mark: Mark) => void = () => {};

  /** What is sent with a cause, and the SYN of what is opened with one. */
  watch(host: Host): void {
    const prototype = host.tcp;
    const sendSyn = prototype.sendSyn.bind(prototype);
    prototype.sendSyn = (connection, ...rest) => {
      this.#hook(host, connection);
      const { cause } = connection;
      // The SYN is byte -1 of the stream.
      if (cause && !connection.passive)
        this.tell({ kind: 'bytes', ...ends(host, connection), from: -1, to: 0, sent: NONE, cause: { ...cause } });
      sendSyn(connection, ...rest);
    };
    const udp = host.udp.bind(host);
    host.udp = (port, handler) => {
      const socket = udp(port, handler);
      const send = socket.send.bind(socket);
      socket.send = (address, to, bytes, start = 0, end = bytes.length) => {
        const local = { address: formatIpv4(host.address), port: port === 0 ? 0 : socket.port };
        const remote = { address: formatIpv4(address), port: to };
        if (socket.cause)
          this.tell({ kind: 'datagram', local, remote, sent: bytes.slice(start, end), cause: { ...socket.cause } });
        send(address, to, bytes, start, end);
      };
      return socket;
    };
    const ping = host.ping.bind(host);
    host.ping = (address, done, size, cause) => {
      const remote = { address: formatIpv4(address), port: 0 };
      if (cause)
        this.tell({ kind: 'ping', local: { address: formatIpv4(host.address), port: 0 }, remote, cause: { ...cause } });
      ping(address, done, size, cause);
    };
  }

  #hook(host: Host, connection: TcpConnection): void {
    if (this.#offsets.has(connection)) return;
    this.#offsets.set(connection, 0);
    const send = connection.send.bind(connection);
    connection.send = (bytes, start = 0, end = bytes.length) => {
      const from = this.#offsets.get(connection) as number;
      if (connection.writable) {
        this.#offsets.set(connection, from + end - start);
        if (connection.cause) {
          const sent = bytes.slice(start, end);
          const cause = { ...connection.cause };
          this.tell({ kind: 'bytes', ...ends(host, connection), from, to: from + sent.length, sent, cause });
        }
      }
      return send(bytes, start, end);
    };
  }
}

const ends = (host: Host, { localPort, remoteAddress, remotePort }: TcpConnection) => ({
  local: { address: formatIpv4(host.address), port: localPort },
  remote: { address: formatIpv4(remoteAddress), port: remotePort },
});

/** What a tap saw of four minutes of a plant of range/test under attack, and what the book made of them. */
export async function underAttack(name: string, text: string): Promise<Observed> {
  const plant = await readPlant(fileURLToPath(new URL(`../../../range/test/${name}`, import.meta.url)));
  const scenario = parseYamlText(text, 'overfill.yaml', scenarioSchema);
  const agents = new Agents();
  let observed: Observed | undefined;
  const play = new Play({
    ...{ plant, run: 'test', seed: 7, startAt: 0 as never },
    outside: ({ range }) => {
      const { wire } = range.network;
      for (const host of wire.hosts) agents.watch(host);
      const zones = range.spec.zones.map(({ subnet }) => ({ subnet, gateway: subnet.replace(/0\/24$/, '1') }));
      observed = new Observed(wire, { zones });
      agents.tell = (mark) => observed?.tell(mark);
    },
  });
  // Everybody looks for everybody at the beginning; who needs whom first is not to be told apart.
  observed?.run(seconds(5));
  play.launch({ spec: scenario, variant: 'attack', now: true });
  observed?.run(seconds(245));
  observed?.end();
  play.finish();
  return observed as unknown as Observed;
}
