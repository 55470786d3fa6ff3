/**
 * A device's network made of the operating system's sockets: what `Host` is on the wire in memory, in a container of its own. What comes in
 * enters the event queue as an outside event, so that the device's code is the same and meets the same order of things.
 */
import { createSocket, type Socket as UdpSystemSocket } from 'node:dgram';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { type Instant, PenstockError } from '@penstock/core';
import { formatIpv4, type Ipv4Address, parseIpv4 } from '@penstock/protocols/ethernet';
import type { OutsideEntry } from './clock.ts';
import type { Cause } from './foothold.ts';
import type { PingHandler } from './icmp.ts';
import type { Connection, Datagrams, Listening, NetworkHost } from './network.ts';
import type { EventQueue } from './queue.ts';
import type { CloseReason, TcpHandler } from './tcp-inbox.ts';
import type { ConnectOptions } from './tcp-stack.ts';
import type { DatagramHandler } from './udp.ts';

/** An address and port of a conversation, as logs write them. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * Who caused what of the traffic that leaves here, for the truth journal: no frame of a real network carries it. `connection`: all of a
 * connection, told before it is opened; `bytes`: what was sent of a connection that others use too, as offsets in its stream, where the SYN
 * is byte -1; `datagram`: one datagram, by its content; `ping`: the next echo request; `frame`: a frame of its sender's own making, by its
 * content.
 */
export type Mark = { readonly local: Endpoint; readonly remote: Endpoint; readonly cause: Cause } & (
  | { readonly kind: 'connection' }
  | { readonly kind: 'bytes'; readonly from: number; readonly to: number; readonly sent: Uint8Array }
  | { readonly kind: 'datagram'; readonly sent: Uint8Array }
  | { readonly kind: 'ping' }
  | { readonly kind: 'frame'; readonly sent: Uint8Array }
);

/**
 * The cause of what a connection brought, where nobody here knows it: whoever had caused what its other end sent. A device that acts because of
 * what it hears (a broker that hands on, a server that writes on) marks its acts so, and the range finds out.
 */
export interface RelayedCause extends Cause {
  readonly from: Endpoint;
}

/** Where somebody's act came from who is to be found out; undefined for a cause that is known. */
export const relayedFrom = (cause: Cause): Endpoint | undefined => (cause as Partial<RelayedCause>).from;

export interface SocketHostOptions {
  readonly id: string;
  readonly queue: EventQueue;
  readonly clock: OutsideEntry;
  /** Addresses of this host on the plant's network; the first is where it listens. */
  readonly addresses: readonly string[];
  /** Where everybody on its network is spoken to: the broadcast address of its subnet. Nothing of the kind is heard without it. */
  readonly broadcast?: string;
  /** Sends one ICMP echo request; resolves with the round trip in microseconds, or undefined for none. Nobody is pinged without it. */
  readonly ping?: (address: string, size: number) => Promise<number | undefined>;
  readonly onMark?: (mark: Mark) => void;
  /** Something that the device's code cannot know of: a port that cannot be listened at. */
  readonly onTrouble?: (text: string) => void;
}

/** Everybody on the network that one is on (RFC 919). */
const LIMITED_BROADCAST = '255.255.255.255';
const CONNECT_TIMEOUT_MS = 10_000;
const RETRY_LISTEN_MS = 1000;
const FIRST_EPHEMERAL = 49_152;
const EPHEMERAL = 16_384;
/** Connections at once, as a small device has it; more are reset. */
const LIMIT = 256;

export class SocketHost implements NetworkHost {
  readonly id: string;
  readonly #options: SocketHostOptions;
  readonly #own: ReadonlySet<Ipv4Address>;
  readonly #open = new Set<SocketConnection>();
  /** Accepted by the system, and not yet by the event queue. */
  readonly #arriving = new Set<Socket>();
  readonly #listeners = new Map<number, SocketListener>();
  readonly #datagrams = new Set<SocketDatagrams>();
  #up = true;
  #nextPort = 0;

  constructor(options: SocketHostOptions) {
    this.id = options.id;
    this.#options = options;
    this.#own = new Set(options.addresses.map(parseIpv4));
  }

  get up(): boolean {
    return this.#up;
  }

  owns(address: Ipv4Address): boolean {
    return this.#own.has(address);
  }

  listen(port: number, acceptor: (connection: Connection) => TcpHandler | undefined): Listening {
    if (this.#listeners.has(port))
      throw new PenstockError('host.port-taken', `TCP port ${port} of host '${this.id}' is in use`);
    // The system opens a port a little later. What is said meanwhile, that one may come there too, waits until it is open.
    const holding = [...this.#open];
    for (const connection of holding) connection.hold();
    const listener = new SocketListener(
      this.#local(port),
      (socket) => this.#welcome(socket, acceptor),
      () => {
        for (const connection of holding) connection.letGo();
      },
      this.#tell,
    );
    this.#listeners.set(port, listener);
    return {
      close: () => {
        if (this.#listeners.get(port) === listener) this.#listeners.delete(port);
        listener.close();
      },
    };
  }

  connect(address: Ipv4Address, port: number, handler: TcpHandler, options: ConnectOptions = {}): Connection {
    const { clock, queue, onMark } = this.#options;
    const { cause, timeout, localPort = this.#ephemeral() } = options;
    const local = this.#local(localPort);
    const remote = { address: formatIpv4(address), port };
    // Told before the first segment leaves. What others send over it later is theirs.
    if (cause) onMark?.({ kind: 'bytes', local, remote, from: -1, to: 0, sent: new Uint8Array(1), cause });
    const socket = dial({
      ...{ host: remote.address, port, localAddress: local.address, localPort },
      ...{ allowHalfOpen: true, noDelay: true },
    });
    const connection = new SocketConnection(socket, { clock, queue, onMark, local, remote }, cause);
    this.#keep(connection, handler);
    connection.waitFor(timeout === undefined ? CONNECT_TIMEOUT_MS : timeout / 1000);
    if (!this.#up) connection.abort();
    return connection;
  }

  udp(port: number, onDatagram: DatagramHandler, hears?: 'everybody'): Datagrams {
    const socket = new SocketDatagrams(
      this.#options,
      this.#local(port),
      hears === 'everybody',
      () => this.#up,
      onDatagram,
      () => this.#datagrams.delete(socket),
    );
    this.#datagrams.add(socket);
    return socket;
  }

  ping(address: Ipv4Address, done: PingHandler, size = 56, cause?: Cause): void {
    const { clock, ping, onMark } = this.#options;
    const answer = (roundTrip: number | undefined): void => {
      clock.outside({ run: () => done(roundTrip as Parameters<PingHandler>[0]) });
    };
    if (ping === undefined || !this.#up) answer(undefined);
    else {
      const remote = { address: formatIpv4(address), port: 0 };
      if (cause) onMark?.({ kind: 'ping', local: this.#local(0), remote, cause });
      ping(remote.address, size).then(answer, () => answer(undefined));
    }
  }

  /** What an operating system does not let a process do without rights is done by the process itself: it answers to nobody. */
  linkDown(): void {
    this.#up = false;
    this.#forgetAll();
  }

  linkUp(): void {
    this.#up = true;
  }

  powerOff(): void {
    this.linkDown();
  }

  /** Everything is closed for good. */
  async close(): Promise<void> {
    this.linkDown();
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    await Promise.all([
      ...listeners.map((listener) => listener.close()),
      ...[...this.#datagrams].map((socket) => socket.close()),
    ]);
  }

  readonly #tell = (text: string): void => this.#options.onTrouble?.(`${this.id}: ${text}`);

  #local(port: number): Endpoint {
    return { address: this.#options.addresses[0] as string, port };
  }

  #forgetAll(): void {
    for (const connection of [...this.#open]) connection.abort();
    for (const socket of this.#arriving) socket.resetAndDestroy();
    this.#arriving.clear();
  }

  #welcome(socket: Socket, acceptor: (connection: Connection) => TcpHandler | undefined): void {
    const { clock, queue, onMark } = this.#options;
    const remote = { address: socket.remoteAddress ?? '0.0.0.0', port: socket.remotePort ?? 0 };
    if (!this.#up || this.#open.size >= LIMIT) {
      socket.on('error', () => {});
      socket.resetAndDestroy();
      return;
    }
    const local = this.#local(socket.localPort ?? 0);
    const connection = new SocketConnection(socket, { clock, queue, onMark, local, remote }, undefined);
    socket.pause();
    this.#arriving.add(socket);
    clock.outside({
      run: () => {
        // Who has hung up meanwhile was there; who was let go was not.
        if (!this.#arriving.delete(socket)) return;
        const handler = acceptor(connection);
        if (handler === undefined) connection.abort();
        else this.#keep(connection, handler);
        socket.resume();
      },
    });
  }

  #keep(connection: SocketConnection, handler: TcpHandler): void {
    this.#open.add(connection);
    connection.take(handler, () => this.#open.delete(connection));
  }

  /** Chosen here and not by the system, so that a connection can be told of before it is opened. */
  #ephemeral(): number {
    this.#nextPort = (this.#nextPort + 1) % EPHEMERAL;
    // Another start of the same device must not meet the ports that the last one left waiting.
    return FIRST_EPHEMERAL + ((this.#nextPort + START) % EPHEMERAL);
  }
}

/** A different first port for every start of the process. */
const START = Math.floor(performance.timeOrigin / 10) % EPHEMERAL;

/** A listener that tries again where the port is still taken, as by the process before it. */
class SocketListener implements Listening {
  readonly #server: Server;
  #tried: () => void;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param tried is called once: the port is open, or could not be opened, or is not wanted any more */
  constructor(
    { address, port }: Endpoint,
    welcome: (socket: Socket) => void,
    tried: () => void,
    trouble: (text: string) => void,
  ) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, welcome);
    this.#tried = () => {
      this.#tried = () => {};
      tried();
    };
    this.#server.on('listening', () => this.#tried());
    const listen = (): void => void this.#server.listen({ host: address, port, exclusive: true });
    this.#server.on('error', (error: NodeJS.ErrnoException) => {
      this.#tried();
      trouble(`cannot listen at ${address}:${port} (${error.code})`);
      if (!this.#closed) this.#retry = setTimeout(listen, RETRY_LISTEN_MS);
    });
    listen();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#tried();
    clearTimeout(this.#retry);
    return new Promise((resolve) => void this.#server.close(() => resolve()));
  }
}

interface Surroundings {
  readonly clock: OutsideEntry;
  readonly queue: EventQueue;
  readonly onMark: ((mark: Mark) => void) | undefined;
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

const REASONS: Readonly<Record<string, CloseReason>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
};

class SocketConnection implements Connection {
  readonly localPort: number;
  readonly remoteAddress: Ipv4Address;
  readonly remotePort: number;
  cause: Cause | undefined = undefined;
  readonly #socket: Socket;
  readonly #around: Surroundings;
  #relayed: RelayedCause | undefined;
  #handler: TcpHandler | undefined;
  #gone: () => void = () => {};
  #waiting: NodeJS.Timeout | undefined;
  #reason: CloseReason | undefined;
  #over = false;

  constructor(socket: Socket, around: Surroundings, cause: Cause | undefined) {
    this.#socket = socket;
    this.#around = around;
    this.cause = cause;
    this.localPort = around.local.port;
    this.remoteAddress = parseIpv4(around.remote.address);
    this.remotePort = around.remote.port;
    socket.on('connect', () => {
      clearTimeout(this.#waiting);
      this.#enter((now) => this.#handler?.open?.(now));
    });
    socket.on('data', (bytes: Buffer) => this.#enter((now) => this.#handler?.data(bytes, 0, bytes.length, now)));
    socket.on('end', () =>
      this.#enter((now) => {
        if (this.#handler?.ended) this.#handler.ended(now);
        else this.close();
      }),
    );
    socket.on('drain', () => this.#enter((now) => this.#handler?.drained?.(now)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#reason ??= REASONS[error.code ?? ''] ?? 'reset';
    });
    socket.on('close', (failed) => {
      clearTimeout(this.#waiting);
      this.#enter((now) => this.#end(this.#reason ?? (failed ? 'reset' : 'closed'), now));
    });
  }

  take(handler: TcpHandler, gone: () => void): void {
    this.#handler = handler;
    this.#gone = gone;
  }

  /** Gives up unless the connection stands by then. */
  waitFor(milliseconds: number): void {
    this.#waiting = setTimeout(() => {
      this.#reason = 'timeout';
      this.#socket.destroy();
    }, milliseconds);
  }

  /** What is sent from now on leaves once it was let go as often as it was held. */
  hold(): void {
    this.#socket.cork();
  }

  letGo(): void {
    this.#socket.uncork();
  }

  get heard(): RelayedCause {
    this.#relayed ??= { actor: 'relayed', step: '', from: this.#around.remote };
    return this.#relayed;
  }

  get writable(): boolean {
    return !this.#over && this.#socket.writable;
  }

  send(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    if (!this.writable) return false;
    const copy = Buffer.from(bytes.subarray(start, end));
    const { cause } = this;
    if (cause !== undefined) {
      const { onMark, local, remote } = this.#around;
      const from = this.#socket.bytesWritten;
      onMark?.({ kind: 'bytes', local, remote, from, to: from + copy.length, sent: copy, cause });
    }
    return this.#socket.write(copy);
  }

  close(): void {
    if (!this.#over) this.#socket.end();
  }

  abort(): void {
    if (this.#over) return;
    this.#reason = 'aborted';
    clearTimeout(this.#waiting);
    // A reset of what has said goodbye is refused by the system, and would leave it open for good.
    if (this.#socket.connecting || this.#socket.writableEnded) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
    this.#end('aborted', this.#around.queue.now);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #enter(run: (now: Instant) => void): void {
    if (!this.#over) this.#around.clock.outside({ run: (now) => (this.#over ? undefined : run(now)) });
  }

  #end(reason: CloseReason, now: Instant): void {
    if (this.#over) return;
    this.#over = true;
    const handler = this.#handler;
    this.#handler = undefined;
    this.#gone();
    handler?.closed(reason, now);
  }
}

const closed = (socket: UdpSystemSocket): Promise<void> => new Promise((resolve) => void socket.close(() => resolve()));

class SocketDatagrams implements Datagrams {
  readonly heard = undefined;
  cause: Cause | undefined = undefined;
  readonly #socket: UdpSystemSocket;
  /** What is sent to everybody comes in here: a socket with an address hears no broadcast on Linux, one without hears other networks too. */
  readonly #ears: readonly UdpSystemSocket[];
  readonly #options: SocketHostOptions;
  readonly #local: Endpoint;
  readonly #isUp: () => boolean;
  readonly #onDatagram: DatagramHandler;
  readonly #gone: () => void;
  #closed = false;

  constructor(
    options: SocketHostOptions,
    local: Endpoint,
    hearsEverybody: boolean,
    isUp: () => boolean,
    onDatagram: DatagramHandler,
    gone: () => void,
  ) {
    this.#options = options;
    this.#local = local;
    this.#isUp = isUp;
    this.#onDatagram = onDatagram;
    this.#gone = gone;
    // Without a port of its own the system finds the address that fits the way.
    this.#socket = this.#open(local.port === 0 ? undefined : local.address, false);
    const { broadcast } = options;
    this.#ears =
      hearsEverybody && local.port !== 0 && broadcast !== undefined
        ? [broadcast, LIMITED_BROADCAST].map((address) => this.#open(address, true))
        : [];
  }

  #open(address: string | undefined, isShared: boolean): UdpSystemSocket {
    const { clock, id, onTrouble } = this.#options;
    const { port } = this.#local;
    const socket = createSocket({ type: 'udp4', reuseAddr: isShared }, (bytes, { address: source, port: from }) => {
      if (!this.#isUp()) return;
      const remote = parseIpv4(source);
      clock.outside({
        run: (now) => {
          if (!this.#closed) this.#onDatagram(bytes, 0, bytes.length, remote, from, now);
        },
      });
    });
    socket.on('error', (error: NodeJS.ErrnoException) => onTrouble?.(`${id}: UDP port ${port} (${error.code})`));
    socket.bind(address === undefined ? { port } : { port, address }, () => {
      if (!this.#closed) socket.setBroadcast(true);
    });
    return socket;
  }

  send(address: Ipv4Address, port: number, bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (this.#closed || !this.#isUp()) return;
    const copy = Buffer.from(bytes.subarray(start, end));
    const remote = { address: formatIpv4(address), port };
    if (this.cause)
      this.#options.onMark?.({ kind: 'datagram', local: this.#local, remote, sent: copy, cause: this.cause });
    // Whom nothing reaches hears nothing, as on any network.
    this.#socket.send(copy, port, remote.address, () => {});
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    this.#gone();
    return Promise.all([this.#socket, ...this.#ears].map(closed)).then(() => {});
  }
}
