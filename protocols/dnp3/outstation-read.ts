/**
 * READ (IEEE 1815-2012, 4.4.2): what a request names becomes a plan, and the plan fills one fragment after the other. Events come first, in the
 * order in which they happened, then points by kind, then what else was asked for.
 */
import type { ObjectBlock } from './application.ts';
import { valuesFrom, valuesOf } from './blocks.ts';
import { encodeObjects } from './encode-objects.ts';
import type { EventBuffer } from './event-buffer.ts';
import { objectType } from './objects.ts';
import type { AttributeSet } from './outstation-attributes.ts';
import {
  type EventKind,
  eventRow,
  KINDS,
  kindOfEventGroup,
  kindOfGroup,
  type PointTable,
  STATIC_KINDS,
  type StaticKind,
} from './outstation-points.ts';
import type { ReadPoint, ResponseWriter } from './response-writer.ts';
import { IIN } from './tables.ts';
import type { ObjectValue } from './values.ts';

export interface ReadSource {
  readonly tables: Readonly<Record<StaticKind, PointTable>>;
  readonly attributes: AttributeSet;
  readonly class0: readonly StaticKind[];
  readonly read: ReadPoint;
  /** Milliseconds since 1970. */
  time(): number;
}

/** Points `next` to `end` of a table. */
interface Selected {
  readonly table: PointTable;
  readonly order: number;
  next: number;
  readonly end: number;
  /** 0 for each point's own. */
  readonly variation: number;
  readonly wide: boolean;
}

/** Octets of objects other than points and events in one answer. */
const MOST_OTHERS = 65_536;

const ALL = { from: 0, to: Number.POSITIVE_INFINITY } as const;

export class ReadPlan {
  /** Indications about what was asked for (second octet). */
  indications = 0;
  readonly #source: ReadSource;
  readonly #buffer: EventBuffer;
  readonly #points: Selected[] = [];
  readonly #others: Uint8Array[] = [];
  #othersOctets = 0;
  #nextOther = 0;
  #nextPoints = 0;

  /**
   * @param own internal indications as the outstation has them now, for g80
   */
  constructor(source: ReadSource, buffer: EventBuffer, blocks: readonly ObjectBlock[], own: number) {
    this.#source = source;
    this.#buffer = buffer;
    for (const block of blocks) this.indications |= this.#add(block, own);
    this.#points.sort((a, b) => a.order - b.order);
  }

  /** Fills a fragment. Whether nothing is left. */
  fill(writer: ResponseWriter): boolean {
    if (!this.#buffer.write((event, variation) => writer.event(event, variation))) return false;
    for (; this.#nextPoints < this.#points.length; this.#nextPoints++) {
      const { table, next, end, variation, wide } = this.#points[this.#nextPoints] as Selected;
      const at = writer.points(table, next, end, variation, wide, this.#source.read);
      (this.#points[this.#nextPoints] as Selected).next = at;
      if (at < end) return false;
    }
    for (; this.#nextOther < this.#others.length; this.#nextOther++)
      if (!writer.put(this.#others[this.#nextOther] as Uint8Array)) return false;
    return true;
  }

  /** Objects that are answered as they are now; each must fit into a fragment. */
  #answer(blocks: readonly ObjectBlock[]): void {
    const octets = encodeObjects(blocks);
    this.#othersOctets += octets.length;
    // Somebody who asks for everything a hundred times gets an answer that ends.
    if (this.#othersOctets <= MOST_OTHERS) this.#others.push(octets);
    else this.indications |= IIN.parameterError;
  }

  /** @returns indications */
  #add(block: ObjectBlock, own: number): number {
    const { group } = block;
    const kind = kindOfGroup(group);
    if (kind !== undefined) return this.#addPoints(kind, block);
    const eventKind = kindOfEventGroup(group);
    if (eventKind !== undefined) return this.#addEvents(eventKind, block);
    switch (group) {
      case 0:
        return this.#addAttributes(block);
      case 34:
        return this.#addDeadbands(block);
      case 50:
        return this.#addTime(block);
      case 60:
        return this.#addClass(block);
      case 80:
        return this.#addIndications(block, own);
      default:
        return IIN.objectUnknown;
    }
  }

  #addClass(block: ObjectBlock): number {
    const { variation } = block;
    if (variation < 1 || variation > 4) return IIN.objectUnknown;
    if (variation === 1) {
      if (block.range.kind !== 'all') return IIN.parameterError;
      for (const kind of this.#source.class0) this.#select(this.#source.tables[kind], ALL, 0);
      return 0;
    }
    const limit = eventLimit(block);
    if (limit === undefined) return IIN.parameterError;
    this.#buffer.select((event) => event.eventClass === variation - 1, 0, limit);
    return 0;
  }

  #addEvents(kind: EventKind, block: ObjectBlock): number {
    const { variation } = block;
    const isText = kind === 'octet-string';
    if (!isText && variation !== 0 && !eventRow(kind).eventVariations.includes(variation)) return IIN.objectUnknown;
    const limit = eventLimit(block);
    if (limit === undefined) return IIN.parameterError;
    this.#buffer.select((event) => event.kind === kind, isText ? 0 : variation, limit);
    return 0;
  }

  #addPoints(kind: StaticKind, block: ObjectBlock): number {
    const { variation, range, items } = block;
    const isText = kind === 'octet-string';
    if (!isText && variation !== 0 && !KINDS[kind].variations.includes(variation)) return IIN.objectUnknown;
    const table = this.#source.tables[kind];
    const wanted = isText ? 0 : variation;
    if (range.kind === 'all') return this.#select(table, ALL, wanted);
    if (range.kind === 'start-stop') return this.#select(table, { from: range.start, to: range.stop }, wanted);
    if (range.kind !== 'indices') return IIN.parameterError;
    let indications = 0;
    for (const { index } of items) indications |= this.#select(table, { from: index, to: index }, wanted);
    return indications;
  }

  #select(table: PointTable, range: { readonly from: number; readonly to: number }, variation: number): number {
    const next = table.from(range.from);
    const end = range.to >= table.highest ? table.count : table.from(range.to + 1);
    const beyond = range !== ALL && (range.to > table.highest || next >= end);
    if (next < end)
      this.#points.push({
        table,
        order: STATIC_KINDS.indexOf(table.kind),
        next,
        end,
        variation,
        wide: (table.indices[end - 1] as number) > 0xff,
      });
    return beyond ? IIN.parameterError : 0;
  }

  #addAttributes({ variation, range }: ObjectBlock): number {
    // Set 0 has the standard's attributes; others would be the maker's own.
    if (range.kind !== 'all' && !(range.kind === 'start-stop' && range.start === 0 && range.stop === 0))
      return IIN.parameterError;
    const blocks = this.#source.attributes.answer(variation);
    if (blocks === undefined) return IIN.objectUnknown;
    for (const block of blocks) this.#answer([block]);
    return 0;
  }

  #addDeadbands({ variation, range }: ObjectBlock): number {
    if (variation > 3) return IIN.objectUnknown;
    const table = this.#source.tables.analog;
    if (range.kind !== 'all' && range.kind !== 'start-stop') return IIN.parameterError;
    const from = range.kind === 'all' ? 0 : range.start;
    const to = range.kind === 'all' ? table.highest : range.stop;
    const actual = variation === 0 ? 3 : variation;
    const end = to >= table.highest ? table.count : table.from(to + 1);
    let at = table.from(from);
    const beyond = range.kind === 'start-stop' && (to > table.highest || at >= end);
    while (at < end) {
      const first = table.indices[at] as number;
      const values: ObjectValue[] = [];
      for (; at < end && (table.indices[at] as number) === first + values.length && values.length < 20; at++)
        values.push(deadbandAs(actual, table.deadbands[at] as number));
      this.#answer([valuesFrom(34, actual, first, values)]);
    }
    return beyond ? IIN.parameterError : 0;
  }

  #addTime({ variation, range }: ObjectBlock): number {
    if (variation > 1) return objectType(50, variation) === undefined ? IIN.objectUnknown : IIN.parameterError;
    if (range.kind !== 'all' && !(range.kind === 'count' && range.count === 1)) return IIN.parameterError;
    this.#answer([valuesOf(50, 1, [{ type: 'time', time: this.#source.time() }])]);
    return 0;
  }

  #addIndications({ variation, range }: ObjectBlock, own: number): number {
    if (variation > 1) return IIN.objectUnknown;
    const start = range.kind === 'start-stop' ? range.start : 0;
    const stop = range.kind === 'start-stop' ? range.stop : 15;
    if ((range.kind !== 'all' && range.kind !== 'start-stop') || stop > 15) return IIN.parameterError;
    const bits: ObjectValue[] = [];
    // Indices 0 to 7 are the bits of the first octet, 8 to 15 those of the second (11.9.15).
    for (let bit = start; bit <= stop; bit++)
      bits.push({ type: 'binary', value: (own & (bit < 8 ? 0x100 << bit : 1 << (bit - 8))) !== 0 });
    this.#answer([valuesFrom(80, 1, start, bits)]);
    return 0;
  }
}

/** How many events are wanted at most; undefined for a range that events do not have. */
function eventLimit({ range }: ObjectBlock): number | undefined {
  if (range.kind === 'all') return Number.POSITIVE_INFINITY;
  return range.kind === 'count' ? range.count : undefined;
}

const WHOLE_DEADBANDS: Readonly<Record<number, number>> = { 1: 0xffff, 2: 0xffff_ffff };

function deadbandAs(variation: number, deadband: number): ObjectValue {
  const most = WHOLE_DEADBANDS[variation];
  const value = most === undefined ? deadband : Math.min(most, Math.round(deadband));
  return { type: 'analog', value };
}
