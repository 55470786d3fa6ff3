import type { Dissector } from '@penstock/core';
import { ipv4Text, ipv6Text, macOf } from './address.ts';
import { Endpoint } from './endpoint.ts';
import { PROTOCOL_ICMP, PROTOCOL_ICMP6, PROTOCOL_TCP, PROTOCOL_UDP } from './packet.ts';

/** Stands in for a transport protocol in the flows of ARP; IANA's numbers end at 255. */
export const PROTOCOL_ARP = 0x0806;

export type Transport = 'tcp' | 'udp' | 'icmp' | 'arp' | 'unknown_transport';

/**
 * A conversation between two hosts, as Zeek's `conn.log` understands it. What people read (addresses, uid) is made when asked
 * for the first time. The fields that change are the flow table's to write.
 */
export class Flow {
  /** Counts flows from 1 in the order of their first packets. */
  readonly serial: number;
  readonly protocol: number;
  readonly version: number;
  /** Microseconds since 1970 of the first packet, and of the last that counts towards the duration. */
  readonly startTime: number;
  lastTime: number;
  /** Direction in the key: whether the lower of the two ends is the originator. */
  originatorIsLow: boolean;
  /** Ends of the key, ordered: address as four words, port. An ICMP flow has type and code as ports, as Zeek has it. */
  readonly low0: number;
  readonly low1: number;
  readonly low2: number;
  readonly low3: number;
  readonly lowPort: number;
  readonly high0: number;
  readonly high1: number;
  readonly high2: number;
  readonly high3: number;
  readonly highPort: number;
  readonly hash: number;
  /** Next flow in the same bucket of the table. */
  chained: Flow | undefined = undefined;
  originator: Endpoint;
  responder: Endpoint;
  /** Innermost VLAN id of the first packet, -1 without. */
  readonly vlan: number;
  history = '';
  missedBytes = 0;
  /** Protocol whose dissector has made sense of the content. */
  service: string | undefined = undefined;
  dissector: Dissector | undefined = undefined;
  /** What of its `unparsedBytes` is counted already. */
  unparsedBytes = 0;
  /** The factory that made it: index in the list given to the pipeline, -1 without. */
  dissectorIndex = -1;
  /** Bit set of factories whose dissector gave up on this flow. */
  refused = 0;
  /** Number of the newest packet (frames count from 1), and how often a MAC address changed in mid-flow. */
  lastPacket = 0;
  macChanges = 0;
  /** Both sides are done; the flow is removed at this time. */
  closesAt = Number.POSITIVE_INFINITY;
  /** When the table looks at it next, and where it stands among the others in that order. */
  deadline = 0;
  heapIndex = 0;
  /** Until when both ends are in `known_modbus`. */
  knownModbusUntil = Number.NEGATIVE_INFINITY;
  readonly #seed: number;
  #uid: string | undefined = undefined;
  #lowAddress: string | undefined = undefined;
  #highAddress: string | undefined = undefined;

  constructor(key: FlowKey, serial: number, seed: number, time: number, originatorIsLow: boolean, vlan: number) {
    this.serial = serial;
    this.#seed = seed;
    this.protocol = key.protocol;
    this.version = key.version;
    this.startTime = time;
    this.lastTime = time;
    this.originatorIsLow = originatorIsLow;
    this.low0 = key.low0;
    this.low1 = key.low1;
    this.low2 = key.low2;
    this.low3 = key.low3;
    this.lowPort = key.lowPort;
    this.high0 = key.high0;
    this.high1 = key.high1;
    this.high2 = key.high2;
    this.high3 = key.high3;
    this.highPort = key.highPort;
    this.hash = key.hash;
    this.originator = new Endpoint(true);
    this.responder = new Endpoint(false);
    this.vlan = vlan;
  }

  get transport(): Transport {
    switch (this.protocol) {
      case PROTOCOL_TCP:
        return 'tcp';
      case PROTOCOL_UDP:
        return 'udp';
      case PROTOCOL_ICMP:
      case PROTOCOL_ICMP6:
        return 'icmp';
      case PROTOCOL_ARP:
        return 'arp';
      default:
        return 'unknown_transport';
    }
  }

  get originatorAddress(): string {
    return this.originatorIsLow ? this.#low : this.#high;
  }
  get responderAddress(): string {
    return this.originatorIsLow ? this.#high : this.#low;
  }
  get originatorPort(): number {
    return this.originatorIsLow ? this.lowPort : this.highPort;
  }
  get responderPort(): number {
    return this.originatorIsLow ? this.highPort : this.lowPort;
  }

  /** MAC address that the originator's packets came from last (a router's, where it is not on this segment). */
  get originatorMac(): string | undefined {
    return this.originator.macHigh < 0 ? undefined : macOf(this.originator.macHigh, this.originator.macLow);
  }
  get responderMac(): string | undefined {
    return this.responder.macHigh < 0 ? undefined : macOf(this.responder.macHigh, this.responder.macLow);
  }

  /** Like Zeek's: `C` and up to 17 more letters and digits. The same frames give the same ids. */
  get uid(): string {
    this.#uid ??= uidOf(this.#seed, this.serial);
    return this.#uid;
  }

  get #low(): string {
    this.#lowAddress ??= addressText(this.version, this.low0, this.low1, this.low2, this.low3);
    return this.#lowAddress;
  }
  get #high(): string {
    this.#highAddress ??= addressText(this.version, this.high0, this.high1, this.high2, this.high3);
    return this.#highAddress;
  }
}

/** A flow's key under construction; one is reused for all packets. */
export class FlowKey {
  protocol = 0;
  version = 0;
  low0 = 0;
  low1 = 0;
  low2 = 0;
  low3 = 0;
  lowPort = 0;
  high0 = 0;
  high1 = 0;
  high2 = 0;
  high3 = 0;
  highPort = 0;
  hash = 0;
}

function addressText(version: number, word0: number, word1: number, word2: number, word3: number): string {
  return version === 6 ? ipv6Text(word0, word1, word2, word3) : ipv4Text(word3);
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 96 bits mixed from seed and serial, in base 62. Serial and seed go in as they are, so that no two flows of a run share an id. */
function uidOf(seed: number, serial: number): string {
  let value = 0n;
  for (let part = 0; part < 3; part++)
    value = (value << 32n) | BigInt(mix((mix(serial + Math.imul(part, 0x9e3779b9)) ^ mix(seed + part)) >>> 0));
  value = (value << 16n) ^ BigInt(serial);
  let text = 'C';
  for (let i = 0; i < 17; i++) {
    text += DIGITS[Number(value % 62n)];
    value /= 62n;
  }
  return text;
}

/** The finaliser of MurmurHash3: every input bit moves every output bit. */
function mix(x: number): number {
  let h = x | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
