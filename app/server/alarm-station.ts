/** The operator's station: process alarms over displayed values, as messages. */
import {
  type AlarmMessage,
  type AlarmRequest,
  type AlarmSummaryMessage,
  type Duration,
  type Instant,
  inSeconds,
  type PlantSpec,
  seconds,
} from '@penstock/core';
import { type AlarmStatus, ProcessAlarms } from '@penstock/range';
import { Told } from './told.ts';

export class AlarmStation {
  readonly onChange = new Told<AlarmMessage[]>();
  readonly onRaise = new Told<AlarmMessage>();
  readonly #alarms: ProcessAlarms;

  constructor(plant: PlantSpec) {
    this.#alarms = new ProcessAlarms(plant, (changed) => {
      const messages = changed.map(messageOf);
      for (const alarm of messages) if (alarm.state === 'unacknowledged') this.onRaise.tell(alarm);
      this.onChange.tell(messages);
    });
  }

  get list(): AlarmMessage[] {
    return this.#alarms.list.map(messageOf);
  }

  update(now: Instant, displayed: Float64Array, isStale: (tag: number) => boolean): void {
    this.#alarms.update(now, displayed, isStale);
  }

  summary(now: Instant): AlarmSummaryMessage {
    return { time: inSeconds(now), ...this.#alarms.summary(now) };
  }

  /** @throws UsageError `alarm.unknown`, `alarm.shelve` */
  do(request: AlarmRequest, by: string, now: Instant): void {
    switch (request.do) {
      case 'acknowledge':
        this.#alarms.acknowledge(request.alarms, by, now);
        break;
      case 'shelve':
        this.#alarms.shelve(request.alarm, seconds(request.duration) as Duration, request.reason, by, now);
        break;
      case 'unshelve':
        this.#alarms.unshelve(request.alarm, now);
        break;
      case 'out-of-service':
        this.#alarms.setInService(request.alarm, false, request.reason, by, now);
        break;
      case 'in-service':
        this.#alarms.setInService(request.alarm, true, '', by, now);
        break;
    }
  }
}

const at = (time: Instant | undefined): number | null => (time === undefined ? null : inSeconds(time));

function messageOf(alarm: AlarmStatus): AlarmMessage {
  const { id, tag, limit, priority, state, active, firstOut } = alarm;
  return {
    ...{ id, tag, limit, priority, state, active, firstOut },
    raisedAt: at(alarm.raisedAt),
    returnedAt: at(alarm.returnedAt),
    until: at(alarm.until),
    acknowledgedBy: alarm.acknowledgedBy ?? null,
    value: alarm.value ?? null,
    limitValue: alarm.limitValue ?? null,
    reason: alarm.reason ?? null,
    by: alarm.by ?? null,
  };
}
