/** One client's connection to the broker (OASIS MQTT 5.0, 3 and 4): what it may say when, and what it is answered. */
import { type ByteSink, type Instant, NEVER, type StreamMachine, seconds } from '@penstock/core';
import type { MqttBroker } from './broker.ts';
import type { BrokerSession, Delivery } from './broker-session.ts';
import { decodePacket } from './decode.ts';
import { encodePacket } from './encode.ts';
import { PacketReader } from './framing.ts';
import type { Ack, Connect, Fault, Packet, Properties, Publish, Version } from './messages.ts';
import type { Rights } from './permissions.ts';
import { ONLY_SERVER, REASON, RETURN_CODES } from './tables.ts';

/** How long a client may take to say CONNECT. */
const CONNECT_WITHIN = seconds(10);
const NONE = new Uint8Array(0);

export class BrokerConnection implements StreamMachine {
  readonly address: string;
  readonly port: number;
  closing = false;
  clientId = '';
  user: string | undefined;
  version: Version = 4;
  session: BrokerSession | undefined;
  rights: Rights | undefined;
  /** Messages with QoS 1 and 2 that may be on their way to the client at a time. */
  window = 1;
  readonly #broker: MqttBroker;
  readonly #onOutput: () => void;
  readonly #reader: PacketReader;
  #deadline: Instant;
  /** One and a half times of what the client promised, microseconds. */
  #patience = NEVER as number;
  #clientPacketSize = Number.POSITIVE_INFINITY;
  /** Aliases that the client gave topics, and those that it is given. */
  readonly #aliases = new Map<number, string>();
  readonly #given = new Map<string, number>();
  #mostGiven = 0;
  #now: Instant;
  #out: Uint8Array = NONE;
  #size = 0;
  #isHeld = false;
  #isOver = false;

  constructor(broker: MqttBroker, address: string, port: number, now: Instant, onOutput: () => void) {
    this.#broker = broker;
    this.address = address;
    this.port = port;
    this.#now = now;
    this.#deadline = (now + CONNECT_WITHIN) as Instant;
    this.#onOutput = onOutput;
    this.#reader = new PacketReader(
      {
        packet: (first, buffer, start, end) => this.#packet(first, buffer, start, end),
        fault: (reason) =>
          this.#violated({ reason, code: reason === 'size' ? REASON.packetTooLarge : REASON.malformed }),
      },
      broker.limits.packetSize,
    );
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.receiveRange(bytes, 0, bytes.length, now);
  }

  receiveRange(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    if (this.closing) return;
    this.#now = now;
    if (this.session !== undefined) this.#deadline = (now + this.#patience) as Instant;
    this.#broker.acts(this, () => this.#reader.receive(buffer, start, end));
  }

  due(): Instant {
    return this.closing ? NEVER : this.#deadline;
  }

  tick(now: Instant): void {
    if (this.closing || now < this.#deadline) return;
    this.#now = now;
    if (this.session === undefined) this.close(undefined);
    else {
      this.#broker.notice('keep-alive', this);
      this.close(REASON.keepAliveTimeout);
    }
  }

  take(): Uint8Array | undefined {
    if (this.#size === 0) return undefined;
    const bytes = this.#out.slice(0, this.#size);
    this.#size = 0;
    return bytes;
  }

  /** Where the other side does not take what is sent, nothing more goes out until `drained`. */
  takeTo(sink: ByteSink): boolean {
    if (this.#isHeld) return false;
    if (this.#size === 0) return true;
    const size = this.#size;
    this.#size = 0;
    this.#isHeld = !sink.send(this.#out, 0, size);
    return !this.#isHeld;
  }

  drained(): void {
    this.#isHeld = false;
  }

  /** The connection is gone, with a goodbye or without. */
  ended(now: Instant): void {
    this.#now = now;
    this.#leave(true);
  }

  send(packet: Packet): void {
    this.#append(encodePacket(packet, this.version));
  }

  /**
   * Sends a message to the client.
   * @param id 0 with QoS 0
   * @returns false where it was not sent: it is worth nothing any more, too large for the client, or found no room
   */
  sendMessage({ message, qos, retain, ids }: Delivery, id: number, dup: boolean, now: Instant): boolean {
    if (message.expires <= now) return false;
    if (qos === 0 && this.#size > this.#broker.limits.unsent) return false;
    const { topic, payload } = message;
    if (this.version < 5) {
      this.send({ type: 'publish', topic, payload, qos, retain, dup, id });
      return true;
    }
    let properties: Properties | undefined = message.properties;
    if (message.expires !== NEVER)
      properties = { ...properties, messageExpiry: Math.max(1, Math.ceil((message.expires - now) / 1e6)) };
    if (ids !== undefined) properties = { ...properties, subscriptionIds: ids };
    let name = topic;
    if (this.#mostGiven > 0) {
      const known = this.#given.get(topic);
      if (known !== undefined) name = '';
      else if (this.#given.size < this.#mostGiven) this.#given.set(topic, this.#given.size + 1);
      const alias = this.#given.get(topic);
      if (alias !== undefined) properties = { ...properties, topicAlias: alias };
    }
    const bytes = encodePacket({ type: 'publish', topic: name, payload, qos, retain, dup, id, properties }, 5);
    if (bytes.length > this.#clientPacketSize) return false;
    this.#append(bytes);
    return true;
  }

  /** Ends the connection; a client of version 5 is told why. The will is published unless the client said goodbye itself. */
  close(code: number | undefined): void {
    if (this.closing) return;
    if (code !== undefined && this.version >= 5 && this.session !== undefined) this.send({ type: 'disconnect', code });
    this.closing = true;
    this.#leave(true);
    this.#onOutput();
  }

  /** What it is answered to CONNECT; anything but success ends the connection. */
  connack(code: number, sessionPresent = false, properties?: Properties): void {
    const shown = this.version >= 5 ? code : (RETURN_CODES[code] ?? 5);
    this.send({ type: 'connack', sessionPresent, code: shown, properties });
    if (code === REASON.success) return;
    this.closing = true;
    this.#broker.notice('refused', this, code);
  }

  #append(bytes: Uint8Array): void {
    const size = this.#size + bytes.length;
    if (size > this.#out.length) {
      const larger = new Uint8Array(Math.max(512, 2 * size));
      larger.set(this.#out.subarray(0, this.#size));
      this.#out = larger;
    }
    this.#out.set(bytes, this.#size);
    this.#size = size;
    this.#broker.sent++;
    this.#broker.hasOutput(this, this.#onOutput);
  }

  #leave(withWill: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#broker.left(this, withWill, this.#now);
  }

  #violated(fault: Fault): void {
    this.#broker.notice('violation', this, fault.code, fault.reason);
    if (this.session === undefined && this.version >= 5 && this.clientId !== '') {
      this.connack(fault.code);
      return;
    }
    this.close(fault.code);
  }

  #packet(first: number, buffer: Uint8Array, start: number, end: number): boolean {
    this.#broker.received++;
    const { packet, fault } = decodePacket(first, buffer, start, end, this.version);
    if (this.session === undefined) {
      if (packet?.type !== 'connect') this.#violated(fault ?? { code: REASON.protocolError, reason: 'type' });
      else this.#connect(packet, fault);
      return !this.closing;
    }
    if (packet === undefined || fault !== undefined) this.#violated(fault as Fault);
    else if (packet.type === 'connect' || packet.type === 'auth' || ONLY_SERVER.has(packet.type))
      // A second CONNECT, or what only a server says (3.1.0-2); nobody agreed on an authentication method (4.12).
      this.#violated({ code: REASON.protocolError, reason: 'type' });
    else this.#handle(packet, this.session);
    return !this.closing;
  }

  #connect(connect: Connect, fault: Fault | undefined): void {
    const { version } = connect;
    this.version = version === 3 || version === 5 ? version : 4;
    if (fault !== undefined) {
      this.clientId = connect.clientId;
      this.#broker.notice('violation', this, fault.code, fault.reason);
      // Before version 5 what is malformed gets no answer (3.1.1, 4.8); a version that there is not does.
      if (this.version >= 5 || fault.reason === 'version') this.connack(fault.code);
      else this.closing = true;
      return;
    }
    const keepAlive = this.#broker.connect(this, connect, this.#now);
    if (keepAlive === undefined) return;
    const { properties } = connect;
    this.#patience = keepAlive === 0 ? NEVER : 1.5e6 * keepAlive;
    this.#deadline = (this.#now + this.#patience) as Instant;
    this.window = Math.min(this.#broker.limits.inflight, properties?.receiveMaximum ?? 0xffff);
    this.#clientPacketSize = properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.#mostGiven = Math.min(this.#broker.limits.topicAliases, properties?.topicAliasMaximum ?? 0);
    this.session?.resumed(this.#now);
  }

  #handle(packet: Packet, session: BrokerSession): void {
    const now = this.#now;
    switch (packet.type) {
      case 'publish':
        this.#publish(packet, session);
        return;
      case 'puback':
      case 'pubcomp':
        session.acknowledged(packet.id, packet.type, now);
        return;
      case 'pubrec':
        if (packet.code >= 0x80) session.acknowledged(packet.id, 'pubrec', now);
        else this.#release(packet.id, session.receivedBy(packet.id), 'pubrel');
        return;
      case 'pubrel':
        this.#release(packet.id, session.received.delete(packet.id), 'pubcomp');
        return;
      case 'subscribe': {
        const { id, filters, properties } = packet;
        const { codes, deliver } = this.#broker.subscribe(
          this,
          session,
          filters,
          properties?.subscriptionIds?.[0],
          now,
        );
        this.send({ type: 'suback', id, codes: this.version >= 5 ? codes : codes.map((code) => Math.min(code, 0x80)) });
        deliver();
        return;
      }
      case 'unsubscribe': {
        const codes = packet.filters.map((filter) => this.#broker.unsubscribe(session, filter));
        this.send({ type: 'unsuback', id: packet.id, codes });
        return;
      }
      case 'pingreq':
        this.send({ type: 'pingresp' });
        return;
      case 'disconnect': {
        const expiry = packet.properties?.sessionExpiry;
        // It cannot be given a life after the connection that it was not given at its beginning (3.14.2.2.2).
        if (expiry !== undefined && expiry > 0 && session.expirySeconds === 0) {
          this.#violated({ code: REASON.protocolError, reason: 'property' });
          return;
        }
        if (expiry !== undefined) session.expirySeconds = Math.min(expiry, this.#broker.limits.sessionExpirySeconds);
        this.closing = true;
        this.#leave(packet.code === REASON.disconnectWithWill);
      }
    }
  }

  #release(id: number, isKnown: boolean, type: 'pubrel' | 'pubcomp'): void {
    this.send({ type, id, code: isKnown || this.version < 5 ? 0 : REASON.packetIdUnknown });
  }

  #publish(packet: Publish, session: BrokerSession): void {
    const { qos, id } = packet;
    const topic = this.#topicOf(packet);
    if (topic === undefined) {
      this.#violated({ code: REASON.aliasInvalid, reason: 'property' });
      return;
    }
    if (packet.properties?.subscriptionIds !== undefined) {
      this.#violated({ code: REASON.protocolError, reason: 'property-place' });
      return;
    }
    const ack: Ack['type'] = qos === 2 ? 'pubrec' : 'puback';
    if (qos === 2 && session.received.has(id)) {
      this.send({ type: ack, id, code: 0 });
      return;
    }
    if (qos === 2 && session.received.size >= this.#broker.limits.receiveMaximum) {
      this.#violated({ code: REASON.receiveMaximum, reason: 'packet-id' });
      return;
    }
    const code = this.#broker.publish(this, packet, topic, this.#now);
    if (this.closing || qos === 0) return;
    if (qos === 2 && code < 0x80) session.received.add(id);
    // Before version 5 a refusal cannot be told (3.1.1, 3.3.5-2).
    if (qos === 2 && code >= 0x80 && this.version < 5) session.received.add(id);
    this.send({ type: ack, id, code: this.version >= 5 ? code : 0 });
  }

  /** The topic that a packet names, by alias where it does. */
  #topicOf({ topic, properties }: Publish): string | undefined {
    const alias = properties?.topicAlias;
    if (alias === undefined) return topic;
    if (alias > this.#broker.limits.topicAliases) return undefined;
    if (topic === '') return this.#aliases.get(alias);
    this.#aliases.set(alias, topic);
    return topic;
  }
}
