/** What a master can be told, and whom it tells. */
import type { Duration, Instant } from '@penstock/core';
import type { ObjectBlock } from './application.ts';
import type { LinkOptions } from './link-session.ts';
import type { TaskOutcome } from './master-tasks.ts';
import type { PointUpdate } from './master-updates.ts';
import type { DeviceAttribute } from './values.ts';

export interface MasterHandler {
  /** A value of a point; the object is valid during the call only. */
  update?(update: PointUpdate, now: Instant): void;
  /** What the outstation says of itself, one of the standard's attributes (`ATTRIBUTE_NAMES`). */
  attribute?(variation: number, value: DeviceAttribute): void;
  /** Internal indications of every response (`IIN`). */
  indications?(indications: number, unsolicited: boolean, now: Instant): void;
  /** The outstation answers, or does not any more. */
  reachable?(reachable: boolean, now: Instant): void;
  /** A request of the master's own ended: set-up and polls by their names. */
  ended?(name: string, outcome: TaskOutcome, now: Instant): void;
}

/** A standing READ. */
export interface MasterPoll {
  readonly name: string;
  readonly every: Duration;
  readonly objects: readonly ObjectBlock[];
}

export interface MasterOptions {
  /** Own link address; default 1. */
  readonly address?: number | undefined;
  /** Link address of the outstation. */
  readonly outstation: number;
  readonly handler: MasterHandler;
  /** Whether the outstation is set up when a connection stands or it has restarted; default true. Without, it is asked nothing of its own. */
  readonly setUp?: boolean | undefined;
  /** Whether setting up ends with a READ of all device attributes (g0v254); default false. */
  readonly identify?: boolean | undefined;
  /** READ of classes 1, 2, 3 and 0; at a start it is done in any case. Never again when left out. */
  readonly integrityEvery?: Duration | undefined;
  /** READ of classes 1, 2 and 3. */
  readonly eventEvery?: Duration | undefined;
  readonly polls?: readonly MasterPoll[] | undefined;
  /** Classes whose unsolicited responses are wanted; default all three. Without any, the outstation is told to send none. */
  readonly unsolicited?: readonly (1 | 2 | 3)[] | undefined;
  /** Whether a class is read when indications say that it has events, and the outstation does not send it unsolicited; default true. */
  readonly readsIndicated?: boolean | undefined;
  /** How the clock is set when the outstation asks for it; default `lan`. */
  readonly timeSync?: 'lan' | 'serial' | 'never' | undefined;
  /** Milliseconds since 1970; the run's start is 1970 when left out. */
  readonly clock?: ((now: Instant) => number) | undefined;
  /** How long an answer, or its next fragment, is waited for; default 5 s. */
  readonly responseTimeout?: Duration | undefined;
  /** How often a request is sent again; default 2. */
  readonly retries?: number | undefined;
  /** After what failed in setting up is tried again; default 10 s. */
  readonly retryAfter?: Duration | undefined;
  /** Requests that may wait; default 64. */
  readonly queue?: number | undefined;
  readonly link?: Omit<LinkOptions, 'role' | 'address' | 'selfAddress'> | undefined;
}

export interface MasterCounters {
  sent: number;
  retries: number;
  timeouts: number;
  responses: number;
  unsolicited: number;
  /** Unsolicited responses and fragments that came twice. */
  repeated: number;
  /** Fragments that belong to no request, or have no form. */
  ignored: number;
  updates: number;
}
