/** A device's connection to a server of one other device: opened when needed, opened again after a loss, shared by all who speak through it. */
import { type DeviceSpec, type Instant, type StreamMachine, seconds } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import {
  type Cause,
  type Connection,
  type EventQueue,
  MachineLink,
  type NetworkHost,
} from '@penstock/simulator/kernel';

/** Clients of this trade wait a little before they dial again. */
const RETRY_AFTER = seconds(5);
const CONNECT_TIMEOUT = seconds(5);
/** Requests in flight at a time; field devices commonly take four. */
export const DEPTH = 4;

/** A protocol's client: takes transactions, and is told when its connection is gone. */
interface Client<Transaction> extends StreamMachine {
  submit(transaction: Transaction, now: Instant): boolean;
  disconnected(now: Instant): void;
}

export class ClientPeer<Transaction, Speaker extends Client<Transaction>> {
  readonly target: string;
  protected readonly client: Speaker;
  protected readonly queue: EventQueue;
  readonly #host: NetworkHost;
  readonly #address: number;
  readonly #port: number;
  #link: MachineLink | undefined;
  #connection: Connection | undefined;
  #notBefore = 0;

  constructor(queue: EventQueue, host: NetworkHost, target: DeviceSpec, port: number, client: Speaker) {
    this.target = target.id;
    this.queue = queue;
    this.#host = host;
    this.#address = parseIpv4(target.address);
    this.#port = port;
    this.client = client;
  }

  /** Whether requests can be sent, or will be once the handshake is through. */
  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** Sends a transaction; it ends as `closed` when there is no connection. A cause marks its frames in the truth journal. */
  submit(transaction: Transaction, now: Instant, cause?: Cause): boolean {
    const connection = this.#dial(now, cause);
    if (connection === undefined) return false;
    connection.cause = cause;
    const taken = this.client.submit(transaction, now);
    this.#link?.pump();
    connection.cause = undefined;
    return taken;
  }

  /** Ends the connection with a goodbye. */
  close(): void {
    this.#connection?.close();
  }

  /** The device lost power: what was under way is gone, and the next request dials anew. */
  forget(now: Instant): void {
    this.#connection = undefined;
    this.#link = undefined;
    this.#notBefore = 0;
    this.client.disconnected(now);
  }

  /** What runs the client on a connection. */
  protected linkUntil(closed: (at: Instant) => void): MachineLink {
    return new MachineLink(this.queue, this.client, (_, at) => closed(at));
  }

  #dial(now: Instant, cause: Cause | undefined): Connection | undefined {
    if (this.#connection !== undefined) return this.#connection;
    if (now < this.#notBefore) return undefined;
    const link = this.linkUntil((at) => {
      if (this.#link !== link) return;
      this.#connection = undefined;
      this.#link = undefined;
      this.#notBefore = at + RETRY_AFTER;
      this.client.disconnected(at);
    });
    this.#link = link;
    this.#connection = link.dial(this.#host, this.#address, this.#port, { timeout: CONNECT_TIMEOUT, cause });
    return this.#connection;
  }
}
