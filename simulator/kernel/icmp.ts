/** A host's ICMP (RFC 792): echo, and the errors that tell a sender of a closed UDP port. */
import { type Duration, type Instant, NEVER, seconds } from '@penstock/core';
import {
  ETHERNET_HEADER,
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_HEADER,
  ICMP_PORT_UNREACHABLE,
  ICMP_UNREACHABLE,
  IPV4_HEADER,
  type Ipv4Address,
  icmpChecksumRight,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  readIcmp,
  readIpv4Address,
  readUint16,
  writeIcmp,
} from '@penstock/protocols/ethernet';
import { DelayLine } from './deadlines.ts';
import type { Cause } from './foothold.ts';
import type { Frame } from './frame.ts';
import { type Host, received } from './host.ts';
import { TRANSPORT_OFFSET } from './ip.ts';
import type { Interface } from './segment.ts';

/** Round-trip time, or undefined when no reply came in time. */
export type PingHandler = (roundTrip: Duration | undefined) => void;

const PING_TIMEOUT = seconds(1);
/** Bytes of the offending packet that an error quotes: its header and 8 bytes (RFC 792). */
const QUOTE = IPV4_HEADER + 8;

interface Ping {
  readonly sequence: number;
  readonly sent: Instant;
  readonly done: PingHandler;
  deadline: Instant;
}

const header = { type: 0, code: 0, rest: 0 };

export class IcmpStack {
  readonly #host: Host;
  readonly #pings = new Map<number, Ping>();
  readonly #timeouts: DelayLine<Ping>;
  readonly #identifier: number;
  #sequence = 0;

  constructor(host: Host) {
    this.#host = host;
    this.#identifier = host.random.below(0x1_0000);
    this.#timeouts = new DelayLine(
      host.wire.queue,
      PING_TIMEOUT,
      (ping) => ping.deadline,
      (ping) => this.#finish(ping, undefined),
    );
  }

  ping(address: Ipv4Address, done: PingHandler, size: number, cause: Cause | undefined): void {
    const { wire } = this.#host;
    const { now } = wire.queue;
    const frame = wire.pool.take();
    const payload = frame.start + TRANSPORT_OFFSET + ICMP_HEADER;
    // What Linux's ping fills in behind its time stamp: counting bytes.
    for (let i = 0; i < size; i++) frame.buffer[payload + i] = i;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const ping: Ping = { sequence: this.#sequence, sent: now, done, deadline: NEVER };
    this.#pings.set(ping.sequence, ping);
    ping.deadline = this.#timeouts.set(ping);
    frame.cause = cause;
    this.#send(frame, size, ICMP_ECHO_REQUEST, 0, ((this.#identifier << 16) | ping.sequence) >>> 0, address, now);
  }

  /** Tells the sender of the UDP datagram in `frame` that nobody listens there. */
  portUnreachable(frame: Frame, now: Instant): void {
    const answer = this.#host.wire.pool.take();
    const quoted = frame.start + ETHERNET_HEADER;
    const source = readIpv4Address(frame.buffer, quoted + 12);
    const payload = answer.start + TRANSPORT_OFFSET + ICMP_HEADER;
    for (let i = 0; i < QUOTE; i++) answer.buffer[payload + i] = frame.buffer[quoted + i] as number;
    answer.cause = frame.cause;
    answer.response = true;
    this.#send(answer, QUOTE, ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0, source, now);
  }

  receive(frame: Frame, at: number, end: number, _on: Interface, now: Instant): void {
    const { buffer } = frame;
    if (readIcmp(buffer, at, end, header) < 0 || (!frame.intact && !icmpChecksumRight(buffer, at, end))) {
      this.#host.dropped++;
      return;
    }
    if (header.type === ICMP_ECHO_REQUEST) this.#echo(frame, at, end, now);
    else if (header.type === ICMP_ECHO_REPLY && header.rest >>> 16 === this.#identifier) {
      const ping = this.#pings.get(header.rest & 0xffff);
      if (ping !== undefined) this.#finish(ping, (now - ping.sent) as Duration);
    } else if (header.type === ICMP_UNREACHABLE && end - at >= ICMP_HEADER + QUOTE) {
      const quoted = at + ICMP_HEADER;
      if (buffer[quoted] !== 0x45 || buffer[quoted + 9] !== PROTOCOL_UDP) return;
      const transport = quoted + IPV4_HEADER;
      this.#host.udp4.unreachable(
        readUint16(buffer, transport),
        readIpv4Address(buffer, quoted + 16),
        readUint16(buffer, transport + 2),
        now,
      );
    }
  }

  /** The host lost power: nobody waits for replies any more. */
  forgetAll(): void {
    for (const ping of this.#pings.values()) ping.deadline = NEVER;
    this.#pings.clear();
  }

  #echo(frame: Frame, at: number, end: number, now: Instant): void {
    const answer = this.#host.wire.pool.take();
    const size = end - at - ICMP_HEADER;
    const payload = answer.start + TRANSPORT_OFFSET + ICMP_HEADER;
    for (let i = 0; i < size; i++) answer.buffer[payload + i] = frame.buffer[at + ICMP_HEADER + i] as number;
    answer.cause = frame.cause;
    answer.response = true;
    this.#send(answer, size, ICMP_ECHO_REPLY, 0, header.rest, received.source, now);
  }

  #send(frame: Frame, size: number, type: number, code: number, rest: number, to: Ipv4Address, now: Instant): void {
    const at = frame.start + TRANSPORT_OFFSET;
    header.type = type;
    header.code = code;
    header.rest = rest;
    writeIcmp(frame.buffer, at, at + ICMP_HEADER + size, header);
    this.#host.output(frame, ICMP_HEADER + size, PROTOCOL_ICMP, to, this.#host.route(to), now);
  }

  #finish(ping: Ping, roundTrip: Duration | undefined): void {
    ping.deadline = NEVER;
    this.#pings.delete(ping.sequence);
    ping.done(roundTrip);
  }
}
