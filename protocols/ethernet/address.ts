/**
 * Addresses as numbers, so that hot paths compare and hash without text: IPv4 as an unsigned 32-bit number, MAC as an unsigned
 * 48-bit one (exact in a double).
 */
import { PenstockError } from '@penstock/core';

/** IPv4 address as an unsigned 32-bit number, network order: 10.0.0.1 is 0x0a000001. */
export type Ipv4Address = number;
/** MAC address as an unsigned 48-bit number. */
export type MacAddress = number;

export const BROADCAST_MAC: MacAddress = 0xffff_ffff_ffff;
/** Limited broadcast, RFC 919 clause 7. */
export const BROADCAST_IPV4: Ipv4Address = 0xffff_ffff;

/** @throws PenstockError `address.ipv4` when the text is not four decimal numbers of 0 to 255 joined by dots. */
export function parseIpv4(text: string): Ipv4Address {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const parts = match ? match.slice(1).map(Number) : [];
  if (parts.length !== 4 || parts.some((part) => part > 255))
    throw new PenstockError('address.ipv4', `'${text}' is not an IPv4 address; write for example 10.20.1.13`);
  return parts.reduce((address, part) => address * 256 + part, 0);
}

export function formatIpv4(address: Ipv4Address): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** @throws PenstockError `address.mac` when the text is not six hexadecimal pairs joined by colons or hyphens. */
export function parseMac(text: string): MacAddress {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text))
    throw new PenstockError('address.mac', `'${text}' is not a MAC address; write for example 00:80:f4:0b:00:13`);
  return Number.parseInt(text.replace(/[:-]/g, ''), 16);
}

export function formatMac(address: MacAddress): string {
  return address
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?=.)/g, '$&:');
}

/** A subnet in CIDR notation, taken apart. */
export interface Subnet {
  readonly network: Ipv4Address;
  readonly mask: number;
  readonly bits: number;
  readonly broadcast: Ipv4Address;
}

/** @throws PenstockError `address.subnet` when the text is not `a.b.c.d/bits` with 1 to 30 bits. */
export function parseSubnet(text: string): Subnet {
  const [base, length, rest] = text.split('/');
  const bits = /^\d{1,2}$/.test(length ?? '') ? Number(length) : Number.NaN;
  if (rest !== undefined || !(bits >= 1 && bits <= 30))
    throw new PenstockError('address.subnet', `'${text}' is not a subnet; write for example 10.20.1.0/24`);
  const mask = (-1 << (32 - bits)) >>> 0;
  const network = (parseIpv4(base as string) & mask) >>> 0;
  return { network, mask, bits, broadcast: (network | ~mask) >>> 0 };
}

export const inSubnet = (address: Ipv4Address, subnet: Subnet): boolean =>
  (address & subnet.mask) >>> 0 === subnet.network;

export function writeIpv4Address(buffer: Uint8Array, at: number, address: Ipv4Address): void {
  buffer[at] = address >>> 24;
  buffer[at + 1] = address >>> 16;
  buffer[at + 2] = address >>> 8;
  buffer[at + 3] = address;
}

export function readIpv4Address(buffer: Uint8Array, at: number): Ipv4Address {
  return (
    (((buffer[at] as number) << 24) |
      ((buffer[at + 1] as number) << 16) |
      ((buffer[at + 2] as number) << 8) |
      (buffer[at + 3] as number)) >>>
    0
  );
}

export function writeMacAddress(buffer: Uint8Array, at: number, address: MacAddress): void {
  const high = Math.floor(address / 0x1_0000_0000);
  buffer[at] = high >>> 8;
  buffer[at + 1] = high;
  writeIpv4Address(buffer, at + 2, address % 0x1_0000_0000);
}

export function readMacAddress(buffer: Uint8Array, at: number): MacAddress {
  return (((buffer[at] as number) << 8) | (buffer[at + 1] as number)) * 0x1_0000_0000 + readIpv4Address(buffer, at + 2);
}

export const readUint16 = (buffer: Uint8Array, at: number): number =>
  ((buffer[at] as number) << 8) | (buffer[at + 1] as number);

export function writeUint16(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value >>> 8;
  buffer[at + 1] = value;
}
