/** Who talks to whom, counted from the frames; what a page shows of it second by second. Bounded; what finds no room is not shown. */
import type { FlowMessage, FlowsMessage, FrameSink, PlantSpec } from '@penstock/core';
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  formatIpv4,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  readIpv4Address,
  readUint16,
  TCP_ACK,
  TCP_RST,
  TCP_SYN,
} from '@penstock/protocols/ethernet';
import { isOrder, usualAt } from '@penstock/protocols/packet';
import { gatewayAddress } from '@penstock/simulator/kernel';

const ETHERNET = 14;
const UDP_HEADER = 8;
const MOST_FLOWS = 2000;
/** A flow that was silent for so long is no longer shown, seconds. */
const SHOWN_FOR = 300;

interface Flow {
  /** Addresses. */
  readonly source: string;
  readonly destination: string;
  /** Devices, or the addresses again where there is none. */
  readonly from: string;
  readonly to: string;
  readonly transport: string;
  readonly port: number;
  packets: number;
  bytes: number;
  writes: number;
  /** Microseconds since 1970. */
  last: number;
  opened: boolean;
  answered: boolean;
}

export class FlowMeter implements FrameSink {
  packets = 0;
  readonly #flows = new Map<string, Flow>();
  readonly #names: ReadonlyMap<string, string>;
  /** Microseconds since 1970 of the run's start. */
  readonly #epoch: number;
  readonly #known: (source: string, destination: string, transport: string, port: number) => boolean;

  /** @param known whether a conversation between two addresses was learned as normal */
  constructor(
    plant: PlantSpec,
    epoch: number,
    known: (source: string, destination: string, transport: string, port: number) => boolean,
  ) {
    this.#epoch = epoch;
    this.#known = known;
    this.#names = namesOf(plant);
  }

  frame(time: number, buffer: Uint8Array, start: number, end: number): void {
    this.packets++;
    const type = readUint16(buffer, start + 12);
    const ip = start + ETHERNET;
    if (type === ETHERTYPE_ARP && end >= ip + 28) {
      const flow = this.#flow(readIpv4Address(buffer, ip + 14), readIpv4Address(buffer, ip + 24), 'arp', 0);
      if (flow) count(flow, time, end - start);
    }
    if (type !== ETHERTYPE_IPV4 || end < ip + 20) return;
    const protocol = buffer[ip + 9];
    const at = ip + 4 * ((buffer[ip] as number) & 15);
    const source = readIpv4Address(buffer, ip + 12);
    const destination = readIpv4Address(buffer, ip + 16);
    if ((protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) || end < at + 8) {
      const flow = this.#flow(source, destination, 'icmp', 0);
      if (flow) count(flow, time, end - start);
      return;
    }
    const [from, to] = [readUint16(buffer, at), readUint16(buffer, at + 2)];
    const transport = protocol === PROTOCOL_TCP ? 'tcp' : 'udp';
    const forward = usualAt(to) !== undefined || (usualAt(from) === undefined && to <= from);
    const flow = forward
      ? this.#flow(source, destination, transport, to)
      : this.#flow(destination, source, transport, from);
    if (!flow) return;
    count(flow, time, end - start);
    const payload = protocol === PROTOCOL_TCP ? at + 4 * ((buffer[at + 12] as number) >> 4) : at + UDP_HEADER;
    if (forward && isOrder(buffer, payload, end, to)) flow.writes++;
    if (transport === 'udp') return;
    const flags = buffer[at + 13] as number;
    if ((flags & TCP_SYN) !== 0 && forward) flow.opened = true;
    if ((flags & TCP_ACK) !== 0 && (flags & TCP_RST) === 0 && !forward) flow.answered = true;
  }

  /** What happened since the last call. */
  take(now: number): FlowsMessage {
    const flows: FlowMessage[] = [];
    for (const [key, flow] of this.#flows) {
      const lastSeen = (flow.last - this.#epoch) / 1e6;
      if (now - lastSeen > SHOWN_FOR) {
        this.#flows.delete(key);
        continue;
      }
      const { source, destination, from, to, transport, port, packets, bytes, writes } = flow;
      flows.push({
        ...{ from, to, transport, packets, bytes, writes, lastSeen: Math.max(0, lastSeen) },
        protocol: usualAt(port) ?? transport,
        port: port === 0 ? null : port,
        // Whoever was heard first in an exchange without a connection may be the one who answers.
        fresh:
          !this.#known(source, destination, transport, port) &&
          (transport === 'tcp' || !this.#known(destination, source, transport, port)),
        refused: transport === 'tcp' && flow.opened && !flow.answered,
      });
      flow.packets = 0;
      flow.bytes = 0;
      flow.writes = 0;
    }
    const devices = new Set(flows.map(({ from }) => from)).size;
    return { time: now, flows, packets: this.packets, devices };
  }

  #flow(from: number, to: number, transport: string, port: number): Flow | undefined {
    const key = `${from}|${to}|${transport}|${port}`;
    // An answer from the very port that was asked (NTP), or to who asked for an address, belongs to the question.
    const known =
      this.#flows.get(key) ?? (transport === 'tcp' ? undefined : this.#flows.get(`${to}|${from}|${transport}|${port}`));
    if (known || this.#flows.size >= MOST_FLOWS) return known;
    const [source, destination] = [formatIpv4(from), formatIpv4(to)];
    const name = (address: string): string => this.#names.get(address) ?? address;
    const flow: Flow = {
      ...{ source, destination, from: name(source), to: name(destination) },
      ...{ transport, port, packets: 0, bytes: 0, writes: 0 },
      ...{ last: 0, opened: false, answered: false },
    };
    this.#flows.set(key, flow);
    return flow;
  }
}

/** Devices by address; the firewall has one in each zone, the first of its subnet. */
function namesOf(plant: PlantSpec): Map<string, string> {
  const names = new Map(plant.devices.map(({ address, id }) => [address, id]));
  const firewall = plant.devices.find(({ kind }) => kind === 'firewall');
  if (firewall)
    for (const { subnet } of plant.zones) {
      const first = gatewayAddress(subnet);
      if (!names.has(first)) names.set(first, firewall.id);
    }
  return names;
}

function count(flow: Flow, time: number, bytes: number): void {
  flow.packets++;
  flow.bytes += bytes;
  flow.last = time;
}
