/**
 * Runs a protocol's state machine on a TCP connection: feeds what arrives, keeps its time, sends what it has to say. When the
 * other side does not take what is sent, nothing more is read from it.
 */
import { type Instant, NEVER, type StreamMachine } from '@penstock/core';
import type { Ipv4Address } from '@penstock/protocols/ethernet';
import type { Connection, NetworkHost } from './network.ts';
import type { EventQueue, Task } from './queue.ts';
import type { CloseReason, TcpHandler } from './tcp-inbox.ts';
import type { ConnectOptions } from './tcp-stack.ts';

export class MachineLink implements TcpHandler, Task {
  readonly machine: StreamMachine;
  readonly #queue: EventQueue;
  #connection: Connection | undefined = undefined;
  readonly #onClosed: ((reason: CloseReason, now: Instant) => void) | undefined;
  #scheduled: Instant = NEVER;
  #over = false;

  constructor(queue: EventQueue, machine: StreamMachine, onClosed?: (reason: CloseReason, now: Instant) => void) {
    this.#queue = queue;
    this.machine = machine;
    this.#onClosed = onClosed;
  }

  /** The link as the handler of a listener's connection: `listen(502, (c) => new MachineLink(queue, server()).attach(c))`. */
  attach(connection: Connection): this {
    this.#connection = connection;
    return this;
  }

  /** Opens a connection that this link handles. @throws PenstockError as `Host.connect` does. */
  dial(host: NetworkHost, address: Ipv4Address, port: number, options?: ConnectOptions): Connection {
    this.#connection = host.connect(address, port, this, options);
    return this.#connection;
  }

  /** The connection that the machine runs on. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Call after the machine was given something to do from outside (a request to send). */
  pump(): void {
    const connection = this.#connection;
    if (this.#over || connection === undefined) return;
    const machine = this.machine;
    let room = true;
    if (machine.takeTo !== undefined) room = machine.takeTo(connection);
    else for (let bytes = machine.take(); bytes !== undefined; bytes = machine.take()) room = connection.send(bytes);
    if (!room) connection.pause();
    if (machine.closing) {
      connection.close();
      return;
    }
    const due = machine.due();
    if (due < this.#scheduled) {
      this.#scheduled = Math.max(due, this.#queue.now) as Instant;
      this.#queue.at(this.#scheduled, this);
    }
  }

  open(): void {
    this.pump();
  }

  data(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    const machine = this.machine;
    if (machine.receiveRange !== undefined) machine.receiveRange(buffer, start, end, now);
    else machine.receive(buffer.subarray(start, end), now);
    this.pump();
  }

  drained(): void {
    this.#connection?.resume();
  }

  closed(reason: CloseReason, now: Instant): void {
    this.#over = true;
    this.#onClosed?.(reason, now);
  }

  /** The machine's time has come, or an earlier plan of it. */
  run(now: Instant): void {
    if (now !== this.#scheduled) return;
    this.#scheduled = NEVER;
    if (this.#over) return;
    if (this.machine.due() <= now) this.machine.tick(now);
    this.pump();
  }
}
