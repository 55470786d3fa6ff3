/**
 * An outstation's point list: which DNP3 index of which type stands for which point of the device, in which class and variation it is
 * reported, and what was reported of it last. Values themselves are always asked of the device.
 */
import { UsageError } from '@penstock/core';
import { FLAG } from './values.ts';

/** Types of points that a device has, and what an outstation keeps of its counters. */
export const STATIC_KINDS = [
  'binary',
  'double-bit',
  'analog',
  'counter',
  'frozen-counter',
  'binary-output',
  'analog-output',
  'octet-string',
] as const;
export type StaticKind = (typeof STATIC_KINDS)[number];
/** The last two report what was commanded (g13, g43), not what the output then did. */
export type EventKind = StaticKind | 'binary-command' | 'analog-command';

interface KindRow {
  readonly group: number;
  readonly eventGroup: number;
  /** What is reported unless the point's row or the master says otherwise. */
  readonly variation: number;
  readonly eventVariation: number;
  /** Highest static variation. */
  readonly variations: readonly number[];
  readonly eventVariations: readonly number[];
}

/** Groups and variations (IEEE 1815-2012, annex A, and what the implementation tables of clause 14 ask a level 3 outstation to know). */
export const KINDS: Readonly<Record<StaticKind, KindRow>> = {
  binary: { group: 1, eventGroup: 2, variation: 2, eventVariation: 2, variations: [1, 2], eventVariations: [1, 2, 3] },
  'double-bit': {
    group: 3,
    eventGroup: 4,
    variation: 2,
    eventVariation: 2,
    variations: [1, 2],
    eventVariations: [1, 2, 3],
  },
  analog: {
    group: 30,
    eventGroup: 32,
    variation: 1,
    eventVariation: 3,
    variations: [1, 2, 3, 4, 5, 6],
    eventVariations: [1, 2, 3, 4, 5, 6, 7, 8],
  },
  counter: {
    group: 20,
    eventGroup: 22,
    variation: 1,
    eventVariation: 5,
    variations: [1, 2, 5, 6],
    eventVariations: [1, 2, 5, 6],
  },
  'frozen-counter': {
    group: 21,
    eventGroup: 23,
    variation: 1,
    eventVariation: 5,
    variations: [1, 2, 5, 6, 9, 10],
    eventVariations: [1, 2, 5, 6],
  },
  'binary-output': {
    group: 10,
    eventGroup: 11,
    variation: 2,
    eventVariation: 2,
    variations: [1, 2],
    eventVariations: [1, 2],
  },
  'analog-output': {
    group: 40,
    eventGroup: 42,
    variation: 1,
    eventVariation: 3,
    variations: [1, 2, 3, 4],
    eventVariations: [1, 2, 3, 4, 5, 6, 7, 8],
  },
  'octet-string': { group: 110, eventGroup: 111, variation: 0, eventVariation: 0, variations: [], eventVariations: [] },
};

/** g13 and g43: in which form commands are reported. */
export const COMMAND_EVENTS = {
  'binary-command': { eventGroup: 13, eventVariation: 2, eventVariations: [1, 2] },
  'analog-command': { eventGroup: 43, eventVariation: 7, eventVariations: [1, 2, 3, 4, 5, 6, 7, 8] },
} as const;

const BY_GROUP = new Map<number, StaticKind>(STATIC_KINDS.map((kind) => [KINDS[kind].group, kind]));
const BY_EVENT_GROUP = new Map<number, EventKind>([
  ...STATIC_KINDS.map((kind): [number, EventKind] => [KINDS[kind].eventGroup, kind]),
  [13, 'binary-command'],
  [43, 'analog-command'],
]);

export const kindOfGroup = (group: number): StaticKind | undefined => BY_GROUP.get(group);
export const kindOfEventGroup = (group: number): EventKind | undefined => BY_EVENT_GROUP.get(group);
export const eventRow = (
  kind: EventKind,
): { readonly eventGroup: number; readonly eventVariations: readonly number[] } =>
  kind === 'binary-command' || kind === 'analog-command' ? COMMAND_EVENTS[kind] : KINDS[kind];

/** 0: changes are not reported of their own. */
export type PointClass = 0 | 1 | 2 | 3;

/**
 * What a control relay output block does with a binary output (IEEE 1815-2012, A.8.1). `latch`: close and latch-on write 1, trip and latch-off 0, and
 * pulses last as long as they say. `pulse`: whatever activates it makes one pulse. `two-output`: close and trip pulse two points of
 * the device.
 */
export type OutputModel = 'latch' | 'pulse' | 'two-output';

export interface OutstationPoint {
  readonly kind: Exclude<StaticKind, 'frozen-counter'>;
  /** DNP3 index, 0 to 65535. */
  readonly index: number;
  /** Number of the point in the device's point list. */
  readonly point: number;
  /** Default: outputs and strings 0, binaries 1, analogs and counters 2. */
  readonly class?: PointClass | undefined;
  /** Static variation; the kind's usual one when left out. */
  readonly variation?: number | undefined;
  /** What carries as much as the static one, with time, when left out. */
  readonly eventVariation?: number | undefined;
  /** By how much an analog or a counter must differ from what was reported last, in the units of the wire; more than this is an event. */
  readonly deadband?: number | undefined;
  /** Engineering value = value on the wire × scale + offset; all kinds but binaries and strings. */
  readonly scale?: number | undefined;
  readonly offset?: number | undefined;
  /** Counters: in which class and form freezes are reported; class 0 when left out. */
  readonly frozen?:
    | { readonly class?: PointClass; readonly variation?: number; readonly eventVariation?: number }
    | undefined;
  /** Outputs: what a command does; `latch` when left out. */
  readonly output?: OutputModel | undefined;
  /** Binary outputs of model `two-output`: the device's point that a trip pulses. */
  readonly tripPoint?: number | undefined;
  /** Outputs that must be selected before they are operated: direct commands get the status `noSelect`. */
  readonly selectRequired?: boolean | undefined;
  /** Outputs: class in which commands to it are reported (g13, g43); 0 when left out. */
  readonly commandClass?: PointClass | undefined;
}

/** Events with time that carry as much as the static variation does: whole numbers of 32 or 16 bits, floats. */
const EVENTS_OF: Readonly<Partial<Record<StaticKind, Readonly<Record<number, number>>>>> = {
  analog: { 1: 3, 2: 4, 3: 3, 4: 4, 5: 7, 6: 8 },
  'analog-output': { 1: 3, 2: 4, 3: 7, 4: 8 },
};

const DEFAULT_CLASS: Record<StaticKind, PointClass> = {
  binary: 1,
  'double-bit': 1,
  analog: 2,
  counter: 2,
  'frozen-counter': 0,
  'binary-output': 0,
  'analog-output': 0,
  'octet-string': 0,
};

/** All points of one kind, by rising index; columns, so that a scan is a walk through arrays. */
export class PointTable {
  readonly kind: StaticKind;
  readonly group: number;
  readonly rows: readonly OutstationPoint[];
  readonly indices: Int32Array;
  readonly points: Int32Array;
  readonly classes: Uint8Array;
  readonly variations: Uint8Array;
  readonly eventVariations: Uint8Array;
  readonly deadbands: Float64Array;
  readonly scales: Float64Array;
  readonly offsets: Float64Array;
  /** What was last reported as an event, or stood there when the outstation began. */
  readonly reported: Float64Array;
  readonly reportedFlags: Uint8Array;
  /** Frozen counters: what was frozen, with which flags, when. */
  readonly frozen: Float64Array;
  readonly frozenFlags: Uint8Array;
  readonly frozenTimes: Float64Array;
  readonly reportedOctets: (Uint8Array | undefined)[] = [];

  /** @throws UsageError `dnp3.point` for an index, variation, scale or dead band that cannot be, or one index twice. */
  constructor(kind: StaticKind, points: readonly OutstationPoint[]) {
    const rows = [...points].sort((a, b) => a.index - b.index);
    const spec = KINDS[kind];
    const isFrozen = kind === 'frozen-counter';
    const count = rows.length;
    this.kind = kind;
    this.group = spec.group;
    this.rows = rows;
    this.indices = new Int32Array(count);
    this.points = new Int32Array(count);
    this.classes = new Uint8Array(count);
    this.variations = new Uint8Array(count);
    this.eventVariations = new Uint8Array(count);
    this.deadbands = new Float64Array(count);
    this.scales = new Float64Array(count).fill(1);
    this.offsets = new Float64Array(count);
    this.reported = new Float64Array(count);
    this.reportedFlags = new Uint8Array(count).fill(FLAG.online);
    this.frozen = new Float64Array(isFrozen ? count : 0);
    this.frozenFlags = new Uint8Array(isFrozen ? count : 0).fill(FLAG.online);
    this.frozenTimes = new Float64Array(isFrozen ? count : 0);
    rows.forEach((row, at) => {
      const where = `${kind} ${row.index}`;
      if (!Number.isInteger(row.index) || row.index < 0 || row.index > 65_535)
        throw new UsageError('dnp3.point', `an index is 0 to 65535, not ${row.index} (${kind})`);
      if (at > 0 && rows[at - 1]?.index === row.index)
        throw new UsageError('dnp3.point', `${where} is there twice; an index stands for one point`);
      const own = isFrozen ? (row.frozen ?? {}) : row;
      this.indices[at] = row.index;
      this.points[at] = row.point;
      this.classes[at] = own.class ?? DEFAULT_CLASS[kind];
      const variation = known(own.variation ?? spec.variation, spec.variations, spec.variation, where);
      const eventVariation = own.eventVariation ?? EVENTS_OF[kind]?.[variation] ?? spec.eventVariation;
      this.variations[at] = variation;
      this.eventVariations[at] = known(eventVariation, spec.eventVariations, spec.eventVariation, where);
      this.deadbands[at] = positive(row.deadband ?? 0, true, `dead band of ${where}`);
      this.scales[at] = positive(row.scale ?? 1, false, `scale of ${where}`);
      this.offsets[at] = row.offset ?? 0;
    });
  }

  get count(): number {
    return this.indices.length;
  }

  /** Highest index, -1 when there is no point. */
  get highest(): number {
    return this.count === 0 ? -1 : (this.indices[this.count - 1] as number);
  }

  /** Position of the first point whose index is `index` or above; `count` when there is none. */
  from(index: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.indices[middle] as number) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Position of the point with this index, or -1. */
  at(index: number): number {
    const position = this.from(index);
    return this.indices[position] === index ? position : -1;
  }
}

function known(variation: number, variations: readonly number[], usual: number, where: string): number {
  if (variation !== usual && !variations.includes(variation))
    throw new UsageError(
      'dnp3.point',
      `${where} cannot be reported in variation ${variation}; possible are ${variations.join(', ')}`,
    );
  return variation;
}

function positive(value: number, orZero: boolean, what: string): number {
  if (!(value > 0) && !(orZero && value === 0))
    throw new UsageError('dnp3.point', `${what} must be above ${orZero ? 'or equal to ' : ''}0, not ${value}`);
  return value;
}
