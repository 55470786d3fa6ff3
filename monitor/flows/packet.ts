/**
 * Link and network layer of one frame, decoded in place: numbers and offsets into the frame's buffer, nothing is copied.
 * One `Packet` is reused for all frames.
 */
import {
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_LOOP,
  LINKTYPE_NULL,
  LINKTYPE_RAW,
} from '@penstock/core';

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_SERVICE_VLAN = 0x88a8;
const ETHERTYPE_OLD_SERVICE_VLAN = 0x9100;
const MAX_VLAN_TAGS = 8;
const MAX_EXTENSION_HEADERS = 16;

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_ICMP6 = 58;

/** What `decode` made of a frame. */
export const DECODED_IP = 0;
export const DECODED_ARP = 1;
/** Neither IP nor ARP (PROFINET, GOOSE, LLDP, …); `etherType` says what. */
export const DECODED_OTHER = 2;
/** Headers that contradict themselves or were cut off. */
const DECODED_MALFORMED = 3;
/** A link type that is not known here. */
export const DECODED_UNKNOWN_LINK = 4;

export class Packet {
  /** Holds the network layer and all above; the whole packet's own bytes once fragments were put together. */
  buffer: Uint8Array = new Uint8Array(0);
  /** The frame as it was captured. */
  frame: Uint8Array = this.buffer;
  /** Offsets of the MAC addresses in `frame`, -1 where the link has none. */
  sourceMac = -1;
  destinationMac = -1;
  /** Innermost VLAN id, -1 without a tag. */
  vlan = -1;
  etherType = 0;
  /** 4 or 6. */
  version = 0;
  /** Addresses as 32-bit words, most significant first; an IPv4 address is the last word. */
  source0 = 0;
  source1 = 0;
  source2 = 0;
  source3 = 0;
  destination0 = 0;
  destination1 = 0;
  destination2 = 0;
  destination3 = 0;
  /** Transport protocol as IANA numbers it. */
  protocol = 0;
  hopLimit = 0;
  /** Length of the whole IP packet on the wire. */
  ipLength = 0;
  /** Transport header and data: `buffer[payload..payloadEnd)` was captured, `wireEnd` is where it ended on the wire. */
  payload = 0;
  payloadEnd = 0;
  wireEnd = 0;
  isFragment = false;
  fragmentOffset = 0;
  moreFragments = false;
  identification = 0;

  /** Where the frame ended on the wire. */
  #frameEnd = 0;

  /**
   * Decodes `buffer[start..end)`; every field that the result implies is set, others are stale.
   * @param wireLength the frame's length on the wire; an IP packet that claims to be longer is malformed
   */
  decode(buffer: Uint8Array, start: number, end: number, linkType: number, wireLength: number): number {
    this.#frameEnd = start + wireLength;
    this.buffer = buffer;
    this.frame = buffer;
    this.sourceMac = -1;
    this.destinationMac = -1;
    this.vlan = -1;
    switch (linkType) {
      case LINKTYPE_ETHERNET:
        if (end - start < 14) return DECODED_MALFORMED;
        this.destinationMac = start;
        this.sourceMac = start + 6;
        return this.#byEtherType((buffer[start + 12] << 8) | buffer[start + 13], start + 14, end);
      case LINKTYPE_LINUX_SLL:
        if (end - start < 16) return DECODED_MALFORMED;
        if (buffer[start + 5] === 6 && buffer[start + 4] === 0) this.sourceMac = start + 6;
        return this.#byEtherType((buffer[start + 14] << 8) | buffer[start + 15], start + 16, end);
      case LINKTYPE_LINUX_SLL2:
        if (end - start < 20) return DECODED_MALFORMED;
        if (buffer[start + 11] === 6) this.sourceMac = start + 12;
        return this.#byEtherType((buffer[start] << 8) | buffer[start + 1], start + 20, end);
      case LINKTYPE_NULL:
      case LINKTYPE_LOOP:
        return this.#loopback(start, end);
      case LINKTYPE_RAW:
      case LINKTYPE_IPV4:
      case LINKTYPE_IPV6:
      // Numbers that some systems wrote for raw IP before 101 was agreed.
      case 12:
      case 14:
        return this.#byVersion(start, end);
      default:
        return DECODED_UNKNOWN_LINK;
    }
  }

  #byVersion(at: number, end: number): number {
    if (at >= end) return DECODED_MALFORMED;
    const version = this.buffer[at] >> 4;
    if (version === 4) return this.#ipv4(at, end);
    return version === 6 ? this.#ipv6(at, end) : DECODED_MALFORMED;
  }

  /** BSD loopback: an address family in the byte order of the machine that captured. IPv6 has another number on every system. */
  #loopback(start: number, end: number): number {
    if (end - start < 4) return DECODED_MALFORMED;
    const b = this.buffer;
    const family = b[start] | b[start + 3];
    if ((b[start + 1] | b[start + 2]) !== 0) return DECODED_OTHER;
    if (family === 2) return this.#ipv4(start + 4, end);
    if (family === 10 || family === 24 || family === 28 || family === 30) return this.#ipv6(start + 4, end);
    this.etherType = 0;
    return DECODED_OTHER;
  }

  #byEtherType(first: number, start: number, end: number): number {
    const b = this.buffer;
    let type = first;
    let at = start;
    for (let tags = 0; type !== ETHERTYPE_IPV4 && tags < MAX_VLAN_TAGS; tags++) {
      if (type !== ETHERTYPE_VLAN && type !== ETHERTYPE_SERVICE_VLAN && type !== ETHERTYPE_OLD_SERVICE_VLAN) break;
      if (end - at < 4) return DECODED_MALFORMED;
      this.vlan = ((b[at] << 8) | b[at + 1]) & 0xfff;
      type = (b[at + 2] << 8) | b[at + 3];
      at += 4;
    }
    // A length instead of a type: IEEE 802.2, which may carry a type in a SNAP header.
    if (type < 0x600 && end - at >= 8 && b[at] === 0xaa && b[at + 1] === 0xaa) {
      if ((b[at + 3] | b[at + 4] | b[at + 5]) === 0) type = (b[at + 6] << 8) | b[at + 7];
      at += 8;
    }
    this.etherType = type;
    if (type === ETHERTYPE_IPV4) return this.#ipv4(at, end);
    if (type === ETHERTYPE_IPV6) return this.#ipv6(at, end);
    this.payload = at;
    this.payloadEnd = end;
    return type === ETHERTYPE_ARP ? DECODED_ARP : DECODED_OTHER;
  }

  /** RFC 791. */
  #ipv4(at: number, end: number): number {
    const b = this.buffer;
    if (end - at < 20 || b[at] >> 4 !== 4) return DECODED_MALFORMED;
    const headerLength = (b[at] & 15) << 2;
    if (headerLength < 20 || headerLength > end - at) return DECODED_MALFORMED;
    let length = (b[at + 2] << 8) | b[at + 3];
    // Captured before the network card cut a large send into segments: the length is left empty.
    if (length === 0) length = end - at;
    if (length < headerLength || at + length > this.#frameEnd) return DECODED_MALFORMED;
    this.version = 4;
    this.ipLength = length;
    this.hopLimit = b[at + 8];
    this.protocol = b[at + 9];
    this.source0 = 0;
    this.source1 = 0;
    this.source2 = 0;
    this.source3 = (b[at + 12] << 24) | (b[at + 13] << 16) | (b[at + 14] << 8) | b[at + 15];
    this.destination0 = 0;
    this.destination1 = 0;
    this.destination2 = 0;
    this.destination3 = (b[at + 16] << 24) | (b[at + 17] << 16) | (b[at + 18] << 8) | b[at + 19];
    this.payload = at + headerLength;
    this.wireEnd = at + length;
    this.payloadEnd = Math.min(this.wireEnd, end);
    const fragment = ((b[at + 6] & 0x3f) << 8) | b[at + 7];
    this.isFragment = fragment !== 0;
    if (fragment !== 0) {
      this.moreFragments = (fragment & 0x2000) !== 0;
      this.fragmentOffset = (fragment & 0x1fff) << 3;
      this.identification = (b[at + 4] << 8) | b[at + 5];
    }
    return DECODED_IP;
  }

  /** RFC 8200. */
  #ipv6(at: number, end: number): number {
    const b = this.buffer;
    if (end - at < 40 || b[at] >> 4 !== 6) return DECODED_MALFORMED;
    const length = (b[at + 4] << 8) | b[at + 5];
    this.version = 6;
    // Jumbograms leave the length empty, too (RFC 2675); the frame is then all there is to go by.
    this.wireEnd = length === 0 ? end : at + 40 + length;
    if (this.wireEnd > this.#frameEnd) return DECODED_MALFORMED;
    this.ipLength = this.wireEnd - at;
    this.hopLimit = b[at + 7];
    this.source0 = word(b, at + 8);
    this.source1 = word(b, at + 12);
    this.source2 = word(b, at + 16);
    this.source3 = word(b, at + 20);
    this.destination0 = word(b, at + 24);
    this.destination1 = word(b, at + 28);
    this.destination2 = word(b, at + 32);
    this.destination3 = word(b, at + 36);
    this.payloadEnd = Math.min(this.wireEnd, end);
    this.isFragment = false;
    return this.#extensionHeaders(b[at + 6], at + 40);
  }

  #extensionHeaders(first: number, start: number): number {
    const b = this.buffer;
    let next = first;
    let at = start;
    for (let headers = 0; headers < MAX_EXTENSION_HEADERS; headers++) {
      // Hop-by-hop, routing, destination options, authentication, mobility, HIP, shim6; and the fragment header.
      const known =
        next === 0 || next === 43 || next === 60 || next === 51 || next === 135 || next === 139 || next === 140;
      if (!known && next !== 44) break;
      if (this.payloadEnd - at < 8) return DECODED_MALFORMED;
      const following = b[at];
      if (next === 44) {
        const fragment = (b[at + 2] << 8) | b[at + 3];
        at += 8;
        // Offset 0 and nothing to follow is a whole packet after all (RFC 6946).
        if ((fragment & 0xfff9) !== 0) {
          this.isFragment = true;
          this.moreFragments = (fragment & 1) !== 0;
          this.fragmentOffset = fragment & 0xfff8;
          this.identification = word(b, at - 4);
          next = following;
          break;
        }
      } else at += next === 51 ? (b[at + 1] + 2) << 2 : (b[at + 1] + 1) << 3;
      if (at > this.payloadEnd) return DECODED_MALFORMED;
      next = following;
    }
    this.protocol = next;
    this.payload = at;
    return DECODED_IP;
  }
}

function word(b: Uint8Array, at: number): number {
  return (b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3];
}
