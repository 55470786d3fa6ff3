/**
 * Points of a DNP3 outstation as the watch follows them. They stand one behind the other in a table of their own, each in one or two
 * words as registers of Modbus are; what the wire tells of them are numbers, which are kept as the engineering values that they mean.
 */
import type { KnownPoint } from '../knowledge.ts';
import type { Place } from './points.ts';

type Dnp3 = NonNullable<KnownPoint['dnp3']>;

/** Where a point stands in the table, and what its values mean. */
export interface Dnp3Place extends Place {
  readonly table: 'dnp3';
  readonly spec: Dnp3;
  /** Its number among the outstation's points. */
  readonly order: number;
  readonly length: 1 | 2;
}

/** Group of a point's state, by which people name it (IEEE 1815-2012, annex A). */
const GROUPS: Readonly<Record<Dnp3['kind'], number>> = {
  binary: 1,
  'double-bit': 3,
  'binary-output': 10,
  counter: 20,
  analog: 30,
  'analog-output': 40,
};
/** The group of the state that an event, or a command, is about. */
const STATE_OF: Readonly<Record<number, number>> = { 2: 1, 4: 3, 11: 10, 12: 10, 22: 20, 32: 30, 41: 40, 42: 40 };
const STATES: ReadonlySet<number> = new Set(Object.values(GROUPS));
const EVENTS: ReadonlySet<number> = new Set([2, 4, 11, 22, 32, 42]);

/** The group that a point is known by; undefined for a group that tells of no point's present value. */
export function stateGroup(group: number): number | undefined {
  return STATES.has(group) ? group : STATE_OF[group];
}

/** Changes that were reported, rather than states that were read. */
export const isEventGroup = (group: number): boolean => EVENTS.has(group);

const scratch = new DataView(new ArrayBuffer(4));

/** Words of a value as the wire tells it. */
export function wordsOf({ spec, coding }: Dnp3Place, value: number): number[] {
  if (coding.type === 'bool') return [value === 0 ? 0 : 1];
  if (coding.type === 'uint32') scratch.setUint32(0, value);
  else scratch.setFloat32(0, value * spec.scale + spec.offset);
  return [scratch.getUint16(0), scratch.getUint16(2)];
}

export class Dnp3Places {
  /** Words of the whole table. */
  readonly size: number;
  readonly all: readonly Dnp3Place[];
  readonly #byGroup = new Map<number, Map<number, Dnp3Place>>();
  readonly #byTag = new Map<string, Dnp3Place>();

  /** @param points those of one device that have a DNP3 index */
  constructor(points: readonly KnownPoint[]) {
    let address = 0;
    this.all = points.map((point, order): Dnp3Place => {
      const spec = point.dnp3 as Dnp3;
      const group = GROUPS[spec.kind];
      const isBit = spec.kind === 'binary' || spec.kind === 'binary-output';
      const isCount = spec.kind === 'counter' && spec.offset === 0;
      const type = isBit ? 'bool' : isCount ? 'uint32' : 'float32';
      const coding = { type, wordOrder: 'big', scale: isCount ? spec.scale : 1 } as const;
      const length = isBit ? 1 : 2;
      const place = { table: 'dnp3', address, coding, area: `g${group}`, at: spec.index, spec, order, length } as const;
      address += length;
      let places = this.#byGroup.get(group);
      if (places === undefined) {
        places = new Map();
        this.#byGroup.set(group, places);
      }
      places.set(spec.index, place);
      this.#byTag.set(point.tag, place);
      return place;
    });
    this.size = address;
  }

  /** @param group of a state, an event or a command */
  find(group: number, index: number): Dnp3Place | undefined {
    const state = stateGroup(group);
    return state === undefined ? undefined : this.#byGroup.get(state)?.get(index);
  }

  ofTag(tag: string): Dnp3Place | undefined {
    return this.#byTag.get(tag);
  }
}
