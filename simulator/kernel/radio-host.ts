/**
 * A host behind a radio, made of one that has sockets: what `Segment` does to frames on the wire in memory is done to what the sockets carry,
 * since an operating system lets no process without rights slow its network down. Connections are late and in order, and what is lost of
 * them comes after a retransmission; datagrams and echoes that are lost are gone. Handshakes and acknowledgements are the system's own, at
 * once. Between two on one radio the sender alone waits.
 */
import { type Duration, type Instant, seconds } from '@penstock/core';
import { type Ipv4Address, inSubnet, type Subnet } from '@penstock/protocols/ethernet';
import type { Cause } from './foothold.ts';
import type { PingHandler } from './icmp.ts';
import type { Connection, Datagrams, Listening, NetworkHost } from './network.ts';
import type { EventQueue } from './queue.ts';
import type { Random } from './random.ts';
import type { CloseReason, TcpHandler } from './tcp-inbox.ts';
import { SEND_MARK } from './tcp-sender.ts';
import type { ConnectOptions } from './tcp-stack.ts';
import type { DatagramHandler } from './udp.ts';

/** As `SegmentOptions` has them: one way, the longest extra delay, share of what is lost. */
export interface RadioOptions {
  readonly subnet: Subnet;
  readonly latency: Duration;
  readonly jitter: Duration;
  readonly loss: number;
}

/** The least and the longest time after which what was lost is sent again (RFC 6298, 2.4 and 2.5). */
const LEAST_RETRANSMISSION = seconds(1);
const LONGEST_RETRANSMISSION = seconds(60);

export class RadioHost implements NetworkHost {
  readonly #host: NetworkHost;
  readonly #air: Air;

  /** @param random one stream for all that the host sends and hears */
  constructor(host: NetworkHost, queue: EventQueue, options: RadioOptions, random: Random) {
    this.#host = host;
    this.#air = new Air(queue, options, random);
  }

  get id(): string {
    return this.#host.id;
  }

  get up(): boolean {
    return this.#host.up;
  }

  owns(address: Ipv4Address): boolean {
    return this.#host.owns(address);
  }

  listen(port: number, acceptor: (connection: Connection) => TcpHandler | undefined): Listening {
    return this.#host.listen(port, (inner) => {
      const connection = new RadioConnection(this.#air, inner);
      const handler = acceptor(connection);
      return handler && connection.take(handler);
    });
  }

  connect(address: Ipv4Address, port: number, handler: TcpHandler, options?: ConnectOptions): Connection {
    const late = new LateHandler(this.#air, address);
    // Who is cut off hears of it at once.
    late.handler = handler;
    const inner = this.#host.connect(address, port, late, options);
    return new RadioConnection(this.#air, inner, late);
  }

  udp(port: number, onDatagram: DatagramHandler, hears?: 'everybody'): Datagrams {
    const air = this.#air;
    let isOpen = true;
    const late: DatagramHandler = (buffer, start, end, address, from, now) => {
      if (air.isNear(address)) onDatagram(buffer, start, end, address, from, now);
      else {
        const bytes = buffer.slice(start, end);
        air.carry((at) => isOpen && onDatagram(bytes, 0, bytes.length, address, from, at));
      }
    };
    const inner = this.#host.udp(port, late, hears);
    return new RadioDatagrams(air, inner, () => {
      isOpen = false;
    });
  }

  ping(address: Ipv4Address, done: PingHandler, size?: number, cause?: Cause): void {
    const air = this.#air;
    const delay = air.flight() + air.flight();
    const isLost = air.isLost() || air.isLost();
    const answer = (roundTrip: Duration | undefined): void => {
      const late = isLost || roundTrip === undefined ? undefined : ((roundTrip + delay) as Duration);
      air.queue.in(delay as Duration, { run: () => done(late) });
    };
    this.#host.ping(address, answer, size, cause);
  }

  linkDown(): void {
    this.#host.linkDown();
  }

  linkUp(): void {
    this.#host.linkUp();
  }

  powerOff(): void {
    this.#host.powerOff();
  }
}

/** What the radio does to what goes through it. */
class Air {
  readonly queue: EventQueue;
  readonly #options: RadioOptions;
  readonly #random: Random;
  readonly #again: Duration;

  constructor(queue: EventQueue, options: RadioOptions, random: Random) {
    this.queue = queue;
    this.#options = options;
    this.#random = random;
    const { latency, jitter } = options;
    this.#again = Math.max(LEAST_RETRANSMISSION, 2 * (latency + jitter)) as Duration;
  }

  /** Whether somebody is behind the same radio: that one's own waits for both. */
  isNear(address: Ipv4Address): boolean {
    return inSubnet(address, this.#options.subnet);
  }

  isLost(): boolean {
    return this.#random.uniform() < this.#options.loss;
  }

  flight(): number {
    const { latency, jitter } = this.#options;
    return latency + this.#random.below(jitter + 1);
  }

  /** The same for what is sent until it arrives. */
  reliableFlight(): number {
    let flight = this.flight();
    for (let wait: number = this.#again; this.isLost(); wait = Math.min(2 * wait, LONGEST_RETRANSMISSION))
      flight += wait;
    return flight;
  }

  /** One datagram: late, or never. */
  carry(arrive: (now: Instant) => void): void {
    if (!this.isLost()) this.queue.in(this.flight() as Duration, { run: arrive });
  }
}

/** One direction of a connection: in order, and nothing after its end. */
class Lane {
  readonly #air: Air;
  #due = 0;
  #isCut = false;

  constructor(air: Air) {
    this.#air = air;
  }

  pass(arrive: (now: Instant) => void, flights = 1): void {
    const { queue } = this.#air;
    let flight = 0;
    for (let i = 0; i < flights; i++) flight += this.#air.reliableFlight();
    this.#due = Math.max(this.#due, queue.now + flight);
    queue.at(this.#due as Instant, {
      run: (now) => {
        if (!this.#isCut) arrive(now);
      },
    });
  }

  /** What is on its way is gone. */
  cut(): void {
    this.#isCut = true;
  }
}

/** What a connection hears: late where it comes from beyond the radio. */
class LateHandler implements TcpHandler {
  handler: TcpHandler | undefined;
  /** Ends this side, for handlers that do not care for a half-closed connection. */
  onEnded: () => void = () => {};
  onClosed: () => void = () => {};
  readonly #lane: Lane;
  readonly #isNear: boolean;
  #held: ((now: Instant) => void)[] | undefined;

  constructor(air: Air, remote: Ipv4Address) {
    this.#lane = new Lane(air);
    this.#isNear = air.isNear(remote);
  }

  open(): void {
    // A handshake goes there and comes back, however fast the system's own was.
    this.#hear((now) => this.handler?.open?.(now), 2);
  }

  data(buffer: Uint8Array, start: number, end: number): void {
    const bytes = buffer.slice(start, end);
    this.#hear((now) => this.handler?.data(bytes, 0, bytes.length, now));
  }

  ended(): void {
    this.#hear((now) => {
      if (this.handler?.ended) this.handler.ended(now);
      else this.onEnded();
    });
  }

  closed(reason: CloseReason, now: Instant): void {
    const end = (at: Instant): void => {
      this.#lane.cut();
      this.onClosed();
      this.handler?.closed(reason, at);
    };
    if (reason === 'aborted') end(now);
    else this.#hear(end);
  }

  pause(): void {
    this.#held ??= [];
  }

  resume(now: Instant): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    while (this.#held === undefined && held.length > 0) held.shift()?.(now);
    if (held.length > 0) this.#held = held;
  }

  #hear(tell: (now: Instant) => void, flights = this.#isNear ? 0 : 1): void {
    this.#lane.pass((now) => {
      if (this.#held === undefined) tell(now);
      else this.#held.push(tell);
    }, flights);
  }
}

class RadioConnection implements Connection {
  cause: Cause | undefined;
  readonly #air: Air;
  readonly #inner: Connection;
  readonly #late: LateHandler;
  readonly #lane: Lane;
  /** Bytes that are on their way. */
  #waiting = 0;
  #isFull = false;
  #isOver = false;

  constructor(air: Air, inner: Connection, late = new LateHandler(air, inner.remoteAddress)) {
    this.#air = air;
    this.#inner = inner;
    this.#late = late;
    this.#lane = new Lane(air);
    this.cause = inner.cause;
    late.onEnded = () => this.close();
    late.onClosed = () => this.#lane.cut();
  }

  take(handler: TcpHandler): TcpHandler {
    this.#late.handler = handler;
    return this.#late;
  }

  get localPort(): number {
    return this.#inner.localPort;
  }

  get remoteAddress(): Ipv4Address {
    return this.#inner.remoteAddress;
  }

  get remotePort(): number {
    return this.#inner.remotePort;
  }

  get heard(): Cause | undefined {
    return this.#inner.heard;
  }

  get writable(): boolean {
    return !this.#isOver && this.#inner.writable;
  }

  send(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    if (!this.writable) return false;
    const copy = bytes.slice(start, end);
    const { cause } = this;
    this.#waiting += copy.length;
    this.#lane.pass((now) => {
      this.#waiting -= copy.length;
      this.#inner.cause = cause;
      this.#inner.send(copy);
      this.#inner.cause = undefined;
      if (!this.#isFull || this.#waiting >= SEND_MARK) return;
      this.#isFull = false;
      this.#late.handler?.drained?.(now);
    });
    this.#isFull = this.#waiting >= SEND_MARK;
    return !this.#isFull;
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#lane.pass(() => this.#inner.close());
  }

  abort(): void {
    this.#isOver = true;
    this.#lane.cut();
    this.#inner.abort();
  }

  pause(): void {
    this.#late.pause();
    this.#inner.pause();
  }

  resume(): void {
    this.#late.resume(this.#air.queue.now);
    this.#inner.resume();
  }
}

class RadioDatagrams implements Datagrams {
  cause: Cause | undefined;
  readonly #air: Air;
  readonly #inner: Datagrams;
  readonly #closed: () => void;

  constructor(air: Air, inner: Datagrams, closed: () => void) {
    this.#air = air;
    this.#inner = inner;
    this.#closed = closed;
  }

  get heard(): Cause | undefined {
    return this.#inner.heard;
  }

  send(address: Ipv4Address, port: number, bytes: Uint8Array, start = 0, end = bytes.length): void {
    const copy = bytes.slice(start, end);
    const { cause } = this;
    this.#air.carry(() => {
      this.#inner.cause = cause;
      this.#inner.send(address, port, copy);
      this.#inner.cause = undefined;
    });
  }

  close(): void {
    this.#closed();
    this.#inner.close();
  }
}
