/** A session of a server: who it is, what it may do, its subscriptions, and the publish requests that wait. */
import type { Instant, Writer } from '@penstock/core';
import { type NodeId, nodeIdText } from './builtin.ts';
import type { MonitoredItem } from './monitored-item.ts';
import { readItem } from './serve-attributes.ts';
import type { OpcUaRole, OpcUaServer } from './server.ts';
import type { OpcUaConnection, Pending } from './server-connection.ts';
import { STATUS } from './status.ts';
import { Subscription, type SubscriptionSettings } from './subscription.ts';

/** A publish request, and what became of the acknowledgements that came with it. */
interface Waiting {
  readonly pending: Pending;
  readonly results: readonly number[];
}

export interface SessionIds {
  readonly id: NodeId;
  readonly token: NodeId;
  readonly name: string;
}

export class Session {
  readonly id: NodeId;
  readonly token: NodeId;
  readonly key: string;
  readonly name: string;
  readonly writer: Writer;
  readonly subscriptions = new Map<number, Subscription>();
  /** Where the client goes on with a browse or a history, by the number in its continuation point. */
  readonly continuations = new Map<number, unknown>();
  role: OpcUaRole | undefined;
  user = '';
  connection: OpcUaConnection | undefined;
  /** On which its client was seen last; that of its channel. */
  channelId: number;
  expires: Instant;
  readonly #server: OpcUaServer;
  readonly #timeout: number;
  readonly #waiting: Waiting[] = [];
  #lastContinuation = 0;

  constructor(server: OpcUaServer, ids: SessionIds, connection: OpcUaConnection, timeout: number, now: Instant) {
    this.id = ids.id;
    this.token = ids.token;
    this.key = nodeIdText(ids.token);
    this.name = ids.name;
    this.writer = connection.writer;
    this.connection = connection;
    this.channelId = connection.channelId;
    this.#server = server;
    this.#timeout = timeout;
    this.expires = (now + timeout) as Instant;
  }

  /** Whether somebody may do what a role may. */
  may(role: OpcUaRole): boolean {
    const order: readonly OpcUaRole[] = ['observer', 'operator', 'engineer'];
    const mine = this.role;
    if (mine === undefined || order.indexOf(mine) < order.indexOf(role)) return false;
    return role === 'observer' || this.connection?.mayWrite === true;
  }

  used(now: Instant): void {
    this.expires = (now + this.#timeout) as Instant;
  }

  /** Keeps where to go on; the oldest such place is forgotten when there are too many. */
  keep(place: unknown): Uint8Array {
    const { continuations } = this;
    if (continuations.size >= this.#server.limits.continuationPoints)
      continuations.delete(continuations.keys().next().value as number);
    this.#lastContinuation = (this.#lastContinuation % 0xffff_fffe) + 1;
    continuations.set(this.#lastContinuation, place);
    const point = new Uint8Array(4);
    new DataView(point.buffer).setUint32(0, this.#lastContinuation, true);
    return point;
  }

  /** Where a continuation point leads, which is used up by asking. */
  takeUp(point: Uint8Array | undefined): unknown {
    if (point?.length !== 4) return undefined;
    const number = new DataView(point.buffer, point.byteOffset).getUint32(0, true);
    const place = this.continuations.get(number);
    this.continuations.delete(number);
    return place;
  }

  subscribe(settings: SubscriptionSettings, now: Instant): Subscription {
    const server = this.#server;
    const subscription: Subscription = new Subscription(server.nextSubscription(), settings, now, (item) =>
      this.sample(item),
    );
    this.subscriptions.set(subscription.id, subscription);
    return subscription;
  }

  sample(item: MonitoredItem): void {
    const { timestamps } = item.settings;
    item.sample(readItem(this, item.node, item.attribute, timestamps, this.#server.now()));
  }

  due(): Instant {
    let due = this.expires;
    for (const subscription of this.subscriptions.values()) {
      const at = subscription.due();
      if (at < due) due = at;
    }
    return due;
  }

  tick(now: Instant): void {
    for (const subscription of this.subscriptions.values()) {
      subscription.tick(now);
      if (subscription.late) this.#speak(subscription);
      if (subscription.expired) this.subscriptions.delete(subscription.id);
    }
    if (this.subscriptions.size === 0) this.#dismiss(STATUS.badNoSubscription);
  }

  /** A publish request: answered at once when somebody is late, else when somebody has something to say. */
  publish(pending: Pending, results: readonly number[]): void {
    for (const subscription of this.subscriptions.values()) subscription.heard();
    if (this.#waiting.length >= this.#server.limits.publishRequests) {
      this.#server.counters.turnedAway++;
      this.#waiting.shift()?.pending.fault(STATUS.badTooManyPublishRequests);
    }
    this.#waiting.push({ pending, results });
    const late = [...this.subscriptions.values()].filter((subscription) => subscription.late);
    late.sort((a, b) => b.settings.priority - a.settings.priority);
    for (const subscription of late) this.#speak(subscription);
  }

  /** The client gives a request up. @returns how many were waiting */
  cancel(handle: number): number {
    let count = 0;
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const { pending } = this.#waiting[i] as Waiting;
      if (pending.handle !== handle) continue;
      this.#waiting.splice(i, 1);
      pending.fault(STATUS.badRequestCancelledByClient);
      count++;
    }
    return count;
  }

  unsubscribed(): void {
    if (this.subscriptions.size === 0) this.#dismiss(STATUS.badNoSubscription);
  }

  /** Its connection is gone: answers would go nowhere. */
  disconnected(): void {
    this.#waiting.length = 0;
    this.connection = undefined;
  }

  /** The same client goes on over another connection. */
  moved(connection: OpcUaConnection): void {
    if (this.connection !== connection) this.#waiting.length = 0;
    this.connection = connection;
    this.channelId = connection.channelId;
  }

  end(): void {
    this.subscriptions.clear();
    this.#dismiss(STATUS.badSessionClosed);
  }

  #dismiss(status: number): void {
    for (const { pending } of this.#waiting.splice(0)) pending.fault(status);
  }

  #speak(subscription: Subscription): void {
    while (subscription.late) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      const { message, more } = subscription.speak(this.#server.now());
      waiting.pending.answer('Publish', {
        ...{ subscriptionId: subscription.id, availableSequenceNumbers: subscription.available },
        ...{ moreNotifications: more, notificationMessage: message, results: waiting.results, diagnosticInfos: [] },
      });
    }
  }
}
