/** Items of Read Variable and Write Variable for people: addresses as engineers write them, contents by tag where the points are known. */
import type { PacketField } from '@penstock/core';
import {
  type AnyAddress,
  addressText,
  decodeEntry,
  isCounted,
  itemValues,
  RETURN_CODES,
  SUCCESS,
  TRANSPORT_SIZES,
} from '../s7comm/index.ts';
import type { KnownS7Point } from './context.ts';
import { FieldReader, group, hex } from './reader.ts';

/** An address of an item; undefined for a syntax that is not S7ANY. */
export type S7Item = AnyAddress | undefined;

const ANY = 0x10;
const ANY_LENGTH = 10;
const BIT = 1;
/** Numbers that are told of contents whose points are not known. */
const MOST_NUMBERS = 32;
const CONTENT_KINDS: Readonly<Record<number, string>> = {
  0: 'nothing',
  3: 'bits',
  4: 'bytes, words or double words',
  5: 'integers',
  6: 'double integers',
  7: 'reals',
  9: 'octets',
};
/** Contents whose length counts bits. */
const IN_BITS = new Set([4, 5]);

/** `DB10.DBX0.0 BYTE 84`, as Wireshark writes it too. */
function itemText(item: S7Item): string {
  if (item === undefined) return 'an address in another syntax';
  return `${addressText(item)} ${TRANSPORT_SIZES[item.transportSize]?.name ?? hex(2)(item.transportSize)} ${item.count}`;
}

export const shownItems = (items: readonly S7Item[]): string =>
  items.slice(0, 3).map(itemText).join(', ') + (items.length > 3 ? ` and ${items.length - 3} more` : '');

/** The count of items and their addresses, each as a field with its parts. */
export function readAddresses(reader: FieldReader): S7Item[] {
  const count = reader.number('Number of items', 1);
  const items: S7Item[] = [];
  for (let i = 0; i < count && !reader.short && reader.left > 0; i++) {
    const start = reader.at;
    const part = new FieldReader(reader.bytes, start, reader.end);
    part.number('Specification', 1, hex(2));
    const length = part.number('Length', 1);
    const syntax = part.number('Syntax', 1, hex(2));
    const item = syntax === ANY && length === ANY_LENGTH ? readAny(part) : undefined;
    if (item === undefined) part.raw('Address', Math.min(Math.max(0, (length || 0) - 1), part.left));
    // Another syntax of odd length has an octet behind it that fills it up.
    if (item === undefined && length % 2 === 1 && i + 1 < count && part.left > 0) part.raw('Fill', 1);
    items.push(item);
    reader.add(`Item ${i + 1}`, itemText(item), part.at - start, null, part.fields);
    if (part.short) reader.short = true;
  }
  return items;
}

function readAny(part: FieldReader): S7Item {
  const transportSize = part.number(
    'Type',
    1,
    (value) => `${hex(2)(value)} ${TRANSPORT_SIZES[value]?.name ?? 'unknown'}`,
  );
  const count = part.number('Count', 2);
  const db = part.number('Data block', 2);
  const area = part.number('Area', 1, (value) => hex(2)(value));
  const place = part.raw('Address', 3, (bytes) => {
    const address = threeBytes(bytes);
    return isCounted(area) ? String(address) : `byte ${address >> 3}, bit ${address & 7}`;
  });
  return part.short ? undefined : { syntax: 'any', transportSize, count, db, area, address: threeBytes(place) };
}

const threeBytes = ([a = 0, b = 0, c = 0]: Uint8Array): number => (a << 16) | (b << 8) | c;

type FindPoints = (item: AnyAddress, from: number, bytes: number) => readonly KnownS7Point[];

/** `count` contents, of `items` where those are known. @returns tags whose values are there, and in words what was refused */
export function readContents(
  reader: FieldReader,
  items: readonly S7Item[],
  count: number,
  pointsOf: FindPoints,
): { tags: string[]; failed: string } {
  const tags: string[] = [];
  const failed: string[] = [];
  for (let i = 0; i < count && !reader.short && reader.left > 0; i++) {
    const start = reader.at;
    const part = new FieldReader(reader.bytes, start, reader.end);
    const code = part.number('Return code', 1, (value) => (value === 0 ? 'none' : returnText(value)));
    const kind = part.number('Kind', 1, (value) => `${value} ${CONTENT_KINDS[value] ?? 'unknown'}`);
    const length = part.number('Length', 2, (value) => `${value} ${IN_BITS.has(kind) ? 'bits' : 'bytes'}`);
    const size = kind === 0 ? 0 : IN_BITS.has(kind) ? (length + 7) >> 3 : length || 0;
    let text = '';
    if (code !== SUCCESS && code !== 0) {
      text = returnText(code);
      failed.push(text);
    }
    const values = Math.min(size, part.left);
    if (values > 0) {
      const { field, found } = readValues(part, items[i], values, pointsOf);
      tags.push(...found);
      text ||= field.value;
    }
    if (size > values) part.short = true;
    if (size % 2 === 1 && i + 1 < count && part.left > 0) part.raw('Fill', 1);
    reader.add(`Item ${i + 1}`, text, part.at - start, null, part.fields);
    if (part.short) reader.short = true;
  }
  return { tags: [...new Set(tags)], failed: [...new Set(failed)].join(', ') };
}

/** Contents as one field: of known points one below for each, of others numbers. */
function readValues(
  part: FieldReader,
  item: S7Item,
  size: number,
  pointsOf: FindPoints,
): { field: PacketField; found: string[] } {
  const { at, bytes } = part;
  const children: PacketField[] = [];
  const points = item === undefined ? [] : pointsIn(item, size, pointsOf);
  for (const { entry, unit } of points) {
    const { tag } = entry;
    const isOneBit = item?.transportSize === BIT;
    const from = item === undefined || isOneBit ? entry.byte : firstByte(item);
    const value = isOneBit ? (bytes[at] as number) & 1 : decodeEntry(entry, bytes, at, from);
    const start = at + entry.byte - from;
    const shown = `${tag} = ${Number(value.toPrecision(7))}${unit && ` ${unit}`}`;
    const name = entry.type === 'bool' ? `Byte ${entry.byte}, bit ${entry.bit}` : `Byte ${entry.byte}`;
    children.push({ name, value: shown, start, end: start + entry.bytes, tag, children: [] });
  }
  const numbers = item && itemValues(item.transportSize, bytes.subarray(at, at + size), MOST_NUMBERS + 1);
  const text =
    children.length > 0
      ? children.length === 1
        ? (children[0] as PacketField).value
        : `${children.length} points`
      : numbers === undefined
        ? `${size} bytes`
        : `${numbers.slice(0, MOST_NUMBERS).join(', ')}${numbers.length > MOST_NUMBERS ? ' …' : ''}`;
  const field = group('Contents', text, at, at + size, children);
  part.fields.push(field);
  part.at += size;
  return { field, found: points.map(({ entry }) => entry.tag) };
}

const firstByte = ({ area, address }: AnyAddress): number => (isCounted(area) ? 2 * address : address >> 3);

/** Points that lie wholly in an item's contents of `size` bytes; of a single bit that one. */
function pointsIn(item: AnyAddress, size: number, pointsOf: FindPoints): readonly KnownS7Point[] {
  const from = firstByte(item);
  const points = pointsOf(item, from, size);
  return item.transportSize === BIT
    ? points.filter(({ entry }) => entry.type === 'bool' && entry.bit === (item.address & 7)).slice(0, 1)
    : points.filter(({ entry }) => entry.byte + entry.bytes <= from + size);
}

/** Return codes of written items, one byte each. @returns them in words */
export function readCodes(reader: FieldReader, count: number): string {
  const codes: number[] = [];
  for (let i = 0; i < count && !reader.short && reader.left > 0; i++)
    codes.push(reader.number(`Item ${i + 1}`, 1, returnText));
  const refused = codes.filter((code) => code !== SUCCESS).map(returnText);
  return refused.length === 0 ? 'written' : [...new Set(refused)].join(', ');
}

const returnText = (code: number): string => RETURN_CODES[code] ?? `return code ${hex(2)(code)}`;
