/**
 * An MQTT broker without sockets (OASIS MQTT 3.1.1 and 5.0): sessions, subscriptions, retained messages, wills, users. Whoever owns it
 * gives every connection a machine of its own with `connection`, and calls `tick` when `due` says so.
 */
import { type Instant, NEVER } from '@penstock/core';
import { BrokerConnection } from './broker-connection.ts';
import { BROKER_LIMITS, type BrokerLimits, type BrokerNotice, type BrokerOptions } from './broker-options.ts';
import { BrokerSession, type Delivery, type Message, type SharedGroup, type Subscription } from './broker-session.ts';
import type { Connect, FaultReason, Filter, Properties, Publish, Qos } from './messages.ts';
import { type Permissions, Rights } from './permissions.ts';
import { REASON } from './tables.ts';
import { FilterTree, matches, sharedFilter } from './topics.ts';

/** Properties that go on with a message (3.3.2.3). */
function passedOn(properties: Properties | undefined): Properties | undefined {
  if (properties === undefined) return undefined;
  const { payloadFormat, contentType, responseTopic, correlationData, userProperties } = properties;
  const kept = { payloadFormat, contentType, responseTopic, correlationData, userProperties };
  return Object.values(kept).some((value) => value !== undefined) ? kept : undefined;
}

const expiryOf = (properties: Properties | undefined, now: Instant): Instant =>
  properties?.messageExpiry === undefined ? NEVER : ((now + 1e6 * properties.messageExpiry) as Instant);

const ENCODER = new TextEncoder();
const NEVER_EXPIRES = 0xffff_ffff;

export class MqttBroker {
  readonly limits: BrokerLimits;
  /** Packets that came and went. */
  received = 0;
  sent = 0;
  /** Messages that were not passed on for want of room. */
  droppedRetained = 0;
  readonly #options: BrokerOptions;
  readonly #connections = new Set<BrokerConnection>();
  readonly #sessions = new Map<string, BrokerSession>();
  readonly #tree = new FilterTree<Subscription | SharedGroup>();
  readonly #groups = new Map<string, SharedGroup>();
  readonly #retained = new Map<string, Message>();
  #retainedBytes = 0;
  /** Sessions without a connection whose will or end is to come. */
  readonly #waiting = new Set<BrokerSession>();
  #due: Instant = NEVER;
  #assigned = 0;
  /** The connection whose bytes are handled, and those that have something to send because of it. */
  #actor: BrokerConnection | undefined;
  readonly #outputs = new Set<() => void>();

  constructor(options: BrokerOptions = {}) {
    this.#options = options;
    this.limits = { ...BROKER_LIMITS, ...options.limits };
  }

  /** Clients that are connected, by their ids. */
  get clients(): string[] {
    return [...this.#sessions.values()].filter(({ connection }) => connection !== undefined).map((one) => one.clientId);
  }

  /** Topics with a retained message. */
  get retained(): ReadonlyMap<string, Message> {
    return this.#retained;
  }

  /** The machine of a connection. @param onOutput it has something to send that no byte of its own caused */
  connection(address: string, port: number, now: Instant, onOutput: () => void = () => {}): BrokerConnection {
    const connection = new BrokerConnection(this, address, port, now, onOutput);
    this.#connections.add(connection);
    return connection;
  }

  due(): Instant {
    return this.#due;
  }

  tick(now: Instant): void {
    if (now < this.#due) return;
    for (const session of this.#waiting) {
      if (session.willAt <= now) this.#publishWill(session, now);
      if (session.expires <= now) this.#forget(session, now);
    }
    this.#plan();
    this.#flush();
  }

  /** Everybody is let go, as at a shutdown; sessions and retained messages are kept. */
  closeAll(code: number = REASON.serverUnavailable): void {
    for (const connection of [...this.#connections]) connection.close(code);
  }

  /** Power was lost: connections are gone without a word, and what was kept in memory only with them. */
  reset(): void {
    for (const connection of this.#connections) connection.closing = true;
    this.#connections.clear();
    for (const session of this.#sessions.values())
      for (const filter of session.subscriptions.keys()) this.unsubscribe(session, filter);
    this.#sessions.clear();
    this.#waiting.clear();
    this.#retained.clear();
    this.#retainedBytes = 0;
    this.#due = NEVER;
  }

  /** For connections: runs `act`, then lets others send what came of it. */
  acts(connection: BrokerConnection, act: () => void): void {
    this.#actor = connection;
    act();
    this.#actor = undefined;
    this.#flush();
  }

  hasOutput(connection: BrokerConnection, onOutput: () => void): void {
    if (connection !== this.#actor) this.#outputs.add(onOutput);
  }

  notice(
    notice: BrokerNotice,
    { clientId, user, address }: BrokerConnection,
    code = 0,
    subject: FaultReason | string = '',
  ): void {
    this.#options.onNotice?.(notice, { clientId, user, address, code, subject });
  }

  /** CONNECT. @returns the keep-alive that holds, seconds; undefined when the client was refused */
  connect(connection: BrokerConnection, connect: Connect, now: Instant): number | undefined {
    const { properties, username } = connect;
    const { limits } = this;
    connection.clientId = connect.clientId;
    connection.user = username;
    const refuse = (code: number): undefined => {
      connection.connack(code);
    };
    if (properties?.authenticationMethod !== undefined) return refuse(REASON.badAuthenticationMethod);
    if (this.#connections.size > limits.connections) return refuse(REASON.quotaExceeded);
    if (connect.clientId === '') {
      if (connection.version < 5 && !connect.cleanStart) return refuse(REASON.clientIdInvalid);
      connection.clientId = `auto-${(++this.#assigned).toString(16).padStart(8, '0')}`;
    } else if (connect.clientId.length > limits.clientId) return refuse(REASON.clientIdInvalid);
    const permissions = this.#permissions(connect);
    if (typeof permissions === 'number') return refuse(permissions);
    connection.rights = new Rights(permissions, connection.clientId, username);
    const { will } = connect;
    if (will !== undefined && (will.topic.startsWith('$') || !connection.rights.mayPublish(will.topic)))
      return refuse(REASON.notAuthorized);
    let session = this.#sessions.get(connection.clientId);
    if (session?.connection !== undefined) {
      this.notice('taken-over', connection, REASON.takenOver, session.connection.address);
      session.connection.close(REASON.takenOver);
      session = this.#sessions.get(connection.clientId);
    }
    if (session !== undefined && connect.cleanStart) {
      // A delayed will of a session that ends is published now (3.1.3.2.2).
      this.#forget(session, now);
      session = undefined;
    }
    const isPresent = session !== undefined;
    if (session === undefined) {
      if (this.#sessions.size >= limits.sessions) return refuse(REASON.quotaExceeded);
      session = new BrokerSession(connection.clientId, limits.queued);
      this.#sessions.set(connection.clientId, session);
    }
    this.#waiting.delete(session);
    const wanted = connection.version >= 5 ? (properties?.sessionExpiry ?? 0) : connect.cleanStart ? 0 : NEVER_EXPIRES;
    const expiry = Math.min(wanted, limits.sessionExpirySeconds);
    const keepAlive = this.#keepAlive(connection, connect.keepAlive);
    session.connection = connection;
    session.expirySeconds = expiry;
    session.expires = NEVER;
    session.willAt = NEVER;
    session.will = will && { ...will, properties: will.properties, expires: NEVER };
    connection.session = session;
    this.#plan();
    connection.connack(REASON.success, isPresent, {
      receiveMaximum: limits.receiveMaximum,
      maximumPacketSize: limits.packetSize,
      topicAliasMaximum: limits.topicAliases,
      ...(expiry !== wanted && { sessionExpiry: expiry }),
      ...(connect.clientId === '' && { assignedClientId: connection.clientId }),
      ...(keepAlive !== connect.keepAlive && { serverKeepAlive: keepAlive }),
    });
    this.notice('connected', connection);
    return keepAlive;
  }

  /** A message of a client. @returns the reason code that answers it */
  publish(connection: BrokerConnection, packet: Publish, topic: string, now: Instant): number {
    if (topic.startsWith('$') || connection.rights?.mayPublish(topic) !== true) {
      this.notice('publish-denied', connection, REASON.notAuthorized, topic);
      return REASON.notAuthorized;
    }
    const { payload, qos, retain, properties } = packet;
    const expires = expiryOf(properties, now);
    const message: Message = { topic, payload, qos, retain, properties: passedOn(properties), expires };
    if (!this.#keep(message)) return REASON.quotaExceeded;
    return this.#route(message, connection.clientId, now) ? REASON.success : REASON.noMatchingSubscribers;
  }

  /** SUBSCRIBE: a code for each filter, and what sends the retained messages once SUBACK is on its way. */
  subscribe(
    connection: BrokerConnection,
    session: BrokerSession,
    filters: readonly Filter[],
    id: number | undefined,
    now: Instant,
  ): { codes: number[]; deliver: () => void } {
    const retained: (() => void)[] = [];
    const codes = filters.map((options) => {
      const { filter, qos, retainHandling = 0 } = options;
      const shared = sharedFilter(filter);
      if (shared === 'invalid') return REASON.filterInvalid;
      if (connection.rights?.maySubscribe(filter) !== true) {
        this.notice('subscribe-denied', connection, REASON.notAuthorized, filter);
        return REASON.notAuthorized;
      }
      const known = session.subscriptions.get(filter);
      if (known === undefined && session.subscriptions.size >= this.limits.subscriptions) return REASON.quotaExceeded;
      if (known === undefined) this.#subscribed(session, filter, options, id);
      else {
        known.options = options;
        known.id = id;
      }
      if (shared === undefined && (retainHandling === 0 || (retainHandling === 1 && known === undefined)))
        retained.push(() => this.#sendRetained(session, options, id, now));
      return qos;
    });
    const deliver = (): void => {
      for (const send of retained) send();
    };
    return { codes, deliver };
  }

  /** @returns the reason code that answers it */
  unsubscribe(session: BrokerSession, filter: string): number {
    const subscription = session.subscriptions.get(filter);
    if (subscription === undefined) return REASON.noSubscription;
    session.subscriptions.delete(filter);
    const { group } = subscription;
    if (group === undefined) this.#tree.remove(filter, subscription);
    else {
      group.members.splice(group.members.indexOf(subscription), 1);
      if (group.members.length === 0) {
        const shared = sharedFilter(filter);
        if (typeof shared === 'object') this.#tree.remove(shared.filter, group);
        this.#groups.delete(group.key);
      }
    }
    return REASON.success;
  }

  /** A connection has ended. */
  left(connection: BrokerConnection, withWill: boolean, now: Instant): void {
    this.#connections.delete(connection);
    const { session } = connection;
    if (session === undefined || session.connection !== connection) return;
    session.connection = undefined;
    this.notice('disconnected', connection);
    if (!withWill) session.will = undefined;
    const { will, expirySeconds } = session;
    session.expires = expirySeconds === NEVER_EXPIRES ? NEVER : ((now + 1e6 * expirySeconds) as Instant);
    if (will !== undefined) {
      const delay = Math.min(will.properties?.willDelay ?? 0, expirySeconds);
      session.willAt = (now + 1e6 * delay) as Instant;
      if (delay === 0) this.#publishWill(session, now);
    }
    if (expirySeconds === 0) this.#forget(session, now);
    else this.#waiting.add(session);
    this.#plan();
    this.#flush();
  }

  /** A client of version 5 can be told that it has to be heard more often. */
  #keepAlive({ version }: BrokerConnection, wanted: number): number {
    const most = this.limits.keepAlive;
    return version >= 5 && most > 0 && (wanted === 0 || wanted > most) ? most : wanted;
  }

  #permissions({ username, password }: Connect): Permissions | number {
    const { users = [], anonymous } = this.#options;
    if (username === undefined) return anonymous ?? REASON.notAuthorized;
    const user = users.find(({ name }) => name === username);
    const given = password === undefined ? '' : new TextDecoder().decode(password);
    return user !== undefined && user.password === given ? user : REASON.badCredentials;
  }

  #subscribed(session: BrokerSession, filter: string, options: Filter, id: number | undefined): void {
    const shared = sharedFilter(filter);
    let group: SharedGroup | undefined;
    if (typeof shared === 'object') {
      group = this.#groups.get(filter);
      if (group === undefined) {
        group = { key: filter, members: [], next: 0 };
        this.#groups.set(filter, group);
        this.#tree.add(shared.filter, group);
      }
    }
    const subscription: Subscription = { session, filter, options, id, group };
    session.subscriptions.set(filter, subscription);
    if (group === undefined) this.#tree.add(filter, subscription);
    else group.members.push(subscription);
  }

  /** Keeps a retained message; false where there is no room. */
  #keep(message: Message): boolean {
    if (!message.retain) return true;
    const { topic, payload } = message;
    const before = this.#retained.get(topic);
    const size = (one: Message): number => one.payload.length + one.topic.length;
    const bytes = this.#retainedBytes - (before === undefined ? 0 : size(before));
    if (payload.length === 0) {
      this.#retained.delete(topic);
      this.#retainedBytes = bytes;
      return true;
    }
    const isFull = before === undefined && this.#retained.size >= this.limits.retained;
    if (isFull || bytes + size(message) > this.limits.retainedBytes) {
      this.droppedRetained++;
      return false;
    }
    this.#retained.set(topic, message);
    this.#retainedBytes = bytes + size(message);
    return true;
  }

  /** Gives a message to everybody who subscribed it: once to each session, whatever number of its filters match. */
  #route(message: Message, publisher: string, now: Instant): boolean {
    let first: Subscription | undefined;
    let all: Map<BrokerSession, Subscription[]> | undefined;
    const add = (subscription: Subscription): void => {
      const { options, session } = subscription;
      if (options.noLocal === true && session.clientId === publisher) return;
      if (first === undefined) {
        first = subscription;
        return;
      }
      all ??= new Map([[first.session, [first]]]);
      const list = all.get(session);
      if (list === undefined) all.set(session, [subscription]);
      else list.push(subscription);
    };
    this.#tree.match(message.topic, (found) => {
      if ('session' in found) add(found);
      else {
        const member = turnOf(found);
        if (member !== undefined) this.#deliver(message, [member], now);
      }
    });
    const only = first as Subscription | undefined;
    if (all !== undefined) for (const list of all.values()) this.#deliver(message, list, now);
    else if (only !== undefined) this.#deliver(message, [only], now);
    return only !== undefined;
  }

  #deliver(message: Message, subscriptions: readonly Subscription[], now: Instant): void {
    const { session } = subscriptions[0] as Subscription;
    let qos = 0;
    let ids: number[] | undefined;
    let asPublished = false;
    for (const { options, id } of subscriptions) {
      if (options.qos > qos) qos = options.qos;
      if (options.retainAsPublished === true) asPublished = true;
      if (id === undefined) continue;
      ids ??= [];
      ids.push(id);
    }
    const delivery: Delivery = {
      message,
      qos: Math.min(qos, message.qos) as Qos,
      retain: asPublished && message.retain,
      ids,
    };
    session.deliver(delivery, now);
  }

  #sendRetained(session: BrokerSession, { filter, qos }: Filter, id: number | undefined, now: Instant): void {
    const ids = id === undefined ? undefined : [id];
    const send = (message: Message): void => {
      if (matches(filter, message.topic))
        session.deliver({ message, qos: Math.min(qos, message.qos) as Qos, retain: true, ids }, now);
    };
    if (filter.startsWith('$SYS/')) for (const message of this.#status()) send(message);
    const exact = /[+#]/.test(filter) ? undefined : this.#retained.get(filter);
    if (exact !== undefined || !/[+#]/.test(filter)) {
      if (exact !== undefined && exact.expires > now) send(exact);
      return;
    }
    for (const message of this.#retained.values()) if (message.expires > now) send(message);
  }

  /** What the broker says of itself to who asks. */
  *#status(): Generator<Message> {
    const rows: readonly (readonly [string, string | number])[] = [
      ['version', this.#options.product ?? 'MQTT broker'],
      ['clients/connected', this.clients.length],
      ['clients/total', this.#sessions.size],
      ['messages/received', this.received],
      ['messages/sent', this.sent],
      ['retained messages/count', this.#retained.size],
    ];
    for (const [name, value] of rows)
      yield {
        topic: `$SYS/broker/${name}`,
        payload: ENCODER.encode(String(value)),
        ...{ qos: 0, retain: true, properties: undefined, expires: NEVER },
      };
  }

  #publishWill(session: BrokerSession, now: Instant): void {
    const { will } = session;
    session.will = undefined;
    session.willAt = NEVER;
    if (will === undefined) return;
    const message = { ...will, properties: passedOn(will.properties), expires: expiryOf(will.properties, now) };
    if (this.#keep(message)) this.#route(message, session.clientId, now);
  }

  #forget(session: BrokerSession, now: Instant): void {
    if (session.will !== undefined && session.connection === undefined) this.#publishWill(session, now);
    for (const filter of [...session.subscriptions.keys()]) this.unsubscribe(session, filter);
    this.#waiting.delete(session);
    if (this.#sessions.get(session.clientId) === session) this.#sessions.delete(session.clientId);
  }

  #plan(): void {
    let due = NEVER;
    for (const { willAt, expires } of this.#waiting) due = Math.min(due, willAt, expires) as Instant;
    if (due === this.#due) return;
    this.#due = due;
    this.#options.onPlan?.();
  }

  #flush(): void {
    if (this.#actor !== undefined || this.#outputs.size === 0) return;
    const outputs = [...this.#outputs];
    this.#outputs.clear();
    for (const output of outputs) output();
  }
}

/** Whose turn it is in a shared subscription: a member that is connected, if there is one. */
function turnOf(group: SharedGroup): Subscription | undefined {
  const { members } = group;
  for (let i = 0; i < members.length; i++) {
    const member = members[(group.next + i) % members.length] as Subscription;
    if (member.session.connection === undefined) continue;
    group.next = (group.next + i + 1) % members.length;
    return member;
  }
  return members[0];
}
