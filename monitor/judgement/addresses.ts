/**
 * Which card answers for which address, as ARP has told it: who had the address before, whether the one before still speaks, and
 * how many addresses a card takes from others. Bounded; event time only.
 */
import { BoundedMap } from '../bounded-map.ts';
import type { ArpEvent } from '../events/link.ts';

/** What a message says against what was known. */
export interface Claim {
  /** Nobody was known to have the address. */
  readonly first: boolean;
  /** The card that had it, when this is another one. */
  readonly before: string | undefined;
  /** Seconds since anything came from the card before; undefined when nobody had the address. */
  readonly idle: number | undefined;
  /** Two cards have claimed the address within `CONTEST`: the one before has not gone away. */
  readonly contested: boolean;
  /** A reply that somebody asked for within `ASKED`. */
  readonly solicited: boolean;
  /** Addresses that the card has claimed within `CLAIMS`, and how many of them another card had, or has in the asset list. */
  readonly addresses: number;
  readonly taken: number;
}

interface Binding {
  mac: string;
  heard: number;
  /** The card that had it before, and when that was last heard for this address. */
  before: string | undefined;
  beforeHeard: number;
}

interface Claimed {
  readonly time: number;
  readonly taken: boolean;
}

const MAX_ADDRESSES = 16_384;
const MAX_CARDS = 16_384;
const MAX_CLAIMS = 64;
const MAX_ASKED = 4096;
const CONTEST = 30e6;
const ASKED = 5e6;
const CLAIMS = 60e6;

/**
 * Cards that several machines share on purpose: VRRP and CARP (RFC 9568, clause 7.3), HSRP (RFC 2281), HSRPv2. They move between routers
 * without anybody standing in between.
 */
const SHARED = /^00:00:5e:00:0[12]:|^00:00:0c:07:ac:|^00:00:0c:9f:f/;

export class AddressBook {
  /** Addresses and cards that were forgotten to keep the bounds. */
  get dropped(): number {
    return this.#bindings.forgotten + this.#claims.forgotten;
  }
  readonly #bindings = new BoundedMap<string, Binding>(MAX_ADDRESSES);
  readonly #claims = new BoundedMap<string, Map<string, Claimed>>(MAX_CARDS);
  /** Addresses that were asked for, by when. */
  readonly #asked = new BoundedMap<string, number>(MAX_ASKED);
  /** The newest address that a card has claimed without taking it from another. */
  readonly #owned = new Map<string, string>();

  claim(ip: string, mac: string, listed: string | undefined, event: ArpEvent, time: number): Claim {
    const isProbe = ip === '0.0.0.0';
    if (event.operation === 'request' && !event.gratuitous) this.#ask(event.target_ip, time);
    const solicited = event.operation === 'reply' && time - (this.#asked.get(ip) ?? Number.NEGATIVE_INFINITY) <= ASKED;
    if (isProbe || SHARED.test(mac))
      return { first: false, before: undefined, idle: undefined, contested: false, solicited, addresses: 0, taken: 0 };
    const known = this.#bindings.get(ip);
    const first = known === undefined;
    const binding = known ?? { mac, heard: time, before: undefined, beforeHeard: Number.NEGATIVE_INFINITY };
    if (first) this.#remember(ip, binding);
    const moved = binding.mac !== mac && !SHARED.test(binding.mac);
    const before = moved ? binding.mac : undefined;
    const idle = moved ? Math.max(0, time - binding.heard) / 1e6 : undefined;
    // Back to the card that had it a moment ago: both are there.
    const contested = moved && binding.before === mac && time - binding.beforeHeard <= CONTEST;
    if (moved) {
      binding.before = binding.mac;
      binding.beforeHeard = binding.heard;
      binding.mac = mac;
    }
    binding.heard = time;
    const taken = moved || (first && listed !== undefined && listed !== mac);
    if (!taken && !this.#owned.has(mac) && this.#owned.size < MAX_CARDS) this.#owned.set(mac, ip);
    const counts = this.#count(mac, ip, taken, time);
    return { first, before, idle, contested, solicited, ...counts };
  }

  /** A packet of `ip` came from `mac`. */
  heard(ip: string, mac: string, time: number): void {
    const binding = this.#bindings.get(ip);
    if (binding?.mac === mac) binding.heard = time;
    else if (binding?.before === mac) binding.beforeHeard = time;
  }

  /** The address that a card had as its own, when it is another one than `than`. */
  ownerOf(mac: string, than: string): string | undefined {
    const address = this.#owned.get(mac);
    return address === than ? undefined : address;
  }

  #ask(ip: string, time: number): void {
    this.#asked.renew(ip, time);
  }

  #remember(ip: string, binding: Binding): void {
    this.#bindings.set(ip, binding);
  }

  #count(mac: string, ip: string, taken: boolean, time: number): { addresses: number; taken: number } {
    let claims = this.#claims.get(mac);
    if (claims === undefined) {
      claims = new Map();
      this.#claims.set(mac, claims);
    }
    const earlier = claims.get(ip);
    claims.delete(ip);
    if (claims.size >= MAX_CLAIMS) claims.delete(claims.keys().next().value as string);
    claims.set(ip, { time, taken: taken || (earlier?.taken === true && time - earlier.time <= CLAIMS) });
    for (const [oldest, { time: then }] of claims) {
      if (time - then <= CLAIMS) break;
      claims.delete(oldest);
    }
    let count = 0;
    for (const claimed of claims.values()) if (claimed.taken) count++;
    return { addresses: claims.size, taken: count };
  }
}
