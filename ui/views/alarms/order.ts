import type { AlarmMessage } from '@penstock/core/messages';

const STATES: Record<AlarmMessage['state'], number> = {
  unacknowledged: 0,
  'returned-unacknowledged': 1,
  acknowledged: 2,
  shelved: 3,
  'out-of-service': 4,
  'suppressed-by-design': 5,
  normal: 6,
};
const PRIORITIES: Record<AlarmMessage['priority'], number> = { high: 0, medium: 1, low: 2 };

/** An alarm that says something; normal ones are not listed. */
export const isListed = (alarm: AlarmMessage): boolean => alarm.state !== 'normal';

/** What wants somebody first: state, then priority, then the newest. */
export function byUrgency(a: AlarmMessage, b: AlarmMessage): number {
  return (
    STATES[a.state] - STATES[b.state] ||
    PRIORITIES[a.priority] - PRIORITIES[b.priority] ||
    (b.raisedAt ?? 0) - (a.raisedAt ?? 0)
  );
}
