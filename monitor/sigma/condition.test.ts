import { describe, expect, it } from 'vitest';
import { parseCondition, usedSelections } from './condition.ts';

const names = ['selection', 'sel_a', 'sel_b', 'filter_x', '_private'];
const select = (name: string) => ({ op: 'selection', name });

describe('condition', () => {
  it.each([
    ['selection', select('selection')],
    ['not selection', { op: 'not', of: select('selection') }],
    [
      'sel_a and sel_b or not filter_x',
      {
        op: 'or',
        of: [
          { op: 'and', of: [select('sel_a'), select('sel_b')] },
          { op: 'not', of: select('filter_x') },
        ],
      },
    ],
    [
      'sel_a AND (sel_b OR filter_x)',
      { op: 'and', of: [select('sel_a'), { op: 'or', of: [select('sel_b'), select('filter_x')] }] },
    ],
    ['1 of sel_*', { op: 'or', of: [select('sel_a'), select('sel_b')] }],
    ['any of sel_*', { op: 'or', of: [select('sel_a'), select('sel_b')] }],
    ['all of sel*', { op: 'and', of: [select('selection'), select('sel_a'), select('sel_b')] }],
    ['1 of *_x', select('filter_x')],
    ['all of them', { op: 'and', of: ['selection', 'sel_a', 'sel_b', 'filter_x'].map(select) }],
    [
      'selection and not 1 of filter_*',
      { op: 'and', of: [select('selection'), { op: 'not', of: select('filter_x') }] },
    ],
  ])('reads %s', (text, expected) => {
    expect(parseCondition(text, names)).toEqual(expected);
  });

  it.each([
    ['selecton', "there is no selection 'selecton'; did you mean 'selection'? (at character 1)"],
    ['selection and', 'expected a selection, got the end (at character 14)'],
    ['selection selection', "expected 'and', 'or' or the end, got 'selection' (at character 11)"],
    ['(sel_a or sel_b', "expected ')', got the end (at character 16)"],
    ['selection | count() > 5', "expected 'and', 'or' or the end, got '|' (at character 11)"],
    ['| count()', "aggregation after '|' is no longer Sigma; write a correlation rule (at character 1)"],
    ['2 of sel_*', "expected '1 of', 'any of' or 'all of', got '2 of' (at character 3)"],
    [
      '1 of nothing*',
      "no selection matches 'nothing*'; there are selection, sel_a, sel_b, filter_x, _private (at character 14)",
    ],
    ['sel_a & sel_b', "expected 'and', 'or' or the end, got '&' (at character 7)"],
    ['', 'expected a selection, got the end (at character 1)'],
    [`${'not '.repeat(100)}sel_a`, 'it is nested deeper than 32'],
    [`${'('.repeat(600)}sel_a`, 'it has more than 512 words'],
  ])('refuses %s', (text, message) => {
    expect(() => parseCondition(text, names)).toThrow(message);
  });

  it('tells which selections it uses', () => {
    expect([...usedSelections(parseCondition('1 of sel_* and not filter_x', names))]).toEqual([
      'sel_a',
      'sel_b',
      'filter_x',
    ]);
  });
});
