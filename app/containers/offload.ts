/**
 * What a virtual cable leaves to network cards that are not there. Containers on one machine hand each other frames before a card would
 * have summed and cut them: the checksum field of TCP and UDP then holds the sum of the pseudo-header alone (Linux's CHECKSUM_PARTIAL), and
 * one frame may carry many segments (GSO). On a wire nobody would ever see that; here it is made as the wire would have shown it.
 * A checksum that is wrong in any other way is somebody's doing, and stays.
 */
import {
  addWords,
  checksum,
  ETHERNET_HEADER,
  ETHERNET_MTU,
  ETHERTYPE_IPV4,
  finishChecksum,
  ICMP_HEADER,
  ICMP_UNREACHABLE,
  IPV4_HEADER,
  MORE_FRAGMENTS,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  pseudoHeaderSum,
  readIpv4Address,
  readUint16,
  TCP_FIN,
  TCP_HEADER,
  TCP_PSH,
  tcpChecksum,
  UDP_HEADER,
  writeIpv4Address,
  writeUint16,
} from '@penstock/protocols/ethernet';

/** Longest frame of a plant's network, with one VLAN tag. */
export const LONGEST_FRAME = ETHERNET_HEADER + ETHERNET_MTU + 4;
/** More fragments, or the offset of one. */
const FRAGMENTED = (MORE_FRAGMENTS << 13) | 0x1fff;
/** Congestion window reduced (RFC 3168): only the first segment of a large send tells it. */
const TCP_CWR = 0x80;

/**
 * Hands `bytes` on as the frames that a wire would have carried: itself, its unfinished checksum completed in place, or where it is a large
 * send the segments of it. Returns false, and hands nothing on, where it is longer than any frame and cannot be cut.
 */
export function asOnWire(bytes: Uint8Array, emit: (frame: Uint8Array) => void): boolean {
  if (bytes.length > LONGEST_FRAME) return cut(bytes, emit);
  finish(bytes);
  emit(bytes);
  return true;
}

/** Completes the checksums of the packet in a frame. */
function finish(bytes: Uint8Array): void {
  if (bytes.length < ETHERNET_HEADER + IPV4_HEADER || readUint16(bytes, 12) !== ETHERTYPE_IPV4) return;
  const at = ETHERNET_HEADER;
  const end = at + readUint16(bytes, at + 2);
  const transport = at + ((bytes[at] as number) & 15) * 4;
  if (end > bytes.length) return;
  if (bytes[at + 9] !== PROTOCOL_ICMP) finishPacket(bytes, at, end);
  else if (bytes[transport] === ICMP_UNREACHABLE && (readUint16(bytes, at + 6) & FRAGMENTED) === 0) {
    // An error quotes what its sender had received, unfinished as it was.
    const quoted = transport + ICMP_HEADER;
    if (quoted + IPV4_HEADER > end || !finishPacket(bytes, quoted, end)) return;
    writeUint16(bytes, transport + 2, 0);
    writeUint16(bytes, transport + 2, checksum(bytes, transport, end));
  }
}

/**
 * Completes the checksum of a whole TCP or UDP packet over IPv4 at `at`, if its sender left it to a card. A fragment's is over the whole
 * datagram, which its sender has summed itself.
 */
function finishPacket(bytes: Uint8Array, at: number, limit: number): boolean {
  const transport = at + ((bytes[at] as number) & 15) * 4;
  const end = at + readUint16(bytes, at + 2);
  const fragment = readUint16(bytes, at + 6) & FRAGMENTED;
  if ((bytes[at] as number) >>> 4 !== 4 || end > limit || fragment !== 0) return false;
  const protocol = bytes[at + 9] as number;
  const length = end - transport;
  if (protocol === PROTOCOL_TCP ? length < TCP_HEADER : protocol !== PROTOCOL_UDP || length < UDP_HEADER) return false;
  const field = transport + (protocol === PROTOCOL_TCP ? 16 : 6);
  const source = readIpv4Address(bytes, at + 12);
  const destination = readIpv4Address(bytes, at + 16);
  if (readUint16(bytes, field) !== unfinished(source, destination, protocol, length)) return false;
  const pseudo = pseudoHeaderSum(source, destination, protocol, length);
  // The same bits may be the right sum by chance.
  if (finishChecksum(addWords(pseudo, bytes, transport, end)) === 0) return false;
  writeUint16(bytes, field, 0);
  const sum = finishChecksum(addWords(pseudo, bytes, transport, end));
  writeUint16(bytes, field, sum || (protocol === PROTOCOL_UDP ? 0xffff : 0));
  return true;
}

/** What Linux writes where a card is to go on summing: the folded sum of the pseudo-header, not complemented. */
const unfinished = (source: number, destination: number, protocol: number, length: number): number =>
  ~finishChecksum(pseudoHeaderSum(source, destination, protocol, length)) & 0xffff;

/** Cuts a large TCP send as the kernel's own software does (`tcp_gso_segment`): ids and sequence numbers count on, PSH and FIN go last. */
function cut(bytes: Uint8Array, emit: (frame: Uint8Array) => void): boolean {
  const at = ETHERNET_HEADER;
  if (readUint16(bytes, 12) !== ETHERTYPE_IPV4 || bytes[at + 9] !== PROTOCOL_TCP) return false;
  const transport = at + ((bytes[at] as number) & 15) * 4;
  const payload = transport + ((bytes[transport + 12] as number) >>> 4) * 4;
  const total = readUint16(bytes, at + 2);
  // A send beyond 64 KiB leaves the length empty.
  const end = total === 0 ? bytes.length : Math.min(bytes.length, at + total);
  const size = ETHERNET_MTU - (payload - at);
  if (payload - transport < TCP_HEADER || size <= 0 || end <= payload) return false;
  const flags = bytes[transport + 13] as number;
  const identification = readUint16(bytes, at + 4);
  const sequence = readIpv4Address(bytes, transport + 4);
  const source = readIpv4Address(bytes, at + 12);
  const destination = readIpv4Address(bytes, at + 16);
  for (let from = payload, i = 0; from < end; from += size, i++) {
    const to = Math.min(end, from + size);
    const frame = new Uint8Array(payload + to - from);
    frame.set(bytes.subarray(0, payload));
    frame.set(bytes.subarray(from, to), payload);
    writeUint16(frame, at + 2, frame.length - at);
    writeUint16(frame, at + 4, (identification + i) & 0xffff);
    writeUint16(frame, at + 10, 0);
    writeUint16(frame, at + 10, checksum(frame, at, transport));
    writeIpv4Address(frame, transport + 4, (sequence + from - payload) >>> 0);
    frame[transport + 13] = flags & ~(to < end ? TCP_FIN | TCP_PSH : 0) & ~(i > 0 ? TCP_CWR : 0);
    writeUint16(frame, transport + 16, 0);
    writeUint16(frame, transport + 16, tcpChecksum(frame, transport, frame.length, source, destination));
    emit(frame);
  }
  return true;
}
