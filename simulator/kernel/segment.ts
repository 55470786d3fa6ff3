/**
 * One network of the plant: a switch with its ports. It delivers unicast frames to the port that has the address and broadcasts
 * to all, after the segment's latency; radio-like segments lose and jitter frames by a seeded stream.
 */
import { type Duration, type Instant, PenstockError } from '@penstock/core';
import {
  ETHERNET_MINIMUM,
  formatIpv4,
  formatMac,
  type Ipv4Address,
  inSubnet,
  type MacAddress,
  type Subnet,
} from '@penstock/protocols/ethernet';
import { ArpTable } from './arp.ts';
import type { Frame } from './frame.ts';
import type { Host } from './host.ts';
import type { Lane } from './lane.ts';
import type { Random } from './random.ts';
import type { Wire } from './wire.ts';

export interface SegmentOptions {
  /** Zone id. */
  readonly id: string;
  readonly subnet: Subnet;
  /** From the sender's port to the receiver's. */
  readonly latency: Duration;
  /** Share of the frames that are lost on their way, 0 to 1. */
  readonly loss: number;
  /** Longest extra delay; each frame gets a uniform share of it, so that frames may overtake each other. */
  readonly jitter: Duration;
}

export class Segment {
  readonly id: string;
  readonly subnet: Subnet;
  readonly wire: Wire;
  latency: Duration;
  loss: number;
  jitter: Duration;
  /** Frames that were lost by chance or because a link was down. */
  lost = 0;
  readonly #ports: Interface[] = [];
  readonly #byMac = new Map<MacAddress, Interface>();
  readonly #random: Random;
  #lane: Lane;

  constructor(wire: Wire, options: SegmentOptions, random: Random) {
    this.wire = wire;
    this.id = options.id;
    this.subnet = options.subnet;
    this.latency = options.latency;
    this.loss = options.loss;
    this.jitter = options.jitter;
    this.#random = random;
    this.#lane = wire.queue.lane(options.latency);
  }

  /** First address of the subnet: the firewall's. */
  get gateway(): Ipv4Address {
    return this.subnet.network + 1;
  }

  get interfaces(): readonly Interface[] {
    return this.#ports;
  }

  /** @throws PenstockError `wire.address` when the address is taken or not of this subnet, `wire.mac` when the MAC is taken. */
  plug(port: Interface): void {
    const { address, mac } = port;
    if (!inSubnet(address, this.subnet) || address === this.subnet.network || address === this.subnet.broadcast)
      throw new PenstockError(
        'wire.address',
        `host '${port.host.id}' has ${formatIpv4(address)}, which is no host address of segment '${this.id}' (${formatIpv4(this.subnet.network)}/${this.subnet.bits})`,
      );
    const other = this.#ports.find((p) => p.address === address);
    if (other !== undefined)
      throw new PenstockError(
        'wire.address',
        `hosts '${other.host.id}' and '${port.host.id}' both have ${formatIpv4(address)} on segment '${this.id}'`,
      );
    if (this.#byMac.has(mac))
      throw new PenstockError(
        'wire.mac',
        `host '${port.host.id}' has the MAC ${formatMac(mac)} of '${this.#byMac.get(mac)?.host.id}' on segment '${this.id}'`,
      );
    this.#ports.push(port);
    this.#byMac.set(mac, port);
  }

  unplug(port: Interface): void {
    this.#ports.splice(this.#ports.indexOf(port), 1);
    this.#byMac.delete(port.mac);
  }

  /** The port that a switch has learned for `mac`. */
  portOf(mac: MacAddress): Interface | undefined {
    return this.#byMac.get(mac);
  }

  /** Sends a frame to one port. The segment owns it from here on. */
  unicast(frame: Frame, sender: Interface, target: Interface | undefined): void {
    // A switch floods what it does not know; no interface accepts a frame for a strange address, so it ends here.
    this.#transmit(frame, sender, target, target !== undefined);
  }

  broadcast(frame: Frame, sender: Interface): void {
    this.#transmit(frame, sender, undefined, true);
  }

  #transmit(frame: Frame, sender: Interface, target: Interface | undefined, deliver: boolean): void {
    const wire = this.wire;
    if (!sender.up) {
      this.lost++;
      wire.pool.release(frame);
      return;
    }
    const missing = ETHERNET_MINIMUM - (frame.end - frame.start);
    if (missing > 0) {
      for (let i = 0; i < missing; i++) frame.buffer[frame.end + i] = 0;
      frame.end += missing;
    }
    if (!frame.seen) wire.tap.pass(frame, wire.queue.now);
    if (!deliver) {
      wire.pool.release(frame);
      return;
    }
    if (this.loss > 0 && this.#random.uniform() < this.loss) {
      this.lost++;
      wire.pool.release(frame);
      return;
    }
    frame.segment = this;
    frame.sender = sender;
    frame.target = target;
    const { queue } = wire;
    if (this.jitter > 0) {
      queue.in((this.latency + this.#random.below(this.jitter + 1)) as Duration, frame);
      return;
    }
    if (this.#lane.delay !== this.latency) this.#lane = queue.lane(this.latency);
    queue.inLane(this.#lane, frame);
  }

  /** Called by the frame when it has travelled. */
  arrive(frame: Frame, now: Instant): void {
    const target = frame.target;
    let taken = false;
    if (target !== undefined) {
      if (target.up) taken = target.host.receive(frame, target, now);
      else this.lost++;
    } else {
      const ports = this.#ports;
      for (let i = 0; i < ports.length; i++) {
        const port = ports[i] as Interface;
        if (port !== frame.sender && port.up) port.host.receive(frame, port, now);
      }
    }
    if (!taken) this.wire.pool.release(frame);
  }
}

/** A host's network card on a segment. */
export class Interface {
  readonly host: Host;
  readonly segment: Segment;
  readonly address: Ipv4Address;
  readonly mac: MacAddress;
  readonly arp: ArpTable;
  /** Next hop for other networks; undefined: there is none. */
  readonly gateway: Ipv4Address | undefined;
  up: boolean;

  constructor(
    host: Host,
    segment: Segment,
    address: Ipv4Address,
    mac: MacAddress,
    gateway: Ipv4Address | undefined,
    up: boolean,
  ) {
    this.host = host;
    this.segment = segment;
    this.address = address;
    this.mac = mac;
    this.gateway = gateway;
    this.up = up;
    this.arp = new ArpTable(this);
  }
}
