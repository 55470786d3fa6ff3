/**
 * The compose file of a plant's range, as text with the reasons in it. For docker-compose 1.29 (file format 2.4) and for the Compose
 * specification, which takes the same words.
 */
import type { DeviceSpec, PlantSpec } from '@penstock/core';
import { profileOf } from '@penstock/simulator/kernel';
import {
  ALIVE,
  ATTACK_SOCKET,
  FRONT_PORT,
  firewallOf,
  type Layout,
  layoutOf,
  PAGE_PORT,
  RUNS,
  SENSOR_SOCKET,
} from './layout.ts';
import { probeOf } from './probes.ts';

export interface ComposeOptions {
  /** Of Penstock; containers carry it as a label. */
  readonly version: string;
  readonly seed: number;
  readonly hour: number;
  /** Zone that an attack box is put into. */
  readonly attacker?: string;
  /** Ids of devices that get OPC UA with security in front of their own. */
  readonly fronts?: readonly string[];
  /** Full path of the plant's folder where the plant is not one of the image's own. */
  readonly folder?: string;
  /** The command that printed it, for the first line. */
  readonly command: string;
}

/** Labels by which `penstock doctor` and docker/clean find everything of a range. */
export const PLANT_LABEL = 'io.penstock.plant';
export const VERSION_LABEL = 'io.penstock.version';

/** Linux capabilities, and why a service has them. */
interface Grant {
  readonly capabilities: readonly string[];
  readonly why: string;
}

interface Service {
  readonly name: string;
  readonly about: string;
  readonly image: string;
  readonly build?: readonly string[];
  readonly entrypoint?: string;
  readonly command: readonly string[];
  readonly root?: string;
  readonly grant?: Grant;
  /** Programs with file capabilities start with what they bear only where new privileges may be gained. */
  readonly fileCapabilities?: string;
  readonly megabytes: number;
  readonly processes: number;
  readonly tmpfs?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly mac?: string;
  /** Namespace of another service or of the host, and why; networks otherwise. */
  readonly network?: { readonly mode: string; readonly why: string };
  readonly networks?: Readonly<Record<string, string>>;
  readonly sysctls?: readonly Sysctl[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly stop: string;
  readonly probe?: readonly string[];
  readonly more?: readonly string[];
}

type Sysctl = readonly [name: string, value: number | string, why?: string];

/** `--max-semi-space-size` trades a little time for the 16 MiB of young heap that each of many small processes would keep. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-semi-space-size=1 --max-old-space-size=96' };

/** @throws Error for an attacker's zone that the plant does not have */
export function composeFile(plant: PlantSpec, options: ComposeOptions): string {
  const layout = layoutOf(plant);
  const labels = `{ ${PLANT_LABEL}: ${plant.id}, ${VERSION_LABEL}: "${options.version}" }`;
  const services = servicesOf(plant, layout, options);
  return `# ${plant.name} as containers on the networks of its zones. Printed by: ${options.command}
# What is where, the attack box, and what to do without a registry: docker/README.md
version: "2.4"

services:
${services.map((service) => serviceText(service, labels)).join('\n')}
networks:
${layout.zones.map((zone) => zoneText(plant, zone)).join('')}\
  # Wiring of the controllers to the process, journal and control. No zone reaches it, and it has no way out.
  management:
    driver: bridge
    internal: true
    driver_opts: { ${bridge(layout.management.bridge)} }
    ipam: { config: [{ subnet: ${layout.management.subnet} }] }
    labels: { ${PLANT_LABEL}: ${plant.id} }
  # Only the range is on it: an internal network cannot publish a port. Nothing is masqueraded, so nothing that left would get an answer.
  page:
    driver: bridge
    driver_opts: { ${bridge(layout.page.bridge)} }
    ipam: { config: [{ subnet: ${layout.page.subnet} }] }
    labels: { ${PLANT_LABEL}: ${plant.id} }

volumes:
  # The runs: journals, captures, tokens. Kept by "down"; "down --volumes" removes them.
  runs:
    labels: { ${PLANT_LABEL}: ${plant.id} }
${socketVolume('sensor', 'the sensor and the range', plant)}\
${options.attacker === undefined ? '' : socketVolume('attack', "the attack box's agent and the range", plant)}`;
}

function servicesOf(plant: PlantSpec, layout: Layout, options: ComposeOptions): Service[] {
  const firewall = firewallOf(plant);
  const mount = options.folder === undefined ? [] : [`${options.folder}:/penstock/plants/${plant.id}:ro`];
  return [
    range(plant, layout, options, mount),
    sensor(plant, mount),
    ...(firewall === undefined && plant.zones.length < 2 ? [] : [firewallService(layout, firewall)]),
    ...plant.devices.filter((device) => device !== firewall).map((device) => deviceService(device, layout)),
    ...plant.devices
      .filter(({ id }) => options.fronts?.includes(id))
      .map((device) => frontService(plant, device, mount)),
    ...(options.attacker === undefined ? [] : attackServices(plant, layout, options.attacker, mount)),
  ];
}

function range(plant: PlantSpec, layout: Layout, options: ComposeOptions, mount: readonly string[]): Service {
  const { seed, hour, attacker } = options;
  return {
    name: 'range',
    about: 'The process, the one writer of the journals, the monitor, scenarios, and the page.',
    image: 'penstock',
    build: build('penstock'),
    command: ['role', 'range', '--plant', plant.id, '--seed', String(seed), '--hour', String(hour)],
    megabytes: 768,
    processes: 64,
    environment: { NODE_OPTIONS: '--max-old-space-size=512', PENSTOCK_PORT: given('PENSTOCK_PORT', String(PAGE_PORT)) },
    networks: { page: layout.page.range, management: layout.management.range },
    sysctls: [...CLOSED, ['net.ipv4.ip_default_ttl', 1, 'what it sends ends at this host: no router passes it on']],
    ports: [`127.0.0.1:${given('PENSTOCK_PORT', String(PAGE_PORT))}:${PAGE_PORT}`],
    volumes: [`runs:${RUNS}`, `sensor:${folderOf(SENSOR_SOCKET)}`, ...attackVolume(attacker), ...mount],
    // The run's files are written out.
    stop: '20s',
    probe: ['http', `http://127.0.0.1:${PAGE_PORT}/`],
  };
}

const sensor = (plant: PlantSpec, mount: readonly string[]): Service => ({
  name: 'sensor',
  about: 'The tap: captures on the bridge of each zone, and hands the frames to the range over a socket.',
  image: 'penstock',
  command: ['role', 'sensor', '--plant', plant.id],
  grant: { capabilities: ['NET_RAW'], why: 'tcpdump opens packet sockets; it alone has it, by its file' },
  fileCapabilities: 'tcpdump',
  megabytes: 256,
  processes: 64,
  environment: SMALL_HEAP,
  network: { mode: 'host', why: "the bridges are in the host's namespace; it listens on nothing there" },
  volumes: [`sensor:${folderOf(SENSOR_SOCKET)}`, ...mount],
  dependsOn: ['range'],
  stop: '5s',
  probe: ['file', ALIVE, '15'],
});

const firewallService = (layout: Layout, device: DeviceSpec | undefined): Service => ({
  name: device?.id ?? 'firewall',
  about: `${device?.name ?? 'Firewall'}: routes between the zones by the plant's conduits, drops and logs the rest.`,
  image: 'penstock',
  command: ['role', 'firewall', device?.id ?? 'firewall'],
  grant: {
    capabilities: ['NET_ADMIN'],
    why: "rules and the gateways' addresses; nft, busybox and tcpdump have it by their files, in this container's namespace only",
  },
  fileCapabilities: 'nft, busybox and tcpdump',
  megabytes: 192,
  processes: 64,
  environment: SMALL_HEAP,
  networks: {
    ...Object.fromEntries(layout.zones.map(({ id, firewall }) => [id, firewall])),
    ...(device && { management: layout.managementOf(device.id) }),
  },
  sysctls: [
    ['net.ipv4.ip_forward', 1, 'it is the router; without rules it has no gateway address either'],
    ['net.ipv4.ip_nonlocal_bind', 1, "it speaks from the gateways' addresses, which it takes once it has its rules"],
    ['net.ipv4.conf.all.rp_filter', 0, 'its rules judge false sources, and log them'],
    ['net.ipv4.conf.default.rp_filter', 0],
    ['net.ipv4.conf.all.send_redirects', 0, 'a firewall tells nobody a shorter way'],
    ['net.ipv4.conf.default.send_redirects', 0],
    ...STRICT_ARP,
    NO_IPV6,
  ],
  dependsOn: ['range'],
  stop: '5s',
  probe: ['file', ALIVE, '15'],
});

function deviceService(device: DeviceSpec, layout: Layout): Service {
  const { timeToLive, windowScale } = profileOf(device.kind);
  return {
    name: device.id,
    about: `${device.name} (${device.kind})`,
    image: 'penstock',
    command: ['role', 'device', device.id],
    megabytes: 160,
    processes: 48,
    environment: SMALL_HEAP,
    mac: device.mac,
    networks: { [device.zone]: device.address, management: layout.managementOf(device.id) },
    sysctls: [
      ...(device.absent ? UNPLUGGED : CLOSED),
      ['net.ipv4.ip_unprivileged_port_start', 0, 'its standard ports without being root'],
      // The stack that the same device shows on the wire in memory (simulator/kernel/profile.ts).
      ['net.ipv4.ip_default_ttl', timeToLive, "as this kind of system's stack shows itself on the network"],
      ['net.ipv4.tcp_window_scaling', windowScale === undefined ? 0 : 1],
      ['net.ipv4.tcp_timestamps', 0],
    ],
    dependsOn: ['range'],
    stop: '5s',
    probe: probeOf(device),
  };
}

const frontService = (plant: PlantSpec, device: DeviceSpec, mount: readonly string[]): Service => ({
  name: `${device.id}-front`,
  about: `OPC UA with Sign and SignAndEncrypt at port ${FRONT_PORT} of ${device.id}; it takes every client's certificate.`,
  image: 'penstock',
  command: ['role', 'opcua-front', device.id, '--plant', plant.id],
  megabytes: 320,
  processes: 48,
  environment: { NODE_OPTIONS: '--max-semi-space-size=4 --max-old-space-size=224' },
  network: { mode: `service:${device.id}`, why: "it answers at the device's address, and speaks to nobody else" },
  volumes: mount,
  dependsOn: [device.id],
  stop: '5s',
  probe: ['opcua', device.address, String(FRONT_PORT)],
});

function attackServices(plant: PlantSpec, layout: Layout, zone: string, mount: readonly string[]): Service[] {
  const { address, mac } = layout.attackBox(zone);
  const grant = {
    capabilities: ['NET_RAW', 'NET_ADMIN'],
    why: "frames of one's own making: scans, captures, forged ARP; it is on no network but the zone's",
  };
  return [
    {
      name: 'attack-box',
      about: `A shell with the trade's tools in zone ${zone}: docker-compose exec attack-box bash`,
      image: 'penstock-attack-box',
      build: build('attack-box'),
      command: ['sleep', 'infinity'],
      root: 'the tools open raw sockets themselves, which needs the capabilities in the process',
      grant,
      megabytes: 512,
      processes: 256,
      tmpfs: ['/root:size=64m,mode=0700', '/run:size=4m,mode=0755'],
      mac,
      networks: { [zone]: address },
      sysctls: [
        [
          'net.ipv4.ip_forward',
          JSON.stringify(given('ATTACK_FORWARD', '0')),
          'the scenario engine passes on itself what it stands in between of; ATTACK_FORWARD=1 for arpspoof by hand',
        ],
        ['net.ipv4.conf.all.send_redirects', 0, 'and tells nobody'],
        ['net.ipv4.conf.default.send_redirects', 0],
        NO_IPV6,
      ],
      stop: '3s',
      more: ['stdin_open: true', 'tty: true'],
    },
    {
      name: 'attack-agent',
      about: `Acts for the scenario engine from the attack box: docker-compose exec attack-agent penstock adversary SCENARIO --box ${zone}`,
      image: 'penstock-attack-box',
      entrypoint: 'penstock',
      command: ['role', 'attack-box', '--plant', plant.id, '--zone', zone],
      grant,
      fileCapabilities: 'the program that makes its frames',
      megabytes: 256,
      processes: 64,
      network: { mode: 'service:attack-box', why: 'what it sends comes from the attack box' },
      volumes: [...attackVolume(zone), ...mount],
      dependsOn: ['range'],
      stop: '5s',
      probe: ['file', ALIVE, '15'],
    },
  ];
}

const NO_IPV6: Sysctl = ['net.ipv6.conf.all.disable_ipv6', 1];
/** An interface answers for its own address alone: a zone hears nothing of the management network's. */
const STRICT_ARP: readonly Sysctl[] = [
  ['net.ipv4.conf.all.arp_ignore', 1, 'no zone hears of the management address'],
  ['net.ipv4.conf.all.arp_announce', 2],
];
const CLOSED: readonly Sysctl[] = [
  ['net.ipv4.ip_forward', 0, 'on two networks, and no way from one to the other'],
  ['net.ipv4.conf.all.rp_filter', 1],
  ...STRICT_ARP,
  NO_IPV6,
];

/** Not there until it is plugged in: it answers to nobody but for ARP, which the management network needs as well. */
const UNPLUGGED: readonly Sysctl[] = [...CLOSED, ['net.ipv4.icmp_echo_ignore_all', 1]];

const folderOf = (socket: string): string => socket.slice(0, socket.lastIndexOf('/'));
const attackVolume = (attacker: string | undefined): string[] =>
  attacker === undefined ? [] : [`attack:${folderOf(ATTACK_SOCKET)}`];

/** What whoever starts it may give in the environment. */
const given = (variable: string, otherwise = ''): string => `\${${variable}:-${otherwise}}`;

const build = (target: string): string[] => [
  'context: .',
  'dockerfile: docker/Dockerfile',
  `target: ${target}`,
  // Where there is no registry, an image made on site; where npm has a mirror, its address.
  `args: { NODE_IMAGE: "${given('NODE_IMAGE', 'node:24-bookworm-slim')}", NPM_CONFIG_REGISTRY: "${given('NPM_CONFIG_REGISTRY')}" }`,
];

const bridge = (name: string): string =>
  `com.docker.network.bridge.name: ${name}, com.docker.network.bridge.enable_ip_masquerade: "false"`;

function zoneText(plant: PlantSpec, { id, subnet, gateway, bridge: name }: Layout['zones'][number]): string {
  const zone = plant.zones.find((one) => one.id === id);
  return `  # ${zone?.name}. No address of the host and no masquerade: the gateway is the firewall, and there is no other way out. "internal: true"
  # would let the engine drop what the firewall routes; "routed" (engines from 27 on, ignored before) keeps it from doing so.
  ${id}:
    driver: bridge
    driver_opts:
      com.docker.network.bridge.name: ${name}
      com.docker.network.bridge.enable_ip_masquerade: "false"
      com.docker.network.bridge.inhibit_ipv4: "true"
      com.docker.network.bridge.gateway_mode_ipv4: routed
    ipam: { config: [{ subnet: ${subnet}, gateway: ${gateway} }] }
    labels: { ${PLANT_LABEL}: ${plant.id} }
`;
}

const socketVolume = (name: string, between: string, plant: PlantSpec): string => `\
  # The socket between ${between}, in memory, so that none is left behind.
  ${name}:
    driver_opts: { type: tmpfs, device: tmpfs, o: "uid=1000,gid=1000,mode=0700,size=1m" }
    labels: { ${PLANT_LABEL}: ${plant.id} }
`;

const flow = (items: readonly string[]): string => `[${items.map((item) => JSON.stringify(item)).join(', ')}]`;
const because = (why: string | undefined): string => (why === undefined ? '' : ` # ${why}`);

function serviceText(service: Service, labels: string): string {
  const { name, grant, network, networks, sysctls } = service;
  const lines = [
    ...(service.build ? ['build:', ...service.build.map((line) => `  ${line}`)] : []),
    `image: ${service.image}`,
    ...(service.entrypoint ? [`entrypoint: ${flow([service.entrypoint])}`] : []),
    `command: ${flow(service.command)}`,
    ...(network ? [] : [`hostname: ${name}`]),
    service.root === undefined ? 'user: "1000:1000"' : `user: "0:0" # ${service.root}`,
    'read_only: true',
    `tmpfs: ${flow(['/tmp:size=16m,mode=1777', ...(service.tmpfs ?? [])])}`,
    'cap_drop: [ALL]',
    ...(grant ? [`cap_add: [${grant.capabilities.join(', ')}] # ${grant.why}`] : []),
    service.fileCapabilities === undefined
      ? 'security_opt: ["no-new-privileges:true"]'
      : `# Not no-new-privileges: it would take the capability of its file from ${service.fileCapabilities}.`,
    'init: true',
    'restart: unless-stopped',
    `stop_grace_period: ${service.stop}`,
    `mem_limit: ${service.megabytes}m`,
    `pids_limit: ${service.processes}`,
    ...Object.entries(service.environment ?? {}).flatMap(([key, value], i) => [
      ...(i === 0 ? ['environment:'] : []),
      `  ${key}: ${JSON.stringify(value)}`,
    ]),
    ...(service.dependsOn ? [`depends_on: ${flow(service.dependsOn)}`] : []),
    ...(service.mac === undefined ? [] : [`mac_address: ${service.mac}`]),
    ...(network ? [`network_mode: ${JSON.stringify(network.mode)} # ${network.why}`] : []),
    // Docker's own resolver hands on what it does not know to the host's; this one hands it to nobody.
    ...(networks ? ['dns: [127.0.0.1] # a dead end: no name is asked for outside', ...networkLines(networks)] : []),
    ...(sysctls ? ['sysctls:', ...sysctls.map(([key, value, why]) => `  ${key}: ${value}${because(why)}`)] : []),
    ...(service.ports ? [`ports: ${flow(service.ports)} # this host's loopback only`] : []),
    ...(service.volumes?.length ? [`volumes: ${flow(service.volumes)}`] : []),
    ...(service.more ?? []),
    ...(service.probe ? healthLines(service.probe) : []),
    'logging: { driver: json-file, options: { max-size: 1m, max-file: "3" } }',
    `labels: ${labels}`,
  ];
  return `  # ${service.about}\n  ${name}:\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

/** The first network is connected first: it has the MAC address and the default route. */
function networkLines(networks: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(networks);
  return [
    'networks:',
    ...names.map((name, i) => `  ${name}: { ipv4_address: ${networks[name]}, priority: ${(names.length - i) * 100} }`),
  ];
}

/** docker/health answers at once while it is not well, and takes its time in between once it is: see there. */
const healthLines = (probe: readonly string[]): string[] => [
  'healthcheck:',
  `  test: ${flow(['CMD', '/penstock/docker/health', ...probe])}`,
  '  interval: 5s',
  '  timeout: 70s',
  '  retries: 3',
];
