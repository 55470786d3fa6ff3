/** Values as logs tell them (ICSNPP's way where it has one). */

import type { Names } from './name-table.ts';
import { DEVICE_STATUSES, EVENT_STATES, NOTIFY_TYPES, OBJECT_TYPES, RELIABILITIES, SEGMENTATIONS } from './names.ts';
import { ENGINEERING_UNITS } from './names-units.ts';
import { PROPERTY } from './property-ids.ts';
import { type BacnetValue, instanceOf, typeOf } from './values.ts';

/** Enumerations by the property that they are the value of. */
const ENUMERATIONS: ReadonlyMap<number, Names> = new Map([
  [PROPERTY.eventState, EVENT_STATES],
  [PROPERTY.reliability, RELIABILITIES],
  [PROPERTY.segmentationSupported, SEGMENTATIONS],
  [PROPERTY.systemStatus, DEVICE_STATUSES],
  [PROPERTY.units, ENGINEERING_UNITS],
  [PROPERTY.objectType, OBJECT_TYPES],
  [PROPERTY.notifyType, NOTIFY_TYPES],
]);
const LONGEST = 512;

/** Undefined for a null and for an empty text. */
export function valueText(property: number, value: BacnetValue): string | undefined {
  switch (value.kind) {
    case 'null':
      return undefined;
    case 'boolean':
      return String(value.value);
    case 'real':
    case 'double':
      return Number.isFinite(value.value) ? value.value.toFixed(6) : String(value.value);
    case 'unsigned':
    case 'signed':
      return String(value.value);
    case 'enumerated':
      return ENUMERATIONS.get(property)?.name(value.value) ?? String(value.value);
    case 'octets':
      return hexadecimal(value.value);
    case 'string':
      return value.value === '' ? undefined : value.value.slice(0, LONGEST);
    case 'bits':
      return value.value.map((bit) => (bit ? 'T' : 'F')).join('');
    case 'date':
      return `${value.month}/${value.day}/${value.year + 1900}`;
    case 'time':
      return `${value.hour}:${value.minute}:${value.second}.${value.hundredths}`;
    case 'object':
      return `${OBJECT_TYPES.name(typeOf(value.value))}: ${instanceOf(value.value)}`;
    case 'context':
      return hexadecimal(value.value);
    case 'constructed':
      return value.items
        .map((item) => valueText(property, item) ?? '')
        .join(' ')
        .slice(0, LONGEST);
  }
}

/** Numbers, booleans as 0 and 1. */
export function valueNumber(value: BacnetValue | undefined): number | undefined {
  switch (value?.kind) {
    case 'boolean':
      return value.value ? 1 : 0;
    case 'real':
    case 'double':
    case 'unsigned':
    case 'signed':
    case 'enumerated':
      return value.value;
    default:
      return undefined;
  }
}

const hexadecimal = (octets: Uint8Array): string =>
  [...octets.subarray(0, LONGEST / 2)].map((octet) => octet.toString(16).padStart(2, '0')).join('');
