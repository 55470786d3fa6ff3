/**
 * Where everything of a range in containers is: addresses, bridges, sockets. Worked out from the plant alone, so that the compose file and
 * the roles inside of the containers agree without telling each other.
 */
import type { DeviceSpec, PlantSpec } from '@penstock/core';
import { formatIpv4, parseSubnet } from '@penstock/protocols/ethernet';
import { gatewayAddress } from '@penstock/simulator/kernel';

/** Level-0 wiring, registration, journal and control. No zone reaches it, and it has no way out. */
const MANAGEMENT = '10.255.47.0/24';
/** Only the range is on it: what publishes its page on the host's loopback. */
const PAGE = '10.255.48.0/24';
/** The range on the management network. */
export const RANGE_ADDRESS = '10.255.47.10';
/** TCP port of the range on the management network. */
export const MANAGEMENT_PORT = 7001;
/** TCP port of the page, in the container and on 127.0.0.1 of the host. */
export const PAGE_PORT = 8080;
/** Unix sockets on volumes that the range shares with the sensor, and with the attack box's agent. */
export const SENSOR_SOCKET = '/run/penstock/sensor/sensor.sock';
export const ATTACK_SOCKET = '/run/penstock/attack/attack.sock';
/** TCP port of OPC UA with security, at the address of the device that it stands in front of. */
export const FRONT_PORT = 4843;
/** Where the range keeps its runs. */
export const RUNS = '/var/lib/penstock';
/** What a role touches while it is as it should be. */
export const ALIVE = '/tmp/alive';
/** Id of the attack box on the plant's network and in the registry. */
export const ATTACK_BOX = 'attack-box';

/** Maker's prefix (Dell, laptops) and a number that no device of a plant has. */
const ATTACK_MAC = 'b8:ca:3a:00:00:a1';
const INTERFACE_NAME = 15;

export interface ZoneLayout {
  readonly id: string;
  readonly subnet: string;
  /** First address of the subnet: the firewall's. */
  readonly gateway: string;
  /** Address that the firewall's container is given by the engine; it adds the gateway's itself. */
  readonly firewall: string;
  /** Name of the bridge on the host. */
  readonly bridge: string;
}

export interface AttackBoxLayout {
  readonly zone: string;
  readonly address: string;
  readonly mac: string;
}

export interface Layout {
  readonly zones: readonly ZoneLayout[];
  readonly management: { readonly subnet: string; readonly range: string; readonly bridge: string };
  readonly page: { readonly subnet: string; readonly range: string; readonly bridge: string };
  /** Address of a device on the management network. */
  managementOf(device: string): string;
  /** The attack box, in whichever zone it is put. */
  attackBox(zone: string): AttackBoxLayout;
}

/** Where everybody in a zone is spoken to; undefined for a zone that the plant does not have. */
export function broadcastIn(plant: PlantSpec, zone: string): string | undefined {
  const found = plant.zones.find(({ id }) => id === zone);
  return found && formatIpv4(parseSubnet(found.subnet).broadcast);
}

/** The device that is the firewall; a plant of one zone may have none. */
export const firewallOf = (plant: PlantSpec): DeviceSpec | undefined =>
  plant.devices.find((d) => d.kind === 'firewall');

/** @throws Error when the plant check let an address pass that is none */
export function layoutOf(plant: PlantSpec): Layout {
  const zones = plant.zones.map(({ id, subnet }): ZoneLayout => {
    const { broadcast } = parseSubnet(subnet);
    const bridge = `ps-${id}`.slice(0, INTERFACE_NAME);
    return { id, subnet, gateway: gatewayAddress(subnet), firewall: formatIpv4(broadcast - 1), bridge };
  });
  const management = parseSubnet(MANAGEMENT).network;
  return {
    zones,
    management: { subnet: MANAGEMENT, range: RANGE_ADDRESS, bridge: 'ps-mgmt' },
    page: { subnet: PAGE, range: formatIpv4(parseSubnet(PAGE).network + 10), bridge: 'ps-page' },
    managementOf(device) {
      const place = plant.devices.findIndex(({ id }) => id === device);
      if (place < 0) throw new Error(`plant '${plant.id}' has no device '${device}'`);
      return formatIpv4(management + 20 + place);
    },
    attackBox(zone) {
      const found = zones.find(({ id }) => id === zone);
      if (found === undefined) throw new Error(`plant '${plant.id}' has no zone '${zone}'`);
      return { zone, address: formatIpv4(parseSubnet(found.subnet).broadcast - 4), mac: ATTACK_MAC };
    },
  };
}
