/** UDP (RFC 768). */
import { readUint16, writeUint16 } from './address.ts';
import { addWords, finishChecksum, pseudoHeaderSum } from './checksum.ts';
import { MALFORMED, TRUNCATED } from './frame.ts';
import { PROTOCOL_UDP } from './ipv4.ts';

export const UDP_HEADER = 8;

export interface UdpHeader {
  sourcePort: number;
  destinationPort: number;
  /** Bytes of header and payload. */
  length: number;
}

/**
 * Writes the 8 bytes of the header at `at`, with the checksum over the pseudo-header, them and the payload that already lies
 * behind them; returns the payload's offset.
 */
export function writeUdp(
  buffer: Uint8Array,
  at: number,
  header: Readonly<UdpHeader>,
  source: number,
  destination: number,
): number {
  writeUint16(buffer, at, header.sourcePort);
  writeUint16(buffer, at + 2, header.destinationPort);
  writeUint16(buffer, at + 4, header.length);
  writeUint16(buffer, at + 6, 0);
  const sum = addWords(
    pseudoHeaderSum(source, destination, PROTOCOL_UDP, header.length),
    buffer,
    at,
    at + header.length,
  );
  // A computed 0 is sent as all ones, because 0 says that there is no checksum.
  writeUint16(buffer, at + 6, finishChecksum(sum) || 0xffff);
  return at + UDP_HEADER;
}

/** Reads the header at `start`; returns the payload's offset, `TRUNCATED`, or `MALFORMED` (a length below 8 or beyond `end`). */
export function readUdp(buffer: Uint8Array, start: number, end: number, into: UdpHeader): number {
  if (end - start < UDP_HEADER) return TRUNCATED;
  const length = readUint16(buffer, start + 4);
  if (length < UDP_HEADER || length > end - start) return MALFORMED;
  into.sourcePort = readUint16(buffer, start);
  into.destinationPort = readUint16(buffer, start + 2);
  into.length = length;
  return start + UDP_HEADER;
}

/** Whether the datagram `buffer[start..end)` carries the right checksum, or none. */
export function udpChecksumRight(
  buffer: Uint8Array,
  start: number,
  end: number,
  source: number,
  destination: number,
): boolean {
  if (readUint16(buffer, start + 6) === 0) return true;
  const sum = addWords(pseudoHeaderSum(source, destination, PROTOCOL_UDP, end - start), buffer, start, end);
  return finishChecksum(sum) === 0;
}
