/**
 * One item of a selection: a field, its modifiers and the values that it must have, as a function of a field's value.
 * Modifiers are those of the Sigma specification 2.1 that make sense on decoded traffic; the others are refused by name.
 */
import { type FieldValue, nearest, PenstockError } from '@penstock/core';
import { RE2JS } from 're2js';
import { cidrTest } from '../hosts.ts';
import type { Subject } from '../subject.ts';
import type { Field, FieldType, LogSource } from './fields.ts';

export type ItemTest = (subject: Subject) => boolean;
type ValueTest = (value: FieldValue) => boolean;
export type RuleValue = string | number | boolean | null;

export interface Item {
  /** Fields that the test reads: one, or two with `fieldref`. */
  readonly fields: readonly Field[];
  readonly test: ItemTest;
}

const MODIFIERS = [
  'contains',
  'startswith',
  'endswith',
  'all',
  'cased',
  'windash',
  're',
  'i',
  'm',
  's',
  'cidr',
  'lt',
  'lte',
  'gt',
  'gte',
  'neq',
  'exists',
  'fieldref',
] as const;
type Modifier = (typeof MODIFIERS)[number];
const UNFIT = [
  'base64',
  'base64offset',
  'utf16',
  'utf16le',
  'utf16be',
  'wide',
  'expand',
  'minute',
  'hour',
  'day',
  'week',
  'month',
  'year',
];

const ALLOWED: Record<Modifier, readonly FieldType[]> = {
  contains: ['text', 'address'],
  startswith: ['text', 'address'],
  endswith: ['text', 'address'],
  all: ['text', 'address', 'numbers'],
  cased: ['text'],
  windash: ['text'],
  re: ['text', 'address'],
  i: ['text', 'address'],
  m: ['text', 'address'],
  s: ['text', 'address'],
  cidr: ['address'],
  lt: ['number', 'numbers'],
  lte: ['number', 'numbers'],
  gt: ['number', 'numbers'],
  gte: ['number', 'numbers'],
  neq: ['text', 'address', 'number', 'numbers', 'boolean'],
  exists: ['text', 'address', 'number', 'numbers', 'boolean'],
  fieldref: ['text', 'address', 'number', 'boolean'],
};

const WORDS: Record<FieldType, string> = {
  text: 'a text',
  address: 'an address',
  number: 'a number',
  numbers: 'a list of numbers',
  boolean: 'true or false',
};

const fail = (id: string, message: string): never => {
  throw new PenstockError(id, message);
};

/** Longest pattern that is compiled, and the most that re2js may repeat. */
const MAX_PATTERN = 2048;

/**
 * Compiles `field|modifier|…: values`.
 * @throws PenstockError `rule.field`, `rule.modifier`, `rule.value` or `rule.regexp`.
 */
export function compileItem(key: string, values: readonly RuleValue[], source: LogSource): Item {
  const [name, ...words] = key.split('|') as [string, ...string[]];
  const field = fieldOf(name, source);
  const modifiers = words.map((word) => modifierOf(word, field));
  checkCombination(modifiers, key);
  if (values.length === 0) fail('rule.value', `${key}: an empty list matches nothing`);
  const has = (modifier: Modifier): boolean => modifiers.includes(modifier);

  if (has('exists')) {
    if (values.length !== 1 || typeof values[0] !== 'boolean')
      fail('rule.value', `${key}: 'exists' takes true or false, got ${show(values)}`);
    const wanted = values[0] as boolean;
    return { fields: [field], test: (s) => (field.get(s) !== undefined) === wanted };
  }
  if (has('fieldref')) return compileFieldReference(key, field, values, source, has('neq'));

  const tests = values.map((value) => valueTest(key, field, value, modifiers));
  const combined = has('all') ? every(field, tests) : some(field, tests);
  const test: ItemTest = has('neq') ? (s) => field.get(s) !== undefined && !combined(s) : combined;
  return { fields: [field], test };
}

/** @throws PenstockError `rule.field` with the nearest valid name. */
export function fieldOf(name: string, source: LogSource): Field {
  const field = source.fields.get(name);
  if (field !== undefined) return field;
  const meant = nearest(name, source.fields.keys());
  const last = name.split('.').at(-1) as string;
  const sameEnd = [...source.fields.keys()].find((known) => known.split('.').at(-1) === last);
  const advice = meant ?? sameEnd;
  return fail(
    'rule.field',
    `${source.product}/${source.service} has no field '${name}'; ` +
      (advice === undefined ? `it has ${[...source.fields.keys()].join(', ')}` : `did you mean '${advice}'?`),
  );
}

function modifierOf(word: string, field: Field): Modifier {
  if (!(MODIFIERS as readonly string[]).includes(word)) {
    if (UNFIT.includes(word))
      fail('rule.modifier', `the modifier '${word}' has no use on decoded traffic; there are ${MODIFIERS.join(', ')}`);
    const meant = nearest(word, MODIFIERS);
    fail(
      'rule.modifier',
      `there is no modifier '${word}'; ${meant === undefined ? `there are ${MODIFIERS.join(', ')}` : `did you mean '${meant}'?`}`,
    );
  }
  const modifier = word as Modifier;
  if (!ALLOWED[modifier].includes(field.type))
    fail(
      'rule.modifier',
      `'${field.name}' is ${WORDS[field.type]}; '${modifier}' takes ${ALLOWED[modifier].map((t) => WORDS[t]).join(' or ')}`,
    );
  return modifier;
}

const OPERATORS: readonly Modifier[] = [
  'contains',
  'startswith',
  'endswith',
  're',
  'cidr',
  'lt',
  'lte',
  'gt',
  'gte',
  'exists',
  'fieldref',
];

function checkCombination(modifiers: readonly Modifier[], key: string): void {
  const operators = modifiers.filter((m) => OPERATORS.includes(m));
  if (operators.length > 1) fail('rule.modifier', `${key}: '${operators[0]}' and '${operators[1]}' exclude each other`);
  if (new Set(modifiers).size < modifiers.length) fail('rule.modifier', `${key}: a modifier stands twice`);
  const isPattern = modifiers.includes('re');
  for (const flag of ['i', 'm', 's'] as const)
    if (modifiers.includes(flag) && !isPattern) fail('rule.modifier', `${key}: '${flag}' is a flag of 're'`);
  if (isPattern && (modifiers.includes('cased') || modifiers.includes('windash')))
    fail(
      'rule.modifier',
      `${key}: a regular expression knows its own case and dashes; leave 'cased' and 'windash' out`,
    );
  if (modifiers.includes('exists') && modifiers.length > 1) fail('rule.modifier', `${key}: 'exists' stands alone`);
}

function compileFieldReference(
  key: string,
  field: Field,
  values: readonly RuleValue[],
  source: LogSource,
  not: boolean,
): Item {
  const others = values.map((value) => {
    if (typeof value !== 'string')
      return fail('rule.value', `${key}: 'fieldref' takes names of fields, got ${show([value])}`);
    const other = fieldOf(value, source);
    const comparable = other.type === field.type || (isText(other.type) && isText(field.type));
    return comparable
      ? other
      : fail(
          'rule.value',
          `${key}: '${field.name}' is ${WORDS[field.type]} and '${other.name}' is ${WORDS[other.type]}`,
        );
  });
  const test: ItemTest = (s) => {
    const value = field.get(s);
    return value !== undefined && others.some((other) => value === other.get(s)) !== not;
  };
  return { fields: [field, ...others], test };
}

const isText = (type: FieldType): boolean => type === 'text' || type === 'address';

const some = (field: Field, tests: readonly ValueTest[]): ItemTest => {
  const only = tests.length === 1 ? (tests[0] as ValueTest) : undefined;
  if (field.type === 'numbers')
    return (s) => {
      const value = field.get(s);
      return isList(value) ? value.some((element) => tests.some((t) => t(element))) : tests.some((t) => t(value));
    };
  return only !== undefined
    ? (s) => only(field.get(s))
    : (s) => {
        const value = field.get(s);
        for (const test of tests) if (test(value)) return true;
        return false;
      };
};

const every =
  (field: Field, tests: readonly ValueTest[]): ItemTest =>
  (s) => {
    const value = field.get(s);
    return tests.every((test) => (isList(value) ? value.some((element) => test(element)) : test(value)));
  };

/** Lists may be arrays or typed arrays. */
function isList(value: FieldValue): value is readonly number[] | readonly string[] {
  return typeof value === 'object';
}

function valueTest(key: string, field: Field, value: RuleValue, modifiers: readonly Modifier[]): ValueTest {
  if (value === null) {
    if (modifiers.length > 0) fail('rule.value', `${key}: null means that the field is empty and takes no modifier`);
    return (v) => v === undefined;
  }
  const has = (modifier: Modifier): boolean => modifiers.includes(modifier);
  const comparison = modifiers.find((m) => m === 'lt' || m === 'lte' || m === 'gt' || m === 'gte');
  if (field.type === 'number' || field.type === 'numbers') return numberTest(key, field, value, comparison);
  if (field.type === 'boolean') {
    if (typeof value !== 'boolean') fail('rule.value', `${key}: expected true or false, got ${show([value])}`);
    return (v) => v === value;
  }
  if (has('cidr')) return subnetTest(key, value);
  if (typeof value === 'boolean') fail('rule.value', `${key}: expected a text, got ${value}`);
  const text = String(value);
  if (has('re')) return patternTest(key, text, modifiers);
  return textTest(text, modifiers);
}

function numberTest(key: string, field: Field, value: RuleValue, comparison: Modifier | undefined): ValueTest {
  const wanted = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof wanted !== 'number' || Number.isNaN(wanted))
    return fail(
      'rule.value',
      `${key}: '${field.name}' is ${WORDS[field.type]}; expected a number, got ${show([value])}`,
    );
  switch (comparison) {
    case 'lt':
      return (v) => typeof v === 'number' && v < wanted;
    case 'lte':
      return (v) => typeof v === 'number' && v <= wanted;
    case 'gt':
      return (v) => typeof v === 'number' && v > wanted;
    case 'gte':
      return (v) => typeof v === 'number' && v >= wanted;
    default:
      return (v) => v === wanted;
  }
}

function subnetTest(key: string, value: RuleValue): ValueTest {
  const contains = typeof value === 'string' ? cidrTest(value) : undefined;
  if (contains === undefined)
    return fail('rule.value', `${key}: expected a subnet such as 10.20.0.0/16, got ${show([value])}`);
  return (v) => typeof v === 'string' && contains(v);
}

/** Backtracking engines can be held up for hours by what an attacker sends; RE2 takes time linear in the text. */
function patternTest(key: string, pattern: string, modifiers: readonly Modifier[]): ValueTest {
  if (pattern.length > MAX_PATTERN) fail('rule.regexp', `${key}: a pattern may have ${MAX_PATTERN} characters`);
  let flags = 0;
  if (modifiers.includes('i')) flags |= RE2JS.CASE_INSENSITIVE;
  if (modifiers.includes('m')) flags |= RE2JS.MULTILINE;
  if (modifiers.includes('s')) flags |= RE2JS.DOTALL;
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern, flags);
  } catch (error) {
    return fail('rule.regexp', `${key}: '${pattern}' is no regular expression of RE2: ${(error as Error).message}`);
  }
  return (v) => typeof v === 'string' && compiled.test(v);
}

/** Sigma texts: any case unless `cased`, `*` and `?` as wildcards, a backslash before one takes it literally. */
function textTest(text: string, modifiers: readonly Modifier[]): ValueTest {
  const cased = modifiers.includes('cased');
  const variants = modifiers.includes('windash') ? dashVariants(text) : [text];
  const patterns = variants.map((variant): Token[] => {
    const tokens = tokensOf(cased ? variant : variant.toLowerCase());
    const before = modifiers.includes('contains') || modifiers.includes('endswith');
    const after = modifiers.includes('contains') || modifiers.includes('startswith');
    return [...(before ? [ANY] : []), ...tokens, ...(after ? [ANY] : [])];
  });
  const plain = patterns.every((p) => p.every((t) => t !== ANY && t !== ONE))
    ? new Set(patterns.map((p) => p.join('')))
    : undefined;
  if (plain !== undefined) return (v) => typeof v === 'string' && plain.has(cased ? v : v.toLowerCase());
  return (v) => typeof v === 'string' && patterns.some((p) => wildcardMatch(p, cased ? v : v.toLowerCase()));
}

/** The wildcards are told apart from literal asterisks by being longer than a character. */
const ANY = '**';
const ONE = '??';
/** One character a token, or a wildcard. */
type Token = string;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    const following = text[i + 1];
    if (c === '\\' && (following === '*' || following === '?' || following === '\\')) {
      tokens.push(following);
      i++;
    } else tokens.push(c === '*' ? ANY : c === '?' ? ONE : c);
  }
  return tokens;
}

/** Greedy with one point to fall back to: at most length × pattern steps, whatever the text. */
function wildcardMatch(pattern: readonly Token[], text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const token = pattern[p];
    if (token === ANY) {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (token === ONE || token === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === ANY) p++;
  return p === pattern.length;
}

/** Every dash that begins a word, as each of the five signs that Windows programs take for it. */
function dashVariants(text: string): string[] {
  return ['-', '/', '–', '—', '―'].map((dash) => text.replace(/(^|\s)[-/–—―]/g, `$1${dash}`));
}

function show(values: readonly RuleValue[]): string {
  return values.map((v) => (typeof v === 'string' ? `'${v}'` : String(v))).join(', ') || 'nothing';
}
