/** Ethernet II (IEEE 802.3 clause 3.2.6, type interpretation). The frame check sequence is not part of a captured frame. */
import { type MacAddress, readMacAddress, readUint16, writeMacAddress, writeUint16 } from './address.ts';

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_VLAN = 0x8100;

export const ETHERNET_HEADER = 14;
/** Shortest frame on a wire without its check sequence (802.3: 64 bytes with it); shorter ones are padded. */
export const ETHERNET_MINIMUM = 60;
/** Largest payload of a frame. */
export const ETHERNET_MTU = 1500;

/** What a `read…` function returns instead of an offset: the bytes end before the header does. */
export const TRUNCATED = -1;
/** What a `read…` function returns instead of an offset: a field has a value that the standard rules out. */
export const MALFORMED = -2;
/** What a `read…` function returns instead of an offset: lawful, but not spoken here (another version, another hardware). */
export const UNSUPPORTED = -3;

export interface EthernetHeader {
  destination: MacAddress;
  source: MacAddress;
  etherType: number;
}

/** Writes the 14 bytes of the header at `at`; returns the offset behind them. */
export function writeEthernet(buffer: Uint8Array, at: number, header: Readonly<EthernetHeader>): number {
  writeMacAddress(buffer, at, header.destination);
  writeMacAddress(buffer, at + 6, header.source);
  writeUint16(buffer, at + 12, header.etherType);
  return at + ETHERNET_HEADER;
}

/** Reads the header at `start` into `into`; returns the payload's offset, or `TRUNCATED`. */
export function readEthernet(buffer: Uint8Array, start: number, end: number, into: EthernetHeader): number {
  if (end - start < ETHERNET_HEADER) return TRUNCATED;
  into.destination = readMacAddress(buffer, start);
  into.source = readMacAddress(buffer, start + 6);
  into.etherType = readUint16(buffer, start + 12);
  return start + ETHERNET_HEADER;
}
