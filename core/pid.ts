/**
 * `pid.yaml`: a plant as a piping and instrumentation diagram, with the symbols of ANSI/ISA-5.1-2022: equipment, lines between it, and
 * instruments as bubbles with what they say; for a power system its single-line diagram. Units of the drawing; x to the right, y down. A file without any of node's modules, so that
 * the browser may know it: the diagram goes to the page as JSON.
 */
import { z } from 'zod';

const id = z.string().regex(/^[a-z][a-z0-9-]*$/, 'ids are lower case words joined by hyphens');
const tag = z
  .string()
  .regex(/^[A-Z]{1,6}[0-9]{2,4}[A-Z]?(_[A-Z0-9]+)?$/, 'tags follow ISA-5.1 without hyphen, for example LIT101');
const spot = z.tuple([z.number(), z.number()]);
const length = z.number().positive();

const common = {
  id,
  name: z.string(),
  /** What is written beside it (`P-101`); the name where left out. */
  number: z.string().optional(),
  /** The middle of the symbol. */
  at: spot,
  /** Tags that belong to it beside those that it is bound to: their alarms show on it. */
  tags: z.array(tag).default([]),
  /** Where that stands, from the symbol's middle; left out it stands below. */
  label: spot.optional(),
};
/** A level: the tag's values at which the vessel is empty, and full to the brim. */
const level = z.strictObject({ tag, empty: z.number().default(0), full: z.number() }).optional();
/** Where the flow leaves a symbol that has a direction. */
const towards = z.enum(['right', 'left', 'up', 'down']).default('right');

const equipmentSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('pump'),
    style: z.enum(['centrifugal', 'dosing', 'blower', 'compressor']).default('centrifugal'),
    towards,
    /** Whether it runs; its speed or stroke, shown beside it. */
    running: tag,
    speed: tag.optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('valve'),
    style: z.enum(['motor', 'hand', 'check']).default('motor'),
    towards,
    /** How far it is open, in per cent; none for one that has no tag. */
    travel: tag.optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('vessel'),
    style: z.enum(['tank', 'basin', 'tower', 'baffled', 'agitated', 'column']).default('tank'),
    size: z.tuple([length, length]),
    level,
  }),
  /** A gravity filter: its media take the lower part, `level` is counted from their surface. */
  z.strictObject({ ...common, kind: z.literal('filter'), size: z.tuple([length, length]), level }),
  z.strictObject({
    ...common,
    kind: z.literal('mixer'),
    style: z.enum(['flash', 'static']).default('flash'),
    running: tag.optional(),
  }),
  z.strictObject({ ...common, kind: z.literal('exchanger') }),
  // Single-line diagrams: symbols of IEC 60617 and IEEE Std 315
  /** `live` is its voltage. */
  z.strictObject({
    ...common,
    kind: z.literal('busbar'),
    style: z.enum(['level', 'upright']).default('level'),
    length,
    live: tag.optional(),
  }),
  z.strictObject({ ...common, kind: z.literal('breaker'), closed: tag }),
  z.strictObject({ ...common, kind: z.literal('generator'), running: tag.optional() }),
  z.strictObject({ ...common, kind: z.literal('transformer'), towards }),
  /** What is fed; `live` is its power. */
  z.strictObject({ ...common, kind: z.literal('load'), towards, live: tag.optional() }),
]);
export type PidEquipment = z.output<typeof equipmentSchema>;

const instrumentSchema = z.strictObject({
  tag,
  at: spot,
  /**
   * ISA-5.1 table 5.1.1: in the field, on a shared display, or a function of a controller that no operator reaches. A reading is its value
   * alone, as single-line diagrams have it.
   */
  where: z.enum(['field', 'shared', 'logic', 'reading']).default('field'),
  /** What it is tapped to or acts on: a point, equipment, or another instrument's tag. The line is electrical (dashed). */
  to: z.array(z.union([spot, id, tag])).default([]),
  /** Where its value stands. */
  value: z.enum(['below', 'above', 'right', 'left', 'none']).default('below'),
});
export type PidInstrument = z.output<typeof instrumentSchema>;

const pipeSchema = z.strictObject({
  path: z.array(spot).min(2),
  carries: z.enum(['water', 'chemical', 'air', 'power']).default('water'),
  /** Main lines are drawn heavier. */
  main: z.boolean().default(false),
  arrow: z.boolean().default(true),
  /** Something flows when all of these are above zero (a valve open, a pump running); always when left out. */
  through: z.array(tag).default([]),
});
export type PidPipe = z.output<typeof pipeSchema>;

export const pidSchema = z.strictObject({
  size: z.tuple([length, length]),
  /** Where the areas are, as frames behind everything. */
  areas: z.array(z.strictObject({ area: id, at: spot, size: z.tuple([length, length]) })).default([]),
  equipment: z.array(equipmentSchema).min(1),
  pipes: z.array(pipeSchema).default([]),
  instruments: z.array(instrumentSchema).default([]),
  texts: z
    .array(z.strictObject({ at: spot, text: z.string(), anchor: z.enum(['start', 'middle', 'end']).default('middle') }))
    .default([]),
});
/** The diagram of a plant, as it is written and as the page gets it. */
export type PidSpec = z.output<typeof pidSchema>;

/** What equipment shows: its bindings first. */
export function tagsOfPidEquipment(item: PidEquipment): string[] {
  const bound = [
    'closed' in item ? item.closed : undefined,
    'live' in item ? item.live : undefined,
    'running' in item ? item.running : undefined,
    'speed' in item ? item.speed : undefined,
    'travel' in item ? item.travel : undefined,
    'level' in item ? item.level?.tag : undefined,
  ];
  return [...new Set([...bound, ...item.tags].filter((one) => one !== undefined))];
}
