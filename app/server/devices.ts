/** Zones and devices with all that is known of them, and what controllers are doing. */
import { createHash } from 'node:crypto';
import {
  type DevicePageMessage,
  type DeviceSpec,
  edgePoints,
  inSeconds,
  type LogicMessage,
  type NetworkMessage,
  type OnlineMessage,
  type PlantSpec,
  type PointSpec,
  s7AreaText,
} from '@penstock/core';
import type { Monitor } from '@penstock/monitor';
import { nodeIdText, PLANT_NAMESPACE, stringId } from '@penstock/protocols/opcua';
import type { Play } from '@penstock/range';

export function networkOf(plant: PlantSpec, flows: NetworkMessage['flows']): NetworkMessage {
  return {
    zones: plant.zones.map(({ id, name, level, subnet, targetSecurityLevel }) => {
      return { id, name, level, subnet, targetSecurityLevel };
    }),
    conduits: plant.conduits.map(({ id, from, to, diode, purpose, allow }) => ({
      ...{ id, from, to, diode, purpose },
      allow: allow.map((line) => ({
        from: line.from,
        to: line.to,
        transport: line.transport,
        port: line.port ?? null,
      })),
    })),
    flows,
  };
}

/** Undefined for a device that the plant does not have. */
export function devicePage(play: Play, id: string): DevicePageMessage | undefined {
  const spec = play.range.spec.devices.find((device) => device.id === id);
  if (!spec) return undefined;
  const seen = play.monitor?.devices().find((device) => device.address === spec.address);
  const { name, kind, role, zone, address, mac, criticality } = spec;
  return {
    ...{ id, name, kind, role, zone, address, mac, criticality },
    macVendor: seen?.macVendor ?? null,
    identity: { ...seen?.identity },
    guessedRole: seen?.role ?? null,
    evidence: [...(seen?.evidence ?? [])],
    services: (seen?.services ?? []).map((service) => ({ ...service })),
    clientOf: [...(seen?.clientOf ?? [])],
    serverOf: [...(seen?.serverOf ?? [])],
    functions: [...(seen?.functions ?? [])],
    firstSeen: seen ? Math.max(0, seen.firstSeen) : null,
    lastSeen: seen ? Math.max(0, seen.lastSeen) : null,
    points: pointsOf(spec),
    alerts: alertsOf(play.monitor, spec),
    failureModes: failureModes(play.range.spec, spec),
    hasLogic: spec.controller !== undefined,
  };
}

/** Undefined for a device without a controller in this run. */
export function logicOf(play: Play, id: string): LogicMessage | undefined {
  const device = play.range.devices.get(id);
  const controller = device?.controller;
  if (!device || !controller) return undefined;
  const { now } = play.range.queue;
  // The controller's own clock runs on from the warm state that it started with.
  const offset = device.controllerTime(now) - now;
  const program = controller.spec.program;
  return {
    ...{ device: id, program, text: controller.source, hash: controller.hash },
    goodHash: programHash(play.range.plant.programs.get(program) ?? ''),
    goodText: play.range.plant.programs.get(program) ?? '',
    key: controller.key,
    mode: controller.mode,
    scanPeriod: inSeconds(controller.period),
    diagnostics: controller.diagnostics
      .list()
      .filter(({ time }) => time >= offset)
      .map(({ time, id: kind, text, by }) => ({
        time: (time - offset) / 1e6,
        text: `${kind}: ${text}${by === undefined ? '' : ` (${by})`}`,
      })),
  };
}

/** Undefined for a device without a controller in this run. */
export function onlineOf(play: Play, id: string): OnlineMessage | undefined {
  const controller = play.range.devices.get(id)?.controller;
  if (!controller) return undefined;
  const tags = new Set(play.range.spec.tags.map((tag) => tag.id));
  const forced = new Set(controller.forces.map(({ path }) => path));
  return {
    device: id,
    time: inSeconds(play.range.queue.now),
    hash: controller.hash,
    variables: controller.variables.list().map((variable) => {
      const name = variable.path.split('.').at(-1) as string;
      return {
        ...{ name: variable.path, tag: tags.has(name) ? name : null, forced: forced.has(variable.path) },
        value: variable.text,
      };
    }),
  };
}

/** Every address of a tag in a device, of each protocol that it has there: registers, bytes, indices, objects, nodes, metrics. */
export function pointsOf(spec: DeviceSpec): DevicePageMessage['points'] {
  const points = spec.points.flatMap(({ tag, writable, ...point }) =>
    placesOf(point).map(([protocol, address]) => ({ tag, protocol, address, writable })),
  );
  for (const service of spec.services) {
    if (service.protocol !== 'opcua') continue;
    for (const { tag, writable } of service.points)
      points.push({ tag, protocol: 'opcua', address: nodeIdText(stringId(tag, PLANT_NAMESPACE)), writable });
  }
  for (const { tag, writable, sparkplug } of edgePoints(spec)) {
    const { group, node, device, metric } = sparkplug;
    points.push({ tag, protocol: 'mqtt', address: `${group}/${node}/${device} ${metric}`, writable });
  }
  return points;
}

function placesOf({ modbus, s7, dnp3, bacnet }: Omit<PointSpec, 'tag' | 'writable'>): [string, string][] {
  const places: [string, string][] = [];
  if (modbus) places.push(['modbus', `${modbus.table} ${modbus.address} (${modbus.type})`]);
  if (s7)
    places.push(['s7comm', `${s7AreaText(s7)} ${s7.byte}${s7.bit === undefined ? '' : `.${s7.bit}`} (${s7.type})`]);
  if (dnp3) places.push(['dnp3', `${dnp3.kind} ${dnp3.index}`]);
  if (bacnet) places.push(['bacnet', `${bacnet.kind} ${bacnet.instance}`]);
  return places;
}

const alertsOf = (monitor: Monitor | undefined, { id, address }: DeviceSpec): number[] =>
  (monitor?.alerts ?? [])
    .filter(({ device, source }) => device === id || source === id || source === address)
    .map(({ number }) => number);

/** What instruments and final elements at a controller can suffer, by its inputs and outputs. */
function failureModes(plant: PlantSpec, { controller }: DeviceSpec): string[] {
  if (!controller) return [];
  const of = (tags: readonly string[], modes: string) =>
    tags.filter((tag) => plant.tags.some(({ id }) => id === tag)).map((tag) => `${tag}: ${modes}`);
  return [
    ...of(controller.inputs, 'bias, drift, noise, stuck, dropout'),
    ...of(controller.outputs, 'stuck, slow, stiction, leak'),
  ];
}

/** As a controller hashes its own program: SHA-256 of the text in UTF-8. */
const programHash = (text: string): string => createHash('sha256').update(text).digest('hex');
