/** Ethernet, ARP, IPv4, ICMP, TCP and UDP for people. */
import type { PacketField } from '@penstock/core';
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_VLAN,
  formatIpv4,
  ipv4ChecksumRight,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  readIpv4Address,
  TCP_ACK,
  TCP_FIN,
  TCP_PSH,
  TCP_RST,
  TCP_SYN,
  TCP_URG,
} from '../ethernet/index.ts';
import type { PacketContext } from './context.ts';
import { FieldReader, group, hex } from './reader.ts';

/** A layer that was read: its field, and where what it carries lies. */
export interface Layer {
  readonly field: PacketField;
  /** EtherType, IP protocol, or 0. */
  readonly carries: number;
  readonly start: number;
  readonly end: number;
}

const mac = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
const ip = (bytes: Uint8Array): string => formatIpv4(readIpv4Address(bytes, 0));
const ETHERTYPES: Record<number, string> = {
  [ETHERTYPE_IPV4]: 'IPv4',
  [ETHERTYPE_ARP]: 'ARP',
  [ETHERTYPE_VLAN]: 'VLAN',
};
const PROTOCOLS: Record<number, string> = { [PROTOCOL_ICMP]: 'ICMP', [PROTOCOL_TCP]: 'TCP', [PROTOCOL_UDP]: 'UDP' };
const FLAGS: readonly (readonly [number, string])[] = [
  [TCP_SYN, 'SYN'],
  [TCP_FIN, 'FIN'],
  [TCP_RST, 'RST'],
  [TCP_PSH, 'PSH'],
  [TCP_ACK, 'ACK'],
  [TCP_URG, 'URG'],
];

export function readEthernetLayer(
  bytes: Uint8Array,
  start: number,
  end: number,
): Layer & { source: string; destination: string } {
  const reader = new FieldReader(bytes, start, end);
  const destination = mac(reader.raw('Destination', 6, mac));
  const source = mac(reader.raw('Source', 6, mac));
  const say = (value: number) => `${hex(4)(value)} ${ETHERTYPES[value] ?? ''}`.trim();
  let carries = reader.number('Type', 2, say);
  if (carries === ETHERTYPE_VLAN) {
    reader.number('VLAN', 2, (value) => String(value & 0xfff));
    carries = reader.number('Type', 2, say);
  }
  const field = group('Ethernet', `${source} → ${destination}`, start, reader.at, reader.fields);
  return { field, carries: carries || 0, start: reader.at, end, source, destination };
}

export function readArpLayer(bytes: Uint8Array, start: number, end: number): { field: PacketField; info: string } {
  const reader = new FieldReader(bytes, start, end);
  reader.number('Hardware type', 2);
  reader.number('Protocol type', 2, hex(4));
  reader.number('Hardware length', 1);
  reader.number('Protocol length', 1);
  const operation = reader.number('Operation', 2, (value) =>
    value === 1 ? '1 request' : value === 2 ? '2 reply' : String(value),
  );
  const senderMac = mac(reader.raw('Sender hardware address', 6, mac));
  const sender = reader.raw('Sender address', 4, ip);
  reader.raw('Target hardware address', 6, mac);
  const target = reader.raw('Target address', 4, ip);
  const complete = sender.length === 4 && target.length === 4;
  let info = 'cut short';
  if (complete)
    info = operation === 1 ? `who has ${ip(target)}? tell ${ip(sender)}` : `${ip(sender)} is at ${senderMac}`;
  return { field: group('ARP', info, start, reader.at, reader.fields), info };
}

export interface Ipv4Layer extends Layer {
  readonly source: string;
  readonly destination: string;
  /** A later part of a larger packet: what it carries has no header. */
  readonly fragment: boolean;
}

export function readIpv4Layer(bytes: Uint8Array, start: number, end: number, { name }: PacketContext): Ipv4Layer {
  const reader = new FieldReader(bytes, start, end);
  const named = (address: Uint8Array) => {
    const text = ip(address);
    const known = name(text);
    return known === undefined ? text : `${text} (${known})`;
  };
  const first = reader.number('Version, header length', 1, (value) => `${value >> 4}, ${4 * (value & 15)} bytes`);
  reader.number('Service', 1, hex(2));
  const total = reader.number('Total length', 2);
  reader.number('Identification', 2, hex(4));
  const flags = reader.number('Flags, fragment offset', 2, (value) => {
    const set = [value & 0x4000 ? 'do not fragment' : '', value & 0x2000 ? 'more fragments' : ''].filter(Boolean);
    return `${set.join(', ') || 'none'}, offset ${8 * (value & 0x1fff)}`;
  });
  reader.number('Time to live', 1);
  const carries = reader.number('Protocol', 1, (value) => `${value} ${PROTOCOLS[value] ?? ''}`.trim());
  const length = 4 * (first & 15);
  reader.number('Header checksum', 2, (value) => {
    const right = length >= 20 && start + length <= reader.end && ipv4ChecksumRight(bytes, start, length);
    return `${hex(4)(value)} ${right ? 'right' : 'WRONG'}`;
  });
  const source = reader.raw('Source', 4, named);
  const destination = reader.raw('Destination', 4, named);
  const options = start + length - reader.at;
  if (options > 0) reader.raw('Options', Math.min(options, reader.left));
  const stop = Math.min(end, start + (Number.isNaN(total) ? end - start : total));
  const ends = {
    source: source.length === 4 ? ip(source) : '',
    destination: destination.length === 4 ? ip(destination) : '',
  };
  return {
    field: group('IPv4', `${ends.source} → ${ends.destination}`, start, reader.at, reader.fields),
    ...{ carries: reader.short ? 0 : carries, start: reader.at, end: Math.max(reader.at, stop), ...ends },
    fragment: (flags & 0x1fff) !== 0,
  };
}

export interface TransportLayer extends Layer {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly info: string;
}

export function readTcpLayer(bytes: Uint8Array, start: number, end: number): TransportLayer {
  const reader = new FieldReader(bytes, start, end);
  const sourcePort = reader.number('Source port', 2);
  const destinationPort = reader.number('Destination port', 2);
  const sequence = reader.number('Sequence number', 4);
  const acknowledged = reader.number('Acknowledgement number', 4);
  const length = 4 * (reader.number('Header length', 1, (value) => `${4 * (value >> 4)} bytes`) >> 4);
  let flags = '';
  reader.number('Flags', 1, (value) => {
    flags = FLAGS.filter(([bit]) => (value & bit) !== 0)
      .map(([, word]) => word)
      .join(' ');
    return flags || 'none';
  });
  const window = reader.number('Window', 2);
  reader.number('Checksum', 2, hex(4));
  reader.number('Urgent pointer', 2);
  const options = start + length - reader.at;
  if (options > 0) reader.raw('Options', Math.min(options, reader.left));
  const payload = Math.max(0, end - reader.at);
  const info = `${flags} seq ${sequence} ack ${acknowledged} window ${window}${payload > 0 ? ` ${payload} bytes` : ''}`;
  return {
    field: group('TCP', `${sourcePort} → ${destinationPort} ${flags}`, start, reader.at, reader.fields),
    ...{ carries: 0, start: reader.at, end, sourcePort, destinationPort, info },
  };
}

export function readUdpLayer(bytes: Uint8Array, start: number, end: number): TransportLayer {
  const reader = new FieldReader(bytes, start, end);
  const sourcePort = reader.number('Source port', 2);
  const destinationPort = reader.number('Destination port', 2);
  const length = reader.number('Length', 2);
  reader.number('Checksum', 2, hex(4));
  const stop = Math.max(reader.at, Math.min(end, start + (Number.isNaN(length) ? 0 : length)));
  const info = `${sourcePort} → ${destinationPort} ${stop - reader.at} bytes`;
  return {
    field: group('UDP', info, start, reader.at, reader.fields),
    carries: 0,
    start: reader.at,
    end: stop,
    sourcePort,
    destinationPort,
    info,
  };
}

const ICMP: Record<number, string> = { 0: 'echo reply', 3: 'unreachable', 8: 'echo request', 11: 'time exceeded' };

export function readIcmpLayer(bytes: Uint8Array, start: number, end: number): { field: PacketField; info: string } {
  const reader = new FieldReader(bytes, start, end);
  let info = 'cut short';
  reader.number('Type', 1, (value) => {
    info = ICMP[value] ?? `type ${value}`;
    return `${value} ${info}`;
  });
  const code = reader.number('Code', 1);
  reader.number('Checksum', 2, hex(4));
  reader.rest('Data');
  if (code > 0) info += ` (code ${code})`;
  return { field: group('ICMP', info, start, reader.at, reader.fields), info };
}
