/** What an outstation's association needs of the connection, of the device, and what it can be told. */
import type { Duration, Instant, Writer } from '@penstock/core';
import type { ObjectBlock } from './application.ts';
import type { Association } from './outstation-association.ts';
import type { EventKind } from './outstation-points.ts';
import type { ReadSource } from './outstation-read.ts';

/** Where answers go: the connection over which a request came. */
export interface AssociationPort {
  /** Who writes, as far as the network tells. */
  readonly writer: Writer;
  /** Whether it may do more than read. */
  readonly mayWrite: boolean;
  refused(code: number): void;
  send(fragment: Uint8Array, destination: number): void;
}

/** What of a request a handler needs. */
export interface Request {
  readonly code: number;
  readonly sequence: number;
  readonly objects: readonly ObjectBlock[];
  /** The object part, as it came. */
  readonly octets: Uint8Array;
  readonly port: AssociationPort;
  readonly master: number;
}

/** Indications and objects that answer a request. */
export interface Answer {
  readonly indications: number;
  readonly objects?: readonly ObjectBlock[] | undefined;
}

/** The outstation as an association sees it. */
export interface AssociationHost extends ReadSource {
  /** Indications that are the same for all masters. */
  indications(): number;
  /** Carries out a request other than READ and CONFIRM. */
  handle(request: Request, association: Association, now: Instant): Answer;
}

export interface UnsolicitedOptions {
  /** How long a confirmation is waited for; default 5 s. */
  readonly timeout?: Duration | undefined;
  /** How often the same response is sent again; default 3. The first one, which says that the device is there, is sent until it is confirmed. */
  readonly retries?: number | undefined;
  /** After that, how long nothing is sent unless the master shows itself; default 60 s. */
  readonly pause?: Duration | undefined;
  /** How long an event may wait for others; default 0. */
  readonly hold?: Duration | undefined;
  /** So many events do not wait; default 10. */
  readonly holdEvents?: number | undefined;
}

export interface AssociationOptions {
  readonly master: number;
  readonly largestFragment: number;
  readonly confirmTimeout?: Duration | undefined;
  readonly selectTimeout?: Duration | undefined;
  /** Undefined: the device has no unsolicited responses. */
  readonly unsolicited?: UnsolicitedOptions | undefined;
  readonly events?: Readonly<Partial<Record<EventKind, number>>> | undefined;
}

export interface AssociationCounters {
  requests: number;
  /** The same request again: the same answer went out. */
  repeated: number;
  responses: number;
  /** Fragments that are no request. */
  ignored: number;
  confirms: number;
  wrongConfirms: number;
  confirmTimeouts: number;
  unsolicited: number;
  unsolicitedRetries: number;
}
