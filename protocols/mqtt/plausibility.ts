/** Where in a stream a packet begins, and of which version it can be, without having seen CONNECT. */
import { decodePacket } from './decode.ts';
import type { Version } from './messages.ts';
import { PACKET_NAMES } from './tables.ts';

/** Positions that are tried in one piece of a stream. */
const MOST_TRIED = 4096;
const LARGEST = 2 ** 24;

/** Where the packet at `at` has its variable header, and where it ends; undefined where its length is not whole, or none. */
export function packetLength(buffer: Uint8Array, at: number, end: number): { from: number; to: number } | undefined {
  let length = 0;
  for (let i = 1; i <= 4 && at + i < end; i++) {
    const byte = buffer[at + i] as number;
    length |= (byte & 0x7f) << (7 * (i - 1));
    if (byte < 0x80) return { from: at + i + 1, to: at + i + 1 + length };
  }
  return undefined;
}

/** The version that a packet must be of; undefined where both could have said it. */
export function versionOf(first: number, buffer: Uint8Array, start: number, end: number): Version | undefined {
  const name = PACKET_NAMES[first >> 4];
  if (name === undefined || name === 'connect') return undefined;
  if (name === 'auth') return 5;
  if (name === 'connack') return end - start === 2 ? 4 : 5;
  if (name === 'pingreq' || name === 'pingresp' || end - start <= 2) return name === 'unsuback' ? 4 : undefined;
  // A payload of 3.1.1 that could be properties is rarer than either.
  if (name === 'publish') return decodePacket(first, buffer, start, end, 5).fault === undefined ? 5 : 4;
  return decodePacket(first, buffer, start, end, 4).fault === undefined ? 4 : 5;
}

/** The first place from which packets follow each other to the end of what is there, the last one perhaps not whole. */
export function plausibleFrom(
  buffer: Uint8Array,
  start: number,
  end: number,
  version: Version | undefined,
): number | undefined {
  const last = Math.min(end, start + MOST_TRIED);
  for (let at = start; at < last; at++) if (follow(buffer, at, end, version)) return at;
  return undefined;
}

function follow(buffer: Uint8Array, start: number, end: number, version: Version | undefined): boolean {
  let whole = 0;
  for (let at = start; at < end; ) {
    const first = buffer[at] as number;
    const name = PACKET_NAMES[first >> 4];
    const size = packetLength(buffer, at, end);
    if (name === undefined) return false;
    if (size === undefined) return whole > 0 && end - at < 5;
    const { from, to } = size;
    if (to - from > LARGEST) return false;
    if (to > end) return whole > 0 || isMessageStart(first, buffer, from, end);
    const of = version ?? versionOf(first, buffer, from, to) ?? 4;
    if (decodePacket(first, buffer, from, to, of).fault !== undefined) return false;
    whole++;
    at = to;
  }
  return whole > 0;
}

/** A PUBLISH that is not whole: its topic is there, and of characters that topics have. */
function isMessageStart(first: number, buffer: Uint8Array, from: number, end: number): boolean {
  const qos = (first >> 1) & 3;
  if (first >> 4 !== 3 || qos === 3 || (qos === 0 && (first & 8) !== 0)) return false;
  const length = ((buffer[from] ?? 0) << 8) | (buffer[from + 1] ?? 0);
  if (length === 0 || length > 1024 || from + 2 + length > end) return false;
  for (let i = from + 2; i < from + 2 + length; i++) {
    const byte = buffer[i] as number;
    if (byte < 0x20 || byte === 0x7f || byte === 0x23 || byte === 0x2b) return false;
  }
  return true;
}
