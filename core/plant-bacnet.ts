/** BACnet/IP in `plant.yaml`: points as objects, a device's service, a client's standing conversation (ASHRAE 135-2020). */
import { z } from 'zod';
import { duration, id, pollCommon, tagId } from './plant-words.ts';

const instance = z.int().min(0).max(4_194_302);
const port = z.int().min(1).max(65_535).default(47_808);

const BACNET_KINDS = [
  'analog-input',
  'analog-output',
  'analog-value',
  'binary-input',
  'binary-output',
  'binary-value',
  'multi-state-input',
  'multi-state-output',
  'multi-state-value',
] as const;

const bacnetAlarmSchema = z.strictObject({
  /** Beyond these a value is an alarm, in the tag's unit; analog objects. */
  high: z.number().optional(),
  low: z.number().optional(),
  deadBand: z.number().nonnegative().default(0),
  /** These values of the tag are alarms; binary and multi-state objects. */
  values: z.array(z.int().min(0)).min(1).optional(),
  delay: duration.optional(),
  /** Instance of the notification class. */
  class: instance.default(1),
});

export const bacnetPointSchema = z.strictObject({
  kind: z.enum(BACNET_KINDS),
  instance,
  /** Object name; the tag when left out. */
  name: z.string().min(1).max(64).optional(),
  /** Number of the engineering unit, where the tag's does not say it. */
  units: z.int().min(0).max(65_535).optional(),
  /** A change that is told to subscribers, in the tag's unit; half a percent of the range when left out. */
  covIncrement: z.number().nonnegative().optional(),
  /** Values: it is commanded by priority. Outputs always are. */
  commandable: z.boolean().default(false),
  /** What holds when nobody commands it; of everything that is commanded by priority. */
  relinquishDefault: z.number().optional(),
  /** Names of the states of a multi-state object, that of the tag's value 0 first. */
  states: z.array(z.string().min(1)).min(2).max(64).optional(),
  alarm: bacnetAlarmSchema.optional(),
});
export type BacnetPoint = z.output<typeof bacnetPointSchema>;

const notificationClassSchema = z.strictObject({
  instance,
  /** To off-normal, to fault, to normal: 0 the most urgent, 255 the least. */
  priorities: z
    .tuple([z.int().min(0).max(255), z.int().min(0).max(255), z.int().min(0).max(255)])
    .default([64, 96, 192]),
  /** Whether somebody must acknowledge an alarm. */
  acknowledge: z.boolean().default(true),
  recipients: z
    .array(z.strictObject({ device: id, process: z.int().min(0).default(1), confirmed: z.boolean().default(true) }))
    .max(16)
    .default([]),
});

export const bacnetServiceSchema = z.strictObject({
  protocol: z.literal('bacnet'),
  port,
  /** Instance of the device object; unique in the plant. */
  instance,
  /** Vendor identifier as ASHRAE gives them out. */
  vendor: z.int().min(0).max(65_535),
  location: z.string().optional(),
  /** Of ReinitializeDevice and DeviceCommunicationControl; without one everybody may. */
  password: z.string().min(1).max(20).optional(),
  maxApdu: z.int().min(50).max(1476).default(1476),
  /** Whether answers may go in segments. */
  segmentation: z.boolean().default(true),
  /** How often changes and alarms are looked for. */
  scan: duration.optional(),
  classes: z.array(notificationClassSchema).default([]),
  /** What is recorded in the device. */
  trends: z
    .array(z.strictObject({ tag: tagId, instance, every: duration, size: z.int().min(2).max(10_000).default(1000) }))
    .default([]),
  /** It hands broadcasts on between subnets: to the BBMDs of these devices, and to foreign devices where it takes them. */
  bbmd: z
    .strictObject({
      peers: z.array(id).default([]),
      foreign: z.boolean().default(false),
      writable: z.boolean().default(false),
    })
    .optional(),
  /** Only these devices are heard; everybody when left out. */
  allow: z.array(id).optional(),
  /** Only these devices may do more than read; everybody when left out. */
  writers: z.array(id).optional(),
});
export type BacnetServiceSpec = z.output<typeof bacnetServiceSchema>;

export const bacnetPollSchema = z.strictObject({
  ...pollCommon,
  protocol: z.literal('bacnet'),
  /** Changes are subscribed for so long, and again before that is over; without it values are read only. */
  cov: z.strictObject({ lifetime: duration, confirmed: z.boolean().default(false) }).optional(),
  /** At which own writes, and those of operators, command. */
  priority: z.int().min(1).max(16).default(16),
});
export type BacnetPollSpec = z.output<typeof bacnetPollSchema>;
