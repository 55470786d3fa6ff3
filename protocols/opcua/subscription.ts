/** A subscription: samples its items, and speaks when a publish request is there (OPC 10000-4, 5.13.1). */
import { type Duration, type Instant, NEVER } from '@penstock/core';
import type { ExtensionObject } from './builtin.ts';
import type { MonitoredItem } from './monitored-item.ts';
import { OBJECT } from './objects.ts';
import type { NotificationMessage } from './structures.ts';

/** Messages that are kept until they are acknowledged. */
const MOST_KEPT = 32;
/** Notifications of one message where the client sets no bound. */
const MOST_NOTIFICATIONS = 1000;

export interface SubscriptionSettings {
  interval: Duration;
  lifetimeCount: number;
  keepAliveCount: number;
  /** 0: no bound. */
  maxNotifications: number;
  enabled: boolean;
  priority: number;
}

/** What a subscription says when it is asked to. */
export interface Utterance {
  readonly message: NotificationMessage;
  readonly more: boolean;
}

export class Subscription {
  readonly id: number;
  readonly settings: SubscriptionSettings;
  readonly items = new Map<number, MonitoredItem>();
  /** It has something to say, or a sign of life to give, and waits for a publish request. */
  late = false;
  /** Cycles without a publish request. */
  #unheard = 0;
  #silent = 0;
  #nextPublish: Instant;
  #sequence = 1;
  #isFirst = true;
  readonly #kept = new Map<number, NotificationMessage>();
  readonly #sample: (item: MonitoredItem) => void;

  constructor(id: number, settings: SubscriptionSettings, now: Instant, sample: (item: MonitoredItem) => void) {
    this.id = id;
    this.settings = settings;
    this.#nextPublish = (now + settings.interval) as Instant;
    this.#sample = sample;
  }

  /** Its lifetime is over: nobody asked for so many cycles. */
  get expired(): boolean {
    return this.#unheard >= this.settings.lifetimeCount;
  }

  get available(): readonly number[] {
    return [...this.#kept.keys()];
  }

  due(): Instant {
    let due = this.#nextPublish;
    for (const { nextSample, settings } of this.items.values())
      if (settings.mode !== 0 && nextSample < due) due = nextSample;
    return due;
  }

  /** Samples what is due, and at the end of a cycle becomes late when there is something to say. */
  tick(now: Instant): void {
    const ends = this.#nextPublish <= now;
    for (const item of this.items.values()) {
      if (item.settings.mode === 0 || item.nextSample > now) continue;
      this.#sample(item);
      const { every } = item.settings;
      item.nextSample = Math.max(item.nextSample + every, now + 1) as Instant;
      if (item.settings.select !== undefined) item.nextSample = NEVER;
    }
    if (!ends) return;
    this.#nextPublish = Math.max(this.#nextPublish + this.settings.interval, now + 1) as Instant;
    this.#silent++;
    if (this.#hasNews() || this.#isFirst || this.#silent >= this.settings.keepAliveCount) this.late = true;
    if (this.late) this.#unheard++;
  }

  /** The client showed that it is there. */
  heard(): void {
    this.#unheard = 0;
  }

  reschedule(now: Instant): void {
    this.#nextPublish = (now + this.settings.interval) as Instant;
  }

  acknowledge(sequence: number): boolean {
    return this.#kept.delete(sequence);
  }

  kept(sequence: number): NotificationMessage | undefined {
    return this.#kept.get(sequence);
  }

  /** The next message, or a sign of life. `publishTime`: microseconds since 1970. */
  speak(publishTime: number): Utterance {
    this.late = false;
    this.#silent = 0;
    this.#unheard = 0;
    this.#isFirst = false;
    const notificationData = this.settings.enabled ? this.#notifications() : [];
    const message = { sequenceNumber: this.#sequence, publishTime, notificationData };
    if (notificationData.length === 0) return { message, more: false };
    this.#sequence = this.#sequence === 0xffff_ffff ? 1 : this.#sequence + 1;
    this.#kept.set(message.sequenceNumber, message);
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value as number);
    const more = this.#hasNews();
    this.late = more;
    return { message, more };
  }

  #hasNews(): boolean {
    if (!this.settings.enabled) return false;
    for (const item of this.items.values()) if (item.waiting > 0) return true;
    return false;
  }

  #notifications(): ExtensionObject[] {
    const { maxNotifications } = this.settings;
    let room = maxNotifications === 0 ? MOST_NOTIFICATIONS : Math.min(maxNotifications, MOST_NOTIFICATIONS);
    const monitoredItems = [];
    const events = [];
    for (const item of this.items.values()) {
      if (room === 0) break;
      if (item.waiting === 0) continue;
      const { clientHandle } = item.settings;
      const { values } = item;
      const taken = Math.min(room, values.length);
      for (let i = 0; i < taken; i++)
        monitoredItems.push({ clientHandle, value: values[i] as (typeof values)[number] });
      values.splice(0, taken);
      room -= taken;
      for (const eventFields of item.events.splice(0, room)) {
        events.push({ clientHandle, eventFields });
        room--;
      }
    }
    const objects: ExtensionObject[] = [];
    if (monitoredItems.length > 0)
      objects.push(OBJECT.dataChangeNotification.pack({ monitoredItems, diagnosticInfos: [] }));
    if (events.length > 0) objects.push(OBJECT.eventNotificationList.pack({ events }));
    return objects;
  }
}
