/**
 * A host on the wire: one interface (a firewall has several), IPv4, ICMP, UDP and TCP. Everything is called back from inside the
 * event queue; nothing here waits.
 */
import { type Instant, PenstockError } from '@penstock/core';
import {
  BROADCAST_IPV4,
  ETHERNET_HEADER,
  ETHERNET_MTU,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  formatIpv4,
  IPV4_HEADER,
  type Ipv4Address,
  type Ipv4Header,
  inSubnet,
  ipv4ChecksumRight,
  type MacAddress,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  readIpv4,
  readMacAddress,
  readUint16,
} from '@penstock/protocols/ethernet';
import type { ArpEntry } from './arp.ts';
import type { Cause } from './foothold.ts';
import type { Frame } from './frame.ts';
import { IcmpStack, type PingHandler } from './icmp.ts';
import { putIpv4, TRANSPORT_OFFSET } from './ip.ts';
import { IpReassembly } from './ip-reassembly.ts';
import { LINUX, type StackProfile } from './profile.ts';
import { Random } from './random.ts';
import { Interface, type Segment } from './segment.ts';
import type { TcpConnection } from './tcp-connection.ts';
import type { TcpHandler } from './tcp-inbox.ts';
import { type Acceptor, type ConnectOptions, type Listener, type ListenOptions, TcpStack } from './tcp-stack.ts';
import { type DatagramHandler, type UdpSocket, UdpStack } from './udp.ts';
import type { Wire } from './wire.ts';

/** Payload of a fragment, a multiple of 8. */
const FRAGMENT = ETHERNET_MTU - IPV4_HEADER;

/** Where a packet leaves: the interface and the neighbour that takes it next; undefined neighbour: everybody (broadcast). */
export interface Route {
  readonly via: Interface;
  readonly neighbour: ArpEntry | undefined;
}

/** The parsed header of the packet that is being received; one object for all, valid during the call. */
export const received: Ipv4Header = {
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

/** Gets packets that came to this host's MAC for somebody else's address. Returns true when it takes the frame over. */
export type StrayHandler = (frame: Frame, on: Interface, now: Instant) => boolean;

export class Host {
  readonly id: string;
  readonly wire: Wire;
  readonly profile: StackProfile;
  readonly random: Random;
  readonly interfaces: Interface[] = [];
  readonly tcp: TcpStack;
  readonly udp4: UdpStack;
  readonly icmp: IcmpStack;
  /** Datagrams that came in fragments. */
  readonly reassembly = new IpReassembly();
  /** Set by an interposer; other hosts drop what is not for them. */
  stray: StrayHandler | undefined = undefined;
  /** Whether something that nobody here listens for is answered (RST, port unreachable) or met with silence. */
  readonly refuses: boolean = true;
  /** Packets that were dropped because they were broken, fragments of anything but UDP, or of a protocol that nobody here speaks. */
  dropped = 0;
  readonly #neighbours = new Map<Ipv4Address, Route>();
  #elsewhere: Route | undefined = undefined;
  #identification: number;

  constructor(wire: Wire, id: string, profile: StackProfile = LINUX) {
    this.wire = wire;
    this.id = id;
    this.profile = profile;
    this.random = new Random(wire.seed, `host:${id}`);
    this.#identification = this.random.below(0x1_0000);
    this.tcp = new TcpStack(this);
    this.udp4 = new UdpStack(this);
    this.icmp = new IcmpStack(this);
  }

  /** Address of the first interface. */
  get address(): Ipv4Address {
    return (this.interfaces[0] as Interface).address;
  }

  get mac(): MacAddress {
    return (this.interfaces[0] as Interface).mac;
  }

  get segment(): Segment {
    return (this.interfaces[0] as Interface).segment;
  }

  /** Whether the first interface's link is up. */
  get up(): boolean {
    return (this.interfaces[0] as Interface).up;
  }

  /** @throws PenstockError `wire.address` or `wire.mac` as `Segment.plug` does. */
  plug(
    segment: Segment,
    address: Ipv4Address,
    mac: MacAddress,
    gateway: Ipv4Address | undefined,
    up = true,
  ): Interface {
    const port = new Interface(this, segment, address, mac, gateway, up);
    segment.plug(port);
    this.interfaces.push(port);
    return port;
  }

  /** Accepts TCP connections on `port`. @throws PenstockError `host.port-taken` when something listens there. */
  listen(port: number, acceptor: Acceptor, options?: ListenOptions): Listener {
    return this.tcp.listen(port, acceptor, options);
  }

  /** Opens a TCP connection from a free port of this host; the handler hears whether it came about. */
  connect(address: Ipv4Address, port: number, handler: TcpHandler, options?: ConnectOptions): TcpConnection {
    return this.tcp.connect(address, port, handler, options);
  }

  /** A UDP socket on `port`, or on a free one for 0. @throws PenstockError `host.port-taken`. */
  udp(port: number, onDatagram: DatagramHandler): UdpSocket {
    return this.udp4.open(port, onDatagram);
  }

  /** One ICMP echo request of `size` payload bytes; `done` gets the round-trip time or that none came within a second. */
  ping(address: Ipv4Address, done: PingHandler, size = 56, cause?: Cause): void {
    this.icmp.ping(address, done, size, cause);
  }

  /**
   * Puts a frame of any content on the first interface's segment, as a raw socket does; what is wrong in it is for the receivers to find.
   * @throws PenstockError `host.frame-length` unless it has 14 to 1514 bytes.
   */
  sendFrame(bytes: Uint8Array, cause?: Cause): void {
    if (bytes.length < ETHERNET_HEADER || bytes.length > ETHERNET_HEADER + ETHERNET_MTU)
      throw new PenstockError(
        'host.frame-length',
        `a frame has ${ETHERNET_HEADER} to ${ETHERNET_HEADER + ETHERNET_MTU} bytes, not ${bytes.length}`,
      );
    const port = this.interfaces[0] as Interface;
    const frame = this.wire.pool.take();
    frame.buffer.set(bytes, frame.start);
    frame.end = frame.start + bytes.length;
    frame.intact = false;
    frame.cause = cause;
    const destination = readMacAddress(bytes, 0);
    // The lowest bit of the first byte marks a group address.
    if (((bytes[0] as number) & 1) === 1) port.segment.broadcast(frame, port);
    else port.segment.unicast(frame, port, port.segment.portOf(destination));
  }

  /** The cable is pulled; connections stay and learn of it by their timers. */
  linkDown(): void {
    for (const port of this.interfaces) port.up = false;
  }

  /** The cable is back; the host announces itself. */
  linkUp(): void {
    for (const port of this.interfaces) {
      if (port.up) continue;
      port.up = true;
      port.arp.announce();
    }
  }

  /** Power is lost: no goodbye on the wire, every connection is gone (`aborted`), listeners and sockets stay for the restart. */
  powerOff(): void {
    this.linkDown();
    this.tcp.forgetAll();
    this.icmp.forgetAll();
    this.reassembly.clear();
    for (const port of this.interfaces) port.arp.clear();
  }

  /** Takes a frame that arrived; true when the host keeps it (to forward it). */
  receive(frame: Frame, on: Interface, now: Instant): boolean {
    const { buffer, start } = frame;
    const etherType = readUint16(buffer, start + 12);
    if (etherType === ETHERTYPE_IPV4) return this.#receiveIpv4(frame, on, now);
    if (etherType === ETHERTYPE_ARP) {
      on.arp.receive(frame, now);
      this.overheard?.(frame, on, now);
    }
    return false;
  }

  /** Set by an interposer: ARP packets that reached this host. */
  overheard: ((frame: Frame, on: Interface, now: Instant) => void) | undefined = undefined;

  #receiveIpv4(frame: Frame, on: Interface, now: Instant): boolean {
    const { buffer, start, end } = frame;
    const at = start + ETHERNET_HEADER;
    const transport = readIpv4(buffer, at, end, received);
    if (transport < 0 || (!frame.intact && !ipv4ChecksumRight(buffer, at, transport - at))) {
      this.dropped++;
      return false;
    }
    const destination = received.destination;
    if (destination !== on.address && !this.owns(destination)) {
      if (destination !== on.segment.subnet.broadcast && destination !== BROADCAST_IPV4)
        return this.forward(frame, transport, on, now);
      if (received.protocol !== PROTOCOL_UDP) return false;
    }
    const stop = at + received.totalLength;
    if ((received.flags & 1) !== 0 || received.fragmentOffset !== 0) this.#receiveFragment(frame, transport, on, now);
    else if (received.protocol === PROTOCOL_TCP) this.tcp.receive(frame, transport, stop, on, now);
    else if (received.protocol === PROTOCOL_UDP) this.udp4.receive(frame, transport, stop, on, now);
    else if (received.protocol === PROTOCOL_ICMP) this.icmp.receive(frame, transport, stop, on, now);
    else this.dropped++;
    return false;
  }

  /** Only datagrams are sent in fragments here (TCP keeps its segments short); a fragment of anything else is somebody's trick. */
  #receiveFragment(frame: Frame, transport: number, on: Interface, now: Instant): void {
    if (received.protocol !== PROTOCOL_UDP) {
      this.dropped++;
      return;
    }
    const whole = this.reassembly.add(frame, received, transport, now);
    if (whole !== undefined) this.udp4.receive(whole, TRANSPORT_OFFSET, whole.end, on, now);
  }

  /** Whether `address` is one of this host's. */
  owns(address: Ipv4Address): boolean {
    const interfaces = this.interfaces;
    for (let i = 0; i < interfaces.length; i++) if ((interfaces[i] as Interface).address === address) return true;
    return false;
  }

  /** What becomes of a packet for somebody else: a host drops it unless an interposer takes it; a firewall routes. */
  protected forward(frame: Frame, _transport: number, on: Interface, now: Instant): boolean {
    return this.stray?.(frame, on, now) ?? false;
  }

  /** @throws PenstockError `host.no-route` when the address lies on no segment of this host and it has no gateway, or is its own. */
  route(destination: Ipv4Address): Route {
    const cached = this.#neighbours.get(destination);
    if (cached !== undefined) return cached;
    return this.#findRoute(destination);
  }

  #findRoute(destination: Ipv4Address): Route {
    if (this.owns(destination))
      throw new PenstockError(
        'host.no-route',
        `host '${this.id}' has ${formatIpv4(destination)} itself; what stays in a host is not on the wire`,
      );
    if (destination === BROADCAST_IPV4) return { via: this.interfaces[0] as Interface, neighbour: undefined };
    for (const via of this.interfaces) {
      const { subnet } = via.segment;
      if (!inSubnet(destination, subnet)) continue;
      const route = { via, neighbour: destination === subnet.broadcast ? undefined : via.arp.entry(destination) };
      this.#neighbours.set(destination, route);
      return route;
    }
    // Strangers' addresses (often made up) are not remembered: one way leads to them all.
    for (const via of this.interfaces)
      if (via.gateway !== undefined) {
        this.#elsewhere ??= { via, neighbour: via.arp.entry(via.gateway) };
        return this.#elsewhere;
      }
    throw new PenstockError(
      'host.no-route',
      `host '${this.id}' has no way to ${formatIpv4(destination)}: not on its segment, and it has no gateway`,
    );
  }

  /** Completes a frame whose transport header and payload (`length` bytes) are written, and sends it. Takes the frame over. */
  output(frame: Frame, length: number, protocol: number, destination: Ipv4Address, route: Route, now: Instant): void {
    this.#identification = (this.#identification + 1) & 0xffff;
    const { timeToLive } = this.profile;
    putIpv4(frame, length, this.#identification, timeToLive, protocol, route.via.address, destination);
    this.#dispatch(frame, route, now);
  }

  /** Sends a transport header and payload that do not fit one frame, in fragments (RFC 791 section 3.2). */
  outputFragments(
    packet: Uint8Array,
    protocol: number,
    destination: Ipv4Address,
    route: Route,
    cause: Cause | undefined,
    response: boolean,
    now: Instant,
  ): void {
    this.#identification = (this.#identification + 1) & 0xffff;
    for (let at = 0; at < packet.length; at += FRAGMENT) {
      const end = Math.min(packet.length, at + FRAGMENT);
      const frame = this.wire.pool.take();
      frame.buffer.set(packet.subarray(at, end), frame.start + TRANSPORT_OFFSET);
      frame.cause = cause;
      frame.response = response;
      const place = (end < packet.length ? 0x2000 : 0) | (at >>> 3);
      const { timeToLive } = this.profile;
      putIpv4(frame, end - at, this.#identification, timeToLive, protocol, route.via.address, destination, place);
      this.#dispatch(frame, route, now);
    }
  }

  #dispatch(frame: Frame, { via, neighbour }: Route, now: Instant): void {
    if (neighbour !== undefined) {
      via.arp.send(frame, neighbour, now);
      return;
    }
    const { buffer, start } = frame;
    buffer.fill(0xff, start, start + 6);
    via.arp.stamp(buffer, start + 6);
    via.segment.broadcast(frame, via);
  }

  /** A neighbour did not answer for its address: connections that wait for it are given up. */
  neighbourSilent(entry: ArpEntry, now: Instant): void {
    this.tcp.unreachable(entry, now);
  }
}
