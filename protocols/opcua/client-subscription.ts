/** One subscription of a client: made on every session, acknowledged as it is heard. */
import { type Instant, NEVER } from '@penstock/core';
import { type ExtensionObject, NO_OBJECT } from './builtin.ts';
import { OpcUaRequest, type SubscriptionSpec } from './client-request.ts';
import { OBJECT } from './objects.ts';
import { STATUS } from './status.ts';
import type { NotificationMessage } from './structures.ts';
import { ATTRIBUTE } from './tables.ts';

const KEEP_ALIVE = 10;
const LIFETIME = 60;
/** Items of one request. */
const PART = 500;

type Send = (request: OpcUaRequest<never>, now: Instant) => void;

export class ClientSubscription {
  /** The server's number of it; 0 while there is none. */
  id = 0;
  readonly #spec: SubscriptionSpec;
  readonly #send: Send;
  /** By when the server has to give a sign of life; it has gone when it does not. */
  expectedBy: Instant = NEVER;
  #toAcknowledge: number[] = [];
  /** Longest silence, microseconds. */
  #silence = 0;

  constructor(spec: SubscriptionSpec, send: Send) {
    this.#spec = spec;
    this.#send = send;
  }

  /** Makes it on a new session; `made` hears when it stands. */
  begin(now: Instant, made: () => void): void {
    const { publishingInterval } = this.#spec;
    this.#ask(
      'CreateSubscription',
      {
        ...{ requestedPublishingInterval: publishingInterval, requestedLifetimeCount: LIFETIME },
        ...{ requestedMaxKeepAliveCount: KEEP_ALIVE, maxNotificationsPerPublish: 0 },
        ...{ publishingEnabled: true, priority: 0 },
      },
      now,
      (request, at) => {
        if (request.response === undefined) {
          this.ended(at);
          return;
        }
        const { subscriptionId, revisedPublishingInterval, revisedMaxKeepAliveCount } = request.response;
        this.id = subscriptionId;
        // Twice the time that the server gave itself, for slow networks.
        this.#silence = 2000 * revisedPublishingInterval * (revisedMaxKeepAliveCount + 1);
        this.expectedBy = (at + this.#silence) as Instant;
        this.#addItems(at, made);
      },
    );
  }

  heard({ sequenceNumber, notificationData }: NotificationMessage, now: Instant): void {
    this.expectedBy = (now + this.#silence) as Instant;
    this.#spec.onAlive?.(now);
    if (notificationData.length === 0) return;
    this.#toAcknowledge.push(sequenceNumber);
    for (const data of notificationData) this.#take(data, now);
  }

  /** What was heard since, for the next publish request. */
  acknowledgements(): { subscriptionId: number; sequenceNumber: number }[] {
    return this.#toAcknowledge.splice(0).map((sequenceNumber) => ({ subscriptionId: this.id, sequenceNumber }));
  }

  ended(now: Instant): void {
    const was = this.id;
    this.id = 0;
    this.expectedBy = NEVER;
    this.#toAcknowledge = [];
    if (was !== 0) this.#spec.onState?.(undefined, now);
  }

  #take(data: ExtensionObject, now: Instant): void {
    const changes = OBJECT.dataChangeNotification.unpack(data);
    if (changes !== undefined) {
      for (const { clientHandle, value } of changes.monitoredItems)
        if (clientHandle < this.#spec.items.length) this.#spec.onData(clientHandle, value, now);
      return;
    }
    if (OBJECT.statusChangeNotification.unpack(data) !== undefined) this.ended(now);
  }

  #addItems(now: Instant, made: () => void): void {
    const { items, samplingInterval = -1, deadband, onState } = this.#spec;
    const filter =
      deadband === undefined
        ? NO_OBJECT
        : OBJECT.dataChangeFilter.pack({ trigger: 1, deadbandType: 1, deadbandValue: deadband });
    const statuses: number[] = [];
    let open = Math.ceil(items.length / PART);
    for (let from = 0; from < items.length; from += PART) {
      const itemsToCreate = items.slice(from, from + PART).map((nodeId, i) => ({
        itemToMonitor: {
          ...{ nodeId, attributeId: ATTRIBUTE.Value, indexRange: undefined },
          dataEncoding: { namespace: 0, name: undefined },
        },
        monitoringMode: 2,
        requestedParameters: { clientHandle: from + i, samplingInterval, filter, queueSize: 1, discardOldest: true },
      }));
      this.#ask(
        'CreateMonitoredItems',
        { subscriptionId: this.id, timestampsToReturn: 2, itemsToCreate },
        now,
        (request, at) => {
          const codes = request.response?.results.map(({ statusCode }) => statusCode);
          statuses.push(...(codes ?? itemsToCreate.map(() => request.status || STATUS.badUnexpectedError)));
          if (--open === 0) onState?.(statuses, at);
        },
      );
    }
    made();
  }

  #ask<N extends 'CreateSubscription' | 'CreateMonitoredItems'>(
    service: N,
    body: OpcUaRequest<N>['body'],
    now: Instant,
    done: (request: OpcUaRequest<N>, now: Instant) => void,
  ): void {
    this.#send(new OpcUaRequest(service, body, done) as unknown as OpcUaRequest<never>, now);
  }
}
