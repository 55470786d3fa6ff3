/** Reading and writing properties (ASHRAE 135-2020, clauses 15.5 to 15.10). */
import type { Instant, Writer } from '@penstock/core';
import { type BacnetError, ERROR_CLASS, ERROR_CODE, REJECT } from './apdu.ts';
import { DEVICE_TYPE } from './device-object.ts';
import { DENIED, fault, isError, readElement, type ServedObject, WRONG_TYPE } from './objects.ts';
import { UNKNOWN_OBJECT, UNKNOWN_PROPERTY } from './point-object.ts';
import { PROPERTY } from './property-ids.ts';
import { TagReader } from './reader.ts';
import {
  type PropertyPlace,
  type PropertyReference,
  type PropertyWrite,
  readAccessSpecifications,
  readPropertyPlace,
  readWriteProperty,
  readWriteSpecifications,
  writePropertyPlace,
} from './services.ts';
import { TrendLog } from './trend-log.ts';
import { ANY_INSTANCE, instanceOf, readValues, typeOf, writeValues } from './values.ts';
import type { TagWriter } from './writer.ts';

/** How a request ends. `complex`: the answer is what was written. */
export type Reply =
  | { readonly kind: 'simple' | 'complex' }
  | { readonly kind: 'error'; readonly error: BacnetError; readonly failed?: PropertyPlace }
  | { readonly kind: 'reject' | 'abort'; readonly reason: number };

export const SIMPLE: Reply = { kind: 'simple' };
export const COMPLEX: Reply = { kind: 'complex' };
export const errorReply = (error: BacnetError): Reply => ({ kind: 'error', error });
export const rejected = (reason: number): Reply => ({ kind: 'reject', reason });
/** Parameters that are missing, too many or of another kind (clause 18.8). */
export const MISSHAPEN = rejected(REJECT.invalidTag);
const MISSING = rejected(REJECT.missingRequiredParameter);

const PRIORITY_OUT_OF_RANGE = fault(ERROR_CLASS.services, ERROR_CODE.parameterOutOfRange);
const NO_PRIORITY = 16;
/** Octets that ReadPropertyMultiple and ReadRange may come to here. */
const MOST_OCTETS = 0x2_0000;

export class PropertyServices {
  readonly #objects: ReadonlyMap<number, ServedObject>;
  readonly #device: ServedObject;
  readonly #valueReader = new TagReader(new Uint8Array(0), 0, 0);

  constructor(objects: ReadonlyMap<number, ServedObject>, device: ServedObject) {
    this.#objects = objects;
    this.#device = device;
  }

  /** An object by its number; the device also under the instance that stands for any. */
  find(id: number): ServedObject | undefined {
    if (typeOf(id) === DEVICE_TYPE && instanceOf(id) === ANY_INSTANCE) return this.#device;
    return this.#objects.get(id);
  }

  readProperty(reader: TagReader, writer: TagWriter, now: Instant): Reply {
    const place = readPropertyPlace(reader);
    if (place === undefined || !reader.done) return reader.done ? MISSING : MISSHAPEN;
    const object = this.find(place.object);
    if (object === undefined) return errorReply(UNKNOWN_OBJECT);
    const property = object.properties.get(place.property);
    if (property === undefined) return errorReply(UNKNOWN_PROPERTY);
    const values = readElement(property, place.index, now);
    if (isError(values)) return errorReply(values);
    // The answer names the device by its own instance.
    writePropertyPlace(writer, { ...place, object: object.id }).open(3);
    writeValues(writer, values);
    writer.close(3);
    return COMPLEX;
  }

  readPropertyMultiple(reader: TagReader, writer: TagWriter, now: Instant): Reply {
    const list = readAccessSpecifications(reader);
    if (list === undefined || list.length === 0) return reader.failed ? MISSHAPEN : MISSING;
    for (const { object: id, properties } of list) {
      const object = this.find(id);
      writer.objectId(0, object?.id ?? id).open(1);
      for (const reference of properties) {
        for (const one of expanded(object, reference)) this.#result(writer, object, one, now);
        if (writer.length > MOST_OCTETS) return { kind: 'abort', reason: 1 };
      }
      writer.close(1);
    }
    return COMPLEX;
  }

  writeProperty(reader: TagReader, writer: Writer, now: Instant): Reply {
    const write = readWriteProperty(reader);
    if (write === undefined || !reader.done) return reader.failed ? MISSHAPEN : MISSING;
    const error = this.#write(write, reader.buffer, writer, now);
    return error === undefined ? SIMPLE : errorReply(error);
  }

  /** One after the other until the first that fails, which the answer names (clause 15.10). */
  writePropertyMultiple(reader: TagReader, writer: Writer, now: Instant): Reply {
    const writes = readWriteSpecifications(reader);
    if (writes === undefined || writes.length === 0) return reader.failed ? MISSHAPEN : MISSING;
    for (const write of writes) {
      const error = this.#write(write, reader.buffer, writer, now);
      if (error !== undefined) return { kind: 'error', error, failed: write };
    }
    return SIMPLE;
  }

  readRange(reader: TagReader, writer: TagWriter, room: number): Reply {
    const place = readPropertyPlace(reader);
    if (place === undefined) return MISSHAPEN;
    const object = this.find(place.object);
    if (object === undefined) return errorReply(UNKNOWN_OBJECT);
    if (!(object instanceof TrendLog) || place.property !== PROPERTY.logBuffer) {
      const isKnown = object.properties.has(place.property);
      const notList = fault(ERROR_CLASS.services, ERROR_CODE.propertyIsNotAList);
      return errorReply(isKnown ? notList : UNKNOWN_PROPERTY);
    }
    writePropertyPlace(writer, place);
    return object.readRange(reader, writer, room) ? COMPLEX : MISSHAPEN;
  }

  #result(writer: TagWriter, object: ServedObject | undefined, reference: PropertyReference, now: Instant): void {
    const { property, index } = reference;
    writer.unsigned(2, property);
    if (index !== undefined) writer.unsigned(3, index);
    const found = object?.properties.get(property);
    const values =
      object === undefined ? UNKNOWN_OBJECT : found === undefined ? UNKNOWN_PROPERTY : readElement(found, index, now);
    if (isError(values)) {
      writer.open(5).applicationEnumerated(values.errorClass).applicationEnumerated(values.errorCode).close(5);
      return;
    }
    writer.open(4);
    writeValues(writer, values);
    writer.close(4);
  }

  #write(write: PropertyWrite, buffer: Uint8Array, writer: Writer, now: Instant): BacnetError | undefined {
    const { priority = NO_PRIORITY, index } = write;
    const object = this.find(write.object);
    if (object === undefined) return UNKNOWN_OBJECT;
    const property = object.properties.get(write.property);
    if (property === undefined) return UNKNOWN_PROPERTY;
    if (priority < 1 || priority > 16) return PRIORITY_OUT_OF_RANGE;
    if (index !== undefined && property.isArray !== true)
      return fault(ERROR_CLASS.property, ERROR_CODE.propertyIsNotAnArray);
    if (property.write === undefined) return DENIED;
    const reader = this.#valueReader.reset(buffer, write.value.start, write.value.end);
    const values = readValues(reader);
    if (reader.failed) return WRONG_TYPE;
    return property.write({ values, priority, index, writer, now });
  }
}

/** What 'all', 'required' and 'optional' come to (clause 15.7.3.1). */
function expanded(object: ServedObject | undefined, reference: PropertyReference): readonly PropertyReference[] {
  const { property } = reference;
  const isGroup = property === PROPERTY.all || property === PROPERTY.required || property === PROPERTY.optional;
  if (object === undefined || !isGroup) return [reference];
  return [...object.properties].flatMap(([id, { required }]) => {
    const isMeant = property === PROPERTY.all || required === (property === PROPERTY.required);
    return isMeant && id !== PROPERTY.propertyList ? [{ property: id }] : [];
  });
}
