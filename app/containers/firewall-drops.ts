/**
 * What the firewall's rules dropped, as the kernel hands it out on a netlink group and tcpdump writes it down: records of link type NFLOG
 * (https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html), each with the prefix of the rule, the interface and the packet's first bytes.
 */
import type { Instant } from '@penstock/core';
import { type Ipv4Header, PROTOCOL_TCP, PROTOCOL_UDP, readIpv4, readUint16 } from '@penstock/protocols/ethernet';
import type { DropReason, FirewallDrop } from '@penstock/simulator/kernel';

export const LINKTYPE_NFLOG = 239;
const HEADER = 4;
const AF_INET = 2;
/** Attributes of `nfnetlink_log.h`. */
const IN_INTERFACE = 4;
const PAYLOAD = 9;
const PREFIX = 10;

/** What one record says. */
export interface NflogRecord {
  readonly prefix: string;
  /** Index of the interface that the packet came in by; 0 where it is not told. */
  readonly from: number;
  /** The packet from its IP header on. */
  readonly packet: Uint8Array;
}

/** Reads the record in `buffer[start..end)`; undefined where it is none of IPv4 or its attributes overrun it. */
export function readNflog(buffer: Uint8Array, start: number, end: number): NflogRecord | undefined {
  // Version 0 is the only one that there is.
  if (end - start < HEADER || buffer[start] !== AF_INET || buffer[start + 1] !== 0) return undefined;
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  let prefix = '';
  let from = 0;
  let packet: Uint8Array | undefined;
  for (let at = start + HEADER; at + 4 <= end; ) {
    // Length and type are in the machine's own byte order; Linux containers run on little endian ones.
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > end) return undefined;
    const type = view.getUint16(at + 2, true);
    const body = at + 4;
    const stop = at + length;
    if (type === PREFIX) prefix = Buffer.from(buffer.subarray(body, stop)).toString('latin1').split('\0')[0] as string;
    else if (type === IN_INTERFACE && length >= 8) from = view.getUint32(body);
    else if (type === PAYLOAD) packet = buffer.subarray(body, stop);
    at += (length + 3) & ~3;
  }
  return packet && { prefix, from, packet };
}

const header: Ipv4Header = {
  trafficClass: 0,
  totalLength: 0,
  identification: 0,
  flags: 0,
  fragmentOffset: 0,
  timeToLive: 0,
  protocol: 0,
  source: 0,
  destination: 0,
};

/** A record as a line of the firewall's log; undefined where the packet has no whole IP header. `from` names the zone. */
export function dropOf({ prefix, packet }: NflogRecord, from: string, time: Instant): FirewallDrop | undefined {
  const transport = readIpv4(packet, 0, packet.length, header);
  if (transport < 0) return undefined;
  const { source, destination, protocol, totalLength, fragmentOffset } = header;
  const hasPorts =
    (protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP) && fragmentOffset === 0 && packet.length >= transport + 4;
  return {
    time,
    reason: prefix as DropReason,
    from,
    source,
    destination,
    protocol,
    sourcePort: hasPorts ? readUint16(packet, transport) : 0,
    destinationPort: hasPorts ? readUint16(packet, transport + 2) : 0,
    flags: protocol === PROTOCOL_TCP && packet.length > transport + 13 ? (packet[transport + 13] as number) : 0,
    length: totalLength,
    cause: undefined,
  };
}
