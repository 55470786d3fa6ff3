/**
 * An MQTT client without sockets (OASIS MQTT 3.1.1 and 5.0). It outlives its connections: whoever owns it dials, tells `opened` and
 * `disconnected`, and dials again; subscriptions and messages with QoS 1 and 2 are taken up again by themselves.
 */
import { type Instant, NEVER, type StreamMachine } from '@penstock/core';
import { decodePacket } from './decode.ts';
import { encodePacket } from './encode.ts';
import { PacketReader } from './framing.ts';
import type { Connack, Filter, Packet, Properties, Publish, Qos, Will } from './messages.ts';
import { ONLY_CLIENT, REASON } from './tables.ts';

export interface MqttMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties?: Properties | undefined;
}

export interface MqttClientOptions {
  readonly version?: 4 | 5 | undefined;
  readonly clientId: string;
  /** Forgets what the broker kept of it; true when left out. */
  readonly cleanStart?: boolean | undefined;
  /** Seconds; 60 when left out, 0 for none. */
  readonly keepAlive?: number | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Asked at each connection. */
  readonly will?: (() => Will | undefined) | undefined;
  /** Of CONNECT, in version 5. */
  readonly properties?: Properties | undefined;
  readonly onMessage?: ((message: MqttMessage, now: Instant) => void) | undefined;
  /** CONNACK has come; nothing but success lets the connection stand. */
  readonly onConnected?: ((connack: Connack, now: Instant) => void) | undefined;
  /** The connection is gone. `code`: what the broker said in DISCONNECT. */
  readonly onDisconnected?: ((code: number | undefined, now: Instant) => void) | undefined;
}

/** What became of a request: the broker's code (from 0x80 on a refusal), or that there was no answer. */
export type Answer = number | 'closed';
type Done = (answer: Answer, now: Instant) => void;

interface Pending {
  readonly packet: Publish;
  awaits: 'puback' | 'pubrec' | 'pubcomp';
  readonly done: Done | undefined;
}

interface Asked {
  readonly filters: readonly string[];
  readonly done: ((codes: readonly number[] | 'closed', now: Instant) => void) | undefined;
}

/** Messages with QoS 1 and 2 that are kept; what comes beyond is refused. */
const MOST_PENDING = 256;
const MOST_SUBSCRIPTIONS = 256;
/** Largest packet that it takes. */
const PACKET_SIZE = 2 ** 20;
/** Longest that an answer to PINGREQ, or CONNACK, may take, microseconds. */
const PATIENCE = 20e6;

export class MqttClient implements StreamMachine {
  closing = false;
  readonly clientId: string;
  /** Messages that were not sent for want of a connection or room. */
  dropped = 0;
  readonly #options: MqttClientOptions;
  readonly #version: 4 | 5;
  #state: 'idle' | 'connecting' | 'connected' = 'idle';
  #reader: PacketReader;
  readonly #subscriptions = new Map<string, Filter>();
  readonly #pending = new Map<number, Pending>();
  readonly #asked = new Map<number, Asked>();
  readonly #received = new Set<number>();
  readonly #aliases = new Map<number, string>();
  #nextId = 0;
  #window = 0xffff;
  #packetSize = Number.POSITIVE_INFINITY;
  #keepAlive: number;
  #pingAt: Instant = NEVER;
  #giveUpAt: Instant = NEVER;
  #code: number | undefined;
  #now = 0 as Instant;
  #out: Uint8Array[] = [];

  constructor(options: MqttClientOptions) {
    this.#options = options;
    this.clientId = options.clientId;
    this.#version = options.version ?? 4;
    this.#keepAlive = options.keepAlive ?? 60;
    this.#reader = this.#newReader();
  }

  get connected(): boolean {
    return this.#state === 'connected';
  }

  /** The connection stands: CONNECT goes out. */
  opened(now: Instant): void {
    const { clientId, cleanStart = true, username, password, will, properties, keepAlive = 60 } = this.#options;
    this.#now = now;
    this.#state = 'connecting';
    this.#reader = this.#newReader();
    this.closing = false;
    this.#code = undefined;
    this.#aliases.clear();
    this.#out = [];
    this.#giveUpAt = (now + PATIENCE) as Instant;
    this.#keepAlive = keepAlive;
    this.#send({
      ...{ type: 'connect', protocolName: 'MQTT', version: this.#version, cleanStart, keepAlive, clientId },
      ...{ will: will?.(), username, properties },
      password: password === undefined ? undefined : new TextEncoder().encode(password),
    });
  }

  /** The connection is gone. What waits for SUBACK is told so; messages wait for the next connection, unless it starts clean. */
  disconnected(now: Instant): void {
    this.#now = now;
    const wasOpen = this.#state !== 'idle';
    this.#state = 'idle';
    this.#out = [];
    this.#pingAt = NEVER;
    this.#giveUpAt = NEVER;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { done } of asked) done?.('closed', now);
    if (this.#options.cleanStart ?? true) {
      this.#received.clear();
      const pending = [...this.#pending.values()];
      this.#pending.clear();
      for (const { done } of pending) done?.('closed', now);
    }
    if (wasOpen) this.#options.onDisconnected?.(this.#code, now);
  }

  /**
   * Publishes a message. `done` hears the broker's answer, with QoS 0 at once.
   * @returns false when it was not sent or kept: nobody is connected (QoS 0), there is no room, or it is too large for the broker
   */
  publish(message: Omit<MqttMessage, 'qos' | 'retain'> & Partial<MqttMessage>, now: Instant, done?: Done): boolean {
    this.#now = now;
    const { topic, payload, qos = 0, retain = false, properties } = message;
    const isTooLarge = topic.length + payload.length + 16 > this.#packetSize;
    const isFull = qos > 0 && this.#pending.size >= Math.min(MOST_PENDING, this.#window);
    if (isTooLarge || isFull || (qos === 0 && !this.connected)) {
      this.dropped++;
      return false;
    }
    const id = qos === 0 ? 0 : this.#freeId();
    const packet: Publish = { type: 'publish', topic, payload, qos, retain, dup: false, id, properties };
    if (qos > 0) this.#pending.set(id, { packet, awaits: qos === 1 ? 'puback' : 'pubrec', done });
    if (this.connected) this.#send(packet);
    if (qos === 0) done?.(0, now);
    return true;
  }

  /** Subscribes now and at every connection to come. `done` hears the codes of the filters. */
  subscribe(filters: readonly Filter[], now: Instant, done?: Asked['done']): void {
    this.#now = now;
    for (const filter of filters)
      if (this.#subscriptions.size < MOST_SUBSCRIPTIONS) this.#subscriptions.set(filter.filter, filter);
      else this.dropped++;
    if (this.connected) this.#subscribe(filters, done);
    else done?.('closed', now);
  }

  unsubscribe(filters: readonly string[], now: Instant, done?: Asked['done']): void {
    this.#now = now;
    for (const filter of filters) this.#subscriptions.delete(filter);
    if (!this.connected) {
      done?.('closed', now);
      return;
    }
    const id = this.#freeId();
    this.#asked.set(id, { filters, done });
    this.#send({ type: 'unsubscribe', id, filters });
  }

  /** Sends bytes as they are, as somebody does who means no good. */
  sendRaw(bytes: Uint8Array): void {
    this.#out.push(bytes);
  }

  /** Says goodbye, so that the will is not published. */
  close(now: Instant): void {
    this.#now = now;
    if (this.#state !== 'idle') this.#send({ type: 'disconnect', code: 0 });
    this.closing = true;
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.receiveRange(bytes, 0, bytes.length, now);
  }

  receiveRange(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    if (this.closing) return;
    this.#now = now;
    this.#reader.receive(buffer, start, end);
  }

  due(): Instant {
    return this.closing ? NEVER : (Math.min(this.#pingAt, this.#giveUpAt) as Instant);
  }

  tick(now: Instant): void {
    this.#now = now;
    if (now >= this.#giveUpAt) {
      this.closing = true;
      return;
    }
    if (now < this.#pingAt) return;
    this.#send({ type: 'pingreq' });
    this.#giveUpAt = (now + PATIENCE) as Instant;
  }

  take(): Uint8Array | undefined {
    const out = this.#out;
    if (out.length === 0) return undefined;
    this.#out = [];
    return out.length === 1 ? out[0] : joined(out);
  }

  #newReader(): PacketReader {
    return new PacketReader(
      {
        packet: (first, buffer, start, end) => this.#packet(first, buffer, start, end),
        fault: () => this.#violated(REASON.malformed),
      },
      PACKET_SIZE,
    );
  }

  #send(packet: Packet): void {
    this.#out.push(encodePacket(packet, this.#version));
    if (this.#keepAlive > 0 && this.connected) this.#pingAt = (this.#now + 1e6 * this.#keepAlive) as Instant;
  }

  #subscribe(filters: readonly Filter[], done?: Asked['done']): void {
    if (filters.length === 0) return;
    const id = this.#freeId();
    this.#asked.set(id, { filters: filters.map(({ filter }) => filter), done });
    this.#send({ type: 'subscribe', id, filters });
  }

  #violated(code: number): void {
    if (this.#version >= 5 && this.connected) this.#send({ type: 'disconnect', code });
    this.closing = true;
  }

  #packet(first: number, buffer: Uint8Array, start: number, end: number): boolean {
    const { packet, fault } = decodePacket(first, buffer, start, end, this.#version);
    if (packet === undefined || fault !== undefined) this.#violated(fault?.code ?? REASON.malformed);
    else if (this.#state === 'connecting') {
      if (packet.type === 'connack') this.#connack(packet);
      else this.#violated(REASON.protocolError);
    } else if (packet.type === 'connack' || packet.type === 'auth' || ONLY_CLIENT.has(packet.type))
      this.#violated(REASON.protocolError);
    else this.#handle(packet);
    return !this.closing;
  }

  #connack(connack: Connack): void {
    const now = this.#now;
    this.#giveUpAt = NEVER;
    if (connack.code !== 0) {
      this.#code = connack.code;
      this.closing = true;
      this.#options.onConnected?.(connack, now);
      return;
    }
    this.#state = 'connected';
    const { receiveMaximum, maximumPacketSize, serverKeepAlive } = connack.properties ?? {};
    this.#window = receiveMaximum ?? 0xffff;
    this.#packetSize = maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.#keepAlive = serverKeepAlive ?? this.#keepAlive;
    if (this.#keepAlive > 0) this.#pingAt = (now + 1e6 * this.#keepAlive) as Instant;
    if (!connack.sessionPresent) {
      this.#received.clear();
      this.#subscribe([...this.#subscriptions.values()]);
    }
    for (const [id, { packet, awaits }] of this.#pending)
      this.#send(awaits === 'pubcomp' ? { type: 'pubrel', id, code: 0 } : { ...packet, dup: connack.sessionPresent });
    this.#options.onConnected?.(connack, now);
  }

  #handle(packet: Packet): void {
    switch (packet.type) {
      case 'publish':
        this.#publish(packet);
        return;
      case 'puback':
      case 'pubcomp':
        this.#finished(packet.id, packet.type, packet.code);
        return;
      case 'pubrec': {
        const pending = this.#pending.get(packet.id);
        if (packet.code >= 0x80) this.#finished(packet.id, 'pubrec', packet.code);
        else {
          if (pending?.awaits === 'pubrec') pending.awaits = 'pubcomp';
          const code = pending === undefined && this.#version >= 5 ? REASON.packetIdUnknown : 0;
          this.#send({ type: 'pubrel', id: packet.id, code });
        }
        return;
      }
      case 'pubrel':
        this.#received.delete(packet.id);
        this.#send({ type: 'pubcomp', id: packet.id, code: 0 });
        return;
      case 'suback':
      case 'unsuback': {
        const asked = this.#asked.get(packet.id);
        this.#asked.delete(packet.id);
        asked?.done?.(packet.codes, this.#now);
        return;
      }
      case 'pingresp':
        this.#giveUpAt = NEVER;
        return;
      case 'disconnect':
        this.#code = packet.code;
        this.closing = true;
    }
  }

  #finished(id: number, by: Pending['awaits'], code: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined || pending.awaits !== by) return;
    this.#pending.delete(id);
    pending.done?.(code, this.#now);
  }

  #publish({ topic: name, payload, qos, retain, id, properties }: Publish): void {
    const alias = properties?.topicAlias;
    if (alias !== undefined && name !== '') {
      // None was allowed for unless the own CONNECT says so.
      if (alias > (this.#options.properties?.topicAliasMaximum ?? 0)) {
        this.#violated(REASON.aliasInvalid);
        return;
      }
      this.#aliases.set(alias, name);
    }
    const topic = name === '' && alias !== undefined ? this.#aliases.get(alias) : name;
    if (topic === undefined) {
      this.#violated(REASON.aliasInvalid);
      return;
    }
    if (qos === 1) this.#send({ type: 'puback', id, code: 0 });
    if (qos === 2) {
      const isKnown = this.#received.has(id);
      this.#received.add(id);
      this.#send({ type: 'pubrec', id, code: 0 });
      if (isKnown) return;
    }
    this.#options.onMessage?.({ topic, payload, qos, retain, properties }, this.#now);
  }

  #freeId(): number {
    do this.#nextId = (this.#nextId % 0xffff) + 1;
    while (this.#pending.has(this.#nextId) || this.#asked.has(this.#nextId));
    return this.#nextId;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
