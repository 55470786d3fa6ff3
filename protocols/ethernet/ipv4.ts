/** IPv4 (RFC 791; differentiated services field RFC 2474; explicit congestion RFC 3168). */
import { type Ipv4Address, readIpv4Address, readUint16, writeIpv4Address, writeUint16 } from './address.ts';
import { checksum } from './checksum.ts';
import { MALFORMED, TRUNCATED, UNSUPPORTED } from './frame.ts';

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

export const IPV4_HEADER = 20;
/** Bits of `flags`. */
export const DONT_FRAGMENT = 0b010;
export const MORE_FRAGMENTS = 0b001;

export interface Ipv4Header {
  /** Differentiated services (6 bits) and explicit congestion notification (2 bits). */
  trafficClass: number;
  /** Bytes of header and payload; an Ethernet frame may be longer by its padding. */
  totalLength: number;
  identification: number;
  flags: number;
  /** In units of 8 bytes. */
  fragmentOffset: number;
  timeToLive: number;
  protocol: number;
  source: Ipv4Address;
  destination: Ipv4Address;
}

/** Writes a header of 20 bytes with its checksum at `at`; returns the offset behind it. */
export function writeIpv4(buffer: Uint8Array, at: number, header: Readonly<Ipv4Header>): number {
  buffer[at] = 0x45;
  buffer[at + 1] = header.trafficClass;
  writeUint16(buffer, at + 2, header.totalLength);
  writeUint16(buffer, at + 4, header.identification);
  writeUint16(buffer, at + 6, (header.flags << 13) | header.fragmentOffset);
  buffer[at + 8] = header.timeToLive;
  buffer[at + 9] = header.protocol;
  writeUint16(buffer, at + 10, 0);
  writeIpv4Address(buffer, at + 12, header.source);
  writeIpv4Address(buffer, at + 16, header.destination);
  writeUint16(buffer, at + 10, checksum(buffer, at, at + IPV4_HEADER));
  return at + IPV4_HEADER;
}

/**
 * Reads the header at `start`; returns the payload's offset (behind options), `TRUNCATED` (the bytes end before the header or
 * before the total length), `MALFORMED` (lengths that contradict each other) or `UNSUPPORTED` (another version).
 * The checksum is not judged; see `ipv4ChecksumRight`.
 */
export function readIpv4(buffer: Uint8Array, start: number, end: number, into: Ipv4Header): number {
  if (end - start < IPV4_HEADER) return TRUNCATED;
  const first = buffer[start] as number;
  if (first >>> 4 !== 4) return UNSUPPORTED;
  const headerLength = (first & 15) * 4;
  const totalLength = readUint16(buffer, start + 2);
  if (headerLength < IPV4_HEADER || totalLength < headerLength) return MALFORMED;
  if (end - start < totalLength) return TRUNCATED;
  const fragment = readUint16(buffer, start + 6);
  into.trafficClass = buffer[start + 1] as number;
  into.totalLength = totalLength;
  into.identification = readUint16(buffer, start + 4);
  into.flags = fragment >>> 13;
  into.fragmentOffset = fragment & 0x1fff;
  into.timeToLive = buffer[start + 8] as number;
  into.protocol = buffer[start + 9] as number;
  into.source = readIpv4Address(buffer, start + 12);
  into.destination = readIpv4Address(buffer, start + 16);
  return start + headerLength;
}

/** Whether the header of `headerLength` bytes at `start` carries the right checksum. */
export function ipv4ChecksumRight(buffer: Uint8Array, start: number, headerLength: number): boolean {
  return checksum(buffer, start, start + headerLength) === 0;
}
