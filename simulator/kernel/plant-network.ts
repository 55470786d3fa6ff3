/** The wire of a plant: a segment a zone, a host a device, and a firewall whose rules are the conduits. */
import { type DeviceSpec, PenstockError, type PlantSpec } from '@penstock/core';
import {
  formatIpv4,
  formatMac,
  inSubnet,
  type MacAddress,
  parseIpv4,
  parseMac,
  parseSubnet,
} from '@penstock/protocols/ethernet';
import { Firewall } from './firewall.ts';
import type { Host } from './host.ts';
import { EMBEDDED, LINUX, type StackProfile, WINDOWS } from './profile.ts';
import type { EventQueue } from './queue.ts';
import { Wire } from './wire.ts';

export interface PlantNetwork {
  readonly wire: Wire;
  /** Undefined where the plant has one zone and no device of that kind. */
  readonly firewall: Firewall | undefined;
  /** The host of a device. @throws PenstockError `wire.host` with the nearest id. */
  host(device: string): Host;
  /**
   * Whether what a host opens to a service gets there, and for TCP an answer back: on its own segment it does, elsewhere the firewall's rules
   * as they stand decide. @throws PenstockError `wire.host`, `address.ipv4`
   */
  reaches(from: string, to: { address: string; port: number; transport?: 'tcp' | 'udp' }): boolean;
  /**
   * Brings a host that the plant does not declare (a trainee's computer, an intruder's box) into a zone, at `address` or at the highest
   * free one. The firewall treats it like anybody else: no conduit names it.
   * @throws PenstockError `wire.segment`, `wire.host`, `wire.address`.
   */
  addGuest(id: string, zone: string, address?: string): Host;
}

const PROFILES: Record<DeviceSpec['kind'], StackProfile> = {
  plc: EMBEDDED,
  rtu: EMBEDDED,
  ied: EMBEDDED,
  sis: EMBEDDED,
  drive: EMBEDDED,
  instrument: EMBEDDED,
  iot: EMBEDDED,
  scada: WINDOWS,
  hmi: WINDOWS,
  historian: WINDOWS,
  workstation: WINDOWS,
  'jump-host': WINDOWS,
  gateway: LINUX,
  firewall: LINUX,
  server: LINUX,
};

/** The firewall's address in a zone: the first of its subnet (CIDR). */
export const gatewayAddress = (subnet: string): string => formatIpv4(parseSubnet(subnet).network + 1);

/** MAC of the firewall where the plant declares no such device: locally administered. */
const FIREWALL_MAC = parseMac('02:00:5e:00:00:01');
/** Prefix of guests' MAC addresses: a maker of laptops (Dell). */
const GUEST_MAC = parseMac('b8:ca:3a:00:00:00');

/**
 * Builds the network of `plant`. `epoch` of the tap is the plant's.
 * @throws PenstockError `wire.…` for addresses that clash or lie outside their zone, `network.firewall` for a firewall that is not at the
 * first address of its zone, `network.conduit` for a conduit that names a device which does not exist.
 */
export function buildNetwork(queue: EventQueue, plant: PlantSpec, seed: number): PlantNetwork {
  const wire = new Wire(queue, { seed, epoch: Date.parse(plant.epoch) * 1000 });
  for (const { id, subnet, latency, jitter, loss } of plant.zones)
    wire.addSegment({ id, subnet, latency, jitter, loss });
  const spec = plant.devices.find((device) => device.kind === 'firewall');
  const firewall = spec !== undefined || plant.zones.length > 1 ? buildFirewall(wire, plant, spec) : undefined;
  for (const device of plant.devices) {
    if (device === spec) continue;
    const { id, zone: segment, address, mac } = device;
    wire.addHost({ id, segment, address, mac, profile: profileOf(device.kind), up: !device.absent });
  }
  let guests = 0;
  return {
    wire,
    firewall,
    host: (device) => wire.host(device),
    reaches(from, { address, port, transport = 'tcp' }) {
      const host = wire.host(from);
      const target = parseIpv4(address);
      if (inSubnet(target, host.segment.subnet)) return true;
      return firewall?.passes(host.address, target, transport, port) ?? false;
    },
    addGuest(id, zone, address) {
      const segment = wire.segment(zone);
      const mac = formatMac(GUEST_MAC + ++guests);
      return wire.addHost({
        id,
        segment: zone,
        address: address ?? formatIpv4(highestFree(segment)),
        mac,
        profile: LINUX,
      });
    },
  };
}

/** How a device's network stack shows itself, by what kind of device it is. */
export const profileOf = (kind: DeviceSpec['kind']): StackProfile => PROFILES[kind];

/** The firewall's MAC address in each zone, by zone id: the device's own in its zone, those that follow it in the others. */
export function firewallMacs(plant: PlantSpec): ReadonlyMap<string, MacAddress> {
  const spec = plant.devices.find((device) => device.kind === 'firewall');
  const own = spec === undefined ? FIREWALL_MAC : parseMac(spec.mac);
  let next = own;
  return new Map(plant.zones.map(({ id }) => [id, id === spec?.zone ? own : ++next]));
}

function buildFirewall(wire: Wire, plant: PlantSpec, spec: DeviceSpec | undefined): Firewall {
  const firewall = new Firewall(wire, spec?.id ?? 'firewall', LINUX);
  for (const [zone, mac] of firewallMacs(plant)) {
    const segment = wire.segment(zone);
    if (spec !== undefined && zone === spec.zone && parseIpv4(spec.address) !== segment.gateway)
      throw new PenstockError(
        'network.firewall',
        `firewall '${spec.id}' has ${spec.address}; it must have the first address of zone '${zone}', ${formatIpv4(segment.gateway)}`,
      );
    firewall.plug(segment, segment.gateway, mac, undefined);
  }
  wire.register(firewall);
  for (const conduit of plant.conduits)
    for (const { from, to, transport, port } of conduit.allow)
      for (const source of from)
        for (const destination of to)
          firewall.allow({
            conduit: conduit.id,
            from: addressOf(plant, conduit.id, source),
            to: addressOf(plant, conduit.id, destination),
            transport,
            port,
            diode: conduit.diode,
          });
  return firewall;
}

function addressOf(plant: PlantSpec, conduit: string, id: string): number {
  const device = plant.devices.find((d) => d.id === id);
  if (device === undefined)
    throw new PenstockError(
      'network.conduit',
      `conduit '${conduit}' names device '${id}', which the plant does not have`,
    );
  return parseIpv4(device.address);
}

function highestFree(segment: {
  subnet: { broadcast: number; network: number };
  interfaces: readonly { address: number }[];
  id: string;
}): number {
  for (let address = segment.subnet.broadcast - 1; address > segment.subnet.network + 1; address--)
    if (!segment.interfaces.some((port) => port.address === address)) return address;
  throw new PenstockError('wire.address', `segment '${segment.id}' has no free address`);
}
