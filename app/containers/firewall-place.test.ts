import type { NetworkInterfaceInfo } from 'node:os';
import { loadPlant } from '@penstock/core';
import { formatMac } from '@penstock/protocols/ethernet';
import { firewallMacs } from '@penstock/simulator/kernel';
import { describe, expect, it } from 'vitest';
import { interfaceIn, placing, type Surroundings } from './firewall-place.ts';
import { layoutOf, type ZoneLayout } from './layout.ts';

const { spec } = loadPlant(new URL('../../plants/drinking-water', import.meta.url));
const layout = layoutOf(spec);
const macs = firewallMacs(spec);
const [zone] = layout.zones as readonly [ZoneLayout];
const mac = formatMac(macs.get(zone.id) as number);

const at = (address: string, hardware: string): NetworkInterfaceInfo => ({
  ...{ address, mac: hardware, family: 'IPv4', internal: false, netmask: '255.255.255.0', cidr: `${address}/24` },
});
const only = (infos: readonly NetworkInterfaceInfo[], defaultRoute = false): Surroundings => ({
  interfaces: { lo: [at('127.0.0.1', '00:00:00:00:00:00')], eth3: infos },
  defaultRoute,
});

describe('the firewall’s place in a zone', () => {
  it('is the interface that the engine gave an address of the zone, whatever it is called', () => {
    expect(interfaceIn(zone, only([at(zone.firewall, '02:42:0a:28:0b:fe')]))).toBe('eth3');
    expect(interfaceIn(zone, only([at('192.0.2.1', '02:42:0a:28:0b:fe')]))).toBeUndefined();
  });

  it('is taken by exchanging the engine’s address and MAC for the gateway’s, and without a way out', () => {
    expect(placing(layout, macs, only([at(zone.firewall, '02:42:0a:28:0b:fe')], true))).toEqual([
      'ip route del default',
      `ifconfig eth3 hw ether ${mac}`,
      `ip addr del ${zone.firewall}/24 dev eth3`,
      `ip addr add ${zone.gateway}/24 dev eth3`,
    ]);
  });

  it('is left alone once it is taken', () => {
    expect(placing(layout, macs, only([at(zone.gateway, mac)]))).toEqual([]);
  });

  it('has the MAC addresses that the firewall has on the wire in memory', () => {
    const firewall = spec.devices.find(({ kind }) => kind === 'firewall');
    expect(formatMac(macs.get(firewall?.zone ?? '') as number)).toBe(firewall?.mac);
    expect(new Set(macs.values()).size).toBe(spec.zones.length);
  });
});
