/**
 * The monitor's one way from frames to events. A file, an interface and the tap all call `frame`; nothing in here knows the
 * difference, looks at a clock or throws, whatever comes.
 */
import type { DissectorFactory, FrameSink, ProtocolEvent } from '@penstock/core';
import type { SyslogEvent } from '@penstock/protocols/syslog';
import { isChecksumRight } from '../flows/checksum.ts';
import { Dissection } from '../flows/dissection.ts';
import type { Endpoint } from '../flows/endpoint.ts';
import { Evidence } from '../flows/evidence.ts';
import { type Flow, PROTOCOL_ARP } from '../flows/flow.ts';
import { Fragments } from '../flows/fragments.ts';
import {
  DECODED_ARP,
  DECODED_IP,
  DECODED_OTHER,
  DECODED_UNKNOWN_LINK,
  Packet,
  PROTOCOL_ICMP,
  PROTOCOL_ICMP6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../flows/packet.ts';
import { Reassembler, scaledHistory } from '../flows/reassembly.ts';
import { FlowTable } from '../flows/table.ts';
import { TcpTracker } from '../flows/tcp.ts';
import type { SensorCounters } from '../sensor/index.ts';
import { connEvent } from './conn.ts';
import { deviceLogEvent } from './device-log.ts';
import { arpEvent, icmpCounterpart, icmpEvent } from './link.ts';
import { ModbusDerived } from './modbus-derived.ts';
import { PathWatch } from './path.ts';
import { SERVER_PORTS } from './ports.ts';

export interface PipelineOptions {
  /** What can be dissected; see `registry.ts`. */
  readonly dissectors: readonly DissectorFactory[];
  /** Every event with its flow, in the order of the packets that completed them. */
  readonly onEvent: (event: ProtocolEvent, flow: Flow) => void;
  /** The first packet of a conversation has come. */
  readonly onFlow?: ((flow: Flow, time: number) => void) | undefined;
  /** Conversations at a time; beyond that those that would end soonest go early. Default 131,072. */
  readonly maxFlows?: number | undefined;
  /** Memory for the newest packets, bytes; 0 keeps none. Default 16 MiB. */
  readonly evidenceBytes?: number | undefined;
  /** Goes into the flows' ids. */
  readonly seed?: number | undefined;
}

/** What was not made use of, and why. */
export interface Dropped {
  /** Frames whose headers contradict themselves or were cut off. */
  malformed: number;
  /** Frames of a link type that is not decoded. */
  unknownLink: number;
  /** Packets with a wrong checksum from a sender whose others are right. */
  wrongChecksums: number;
  /** Fragments given up: too late, too many, contradictory. */
  fragments: number;
  /** Flows ended early for want of room. */
  flowsEvicted: number;
  /** Holes in TCP streams, and the bytes in them. */
  gaps: number;
  gapBytes: number;
  /** Segments that fit nowhere in their stream, and streams that had to be found again. */
  straySegments: number;
  resynchronised: number;
  /** Bytes that no dissector knows; bytes of a known protocol that no message could be made of; messages that break it. */
  unclaimedBytes: number;
  unparsedBytes: number;
  violations: number;
  /** Dissectors that failed. */
  dissectorFaults: number;
  /** Registers that are not followed for want of room. */
  untrackedRegisters: number;
}

export interface PipelineSummary {
  readonly packets: number;
  /** Captured bytes. */
  readonly bytes: number;
  readonly flows: number;
  readonly activeFlows: number;
  /** Frames that are neither IP nor ARP, by EtherType in hex (`0x8892`); `llc` for IEEE 802.2. */
  readonly otherFrames: Record<string, number>;
  readonly duplicateBytes: number;
  readonly events: Record<string, number>;
  readonly dropped: Dropped;
}

const DEFAULT_FLOWS = 131_072;
const DEFAULT_EVIDENCE = 16 * 1024 * 1024;
const EVIDENCE_PACKETS = 65_536;
const MAX_ETHERTYPES = 256;
/** So many wrong checksums in a row from the start are a network card's doing; the sender's are not looked at any more. */
const CHECKSUMS_LEFT_TO_HARDWARE = 8;

export class MonitorPipeline implements FrameSink {
  packets = 0;
  bytes = 0;
  /** The newest packets; undefined when none are kept. */
  readonly evidence: Evidence | undefined;
  readonly #packet = new Packet();
  readonly #fragments = new Fragments();
  readonly #dissection: Dissection;
  readonly #protocols: readonly string[];
  readonly #reassembler: Reassembler;
  readonly #tcp: TcpTracker;
  readonly #table: FlowTable;
  readonly #modbus: ModbusDerived;
  readonly #path: PathWatch;
  readonly #onEvent: (event: ProtocolEvent, flow: Flow) => void;
  readonly #onFlow: ((flow: Flow, time: number) => void) | undefined;
  readonly #events = new Map<string, { count: number }>();
  readonly #otherFrames = new Map<number, number>();
  #time = 0;
  #malformed = 0;
  #unknownLink = 0;
  #wrongChecksums = 0;

  constructor(options: PipelineOptions) {
    this.#onEvent = options.onEvent;
    this.#onFlow = options.onFlow;
    const evidenceBytes = options.evidenceBytes ?? DEFAULT_EVIDENCE;
    this.evidence = evidenceBytes > 0 ? new Evidence(evidenceBytes, EVIDENCE_PACKETS) : undefined;
    this.#dissection = new Dissection(options.dissectors, (event, flow) => this.#dissected(event, flow));
    this.#reassembler = new Reassembler(this.#dissection);
    this.#protocols = options.dissectors.map(({ protocol }) => protocol);
    const serverPorts = new Set(SERVER_PORTS);
    for (const factory of options.dissectors) for (const port of factory.ports) serverPorts.add(port);
    this.#table = new FlowTable(options.maxFlows ?? DEFAULT_FLOWS, options.seed ?? 0, serverPorts, (flow, time) =>
      this.#ended(flow, time),
    );
    this.#tcp = new TcpTracker(this.#table, this.#reassembler);
    this.#modbus = new ModbusDerived((event, flow) => this.#emit(event, flow));
    this.#path = new PathWatch((event, flow) => this.#emit(event, flow), this.evidence);
  }

  /**
   * Takes the next frame.
   * @param stamp its time, microseconds since 1970
   * @param wireLength the frame's length on the wire, where a snap length cut it
   */
  frame(
    stamp: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    linkType: number,
    wireLength: number = end - start,
  ): void {
    const number = ++this.packets;
    const time = Number.isFinite(stamp) ? stamp : this.#time;
    this.#time = time;
    this.bytes += end - start;
    this.evidence?.record(number, time, buffer, start, end, linkType, wireLength);
    this.#table.expire(time);
    const packet = this.#packet;
    const kind = packet.decode(buffer, start, end, linkType, wireLength);
    if (kind === DECODED_IP) {
      if (!packet.isFragment || this.#fragments.add(packet, time)) this.#ip(packet, time);
    } else if (kind === DECODED_ARP) this.#arp(packet, time);
    else if (kind === DECODED_OTHER) this.#other(packet.etherType);
    else if (kind === DECODED_UNKNOWN_LINK) this.#unknownLink++;
    else this.#malformed++;
  }

  #ip(packet: Packet, time: number): void {
    const captured = packet.payloadEnd - packet.payload;
    switch (packet.protocol) {
      case PROTOCOL_TCP:
        if (captured >= 20) this.#segment(packet, time);
        else this.#malformed++;
        return;
      case PROTOCOL_UDP:
        if (captured >= 8) this.#datagram(packet, time);
        else this.#malformed++;
        return;
      case PROTOCOL_ICMP:
      case PROTOCOL_ICMP6:
        if (captured >= 8) this.#icmp(packet, time);
        else this.#malformed++;
        return;
      default:
        this.#account(this.#table.find(packet, 0, 0, time, 0), packet, time, packet.wireEnd - packet.payload);
    }
  }

  #segment(packet: Packet, time: number): void {
    const b = packet.buffer;
    const at = packet.payload;
    const headerLength = (b[at + 12] >> 4) << 2;
    if (headerLength < 20 || headerLength > packet.wireEnd - at) {
      this.#malformed++;
      return;
    }
    const sourcePort = (b[at] << 8) | b[at + 1];
    const destinationPort = (b[at + 2] << 8) | b[at + 3];
    const flags = b[at + 13];
    let flow = this.#table.find(packet, sourcePort, destinationPort, time, flags);
    if ((flags & 2) !== 0) {
      const sequence = (b[at + 4] << 24) | (b[at + 5] << 16) | (b[at + 6] << 8) | b[at + 7];
      if (this.#tcp.isReuse(flow, sequence, flags) && flow.originator.packets + flow.responder.packets > 0) {
        this.#table.end(flow, time);
        flow = this.#table.find(packet, sourcePort, destinationPort, time, flags);
      }
    }
    const fromOriginator = this.#table.fromOriginator;
    const endpoint = fromOriginator ? flow.originator : flow.responder;
    if (!this.#isSound(flow, endpoint, packet)) return;
    this.#count(flow, endpoint, packet, time);
    const data = packet.wireEnd - at - headerLength;
    if (data > 0 && endpoint.packets > 1) {
      const sequence = (b[at + 4] << 24) | (b[at + 5] << 16) | (b[at + 6] << 8) | b[at + 7];
      if (((sequence + data - endpoint.lastSequence) | 0) <= 0)
        this.#path.repeated(flow, endpoint, packet, headerLength, time);
    } else if ((flags & 2) !== 0) this.#path.opens(flow, endpoint, packet, headerLength, time);
    this.#tcp.segment(flow, fromOriginator, packet, headerLength, time);
  }

  #datagram(packet: Packet, time: number): void {
    const b = packet.buffer;
    const at = packet.payload;
    const flow = this.#table.find(packet, (b[at] << 8) | b[at + 1], (b[at + 2] << 8) | b[at + 3], time, 0);
    const claimed = (b[at + 4] << 8) | b[at + 5];
    const room = packet.wireEnd - at;
    // Zero is a jumbogram's length (RFC 2675); one larger than the packet is wrong.
    const length = (claimed >= 8 && claimed <= room ? claimed : room) - 8;
    if (!this.#isSound(flow, this.#table.fromOriginator ? flow.originator : flow.responder, packet)) return;
    const endpoint = this.#account(flow, packet, time, length);
    const data = at + 8;
    this.#dissection.data(flow, endpoint, time, b, data, Math.min(packet.payloadEnd, data + length));
  }

  #icmp(packet: Packet, time: number): void {
    const type = packet.buffer[packet.payload] as number;
    const counterpart = icmpCounterpart(packet.version, type, packet.buffer[packet.payload + 1] as number);
    const flow = this.#table.find(packet, type, counterpart, time, 0);
    const endpoint = this.#account(flow, packet, time, packet.wireEnd - packet.payload - 8);
    this.#emit(icmpEvent(packet, time, endpoint.isOriginator), flow);
  }

  #arp(packet: Packet, time: number): void {
    const event = arpEvent(packet, time);
    if (event === undefined) {
      this.#malformed++;
      return;
    }
    packet.ipLength = 0;
    const flow = this.#table.findArp(packet, time);
    this.#account(flow, packet, time, 28);
    this.#emit(event, flow);
  }

  #other(etherType: number): void {
    const key = etherType < 0x600 ? 0 : etherType;
    const before = this.#otherFrames.get(key);
    if (before !== undefined || this.#otherFrames.size < MAX_ETHERTYPES) this.#otherFrames.set(key, (before ?? 0) + 1);
  }

  /**
   * A packet with a wrong checksum is dropped by its receiver, so it must not mislead us either. But a host that leaves checksums
   * to its network card is captured with wrong ones throughout: they count only where the same sender has shown right ones.
   */
  #isSound(flow: Flow, endpoint: Endpoint, packet: Packet): boolean {
    if (!endpoint.checksumsMatter && endpoint.wrongChecksums >= CHECKSUMS_LEFT_TO_HARDWARE) return true;
    if (isChecksumRight(packet)) {
      endpoint.checksumsMatter = true;
      return true;
    }
    if (!endpoint.checksumsMatter) {
      endpoint.wrongChecksums++;
      return true;
    }
    this.#wrongChecksums++;
    endpoint.wrongChecksums = scaledHistory(flow, endpoint, 'C', endpoint.wrongChecksums);
    return false;
  }

  /** Books a packet of a protocol without connections on the flow that the table has just found. */
  #account(flow: Flow, packet: Packet, time: number, payload: number): Endpoint {
    const endpoint = this.#table.fromOriginator ? flow.originator : flow.responder;
    const backwards = time < flow.lastTime;
    flow.lastTime = time;
    if (backwards) this.#table.hasten(flow);
    endpoint.payloadBytes += payload;
    if (endpoint.packets === 0 && flow.protocol === PROTOCOL_UDP) flow.history += endpoint.isOriginator ? 'D' : 'd';
    this.#count(flow, endpoint, packet, time);
    return endpoint;
  }

  #count(flow: Flow, endpoint: Endpoint, packet: Packet, time: number): void {
    endpoint.packets++;
    endpoint.ipBytes += packet.ipLength;
    const at = packet.sourceMac;
    if (at >= 0) {
      const b = packet.frame;
      const high = (b[at] << 8) | b[at + 1];
      const low = (b[at + 2] << 24) | (b[at + 3] << 16) | (b[at + 4] << 8) | b[at + 5];
      if (high !== endpoint.macHigh || low !== endpoint.macLow || packet.hopLimit !== endpoint.hopLimit)
        this.#otherWay(flow, endpoint, high, low, packet.hopLimit, time);
    }
    const before = flow.lastPacket;
    this.evidence?.link(this.packets, before);
    flow.lastPacket = this.packets;
    if (before === 0) this.#onFlow?.(flow, time);
  }

  /** A packet from another card, or with another hop limit, than the sender's last one on this flow; also the first one. */
  #otherWay(flow: Flow, endpoint: Endpoint, high: number, low: number, hopLimit: number, time: number): void {
    const { macHigh, macLow, hopLimit: hops } = endpoint;
    endpoint.macHigh = high;
    endpoint.macLow = low;
    endpoint.hopLimit = hopLimit;
    if (macHigh < 0) return;
    if (high !== macHigh || low !== macLow) {
      flow.macChanges++;
      this.#path.moved(flow, endpoint, macHigh, macLow, hopLimit === hops, time);
    } else if (flow.protocol === PROTOCOL_TCP || flow.protocol === PROTOCOL_UDP)
      this.#path.hops(flow, endpoint, hops, time);
  }

  #ended(flow: Flow, time: number): void {
    if (flow.protocol === PROTOCOL_TCP) {
      this.#reassembler.finish(flow, flow.originator, time);
      this.#reassembler.finish(flow, flow.responder, time);
    }
    this.#dissection.end(flow, time);
    if (flow.protocol !== PROTOCOL_ARP) this.#emit(connEvent(flow), flow);
  }

  #dissected(event: ProtocolEvent, flow: Flow): void {
    this.#emit(event, flow);
    if (flow.service === 'modbus') this.#modbus.observe(event, flow);
    else if (event.name === 'syslog') this.#emit(deviceLogEvent(event as SyslogEvent), flow);
  }

  #emit(event: ProtocolEvent, flow: Flow): void {
    const counter = this.#events.get(event.name);
    if (counter === undefined) this.#events.set(event.name, { count: 1 });
    else counter.count++;
    this.#onEvent(event, flow);
  }

  /** Event time has come this far although no frame did: ends what is over by then. */
  advance(time: number): void {
    this.#table.expire(time);
  }

  /** The capture is over: ends every flow, which gives the last events. The pipeline can go on afterwards. */
  flush(time: number): void {
    this.#fragments.flush();
    this.#table.flush(time);
  }

  /** Counts by which the sensor judges itself. */
  health(): Omit<SensorCounters, 'overload'> & { readonly flowsEvicted: number } {
    const { given, unparsed } = this.#dissection;
    return {
      packets: this.packets,
      bytes: this.bytes,
      gaps: this.#reassembler.gaps,
      gapBytes: this.#reassembler.gapBytes,
      protocols: this.#protocols.map((protocol, i) => ({
        protocol,
        bytes: given[i] as number,
        unparsed: unparsed[i] as number,
      })),
      flowsEvicted: this.#table.evicted,
    };
  }

  /** Counts so far; those of dissectors include only flows that have ended. */
  summary(): PipelineSummary {
    const otherFrames: Record<string, number> = {};
    for (const [type, count] of [...this.#otherFrames].sort(([a], [b]) => a - b))
      otherFrames[type === 0 ? 'llc' : `0x${type.toString(16).padStart(4, '0')}`] = count;
    const events: Record<string, number> = {};
    for (const [name, { count }] of [...this.#events].sort(([a], [b]) => (a < b ? -1 : 1))) events[name] = count;
    return {
      packets: this.packets,
      bytes: this.bytes,
      flows: this.#table.created,
      activeFlows: this.#table.size,
      otherFrames,
      duplicateBytes: this.#reassembler.duplicateBytes,
      events,
      dropped: {
        malformed: this.#malformed,
        unknownLink: this.#unknownLink,
        wrongChecksums: this.#wrongChecksums,
        fragments: this.#fragments.dropped,
        flowsEvicted: this.#table.evicted,
        gaps: this.#reassembler.gaps,
        gapBytes: this.#reassembler.gapBytes,
        straySegments: this.#reassembler.strays,
        resynchronised: this.#reassembler.resynchronised,
        unclaimedBytes: this.#dissection.unclaimedBytes,
        unparsedBytes: this.#dissection.unparsedBytes,
        violations: this.#dissection.violations,
        dissectorFaults: this.#dissection.faults,
        untrackedRegisters: this.#modbus.untracked,
      },
    };
  }
}
