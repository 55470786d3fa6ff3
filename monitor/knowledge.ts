/**
 * What an owner would import into a monitor: the asset list, zones, the point list with limits, and the work-order calendar.
 * It is all that the monitor knows beside packets and its learned baseline; without it, it works with addresses and raw values.
 */
import { createHash } from 'node:crypto';
import {
  DEVICE_KINDS,
  edgePoints,
  FileError,
  type InvariantSpec,
  invariantProblems,
  invariantSchema,
  PenstockError,
  type PlantSpec,
  parseYaml,
  pointSchema,
  readText,
  shownPath,
  sparkplugPointSchema,
  subnetOf,
} from '@penstock/core';
import { nodeIdText, PLANT_NAMESPACE, stringId } from '@penstock/protocols/opcua';
import { S7Memory } from '@penstock/protocols/s7comm';
import { z } from 'zod';

const id = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'ids are lower case words joined by hyphens');
const tagId = z.string().min(1).max(64);
const band = z
  .tuple([z.number(), z.number()])
  .refine(([low, high]) => low <= high, 'a band is [low, high] with low not above high');

const zoneSchema = z.strictObject({
  id,
  name: z.string(),
  /** Purdue level; 3.5 is the DMZ. */
  level: z.number().min(0).max(5),
  subnet: z.union([z.cidrv4(), z.cidrv6()]),
});
export type KnownZone = z.output<typeof zoneSchema>;

const programHash = z.string().regex(/^[0-9a-f]{64}$/, 'a program is told by its SHA-256, 64 hex digits');

const assetSchema = z.strictObject({
  id,
  name: z.string(),
  kind: z.enum(DEVICE_KINDS),
  role: id,
  zone: id,
  address: z.union([z.ipv4(), z.ipv6()]),
  mac: z.string().optional(),
  criticality: z.enum(['low', 'medium', 'high']).default('medium'),
  /** Its addresses in other zones (a router's interfaces). */
  otherAddresses: z.array(z.union([z.ipv4(), z.ipv6()])).optional(),
  /** What it should say of itself (Modbus 43/14); not compared when left out. */
  vendor: z.string().optional(),
  productCode: z.string().optional(),
  model: z.string().optional(),
  revision: z.string().optional(),
  /** SHA-256 of the program that a controller should run, hexadecimal: the known-good one, from the owner's archive. */
  program: programHash.optional(),
  /** All services that it offers, `tcp/502`; not compared when left out. */
  services: z.array(z.string().regex(/^(tcp|udp)\/\d{1,5}( \S+)?$/, "a service is 'tcp/502'")).optional(),
});
export type KnownAsset = z.output<typeof assetSchema>;

const tagSchema = z.strictObject({
  id: tagId,
  name: z.string(),
  kind: z.enum(['measurement', 'actuator', 'setpoint', 'mode', 'status', 'calculated']),
  unit: z.string(),
  /** Engineering range: what the instrument or the entry field spans. */
  range: band,
  /** Alarm limits, outermost first. */
  alarms: z
    .strictObject({
      lowLow: z.number().optional(),
      low: z.number().optional(),
      high: z.number().optional(),
      highHigh: z.number().optional(),
    })
    .optional(),
  /** Safe operating limits of the control loop. */
  safe: band.optional(),
  /** Fastest change that physics allows, in its unit per second. */
  rate: z.number().positive().optional(),
  /** Words for 0 and 1 of a boolean tag. */
  states: z.tuple([z.string(), z.string()]).optional(),
  /** Why a person should care when it is wrong. */
  matters: z.string().optional(),
});
export type KnownTag = z.output<typeof tagSchema>;

const knownPointSchema = z
  .strictObject({
    device: id,
    tag: tagId,
    writable: z.boolean().default(false),
    /** Values that the device itself accepts. */
    accepts: band.optional(),
    /** Modbus unit id that it answers under; any when left out. */
    unit: z.int().min(0).max(255).optional(),
    modbus: pointSchema.shape.modbus,
    s7: pointSchema.shape.s7,
    dnp3: pointSchema.shape.dnp3,
    bacnet: pointSchema.shape.bacnet,
    sparkplug: sparkplugPointSchema.optional(),
    /** The node whose value it is, as `ns=2;s=LIT101`. */
    opcua: z
      .strictObject({ node: z.string().regex(/^(ns=\d+;)?[isgb]=./, "a node is named as in 'ns=2;s=LIT101'") })
      .optional(),
  })
  .refine(
    ({ modbus, s7, dnp3, sparkplug, bacnet, opcua }) =>
      (modbus ?? s7 ?? dnp3 ?? sparkplug ?? bacnet ?? opcua) !== undefined,
    { error: "say where the point is: give it 'modbus', 's7', 'dnp3', 'bacnet', 'opcua' or 'sparkplug'" },
  );
export type KnownPoint = z.output<typeof knownPointSchema>;

const party = z.union([id, z.ipv4(), z.ipv6()]);

const workOrderSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  from: z.iso.datetime({ offset: true }),
  to: z.iso.datetime({ offset: true }),
  /** What is worked on: asset ids or addresses. */
  devices: z.array(party).min(1),
  /** What the work is done from (a contractor's laptop goes by its address); anything when left out. */
  by: z.array(party).optional(),
  /** SHA-256 of the programs that the work brings; known good from its begin on. */
  programs: z.array(programHash).optional(),
  /** `maintenance` silences nothing by itself; rules may ask for it. */
  kind: z.enum(['work', 'maintenance']).default('work'),
});
export type WorkOrder = z.output<typeof workOrderSchema>;

/** The import file (JSON, or YAML, of which JSON is a part). */
export const ownerKnowledgeSchema = z.strictObject({
  version: z.literal(1),
  plant: z.string().optional(),
  zones: z.array(zoneSchema).default([]),
  assets: z.array(assetSchema).default([]),
  tags: z.array(tagSchema).default([]),
  points: z.array(knownPointSchema).default([]),
  /** What must hold between displayed values. */
  invariants: z.array(invariantSchema).default([]),
  workOrders: z.array(workOrderSchema).default([]),
});
export type KnownInvariant = InvariantSpec;
export type OwnerKnowledge = z.output<typeof ownerKnowledgeSchema>;

/**
 * Reads the import file and checks its references.
 * @param file only for messages
 * @throws FileError with file, line and what would be right.
 */
export function parseKnowledge(text: string, file: string): OwnerKnowledge {
  const { value, source } = parseYaml(text, file, ownerKnowledgeSchema);
  const problems: PenstockError[] = [];
  for (const { path, message } of referenceProblems(value))
    problems.push(new PenstockError('knowledge.reference', message, source.place(path)));
  problems.push(
    ...invariantProblems(
      value.invariants,
      new Set(value.tags.map((tag) => tag.id)),
      new Set(value.points.map((point) => point.tag)),
      (path) => source.place(path),
    ),
  );
  if (problems.length > 0) throw new FileError(problems);
  return value;
}

/** `parseKnowledge` of a file. */
export function loadKnowledge(path: string | URL): OwnerKnowledge {
  return parseKnowledge(readText(path), shownPath(path));
}

function referenceProblems(knowledge: OwnerKnowledge): { path: (string | number)[]; message: string }[] {
  const problems: { path: (string | number)[]; message: string }[] = [];
  const zones = new Set(knowledge.zones.map((z) => z.id));
  const assets = new Set<string>();
  const addresses = new Map<string, string>();
  const tags = new Set(knowledge.tags.map((t) => t.id));
  knowledge.assets.forEach((asset, i) => {
    if (!zones.has(asset.zone))
      problems.push({ path: ['assets', i, 'zone'], message: `there is no zone '${asset.zone}'` });
    if (assets.has(asset.id)) problems.push({ path: ['assets', i, 'id'], message: `asset '${asset.id}' stands twice` });
    assets.add(asset.id);
    const other = addresses.get(asset.address);
    if (other !== undefined)
      problems.push({ path: ['assets', i, 'address'], message: `${asset.address} belongs to '${other}' already` });
    addresses.set(asset.address, asset.id);
  });
  for (const [device, points] of Map.groupBy(
    knowledge.points.filter(({ s7 }) => s7 !== undefined),
    (point) => point.device,
  ))
    try {
      new S7Memory(points, device);
    } catch (error) {
      problems.push({ path: ['points'], message: (error as Error).message });
    }
  knowledge.points.forEach((point, i) => {
    if (!assets.has(point.device))
      problems.push({ path: ['points', i, 'device'], message: `there is no asset '${point.device}'` });
    if (!tags.has(point.tag)) problems.push({ path: ['points', i, 'tag'], message: `there is no tag '${point.tag}'` });
  });
  knowledge.workOrders.forEach((order, i) => {
    for (const device of [...order.devices, ...(order.by ?? [])])
      if (!assets.has(device) && !isAddress(device))
        problems.push({
          path: ['workOrders', i],
          message: `work order '${order.id}' names no known asset: '${device}'`,
        });
    if (Date.parse(order.to) < Date.parse(order.from))
      problems.push({ path: ['workOrders', i, 'to'], message: `work order '${order.id}' ends before it begins` });
  });
  return problems;
}

const isAddress = (text: string): boolean => /[.:]/.test(text);

/**
 * The owner's documents of one of our plants: only what a real owner has on paper. Sensors, actuators, programs (but for their hashes),
 * hazards, the process and the devices' behaviour stay behind.
 * @param programs Structured Text of the controllers by the path that the plant gives
 */
export function knowledgeOf(
  plant: PlantSpec,
  workOrders: readonly WorkOrder[] = [],
  programs: ReadonlyMap<string, string> = new Map(),
): OwnerKnowledge {
  const visitors = new Map(plant.devices.filter((d) => d.absent).map((d) => [d.id, d.address]));
  const named = (party: string): string => visitors.get(party) ?? party;
  return {
    version: 1,
    plant: plant.id,
    zones: plant.zones.map(({ id, name, level, subnet }) => ({ id, name, level, subnet })),
    // A device that is usually absent (a contractor's laptop) is not in the asset list.
    assets: plant.devices
      .filter((device) => !device.absent)
      .map(({ id, name, kind, role, zone, address, mac, criticality, identity, controller }) => {
        const { vendor, productCode, modelName: model, revision } = identity;
        const program = controller && programs.get(controller.program);
        const interfaces = kind === 'firewall' ? interfacesOf(plant, address) : undefined;
        return {
          ...{ id, name, kind, role, zone, address, mac, criticality, vendor, productCode, model, revision },
          ...(interfaces && { otherAddresses: interfaces }),
          ...(program !== undefined && { program: createHash('sha256').update(program).digest('hex') }),
        };
      }),
    tags: plant.tags.map((tag) => {
      const { lowLow, low, high, highHigh } = tag.alarms ?? {};
      const alarms = Object.fromEntries(
        Object.entries({ lowLow, low, high, highHigh }).filter(([, limit]) => limit !== undefined),
      );
      return {
        id: tag.id,
        name: tag.name,
        kind: tag.kind,
        unit: tag.unit,
        range: tag.range,
        ...(Object.keys(alarms).length > 0 && { alarms }),
        ...(tag.safe !== undefined && { safe: tag.safe }),
        ...(tag.rate !== undefined && { rate: tag.rate }),
        ...(tag.states !== undefined && { states: tag.states }),
        ...(tag.matters !== undefined && { matters: tag.matters }),
      };
    }),
    points: plant.devices
      .filter((device) => !device.absent)
      .flatMap((device) => [
        ...device.points.flatMap(({ tag, writable, accepts, modbus, s7, dnp3, bacnet }) =>
          modbus === undefined && s7 === undefined && dnp3 === undefined && bacnet === undefined
            ? []
            : [
                {
                  ...{ device: device.id, tag, writable },
                  ...(accepts !== undefined && { accepts }),
                  ...(modbus !== undefined && { modbus }),
                  ...(s7 !== undefined && { s7 }),
                  ...(dnp3 !== undefined && { dnp3 }),
                  ...(bacnet !== undefined && { bacnet }),
                },
              ],
        ),
        ...edgePoints(device).map(({ tag, writable, sparkplug }) => ({ device: device.id, tag, writable, sparkplug })),
        ...device.services.flatMap((service) =>
          service.protocol === 'opcua'
            ? service.points.map(({ tag, writable }) => ({
                ...{ device: device.id, tag, writable },
                opcua: { node: nodeIdText(stringId(tag, PLANT_NAMESPACE)) },
              }))
            : [],
        ),
      ]),
    invariants: plant.invariants,
    workOrders: workOrders.map((order) => ({
      ...order,
      devices: order.devices.map(named),
      ...(order.by !== undefined && { by: order.by.map(named) }),
    })),
  };
}

/** A firewall has the first address of every zone. */
function interfacesOf(plant: PlantSpec, own: string): string[] {
  return plant.zones
    .map(({ subnet }) => {
      const address = subnetOf(subnet).first + 1;
      return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
    })
    .filter((address) => address !== own);
}
