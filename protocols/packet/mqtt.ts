/** MQTT in one packet, for people: control packets, and what Sparkplug says in them. */
import type { PacketField } from '@penstock/core';
import { maskSecret } from '../credentials/index.ts';
import { decodePacket, PACKET_NAMES, type Packet, REASON_NAMES } from '../mqtt/index.ts';
import { packetLength, plausibleFrom, versionOf } from '../mqtt/plausibility.ts';
import { decodePayload, NAMESPACE, parseTopic } from '../sparkplug/index.ts';
import type { Reading } from './context.ts';
import { FieldReader, group, hex, printable } from './reader.ts';

const MOST_PACKETS = 64;
const MOST_METRICS = 64;
const MOST_TEXT = 80;
const LATIN = new TextDecoder('latin1');

/** Whether packets follow each other from the first byte on; CONNECT by its name. */
export function looksLikeMqtt(bytes: Uint8Array, start: number, end: number): boolean {
  const size = packetLength(bytes, start, end);
  if (bytes[start] !== 0x10 || size === undefined || size.to !== end) return false;
  return /^(MQTT|MQIsdp)/.test(LATIN.decode(bytes.subarray(size.from + 2, size.from + 8)));
}

/** All control packets of a payload; what is none is told as bytes. */
export function readMqtt(bytes: Uint8Array, start: number, end: number): Reading {
  const fields: PacketField[] = [];
  const says: string[] = [];
  const tags = new Set<string>();
  let at = plausibleFrom(bytes, start, Math.min(end, bytes.length), undefined) === start ? start : end;
  while (at < end && fields.length < MOST_PACKETS) {
    const size = packetLength(bytes, at, end);
    if (size === undefined || size.to > end) break;
    const { field, info } = readOne(bytes, at, size.from, size.to, tags);
    fields.push(field);
    says.push(info);
    at = size.to;
  }
  if (fields.length === 0) at = start;
  if (at < end) fields.push(group('Part of a packet', `${end - at} bytes`, at, end, []));
  const info = says.join('; ') || `${end - start} bytes of a packet`;
  return { protocol: 'mqtt', info, tags: [...tags], field: group('MQTT', info, start, end, fields) };
}

function readOne(
  bytes: Uint8Array,
  start: number,
  from: number,
  end: number,
  tags: Set<string>,
): { field: PacketField; info: string } {
  const first = bytes[start] as number;
  const name = (PACKET_NAMES[first >> 4] ?? 'reserved').toUpperCase();
  const version = versionOf(first, bytes, from, end) ?? 4;
  const { packet, fault } = decodePacket(first, bytes, from, end, version);
  const reader = new FieldReader(bytes, start, end);
  reader.number('Type and flags', 1, (value) => `${hex(2)(value)} ${name}`);
  reader.add('Remaining length', String(end - from), from - start - 1);
  if (fault !== undefined) reader.add('Wrong', fault.reason, 0);
  const info = packet === undefined ? `${name}, cannot be read` : `${name}${content(packet, reader, tags)}`;
  reader.rest('Content');
  return { field: group(name, info, start, end, reader.fields), info };
}

/** Fields of what a packet says; gives the rest of its line. */
function content(packet: Packet, reader: FieldReader, tags: Set<string>): string {
  const note = (name: string, value: string): void => void reader.add(name, value, 0);
  switch (packet.type) {
    case 'connect': {
      const { clientId, username, password, keepAlive, will, version } = packet;
      note('Version', String(version));
      note('Client', clientId);
      note('Keep-alive', `${keepAlive} s`);
      if (will !== undefined) note('Will', will.topic);
      if (username !== undefined) note('User', username);
      if (password !== undefined) note('Password', maskSecret(LATIN.decode(password)));
      return ` ${clientId}${username === undefined ? '' : `, user ${username}`}`;
    }
    case 'connack':
    case 'disconnect':
      note('Code', `${packet.code} ${REASON_NAMES[packet.code] ?? ''}`.trim());
      return packet.code === 0 ? '' : ` code ${packet.code}`;
    case 'publish': {
      const { topic, payload, qos, retain } = packet;
      note('Topic', topic);
      note('QoS', `${qos}${retain ? ', retained' : ''}`);
      const said = topic.startsWith(`${NAMESPACE}/`) ? sparkplug(topic, payload, note, tags) : undefined;
      if (said === undefined) note('Payload', printable(payload.subarray(0, MOST_TEXT)));
      return ` ${topic}, ${said ?? `${payload.length} bytes`}`;
    }
    case 'subscribe':
    case 'unsubscribe': {
      const filters = packet.filters.map((one) => (typeof one === 'string' ? one : one.filter));
      for (const filter of filters) note('Filter', filter);
      return ` ${filters.join(', ')}`;
    }
    case 'suback':
    case 'unsuback':
      note('Codes', packet.codes.join(', '));
      return packet.codes.some((code) => code >= 0x80) ? ' refused' : '';
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      note('Packet', String(packet.id));
      return ` ${packet.id}`;
    default:
      return '';
  }
}

/** Metrics of a Sparkplug message; undefined for what is none. */
function sparkplug(
  topic: string,
  bytes: Uint8Array,
  note: (name: string, value: string) => void,
  tags: Set<string>,
): string | undefined {
  const payload = parseTopic(topic) === undefined ? undefined : decodePayload(bytes);
  if (payload === undefined) return undefined;
  if (payload.seq !== undefined) note('Sequence', String(payload.seq));
  for (const { name, alias, value } of payload.metrics.slice(0, MOST_METRICS)) {
    const shown = value === undefined ? 'null' : value instanceof Uint8Array ? `${value.length} bytes` : String(value);
    note(name ?? `Alias ${alias}`, shown);
    if (name !== undefined && /^[A-Z]{1,6}[0-9]{2,4}/.test(name)) tags.add(name);
  }
  return `${payload.metrics.length} metrics`;
}
