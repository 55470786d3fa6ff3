/** The object that every device has (ASHRAE 135-2020, clause 12.11). */
import type { DeviceIdentity, Instant } from '@penstock/core';
import { MAX_APDU } from './apdu.ts';
import { array, completed, fixed, type Property, type ServedObject } from './objects.ts';
import { PROPERTY } from './property-ids.ts';
import { type BacnetValue, bits, dateTime, enumerated, objectId, objectValue, text, unsigned } from './values.ts';

export const DEVICE_TYPE = 8;
/** Answers go in segments, requests come whole. */
const SEGMENTED_TRANSMIT = 1;
const NO_SEGMENTATION = 3;

export interface DeviceSpec {
  readonly instance: number;
  readonly name: string;
  readonly identity: DeviceIdentity;
  readonly vendor: number;
  readonly description?: string | undefined;
  readonly location?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly maxApdu?: number | undefined;
  readonly segmentation?: boolean | undefined;
}

/** What the device object shows of the server. */
export interface DeviceState {
  /** All objects, the device's own first. */
  readonly objects: () => readonly ServedObject[];
  /** Microseconds since 1970. */
  readonly clock: () => number;
  /** Everybody who is told of changes: process, who, object, seconds left, increment. */
  readonly subscriptions: (now: Instant) => readonly BacnetValue[];
  readonly isOperational: () => boolean;
}

/** Objects and services by their numbers (clauses 12.11.16 and 12.11.17). */
const SERVED_TYPES = [0, 1, 2, 3, 4, 5, 8, 13, 14, 15, 19, 20];
const SERVED_SERVICES = [0, 3, 5, 12, 14, 15, 16, 17, 20, 26, 32, 33, 34, 35, 36, 39];
const TYPES = 60;
const SERVICES = 41;
const PROTOCOL_REVISION = 14;
const APDU_TIMEOUT = 3000;
const RETRIES = 3;
const MOST_SEGMENTS = 64;

const among = (served: readonly number[], count: number): boolean[] =>
  Array.from({ length: count }, (_, i) => served.includes(i));

export class DeviceObject implements ServedObject {
  readonly id: number;
  readonly name: string;
  readonly properties: ReadonlyMap<number, Property>;
  readonly maxApdu: number;
  readonly segmentation: number;
  databaseRevision = 1;

  constructor(spec: DeviceSpec, state: DeviceState) {
    const { identity, vendor, description, location, serialNumber } = spec;
    this.id = objectId(DEVICE_TYPE, spec.instance);
    this.name = spec.name;
    this.maxApdu = spec.maxApdu ?? MAX_APDU;
    this.segmentation = spec.segmentation === false ? NO_SEGMENTATION : SEGMENTED_TRANSMIT;
    const own: (readonly [number, Property])[] = [
      [PROPERTY.systemStatus, fixed(() => enumerated(state.isOperational() ? 0 : 4))],
      [PROPERTY.vendorName, fixed(text(identity.vendor))],
      [PROPERTY.vendorIdentifier, fixed(unsigned(vendor))],
      [PROPERTY.modelName, fixed(text(identity.modelName))],
      [PROPERTY.firmwareRevision, fixed(() => text(identity.revision))],
      [PROPERTY.applicationSoftwareVersion, fixed(() => text(identity.application ?? identity.revision))],
      [PROPERTY.description, fixed(text(description ?? spec.name), false)],
      [PROPERTY.protocolVersion, fixed(unsigned(1))],
      [PROPERTY.protocolRevision, fixed(unsigned(PROTOCOL_REVISION))],
      [PROPERTY.protocolServicesSupported, fixed(bits(among(SERVED_SERVICES, SERVICES)))],
      [PROPERTY.protocolObjectTypesSupported, fixed(bits(among(SERVED_TYPES, TYPES)))],
      [PROPERTY.objectList, array(() => state.objects().map(({ id }) => objectValue(id)), true)],
      [PROPERTY.maxApduLengthAccepted, fixed(unsigned(this.maxApdu))],
      [PROPERTY.segmentationSupported, fixed(enumerated(this.segmentation))],
      [PROPERTY.maxSegmentsAccepted, fixed(unsigned(MOST_SEGMENTS), false)],
      [PROPERTY.apduSegmentTimeout, fixed(unsigned(APDU_TIMEOUT), false)],
      [PROPERTY.apduTimeout, fixed(unsigned(APDU_TIMEOUT))],
      [PROPERTY.numberOfApduRetries, fixed(unsigned(RETRIES))],
      [PROPERTY.deviceAddressBinding, fixed([])],
      [PROPERTY.databaseRevision, fixed(() => unsigned(this.databaseRevision))],
      [PROPERTY.localDate, fixed(() => dateTime(state.clock())[0], false)],
      [PROPERTY.localTime, fixed(() => dateTime(state.clock())[1], false)],
      [PROPERTY.utcOffset, fixed({ kind: 'signed', value: 0 }, false)],
      [PROPERTY.activeCovSubscriptions, { required: false, read: (now) => state.subscriptions(now) }],
    ];
    if (location !== undefined) own.push([PROPERTY.location, fixed(text(location), false)]);
    if (serialNumber !== undefined) own.push([PROPERTY.serialNumber, fixed(text(serialNumber), false)]);
    this.properties = completed(this.id, this.name, own);
  }
}
