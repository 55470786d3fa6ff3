/** DNP3 objects for people: each block with its header, and below it every object at its place, by tag where the points are known. */
import type { Dnp3Point, PacketField } from '@penstock/core';
import { FLAG, type ObjectBlock, type ObjectItem, type ObjectValue, objectType, qualifierForm } from '../dnp3/index.ts';
import type { KnownDnp3Point } from './context.ts';
import { hex } from './reader.ts';

/** A field over octets of the payload, between which checksums lie in the frame. */
export type MakeField = (
  title: string,
  value: string,
  from: number,
  to: number,
  children?: PacketField[],
  tag?: string | null,
) => PacketField;

export type FindPoint = (kind: Dnp3Point['kind'], index: number) => KnownDnp3Point | undefined;

const MOST_VALUES = 256;
/** Objects whose tags and values are told in a row. */
const MOST_TOLD = 3;

const KINDS: Readonly<Record<number, Dnp3Point['kind']>> = {
  ...{ 1: 'binary', 2: 'binary', 3: 'double-bit', 4: 'double-bit' },
  ...{ 10: 'binary-output', 11: 'binary-output', 12: 'binary-output', 13: 'binary-output' },
  ...{ 20: 'counter', 21: 'counter', 22: 'counter', 23: 'counter' },
  ...{ 30: 'analog', 31: 'analog', 32: 'analog', 33: 'analog', 34: 'analog' },
  ...{ 40: 'analog-output', 41: 'analog-output', 42: 'analog-output', 43: 'analog-output' },
};

export interface BlockSaid {
  readonly field: PacketField;
  /** For the row. */
  readonly short: string;
  readonly tags: readonly string[];
}

/**
 * A block that lies in `payload[from..to)`.
 * @param problem why it ends early; empty where it does not
 */
export function readBlock(
  block: ObjectBlock,
  payload: Uint8Array,
  from: number,
  to: number,
  problem: string,
  field: MakeField,
  find: FindPoint,
): BlockSaid {
  const { group, variation, qualifier, range, items } = block;
  const id = `g${group}v${variation}`;
  const form = qualifierForm(qualifier);
  const width = typeof form === 'string' ? 0 : form.range * (form.kind === 'start-stop' ? 2 : 1);
  const header = from + 3 + width;
  const children = [
    field('Object', id, from, from + 2),
    field('Qualifier', `${hex(2)(qualifier)} ${rangeName(range.kind)}`, from + 2, from + 3),
  ];
  const where = whereOf(block);
  if (width > 0) children.push(field('Range', where.trim() || String(items.length), from + 3, Math.min(header, to)));
  const kind = KINDS[group];
  const told = items.slice(0, MOST_VALUES).map((item) => ({
    ...item,
    known: kind && range.kind !== 'count' && range.kind !== 'sized' ? find(kind, item.index) : undefined,
  }));
  let at = header;
  for (const [i, item] of told.entries()) {
    const size = sizeOf(block, i, payload, at);
    const start = size === undefined ? header : at;
    if (size === undefined || at + size > to) break;
    const { known, index, value } = item;
    const text = value === undefined ? '' : itemText(value, known);
    const isBit = objectType(group, variation)?.form.kind === 'packed';
    const end = isBit ? start + 1 : start + size;
    children.push(field(`${kindName(kind)} ${index}`, text || (known?.tag ?? ''), start, end, [], known?.tag ?? null));
    at += isBit && (i + 1) % perOctet(group, variation) !== 0 ? 0 : size;
  }
  const tags = told.flatMap(({ known }) => known?.tag ?? []);
  const values = told.flatMap(({ index, value, known }) =>
    value === undefined ? [] : [known === undefined ? `${index}: ${valueText(value)}` : itemText(value, known)],
  );
  const more = items.length > MOST_VALUES ? ' …' : '';
  const text = (values.join(', ') || where.trim() || 'all') + more;
  const title = `${id} ${objectType(group, variation)?.name ?? 'unknown object'}`;
  const named = told.some(({ known }) => known !== undefined) && items.length <= MOST_TOLD && values.length > 0;
  return {
    field: field(title, problem === '' ? text : `${text} (${problem})`, from, to, children),
    short: named ? `${id} ${values.join(', ')}` : `${id}${where}`,
    tags,
  };
}

const kindName = (kind: Dnp3Point['kind'] | undefined): string =>
  kind === undefined ? 'Object' : `${kind[0]?.toUpperCase()}${kind.slice(1).replace('-', ' ')}`;

const rangeName = (kind: ObjectBlock['range']['kind']): string =>
  ({
    all: 'all',
    'start-stop': 'from, to',
    count: 'a count',
    indices: 'a count, an index before each',
    sized: 'a count, a size before each',
  })[kind];

function whereOf({ range, items }: ObjectBlock): string {
  switch (range.kind) {
    case 'start-stop':
      return ` ${range.start}–${range.stop}`;
    case 'indices': {
      const shown = items.slice(0, 8).map(({ index }) => index);
      return ` ${shown.join(' ')}${items.length > 8 ? ' …' : ''}`;
    }
    case 'count':
      return ` × ${range.count}`;
    default:
      return '';
  }
}

const perOctet = (group: number, variation: number): number => {
  const form = objectType(group, variation)?.form;
  return form?.kind === 'packed' ? 8 / form.bits : 1;
};

/** Octets of one object with what stands before it; of packed bits the octet that they share; undefined where only reading it would tell. */
function sizeOf(
  { group, variation, qualifier, items }: ObjectBlock,
  i: number,
  payload: Uint8Array,
  at: number,
): number | undefined {
  const form = qualifierForm(qualifier);
  if (typeof form === 'string') return undefined;
  const { prefix } = form;
  if ((items[i] as ObjectItem).value === undefined) return prefix;
  const type = objectType(group, variation);
  if (type?.form.kind === 'packed') return 1;
  if (form.kind === 'sized') {
    let size = prefix as number;
    for (let octet = 0; octet < prefix; octet++) size += (payload[at + octet] ?? 0) * 256 ** octet;
    return size;
  }
  const octets =
    type?.octets ?? (type?.form.kind === 'octets' && type.form.octets === 'variation' ? variation : undefined);
  return octets === undefined ? undefined : prefix + octets;
}

function itemText(value: ObjectValue, known: KnownDnp3Point | undefined): string {
  if (known === undefined) return valueText(value);
  const { tag, unit, scale, offset } = known;
  const number = 'value' in value ? value.value : undefined;
  if (typeof number !== 'number' && typeof number !== 'boolean') return `${tag}: ${valueText(value)}`;
  const measured = typeof number === 'boolean' ? Number(number) : Number((number * scale + offset).toPrecision(7));
  return `${tag} = ${measured}${unit && ` ${unit}`}${besides(value)}`;
}

function valueText(value: ObjectValue): string {
  switch (value.type) {
    case 'crob':
      return `operation ${value.operation}, trip/close ${value.tripClose}, ${value.count} ×, ${value.onTime}/${value.offTime} ms, status ${value.status}`;
    case 'time':
    case 'time-interval':
      return timeText(value.time);
    case 'octets':
    case 'private':
      return `${value.octets.length} octets`;
    case 'file-transport':
      return `block ${value.block}, ${value.octets.length} octets`;
    case 'attribute':
      return typeof value.value === 'object' ? `${value.value.length} entries` : String(value.value);
    case 'delay':
      return String(value.delay);
    case 'bcd':
      return value.digits;
    default: {
      const { value: number, name } = value as { value?: unknown; name?: unknown };
      return `${String(number ?? name ?? value.type)}${besides(value)}`;
    }
  }
}

/** Flags that say more than that the point is there, when it was, and how a command ended. */
function besides(value: ObjectValue): string {
  const { flags, time, status } = value as { flags?: number; time?: number; status?: number };
  const set = flags === undefined || flags === FLAG.online ? '' : `, ${flagText(flags)}`;
  return `${set}${time === undefined ? '' : ` at ${timeText(time)}`}${status ? `, status ${status}` : ''}`;
}

const COMMON_FLAGS = ['online', 'restart', 'commLost', 'remoteForced', 'localForced'] as const;

function flagText(flags: number): string {
  const set = COMMON_FLAGS.filter((name) => (flags & FLAG[name]) !== 0);
  const rest = flags & ~0x1f;
  if (rest !== 0) return [...set, hex(2)(rest)].join(' ');
  return set.length === 0 ? 'off line' : set.join(' ');
}

/** Milliseconds since 1970; 48 bits of them are always a date. */
const timeText = (time: number): string => new Date(time).toISOString();
