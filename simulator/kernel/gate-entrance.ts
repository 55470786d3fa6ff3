/**
 * Where connections from outside join the wire: as the trainee's host, past the firewall like anybody else. No sockets here, so
 * that a journal of what came in makes the same frames again.
 */
import { type Instant, minutes, NEVER, PenstockError } from '@penstock/core';
import type { Ipv4Address } from '@penstock/protocols/ethernet';
import { DelayLine } from './deadlines.ts';
import type { Cause } from './foothold.ts';
import type { EventQueue } from './queue.ts';
import type { TcpConnection } from './tcp-connection.ts';
import type { CloseReason, TcpHandler } from './tcp-inbox.ts';
import type { UdpSocket } from './udp.ts';
import type { Wire } from './wire.ts';

/**
 * What came in at a gate, as the journal keeps it. `open`: a tool connected, or sent its first datagram; `data`: bytes of a connection, or
 * one datagram; `end`: it has sent all it will; `reset`: it went away; `hold` and `release`: it stopped and resumed reading. `connection`
 * counts a run's connections and flows of datagrams from 1.
 */
export type GateRecord =
  | {
      readonly time: Instant;
      readonly connection: number;
      readonly kind: 'open';
      readonly gate: string;
      readonly from: string;
      /** Who opened it, where they told over the management channel (an adversary in another process). Only the truth knows. */
      readonly cause?: Cause | undefined;
    }
  | { readonly time: Instant; readonly connection: number; readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly time: Instant; readonly connection: number; readonly kind: 'end' | 'reset' | 'hold' | 'release' };

/** Where a gate leads on the wire. */
export interface GateTarget {
  /** `dosing-plc:502`, `services:123/udp` */
  readonly gate: string;
  readonly address: Ipv4Address;
  readonly port: number;
  readonly transport: 'tcp' | 'udp';
}

/** The socket's side of a connection; a replay has none. */
export interface GateOutlet {
  /** Bytes are valid during the call. */
  data(buffer: Uint8Array, start: number, end: number): void;
  /** The device has sent all it will. */
  ended(): void;
  /** The wire takes more again, after `data` was not accepted. */
  drained(): void;
  closed(reason: CloseReason): void;
}

/**
 * A flow of datagrams ends when neither side has spoken for this long in the run's time, at the latest after twice as long; address
 * translators wait as long (RFC 4787 REQ-5).
 */
const IDLE = minutes(2);

/** One tool's datagrams to one service: a socket of the trainee's host. */
interface DatagramFlow {
  readonly number: number;
  readonly target: GateTarget;
  readonly socket: UdpSocket;
  readonly outlet: GateOutlet | undefined;
  /** When either side spoke last. */
  spoke: Instant;
  deadline: Instant;
}

export class GateEntrance {
  readonly #wire: Wire;
  readonly #targets: ReadonlyMap<string, GateTarget>;
  readonly #connections = new Map<number, TcpConnection>();
  readonly #flows = new Map<number, DatagramFlow>();
  readonly #idle: DelayLine<DatagramFlow>;

  constructor(wire: Wire, targets: readonly GateTarget[]) {
    this.#wire = wire;
    this.#targets = new Map(targets.map((target) => [target.gate, target]));
    this.#idle = new DelayLine(
      wire.queue,
      IDLE,
      (flow) => flow.deadline,
      (flow, now) => this.#waited(flow, now),
    );
  }

  /** Connections that stand or are being opened, and flows of datagrams. */
  get open(): number {
    return this.#connections.size + this.#flows.size;
  }

  /**
   * Does on the wire what a record says; must run as the outside event of its time. Returns false when the connection has more waiting
   * than it should: the tool must hold back until `drained`. Records of a connection that has ended are passed over.
   * @throws PenstockError `gate.unknown` for a gate that this range does not have, `wire.host` for an unknown host.
   */
  apply(record: GateRecord, outlet?: GateOutlet): boolean {
    if (record.kind === 'open') {
      this.#open(record, outlet);
      return true;
    }
    const connection = this.#connections.get(record.connection);
    if (connection === undefined) {
      const flow = this.#flows.get(record.connection);
      if (flow !== undefined && record.kind === 'data') this.#datagram(flow, record.bytes);
      return true;
    }
    switch (record.kind) {
      case 'data':
        return connection.send(record.bytes) || !connection.writable;
      case 'end':
        connection.close();
        return true;
      case 'reset':
        connection.abort();
        return true;
      case 'hold':
        connection.pause();
        return true;
      case 'release':
        connection.resume();
        return true;
    }
  }

  #open(record: Extract<GateRecord, { kind: 'open' }>, outlet: GateOutlet | undefined): void {
    const { connection: number, gate, from } = record;
    const target = this.#targets.get(gate);
    if (target === undefined)
      throw new PenstockError('gate.unknown', `there is no gate '${gate}' (${[...this.#targets.keys()].join(', ')})`);
    const host = this.#wire.host(from);
    const cause: Cause = record.cause ?? { actor: `gate:${host.segment.id}`, step: `connection-${number}` };
    if (target.transport === 'udp') {
      const socket = host.udp(0, (buffer, start, end, address, port) => {
        if (address !== target.address || port !== target.port) return;
        flow.spoke = this.#wire.queue.now;
        outlet?.data(buffer, start, end);
      });
      socket.cause = cause;
      const flow: DatagramFlow = { number, target, socket, outlet, spoke: this.#wire.queue.now, deadline: NEVER };
      flow.deadline = this.#idle.set(flow);
      this.#flows.set(number, flow);
      return;
    }
    const handler: TcpHandler = {
      data: (buffer, start, end) => outlet?.data(buffer, start, end),
      // The tool decides when its own side ends.
      ended: () => outlet?.ended(),
      drained: () => outlet?.drained(),
      closed: (reason) => {
        this.#connections.delete(number);
        outlet?.closed(reason);
      },
    };
    this.#connections.set(number, host.connect(target.address, target.port, handler, { cause }));
  }

  #datagram(flow: DatagramFlow, bytes: Uint8Array): void {
    const { socket, target } = flow;
    flow.spoke = this.#wire.queue.now;
    socket.send(target.address, target.port, bytes);
  }

  /** A flow is looked at once in a while, not set anew for every datagram. */
  #waited(flow: DatagramFlow, now: Instant): void {
    if (now - flow.spoke < IDLE) {
      flow.deadline = this.#idle.set(flow);
      return;
    }
    this.#flows.delete(flow.number);
    flow.socket.close();
    flow.outlet?.closed('timeout');
  }
}

/** Schedules a journal of what came in, for a run that is to be executed again. Call before the run starts. */
export function replayGates(queue: EventQueue, entrance: GateEntrance, journal: Iterable<GateRecord>): void {
  for (const record of journal) queue.outside(record.time, { run: () => void entrance.apply(record) });
}
