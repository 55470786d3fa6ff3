/**
 * A BACnet/IP device (ASHRAE 135-2020): its objects, and what it does on the network. Datagrams in, datagrams out; its owner calls `tick` no later than
 * `due()`, and sends what `take()` gives after every call.
 */
import { type Instant, minutes, NEVER, seconds, type Writer } from '@penstock/core';
import {
  ABORT,
  type Apdu,
  CONFIRMED,
  decodeApdu,
  ERROR_CLASS,
  ERROR_CODE,
  PDU,
  REJECT,
  UNCONFIRMED,
  writeAbort,
  writeComplexAck,
  writeError,
  writeErrorBody,
  writeReject,
  writeSimpleAck,
  writeUnconfirmed,
} from './apdu.ts';
import { DeviceObject } from './device-object.ts';
import { BacnetLink, type Outgoing, type Peer } from './link.ts';
import { NotificationClass } from './notification-class.ts';
import { fault, type ServedObject } from './objects.ts';
import { PointObject } from './point-object.ts';
import { TagReader } from './reader.ts';
import { Requests } from './requests.ts';
import { SegmentedAnswers } from './segments.ts';
import { AlarmServices } from './server-alarms.ts';
import { CovServices } from './server-cov.ts';
import type { ServerCounters, ServerOptions } from './server-options.ts';
import { errorReply, MISSHAPEN, PropertyServices, type Reply, rejected, SIMPLE } from './server-properties.ts';
import {
  readCommunicationControl,
  readDateTime,
  readReinitialize,
  readWhoHas,
  readWhoIs,
  writeIAm,
  writeIHave,
  writePropertyPlace,
} from './services.ts';
import { TrendLog } from './trend-log.ts';
import { instanceOf, microsOf } from './values.ts';
import { TagWriter } from './writer.ts';

const SCAN = seconds(1);
const PROTOCOL = 'bacnet';
/** Of a complex answer that goes in one piece. */
const ACK_HEADER = 3;
const ENABLE = 0;
const DISABLE = 1;
const DISABLE_INITIATION = 2;
const PASSWORD_FAILURE = fault(ERROR_CLASS.security, ERROR_CODE.passwordFailure);
const DENIED = fault(ERROR_CLASS.services, ERROR_CODE.serviceRequestDenied);
const NOT_SUPPORTED = fault(ERROR_CLASS.services, ERROR_CODE.optionalFunctionalityNotSupported);
/** Services that change something. */
const CHANGES: ReadonlySet<number> = new Set([
  CONFIRMED.writeProperty,
  CONFIRMED.writePropertyMultiple,
  CONFIRMED.reinitializeDevice,
  CONFIRMED.deviceCommunicationControl,
  CONFIRMED.acknowledgeAlarm,
]);

export class BacnetServer {
  readonly counters: ServerCounters = { requests: 0, errors: 0, rejects: 0, aborts: 0, notifications: 0, unheard: 0 };
  readonly link: BacnetLink;
  readonly device: DeviceObject;
  readonly #options: ServerOptions;
  readonly #objects: readonly ServedObject[];
  readonly #points: readonly PointObject[];
  readonly #classes: readonly NotificationClass[];
  readonly #trends: readonly TrendLog[];
  readonly #names: ReadonlyMap<string, ServedObject>;
  readonly #requests: Requests;
  readonly #segments: SegmentedAnswers;
  readonly #properties: PropertyServices;
  readonly #cov: CovServices;
  readonly #alarms: AlarmServices;
  readonly #reader = new TagReader(new Uint8Array(0), 0, 0);
  readonly #body = new TagWriter();
  readonly #writer = new TagWriter();
  readonly #afterwards: (() => void)[] = [];
  #communication = ENABLE;
  #communicationUntil: Instant = NEVER;
  #scanAt: Instant = 0 as Instant;

  constructor(options: ServerOptions) {
    const { instance, name, identity, vendor, location, serialNumber, maxApdu, segmentation, access } = options;
    this.#options = options;
    this.link = new BacnetLink(options.link);
    this.device = new DeviceObject(
      { instance, name, identity, vendor, location, serialNumber, maxApdu, segmentation },
      {
        objects: () => this.#objects,
        clock: () => options.clock.now(),
        subscriptions: (now) => this.#cov.list(now),
        isOperational: () => this.#communication === ENABLE,
      },
    );
    this.#points = options.points.map((spec) => new PointObject(spec, access));
    this.#classes = (options.classes ?? []).map((spec) => new NotificationClass(spec));
    this.#trends = (options.trends ?? []).map(
      (spec) => new TrendLog(spec, this.#points[spec.of] as PointObject, this.device.id),
    );
    this.#objects = [this.device, ...this.#points, ...this.#classes, ...this.#trends];
    this.#names = new Map(this.#objects.map((object) => [object.name, object]));
    const byId = new Map(this.#objects.map((object) => [object.id, object]));
    this.#requests = new Requests(this.link);
    this.#segments = new SegmentedAnswers(this.link);
    this.#properties = new PropertyServices(byId, this.device);
    this.#cov = new CovServices(this.#properties, this.link, this.#requests, this.device.id);
    this.#alarms = new AlarmServices({
      points: this.#points,
      classes: new Map(this.#classes.map((one) => [one.id, one])),
      link: this.link,
      requests: this.#requests,
      device: this.device.id,
      clock: () => options.clock.now(),
      find: (device) => options.devices?.get(device),
    });
  }

  get subscriptions(): number {
    return this.#cov.count;
  }

  /** Whether it takes part: `disabled` hears nothing but being switched on again. */
  get communication(): 'enabled' | 'disabled' | 'silent' {
    if (this.#communication === ENABLE) return 'enabled';
    return this.#communication === DISABLE ? 'disabled' : 'silent';
  }

  /** An I-Am of its own accord, as after a start (clause 16.10.3). */
  announce(): void {
    if (this.#communication === ENABLE) this.link.broadcast(this.#iAm());
  }

  receive(buffer: Uint8Array, start: number, end: number, address: number, port: number, now: Instant): void {
    this.#enable(now);
    const incoming = this.link.receive(buffer, start, end, address, port, now);
    if (incoming === undefined) return;
    const apdu = decodeApdu(buffer, incoming.start, incoming.end);
    if ('kind' in apdu) {
      this.link.counters[apdu.kind]++;
      return;
    }
    const { from } = incoming;
    if (apdu.type === PDU.confirmed) {
      // Nobody answers a request to everybody (clause 5.4.5).
      if (!incoming.isBroadcast) this.#confirmed(apdu, buffer, from, now);
    } else if (apdu.type === PDU.unconfirmed) this.#unconfirmed(apdu, buffer, from, incoming.isBroadcast, now);
    else if (apdu.type === PDU.segmentAck || (apdu.type === PDU.abort && !apdu.server))
      this.#segments.receive(apdu, from, now);
    else this.#requests.receive(apdu, buffer, from, now);
  }

  /** `receive` for a datagram of its own array. */
  datagram(octets: Uint8Array, address: number, port: number, now: Instant): void {
    this.receive(octets, 0, octets.length, address, port, now);
  }

  take(): Outgoing | undefined {
    return this.link.take();
  }

  due(): Instant {
    const isScanned = this.#cov.count > 0 || this.#alarms.any || this.#trends.length > 0;
    let due = isScanned ? this.#scanAt : NEVER;
    due = Math.min(due, this.#requests.due(), this.#segments.due(), this.link.due()) as Instant;
    return Math.min(due, this.#communicationUntil) as Instant;
  }

  tick(now: Instant): void {
    this.#enable(now);
    this.link.tick(now);
    this.#requests.tick(now);
    this.#segments.tick(now);
    if (now < this.#scanAt) return;
    const every = this.#options.scanEvery ?? SCAN;
    this.#scanAt = (Math.floor(now / every) * every + every) as Instant;
    const time = this.#options.clock.now();
    for (const trend of this.#trends) trend.tick(now, time);
    const isMute = this.#communication !== ENABLE;
    this.#alarms.scan(now, isMute);
    if (!isMute) this.#cov.scan(now);
    this.counters.notifications = this.#cov.notifications + this.#alarms.counters.sent;
  }

  /** The device went away and is back. Commands and limits are as they were configured after a cold start; subscriptions are gone after both. */
  restarted(kind: 'cold' | 'warm', now: Instant): void {
    this.#communication = ENABLE;
    this.#communicationUntil = NEVER;
    this.#cov.clear();
    this.#segments.clear();
    this.#requests.close(now);
    if (kind === 'cold') {
      for (const point of this.#points) point.restart();
      for (const one of this.#classes) one.restart();
      for (const trend of this.#trends) trend.clear();
    }
  }

  #enable(now: Instant): void {
    if (now < this.#communicationUntil) return;
    this.#communication = ENABLE;
    this.#communicationUntil = NEVER;
  }

  #confirmed(apdu: Apdu, buffer: Uint8Array, from: Peer, now: Instant): void {
    const { invokeId, service } = apdu;
    const isControl = service === CONFIRMED.deviceCommunicationControl || service === CONFIRMED.reinitializeDevice;
    if (this.#communication === DISABLE && !isControl) {
      this.counters.unheard++;
      return;
    }
    this.counters.requests++;
    if (apdu.segmented) {
      this.counters.aborts++;
      const abort = writeAbort(this.#writer.clear(), invokeId, ABORT.segmentationNotSupported, true);
      this.link.send(from, abort.octets(), false);
      return;
    }
    const reader = this.#reader.reset(buffer, apdu.start, apdu.end);
    this.#answer(apdu, from, this.#perform(apdu, reader, from, now), now);
    for (const afterwards of this.#afterwards.splice(0)) afterwards();
  }

  #perform({ service, maxApdu }: Apdu, reader: TagReader, from: Peer, now: Instant): Reply {
    const body = this.#body.clear();
    const writer: Writer = { protocol: PROTOCOL, address: this.#options.addressText(from.address), port: from.port };
    if (CHANGES.has(service) && this.#options.mayWrite?.(from.address) === false) {
      this.#options.notice?.('refused', writer);
      return errorReply(DENIED);
    }
    switch (service) {
      case CONFIRMED.readProperty:
        return this.#properties.readProperty(reader, body, now);
      case CONFIRMED.readPropertyMultiple:
        return this.#properties.readPropertyMultiple(reader, body, now);
      case CONFIRMED.writeProperty:
        return this.#properties.writeProperty(reader, writer, now);
      case CONFIRMED.writePropertyMultiple:
        return this.#properties.writePropertyMultiple(reader, writer, now);
      case CONFIRMED.readRange:
        return this.#properties.readRange(reader, body, Math.min(maxApdu, this.device.maxApdu) - 40);
      case CONFIRMED.subscribeCov:
        return this.#cov.subscribe(reader, from, now, (send) => this.#afterwards.push(send));
      case CONFIRMED.acknowledgeAlarm:
        return this.#alarms.acknowledge(reader, now);
      case CONFIRMED.getAlarmSummary:
        return reader.done ? this.#alarms.alarmSummary(body) : MISSHAPEN;
      case CONFIRMED.getEventInformation:
        return this.#alarms.eventInformation(reader, body);
      case CONFIRMED.deviceCommunicationControl:
        return this.#control(reader, writer, now);
      case CONFIRMED.reinitializeDevice:
        return this.#reinitialize(reader, writer, now);
      default:
        return rejected(REJECT.unrecognizedService);
    }
  }

  #answer(
    { invokeId, service, maxApdu, maxSegments, takesSegments }: Apdu,
    to: Peer,
    reply: Reply,
    now: Instant,
  ): void {
    const writer = this.#writer.clear();
    switch (reply.kind) {
      case 'simple':
        writeSimpleAck(writer, invokeId, service);
        break;
      case 'complex': {
        const size = Math.min(maxApdu, this.device.maxApdu);
        const body = this.#body;
        if (body.length + ACK_HEADER <= size) {
          writeComplexAck(writer, invokeId, service).raw(body.buffer, 0, body.length);
          break;
        }
        const canSegment = takesSegments && this.#options.segmentation !== false;
        const octets = body.octets();
        const answer = { to, invokeId, service, octets, maxApdu: size, maxSegments };
        if (canSegment && this.#segments.start(answer, now)) return;
        this.counters.aborts++;
        writeAbort(writer, invokeId, canSegment ? ABORT.bufferOverflow : ABORT.segmentationNotSupported, true);
        break;
      }
      case 'error':
        this.counters.errors++;
        if (reply.failed === undefined) writeError(writer, invokeId, service, reply.error);
        else {
          // WritePropertyMultiple-Error: what was wrong, and with which (clause 21).
          writer
            .octet(PDU.error << 4)
            .octet(invokeId)
            .octet(service)
            .open(0);
          writeErrorBody(writer, reply.error).close(0).open(1);
          writePropertyPlace(writer, reply.failed).close(1);
        }
        break;
      case 'reject':
        this.counters.rejects++;
        writeReject(writer, invokeId, reply.reason);
        break;
      case 'abort':
        this.counters.aborts++;
        writeAbort(writer, invokeId, reply.reason, true);
    }
    this.link.send(to, writer.octets(), false);
  }

  #unconfirmed(apdu: Apdu, buffer: Uint8Array, from: Peer, isBroadcast: boolean, now: Instant): void {
    if (this.#communication === DISABLE) {
      this.counters.unheard++;
      return;
    }
    const reader = this.#reader.reset(buffer, apdu.start, apdu.end);
    switch (apdu.service) {
      case UNCONFIRMED.whoIs: {
        const range = readWhoIs(reader);
        if (range !== undefined && this.#isMeant(range)) this.#reply(from, isBroadcast, this.#iAm());
        return;
      }
      case UNCONFIRMED.whoHas:
        this.#whoHas(reader, from, isBroadcast);
        return;
      case UNCONFIRMED.timeSynchronization:
      case UNCONFIRMED.utcTimeSynchronization:
        this.#setClock(reader, from, now);
        return;
      default:
      // Others' I-Am, I-Have and notifications are nothing to a server.
    }
  }

  #whoHas(reader: TagReader, from: Peer, isBroadcast: boolean): void {
    const asked = readWhoHas(reader);
    if (asked === undefined || !this.#isMeant(asked)) return;
    const object = asked.object === undefined ? this.#names.get(asked.name ?? '') : this.#properties.find(asked.object);
    if (object === undefined) return;
    const writer = writeUnconfirmed(this.#writer.clear(), UNCONFIRMED.iHave);
    const answer = { device: this.device.id, object: object.id, name: object.name };
    this.#reply(from, isBroadcast, writeIHave(writer, answer).octets());
  }

  #isMeant({ low, high }: { readonly low?: number | undefined; readonly high?: number | undefined }): boolean {
    const instance = instanceOf(this.device.id);
    return low === undefined || high === undefined || (instance >= low && instance <= high);
  }

  /**
   * To who asked, or to everybody where everybody was asked: others learn it without asking (clause 16.10.2). Who speaks from another port than this
   * protocol's would not hear that.
   */
  #reply(from: Peer, isBroadcast: boolean, apdu: Uint8Array): void {
    if (isBroadcast && from.port === this.#options.link.port) this.link.broadcast(apdu);
    else this.link.send(from, apdu, false);
  }

  #iAm(): Uint8Array {
    const { id: device, maxApdu, segmentation } = this.device;
    const writer = writeUnconfirmed(this.#writer.clear(), UNCONFIRMED.iAm);
    return writeIAm(writer, { device, maxApdu, segmentation, vendor: this.#options.vendor }).octets();
  }

  #setClock(reader: TagReader, from: Peer, _now: Instant): void {
    const [date, time] = readDateTime(reader) ?? [];
    if (date?.kind !== 'date' || time?.kind !== 'time') return;
    const micros = microsOf(date, time);
    const { addressText, clock, mayWrite } = this.#options;
    if (micros === undefined || mayWrite?.(from.address) === false) return;
    clock.set(micros, { protocol: PROTOCOL, address: addressText(from.address), port: from.port });
  }

  #isAllowed(given: string | undefined, writer: Writer): boolean {
    const { password, notice } = this.#options;
    if (password === undefined || given === password) return true;
    notice?.('password-failure', writer);
    return false;
  }

  #control(reader: TagReader, writer: Writer, now: Instant): Reply {
    const request = readCommunicationControl(reader);
    if (request === undefined || !reader.done) return MISSHAPEN;
    const { state, minutes: duration, password } = request;
    if (state > DISABLE_INITIATION) return rejected(REJECT.undefinedEnumeration);
    if (!this.#isAllowed(password, writer)) return errorReply(PASSWORD_FAILURE);
    this.#communication = state;
    const isTimed = state !== ENABLE && duration !== undefined && duration > 0;
    this.#communicationUntil = isTimed ? ((now + minutes(duration)) as Instant) : NEVER;
    if (state !== ENABLE) this.#options.notice?.('communication-disabled', writer);
    return SIMPLE;
  }

  #reinitialize(reader: TagReader, writer: Writer, now: Instant): Reply {
    const request = readReinitialize(reader);
    if (request === undefined || !reader.done) return MISSHAPEN;
    const { state, password } = request;
    if (state > 7) return rejected(REJECT.undefinedEnumeration);
    if (!this.#isAllowed(password, writer)) return errorReply(PASSWORD_FAILURE);
    const { restart } = this.#options;
    if (state > 1 || restart === undefined) return errorReply(NOT_SUPPORTED);
    return restart(state === 0 ? 'cold' : 'warm', writer, now) ? SIMPLE : errorReply(DENIED);
  }
}
