/** Pieces of messages as events carry them: arrays of numbers, bytes as characters, parts of file records. */
import { read16 } from '../exchange/bytes.ts';
import { MEI_CANOPEN, MEI_READ_DEVICE_IDENTIFICATION } from './tables.ts';

export function registerValues(buffer: Uint8Array, at: number, count: number): number[] {
  const values = new Array<number>(count);
  for (let i = 0; i < count; i++, at += 2) values[i] = ((buffer[at] as number) << 8) | (buffer[at + 1] as number);
  return values;
}

/** Bits as 0 and 1, bit 0 of the first byte first. */
export function bitValues(buffer: Uint8Array, at: number, count: number): number[] {
  const values = new Array<number>(count);
  for (let i = 0; i < count; i++) values[i] = ((buffer[at + (i >> 3)] as number) >> (i & 7)) & 1;
  return values;
}

/** The bits from `first` to `last` (not included) joined by commas, as ICSNPP prints what a response has too much. */
export function paddingText(buffer: Uint8Array, at: number, first: number, last: number): string {
  let text = '';
  for (let i = first; i < last; i++)
    text +=
      (((buffer[at + (i >> 3)] as number) >> (i & 7)) & 1) === 1
        ? i === first
          ? '1'
          : ',1'
        : i === first
          ? '0'
          : ',0';
  return text;
}

/** Bytes as characters 0 to 255. */
export function characters(buffer: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(buffer[i] as number);
  return text;
}

export const hexByte = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;

/** ICSNPP words an undefined type differently in requests and responses. */
export function meiName(type: number, undefinedType: 'invalid' | 'unknown'): string {
  if (type === MEI_CANOPEN) return 'CANopen';
  if (type === MEI_READ_DEVICE_IDENTIFICATION) return 'Read Device Identification';
  return `${undefinedType} encapsulated interface transport mei-(${hexByte(type)})`;
}

export interface FileReferenceSeen {
  readonly file: number;
  readonly record: number;
  readonly length: number;
}

export interface FilePart extends FileReferenceSeen {
  readonly type: number;
  readonly data: string;
}

/** The whole references of an FC 20 request, from its byte count on. */
export function readFileReferences(buffer: Uint8Array, at: number, end: number): FileReferenceSeen[] {
  const references: FileReferenceSeen[] = [];
  for (let from = at + 1; from + 7 <= end; from += 7)
    references.push({
      file: read16(buffer, from + 1),
      record: read16(buffer, from + 3),
      length: read16(buffer, from + 5),
    });
  return references;
}

/** The records of an FC 21 message, from its byte count on; undefined when they do not fill it exactly. */
export function splitFileRecords(buffer: Uint8Array, at: number, end: number): FilePart[] | undefined {
  if (at >= end || buffer[at] !== end - at - 1) return undefined;
  const parts: FilePart[] = [];
  let from = at + 1;
  while (from < end) {
    if (from + 7 > end) return undefined;
    const length = read16(buffer, from + 5);
    const next = from + 7 + 2 * length;
    if (next > end) return undefined;
    parts.push({
      type: buffer[from] as number,
      file: read16(buffer, from + 1),
      record: read16(buffer, from + 3),
      length,
      data: characters(buffer, from + 7, next),
    });
    from = next;
  }
  return parts;
}

/** The parts of an FC 20 response, from its byte count on; `length` is in bytes. Undefined when they do not fill it exactly. */
export function splitFileData(
  buffer: Uint8Array,
  at: number,
  end: number,
): { readonly type: number; readonly length: number; readonly data: string }[] | undefined {
  if (at >= end || buffer[at] !== end - at - 1) return undefined;
  const parts: { type: number; length: number; data: string }[] = [];
  let from = at + 1;
  while (from < end) {
    const size = buffer[from] as number;
    const next = from + 1 + size;
    if (size < 1 || next > end) return undefined;
    parts.push({ type: buffer[from + 1] as number, length: size - 1, data: characters(buffer, from + 2, next) });
    from = next;
  }
  return parts;
}
