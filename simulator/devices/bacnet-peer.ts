/** A device's end of its BACnet conversations: one socket for all whom it speaks to, shared by all who speak through it. */
import { type BacnetServiceSpec, type DeviceSpec, type Instant, NEVER, PenstockError } from '@penstock/core';
import { BACNET_PORT, BacnetClient, type ClientHandler, type Peer } from '@penstock/protocols/bacnet';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import type { Cause, Datagrams, Task } from '@penstock/simulator/kernel';
import type { DeviceContext } from './context.ts';
import { broadcastOf } from './parts/bacnet-service.ts';

/** The host that a client is on: a device, or one without. */
export interface BacnetStation extends Pick<DeviceContext, 'queue' | 'host' | 'plant'> {
  readonly spec: Pick<DeviceSpec, 'zone' | 'address'>;
}

export class BacnetPeer implements Task {
  readonly client: BacnetClient;
  readonly #context: BacnetStation;
  readonly #port: number;
  readonly #broadcast: number;
  #socket: Datagrams | undefined;
  #planned: Instant = NEVER;

  /** @param port its own; 0 for a free one, where notifications to everybody are not heard */
  constructor(context: BacnetStation, port: number, handler: ClientHandler) {
    this.#context = context;
    this.#port = port;
    this.#broadcast = broadcastOf(context.plant, context.spec.zone);
    const address = parseIpv4(context.spec.address);
    this.client = new BacnetClient({ link: { port: BACNET_PORT, address }, handler });
  }

  start(): void {
    this.#socket ??= this.#context.host.udp(
      this.#port,
      (buffer, start, end, address, port, now) => {
        if (this.#context.host.owns(address)) return;
        this.client.receive(buffer, start, end, address, port, now);
        this.#flush();
      },
      'everybody',
    );
  }

  /** What was under way is gone. */
  stop(now: Instant): void {
    this.#socket?.close();
    this.#socket = undefined;
    this.client.close(now);
    while (this.client.take() !== undefined);
  }

  /** Sends what `act` asks of the client. */
  speak(act: (client: BacnetClient, now: Instant) => void, cause?: Cause): void {
    this.#flush();
    if (this.#socket !== undefined) this.#socket.cause = cause;
    act(this.client, this.#context.queue.now);
    this.#flush();
    if (this.#socket !== undefined) this.#socket.cause = undefined;
  }

  /** Marks what a request sends with its cause, whenever its turn comes. */
  marking(cause: Cause): (under: boolean) => void {
    return (under) => {
      this.#flush();
      if (this.#socket !== undefined) this.#socket.cause = under ? cause : undefined;
    };
  }

  run(now: Instant): void {
    if (now !== this.#planned) return;
    this.#planned = NEVER;
    if (this.#socket === undefined) return;
    this.client.tick(now);
    this.#flush();
  }

  #flush(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    for (let out = this.client.take(); out !== undefined; out = this.client.take())
      socket.send(out.address ?? this.#broadcast, out.port, out.octets);
    const due = this.client.due();
    if (due >= this.#planned) return;
    this.#planned = Math.max(due, this.#context.queue.now) as Instant;
    this.#context.queue.at(this.#planned, this);
  }
}

/** The service of a device that speaks BACnet. @throws PenstockError `device.no-bacnet` */
export function bacnetServiceOf(target: DeviceSpec): BacnetServiceSpec {
  const service = target.services.find((s): s is BacnetServiceSpec => s.protocol === 'bacnet');
  if (service === undefined) throw new PenstockError('device.no-bacnet', `'${target.id}' has no BACnet service`);
  return service;
}

/** Where a device that speaks BACnet is. @throws PenstockError `device.no-bacnet` */
export const bacnetAddress = (target: DeviceSpec): Peer => ({
  address: parseIpv4(target.address),
  port: bacnetServiceOf(target).port,
});
