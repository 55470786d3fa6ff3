import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseYaml } from './files.ts';
import { invariantProblems, invariantSchema } from './invariants.ts';

const schema = z.strictObject({ invariants: z.array(invariantSchema) });
const TAGS = new Set(['LIT101', 'FIT101', 'P101', 'XIT999']);
const CARRIED = new Set(['LIT101', 'FIT101', 'P101']);

function problems(text: string): string[] {
  const { value, source } = parseYaml(text, 'plant.yaml', schema);
  return invariantProblems(value.invariants, TAGS, CARRIED, (path) => source.place(path)).map(
    ({ id, message }) => `${id} ${message}`,
  );
}

const GOOD = `invariants:
  - id: level-follows-flow
    name: The tank rises by what flows in
    with:
      rise: { slope: LIT101, over: 30m }
      inflow: { mean: FIT101, over: 30m }
    holds: abs(2 * rise - inflow) < 5
    unless: P101 == 0
    for: 2m
    settles: 30m
    severity: high
    accuses: [LIT101, FIT101]
`;

describe('invariants', () => {
  it('are read with their defaults', () => {
    const { value } = parseYaml('invariants: [{ id: a, name: A, holds: P101 == 1 }]', 'plant.yaml', schema);
    expect(value.invariants).toEqual([
      { id: 'a', name: 'A', holds: 'P101 == 1', for: '0s', settles: '0s', with: {}, severity: 'medium', accuses: [] },
    ]);
    expect(problems(GOOD)).toEqual([]);
  });

  it.each<[string, string, string, string[]]>([
    [
      'an unknown tag',
      '2 * rise',
      '2 * LIT109',
      [
        "predicate.unknown-tag plant.yaml:7:12: the predicate 'abs(2 * LIT109 - inflow) < 5' (character 9) knows no tag LIT109; did you mean LIT101?",
      ],
    ],
    [
      'a tag that nobody is told',
      'unless: P101',
      'unless: XIT999',
      [
        'invariant.not-carried plant.yaml:8:13: no device has a point for XIT999, so that nobody is ever told its value',
      ],
    ],
    [
      'a trend of no tag',
      'mean: FIT101',
      'mean: FIT999',
      ["invariant.unknown-tag plant.yaml:6:23: there is no tag 'FIT999'"],
    ],
    [
      'an accused tag that is none',
      '[LIT101, FIT101]',
      '[LIT102]',
      ["invariant.unknown-tag plant.yaml:12:15: there is no tag 'LIT102'"],
    ],
    [
      'a trend that nobody uses',
      '2 * rise',
      '2 * LIT101',
      ["invariant.unused-trend plant.yaml:5:13: the trend 'rise' occurs in no expression"],
    ],
    [
      'what is not true or false',
      '< 5',
      '',
      [
        "predicate.type plant.yaml:7:12: the predicate 'abs(2 * rise - inflow)' gives a number, not true or false; compare it, for example with > or ==",
      ],
    ],
  ])('name %s with its line', (_, from, to, expected) => {
    expect(GOOD).toContain(from);
    expect(problems(GOOD.replace(from, to))).toEqual(expected);
  });

  it('have ids of their own', () => {
    expect(problems(`${GOOD}${GOOD.replace('invariants:\n', '')}`)).toEqual([
      "invariant.duplicate plant.yaml:13:9: the invariant 'level-follows-flow' stands twice",
    ]);
  });

  it.each([
    ['{ mean: FIT101, slope: FIT101, over: 1m }', "a trend is either the 'mean' or the 'slope' of a tag"],
    ['{ mean: FIT101, over: soon }', "'soon' is not a duration"],
    ['{ mean: FIT101, over: 1m, of: 2 }', 'of'],
  ])('refuse the trend %s', (trend, message) => {
    expect(() => problems(GOOD.replace('{ mean: FIT101, over: 30m }', trend))).toThrow(message);
  });
});
