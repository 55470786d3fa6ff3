/**
 * A wire in memory that ends at a real network card: one segment with one host on it, which has the card's own address. What the host sends
 * leaves through the card, what comes to the card reaches the host, so that all that a host of the wire can do is done on a real bridge.
 *
 * The system's own stack has the same address and answers for it. This host keeps silent where that does: it neither answers for its address
 * nor hears what is sent to it, but for the answers to what it has asked itself.
 */
import { type FrameSink, type Instant, UsageError } from '@penstock/core';
import {
  ARP_LENGTH,
  ARP_REQUEST,
  ETHERNET_HEADER,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ICMP_ECHO_REPLY,
  IPV4_HEADER,
  type MacAddress,
  PROTOCOL_ICMP,
  parseMac,
  readIpv4Address,
  readMacAddress,
  readUint16,
  writeIpv4Address,
} from '@penstock/protocols/ethernet';
import { type Cause, type EventQueue, type Host, Wire } from '@penstock/simulator/kernel';
import { LONGEST_FRAME } from './offload.ts';

export interface BridgedOptions {
  readonly queue: EventQueue;
  /** Of the card. */
  readonly address: string;
  readonly mac: string;
  /** The zone's, as `10.20.1.0/24`; its first address is the gateway's. */
  readonly subnet: string;
  /** Takes a frame that is to leave, with who caused it; answers inherit and have none here. The bytes are the receiver's own. */
  readonly send: (bytes: Uint8Array, cause: Cause | undefined) => void;
}

/** Where the operation and the sought address of an ARP packet stand in its frame. */
const OPERATION = ETHERNET_HEADER + 6;
const SOUGHT = ETHERNET_HEADER + 24;

export class BridgedSegment implements FrameSink {
  readonly host: Host;
  readonly #wire: Wire;
  readonly #mac: MacAddress;
  readonly #send: BridgedOptions['send'];
  /** The frame that is on its way out, until it is known whether somebody caused it. */
  #leaving: Uint8Array | undefined;

  /** @throws UsageError or PenstockError for an address or subnet that is none, or that do not fit each other. */
  constructor(options: BridgedOptions) {
    const { queue, address, mac, subnet, send } = options;
    this.#wire = new Wire(queue, { seed: 1, epoch: 0 });
    this.#wire.addSegment({ id: 'bridge', subnet });
    this.host = this.#wire.addHost({ id: 'box', segment: 'bridge', address, mac });
    this.#mac = parseMac(mac);
    if ((this.#mac / 2 ** 40) & 1)
      throw new UsageError('bridged.mac', `${mac} is the address of a group, not of a card`);
    this.#send = send;
    this.#wire.tap.attach(this);
    this.#wire.tap.listen({
      caused: (_frame, _time, cause, response) => this.#leave(response ? undefined : cause),
    });
  }

  /** What the host puts on its segment leaves through the card: the tap hears of all of it. */
  frame(_time: number, buffer: Uint8Array, start: number, end: number): void {
    if (this.#leaving === undefined) queueMicrotask(() => this.flush());
    this.flush();
    this.#leaving = buffer.slice(start, end);
  }

  /** Lets the last frame go now. Whose it is the tap tells after it, so that it waits for that. */
  flush(): void {
    this.#leave(undefined);
  }

  #leave(cause: Cause | undefined): void {
    const bytes = this.#leaving;
    this.#leaving = undefined;
    if (bytes !== undefined) this.#send(bytes, cause);
  }

  /** Takes a frame that came to the card. Call it from an event of the queue. */
  arrived(bytes: Uint8Array, now: Instant): void {
    if (bytes.length < ETHERNET_HEADER || bytes.length > LONGEST_FRAME || !this.#isForHost(bytes)) return;
    const { pool } = this.#wire;
    const frame = pool.take();
    frame.buffer.set(bytes, frame.start);
    frame.end = frame.start + bytes.length;
    frame.intact = false;
    frame.target = this.host.interfaces[0];
    // The system answers for its address itself; that somebody asked tells the host where that somebody is, all the same.
    if (this.#asksForHost(bytes)) writeIpv4Address(frame.buffer, frame.start + SOUGHT, 0);
    this.host.segment.arrive(frame, now);
  }

  #isForHost(bytes: Uint8Array): boolean {
    const isGroup = ((bytes[0] as number) & 1) === 1;
    if (!isGroup && readMacAddress(bytes, 0) !== this.#mac) return false;
    if (readMacAddress(bytes, 6) === this.#mac) return false;
    const at = ETHERNET_HEADER;
    const etherType = readUint16(bytes, 12);
    if (etherType === ETHERTYPE_ARP) return bytes.length >= at + ARP_LENGTH;
    if (etherType !== ETHERTYPE_IPV4 || isGroup || bytes.length < at + IPV4_HEADER) return false;
    if (readIpv4Address(bytes, at + 16) !== this.host.address) return true;
    return bytes[at + 9] === PROTOCOL_ICMP && bytes[at + ((bytes[at] as number) & 15) * 4] === ICMP_ECHO_REPLY;
  }

  #asksForHost(bytes: Uint8Array): boolean {
    return (
      readUint16(bytes, 12) === ETHERTYPE_ARP &&
      readUint16(bytes, OPERATION) === ARP_REQUEST &&
      readIpv4Address(bytes, SOUGHT) === this.host.address
    );
  }
}
