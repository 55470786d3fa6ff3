/** MQTT control packets as bytes (OASIS MQTT 3.1.1 and 5.0, chapter 3). */
import { Writer } from './bytes.ts';
import type { Connect, Filter, Packet, Properties, Publish, Version } from './messages.ts';
import { writeProperties } from './properties.ts';
import { PACKET_TYPES } from './tables.ts';

/** Room for the fixed header before the rest, whose length it tells. */
const HEADER = 5;

const writer = new Writer();

/**
 * One packet as it stands on the wire.
 * @param version of CONNECT it is its own; properties go out in version 5 only
 * @throws PenstockError `mqtt.length` for a text of more than 65535 bytes, or a packet beyond 256 MiB
 */
export function encodePacket(packet: Packet, version: Version): Uint8Array {
  writer.reset(HEADER);
  const type = PACKET_TYPES[packet.type] << 4;
  switch (packet.type) {
    case 'connect':
      connect(packet);
      return writer.packet(type, HEADER);
    case 'connack':
      writer.byte(packet.sessionPresent ? 1 : 0).byte(packet.code);
      if (version >= 5) writeProperties(writer, packet.properties);
      return writer.packet(type, HEADER);
    case 'publish':
      return publish(packet, version);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      writer.two(packet.id);
      if (version >= 5) reasonAndProperties(packet.code, packet.properties);
      return writer.packet(type | (packet.type === 'pubrel' ? 2 : 0), HEADER);
    case 'subscribe':
      writer.two(packet.id);
      if (version >= 5) writeProperties(writer, packet.properties);
      for (const filter of packet.filters) writer.text(filter.filter).byte(options(filter, version));
      return writer.packet(type | 2, HEADER);
    case 'unsubscribe':
      writer.two(packet.id);
      if (version >= 5) writeProperties(writer, packet.properties);
      for (const filter of packet.filters) writer.text(filter);
      return writer.packet(type | 2, HEADER);
    case 'suback':
    case 'unsuback':
      writer.two(packet.id);
      if (version >= 5) writeProperties(writer, packet.properties);
      if (version >= 5 || packet.type === 'suback') for (const code of packet.codes) writer.byte(code);
      return writer.packet(type, HEADER);
    case 'pingreq':
    case 'pingresp':
      return writer.packet(type, HEADER);
    case 'disconnect':
    case 'auth':
      if (version >= 5) reasonAndProperties(packet.code, packet.properties);
      return writer.packet(type, HEADER);
  }
}

/** Reason and properties of success without properties are left out (3.4.2.1). */
function reasonAndProperties(code: number, properties: Properties | undefined): void {
  if (code === 0 && properties === undefined) return;
  writer.byte(code);
  if (properties !== undefined) writeProperties(writer, properties);
}

function connect({
  protocolName,
  version,
  cleanStart,
  keepAlive,
  clientId,
  will,
  username,
  password,
  properties,
}: Connect) {
  writer.text(protocolName).byte(version);
  writer.byte(
    (cleanStart ? 2 : 0) |
      (will === undefined ? 0 : 4 | (will.qos << 3) | (will.retain ? 0x20 : 0)) |
      (username === undefined ? 0 : 0x80) |
      (password === undefined ? 0 : 0x40),
  );
  writer.two(keepAlive);
  if (version >= 5) writeProperties(writer, properties);
  writer.text(clientId);
  if (will !== undefined) {
    if (version >= 5) writeProperties(writer, will.properties);
    writer.text(will.topic).binary(will.payload);
  }
  if (username !== undefined) writer.text(username);
  if (password !== undefined) writer.binary(password);
}

function publish({ topic, payload, qos, retain, dup, id, properties }: Publish, version: Version): Uint8Array {
  writer.text(topic);
  if (qos > 0) writer.two(id);
  if (version >= 5) writeProperties(writer, properties);
  writer.bytes(payload);
  return writer.packet((PACKET_TYPES.publish << 4) | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0), HEADER);
}

function options({ qos, noLocal, retainAsPublished, retainHandling }: Filter, version: Version): number {
  if (version < 5) return qos;
  return qos | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | ((retainHandling ?? 0) << 4);
}
