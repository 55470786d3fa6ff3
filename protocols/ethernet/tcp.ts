/** TCP (RFC 9293; window scale RFC 7323 clause 2; selective acknowledgement RFC 2018). */
import { readIpv4Address, readUint16, writeIpv4Address, writeUint16 } from './address.ts';
import { addWords, finishChecksum, pseudoHeaderSum } from './checksum.ts';
import { MALFORMED, TRUNCATED } from './frame.ts';
import { PROTOCOL_TCP } from './ipv4.ts';

export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_PSH = 0x08;
export const TCP_ACK = 0x10;
export const TCP_URG = 0x20;

export const TCP_HEADER = 20;
/** Most bytes of options: the data offset counts four bits of 32-bit words. */
export const TCP_OPTIONS_LIMIT = 40;

export interface TcpHeader {
  sourcePort: number;
  destinationPort: number;
  sequence: number;
  acknowledgement: number;
  /** Low eight control bits, `TCP_SYN` and so on. */
  flags: number;
  /** As carried, not scaled. */
  window: number;
  urgent: number;
}

/** What the options of a SYN ask for; undefined where an option is not there. */
export interface TcpOptions {
  maximumSegmentSize: number | undefined;
  /** Shift count, 0 to 14. */
  windowScale: number | undefined;
  selectiveAcknowledgement: boolean;
}

/** Bytes of options that `writeTcpOptions` makes, a multiple of four. */
export function tcpOptionsLength(options: Readonly<TcpOptions>): number {
  return (
    (options.maximumSegmentSize === undefined ? 0 : 4) +
    (options.selectiveAcknowledgement ? 4 : 0) +
    (options.windowScale === undefined ? 0 : 4)
  );
}

/** Writes the options at `at`, each padded to four bytes with NOPs; returns the offset behind them. */
export function writeTcpOptions(buffer: Uint8Array, at: number, options: Readonly<TcpOptions>): number {
  if (options.maximumSegmentSize !== undefined) {
    buffer[at] = 2;
    buffer[at + 1] = 4;
    writeUint16(buffer, at + 2, options.maximumSegmentSize);
    at += 4;
  }
  if (options.selectiveAcknowledgement) {
    buffer[at] = 1;
    buffer[at + 1] = 1;
    buffer[at + 2] = 4;
    buffer[at + 3] = 2;
    at += 4;
  }
  if (options.windowScale !== undefined) {
    buffer[at] = 1;
    buffer[at + 1] = 3;
    buffer[at + 2] = 3;
    buffer[at + 3] = options.windowScale;
    at += 4;
  }
  return at;
}

/** Reads options; unknown ones are skipped, and the first one with an impossible length ends the list (RFC 9293 clause 3.1). */
export function readTcpOptions(buffer: Uint8Array, start: number, end: number, into: TcpOptions): void {
  into.maximumSegmentSize = undefined;
  into.windowScale = undefined;
  into.selectiveAcknowledgement = false;
  for (let i = start; i < end; ) {
    const kind = buffer[i] as number;
    if (kind === 0) return;
    if (kind === 1) {
      i++;
      continue;
    }
    const length = i + 1 < end ? (buffer[i + 1] as number) : 0;
    if (length < 2 || i + length > end) return;
    if (kind === 2 && length === 4) into.maximumSegmentSize = readUint16(buffer, i + 2);
    // A shift beyond 14 is used as 14 (RFC 7323 clause 2.3).
    else if (kind === 3 && length === 3) into.windowScale = Math.min(14, buffer[i + 2] as number);
    else if (kind === 4 && length === 2) into.selectiveAcknowledgement = true;
    i += length;
  }
}

/**
 * Writes the header at `at` around options that already lie at `at + 20` up to `payload` (a multiple of four bytes), with the
 * checksum over pseudo-header, header, options and the payload `buffer[payload..end)`; returns `payload`.
 */
export function writeTcp(
  buffer: Uint8Array,
  at: number,
  payload: number,
  end: number,
  header: Readonly<TcpHeader>,
  source: number,
  destination: number,
): number {
  writeUint16(buffer, at, header.sourcePort);
  writeUint16(buffer, at + 2, header.destinationPort);
  writeIpv4Address(buffer, at + 4, header.sequence);
  writeIpv4Address(buffer, at + 8, header.acknowledgement);
  buffer[at + 12] = ((payload - at) >>> 2) << 4;
  buffer[at + 13] = header.flags;
  writeUint16(buffer, at + 14, header.window);
  writeUint16(buffer, at + 16, 0);
  writeUint16(buffer, at + 18, header.urgent);
  writeUint16(buffer, at + 16, tcpChecksum(buffer, at, end, source, destination));
  return payload;
}

/** Reads the header at `start`; returns the payload's offset (behind options), `TRUNCATED` or `MALFORMED` (data offset). */
export function readTcp(buffer: Uint8Array, start: number, end: number, into: TcpHeader): number {
  if (end - start < TCP_HEADER) return TRUNCATED;
  const headerLength = ((buffer[start + 12] as number) >>> 4) * 4;
  if (headerLength < TCP_HEADER) return MALFORMED;
  if (headerLength > end - start) return TRUNCATED;
  into.sourcePort = readUint16(buffer, start);
  into.destinationPort = readUint16(buffer, start + 2);
  into.sequence = readIpv4Address(buffer, start + 4);
  into.acknowledgement = readIpv4Address(buffer, start + 8);
  into.flags = buffer[start + 13] as number;
  into.window = readUint16(buffer, start + 14);
  into.urgent = readUint16(buffer, start + 18);
  return start + headerLength;
}

/**
 * Checksum over the pseudo-header and the segment `buffer[start..end)` as it stands: what to carry where its field is 0, and 0
 * where its field is right.
 */
export function tcpChecksum(
  buffer: Uint8Array,
  start: number,
  end: number,
  source: number,
  destination: number,
): number {
  const sum = pseudoHeaderSum(source, destination, PROTOCOL_TCP, end - start);
  return finishChecksum(addWords(sum, buffer, start, end));
}
