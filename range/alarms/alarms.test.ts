import { type Duration, hours, type Instant, minutes, type PlantSpec, seconds, tagSchema } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AlarmEvent, type AlarmStatus, afterEvent, isHidden } from './alarm.ts';
import { ProcessAlarms } from './index.ts';

const tag = (id: string, alarms: object, area = 'tank') =>
  tagSchema.parse({ ...{ id, name: id, area, kind: 'measurement', unit: 'm', range: [0, 5] }, alarms });
const plantOf = (...tags: ReturnType<typeof tag>[]) => ({ tags }) as unknown as PlantSpec;
const live = () => false;

class Station {
  readonly alarms: ProcessAlarms;
  readonly told: string[] = [];
  now = 0 as Instant;

  constructor(...tags: ReturnType<typeof tag>[]) {
    this.alarms = new ProcessAlarms(plantOf(...tags), (changed) =>
      this.told.push(...changed.map(({ id, state }) => `${id} ${state}`)),
    );
  }

  /** Shows values for a time, judged every second. */
  show(duration: Duration, ...values: number[]): void {
    const end = this.now + duration;
    for (; this.now < end; this.now = (this.now + seconds(1)) as Instant)
      this.alarms.update(this.now, Float64Array.from(values), live);
  }

  status(id: string): AlarmStatus {
    return this.alarms.list.find((alarm) => alarm.id === id) as AlarmStatus;
  }
}

describe('a process alarm', () => {
  it('is raised after its delay and returns by its dead band', () => {
    const station = new Station(tag('LIT101', { high: 4, delay: '5s', deadBand: 0.2, priority: 'high' }));
    station.show(seconds(5), 4.1);
    expect(station.status('LIT101.high').state).toBe('normal');
    station.show(seconds(1), 4.15);
    expect(station.status('LIT101.high')).toMatchObject({
      state: 'unacknowledged',
      raisedAt: seconds(5),
      value: 4.15,
      limitValue: 4,
    });
    station.show(seconds(20), 3.9);
    expect(station.status('LIT101.high').active).toBe(true);
    station.show(seconds(6), 3.7);
    expect(station.status('LIT101.high')).toMatchObject({ state: 'returned-unacknowledged', active: false });
    station.alarms.acknowledge(['LIT101.high'], 'ann', station.now);
    expect(station.status('LIT101.high')).toMatchObject({ state: 'normal', acknowledgedBy: 'ann' });
    expect(station.told).toEqual([
      'LIT101.high unacknowledged',
      'LIT101.high returned-unacknowledged',
      'LIT101.high normal',
    ]);
  });

  it('is not judged on a value that is old or was never received', () => {
    const station = new Station(tag('LIT101', { low: 1 }));
    station.alarms.update(seconds(1) as number as Instant, Float64Array.of(Number.NaN), live);
    station.alarms.update(seconds(2) as number as Instant, Float64Array.of(0.5), () => true);
    expect(station.told).toEqual([]);
  });

  it('comes back by itself when its shelving is over, and wants somebody if it still holds', () => {
    const station = new Station(tag('LIT101', { low: 1 }));
    station.show(seconds(1), 0.5);
    station.alarms.shelve('LIT101.low', minutes(10), 'sensor is being cleaned', 'ann', station.now);
    expect(station.status('LIT101.low')).toMatchObject({
      state: 'shelved',
      reason: 'sensor is being cleaned',
      by: 'ann',
    });
    station.show(minutes(9), 0.5);
    expect(station.status('LIT101.low').state).toBe('shelved');
    station.show(minutes(2), 0.5);
    expect(station.status('LIT101.low')).toMatchObject({
      state: 'unacknowledged',
      until: undefined,
      reason: undefined,
    });
    expect(() => station.alarms.shelve('LIT101.low', hours(25), 'too long', 'ann', station.now)).toThrow(
      'up to 24 hours',
    );
    expect(() => station.alarms.acknowledge(['LIT102.low'], 'ann', station.now)).toThrow(
      "there is no alarm 'LIT102.low'",
    );
  });

  it('is suppressed by design while the plant says so', () => {
    const station = new Station(tag('FIT101', { low: 1, suppressWhen: 'LIT101 < 0.5' }), tag('LIT101', {}));
    station.show(seconds(5), 0, 0.2);
    expect(station.status('FIT101.low').state).toBe('suppressed-by-design');
    station.show(seconds(5), 0, 2);
    expect(station.status('FIT101.low').state).toBe('unacknowledged');
  });

  it('of several in an area that came together, the first is marked; a flood begins above ten and ends below five', () => {
    const tags = Array.from({ length: 12 }, (_, i) => tag(`LIT${101 + i}`, { high: 4 }));
    const station = new Station(...tags);
    for (let n = 1; n <= 12; n++) station.show(seconds(1), ...tags.map((_, i) => (i < n ? 4.5 : 1)));
    expect(station.alarms.list.filter(({ firstOut }) => firstOut).map(({ id }) => id)).toEqual(['LIT101.high']);
    expect(station.alarms.summary(station.now)).toEqual({
      ...{ flood: true, inTenMinutes: 12, unacknowledged: 12, raised: { low: 0, medium: 12, high: 0 } },
    });
    // Seven of them are older than ten minutes, then eight.
    expect(station.alarms.summary((minutes(10) + seconds(6.5)) as number as Instant)).toMatchObject({
      inTenMinutes: 5,
      flood: true,
    });
    expect(station.alarms.summary((minutes(10) + seconds(7.5)) as number as Instant)).toMatchObject({
      inTenMinutes: 4,
      flood: false,
    });
  });
});

const anyEvent = fc.oneof(
  fc.constant<AlarmEvent>({ kind: 'raise', value: 1 }),
  fc.constantFrom<AlarmEvent>(
    { kind: 'return' },
    { kind: 'unshelve' },
    { kind: 'suppress' },
    { kind: 'unsuppress' },
    { kind: 'in-service' },
  ),
  fc.constant<AlarmEvent>({ kind: 'acknowledge', by: 'ann' }),
  fc.constant<AlarmEvent>({ kind: 'shelve', until: 5 as Instant, reason: 'why', by: 'ann' }),
  fc.constant<AlarmEvent>({ kind: 'out-of-service', reason: 'why', by: 'ann' }),
);

it('whatever happens, an alarm that holds and is not hidden is listed, and nobody acknowledged it but a person', () => {
  const [start] = new ProcessAlarms(plantOf(tag('LIT101', { high: 4 })), () => {}).list;
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
      let alarm = start as AlarmStatus;
      for (const event of events) {
        const before = alarm;
        alarm = afterEvent(alarm, event, 1 as Instant);
        if (alarm.active && !isHidden(alarm.state)) expect(['unacknowledged', 'acknowledged']).toContain(alarm.state);
        if (!alarm.active && !isHidden(alarm.state))
          expect(['normal', 'returned-unacknowledged']).toContain(alarm.state);
        if (alarm.state === 'acknowledged' && before.state !== 'acknowledged') expect(event.kind).toBe('acknowledge');
        expect(alarm.until !== undefined).toBe(alarm.state === 'shelved');
      }
    }),
  );
});
