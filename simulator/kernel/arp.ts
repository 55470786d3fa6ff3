/**
 * Address resolution of one interface (RFC 826): requests by broadcast, replies, a cache with ageing, announcements (RFC 5227).
 * As the RFC has it, whatever a packet says of a sender that is in the cache is believed; that is what an interposer uses.
 */
import { type Instant, minutes, seconds } from '@penstock/core';
import {
  ARP_REPLY,
  ARP_REQUEST,
  type ArpPacket,
  BROADCAST_MAC,
  ETHERNET_HEADER,
  ETHERTYPE_ARP,
  type Ipv4Address,
  inSubnet,
  type MacAddress,
  readArp,
  writeArp,
  writeEthernet,
  writeMacAddress,
} from '@penstock/protocols/ethernet';
import type { Cause } from './foothold.ts';
import type { Frame } from './frame.ts';
import type { Task } from './queue.ts';
import type { Interface } from './segment.ts';

/** Middle age at which an entry must be confirmed; each entry draws 0.5 to 1.5 of it, as Linux does with its reachable time. */
const AGE = minutes(10);
const RETRY = seconds(1);
const ATTEMPTS = 3;
/** Packets that wait for one address (Linux's unres_qlen allows about a hundred small ones): the longest datagram is 45 fragments. */
const WAITING_LIMIT = 64;

/** What an interface knows of one neighbour. As a task, the next attempt to find it. */
export class ArpEntry implements Task {
  readonly address: Ipv4Address;
  readonly #table: ArpTable;
  mac: MacAddress = 0;
  readonly macBytes = new Uint8Array(6);
  /** The switch's port for `mac`. */
  port: Interface | undefined = undefined;
  /** The entry holds until then; 0 while the neighbour is unknown. */
  expires = 0 as Instant;
  waiting: Frame[] = [];
  attempts = 0;
  cause: Cause | undefined = undefined;

  constructor(table: ArpTable, address: Ipv4Address) {
    this.#table = table;
    this.address = address;
  }

  run(now: Instant): void {
    this.#table.retry(this, now);
  }
}

const packet: ArpPacket = { operation: 0, senderMac: 0, senderAddress: 0, targetMac: 0, targetAddress: 0 };
const header = { destination: 0, source: 0, etherType: ETHERTYPE_ARP };

export class ArpTable {
  readonly #interface: Interface;
  readonly #macBytes = new Uint8Array(6);
  readonly #entries = new Map<Ipv4Address, ArpEntry>();

  constructor(owner: Interface) {
    this.#interface = owner;
    writeMacAddress(this.#macBytes, 0, owner.mac);
  }

  /** The entry for a neighbour, made when there is none; it stays the same object for the run. */
  entry(address: Ipv4Address): ArpEntry {
    let entry = this.#entries.get(address);
    if (entry === undefined) {
      entry = new ArpEntry(this, address);
      this.#entries.set(address, entry);
    }
    return entry;
  }

  /** What the cache holds now: address and MAC of every known neighbour. */
  known(now: Instant): { address: Ipv4Address; mac: MacAddress }[] {
    return [...this.#entries.values()].filter((e) => e.expires > now).map(({ address, mac }) => ({ address, mac }));
  }

  /** Forgets everything, as a device does that lost power. */
  clear(): void {
    for (const entry of this.#entries.values()) {
      entry.expires = 0 as Instant;
      this.#discard(entry);
    }
  }

  /** Sends an IPv4 frame (complete but for the MAC addresses) to a neighbour, at once or when it has answered. Takes the frame over. */
  send(frame: Frame, entry: ArpEntry, now: Instant): void {
    const { buffer, start } = frame;
    if (entry.expires > now) {
      const to = entry.macBytes;
      const from = this.#macBytes;
      for (let i = 0; i < 6; i++) {
        buffer[start + i] = to[i] as number;
        buffer[start + 6 + i] = from[i] as number;
      }
      this.#interface.segment.unicast(frame, this.#interface, entry.port);
      return;
    }
    const pool = this.#interface.segment.wire.pool;
    if (entry.waiting.length === WAITING_LIMIT) pool.release(entry.waiting.shift() as Frame);
    entry.waiting.push(frame);
    if (entry.attempts === 0) {
      entry.cause = frame.cause;
      this.#ask(entry);
    }
  }

  /** Writes this interface's own MAC address into a frame. */
  stamp(buffer: Uint8Array, at: number): void {
    buffer.set(this.#macBytes, at);
  }

  /** Tells everybody on the segment where this interface is (RFC 5227 clause 2.3). */
  announce(): void {
    const { mac, address } = this.#interface;
    this.transmit(BROADCAST_MAC, ARP_REQUEST, mac, address, 0, address, undefined, false);
  }

  receive(frame: Frame, now: Instant): void {
    const { buffer, start, end } = frame;
    if (readArp(buffer, start + ETHERNET_HEADER, end, packet) < 0) return;
    const { operation, senderMac, senderAddress, targetAddress } = packet;
    const own = this.#interface;
    if (senderAddress === own.address || (senderAddress !== 0 && !inSubnet(senderAddress, own.segment.subnet))) return;
    const forMe = targetAddress === own.address;
    const known = this.#entries.get(senderAddress);
    // Merge (RFC 826): update what is in the table, add only who speaks to this host. An address probe has no sender address.
    if (senderAddress !== 0 && (forMe || (known !== undefined && known.expires > now)))
      this.#learn(known ?? this.entry(senderAddress), senderMac, now);
    if (operation === ARP_REQUEST && forMe)
      this.transmit(senderMac, ARP_REPLY, own.mac, own.address, senderMac, senderAddress, frame.cause, true);
  }

  /** Puts an ARP packet of any content on the segment; an interposer's forgeries are made here too. */
  transmit(
    destination: MacAddress,
    operation: number,
    senderMac: MacAddress,
    senderAddress: Ipv4Address,
    targetMac: MacAddress,
    targetAddress: Ipv4Address,
    cause: Cause | undefined,
    response: boolean,
  ): void {
    const own = this.#interface;
    const { segment } = own;
    const frame = segment.wire.pool.take();
    header.destination = destination;
    header.source = own.mac;
    const at = writeEthernet(frame.buffer, frame.start, header);
    packet.operation = operation;
    packet.senderMac = senderMac;
    packet.senderAddress = senderAddress;
    packet.targetMac = targetMac;
    packet.targetAddress = targetAddress;
    frame.end = writeArp(frame.buffer, at, packet);
    frame.cause = cause;
    frame.response = response;
    if (destination === BROADCAST_MAC) segment.broadcast(frame, own);
    else segment.unicast(frame, own, segment.portOf(destination));
  }

  retry(entry: ArpEntry, now: Instant): void {
    if (entry.attempts === 0 || entry.expires > now) return;
    if (entry.attempts < ATTEMPTS) {
      this.#ask(entry);
      return;
    }
    this.#discard(entry);
    this.#interface.host.neighbourSilent(entry, now);
  }

  #ask(entry: ArpEntry): void {
    const { mac, address, segment } = this.#interface;
    entry.attempts++;
    this.transmit(BROADCAST_MAC, ARP_REQUEST, mac, address, 0, entry.address, entry.cause, false);
    segment.wire.queue.in(RETRY, entry);
  }

  #learn(entry: ArpEntry, mac: MacAddress, now: Instant): void {
    if (entry.mac !== mac || entry.port === undefined) {
      entry.mac = mac;
      writeMacAddress(entry.macBytes, 0, mac);
      entry.port = this.#interface.segment.portOf(mac);
    }
    const age = AGE * (0.5 + this.#interface.host.random.uniform());
    entry.expires = (now + Math.round(age)) as Instant;
    entry.attempts = 0;
    entry.cause = undefined;
    if (entry.waiting.length === 0) return;
    const waiting = entry.waiting;
    entry.waiting = [];
    for (const frame of waiting) this.send(frame, entry, now);
  }

  #discard(entry: ArpEntry): void {
    const pool = this.#interface.segment.wire.pool;
    for (const frame of entry.waiting) pool.release(frame);
    entry.waiting = [];
    entry.attempts = 0;
  }
}
