/**
 * What services carry (ASHRAE 135-2020, clauses 13 to 16 and 21). Reading takes a `TagReader` over what follows the header, and gives undefined where
 * that is not what the service demands; `reader.failed` says the same. Writing appends to a `TagWriter`.
 */
import { TAG, type TagReader } from './reader.ts';
import type { BacnetValue } from './values.ts';
import { readValue, writeValue, writeValues } from './values.ts';
import type { TagWriter } from './writer.ts';

/** A property of an object; `index` is an element of an array, 0 the number of elements. */
export interface PropertyReference {
  readonly property: number;
  readonly index?: number | undefined;
}

export interface PropertyPlace extends PropertyReference {
  readonly object: number;
}

/** Octets of a property's value within the message that carries it. */
export interface ValueRange {
  readonly start: number;
  readonly end: number;
}

/** Objects, properties and values that one message may carry here; a full segmented message has room for fewer. */
const MOST = 4096;

export function readPropertyPlace(reader: TagReader): PropertyPlace | undefined {
  const object = reader.objectId(0);
  const property = reader.unsigned(1);
  const index = reader.optionalUnsigned(2);
  return reader.failed ? undefined : { object, property, index };
}

export function writePropertyPlace(writer: TagWriter, { object, property, index }: PropertyPlace): TagWriter {
  writer.objectId(0, object).unsigned(1, property);
  return index === undefined ? writer : writer.unsigned(2, index);
}

/** ReadProperty's answer: the place, and where the value is. */
export function readPropertyAck(reader: TagReader): (PropertyPlace & { readonly value: ValueRange }) | undefined {
  const place = readPropertyPlace(reader);
  if (place === undefined || !reader.open(3)) return undefined;
  const value = reader.enclosed(3);
  return reader.failed ? undefined : { ...place, value };
}

export interface PropertyWrite extends PropertyPlace {
  readonly value: ValueRange;
  readonly priority?: number | undefined;
}

export function readWriteProperty(reader: TagReader): PropertyWrite | undefined {
  const ack = readPropertyAck(reader);
  if (ack === undefined) return undefined;
  const priority = reader.optionalUnsigned(4);
  return reader.failed ? undefined : { ...ack, priority };
}

export function writeWriteProperty(
  writer: TagWriter,
  place: PropertyPlace,
  values: BacnetValue | readonly BacnetValue[],
  priority?: number,
): TagWriter {
  writePropertyPlace(writer, place).open(3);
  writeValues(writer, values);
  writer.close(3);
  return priority === undefined ? writer : writer.unsigned(4, priority);
}

export interface ObjectProperties {
  readonly object: number;
  readonly properties: readonly PropertyReference[];
}

/** ReadPropertyMultiple's request. */
export function readAccessSpecifications(reader: TagReader): readonly ObjectProperties[] | undefined {
  const list: ObjectProperties[] = [];
  let count = 0;
  while (!reader.done) {
    const object = reader.objectId(0);
    if (!reader.open(1)) return undefined;
    const properties: PropertyReference[] = [];
    while (!reader.failed && !reader.isClosing(1)) {
      const property = reader.unsigned(0);
      const index = reader.optionalUnsigned(1);
      if (++count > MOST) return undefined;
      properties.push({ property, index });
    }
    reader.close(1);
    list.push({ object, properties });
  }
  return reader.failed ? undefined : list;
}

export function writeAccessSpecifications(writer: TagWriter, list: readonly ObjectProperties[]): TagWriter {
  for (const { object, properties } of list) {
    writer.objectId(0, object).open(1);
    for (const { property, index } of properties) {
      writer.unsigned(0, property);
      if (index !== undefined) writer.unsigned(1, index);
    }
    writer.close(1);
  }
  return writer;
}

/** One property of ReadPropertyMultiple's answer. */
export interface PropertyResult extends PropertyPlace {
  readonly value?: ValueRange;
  readonly error?: { readonly errorClass: number; readonly errorCode: number };
}

export function readAccessResults(reader: TagReader): readonly PropertyResult[] | undefined {
  const results: PropertyResult[] = [];
  while (!reader.done) {
    const object = reader.objectId(0);
    if (!reader.open(1)) return undefined;
    while (!reader.failed && !reader.isClosing(1)) {
      const property = reader.unsigned(2);
      const index = reader.optionalUnsigned(3);
      if (results.length >= MOST) return undefined;
      if (reader.isOpening(5)) {
        reader.open(5);
        const errorClass = reader.applicationUnsigned(TAG.enumerated);
        const errorCode = reader.applicationUnsigned(TAG.enumerated);
        reader.close(5);
        results.push({ object, property, index, error: { errorClass, errorCode } });
      } else {
        reader.open(4);
        results.push({ object, property, index, value: reader.enclosed(4) });
      }
    }
    reader.close(1);
  }
  return reader.failed ? undefined : results;
}

/** WritePropertyMultiple's request. */
export function readWriteSpecifications(reader: TagReader): readonly PropertyWrite[] | undefined {
  const writes: PropertyWrite[] = [];
  while (!reader.done) {
    const object = reader.objectId(0);
    if (!reader.open(1)) return undefined;
    while (!reader.failed && !reader.isClosing(1)) {
      const write = readPropertyValue(reader, object);
      if (write === undefined || writes.length >= MOST) return undefined;
      writes.push(write);
    }
    reader.close(1);
  }
  return reader.failed ? undefined : writes;
}

/** BACnetPropertyValue: property, index, value and priority under tags 0 to 3. */
function readPropertyValue(reader: TagReader, object: number): PropertyWrite | undefined {
  const property = reader.unsigned(0);
  const index = reader.optionalUnsigned(1);
  if (!reader.open(2)) return undefined;
  const value = reader.enclosed(2);
  const priority = reader.optionalUnsigned(3);
  return reader.failed ? undefined : { object, property, index, value, priority };
}

/** Who-Is; undefined limits mean everybody. */
export function readWhoIs(reader: TagReader): { readonly low?: number; readonly high?: number } | undefined {
  if (reader.done) return reader.failed ? undefined : {};
  const low = reader.unsigned(0);
  const high = reader.unsigned(1);
  return reader.failed ? undefined : { low, high };
}

export const writeWhoIs = (writer: TagWriter, low?: number, high?: number): TagWriter =>
  low === undefined || high === undefined ? writer : writer.unsigned(0, low).unsigned(1, high);

export interface IAm {
  readonly device: number;
  readonly maxApdu: number;
  readonly segmentation: number;
  readonly vendor: number;
}

export function readIAm(reader: TagReader): IAm | undefined {
  const device = reader.applicationObject();
  const maxApdu = reader.applicationUnsigned(TAG.unsigned);
  const segmentation = reader.applicationUnsigned(TAG.enumerated);
  const vendor = reader.applicationUnsigned(TAG.unsigned);
  return reader.failed ? undefined : { device, maxApdu, segmentation, vendor };
}

export const writeIAm = (writer: TagWriter, { device, maxApdu, segmentation, vendor }: IAm): TagWriter =>
  writer
    .applicationObject(device)
    .applicationUnsigned(maxApdu)
    .applicationEnumerated(segmentation)
    .applicationUnsigned(vendor);

export interface WhoHas {
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  readonly object?: number | undefined;
  readonly name?: string | undefined;
}

export function readWhoHas(reader: TagReader): WhoHas | undefined {
  const low = reader.optionalUnsigned(0);
  const high = low === undefined ? undefined : reader.unsigned(1);
  const object = reader.isPrimitive(2) ? reader.objectId(2) : undefined;
  const name = object === undefined ? reader.string(3) : undefined;
  return reader.failed ? undefined : { low, high, object, name };
}

export interface IHave {
  readonly device: number;
  readonly object: number;
  readonly name: string;
}

export function readIHave(reader: TagReader): IHave | undefined {
  const device = reader.applicationObject();
  const object = reader.applicationObject();
  const name = reader.applicationString();
  return reader.failed ? undefined : { device, object, name };
}

export const writeIHave = (writer: TagWriter, { device, object, name }: IHave): TagWriter =>
  writer.applicationObject(device).applicationObject(object).applicationString(name);

export interface SubscribeCov {
  readonly process: number;
  readonly object: number;
  /** With `lifetime` undefined too it is a cancellation. */
  readonly confirmed?: boolean | undefined;
  /** Seconds; 0: for ever. */
  readonly lifetime?: number | undefined;
}

export function readSubscribeCov(reader: TagReader): SubscribeCov | undefined {
  const process = reader.unsigned(0);
  const object = reader.objectId(1);
  const confirmed = reader.isPrimitive(2) ? reader.boolean(2) : undefined;
  const lifetime = reader.optionalUnsigned(3);
  return reader.failed ? undefined : { process, object, confirmed, lifetime };
}

export function writeSubscribeCov(
  writer: TagWriter,
  { process, object, confirmed, lifetime }: SubscribeCov,
): TagWriter {
  writer.unsigned(0, process).objectId(1, object);
  if (confirmed !== undefined) writer.boolean(2, confirmed);
  return lifetime === undefined ? writer : writer.unsigned(3, lifetime);
}

export interface CovNotification {
  readonly process: number;
  readonly device: number;
  readonly object: number;
  /** Seconds that the subscription still holds. */
  readonly remaining: number;
  readonly values: readonly PropertyWrite[];
}

export function readCovNotification(reader: TagReader): CovNotification | undefined {
  const process = reader.unsigned(0);
  const device = reader.objectId(1);
  const object = reader.objectId(2);
  const remaining = reader.unsigned(3);
  if (!reader.open(4)) return undefined;
  const values: PropertyWrite[] = [];
  while (!reader.failed && !reader.isClosing(4)) {
    const value = readPropertyValue(reader, object);
    if (value === undefined || values.length >= MOST) return undefined;
    values.push(value);
  }
  reader.close(4);
  return reader.failed ? undefined : { process, device, object, remaining, values };
}

export function writeCovNotification(
  writer: TagWriter,
  notification: Omit<CovNotification, 'values'>,
  values: readonly (readonly [number, BacnetValue])[],
): TagWriter {
  const { process, device, object, remaining } = notification;
  writer.unsigned(0, process).objectId(1, device).objectId(2, object).unsigned(3, remaining).open(4);
  for (const [property, value] of values) {
    writer.unsigned(0, property).open(2);
    writeValue(writer, value);
    writer.close(2);
  }
  return writer.close(4);
}

export interface CommunicationControl {
  /** Minutes; undefined: until it is told otherwise. */
  readonly minutes?: number | undefined;
  /** 0 enable, 1 disable, 2 disable initiation. */
  readonly state: number;
  readonly password?: string | undefined;
}

export function readCommunicationControl(reader: TagReader): CommunicationControl | undefined {
  const minutes = reader.optionalUnsigned(0);
  const state = reader.unsigned(1);
  const password = reader.optionalString(2);
  return reader.failed ? undefined : { minutes, state, password };
}

export function writeCommunicationControl(
  writer: TagWriter,
  { minutes, state, password }: CommunicationControl,
): TagWriter {
  if (minutes !== undefined) writer.unsigned(0, minutes);
  writer.unsigned(1, state);
  return password === undefined ? writer : writer.string(2, password);
}

export interface Reinitialize {
  /** 0 cold, 1 warm, 2 to 6 backup and restore, 7 activate changes. */
  readonly state: number;
  readonly password?: string | undefined;
}

export function readReinitialize(reader: TagReader): Reinitialize | undefined {
  const state = reader.unsigned(0);
  const password = reader.optionalString(1);
  return reader.failed ? undefined : { state, password };
}

export function writeReinitialize(writer: TagWriter, { state, password }: Reinitialize): TagWriter {
  writer.unsigned(0, state);
  return password === undefined ? writer : writer.string(1, password);
}

/** Both time synchronizations: a date and a time. */
export function readDateTime(reader: TagReader): readonly [BacnetValue, BacnetValue] | undefined {
  const date = readValue(reader);
  const time = readValue(reader);
  return date?.kind === 'date' && time?.kind === 'time' ? [date, time] : undefined;
}

export interface AcknowledgeAlarm {
  readonly process: number;
  readonly object: number;
  readonly state: number;
  /** Octets of the time stamp that is acknowledged. */
  readonly stamp: ValueRange;
  readonly source: string;
}

export function readAcknowledgeAlarm(reader: TagReader): AcknowledgeAlarm | undefined {
  const process = reader.unsigned(0);
  const object = reader.objectId(1);
  const state = reader.unsigned(2);
  if (!reader.open(3)) return undefined;
  const stamp = reader.enclosed(3);
  const source = reader.string(4);
  if (!reader.open(5)) return undefined;
  reader.enclosed(5);
  return reader.failed ? undefined : { process, object, state, stamp, source };
}

/** An event as a notification tells it. Octets of time stamp and event values are left where they are. */
export interface EventNotification {
  readonly process: number;
  readonly device: number;
  readonly object: number;
  readonly notificationClass: number;
  readonly priority: number;
  readonly eventType: number;
  readonly message?: string | undefined;
  readonly notifyType: number;
  readonly ackRequired?: boolean | undefined;
  readonly fromState?: number | undefined;
  readonly toState: number;
}

export function readEventNotification(reader: TagReader): EventNotification | undefined {
  const process = reader.unsigned(0);
  const device = reader.objectId(1);
  const object = reader.objectId(2);
  if (!reader.open(3)) return undefined;
  reader.enclosed(3);
  const notificationClass = reader.unsigned(4);
  const priority = reader.unsigned(5);
  const eventType = reader.unsigned(6);
  const message = reader.optionalString(7);
  const notifyType = reader.unsigned(8);
  const ackRequired = reader.isPrimitive(9) ? reader.boolean(9) : undefined;
  const fromState = reader.optionalUnsigned(10);
  const toState = reader.unsigned(11);
  if (reader.failed) return undefined;
  const who = { process, device, object, notificationClass, priority, eventType };
  return { ...who, message, notifyType, ackRequired, fromState, toState };
}
