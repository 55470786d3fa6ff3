/**
 * What a device asks of the network that it is on. The wire's hosts are that in memory; in a container the sockets of its operating system
 * are. Everything calls back from inside the event queue.
 */
import type { Ipv4Address } from '@penstock/protocols/ethernet';
import type { Cause } from './foothold.ts';
import type { PingHandler } from './icmp.ts';
import type { TcpHandler } from './tcp-inbox.ts';
import type { ConnectOptions, ListenOptions } from './tcp-stack.ts';
import type { DatagramHandler } from './udp.ts';

/** One end of a TCP connection, as its owner has it. */
export interface Connection {
  readonly localPort: number;
  readonly remoteAddress: Ipv4Address;
  readonly remotePort: number;
  /** Whoever acts through this connection from now on, for the truth journal. */
  cause: Cause | undefined;
  /** Cause of the bytes that are being delivered, where the network knows it. */
  readonly heard: Cause | undefined;
  /** Whether data can still be sent. */
  readonly writable: boolean;
  /** Sends `bytes[start..end)` (copied). False when the owner should hold back until `drained`. */
  send(bytes: Uint8Array, start?: number, end?: number): boolean;
  /** Ends this side once all is sent. */
  close(): void;
  /** Ends the connection at once with RST. */
  abort(): void;
  /** Stops delivering; `resume` delivers what was held back. */
  pause(): void;
  resume(): void;
}

/** A UDP socket of a device. */
export interface Datagrams {
  cause: Cause | undefined;
  /** Cause of the datagram that is being delivered, where the network knows it. */
  readonly heard: Cause | undefined;
  send(address: Ipv4Address, port: number, bytes: Uint8Array, start?: number, end?: number): void;
  close(): void;
}

/** A port that is listened at. */
export interface Listening {
  /** Listens no more; connections that stand go on. */
  close(): void;
}

export interface NetworkHost {
  readonly id: string;
  /** Whether its link is up. */
  readonly up: boolean;
  /** Accepts TCP connections on `port`. @throws PenstockError `host.port-taken` when something of this host listens there. */
  listen(
    port: number,
    acceptor: (connection: Connection) => TcpHandler | undefined,
    options?: ListenOptions,
  ): Listening;
  /** Opens a TCP connection from a free port of this host; the handler hears whether it came about. */
  connect(address: Ipv4Address, port: number, handler: TcpHandler, options?: ConnectOptions): Connection;
  /**
   * A UDP socket on `port`, or on a free one for 0.
   * @param hears `everybody`: what is sent to everybody on the network too, which the sockets of some systems do not hear otherwise
   * @throws PenstockError `host.port-taken`
   */
  udp(port: number, onDatagram: DatagramHandler, hears?: 'everybody'): Datagrams;
  /** One ICMP echo request; `done` gets the round-trip time or that none came. */
  ping(address: Ipv4Address, done: PingHandler, size?: number, cause?: Cause): void;
  /** Whether `address` is one of this host's. */
  owns(address: Ipv4Address): boolean;
  linkDown(): void;
  linkUp(): void;
  /** Power is lost: every connection is gone, listeners and sockets stay for the restart. */
  powerOff(): void;
}
