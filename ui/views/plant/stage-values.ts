import type { StageValue } from '../../scene/index.ts';
import type { RangeState } from '../../store/range.ts';
import type { Values } from '../../store/values.ts';
import { worstAlarms } from '../../store/worst-alarms.ts';

/** All values as the stage takes them, with the worst alarm of each tag. */
export function* stageValues(values: Values, { tags, alarms }: RangeState): Generator<readonly [string, StageValue]> {
  const worst = worstAlarms(alarms.values());
  for (const [place, { id }] of tags.entries()) {
    const alarm = worst.get(id);
    yield [
      id,
      {
        displayed: known(values.displayed[place]),
        measured: known(values.measured[place]),
        held: known(values.held(place)),
        true: known(values.true[place]),
        stale: values.lost || values.stale[place] === 1,
        alarm: alarm?.priority ?? null,
        acknowledged: alarm?.state === 'acknowledged',
      },
    ];
  }
}

const known = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);
