import type { AlarmMessage } from '@penstock/core/messages';

const RANK = { low: 1, medium: 2, high: 3 } as const;
const SHOWN = new Set<AlarmMessage['state']>(['unacknowledged', 'acknowledged', 'returned-unacknowledged']);

/** The alarm of each tag that its mark in a picture shows; tags without one are left out. */
export function worstAlarms(alarms: Iterable<AlarmMessage>): Map<string, AlarmMessage> {
  const worst = new Map<string, AlarmMessage>();
  for (const alarm of alarms) {
    const known = worst.get(alarm.tag);
    if (SHOWN.has(alarm.state) && (!known || RANK[alarm.priority] > RANK[known.priority])) worst.set(alarm.tag, alarm);
  }
  return worst;
}

/** The worst of several tags. */
export function worstOf(worst: ReadonlyMap<string, AlarmMessage>, tags: readonly string[]): AlarmMessage | undefined {
  return tags
    .flatMap((tag) => worst.get(tag) ?? [])
    .reduce<AlarmMessage | undefined>((a, b) => (a && RANK[a.priority] >= RANK[b.priority] ? a : b), undefined);
}
