/**
 * `scene.yaml`: how a plant looks in three dimensions. It places equipment of the shared library, lays the pipes between its nozzles and
 * binds both to tags. Metres; x to the east, y up, z to the south; rotations in degrees, counter-clockwise seen from above. A file without
 * any of node's modules, so that the browser may know it: the scene goes to the page as JSON.
 */
import { z } from 'zod';

const id = z.string().regex(/^[a-z][a-z0-9-]*$/, 'ids are lower case words joined by hyphens');
const tag = z
  .string()
  .regex(/^[A-Z]{1,6}[0-9]{2,4}[A-Z]?(_[A-Z0-9]+)?$/, 'tags follow ISA-5.1 without hyphen, for example LIT101');
const point = z.tuple([z.number(), z.number(), z.number()]);
/** East and south on the ground. */
const spot = z.tuple([z.number(), z.number()]);
const metres = z.number().positive();

/** A level: the tag's values at which the vessel is empty, and full to the brim. */
const levelSchema = z.strictObject({ tag, empty: z.number().default(0), full: z.number() });
export type LevelBinding = z.output<typeof levelSchema>;
/** Something that goes from nothing to all of it: a speed, a travel. `full` is the tag's value for all of it. */
const shareSchema = z.strictObject({ tag, full: z.number().positive().default(100) });
export type ShareBinding = z.output<typeof shareSchema>;

const common = {
  id,
  name: z.string(),
  area: id,
  /** The middle of its foot. */
  position: point,
  rotation: z.number().default(0),
  /** Tags that belong to it beside those that move something in it: their alarms show on it, and selecting them selects it. */
  tags: z.array(tag).default([]),
};
const level = levelSchema.optional();
/** Which of the scene's waters it holds. */
const water = id.optional();

const equipmentSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('tank'),
    diameter: metres,
    height: metres,
    bottom: z.enum(['flat', 'dished', 'cone']).default('dished'),
    top: z.enum(['dome', 'flat', 'open']).default('dome'),
    legs: z.number().nonnegative().default(0),
    water,
    bind: z.strictObject({ level }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('vessel'),
    diameter: metres,
    length: metres,
    saddles: metres.default(0.8),
    water,
    bind: z.strictObject({ level }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('column'),
    diameter: metres,
    height: metres,
    trays: z.int().min(1).max(60),
    water,
    bind: z.strictObject({ level }).prefault({}),
  }),
  z.strictObject({ ...common, kind: z.literal('exchanger'), diameter: metres, length: metres }),
  /** An agitated vessel with a cooling coil in it. */
  z.strictObject({
    ...common,
    kind: z.literal('reactor'),
    diameter: metres,
    height: metres,
    legs: metres.default(2.4),
    water,
    /** `running` and `speed` are the agitator's. */
    bind: z.strictObject({ level, running: tag.optional(), speed: shareSchema.optional() }).prefault({}),
  }),
  /** An upright vessel in which liquid falls out of gas. */
  z.strictObject({
    ...common,
    kind: z.literal('drum'),
    diameter: metres,
    height: metres,
    legs: metres.default(2.2),
    water,
    bind: z.strictObject({ level }).prefault({}),
  }),
  /** Of gas, turning, with gear and motor on one base. */
  z.strictObject({
    ...common,
    kind: z.literal('compressor'),
    /** Of suction and discharge. */
    bore: metres,
    bind: z.strictObject({ running: tag.optional(), speed: shareSchema.optional() }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('flare'),
    height: metres,
    /** What burns. */
    bind: z.strictObject({ flow: shareSchema.optional() }).prefault({}),
  }),
  /** A steel frame that carries pipes, or equipment where it has floors. */
  z.strictObject({
    ...common,
    kind: z.literal('rack'),
    length: metres,
    width: metres,
    /** Heights of its decks. */
    decks: z.array(metres).min(1).max(6),
    floors: z.boolean().default(false),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('pump'),
    style: z.enum(['end-suction', 'vertical', 'blower']).default('end-suction'),
    /** Bore of its discharge. */
    bore: metres,
    bind: z.strictObject({ running: tag.optional(), speed: shareSchema.optional() }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('valve'),
    style: z.enum(['butterfly', 'gate', 'check']).default('butterfly'),
    bore: metres,
    bind: z.strictObject({ travel: shareSchema.optional() }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('filter'),
    /** Of the box, east to west and north to south before rotation. */
    length: metres,
    width: metres,
    height: metres,
    /** Surface of the media above the floor of the box. */
    media: metres,
    /** Side of the pipes. */
    gallery: z.enum(['east', 'west']).default('east'),
    water,
    /** `level` is counted from the media's surface. */
    bind: z.strictObject({ level, scour: shareSchema.optional() }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('mixer'),
    style: z.enum(['flash', 'static']),
    /** Side of a flash mixer's tank; bore of a static mixer. */
    bore: metres,
    /** Height of a flash mixer's tank; length of a static mixer. */
    length: metres,
    /** Height of the frame on which a flash mixer stands. */
    stand: z.number().nonnegative().default(0),
    water,
    bind: z.strictObject({ running: tag.optional() }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('dosing'),
    /** Of the day tank. */
    diameter: metres,
    height: metres,
    bind: z.strictObject({ level, running: tag.optional(), flow: shareSchema.optional() }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('analyser'),
    style: z.enum(['panel', 'flow-meter', 'transmitter']).default('panel'),
    /** Of the pipe that a flow meter is in. */
    bore: metres.default(0.3),
    bind: z.strictObject({ value: tag }),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('building'),
    length: metres,
    width: metres,
    height: metres,
    /** Sides that are cut away, so that one sees inside. */
    open: z.array(z.enum(['north', 'south', 'east', 'west', 'roof'])).default(['south', 'roof']),
    doors: z.array(z.enum(['north', 'south', 'east', 'west'])).default([]),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('elevated-tank'),
    diameter: metres,
    /** Of the bowl. */
    height: metres,
    /** From the ground to the bowl. */
    shaft: metres,
    water,
    bind: z.strictObject({ level }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('contact-tank'),
    length: metres,
    width: metres,
    height: metres,
    passes: z.int().min(2).max(12),
    /** Of the water, which an outlet weir keeps. */
    depth: metres,
    water,
    bind: z.strictObject({}).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('reservoir'),
    length: metres,
    width: metres,
    height: metres,
    water,
    bind: z.strictObject({ level }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('intake'),
    length: metres,
    width: metres,
    height: metres,
    water,
    /** `level` is the sump's, counted from its floor. */
    bind: z.strictObject({ level }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('cabinet'),
    width: metres.default(0.8),
    height: metres.default(2),
    depth: metres.default(0.5),
    /** The controller that stands in it. Signals of its area end here unless a controller with a point for the tag stands elsewhere. */
    device: id.optional(),
    bind: z.strictObject({ contactor: tag.optional() }).prefault({}),
  }),
  /** Three tubes on post insulators, east to west before rotation. */
  z.strictObject({
    ...common,
    kind: z.literal('busbar'),
    length: metres,
    /** Between two phases. */
    spacing: metres.default(3),
    /** `live` is its voltage: it darkens without one. */
    bind: z.strictObject({ live: shareSchema.optional() }).prefault({}),
  }),
  /** From a busbar at its west end over disconnector, breaker and instrument transformers to the gantry at its east end, before rotation. */
  z.strictObject({
    ...common,
    kind: z.literal('bay'),
    length: metres.default(22),
    spacing: metres.default(3.2),
    /** Between two phases of the busbar that it hangs on. */
    busSpacing: metres.default(3),
    /** `closed` is its breaker's. */
    bind: z.strictObject({ closed: tag.optional() }).prefault({}),
  }),
  /** Of power, oil-filled: high-voltage bushings to the west, low-voltage ones to the east before rotation. */
  z.strictObject({
    ...common,
    kind: z.literal('transformer'),
    /** Of its tank. */
    length: metres.default(5.2),
    /** What it carries, which its fans follow. */
    bind: z.strictObject({ load: shareSchema.optional() }).prefault({}),
  }),
  /** A turbine and its generator: in one line from west to east for steam, upright over its spiral casing for water. */
  z.strictObject({
    ...common,
    kind: z.literal('generator'),
    style: z.enum(['steam', 'hydro']),
    /** From the first casing to the exciter; of a hydro set the diameter. */
    length: metres,
    bind: z.strictObject({ running: tag.optional(), speed: shareSchema.optional() }).prefault({}),
  }),
  /** Of natural draught; its plume is as large as what it cools. */
  z.strictObject({
    ...common,
    kind: z.literal('cooling-tower'),
    /** At its foot. */
    diameter: metres,
    height: metres,
    bind: z.strictObject({ load: shareSchema.optional() }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('stack'),
    diameter: metres,
    height: metres,
    bind: z.strictObject({ load: shareSchema.optional() }).prefault({}),
  }),
  /** A gravity dam along east-west with its gates, the lake to the north of it. */
  z.strictObject({
    ...common,
    kind: z.literal('dam'),
    length: metres,
    height: metres,
    /** Of the lake, away from the dam. */
    lake: metres,
    water,
    bind: z.strictObject({ level }).prefault({}),
  }),
  /** Houses that have light as long as they are supplied. */
  z.strictObject({
    ...common,
    kind: z.literal('district'),
    /** East and south of its position. */
    at: z.array(spot).min(1),
    storeys: z.int().min(1).max(6).default(2),
    bind: z.strictObject({ supply: shareSchema.optional() }).prefault({}),
  }),
]);
export type EquipmentSpec = z.output<typeof equipmentSchema>;
export type EquipmentKind = EquipmentSpec['kind'];
export type EquipmentOf<K extends EquipmentKind> = Extract<EquipmentSpec, { kind: K }>;

/** Where pipes may join, by kind of equipment. The library of the page builds exactly these. */
export const NOZZLES = {
  tank: ['inlet', 'outlet', 'drain', 'overflow'],
  vessel: ['inlet', 'outlet'],
  column: ['feed', 'top', 'bottom'],
  exchanger: ['shell-in', 'shell-out', 'tube-in', 'tube-out'],
  reactor: ['feed', 'gas', 'water-in', 'water-out'],
  drum: ['inlet', 'gas', 'liquid'],
  compressor: ['suction', 'discharge'],
  flare: ['inlet'],
  rack: [],
  pump: ['suction', 'discharge'],
  valve: ['a', 'b'],
  filter: ['inlet', 'outlet', 'wash', 'air', 'washout', 'waste'],
  mixer: ['inlet', 'outlet', 'dose'],
  dosing: ['fill', 'dose'],
  analyser: ['a', 'b'],
  building: [],
  'elevated-tank': ['inlet', 'outlet'],
  'contact-tank': ['inlet', 'outlet'],
  reservoir: ['inlet', 'outlet', 'wash', 'overflow'],
  intake: ['river', 'suction-1', 'suction-2'],
  cabinet: [],
  busbar: [],
  bay: ['line'],
  transformer: ['high', 'low'],
  generator: ['inlet', 'terminals'],
  'cooling-tower': ['basin'],
  stack: ['inlet'],
  dam: ['intake'],
  district: [],
} as const satisfies Record<EquipmentKind, readonly string[]>;

/** `filter-1.outlet`, or a point in space. */
const pipeEnd = z.union([
  z
    .string()
    .regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, 'an end of a pipe is equipment.nozzle, for example filter-1.outlet'),
  point,
]);

const pipeSchema = z.strictObject({
  id,
  name: z.string(),
  area: id,
  from: pipeEnd,
  /** Corners on the way. */
  via: z.array(point).default([]),
  to: pipeEnd,
  diameter: metres,
  carries: z.enum(['water', 'air', 'chemical', 'cable']).default('water'),
  water,
  /** Its flow: the tag and its value at which the marks run fastest; `through` are valves or pumps without which nothing flows. */
  flow: z.strictObject({ tag, full: z.number().positive(), through: z.array(tag).default([]) }).optional(),
  /** Goes straight from corner to corner, as mains along streets do, instead of at right angles as plant piping does. */
  straight: z.boolean().default(false),
  /** Distance between supports; none where 0. */
  supports: z.number().nonnegative().default(3),
});
export type PipeSpec = z.output<typeof pipeSchema>;

const lineSchema = z.strictObject({
  id,
  name: z.string(),
  area: id,
  /** Lattice towers of a transmission line, poles of a distribution line, or conductors from one terminal to the next without any. */
  style: z.enum(['towers', 'poles', 'span']).default('towers'),
  from: pipeEnd,
  /** Where its towers stand, from the first to the last. */
  via: z.array(spot).default([]),
  to: pipeEnd,
  tags: z.array(tag).default([]),
  /** Power from `from` to `to`: the tag and its value at which the marks run fastest. */
  flow: shareSchema.optional(),
  /** What share of its rating it carries; `full` is the tag's value at the rating. */
  loading: shareSchema.optional(),
  /** Breakers at its ends: nothing flows unless all are closed, and it is dead when all are open. */
  breakers: z.array(tag).default([]),
});
export type LineSpec = z.output<typeof lineSchema>;

/** What a water is like, so that its colour can tell. */
const waterSchema = z.strictObject({
  id,
  name: z.string(),
  turbidity: tag.optional(),
  ph: tag.optional(),
  chlorine: tag.optional(),
});
export type WaterSpec = z.output<typeof waterSchema>;

const terrainSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('river'),
    path: z.array(spot).min(2),
    width: metres,
    /** Of its bed below the ground. */
    depth: metres,
    water,
    bind: z.strictObject({ level }).prefault({}),
  }),
  /** A hole in the ground, in which something stands that one can then see. */
  z.strictObject({ kind: z.literal('pit'), at: spot, size: spot, depth: metres }),
  z.strictObject({ kind: z.literal('road'), path: z.array(spot).min(2), width: metres }),
  z.strictObject({ kind: z.literal('paving'), at: spot, size: spot }),
  z.strictObject({ kind: z.literal('fence'), path: z.array(spot).min(2) }),
  z.strictObject({ kind: z.literal('trees'), at: z.array(spot), height: metres.default(5) }),
  /** A mound of so much east to west and north to south; `flat` is the share of that which is level at its top. */
  z.strictObject({
    kind: z.literal('hill'),
    at: spot,
    size: spot,
    height: metres,
    flat: z.number().min(0).max(0.9).default(0),
  }),
  z.strictObject({
    kind: z.literal('houses'),
    at: z.array(spot),
    storeys: z.int().min(1).max(6).default(2),
    rotation: z.number().optional(),
  }),
]);
export type TerrainSpec = z.output<typeof terrainSchema>;

const cameraSchema = z.strictObject({
  id,
  name: z.string(),
  area: id.optional(),
  position: point,
  target: point,
});
export type CameraPreset = z.output<typeof cameraSchema>;

const labelSchema = z.strictObject({ text: z.string(), position: point, area: id.optional() });
export type LabelSpec = z.output<typeof labelSchema>;

export const sceneSchema = z.strictObject({
  /** The ground, east to west and north to south around the origin. */
  ground: spot,
  waters: z.array(waterSchema).default([]),
  terrain: z.array(terrainSchema).default([]),
  equipment: z.array(equipmentSchema).min(1),
  pipes: z.array(pipeSchema).default([]),
  /** Overhead lines. */
  lines: z.array(lineSchema).default([]),
  /** The first is where one begins. */
  cameras: z.array(cameraSchema).min(1),
  labels: z.array(labelSchema).default([]),
});
/** `scene.yaml` as it is written, with its defaults. */
export type SceneFile = z.output<typeof sceneSchema>;

/** What the page has to know of a tag to draw it. */
export interface SceneTag {
  readonly name: string;
  readonly unit: string;
  readonly range: readonly [number, number];
  readonly states: readonly [string, string] | null;
  /** Standard deviation of the instrument's noise, in the tag's unit. */
  readonly noise: number;
}

/** What the server sends: the file, with the tags that it names; `tags` of each piece of equipment and of each line begin with those of its bindings. */
export interface SceneSpec extends SceneFile {
  readonly tags: Readonly<Record<string, SceneTag>>;
}
