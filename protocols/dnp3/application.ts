/**
 * The application layer (IEEE 1815-2012, clause 4.2): fragments as objects, both ways. A request that only names objects (READ) has
 * headers, one that brings them (WRITE, OPERATE, every response) has items with values too.
 */
import { ByteReader, ByteWriter, refused, whole } from './bytes.ts';
import { decodeObject, encodeObject } from './object-codec.ts';
import { type ObjectType, objectType } from './objects.ts';
import { type ObjectRange, type QualifierForm, qualifierForm, readWidth, writeWidth } from './qualifiers.ts';
import { FUNCTION, FUNCTION_NAMES, isResponse } from './tables.ts';
import type { BinaryValue, DoubleBitValue, ObjectValue } from './values.ts';

export interface ObjectItem {
  /** Of the point; where a header has no indices (times, files) the place in the list. */
  readonly index: number;
  /** Undefined where a request names a point only. */
  readonly value: ObjectValue | undefined;
}

/** An object header and what follows it. */
export interface ObjectBlock {
  readonly group: number;
  /** 0: whichever the outstation prefers (in requests). */
  readonly variation: number;
  /** The octet on the wire: `QUALIFIER`. */
  readonly qualifier: number;
  readonly range: ObjectRange;
  /** Empty where the range says it all (a READ of all, of a range, of a count). */
  readonly items: readonly ObjectItem[];
}

export interface AppControl {
  readonly fir: boolean;
  readonly fin: boolean;
  /** A confirmation is wanted. */
  readonly con: boolean;
  /** Belongs to an unsolicited response, or confirms one. */
  readonly uns: boolean;
  /** 0 to 15. */
  readonly seq: number;
}

export interface AppFragment {
  readonly control: AppControl;
  /** `FUNCTION`. */
  readonly function: number;
  /** Internal indications of a response: `IIN`, the first octet the upper one. */
  readonly iin?: number | undefined;
  readonly objects: readonly ObjectBlock[];
}

export type AppFault =
  /** Illegal: no application header. */
  | 'short'
  /** Unsupported: a function code that does not exist. */
  | 'function'
  /** Illegal: a reserved qualifier, or one that the object cannot have. Unsupported: virtual addresses. */
  | 'qualifier'
  /** Illegal: stop before start. */
  | 'range'
  /** Unsupported: a group or variation that is not in the library, with data, so that the rest cannot be read. */
  | 'object'
  /** Illegal: variation 0, or one that has no objects, with data. */
  | 'variation'
  /** Illegal: the objects go on beyond the end. */
  | 'truncated'
  /** Illegal: a prefixed size or the lengths in an object contradict what it is. */
  | 'size';

/** What keeps a fragment from being read to its end. What was read before it is in the fragment. */
export interface AppProblem {
  readonly kind: 'illegal' | 'unsupported';
  readonly reason: AppFault;
  /** Of the object header that it is about, or of the fragment's end. */
  readonly offset: number;
  readonly group?: number | undefined;
  readonly variation?: number | undefined;
  readonly qualifier?: number | undefined;
}

export interface DecodedFragment {
  /** Undefined only when there is no whole application header. */
  readonly fragment: AppFragment | undefined;
  readonly problem?: AppProblem | undefined;
}

const FIR = 0x80;
const FIN = 0x40;
const CON = 0x20;
const UNS = 0x10;

/** Requests that bring objects rather than name them. */
const BRINGS_OBJECTS: ReadonlySet<number> = new Set([
  FUNCTION.write,
  FUNCTION.select,
  FUNCTION.operate,
  FUNCTION.directOperate,
  FUNCTION.directOperateNoAck,
]);

/** Security objects go with any request. */
const SECURITY_GROUP = 120;
const TIME_GROUP = 50;

function bringsObjects(code: number, group: number, form: QualifierForm): boolean {
  if (form.kind === 'all') return false;
  if (form.kind === 'sized' || isResponse(code) || BRINGS_OBJECTS.has(code) || group === SECURITY_GROUP) return true;
  return (code === FUNCTION.freezeAtTime || code === FUNCTION.freezeAtTimeNoAck) && group === TIME_GROUP;
}

const OFF: BinaryValue = { type: 'binary', value: false };
const ON: BinaryValue = { type: 'binary', value: true };
const DOUBLE_BITS: readonly DoubleBitValue[] = [0, 1, 2, 3].map((value) => ({ type: 'double-bit', value }));

/** A fragment without its transport headers, `bytes[start..end)`. Never throws. */
export function decodeFragment(bytes: Uint8Array, start = 0, end: number = bytes.length): DecodedFragment {
  const reader = new ByteReader(bytes, start, end);
  const octet = reader.u8();
  const code = reader.u8();
  const control = decodeAppControl(octet);
  const iin = isResponse(code) ? (reader.u8() << 8) | reader.u8() : undefined;
  if (reader.short) return { fragment: undefined, problem: { kind: 'illegal', reason: 'short', offset: end - start } };
  const objects: ObjectBlock[] = [];
  const fragment: AppFragment = { control, function: code, iin, objects };
  if (FUNCTION_NAMES[code] === undefined)
    return { fragment, problem: { kind: 'unsupported', reason: 'function', offset: reader.at - start } };
  while (reader.left > 0) {
    const offset = reader.at - start;
    const fault = decodeBlock(reader, code, objects);
    if (fault === undefined) continue;
    const [group, variation, qualifier] = [bytes[start + offset], bytes[start + offset + 1], bytes[start + offset + 2]];
    const has = (count: number, value: number | undefined): number | undefined =>
      start + offset + count < end ? value : undefined;
    const kind = fault === 'object' || fault === 'virtual' ? 'unsupported' : 'illegal';
    const reason = fault === 'virtual' ? 'qualifier' : fault;
    const header = { group: has(0, group), variation: has(1, variation), qualifier: has(2, qualifier) };
    return { fragment, problem: { kind, reason, offset, ...header } };
  }
  return { fragment };
}

export function decodeAppControl(octet: number): AppControl {
  return {
    fir: (octet & FIR) !== 0,
    fin: (octet & FIN) !== 0,
    con: (octet & CON) !== 0,
    uns: (octet & UNS) !== 0,
    seq: octet & 0x0f,
  };
}

type BlockFault = Exclude<AppFault, 'short' | 'function'> | 'virtual';

/** Adds a block with what of it could be read, unless not even its header can be. */
function decodeBlock(reader: ByteReader, code: number, objects: ObjectBlock[]): BlockFault | undefined {
  const group = reader.u8();
  const variation = reader.u8();
  const qualifier = reader.u8();
  if (reader.short) return 'truncated';
  const form = qualifierForm(qualifier);
  if (typeof form === 'string') return form === 'illegal' ? 'qualifier' : 'virtual';
  let range: ObjectRange;
  let count = 0;
  if (form.kind === 'start-stop') {
    const start = readWidth(reader, form.range);
    const stop = readWidth(reader, form.range);
    range = { kind: 'start-stop', start, stop };
    count = stop - start + 1;
  } else if (form.kind === 'all') range = { kind: 'all' };
  else {
    count = readWidth(reader, form.range);
    range = form.kind === 'count' ? { kind: 'count', count } : { kind: form.kind };
  }
  if (reader.short) return 'truncated';
  if (count < 1 && range.kind === 'start-stop') return 'range';
  const items: ObjectItem[] = [];
  objects.push({ group, variation, qualifier, range, items });
  if (!bringsObjects(code, group, form))
    return form.kind === 'indices' ? readIndices(reader, form, count, items) : undefined;
  if (count === 0) return undefined;
  const type = objectType(group, variation);
  if (type === undefined) return variation === 0 ? 'variation' : 'object';
  if (variation === 0 || type.form.kind === 'none') return 'variation';
  const first = range.kind === 'start-stop' ? range.start : 0;
  if (type.form.kind === 'packed') {
    if (form.kind !== 'start-stop' && form.kind !== 'count') return 'qualifier';
    return readPacked(reader, type.form.bits, first, count, items);
  }
  return readItems(reader, type, variation, form, first, count, items);
}

function readIndices(
  reader: ByteReader,
  form: QualifierForm,
  count: number,
  items: ObjectItem[],
): BlockFault | undefined {
  for (let i = 0; i < count; i++) {
    const index = readWidth(reader, form.prefix);
    if (reader.short) return 'truncated';
    items.push({ index, value: undefined });
  }
  return undefined;
}

function readPacked(
  reader: ByteReader,
  bits: 1 | 2,
  first: number,
  count: number,
  items: ObjectItem[],
): BlockFault | undefined {
  const at = reader.take(Math.ceil((count * bits) / 8));
  if (at === undefined) return 'truncated';
  const { buffer } = reader;
  for (let i = 0; i < count; i++) {
    const place = i * bits;
    const octet = (buffer[at + (place >> 3)] as number) >> (place & 7);
    const value = bits === 1 ? (octet & 1 ? ON : OFF) : (DOUBLE_BITS[octet & 3] as DoubleBitValue);
    items.push({ index: first + i, value });
  }
  return undefined;
}

function readItems(
  reader: ByteReader,
  type: ObjectType,
  variation: number,
  form: QualifierForm,
  first: number,
  count: number,
  items: ObjectItem[],
): BlockFault | undefined {
  const isSized = form.kind === 'sized';
  if (!isSized && needsSize(type)) return 'qualifier';
  for (let i = 0; i < count; i++) {
    const prefix = form.prefix === 0 ? 0 : readWidth(reader, form.prefix);
    const size = isSized ? prefix : undefined;
    const from = reader.at;
    if (size !== undefined && size > reader.left) return 'truncated';
    const value = decodeObject(reader, type, variation, size);
    if (reader.short) return 'truncated';
    if (value === undefined || (size !== undefined && reader.at !== from + size)) return 'size';
    items.push({ index: form.kind === 'indices' ? prefix : first + i, value });
  }
  return undefined;
}

/** Only a prefix says how long the object is. */
function needsSize(type: ObjectType): boolean {
  const { form, octets } = type;
  if (octets !== undefined || form.kind === 'attribute' || form.kind === 'private') return false;
  return !(form.kind === 'octets' && form.octets === 'variation');
}

/**
 * The fragment on the wire. @throws PenstockError `dnp3.encode` for a value of the wrong type or outside of its limits, a range that its
 * qualifier does not have, and items that do not fill it.
 */
export function encodeFragment(fragment: AppFragment): Uint8Array {
  const writer = new ByteWriter();
  const { control } = fragment;
  const bits = (control.fir ? FIR : 0) | (control.fin ? FIN : 0) | (control.con ? CON : 0) | (control.uns ? UNS : 0);
  writer.u8(bits | whole(control.seq, 0, 15, 'application sequence')).u8(fragment.function, 'function code');
  if (isResponse(fragment.function)) {
    const iin = whole(fragment.iin ?? 0, 0, 0xffff, 'internal indications');
    writer.u8(iin >> 8).u8(iin & 0xff);
  } else if (fragment.iin !== undefined) throw refused('a request has no internal indications');
  for (const block of fragment.objects) encodeBlock(writer, block);
  return writer.take();
}

function encodeBlock(writer: ByteWriter, block: ObjectBlock): void {
  const { group, variation, qualifier, range, items } = block;
  const form = qualifierForm(qualifier);
  const name = `g${group}v${variation} with qualifier 0x${qualifier.toString(16).padStart(2, '0')}`;
  if (typeof form === 'string' || form.kind !== range.kind)
    throw refused(`${name} has no range of kind '${range.kind}'`);
  writer.u8(group, 'group').u8(variation, 'variation').u8(qualifier, 'qualifier');
  let count = items.length;
  if (range.kind === 'start-stop') {
    count = range.stop - range.start + 1;
    if (count < 1) throw refused(`${name} stops at ${range.stop}, before its start ${range.start}`);
    writeWidth(writer, form.range, range.start, 'start');
    writeWidth(writer, form.range, range.stop, 'stop');
  } else if (range.kind !== 'all') {
    if (range.kind === 'count') count = range.count;
    writeWidth(writer, form.range, count, 'count');
  }
  if (items.length === 0) return;
  if (items.length !== count) throw refused(`${name} has ${count} objects, not ${items.length}`);
  encodeItems(writer, block, form, name);
}

function encodeItems(writer: ByteWriter, block: ObjectBlock, form: QualifierForm, name: string): void {
  const { group, variation, items } = block;
  const type = objectType(group, variation);
  if (form.kind === 'all') throw refused(`${name} has no objects behind it`);
  if (type?.form.kind === 'packed' && items[0]?.value !== undefined) {
    if (form.prefix !== 0) throw refused(`${name}: packed bits have no prefix`);
    writePacked(writer, type.form.bits, items, name);
    return;
  }
  for (const { index, value } of items) {
    if (form.kind === 'indices') writeWidth(writer, form.prefix, index, 'index');
    if (value === undefined) {
      if (form.kind !== 'indices') throw refused(`${name} needs a value for each object`);
      continue;
    }
    if (type === undefined || variation === 0) throw refused(`${name} is not in the object library`);
    if (form.kind !== 'sized' && needsSize(type)) throw refused(`${name}: only a prefix can say its size`);
    const at = writer.length;
    if (form.kind === 'sized') writeWidth(writer, form.prefix, 0, 'size');
    encodeObject(writer, type, variation, value);
    if (form.kind !== 'sized') continue;
    const size = whole(writer.length - at - form.prefix, 0, 2 ** (8 * form.prefix) - 1, 'size of an object');
    for (let i = 0; i < form.prefix; i++) writer.patch(at + i, (size / 2 ** (8 * i)) & 0xff);
  }
}

function writePacked(writer: ByteWriter, bits: 1 | 2, items: readonly ObjectItem[], name: string): void {
  let octet = 0;
  let place = 0;
  for (const { value } of items) {
    if (value?.type === 'binary' && bits === 1) octet |= value.value ? 1 << place : 0;
    else if (value?.type === 'double-bit' && bits === 2) octet |= whole(value.value, 0, 3, 'double bit') << place;
    else throw refused(`${name} needs values of type '${bits === 1 ? 'binary' : 'double-bit'}'`);
    place += bits;
    if (place < 8) continue;
    writer.u8(octet);
    octet = 0;
    place = 0;
  }
  if (place > 0) writer.u8(octet);
}
