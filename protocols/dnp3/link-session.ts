/**
 * A station's end of a data link, with the transport function on it (IEEE 1815-2012, clauses 8 and 9): answers the other side's link
 * frames, hands whole fragments up, and sends fragments, confirmed by the link where it is asked to. Master and outstation differ
 * in one bit. The same session serves a TCP stream and UDP datagrams.
 */
import { type Duration, type Instant, NEVER, type StreamMachine, seconds, UsageError } from '@penstock/core';
import { ADDRESS, encodeLinkFrame, isBroadcast, type LinkFrame, LinkReader, PRIMARY, SECONDARY } from './link.ts';
import { segment, TransportReassembler } from './transport.ts';

export interface LinkOptions {
  readonly role: 'master' | 'outstation';
  /** Own address, 0 to 65519. */
  readonly address: number;
  /** Outstations: also listen to the self address (65532). */
  readonly selfAddress?: boolean | undefined;
  /** Whether user data asks for confirmation by the link; TCP and UDP do without (clause 13), slow serial lines may want it. */
  readonly confirmed?: boolean | undefined;
  /** How long an answer of the link is waited for; default 2 s. */
  readonly timeout?: Duration | undefined;
  /** How often a frame is sent again; default 3. */
  readonly retries?: number | undefined;
  /** After so long without a sign of the other side it is asked for its link status; never when left out. */
  readonly keepAlive?: Duration | undefined;
  /** Octets of the longest fragment that is taken; default 2048. */
  readonly largestFragment?: number | undefined;
  /** `take` gives one frame at a time, and a frame ends with its datagram. */
  readonly datagrams?: boolean | undefined;
}

/** Whom a session serves. */
export interface LinkUser {
  /** Whether frames of this station are listened to at all. */
  accepts(source: number): boolean;
  /** A whole fragment; `destination` tells a broadcast. */
  fragment(fragment: Uint8Array, source: number, destination: number, now: Instant): void;
  /** A frame was sent as often as allowed and not confirmed, or a link status was not answered. */
  unanswered?(address: number, now: Instant): void;
}

export interface LinkCounters {
  frames: number;
  fragments: number;
  /** Frames whose checksum, length, control octet or address was not right for this station. */
  ignored: number;
  badFrames: number;
  skippedOctets: number;
  /** Confirmed frames that came twice. */
  repeated: number;
  /** Segments that made no fragment. */
  discardedSegments: number;
  sent: number;
  retries: number;
}

/** Unsent octets beyond which a session is ended: its other side asks, and does not read. */
const MAX_UNSENT = 1024 * 1024;
/** Stations that one session keeps link states of. */
const MAX_PEERS = 16;

interface Peer {
  readonly address: number;
  readonly reassembler: TransportReassembler;
  /** The other side has reset its link to us, and this is the frame count bit that comes next. */
  reset: boolean;
  expected: boolean;
}

/** A frame that waits for its answer. */
interface Pending {
  readonly frame: Uint8Array;
  readonly destination: number;
  readonly what: 'reset' | 'data' | 'status';
}

interface Outgoing {
  readonly destination: number;
  readonly payload: Uint8Array;
}

export class LinkSession implements StreamMachine {
  readonly counters: LinkCounters = {
    frames: 0,
    fragments: 0,
    ignored: 0,
    badFrames: 0,
    skippedOctets: 0,
    repeated: 0,
    discardedSegments: 0,
    sent: 0,
    retries: 0,
  };
  readonly address: number;
  readonly #user: LinkUser;
  readonly #master: boolean;
  readonly #selfAddress: boolean;
  readonly #confirmed: boolean;
  readonly #timeout: Duration;
  readonly #retries: number;
  readonly #keepAlive: Duration | undefined;
  readonly #largestFragment: number;
  readonly #datagrams: boolean;
  readonly #reader: LinkReader;
  readonly #peers = new Map<number, Peer>();
  #now = 0 as Instant;
  #closing = false;

  #frames: Uint8Array[] = [];
  #unsent = 0;
  #sequence = 0;

  /** Segments that wait for the confirmation of the one before. */
  #queue: Outgoing[] = [];
  /** Station whose link was reset for confirmed data, and the frame count bit of the next frame. */
  #resetFor: number | undefined;
  #frameCount = true;
  #pending: Pending | undefined;
  #tries = 0;
  #deadline = NEVER;
  #heard = 0 as Instant;
  /** Whom a keep-alive asks. */
  #partner: number | undefined;

  /** @throws UsageError `dnp3.address` for an address that no station can have. */
  constructor(options: LinkOptions, user: LinkUser) {
    this.address = stationAddress(options.address);
    this.#user = user;
    this.#master = options.role === 'master';
    this.#selfAddress = options.selfAddress === true && !this.#master;
    this.#confirmed = options.confirmed === true;
    this.#timeout = options.timeout ?? seconds(2);
    this.#retries = options.retries ?? 3;
    this.#keepAlive = options.keepAlive;
    this.#largestFragment = options.largestFragment ?? 2048;
    this.#datagrams = options.datagrams === true;
    this.#reader = new LinkReader({
      frame: (frame) => this.#frame(frame),
      badHeader: () => {
        this.counters.badFrames++;
      },
      badData: () => {
        this.counters.badFrames++;
      },
      skipped: (octets) => {
        this.counters.skippedOctets += octets;
      },
    });
  }

  /** Set when the other side does not take what is sent. */
  get closing(): boolean {
    return this.#closing;
  }

  /** The link stands: keep-alive counts from now, and asks `partner`. */
  opened(partner: number | undefined, now: Instant): void {
    this.#partner = partner;
    this.#heard = now;
  }

  /** The connection is gone; the session can serve a new one. */
  reset(): void {
    this.#reader.lose();
    this.#peers.clear();
    this.#frames = [];
    this.#unsent = 0;
    this.#queue = [];
    this.#pending = undefined;
    this.#deadline = NEVER;
    this.#resetFor = undefined;
    this.#closing = false;
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.receiveRange(bytes, 0, bytes.length, now);
  }

  receiveRange(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    if (this.#closing) return;
    this.#now = now;
    this.#reader.receive(buffer, start, end);
    // A datagram holds whole frames (clause 13.3.2): what is left of it will not be completed.
    if (this.#datagrams) this.#reader.lose();
  }

  due(): Instant {
    const alive =
      this.#keepAlive === undefined || this.#pending !== undefined || this.#partner === undefined
        ? NEVER
        : ((this.#heard + this.#keepAlive) as Instant);
    return alive < this.#deadline ? alive : this.#deadline;
  }

  tick(now: Instant): void {
    this.#now = now;
    if (this.#pending !== undefined && now >= this.#deadline) this.#again(now);
    else if (this.#pending === undefined && this.due() <= now) this.#askStatus(this.#partner as number);
  }

  take(): Uint8Array | undefined {
    const frames = this.#frames;
    if (frames.length === 0) return undefined;
    if (this.#datagrams || frames.length === 1) {
      const frame = frames.shift() as Uint8Array;
      this.#unsent -= frame.length;
      return frame;
    }
    const bytes = new Uint8Array(this.#unsent);
    let at = 0;
    for (const frame of frames) {
      bytes.set(frame, at);
      at += frame.length;
    }
    this.#frames = [];
    this.#unsent = 0;
    return bytes;
  }

  /** Sends a fragment to a station, or to all with a broadcast address. */
  send(fragment: Uint8Array, destination: number): void {
    const segments = segment(fragment, this.#sequence);
    this.#sequence = (this.#sequence + segments.length) & 0x3f;
    if (!this.#confirmed || isBroadcast(destination)) {
      for (const payload of segments) this.#put(this.#data(destination, payload, false));
      return;
    }
    for (const payload of segments) this.#queue.push({ destination, payload });
    if (this.#queue.length > MAX_UNSENT / 250) this.#closing = true;
    this.#next();
  }

  /** Fragments that are not sent yet, because the link waits for confirmation. */
  get busy(): boolean {
    return this.#pending !== undefined || this.#queue.length > 0;
  }

  #frame(frame: LinkFrame): void {
    const { control, destination, source } = frame;
    this.counters.frames++;
    const broadcast = isBroadcast(destination);
    const forUs =
      destination === this.address ||
      (this.#selfAddress && destination === ADDRESS.self) ||
      (broadcast && !this.#master && control.prm && control.function === PRIMARY.unconfirmedUserData);
    // A master's frames say so, and go to outstations only.
    if (!forUs || control.dir === this.#master || source > ADDRESS.highest || !this.#user.accepts(source)) {
      this.counters.ignored++;
      return;
    }
    this.#heard = this.#now;
    if (control.prm) this.#primary(frame, control.function, control.fcb, control.fcv);
    else this.#secondary(source, control.function);
  }

  /** A frame of the other side's own accord (9.2.6). Those whose control octet or length cannot be are not answered. */
  #primary(frame: LinkFrame, code: number, fcb: boolean, fcv: boolean): void {
    const { source, payload } = frame;
    const counted = code === PRIMARY.testLinkStates || code === PRIMARY.confirmedUserData;
    const carries = code === PRIMARY.confirmedUserData || code === PRIMARY.unconfirmedUserData;
    const known = counted || carries || code === PRIMARY.resetLinkStates || code === PRIMARY.requestLinkStatus;
    const peer = known && counted === fcv && carries === payload.length > 0 ? this.#peer(source) : undefined;
    if (peer === undefined) {
      this.counters.ignored++;
      return;
    }
    switch (code) {
      case PRIMARY.resetLinkStates:
        peer.reset = true;
        peer.expected = true;
        this.#answer(source, SECONDARY.ack);
        return;
      case PRIMARY.requestLinkStatus:
        this.#answer(source, SECONDARY.linkStatus);
        return;
      case PRIMARY.unconfirmedUserData:
        this.#payload(peer, frame);
        return;
    }
    if (!peer.reset) {
      this.counters.ignored++;
      return;
    }
    const fresh = fcb === peer.expected;
    if (fresh) peer.expected = !peer.expected;
    else this.counters.repeated++;
    this.#answer(source, SECONDARY.ack);
    if (fresh && carries) this.#payload(peer, frame);
  }

  #payload(peer: Peer, frame: LinkFrame): void {
    const result = peer.reassembler.add(frame.payload);
    if (result.kind === 'fragment') {
      this.counters.fragments++;
      this.#user.fragment(result.fragment, frame.source, frame.destination, this.#now);
    } else if (result.kind === 'discarded') this.counters.discardedSegments++;
  }

  #peer(address: number): Peer | undefined {
    let peer = this.#peers.get(address);
    if (peer === undefined && this.#peers.size < MAX_PEERS) {
      peer = { address, reassembler: new TransportReassembler(this.#largestFragment), reset: false, expected: false };
      this.#peers.set(address, peer);
    }
    return peer;
  }

  #answer(destination: number, code: number): void {
    this.#put(
      encodeLinkFrame({
        control: { dir: this.#master, prm: false, dfc: false, function: code },
        destination,
        source: this.address,
        payload: NOTHING,
      }),
    );
  }

  /** What the other side says to a frame of ours. */
  #secondary(source: number, code: number): void {
    const pending = this.#pending;
    if (pending === undefined || pending.destination !== source) return;
    if (pending.what === 'status' ? code !== SECONDARY.linkStatus : code !== SECONDARY.ack && code !== SECONDARY.nack)
      return;
    this.#pending = undefined;
    this.#deadline = NEVER;
    if (pending.what === 'reset' && code === SECONDARY.ack) {
      this.#resetFor = source;
      this.#frameCount = true;
    } else if (pending.what === 'data') {
      if (code === SECONDARY.ack) {
        this.#queue.shift();
        this.#frameCount = !this.#frameCount;
      } else this.#resetFor = undefined;
    }
    this.#next();
  }

  /** Sends the next segment that is to be confirmed, after a reset of the link where there was none yet. */
  #next(): void {
    if (this.#pending !== undefined) return;
    const [first] = this.#queue;
    if (first === undefined) return;
    const { destination, payload } = first;
    if (this.#resetFor === destination) this.#await(this.#data(destination, payload, true), destination, 'data');
    else this.#await(this.#command(destination, PRIMARY.resetLinkStates), destination, 'reset');
  }

  #askStatus(destination: number): void {
    this.#await(this.#command(destination, PRIMARY.requestLinkStatus), destination, 'status');
  }

  #await(frame: Uint8Array, destination: number, what: 'reset' | 'data' | 'status'): void {
    this.#pending = { frame, destination, what };
    this.#tries = 0;
    this.#deadline = (this.#now + this.#timeout) as Instant;
    this.#put(frame);
  }

  #again(now: Instant): void {
    const pending = this.#pending as Pending;
    if (this.#tries < this.#retries) {
      this.#tries++;
      this.counters.retries++;
      this.#deadline = (now + this.#timeout) as Instant;
      this.#put(pending.frame);
      return;
    }
    this.#pending = undefined;
    this.#deadline = NEVER;
    this.#resetFor = undefined;
    this.#heard = now;
    this.#queue = this.#queue.filter((waiting) => waiting.destination !== pending.destination);
    this.#user.unanswered?.(pending.destination, now);
    this.#next();
  }

  #data(destination: number, payload: Uint8Array, confirmed: boolean): Uint8Array {
    const code = confirmed ? PRIMARY.confirmedUserData : PRIMARY.unconfirmedUserData;
    const control = {
      dir: this.#master,
      prm: true,
      fcb: confirmed && this.#frameCount,
      fcv: confirmed,
      function: code,
    } as const;
    return encodeLinkFrame({ control, destination, source: this.address, payload });
  }

  #command(destination: number, code: number): Uint8Array {
    const control = { dir: this.#master, prm: true, fcb: false, fcv: false, function: code } as const;
    return encodeLinkFrame({ control, destination, source: this.address, payload: NOTHING });
  }

  #put(frame: Uint8Array): void {
    if (this.#closing) return;
    this.#frames.push(frame);
    this.#unsent += frame.length;
    this.counters.sent++;
    if (this.#unsent > MAX_UNSENT) this.#closing = true;
  }
}

const NOTHING = new Uint8Array(0);

/** @throws UsageError `dnp3.address` for an address that no station can have. */
export function stationAddress(address: number): number {
  if (!Number.isInteger(address) || address < 0 || address > ADDRESS.highest)
    throw new UsageError('dnp3.address', `a station's address is 0 to ${ADDRESS.highest}, not ${address}`);
  return address;
}
