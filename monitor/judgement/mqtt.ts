/**
 * Judges MQTT: who connects to a broker under which name, who subscribes what, messages that are more than readings; and the tags that
 * edge nodes tell and host applications command over Sparkplug.
 */
import type { FieldValue } from '@penstock/core';
import {
  type ConnectEvent,
  isCommandTopic,
  type PublishEvent,
  type SparkplugMessageEvent,
  type SparkplugMetricEvent,
  type SparkplugStateEvent,
  type SubscribeEvent,
  sparkplugType,
} from '@penstock/protocols/mqtt';
import { BoundedMap } from '../bounded-map.ts';
import type { Conversation } from '../conversations.ts';
import type { Inventory } from '../inventory/index.ts';
import { PointFacts } from '../subject.ts';
import type { ProcessWatch } from '../watch/index.ts';
import { metricKey } from '../watch/sparkplug-places.ts';
import { ToldPicture, wordsOfFloat } from '../watch/told-picture.ts';
import type { DoorJudge } from './doors.ts';
import type { Scene } from './scene.ts';

export type AnyMqttEvent =
  | ConnectEvent
  | PublishEvent
  | SubscribeEvent
  | SparkplugMessageEvent
  | SparkplugMetricEvent
  | SparkplugStateEvent;

/** Events that come here. */
export const MQTT_EVENTS: ReadonlySet<string> = new Set([
  'mqtt_connect',
  'mqtt_publish',
  'mqtt_subscribe',
  'sparkplug_message',
  'sparkplug_metric',
  'sparkplug_state',
]);

/** Who has a client id at a broker. */
interface Client {
  conversation: Conversation;
  user: string | undefined;
  open: boolean;
}

const MAX_CLIENTS = 16_384;
const MAX_NODES = 64;
const LONGEST = 64;
const FILES: ReadonlySet<string> = new Set(['firmware', 'archive', 'executable']);
/** What a node says of itself in its birth, by the names that identities have. */
const PROPERTIES: ReadonlyMap<string, string> = new Map([
  ['Properties/Hardware Make', 'VendorName'],
  ['Properties/Hardware Model', 'ModelName'],
  ['Properties/Firmware Version', 'MajorMinorVersion'],
]);

/** What a host application asks a node for when it missed something (Sparkplug 3.0.0, chapter 6); it orders nothing of the process. */
const REBIRTH = 'Node Control/Rebirth';

export class MqttJudge {
  readonly #scene: Scene;
  readonly #inventory: Inventory;
  readonly #watch: ProcessWatch;
  readonly #doors: DoorJudge;
  /** By broker's address and client id. */
  readonly #clients = new BoundedMap<string, Client>(MAX_CLIENTS);
  readonly #ids = new WeakMap<Conversation, string>();
  readonly #pictures = new WeakMap<Conversation, ToldPicture>();
  /** Edge nodes in whose name a connection speaks. */
  readonly #nodes = new WeakMap<Conversation, Set<string>>();
  /** Whether all that a connection ordered of nodes so far was to be born again. */
  readonly #asksOnly = new WeakMap<Conversation, boolean>();
  /** Devices of listed metrics. */
  readonly #holders = new Map<string, string>();
  readonly #facts = new PointFacts();
  /** The picture whose message is being taken in. */
  #told: ToldPicture | undefined;

  constructor(scene: Scene, inventory: Inventory, watch: ProcessWatch, doors: DoorJudge) {
    this.#scene = scene;
    this.#inventory = inventory;
    this.#watch = watch;
    this.#doors = doors;
    for (const { device, sparkplug } of scene.hosts.knowledge.points)
      if (sparkplug !== undefined) this.#holders.set(metricKey(sparkplug), device);
  }

  /** Clients that found no room. */
  get dropped(): number {
    return this.#clients.forgotten;
  }

  /** All of a message has been told: event time goes on. */
  settle(): void {
    const picture = this.#told;
    if (picture === undefined) return;
    this.#told = undefined;
    picture.settle(this.#watch);
  }

  event(event: AnyMqttEvent, conversation: Conversation): void {
    if (!isWhole(event)) return;
    switch (event.name) {
      case 'mqtt_connect':
        this.#connect(event, conversation);
        return;
      case 'mqtt_publish':
        if (event.from_client) this.#publish(event, conversation);
        return;
      case 'mqtt_subscribe':
        if (event.action === 'MQTT::SUBSCRIBE') this.#subscribe(event, conversation);
        return;
      case 'sparkplug_message':
        this.settle();
        if (!event.from_client) return;
        if (!event.message_type.endsWith('CMD')) this.#tells(event, conversation);
        else if (event.message_type === 'NCMD' && event.metrics !== 1) this.#asksOnly.set(conversation, false);
        return;
      case 'sparkplug_state':
        if (event.from_client) this.#inventory.messages(conversation.flow, `host ${event.host}`, event.time);
        return;
      case 'sparkplug_metric':
        if (event.from_client) this.#metric(event, conversation);
    }
  }

  ended(conversation: Conversation): void {
    const id = this.#ids.get(conversation);
    if (id === undefined) return;
    const client = this.#clients.get(`${conversation.dst.address}|${id}`);
    if (client?.conversation === conversation) client.open = false;
  }

  #connect(event: ConnectEvent, conversation: Conversation): void {
    const { client_id: id, username, accepted, time } = event;
    const { src, dst, flow } = conversation;
    const key = `${dst.address}|${id}`;
    const before = this.#clients.get(key);
    const isTakeOver = accepted !== false && before?.open === true && before.conversation !== conversation;
    const learned = this.#scene.functionLearned(
      conversation,
      time,
      `client ${id.slice(0, LONGEST)}`,
      accepted !== false,
    );
    if (accepted !== false) this.#inventory.messages(flow, `client ${id}`, time);
    this.#judge('penstock/mqtt_client', conversation, event, learned, {
      'client.id': id,
      'client.user': username,
      'client.accepted': accepted,
      'client.taken_over': isTakeOver,
      'client.from_elsewhere': before !== undefined && before.conversation.src.address !== src.address,
      'client.holder': isTakeOver ? before.conversation.src.full : undefined,
      'client.user_changed': before !== undefined && before.user !== username,
    });
    if (accepted === false) return;
    this.#ids.set(conversation, id);
    this.#clients.set(key, { conversation, user: username, open: true });
  }

  #subscribe(event: SubscribeEvent, conversation: Conversation): void {
    for (const filter of event.topics) {
      const learned = this.#scene.functionLearned(
        conversation,
        event.time,
        `subscribe ${filter.slice(0, LONGEST)}`,
        event.ack && !event.refused,
      );
      this.#judge('penstock/mqtt_subscription', conversation, event, learned, {
        'subscription.filter': filter,
        'subscription.client': this.#ids.get(conversation),
        'subscription.wide': isWide(filter),
        'subscription.status': filter.startsWith('$SYS'),
        'subscription.granted': event.ack ? !event.refused : undefined,
      });
    }
  }

  /** Readings pass; what orders something, is a file, or was refused does not. */
  #publish(event: PublishEvent, conversation: Conversation): void {
    const { topic, content, refused, time, payload_len: length } = event;
    const type = sparkplugType(topic);
    const isCommand = isCommandTopic(topic);
    const isFile = FILES.has(content);
    if (!isCommand && !isFile && refused === undefined) return;
    const isQuestion = type === 'NCMD' && this.#asksOnly.get(conversation) === true;
    const kind = isFile ? 'file' : isQuestion ? 'rebirth' : isCommand ? 'command' : 'refused';
    const name = `publish ${isQuestion ? kind : (type ?? kind)}`;
    const learned = this.#scene.functionLearned(conversation, time, name, refused === undefined);
    this.#judge('penstock/mqtt_message', conversation, event, learned, {
      'message.kind': kind,
      'message.client': this.#ids.get(conversation),
      'message.topic': topic,
      'message.content': content,
      'message.bytes': length,
      'message.refused': refused,
    });
  }

  /** Somebody speaks in the name of an edge node. */
  #tells(event: SparkplugMessageEvent, conversation: Conversation): void {
    const { group, edge_node: node, message_type: type, problem, time } = event;
    const name = `${group}/${node}`;
    let told = this.#nodes.get(conversation);
    const isFirst = told?.has(name) !== true;
    if (isFirst) {
      told ??= new Set();
      // A gateway speaks for a few.
      if (told.size < MAX_NODES) told.add(name);
      this.#nodes.set(conversation, told);
      this.#inventory.messages(conversation.flow, `edge node ${name}`, time);
    }
    if (!isFirst && !this.#scene.ready) return;
    const learned = this.#scene.functionLearned(conversation, time, `tells ${name.slice(0, LONGEST)}`, isFirst);
    this.#judge('penstock/sparkplug_node', conversation, event, learned, {
      'node.name': name,
      'node.message': type,
      'node.problem': problem,
      'node.client': this.#ids.get(conversation),
    });
  }

  #metric(event: SparkplugMetricEvent, conversation: Conversation): void {
    const { group, edge_node: node, device, metric, value, message_type: type, time } = event;
    if (type === 'NBIRTH') this.#named(event, conversation);
    if (type === 'NCMD' && (metric !== REBIRTH || !this.#asksOnly.has(conversation)))
      this.#asksOnly.set(conversation, metric === REBIRTH);
    if (device === undefined || metric === undefined) return;
    const key = metricKey({ group, node, device, metric });
    if (type === 'DCMD') {
      this.#write(event, key, conversation);
      return;
    }
    if (value === undefined || (type !== 'DDATA' && type !== 'DBIRTH')) return;
    const picture = this.#picture(conversation);
    const place = picture?.block.device.points?.sparkplug?.find(key);
    if (picture === undefined || place === undefined) return;
    picture.tell(place.address, value, time);
    this.#told = picture;
  }

  /** A property of the node itself. */
  #named({ metric, text, time }: SparkplugMetricEvent, conversation: Conversation): void {
    const object = metric === undefined ? undefined : PROPERTIES.get(metric);
    if (object === undefined || typeof text !== 'string' || text === '') return;
    this.#inventory.named({ object, value: text, is_orig: true, time }, conversation.flow);
    if (object === 'MajorMinorVersion')
      this.#doors.says(conversation, conversation.src, 'mqtt', metric as string, text, time);
  }

  /** What the edge node behind a connection has told; undefined where nobody listed its metrics. */
  #picture(conversation: Conversation): ToldPicture | undefined {
    const known = this.#pictures.get(conversation);
    if (known !== undefined) return known;
    const { src, dst, flow } = conversation;
    const watched = this.#watch.device(src.address);
    const places = watched?.points?.sparkplug;
    if (watched === undefined || places === undefined) return undefined;
    // The broker is who is told.
    const range = { table: 'sparkplug', address: 0, quantity: places.size } as const;
    const block = this.#watch.block(watched, { flow, src: dst, dst: src }, range, 0);
    const picture = new ToldPicture(block);
    this.#pictures.set(conversation, picture);
    return picture;
  }

  #write(event: SparkplugMetricEvent, key: string, { flow, src, dst: broker }: Conversation): void {
    const scene = this.#scene;
    const holder = this.#holders.get(key);
    const { time, value, message_type: func } = event;
    const watched = holder === undefined ? undefined : this.#watch.device(scene.hosts.addressOf(holder));
    const place = watched?.points?.sparkplug?.find(key);
    // Whom it concerns is the edge node, wherever the broker is.
    const dst = watched === undefined ? broker : scene.hosts.at(scene.hosts.addressOf(holder as string));
    const line = { flow, src, dst };
    const each = (facts: PointFacts): void => {
      scene.prepare(flow, src, dst, time, { ...event, func } as SparkplugMetricEvent);
      scene.judgeWrite(line, 'sparkplug', facts, undefined);
    };
    if (watched === undefined || place === undefined || value === undefined) {
      const facts = this.#facts;
      facts.clear();
      facts.table = 'sparkplug';
      facts.address = 0;
      facts.value = value;
      facts.listed = this.#holders.size === 0 ? undefined : false;
      each(facts);
      return;
    }
    this.#watch.write(watched, line, 'sparkplug', place.address, wordsOfFloat(value), 0, undefined, time, each);
  }

  #judge(
    source: string,
    conversation: Conversation,
    event: AnyMqttEvent,
    learned: boolean | undefined,
    details: Readonly<Record<string, FieldValue>>,
  ): void {
    const { engine, subject } = this.#scene;
    if (!engine.wants(source)) return;
    this.#scene.prepareFor(conversation, event.time, event);
    subject.baseline.functionLearned = learned;
    subject.details = details;
    engine.judge(source, subject);
  }
}

/** Texts that an event must have. Events may come from elsewhere than our dissector. */
const TEXTS: Readonly<Record<AnyMqttEvent['name'], readonly string[]>> = {
  mqtt_connect: ['client_id'],
  mqtt_publish: ['topic', 'content'],
  mqtt_subscribe: [],
  sparkplug_message: ['group', 'edge_node', 'message_type'],
  sparkplug_metric: ['group', 'edge_node', 'message_type'],
  sparkplug_state: ['host'],
};

const isOptional = (value: unknown, type: 'string' | 'number'): boolean => value === undefined || typeof value === type;

function isWhole(event: AnyMqttEvent): boolean {
  const columns = event as unknown as Readonly<Record<string, unknown>>;
  if (!TEXTS[event.name].every((column) => typeof columns[column] === 'string')) return false;
  if (event.name === 'mqtt_subscribe')
    return Array.isArray(columns.topics) && columns.topics.every((topic) => typeof topic === 'string');
  if (event.name !== 'sparkplug_metric') return true;
  return (
    isOptional(columns.device, 'string') && isOptional(columns.metric, 'string') && isOptional(columns.value, 'number')
  );
}

/** A filter that takes in whole branches of whatever there is: a wildcard in its first two levels. */
function isWide(filter: string): boolean {
  const [first, second] = filter.replace(/^\$share\/[^/]*\//, '').split('/');
  return first === '#' || first === '+' || second === '#';
}
