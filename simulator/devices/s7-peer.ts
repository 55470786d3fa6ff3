/** A device's S7 connection to one controller. */
import { type DeviceSpec, type Instant, PenstockError, type S7ServiceSpec } from '@penstock/core';
import { S7Client, type S7Line, type S7Transaction } from '@penstock/protocols/s7comm';
import { type Cause, type EventQueue, MachineLink, type NetworkHost } from '@penstock/simulator/kernel';
import { ClientPeer, DEPTH } from './client-peer.ts';

/** How a connection introduces itself: a programming device, or an operator's station. */
export const PROGRAMMER = 1;
const OPERATOR = 2;

export class S7Peer extends ClientPeer<S7Transaction, S7Client> implements S7Line {
  /** Of everything that goes over this connection, where it was opened for somebody; a standing one has none. */
  readonly cause: Cause | undefined;

  /** @throws PenstockError `device.no-s7` when the target has no S7 server */
  constructor(queue: EventQueue, host: NetworkHost, target: DeviceSpec, kind: number = OPERATOR, cause?: Cause) {
    const { rack, slot, pduLength, port } = s7ServiceOf(target);
    super(queue, host, target, port, new S7Client({ rack, slot, kind, pduLength, depth: DEPTH }));
    this.cause = cause;
  }

  override submit(transaction: S7Transaction, now: Instant, cause: Cause | undefined = this.cause): boolean {
    return super.submit(transaction, now, cause);
  }

  offer(offer: Parameters<S7Client['offer']>[0]): void {
    this.client.offer(offer);
  }

  withdraw(): void {
    this.client.withdraw();
  }

  protected override linkUntil(closed: (at: Instant) => void): MachineLink {
    return new PeerLink(this.cause, this.queue, this.client, closed);
  }
}

/** @throws PenstockError `device.no-s7` */
export function s7ServiceOf({ id, services }: DeviceSpec): S7ServiceSpec {
  const service = services.find((s): s is S7ServiceSpec => s.protocol === 's7');
  if (service === undefined) throw new PenstockError('device.no-s7', `'${id}' has no S7 server`);
  return service;
}

/** What the client says by itself (setup, parts of a block) is of the same cause as what it was asked for. */
class PeerLink extends MachineLink {
  readonly #cause: Cause | undefined;

  constructor(cause: Cause | undefined, queue: EventQueue, client: S7Client, closed: (at: Instant) => void) {
    super(queue, client, (_, at) => closed(at));
    this.#cause = cause;
  }

  override pump(): void {
    const { connection } = this;
    const cause = this.#cause;
    if (connection !== undefined && cause !== undefined) connection.cause = cause;
    super.pump();
    if (connection !== undefined && cause !== undefined) connection.cause = undefined;
  }
}
