/**
 * FC 20 and 21 on a device's files (MODBUS Application Protocol V1.1b3, clauses 6.14 and 6.15). A request that is formally wrong, or whose
 * answer would not fit, is exception 03; an unknown file or record, or another reference type, 02; a device that does not do
 * it, 04.
 */
import type { FileAccess, Writer } from '@penstock/core';
import { read16 } from '../exchange/bytes.ts';
import {
  FILE_READ_BYTES,
  FILE_REFERENCE_TYPE,
  FILE_WRITE_BYTES,
  ILLEGAL_DATA_ADDRESS,
  ILLEGAL_DATA_VALUE,
  MAX_FILE_RECORD,
  SERVER_DEVICE_FAILURE,
} from './tables.ts';

/** Most bytes behind the byte count of an FC 20 response. */
const MAX_DATA = 0xf5;

/** Response at `out[at…]`; returns its end or minus the exception code. */
export function readFileRecords(
  files: FileAccess | undefined,
  request: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  const bytes = end - start - 2;
  if (bytes < FILE_READ_BYTES[0] || bytes > FILE_READ_BYTES[1] || bytes % 7 !== 0 || request[start + 1] !== bytes)
    return -ILLEGAL_DATA_VALUE;
  let length = 0;
  for (let from = start + 2; from < end; from += 7) {
    const count = read16(request, from + 5);
    length += 2 + 2 * count;
    if (count === 0 || length > MAX_DATA) return -ILLEGAL_DATA_VALUE;
  }
  for (let from = start + 2; from < end; from += 7) if (!addressable(request, from)) return -ILLEGAL_DATA_ADDRESS;
  let next = at + 2;
  for (let from = start + 2; from < end; from += 7) {
    const count = read16(request, from + 5);
    const data = files?.readFile(read16(request, from + 1), read16(request, from + 3), count);
    if (data === undefined || data.length !== 2 * count) return -ILLEGAL_DATA_ADDRESS;
    out[next] = data.length + 1;
    out[next + 1] = FILE_REFERENCE_TYPE;
    out.set(data, next + 2);
    next += 2 + data.length;
  }
  out[at + 1] = length;
  return next;
}

/**
 * Writes every record of the request, which is also the response. The whole request is checked before the first record is written; a
 * device that refuses a later one keeps the earlier.
 * @returns 0 or the exception code
 */
export function writeFileRecords(
  files: FileAccess | undefined,
  request: Uint8Array,
  start: number,
  end: number,
  writer: Writer,
): number {
  const bytes = end - start - 2;
  if (bytes < FILE_WRITE_BYTES[0] || bytes > FILE_WRITE_BYTES[1] || request[start + 1] !== bytes)
    return ILLEGAL_DATA_VALUE;
  let from = start + 2;
  while (from < end) {
    const count = from + 7 <= end ? read16(request, from + 5) : 0;
    if (count === 0 || from + 7 + 2 * count > end) return ILLEGAL_DATA_VALUE;
    from += 7 + 2 * count;
  }
  for (from = start + 2; from < end; from += 7 + 2 * read16(request, from + 5))
    if (!addressable(request, from)) return ILLEGAL_DATA_ADDRESS;
  if (files === undefined) return ILLEGAL_DATA_ADDRESS;
  for (from = start + 2; from < end; ) {
    const next = from + 7 + 2 * read16(request, from + 5);
    const data = request.slice(from + 7, next);
    const outcome = files.writeFile(read16(request, from + 1), read16(request, from + 3), data, writer);
    if (outcome === 'read-only') return ILLEGAL_DATA_ADDRESS;
    if (outcome === 'range') return ILLEGAL_DATA_VALUE;
    if (outcome !== 'done') return SERVER_DEVICE_FAILURE;
    from = next;
  }
  return 0;
}

function addressable(request: Uint8Array, at: number): boolean {
  const record = read16(request, at + 3);
  const count = read16(request, at + 5);
  return request[at] === FILE_REFERENCE_TYPE && read16(request, at + 1) !== 0 && record + count - 1 <= MAX_FILE_RECORD;
}
