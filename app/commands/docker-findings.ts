/** What `penstock doctor` says of Docker: the engine, compose, the base image, and what an earlier range or something else holds that a start needs. */
import { spawnSync } from 'node:child_process';
import type { PlantSpec } from '@penstock/core';
import { parseSubnet } from '@penstock/protocols/ethernet';
import { listPlants } from '@penstock/range';
import { PLANT_LABEL, VERSION_LABEL } from '../containers/compose.ts';
import { layoutOf } from '../containers/layout.ts';
import { version } from '../version.ts';
import type { Finding } from './doctor.ts';

/** Base images, the first that is there: given, made on site, or of the registry. */
const BASE_IMAGES = [process.env.NODE_IMAGE, 'range-node:local', 'node:24-bookworm-slim'];
const CLEAN = 'docker/clean takes all of it away and keeps the runs';

/** A network of the engine, as far as it can be in the way. */
export interface EngineNetwork {
  readonly name: string;
  readonly subnets: readonly string[];
  readonly bridge: string | undefined;
  /** Of which plant's range it is; undefined for somebody else's. */
  readonly plant: string | undefined;
}

export interface EngineContainer {
  readonly name: string;
  readonly state: string;
  readonly plant: string;
  readonly version: string;
}

export function dockerFindings(): Finding[] {
  const engine = docker('version', '--format', '{{.Server.Version}}');
  if (engine === undefined)
    return [finding('Docker engine', false, 'none answers; the embedded range does not need it')];
  const base = BASE_IMAGES.find((image) => image !== undefined && docker('image', 'inspect', image) !== undefined);
  return [
    finding('Docker engine', true, engine),
    compose(),
    finding(
      'base image',
      base !== undefined,
      base === undefined
        ? 'the first build fetches node:24-bookworm-slim; without a registry see docker/README.md'
        : base === 'node:24-bookworm-slim' || base === process.env.NODE_IMAGE
          ? base
          : `${base}; build with NODE_IMAGE=${base}`,
    ),
    ...inTheWay(
      containers(),
      networks(),
      listPlants().map(({ spec }) => spec),
    ),
  ];
}

/**
 * What would keep a range from starting, or would mix with it: containers of another version, networks of another plant's range, and
 * networks of somebody else that have an address or a bridge which a plant's range needs. One line where nothing is.
 */
export function inTheWay(
  containers: readonly EngineContainer[],
  networks: readonly EngineNetwork[],
  plants: readonly PlantSpec[],
): Finding[] {
  const what = 'room for a range';
  const findings: Finding[] = [];
  const old = containers.filter((one) => one.version !== version);
  if (old.length > 0)
    findings.push(
      finding(
        what,
        false,
        `containers of version ${old[0]?.version} are here (${old.map((one) => one.name).join(', ')}): ${CLEAN}`,
      ),
    );
  const here = new Set([...networks.flatMap(({ plant }) => plant ?? []), ...containers.map(({ plant }) => plant)]);
  if (here.size > 1)
    findings.push(
      finding(what, false, `ranges of ${[...here].sort().join(' and ')} are here; one at a time fits a host: ${CLEAN}`),
    );
  for (const network of networks) {
    if (network.plant !== undefined) continue;
    const clash = plants.map((plant) => clashOf(network, plant)).find((one) => one !== undefined);
    if (clash !== undefined)
      findings.push(
        finding(
          what,
          false,
          `network '${network.name}' ${clash}: docker network rm ${network.name}, once nothing uses it`,
        ),
      );
  }
  if (findings.length > 0) return findings;
  const running = containers.filter(({ state }) => state === 'running').length;
  return [
    finding(what, true, running === 0 ? 'nothing is in the way' : `${running} containers of ${[...here].join()} run`),
  ];
}

function clashOf(network: EngineNetwork, plant: PlantSpec): string | undefined {
  const { zones, management, page } = layoutOf(plant);
  const named = [
    ...zones.map(({ id, subnet, bridge }) => ({ what: `zone ${id}`, subnet, bridge })),
    { what: 'the management network', ...management },
    { what: "the page's network", ...page },
  ];
  for (const { what, subnet, bridge } of named) {
    const taken = network.subnets.find((other) => overlap(other, subnet));
    if (taken !== undefined) return `(${taken}) overlaps ${what} of ${plant.id} (${subnet})`;
    if (network.bridge === bridge) return `has the bridge ${bridge}, which is ${what} of ${plant.id}`;
  }
  return undefined;
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [parseSubnet(one), parseSubnet(other)];
  return a.network <= b.broadcast && b.network <= a.broadcast;
}

function compose(): Finding {
  for (const words of [
    ['docker', 'compose', 'version', '--short'],
    ['docker-compose', 'version', '--short'],
  ] as const) {
    const found = answer(words);
    if (found !== undefined)
      return finding('docker compose', true, `${words[0] === 'docker' ? 'docker compose' : words[0]} ${found}`);
  }
  return finding('docker compose', false, 'neither docker compose nor docker-compose (1.29 or newer) is here');
}

function containers(): EngineContainer[] {
  const format = `{{.Names}}\t{{.State}}\t{{.Label "${PLANT_LABEL}"}}\t{{.Label "${VERSION_LABEL}"}}`;
  const lines = docker('ps', '--all', '--filter', `label=${PLANT_LABEL}`, '--format', format) ?? '';
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name, state, plant, of] = line.split('\t') as [string, string, string, string];
      return { name, state, plant, version: of };
    });
}

interface InspectedNetwork {
  readonly Name: string;
  readonly IPAM: { readonly Config: readonly { readonly Subnet?: string }[] | null };
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Labels: Readonly<Record<string, string>> | null;
}

function networks(): EngineNetwork[] {
  const ids = (docker('network', 'ls', '--quiet') ?? '').split('\n').filter((id) => id !== '');
  const inspected = JSON.parse(docker('network', 'inspect', ...ids) ?? '[]') as InspectedNetwork[];
  return inspected.map(({ Name, IPAM, Options, Labels }) => ({
    name: Name,
    subnets: (IPAM.Config ?? []).flatMap(({ Subnet }) => (Subnet?.includes('.') ? [Subnet] : [])),
    bridge: Options?.['com.docker.network.bridge.name'],
    plant: Labels?.[PLANT_LABEL],
  }));
}

const docker = (...words: readonly string[]): string | undefined => answer(['docker', ...words]);

function answer([command, ...words]: readonly [string, ...string[]]): string | undefined {
  const { status, stdout } = spawnSync(command, words, { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? stdout.trim() : undefined;
}

const finding = (what: string, ok: boolean, detail: string): Finding => ({ what, ok, detail, needed: false });
