/** The IPv4 header that a host's stack puts on what it sends, with its checksum from the fields themselves. */
import { ETHERNET_HEADER, finishChecksum, IPV4_HEADER } from '@penstock/protocols/ethernet';
import type { Frame } from './frame.ts';

/** Offset of the transport header in a frame of a host's own making. */
export const TRANSPORT_OFFSET = ETHERNET_HEADER + IPV4_HEADER;

/** Flags and offset of a packet in one piece: do not fragment. */
const WHOLE = 0x4000;

/**
 * Writes the header for `length` bytes of transport header and payload, and sets the frame's end.
 * @param fragment flags and offset as the header carries them
 */
export function putIpv4(
  frame: Frame,
  length: number,
  identification: number,
  timeToLive: number,
  protocol: number,
  source: number,
  destination: number,
  fragment: number = WHOLE,
): void {
  const buffer = frame.buffer;
  const at = frame.start + ETHERNET_HEADER;
  const total = length + IPV4_HEADER;
  const sum =
    0x4500 +
    total +
    identification +
    fragment +
    ((timeToLive << 8) | protocol) +
    (source >>> 16) +
    (source & 0xffff) +
    (destination >>> 16) +
    (destination & 0xffff);
  buffer[at - 2] = 0x08; // EtherType of IPv4
  buffer[at - 1] = 0x00;
  const check = finishChecksum(sum);
  buffer[at] = 0x45;
  buffer[at + 1] = 0;
  buffer[at + 2] = total >>> 8;
  buffer[at + 3] = total;
  buffer[at + 4] = identification >>> 8;
  buffer[at + 5] = identification;
  buffer[at + 6] = fragment >>> 8;
  buffer[at + 7] = fragment;
  buffer[at + 8] = timeToLive;
  buffer[at + 9] = protocol;
  buffer[at + 10] = check >>> 8;
  buffer[at + 11] = check;
  buffer[at + 12] = source >>> 24;
  buffer[at + 13] = source >>> 16;
  buffer[at + 14] = source >>> 8;
  buffer[at + 15] = source;
  buffer[at + 16] = destination >>> 24;
  buffer[at + 17] = destination >>> 16;
  buffer[at + 18] = destination >>> 8;
  buffer[at + 19] = destination;
  frame.end = frame.start + TRANSPORT_OFFSET + length;
}
