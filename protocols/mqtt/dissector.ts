/**
 * The passive view of MQTT: bytes of both directions in, events out. The version is CONNECT's; of a conversation that was picked up later it
 * is what its packets can only be. Finds its place again after gaps and garbage.
 */
import { createHash } from 'node:crypto';
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { credentialEvent, maskSecret } from '../credentials/index.ts';
import { firmwareTransfer } from '../firmware/dissector.ts';
import { hasMagic } from '../firmware/image.ts';
import { NAMESPACE } from '../sparkplug/topic.ts';
import { contentOf, isFile } from './content.ts';
import { decodePacket, hasFlags } from './decode.ts';
import { SparkplugWatch } from './dissect-sparkplug.ts';
import type { ConnectEvent, DisconnectEvent, MqttViolationEvent, PublishEvent, SubscribeEvent } from './events.ts';
import { PacketReader } from './framing.ts';
import type { Connack, Connect, Decoded, Packet, Publish, Subscribe, Unsubscribe, Version } from './messages.ts';
import { packetLength, plausibleFrom, versionOf } from './plausibility.ts';
import { ONLY_CLIENT, ONLY_SERVER, PACKET_NAMES, REASON, REASON_NAMES, RETURN_NAMES } from './tables.ts';

/** Bytes of one packet that are looked at; of a longer one the beginning is. */
const MOST_BYTES = 65_536;
/** Packets of each kind that wait for their acknowledgement; beyond that the oldest counts as unanswered. */
const MOST_PENDING = 128;
const MOST_ALIASES = 256;
/** Characters of a payload that are told: Zeek's usual cap, and of other texts. */
const MOST_PAYLOAD = 100;
const LONGEST = 256;
const MOST_FILTERS = 64;
const QOS_NAMES = ['at most once', 'at least once', 'exactly once'] as const;
const VERSION_NAMES: Readonly<Record<number, string>> = { 3: '3.1', 4: '3.1.1', 5: '5.0' };

interface PendingPublish {
  readonly event: PublishEvent;
  received: boolean;
}

class Direction {
  readonly isOrig: boolean;
  readonly reader: PacketReader;
  readonly publishes = new Map<number, PendingPublish>();
  readonly aliases = new Map<number, string>();
  /** Bytes were lost: what comes next need not be the beginning of a packet. */
  isLost = false;

  constructor(isOrig: boolean, dissector: MqttDissector) {
    this.isOrig = isOrig;
    this.reader = new PacketReader(
      {
        packet: (first, buffer, start, end, length) => dissector.packet(this, first, buffer, start, end, length),
        fault: (reason) => dissector.lost(this, reason),
      },
      MOST_BYTES,
      true,
    );
  }
}

class MqttDissector implements Dissector {
  violations = 0;
  readonly #emit: (event: ProtocolEvent) => void;
  readonly #client = new Direction(true, this);
  readonly #server = new Direction(false, this);
  readonly #sparkplug: SparkplugWatch;
  readonly #asked = new Map<number, Subscribe | Unsubscribe>();
  #version: Version | undefined;
  /** CONNECT said the version. */
  #isCertain = false;
  #connect: Connect | undefined;
  #isOpen = false;
  #skipped = 0;
  #time = 0;

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
    this.#sparkplug = new SparkplugWatch(emit);
  }

  get unparsedBytes(): number {
    return this.#skipped + this.#client.reader.skipped + this.#server.reader.skipped;
  }

  data(fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    this.#time = time;
    const direction = fromOriginator ? this.#client : this.#server;
    let from = start;
    if (direction.isLost) {
      const found = plausibleFrom(buffer, start, end, this.#version);
      this.#skipped += (found ?? end) - start;
      if (found === undefined) return;
      direction.isLost = false;
      from = found;
    }
    direction.reader.receive(buffer, from, end);
  }

  gap(fromOriginator: boolean, time: number, missing: number): void {
    this.#time = time;
    const direction = fromOriginator ? this.#client : this.#server;
    // What is missing of the payload of a large packet takes nothing away.
    if (direction.reader.miss(missing) === 0) return;
    this.#breakOff(direction);
    direction.isLost = true;
  }

  end(time: number): void {
    this.#time = time;
    for (const direction of [this.#client, this.#server]) {
      this.#breakOff(direction);
      for (const { event } of direction.publishes.values()) this.#emit({ ...event, time });
      direction.publishes.clear();
    }
    if (this.#connect !== undefined) this.#connected(undefined);
    for (const asked of this.#asked.values()) this.#subscribed(asked, undefined);
    this.#asked.clear();
  }

  /** One packet, of which `end - start` of `length` bytes are there. @returns false to hear no more until the place is found again */
  packet(direction: Direction, first: number, buffer: Uint8Array, start: number, end: number, length: number): boolean {
    this.#version ??= versionOf(first, buffer, start, end);
    let decoded = decodePacket(first, buffer, start, end, this.#version ?? 4);
    if (decoded.fault !== undefined && !this.#isCertain) decoded = this.#otherwise(decoded, first, buffer, start, end);
    const { packet, fault } = decoded;
    const isCut = end - start < length;
    if (fault?.reason === 'type') {
      this.lost(direction, 'type');
      return false;
    }
    const name = PACKET_NAMES[first >> 4];
    if (fault !== undefined && !(isCut && fault.reason === 'truncated'))
      this.#violation(direction.isOrig, fault.reason, name);
    if (packet === undefined) return true;
    if ((direction.isOrig ? ONLY_SERVER : ONLY_CLIENT).has(packet.type)) {
      this.#violation(direction.isOrig, 'direction', name);
      return true;
    }
    this.#handle(direction, packet, length - (end - start));
    return true;
  }

  /** A packet as the other version has it, if that reads it: without CONNECT the version is a guess. */
  #otherwise(decoded: Decoded, first: number, buffer: Uint8Array, start: number, end: number): Decoded {
    const version = this.#version === 5 ? 4 : 5;
    const other = decodePacket(first, buffer, start, end, version);
    if (other.fault !== undefined) return decoded;
    this.#version = version;
    return other;
  }

  /** A direction cannot be read on from here. */
  lost(direction: Direction, reason: 'length' | 'size' | 'type'): void {
    this.#violation(direction.isOrig, reason, undefined);
    direction.reader.lose();
    direction.isLost = true;
  }

  #breakOff(direction: Direction): void {
    if (direction.reader.held > 0) this.#violation(direction.isOrig, 'truncated', undefined);
    direction.reader.lose();
  }

  #violation(isOrig: boolean, reason: MqttViolationEvent['reason'], packet: string | undefined): void {
    this.violations++;
    const event: MqttViolationEvent = { name: 'mqtt_violation', time: this.#time, is_orig: isOrig, packet, reason };
    this.#emit(event);
  }

  #handle(direction: Direction, packet: Packet, unseen: number): void {
    const { isOrig } = direction;
    switch (packet.type) {
      case 'connect':
        if (this.#connect !== undefined || this.#isOpen) this.#violation(isOrig, 'order', 'connect');
        this.#version = packet.version === 3 || packet.version === 5 ? packet.version : 4;
        this.#isCertain = true;
        this.#connect = packet;
        return;
      case 'connack':
        if (this.#connect === undefined && this.#isOpen) this.#violation(isOrig, 'order', 'connack');
        if (this.#connect !== undefined) this.#connected(packet);
        this.#isOpen = true;
        return;
      case 'publish':
        this.#publish(direction, packet, unseen);
        return;
      case 'puback':
      case 'pubcomp':
      case 'pubrec':
        this.#acknowledged(isOrig ? this.#server : this.#client, packet.type, packet.id, packet.code);
        return;
      case 'subscribe':
      case 'unsubscribe':
        if (this.#asked.size >= MOST_PENDING) {
          const [oldest, asked] = this.#asked.entries().next().value as [number, Subscribe];
          this.#asked.delete(oldest);
          this.#subscribed(asked, undefined);
        }
        this.#asked.set(packet.id, packet);
        return;
      case 'suback':
      case 'unsuback': {
        const asked = this.#asked.get(packet.id);
        if (asked === undefined) return;
        this.#asked.delete(packet.id);
        this.#subscribed(asked, packet.codes);
        return;
      }
      case 'disconnect': {
        const event: DisconnectEvent = {
          name: 'mqtt_disconnect',
          time: this.#time,
          from_client: isOrig,
          reason_code: packet.code,
          reason: REASON_NAMES[packet.code] ?? `code ${packet.code}`,
        };
        this.#emit(event);
      }
    }
  }

  #connected(connack: Connack | undefined): void {
    const connect = this.#connect as Connect;
    this.#connect = undefined;
    this.#isOpen = true;
    const { protocolName, version, clientId, will, username, password, cleanStart, keepAlive } = connect;
    const secret = password === undefined ? undefined : latin(password);
    const names = version >= 5 ? REASON_NAMES : RETURN_NAMES;
    const accepted = connack === undefined ? undefined : connack.code === 0;
    const event: ConnectEvent = {
      name: 'mqtt_connect',
      time: this.#time,
      proto_name: protocolName,
      proto_version: VERSION_NAMES[version] ?? `${version}`,
      client_id: (connack?.properties?.assignedClientId ?? clientId).slice(0, LONGEST),
      connect_status:
        connack === undefined
          ? undefined
          : accepted
            ? RETURN_NAMES[0]
            : (names[connack.code] ?? `unknown code ${connack.code}`),
      will_topic: will?.topic.slice(0, LONGEST),
      will_payload: will && latin(will.payload.subarray(0, MOST_PAYLOAD)),
      username: username?.slice(0, LONGEST),
      password: secret === undefined ? undefined : maskSecret(secret),
      clean_start: cleanStart,
      keep_alive: keepAlive,
      session_present: connack?.sessionPresent,
      accepted,
    };
    this.#emit(event);
    if (secret !== undefined || username !== undefined)
      this.#emit(credentialEvent('mqtt', this.#time, username, secret ?? '', accepted));
  }

  #publish(direction: Direction, packet: Publish, unseen: number): void {
    const { payload, qos, retain, id, properties } = packet;
    const alias = properties?.topicAlias;
    let { topic } = packet;
    if (alias !== undefined) {
      if (topic !== '' && (direction.aliases.size < MOST_ALIASES || direction.aliases.has(alias)))
        direction.aliases.set(alias, topic);
      else if (topic === '') topic = direction.aliases.get(alias) ?? `(alias ${alias})`;
    }
    const length = payload.length + unseen;
    const { isOrig } = direction;
    const isSparkplug = topic.startsWith(NAMESPACE) && unseen === 0;
    const isSecond = qos > 0 && packet.dup && direction.publishes.has(id);
    if (isSecond) return;
    const meant = isSparkplug && this.#sparkplug.message(this.#time, isOrig, topic, payload);
    const content = meant ? 'sparkplug' : contentOf(payload, length);
    const isWhole = isFile(content) && unseen === 0;
    const event: PublishEvent = {
      name: 'mqtt_publish',
      time: this.#time,
      from_client: isOrig,
      retain,
      qos: QOS_NAMES[qos],
      status: qos === 0 ? 'ok' : 'incomplete_qos',
      topic: topic.slice(0, LONGEST),
      payload: latin(payload.length > MOST_PAYLOAD ? payload.subarray(0, MOST_PAYLOAD) : payload),
      payload_len: length,
      content,
      content_hash: isWhole ? createHash('sha256').update(payload).digest('hex') : undefined,
      refused: undefined,
    };
    if (isFile(content) && hasMagic(payload, 0))
      this.#emit(firmwareTransfer(this.#time, isOrig, 'mqtt', payload, unseen === 0));
    if (qos === 0) {
      this.#emit(event);
      return;
    }
    if (direction.publishes.size >= MOST_PENDING) {
      const [oldest, pending] = direction.publishes.entries().next().value as [number, PendingPublish];
      direction.publishes.delete(oldest);
      this.#emit(pending.event);
    }
    direction.publishes.set(id, { event, received: false });
  }

  #acknowledged(of: Direction, by: 'puback' | 'pubrec' | 'pubcomp', id: number, code: number): void {
    const pending = of.publishes.get(id);
    if (pending === undefined) return;
    const isOver = by !== 'pubrec' || code >= 0x80;
    if (!isOver) {
      pending.received = true;
      return;
    }
    of.publishes.delete(id);
    const refused =
      code >= 0x80 && code !== REASON.packetIdUnknown ? (REASON_NAMES[code] ?? `code ${code}`) : undefined;
    this.#emit({ ...pending.event, time: this.#time, status: 'ok', refused } satisfies PublishEvent as ProtocolEvent);
  }

  #subscribed(asked: Subscribe | Unsubscribe, codes: readonly number[] | undefined): void {
    const isSubscribe = asked.type === 'subscribe';
    const filters = isSubscribe ? asked.filters.map(({ filter }) => filter) : asked.filters;
    const event: SubscribeEvent = {
      name: 'mqtt_subscribe',
      time: this.#time,
      action: isSubscribe ? 'MQTT::SUBSCRIBE' : 'MQTT::UNSUBSCRIBE',
      topics: filters.slice(0, MOST_FILTERS).map((filter) => filter.slice(0, LONGEST)),
      qos_levels: isSubscribe ? asked.filters.slice(0, MOST_FILTERS).map(({ qos }) => qos) : undefined,
      granted_qos_level: isSubscribe ? codes?.[0] : undefined,
      ack: codes !== undefined,
      wide: isSubscribe && filters.some(isWide),
      refused: codes?.some((code) => code >= 0x80) ?? false,
    };
    this.#emit(event);
  }
}

/** Whether a filter takes in whole branches of whatever there is: a wildcard in its first two levels. */
function isWide(filter: string): boolean {
  const [first, second] = filter.replace(/^\$share\/[^/]*\//, '').split('/');
  return first === '#' || first === '+' || second === '#';
}

/** One character a byte, as Zeek's strings have them. */
function latin(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] as number);
  return text;
}

/** How surely bytes that start like this are MQTT: CONNECT, CONNACK, any other packet that is whole. */
const CERTAINTY = { connect: 0.99, connack: 0.7, packet: 0.6 } as const;

export const mqttDissector: DissectorFactory = {
  protocol: 'mqtt',
  transport: 'tcp',
  ports: [1883],
  probe(buffer, start, end, fromOriginator) {
    const first = buffer[start] as number;
    const name = PACKET_NAMES[first >> 4];
    if (name === undefined) return 0;
    if (name !== 'publish' && !hasFlags(first)) return 0;
    const size = packetLength(buffer, start, end);
    if (size === undefined) return end - start < 5 ? undefined : 0;
    const { from, to } = size;
    if (name === 'connect') {
      if (first !== 0x10) return 0;
      if (end - from < 8) return undefined;
      const text = String.fromCharCode(...buffer.subarray(from + 2, from + 8));
      return buffer[from] === 0 && (text.startsWith('MQTT') || text === 'MQIsdp') ? CERTAINTY.connect : 0;
    }
    if ((fromOriginator ? ONLY_SERVER : ONLY_CLIENT).has(name)) return 0;
    if (to > end) {
      // Acknowledgements come whole. Of a message that is not its topic says enough.
      if (name !== 'publish') return end - start < 5 ? undefined : 0;
      return plausibleFrom(buffer, start, end, undefined) === start && end - start > 16 ? CERTAINTY.packet : undefined;
    }
    if (to - from > 2 && (name === 'pingreq' || name === 'pingresp')) return 0;
    if (plausibleFrom(buffer, start, end, undefined) !== start) return 0;
    return name === 'connack' ? CERTAINTY.connack : CERTAINTY.packet;
  },
  create: (emit) => new MqttDissector(emit),
};
