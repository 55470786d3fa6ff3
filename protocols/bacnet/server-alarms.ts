/** Telling alarms, having them acknowledged, and listing them (ASHRAE 135-2020, clauses 13.5 to 13.12). */
import type { Instant } from '@penstock/core';
import { type AlarmState, EVENT_STATE, EVENT_TYPE, type Transition, timeStamp, transitionOf } from './alarm.ts';
import { CONFIRMED, ERROR_CLASS, ERROR_CODE, UNCONFIRMED, writeUnconfirmed } from './apdu.ts';
import type { BacnetLink, Peer } from './link.ts';
import { EVENT_STATES } from './names.ts';
import type { NotificationClass, Recipient } from './notification-class.ts';
import { fault } from './objects.ts';
import { lookAt, type PointObject, UNKNOWN_OBJECT } from './point-object.ts';
import type { TagReader } from './reader.ts';
import type { Requests } from './requests.ts';
import { COMPLEX, errorReply, MISSHAPEN, type Reply, SIMPLE } from './server-properties.ts';
import { readAcknowledgeAlarm } from './services.ts';
import { objectId, writeValue } from './values.ts';
import { TagWriter } from './writer.ts';

const NOTIFICATION_CLASS = 15;
const ALARM = 0;
const ACK_NOTIFICATION = 2;
/** Objects that one answer about alarms tells; it says that there are more. */
const MOST_IN_ANSWER = 32;

export interface AlarmOptions {
  readonly points: readonly PointObject[];
  readonly classes: ReadonlyMap<number, NotificationClass>;
  readonly link: BacnetLink;
  readonly requests: Requests;
  readonly device: number;
  readonly clock: () => number;
  readonly find: (device: number) => Peer | undefined;
}

export class AlarmServices {
  /** Notifications that were sent, and those whose recipient nobody knows. */
  readonly counters = { sent: 0, unknown: 0 };
  readonly #options: AlarmOptions;
  readonly #watched: readonly PointObject[];
  readonly #writer = new TagWriter();

  constructor(options: AlarmOptions) {
    this.#options = options;
    this.#watched = options.points.filter(({ alarm }) => alarm !== undefined);
  }

  get any(): boolean {
    return this.#watched.length > 0;
  }

  /** Looks at everything that can be an alarm. @param isMute whether nothing may be sent */
  scan(now: Instant, isMute: boolean): void {
    if (this.#watched.length === 0) return;
    const time = this.#options.clock();
    for (const point of this.#watched) {
      const transition = lookAt(point, now, time);
      if (transition === undefined) continue;
      const kind = transitionOf(transition.to);
      const notificationClass = this.#classOf(transition.alarm);
      transition.alarm.acked[kind] = notificationClass?.ackRequired[kind] !== true;
      if (transition.alarm.enabled[kind] === true && !isMute) this.#tell(point, transition, now);
    }
  }

  acknowledge(reader: TagReader, now: Instant): Reply {
    const request = readAcknowledgeAlarm(reader);
    if (request === undefined || !reader.done) return MISSHAPEN;
    const point = this.#options.points.find(({ id }) => id === request.object);
    if (point === undefined) return errorReply(UNKNOWN_OBJECT);
    const { alarm } = point;
    if (alarm === undefined) return errorReply(fault(ERROR_CLASS.object, ERROR_CODE.noAlarmConfigured));
    const kind = transitionOf(request.state);
    const stamp = this.#writer.clear();
    writeValue(stamp, timeStamp(alarm.stamps[kind] as number));
    // The stamp of the transition that is acknowledged, octet for octet (clause 13.5.1.1.5).
    const given = reader.buffer.subarray(request.stamp.start, request.stamp.end);
    if (alarm.stamps[kind] === 0) return errorReply(fault(ERROR_CLASS.services, ERROR_CODE.invalidEventState));
    if (!isSame(given, stamp.octets())) return errorReply(fault(ERROR_CLASS.services, ERROR_CODE.invalidTimestamp));
    alarm.acked[kind] = true;
    this.#send(point, alarm, { notify: ACK_NOTIFICATION, kind, from: undefined, to: request.state }, now);
    return SIMPLE;
  }

  alarmSummary(writer: TagWriter): Reply {
    for (const { id, alarm } of this.#watched) {
      if (alarm === undefined || alarm.state === EVENT_STATE.normal || alarm.notify !== ALARM) continue;
      writer.applicationObject(id).applicationEnumerated(alarm.state).bits(undefined, alarm.acked);
    }
    return COMPLEX;
  }

  eventInformation(reader: TagReader, writer: TagWriter): Reply {
    const last = reader.isPrimitive(0) ? reader.objectId(0) : undefined;
    if (reader.failed || !reader.done) return MISSHAPEN;
    const active = this.#watched.filter(
      ({ alarm }) => alarm !== undefined && (alarm.state !== EVENT_STATE.normal || alarm.acked.includes(false)),
    );
    const from = last === undefined ? 0 : active.findIndex(({ id }) => id === last) + 1;
    const told = active.slice(from, from + MOST_IN_ANSWER);
    writer.open(0);
    for (const { id, alarm } of told) {
      if (alarm === undefined) continue;
      const { state, acked, stamps, notify, enabled } = alarm;
      writer.objectId(0, id).unsigned(1, state).bits(2, acked).open(3);
      for (const stamp of stamps) writeValue(writer, timeStamp(stamp));
      writer.close(3).unsigned(4, notify).bits(5, enabled).open(6);
      for (const priority of this.#classOf(alarm)?.priorities ?? [0, 0, 0]) writer.applicationUnsigned(priority);
      writer.close(6);
    }
    writer.close(0).boolean(1, from + told.length < active.length);
    return COMPLEX;
  }

  #classOf(alarm: AlarmState): NotificationClass | undefined {
    return this.#options.classes.get(objectId(NOTIFICATION_CLASS, alarm.notificationClass));
  }

  #tell(point: PointObject, { alarm, from, to, value }: Transition, now: Instant): void {
    const what = { notify: alarm.notify, kind: transitionOf(to), from, to, value };
    this.#send(point, alarm, what, now);
  }

  #send(point: PointObject, alarm: AlarmState, what: Told, now: Instant): void {
    const notificationClass = this.#classOf(alarm);
    if (notificationClass === undefined) return;
    const { link, requests, find } = this.#options;
    for (const recipient of notificationClass.recipients) {
      if (recipient.transitions[what.kind] !== true) continue;
      const to = recipient.address ?? find(recipient.device ?? -1);
      if (to === undefined) {
        this.counters.unknown++;
        continue;
      }
      this.counters.sent++;
      const writer = this.#writer.clear();
      if (!recipient.confirmed) writeUnconfirmed(writer, UNCONFIRMED.eventNotification);
      this.#write(writer, point, alarm, notificationClass, recipient, what);
      if (recipient.confirmed) requests.submit(to, CONFIRMED.eventNotification, writer.octets(), now, () => {});
      else link.send(to, writer.octets(), false);
    }
  }

  #write(
    writer: TagWriter,
    point: PointObject,
    alarm: AlarmState,
    { id, priorities, ackRequired }: NotificationClass,
    { process }: Recipient,
    { notify, kind, from, to, value }: Told,
  ): void {
    const isAck = notify === ACK_NOTIFICATION;
    const type = alarm.kind === 'limits' ? EVENT_TYPE.outOfRange : EVENT_TYPE.changeOfState;
    writer.unsigned(0, process).objectId(1, this.#options.device).objectId(2, point.id).open(3);
    writeValue(writer, timeStamp(isAck ? this.#options.clock() : (alarm.stamps[kind] as number)));
    writer
      .close(3)
      .unsigned(4, id - objectId(NOTIFICATION_CLASS, 0))
      .unsigned(5, priorities[kind] ?? 0)
      .unsigned(6, type);
    if (!isAck) writer.string(7, `${point.name}: ${EVENT_STATES.name(to)}`);
    writer.unsigned(8, notify);
    if (!isAck) writer.boolean(9, ackRequired[kind] === true).unsigned(10, from ?? 0);
    writer.unsigned(11, to);
    if (isAck || value === undefined) return;
    writer.open(12).open(type);
    if (type === EVENT_TYPE.outOfRange)
      writer.real(0, value).bits(1, point.statusFlags).real(2, alarm.deadBand).real(3, alarm.exceeded);
    else
      writer
        .open(0)
        .unsigned(point.presentValue.kind === 'enumerated' ? 1 : 11, value)
        .close(0)
        .bits(1, point.statusFlags);
    writer.close(type).close(12);
  }
}

interface Told {
  readonly notify: number;
  readonly kind: 0 | 1 | 2;
  readonly from: number | undefined;
  readonly to: number;
  readonly value?: number;
}

function isSame(given: Uint8Array, own: Uint8Array): boolean {
  return given.length === own.length && given.every((octet, i) => octet === own[i]);
}
