/** A client and a server joined in memory: bytes of one are given to the other until both are silent, and time goes on by hand. */
import type { Instant } from '@penstock/core';
import { OpcUaClient, type OpcUaClientOptions, type OpcUaConnection, OpcUaRequest } from '../index.ts';
import type { RequestOf, ServiceName } from '../messages.ts';
import { EPOCH, type TestPlant } from './plant.ts';

export class TestSession {
  readonly plant: TestPlant;
  readonly client: OpcUaClient;
  readonly connection: OpcUaConnection;
  /** All that went over, for dissectors: from the client, and the bytes. */
  readonly traffic: { fromClient: boolean; bytes: Uint8Array }[] = [];

  constructor(plant: TestPlant, options: Partial<OpcUaClientOptions> = {}, address = '10.20.2.10') {
    this.plant = plant;
    this.client = new OpcUaClient({
      endpointUrl: 'opc.tcp://10.20.2.20:4840',
      applicationUri: 'urn:works:historian',
      applicationName: 'Historian',
      clock: { now: () => EPOCH + plant.now },
      ...options,
    });
    this.connection = plant.server.connection(address, 50_000);
  }

  pump(): void {
    const now = this.plant.now as Instant;
    for (let turns = 0; turns < 1000; turns++) {
      const up = this.client.take();
      if (up !== undefined) {
        this.traffic.push({ fromClient: true, bytes: up });
        this.connection.receive(up, now);
      }
      const down = this.connection.take();
      if (down !== undefined) {
        this.traffic.push({ fromClient: false, bytes: down });
        this.client.receive(down, now);
      }
      if (up === undefined && down === undefined) return;
    }
    throw new Error('client and server do not come to rest');
  }

  /** Time goes on, in steps of `step` microseconds. */
  pass(microseconds: number, step = 100_000): void {
    const until = this.plant.now + microseconds;
    while (this.plant.now < until) {
      this.plant.now = Math.min(until, this.plant.now + step);
      const now = this.plant.now as Instant;
      this.plant.server.tick(now);
      if (this.client.due() <= now) this.client.tick(now);
      if (this.connection.due() <= now) this.connection.tick(now);
      this.pump();
    }
  }

  ask<N extends ServiceName>(service: N, body: RequestOf<N>): OpcUaRequest<N> {
    const request = new OpcUaRequest(service, body);
    if (!this.client.submit(request, this.plant.now as Instant)) throw new Error(`${service} was not taken`);
    this.pump();
    return request;
  }
}
