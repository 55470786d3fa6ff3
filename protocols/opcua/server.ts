/**
 * An OPC UA server without security: one `OpcUaServer` for a device, one `OpcUaConnection` for a connection to it. Sessions are the
 * server's, so that they outlive a connection. It keeps no value: items are read and written through the owner.
 */
import {
  type Duration,
  type Instant,
  milliseconds,
  seconds,
  UsageError,
  type WriteOutcome,
  type Writer,
} from '@penstock/core';
import type { AddressSpace, Reading } from './address-space.ts';
import { AlarmBoard } from './alarms.ts';
import { BUILT_IN, type Scalar, type Variant } from './builtin.ts';
import { EventDesk } from './event-desk.ts';
import { History } from './history.ts';
import { OBJECT } from './objects.ts';
import { isTwoState, type OpcUaItem, type OpcUaMethod, PlantSpace } from './plant-space.ts';
import { OpcUaConnection } from './server-connection.ts';
import type { Session } from './server-session.ts';
import { STATUS } from './status.ts';
import type { ApplicationDescription, EndpointDescription } from './structures.ts';
import { NODE, POLICY_NONE, TRANSPORT_PROFILE } from './tables.ts';

/** What a user may do: an observer reads, an operator writes and acknowledges, an engineer calls methods too. */
export type OpcUaRole = 'observer' | 'operator' | 'engineer';

export interface OpcUaUser {
  readonly name: string;
  readonly password: string;
  readonly role: OpcUaRole;
}

/** `no-answer`: whoever has the value did not say what became of the write. */
export type OpcUaOutcome = WriteOutcome | 'no-answer';

/** The owner's values, by an item's number. Numbers in the tag's unit, booleans 0 or 1. */
export interface OpcUaItems {
  read(item: number): number;
  /** A status code; good when left out. */
  status?(item: number): number;
  /** Microseconds since 1970; now when left out. */
  time?(item: number): number;
  write(item: number, value: number, writer: Writer, done: (outcome: OpcUaOutcome) => void): void;
  call?(method: number, argument: number | undefined, writer: Writer, done: (outcome: OpcUaOutcome) => void): void;
}

/** What a server tells its owner beyond what it asks of it. */
export interface OpcUaNotice {
  readonly kind:
    | 'logon'
    | 'logon-failed'
    | 'logoff'
    | 'write'
    | 'write-refused'
    | 'call'
    | 'refused'
    | 'acknowledged'
    | 'condition';
  readonly writer: Writer;
  readonly text: string;
}

export interface OpcUaServerOptions {
  readonly applicationUri: string;
  readonly productUri: string;
  readonly applicationName: string;
  readonly manufacturer: string;
  readonly productName: string;
  readonly softwareVersion: string;
  readonly endpointUrl: string;
  readonly plantUri: string;
  readonly plantName: string;
  readonly items: readonly OpcUaItem[];
  readonly methods?: readonly OpcUaMethod[] | undefined;
  readonly access: OpcUaItems;
  /** Microseconds since 1970 as the device shows them. */
  readonly clock: { now(): number };
  /** Bytes for tokens and nonces. */
  readonly random: (count: number) => Uint8Array;
  readonly users?: readonly OpcUaUser[] | undefined;
  /** What somebody without a name may do; default `observer`. */
  readonly anonymous?: OpcUaRole | 'none' | undefined;
  /** Endpoints that somebody else serves for it, with security; they are told beside its own. */
  readonly furtherEndpoints?: readonly EndpointDescription[] | undefined;
  /** Alarms of the items' tags are conditions that are told as events and acknowledged. */
  readonly conditions?: boolean | undefined;
  /** Of items with `history`: how often a value is kept, and how many of each. */
  readonly history?: { readonly every: Duration; readonly keep: number } | undefined;
  readonly onNotice?: ((notice: OpcUaNotice) => void) | undefined;
  readonly limits?: Partial<ServerLimits> | undefined;
}

export interface ServerLimits {
  readonly connections: number;
  readonly sessions: number;
  /** Of a session. */
  readonly subscriptions: number;
  /** Of a subscription. */
  readonly monitoredItems: number;
  readonly publishRequests: number;
  readonly continuationPoints: number;
  /** Nodes of one request of any kind. */
  readonly nodes: number;
  readonly chunkSize: number;
  readonly messageSize: number;
  readonly chunks: number;
  readonly sessionTimeout: Duration;
  readonly publishingInterval: Duration;
}

const LIMITS: ServerLimits = {
  connections: 32,
  sessions: 32,
  subscriptions: 16,
  monitoredItems: 2000,
  publishRequests: 16,
  continuationPoints: 8,
  nodes: 1000,
  chunkSize: 65_536,
  messageSize: 1_048_576,
  chunks: 32,
  sessionTimeout: seconds(3600),
  publishingInterval: milliseconds(100),
};

export interface OpcUaServerCounters {
  requests: number;
  faults: number;
  /** Messages that broke the transport or the channel. */
  broken: number;
  /** Connections, sessions and publish requests beyond the limits. */
  turnedAway: number;
}

export class OpcUaServer {
  readonly options: OpcUaServerOptions;
  readonly limits: ServerLimits;
  readonly plant: PlantSpace;
  readonly events: EventDesk;
  readonly alarms: AlarmBoard;
  readonly history: History | undefined;
  readonly counters: OpcUaServerCounters = { requests: 0, faults: 0, broken: 0, turnedAway: 0 };
  /** By the text of their authentication token. */
  readonly sessions = new Map<string, Session>();
  /** Connections that are open. */
  open = 0;
  #lastChannel = 0;
  #lastSubscription = 0;

  /** @throws UsageError `opcua.server` for an endpoint URL that is none, or limits that are below what the protocol needs */
  constructor(options: OpcUaServerOptions) {
    if (!options.endpointUrl.startsWith('opc.tcp://'))
      throw new UsageError('opcua.server', `an endpoint URL begins with opc.tcp://, not '${options.endpointUrl}'`);
    this.options = options;
    this.limits = { ...LIMITS, ...options.limits };
    if (this.limits.chunkSize < 8192)
      throw new UsageError('opcua.server', `a chunk has at least 8192 bytes, not ${this.limits.chunkSize}`);
    this.plant = new PlantSpace(options, (item) => this.reading(item));
    this.events = new EventDesk(this);
    this.alarms = new AlarmBoard(this, this.plant.conditions);
    this.history = options.history && new History(this, options.history);
    this.#bindStandard();
  }

  get space(): AddressSpace {
    return this.plant.space;
  }

  /** A connection from `address`:`port`. With `mayWrite` false nothing may be changed through it, whoever logs on. */
  connection(address: string, port: number, mayWrite = true): OpcUaConnection {
    return new OpcUaConnection(this, { protocol: 'opcua', address, port }, mayWrite);
  }

  /** Looks at limits and keeps history; the owner calls it about once a second. */
  tick(now: Instant): void {
    this.alarms.tick(now);
    this.history?.tick(now);
  }

  /** Sessions that nobody used for their time are gone. */
  sweep(now: Instant): void {
    for (const session of [...this.sessions.values()]) if (session.expires <= now) this.close(session);
  }

  /**
   * Gives up the oldest session that nobody logged on to, or whose connection is gone (OPC 10000-4, 5.7.2.1).
   * @returns false where all of them are used
   */
  makeRoom(): boolean {
    const all = [...this.sessions.values()];
    const idle = all.find(({ role }) => role === undefined) ?? all.find(({ connection }) => connection === undefined);
    if (idle !== undefined) this.close(idle);
    return idle !== undefined;
  }

  close(session: Session): void {
    this.sessions.delete(session.key);
    session.end();
  }

  nextChannel(): number {
    this.#lastChannel = (this.#lastChannel % 0xffff_fffe) + 1;
    return this.#lastChannel;
  }

  nextSubscription(): number {
    this.#lastSubscription = (this.#lastSubscription % 0xffff_fffe) + 1;
    return this.#lastSubscription;
  }

  now(): number {
    return this.options.clock.now();
  }

  notice(kind: OpcUaNotice['kind'], writer: Writer, text: string): void {
    this.options.onNotice?.({ kind, writer, text });
  }

  reading(item: number): Reading {
    const { access, items } = this.options;
    const number = access.read(item);
    const value: Variant = isTwoState((items[item] as OpcUaItem).tag)
      ? { type: BUILT_IN.Boolean, value: number !== 0 }
      : { type: BUILT_IN.Double, value: number };
    const status = access.status?.(item) ?? STATUS.good;
    return {
      // A value that was never there is none, whatever its type.
      value: Number.isNaN(number) ? { type: 0, value: undefined } : value,
      status: Number.isNaN(number) && status === STATUS.good ? STATUS.badWaitingForInitialData : status,
      sourceTimestamp: access.time?.(item),
    };
  }

  application(endpointUrl: string = this.options.endpointUrl): ApplicationDescription {
    const { applicationUri, productUri, applicationName } = this.options;
    return {
      ...{ applicationUri, productUri, applicationName: { locale: 'en', text: applicationName }, applicationType: 0 },
      ...{ gatewayServerUri: undefined, discoveryProfileUri: undefined, discoveryUrls: [endpointUrl] },
    };
  }

  /** `asked`: the URL by which the client came, which is the way that it can come again. */
  endpoints(asked?: string | undefined): EndpointDescription[] {
    const { anonymous = 'observer', users = [] } = this.options;
    const policy = (policyId: string, tokenType: number, securityPolicyUri: string | undefined) => ({
      ...{ policyId, tokenType, issuedTokenType: undefined, issuerEndpointUrl: undefined, securityPolicyUri },
    });
    const endpointUrl = asked?.startsWith('opc.tcp://') ? asked : this.options.endpointUrl;
    return [
      {
        ...{ endpointUrl, server: this.application(endpointUrl), serverCertificate: undefined, securityMode: 1 },
        ...{ securityPolicyUri: POLICY_NONE, transportProfileUri: TRANSPORT_PROFILE, securityLevel: 0 },
        userIdentityTokens: [
          ...(anonymous === 'none' ? [] : [policy('anonymous', 0, undefined)]),
          ...(users.length === 0 ? [] : [policy('username', 1, POLICY_NONE)]),
        ],
      },
      ...(this.options.furtherEndpoints ?? []),
    ];
  }

  #bindStandard(): void {
    const { space, limits } = this;
    const { applicationUri, productUri, manufacturer, productName } = this.options;
    // Another firmware has another version.
    const version = (): string => this.options.softwareVersion;
    const started = this.now();
    const bind = (number: number, builtIn: number, read: () => Scalar | readonly Scalar[], valueRank = -1): void => {
      const { dataType } = space.standard(number).variable as { dataType: number };
      space.bind(number, {
        ...{ dataType, builtIn, valueRank, minimumSamplingInterval: 1000 },
        read: () => ({ value: { type: builtIn, value: read() } }),
      });
    };
    const build = () => ({
      ...{ productUri, manufacturerName: manufacturer, productName, softwareVersion: version() },
      ...{ buildNumber: version(), buildDate: started },
    });
    const { String: text, DateTime, ExtensionObject, Int32, UInt32, UInt16, Byte, Double, LocalizedText } = BUILT_IN;
    bind(NODE.Server_ServerArray, text, () => [applicationUri], 1);
    bind(NODE.Server_NamespaceArray, text, () => space.namespaces, 1);
    bind(NODE.Server_ServerStatus, ExtensionObject, () =>
      OBJECT.serverStatus.pack({
        ...{ startTime: started, currentTime: this.now(), state: 0, buildInfo: build() },
        ...{ secondsTillShutdown: 0, shutdownReason: {} },
      }),
    );
    bind(2257, DateTime, () => started);
    bind(2258, DateTime, () => this.now());
    bind(2259, Int32, () => 0);
    bind(2260, ExtensionObject, () => OBJECT.buildInfo.pack(build()));
    bind(2261, text, () => productName);
    bind(2262, text, () => productUri);
    bind(2263, text, () => manufacturer);
    bind(2264, text, version);
    bind(2265, text, version);
    bind(2266, DateTime, () => started);
    bind(2992, UInt32, () => 0);
    bind(2993, LocalizedText, () => ({}));
    bind(NODE.Server_ServiceLevel, Byte, () => 255);
    bind(NODE.Server_Auditing, BUILT_IN.Boolean, () => true);
    bind(2272, Double, () => 100);
    bind(2735, UInt16, () => limits.continuationPoints);
    bind(2737, UInt16, () => limits.continuationPoints);
    bind(11_702, UInt32, () => limits.nodes);
    bind(11_703, UInt32, () => limits.messageSize);
    for (const number of [11_705, 11_707, 11_709, 11_710, 11_714]) bind(number, UInt32, () => limits.nodes);
  }
}
