/** Items of Read Variable and Write Variable: addresses, contents, and contents as numbers. */
import { type ByteReader, type ByteWriter, refused } from './bytes.ts';
import type { AnyAddress, ItemAddress, ItemData } from './messages.ts';
import { AREAS, SYNTAX_S7ANY, TRANSPORT_SIZES } from './tables.ts';

const VARIABLE = 0x12;
/** Contents whose length counts bits. */
const IN_BITS = new Set([3, 4, 5]);
const BIT = 3;

export function writeAddresses(writer: ByteWriter, items: readonly ItemAddress[]): void {
  writer.u8(items.length, 'number of items');
  items.forEach((item, i) => {
    writer.u8(VARIABLE);
    if (item.syntax === 'any') {
      if (item.address > 0xffffff) throw refused(`an address is at most 16777215, not ${item.address}`);
      writer.u8(10).u8(SYNTAX_S7ANY).u8(item.transportSize, 'transport size').u16(item.count, 'count');
      writer
        .u16(item.db, 'data block')
        .u8(item.area, 'area')
        .u8(item.address >>> 16)
        .u16(item.address & 0xffff);
      return;
    }
    if (item.id === SYNTAX_S7ANY && item.bytes.length === 9) throw refused('syntax 16 of 10 bytes is an S7ANY address');
    writer
      .u8(item.bytes.length + 1)
      .u8(item.id)
      .bytes(item.bytes);
    if (item.bytes.length % 2 === 0 && i + 1 < items.length) writer.u8(0);
  });
}

/** Undefined when an item is not a variable specification. */
export function readAddresses(reader: ByteReader): ItemAddress[] | undefined {
  const count = reader.u8();
  const items: ItemAddress[] = [];
  for (let i = 0; i < count && !reader.short; i++) {
    if (reader.u8() !== VARIABLE) return undefined;
    const length = reader.u8();
    const id = reader.u8();
    if (length === 0) return undefined;
    if (id === SYNTAX_S7ANY && length === 10) {
      const [transportSize, quantity, db, area] = [reader.u8(), reader.u16(), reader.u16(), reader.u8()];
      const address = reader.u8() * 0x10000 + reader.u16();
      items.push({ syntax: 'any', transportSize, count: quantity, db, area, address });
    } else {
      items.push({ syntax: 'unsupported', id, bytes: reader.bytes(length - 1) });
      if (length % 2 === 1 && i + 1 < count) reader.u8();
    }
  }
  return items;
}

export function writeContents(writer: ByteWriter, items: readonly ItemData[]): void {
  items.forEach(({ code, transport, bytes }, i) => {
    const length = transport === BIT ? bytes.length : IN_BITS.has(transport) ? bytes.length * 8 : bytes.length;
    writer.u8(code, 'return code').u8(transport, 'transport').u16(length, 'length of an item').bytes(bytes);
    if (bytes.length % 2 === 1 && i + 1 < items.length) writer.u8(0);
  });
}

export function readContents(reader: ByteReader, count: number): ItemData[] {
  const items: ItemData[] = [];
  for (let i = 0; i < count && !reader.short; i++) {
    const [code, transport, length] = [reader.u8(), reader.u8(), reader.u16()];
    // A refused item has a length that some servers set and none fill.
    const size = transport === 0 ? 0 : transport === BIT ? length : IN_BITS.has(transport) ? (length + 7) >> 3 : length;
    const bytes = reader.bytes(size);
    items.push({ code, transport, bytes });
    if (size % 2 === 1 && i + 1 < count) reader.u8();
  }
  return items;
}

/** The area as an engineer names it (`DB`, `M`, `I` …). */
export const areaName = (area: number): string => AREAS[area] ?? `0x${area.toString(16).padStart(2, '0')}`;

/** An address as an engineer writes it: `DB1.DBX4.0`, `M12.3`, `T5`; the first bit or element. */
export function addressText(item: AnyAddress): string {
  const name = areaName(item.area);
  if (item.area === 28 || item.area === 29) return `${name}${item.address}`;
  const place = `${item.address >> 3}.${item.address & 7}`;
  return item.area === 132 || item.area === 133 ? `${name}${item.db}.${name.slice(0, 2)}X${place}` : `${name}${place}`;
}

/** At most `most` elements of a type as numbers; undefined for a type that is not known. */
export function itemValues(transportSize: number, bytes: Uint8Array, most: number): number[] | undefined {
  const size = TRANSPORT_SIZES[transportSize];
  if (size === undefined) return undefined;
  const step = Math.max(1, size.bytes);
  if (step > 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values: number[] = [];
  for (let at = 0; at + step <= bytes.length && values.length < most; at += step) {
    if (size.value === 'real') values.push(view.getFloat32(at));
    else if (size.value === 'bit') values.push(view.getUint8(at) & 1);
    else if (step === 1) values.push(view.getUint8(at));
    else if (step === 2) values.push(size.value === 'signed' ? view.getInt16(at) : view.getUint16(at));
    else values.push(size.value === 'signed' ? view.getInt32(at) : view.getUint32(at));
  }
  return values;
}
