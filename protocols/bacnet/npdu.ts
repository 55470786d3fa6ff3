/** The network layer (ASHRAE 135-2020, clause 6). */
import { read16 } from '../exchange/bytes.ts';
import { type BacnetProblem, illegal, unsupported } from './bvlc.ts';

/** In place of a network's number: all of them. */
export const ALL_NETWORKS = 0xffff;

/** A station of another network. */
export interface NetworkAddress {
  readonly network: number;
  /** Empty: everybody there. */
  readonly mac: Uint8Array;
}

export interface Npdu {
  readonly destination?: NetworkAddress | undefined;
  readonly source?: NetworkAddress | undefined;
  readonly expectsReply: boolean;
  /** 0 normal to 3 life safety. */
  readonly priority: number;
  /** Number of a message of the network layer; undefined where an APDU follows. */
  readonly message?: number | undefined;
  /** Networks that such a message names. */
  readonly networks: readonly number[];
  /** Of the APDU, or of what follows the message's number. */
  readonly start: number;
  readonly end: number;
}

const NO_NETWORKS: readonly number[] = [];
/** Networks that one message may name here. */
const MOST_NETWORKS = 512;

export function decodeNpdu(buffer: Uint8Array, start: number, end: number): Npdu | BacnetProblem {
  if (end - start < 2) return illegal('no network header');
  if (buffer[start] !== 1) return unsupported(`network protocol version ${buffer[start]}`);
  const control = buffer[start + 1] as number;
  let at = start + 2;
  let destination: NetworkAddress | undefined;
  let source: NetworkAddress | undefined;
  if ((control & 0x20) !== 0) {
    const length = buffer[at + 2] as number;
    if (at + 3 > end || at + 3 + length > end) return illegal('a destination that is cut off');
    destination = { network: read16(buffer, at), mac: buffer.slice(at + 3, at + 3 + length) };
    at += 3 + length;
  }
  if ((control & 0x08) !== 0) {
    const length = buffer[at + 2] as number;
    if (at + 3 > end || at + 3 + length > end) return illegal('a source that is cut off');
    // A source is one station (clause 6.2.2).
    if (length === 0 || read16(buffer, at) === ALL_NETWORKS) return illegal('a source that is nobody');
    source = { network: read16(buffer, at), mac: buffer.slice(at + 3, at + 3 + length) };
    at += 3 + length;
  }
  if (destination !== undefined && ++at > end) return illegal('a destination without a hop count');
  const common = { destination, source, expectsReply: (control & 0x04) !== 0, priority: control & 0x03 };
  if ((control & 0x80) === 0) return { ...common, networks: NO_NETWORKS, start: at, end };
  if (at >= end) return illegal('a network message without its number');
  const message = buffer[at++] as number;
  if (message >= 0x80) at += 2;
  if (at > end) return illegal('a vendor’s network message without the vendor');
  return { ...common, message, networks: networksOf(message, buffer, at, end), start: at, end };
}

/** Networks in the messages that are lists of them, or name one. */
function networksOf(message: number, buffer: Uint8Array, at: number, end: number): readonly number[] {
  const isList = message === 0 || message === 1 || message === 4 || message === 5;
  const first = message === 3 ? at + 1 : at;
  if (!isList && message !== 2 && message !== 3 && message !== 8 && message !== 9 && message !== 19) return NO_NETWORKS;
  const networks: number[] = [];
  for (let i = first; i + 2 <= end && networks.length < (isList ? MOST_NETWORKS : 1); i += 2)
    networks.push(read16(buffer, i));
  return networks;
}

/** Hops that a message may still take (clause 6.2.2). */
const HOPS = 255;

/** Octets before an APDU, or with `message` those of a message of the network layer without what it carries. */
export function encodeNpci(options: {
  readonly expectsReply?: boolean;
  readonly priority?: number;
  readonly destination?: NetworkAddress | undefined;
  readonly message?: number;
}): Uint8Array {
  const { destination, message, expectsReply = false, priority = 0 } = options;
  const control =
    (message === undefined ? 0 : 0x80) | (destination === undefined ? 0 : 0x20) | (expectsReply ? 4 : 0) | priority;
  const octets = [1, control];
  if (destination !== undefined)
    octets.push(destination.network >> 8, destination.network & 255, destination.mac.length, ...destination.mac, HOPS);
  if (message !== undefined) octets.push(message);
  return Uint8Array.from(octets);
}
