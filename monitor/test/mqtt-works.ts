/** Clients on our broker in a capture: who says what to it, and what it answers each of them. */
import type { Instant } from '@penstock/core';
import { type BrokerConnection, encodePacket, MqttBroker, type Packet, type Version } from '@penstock/protocols/mqtt';
import { encodePayload, formatTopic, type MessageType, type Metric } from '@penstock/protocols/sparkplug';
import type { Lan, Session } from './lan.ts';

/** As brokers are often left: one password for everybody who has to write, and no more permissions than that. */
const USERS = [
  { name: 'gateway', password: 'Weir-77', publish: ['#'], subscribe: ['#', '$SYS/#'] },
  { name: 'guest', password: 'guest', publish: ['open/#'], subscribe: ['open/#'] },
];

/** One broker of a capture; each capture has its own. */
export class MqttWorks {
  readonly lan: Lan;
  readonly address: string;
  readonly broker = new MqttBroker({ users: USERS });
  readonly #lines = new Set<MqttLine>();

  constructor(lan: Lan, address: string) {
    this.lan = lan;
    this.address = address;
  }

  get now(): Instant {
    return this.lan.time as Instant;
  }

  /** A client that connects; 3.1.1 unless said otherwise. */
  client(
    from: string,
    clientId: string,
    login: { user?: string; password?: string; version?: Version } = {},
  ): MqttLine {
    const { user = 'gateway', password = 'Weir-77', version = 4 } = login;
    const line = new MqttLine(this, this.lan.connect(from, this.address, 1883), from, version);
    this.#lines.add(line);
    line.say({
      ...{ type: 'connect', protocolName: 'MQTT', version, cleanStart: true, keepAlive: 60, clientId, username: user },
      password: new TextEncoder().encode(password),
    });
    return line;
  }

  /** Writes down what the broker has to say to anybody. */
  flush(): void {
    for (const line of this.#lines) line.hear();
  }
}

export class MqttLine {
  readonly works: MqttWorks;
  readonly session: Session;
  readonly version: Version;
  readonly connection: BrokerConnection;
  #id = 0;
  #seq = 0;

  constructor(works: MqttWorks, session: Session, from: string, version: Version) {
    this.works = works;
    this.session = session;
    this.version = version;
    this.connection = works.broker.connection(from, 50_000, works.now);
  }

  say(packet: Packet): this {
    return this.raw(encodePacket(packet, this.version));
  }

  raw(bytes: Uint8Array): this {
    this.session.send(bytes);
    this.connection.receive(bytes, this.works.now);
    this.works.flush();
    return this;
  }

  hear(): void {
    const bytes = this.connection.take();
    if (bytes !== undefined) this.session.answer(bytes);
  }

  subscribe(...filters: string[]): this {
    this.#id++;
    return this.say({ type: 'subscribe', id: this.#id, filters: filters.map((filter) => ({ filter, qos: 0 })) });
  }

  publish(topic: string, payload: string | Uint8Array): this {
    const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
    return this.say({ type: 'publish', topic, payload: bytes, qos: 0, retain: false, dup: false, id: 0 });
  }

  /** A Sparkplug message of `works/gateway`. */
  sparkplug(type: MessageType, device: string | undefined, ...metrics: Metric[]): this {
    if (type === 'NBIRTH') this.#seq = 255;
    const isCommand = type.endsWith('CMD');
    if (!isCommand && type !== 'NDEATH') this.#seq = (this.#seq + 1) % 256;
    const timestamp = Math.floor(this.works.lan.time / 1000);
    const seq = isCommand || type === 'NDEATH' ? undefined : this.#seq;
    return this.publish(
      formatTopic({ group: 'works', type, node: 'gateway', device }),
      encodePayload({ timestamp, seq, metrics: metrics.map((metric) => ({ timestamp, ...metric })) }),
    );
  }

  /** Births of the node and of what stands behind it. */
  birth(): this {
    this.sparkplug('NBIRTH', undefined, { name: 'bdSeq', type: 'Int64', value: 0 });
    return this.sparkplug(
      'DBIRTH',
      'tank',
      { name: 'LIT701', alias: 1, type: 'Double', value: 2.5 },
      { name: 'LIC701', alias: 2, type: 'Double', value: 2.5 },
      { name: 'P701', alias: 3, type: 'Boolean', value: false },
    );
  }

  level(value: number): this {
    return this.sparkplug('DDATA', 'tank', { alias: 1, type: 'Double', value });
  }

  /** A set point that is commanded, and that the node then tells. */
  command(node: MqttLine, value: number): this {
    this.sparkplug('DCMD', 'tank', { name: 'LIC701', type: 'Double', value });
    node.sparkplug('DDATA', 'tank', { alias: 2, type: 'Double', value });
    return this;
  }
}
