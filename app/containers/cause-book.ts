/**
 * Who caused which frame of a real network. No frame tells; those who sent something on somebody's behalf say so over the management channel,
 * and here what they told meets what the sensor saw. For the truth journal and the labels of a capture only.
 *
 * A stream's offsets count from its SYN. Of a conversation that is older than the sensor the SYN was not seen: there an act is found by its
 * own bytes, from which all later offsets follow; a place that turns out to hold other bytes is given up and looked for anew.
 */
import {
  ARP_REPLY,
  ARP_REQUEST,
  type ArpPacket,
  ETHERNET_HEADER,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  formatIpv4,
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_HEADER,
  ICMP_UNREACHABLE,
  type Ipv4Address,
  type Ipv4Header,
  inSubnet,
  MORE_FRAGMENTS,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  parseIpv4,
  parseSubnet,
  readArp,
  readIcmp,
  readIpv4,
  readTcp,
  readUdp,
  readUint16,
  TCP_ACK,
  TCP_FIN,
  TCP_SYN,
  type TcpHeader,
  type UdpHeader,
} from '@penstock/protocols/ethernet';
import type { Cause, Mark } from '@penstock/simulator/kernel';
import { Conversations, type Sent, Side } from './cause-flows.ts';
import { Lately, remember } from './cause-memory.ts';
import { Writers } from './cause-writers.ts';
import { wallMicroseconds } from './wall.ts';

/** A frame's cause; `response` tells an answer from the act itself. */
export interface Caused {
  readonly cause: Cause;
  readonly response: boolean;
}

export interface CauseBookOptions {
  /** Zones of the plant: with them the search for a gateway's MAC is known to be for what lies behind it. */
  readonly zones?: readonly { readonly subnet: string; readonly gateway: string }[];
  /** Wall clock, microseconds since 1970. */
  readonly now?: () => number;
}

export interface CauseBookCounters {
  readonly marks: number;
  /** Marks that were no marks, or for which there was no room. */
  readonly refused: number;
  /** Marks whose frames never came. */
  readonly unseen: number;
  /** Conversations that were forgotten for want of room. */
  readonly forgotten: number;
}

const MOST_CONVERSATIONS = 16_384;
const MOST_MARKS = 65_536;
/** What was told is forgotten after so long; frames wait a fraction of a second to be put in order. */
const KEPT = 30e6;
/** A mark and its SYN meet within that, whichever comes first. */
const TOLD_BEFORE = 2e6;
/** An echo request has nothing of its own to be known by: it is told before it leaves, and that arrives this much later at the most. */
const PING_TOLD_AFTER = 80e3;
/** A neighbour that does not answer is asked for three times, a second apart. */
const SOUGHT_FOR = 3e6;
/** Answers of ARP and ICMP come within that. */
const ANSWERS_WITHIN = 2e6;

const ip: Ipv4Header = {
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
const quoted: Ipv4Header = { ...ip };
const tcp: TcpHeader = {
  sourcePort: 0,
  destinationPort: 0,
  sequence: 0,
  acknowledgement: 0,
  flags: 0,
  window: 0,
  urgent: 0,
};
const udp: UdpHeader = { sourcePort: 0, destinationPort: 0, length: 0 };
const icmp = { type: 0, code: 0, rest: 0 };
const arp: ArpPacket = { operation: 0, senderMac: 0, senderAddress: 0, targetMac: 0, targetAddress: 0 };

/** An act that waits for its frame by a key of its own. */
interface Awaited {
  readonly bytes: Uint8Array;
  readonly cause: Cause;
  readonly at: number;
}

export class CauseBook {
  readonly #now: () => number;
  readonly #zones: readonly { readonly subnet: ReturnType<typeof parseSubnet>; readonly gateway: Ipv4Address }[];
  readonly #conversations = new Conversations(MOST_CONVERSATIONS);
  /** Told and not yet forgotten, oldest first. */
  readonly #told = new Lately<{ readonly at: number; readonly forget: () => void }>(MOST_MARKS);
  readonly #frames = new Map<string, Awaited[]>();
  readonly #pings = new Map<string, Awaited[]>();
  /** Datagrams of sockets without a port of their own choice, by whom they go to. */
  readonly #anyPort = new Map<string, Side>();
  readonly #writers = new Writers(MOST_CONVERSATIONS);
  /** Who asked everybody on a network at a port, by broadcast address and port: what is said from there, to all or to who asked, answers. */
  readonly #called = new Map<string, { readonly cause: Cause; readonly source: Ipv4Address; readonly until: number }>();
  /** Who asks for whom (ARP, ICMP echo) on whose behalf: the answer inherits. */
  readonly #asked = new Map<string, Caused & { readonly until: number }>();
  /** Datagrams of which the first fragment was seen. */
  readonly #fragments = new Map<string, Caused & { readonly until: number }>();
  /** Neighbours that somebody's act is about to look for: sender, then whom it needs. */
  readonly #sought = new Map<string, { readonly cause: Cause; readonly at: number }>();
  #marks = 0;
  #refused = 0;
  #unseen = 0;

  constructor(options: CauseBookOptions = {}) {
    this.#now = options.now ?? wallMicroseconds;
    this.#zones = (options.zones ?? []).map(({ subnet, gateway }) => ({
      subnet: parseSubnet(subnet),
      gateway: parseIpv4(gateway),
    }));
  }

  get counters(): CauseBookCounters {
    const { forgotten } = this.#conversations;
    return { marks: this.#marks, refused: this.#refused, unseen: this.#unseen, forgotten };
  }

  /** Takes what somebody who acts has told. What is no mark is counted and left out. */
  mark(marks: readonly Mark[]): void {
    const at = this.#now();
    this.#forget(at);
    for (const mark of marks) {
      try {
        if (this.#take(mark, at)) this.#marks++;
        else this.#refused++;
      } catch {
        this.#refused++;
      }
    }
  }

  /**
   * Whose doing a frame is. Call it for every frame, in order: an answer is known by what came before it.
   * @param time when it was captured, microseconds since 1970
   */
  causeOf(bytes: Uint8Array, time: number): Caused | undefined {
    const own = this.#awaited(this.#frames, this.#frames.size > 0 ? contentKey(bytes) : '', bytes);
    const etherType = bytes.length < ETHERNET_HEADER ? 0 : readUint16(bytes, 12);
    let found: Caused | undefined;
    if (etherType === ETHERTYPE_IPV4) found = this.#packet(bytes, own, time);
    else if (etherType === ETHERTYPE_ARP) found = this.#arp(bytes, own, time);
    if (own !== undefined) found = { cause: own, response: false };
    if (found !== undefined && etherType === ETHERTYPE_IPV4) this.#seekBeyond(found.cause, time);
    return found;
  }

  /** Whose doing a controller's write is, by the writer that the controller saw; asked when the write is told, or soon after. */
  causeOfWriter(address: string, port: number, now: number = this.#now()): Cause | undefined {
    return this.#writers.causeOf(address, port, now);
  }

  #take(mark: Mark, at: number): boolean {
    const { cause } = mark;
    if (typeof cause?.actor !== 'string' || typeof cause.step !== 'string') return false;
    const local = parseIpv4(mark.local.address);
    const remote = parseIpv4(mark.remote.address);
    const { port } = mark.local;
    if (mark.kind === 'frame') return this.#expectFrame(mark.sent, cause, at);
    if (mark.kind === 'ping') {
      this.#seek(local, remote, cause, at);
      return this.#await(this.#pings, `${local} ${remote}`, { bytes: EMPTY, cause, at });
    }
    const protocol = mark.kind === 'datagram' ? PROTOCOL_UDP : PROTOCOL_TCP;
    const { speaker } = this.#conversations.between(protocol, local, port, remote, mark.remote.port);
    // A conversation that stands has its neighbour already; byte -1 is the SYN of a new one.
    if (mark.kind !== 'bytes' || mark.from < 0) this.#seek(local, remote, cause, at);
    if (mark.kind === 'connection') {
      speaker.owner = cause;
      speaker.ownedAt = at;
      this.#writers.own(mark.local.address, port, cause);
      return true;
    }
    const { sent: bytes } = mark;
    if (!(bytes instanceof Uint8Array)) return false;
    if (mark.kind === 'datagram') {
      if (port !== 0) {
        this.#writers.act(mark.local.address, port, cause, at);
        return this.#expect(speaker, { from: 0, bytes, cause, at, side: speaker, seen: false });
      }
      const key = `${remote}:${mark.remote.port}`;
      let side = this.#anyPort.get(key);
      if (side === undefined) {
        if (this.#anyPort.size >= MOST_CONVERSATIONS) return false;
        side = new Side();
        this.#anyPort.set(key, side);
      }
      return this.#expect(side, { from: 0, bytes, cause, at, side, seen: false });
    }
    this.#writers.act(mark.local.address, port, cause, at);
    return this.#expect(speaker, { from: mark.from, bytes, cause, at, side: speaker, seen: false });
  }

  #expect(side: Side, sent: Sent): boolean {
    if (this.#told.isFull || !side.expect(sent)) return false;
    this.#told.push({
      at: sent.at,
      forget: () => {
        if (!sent.seen) this.#unseen++;
        const i = side.sent.indexOf(sent);
        if (i >= 0) side.sent.splice(i, 1);
      },
    });
    return true;
  }

  #expectFrame(bytes: Uint8Array, cause: Cause, at: number): boolean {
    if (!(bytes instanceof Uint8Array)) return false;
    // What somebody in between has put into another's conversation is its doing at the controller, too.
    if (this.#open(bytes) && ip.protocol === PROTOCOL_TCP && readTcp(bytes, this.#transport, this.#end, tcp) > 0)
      this.#writers.act(formatIpv4(ip.source), tcp.sourcePort, cause, at);
    return this.#await(this.#frames, contentKey(bytes), { bytes, cause, at });
  }

  #await(map: Map<string, Awaited[]>, key: string, awaited: Awaited): boolean {
    if (this.#told.isFull) return false;
    const list = map.get(key);
    if (list === undefined) map.set(key, [awaited]);
    else list.push(awaited);
    this.#told.push({
      at: awaited.at,
      forget: () => {
        const rest = map.get(key);
        const i = rest?.indexOf(awaited) ?? -1;
        if (rest === undefined || i < 0) return;
        this.#unseen++;
        rest.splice(i, 1);
        if (rest.length === 0) map.delete(key);
      },
    });
    return true;
  }

  /** Takes what waits for this content, if it was told before a time. */
  #awaited(
    map: Map<string, Awaited[]>,
    key: string,
    bytes: Uint8Array,
    before: number = Number.POSITIVE_INFINITY,
  ): Cause | undefined {
    const list = map.get(key);
    const i = list?.findIndex((one) => one.at <= before && Buffer.compare(one.bytes, bytes) === 0) ?? -1;
    if (list === undefined || i < 0) return undefined;
    const [found] = list.splice(i, 1) as [Awaited];
    if (list.length === 0) map.delete(key);
    return found.cause;
  }

  #forget(now: number): void {
    this.#told.takeWhile(
      ({ at }) => at < now - KEPT,
      ({ forget }) => forget(),
    );
  }

  /** Somebody's act goes to `remote`: whoever's MAC it needs for that may be asked for first. */
  #seek(local: Ipv4Address, remote: Ipv4Address, cause: Cause, at: number): void {
    const zone = this.#zones.find(({ subnet }) => inSubnet(local, subnet));
    const next = zone === undefined || inSubnet(remote, zone.subnet) ? remote : zone.gateway;
    this.#look(`${local} ${next}`, cause, at);
  }

  /** A packet of somebody's goes to another zone: its gateway may have to look for who gets it. */
  #seekBeyond(cause: Cause, time: number): void {
    const zone = this.#zones.find(({ subnet }) => inSubnet(ip.destination, subnet));
    if (zone !== undefined && !inSubnet(ip.source, zone.subnet))
      this.#look(`${zone.gateway} ${ip.destination}`, cause, time);
  }

  /** A search belongs to who was the first to need it. */
  #look(key: string, cause: Cause, at: number): void {
    const before = this.#sought.get(key);
    if (before === undefined || at - before.at >= SOUGHT_FOR) remember(this.#sought, key, { cause, at });
  }

  #arp(bytes: Uint8Array, own: Cause | undefined, time: number): Caused | undefined {
    if (readArp(bytes, ETHERNET_HEADER, bytes.length, arp) < 0) return undefined;
    const { operation, senderAddress, targetAddress } = arp;
    if (operation === ARP_REQUEST) {
      const sought = this.#sought.get(`${senderAddress} ${targetAddress}`);
      const cause = own ?? (sought !== undefined && time - sought.at < SOUGHT_FOR ? sought.cause : undefined);
      if (cause === undefined) return undefined;
      remember(this.#asked, `arp ${senderAddress} ${targetAddress}`, {
        ...{ cause, response: true, until: time + ANSWERS_WITHIN },
      });
      return { cause, response: false };
    }
    if (operation !== ARP_REPLY) return undefined;
    return this.#answer(`arp ${targetAddress} ${senderAddress}`, time);
  }

  #answer(key: string, time: number): Caused | undefined {
    const asked = this.#asked.get(key);
    if (asked === undefined) return undefined;
    this.#asked.delete(key);
    return time <= asked.until ? { cause: asked.cause, response: true } : undefined;
  }

  /** Where the packet that is being looked at has its transport header, and where it ends. */
  #transport = 0;
  #end = 0;

  #open(bytes: Uint8Array): boolean {
    if (bytes.length < ETHERNET_HEADER || readUint16(bytes, 12) !== ETHERTYPE_IPV4) return false;
    this.#transport = readIpv4(bytes, ETHERNET_HEADER, bytes.length, ip);
    this.#end = ETHERNET_HEADER + ip.totalLength;
    return this.#transport > 0;
  }

  #packet(bytes: Uint8Array, own: Cause | undefined, time: number): Caused | undefined {
    if (!this.#open(bytes)) return undefined;
    const more = (ip.flags & MORE_FRAGMENTS) !== 0;
    const whole = `${ip.protocol} ${ip.source} ${ip.destination} ${ip.identification}`;
    if (ip.fragmentOffset !== 0) {
      const first = this.#fragments.get(whole);
      return first !== undefined && time <= first.until ? { cause: first.cause, response: first.response } : undefined;
    }
    let found: Caused | undefined;
    if (ip.protocol === PROTOCOL_TCP) found = this.#segment(bytes, own, time);
    else if (ip.protocol === PROTOCOL_UDP) found = this.#datagram(bytes, own, more, time);
    else if (ip.protocol === PROTOCOL_ICMP) found = this.#message(bytes, own, time);
    if (found !== undefined && more) remember(this.#fragments, whole, { ...found, until: time + ANSWERS_WITHIN });
    return found;
  }

  #segment(bytes: Uint8Array, own: Cause | undefined, time: number): Caused | undefined {
    const data = readTcp(bytes, this.#transport, this.#end, tcp);
    if (data < 0) return undefined;
    const { sourcePort, destinationPort, flags } = tcp;
    const sequence = tcp.sequence | 0;
    const acknowledgement = (flags & TCP_ACK) !== 0 ? tcp.acknowledgement | 0 : undefined;
    const { speaker, listener } = this.#conversations.between(
      ...([PROTOCOL_TCP, ip.source, sourcePort, ip.destination, destinationPort] as const),
    );
    const isSyn = (flags & TCP_SYN) !== 0;
    if (isSyn && speaker.start !== sequence) {
      speaker.restart(sequence, time - TOLD_BEFORE);
      if (acknowledgement === undefined) listener.forgetSegments();
      speaker.active = acknowledgement === undefined;
      if (speaker.active && speaker.owner === undefined) this.#writers.disown(formatIpv4(ip.source), sourcePort);
      listener.active = !speaker.active;
    }
    const payload = bytes.subarray(data, this.#end);
    // The SYN is byte -1 of the stream and takes a number of its own.
    const length = payload.length + (isSyn ? 1 : 0);
    const end = (sequence + length + ((flags & TCP_FIN) !== 0 ? 1 : 0)) | 0;
    let cause = own ?? speaker.causeOfSegment(sequence, payload, length) ?? speaker.owner;
    let response = false;
    if (cause === undefined && (payload.length === 0 || this.#answers(speaker, listener))) {
      cause = listener.lastHeard(acknowledgement);
      response = true;
      if (cause !== undefined && payload.length > 0)
        this.#writers.answered(formatIpv4(ip.destination), destinationPort, cause, time);
    }
    speaker.noteSegment(end, cause);
    return cause && { cause, response };
  }

  /** Whether a side speaks when it is spoken to. Of a conversation whose beginning nobody saw, that is who has the lower port. */
  #answers(speaker: Side, listener: Side): boolean {
    return speaker.active === undefined
      ? listener.sent.length > 0 || tcp.sourcePort < tcp.destinationPort
      : !speaker.active;
  }

  #datagram(bytes: Uint8Array, own: Cause | undefined, more: boolean, time: number): Caused | undefined {
    // The first fragment ends before its datagram does.
    const limit = more ? Math.max(this.#end, this.#transport + readUint16(bytes, this.#transport + 4)) : this.#end;
    const data = readUdp(bytes, this.#transport, limit, udp);
    if (data < 0) return undefined;
    const { sourcePort, destinationPort } = udp;
    const { speaker, listener } = this.#conversations.between(
      ...([PROTOCOL_UDP, ip.source, sourcePort, ip.destination, destinationPort] as const),
    );
    const payload = bytes.subarray(data, Math.min(this.#end, this.#transport + udp.length));
    let cause = own ?? speaker.causeOfDatagram(payload, !more);
    cause ??=
      this.#anyPort.get(`${ip.destination}:${destinationPort}`)?.causeOfDatagram(payload, !more) ?? speaker.owner;
    let response = false;
    if (cause === undefined) {
      cause = speaker.answered(time) ?? this.#answersCall(sourcePort, time);
      response = true;
      if (cause !== undefined) this.#writers.answered(formatIpv4(ip.destination), destinationPort, cause, time);
    }
    if (!response || cause === undefined) {
      listener.hear(cause, time);
      this.#hearCall(cause, destinationPort, time);
    }
    return cause && { cause, response };
  }

  /** Whose question to everybody the datagram that is being looked at answers. */
  #answersCall(port: number, time: number): Cause | undefined {
    const everybody = this.#called.size > 0 ? this.#broadcastOf(ip.source) : undefined;
    const called = everybody === undefined ? undefined : this.#called.get(`${everybody} ${port}`);
    if (called === undefined || time > called.until || ip.source === called.source) return undefined;
    return isEverybody(ip.destination, everybody) || ip.destination === called.source ? called.cause : undefined;
  }

  /** A datagram that answers nothing: to everybody it is a question, or the end of the one before. */
  #hearCall(cause: Cause | undefined, port: number, time: number): void {
    if (cause === undefined && this.#called.size === 0) return;
    const everybody = this.#broadcastOf(ip.source);
    if (everybody === undefined || !isEverybody(ip.destination, everybody)) return;
    const key = `${everybody} ${port}`;
    if (cause === undefined) this.#called.delete(key);
    else remember(this.#called, key, { cause, source: ip.source, until: time + ANSWERS_WITHIN });
  }

  #broadcastOf(address: Ipv4Address): Ipv4Address | undefined {
    return this.#zones.find(({ subnet }) => inSubnet(address, subnet))?.subnet.broadcast;
  }

  #message(bytes: Uint8Array, own: Cause | undefined, time: number): Caused | undefined {
    const data = readIcmp(bytes, this.#transport, this.#end, icmp);
    if (data < 0) return undefined;
    const { source, destination } = ip;
    if (icmp.type === ICMP_ECHO_REQUEST) {
      const cause = own ?? this.#awaited(this.#pings, `${source} ${destination}`, EMPTY, time + PING_TOLD_AFTER);
      if (cause === undefined) return undefined;
      remember(this.#asked, `echo ${source} ${destination} ${icmp.rest}`, {
        ...{ cause, response: true, until: time + ANSWERS_WITHIN },
      });
      return { cause, response: false };
    }
    if (icmp.type === ICMP_ECHO_REPLY) return this.#answer(`echo ${destination} ${source} ${icmp.rest}`, time);
    if (icmp.type !== ICMP_UNREACHABLE) return undefined;
    // What could not be delivered is quoted, with the ports; of UDP that is all that an error is made of here.
    const inner = this.#transport + ICMP_HEADER;
    const header = ((bytes[inner] ?? 0) & 15) * 4;
    if (bytes.length < inner + header + 8 || bytes[inner + 9] !== PROTOCOL_UDP) return undefined;
    quoted.source = readAddress(bytes, inner + 12);
    quoted.destination = readAddress(bytes, inner + 16);
    const ports = inner + header;
    const { listener } = this.#conversations.between(
      ...([
        PROTOCOL_UDP,
        quoted.source,
        readUint16(bytes, ports),
        quoted.destination,
        readUint16(bytes, ports + 2),
      ] as const),
    );
    const cause = listener.answered(time);
    return cause && { cause, response: true };
  }
}

const EMPTY = new Uint8Array(0);

/** Whether everybody on a network is spoken to, by its own broadcast address or by that of any (RFC 919). */
const isEverybody = (destination: Ipv4Address, broadcast: Ipv4Address | undefined): boolean =>
  destination === broadcast || destination === 0xffff_ffff;

const readAddress = (bytes: Uint8Array, at: number): Ipv4Address =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0;

/** A key that equal frames share. */
function contentKey(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return `${bytes.length} ${hash >>> 0}`;
}
