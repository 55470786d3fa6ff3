/**
 * A captured Ethernet frame as people read it: one row for a list, and a tree of fields with their places in the bytes. Made for
 * looking at single packets; the monitor's dissectors follow whole conversations.
 */
import type { PacketField } from '@penstock/core';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../ethernet/index.ts';
import { TRAP_PORT } from '../snmp/index.ts';
import { readBacnet } from './bacnet.ts';
import type { PacketContext, Reading } from './context.ts';
import { looksLikeDnp3, readDnp3 } from './dnp3.ts';
import { readFtp, readSnmp, readTelnet } from './doors.ts';
import {
  readArpLayer,
  readEthernetLayer,
  readIcmpLayer,
  readIpv4Layer,
  readTcpLayer,
  readUdpLayer,
  type TransportLayer,
} from './link.ts';
import { looksLikeModbus, readModbus } from './modbus.ts';
import { looksLikeMqtt, readMqtt } from './mqtt.ts';
import { looksLikeOpcUa, readOpcUa } from './opcua.ts';
import { STANDARD_PORTS } from './ports.ts';
import { group } from './reader.ts';
import { looksLikeS7, readS7 } from './s7comm.ts';
import { looksLikeHttp, readDns, readHttp, readNtp, readSyslog } from './services.ts';

export { type ModbusAnswer, NO_CONTEXT, type PacketContext, type S7Answer } from './context.ts';
export { isOrder } from './orders.ts';
export { STANDARD_PORTS, usualAt } from './ports.ts';

export interface ReadPacket {
  /** Addresses, of the innermost layer that has them. */
  readonly source: string;
  readonly destination: string;
  /** TCP's or UDP's ports; 0 where there are none. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** `modbus`, `tcp`, `arp` … */
  readonly protocol: string;
  readonly info: string;
  readonly tags: readonly string[];
  readonly tree: readonly PacketField[];
  /** Where the transport's payload lies; both 0 where there is none. */
  readonly payload: { readonly start: number; readonly end: number };
}

type ReadPayload = (bytes: Uint8Array, start: number, end: number, context: PacketContext) => Reading;
const UDP_READERS: Readonly<Record<number, ReadPayload>> = {
  [STANDARD_PORTS.bacnet]: readBacnet,
  [STANDARD_PORTS.dnp3]: readDnp3,
  [STANDARD_PORTS.dns]: readDns,
  [STANDARD_PORTS.ntp]: readNtp,
  [STANDARD_PORTS.syslog]: readSyslog,
  [STANDARD_PORTS.snmp]: readSnmp,
  [TRAP_PORT]: readSnmp,
};

/** Reads the frame `bytes[start..end)`. Never throws, whatever the bytes are. */
export function readPacket(bytes: Uint8Array, start: number, end: number, context: PacketContext): ReadPacket {
  const link = readEthernetLayer(bytes, start, end);
  const plain = { sourcePort: 0, destinationPort: 0, tags: [], payload: { start: 0, end: 0 } };
  if (link.carries === ETHERTYPE_ARP) {
    const { field, info } = readArpLayer(bytes, link.start, end);
    const { source, destination } = link;
    return { ...plain, source, destination, protocol: 'arp', info, tree: [link.field, field] };
  }
  if (link.carries !== ETHERTYPE_IPV4) {
    const { source, destination } = link;
    const info = `type 0x${link.carries.toString(16).padStart(4, '0')}`;
    return { ...plain, source, destination, protocol: 'ethernet', info, tree: [link.field, ...rest(link.start, end)] };
  }
  const network = readIpv4Layer(bytes, link.start, end, context);
  const { source, destination } = network;
  const below = [link.field, network.field];
  if (network.fragment || (network.carries !== PROTOCOL_TCP && network.carries !== PROTOCOL_UDP)) {
    if (network.carries === PROTOCOL_ICMP && !network.fragment) {
      const { field, info } = readIcmpLayer(bytes, network.start, network.end);
      return { ...plain, source, destination, protocol: 'icmp', info, tree: [...below, field] };
    }
    const info = network.fragment ? 'part of a larger packet' : `protocol ${network.carries}`;
    return {
      ...plain,
      source,
      destination,
      protocol: 'ipv4',
      info,
      tree: [...below, ...rest(network.start, network.end)],
    };
  }
  const isTcp = network.carries === PROTOCOL_TCP;
  const transport = (isTcp ? readTcpLayer : readUdpLayer)(bytes, network.start, network.end);
  const { sourcePort, destinationPort } = transport;
  const payload = { start: transport.start, end: transport.end };
  const ports = { source, destination, sourcePort, destinationPort, payload };
  const reading = payload.start < payload.end ? read(bytes, transport, source, destination, isTcp, context) : undefined;
  if (reading) {
    const { protocol, info, tags, field } = reading;
    return { ...ports, protocol, info, tags, tree: [...below, transport.field, field] };
  }
  const tree = [...below, transport.field, ...rest(payload.start, payload.end)];
  return { ...ports, protocol: isTcp ? 'tcp' : 'udp', info: transport.info, tags: [], tree };
}

/** Content decides, ports where content does not tell. */
function read(
  bytes: Uint8Array,
  { start, end, sourcePort, destinationPort }: TransportLayer,
  source: string,
  destination: string,
  isTcp: boolean,
  context: PacketContext,
): Reading | undefined {
  if (!isTcp) {
    const reader = UDP_READERS[destinationPort] ?? UDP_READERS[sourcePort];
    return reader?.(bytes, start, end, context);
  }
  const isAt = (port: number): boolean => destinationPort === port || sourcePort === port;
  if (looksLikeDnp3(bytes, start, end) || isAt(STANDARD_PORTS.dnp3)) return readDnp3(bytes, start, end, context);
  if (looksLikeS7(bytes, start, end) || isAt(STANDARD_PORTS.s7comm))
    return readS7(bytes, start, end, { source, sourcePort, destination, destinationPort }, context);
  if (looksLikeOpcUa(bytes, start, end) || isAt(STANDARD_PORTS.opcua)) return readOpcUa(bytes, start, end);
  if (looksLikeMqtt(bytes, start, end) || isAt(STANDARD_PORTS.mqtt)) return readMqtt(bytes, start, end);
  const { modbus } = STANDARD_PORTS;
  if (looksLikeModbus(bytes, start, end) || isAt(modbus)) {
    // The lower port is the server's where neither is Modbus's own.
    const fromClient = destinationPort === modbus || (sourcePort !== modbus && destinationPort < sourcePort);
    const ends = fromClient
      ? { client: source, clientPort: sourcePort, server: destination, fromClient }
      : { client: destination, clientPort: destinationPort, server: source, fromClient };
    return readModbus(bytes, start, end, ends, context);
  }
  if (looksLikeHttp(bytes, start, end) || isAt(STANDARD_PORTS.http)) return readHttp(bytes, start, end);
  if (isAt(STANDARD_PORTS.ftp)) return readFtp(bytes, start, end);
  if (isAt(STANDARD_PORTS.telnet)) return readTelnet(bytes, start, end);
  return undefined;
}

const rest = (start: number, end: number): PacketField[] =>
  end > start ? [group('Data', `${end - start} bytes`, start, end, [])] : [];
