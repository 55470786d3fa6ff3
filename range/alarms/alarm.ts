/** One process alarm and its states after ANSI/ISA-18.2-2016, figure 3; pure, so that any event in any state has one answer. */
import type { Instant } from '@penstock/core';

export type AlarmState =
  | 'normal'
  | 'unacknowledged'
  | 'acknowledged'
  | 'returned-unacknowledged'
  | 'shelved'
  | 'suppressed-by-design'
  | 'out-of-service';

export type AlarmLimit = 'lowLow' | 'low' | 'high' | 'highHigh' | 'state';

/** Where an alarm stands. A new object with every change. */
export interface AlarmStatus {
  readonly id: string;
  readonly tag: string;
  readonly limit: AlarmLimit;
  readonly priority: 'low' | 'medium' | 'high';
  readonly state: AlarmState;
  /** The condition holds, delays and dead band counted in, whatever the state. */
  readonly active: boolean;
  readonly raisedAt: Instant | undefined;
  readonly returnedAt: Instant | undefined;
  readonly acknowledgedBy: string | undefined;
  /** Displayed value when it was raised, and the limit, in the tag's unit. */
  readonly value: number | undefined;
  readonly limitValue: number | undefined;
  /** It came first, and others of its area followed within seconds. */
  readonly firstOut: boolean;
  /** Of a shelved alarm: when it comes back by itself. */
  readonly until: Instant | undefined;
  readonly reason: string | undefined;
  readonly by: string | undefined;
}

export type AlarmEvent =
  | { readonly kind: 'raise'; readonly value: number }
  | { readonly kind: 'return' }
  | { readonly kind: 'acknowledge'; readonly by: string }
  | { readonly kind: 'shelve'; readonly until: Instant; readonly reason: string; readonly by: string }
  | { readonly kind: 'unshelve' }
  | { readonly kind: 'suppress' }
  | { readonly kind: 'unsuppress' }
  | { readonly kind: 'out-of-service'; readonly reason: string; readonly by: string }
  | { readonly kind: 'in-service' };

const HIDDEN: ReadonlySet<AlarmState> = new Set(['shelved', 'suppressed-by-design', 'out-of-service']);

/** Whether an alarm is kept from its operator, by him or by design. */
export const isHidden = (state: AlarmState): boolean => HIDDEN.has(state);

/** What an event makes of an alarm; the same object when it means nothing to it. */
export function afterEvent(alarm: AlarmStatus, event: AlarmEvent, now: Instant): AlarmStatus {
  switch (event.kind) {
    case 'raise': {
      if (alarm.active) return alarm;
      const raised = { ...alarm, active: true, raisedAt: now, returnedAt: undefined, value: event.value };
      return isHidden(alarm.state)
        ? raised
        : { ...raised, state: 'unacknowledged', acknowledgedBy: undefined, firstOut: false };
    }
    case 'return': {
      if (!alarm.active) return alarm;
      const returned = { ...alarm, active: false, returnedAt: now };
      if (alarm.state === 'unacknowledged') return { ...returned, state: 'returned-unacknowledged' };
      return alarm.state === 'acknowledged' ? { ...returned, state: 'normal' } : returned;
    }
    case 'acknowledge':
      if (alarm.state === 'unacknowledged') return { ...alarm, state: 'acknowledged', acknowledgedBy: event.by };
      if (alarm.state === 'returned-unacknowledged') return { ...alarm, state: 'normal', acknowledgedBy: event.by };
      return alarm;
    case 'shelve': {
      const { until, reason, by } = event;
      if (alarm.state === 'suppressed-by-design' || alarm.state === 'out-of-service') return alarm;
      return { ...alarm, state: 'shelved', until, reason, by };
    }
    case 'unshelve':
      return alarm.state === 'shelved' ? seenAgain(alarm) : alarm;
    case 'suppress':
      return isHidden(alarm.state) ? alarm : { ...alarm, state: 'suppressed-by-design' };
    case 'unsuppress':
      return alarm.state === 'suppressed-by-design' ? seenAgain(alarm) : alarm;
    case 'out-of-service':
      return alarm.state === 'out-of-service'
        ? alarm
        : { ...alarm, state: 'out-of-service', reason: event.reason, by: event.by, until: undefined };
    case 'in-service':
      return alarm.state === 'out-of-service' ? seenAgain(alarm) : alarm;
  }
}

/** What held all the while wants somebody now; what did not is forgotten. */
const seenAgain = (alarm: AlarmStatus): AlarmStatus => ({
  ...alarm,
  state: alarm.active ? 'unacknowledged' : 'normal',
  acknowledgedBy: undefined,
  ...{ until: undefined, reason: undefined, by: undefined },
});
