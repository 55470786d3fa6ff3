/** Rule files that were written to hold somebody up, or by a machine that went wrong: a clear answer, soon. */
import { FileError } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { atBest, computingTimeOf } from '../../tests/measured.ts';
import { Subject } from '../subject.ts';
import type { Field, LogSource } from './fields.ts';
import { compileItem } from './matchers.ts';
import { parseRules } from './rules.ts';

const rule = (detection: string, message = 'hit'): string =>
  `title: x\nname: rule\ndescription: A rule.\nlevel: low\nlogsource:\n  product: zeek\n  service: modbus_detailed\ndetection:\n${detection}\n  condition: a\nalert:\n  message: '${message}'\n`;

function answer(text: string): { message: string; ms: number } {
  let message = 'ok';
  const ms = computingTimeOf(() => {
    try {
      parseRules([{ file: 'rules/rule.yml', text }]);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      message = error.message;
    }
  });
  return { message, ms };
}

describe('hostile rule files', () => {
  it.each<[string, string, string]>([
    ['10 MB', rule(`  a:\n    func: ${'x'.repeat(10_000_000)}`), 'rules/rule.yml:1:1: the file has 10000'],
    ['10 MB of empty lines', rule('  a:\n    unit: 1') + '\n'.repeat(10_000_000), 'a rule file may have 262144'],
    [
      'brackets in brackets',
      rule(`  a:\n    unit: ${'['.repeat(20_000)}`),
      'rules/rule.yml:10:1: it is nested deeper than 32',
    ],
    [
      'maps in maps',
      rule(`  a: ${'{a: '.repeat(5000)}1${'}'.repeat(5000)}`),
      'rules/rule.yml:9:1: it is nested deeper than 32',
    ],
    ['lists in lists', rule(`  a:\n    - ${'- '.repeat(5000)}1`), 'rules/rule.yml:10:1: it is nested deeper than 32'],
    [
      'indentation without end',
      rule(`  a:\n${Array.from({ length: 500 }, (_, i) => `${' '.repeat(i + 4)}a:`).join('\n')}`),
      'it is nested deeper than 32',
    ],
    [
      'a list of 60,000 numbers',
      rule(`  a:\n    unit: [${Array.from({ length: 60_000 }, () => '1').join(',')}]`),
      '60000 values; a list may have 10000',
    ],
    ['2,000 rules', rule('  a:\n    unit: 1').repeat(1).concat('---\n'.repeat(2000)), 'a file may hold 100 rules'],
    [
      'an alias bomb',
      rule(
        `  a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g'].map((n, i) => `  ${n}: &${n} [${Array.from({ length: 9 }, () => `*${'abcdef'[i]}`).join(',')}]`).join('\n')}`,
      ),
      'alias',
    ],
    [
      'a condition of parentheses',
      rule('  a:\n    unit: 1').replace('condition: a', `condition: ${'(a or '.repeat(5000)}a`),
      'it has more than 512 words',
    ],
    ['a message of brackets', rule('  a:\n    unit: 1', '[{unit}'.repeat(20_000)), 'nested deeper than 32'],
    ['a pattern that grows', rule(`  a:\n    func|re: '(((a{1000}){1000}){1000})'`), 'is no regular expression of RE2'],
    [
      'a pattern that is too long',
      rule(`  a:\n    func|re: '${'(a+)+'.repeat(1000)}'`),
      'a pattern may have 2048 characters',
    ],
    ['a look-behind', rule(`  a:\n    func|re: '(?<=a)b'`), 'is no regular expression of RE2'],
    ['colons', ':'.repeat(250_000), 'rules/rule.yml:1:'],
    ['a quote that never ends', `"${'\\'.repeat(250_001)}`, 'rules/rule.yml:1:'],
  ])('%s', (_, text, message) => {
    const { message: said, ms } = answer(text);
    expect(said).toContain(message);
    // Half a second alone; a loaded machine gets room.
    expect(ms).toBeLessThan(3000);
  });

  it('patterns that hold backtracking engines up for years take no time on what is sent', async () => {
    const values = new Map<string, string>();
    const field: Field = {
      name: 'text',
      type: 'text',
      about: '',
      fixed: false,
      identity: false,
      get: () => values.get('text'),
    };
    const source: LogSource = { product: 'zeek', service: 'test', about: '', fields: new Map([['text', field]]) };
    const subject = new Subject();
    for (const [pattern, text] of [
      ['^(a+)+$', `${'a'.repeat(65_000)}b`],
      ['(x+x+)+y', 'x'.repeat(65_000)],
      ['(.*a){20}', 'a'.repeat(5000)],
      ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(65_000)],
    ] as const) {
      values.set('text', text);
      const { test } = compileItem('text|re', [pattern], source);
      expect(await atBest(2000, () => computingTimeOf(() => test(subject))), pattern).toBeLessThan(2000);
    }
  });

  it('a thousand wildcards take time in proportion', async () => {
    const values = new Map<string, string>([['text', 'a'.repeat(4096)]]);
    const field: Field = {
      name: 'text',
      type: 'text',
      about: '',
      fixed: false,
      identity: false,
      get: () => values.get('text'),
    };
    const source: LogSource = { product: 'zeek', service: 'test', about: '', fields: new Map([['text', field]]) };
    const { test } = compileItem('text', ['*a'.repeat(200).concat('b')], source);
    expect(test(new Subject())).toBe(false);
    expect(await atBest(1000, () => computingTimeOf(() => test(new Subject())))).toBeLessThan(1000);
  });
});
