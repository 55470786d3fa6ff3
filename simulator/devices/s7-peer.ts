/** A device's S7 connection to one controller: opened when needed, opened again after a loss, shared by all who speak through it. */
import { type DeviceSpec, type Instant, PenstockError, type S7ServiceSpec, seconds } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { S7Client, type S7Line, type S7Transaction } from '@penstock/protocols/s7comm';
import {
  type Cause,
  type Connection,
  type EventQueue,
  MachineLink,
  type NetworkHost,
} from '@penstock/simulator/kernel';

const RETRY_AFTER = seconds(5);
const CONNECT_TIMEOUT = seconds(5);
/** Jobs in flight at a time. */
const DEPTH = 4;
/** How a connection introduces itself: a programming device, or an operator's station. */
export const PROGRAMMER = 1;
const OPERATOR = 2;

export class S7Peer implements S7Line {
  readonly target: string;
  readonly #queue: EventQueue;
  readonly #host: NetworkHost;
  readonly #address: number;
  readonly #port: number;
  readonly #client: S7Client;
  #link: MachineLink | undefined;
  #connection: Connection | undefined;
  #notBefore = 0;
  /** Of everything that goes over this connection, where it was opened for somebody; a standing one has none. */
  readonly cause: Cause | undefined;

  /** @throws PenstockError `device.no-s7` when the target has no S7 server */
  constructor(queue: EventQueue, host: NetworkHost, target: DeviceSpec, kind: number = OPERATOR, cause?: Cause) {
    const service = target.services.find((s): s is S7ServiceSpec => s.protocol === 's7');
    if (service === undefined) throw new PenstockError('device.no-s7', `'${target.id}' has no S7 server`);
    const { rack, slot, pduLength, port } = service;
    this.target = target.id;
    this.cause = cause;
    this.#queue = queue;
    this.#host = host;
    this.#address = parseIpv4(target.address);
    this.#port = port;
    this.#client = new S7Client({ rack, slot, kind, pduLength, depth: DEPTH });
  }

  /** Sends a transaction; it ends as `closed` when there is no connection. Frames are marked with `cause` in the truth journal. */
  submit(transaction: S7Transaction, now: Instant, cause: Cause | undefined = this.cause): boolean {
    const connection = this.#dial(now, cause);
    if (connection === undefined) return false;
    connection.cause = cause;
    const taken = this.#client.submit(transaction, now);
    this.#link?.pump();
    connection.cause = undefined;
    return taken;
  }

  offer(offer: Parameters<S7Client['offer']>[0]): void {
    this.#client.offer(offer);
  }

  withdraw(): void {
    this.#client.withdraw();
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
    this.#client.disconnected(now);
  }

  #dial(now: Instant, cause: Cause | undefined): Connection | undefined {
    if (this.#connection !== undefined) return this.#connection;
    if (now < this.#notBefore) return undefined;
    const link = new PeerLink(this, this.#queue, this.#client, (at) => {
      if (this.#link !== link) return;
      this.#connection = undefined;
      this.#link = undefined;
      this.#notBefore = at + RETRY_AFTER;
      this.#client.disconnected(at);
    });
    this.#link = link;
    this.#connection = link.dial(this.#host, this.#address, this.#port, { timeout: CONNECT_TIMEOUT, cause });
    return this.#connection;
  }
}

/** What the client says by itself (setup, parts of a block) is of the same cause as what it was asked for. */
class PeerLink extends MachineLink {
  readonly #peer: S7Peer;

  constructor(peer: S7Peer, queue: EventQueue, client: S7Client, closed: (at: Instant) => void) {
    super(queue, client, (_, at) => closed(at));
    this.#peer = peer;
  }

  override pump(): void {
    const { connection } = this;
    const { cause } = this.#peer;
    if (connection !== undefined && cause !== undefined) connection.cause = cause;
    super.pump();
    if (connection !== undefined && cause !== undefined) connection.cause = undefined;
  }
}
