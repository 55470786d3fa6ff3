/** A host's TCP: listeners, the table of connections, segments in and out, and the answer to what nobody asked for. */
import { type Duration, type Instant, PenstockError, seconds } from '@penstock/core';
import {
  addWords,
  finishChecksum,
  type Ipv4Address,
  PROTOCOL_TCP,
  pseudoHeaderSum,
  readTcp,
  readTcpOptions,
  TCP_ACK,
  TCP_FIN,
  TCP_HEADER,
  TCP_RST,
  TCP_SYN,
  type TcpHeader,
  type TcpOptions,
  tcpChecksum,
  tcpOptionsLength,
  writeTcp,
  writeTcpOptions,
} from '@penstock/protocols/ethernet';
import type { ArpEntry } from './arp.ts';
import type { ByteRing } from './byte-ring.ts';
import { type DeadlineSet, DelayLine } from './deadlines.ts';
import type { Cause } from './foothold.ts';
import type { Frame } from './frame.ts';
import { type Host, received } from './host.ts';
import { TRANSPORT_OFFSET } from './ip.ts';
import type { StackProfile } from './profile.ts';
import type { EventQueue } from './queue.ts';
import type { Interface } from './segment.ts';
import { TcpConnection } from './tcp-connection.ts';
import type { TcpHandler } from './tcp-inbox.ts';

/** Called when a connection stands; its handler, or undefined to refuse it with RST. */
export type Acceptor = (connection: TcpConnection) => TcpHandler | undefined;

export interface ListenOptions {
  /** Handshakes that may be under way at once; further SYNs are not answered. */
  readonly backlog?: number;
  /** Connections that may stand at once; a SYN beyond is refused with RST. No limit when left out. */
  readonly limit?: number;
  /** Judges the other side's address when its SYN comes; a SYN that is not admitted is refused with RST. */
  readonly admit?: (address: Ipv4Address, port: number) => boolean;
}

export interface ConnectOptions {
  /** How long to wait for an answer; 10 s when left out. */
  readonly timeout?: Duration;
  readonly cause?: Cause | undefined;
  /** Own port; a free one above 49152 when left out. */
  readonly localPort?: number;
}

export class Listener {
  readonly port: number;
  readonly acceptor: Acceptor;
  readonly backlog: number;
  readonly limit: number;
  readonly admit: ((address: Ipv4Address, port: number) => boolean) | undefined;
  /** Handshakes under way, and connections that stand. */
  pending = 0;
  open = 0;
  readonly #stack: TcpStack;

  constructor(stack: TcpStack, port: number, acceptor: Acceptor, options: ListenOptions) {
    this.#stack = stack;
    this.port = port;
    this.acceptor = acceptor;
    this.backlog = options.backlog ?? 128;
    this.limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.admit = options.admit;
  }

  /** Listens no more; connections that stand go on. */
  close(): void {
    this.#stack.unlisten(this);
  }
}

const CONNECT_TIMEOUT = seconds(10);
/** Twice the maximum segment lifetime as Linux has it; also how long a half-closed connection may be silent. */
const LINGER = seconds(60);
const FIRST_EPHEMERAL = 49_152;
const EPHEMERAL = 16_384;

const header: TcpHeader = {
  sourcePort: 0,
  destinationPort: 0,
  sequence: 0,
  acknowledgement: 0,
  flags: 0,
  window: 0,
  urgent: 0,
};

export class TcpStack {
  readonly profile: StackProfile;
  readonly queue: EventQueue;
  readonly retransmissions: DeadlineSet;
  readonly delayedAcks: DelayLine<TcpConnection>;
  /** Options of the SYN that is being received. */
  readonly options: TcpOptions = {
    maximumSegmentSize: undefined,
    windowScale: undefined,
    selectiveAcknowledgement: false,
  };
  readonly #host: Host;
  readonly #lingering: DelayLine<TcpConnection>;
  readonly #listeners = new Map<number, Listener>();
  #buckets: (TcpConnection | undefined)[] = new Array(16).fill(undefined);
  #count = 0;
  #nextPort: number;

  constructor(host: Host) {
    this.#host = host;
    this.profile = host.profile;
    this.queue = host.wire.queue;
    this.retransmissions = host.wire.retransmissions;
    this.delayedAcks = new DelayLine(
      this.queue,
      host.profile.delayedAck,
      (connection) => connection.ackDeadline,
      (connection) => connection.acknowledgeNow(),
    );
    this.#lingering = new DelayLine(
      this.queue,
      LINGER,
      (connection) => connection.lingerDeadline,
      (connection) => connection.lingered(),
    );
    this.#nextPort = host.random.below(EPHEMERAL);
  }

  /** Connections of this host, those that linger included. */
  get connections(): number {
    return this.#count;
  }

  /** Ports that accept connections, in order. */
  get ports(): number[] {
    return [...this.#listeners.keys()].sort((a, b) => a - b);
  }

  /** @throws PenstockError `host.port-taken` */
  listen(port: number, acceptor: Acceptor, options: ListenOptions = {}): Listener {
    if (this.#listeners.has(port))
      throw new PenstockError('host.port-taken', `TCP port ${port} of host '${this.#host.id}' is in use`);
    const listener = new Listener(this, port, acceptor, options);
    this.#listeners.set(port, listener);
    return listener;
  }

  unlisten(listener: Listener): void {
    if (this.#listeners.get(listener.port) === listener) this.#listeners.delete(listener.port);
  }

  /** @throws PenstockError `host.no-route`, `host.port-taken` when `localPort` is in use towards that address and port. */
  connect(address: Ipv4Address, port: number, handler: TcpHandler, options: ConnectOptions = {}): TcpConnection {
    const route = this.#host.route(address);
    const localPort = options.localPort ?? this.#freePort(address, port);
    if (this.#find(address, port, localPort) !== undefined)
      throw new PenstockError('host.port-taken', `TCP port ${localPort} of host '${this.#host.id}' is in use`);
    const sequence = this.#host.random.next() | 0;
    const connection = new TcpConnection(this, route, localPort, address, port, sequence, false, handler);
    connection.cause = options.cause;
    this.#insert(connection);
    connection.start(options.timeout ?? CONNECT_TIMEOUT);
    return connection;
  }

  receive(frame: Frame, at: number, end: number, on: Interface, now: Instant): void {
    const { buffer } = frame;
    const { source, destination } = received;
    const payload = readTcp(buffer, at, end, header);
    if (payload < 0 || (!frame.intact && tcpChecksum(buffer, at, end, source, destination) !== 0)) {
      this.#host.dropped++;
      return;
    }
    const { sourcePort, destinationPort, flags, window } = header;
    const sequence = header.sequence | 0;
    const acknowledgement = header.acknowledgement | 0;
    let connection = this.#find(source, sourcePort, destinationPort);
    if ((flags & TCP_SYN) !== 0) {
      readTcpOptions(buffer, at + TCP_HEADER, payload, this.options);
      if (connection !== undefined && (flags & TCP_ACK) === 0 && connection.supersededBy(sequence)) {
        connection.forget();
        connection = undefined;
      }
    }
    if (connection !== undefined) {
      connection.receive(flags, sequence, acknowledgement, window, buffer, payload, end, frame.cause, now);
      return;
    }
    if ((flags & TCP_RST) !== 0) return;
    const listener = this.#listeners.get(destinationPort);
    if (listener !== undefined && (flags & (TCP_SYN | TCP_ACK)) === TCP_SYN) {
      const room = listener.open + listener.pending < listener.limit;
      if (room && (listener.admit === undefined || listener.admit(source, sourcePort))) {
        if (listener.pending < listener.backlog)
          this.#welcome(listener, source, sourcePort, sequence, window, frame.cause);
        return;
      }
    } else if (listener === undefined && !this.#host.refuses) return;
    // Nobody asked for it (RFC 9293 clause 3.10.7.1).
    const length = end - payload + (flags & TCP_SYN ? 1 : 0) + (flags & TCP_FIN ? 1 : 0);
    if ((flags & TCP_ACK) !== 0)
      this.#refuse(source, destinationPort, sourcePort, acknowledgement, 0, TCP_RST, frame.cause, on, now);
    else
      this.#refuse(source, destinationPort, sourcePort, 0, sequence + length, TCP_RST | TCP_ACK, frame.cause, on, now);
  }

  #welcome(
    listener: Listener,
    address: Ipv4Address,
    port: number,
    sequence: number,
    window: number,
    cause: Cause | undefined,
  ): void {
    const route = this.#host.route(address);
    const own = this.#host.random.next() | 0;
    const connection = new TcpConnection(this, route, listener.port, address, port, own, true, undefined);
    connection.listener = listener;
    listener.pending++;
    this.#insert(connection);
    connection.acceptSyn(sequence, window, this.options.maximumSegmentSize, this.options.windowScale, cause);
    connection.start(undefined);
  }

  /** The handshake is complete: asks the acceptor; false when it wants no part of it. */
  accepted(connection: TcpConnection): boolean {
    const listener = connection.listener as Listener;
    listener.pending--;
    listener.open++;
    connection.greeted = true;
    const handler = listener.acceptor(connection);
    if (handler === undefined) {
      connection.abort();
      return false;
    }
    connection.take(handler);
    return connection.state !== 'closed';
  }

  /** RST for an acknowledgement of something that this connection never sent. */
  reset(connection: TcpConnection, sequence: number): void {
    const { remoteAddress, localPort, remotePort, route } = connection;
    this.#refuse(remoteAddress, localPort, remotePort, sequence, 0, TCP_RST, undefined, route.via, this.queue.now);
  }

  linger(connection: TcpConnection): void {
    connection.lingerDeadline = this.#lingering.set(connection);
  }

  unreachable(entry: ArpEntry, _now: Instant): void {
    for (const connection of this.#all()) if (connection.route.neighbour === entry) connection.unreachable();
  }

  forgetAll(): void {
    for (const connection of this.#all()) connection.forget();
  }

  remove(connection: TcpConnection): void {
    const bucket = this.#bucket(connection.remoteAddress, connection.remotePort, connection.localPort);
    let current = this.#buckets[bucket];
    if (current === connection) this.#buckets[bucket] = connection.next;
    else {
      while (current !== undefined && current.next !== connection) current = current.next;
      if (current === undefined) return;
      current.next = connection.next;
    }
    connection.next = undefined;
    this.#count--;
    const { listener } = connection;
    if (listener === undefined) return;
    connection.listener = undefined;
    if (connection.greeted) listener.open--;
    else listener.pending--;
  }

  sendSyn(
    connection: TcpConnection,
    sequence: number,
    acknowledgement: number,
    window: number,
    scaled: boolean,
    cause: Cause | undefined,
    response: boolean,
  ): void {
    const { wire, profile } = this.#host;
    const frame = wire.pool.take();
    const at = frame.start + TRANSPORT_OFFSET;
    const options: TcpOptions = {
      maximumSegmentSize: profile.maximumSegmentSize,
      windowScale: scaled ? profile.windowScale : undefined,
      selectiveAcknowledgement: false,
    };
    const payload = at + TCP_HEADER + tcpOptionsLength(options);
    writeTcpOptions(frame.buffer, at + TCP_HEADER, options);
    header.sourcePort = connection.localPort;
    header.destinationPort = connection.remotePort;
    header.sequence = sequence;
    header.acknowledgement = acknowledgement;
    header.flags = connection.passive ? TCP_SYN | TCP_ACK : TCP_SYN;
    header.window = Math.min(window, 0xffff);
    header.urgent = 0;
    const { route, remoteAddress } = connection;
    writeTcp(frame.buffer, at, payload, payload, header, route.via.address, remoteAddress);
    frame.cause = cause;
    frame.response = response;
    this.#host.output(frame, payload - at, PROTOCOL_TCP, remoteAddress, route, this.queue.now);
  }

  /** Sends one segment with `size` bytes of `data` from `offset`; the checksum is summed from the fields and the payload. */
  emit(
    connection: TcpConnection,
    sequence: number,
    acknowledgement: number,
    flags: number,
    window: number,
    data: ByteRing,
    offset: number,
    size: number,
    cause: Cause | undefined,
    response: boolean,
  ): void {
    const host = this.#host;
    const frame = host.wire.pool.take();
    const buffer = frame.buffer;
    const at = frame.start + TRANSPORT_OFFSET;
    const { localPort, remotePort, remoteAddress, route } = connection;
    const length = size + TCP_HEADER;
    const control = 0x5000 | flags;
    let sum =
      pseudoHeaderSum(route.via.address, remoteAddress, PROTOCOL_TCP, length) +
      localPort +
      remotePort +
      (sequence >>> 16) +
      (sequence & 0xffff) +
      (acknowledgement >>> 16) +
      (acknowledgement & 0xffff) +
      control +
      window;
    if (size > 0) {
      const payload = at + TCP_HEADER;
      data.copy(offset, size, buffer, payload);
      sum = addWords(sum, buffer, payload, payload + size);
    }
    const check = finishChecksum(sum);
    buffer[at] = localPort >>> 8;
    buffer[at + 1] = localPort;
    buffer[at + 2] = remotePort >>> 8;
    buffer[at + 3] = remotePort;
    buffer[at + 4] = sequence >>> 24;
    buffer[at + 5] = sequence >>> 16;
    buffer[at + 6] = sequence >>> 8;
    buffer[at + 7] = sequence;
    buffer[at + 8] = acknowledgement >>> 24;
    buffer[at + 9] = acknowledgement >>> 16;
    buffer[at + 10] = acknowledgement >>> 8;
    buffer[at + 11] = acknowledgement;
    buffer[at + 12] = control >>> 8;
    buffer[at + 13] = control;
    buffer[at + 14] = window >>> 8;
    buffer[at + 15] = window;
    buffer[at + 16] = check >>> 8;
    buffer[at + 17] = check;
    buffer[at + 18] = 0;
    buffer[at + 19] = 0;
    frame.cause = cause;
    frame.response = response;
    host.output(frame, length, PROTOCOL_TCP, remoteAddress, route, this.queue.now);
  }

  #refuse(
    address: Ipv4Address,
    localPort: number,
    remotePort: number,
    sequence: number,
    acknowledgement: number,
    flags: number,
    cause: Cause | undefined,
    on: Interface,
    now: Instant,
  ): void {
    const frame = this.#host.wire.pool.take();
    const at = frame.start + TRANSPORT_OFFSET;
    const end = at + TCP_HEADER;
    header.sourcePort = localPort;
    header.destinationPort = remotePort;
    header.sequence = sequence;
    header.acknowledgement = acknowledgement;
    header.flags = flags;
    header.window = 0;
    header.urgent = 0;
    writeTcp(frame.buffer, at, end, end, header, on.address, address);
    frame.cause = cause;
    frame.response = true;
    this.#host.output(frame, TCP_HEADER, PROTOCOL_TCP, address, this.#host.route(address), now);
  }

  /** @throws PenstockError `host.ports-used-up` */
  #freePort(address: Ipv4Address, port: number): number {
    for (let tries = 0; tries < EPHEMERAL; tries++) {
      this.#nextPort = (this.#nextPort + 1) % EPHEMERAL;
      const localPort = FIRST_EPHEMERAL + this.#nextPort;
      if (!this.#listeners.has(localPort) && this.#find(address, port, localPort) === undefined) return localPort;
    }
    throw new PenstockError('host.ports-used-up', `host '${this.#host.id}' has no free port towards that service`);
  }

  #bucket(address: Ipv4Address, remotePort: number, localPort: number): number {
    const mixed = Math.imul(address ^ Math.imul((remotePort << 16) | localPort, 0x9e3779b1), 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & (this.#buckets.length - 1);
  }

  #find(address: Ipv4Address, remotePort: number, localPort: number): TcpConnection | undefined {
    let connection = this.#buckets[this.#bucket(address, remotePort, localPort)];
    while (
      connection !== undefined &&
      (connection.remotePort !== remotePort ||
        connection.localPort !== localPort ||
        connection.remoteAddress !== address)
    )
      connection = connection.next;
    return connection;
  }

  #insert(connection: TcpConnection): void {
    if (this.#count === this.#buckets.length) {
      const all = this.#all();
      this.#buckets = new Array(this.#buckets.length * 2).fill(undefined);
      for (const each of all) this.#link(each);
    }
    this.#count++;
    this.#link(connection);
  }

  #link(connection: TcpConnection): void {
    const bucket = this.#bucket(connection.remoteAddress, connection.remotePort, connection.localPort);
    connection.next = this.#buckets[bucket];
    this.#buckets[bucket] = connection;
  }

  #all(): TcpConnection[] {
    const all: TcpConnection[] = [];
    for (let connection of this.#buckets)
      while (connection !== undefined) {
        all.push(connection);
        connection = connection.next;
      }
    return all;
  }
}
