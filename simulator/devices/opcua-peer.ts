/** A device's OPC UA connection to one server. */
import { type DeviceSpec, type Instant, type OpcUaServiceSpec, PenstockError } from '@penstock/core';
import {
  OpcUaClient,
  OpcUaRequest,
  type RequestOf,
  type ResponseOf,
  type ServiceName,
  STATUS,
} from '@penstock/protocols/opcua';
import type { Cause, EventQueue, OpcUaLogin, OpcUaSession } from '@penstock/simulator/kernel';
import { ClientPeer } from './client-peer.ts';
import type { DeviceContext } from './context.ts';

/** Whoever a client is part of, and what it says of itself. */
export interface OpcUaStation extends Pick<DeviceContext, 'queue' | 'host' | 'clock' | 'plant'> {
  readonly spec: Pick<DeviceSpec, 'id' | 'name' | 'identity'>;
}

/** The OPC UA server of a device. @throws PenstockError `device.no-opcua` when it has none */
export function opcuaServiceOf({ id, services }: DeviceSpec): OpcUaServiceSpec {
  const service = services.find((s): s is OpcUaServiceSpec => s.protocol === 'opcua');
  if (service === undefined) throw new PenstockError('device.no-opcua', `'${id}' has no OPC UA server`);
  return service;
}

export class OpcUaPeer extends ClientPeer<OpcUaRequest<ServiceName>, OpcUaClient> {
  readonly #cause: Cause | undefined;

  /** @throws PenstockError `device.no-opcua` when the target has no OPC UA server */
  constructor(
    { queue, host, spec, clock, plant }: OpcUaStation,
    target: DeviceSpec,
    login: OpcUaLogin = {},
    cause?: Cause,
  ) {
    const service = opcuaServiceOf(target);
    const { domain } = plant.network;
    const client = new OpcUaClient({
      endpointUrl: `opc.tcp://${target.id}.${domain}:${service.port}`,
      applicationUri: login.applicationUri ?? `urn:${spec.id}.${domain}:opcua:client`,
      applicationName: spec.name,
      productUri: `urn:${spec.identity.vendor}:${spec.identity.productCode}`.replaceAll(' ', '-'),
      sessionName: login.session ?? spec.name,
      user: login.user,
      clock,
    });
    super(queue, host, target, service.port, client);
    this.#cause = cause;
  }

  /** Closes the session and the channel with a goodbye, then the connection. */
  leave(): void {
    this.client.close(this.queue.now);
    this.close();
  }

  /** The client itself, for subscriptions. */
  get speaker(): OpcUaClient {
    return this.client;
  }

  override submit(request: OpcUaRequest<ServiceName>, now: Instant, cause: Cause | undefined = this.#cause): boolean {
    return super.submit(request, now, cause);
  }
}

/** Calls over a session with one server: a standing one, or one of its own that ends with it. */
export class PeerOpcUaSession implements OpcUaSession {
  readonly #queue: EventQueue;
  readonly #peer: OpcUaPeer;
  readonly #own: boolean;

  constructor(queue: EventQueue, peer: OpcUaPeer, own: boolean) {
    this.#queue = queue;
    this.#peer = peer;
    this.#own = own;
  }

  request<N extends ServiceName>(
    service: N,
    body: RequestOf<N>,
    cause: Cause,
    done: (response: ResponseOf<N> | undefined, status: number, now: Instant) => void,
  ): void {
    const queue = this.#queue;
    const request: OpcUaRequest<N> = new OpcUaRequest(service, body, ({ response, status }, now) =>
      done(response, status, now),
    );
    if (!this.#peer.submit(request as unknown as OpcUaRequest<ServiceName>, queue.now, cause))
      queue.in(0 as never, { run: (now) => done(undefined, STATUS.badNotConnected, now) });
  }

  release(): void {
    if (!this.#own) return;
    this.#peer.leave();
  }
}
