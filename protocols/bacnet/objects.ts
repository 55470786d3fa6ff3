/** What a server's objects are made of: properties that are asked when somebody reads them (ASHRAE 135-2020, clause 12). */
import type { Instant, WriteOutcome, Writer } from '@penstock/core';
import { type BacnetError, ERROR_CLASS, ERROR_CODE } from './apdu.ts';
import { PROPERTY } from './property-ids.ts';
import { type BacnetValue, enumerated, objectValue, text, typeOf, unsigned } from './values.ts';

/** Elements of an array or a list, one value each. */
export type Values = BacnetValue | readonly BacnetValue[];

/** Who writes, when, and at which priority (16 where nobody said). */
export interface Write {
  readonly values: readonly BacnetValue[];
  readonly priority: number;
  readonly index: number | undefined;
  readonly writer: Writer;
  readonly now: Instant;
}

export interface Property {
  readonly required: boolean;
  /** Its elements can be asked for one by one. */
  readonly isArray?: boolean;
  read(now: Instant): Values;
  /** Left out: it cannot be written. */
  write?(write: Write): BacnetError | undefined;
}

/** Something that the network can read. */
export interface ServedObject {
  readonly id: number;
  readonly name: string;
  readonly properties: ReadonlyMap<number, Property>;
}

export const fault = (errorClass: number, errorCode: number): BacnetError => ({ errorClass, errorCode });
export const propertyFault = (errorCode: number): BacnetError => fault(ERROR_CLASS.property, errorCode);

export const DENIED = propertyFault(ERROR_CODE.writeAccessDenied);
export const OUT_OF_RANGE = propertyFault(ERROR_CODE.valueOutOfRange);
export const WRONG_TYPE = propertyFault(ERROR_CODE.invalidDataType);

/** How a refusal of the device's memory is told. */
export function errorOf(outcome: WriteOutcome): BacnetError | undefined {
  switch (outcome) {
    case 'done':
      return undefined;
    case 'range':
      return OUT_OF_RANGE;
    case 'fault':
      return fault(ERROR_CLASS.device, ERROR_CODE.other);
    default:
      return DENIED;
  }
}

/** A property that does not change, or is read from what changes elsewhere. */
export const fixed = (value: Values | (() => Values), required = true): Property => ({
  required,
  read: typeof value === 'function' ? value : () => value,
});

export const array = (read: () => readonly BacnetValue[], required = false): Property => ({
  required,
  isArray: true,
  read,
});

/** The properties that every object has, and the list of the others (clause 12.1.1.4). */
export function completed(
  id: number,
  name: string,
  own: readonly (readonly [number, Property])[],
): Map<number, Property> {
  const properties = new Map<number, Property>([
    [PROPERTY.objectIdentifier, fixed(objectValue(id))],
    [PROPERTY.objectName, fixed(text(name))],
    [PROPERTY.objectType, fixed(enumerated(typeOf(id)))],
    ...own,
  ]);
  const list = own.map(([property]) => enumerated(property));
  properties.set(
    PROPERTY.propertyList,
    array(() => list, true),
  );
  return properties;
}

/** A property's values, or one element of them. */
export function readElement(property: Property, index: number | undefined, now: Instant): Values | BacnetError {
  if (index === undefined) return property.read(now);
  if (property.isArray !== true) return propertyFault(ERROR_CODE.propertyIsNotAnArray);
  const elements = property.read(now) as readonly BacnetValue[];
  if (index === 0) return unsigned(elements.length);
  return elements[index - 1] ?? propertyFault(ERROR_CODE.invalidArrayIndex);
}

export const isError = (result: object | undefined): result is BacnetError =>
  result !== undefined && 'errorClass' in result;

/** Exactly one value of a kind. */
export function single<K extends BacnetValue['kind']>(
  values: readonly BacnetValue[],
  kind: K,
): (BacnetValue & { readonly kind: K }) | undefined {
  const [value] = values;
  return values.length === 1 && value?.kind === kind ? (value as BacnetValue & { readonly kind: K }) : undefined;
}

/** A boolean of the device's own that can be written. */
export const writableFlag = (
  read: () => boolean,
  set: (value: boolean, write: Write) => BacnetError | undefined,
  required = true,
): Property => ({
  required,
  read: () => ({ kind: 'boolean', value: read() }),
  write: (write) => {
    const value = single(write.values, 'boolean');
    return value === undefined ? WRONG_TYPE : set(value.value, write);
  },
});

/** A number of the device's own that can be written. */
export const writableNumber = (
  kind: 'real' | 'unsigned' | 'enumerated',
  read: () => number,
  set: (value: number, write: Write) => BacnetError | undefined,
): Property => ({
  required: false,
  read: () => ({ kind, value: read() }),
  write: (write) => {
    const value = single(write.values, kind);
    return value === undefined ? WRONG_TYPE : set(value.value, write);
  },
});

/** Three bits for the transitions to off-normal, to fault and to normal, or others of a fixed number. */
export const writableBits = (
  count: number,
  read: () => readonly boolean[],
  set: (value: readonly boolean[]) => void,
): Property => ({
  required: false,
  read: () => ({ kind: 'bits', value: read() }),
  write: (write) => {
    const value = single(write.values, 'bits');
    if (value === undefined) return WRONG_TYPE;
    if (value.value.length !== count) return OUT_OF_RANGE;
    set(value.value);
    return undefined;
  },
});
