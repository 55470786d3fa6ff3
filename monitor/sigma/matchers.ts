/**
 * One item of a selection: a field, its modifiers and the values that it must have, as a function of a field's value.
 * Modifiers are those of the Sigma specification 2.1 that make sense on decoded traffic; the others are refused by name.
 */
import { type FieldValue, nearest } from '@penstock/core';
import { RE2JS } from 're2js';
import { cidrTest } from '../hosts.ts';
import type { Subject } from '../subject.ts';
import type { Field, FieldType, LogSource } from './fields.ts';
import { checkCombination, ENCODINGS, fail, type Modifier, modifierOf, TIME_PARTS, WORDS } from './modifiers.ts';

export type ItemTest = (subject: Subject) => boolean;
type ValueTest = (value: FieldValue) => boolean;
export type RuleValue = string | number | boolean | null;

export interface Item {
  /** Fields that the test reads: one, or two with `fieldref`. */
  readonly fields: readonly Field[];
  readonly test: ItemTest;
}

/** Longest pattern that is compiled. RE2 takes time linear in the text; its own bound on repetitions keeps the program small. */
const MAX_PATTERN = 2048;
/** Characters of a field that a pattern looks at; a datagram's text is not longer. */
const MAX_SEARCHED = 65_536;
/** Values of one item; longer lists belong into the asset list or a zone. */
const MAX_VALUES = 10_000;
/** Wildcards, patterns and other values that must be tried one after the other. */
const MAX_TRIED = 1000;

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
  if (values.length > MAX_VALUES) fail('rule.value', `${key}: ${values.length} values; a list may have ${MAX_VALUES}`);
  const has = (modifier: Modifier): boolean => modifiers.includes(modifier);

  if (has('exists')) {
    if (values.length !== 1 || typeof values[0] !== 'boolean')
      fail('rule.value', `${key}: 'exists' takes true or false, got ${show(values)}`);
    const wanted = values[0] as boolean;
    return { fields: [field], test: (s) => (field.get(s) !== undefined) === wanted };
  }
  if (has('fieldref')) return compileFieldReference(key, field, values, source, has('neq'));

  if (isText(field.type) && modifiers.length === 0 && values.every(isPlainText)) return oneOf(field, values);
  if (values.length > MAX_TRIED)
    fail(
      'rule.value',
      `${key}: ${values.length} values that must be tried one by one; there may be ${MAX_TRIED} with a modifier or a wildcard, ${MAX_VALUES} plain ones`,
    );
  const tests = values.map((value) => valueTest(key, field, value, modifiers));
  const combined = has('all') ? every(field, tests) : some(field, tests);
  const test: ItemTest = has('neq') ? (s) => field.get(s) !== undefined && !combined(s) : combined;
  return { fields: [field], test };
}

const isPlainText = (value: RuleValue): boolean => typeof value === 'string' && !/[*?\\]/.test(value);

/** Texts without wildcards: however many there are, one look tells. */
function oneOf(field: Field, values: readonly RuleValue[]): Item {
  const wanted = new Set(values.map((value) => String(value).toLowerCase()));
  return {
    fields: [field],
    test: (s) => {
      const value = field.get(s);
      return typeof value === 'string' && wanted.has(value.toLowerCase());
    },
  };
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
  if (field.type === 'numbers' || field.type === 'texts')
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
  if (field.type === 'time') return timeTest(key, value, modifiers, comparison);
  if (field.type === 'number' || field.type === 'numbers') return numberTest(key, field, value, comparison);
  if (field.type === 'boolean') {
    if (typeof value !== 'boolean') fail('rule.value', `${key}: expected true or false, got ${show([value])}`);
    return (v) => v === value;
  }
  if (has('cidr')) return subnetTest(key, value);
  if (typeof value === 'boolean') fail('rule.value', `${key}: expected a text, got ${value}`);
  const text = String(value);
  if (has('re')) return patternTest(key, text, modifiers);
  if (modifiers.some((m) => ENCODINGS.includes(m))) return encodedTest(text, modifiers);
  return textTest(text, modifiers);
}

const MICROSECONDS = 1000;

/** A part of the time (`ts|hour: 3`, `ts|hour|gte: 22`), or the time itself against an ISO 8601 time. All in UTC. */
function timeTest(
  key: string,
  value: RuleValue,
  modifiers: readonly Modifier[],
  comparison: Modifier | undefined,
): ValueTest {
  const part = modifiers.find((m) => TIME_PARTS.includes(m));
  if (part !== undefined) {
    const test = compare(comparison, Number(value));
    if (typeof value === 'boolean' || !Number.isInteger(Number(value)))
      fail('rule.value', `${key}: expected a whole number, got ${show([value])}`);
    return (v) => typeof v === 'number' && test(timePart(part, new Date(v / MICROSECONDS)));
  }
  const instant = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(instant))
    fail(
      'rule.value',
      `${key}: expected a time such as 2026-03-02T06:00:00Z, got ${show([value])}; or take a part of it: ts|hour`,
    );
  const test = compare(comparison, instant * MICROSECONDS);
  return (v) => typeof v === 'number' && test(v);
}

function timePart(part: Modifier, at: Date): number {
  switch (part) {
    case 'minute':
      return at.getUTCMinutes();
    case 'hour':
      return at.getUTCHours();
    case 'day':
      return at.getUTCDate();
    case 'month':
      return at.getUTCMonth() + 1;
    case 'year':
      return at.getUTCFullYear();
    default:
      return isoWeek(at);
  }
}

/** Week of the year as ISO 8601 counts: the one with the year's first Thursday is week 1. */
function isoWeek(at: Date): number {
  const thursday = new Date(
    Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + 4 - (at.getUTCDay() || 7)),
  );
  return Math.floor((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / (7 * 86_400_000)) + 1;
}

/** The value as base64 (RFC 4648) would show it; with `base64offset` at each of the three places where it may begin in a longer text. */
function encodedTest(text: string, modifiers: readonly Modifier[]): ValueTest {
  const bytes = bytesOf(text, modifiers);
  const rest = modifiers.filter((m) => !ENCODINGS.includes(m));
  // The case of base64 carries information.
  const cased: Modifier[] = [...rest, 'cased'];
  if (modifiers.includes('base64')) return textTest(literal(Buffer.from(bytes).toString('base64')), cased);
  const tests = [0, 1, 2].map((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), Buffer.from(bytes)])
      .toString('base64')
      .replace(/=+$/, '');
    // Characters at both ends that also hold bits of neighbouring bytes say nothing.
    const from = [0, 2, 3][offset] as number;
    const spare = (bytes.length + offset) % 3 === 0 ? 0 : 1;
    return textTest(literal(shifted.slice(from, shifted.length - spare)), cased);
  });
  return (v) => tests.some((test) => test(v));
}

/** Takes the wildcards of Sigma texts literally. */
const literal = (text: string): string => text.replace(/[*?\\]/g, '\\$&');

function bytesOf(text: string, modifiers: readonly Modifier[]): Uint8Array {
  if (modifiers.includes('utf16be')) return Buffer.from(text, 'utf16le').swap16();
  if (modifiers.includes('utf16')) return Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
  const isWide = modifiers.includes('wide') || modifiers.includes('utf16le');
  return Buffer.from(text, isWide ? 'utf16le' : 'utf8');
}

function numberTest(key: string, field: Field, value: RuleValue, comparison: Modifier | undefined): ValueTest {
  const wanted = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof wanted !== 'number' || Number.isNaN(wanted))
    return fail(
      'rule.value',
      `${key}: '${field.name}' is ${WORDS[field.type]}; expected a number, got ${show([value])}`,
    );
  const test = compare(comparison, wanted);
  return (v) => typeof v === 'number' && test(v);
}

function compare(comparison: Modifier | undefined, wanted: number): (value: number) => boolean {
  switch (comparison) {
    case 'lt':
      return (v) => v < wanted;
    case 'lte':
      return (v) => v <= wanted;
    case 'gt':
      return (v) => v > wanted;
    case 'gte':
      return (v) => v >= wanted;
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
  return (v) => typeof v === 'string' && compiled.test(v.length > MAX_SEARCHED ? v.slice(0, MAX_SEARCHED) : v);
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
