/** ARP for IPv4 over Ethernet (RFC 826; announcements RFC 5227 clause 2.3). */
import {
  type Ipv4Address,
  type MacAddress,
  readIpv4Address,
  readMacAddress,
  readUint16,
  writeIpv4Address,
  writeMacAddress,
  writeUint16,
} from './address.ts';
import { ETHERTYPE_IPV4, TRUNCATED, UNSUPPORTED } from './frame.ts';

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;
export const ARP_LENGTH = 28;

const HARDWARE_ETHERNET = 1;

export interface ArpPacket {
  operation: number;
  senderMac: MacAddress;
  senderAddress: Ipv4Address;
  targetMac: MacAddress;
  targetAddress: Ipv4Address;
}

/** Writes the 28 bytes of the packet at `at`; returns the offset behind them. */
export function writeArp(buffer: Uint8Array, at: number, packet: Readonly<ArpPacket>): number {
  writeUint16(buffer, at, HARDWARE_ETHERNET);
  writeUint16(buffer, at + 2, ETHERTYPE_IPV4);
  buffer[at + 4] = 6;
  buffer[at + 5] = 4;
  writeUint16(buffer, at + 6, packet.operation);
  writeMacAddress(buffer, at + 8, packet.senderMac);
  writeIpv4Address(buffer, at + 14, packet.senderAddress);
  writeMacAddress(buffer, at + 18, packet.targetMac);
  writeIpv4Address(buffer, at + 24, packet.targetAddress);
  return at + ARP_LENGTH;
}

/** Reads the packet at `start`; returns the offset behind it, `TRUNCATED`, or `UNSUPPORTED` (not IPv4 over Ethernet). */
export function readArp(buffer: Uint8Array, start: number, end: number, into: ArpPacket): number {
  if (end - start < ARP_LENGTH) return TRUNCATED;
  if (
    readUint16(buffer, start) !== HARDWARE_ETHERNET ||
    readUint16(buffer, start + 2) !== ETHERTYPE_IPV4 ||
    buffer[start + 4] !== 6 ||
    buffer[start + 5] !== 4
  )
    return UNSUPPORTED;
  into.operation = readUint16(buffer, start + 6);
  into.senderMac = readMacAddress(buffer, start + 8);
  into.senderAddress = readIpv4Address(buffer, start + 14);
  into.targetMac = readMacAddress(buffer, start + 18);
  into.targetAddress = readIpv4Address(buffer, start + 24);
  return start + ARP_LENGTH;
}
