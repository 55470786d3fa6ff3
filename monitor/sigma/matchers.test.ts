import type { FieldValue } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computingTimeOf } from '../../tests/measured.ts';
import { Subject } from '../subject.ts';
import type { Field, FieldType, LogSource } from './fields.ts';
import { compileItem, type RuleValue } from './matchers.ts';

const values = new Map<string, FieldValue>();
const field = (name: string, type: FieldType): [string, Field] => [
  name,
  { name, type, about: '', fixed: true, identity: false, get: () => values.get(name) },
];
const source: LogSource = {
  product: 'zeek',
  service: 'test',
  about: '',
  fields: new Map([
    field('text', 'text'),
    field('other.text', 'text'),
    field('number', 'number'),
    field('list', 'numbers'),
    field('flag', 'boolean'),
    field('address', 'address'),
    field('when', 'time'),
  ]),
};
const subject = new Subject();

function matches(key: string, wanted: RuleValue | RuleValue[], value: FieldValue): boolean {
  values.clear();
  values.set(key.split('|')[0] as string, value);
  return compileItem(key, Array.isArray(wanted) ? wanted : [wanted], source).test(subject);
}

describe('modifiers', () => {
  it.each<[string, RuleValue | RuleValue[], FieldValue, boolean]>([
    // Plain values: any case, wildcards, escapes, numbers as numbers, null as empty.
    ['text', 'READ_COILS', 'read_coils', true],
    ['text', 'READ', 'READ_COILS', false],
    ['text', 'READ*', 'READ_COILS', true],
    ['text', 'R??D_*S', 'READ_COILS', true],
    ['text', 'a\\*b', 'a*b', true],
    ['text', 'a\\*b', 'axb', false],
    ['text', 'a\\\\*', 'a\\b', true],
    ['text', ['A', 'B'], 'b', true],
    ['text', ['A', 'B'], 'c', false],
    ['text', '', '', true],
    ['text', null, undefined, true],
    ['text', null, '', false],
    ['text', 5, '5', true],
    ['number', 5, 5, true],
    ['number', '5', 5, true],
    ['number', 5, undefined, false],
    ['number', [1, 2], 2, true],
    ['flag', true, true, true],
    ['flag', false, undefined, false],
    ['list', 7, [1, 7], true],
    ['list', 7, [1, 2], false],
    ['list', 7, new Uint16Array([1, 7]) as unknown as number[], true],
    // Encodings: the case of base64 counts, and where in a longer text it begins.
    ['text|base64', 'open', 'b3Blbg==', true],
    ['text|base64', 'open', 'B3BLBG==', false],
    ['text|base64|contains', 'ope', 'x=b3Bl;', true],
    ['text|wide|base64', 'a', 'YQA=', true],
    ['text|utf16be|base64', 'a', 'AGE=', true],
    ['text|utf16|base64', 'a', '//5hAA==', true],
    ['text|base64offset|contains', 'open', Buffer.from('reopen it').toString('base64'), true],
    ['text|base64offset|contains', 'open', Buffer.from('to open it').toString('base64'), true],
    ['text|base64offset|contains', 'open', Buffer.from('open it').toString('base64'), true],
    ['text|base64offset|contains', 'open', Buffer.from('shut it').toString('base64'), false],
    // Times are microseconds and read in UTC.
    ['when|hour', 6, Date.parse('2026-03-02T06:59:59Z') * 1000, true],
    ['when|hour|gte', 22, Date.parse('2026-03-02T21:59:59Z') * 1000, false],
    ['when|minute', 59, Date.parse('2026-03-02T06:59:59Z') * 1000, true],
    ['when|day', [1, 2], Date.parse('2026-03-02T06:59:59Z') * 1000, true],
    ['when|month|lt', 4, Date.parse('2026-03-02T06:59:59Z') * 1000, true],
    ['when|year', 2026, Date.parse('2026-03-02T06:59:59Z') * 1000, true],
    ['when|week', 53, Date.parse('2027-01-01T12:00:00Z') * 1000, true],
    ['when|week', 1, Date.parse('2027-01-04T00:00:00Z') * 1000, true],
    ['when|gt', '2026-03-02T06:00:00Z', Date.parse('2026-03-02T06:59:59Z') * 1000, true],
    // contains, startswith, endswith, cased, all
    ['text|contains', 'coil', 'READ_COILS', true],
    ['text|contains', 'c*l', 'READ_COILS', true],
    ['text|contains', 'x', 'READ_COILS', false],
    ['text|startswith', 'read', 'READ_COILS', true],
    ['text|startswith', 'coils', 'READ_COILS', false],
    ['text|endswith', 'coils', 'READ_COILS', true],
    ['text|endswith', 'read', 'READ_COILS', false],
    ['text|cased', 'Read', 'READ', false],
    ['text|contains|cased', 'COIL', 'READ_COILS', true],
    ['text|contains|cased', 'coil', 'READ_COILS', false],
    ['text|contains|all', ['read', 'coils'], 'READ_COILS', true],
    ['text|contains|all', ['read', 'write'], 'READ_COILS', false],
    ['list|all', [1, 7], [7, 3, 1], true],
    ['list|all', [1, 9], [7, 3, 1], false],
    // windash
    ['text|windash|contains', ' -force', 'x /force', true],
    ['text|windash|contains', ' -force', 'x –force', true],
    ['text|windash|contains', ' -force', 'x +force', false],
    // re
    ['text|re', '^READ_(COILS|INPUTS)$', 'READ_COILS', true],
    ['text|re', '^read', 'READ_COILS', false],
    ['text|re|i', '^read', 'READ_COILS', true],
    ['text|re', 'OIL', 'READ_COILS', true],
    ['text|re|s', 'a.b', 'a\nb', true],
    ['text|re', 'a.b', 'a\nb', false],
    ['text|re|m', '^b$', 'a\nb', true],
    ['text|re', 'x', undefined, false],
    // cidr
    ['address|cidr', '10.20.0.0/16', '10.20.3.4', true],
    ['address|cidr', '10.20.0.0/16', '10.21.3.4', false],
    ['address|cidr', ['192.168.0.0/24', '10.0.0.0/8'], '10.21.3.4', true],
    ['address|cidr', 'fe80::/10', 'fe80::1', true],
    ['address|cidr', 'fe80::/10', '10.0.0.1', false],
    ['address|cidr', '0.0.0.0/0', '255.255.255.255', true],
    ['address|cidr', '10.0.0.1/32', '10.0.0.2', false],
    // comparisons
    ['number|lt', 5, 4, true],
    ['number|lt', 5, 5, false],
    ['number|lte', 5, 5, true],
    ['number|gt', 5, 5.1, true],
    ['number|gte', 5, 4.9, false],
    ['number|gt', 5, undefined, false],
    ['list|gt', 5, [1, 6], true],
    ['number|neq', 5, 6, true],
    ['number|neq', 5, 5, false],
    ['number|neq', 5, undefined, false],
    ['text|contains|neq', 'coil', 'READ_COILS', false],
    // exists
    ['text|exists', true, '', true],
    ['text|exists', true, undefined, false],
    ['text|exists', false, undefined, true],
  ])('%s: %j on %j is %s', (key, wanted, value, expected) => {
    expect(matches(key, wanted, value)).toBe(expected);
  });

  it('compares two fields with fieldref', () => {
    const item = compileItem('text|fieldref', ['other.text'], source);
    values.clear();
    values.set('text', 'a');
    expect(item.test(subject)).toBe(false);
    values.set('other.text', 'a');
    expect(item.test(subject)).toBe(true);
    expect(item.fields.map((f) => f.name)).toEqual(['text', 'other.text']);
  });

  it.each<[string, RuleValue[], string]>([
    ['txt', ['a'], "zeek/test has no field 'txt'; did you mean 'text'?"],
    ['source.text', ['a'], "has no field 'source.text'; did you mean 'text'?"],
    ['text|contain', ['a'], "there is no modifier 'contain'; did you mean 'contains'?"],
    ['text|expand', ['%servers%'], "'expand' fills placeholders from a pipeline, and there is none here"],
    ['text|base64offset', ['a'], "'base64offset' finds a part of a longer text; write 'base64offset|contains'"],
    ['text|wide', ['a'], "'wide' and the other UTF-16 modifiers stand before 'base64' or 'base64offset'"],
    ['text|base64|re', ['a'], "'re' and 'windash' do not go with an encoding"],
    ['when|hour|day', [1], "'hour' and 'day' exclude each other"],
    ['when|hour', ['six'], "expected a whole number, got 'six'"],
    ['when', [6], 'expected a time such as 2026-03-02T06:00:00Z, got 6'],
    ['text|hour', [6], "'text' is a text; 'hour' takes a time"],
    ['text', Array.from({ length: 10_001 }, (_, i) => `v${i}`), '10001 values; a list may have 10000'],
    ['text|contains', Array.from({ length: 1001 }, (_, i) => `v${i}`), '1001 values that must be tried one by one'],
    ['number|contains', [1], "'number' is a number; 'contains' takes a text or a list of texts or an address"],
    ['text|gt', [1], "'text' is a text; 'gt' takes a number or a list of numbers"],
    ['text|cidr', ['10.0.0.0/8'], "'text' is a text; 'cidr' takes an address"],
    ['address|cidr', ['10.0.0.0/40'], "expected a subnet such as 10.20.0.0/16, got '10.0.0.0/40'"],
    ['address|cidr', ['ten'], 'expected a subnet'],
    ['number', ['five'], "expected a number, got 'five'"],
    ['flag', ['yes'], "expected true or false, got 'yes'"],
    ['text', [true], 'expected a text, got true'],
    ['text', [], 'an empty list matches nothing'],
    ['text|re', ['a('], "'a(' is no regular expression of RE2"],
    ['text|re', ['(?=a)'], 'is no regular expression of RE2'],
    ['text|re', ['(a)\\1'], 'is no regular expression of RE2'],
    ['text|re', ['a'.repeat(3000)], 'a pattern may have 2048 characters'],
    ['text|i', ['a'], "'i' is a flag of 're'"],
    ['text|re|cased', ['a'], 'a regular expression knows its own case'],
    ['text|contains|startswith', ['a'], "'contains' and 'startswith' exclude each other"],
    ['text|contains|contains', ['a'], 'exclude each other'],
    ['text|all|all', ['a'], 'a modifier stands twice'],
    ['text|exists', ['a'], "'exists' takes true or false, got 'a'"],
    ['text|contains', [null], 'null means that the field is empty and takes no modifier'],
    ['text|fieldref', ['number'], "'text' is a text and 'number' is a number"],
    ['text|fieldref', ['txet'], "has no field 'txet'"],
  ])('refuses %s: %j', (key, wanted, message) => {
    expect(() => compileItem(key, wanted, source)).toThrow(message);
  });

  it('takes bounded time for hostile patterns and texts', () => {
    const taken = computingTimeOf(() => {
      expect(matches('text|re', '^(a+)+$', `${'a'.repeat(50_000)}!`)).toBe(false);
      expect(matches('text|re', '(x+x+)+y', 'x'.repeat(20_000))).toBe(false);
      expect(matches('text', '*a*a*a*a*a*a*a*a*b', 'a'.repeat(20_000))).toBe(false);
      expect(() => compileItem('text|re', ['((a{1,100}){1,100}){1,100}'], source)).toThrow('no regular expression');
    });
    expect(taken).toBeLessThan(5000);
  });

  it('matches wildcards as a regular expression would', () => {
    const letter = fc.constantFrom('a', 'b', '*', '?');
    fc.assert(
      fc.property(fc.array(letter, { maxLength: 8 }), fc.array(fc.constantFrom('a', 'b'), { maxLength: 8 }), (p, t) => {
        const expected = new RegExp(`^${p.map((c) => (c === '*' ? '.*' : c === '?' ? '.' : c)).join('')}$`).test(
          t.join(''),
        );
        expect(matches('text', p.join(''), t.join(''))).toBe(expected);
      }),
    );
  });
});
