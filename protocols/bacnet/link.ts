/**
 * The end of a device on BACnet/IP (ASHRAE 135-2020, annex J): what reaches it of the network layer, what it sends, and what it does for broadcasts
 * between subnets where it is a BBMD (J.4) or has registered with one (J.5).
 */
import { type Instant, NEVER, seconds } from '@penstock/core';
import {
  type BdtEntry,
  BVLC,
  BVLC_RESULT,
  type BvlcMessage,
  decodeBvlc,
  encodeBdt,
  encodeBvlc,
  encodeFdt,
  encodeRegistration,
  encodeResult,
  endpointOctets,
  isProblem,
} from './bvlc.ts';
import { ALL_NETWORKS, decodeNpdu, encodeNpci, type NetworkAddress, type Npdu } from './npdu.ts';

/** Where a message came from, or goes to. */
export interface Peer {
  readonly address: number;
  readonly port: number;
  /** A station of another network behind the router at that address. */
  readonly station?: NetworkAddress | undefined;
}

/** A datagram to send. Without an address it is for everybody on the subnet. */
export interface Outgoing {
  readonly address: number | undefined;
  readonly port: number;
  readonly octets: Uint8Array;
}

/** What came in for the application layer, within the datagram. */
export interface Incoming {
  readonly from: Peer;
  readonly isBroadcast: boolean;
  readonly start: number;
  readonly end: number;
}

export interface LinkOptions {
  readonly port: number;
  /** Own address; a BBMD leaves itself out of its table by it. */
  readonly address?: number | undefined;
  /** It hands broadcasts on between subnets. */
  readonly bbmd?:
    | { readonly peers: readonly BdtEntry[]; readonly acceptsForeign: boolean; readonly writable: boolean }
    | undefined;
  /** It gets its broadcasts from a BBMD elsewhere. */
  readonly foreign?: { readonly address: number; readonly port: number; readonly ttl: number } | undefined;
}

interface ForeignDevice {
  readonly address: number;
  readonly port: number;
  readonly ttl: number;
  readonly until: Instant;
}

const MOST_FOREIGN = 128;
const MOST_PEERS = 64;
const MOST_OUTGOING = 4096;
/** A foreign device is kept so much longer than it asked for (J.5.2.3). */
const GRACE = 30;

export class BacnetLink {
  /** Messages of the virtual link or the network that do not read, and datagrams that found no room. */
  readonly counters = { illegal: 0, unsupported: 0, dropped: 0, networkMessages: 0 };
  readonly #options: LinkOptions;
  readonly #outgoing: Outgoing[] = [];
  #next = 0;
  #bdt: readonly BdtEntry[];
  readonly #foreign = new Map<string, ForeignDevice>();
  #registerAt: Instant;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#bdt = options.bbmd?.peers ?? [];
    this.#registerAt = options.foreign === undefined ? NEVER : (0 as Instant);
  }

  get foreignDevices(): number {
    return this.#foreign.size;
  }

  /** What a datagram holds for the application layer. Everything else is answered here. */
  receive(
    buffer: Uint8Array,
    start: number,
    end: number,
    address: number,
    port: number,
    now: Instant,
  ): Incoming | undefined {
    const message = decodeBvlc(buffer, start, end);
    if (isProblem(message)) {
      this.counters[message.kind]++;
      return undefined;
    }
    const sender = { address, port };
    switch (message.function) {
      case BVLC.unicast:
        return this.#network(buffer, message, sender, false);
      case BVLC.broadcast:
        if (this.#options.bbmd !== undefined) this.#spread(buffer, message, sender, 'all', now);
        return this.#network(buffer, message, sender, true);
      case BVLC.forwarded: {
        const origin = message.origin as { address: number; port: number };
        // What comes back to who sent it.
        if (origin.address === this.#options.address && origin.port === this.#options.port) return undefined;
        if (
          this.#options.bbmd !== undefined &&
          this.#bdt.some((entry) => entry.address === address && entry.port === port)
        )
          this.#spread(buffer, message, origin, 'here', now);
        return this.#network(buffer, message, origin, true);
      }
      case BVLC.distribute:
        if (this.#options.bbmd === undefined || !this.#knowsForeign(sender, now)) {
          this.#send(address, port, encodeResult(BVLC_RESULT.distribute));
          return undefined;
        }
        this.#spread(buffer, message, sender, 'everywhere', now);
        return this.#network(buffer, message, sender, true);
      default:
        this.#tables(message, sender, now);
        return undefined;
    }
  }

  /** An APDU to one station. */
  send(to: Peer, apdu: Uint8Array, expectsReply: boolean, priority = 0): void {
    const npci = encodeNpci({ expectsReply, priority, destination: to.station });
    this.#send(to.address, to.port, encodeBvlc(BVLC.unicast, joined(npci, apdu)));
  }

  /** An APDU to everybody. @param scope this network only, or all of them */
  broadcast(apdu: Uint8Array, scope: 'local' | 'global' = 'global'): void {
    const destination = scope === 'global' ? { network: ALL_NETWORKS, mac: new Uint8Array(0) } : undefined;
    const npdu = joined(encodeNpci({ destination }), apdu);
    const { foreign, port } = this.#options;
    if (foreign !== undefined) {
      this.#send(foreign.address, foreign.port, encodeBvlc(BVLC.distribute, npdu));
      return;
    }
    this.#send(undefined, port, encodeBvlc(BVLC.broadcast, npdu));
    if (this.#options.bbmd !== undefined && this.#options.address !== undefined) {
      const forwarded = forward(npdu, { address: this.#options.address, port });
      for (const { address, port: to } of this.#others()) this.#send(address, to, forwarded);
      for (const device of this.#foreign.values()) this.#send(device.address, device.port, forwarded);
    }
  }

  take(): Outgoing | undefined {
    const outgoing = this.#outgoing[this.#next];
    if (outgoing === undefined) {
      if (this.#next > 0) this.#outgoing.length = 0;
      this.#next = 0;
      return undefined;
    }
    this.#next++;
    return outgoing;
  }

  due(): Instant {
    return this.#registerAt;
  }

  tick(now: Instant): void {
    const { foreign } = this.#options;
    if (foreign === undefined || now < this.#registerAt) return;
    this.#send(foreign.address, foreign.port, encodeRegistration(foreign.ttl));
    this.#registerAt = (now + seconds(Math.max(1, foreign.ttl / 2))) as Instant;
  }

  #network(buffer: Uint8Array, message: BvlcMessage, from: Peer, isBroadcast: boolean): Incoming | undefined {
    const npdu = decodeNpdu(buffer, message.start, message.end);
    if ('kind' in npdu) {
      this.counters[npdu.kind]++;
      return undefined;
    }
    if (npdu.message !== undefined) this.counters.networkMessages++;
    if (npdu.message !== undefined || !isForHere(npdu)) return undefined;
    const everybody = isBroadcast || npdu.destination !== undefined;
    return { from: { ...from, station: npdu.source }, isBroadcast: everybody, start: npdu.start, end: npdu.end };
  }

  /** Hands a broadcast on as a forwarded message. */
  #spread(
    buffer: Uint8Array,
    message: BvlcMessage,
    origin: Peer,
    where: 'all' | 'here' | 'everywhere',
    now: Instant,
  ): void {
    const forwarded = forward(buffer.subarray(message.start, message.end), origin);
    if (where !== 'all') this.#send(undefined, this.#options.port, forwarded);
    if (where !== 'here') for (const { address, port } of this.#others()) this.#send(address, port, forwarded);
    this.#expire(now);
    for (const device of this.#foreign.values())
      if (device.address !== origin.address || device.port !== origin.port)
        this.#send(device.address, device.port, forwarded);
  }

  #tables(message: BvlcMessage, { address, port }: Peer, now: Instant): void {
    const { bbmd } = this.#options;
    const answer = (octets: Uint8Array): void => this.#send(address, port, octets);
    switch (message.function) {
      case BVLC.readBdt:
        answer(bbmd === undefined ? encodeResult(BVLC_RESULT.readBdt) : encodeBdt(BVLC.readBdtAck, this.#bdt));
        return;
      case BVLC.writeBdt: {
        const entries = message.bdt ?? [];
        const isTaken = bbmd?.writable === true && entries.length <= MOST_PEERS;
        if (isTaken) this.#bdt = entries;
        answer(encodeResult(isTaken ? BVLC_RESULT.done : BVLC_RESULT.writeBdt));
        return;
      }
      case BVLC.readFdt:
        this.#expire(now);
        answer(bbmd === undefined ? encodeResult(BVLC_RESULT.readFdt) : encodeFdt(this.#foreignTable(now)));
        return;
      case BVLC.registerForeign:
        answer(encodeResult(this.#register(address, port, message.ttl ?? 0, now)));
        return;
      case BVLC.deleteFdt: {
        const isGone = bbmd !== undefined && this.#foreign.delete(keyOf(message.entry as Peer));
        answer(encodeResult(isGone ? BVLC_RESULT.done : BVLC_RESULT.deleteFdt));
        return;
      }
      default:
        // Results, and answers to what nobody here asked.
        return;
    }
  }

  #register(address: number, port: number, ttl: number, now: Instant): number {
    const key = keyOf({ address, port });
    if (this.#options.bbmd?.acceptsForeign !== true) return BVLC_RESULT.registerForeign;
    this.#expire(now);
    if (!this.#foreign.has(key) && this.#foreign.size >= MOST_FOREIGN) return BVLC_RESULT.registerForeign;
    this.#foreign.set(key, { address, port, ttl, until: (now + seconds(ttl + GRACE)) as Instant });
    return BVLC_RESULT.done;
  }

  #foreignTable(now: Instant): { address: number; port: number; ttl: number; remaining: number }[] {
    return [...this.#foreign.values()].map(({ address, port, ttl, until }) => {
      const remaining = Math.min(0xffff, Math.round((until - now) / seconds(1)));
      return { address, port, ttl, remaining };
    });
  }

  #knowsForeign(sender: Peer, now: Instant): boolean {
    this.#expire(now);
    return this.#foreign.has(keyOf(sender));
  }

  #expire(now: Instant): void {
    for (const [key, { until }] of this.#foreign) if (until <= now) this.#foreign.delete(key);
  }

  #others(): readonly BdtEntry[] {
    return this.#bdt.filter((entry) => entry.address !== this.#options.address);
  }

  #send(address: number | undefined, port: number, octets: Uint8Array): void {
    if (this.#outgoing.length - this.#next >= MOST_OUTGOING) this.counters.dropped++;
    else this.#outgoing.push({ address, port, octets });
  }
}

/** For every network or for this one; a device that is no router leaves the others alone. */
const isForHere = ({ destination }: Npdu): boolean => destination === undefined || destination.network === ALL_NETWORKS;

const keyOf = ({ address, port }: { readonly address: number; readonly port: number }): string => `${address}:${port}`;

function forward(npdu: Uint8Array, origin: { readonly address: number; readonly port: number }): Uint8Array {
  return encodeBvlc(BVLC.forwarded, joined(Uint8Array.from(endpointOctets(origin)), npdu));
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const octets = new Uint8Array(first.length + second.length);
  octets.set(first);
  octets.set(second, first.length);
  return octets;
}
