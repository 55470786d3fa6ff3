/** ICMP for IPv4 (RFC 792). */
import { readIpv4Address, writeIpv4Address, writeUint16 } from './address.ts';
import { checksum } from './checksum.ts';
import { TRUNCATED } from './frame.ts';

export const ICMP_ECHO_REPLY = 0;
export const ICMP_UNREACHABLE = 3;
export const ICMP_ECHO_REQUEST = 8;
export const ICMP_TIME_EXCEEDED = 11;
/** Codes of `ICMP_UNREACHABLE`. */
export const ICMP_HOST_UNREACHABLE = 1;
export const ICMP_PORT_UNREACHABLE = 3;

export const ICMP_HEADER = 8;

export interface IcmpHeader {
  type: number;
  code: number;
  /** The four bytes behind the checksum: identifier and sequence number of an echo, unused in an error. */
  rest: number;
}

/**
 * Writes the 8 bytes of the header at `at`, with the checksum over them and the payload that already lies behind them up to
 * `end`; returns the payload's offset.
 */
export function writeIcmp(buffer: Uint8Array, at: number, end: number, header: Readonly<IcmpHeader>): number {
  buffer[at] = header.type;
  buffer[at + 1] = header.code;
  writeUint16(buffer, at + 2, 0);
  writeIpv4Address(buffer, at + 4, header.rest);
  writeUint16(buffer, at + 2, checksum(buffer, at, end));
  return at + ICMP_HEADER;
}

/** Reads the header at `start`; returns the payload's offset or `TRUNCATED`. */
export function readIcmp(buffer: Uint8Array, start: number, end: number, into: IcmpHeader): number {
  if (end - start < ICMP_HEADER) return TRUNCATED;
  into.type = buffer[start] as number;
  into.code = buffer[start + 1] as number;
  into.rest = readIpv4Address(buffer, start + 4);
  return start + ICMP_HEADER;
}

export const icmpChecksumRight = (buffer: Uint8Array, start: number, end: number): boolean =>
  checksum(buffer, start, end) === 0;
