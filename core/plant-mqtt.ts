/**
 * MQTT in `plant.yaml`: a broker's service with its users and what they may do, and Sparkplug B on top of it: a device that tells its
 * tags to a broker as an edge node, and one that follows them as a host application.
 */
import { z } from 'zod';
import { duration, id, tagId } from './plant-words.ts';

/** Topic patterns with wildcards; `%c` is the client's id, `%u` its user name. */
const permissions = {
  publish: z.array(z.string().min(1)).default([]),
  subscribe: z.array(z.string().min(1)).default([]),
};

export const mqttServiceSchema = z.strictObject({
  protocol: z.literal('mqtt'),
  port: z.int().default(1883),
  /** Only these devices may open a connection; everybody when left out. */
  allow: z.array(id).optional(),
  /** What a client without a user name may do; none may connect when left out. */
  anonymous: z.strictObject(permissions).optional(),
  users: z
    .array(z.strictObject({ name: z.string().min(1), password: z.string(), ...permissions }))
    .max(64)
    .default([]),
  /** Longest silence that it accepts of clients that can be told so (version 5). */
  keepAlive: duration.optional(),
  /** Connections at once. */
  connections: z.int().min(1).max(1024).default(64),
});
export type MqttServiceSpec = z.output<typeof mqttServiceSchema>;

/** A level of a topic of Sparkplug: no separators and wildcards (specification 3.0.0, 4.2). */
const level = z.string().regex(/^[^/+#\0]{1,64}$/, "a name in a topic has no '/', '+' or '#'");

/** How a client comes to its broker. */
const client = {
  broker: id,
  /** The name of the device when left out. */
  clientId: z.string().min(1).max(128).optional(),
  version: z.union([z.literal('3.1.1'), z.literal('5')]).default('3.1.1'),
  user: z.string().optional(),
  password: z.string().optional(),
  keepAlive: duration.optional(),
};

const edgeSchema = z.strictObject({
  ...client,
  group: level,
  /** The name of the device when left out. */
  node: level.optional(),
  /** How often changes are looked for. */
  every: duration,
  /** Host application that has to be there before anything is told. */
  primaryHost: level.optional(),
  /** Whether data messages name metrics by alias only. */
  aliases: z.boolean().default(true),
  /** Topic on which firmware for it is published; what comes there is installed as its `firmware` says. */
  updates: z
    .string()
    .regex(/^[^+#\0]{1,256}$/, "a topic to publish to has no '+' or '#'")
    .optional(),
  /** What stands behind it: each a Sparkplug device, with tags of a device that it polls, or of its own controller. */
  devices: z
    .array(
      z.strictObject({
        id: level,
        source: id,
        tags: z.array(tagId).min(1).max(1000),
        /** Those of the tags that may be commanded. */
        commands: z.array(tagId).default([]),
        /** A change of a measurement must be more than this share of its range to be told. */
        deadBand: z.number().min(0).max(0.5).default(0),
      }),
    )
    .min(1)
    .max(64),
});
export type EdgeSpec = z.output<typeof edgeSchema>;

const hostApplicationSchema = z.strictObject({
  ...client,
  /** Under which it says that it is there. */
  id: level,
  groups: z.array(level).min(1).optional(),
});
export type HostApplicationSpec = z.output<typeof hostApplicationSchema>;

/** What a device is in Sparkplug: an edge node, a host application, or both. */
export const sparkplugSchema = z
  .strictObject({ edge: edgeSchema.optional(), host: hostApplicationSchema.optional() })
  .refine(({ edge, host }) => edge !== undefined || host !== undefined, "give it an 'edge' or a 'host'");
export type SparkplugSpec = z.output<typeof sparkplugSchema>;

/** Where a tag stands in Sparkplug, for who reads it there: a metric of a device of an edge node. */
export const sparkplugPointSchema = z.strictObject({
  group: level,
  node: level,
  device: level,
  metric: z.string().min(1),
});
export type SparkplugPoint = z.output<typeof sparkplugPointSchema>;

/** A metric that an edge node tells. */
export interface EdgePoint {
  readonly tag: string;
  readonly writable: boolean;
  /** Device that holds the tag. */
  readonly source: string;
  readonly sparkplug: SparkplugPoint;
}

/** Everything that a device tells as an edge node; metrics are named as their tags are. */
export function edgePoints(device: {
  readonly id: string;
  readonly sparkplug?: SparkplugSpec | undefined;
}): EdgePoint[] {
  const edge = device.sparkplug?.edge;
  if (edge === undefined) return [];
  const { group, node = device.id, devices } = edge;
  return devices.flatMap(({ id: name, source, tags, commands }) =>
    tags.map((tag) => ({
      ...{ tag, writable: commands.includes(tag), source },
      sparkplug: { group, node, device: name, metric: tag },
    })),
  );
}
