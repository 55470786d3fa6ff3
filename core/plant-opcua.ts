/** OPC UA in `plant.yaml`: what a server offers to whom (OPC 10000-3 to -11), and a client's standing conversation. */
import { z } from 'zod';
import { duration, id, pollCommon, tagId } from './plant-words.ts';

/** An observer reads, an operator writes and acknowledges, an engineer calls methods and hears audits too. */
const role = z.enum(['observer', 'operator', 'engineer']);

export const opcuaServiceSchema = z.strictObject({
  protocol: z.literal('opcua'),
  port: z.int().default(4840),
  /**
   * Tags that are offered: of a controller its own points, of another device what it polls or is fed. What clients write to the latter goes on to
   * the device that holds the point, over the standing conversation.
   */
  points: z
    .array(
      z.strictObject({
        tag: tagId,
        writable: z.boolean().default(false),
        /** Whether values are kept for HistoryRead. */
        history: z.boolean().default(false),
      }),
    )
    .min(1)
    .max(2000),
  /** What somebody without a name may do. */
  anonymous: z.union([role, z.literal('none')]).default('observer'),
  users: z
    .array(z.strictObject({ name: z.string().min(1).max(64), password: z.string().max(128), role }))
    .max(64)
    .default([]),
  /** Alarms of the offered tags are conditions: events that are told, and acknowledged by operators. */
  conditions: z.boolean().default(true),
  /** How often values are kept, and how many of each tag. */
  history: z.strictObject({ every: duration, keep: z.int().min(1).max(100_000) }).optional(),
  /** What can be called in an area: writes the tag, with `value` or with the method's one argument. */
  methods: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/, 'a method has a name of letters and digits'),
        area: id,
        description: z.string().optional(),
        tag: tagId,
        value: z.number().optional(),
      }),
    )
    .max(64)
    .default([]),
  /** Sessions at once; what comes beyond is turned away. */
  sessions: z.int().min(1).max(256).default(32),
  /** Only these devices may open a connection; everybody when left out. */
  allow: z.array(id).optional(),
  /** Only these devices may change anything, whoever logs on; everybody when left out. */
  writers: z.array(id).optional(),
});
export type OpcUaServiceSpec = z.output<typeof opcuaServiceSchema>;

export const opcuaPollSchema = z.strictObject({
  ...pollCommon,
  protocol: z.literal('opcua'),
  /** Tags that are heard; all that the server offers when left out. */
  tags: z.array(tagId).min(1).optional(),
  /** `subscribe`: the server tells changes, at most so often. `read`: everything is read so often. */
  mode: z.enum(['subscribe', 'read']).default('subscribe'),
  /** A change must be more than this to be told, in the tags' unit. */
  deadBand: z.number().nonnegative().optional(),
  /** Anonymous when left out. */
  user: z.strictObject({ name: z.string().min(1), password: z.string() }).optional(),
});
export type OpcUaPollSpec = z.output<typeof opcuaPollSchema>;
