/** Clients and packets on a broker in memory, with a time that the test sets. */
import type { Instant } from '@penstock/core';
import {
  type BrokerConnection,
  type BrokerOptions,
  type Connect,
  decodePacket,
  encodePacket,
  MqttBroker,
  MqttClient,
  type MqttClientOptions,
  type MqttMessage,
  type Packet,
  PacketReader,
  type Publish,
  type Suback,
  type Version,
} from '../index.ts';

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
export const EVERYTHING = { publish: ['#'], subscribe: ['#', '$SYS/#'] };

/** Packets of a stream of one side. */
export function packetsOf(stream: Uint8Array, version: Version): Packet[] {
  const packets: Packet[] = [];
  const reader = new PacketReader(
    {
      packet: (first, buffer, start, end) => {
        const { packet, fault } = decodePacket(first, buffer, start, end, version);
        if (packet === undefined || fault !== undefined) throw new Error(`broken: ${fault?.reason}`);
        packets.push(packet);
        return true;
      },
      fault: (reason) => {
        throw new Error(reason);
      },
    },
    2 ** 24,
  );
  reader.receive(stream, 0, stream.length);
  return packets;
}

/** A broker, and a hand on each of its connections that says packets one by one. */
export class Bench {
  now = 0 as Instant;
  readonly notices: string[] = [];
  readonly broker: MqttBroker;

  constructor(options: BrokerOptions = { anonymous: EVERYTHING }) {
    this.broker = new MqttBroker({
      ...options,
      onNotice: (notice, { clientId, subject }) => this.notices.push(`${notice} ${clientId} ${subject}`.trimEnd()),
    });
  }

  hand(version: Version = 4): Hand {
    return new Hand(this, version);
  }

  /** A hand whose CONNECT was taken. */
  connected(clientId: string, version: Version = 4, connect: Partial<Connect> = {}): Hand {
    const hand = this.hand(version);
    hand.connect(clientId, connect);
    const [connack] = hand.heard();
    if (connack?.type !== 'connack' || connack.code !== 0) throw new Error(`refused: ${JSON.stringify(connack)}`);
    return hand;
  }

  wait(seconds: number): void {
    this.now = (this.now + 1e6 * seconds) as Instant;
    this.broker.tick(this.now);
  }
}

export class Hand {
  readonly connection: BrokerConnection;
  readonly version: Version;
  readonly #bench: Bench;

  constructor(bench: Bench, version: Version) {
    this.#bench = bench;
    this.version = version;
    this.connection = bench.broker.connection('10.1.1.1', 1000, bench.now);
  }

  connect(clientId: string, connect: Partial<Connect> = {}): void {
    const protocolName = this.version === 3 ? 'MQIsdp' : 'MQTT';
    this.say({
      ...{ type: 'connect', protocolName, version: this.version, cleanStart: true, keepAlive: 0, clientId },
      ...connect,
    });
  }

  say(...packets: Packet[]): this {
    for (const packet of packets) this.raw(encodePacket(packet, this.version));
    return this;
  }

  raw(stream: Uint8Array): this {
    this.connection.receive(stream, this.#bench.now);
    return this;
  }

  subscribe(filter: string, qos: 0 | 1 | 2 = 0, more: object = {}): number {
    this.say({ type: 'subscribe', id: 9, filters: [{ filter, qos, ...more }] });
    const suback = this.heard().find(({ type }) => type === 'suback');
    return (suback as Suback).codes[0] as number;
  }

  publish(topic: string, payload: string, more: Partial<Publish> = {}): this {
    return this.say({
      ...{ type: 'publish', topic, payload: bytes(payload), qos: 0, retain: false, dup: false, id: 0 },
      ...more,
    });
  }

  /** Everything that it was sent since the last call. */
  heard(): Packet[] {
    const stream = this.connection.take();
    return stream === undefined ? [] : packetsOf(stream, this.version);
  }

  /** The messages among it: `topic payload`, with QoS and what is remarkable. */
  messages(): string[] {
    return this.heard().flatMap((packet) =>
      packet.type === 'publish'
        ? [
            `${packet.topic} ${text(packet.payload)}${packet.qos > 0 ? ` qos${packet.qos}` : ''}${packet.retain ? ' retained' : ''}${packet.dup ? ' again' : ''}`,
          ]
        : [],
    );
  }

  /** The network goes away without a goodbye. */
  drop(): void {
    this.connection.ended(this.#bench.now);
  }
}

/** A client on a broker, carried by hand. */
export class WiredClient {
  readonly client: MqttClient;
  readonly messages: MqttMessage[] = [];
  readonly #bench: Bench;
  #connection: BrokerConnection | undefined;

  constructor(bench: Bench, of: MqttClientOptions | MqttClient) {
    this.#bench = bench;
    this.client =
      of instanceof MqttClient ? of : new MqttClient({ onMessage: (message) => this.messages.push(message), ...of });
  }

  dial(): this {
    const { broker, now } = this.#bench;
    this.#connection = broker.connection('10.1.1.2', 2000, now);
    this.client.opened(now);
    return this.run();
  }

  drop(): void {
    this.#connection?.ended(this.#bench.now);
    this.#connection = undefined;
    this.client.disconnected(this.#bench.now);
  }

  /** Carries bytes both ways until nobody has any. */
  run(): this {
    const { now } = this.#bench;
    for (;;) {
      const up = this.client.take();
      if (up !== undefined) this.#connection?.receive(up, now);
      const down = this.#connection?.take();
      if (down !== undefined) this.client.receive(down, now);
      if (up === undefined && down === undefined) return this;
    }
  }
}
