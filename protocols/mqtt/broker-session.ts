/** What a broker keeps of one client, over connections: subscriptions, messages on their way, its will (OASIS MQTT 5.0, 4.1). */
import { type Instant, NEVER } from '@penstock/core';
import type { BrokerConnection } from './broker-connection.ts';
import type { Filter, Properties, Qos } from './messages.ts';

/** A message as the broker passes it on. */
export interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Those that go with the message (3.3.2.3). */
  readonly properties: Properties | undefined;
  /** When it is worth nothing any more. */
  readonly expires: Instant;
}

export interface Subscription {
  readonly session: BrokerSession;
  readonly filter: string;
  options: Filter;
  id: number | undefined;
  /** Of a shared subscription. */
  readonly group: SharedGroup | undefined;
}

/** Members of a shared subscription take turns. */
export interface SharedGroup {
  readonly key: string;
  readonly members: Subscription[];
  next: number;
}

/** A message on its way to a client, and what the client still has to say to it. */
interface Outgoing {
  readonly delivery: Delivery;
  awaits: 'puback' | 'pubrec' | 'pubcomp';
}

export interface Delivery {
  readonly message: Message;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly ids: readonly number[] | undefined;
}

export class BrokerSession {
  readonly clientId: string;
  readonly subscriptions = new Map<string, Subscription>();
  /** Packet ids of messages with QoS 2 that came and are not released. */
  readonly received = new Set<number>();
  connection: BrokerConnection | undefined;
  /** Seconds that it outlives its connection. */
  expirySeconds = 0;
  /** When it ends, while nobody is connected. */
  expires: Instant = NEVER;
  will: Message | undefined;
  /** When the will of a client that is gone is published. */
  willAt: Instant = NEVER;
  /** Messages that found no room. */
  dropped = 0;
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #queue: Delivery[] = [];
  readonly #mostQueued: number;
  #nextId = 0;

  constructor(clientId: string, mostQueued: number) {
    this.clientId = clientId;
    this.#mostQueued = mostQueued;
  }

  get waiting(): number {
    return this.#queue.length + this.#outgoing.size;
  }

  /** Sends a message, or keeps it until there is room for it. */
  deliver(delivery: Delivery, now: Instant): void {
    const { connection } = this;
    if (delivery.qos === 0) {
      if (connection === undefined) return;
      if (!connection.sendMessage(delivery, 0, false, now)) this.dropped++;
      return;
    }
    if (connection !== undefined && this.#queue.length === 0 && this.#outgoing.size < connection.window) {
      this.#send(connection, delivery, now);
      return;
    }
    if (this.#queue.length >= this.#mostQueued) this.dropped++;
    else this.#queue.push(delivery);
  }

  /** A client came back to its session: what it did not acknowledge is sent again (4.4). */
  resumed(now: Instant): void {
    const { connection } = this;
    if (connection === undefined) return;
    for (const [id, { delivery, awaits }] of this.#outgoing)
      if (awaits === 'pubcomp') connection.send({ type: 'pubrel', id, code: 0 });
      else if (!connection.sendMessage(delivery, id, true, now)) this.#outgoing.delete(id);
    this.#advance(now);
  }

  /** PUBACK or PUBCOMP, or a PUBREC that refuses: the message is done. @returns false for an id that nothing has */
  acknowledged(id: number, by: 'puback' | 'pubrec' | 'pubcomp', now: Instant): boolean {
    const outgoing = this.#outgoing.get(id);
    if (outgoing === undefined || outgoing.awaits !== by) return false;
    this.#outgoing.delete(id);
    this.#advance(now);
    return true;
  }

  /** PUBREC: the client has the message, and is told to release it. @returns false for an id that nothing has */
  receivedBy(id: number): boolean {
    const outgoing = this.#outgoing.get(id);
    if (outgoing === undefined || outgoing.awaits === 'puback') return false;
    outgoing.awaits = 'pubcomp';
    return true;
  }

  #send(connection: BrokerConnection, delivery: Delivery, now: Instant): void {
    const id = this.#freeId();
    if (!connection.sendMessage(delivery, id, false, now)) return;
    this.#outgoing.set(id, { delivery, awaits: delivery.qos === 1 ? 'puback' : 'pubrec' });
  }

  #advance(now: Instant): void {
    const { connection } = this;
    while (connection !== undefined && this.#queue.length > 0 && this.#outgoing.size < connection.window)
      this.#send(connection, this.#queue.shift() as Delivery, now);
  }

  #freeId(): number {
    do this.#nextId = (this.#nextId % 0xffff) + 1;
    while (this.#outgoing.has(this.#nextId));
    return this.#nextId;
  }
}
