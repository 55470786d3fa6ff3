/** A BACnet/IP client (ASHRAE 135-2020): asks devices, is told of changes and alarms, finds who is there. Datagrams in, datagrams out. */
import { type Instant, NEVER } from '@penstock/core';
import {
  CONFIRMED,
  decodeApdu,
  PDU,
  REJECT,
  UNCONFIRMED,
  writeReject,
  writeSimpleAck,
  writeUnconfirmed,
} from './apdu.ts';
import { BacnetLink, type LinkOptions, type Outgoing, type Peer } from './link.ts';
import { TagReader } from './reader.ts';
import { type Answered, type Outcome, type RequestOptions, Requests } from './requests.ts';
import {
  type CovNotification,
  type EventNotification,
  type IAm,
  type ObjectProperties,
  type PropertyPlace,
  type PropertyResult,
  readAccessResults,
  readCovNotification,
  readEventNotification,
  readIAm,
  readPropertyAck,
  type SubscribeCov,
  writeAccessSpecifications,
  writeCommunicationControl,
  writePropertyPlace,
  writeReinitialize,
  writeSubscribeCov,
  writeWhoIs,
  writeWriteProperty,
} from './services.ts';
import { type BacnetValue, dateTime, readValues, writeValue } from './values.ts';
import { TagWriter } from './writer.ts';

export interface ClientHandler {
  /** Somebody said who they are. */
  iAm?(device: IAm, from: Peer, now: Instant): void;
  changed?(
    notification: CovNotification,
    values: readonly (readonly [number, readonly BacnetValue[]])[],
    now: Instant,
  ): void;
  event?(notification: EventNotification, from: Peer, now: Instant): void;
}

export interface ClientOptions extends RequestOptions {
  readonly link: LinkOptions;
  readonly handler?: ClientHandler | undefined;
}

/** A property that was read, or why it was not. */
export interface Reading extends Omit<PropertyResult, 'value'> {
  readonly values?: readonly BacnetValue[];
}

export type ReadDone = (readings: readonly Reading[], outcome: Outcome, now: Instant) => void;

export class BacnetClient {
  readonly link: BacnetLink;
  readonly #requests: Requests;
  readonly #handler: ClientHandler;
  readonly #writer = new TagWriter();
  readonly #reader = new TagReader(new Uint8Array(0), 0, 0);

  constructor({ link, handler = {}, ...options }: ClientOptions) {
    this.link = new BacnetLink(link);
    this.#requests = new Requests(this.link, options);
    this.#handler = handler;
  }

  get counters(): Requests['counters'] {
    return this.#requests.counters;
  }

  get pending(): number {
    return this.#requests.pending;
  }

  receive(buffer: Uint8Array, start: number, end: number, address: number, port: number, now: Instant): void {
    const incoming = this.link.receive(buffer, start, end, address, port, now);
    if (incoming === undefined) return;
    const apdu = decodeApdu(buffer, incoming.start, incoming.end);
    if ('kind' in apdu) {
      this.link.counters[apdu.kind]++;
      return;
    }
    const { from } = incoming;
    const reader = this.#reader.reset(buffer, apdu.start, apdu.end);
    if (apdu.type === PDU.unconfirmed) this.#told(apdu.service, reader, from, now);
    else if (apdu.type !== PDU.confirmed) this.#requests.receive(apdu, buffer, from, now);
    else if (!incoming.isBroadcast) {
      const isTaken = !apdu.segmented && this.#confirmed(apdu.service, reader, from, now);
      const writer = this.#writer.clear();
      if (isTaken) writeSimpleAck(writer, apdu.invokeId, apdu.service);
      else writeReject(writer, apdu.invokeId, REJECT.unrecognizedService);
      this.link.send(from, writer.octets(), false);
    }
  }

  /** Asks who is there; everybody without limits. */
  whoIs(low?: number, high?: number, to?: Peer): void {
    const apdu = writeWhoIs(writeUnconfirmed(this.#writer.clear(), UNCONFIRMED.whoIs), low, high).octets();
    if (to === undefined) this.link.broadcast(apdu);
    else this.link.send(to, apdu, false);
  }

  /** Tells everybody what time it is. @param micros since 1970 */
  timeSynchronization(micros: number, to?: Peer): void {
    const writer = writeUnconfirmed(this.#writer.clear(), UNCONFIRMED.timeSynchronization);
    for (const value of dateTime(micros)) writeValue(writer, value);
    if (to === undefined) this.link.broadcast(writer.octets());
    else this.link.send(to, writer.octets(), false);
  }

  readProperty(to: Peer, place: PropertyPlace, now: Instant, done: ReadDone, sent?: (under: boolean) => void): void {
    const body = writePropertyPlace(this.#writer.clear(), place).octets();
    const answered: Answered = (outcome, at) => done(readingsOf(outcome, place), outcome, at);
    this.#requests.submit(to, CONFIRMED.readProperty, body, now, answered, sent);
  }

  readMultiple(
    to: Peer,
    objects: readonly ObjectProperties[],
    now: Instant,
    done: ReadDone,
    sent?: (under: boolean) => void,
  ): void {
    const body = writeAccessSpecifications(this.#writer.clear(), objects).octets();
    const answered: Answered = (outcome, at) => done(readingsOf(outcome), outcome, at);
    this.#requests.submit(to, CONFIRMED.readPropertyMultiple, body, now, answered, sent);
  }

  writeProperty(
    to: Peer,
    place: PropertyPlace,
    values: BacnetValue | readonly BacnetValue[],
    priority: number | undefined,
    now: Instant,
    done: Answered,
    sent?: (under: boolean) => void,
  ): void {
    const body = writeWriteProperty(this.#writer.clear(), place, values, priority).octets();
    this.#requests.submit(to, CONFIRMED.writeProperty, body, now, done, sent);
  }

  subscribe(to: Peer, subscription: SubscribeCov, now: Instant, done: Answered, sent?: (under: boolean) => void): void {
    const body = writeSubscribeCov(this.#writer.clear(), subscription).octets();
    this.#requests.submit(to, CONFIRMED.subscribeCov, body, now, done, sent);
  }

  communicationControl(
    to: Peer,
    control: Parameters<typeof writeCommunicationControl>[1],
    now: Instant,
    done: Answered,
    sent?: (under: boolean) => void,
  ): void {
    const body = writeCommunicationControl(this.#writer.clear(), control).octets();
    this.#requests.submit(to, CONFIRMED.deviceCommunicationControl, body, now, done, sent);
  }

  reinitialize(
    to: Peer,
    request: Parameters<typeof writeReinitialize>[1],
    now: Instant,
    done: Answered,
    sent?: (under: boolean) => void,
  ): void {
    const body = writeReinitialize(this.#writer.clear(), request).octets();
    this.#requests.submit(to, CONFIRMED.reinitializeDevice, body, now, done, sent);
  }

  /** Any confirmed service. @param body what follows the header */
  request(
    to: Peer,
    service: number,
    body: Uint8Array,
    now: Instant,
    done: Answered,
    sent?: (under: boolean) => void,
  ): void {
    this.#requests.submit(to, service, body, now, done, sent);
  }

  take(): Outgoing | undefined {
    return this.link.take();
  }

  due(): Instant {
    return Math.min(this.#requests.due(), this.link.due(), NEVER) as Instant;
  }

  tick(now: Instant): void {
    this.link.tick(now);
    this.#requests.tick(now);
  }

  close(now: Instant): void {
    this.#requests.close(now);
  }

  #told(service: number, reader: TagReader, from: Peer, now: Instant): void {
    if (service === UNCONFIRMED.iAm) {
      const device = readIAm(reader);
      if (device !== undefined) this.#handler.iAm?.(device, from, now);
    } else if (service === UNCONFIRMED.covNotification) this.#confirmed(CONFIRMED.covNotification, reader, from, now);
    else if (service === UNCONFIRMED.eventNotification) this.#confirmed(CONFIRMED.eventNotification, reader, from, now);
  }

  /** Whether a notification was taken. */
  #confirmed(service: number, reader: TagReader, from: Peer, now: Instant): boolean {
    if (service === CONFIRMED.covNotification) {
      const notification = readCovNotification(reader);
      if (notification === undefined) return false;
      const { buffer } = reader;
      const values = notification.values.map(({ property, value }) => {
        return [property, readValues(new TagReader(buffer, value.start, value.end))] as const;
      });
      this.#handler.changed?.(notification, values, now);
      return true;
    }
    if (service !== CONFIRMED.eventNotification) return false;
    const notification = readEventNotification(reader);
    if (notification !== undefined) this.#handler.event?.(notification, from, now);
    return notification !== undefined;
  }
}

/** @param place of ReadProperty; ReadPropertyMultiple without it */
function readingsOf(outcome: Outcome, place?: PropertyPlace): Reading[] {
  if (outcome.kind !== 'done') return [];
  const { buffer, start, end } = outcome;
  const reader = new TagReader(buffer, start, end);
  const valuesOf = (range: { start: number; end: number }): BacnetValue[] =>
    readValues(new TagReader(buffer, range.start, range.end));
  if (place !== undefined) {
    const ack = readPropertyAck(reader);
    return ack === undefined ? [] : [{ ...ack, value: undefined, values: valuesOf(ack.value) } as Reading];
  }
  return (readAccessResults(reader) ?? []).map(({ value, ...result }) =>
    value === undefined ? result : { ...result, values: valuesOf(value) },
  );
}
