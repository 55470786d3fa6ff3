/**
 * `plant.yaml`: one plant as data. Unknown keys are errors (the loader adds file, line and the nearest valid key).
 * References between parts (a point's tag, a conduit's zone) are checked by `checkPlant` in `plant-check.ts`.
 */
import { z } from 'zod';
import { invariantSchema } from './invariants.ts';
import { bacnetPointSchema, bacnetPollSchema, bacnetServiceSchema } from './plant-bacnet.ts';
import { dnp3PointSchema, dnp3PollSchema, dnp3ServiceSchema } from './plant-dnp3.ts';
import {
  accountSchema,
  firmwareSchema,
  ftpServiceSchema,
  snmpServiceSchema,
  telnetServiceSchema,
  webServiceSchema,
} from './plant-doors.ts';
import { fieldActionSchema } from './plant-field.ts';
import { actuatorSchema, sensorSchema } from './plant-instruments.ts';
import { modbusPointSchema, modbusPollSchema, modbusServiceSchema } from './plant-modbus.ts';
import { mqttServiceSchema, sparkplugSchema } from './plant-mqtt.ts';
import { opcuaPollSchema, opcuaServiceSchema } from './plant-opcua.ts';
import { s7PointSchema, s7PollSchema, s7ServiceSchema } from './plant-s7.ts';
import { duration, id, tagId } from './plant-words.ts';

const ipv4 = z.ipv4();
const mac = z
  .string()
  .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, 'a MAC address is six lower case hex pairs joined by colons');
const band = z.tuple([z.number(), z.number()]);

export type { FieldActionSpec } from './plant-field.ts';
export { duration, fieldActionSchema };

/** `{ when: 'LIT101 > 1.1', for: 60s }`: a CEL expression over tags that must hold for a while. */
export const predicateSchema = z.strictObject({ when: z.string(), for: duration.optional() });
export type PredicateText = z.output<typeof predicateSchema>;

const alarmsSchema = z.strictObject({
  lowLow: z.number().optional(),
  low: z.number().optional(),
  high: z.number().optional(),
  highHigh: z.number().optional(),
  /** Alarm when a boolean tag has this value. */
  state: z.boolean().optional(),
  delay: duration.optional(),
  /** How far a value must come back for the alarm to return, in the tag's unit; half a percent of the range when left out. */
  deadBand: z.number().nonnegative().optional(),
  /** Suppressed by design while this holds on displayed values (a stopped pump has no flow): a predicate over tags. */
  suppressWhen: z.string().optional(),
  priority: z.enum(['low', 'medium', 'high']).optional(),
});

export const tagSchema = z.strictObject({
  id: tagId,
  name: z.string(),
  area: id,
  kind: z.enum(['measurement', 'actuator', 'setpoint', 'mode', 'status', 'calculated']),
  unit: z.string(),
  range: band,
  alarms: alarmsSchema.optional(),
  /** Safe operating limits of the control loop; beyond them it counts as compromised, whatever the cause. */
  safe: band.optional(),
  /** Fastest change that physics allows, in the tag's unit per second; what moves faster is not believed. */
  rate: z.number().positive().optional(),
  /** A boolean tag has range [0, 1] and these two words for its states. */
  states: z.tuple([z.string(), z.string()]).optional(),
  sensor: sensorSchema.optional(),
  actuator: actuatorSchema.optional(),
  /** Why a person should care when it is wrong; monitors and faceplates quote it. */
  matters: z.string().optional(),
});
export type TagSpec = z.output<typeof tagSchema>;

export const pointSchema = z.strictObject({
  tag: tagId,
  /** Variable of the controller's program; the tag's own name when left out. */
  variable: z.string().optional(),
  writable: z.boolean().default(false),
  /** Values outside are refused by the device (an instrument range, an HMI's entry limits are not the device's). */
  accepts: band.optional(),
  modbus: modbusPointSchema.optional(),
  s7: s7PointSchema.optional(),
  dnp3: dnp3PointSchema.optional(),
  bacnet: bacnetPointSchema.optional(),
});
export type PointSpec = z.output<typeof pointSchema>;

const controllerSchema = z.strictObject({
  /** Structured Text, relative to the plant's folder. */
  program: z.string(),
  /** Programs of that text and how often each runs; the fastest is the scan. */
  tasks: z.array(z.strictObject({ program: z.string(), every: duration })).min(1),
  /** Tags whose measured value is copied to the variable of the same name before a scan. */
  inputs: z.array(tagId),
  /** Tags whose actuator follows the variable of the same name after a scan. */
  outputs: z.array(tagId),
  /** Variables of tags that are not called as the tag is, so that one program serves many devices: tag → variable. */
  variables: z.record(tagId, z.string()).optional(),
  key: z.enum(['run', 'remote', 'program']).default('remote'),
  /** Statements that one scan may execute before the watchdog faults the controller. */
  watchdog: z.int().positive().default(50_000),
});
export type ControllerSpec = z.output<typeof controllerSchema>;

const simpleServiceSchema = z.strictObject({
  protocol: z.enum(['ntp', 'dns', 'syslog', 'historian', 'scada']),
  port: z.int().optional(),
});
export const serviceSchema = z.discriminatedUnion('protocol', [
  modbusServiceSchema,
  s7ServiceSchema,
  dnp3ServiceSchema,
  bacnetServiceSchema,
  mqttServiceSchema,
  opcuaServiceSchema,
  webServiceSchema,
  telnetServiceSchema,
  ftpServiceSchema,
  snmpServiceSchema,
  simpleServiceSchema,
]);
export type ServiceSpec = z.output<typeof serviceSchema>;

/** A standing conversation that this device starts: whom, what, how often. */
export const pollSchema = z.discriminatedUnion('protocol', [
  modbusPollSchema,
  s7PollSchema,
  dnp3PollSchema,
  bacnetPollSchema,
  opcuaPollSchema,
]);
export type PollSpec = z.output<typeof pollSchema>;

/**
 * A standing HTTP conversation that this device starts. `push`: the values that it displays or stores go to the other's
 * collector; `pull`: it fetches the values that the other displays or stores (an HMI from its SCADA server, an office from the replica).
 */
export const feedSchema = z.strictObject({
  device: id,
  mode: z.enum(['push', 'pull']),
  every: duration,
  /** Tags that are carried; all that the source holds when left out. */
  tags: z.array(tagId).optional(),
});
export type FeedSpec = z.output<typeof feedSchema>;

export const DEVICE_KINDS = [
  'plc',
  'rtu',
  'ied',
  'sis',
  'drive',
  'instrument',
  'scada',
  'hmi',
  'historian',
  'workstation',
  'jump-host',
  'gateway',
  'firewall',
  'iot',
  'server',
] as const;

export const deviceSchema = z.strictObject({
  id,
  name: z.string(),
  kind: z.enum(DEVICE_KINDS),
  /** What it is for in this plant; attacks and rules name devices by it. */
  role: id,
  zone: id,
  address: ipv4,
  mac,
  criticality: z.enum(['low', 'medium', 'high']).default('medium'),
  identity: z.strictObject({
    vendor: z.string(),
    productCode: z.string(),
    revision: z.string(),
    productName: z.string(),
    modelName: z.string(),
    vendorUrl: z.string().optional(),
    application: z.string().optional(),
  }),
  controller: controllerSchema.optional(),
  points: z.array(pointSchema).default([]),
  services: z.array(serviceSchema).default([]),
  polls: z.array(pollSchema).default([]),
  feeds: z.array(feedSchema).default([]),
  /** What it is to an MQTT broker. */
  sparkplug: sparkplugSchema.optional(),
  /** Who may come in by its pages, console and file drop. */
  accounts: z.array(accountSchema).optional(),
  firmware: firmwareSchema.optional(),
  /** Not connected until the week or a scenario brings it (a contractor's laptop). */
  absent: z.boolean().default(false),
  /** Whether it asks the plant's servers for time and names, and sends them its log; a tool that a stranger brings does not. */
  infrastructure: z.boolean().default(true),
});
export type DeviceSpec = z.output<typeof deviceSchema>;

export const zoneSchema = z.strictObject({
  id,
  name: z.string(),
  /** Purdue level; 3.5 is the DMZ. */
  level: z.number().min(0).max(5),
  subnet: z.cidrv4(),
  /** IEC 62443-3-3 target security level. */
  targetSecurityLevel: z.int().min(1).max(4),
  /** One-way delay of the segment. */
  latency: duration.optional(),
  /** Of a radio: delay beyond that, up to so much for each frame, and the share of frames that never arrive. */
  jitter: duration.optional(),
  loss: z.number().min(0).max(0.5).optional(),
});
export type ZoneSpec = z.output<typeof zoneSchema>;

const transport = z.enum(['tcp', 'udp', 'icmp']);
/** Who may open what: device ids and the port; replies pass by state. */
const allowLineSchema = z.strictObject({
  from: z.array(id).min(1),
  to: z.array(id).min(1),
  transport: transport.default('tcp'),
  port: z.int().optional(),
});
export type AllowLine = z.output<typeof allowLineSchema>;

export const conduitSchema = z.strictObject({
  id,
  from: id,
  to: id,
  allow: z.array(allowLineSchema),
  diode: z.boolean().default(false),
  purpose: z.string(),
});
export type ConduitSpec = z.output<typeof conduitSchema>;

export const hazardSchema = z.strictObject({
  id,
  name: z.string(),
  /** Quality, equipment, supply or injury: what kind of harm it is. */
  harm: z.enum(['quality', 'equipment', 'supply', 'injury', 'environment']),
  predicate: predicateSchema,
  source: z.string(),
});
export type HazardSpec = z.output<typeof hazardSchema>;

export const safeguardSchema = z.strictObject({
  id,
  name: z.string(),
  kind: z.enum(['interlock', 'sis', 'relief', 'alarm']),
  device: id.optional(),
  guards: z.array(id),
  /** Option of the plant that switches it off for counterfactual runs. */
  option: z.string().optional(),
});

const activityParameters = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.array(z.number())]))
  .default({});

/** A piece of the normal week. `at` counts from Monday 00:00; `every` repeats it. Parameters are the activity's own. */
export const activitySchema = z.strictObject({
  id,
  name: z.string(),
  kind: z.string(),
  at: duration.optional(),
  every: duration.optional(),
  /** Spread of the start, drawn from the run's seed. */
  spread: duration.optional(),
  lasts: duration.optional(),
  /** Work that is announced appears in the work-order calendar. */
  workOrder: z.boolean().default(false),
  device: id.optional(),
  with: activityParameters,
});
export type ActivitySpec = z.output<typeof activitySchema>;

/** Who answers to an alert: the range's own automation, whoever sits in the control room, whoever is sent out to the equipment. */
export const RESPONDERS = ['automatic', 'control-room', 'field'] as const;
export type ResponderName = (typeof RESPONDERS)[number];

/** One act of a response; kinds and their parameters are those of the week's activities, and `close-conduit` with `conduit`. */
const responseActionSchema = z.strictObject({
  kind: z.string(),
  /** From the response's begin; at once when left out. */
  after: duration.optional(),
  lasts: duration.optional(),
  /** Only done when this holds for whoever responds: in the field on the plant itself, elsewhere on displayed values. */
  when: z.string().optional(),
  /** Done again so often until `until` holds, a hundred times at most (a reset that is refused while its cause lasts). */
  every: duration.optional(),
  until: z.string().optional(),
  device: id.optional(),
  with: activityParameters,
});
export type ResponseAction = z.output<typeof responseActionSchema>;

/** What people or machines of this plant do about an alert of paging severity. */
export const responseSchema = z.strictObject({
  id,
  name: z.string(),
  by: z.enum(RESPONDERS),
  /** Alerts that it answers: those that name one of these devices or tags; all that count when left out. */
  on: z.strictObject({ devices: z.array(id).default([]), tags: z.array(tagId).default([]) }).optional(),
  actions: z.array(responseActionSchema).min(1),
});
export type ResponseSpec = z.output<typeof responseSchema>;

/** A switch of the plant, and what it switches: at most one of `OPTION_KINDS`; else it is the process'. */
export const optionSchema = z.strictObject({
  default: z.union([z.boolean(), z.number()]),
  about: z.string(),
  /** The option is whether this device is there: false, and it neither scans nor speaks, and its outputs stay at rest. */
  device: id.optional(),
  /** The option is whether this conduit is open: false closes it, or those of its ways that fit what else is given. */
  conduit: z
    .union([
      id,
      z.strictObject({
        id,
        from: z.array(id).min(1).optional(),
        to: z.array(id).min(1).optional(),
        transport: transport.optional(),
        port: z.int().optional(),
      }),
    ])
    .optional(),
  /**
   * The option is whether controllers have an access control list. True: what a device that is not listed opens or writes is refused
   * and logged; `sessions` are reset once they stand (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, access control module),
   * `writes` get exception 01.
   */
  allowList: z
    .array(
      z.strictObject({
        device: id,
        from: z.array(id).min(1),
        refuses: z.enum(['sessions', 'writes']).default('sessions'),
      }),
    )
    .min(1)
    .optional(),
  /** The option is whether the firewall has these further rules (one that was left behind, one for an emergency). */
  rules: z
    .array(allowLineSchema.extend({ conduit: id }))
    .min(1)
    .optional(),
  /** The option is whether these DNP3 outstations want outputs selected before they are operated; else they also take them at once. */
  selectRequired: z.array(id).min(1).optional(),
  /** The option is whether the mode keys of these controllers stand at RUN, where they take no program and no mode from the network. */
  keyAtRun: z.array(id).min(1).optional(),
  /** The option is whether these controllers' S7 services ask for a password (see `protection` of a service), which their own engineers give. */
  protection: z
    .array(z.strictObject({ device: id, level: z.int().min(2).max(3), password: z.string().min(1).max(8) }))
    .min(1)
    .optional(),
  /** The option is whether these devices take only firmware that is whole and signed by their vendor. */
  signedFirmware: z.array(id).min(1).optional(),
  /** The option is whether users of brokers may publish these topics only, instead of those that their broker's service gives them. */
  topicRights: z
    .array(z.strictObject({ broker: id, user: z.string().min(1), publish: z.array(z.string().min(1)) }))
    .min(1)
    .optional(),
});
export type OptionSpec = z.output<typeof optionSchema>;

export const plantSchema = z.strictObject({
  id,
  name: z.string(),
  summary: z.string(),
  process: z.strictObject({
    module: z.string(),
    step: duration,
    method: z.enum(['rk4', 'euler']).default('rk4'),
  }),
  /** Named switches of the plant (an oversized pump, a safeguard off) with their defaults; scenarios may set them. */
  options: z.record(z.string(), optionSchema).default({}),
  /** Calendar date of the run's start, a Monday 00:00 in local time; captures carry it. */
  epoch: z.iso.datetime(),
  areas: z.array(z.strictObject({ id, name: z.string() })).min(1),
  zones: z.array(zoneSchema).min(1),
  conduits: z.array(conduitSchema).default([]),
  tags: z.array(tagSchema).min(1),
  devices: z.array(deviceSchema).min(1),
  /** Hosts that everybody uses: names, time, logs (device ids), and how often each device asks. */
  network: z.strictObject({
    dns: id.optional(),
    ntp: id.optional(),
    ntpEvery: duration.optional(),
    syslog: id.optional(),
    domain: z.string().default('plant.example'),
  }),
  hazards: z.array(hazardSchema).default([]),
  safeguards: z.array(safeguardSchema).default([]),
  /** What must hold between displayed values; an owner's monitor gets it with the tags. */
  invariants: z.array(invariantSchema).default([]),
  week: z.array(activitySchema).default([]),
  /** What is done about alerts, by those who can: see `penstock run --respond`. */
  responses: z.array(responseSchema).default([]),
  /** What people on site can read, sample and move by hand. */
  field: z.array(fieldActionSchema).default([]),
});
export type PlantSpec = z.output<typeof plantSchema>;
