/** Which services of a plant real tools reach, from where they join the wire. */
import { dataPortsOf, dottedOf, type ServiceSpec, subnetOf } from '@penstock/core';
import type { GateService } from '@penstock/simulator/kernel';
import { TRAINEE } from './outside.ts';
import type { Plant } from './plants.ts';
import type { Range } from './range.ts';

/** Transport of each protocol and the port where it is unless `plant.yaml` says otherwise. */
const STANDARD: Readonly<
  Record<ServiceSpec['protocol'], { readonly transport: 'tcp' | 'udp'; readonly port?: number }>
> = {
  modbus: { transport: 'tcp', port: 502 },
  s7: { transport: 'tcp', port: 102 },
  dnp3: { transport: 'tcp', port: 20_000 },
  bacnet: { transport: 'udp', port: 47_808 },
  mqtt: { transport: 'tcp', port: 1883 },
  opcua: { transport: 'tcp', port: 4840 },
  web: { transport: 'tcp', port: 80 },
  telnet: { transport: 'tcp', port: 23 },
  ftp: { transport: 'tcp', port: 21 },
  snmp: { transport: 'udp', port: 161 },
  scada: { transport: 'tcp', port: 80 },
  historian: { transport: 'tcp', port: 80 },
  ntp: { transport: 'udp', port: 123 },
  dns: { transport: 'udp', port: 53 },
  syslog: { transport: 'udp', port: 514 },
};

/** Where everybody in a zone hears. */
function broadcastOf({ spec }: Plant, zone: string): string {
  const subnet = spec.zones.find(({ id }) => id === zone)?.subnet;
  return dottedOf(subnet === undefined ? 0xffff_ffff : subnetOf(subnet).last);
}

/** Every service that a device of the plant declares. */
export function gateServices(plant: Plant): GateService[] {
  return plant.spec.devices
    .filter((device) => !device.absent)
    .flatMap(({ id, address, zone, services }) =>
      services.flatMap((service) => {
        const { protocol } = service;
        const { transport: usual, port: standard } = STANDARD[protocol];
        const transport = service.protocol === 'dnp3' ? service.transport : usual;
        const at = service.port ?? standard;
        if (at === undefined) return [];
        // Passive data connections of a tool come in like any other.
        const data = service.protocol === 'ftp' ? dataPortsOf(service) : [];
        const everybody = protocol === 'bacnet' ? { broadcast: broadcastOf(plant, zone) } : {};
        return [
          { device: id, service: protocol, address, port: at, transport, ...everybody },
          ...data.map((port) => ({ device: id, service: 'ftp-data', address, port, transport })),
        ];
      }),
    );
}

/**
 * Those of `services` that the trainee's host reaches through the conduits as they stand, and the others: a gate to them would take a
 * tool's connection only to let it down.
 */
export function reachedFromTrainee(
  range: Range,
  services: readonly GateService[],
): { reached: GateService[]; unreached: GateService[] } {
  const reaches = (service: GateService): boolean => range.network.reaches(TRAINEE, service);
  return { reached: services.filter(reaches), unreached: services.filter((service) => !reaches(service)) };
}
