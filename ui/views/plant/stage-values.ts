import type { AlarmMessage } from '@penstock/core/messages';
import type { StageValue } from '../../scene/index.ts';
import type { RangeState } from '../../store/range.ts';
import type { Values } from '../../store/values.ts';

const RANK = { low: 1, medium: 2, high: 3 } as const;
const SHOWN = new Set<AlarmMessage['state']>(['unacknowledged', 'acknowledged', 'returned-unacknowledged']);

/** All values as the stage takes them, with the worst alarm of each tag. */
export function* stageValues(values: Values, { tags, alarms }: RangeState): Generator<readonly [string, StageValue]> {
  const worst = new Map<string, AlarmMessage>();
  for (const alarm of alarms.values()) {
    const known = worst.get(alarm.tag);
    if (SHOWN.has(alarm.state) && (!known || RANK[alarm.priority] > RANK[known.priority])) worst.set(alarm.tag, alarm);
  }
  for (const [place, { id }] of tags.entries()) {
    const alarm = worst.get(id);
    yield [
      id,
      {
        displayed: known(values.displayed[place]),
        measured: known(values.measured[place]),
        true: known(values.true[place]),
        stale: values.lost || values.stale[place] === 1,
        alarm: alarm?.priority ?? null,
        acknowledged: alarm?.state === 'acknowledged',
      },
    ];
  }
}

const known = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);
