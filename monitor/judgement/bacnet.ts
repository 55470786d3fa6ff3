/** Judges BACnet: what is read and told of objects, what is written at which priority, who is looked for, and what devices are asked to do. */
import type { FieldValue, ProtocolEvent } from '@penstock/core';
import {
  type AlarmEvent,
  type BacnetEvent,
  type CovEvent,
  type DeviceControlEvent,
  type DiscoveryEvent,
  type LinkEvent,
  PROPERTY,
  type PropertyEvent,
  type TimeEvent,
  type WriteEvent,
} from '@penstock/protocols/bacnet';
import type { Conversation } from '../conversations.ts';
import type { Host } from '../hosts.ts';
import type { Inventory } from '../inventory/index.ts';
import { PointFacts } from '../subject.ts';
import { stateOf } from '../watch/bacnet-places.ts';
import type { ProcessWatch } from '../watch/index.ts';
import { ToldPicture, wordsOfFloat } from '../watch/told-picture.ts';
import type { Scene } from './scene.ts';

export type AnyBacnetEvent =
  | AlarmEvent
  | BacnetEvent
  | CovEvent
  | DeviceControlEvent
  | DiscoveryEvent
  | LinkEvent
  | PropertyEvent
  | TimeEvent
  | WriteEvent;

/** Events that are judged here. */
export const BACNET_EVENTS: ReadonlySet<string> = new Set([
  'bacnet',
  'bacnet_alarm',
  'bacnet_cov',
  'bacnet_device_control',
  'bacnet_discovery',
  'bacnet_link',
  'bacnet_property',
  'bacnet_time',
  'bacnet_write',
]);

/** Properties whose change keeps an alarm from being told, or from coming about. */
const OF_ALARMS: ReadonlySet<number> = new Set([
  PROPERTY.alarmValue,
  PROPERTY.alarmValues,
  PROPERTY.deadband,
  PROPERTY.highLimit,
  PROPERTY.lowLimit,
  PROPERTY.notificationClass,
  PROPERTY.recipientList,
  PROPERTY.timeDelay,
]);
/** Those that switch transitions or limits, one bit each. */
const SWITCHES: ReadonlySet<number> = new Set([PROPERTY.eventEnable, PROPERTY.limitEnable]);
/** Properties of the device object that say what it is. */
const IDENTIFYING: ReadonlySet<number> = new Set([
  PROPERTY.vendorName,
  PROPERTY.modelName,
  PROPERTY.firmwareRevision,
  PROPERTY.applicationSoftwareVersion,
]);

export class BacnetJudge {
  readonly #scene: Scene;
  readonly #inventory: Inventory;
  readonly #watch: ProcessWatch;
  readonly #facts = new PointFacts();
  /** Of the originator and of the responder of each conversation. */
  readonly #pictures = new WeakMap<Conversation, [ToldPicture | undefined, ToldPicture | undefined]>();
  /** The picture whose message is being taken in. */
  #told: ToldPicture | undefined;

  constructor(scene: Scene, inventory: Inventory, watch: ProcessWatch) {
    this.#scene = scene;
    this.#inventory = inventory;
    this.#watch = watch;
  }

  /** All of a message has been told: event time goes on. */
  settle(): void {
    const picture = this.#told;
    if (picture === undefined) return;
    this.#told = undefined;
    picture.settle(this.#watch);
  }

  event(event: AnyBacnetEvent, conversation: Conversation): void {
    switch (event.name) {
      case 'bacnet':
        this.settle();
        this.#judge('zeek/bacnet', event, conversation, event.is_orig, undefined, undefined);
        return;
      case 'bacnet_property':
        this.#property(event, conversation);
        return;
      case 'bacnet_cov':
        if (event.operation === 'notification' && event.number !== undefined)
          this.#value(event.object_id, event.number, event.is_orig, event.time, conversation);
        this.#judge('penstock/bacnet_cov', event, conversation, event.is_orig, undefined, undefined);
        return;
      case 'bacnet_alarm':
        this.#judge('penstock/bacnet_alarm', event, conversation, event.is_orig, undefined, undefined);
        return;
      case 'bacnet_write':
        this.#write(event, conversation);
        return;
      case 'bacnet_discovery':
        this.#inventory.introduced(event, conversation.flow);
        this.#act('zeek/bacnet_discovery', event, conversation, event.pdu_service, undefined);
        return;
      case 'bacnet_device_control': {
        // Who asked is who sent the request; answers go the other way.
        const isRequest = event.result === undefined;
        const name = `${event.pdu_service} ${event.requested ?? ''}`;
        this.#act('zeek/bacnet_device_control', event, conversation, name, undefined, isRequest === event.is_orig);
        return;
      }
      case 'bacnet_link': {
        const isAnswer = event.result !== undefined || String(event.bvlc_function).endsWith('_ACK');
        const isFromOriginator = isAnswer !== event.is_orig;
        this.#act('penstock/bacnet_link', event, conversation, event.bvlc_function, undefined, isFromOriginator);
        return;
      }
      case 'bacnet_time':
        this.#act('penstock/bacnet_time', event, conversation, event.pdu_service, undefined);
    }
  }

  #property(event: PropertyEvent, conversation: Conversation): void {
    const { property_id: property, number, is_orig: isOrig, object_type: type } = event;
    const service = String(event.pdu_service);
    if (service.endsWith('-ack')) {
      this.#inventory.described(event, conversation.flow);
      if (property === PROPERTY.presentValue && number !== undefined)
        this.#value(event.object_id, number, isOrig, event.time, conversation);
      return;
    }
    if (!service.endsWith('-request')) return;
    const identifies = type === 'device' && IDENTIFYING.has(property);
    const name = identifies ? 'read identity' : 'read';
    this.#act('zeek/bacnet_property', event, conversation, name, { 'property.identifies': identifies });
  }

  /** A present value that the device at one end told. */
  #value(object: number, value: number, isOrig: boolean, time: number, conversation: Conversation): void {
    const picture = this.#picture(conversation, isOrig);
    const place = picture?.block.device.points?.bacnet?.find(object);
    if (picture === undefined || place === undefined) return;
    picture.tell(place.address, stateOf(place, value), time);
    this.#told = picture;
  }

  #picture(conversation: Conversation, isOrig: boolean): ToldPicture | undefined {
    let both = this.#pictures.get(conversation);
    if (both === undefined) {
      both = [undefined, undefined];
      this.#pictures.set(conversation, both);
    }
    const which = isOrig ? 0 : 1;
    const known = both[which];
    if (known !== undefined) return known;
    const { flow } = conversation;
    const [device, reader] = isOrig ? [conversation.src, conversation.dst] : [conversation.dst, conversation.src];
    const watched = this.#watch.device(device.address);
    const places = watched?.points?.bacnet;
    if (watched === undefined || places === undefined) return undefined;
    const range = { table: 'bacnet', address: 0, quantity: places.size } as const;
    const block = this.#watch.block(watched, { flow, src: reader, dst: device }, range, 0);
    const picture = new ToldPicture(block);
    both[which] = picture;
    return picture;
  }

  #write(event: WriteEvent, conversation: Conversation): void {
    const { property_id: property, priority, is_orig: isOrig, result, time, number, object_id: object } = event;
    const isValue = property === PROPERTY.presentValue;
    const name = isValue && priority !== undefined ? `write at priority ${priority}` : `write ${event.property}`;
    const suppresses = silences(event);
    this.#act('penstock/bacnet_write', event, conversation, name, { 'write.suppresses': suppresses }, isOrig);
    if (!isValue || event.relinquish || number === undefined) return;
    const [client, device] = endsOf(conversation, isOrig);
    const scene = this.#scene;
    const watched = this.#watch.device(device.address);
    const line = { flow: conversation.flow, src: client, dst: device };
    const accepted = result === undefined ? undefined : result === 'done';
    const each = (facts: PointFacts): void => {
      scene.prepare(conversation.flow, client, device, time, { ...event, func: event.pdu_service } as ProtocolEvent);
      scene.judgeWrite(line, 'bacnet', facts, accepted);
    };
    const place = watched?.points?.bacnet?.find(object);
    if (watched !== undefined && place !== undefined) {
      const words = wordsOfFloat(stateOf(place, number));
      this.#watch.write(watched, line, 'bacnet', place.address, words, 0, accepted, time, each);
      return;
    }
    const facts = this.#facts;
    facts.clear();
    facts.table = 'bacnet';
    facts.address = event.instance_number;
    facts.value = number;
    facts.listed = watched?.points?.bacnet === undefined ? undefined : false;
    facts.accepted = accepted;
    each(facts);
  }

  /** Something that a client does: learned as its function, or held against what was. */
  #act(
    source: string,
    event: AnyBacnetEvent,
    conversation: Conversation,
    name: string,
    details: Readonly<Record<string, FieldValue>> | undefined,
    isFromOriginator = event.is_orig,
  ): void {
    const [src, dst] = endsOf(conversation, isFromOriginator);
    const learned = this.#scene.functionLearned({ flow: conversation.flow, src, dst }, event.time, name);
    this.#judge(source, event, conversation, isFromOriginator, learned, details);
  }

  #judge(
    source: string,
    event: AnyBacnetEvent,
    conversation: Conversation,
    isFromOriginator: boolean,
    learned: boolean | undefined,
    details: Readonly<Record<string, FieldValue>> | undefined,
  ): void {
    const { engine, subject } = this.#scene;
    if (!engine.wants(source)) return;
    const [client, device] = endsOf(conversation, isFromOriginator);
    this.#scene.prepare(conversation.flow, client, device, event.time, event);
    subject.baseline.functionLearned = learned;
    subject.details = details;
    engine.judge(source, subject);
  }
}

/** Whether a write keeps alarms from being told. */
function silences({ property_id: property, value, number }: WriteEvent): boolean {
  if (OF_ALARMS.has(property)) return true;
  if (SWITCHES.has(property)) return value?.includes('F') === true;
  return property === PROPERTY.outOfService && number === 1;
}

const endsOf = ({ src, dst }: Conversation, isFromOriginator: boolean): readonly [Host, Host] =>
  isFromOriginator ? [src, dst] : [dst, src];
