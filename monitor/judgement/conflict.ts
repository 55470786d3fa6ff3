/** What two versions of one Modbus message tell differently: registers and bits, by table and address. */
import type { RequestShape } from '../conversations.ts';
import type { SegmentConflictEvent } from '../events/path.ts';
import type { Table } from '../watch/modbus-functions.ts';

/** One register or bit; `following` is the register behind it, for values of two registers. */
export interface Difference {
  readonly table: Table;
  readonly address: number;
  readonly station: number;
  readonly first: number;
  readonly second: number;
  readonly following: { readonly first: number; readonly second: number } | undefined;
}

/** MBAP header (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, clause 3.1.3) and function code. */
const UNIT = 6;
const FUNCTION = 7;
const DATA = 8;
const MAX_DIFFERENCES = 64;

/**
 * @param request the newest request of the conversation, by which a response's addresses are known
 * @returns nothing where the messages cannot be compared value by value
 */
export function differencesOf(event: SegmentConflictEvent, request: RequestShape | undefined): Difference[] {
  const { first, second } = event;
  const length = Math.min(first.length, second.length);
  if (length <= DATA) return [];
  // Another unit or function is another message altogether.
  for (const at of [UNIT, FUNCTION]) if (first[at] !== second[at]) return [];
  return event.is_orig ? ofRequest(first, second, length) : ofResponse(first, second, length, request);
}

function ofRequest(first: readonly number[], second: readonly number[], length: number): Difference[] {
  const code = first[FUNCTION] as number;
  const station = first[UNIT] as number;
  const address = word(first, DATA);
  if (address !== word(second, DATA)) return [];
  switch (code) {
    case 5:
      return bit('coil', address, station, word(first, DATA + 2), word(second, DATA + 2));
    case 6:
      return registers(first, second, DATA + 2, length, 'holding', address, station);
    case 15:
      return bits(first, second, DATA + 5, length, 'coil', address, word(first, DATA + 2), station);
    case 16:
      return registers(first, second, DATA + 5, length, 'holding', address, station);
    default:
      return [];
  }
}

function ofResponse(
  first: readonly number[],
  second: readonly number[],
  length: number,
  request: RequestShape | undefined,
): Difference[] {
  const code = first[FUNCTION] as number;
  const station = first[UNIT] as number;
  const range = request?.range;
  if (code === 5 || code === 6) return ofRequest(first, second, length);
  if (range === undefined || request?.station !== station || code < 1 || code > 4) return [];
  const { table, address, quantity } = range;
  if (table !== TABLE_OF[code]) return [];
  return code <= 2
    ? bits(first, second, DATA + 1, length, table, address, quantity, station)
    : registers(first, second, DATA + 1, length, table, address, station);
}

const TABLE_OF: Readonly<Record<number, Table>> = { 1: 'coil', 2: 'discrete', 3: 'holding', 4: 'input' };

function registers(
  first: readonly number[],
  second: readonly number[],
  start: number,
  end: number,
  table: Table,
  address: number,
  station: number,
): Difference[] {
  const found: Difference[] = [];
  for (let at = start; at + 1 < end && found.length < MAX_DIFFERENCES; at += 2) {
    if (first[at] === second[at] && first[at + 1] === second[at + 1]) continue;
    const following = at + 3 < end ? { first: word(first, at + 2), second: word(second, at + 2) } : undefined;
    const register = address + (at - start) / 2;
    found.push({ table, address: register, station, first: word(first, at), second: word(second, at), following });
  }
  return found;
}

function bits(
  first: readonly number[],
  second: readonly number[],
  start: number,
  end: number,
  table: Table,
  address: number,
  quantity: number,
  station: number,
): Difference[] {
  const found: Difference[] = [];
  for (let i = 0; i < quantity && start + (i >> 3) < end && found.length < MAX_DIFFERENCES; i++) {
    const mask = 1 << (i & 7);
    const a = (first[start + (i >> 3)] as number) & mask;
    const b = (second[start + (i >> 3)] as number) & mask;
    if (a !== b) found.push(...bit(table, address + i, station, a, b));
  }
  return found;
}

function bit(table: Table, address: number, station: number, first: number, second: number): Difference[] {
  if (first === second) return [];
  return [{ table, address, station, first: Math.sign(first), second: Math.sign(second), following: undefined }];
}

const word = (bytes: readonly number[], at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
