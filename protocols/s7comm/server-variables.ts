/**
 * Read Variable and Write Variable of a server, straight from the request's bytes to the response's: a poll makes no objects. Every item has
 * a return code of its own; a wrong item does not touch the others.
 */
import type { PointAccess, Writer } from '@penstock/core';
import { read16, write16 } from '../exchange/bytes.ts';
import { isCounted, PendingWrites, type S7Memory } from './memory.ts';
import {
  ACCESS_DENIED,
  INVALID_ADDRESS,
  OBJECT_MISSING,
  READ_VARIABLE,
  SUCCESS,
  SYNTAX_S7ANY,
  TRANSPORT_SIZES,
  TYPE_INCONSISTENT,
  TYPE_NOT_SUPPORTED,
  WRITE_VARIABLE,
} from './tables.ts';

/** Of a variable specification: 0x12, a length of 10, syntax S7ANY. */
const SPECIFICATION = 0x12;
const ANY_LENGTH = 10;
const ITEM_LENGTH = 12;
/** Data blocks are told from instance data blocks by their area alone; here both are the same memory. */
const DI = 133;
const DB = 132;

/** Header of a result: code, transport, length. */
const RESULT_HEADER = 4;
/** How a result's contents are marked: bits, bytes whose length counts bits, integers likewise, reals and octets whose length counts bytes. */
const RESULT = { bit: 3, byte: 4, integer: 5, real: 7, octets: 9 } as const;
const resultOf = (transportSize: number): number => {
  const { value, name } = TRANSPORT_SIZES[transportSize] as (typeof TRANSPORT_SIZES)[number];
  if (value === 'bit') return RESULT.bit;
  if (value === 'real') return RESULT.real;
  if (value === 'signed') return RESULT.integer;
  return name === 'BYTE' || name === 'WORD' || name === 'DWORD' ? RESULT.byte : RESULT.octets;
};

/** Place and size that an item asks for; filled again for every item. */
class Item {
  transportSize = 0;
  /** Bytes, or 0 for a bit. */
  bytes = 0;
  from = 0;
  bit = 0;
  /** Return code of what is wrong with the address, `SUCCESS` where nothing is. */
  code: number = SUCCESS;
  block: ReturnType<S7Memory['block']>;
  /** Bytes of the specification. */
  length = ITEM_LENGTH;

  /** Reads the specification at `at`; false where the request has no place for one. */
  read(buffer: Uint8Array, at: number, end: number, memory: S7Memory): boolean {
    if (at + 3 > end || buffer[at] !== SPECIFICATION) return false;
    const length = buffer[at + 1] as number;
    this.length = length + 2;
    if (length === 0 || at + this.length > end) return false;
    if (length !== ANY_LENGTH || buffer[at + 2] !== SYNTAX_S7ANY) {
      this.code = TYPE_NOT_SUPPORTED;
      return true;
    }
    this.transportSize = buffer[at + 3] as number;
    const count = read16(buffer, at + 4);
    const area = buffer[at + 8] as number;
    this.block = memory.block(area === DI ? DB : area, read16(buffer, at + 6));
    const address = ((buffer[at + 9] as number) << 16) | read16(buffer, at + 10);
    const size = TRANSPORT_SIZES[this.transportSize];
    this.code = SUCCESS;
    if (size === undefined) this.code = TYPE_NOT_SUPPORTED;
    else if (this.block === undefined) this.code = OBJECT_MISSING;
    // Counters and timers are read as such, and nothing else is.
    else if (isCounted(area) !== isCounted(this.transportSize) || (isCounted(area) && this.transportSize !== area))
      this.code = TYPE_INCONSISTENT;
    else if (count === 0) this.code = INVALID_ADDRESS;
    else this.#place(count, isCounted(area) ? address * 16 : address, size.bytes);
    return true;
  }

  #place(count: number, address: number, bytes: number): void {
    this.from = address >> 3;
    this.bit = address & 7;
    this.bytes = bytes * count;
    // A controller reads one bit by its address, and everything else from the begin of a byte on.
    if (bytes === 0 ? count !== 1 : this.bit !== 0) this.code = TYPE_INCONSISTENT;
    else if (this.from + Math.max(1, this.bytes) > (this.block as NonNullable<Item['block']>).length)
      this.code = INVALID_ADDRESS;
  }
}

const item = new Item();
const pending = new PendingWrites();

/** The request is not one of its function. */
export const BROKEN = -1;
/** The response does not fit the PDU that was agreed on. */
export const TOO_LONG = -2;

/**
 * Answers Read Variable. `buffer[start..end)` are the parameters from the function code on; the response's parameters and data are written at
 * `out[at…]` with room for `room` bytes.
 * @returns where the response ends, `BROKEN` or `TOO_LONG`
 */
export function readVariables(
  memory: S7Memory,
  points: PointAccess,
  buffer: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
  room: number,
): number {
  const count = buffer[start + 1] as number;
  if (end - start < 2 || count === 0) return BROKEN;
  const last = at + room;
  if (room < 2) return TOO_LONG;
  out[at] = READ_VARIABLE;
  out[at + 1] = count;
  let to = at + 2;
  let from = start + 2;
  for (let i = 0; i < count; i++) {
    if (!item.read(buffer, from, end, memory)) return BROKEN;
    from += item.length + (i + 1 < count ? item.length & 1 : 0);
    const bytes = item.code === SUCCESS ? Math.max(1, item.bytes) : 0;
    if (to + RESULT_HEADER + bytes > last) return TOO_LONG;
    out[to] = item.code;
    const transport = item.code === SUCCESS ? resultOf(item.transportSize) : 0;
    out[to + 1] = transport;
    const inBits = transport === RESULT.byte || transport === RESULT.integer;
    write16(out, to + 2, inBits ? bytes * 8 : bytes);
    to += RESULT_HEADER;
    if (bytes === 0) continue;
    const block = item.block as NonNullable<Item['block']>;
    if (item.bytes === 0) out[to] = block.readBit(item.from, item.bit, points);
    else block.read(item.from, bytes, points, out, to);
    to += bytes;
    if ((bytes & 1) === 1 && i + 1 < count) {
      if (to >= last) return TOO_LONG;
      out[to++] = 0;
    }
  }
  return from === end ? to : BROKEN;
}

/**
 * Carries out Write Variable, items in their order. `buffer[start..middle)` are the parameters, `buffer[middle..end)` the contents. Nothing is
 * written by a request whose form is broken.
 * @param mayWrite false: every item is refused
 * @returns where the response ends, `BROKEN` or `TOO_LONG`
 */
export function writeVariables(
  memory: S7Memory,
  points: PointAccess,
  buffer: Uint8Array,
  start: number,
  middle: number,
  end: number,
  out: Uint8Array,
  at: number,
  room: number,
  writer: Writer,
  mayWrite: boolean,
): number {
  const count = buffer[start + 1] as number;
  if (middle - start < 2 || count === 0 || !isWriteForm(memory, buffer, start, middle, end, count)) return BROKEN;
  if (2 + count > room) return TOO_LONG;
  out[at] = WRITE_VARIABLE;
  out[at + 1] = count;
  let from = start + 2;
  let data = middle;
  for (let i = 0; i < count; i++) {
    item.read(buffer, from, middle, memory);
    from += item.length + (i + 1 < count ? item.length & 1 : 0);
    const length = contentLength(buffer, data);
    out[at + 2 + i] = mayWrite
      ? writeItem(points, buffer, data + RESULT_HEADER, length, buffer[data + 1] as number, writer)
      : ACCESS_DENIED;
    data += RESULT_HEADER + length;
    if (i + 1 < count) data += length & 1;
  }
  return at + 2 + count;
}

/** Whether addresses and contents of all items are there, and nothing else. */
function isWriteForm(
  memory: S7Memory,
  buffer: Uint8Array,
  start: number,
  middle: number,
  end: number,
  count: number,
): boolean {
  let from = start + 2;
  let data = middle;
  for (let i = 0; i < count; i++) {
    if (!item.read(buffer, from, middle, memory) || data + RESULT_HEADER > end) return false;
    const length = contentLength(buffer, data);
    const more = i + 1 < count;
    from += item.length + (more ? item.length & 1 : 0);
    data += RESULT_HEADER + length + (more ? length & 1 : 0);
  }
  return from === middle && data === end;
}

/** Bytes of the contents whose header is at `at`. */
function contentLength(buffer: Uint8Array, at: number): number {
  const transport = buffer[at + 1] as number;
  const length = read16(buffer, at + 2);
  if (transport === 0) return 0;
  return transport === RESULT.byte || transport === RESULT.integer ? (length + 7) >> 3 : length;
}

function writeItem(
  points: PointAccess,
  buffer: Uint8Array,
  data: number,
  length: number,
  transport: number,
  writer: Writer,
): number {
  if (item.code !== SUCCESS) return item.code;
  const block = item.block as NonNullable<Item['block']>;
  const isBit = item.bytes === 0;
  if ((transport === RESULT.bit) !== isBit || length !== Math.max(1, item.bytes)) return TYPE_INCONSISTENT;
  pending.clear();
  const code = isBit
    ? block.planBit(item.from, item.bit, (buffer[data] as number) & 1, points, pending)
    : block.plan(item.from, length, buffer, data, points, pending);
  return code === SUCCESS ? pending.commit(points, writer) : code;
}
