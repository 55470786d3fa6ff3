/** A device's points as its pages, its console and its SNMP agent show and change them. */
import type { PlantSpec, PointSpec, WriteOutcome, Writer } from '@penstock/core';
import type { DeviceContext } from '../context.ts';

type TagSpec = PlantSpec['tags'][number];

export interface ShownPoint {
  readonly index: number;
  readonly point: PointSpec;
  readonly tag: TagSpec;
}

/** What a person is told of a write. */
export const OUTCOMES: Readonly<Record<WriteOutcome, string>> = {
  done: 'done',
  'read-only': 'read only',
  locked: 'locked by the key or a force',
  range: 'out of range',
  fault: 'the device is not able to',
};

export class ShownValues {
  readonly all: readonly ShownPoint[];
  readonly #context: DeviceContext;

  constructor(context: DeviceContext) {
    const tags = new Map(context.plant.tags.map((tag) => [tag.id, tag]));
    this.#context = context;
    this.all = context.spec.points.map((point, index) => ({ index, point, tag: tags.get(point.tag) as TagSpec }));
  }

  /** By the tag's name, however it is written. */
  find(name: string): ShownPoint | undefined {
    const wanted = name.toUpperCase();
    return this.all.find(({ tag }) => tag.id === wanted);
  }

  read({ index }: ShownPoint): number {
    return this.#context.points?.read(index) ?? Number.NaN;
  }

  /** With its unit, or the word for its state. */
  text(shown: ShownPoint): string {
    const value = this.read(shown);
    const { states, unit } = shown.tag;
    if (Number.isNaN(value)) return 'no value';
    if (states !== undefined) return states[value === 0 ? 0 : 1];
    return `${Number(value.toPrecision(6))}${unit === '' ? '' : ` ${unit}`}`;
  }

  /** The number that somebody means: a number, or the word of a state. */
  numberOf({ tag }: ShownPoint, text: string): number | undefined {
    const state = tag.states?.findIndex((word) => word.toLowerCase() === text.trim().toLowerCase()) ?? -1;
    if (state >= 0) return state;
    return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : undefined;
  }

  write({ index, point }: ShownPoint, value: number, writer: Writer): WriteOutcome {
    const { points } = this.#context;
    return points === undefined || !point.writable ? 'read-only' : points.write(index, value, writer);
  }

  check({ index, point }: ShownPoint, value: number, writer: Writer): WriteOutcome {
    const { points } = this.#context;
    return points === undefined || !point.writable ? 'read-only' : (points.check?.(index, value, writer) ?? 'done');
  }
}
