import { describe, expect, it } from 'vitest';
import { FLOORS, judge, readFigures, readSkips, table } from './figures.ts';

const FLOOR = [
  { figure: 'a.rate', unit: '/s', atLeast: 100 },
  { figure: 'a.delay', unit: 'µs', atMost: 5 },
];

describe('figures', () => {
  it('are read from lines of their own', () => {
    expect(
      readFigures('figure: a.rate 1.5e3 /s\nwords figure: b 1 s\n  figure: c 2 s\nfigure: a.delay 4 µs\n'),
    ).toEqual([
      { name: 'a.rate', value: 1500, unit: '/s' },
      { name: 'a.delay', value: 4, unit: 'µs' },
    ]);
  });

  it('keep their floors, or miss them by value, unit or absence', () => {
    const kept = (output: string) => judge(readFigures(output), FLOOR).map((verdict) => verdict.kept);
    expect(kept('figure: a.rate 100 /s\nfigure: a.delay 5 µs\n')).toEqual([true, true]);
    expect(kept('figure: a.rate 99 /s\nfigure: a.delay 5.1 µs\n')).toEqual([false, false]);
    expect(kept('figure: a.rate 100 /min\n')).toEqual([false, false]);
  });

  it('are shown with what was promised', () => {
    expect(table(judge(readFigures('figure: a.rate 123456 /s\nfigure: other 1 s\n'), FLOOR))).toBe(
      [
        '| figure | measured | unit | promised | |',
        '|---|---:|---|---|---|',
        '| a.rate | 123,456 | /s | ≥ 100 | kept |',
        '| a.delay | not measured | µs | ≤ 5 | MISSED |',
        '| other | 1 | s |  |  |',
      ].join('\n'),
    );
  });

  it('are skipped, and say so, where a machine cannot measure them', () => {
    const output = 'figure: a.rate 100 /s\nskipped: a.delay needs root\nskipped: a.rate is measured after all\n';
    const verdicts = judge(readFigures(output), FLOOR, readSkips(output));
    expect(verdicts.map(({ kept, skipped }) => [kept, skipped])).toEqual([
      [true, undefined],
      [true, 'needs root'],
    ]);
    expect(table(verdicts)).toContain('| a.delay | not measured | µs | ≤ 5 | skipped: needs root |');
  });

  it('are promised once each, with one bound', () => {
    expect(new Set(FLOORS.map((floor) => floor.figure)).size).toBe(FLOORS.length);
    for (const { atLeast, atMost } of FLOORS)
      expect([atLeast, atMost].filter((bound) => bound !== undefined)).toHaveLength(1);
  });
});
