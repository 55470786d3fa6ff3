/** Values of properties as objects (ASHRAE 135-2020, clause 20.2), for those who do not read tag by tag. */
import { doubleAt, realAt, signedAt, TAG, type TagReader, textAt, unsignedAt } from './reader.ts';
import type { TagWriter } from './writer.ts';

/** A date of the calendar; 255 stands for any (clause 20.2.12). The year counts from 1900, Monday is 1. */
export interface BacnetDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
}

/** A time of the day; 255 stands for any (clause 20.2.13). */
export interface BacnetTime {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly hundredths: number;
}

export type BacnetValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'unsigned' | 'signed' | 'real' | 'double' | 'enumerated'; readonly value: number }
  | { readonly kind: 'octets'; readonly value: Uint8Array }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'bits'; readonly value: readonly boolean[] }
  | ({ readonly kind: 'date' } & BacnetDate)
  | ({ readonly kind: 'time' } & BacnetTime)
  /** Type × 2²² + instance. */
  | { readonly kind: 'object'; readonly value: number }
  /** Under a tag whose meaning the message's place decides. */
  | { readonly kind: 'context'; readonly tag: number; readonly value: Uint8Array }
  | { readonly kind: 'constructed'; readonly tag: number; readonly items: readonly BacnetValue[] };

export const INSTANCES = 0x40_0000;
/** In place of a device's instance: whichever device reads it (clause 15.5.2, 16.10). */
export const ANY_INSTANCE = 0x3f_ffff;

export const objectId = (type: number, instance: number): number => type * INSTANCES + instance;
export const typeOf = (id: number): number => Math.floor(id / INSTANCES);
export const instanceOf = (id: number): number => id % INSTANCES;

export const NULL: BacnetValue = { kind: 'null' };
export const bool = (value: boolean): BacnetValue => ({ kind: 'boolean', value });
export const unsigned = (value: number): BacnetValue => ({ kind: 'unsigned', value });
export const real = (value: number): BacnetValue => ({ kind: 'real', value });
export const enumerated = (value: number): BacnetValue => ({ kind: 'enumerated', value });
export const text = (value: string): BacnetValue => ({ kind: 'string', value });
export const bits = (value: readonly boolean[]): BacnetValue => ({ kind: 'bits', value });
export const objectValue = (value: number): BacnetValue => ({ kind: 'object', value });
export const constructed = (tag: number, items: readonly BacnetValue[]): BacnetValue => ({
  kind: 'constructed',
  tag,
  items,
});

export function writeValue(writer: TagWriter, value: BacnetValue): void {
  switch (value.kind) {
    case 'null':
      writer.applicationNull();
      break;
    case 'boolean':
      writer.applicationBoolean(value.value);
      break;
    case 'unsigned':
      writer.applicationUnsigned(value.value);
      break;
    case 'signed':
      writer.applicationSigned(value.value);
      break;
    case 'real':
      writer.applicationReal(value.value);
      break;
    case 'double':
      writer.applicationDouble(value.value);
      break;
    case 'enumerated':
      writer.applicationEnumerated(value.value);
      break;
    case 'octets':
      writer.applicationOctets(value.value);
      break;
    case 'string':
      writer.applicationString(value.value);
      break;
    case 'bits':
      writer.bits(undefined, value.value);
      break;
    case 'date':
      writer.tag(TAG.date, false, 4).octet(value.year).octet(value.month).octet(value.day).octet(value.weekday);
      break;
    case 'time':
      writer.tag(TAG.time, false, 4).octet(value.hour).octet(value.minute).octet(value.second).octet(value.hundredths);
      break;
    case 'object':
      writer.applicationObject(value.value);
      break;
    case 'context':
      writer.tag(value.tag, true, value.value.length).raw(value.value);
      break;
    case 'constructed':
      writer.open(value.tag);
      for (const item of value.items) writeValue(writer, item);
      writer.close(value.tag);
  }
}

export function writeValues(writer: TagWriter, values: BacnetValue | readonly BacnetValue[]): void {
  if ('kind' in values) writeValue(writer, values);
  else for (const value of values) writeValue(writer, value);
}

/** The next value; undefined at the end, and where it does not read (`reader.failed`). */
export function readValue(reader: TagReader, depth = 0): BacnetValue | undefined {
  if (reader.isClosing() || depth > 8) reader.fail();
  if (!reader.peek()) return undefined;
  if (reader.isOpening()) {
    const tag = reader.number;
    reader.open(tag);
    const items: BacnetValue[] = [];
    while (!reader.failed && !reader.isClosing(tag)) {
      const item = readValue(reader, depth + 1);
      if (item === undefined) reader.fail();
      else items.push(item);
    }
    reader.close(tag);
    return reader.failed ? undefined : { kind: 'constructed', tag, items };
  }
  const { buffer, contents: at, length, number, isContext } = reader;
  const value: BacnetValue | undefined = isContext
    ? { kind: 'context', tag: number, value: buffer.slice(at, at + length) }
    : applicationValue(buffer, number, at, length);
  if (value === undefined) reader.fail();
  else reader.skip();
  return value;
}

/** All values up to the end of what the reader has. */
export function readValues(reader: TagReader): BacnetValue[] {
  const values: BacnetValue[] = [];
  while (!reader.done) {
    const value = readValue(reader);
    if (value !== undefined) values.push(value);
  }
  return values;
}

/** A value under one of the application's tags; undefined where its length cannot be. */
function applicationValue(buffer: Uint8Array, tag: number, at: number, length: number): BacnetValue | undefined {
  switch (tag) {
    case TAG.null:
      return length === 0 ? NULL : undefined;
    case TAG.boolean:
      return bool(length !== 0);
    case TAG.unsigned:
      return length >= 1 && length <= 8 ? unsigned(unsignedAt(buffer, at, length)) : undefined;
    case TAG.signed:
      return length >= 1 && length <= 8 ? { kind: 'signed', value: signedAt(buffer, at, length) } : undefined;
    case TAG.real:
      return length === 4 ? real(realAt(buffer, at)) : undefined;
    case TAG.double:
      return length === 8 ? { kind: 'double', value: doubleAt(buffer, at) } : undefined;
    case TAG.octets:
      return { kind: 'octets', value: buffer.slice(at, at + length) };
    case TAG.string: {
      const value = textAt(buffer, at, length);
      return value === undefined ? undefined : text(value);
    }
    case TAG.bits:
      return bitsAt(buffer, at, length);
    case TAG.enumerated:
      return length >= 1 && length <= 8 ? enumerated(unsignedAt(buffer, at, length)) : undefined;
    case TAG.date:
      if (length !== 4) return undefined;
      return {
        kind: 'date',
        year: buffer[at] as number,
        month: buffer[at + 1] as number,
        day: buffer[at + 2] as number,
        weekday: buffer[at + 3] as number,
      };
    case TAG.time:
      if (length !== 4) return undefined;
      return {
        kind: 'time',
        hour: buffer[at] as number,
        minute: buffer[at + 1] as number,
        second: buffer[at + 2] as number,
        hundredths: buffer[at + 3] as number,
      };
    case TAG.object:
      return length === 4 ? objectValue(unsignedAt(buffer, at, 4)) : undefined;
    default:
      return undefined;
  }
}

function bitsAt(buffer: Uint8Array, at: number, length: number): BacnetValue | undefined {
  const unused = buffer[at] as number;
  if (length < 1 || unused > 7 || (length === 1 && unused !== 0)) return undefined;
  const count = (length - 1) * 8 - unused;
  const value: boolean[] = [];
  for (let i = 0; i < count; i++) value.push((((buffer[at + 1 + (i >> 3)] as number) >> (7 - (i & 7))) & 1) === 1);
  return bits(value);
}

/** Date and time of a device's clock. @param micros since 1970, as local time */
export function dateTime(micros: number): readonly [BacnetValue, BacnetValue] {
  const date = new Date(Math.floor(micros / 1000));
  return [
    {
      kind: 'date',
      year: date.getUTCFullYear() - 1900,
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      weekday: date.getUTCDay() === 0 ? 7 : date.getUTCDay(),
    },
    {
      kind: 'time',
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      hundredths: Math.floor(date.getUTCMilliseconds() / 10),
    },
  ];
}

/** Microseconds since 1970 of a date and a time; undefined where one of them is none. */
export function microsOf(date: BacnetDate, time: BacnetTime): number | undefined {
  const { year, month, day } = date;
  const { hour, minute, second, hundredths } = time;
  if (year === 255 || month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const part = hundredths > 99 ? 0 : hundredths * 10;
  return Date.UTC(1900 + year, month - 1, day, hour, minute, second, part) * 1000;
}
