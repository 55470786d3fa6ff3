/** Our client on a real socket, for servers that other people made. */
import { connect, type Socket } from 'node:net';
import type { Instant } from '@penstock/core';
import { OpcUaClient, type OpcUaClientOptions, OpcUaRequest } from '../index.ts';
import type { RequestOf, ServiceName } from '../messages.ts';

export class SocketClient {
  readonly client: OpcUaClient;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;

  constructor(host: string, port: number, options: Partial<OpcUaClientOptions> = {}) {
    this.client = new OpcUaClient({
      endpointUrl: `opc.tcp://${host}:${port}`,
      applicationUri: 'urn:works:historian',
      applicationName: 'Historian',
      clock: { now: () => Date.now() * 1000 },
      timeout: 60_000_000 as never,
      ...options,
    });
    this.#socket = connect(port, host);
    this.#socket.on('data', (bytes) => {
      this.client.receive(bytes, this.now);
      this.flush();
    });
    this.#socket.on('close', () => this.client.closing || this.client.disconnected(this.now));
    this.#socket.on('error', () => {});
    this.#timer = setInterval(() => {
      this.client.tick(this.now);
      this.flush();
    }, 50);
    this.flush();
  }

  get now(): Instant {
    return (Date.now() * 1000) as Instant;
  }

  flush(): void {
    const bytes = this.client.take();
    if (bytes !== undefined) this.#socket.write(bytes);
  }

  ask<N extends ServiceName>(service: N, body: RequestOf<N>): Promise<OpcUaRequest<N>> {
    return new Promise((resolve, reject) => {
      const request: OpcUaRequest<N> = new OpcUaRequest(service, body, (done) => resolve(done));
      if (!this.client.submit(request, this.now)) reject(new Error(`${service} was not taken`));
      this.flush();
    });
  }

  close(): void {
    this.client.close(this.now);
    this.flush();
    clearInterval(this.#timer);
    this.#socket.end();
  }
}
