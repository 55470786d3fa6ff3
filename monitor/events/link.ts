/** Events of the protocols below a transport, which have no stream: ARP (RFC 826) and ICMP (RFC 792, RFC 4443). */
import type { ProtocolEvent } from '@penstock/core';
import { ipv4Text, macText } from '../flows/address.ts';
import type { Packet } from '../flows/packet.ts';

/** One ARP message: who says that which protocol address has which hardware address. */
export interface ArpEvent extends ProtocolEvent {
  readonly name: 'arp';
  readonly operation: 'request' | 'reply' | `unknown-${number}`;
  /** MAC addresses of the frame itself; they differ from those in the message when somebody forges. */
  readonly mac_src: string | undefined;
  readonly mac_dst: string | undefined;
  readonly sender_mac: string;
  readonly sender_ip: string;
  readonly target_mac: string;
  readonly target_ip: string;
  /** The sender announces its own address (sender and target address are equal). */
  readonly gratuitous: boolean;
}

/**
 * Decodes the ARP message at `packet.payload` and puts its two protocol addresses into `packet` as source and destination.
 * Undefined when it is not ARP for IPv4 over Ethernet, or not whole.
 */
export function arpEvent(packet: Packet, time: number): ArpEvent | undefined {
  const b = packet.buffer;
  const at = packet.payload;
  if (packet.payloadEnd - at < 28) return undefined;
  if (b[at + 2] !== 0x08 || b[at + 3] !== 0 || b[at + 4] !== 6 || b[at + 5] !== 4) return undefined;
  const operation = (b[at + 6] << 8) | b[at + 7];
  const sender = (b[at + 14] << 24) | (b[at + 15] << 16) | (b[at + 16] << 8) | b[at + 17];
  const target = (b[at + 24] << 24) | (b[at + 25] << 16) | (b[at + 26] << 8) | b[at + 27];
  packet.version = 4;
  packet.hopLimit = 0;
  packet.source0 = packet.source1 = packet.source2 = 0;
  packet.destination0 = packet.destination1 = packet.destination2 = 0;
  packet.source3 = sender;
  packet.destination3 = target;
  return {
    name: 'arp',
    time,
    operation: operation === 1 ? 'request' : operation === 2 ? 'reply' : `unknown-${operation}`,
    mac_src: packet.sourceMac < 0 ? undefined : macText(packet.frame, packet.sourceMac),
    mac_dst: packet.destinationMac < 0 ? undefined : macText(packet.frame, packet.destinationMac),
    sender_mac: macText(b, at + 8),
    sender_ip: ipv4Text(sender),
    target_mac: macText(b, at + 18),
    target_ip: ipv4Text(target),
    gratuitous: sender === target,
  };
}

/** One ICMP or ICMPv6 message, named as Zeek's `icmp_info` record. */
export interface IcmpEvent extends ProtocolEvent {
  readonly name: 'icmp';
  readonly v6: boolean;
  readonly is_orig: boolean;
  readonly itype: number;
  readonly icode: number;
  /** Bytes after the ICMP header. */
  readonly len: number;
  readonly hlim: number;
  /** Echo and timestamp messages: identifier and sequence number. */
  readonly id: number | undefined;
  readonly seq: number | undefined;
}

const TYPES_WITH_SEQUENCE = new Set([0, 8, 13, 14]);
const TYPES_WITH_SEQUENCE_6 = new Set([128, 129]);

/** Decodes the ICMP message at `packet.payload`, of which at least the first 8 bytes must be there. */
export function icmpEvent(packet: Packet, time: number, fromOriginator: boolean): IcmpEvent {
  const b = packet.buffer;
  const at = packet.payload;
  const type = b[at];
  const numbered = (packet.version === 6 ? TYPES_WITH_SEQUENCE_6 : TYPES_WITH_SEQUENCE).has(type);
  return {
    name: 'icmp',
    time,
    v6: packet.version === 6,
    is_orig: fromOriginator,
    itype: type,
    icode: b[at + 1],
    len: packet.wireEnd - at - 8,
    hlim: packet.hopLimit,
    id: numbered ? (b[at + 4] << 8) | b[at + 5] : undefined,
    seq: numbered ? (b[at + 6] << 8) | b[at + 7] : undefined,
  };
}

/**
 * Port of the answer to an ICMP message, as Zeek has it: type and the type that answers stand for the two ports, so that question
 * and answer are one flow; a message that has no counterpart gets its code.
 */
export function icmpCounterpart(version: number, type: number, code: number): number {
  const pairs = version === 6 ? COUNTERPARTS_6 : COUNTERPARTS;
  return pairs.get(type) ?? code;
}

const COUNTERPARTS = new Map([
  [8, 0],
  [0, 8],
  [13, 14],
  [14, 13],
  [15, 16],
  [16, 15],
  [17, 18],
  [18, 17],
  [10, 9],
  [9, 10],
]);
const COUNTERPARTS_6 = new Map([
  [128, 129],
  [129, 128],
  [133, 134],
  [134, 133],
  [135, 136],
  [136, 135],
  [130, 131],
  [131, 130],
]);
