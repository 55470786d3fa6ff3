/** A session with an OPC UA server without security, over a socket of this machine: a device's gate. */
import { connect, type Socket } from 'node:net';
import { type Instant, seconds } from '@penstock/core';
import { OpcUaClient, OpcUaRequest, type RequestOf, type ServiceName } from '@penstock/protocols/opcua';

/** How often deadlines are looked at, milliseconds. */
const LOOK = 100;

export interface Place {
  readonly host: string;
  readonly port: number;
}

export class OpcUaLine {
  readonly #client: OpcUaClient;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;

  constructor({ host, port }: Place, user: { readonly name: string; readonly password: string } | undefined) {
    this.#client = new OpcUaClient({
      endpointUrl: `opc.tcp://${host}:${port}`,
      applicationUri: 'urn:penstock:opcua-front',
      applicationName: 'OPC UA front',
      user,
      clock: { now: () => Date.now() * 1000 },
      timeout: seconds(10),
    });
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on('data', (bytes) => {
      this.#client.receive(bytes, now());
      this.#flush();
    });
    this.#socket.on('close', () => this.#client.disconnected(now()));
    this.#socket.on('error', () => this.#socket.destroy());
    this.#timer = setInterval(() => {
      this.#client.tick(now());
      this.#flush();
    }, LOOK);
    this.#timer.unref();
  }

  /** Whether calls can be made. A line that is closed stays so. */
  get open(): boolean {
    return !this.#socket.destroyed && !this.#client.closing;
  }

  /** Why nobody is logged on: a status code. */
  get failure(): number | undefined {
    return this.#client.failure;
  }

  /** Ends always: with a response, or without one and with a status. */
  ask<N extends ServiceName>(service: N, body: RequestOf<N>): Promise<OpcUaRequest<N>> {
    return new Promise((resolve) => {
      const request: OpcUaRequest<N> = new OpcUaRequest(service, body, resolve);
      if (!this.#client.submit(request, now())) resolve(request);
      this.#flush();
    });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#client.close(now());
    this.#flush();
    this.#socket.end();
    this.#socket.destroySoon();
  }

  #flush(): void {
    const bytes = this.#client.take();
    if (bytes !== undefined && !this.#socket.destroyed) this.#socket.write(bytes);
  }
}

const now = (): Instant => (Date.now() * 1000) as Instant;
