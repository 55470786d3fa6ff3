/** The Internet checksum (RFC 1071) of TCP and UDP over IPv4 and IPv6. */
import { type Packet, PROTOCOL_UDP } from './packet.ts';

/**
 * Whether the transport checksum of a packet is right, or cannot be judged (not all of it was captured, or a UDP sender left it
 * out). The TCP or UDP header must be there whole.
 */
export function isChecksumRight(packet: Packet): boolean {
  const b = packet.buffer;
  const start = packet.payload;
  const end = packet.payloadEnd;
  if (end !== packet.wireEnd) return true;
  if (packet.protocol === PROTOCOL_UDP && (b[start + 6] | b[start + 7]) === 0) return true;
  let sum = packet.protocol + (end - start);
  sum += halves(packet.source3) + halves(packet.destination3);
  if (packet.version === 6) {
    sum += halves(packet.source0) + halves(packet.source1) + halves(packet.source2);
    sum += halves(packet.destination0) + halves(packet.destination1) + halves(packet.destination2);
  }
  const even = start + ((end - start) & ~1);
  for (let at = start; at < even; at += 2) sum += (b[at] << 8) | b[at + 1];
  if (even < end) sum += b[even] << 8;
  // 64 KB of 16-bit words stay far below 2^32: two folds are enough.
  sum = (sum & 0xffff) + (sum >>> 16);
  return ((sum + (sum >>> 16)) & 0xffff) === 0xffff;
}

function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}
