/** Standing BACnet conversations: values that are read several at a time, changes and alarms that are told, signals that are commanded. */
import { type BacnetPoint, type BacnetPollSpec, type DeviceSpec, type Instant, seconds } from '@penstock/core';
import {
  BACNET_PORT,
  type CovNotification,
  type ObjectProperties,
  objectId,
  type Peer,
  PROPERTY,
  type Reading,
} from '@penstock/protocols/bacnet';
import { BacnetPeer, bacnetAddress, bacnetServiceOf } from '../bacnet-peer.ts';
import { bacnetValue, objectOf, tagValue } from '../bacnet-points.ts';
import type { DeviceContext, Part } from '../context.ts';
import { Every } from '../every.ts';

/** Objects that one question asks for: the answer fits a frame. */
const AT_ONCE = 24;
/** Type of the device object. */
const DEVICE = 8;

interface Target {
  readonly point: BacnetPoint;
  readonly object: number;
  /** The plant's number of its tag. */
  readonly tag: number;
  readonly variable: ((value: number) => void) | undefined;
}

/** An own variable that is commanded to another's object; a device without a program counts, as an HMI's heartbeat does. */
interface Signal {
  readonly point: BacnetPoint;
  readonly value: () => number;
  sent: number;
  pending: boolean;
}

class Conversation {
  readonly target: DeviceSpec;
  readonly #context: DeviceContext;
  readonly #spec: BacnetPollSpec;
  readonly #peer: BacnetPeer;
  readonly #to: Peer;
  readonly #process: number;
  readonly #device: number;
  readonly #targets = new Map<number, Target>();
  readonly #questions: readonly (readonly ObjectProperties[])[];
  readonly #signals: readonly Signal[];
  readonly #every: Every;
  readonly #renew: Every | undefined;
  #open = 0;
  #isKnown = false;

  /** @param process names its subscriptions among those of the device */
  constructor(context: DeviceContext, spec: BacnetPollSpec, peer: BacnetPeer, process: number) {
    this.#context = context;
    this.#spec = spec;
    this.#peer = peer;
    this.#process = process;
    this.target = context.device(spec.device);
    this.#to = bacnetAddress(this.target);
    this.#device = bacnetServiceOf(this.target).instance;
    for (const { tag, bacnet } of this.target.points) {
      if (bacnet === undefined) continue;
      const name = spec.into?.[tag];
      const bound = name === undefined ? undefined : context.controller?.variable(name);
      const variable = bound && ((value: number) => void bound.set(value));
      const object = objectOf(bacnet);
      this.#targets.set(object, { point: bacnet, object, tag: context.tagIndex(tag), variable });
    }
    this.#questions = questions([...this.#targets.keys()]);
    this.#signals = spec.writes.map(({ tag, variable: name }): Signal => {
      const point = this.target.points.find((candidate) => candidate.tag === tag)?.bacnet;
      if (point === undefined)
        throw new Error(`the plant check lets no write to '${tag}' pass that '${this.target.id}' does not have`);
      const variable = context.controller?.variable(name);
      let count = 0;
      const value = variable === undefined ? () => (count = (count + 1) & 0x7fff) : () => variable.get();
      return { point, value, sent: Number.NaN, pending: false };
    });
    this.#every = new Every(context, spec.every, () => this.#look());
    const renewal = spec.cov && (Math.max(seconds(1), spec.cov.lifetime / 2) as typeof spec.cov.lifetime);
    this.#renew = renewal === undefined ? undefined : new Every(context, renewal, () => this.#subscribe());
  }

  start(): void {
    this.#open = 0;
    this.#isKnown = false;
    for (const signal of this.#signals) {
      signal.sent = Number.NaN;
      signal.pending = false;
    }
    this.#every.start();
    this.#renew?.start();
  }

  stop(): void {
    this.#every.stop();
    this.#renew?.stop();
  }

  /** The device said who it is: it was away, or is new. */
  introduced(device: number): boolean {
    if (device !== objectId(DEVICE, this.#device)) return false;
    this.#isKnown = true;
    this.#subscribe();
    return true;
  }

  changed(notification: CovNotification, value: Parameters<typeof tagValue>[1], now: Instant): boolean {
    if (notification.process !== this.#process || notification.device !== objectId(DEVICE, this.#device)) return false;
    this.#take(notification.object, value, now);
    return true;
  }

  #look(): void {
    if (!this.#isKnown) {
      // Asked directly, for who is in another subnet hears nothing of what everybody is asked.
      this.#isKnown = true;
      this.#peer.speak((client) => client.whoIs(this.#device, this.#device, this.#to));
    }
    // What is still open waits for its answer, or for the end of its patience.
    if (this.#open === 0)
      for (const question of this.#questions) {
        this.#open++;
        this.#peer.speak((client, now) =>
          client.readMultiple(this.#to, question, now, (readings, outcome, at) => {
            this.#open = Math.max(0, this.#open - 1);
            if (outcome.kind === 'done') this.#read(readings, at);
            else this.#isKnown = false;
          }),
        );
      }
    this.#command();
  }

  #read(readings: readonly Reading[], now: Instant): void {
    for (const { object, property, values } of readings)
      if (property === PROPERTY.presentValue) this.#take(object, values?.[0], now);
  }

  #take(object: number, value: Parameters<typeof tagValue>[1], now: Instant): void {
    const target = this.#targets.get(object);
    const number = target && tagValue(target.point, value);
    if (target === undefined || number === undefined) return;
    if (this.#context.store.put(target.tag, number, now)) target.variable?.(number);
  }

  #subscribe(): void {
    const { cov } = this.#spec;
    if (cov === undefined) return;
    const lifetime = Math.round(cov.lifetime / seconds(1));
    for (const object of this.#targets.keys())
      this.#peer.speak((client, now) => {
        const subscription = { process: this.#process, object, confirmed: cov.confirmed, lifetime };
        client.subscribe(this.#to, subscription, now, () => {});
      });
  }

  /** Signals go out when they change, as a client that shares its device's priorities does. */
  #command(): void {
    for (const signal of this.#signals) {
      const value = signal.value();
      if (signal.pending || value === signal.sent) continue;
      signal.pending = true;
      const place = { object: objectOf(signal.point), property: PROPERTY.presentValue };
      this.#peer.speak((client, now) =>
        client.writeProperty(this.#to, place, bacnetValue(signal.point, value), this.#spec.priority, now, (outcome) => {
          signal.pending = false;
          if (outcome.kind === 'done') signal.sent = value;
        }),
      );
    }
  }
}

function questions(objects: readonly number[]): ObjectProperties[][] {
  const properties = [{ property: PROPERTY.presentValue }, { property: PROPERTY.statusFlags }];
  const asked: ObjectProperties[][] = [];
  for (let at = 0; at < objects.length; at += AT_ONCE)
    asked.push(objects.slice(at, at + AT_ONCE).map((object) => ({ object, properties })));
  return asked;
}

export class BacnetPoller implements Part {
  readonly peer: BacnetPeer;
  readonly #conversations: readonly Conversation[];

  constructor(context: DeviceContext, polls: readonly BacnetPollSpec[]) {
    // A device with objects of its own has the protocol's port already.
    const port = context.spec.services.some(({ protocol }) => protocol === 'bacnet') ? 0 : BACNET_PORT;
    this.peer = new BacnetPeer(context, port, {
      iAm: ({ device }) => void this.#conversations.some((conversation) => conversation.introduced(device)),
      changed: (notification, values, now) => {
        const value = values.find(([property]) => property === PROPERTY.presentValue)?.[1][0];
        this.#conversations.some((conversation) => conversation.changed(notification, value, now));
      },
      event: ({ object, message, toState }) =>
        context.log({
          severity: toState === 0 ? 6 : 4,
          id: 'bacnet-alarm',
          text: message ?? `object ${object} has gone to state ${toState}`,
          parameters: { state: String(toState) },
        }),
    });
    this.#conversations = polls.map((spec, i) => new Conversation(context, spec, this.peer, i + 1));
  }

  /** Whether it speaks to a device. */
  speaksTo(device: string): boolean {
    return this.#conversations.some(({ target }) => target.id === device);
  }

  start(): void {
    this.peer.start();
    for (const conversation of this.#conversations) conversation.start();
  }

  stop(now: Instant): void {
    for (const conversation of this.#conversations) conversation.stop();
    this.peer.stop(now);
  }
}

export function bacnetPoller(context: DeviceContext): Part | undefined {
  const polls = context.spec.polls.filter((poll): poll is BacnetPollSpec => poll.protocol === 'bacnet');
  return polls.length === 0 ? undefined : new BacnetPoller(context, polls);
}
