/**
 * Judges OPC UA: who logs on to a server and how well that is protected, what is written over which session, methods that are called and
 * nodes that somebody wants to add, and who looks through the nodes of a server. Hands the process watch what servers say of listed nodes.
 */
import type { FieldValue, ProtocolEvent } from '@penstock/core';
import type {
  BrowseEvent,
  OpcUaCallEvent,
  OpcUaIdentityEvent,
  OpcUaSessionEvent,
  OpcUaValueEvent,
} from '@penstock/protocols/opcua';
import { BoundedMap } from '../bounded-map.ts';
import type { Conversation } from '../conversations.ts';
import type { Inventory } from '../inventory/index.ts';
import { PointFacts } from '../subject.ts';
import type { ProcessWatch } from '../watch/index.ts';
import { ToldPicture, wordsOfFloat } from '../watch/told-picture.ts';
import type { Scene } from './scene.ts';

export type JudgedOpcUaEvent = BrowseEvent | OpcUaCallEvent | OpcUaIdentityEvent | OpcUaSessionEvent | OpcUaValueEvent;

/** Events that come here. */
export const OPCUA_EVENTS: ReadonlySet<string> = new Set([
  'opcua_binary_browse_description',
  'opcua_call',
  'opcua_identity',
  'opcua_session',
  'opcua_value',
]);

/** How well a channel protects, from not at all. */
const MODES: readonly string[] = ['None', 'Sign', 'SignAndEncrypt'];
/** Policies that OPC 10000-7 no longer regards as secure. */
const WEAK: ReadonlySet<string> = new Set(['Basic128Rsa15', 'Basic256']);
const MAX_PAIRS = 16_384;
const MAX_VALUES = 65_536;
const LONGEST = 96;

/** Who speaks over a connection, as far as he said. */
interface Speaker {
  readonly application: string | undefined;
  readonly user: string | undefined;
  readonly anonymous: boolean;
}
/** A connection whose logon nobody saw. */
const UNKNOWN: Speaker = { application: undefined, user: undefined, anonymous: false };

type KnownTag = Scene['hosts']['knowledge']['tags'][number];

export class OpcUaJudge {
  readonly #scene: Scene;
  readonly #inventory: Inventory;
  readonly #tags: ReadonlyMap<string, KnownTag>;
  readonly #speakers = new WeakMap<Conversation, Speaker>();
  /** The best mode that two hosts have used with each other. */
  readonly #best = new BoundedMap<string, number>(MAX_PAIRS);
  /** What a server last said of a node, for the old value of a write. */
  readonly #values = new BoundedMap<string, number>(MAX_VALUES);
  readonly #watch: ProcessWatch;
  /** What a server told the client of a connection. */
  readonly #pictures = new WeakMap<Conversation, ToldPicture>();
  readonly #facts = new PointFacts();
  /** The picture whose message is being taken in. */
  #told: ToldPicture | undefined;

  constructor(scene: Scene, inventory: Inventory, watch: ProcessWatch) {
    this.#scene = scene;
    this.#inventory = inventory;
    this.#watch = watch;
    this.#tags = new Map(scene.hosts.knowledge.tags.map((tag) => [tag.id, tag]));
  }

  /** Pairs of hosts and values that found no room. */
  get dropped(): number {
    return this.#best.forgotten + this.#values.forgotten;
  }

  /** All of a message has been told: event time goes on. */
  settle(): void {
    const picture = this.#told;
    if (picture === undefined) return;
    this.#told = undefined;
    picture.settle(this.#watch);
  }

  event(event: JudgedOpcUaEvent, conversation: Conversation): void {
    switch (event.name) {
      case 'opcua_session':
        this.#session(event, conversation);
        return;
      case 'opcua_value':
        if (event.service === 'Write') this.#written(event, conversation);
        else this.#shown(event, conversation);
        return;
      case 'opcua_call':
        this.#called(event, conversation);
        return;
      case 'opcua_identity':
        this.#inventory.named(event, conversation.flow);
        return;
      case 'opcua_binary_browse_description':
        this.#browsed(event, conversation);
    }
  }

  #session(event: OpcUaSessionEvent, conversation: Conversation): void {
    const { src, dst, flow } = conversation;
    const { application_uri: application, user, token_type: token, success, time } = event;
    const mode = event.security_mode;
    const rank = mode === undefined ? -1 : MODES.indexOf(mode);
    const pair = `${src.address}|${dst.address}`;
    const before = this.#best.get(pair) ?? -1;
    const offered = event.best_offered === undefined ? -1 : MODES.indexOf(event.best_offered);
    const isWeak = event.security_policy !== undefined && WEAK.has(event.security_policy);
    const learned = this.#scene.functionLearned(
      conversation,
      time,
      nameOf({ application, user, anonymous: user === undefined }),
      success !== false,
    );
    if (success !== false) {
      this.#speakers.set(conversation, { application, user, anonymous: token === 'Anonymous' });
      if (rank > before) this.#best.set(pair, rank);
      this.#inventory.messages(
        flow,
        `OPC UA session ${event.session_name ?? ''}${user ? ` of ${user}` : ''}`.trim(),
        time,
      );
    }
    this.#judge('penstock/opcua_logon', conversation, event, learned, {
      'logon.user': user,
      'logon.token': token,
      'logon.application': application,
      'logon.session': event.session_name,
      'logon.mode': mode,
      'logon.policy': event.security_policy,
      'logon.best_offered': event.best_offered,
      'logon.insecure': rank === 0 || isWeak,
      'logon.weak_policy': isWeak,
      'logon.downgraded': rank >= 0 && before > rank,
      'logon.better_offered': rank >= 0 && offered > rank,
      'logon.accepted': success,
      'logon.status': event.status_code_name,
    });
  }

  #written(event: OpcUaValueEvent, conversation: Conversation): void {
    const { dst } = conversation;
    const { node_id: node = '', status_code_name: status, number: value, time } = event;
    const speaker = this.#speakers.get(conversation) ?? UNKNOWN;
    const accepted = status === undefined ? undefined : status.startsWith('Good');
    const learned = this.#scene.functionLearned(
      conversation,
      time,
      `writes ${node.slice(0, LONGEST)} as ${nameOf(speaker)}`,
      accepted !== false,
    );
    const key = `${dst.address}|${node}`;
    const facts = this.#facts;
    facts.clear();
    facts.table = 'opcua';
    facts.value = value;
    facts.oldValue = this.#values.get(key);
    facts.accepted = accepted;
    describe(facts, this.#tags.get(tagOf(node)));
    if (accepted === true && value !== undefined) this.#values.set(key, value);
    this.#judge(
      'penstock/opcua_write',
      conversation,
      event,
      learned,
      {
        'write.node': node,
        'write.attribute': event.attribute,
        'write.text': event.value,
        'write.user': speaker.user,
        'write.application': speaker.application,
        'write.anonymous': speaker.anonymous,
        'write.accepted': accepted,
        'write.status': status,
      },
      facts.tag === undefined ? undefined : facts,
    );
    if (value !== undefined && event.attribute === 'Value') this.#given(event, value, accepted, conversation);
  }

  /** A value that somebody gives to a listed node. */
  #given(event: OpcUaValueEvent, value: number, accepted: boolean | undefined, conversation: Conversation): void {
    const { time, node_id: node = '', service } = event;
    const { flow, src, dst } = conversation;
    const watched = this.#watch.device(dst.address);
    const place = watched?.points?.opcua?.find(node);
    if (watched === undefined || place === undefined) return;
    this.settle();
    const isHeld = watched.points?.at('opcua', place.address, 0)?.relays === false;
    const scene = this.#scene;
    const each = (facts: PointFacts): void => {
      // What a server writes on is judged where it arrives.
      if (!isHeld) return;
      scene.prepare(flow, src, dst, time, { ...event, func: service } as ProtocolEvent);
      scene.judgeWrite(conversation, 'opcua', facts, accepted);
    };
    this.#watch.write(watched, conversation, 'opcua', place.address, wordsOfFloat(value), 0, accepted, time, each);
  }

  /** A value that a server told. */
  #shown(event: OpcUaValueEvent, conversation: Conversation): void {
    const { node_id: node, number: value, attribute, status_code_name: status, time } = event;
    if (node === undefined || value === undefined || attribute !== 'Value') return;
    this.#values.set(`${conversation.dst.address}|${node}`, value);
    const picture = this.#picture(conversation);
    const place = picture?.block.device.points?.opcua?.find(node);
    if (picture === undefined || place === undefined || status?.startsWith('Bad')) return;
    if (this.#told !== picture) this.settle();
    picture.tell(place.address, value, time);
    this.#told = picture;
  }

  /** What the server of a connection has told; undefined where nobody listed its nodes. */
  #picture(conversation: Conversation): ToldPicture | undefined {
    const known = this.#pictures.get(conversation);
    if (known !== undefined) return known;
    const { flow, src, dst } = conversation;
    const watched = this.#watch.device(dst.address);
    const places = watched?.points?.opcua;
    if (watched === undefined || places === undefined) return undefined;
    const block = this.#watch.block(
      watched,
      { flow, src, dst },
      { table: 'opcua', address: 0, quantity: places.size },
      0,
    );
    const picture = new ToldPicture(block);
    this.#pictures.set(conversation, picture);
    return picture;
  }

  #called(event: OpcUaCallEvent, conversation: Conversation): void {
    const { service, object_id: object, method_id: method, status_code_name: status, time } = event;
    const speaker = this.#speakers.get(conversation) ?? UNKNOWN;
    const accepted = status === undefined ? undefined : status.startsWith('Good');
    const name = `${service} ${object ?? ''} ${method ?? ''} as ${nameOf(speaker)}`.slice(0, 2 * LONGEST);
    const learned = this.#scene.functionLearned(conversation, time, name, accepted !== false);
    this.#judge('penstock/opcua_call', conversation, event, learned, {
      'call.service': service,
      'call.object': object,
      'call.method': method,
      'call.arguments': event.arguments,
      'call.user': speaker.user,
      'call.anonymous': speaker.anonymous,
      'call.accepted': accepted,
      'call.status': status,
    });
  }

  #browsed(event: BrowseEvent, conversation: Conversation): void {
    const { browse_description_namespace_idx: namespace = 0, browse_description_numeric: numeric } = event;
    const name =
      numeric ?? event.browse_description_string ?? event.browse_description_guid ?? event.browse_description_opaque;
    const node = `${namespace}:${name ?? ''}`;
    const learned = this.#scene.functionLearned(conversation, event.time, `browses ${node.slice(0, LONGEST)}`, true);
    this.#judge('penstock/opcua_browse', conversation, event, learned, { 'browse.node': node });
  }

  #judge(
    source: string,
    conversation: Conversation,
    event: ProtocolEvent,
    learned: boolean | undefined,
    details: Readonly<Record<string, FieldValue>>,
    facts?: PointFacts | undefined,
  ): void {
    const { engine, subject } = this.#scene;
    if (!engine.wants(source)) return;
    this.#scene.prepareFor(conversation, event.time, event);
    subject.baseline.functionLearned = learned;
    subject.details = details;
    subject.point = facts;
    engine.judge(source, subject);
    subject.point = undefined;
  }
}

const nameOf = ({ application, user }: Speaker): string =>
  `${(application ?? 'somebody').slice(0, LONGEST)} (${user === undefined ? 'anonymous' : user.slice(0, LONGEST)})`;

/** `LIT101` of `ns=2;s=LIT101`: plants name nodes as their tags. */
const tagOf = (node: string): string => /^ns=\d+;s=([A-Z0-9_]+)$/.exec(node)?.[1] ?? '';

function describe(facts: PointFacts, tag: KnownTag | undefined): void {
  const { value } = facts;
  if (tag === undefined) return;
  facts.tag = tag.id;
  facts.name = tag.name;
  facts.kind = tag.kind;
  facts.unit = tag.unit;
  facts.matters = tag.matters;
  facts.states = tag.states;
  [facts.low, facts.high] = tag.range;
  if (tag.safe !== undefined) [facts.safeLow, facts.safeHigh] = tag.safe;
  if (value === undefined) return;
  const within = (low: number, high: number): boolean => value >= low && value <= high;
  facts.inRange = within(tag.range[0], tag.range[1]);
  facts.inSafe = tag.safe === undefined ? undefined : within(tag.safe[0], tag.safe[1]);
}
