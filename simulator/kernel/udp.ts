/** A host's UDP sockets (RFC 768). */
import { type Instant, PenstockError } from '@penstock/core';
import {
  ETHERNET_MTU,
  IPV4_HEADER,
  type Ipv4Address,
  PROTOCOL_UDP,
  readUdp,
  UDP_HEADER,
  type UdpHeader,
  udpChecksumRight,
  writeUdp,
} from '@penstock/protocols/ethernet';
import type { Cause } from './foothold.ts';
import type { Frame } from './frame.ts';
import { type Host, received } from './host.ts';
import { TRANSPORT_OFFSET } from './ip.ts';
import type { Interface } from './segment.ts';

/** Longest payload of a datagram in one frame; longer ones go in fragments. */
const FRAME_LIMIT = ETHERNET_MTU - IPV4_HEADER - UDP_HEADER;
/** Longest payload of a datagram over IPv4. */
export const DATAGRAM_LIMIT = 0xffff - IPV4_HEADER - UDP_HEADER;

/** A datagram came in; its bytes are valid during the call. */
export type DatagramHandler = (
  buffer: Uint8Array,
  start: number,
  end: number,
  address: Ipv4Address,
  port: number,
  now: Instant,
) => void;

const header: UdpHeader = { sourcePort: 0, destinationPort: 0, length: 0 };

export class UdpSocket {
  readonly port: number;
  /** Whoever acts through this socket from now on, for the truth journal; answers to a caused datagram inherit without it. */
  cause: Cause | undefined = undefined;
  /** Hears that nobody listens at a port that was sent to. */
  onUnreachable: ((address: Ipv4Address, port: number, now: Instant) => void) | undefined = undefined;
  readonly onDatagram: DatagramHandler;
  /** Cause of the datagram that is being handled. */
  heard: Cause | undefined = undefined;
  readonly #host: Host;

  constructor(host: Host, port: number, onDatagram: DatagramHandler) {
    this.#host = host;
    this.port = port;
    this.onDatagram = onDatagram;
  }

  /**
   * Sends `bytes[start..end)`; a subnet's broadcast address reaches everybody on it.
   * @throws PenstockError `udp.too-long` beyond `DATAGRAM_LIMIT` bytes, `host.no-route`.
   */
  send(address: Ipv4Address, port: number, bytes: Uint8Array, start = 0, end = bytes.length): void {
    const host = this.#host;
    const size = end - start;
    if (size > DATAGRAM_LIMIT)
      throw new PenstockError(
        'udp.too-long',
        `a datagram carries at most ${DATAGRAM_LIMIT} bytes over IPv4, not ${size}`,
      );
    const route = host.route(address);
    const { wire } = host;
    if (size > FRAME_LIMIT) {
      const packet = new Uint8Array(UDP_HEADER + size);
      packet.set(bytes.subarray(start, end), UDP_HEADER);
      this.#putHeader(packet, 0, port, size, route.via.address, address);
      const cause = this.cause ?? this.heard;
      host.outputFragments(packet, PROTOCOL_UDP, address, route, cause, this.cause === undefined, wire.queue.now);
      return;
    }
    const frame = wire.pool.take();
    const at = frame.start + TRANSPORT_OFFSET;
    const payload = at + UDP_HEADER;
    for (let i = 0; i < size; i++) frame.buffer[payload + i] = bytes[start + i] as number;
    this.#putHeader(frame.buffer, at, port, size, route.via.address, address);
    frame.cause = this.cause ?? this.heard;
    frame.response = this.cause === undefined;
    host.output(frame, size + UDP_HEADER, PROTOCOL_UDP, address, route, wire.queue.now);
  }

  #putHeader(
    buffer: Uint8Array,
    at: number,
    port: number,
    size: number,
    source: Ipv4Address,
    destination: Ipv4Address,
  ): void {
    header.sourcePort = this.port;
    header.destinationPort = port;
    header.length = size + UDP_HEADER;
    writeUdp(buffer, at, header, source, destination);
  }

  close(): void {
    this.#host.udp4.close(this);
  }
}

export class UdpStack {
  readonly #host: Host;
  readonly #sockets = new Map<number, UdpSocket>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** @throws PenstockError `host.port-taken` */
  open(port: number, onDatagram: DatagramHandler): UdpSocket {
    const number = port === 0 ? this.#free() : port;
    if (this.#sockets.has(number))
      throw new PenstockError('host.port-taken', `UDP port ${number} of host '${this.#host.id}' is in use`);
    const socket = new UdpSocket(this.#host, number, onDatagram);
    this.#sockets.set(number, socket);
    return socket;
  }

  close(socket: UdpSocket): void {
    if (this.#sockets.get(socket.port) === socket) this.#sockets.delete(socket.port);
  }

  receive(frame: Frame, at: number, end: number, _on: Interface, now: Instant): void {
    const { buffer } = frame;
    const { source, destination } = received;
    const payload = readUdp(buffer, at, end, header);
    if (payload < 0 || (!frame.intact && !udpChecksumRight(buffer, at, at + header.length, source, destination))) {
      this.#host.dropped++;
      return;
    }
    const socket = this.#sockets.get(header.destinationPort);
    if (socket === undefined) {
      // Nobody answers a broadcast with an error (RFC 1122 clause 3.2.2).
      if (this.#host.refuses && this.#host.owns(destination)) this.#host.icmp.portUnreachable(frame, now);
      return;
    }
    const before = socket.heard;
    socket.heard = frame.cause;
    socket.onDatagram(buffer, payload, at + header.length, source, header.sourcePort, now);
    socket.heard = before;
  }

  unreachable(localPort: number, address: Ipv4Address, port: number, now: Instant): void {
    this.#sockets.get(localPort)?.onUnreachable?.(address, port, now);
  }

  #free(): number {
    for (;;) {
      const port = 49_152 + this.#host.random.below(16_384);
      if (!this.#sockets.has(port)) return port;
    }
  }
}
