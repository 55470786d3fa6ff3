/** What people do to the plant: over the SCADA server's session, or on site with the minutes that it takes. */
import { z } from 'zod';
import { runTime } from './common.ts';

/** POST /api/operate: a set point, a mode, a start or stop; written over the SCADA server's own session like any other. */
export const operateRequest = z.strictObject({ tag: z.string(), value: z.number() });
export type OperateRequest = z.output<typeof operateRequest>;

/** Kinds of field action; what each needs and how long it takes is the plant's (`field:` in plant.yaml). */
export const FIELD_KINDS = ['read-gauge', 'grab-sample', 'starter', 'local-switch', 'manual-valve', 'call'] as const;

/** GET /api/field: what somebody on site can be asked for. */
export const fieldActionMessage = z.strictObject({
  id: z.string(),
  kind: z.enum(FIELD_KINDS),
  name: z.string(),
  area: z.string(),
  /** Tag that it reads or moves. */
  tag: z.string().nullable(),
  /** Seconds of plant time from asking to the answer. */
  takes: z.number().nonnegative(),
  /** For switches and valves: the positions and their names. */
  positions: z.array(z.strictObject({ value: z.number(), name: z.string() })),
});
export type FieldActionMessage = z.output<typeof fieldActionMessage>;

/** POST /api/field */
export const fieldRequest = z.strictObject({ action: z.string(), position: z.number().nullable() });
export type FieldRequest = z.output<typeof fieldRequest>;

/** Every order of a person and what became of it; field results arrive when their minutes are over. */
export const orderMessage = z.strictObject({
  number: z.int().positive(),
  kind: z.enum(['operate', 'field']),
  /** Tag or field action. */
  what: z.string(),
  by: z.string(),
  asked: runTime,
  /** Expected end; known from the start. */
  due: runTime,
  ended: runTime.nullable(),
  outcome: z.enum(['pending', 'done', 'refused', 'failed']),
  /** `clearwell free chlorine by DPD kit: 0.1 mg/L`, `exception 02 from dosing-plc`. */
  text: z.string(),
  value: z.number().nullable(),
});
export type OrderMessage = z.output<typeof orderMessage>;
