/**
 * A captured Ethernet frame as people read it: one row for a list, and a tree of fields with their places in the bytes. Made for
 * looking at single packets; the monitor's dissectors follow whole conversations.
 */
import type { PacketField } from '@penstock/core';
import { BACNET_PORT } from '../bacnet/index.ts';
import { DNS_PORT } from '../dns/index.ts';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../ethernet/index.ts';
import { HTTP_PORT } from '../http/index.ts';
import { NTP_PORT } from '../ntp/index.ts';
import { SYSLOG_PORT } from '../syslog/index.ts';
import { readBacnet } from './bacnet.ts';
import type { PacketContext, Reading } from './context.ts';
import { DNP3_PORT, looksLikeDnp3, readDnp3 } from './dnp3.ts';
import { FTP_PORT, readFtp, readSnmp, readTelnet, SNMP_PORT, TELNET_PORT, TRAP_PORT } from './doors.ts';
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
import { looksLikeMqtt, MQTT_PORT, readMqtt } from './mqtt.ts';
import { group } from './reader.ts';
import { looksLikeS7, readS7, S7_PORT } from './s7comm.ts';
import { looksLikeHttp, readDns, readHttp, readNtp, readSyslog } from './services.ts';

export { type ModbusAnswer, NO_CONTEXT, type PacketContext, type S7Answer } from './context.ts';
export { isOrder } from './orders.ts';

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

const MODBUS_PORT = 502;
type ReadPayload = (bytes: Uint8Array, start: number, end: number, context: PacketContext) => Reading;
const UDP_READERS: Readonly<Record<number, ReadPayload>> = {
  [BACNET_PORT]: readBacnet,
  [DNP3_PORT]: readDnp3,
  [DNS_PORT]: readDns,
  [NTP_PORT]: readNtp,
  [SYSLOG_PORT]: readSyslog,
  [SNMP_PORT]: readSnmp,
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
  if (looksLikeDnp3(bytes, start, end) || destinationPort === DNP3_PORT || sourcePort === DNP3_PORT)
    return readDnp3(bytes, start, end, context);
  if (looksLikeS7(bytes, start, end) || destinationPort === S7_PORT || sourcePort === S7_PORT)
    return readS7(bytes, start, end, { source, sourcePort, destination, destinationPort }, context);
  if (looksLikeMqtt(bytes, start, end) || destinationPort === MQTT_PORT || sourcePort === MQTT_PORT)
    return readMqtt(bytes, start, end);
  if (looksLikeModbus(bytes, start, end) || destinationPort === MODBUS_PORT || sourcePort === MODBUS_PORT) {
    // The lower port is the server's where neither is Modbus's own.
    const fromClient = destinationPort === MODBUS_PORT || (sourcePort !== MODBUS_PORT && destinationPort < sourcePort);
    const ends = fromClient
      ? { client: source, clientPort: sourcePort, server: destination, fromClient }
      : { client: destination, clientPort: destinationPort, server: source, fromClient };
    return readModbus(bytes, start, end, ends, context);
  }
  if (looksLikeHttp(bytes, start, end) || destinationPort === HTTP_PORT || sourcePort === HTTP_PORT)
    return readHttp(bytes, start, end);
  if (destinationPort === FTP_PORT || sourcePort === FTP_PORT) return readFtp(bytes, start, end);
  if (destinationPort === TELNET_PORT || sourcePort === TELNET_PORT) return readTelnet(bytes, start, end);
  return undefined;
}

const rest = (start: number, end: number): PacketField[] =>
  end > start ? [group('Data', `${end - start} bytes`, start, end, [])] : [];
