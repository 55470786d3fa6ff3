/** MQTT control packets from bytes (OASIS MQTT 3.1.1 and 5.0, chapter 3). */
import { Reader } from './bytes.ts';
import type {
  Ack,
  Connack,
  Connect,
  Decoded,
  Disconnect,
  Filter,
  Packet,
  PacketName,
  Publish,
  Qos,
  Suback,
  Subscribe,
  Unsubscribe,
  Version,
  Will,
} from './messages.ts';
import { readProperties } from './properties.ts';
import { PACKET_NAMES, REASON } from './tables.ts';
import { isTopicFilter, isTopicName, sharedFilter } from './topics.ts';

/** Flags of the fixed header that a type must have (2.1.3); PUBLISH has its own. */
const FLAGS_TWO: ReadonlySet<PacketName> = new Set(['pubrel', 'subscribe', 'unsubscribe']);
/** Filters of one packet that are read; a client that sends more is refused. */
const MOST_FILTERS = 4096;

const reader = new Reader();

/**
 * Reads one packet. Never throws.
 * @param first the first byte of the fixed header
 * @param start where the variable header begins in `buffer`, behind the remaining length
 * @param version that CONNECT agreed on; of CONNECT itself it is read
 */
export function decodePacket(first: number, buffer: Uint8Array, start: number, end: number, version: Version): Decoded {
  reader.set(buffer, start, end);
  const name = PACKET_NAMES[first >> 4];
  if (name === undefined || (name === 'auth' && version < 5))
    return { fault: { code: REASON.malformed, reason: 'type' } };
  const flags = first & 15;
  if (name !== 'publish' && !hasFlags(first)) reader.wrong('flags');
  const packet = read(name, flags, version);
  if (reader.left > 0) reader.wrong('trailing');
  return { packet: reader.broken ? undefined : packet, fault: reader.fault };
}

/** Whether a first byte has the flags that its type, which is not PUBLISH, must have. */
export function hasFlags(first: number): boolean {
  const name = PACKET_NAMES[first >> 4];
  return (first & 15) === (name !== undefined && FLAGS_TWO.has(name) ? 2 : 0);
}

function read(name: PacketName, flags: number, version: Version): Packet {
  switch (name) {
    case 'connect':
      return readConnect();
    case 'connack':
      return readConnack(version);
    case 'publish':
      return readPublish(flags, version);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return readAck(name, version);
    case 'subscribe':
      return readSubscribe(version);
    case 'unsubscribe':
      return readUnsubscribe(version);
    case 'suback':
    case 'unsuback':
      return readSuback(name, version);
    case 'pingreq':
    case 'pingresp':
      return { type: name };
    case 'disconnect':
    case 'auth':
      return readDisconnect(name, version);
  }
}

function readConnect(): Connect {
  const protocolName = reader.text();
  const version = reader.byte();
  if (protocolName !== 'MQTT' && protocolName !== 'MQIsdp') {
    // What follows is of another protocol.
    reader.break('protocol-name');
  } else if (protocolName === 'MQIsdp' ? version !== 3 : version !== 4 && version !== 5)
    reader.wrong('version', REASON.unsupportedVersion);
  const flags = reader.byte();
  const hasWill = (flags & 4) !== 0;
  const willQos = (flags >> 3) & 3;
  if ((flags & 1) !== 0 || willQos === 3 || (!hasWill && (flags & 0x38) !== 0)) reader.wrong('flags');
  // A password without a user name came with version 5 (3.1.2.9).
  if (version < 5 && (flags & 0xc0) === 0x40) reader.wrong('flags', REASON.protocolError);
  const keepAlive = reader.two();
  const properties = version >= 5 ? readProperties(reader, 'connect') : undefined;
  const clientId = reader.text();
  let will: Will | undefined;
  if (hasWill) {
    const willProperties = version >= 5 ? readProperties(reader, 'will') : undefined;
    const topic = reader.text();
    const payload = reader.binary();
    const qos = Math.min(2, willQos) as Qos;
    will = { topic, payload, qos, retain: (flags & 0x20) !== 0, properties: willProperties };
    if (!isTopicName(topic)) reader.wrong('topic', REASON.topicInvalid);
  }
  const username = flags & 0x80 ? reader.text() : undefined;
  const password = flags & 0x40 ? reader.binary() : undefined;
  const cleanStart = (flags & 2) !== 0;
  return {
    type: 'connect',
    protocolName,
    version,
    cleanStart,
    keepAlive,
    clientId,
    will,
    username,
    password,
    properties,
  };
}

function readConnack(version: Version): Connack {
  const flags = reader.byte();
  if (flags > 1) reader.wrong('flags');
  const code = reader.byte();
  const properties = version >= 5 && reader.left > 0 ? readProperties(reader, 'connack') : undefined;
  return { type: 'connack', sessionPresent: (flags & 1) !== 0, code, properties };
}

function readPublish(flags: number, version: Version): Publish {
  const level = (flags >> 1) & 3;
  const dup = (flags & 8) !== 0;
  if (level === 3) reader.wrong('qos');
  if (dup && level === 0) reader.wrong('flags');
  const qos = Math.min(2, level) as Qos;
  const topic = reader.text();
  const id = level > 0 ? packetId() : 0;
  const properties = version >= 5 ? readProperties(reader, 'publish') : undefined;
  if (topic === '' ? properties?.topicAlias === undefined && !reader.broken : !isTopicName(topic))
    reader.wrong('topic', topic === '' ? REASON.protocolError : REASON.topicInvalid);
  if (properties?.topicAlias === 0) reader.wrong('property', REASON.aliasInvalid);
  const { responseTopic } = properties ?? {};
  if (responseTopic !== undefined && !isTopicName(responseTopic)) reader.wrong('topic', REASON.protocolError);
  const payload = reader.bytes(reader.left);
  return { type: 'publish', topic, payload, qos, retain: (flags & 1) !== 0, dup, id, properties };
}

function packetId(): number {
  const id = reader.two();
  if (id === 0 && !reader.broken) reader.wrong('packet-id', REASON.protocolError);
  return id;
}

function readAck(type: Ack['type'], version: Version): Ack {
  const id = packetId();
  const code = version >= 5 && reader.left > 0 ? reader.byte() : 0;
  const properties = version >= 5 && reader.left > 0 ? readProperties(reader, type) : undefined;
  return { type, id, code, properties };
}

function readSubscribe(version: Version): Subscribe {
  const id = packetId();
  const properties = version >= 5 ? readProperties(reader, 'subscribe') : undefined;
  if ((properties?.subscriptionIds?.length ?? 0) > 1) reader.wrong('property-twice', REASON.protocolError);
  const filters: Filter[] = [];
  while (reader.left > 0 && filters.length < MOST_FILTERS) {
    const filter = reader.text();
    const options = reader.byte();
    if (reader.broken) break;
    const level = options & 3;
    const handling = (options >> 4) & 3;
    if (level === 3 || (version >= 5 ? handling === 3 || options > 0x3f : options > 2))
      reader.wrong('options', version >= 5 ? REASON.protocolError : REASON.malformed);
    const noLocal = (options & 4) !== 0;
    if (!isTopicFilter(filter)) reader.wrong('filter', REASON.filterInvalid);
    else if (version >= 5 && noLocal && typeof sharedFilter(filter) === 'object')
      reader.wrong('options', REASON.protocolError);
    const qos = Math.min(2, level) as Qos;
    filters.push(
      version < 5
        ? { filter, qos }
        : {
            ...{ filter, qos, noLocal, retainAsPublished: (options & 8) !== 0 },
            retainHandling: Math.min(2, handling) as 0 | 1 | 2,
          },
    );
  }
  if (filters.length === 0 && !reader.broken) reader.wrong('empty', REASON.protocolError);
  return { type: 'subscribe', id, filters, properties };
}

function readUnsubscribe(version: Version): Unsubscribe {
  const id = packetId();
  const properties = version >= 5 ? readProperties(reader, 'unsubscribe') : undefined;
  const filters: string[] = [];
  while (reader.left > 0 && filters.length < MOST_FILTERS) {
    const filter = reader.text();
    if (!isTopicFilter(filter) && !reader.broken) reader.wrong('filter', REASON.filterInvalid);
    filters.push(filter);
  }
  if (filters.length === 0 && !reader.broken) reader.wrong('empty', REASON.protocolError);
  return { type: 'unsubscribe', id, filters, properties };
}

function readSuback(type: Suback['type'], version: Version): Suback {
  const id = packetId();
  const properties = version >= 5 ? readProperties(reader, type) : undefined;
  const codes = [...reader.bytes(reader.left)];
  if (type === 'suback' && codes.some((code) => code > 2 && code < 0x80)) reader.wrong('code');
  return { type, id, codes, properties };
}

function readDisconnect(type: Disconnect['type'], version: Version): Disconnect {
  const code = version >= 5 && reader.left > 0 ? reader.byte() : 0;
  const properties = version >= 5 && reader.left > 0 ? readProperties(reader, type) : undefined;
  return { type, code, properties };
}
