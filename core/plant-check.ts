/**
 * What a schema cannot say of a plant: that its parts fit each other. Every reference must lead somewhere, every address to one
 * device, every poll to registers that exist by a way that the firewall lets through.
 */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { nearest, PenstockError } from './errors.ts';
import { exists, FileError, openYaml, readText } from './files.ts';
import { invariantProblems } from './invariants.ts';
import { type DeviceSpec, type PlantSpec, plantSchema, type TagSpec, type ZoneSpec } from './plant.ts';
import { checkConduits } from './plant-check-conduits.ts';
import { checkDevices } from './plant-check-devices.ts';
import { checkField } from './plant-check-field.ts';
import { checkOptions, checkResponses } from './plant-check-options.ts';
import { edgePoints } from './plant-mqtt.ts';
import { addressOf, subnetOf } from './plant-network.ts';
import { compilePredicate } from './predicate.ts';
import type { ValuePath, YamlSource } from './yaml-source.ts';

/** A plant's folder, read and checked. */
export interface LoadedPlant {
  readonly spec: PlantSpec;
  readonly folder: string;
  /** `plant.yaml` with the line of each of its values. */
  readonly source: YamlSource;
  /** Structured Text of the controllers by the path that `plant.yaml` gives. */
  readonly programs: ReadonlyMap<string, string>;
  /** The process module, to be imported. */
  readonly processModule: URL;
}

/**
 * Reads `plant.yaml` and the programs that it names, and checks that everything fits together.
 * @throws FileError with every problem of the file; UsageError `file.missing` when the folder holds no plant.
 */
export function loadPlant(folder: string | URL): LoadedPlant {
  const root = folder instanceof URL ? fileURLToPath(folder) : folder;
  const { value: spec, source } = openYaml(join(root, 'plant.yaml'), plantSchema);
  const problems = [...checkPlant(spec, source), ...missingFiles(spec, source, root)];
  if (problems.length > 0) throw new FileError(problems);
  const texts = new Set(spec.devices.flatMap((device) => (device.controller ? [device.controller.program] : [])));
  return {
    spec,
    folder: root,
    source,
    programs: new Map([...texts].map((path) => [path, readText(join(root, path))])),
    processModule: pathToFileURL(join(root, spec.process.module)),
  };
}

/** Everything in a plant that does not fit together, in the order of the file. Empty when all is well. */
export function checkPlant(plant: PlantSpec, source: YamlSource): PenstockError[] {
  const check = new PlantCheck(plant, source);
  checkAreasAndTags(check);
  checkZones(check);
  checkDevices(check);
  checkConduits(check);
  checkNetwork(check);
  checkHazards(check);
  checkInvariants(check);
  checkWeek(check);
  checkOptions(check);
  checkField(check);
  checkResponses(check);
  return check.problems.toSorted(
    (a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0),
  );
}

/** What the parts of the check share: the plant by id, and the list of problems. */
export class PlantCheck {
  readonly plant: PlantSpec;
  readonly problems: PenstockError[] = [];
  readonly tags: ReadonlyMap<string, TagSpec>;
  readonly devices: ReadonlyMap<string, DeviceSpec>;
  readonly zones: ReadonlyMap<string, ZoneSpec>;
  private readonly source: YamlSource;

  constructor(plant: PlantSpec, source: YamlSource) {
    this.plant = plant;
    this.source = source;
    this.tags = new Map(plant.tags.map((tag) => [tag.id, tag]));
    this.devices = new Map(plant.devices.map((device) => [device.id, device]));
    this.zones = new Map(plant.zones.map((zone) => [zone.id, zone]));
  }

  place(path: ValuePath): ReturnType<YamlSource['place']> {
    return this.source.place(path);
  }

  /** Notes what is wrong with the value at `path`. */
  wrong(path: ValuePath, id: string, message: string): void {
    this.problems.push(new PenstockError(`plant.${id}`, message, this.source.place(path)));
  }

  /** Notes an error of another check (a predicate's) as standing at `path`. */
  wrongBy(path: ValuePath, check: (place: ReturnType<YamlSource['place']>) => void): void {
    try {
      check(this.source.place(path));
    } catch (error) {
      if (!(error instanceof PenstockError)) throw error;
      this.problems.push(error);
    }
  }

  /** Notes a name that leads nowhere, with the nearest that would; tells whether it is known. */
  known(
    what: string,
    name: string,
    names: { has(name: string): boolean; keys(): Iterable<string> },
    path: ValuePath,
  ): boolean {
    if (names.has(name)) return true;
    const meant = nearest(name, names.keys());
    this.wrong(
      path,
      `unknown-${what}`,
      `there is no ${what} '${name}'${meant === undefined ? '' : `; did you mean '${meant}'?`}`,
    );
    return false;
  }

  /** Notes each item after the first that has the same key. */
  unique<T>(what: string, items: readonly T[], key: (item: T) => string, path: (index: number) => ValuePath): void {
    const seen = new Set<string>();
    items.forEach((item, index) => {
      const name = key(item);
      if (seen.has(name))
        this.wrong(path(index), `duplicate-${what.replaceAll(' ', '-')}`, `the ${what} '${name}' is taken already`);
      seen.add(name);
    });
  }

  /** Notes a band whose first number is not below its second. */
  ascending(band: readonly [number, number] | undefined, what: string, path: ValuePath): void {
    if (band !== undefined && !(band[0] < band[1]))
      this.wrong(path, 'band', `${what} goes from ${band[0]} to ${band[1]}; the first must be below the second`);
  }
}

function checkAreasAndTags(check: PlantCheck): void {
  const { plant } = check;
  const areas = new Map(plant.areas.map((area) => [area.id, area]));
  check.unique(
    'area',
    plant.areas,
    (area) => area.id,
    (i) => ['areas', i, 'id'],
  );
  check.unique(
    'tag',
    plant.tags,
    (tag) => tag.id,
    (i) => ['tags', i, 'id'],
  );
  const driven = new Map<string, string>();
  plant.tags.forEach((tag, i) => {
    const path = ['tags', i];
    check.known('area', tag.area, areas, [...path, 'area']);
    check.ascending(tag.range, `the range of ${tag.id}`, [...path, 'range']);
    check.ascending(tag.safe, `the safe band of ${tag.id}`, [...path, 'safe']);
    checkAlarms(check, tag, [...path, 'alarms']);
    if (tag.states !== undefined && (tag.range[0] !== 0 || tag.range[1] !== 1))
      check.wrong([...path, 'range'], 'states', `${tag.id} has states, so its range must be [0, 1]`);
    if (tag.actuator !== undefined && tag.kind !== 'actuator')
      check.wrong(
        [...path, 'actuator'],
        'kind',
        `${tag.id} is a ${tag.kind}; only a tag of kind actuator drives the process`,
      );
    if (tag.kind === 'actuator' && tag.actuator === undefined)
      check.wrong(
        path,
        'kind',
        `${tag.id} is an actuator but says not what it drives; give it 'actuator: { drives: … }'`,
      );
    if (tag.sensor !== undefined && tag.kind !== 'measurement' && tag.kind !== 'status')
      check.wrong(
        [...path, 'sensor'],
        'kind',
        `${tag.id} is a ${tag.kind}; only a measurement or a status has a sensor`,
      );
    const { analysis, updates, lag } = tag.sensor ?? {};
    if (analysis === true && (updates === undefined || lag !== undefined))
      check.wrong(
        [...path, 'sensor', 'analysis'],
        'sensor',
        `the analysis of ${tag.id} takes the time between two values; give it 'updates', and no 'lag'`,
      );
    if (tag.kind === 'measurement' && tag.sensor === undefined)
      check.wrong(path, 'kind', `${tag.id} is a measurement but says not of what; give it 'sensor: { of: … }'`);
    check.ascending(tag.actuator?.travel, `the travel of ${tag.id}`, [...path, 'actuator', 'travel']);
    const input = tag.actuator?.drives;
    if (input !== undefined) {
      const other = driven.get(input);
      if (other !== undefined)
        check.wrong(
          [...path, 'actuator', 'drives'],
          'driven-twice',
          `the process input '${input}' is driven by ${other} already`,
        );
      driven.set(input, tag.id);
    }
  });
}

function checkAlarms(check: PlantCheck, tag: TagSpec, path: ValuePath): void {
  const { alarms } = tag;
  if (alarms === undefined) return;
  let below: readonly [string, number] | undefined;
  for (const name of ['lowLow', 'low', 'high', 'highHigh'] as const) {
    const limit = alarms[name];
    if (limit === undefined) continue;
    if (limit < tag.range[0] || limit > tag.range[1])
      check.wrong(
        [...path, name],
        'alarm-range',
        `the ${name} alarm of ${tag.id} at ${limit} lies outside its range ${tag.range[0]} to ${tag.range[1]}`,
      );
    if (below !== undefined && limit <= below[1])
      check.wrong(
        [...path, name],
        'alarm-order',
        `the ${name} alarm of ${tag.id} at ${limit} is not above its ${below[0]} alarm at ${below[1]}`,
      );
    below = [name, limit];
  }
  if (alarms.state !== undefined && tag.states === undefined)
    check.wrong(
      [...path, 'state'],
      'alarm-state',
      `${tag.id} has no states to alarm on; use low and high limits or give it 'states'`,
    );
  const { suppressWhen } = alarms;
  if (suppressWhen !== undefined)
    check.wrongBy([...path, 'suppressWhen'], (place) => {
      compilePredicate(suppressWhen, [...check.tags.keys()], place);
    });
}

function checkZones(check: PlantCheck): void {
  const { zones } = check.plant;
  check.unique(
    'zone',
    zones,
    (zone) => zone.id,
    (i) => ['zones', i, 'id'],
  );
  const subnets = zones.map((zone) => subnetOf(zone.subnet));
  subnets.forEach((subnet, i) => {
    const path = ['zones', i, 'subnet'];
    if (subnet.base !== subnet.first)
      check.wrong(path, 'subnet', `${zones[i]?.subnet} has host bits set; write the first address of the subnet`);
    for (let j = 0; j < i; j++) {
      const other = subnets[j] as typeof subnet;
      if (subnet.first <= other.last && other.first <= subnet.last)
        check.wrong(path, 'subnet-overlap', `the subnet of zone ${zones[i]?.id} overlaps that of zone ${zones[j]?.id}`);
    }
  });
  check.plant.devices.forEach((device, i) => {
    const path = ['devices', i];
    if (!check.known('zone', device.zone, check.zones, [...path, 'zone'])) return;
    const subnet = subnetOf((check.zones.get(device.zone) as ZoneSpec).subnet);
    const address = addressOf(device.address);
    if (address < subnet.first || address > subnet.last)
      check.wrong(
        [...path, 'address'],
        'address-zone',
        `${device.address} of ${device.id} is not in the subnet ${subnet.text} of zone ${device.zone}`,
      );
    else if (address === subnet.first || address === subnet.last)
      check.wrong(
        [...path, 'address'],
        'address-zone',
        `${device.address} of ${device.id} is the network or broadcast address of ${subnet.text}`,
      );
  });
}

function checkNetwork(check: PlantCheck): void {
  const { network } = check.plant;
  for (const service of ['dns', 'ntp', 'syslog'] as const) {
    const host = network[service];
    const path = ['network', service];
    if (host === undefined || !check.known('device', host, check.devices, path)) continue;
    if (!check.devices.get(host)?.services.some((offered) => offered.protocol === service))
      check.wrong(path, 'service', `${host} does not offer ${service}; add 'protocol: ${service}' to its services`);
  }
}

function checkHazards(check: PlantCheck): void {
  const { hazards, safeguards } = check.plant;
  const names = [...check.tags.keys()];
  const hazardIds = new Map(hazards.map((hazard) => [hazard.id, hazard]));
  check.unique(
    'hazard',
    hazards,
    (hazard) => hazard.id,
    (i) => ['hazards', i, 'id'],
  );
  hazards.forEach((hazard, i) => {
    check.wrongBy(['hazards', i, 'predicate', 'when'], (place) => {
      compilePredicate(hazard.predicate.when, names, place);
    });
  });
  check.unique(
    'safeguard',
    safeguards,
    (safeguard) => safeguard.id,
    (i) => ['safeguards', i, 'id'],
  );
  const options = new Map(Object.entries(check.plant.options));
  safeguards.forEach((safeguard, i) => {
    const path = ['safeguards', i];
    if (safeguard.device !== undefined) check.known('device', safeguard.device, check.devices, [...path, 'device']);
    if (safeguard.option !== undefined) check.known('option', safeguard.option, options, [...path, 'option']);
    safeguard.guards.forEach((guarded, j) => {
      check.known('hazard', guarded, hazardIds, [...path, 'guards', j]);
    });
  });
}

function checkInvariants(check: PlantCheck): void {
  const { invariants, devices } = check.plant;
  const carried = devices
    .filter((device) => !device.absent)
    .flatMap((device) => [
      ...device.points.filter(({ modbus, s7, dnp3, bacnet }) => modbus ?? s7 ?? dnp3 ?? bacnet),
      ...device.services.flatMap((service) => (service.protocol === 'opcua' ? service.points : [])),
      ...edgePoints(device),
    ])
    .map(({ tag }) => tag);
  check.problems.push(
    ...invariantProblems(invariants, new Set(check.tags.keys()), new Set(carried), (path) => check.place(path)),
  );
}

function checkWeek(check: PlantCheck): void {
  const { week } = check.plant;
  check.unique(
    'activity',
    week,
    (activity) => activity.id,
    (i) => ['week', i, 'id'],
  );
  week.forEach((activity, i) => {
    if (activity.device !== undefined) check.known('device', activity.device, check.devices, ['week', i, 'device']);
    if (activity.every !== undefined && activity.every <= 0)
      check.wrong(
        ['week', i, 'every'],
        'activity',
        `the activity ${activity.id} repeats every 0 s; give a length of time`,
      );
  });
}

function missingFiles(plant: PlantSpec, source: YamlSource, folder: string): PenstockError[] {
  const named: [string, ValuePath][] = [[plant.process.module, ['process', 'module']]];
  plant.devices.forEach((device, i) => {
    if (device.controller) named.push([device.controller.program, ['devices', i, 'controller', 'program']]);
  });
  return named
    .filter(([file]) => !exists(join(folder, file)))
    .map(
      ([file, path]) =>
        new PenstockError('plant.file', `there is no file ${file} in the plant's folder`, source.place(path)),
    );
}
