/** What an outstation says of itself as device attributes (IEEE 1815-2012, annex A, group 0): who made it, and what it can do. */
import type { DeviceIdentity } from '@penstock/core';
import type { ObjectBlock } from './application.ts';
import { ALL_ATTRIBUTES, ATTRIBUTE_LIST } from './attributes.ts';
import { valuesFrom } from './blocks.ts';
import type { PointTable, StaticKind } from './outstation-points.ts';
import type { DeviceAttribute } from './values.ts';

export interface AttributeSource {
  readonly identity: DeviceIdentity;
  readonly tables: Readonly<Record<StaticKind, PointTable>>;
  readonly largestSent: number;
  readonly largestTaken: number;
  readonly mostControls: number;
  /** Serial number, location, name and number of the device, where its owner set them. */
  readonly serialNumber?: string | undefined;
  readonly location?: string | undefined;
  readonly name?: string | undefined;
  readonly id?: string | undefined;
}

/** Only the standard's own set of attributes. */
const STANDARD_SET = 0;

export class AttributeSet {
  readonly #source: AttributeSource;

  constructor(source: AttributeSource) {
    this.#source = source;
  }

  /** As they are now: another firmware has another revision. */
  get #attributes(): ReadonlyMap<number, DeviceAttribute> {
    return new Map([...attributesOf(this.#source)].sort(([a], [b]) => a - b));
  }

  /** The objects that answer a READ of g0 in this variation; undefined for an attribute that the device does not have. */
  answer(variation: number): readonly ObjectBlock[] | undefined {
    const attributes = this.#attributes;
    if (variation === ALL_ATTRIBUTES) return [...attributes].map(([number, value]) => block(number, value));
    if (variation === ATTRIBUTE_LIST) {
      const list = [...attributes.keys()].map((number) => ({ variation: number, properties: 0 }));
      return [block(ATTRIBUTE_LIST, { type: 'attribute', dataType: 'list', value: list })];
    }
    const value = attributes.get(variation);
    return value && [block(variation, value)];
  }
}

const block = (variation: number, value: DeviceAttribute): ObjectBlock =>
  valuesFrom(0, variation, STANDARD_SET, [value]);

const text = (value: string): DeviceAttribute => ({
  type: 'attribute',
  dataType: 'text',
  value: latin(value).slice(0, 200),
});

const unsigned = (value: number): DeviceAttribute => ({
  type: 'attribute',
  dataType: 'unsigned',
  size: value <= 0xff ? 1 : value <= 0xffff ? 2 : 4,
  value,
});

/** A Boolean is a signed number: 1 for yes (A.1). */
const flag = (value: boolean): DeviceAttribute => ({
  type: 'attribute',
  dataType: 'signed',
  size: 1,
  value: value ? 1 : 0,
});

/** What typographers write, as it is typed. */
const TYPED: Readonly<Record<string, string>> = { '–': '-', '—': '-', '‘': "'", '’': "'", '“': '"', '”': '"' };

/** DNP3 text has characters of one octet. */
const latin = (value: string): string =>
  [...value].map((character) => (character > 'ÿ' ? (TYPED[character] ?? '?') : character)).join('');

function* attributesOf(source: AttributeSource): Iterable<[number, DeviceAttribute]> {
  const { identity, tables } = source;
  const has = (kind: StaticKind): boolean => tables[kind].count > 0;
  yield [216, unsigned(source.mostControls)];
  yield* counts(tables['analog-output'], 219, 220, 221);
  yield* counts(tables['binary-output'], 222, 223, 224);
  yield [225, flag(has('frozen-counter'))];
  yield [226, flag(has('frozen-counter'))];
  yield* counts(tables.counter, 227, 228, 229);
  yield [230, flag(false)];
  yield* counts(tables.analog, 231, 232, 233);
  yield* counts(tables['double-bit'], 234, 235, 236);
  yield* counts(tables.binary, 237, 238, 239);
  yield [240, unsigned(source.largestSent)];
  yield [241, unsigned(source.largestTaken)];
  yield [242, text(identity.revision)];
  yield [243, text(identity.productCode)];
  if (source.location !== undefined) yield [245, text(source.location)];
  if (source.id !== undefined) yield [246, text(source.id)];
  if (source.name !== undefined) yield [247, text(source.name)];
  if (source.serialNumber !== undefined) yield [248, text(source.serialNumber)];
  // Subset level and the edition of the standard that the numbers here are from.
  yield [249, text('3:2012')];
  yield [250, text(`${identity.productName} ${identity.modelName}`)];
  yield [252, text(identity.vendor)];
}

/** Support for events, highest index and number of a kind of points. */
function* counts(
  table: PointTable,
  events: number,
  highest: number,
  number: number,
): Iterable<[number, DeviceAttribute]> {
  yield [events, flag(table.count > 0)];
  if (table.count > 0) yield [highest, unsigned(table.highest)];
  yield [number, unsigned(table.count)];
}
