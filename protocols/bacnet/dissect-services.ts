/** Events of what services carry. */
import type { ProtocolEvent } from '@penstock/core';
import { maskSecret } from '../credentials/index.ts';
import { CONFIRMED, UNCONFIRMED } from './apdu.ts';
import type {
  AlarmEvent,
  CovEvent,
  DeviceControlEvent,
  DiscoveryEvent,
  PropertyEvent,
  TimeEvent,
  WriteEvent,
} from './events.ts';
import {
  CONFIRMED_SERVICES,
  ENABLE_DISABLE,
  EVENT_STATES,
  EVENT_TYPES,
  NOTIFY_TYPES,
  OBJECT_TYPES,
  REINITIALIZED_STATES,
} from './names.ts';
import { PROPERTIES } from './names-properties.ts';
import { PROPERTY } from './property-ids.ts';
import { TagReader } from './reader.ts';
import {
  type PropertyPlace,
  type PropertyWrite,
  readAccessResults,
  readAccessSpecifications,
  readAcknowledgeAlarm,
  readCommunicationControl,
  readCovNotification,
  readDateTime,
  readEventNotification,
  readIAm,
  readIHave,
  readPropertyAck,
  readPropertyPlace,
  readReinitialize,
  readSubscribeCov,
  readWhoHas,
  readWhoIs,
  readWriteProperty,
  readWriteSpecifications,
  type ValueRange,
} from './services.ts';
import { valueNumber, valueText } from './value-text.ts';
import { type BacnetValue, instanceOf, microsOf, readValue, typeOf } from './values.ts';
import { vendorName } from './vendors.ts';

type Emit = (event: ProtocolEvent) => void;

/** What a write says, kept until its answer comes. */
export interface Written {
  readonly write: PropertyWrite;
  readonly value: BacnetValue | undefined;
}

/** What a request says that its answer does not. */
export interface Requested {
  readonly writes: readonly Written[];
  readonly state: string | undefined;
  readonly password: string | undefined;
}

const NOTHING: Requested = { writes: [], state: undefined, password: undefined };
/** Elements of one property that become rows. */
const MOST_ROWS = 4096;
const DEVICE = 8;

/** Events of a request; undefined where its parameters do not read. Services that are not told read as anything. */
export function dissectConfirmed(
  emit: Emit,
  isOrig: boolean,
  time: number,
  invokeId: number,
  service: number,
  reader: TagReader,
): Requested | undefined {
  const row = (pduService: string, place: PropertyPlace, value?: BacnetValue): void =>
    emit(propertyEvent(isOrig, time, invokeId, pduService, place, value));
  switch (service) {
    case CONFIRMED.readProperty: {
      const place = readPropertyPlace(reader);
      if (place === undefined) return undefined;
      row('read-property-request', place);
      return NOTHING;
    }
    case CONFIRMED.readRange: {
      const place = readPropertyPlace(reader);
      if (place === undefined) return undefined;
      row('read-range-request', place);
      return NOTHING;
    }
    case CONFIRMED.readPropertyMultiple: {
      const list = readAccessSpecifications(reader);
      if (list === undefined) return undefined;
      for (const { object, properties } of list)
        for (const reference of properties) row('read-property-multiple-request', { object, ...reference });
      return NOTHING;
    }
    case CONFIRMED.writeProperty: {
      const write = readWriteProperty(reader);
      if (write === undefined) return undefined;
      return { ...NOTHING, writes: [writtenOf('write-property', write, reader, row)] };
    }
    case CONFIRMED.writePropertyMultiple: {
      const writes = readWriteSpecifications(reader);
      if (writes === undefined) return undefined;
      return { ...NOTHING, writes: writes.map((write) => writtenOf('write-property-multiple', write, reader, row)) };
    }
    case CONFIRMED.deviceCommunicationControl: {
      const control = readCommunicationControl(reader);
      if (control === undefined) return undefined;
      const state = ENABLE_DISABLE.name(control.state);
      emit(controlEvent(isOrig, time, invokeId, service, state, control.minutes, control.password));
      return { writes: [], state, password: control.password };
    }
    case CONFIRMED.reinitializeDevice: {
      const request = readReinitialize(reader);
      if (request === undefined) return undefined;
      const state = REINITIALIZED_STATES.name(request.state);
      emit(controlEvent(isOrig, time, invokeId, service, state, undefined, request.password));
      return { writes: [], state, password: request.password };
    }
    case CONFIRMED.subscribeCov: {
      const request = readSubscribeCov(reader);
      if (request === undefined) return undefined;
      const { process, object, confirmed, lifetime } = request;
      const isEnd = confirmed === undefined && lifetime === undefined;
      emit(
        covEvent(isOrig, time, invokeId, {
          operation: isEnd ? 'cancel' : 'subscribe',
          ...{ process, confirmed, lifetime, device: undefined, object, value: undefined },
        }),
      );
      return NOTHING;
    }
    case CONFIRMED.covNotification:
      return covNotification(emit, isOrig, time, invokeId, reader) ? NOTHING : undefined;
    case CONFIRMED.eventNotification:
      return eventNotification(emit, isOrig, time, invokeId, reader) ? NOTHING : undefined;
    case CONFIRMED.acknowledgeAlarm: {
      const ack = readAcknowledgeAlarm(reader);
      if (ack === undefined) return undefined;
      emit(
        alarmEvent(isOrig, time, invokeId, ack.object, {
          ...{ operation: 'acknowledge', process_id: ack.process, device: undefined, notification_class: undefined },
          ...{ priority: undefined, event_type: undefined, notify_type: undefined, from_state: undefined },
          to_state: EVENT_STATES.name(ack.state),
          message: ack.source,
        }),
      );
      return NOTHING;
    }
    default:
      return NOTHING;
  }
}

/** Events of a message that nobody answers; false where its parameters do not read. */
export function dissectUnconfirmed(
  emit: Emit,
  isOrig: boolean,
  time: number,
  service: number,
  reader: TagReader,
): boolean {
  const discovery = (pduService: string, told: Partial<DiscoveryEvent>): void => {
    emit({ ...NO_DISCOVERY, time, is_orig: isOrig, pdu_service: pduService, ...told } as DiscoveryEvent);
  };
  switch (service) {
    case UNCONFIRMED.whoIs: {
      const asked = readWhoIs(reader);
      if (asked === undefined) return false;
      discovery('who-is', { range: rangeText(asked), ...asked });
      return true;
    }
    case UNCONFIRMED.iAm: {
      const told = readIAm(reader);
      if (told === undefined) return false;
      const vendor = { vendor: vendorName(told.vendor), vendor_id: told.vendor, max_apdu: told.maxApdu };
      discovery('i-am', { ...objectColumns(told.device), ...vendor });
      return true;
    }
    case UNCONFIRMED.whoHas: {
      const asked = readWhoHas(reader);
      if (asked === undefined) return false;
      const { low, high, object, name } = asked;
      const what = object === undefined ? {} : objectColumns(object);
      discovery('who-has', { ...what, range: rangeText(asked), object_name: name, low, high });
      return true;
    }
    case UNCONFIRMED.iHave: {
      const told = readIHave(reader);
      if (told === undefined) return false;
      const { object_type, instance_number } = objectColumns(told.device);
      const who = { device_id_type: object_type, device_id_number: instance_number };
      discovery('i-have', {
        ...who,
        ...objectColumns(told.object),
        object_name: told.name === '' ? undefined : told.name,
      });
      return true;
    }
    case UNCONFIRMED.covNotification:
      return covNotification(emit, isOrig, time, undefined, reader);
    case UNCONFIRMED.eventNotification:
      return eventNotification(emit, isOrig, time, undefined, reader);
    case UNCONFIRMED.timeSynchronization:
    case UNCONFIRMED.utcTimeSynchronization: {
      const [date, clock] = readDateTime(reader) ?? [];
      if (date?.kind !== 'date' || clock?.kind !== 'time') return false;
      const micros = microsOf(date, clock);
      if (micros === undefined) return true;
      const event: TimeEvent = {
        ...{ name: 'bacnet_time', time, is_orig: isOrig },
        pdu_service: service === UNCONFIRMED.timeSynchronization ? 'time_synchronization' : 'utc_time_synchronization',
        written: micros / 1e6,
        offset: (micros - time) / 1e6,
      };
      emit(event);
      return true;
    }
    default:
      return true;
  }
}

/** Events of what was read; false where the answer does not read. */
export function readingEvents(
  emit: Emit,
  isOrig: boolean,
  time: number,
  invokeId: number,
  service: number,
  reader: TagReader,
): boolean {
  if (service === CONFIRMED.readProperty) {
    const ack = readPropertyAck(reader);
    if (ack === undefined) return false;
    rows(emit, isOrig, time, invokeId, 'read-property-ack', ack, ack.value, reader.buffer);
    return true;
  }
  if (service !== CONFIRMED.readPropertyMultiple) return true;
  const results = readAccessResults(reader);
  if (results === undefined) return false;
  for (const result of results) {
    if (result.value !== undefined)
      rows(emit, isOrig, time, invokeId, 'read-property-multiple-ack', result, result.value, reader.buffer);
    else {
      const event = propertyEvent(isOrig, time, invokeId, 'read-property-multiple-ack', result);
      emit({ ...event, value: 'PropertyError' } as PropertyEvent);
    }
  }
  return true;
}

export function writeEvent(
  { write, value }: Written,
  isOrig: boolean,
  time: number,
  invokeId: number,
  service: number,
  result: string | undefined,
): WriteEvent {
  const { object, property, index, priority } = write;
  return {
    ...{ name: 'bacnet_write', time, is_orig: isOrig, invoke_id: invokeId },
    pdu_service: CONFIRMED_SERVICES.name(service),
    ...objectColumns(object),
    property: PROPERTIES.name(property),
    array_index: index,
    value: value && valueText(property, value),
    number: valueNumber(value),
    priority,
    relinquish: value?.kind === 'null',
    result,
    object_id: object,
    property_id: property,
  };
}

const NO_DISCOVERY = {
  ...{ name: 'bacnet_discovery', time: 0, is_orig: true, pdu_service: '' },
  ...{ device_id_type: undefined, device_id_number: undefined, object_type: undefined, instance_number: undefined },
  ...{ vendor: undefined, range: undefined, object_name: undefined, vendor_id: undefined, max_apdu: undefined },
  ...{ low: undefined, high: undefined },
} as const;

const objectColumns = (id: number): { object_type: string; instance_number: number } => ({
  object_type: OBJECT_TYPES.name(typeOf(id)),
  instance_number: instanceOf(id),
});

const rangeText = ({ low, high }: { readonly low?: number | undefined; readonly high?: number | undefined }): string =>
  low === undefined || high === undefined ? 'All' : `${low}-${high}`;

function propertyEvent(
  isOrig: boolean,
  time: number,
  invokeId: number | undefined,
  pduService: string,
  { object, property, index }: PropertyPlace,
  value?: BacnetValue,
): PropertyEvent {
  return {
    ...{ name: 'bacnet_property', time, is_orig: isOrig, invoke_id: invokeId, pdu_service: pduService },
    ...objectColumns(object),
    property: PROPERTIES.name(property),
    array_index: index,
    value: value && valueText(property, value),
    number: valueNumber(value),
    object_id: object,
    property_id: property,
  };
}

/** One row for each element. */
function rows(
  emit: Emit,
  isOrig: boolean,
  time: number,
  invokeId: number,
  pduService: string,
  place: PropertyPlace,
  range: ValueRange,
  buffer: Uint8Array,
): void {
  const reader = new TagReader(buffer, range.start, range.end);
  let count = 0;
  for (let value = readValue(reader); value !== undefined && count < MOST_ROWS; value = readValue(reader)) {
    emit(propertyEvent(isOrig, time, invokeId, pduService, place, value));
    count++;
  }
}

function writtenOf(
  pduService: string,
  write: PropertyWrite,
  { buffer }: TagReader,
  row: (pduService: string, place: PropertyPlace, value?: BacnetValue) => void,
): Written {
  const value = readValue(new TagReader(buffer, write.value.start, write.value.end));
  row(pduService, write, value);
  return { write, value };
}

function controlEvent(
  isOrig: boolean,
  time: number,
  invokeId: number,
  service: number,
  state: string,
  minutes: number | undefined,
  password: string | undefined,
): DeviceControlEvent {
  return {
    ...{ name: 'bacnet_device_control', time, is_orig: isOrig, invoke_id: invokeId },
    pdu_service: CONFIRMED_SERVICES.name(service).replaceAll('-', '_'),
    time_duration: minutes,
    device_state: state,
    password: password === undefined ? undefined : maskSecret(password),
    ...{ result: undefined, result_code: undefined, requested: state },
  };
}

function covEvent(
  isOrig: boolean,
  time: number,
  invokeId: number | undefined,
  told: {
    readonly operation: CovEvent['operation'];
    readonly process: number;
    readonly confirmed: boolean | undefined;
    readonly lifetime: number | undefined;
    readonly device: number | undefined;
    readonly object: number;
    readonly value: BacnetValue | undefined;
  },
): CovEvent {
  const { operation, process, confirmed, lifetime, device, object, value } = told;
  return {
    ...{ name: 'bacnet_cov', time, is_orig: isOrig, invoke_id: invokeId, operation },
    ...{ process_id: process, confirmed, lifetime, device },
    ...objectColumns(object),
    value: value && valueText(PROPERTY.presentValue, value),
    number: valueNumber(value),
    object_id: object,
  };
}

function covNotification(
  emit: Emit,
  isOrig: boolean,
  time: number,
  invokeId: number | undefined,
  reader: TagReader,
): boolean {
  const notification = readCovNotification(reader);
  if (notification === undefined) return false;
  const { process, device, object, remaining, values } = notification;
  const present = values.find(({ property }) => property === PROPERTY.presentValue)?.value;
  const value = present && readValue(new TagReader(reader.buffer, present.start, present.end));
  const confirmed = invokeId !== undefined;
  emit(
    covEvent(isOrig, time, invokeId, {
      ...{ operation: 'notification', process, confirmed, lifetime: remaining },
      ...{ device: typeOf(device) === DEVICE ? instanceOf(device) : undefined, object, value },
    }),
  );
  return true;
}

function alarmEvent(
  isOrig: boolean,
  time: number,
  invokeId: number | undefined,
  object: number,
  told: Omit<AlarmEvent, 'name' | 'time' | 'is_orig' | 'invoke_id' | 'object_type' | 'instance_number'>,
): AlarmEvent {
  const { operation, process_id, device, notification_class, priority, event_type, notify_type } = told;
  const { from_state, to_state, message } = told;
  return {
    ...{ name: 'bacnet_alarm', time, is_orig: isOrig, invoke_id: invokeId, operation, process_id, device },
    ...objectColumns(object),
    ...{ notification_class, priority, event_type, notify_type, from_state, to_state, message },
  };
}

function eventNotification(
  emit: Emit,
  isOrig: boolean,
  time: number,
  invokeId: number | undefined,
  reader: TagReader,
): boolean {
  const told = readEventNotification(reader);
  if (told === undefined) return false;
  emit(
    alarmEvent(isOrig, time, invokeId, told.object, {
      ...{ operation: 'notification', process_id: told.process, device: instanceOf(told.device) },
      ...{ notification_class: told.notificationClass, priority: told.priority },
      event_type: EVENT_TYPES.name(told.eventType),
      notify_type: NOTIFY_TYPES.name(told.notifyType),
      from_state: told.fromState === undefined ? undefined : EVENT_STATES.name(told.fromState),
      to_state: EVENT_STATES.name(told.toState),
      message: told.message,
    }),
  );
  return true;
}
