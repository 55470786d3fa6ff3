import type { AlertMessage, KeyframeMessage } from '@penstock/core/messages';
import { describe, expect, it } from 'vitest';
import { appended, KEPT, takeKeyframe, useRange } from './range.ts';

const alert = (number: number, count = 1): AlertMessage => ({
  ...{ number, count, time: number, rule: 'r', title: 't', severity: 'high', techniques: [] },
  ...{ device: null, tag: null, message: '', why: '' },
});
const keyframe = (run: string, alerts: AlertMessage[], repetitions: { number: number; count: number }[] = []) =>
  ({
    ...{
      run,
      role: 'trainee',
      plant: { id: 'p', name: 'P', summary: '' },
      seed: 1,
      rate: 1,
      areas: [],
      tags: [],
      devices: [],
    },
    ...{ startsAt: '2026-01-05T09:00:00.000Z', values: { time: 0, displayed: [], stale: [], measured: [], true: [] } },
    ...{ alerts, repetitions, journal: [], alarms: [], orders: [], attack: null },
    alarmSummary: { time: 0, flood: false, inTenMinutes: 0, unacknowledged: 0, raised: { low: 0, medium: 0, high: 0 } },
  }) satisfies KeyframeMessage;
const numbers = () => useRange.getState().alerts.map(({ number, count }) => `${number}x${count}`);

describe('joining', () => {
  it('adds what was missed while the connection was lost, repetitions too', () => {
    takeKeyframe(keyframe('a', [alert(1), alert(2)]));
    takeKeyframe(keyframe('a', [alert(3)], [{ number: 1, count: 5 }]));
    expect(numbers()).toEqual(['1x5', '2x1', '3x1']);
  });

  it('forgets everything of another run', () => {
    takeKeyframe(keyframe('b', [alert(1)]));
    expect(numbers()).toEqual(['1x1']);
  });
});

it('a list takes each number once and keeps a bounded number of them', () => {
  expect(appended([alert(1), alert(2)], [alert(2), alert(3)]).map((a) => a.number)).toEqual([1, 2, 3]);
  const many = Array.from({ length: KEPT + 5 }, (_, i) => alert(i + 1));
  expect(appended([], many)).toHaveLength(KEPT);
});
