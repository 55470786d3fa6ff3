/** Who is told of changes of value (ASHRAE 135-2020, clauses 13.1, 13.14). */
import { type Instant, NEVER, seconds } from '@penstock/core';
import { CONFIRMED, ERROR_CLASS, ERROR_CODE, UNCONFIRMED, writeUnconfirmed } from './apdu.ts';
import type { BacnetLink, Peer } from './link.ts';
import { recipientValue } from './notification-class.ts';
import { fault } from './objects.ts';
import { changed, PointObject, UNKNOWN_OBJECT } from './point-object.ts';
import { PROPERTY } from './property-ids.ts';
import type { TagReader } from './reader.ts';
import type { Requests } from './requests.ts';
import { errorReply, MISSHAPEN, type PropertyServices, type Reply, SIMPLE } from './server-properties.ts';
import { readSubscribeCov, writeCovNotification } from './services.ts';
import { type BacnetValue, bits, constructed } from './values.ts';
import { TagWriter } from './writer.ts';

interface Subscription {
  readonly to: Peer;
  readonly process: number;
  readonly object: PointObject;
  readonly confirmed: boolean;
  readonly until: Instant;
  /** What was told last. */
  value: number;
  status: number;
}

const MOST = 256;
const TOO_MANY = fault(ERROR_CLASS.resources, ERROR_CODE.noSpaceToAddListElement);
const NOT_TOLD = fault(ERROR_CLASS.object, ERROR_CODE.optionalFunctionalityNotSupported);

export class CovServices {
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #services: PropertyServices;
  readonly #link: BacnetLink;
  readonly #requests: Requests;
  readonly #device: number;
  readonly #writer = new TagWriter();
  notifications = 0;

  constructor(services: PropertyServices, link: BacnetLink, requests: Requests, device: number) {
    this.#services = services;
    this.#link = link;
    this.#requests = requests;
    this.#device = device;
  }

  get count(): number {
    return this.#subscriptions.size;
  }

  /** @param after what is to be sent behind the answer */
  subscribe(reader: TagReader, from: Peer, now: Instant, after: (send: () => void) => void): Reply {
    const request = readSubscribeCov(reader);
    if (request === undefined || !reader.done) return MISSHAPEN;
    const { process, object: id, confirmed, lifetime } = request;
    const key = `${from.address}:${from.port} ${process} ${id}`;
    if (confirmed === undefined && lifetime === undefined) {
      this.#subscriptions.delete(key);
      return SIMPLE;
    }
    const object = this.#services.find(id);
    if (object === undefined) return errorReply(UNKNOWN_OBJECT);
    if (!(object instanceof PointObject)) return errorReply(NOT_TOLD);
    this.#expire(now);
    if (!this.#subscriptions.has(key) && this.#subscriptions.size >= MOST) return errorReply(TOO_MANY);
    const until = lifetime === undefined || lifetime === 0 ? NEVER : ((now + seconds(lifetime)) as Instant);
    const told = { value: object.value, status: object.status };
    const subscription: Subscription = { to: from, process, object, confirmed: confirmed === true, until, ...told };
    this.#subscriptions.set(key, subscription);
    after(() => this.#notify(subscription, now));
    return SIMPLE;
  }

  /** Tells what has changed. */
  scan(now: Instant): void {
    if (this.#subscriptions.size === 0) return;
    this.#expire(now);
    for (const subscription of this.#subscriptions.values()) {
      const { object } = subscription;
      const { value, status } = object;
      if (status === subscription.status && !changed(subscription.value, value, object.covIncrement)) continue;
      subscription.value = value;
      subscription.status = status;
      this.#notify(subscription, now);
    }
  }

  clear(): void {
    this.#subscriptions.clear();
  }

  /** BACnetCOVSubscription of each (clause 12.11.40). */
  list(now: Instant): readonly BacnetValue[] {
    this.#expire(now);
    return [...this.#subscriptions.values()].flatMap(({ to, process, object, confirmed, until }) => [
      constructed(0, [
        constructed(0, [recipientValue({ address: to })]),
        { kind: 'context', tag: 1, value: Uint8Array.of(...wholeOctets(process)) },
      ]),
      constructed(1, [
        { kind: 'context', tag: 0, value: Uint8Array.of(...idOctets(object.id)) },
        { kind: 'context', tag: 1, value: Uint8Array.of(PROPERTY.presentValue) },
      ]),
      { kind: 'context' as const, tag: 2, value: Uint8Array.of(confirmed ? 1 : 0) },
      { kind: 'context' as const, tag: 3, value: Uint8Array.of(...wholeOctets(remaining(until, now))) },
    ]);
  }

  #notify({ to, process, object, confirmed, until }: Subscription, now: Instant): void {
    this.notifications++;
    const writer = this.#writer.clear();
    if (!confirmed) writeUnconfirmed(writer, UNCONFIRMED.covNotification);
    const who = { process, device: this.#device, object: object.id, remaining: remaining(until, now) };
    writeCovNotification(writer, who, [
      [PROPERTY.presentValue, object.presentValue],
      [PROPERTY.statusFlags, bits(object.statusFlags)],
    ]);
    if (confirmed) this.#requests.submit(to, CONFIRMED.covNotification, writer.octets(), now, () => {});
    else this.#link.send(to, writer.octets(), false);
  }

  #expire(now: Instant): void {
    for (const [key, { until }] of this.#subscriptions) if (until <= now) this.#subscriptions.delete(key);
  }
}

const remaining = (until: Instant, now: Instant): number =>
  until === NEVER ? 0 : Math.max(0, Math.ceil((until - now) / seconds(1)));

const idOctets = (id: number): number[] => [id >>> 24, (id >>> 16) & 255, (id >>> 8) & 255, id & 255];
const wholeOctets = (value: number): number[] => idOctets(Math.min(value, 0xffff_ffff));
