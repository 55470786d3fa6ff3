import { readFileSync } from 'node:fs';
import { loadPlant, parseYamlText } from '@penstock/core';
import { listPlants } from '@penstock/range';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { version } from '../version.ts';
import { composeFile } from './compose.ts';
import { layoutOf } from './layout.ts';
import { probeOf } from './probes.ts';

const plants = listPlants().map(({ spec }) => spec);
const small = loadPlant(new URL('../../range/test/small-plant', import.meta.url)).spec;
const command = (id: string): string => `penstock compose ${id}`;
const fileOf = (plant: (typeof plants)[number], attacker?: string): string =>
  composeFile(plant, {
    ...{ version, seed: 1, hour: 9, command: command(plant.id) },
    ...(attacker !== undefined && { attacker }),
  });

interface ComposeService {
  readonly command: readonly string[];
  readonly user: string;
  readonly privileged?: boolean;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly network_mode?: string;
  readonly networks?: Readonly<Record<string, { ipv4_address: string }>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly dns?: readonly string[];
  readonly pid?: string;
  readonly devices?: readonly string[];
  readonly mem_limit: string;
  readonly pids_limit: number;
  readonly healthcheck?: { readonly test: readonly string[] };
}
const read = (text: string) =>
  parseYamlText(text, 'docker-compose.yml', z.any()) as {
    services: Record<string, ComposeService>;
    networks: Record<string, { driver_opts: Record<string, string>; internal?: boolean }>;
  };

/** With every zone as the attacker's. */
const all = [...plants, small].flatMap((plant) =>
  [undefined, ...plant.zones.map(({ id }) => id)].map((zone) => {
    const text = fileOf(plant, zone);
    return { plant, zone, text, file: read(text) };
  }),
);

describe('the compose file', () => {
  it('at the root is what penstock compose drinking-water prints; after a change: penstock compose > docker-compose.yml', () => {
    const plant = plants.find(({ id }) => id === 'drinking-water') as (typeof plants)[number];
    expect(readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8')).toBe(fileOf(plant));
  });

  it('has a service for each device, at its address in its zone and on the management network', () => {
    for (const { plant, file } of all) {
      const { services } = file;
      const layout = layoutOf(plant);
      for (const device of plant.devices) {
        expect(services[device.id], device.id).toBeDefined();
        const networks = services[device.id]?.networks ?? {};
        expect(networks.management?.ipv4_address).toBe(layout.managementOf(device.id));
        if (device.kind === 'firewall') expect(Object.keys(networks)).toHaveLength(plant.zones.length + 1);
        else expect(networks[device.zone]?.ipv4_address).toBe(device.address);
      }
    }
  });

  it('gives no container more than it needs: read-only, no privileges, nothing of the engine’s or the host’s', () => {
    for (const { file } of all)
      for (const [name, service] of Object.entries(file.services)) {
        expect(service, name).toMatchObject({ read_only: true, cap_drop: ['ALL'], pids_limit: expect.any(Number) });
        expect(service.privileged ?? service.pid ?? service.devices, name).toBeUndefined();
        expect(service.mem_limit, name).toMatch(/^\d+m$/);
        // Named volumes alone: no folder and no socket of the host.
        for (const volume of service.volumes ?? []) expect(volume, name).toMatch(/^(runs|sensor|attack):\//);
        if (service.network_mode === undefined) expect(service.dns, name).toEqual(['127.0.0.1']);
        // A capability on a file is the one thing that needs new privileges.
        if (service.cap_add === undefined || service.user === '0:0')
          expect(service.security_opt, name).toEqual(['no-new-privileges:true']);
      }
  });

  it('runs as root only what a shell for attackers needs, and says why beside every root, capability and namespace', () => {
    for (const { text, zone, file } of all) {
      const roots = Object.entries(file.services).filter(([, { user }]) => user !== '1000:1000');
      expect(roots.map(([name]) => name)).toEqual(zone === undefined ? [] : ['attack-box']);
      for (const line of text.split('\n'))
        if (/^\s+(user: "0|cap_add|network_mode)/.test(line)) expect(line).toMatch(/ # \w+/);
    }
  });

  it('adds capabilities for packets to the sensor, the firewall and the attack box alone', () => {
    for (const { file, zone, plant } of all) {
      const added = Object.entries(file.services).flatMap(([name, { cap_add }]) => (cap_add ? [[name, cap_add]] : []));
      const firewall = plant.devices.find(({ kind }) => kind === 'firewall')?.id ?? 'firewall';
      const attack = zone === undefined ? {} : { 'attack-box': BOTH, 'attack-agent': BOTH };
      const router = plant.zones.length > 1 ? { [firewall]: ['NET_ADMIN'] } : {};
      expect(Object.fromEntries(added)).toEqual({ sensor: ['NET_RAW'], ...router, ...attack });
    }
  });

  it('publishes the page on this host’s loopback and nothing else', () => {
    for (const { file } of all)
      for (const [name, { ports }] of Object.entries(file.services))
        expect(ports, name).toEqual(name === 'range' ? [`127.0.0.1:$\{PENSTOCK_PORT:-8080}:8080`] : undefined);
  });

  it('gives no zone an address of the host, and no network a masquerade', () => {
    for (const { plant, file } of all)
      for (const [name, { driver_opts, internal }] of Object.entries(file.networks)) {
        expect(driver_opts['com.docker.network.bridge.enable_ip_masquerade'], name).toBe('false');
        const zone = plant.zones.some(({ id }) => id === name);
        expect(driver_opts['com.docker.network.bridge.inhibit_ipv4'], name).toBe(zone ? 'true' : undefined);
        expect(internal, name).toBe(name === 'management' ? true : undefined);
      }
  });

  it('keeps the attack box off every network but its zone’s', () => {
    for (const { zone, file } of all)
      if (zone !== undefined) expect(Object.keys(file.services['attack-box']?.networks ?? {})).toEqual([zone]);
  });

  it('takes a plant from a folder elsewhere into the roles that read it', () => {
    const text = composeFile(small, { version, seed: 3, hour: 0, command: 'x', folder: '/srv/plants/tank' });
    const mounted = Object.entries(read(text).services).filter(([, { volumes }]) =>
      volumes?.includes(`/srv/plants/tank:/penstock/plants/${small.id}:ro`),
    );
    expect(mounted.map(([name]) => name)).toEqual(['range', 'sensor']);
  });

  it('puts OPC UA with security into the network of its server, with nothing of its own', () => {
    const plant = plants.find(({ id }) => id === 'drinking-water') as (typeof plants)[number];
    const options = { version, seed: 1, hour: 9, command: 'x', fronts: ['historian-replica'] };
    const { services } = read(composeFile(plant, options));
    expect(services['historian-replica-front']).toMatchObject({
      ...{ network_mode: 'service:historian-replica', user: '1000:1000', read_only: true, cap_drop: ['ALL'] },
      ...{ command: ['role', 'opcua-front', 'historian-replica', '--plant', 'drinking-water'] },
      healthcheck: { test: ['CMD', '/penstock/docker/health', 'opcua', '10.40.35.10', '4843'] },
    });
    const { networks, ports, cap_add } = services['historian-replica-front'] as ComposeService;
    expect([networks, ports, cap_add]).toEqual([undefined, undefined, undefined]);
    expect(Object.keys(read(fileOf(plant)).services)).not.toContain('historian-replica-front');
  });

  it('asks each device for its health in the protocol that it serves', () => {
    const plant = plants.find(({ id }) => id === 'drinking-water') as (typeof plants)[number];
    const probe = (id: string): readonly string[] => probeOf(plant.devices.find((one) => one.id === id) as never);
    expect(probe('intake-plc')).toEqual(['modbus', '10.40.10.11', '502']);
    expect(probe('services')[0]).toBe('ntp');
    expect(probe('scada')).toEqual(['http', 'http://10.40.20.10:8080/']);
    expect(probe('booster-rtu')).toEqual(['dnp3', '10.40.12.12', '20000', '12', '2']);
    expect(probe('filters-plc')[0]).toBe('modbus');
    expect(probe('jump-host')[0]).toBe('file');
  });

  it('asks for the health of a server, a broker, a building’s controller and a door in their own words', () => {
    const probes = (name: string): (readonly string[])[] =>
      loadPlant(new URL(`../../range/test/${name}`, import.meta.url)).spec.devices.map(probeOf);
    expect(probes('ventilation-plant')).toContainEqual(['bacnet', '10.9.3.21', '47808']);
    expect(probes('gateway-plant')).toContainEqual(['mqtt', '10.9.35.21', '1883']);
    expect(probes('doors-plant')).toContainEqual(['http', 'http://10.7.4.50:80/']);
    const [tank] = loadPlant(new URL('../../range/test/opcua-plant', import.meta.url)).spec.devices;
    const only = (protocol: string) => ({
      ...(tank as NonNullable<typeof tank>),
      services: (tank as NonNullable<typeof tank>).services.filter((service) => service.protocol === protocol),
    });
    expect(probeOf(only('opcua'))).toEqual(['opcua', '10.9.41.13', '4840']);
    expect(probeOf(only('none'))[0]).toBe('file');
  });
});

const BOTH = ['NET_RAW', 'NET_ADMIN'];
