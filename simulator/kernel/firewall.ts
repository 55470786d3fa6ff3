/**
 * The firewall between the zones: a router with one interface a segment that lets through what the plant's conduits allow and
 * what belongs to it. Everything else is dropped in silence and told to whoever keeps the firewall's log.
 */
import { type Duration, type Instant, minutes, seconds } from '@penstock/core';
import {
  ETHERNET_HEADER,
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_HEADER,
  IPV4_HEADER,
  type Ipv4Address,
  inSubnet,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  readIpv4Address,
  readUint16,
  TCP_ACK,
  TCP_FIN,
  TCP_RST,
  TCP_SYN,
  updateChecksum,
  writeUint16,
} from '@penstock/protocols/ethernet';
import { type Flow, FlowTable } from './flow-table.ts';
import type { Cause } from './foothold.ts';
import type { Frame } from './frame.ts';
import { Host, received } from './host.ts';
import type { Interface } from './segment.ts';

/** One line of a conduit's allow list, for one pair of hosts. */
export interface FirewallRule {
  /** Id of the conduit that it comes from. */
  readonly conduit: string;
  readonly from: Ipv4Address;
  readonly to: Ipv4Address;
  readonly transport: 'tcp' | 'udp' | 'icmp';
  /** Destination port; every port when undefined. */
  readonly port: number | undefined;
  /** Data passes this way only; nothing comes back, not even an acknowledgement. */
  readonly diode: boolean;
}

/**
 * Why a packet was dropped. `no-rule`: no conduit allows it; `no-state`: it belongs to no flow that was let through; `diode`: it goes
 * against a diode; `spoofed`: its source is not of the segment it came from; `no-route`: its destination is on no segment; `expired`: its
 * time to live is up; `table-full`: too many flows; `malformed`: packets too short to judge, fragments of
 * anything but UDP or without their first one.
 */
export type DropReason =
  | 'no-rule'
  | 'no-state'
  | 'diode'
  | 'spoofed'
  | 'no-route'
  | 'expired'
  | 'table-full'
  | 'malformed';

/** A line of the firewall's log. */
export interface FirewallDrop {
  readonly time: Instant;
  readonly reason: DropReason;
  /** Segment that the packet came from. */
  readonly from: string;
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  /** IP protocol number. */
  readonly protocol: number;
  /** 0 where the protocol has none. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** TCP's control bits, 0 for others. */
  readonly flags: number;
  /** Bytes of the IP packet. */
  readonly length: number;
  /** For the truth journal only. */
  readonly cause: Cause | undefined;
}

/** Idle times after which a flow is forgotten; those of Linux's connection tracking, with the established one of common appliances. */
const LIFE = {
  opening: minutes(2),
  established: minutes(60),
  ending: seconds(10),
  datagram: seconds(30),
  dialogue: minutes(2),
} satisfies Record<string, Duration>;
const FLOW_LIMIT = 65_536;
const FRAGMENT_LIMIT = 1024;
const PROTOCOLS = { tcp: PROTOCOL_TCP, udp: PROTOCOL_UDP, icmp: PROTOCOL_ICMP } as const;

export class Firewall extends Host {
  /** What nobody listens for on the firewall itself is met with silence, like all that it drops. */
  override readonly refuses = false;
  /** Keeps the log. */
  onDrop: ((drop: FirewallDrop) => void) | undefined = undefined;
  /** Packets forwarded and dropped since the start. */
  forwarded = 0;
  blocked = 0;
  readonly #rules = new Map<Ipv4Address, Map<Ipv4Address, FirewallRule[]>>();
  readonly #flows = new FlowTable(FLOW_LIMIT);
  /** Datagrams whose first fragment was let through, and until when the others are. */
  readonly #fragments = new Map<string, number>();
  // The packet at hand.
  #sourcePort = 0;
  #destinationPort = 0;
  #flags = 0;

  get flows(): number {
    return this.#flows.size;
  }

  allow(rule: FirewallRule): void {
    let targets = this.#rules.get(rule.from);
    if (targets === undefined) {
      targets = new Map();
      this.#rules.set(rule.from, targets);
    }
    const rules = targets.get(rule.to);
    if (rules === undefined) targets.set(rule.to, [rule]);
    else rules.push(rule);
  }

  /** Takes every rule of a conduit away and cuts the flows that it let through; a response to an incident. */
  revoke(conduit: string): void {
    for (const targets of this.#rules.values())
      for (const [to, rules] of targets)
        targets.set(
          to,
          rules.filter((rule) => rule.conduit !== conduit),
        );
    this.#flows.cut(conduit);
  }

  /** Whether the rules let a host open a flow to a service, and for TCP its answers back. */
  passes(from: Ipv4Address, to: Ipv4Address, transport: 'tcp' | 'udp', port: number): boolean {
    const rules = this.#rules.get(from)?.get(to) ?? [];
    return rules.some(
      (rule) =>
        rule.transport === transport &&
        (rule.port === undefined || rule.port === port) &&
        !(rule.diode && transport === 'tcp'),
    );
  }

  override powerOff(): void {
    super.powerOff();
    this.#flows.clear();
    this.#fragments.clear();
  }

  protected override forward(frame: Frame, transport: number, on: Interface, now: Instant): boolean {
    const reason = this.#judge(frame, transport, on, now);
    if (reason !== undefined) {
      this.#drop(frame, on, now, reason);
      return false;
    }
    const { buffer } = frame;
    const at = frame.start + ETHERNET_HEADER;
    const before = readUint16(buffer, at + 8);
    writeUint16(buffer, at + 8, before - 0x100);
    writeUint16(buffer, at + 10, updateChecksum(readUint16(buffer, at + 10), before, before - 0x100));
    // Padding of a short frame is the sender's segment's affair.
    frame.end = at + received.totalLength;
    const { via, neighbour } = this.route(received.destination);
    if (neighbour === undefined) return false;
    this.forwarded++;
    via.arp.send(frame, neighbour, now);
    return true;
  }

  /** Why the packet must not pass; undefined when it may. */
  #judge(frame: Frame, transport: number, on: Interface, now: Instant): DropReason | undefined {
    const { source, destination, protocol } = received;
    this.#sourcePort = 0;
    this.#destinationPort = 0;
    this.#flags = 0;
    const isFragment = (received.flags & 1) !== 0 || received.fragmentOffset !== 0;
    if (isFragment && protocol !== PROTOCOL_UDP) return 'malformed';
    if (received.fragmentOffset === 0 && !this.#readPorts(frame, transport)) return 'malformed';
    if (!inSubnet(source, on.segment.subnet)) return 'spoofed';
    if (!this.#reaches(destination, on)) return 'no-route';
    if (received.timeToLive <= 1) return 'expired';
    if (isFragment) return this.#judgeFragment(frame, transport, now);
    if (protocol === PROTOCOL_ICMP && this.#isError(frame, transport))
      return this.#related(frame, transport + ICMP_HEADER, now) ? undefined : 'no-state';
    return this.#judgeFlow(frame, transport, now);
  }

  #judgeFlow(frame: Frame, transport: number, now: Instant): DropReason | undefined {
    const { source, destination, protocol } = received;
    const flow = this.#flows.find(protocol, source, this.#sourcePort, destination, this.#destinationPort, now);
    if (flow !== undefined) return this.#follow(flow, source, now);
    return this.#open(frame, transport, now);
  }

  /** The first fragment of a datagram has the ports and is judged; the others go the same way, if they come after it. */
  #judgeFragment(frame: Frame, transport: number, now: Instant): DropReason | undefined {
    const { source, destination, identification } = received;
    const key = `${source} ${destination} ${identification}`;
    if (received.fragmentOffset !== 0) return (this.#fragments.get(key) ?? 0) > now ? undefined : 'malformed';
    const reason = this.#judgeFlow(frame, transport, now);
    this.#fragments.delete(key);
    if (reason !== undefined) return reason;
    if (this.#fragments.size === FRAGMENT_LIMIT) this.#fragments.delete(this.#fragments.keys().next().value as string);
    this.#fragments.set(key, now + LIFE.datagram);
    return undefined;
  }

  /** A packet of a flow that stands. */
  #follow(flow: Flow, source: Ipv4Address, now: Instant): DropReason | undefined {
    const back = source === flow.b;
    if (back && flow.diode) return 'diode';
    flow.answered ||= back;
    if (flow.protocol === PROTOCOL_TCP) {
      if ((this.#flags & TCP_RST) !== 0) flow.ending = 3;
      else if ((this.#flags & TCP_FIN) !== 0) flow.ending |= back ? 2 : 1;
      else if ((this.#flags & (TCP_SYN | TCP_ACK)) === TCP_SYN) flow.ending = 0;
    }
    flow.expires = (now + this.#life(flow)) as Instant;
    return undefined;
  }

  #life(flow: Flow): Duration {
    if (flow.protocol !== PROTOCOL_TCP) return flow.answered ? LIFE.dialogue : LIFE.datagram;
    if (flow.ending === 3) return LIFE.ending;
    return flow.answered ? LIFE.established : LIFE.opening;
  }

  #open(frame: Frame, transport: number, now: Instant): DropReason | undefined {
    const { source, destination, protocol } = received;
    if (protocol === PROTOCOL_TCP && (this.#flags & (TCP_SYN | TCP_ACK | TCP_RST)) !== TCP_SYN) return 'no-state';
    if (protocol === PROTOCOL_ICMP && frame.buffer[transport] !== ICMP_ECHO_REQUEST) return 'no-state';
    const rules = this.#rules.get(source)?.get(destination);
    const port = this.#destinationPort;
    const rule = rules?.find(
      (r) => PROTOCOLS[r.transport] === protocol && (r.port === undefined || r.transport === 'icmp' || r.port === port),
    );
    if (rule === undefined) return 'no-rule';
    const flow: Flow = {
      protocol,
      a: source,
      aPort: this.#sourcePort,
      b: destination,
      bPort: port,
      conduit: rule.conduit,
      diode: rule.diode,
      expires: now,
      answered: false,
      ending: 0,
      next: undefined,
    };
    flow.expires = (now + this.#life(flow)) as Instant;
    return this.#flows.add(flow, now) ? undefined : 'table-full';
  }

  /** Whether an ICMP error quotes a packet of a flow that stands (and may be answered). */
  #related(frame: Frame, quoted: number, now: Instant): boolean {
    const { buffer } = frame;
    const stop = frame.start + ETHERNET_HEADER + received.totalLength;
    if (stop - quoted < IPV4_HEADER + 4 || buffer[quoted] !== 0x45) return false;
    const ports = quoted + IPV4_HEADER;
    const flow = this.#flows.find(
      buffer[quoted + 9] as number,
      readIpv4Address(buffer, quoted + 12),
      readUint16(buffer, ports),
      readIpv4Address(buffer, quoted + 16),
      readUint16(buffer, ports + 2),
      now,
    );
    // The error must go back to who sent the quoted packet.
    return flow !== undefined && !flow.diode && readIpv4Address(buffer, quoted + 12) === received.destination;
  }

  #isError(frame: Frame, transport: number): boolean {
    const type = frame.buffer[transport] as number;
    return type !== ICMP_ECHO_REQUEST && type !== ICMP_ECHO_REPLY;
  }

  /** Ports of TCP and UDP, the identifier of an echo; false when the packet is too short to have them. */
  #readPorts(frame: Frame, transport: number): boolean {
    const { buffer, start } = frame;
    const { protocol } = received;
    const length = start + ETHERNET_HEADER + received.totalLength - transport;
    if (protocol === PROTOCOL_TCP) {
      if (length < 20) return false;
      this.#flags = buffer[transport + 13] as number;
    } else if (length < 8) return false;
    if (protocol === PROTOCOL_ICMP) {
      const identifier = readUint16(buffer, transport + 4);
      this.#sourcePort = identifier;
      this.#destinationPort = identifier;
    } else if (protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP) {
      this.#sourcePort = readUint16(buffer, transport);
      this.#destinationPort = readUint16(buffer, transport + 2);
    }
    return true;
  }

  /** Whether `destination` is a host address of another segment. */
  #reaches(destination: Ipv4Address, on: Interface): boolean {
    for (const port of this.interfaces) {
      const { subnet } = port.segment;
      if (inSubnet(destination, subnet)) return port !== on && destination !== subnet.broadcast;
    }
    return false;
  }

  #drop(frame: Frame, on: Interface, now: Instant, reason: DropReason): void {
    this.blocked++;
    const { source, destination, protocol, totalLength } = received;
    this.onDrop?.({
      time: now,
      reason,
      from: on.segment.id,
      source,
      destination,
      protocol,
      sourcePort: protocol === PROTOCOL_ICMP ? 0 : this.#sourcePort,
      destinationPort: protocol === PROTOCOL_ICMP ? 0 : this.#destinationPort,
      flags: this.#flags,
      length: totalLength,
      cause: frame.cause,
    });
  }
}
