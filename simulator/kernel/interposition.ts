/**
 * A host that puts itself between two others on its segment (ATT&CK for ICS T0830): forged ARP replies tell each that the other
 * is here, and what then comes is relayed, changed, held up or dropped. The tap shows the forgeries and both legs.
 */
import { type Duration, type Instant, milliseconds, PenstockError, seconds } from '@penstock/core';
import {
  ARP_REPLY,
  ARP_REQUEST,
  type ArpPacket,
  BROADCAST_MAC,
  ETHERNET_HEADER,
  formatIpv4,
  type Ipv4Address,
  inSubnet,
  type MacAddress,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  readArp,
  readMacAddress,
  readUint16,
  tcpChecksum,
  UDP_HEADER,
  writeMacAddress,
  writeUdp,
  writeUint16,
} from '@penstock/protocols/ethernet';
import type { Cause } from './foothold.ts';
import type { Frame } from './frame.ts';
import { type Host, received } from './host.ts';
import type { Task } from './queue.ts';
import type { Interface } from './segment.ts';

/** A packet between the two, as the hook sees it. One object for all; valid during the call. */
export interface InterposedPacket {
  buffer: Uint8Array;
  /** TCP's or UDP's payload is `buffer[payload..end)`; it may be rewritten in place, at its length. */
  payload: number;
  end: number;
  /** IP protocol number. */
  protocol: number;
  source: Ipv4Address;
  destination: Ipv4Address;
  /** 0 where the protocol has none. */
  sourcePort: number;
  destinationPort: number;
  /** It comes from the first of the two. */
  fromFirst: boolean;
  /** Set when the payload was rewritten: the checksum is made right again. */
  changed: boolean;
  /** How long to hold the packet up. */
  delay: Duration;
}

/** Looks at a packet before it is relayed; false drops it. */
export type RelayHook = (packet: InterposedPacket, now: Instant) => boolean;

export interface InterpositionOptions {
  /** Everything is relayed untouched without it. */
  readonly hook?: RelayHook;
  /** How often the forged replies are repeated; 2 s when left out, as common tools do. */
  readonly every?: Duration;
  readonly cause?: Cause;
}

const EVERY = seconds(2);
/** Time to overwrite what a victim has just learned from the other's own broadcast. */
const REACTION = milliseconds(1);
/** True replies that are sent at the end, a second apart. */
const RESTORES = 3;

export class Interposition implements Task {
  relayed = 0;
  dropped = 0;
  changed = 0;
  /** May be exchanged while it runs. */
  hook: RelayHook | undefined;
  readonly #host: Host;
  readonly #port: Interface;
  readonly #first: Ipv4Address;
  readonly #second: Ipv4Address;
  readonly #every: Duration;
  readonly #cause: Cause | undefined;
  #firstMac: MacAddress = 0;
  #secondMac: MacAddress = 0;
  #state: 'resolving' | 'running' | 'restoring' | 'over' = 'resolving';
  #reacting = false;
  #restores = 0;
  readonly #arp: ArpPacket = { operation: 0, senderMac: 0, senderAddress: 0, targetMac: 0, targetAddress: 0 };
  readonly #packet: InterposedPacket = {
    buffer: new Uint8Array(0),
    payload: 0,
    end: 0,
    protocol: 0,
    source: 0,
    destination: 0,
    sourcePort: 0,
    destinationPort: 0,
    fromFirst: false,
    changed: false,
    delay: 0 as Duration,
  };

  /**
   * Begins to interpose `host` between two addresses of its segment (one may be the gateway's).
   * @throws PenstockError `interposition.segment` for an address elsewhere, `interposition.busy` when the host interposes already.
   */
  constructor(host: Host, first: Ipv4Address, second: Ipv4Address, options: InterpositionOptions = {}) {
    this.#host = host;
    this.#port = host.interfaces[0] as Interface;
    for (const address of [first, second])
      if (!inSubnet(address, this.#port.segment.subnet) || host.owns(address))
        throw new PenstockError(
          'interposition.segment',
          `host '${host.id}' cannot stand before ${formatIpv4(address)}: only neighbours on its own segment '${this.#port.segment.id}' believe its ARP`,
        );
    if (host.stray !== undefined)
      throw new PenstockError(
        'interposition.busy',
        `host '${host.id}' already stands between two others; stop that first`,
      );
    this.#first = first;
    this.#second = second;
    this.hook = options.hook;
    this.#every = options.every ?? EVERY;
    this.#cause = options.cause;
    host.stray = (frame, on, now) => this.#relay(frame, on, now);
    host.overheard = (frame, on, now) => this.#overhear(frame, on, now);
    this.run(host.wire.queue.now);
  }

  /** Whether both sides have been found and are being lied to. */
  get running(): boolean {
    return this.#state === 'running';
  }

  /** Ends it: tells both the truth, and relays until they have heard it. */
  stop(): void {
    if (this.#state === 'resolving') this.#end();
    if (this.#state === 'running') {
      this.#state = 'restoring';
      this.hook = undefined;
      this.#restore();
    }
  }

  run(now: Instant): void {
    if (this.#state === 'resolving') {
      this.#ask(this.#first, now);
      this.#ask(this.#second, now);
      if (this.#known(now)) this.#state = 'running';
    }
    if (this.#state === 'running') this.#lie();
    if (this.#state === 'resolving' || this.#state === 'running') this.#host.wire.queue.in(this.#every, this);
  }

  #ask(address: Ipv4Address, now: Instant): void {
    const { arp, mac, address: own } = this.#port;
    if (arp.entry(address).expires <= now)
      arp.transmit(BROADCAST_MAC, ARP_REQUEST, mac, own, 0, address, this.#cause, false);
  }

  #known(now: Instant): boolean {
    const first = this.#port.arp.entry(this.#first);
    const second = this.#port.arp.entry(this.#second);
    if (first.expires <= now || second.expires <= now) return false;
    this.#firstMac = first.mac;
    this.#secondMac = second.mac;
    return true;
  }

  #lie(): void {
    this.#tell(this.#port.mac, this.#port.mac);
  }

  /** Tells the first where the second is, and the second where the first is. */
  #tell(secondIsAt: MacAddress, firstIsAt: MacAddress): void {
    const { arp } = this.#port;
    arp.transmit(this.#firstMac, ARP_REPLY, secondIsAt, this.#second, this.#firstMac, this.#first, this.#cause, false);
    arp.transmit(this.#secondMac, ARP_REPLY, firstIsAt, this.#first, this.#secondMac, this.#second, this.#cause, false);
  }

  #restore(): void {
    this.#tell(this.#secondMac, this.#firstMac);
    this.#restores++;
    this.#host.wire.queue.in(seconds(1), {
      run: () => (this.#restores < RESTORES ? this.#restore() : this.#end()),
    });
  }

  #end(): void {
    this.#state = 'over';
    this.#host.stray = undefined;
    this.#host.overheard = undefined;
  }

  #overhear(frame: Frame, on: Interface, now: Instant): void {
    if (on !== this.#port) return;
    if (this.#state === 'resolving') {
      if (this.#known(now)) {
        this.#state = 'running';
        this.#lie();
      }
      return;
    }
    // A victim's own broadcast has just told everybody where it is.
    const { buffer, start, end } = frame;
    if (this.#state !== 'running' || this.#reacting || (buffer[start] as number) !== 0xff) return;
    if (readArp(buffer, start + ETHERNET_HEADER, end, this.#arp) < 0) return;
    const { senderAddress } = this.#arp;
    if (senderAddress !== this.#first && senderAddress !== this.#second) return;
    this.#reacting = true;
    this.#host.wire.queue.in(REACTION, {
      run: () => {
        this.#reacting = false;
        if (this.#state === 'running') this.#lie();
      },
    });
  }

  #relay(frame: Frame, on: Interface, now: Instant): boolean {
    if (on !== this.#port || (this.#state !== 'running' && this.#state !== 'restoring')) return false;
    const from = readMacAddress(frame.buffer, frame.start + 6);
    const fromFirst = from === this.#firstMac;
    if (!fromFirst && from !== this.#secondMac) return false;
    const packet = this.#look(frame, fromFirst);
    if (this.hook !== undefined && !this.hook(packet, now)) {
      this.dropped++;
      return false;
    }
    if (packet.changed) {
      this.changed++;
      mend(frame, packet);
    }
    this.relayed++;
    const to = fromFirst ? this.#secondMac : this.#firstMac;
    writeMacAddress(frame.buffer, frame.start, to);
    writeMacAddress(frame.buffer, frame.start + 6, this.#port.mac);
    frame.seen = false;
    // What is only passed on stays its sender's; what was changed is the interposer's.
    if (packet.changed && this.#cause !== undefined) {
      frame.cause = this.#cause;
      frame.response = false;
    }
    if (packet.delay > 0) this.#host.wire.queue.in(packet.delay, { run: () => this.#pass(frame, to) });
    else this.#pass(frame, to);
    return true;
  }

  #pass(frame: Frame, to: MacAddress): void {
    const { segment } = this.#port;
    segment.unicast(frame, this.#port, segment.portOf(to));
  }

  #look(frame: Frame, fromFirst: boolean): InterposedPacket {
    const packet = this.#packet;
    const { buffer, start } = frame;
    const transport = start + ETHERNET_HEADER + ((buffer[start + ETHERNET_HEADER] as number) & 15) * 4;
    packet.buffer = buffer;
    packet.end = start + ETHERNET_HEADER + received.totalLength;
    packet.protocol = received.protocol;
    packet.source = received.source;
    packet.destination = received.destination;
    packet.fromFirst = fromFirst;
    packet.changed = false;
    packet.delay = 0 as Duration;
    packet.sourcePort = 0;
    packet.destinationPort = 0;
    packet.payload = packet.end;
    if (packet.end - transport < UDP_HEADER) return packet;
    if (packet.protocol === PROTOCOL_TCP || packet.protocol === PROTOCOL_UDP) {
      packet.sourcePort = readUint16(buffer, transport);
      packet.destinationPort = readUint16(buffer, transport + 2);
      const header = packet.protocol === PROTOCOL_UDP ? UDP_HEADER : ((buffer[transport + 12] as number) >>> 4) * 4;
      packet.payload = Math.min(packet.end, transport + header);
    }
    return packet;
  }
}

/** Makes the transport's checksum right after its payload was rewritten. */
function mend(frame: Frame, packet: InterposedPacket): void {
  const { buffer, start } = frame;
  const { source, destination, end } = packet;
  const transport = start + ETHERNET_HEADER + ((buffer[start + ETHERNET_HEADER] as number) & 15) * 4;
  if (packet.protocol === PROTOCOL_TCP) {
    writeUint16(buffer, transport + 16, 0);
    writeUint16(buffer, transport + 16, tcpChecksum(buffer, transport, end, source, destination));
  } else if (packet.protocol === PROTOCOL_UDP) {
    const { sourcePort, destinationPort } = packet;
    writeUdp(buffer, transport, { sourcePort, destinationPort, length: end - transport }, source, destination);
  }
}
