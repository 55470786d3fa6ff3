/** What a broker is given: users, limits, and who hears what happens. */
import type { MqttUser, Permissions } from './permissions.ts';

/** What a broker takes at most. Everything that a client could make grow is bounded here. */
export interface BrokerLimits {
  readonly connections: number;
  readonly sessions: number;
  /** Of one session. */
  readonly subscriptions: number;
  readonly retained: number;
  readonly retainedBytes: number;
  /** Messages that wait for one client. */
  readonly queued: number;
  /** Bytes that wait for a client that does not take them, before messages with QoS 0 are dropped. */
  readonly unsent: number;
  /** Largest packet, without its fixed header. */
  readonly packetSize: number;
  /** Messages with QoS 2 of one client that are under way, and with QoS 1 and 2 to one client. */
  readonly receiveMaximum: number;
  readonly inflight: number;
  readonly topicAliases: number;
  readonly sessionExpirySeconds: number;
  /** Longest keep-alive, seconds; 0 for any. */
  readonly keepAlive: number;
  readonly clientId: number;
}

export const BROKER_LIMITS: BrokerLimits = {
  connections: 256,
  sessions: 1024,
  subscriptions: 256,
  retained: 8192,
  retainedBytes: 16 * 2 ** 20,
  queued: 1000,
  unsent: 2 ** 20,
  packetSize: 2 ** 20,
  receiveMaximum: 64,
  inflight: 64,
  topicAliases: 32,
  sessionExpirySeconds: 7 * 86_400,
  keepAlive: 0,
  clientId: 256,
};

/** Something that a broker's log would have. */
export type BrokerNotice =
  | 'connected'
  | 'disconnected'
  | 'refused'
  | 'taken-over'
  | 'keep-alive'
  | 'publish-denied'
  | 'subscribe-denied'
  | 'violation';

export interface NoticeDetails {
  readonly clientId: string;
  readonly user: string | undefined;
  readonly address: string;
  readonly code: number;
  /** Topic or filter, or what is wrong. */
  readonly subject: string;
}

export interface BrokerOptions {
  readonly users?: readonly MqttUser[] | undefined;
  /** What a client without user name may do; none may connect where it is left out. */
  readonly anonymous?: Permissions | undefined;
  readonly limits?: Partial<BrokerLimits> | undefined;
  /** What `$SYS/broker/version` says. */
  readonly product?: string | undefined;
  readonly onNotice?: ((notice: BrokerNotice, details: NoticeDetails) => void) | undefined;
  /** The broker's own time has changed: `due` is to be asked again. */
  readonly onPlan?: (() => void) | undefined;
}
