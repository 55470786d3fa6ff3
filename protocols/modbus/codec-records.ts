/** The functions whose PDU is a list of records: files (FC 20, 21) and identification (FC 43/14). */
import { read16 } from '../exchange/bytes.ts';
import { type Decoded, illegal, ok } from '../exchange/decoded.ts';
import type { FileRecord, FileReference, IdentificationObject, Request, Response } from './messages.ts';
import { count, packRegisters, refused, wrongLength } from './primitives.ts';
import {
  FILE_READ_BYTES,
  FILE_REFERENCE_TYPE,
  FILE_WRITE_BYTES,
  MAX_FILE_RECORD,
  MAX_PDU,
  MEI_CANOPEN,
  MEI_READ_DEVICE_IDENTIFICATION,
} from './tables.ts';

export function fileReference(file: number, record: number, length: number, into: Uint8Array, at: number): void {
  count(file, 1, 0xffff, 'file number');
  count(record, 0, MAX_FILE_RECORD, 'record number');
  into[at] = FILE_REFERENCE_TYPE;
  packRegisters([file, record, length], into, at + 1);
}

export function writeFile(records: readonly FileRecord[]): Uint8Array {
  const length = records.reduce((sum, { data }) => sum + 7 + data.length, 0);
  count(length, FILE_WRITE_BYTES[0], FILE_WRITE_BYTES[1], 'number of bytes');
  const pdu = new Uint8Array(2 + length);
  pdu[0] = 21;
  pdu[1] = length;
  let at = 2;
  for (const { file, record, data } of records) {
    if (data.length % 2 !== 0) throw refused(`a file record has two bytes, ${data.length} bytes are not whole records`);
    fileReference(file, record, data.length >> 1, pdu, at);
    pdu.set(data, at + 7);
    at += 7 + data.length;
  }
  return pdu;
}

export function decodeReadFile(buffer: Uint8Array, at: number, end: number): Decoded<Request> {
  const byteCount = end - at - 1;
  const [least, most] = FILE_READ_BYTES;
  if (byteCount < least || byteCount > most || byteCount % 7 !== 0 || buffer[at] !== byteCount)
    return illegal(`${byteCount} bytes of file references, announced as ${buffer[at]}`);
  const references: FileReference[] = [];
  for (let from = at + 1; from < end; from += 7) {
    const file = read16(buffer, from + 1);
    const record = read16(buffer, from + 3);
    const wrong = wrongReference(buffer[from] as number, file, record);
    if (wrong !== undefined) return illegal(wrong);
    references.push({ file, record, length: read16(buffer, from + 5) });
  }
  return ok({ function: 20, references });
}

export function decodeWriteFile(
  buffer: Uint8Array,
  at: number,
  end: number,
): Decoded<Extract<Request, { function: 21 }>> {
  const byteCount = end - at - 1;
  const [least, most] = FILE_WRITE_BYTES;
  if (byteCount < least || byteCount > most || buffer[at] !== byteCount)
    return illegal(`${byteCount} bytes of file records, announced as ${buffer[at]}`);
  const records: FileRecord[] = [];
  let from = at + 1;
  while (from < end) {
    if (end - from < 7) return illegal('a file record is cut off');
    const file = read16(buffer, from + 1);
    const record = read16(buffer, from + 3);
    const wrong = wrongReference(buffer[from] as number, file, record);
    if (wrong !== undefined) return illegal(wrong);
    const next = from + 7 + 2 * read16(buffer, from + 5);
    if (next > end) return illegal('a file record is longer than the request');
    records.push({ file, record, data: buffer.slice(from + 7, next) });
    from = next;
  }
  return ok({ function: 21, records });
}

function wrongReference(type: number, file: number, record: number): string | undefined {
  if (type !== FILE_REFERENCE_TYPE) return `reference type ${type} is not ${FILE_REFERENCE_TYPE}`;
  if (file === 0) return 'files are numbered from 1';
  return record > MAX_FILE_RECORD ? `record ${record} is beyond ${MAX_FILE_RECORD}` : undefined;
}

export function decodeFileData(buffer: Uint8Array, at: number, end: number): Decoded<Response> {
  if (end - at < 1 || buffer[at] !== end - at - 1)
    return illegal(`${end - at - 1} bytes of file data, announced otherwise`);
  const data: Uint8Array[] = [];
  let from = at + 1;
  while (from < end) {
    const length = buffer[from] as number;
    const next = from + 1 + length;
    if (length < 1 || next > end) return illegal(`file data of ${length} bytes does not fit`);
    if (buffer[from + 1] !== FILE_REFERENCE_TYPE)
      return illegal(`reference type ${buffer[from + 1]} is not ${FILE_REFERENCE_TYPE}`);
    data.push(buffer.slice(from + 2, next));
    from = next;
  }
  return ok({ function: 20, data });
}

export function identification(response: Extract<Response, { mei: 14 }>): Uint8Array {
  const length = response.objects.reduce((sum, { value }) => sum + 2 + value.length, 0);
  count(7 + length, 7, MAX_PDU, 'length of the response');
  const pdu = new Uint8Array(7 + length);
  pdu.set([
    43,
    MEI_READ_DEVICE_IDENTIFICATION,
    response.access,
    response.conformity,
    response.moreFollows ? 0xff : 0,
    response.nextObject,
    response.objects.length,
  ]);
  let at = 7;
  for (const { object, value } of response.objects) {
    pdu[at] = object;
    pdu[at + 1] = value.length;
    pdu.set(value, at + 2);
    at += 2 + value.length;
  }
  return pdu;
}

export function decodeMei<T>(
  buffer: Uint8Array,
  at: number,
  end: number,
  readIdentification: (from: number) => Decoded<T>,
): Decoded<T | { function: 43; mei: 13; data: Uint8Array }> {
  if (at >= end) return illegal('the MEI type is missing');
  const mei = buffer[at] as number;
  if (mei === MEI_CANOPEN) return ok({ function: 43, mei: MEI_CANOPEN, data: buffer.slice(at + 1, end) });
  if (mei === MEI_READ_DEVICE_IDENTIFICATION) return readIdentification(at + 1);
  return illegal(`MEI type ${mei} is reserved`);
}

export function decodeIdentification(buffer: Uint8Array, at: number, end: number): Decoded<Response> {
  if (end - at < 5) return wrongLength(43, 7, end - at + 2);
  const objects: IdentificationObject[] = [];
  let from = at + 5;
  for (let left = buffer[at + 4] as number; left > 0; left--) {
    const next = from + 2 + (from + 1 < end ? (buffer[from + 1] as number) : MAX_PDU);
    if (next > end) return illegal('an identification object is cut off');
    objects.push({ object: buffer[from] as number, value: buffer.slice(from + 2, next) });
    from = next;
  }
  if (from !== end) return illegal(`${end - from} bytes after the last identification object`);
  return ok({
    function: 43,
    mei: 14,
    access: buffer[at] as number,
    conformity: buffer[at + 1] as number,
    moreFollows: buffer[at + 2] === 0xff,
    nextObject: buffer[at + 3] as number,
    objects,
  });
}
