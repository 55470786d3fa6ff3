/** DNP3 in `plant.yaml`: points by group and index, an outstation's service, a master's standing conversation (IEEE 1815-2012). */
import { z } from 'zod';
import { duration, id, pollCommon, tagId } from './plant-words.ts';

const linkAddress = z.int().min(0).max(65_519);
const pointClass = z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]);

export const dnp3PointSchema = z.strictObject({
  kind: z.enum(['binary', 'double-bit', 'analog', 'counter', 'binary-output', 'analog-output']),
  index: z.int().min(0).max(65_535),
  /** In which class changes are reported; 0: they are not. Binaries 1, analogs and counters 2, outputs 0 when left out. */
  class: pointClass.optional(),
  /** Static and event variation unless a master asks for another. Numbers go as floats, events with time, when left out. */
  variation: z.int().min(1).max(10).optional(),
  eventVariation: z.int().min(1).max(8).optional(),
  /** A change must be more than this to be reported, in the tag's unit; analogs and counters. */
  deadBand: z.number().nonnegative().optional(),
  /** Engineering value = value on the wire × scale + offset. */
  scale: z.number().positive().default(1),
  offset: z.number().default(0),
  /**
   * Binary outputs. `latch`: close and latch-on write 1, trip and latch-off 0. `pulse`: whatever activates it makes one pulse. `two-output`: close
   * pulses this point, trip the one of `trip`.
   */
  output: z.enum(['latch', 'pulse', 'two-output']).optional(),
  trip: tagId.optional(),
});
export type Dnp3Point = z.output<typeof dnp3PointSchema>;

export const dnp3ServiceSchema = z.strictObject({
  protocol: z.literal('dnp3'),
  port: z.int().default(20_000),
  transport: z.enum(['tcp', 'udp']).default('tcp'),
  /** Link address of the outstation. */
  address: linkAddress,
  /** Link addresses of masters that it knows, each with its own events. */
  masters: z.array(linkAddress).min(1).max(8).default([1]),
  /** Answers masters that it does not know too, as weak devices do. */
  anyMaster: z.boolean().default(false),
  /** Listens to the self address (65532) too. */
  selfAddress: z.boolean().default(false),
  /** Outputs must be selected before they are operated. */
  selectRequired: z.boolean().default(false),
  /** Whether it reports of its own accord, once a master enabled that. */
  unsolicited: z.boolean().default(true),
  /** Events kept of each kind of point. */
  events: z.int().min(1).max(10_000).default(200),
  /** How often changes are looked for. */
  scan: duration.optional(),
  /** Masters have to set its clock, and again after this long; a device with another source of time leaves it out. */
  needsTime: duration.optional(),
  /** User data is confirmed by the link layer, as on slow serial lines. */
  linkConfirm: z.boolean().default(false),
  /** Only these devices may open a connection; everybody when left out. */
  allow: z.array(id).optional(),
  /** Only these devices may do more than read; everybody when left out. */
  writers: z.array(id).optional(),
});
export type Dnp3ServiceSpec = z.output<typeof dnp3ServiceSchema>;

export const dnp3PollSchema = z.strictObject({
  ...pollCommon,
  protocol: z.literal('dnp3'),
  /** Own link address; the first that the outstation knows when left out. */
  address: linkAddress.optional(),
  /** `every` is how often classes 1 to 3 are read; this is how often everything is. At a start it is in any case. */
  integrity: duration.optional(),
  /** Whether the outstation is told to report of its own accord. */
  unsolicited: z.boolean().default(true),
  /** How outputs are commanded: SELECT and OPERATE, or at once. */
  commands: z.enum(['select', 'direct']).default('select'),
  /** Whether the outstation is asked who it is (device attributes, group 0) whenever it is set up. */
  identify: z.boolean().default(true),
  /** After so long without a sign of the outstation it is asked for its link status. */
  keepAlive: duration.optional(),
});
export type Dnp3PollSpec = z.output<typeof dnp3PollSchema>;
