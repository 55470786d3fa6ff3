/**
 * The firewall's own place in each zone: the gateway's address and the MAC that it has on the wire in memory, on whichever interface the
 * engine put into the zone. The engine keeps the gateway's address for itself and gives the container another one, so it is exchanged here; and
 * again whenever a network was taken away and given back.
 */
import { readFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { formatMac, inSubnet, type MacAddress, parseIpv4, parseSubnet } from '@penstock/protocols/ethernet';
import type { Layout, ZoneLayout } from './layout.ts';

/** What the system has now: interfaces by name, and whether there is a default route. */
export interface Surroundings {
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
  readonly defaultRoute: boolean;
}

export function surroundings(): Surroundings {
  // Columns: interface, destination and gateway as hexadecimal words.
  const routes = readFileSync('/proc/net/route', 'utf8').split('\n');
  return { interfaces: networkInterfaces(), defaultRoute: routes.some((line) => line.split('\t')[1] === '00000000') };
}

/** The interface in a zone, by an address that it has there. */
export function interfaceIn(zone: ZoneLayout, { interfaces }: Surroundings): string | undefined {
  const subnet = parseSubnet(zone.subnet);
  return Object.keys(interfaces).find((name) =>
    interfaces[name]?.some(({ family, address }) => family === 'IPv4' && inSubnet(parseIpv4(address), subnet)),
  );
}

/**
 * Words for `busybox`, a call a line, that put the firewall into its place; none where it is there already. (The `ip` of iproute2 gives up
 * whatever capability it was started with.) `macs` by zone. The default route goes too:
 * the engine points it at what is now the firewall's own address, and the plant has no way out.
 */
export function placing(layout: Layout, macs: ReadonlyMap<string, MacAddress>, now: Surroundings): string[] {
  const lines = now.defaultRoute ? ['ip route del default'] : [];
  for (const zone of layout.zones) {
    const name = interfaceIn(zone, now);
    if (name === undefined) continue;
    const infos = (now.interfaces[name] ?? []).filter(({ family }) => family === 'IPv4');
    const mac = formatMac(macs.get(zone.id) as MacAddress);
    if (infos[0]?.mac !== mac) lines.push(`ifconfig ${name} hw ether ${mac}`);
    // The first address of a subnet takes the later ones with it when it goes, so the other goes first.
    for (const { address, cidr } of infos) if (address !== zone.gateway) lines.push(`ip addr del ${cidr} dev ${name}`);
    if (!infos.some(({ address }) => address === zone.gateway))
      lines.push(`ip addr add ${zone.gateway}/${zone.subnet.split('/')[1]} dev ${name}`);
  }
  return lines;
}
