/** The modifiers of Sigma (specification 2.1), what each may stand behind, and which of them go together. */
import { nearest, PenstockError } from '@penstock/core';
import type { Field, FieldType } from './fields.ts';

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
  'base64',
  'base64offset',
  'utf16',
  'utf16le',
  'utf16be',
  'wide',
  'minute',
  'hour',
  'day',
  'week',
  'month',
  'year',
] as const;
export type Modifier = (typeof MODIFIERS)[number];
/** Modifiers of Sigma that cannot be had here, and why. */
const UNFIT: Readonly<Record<string, string>> = {
  expand:
    "'expand' fills placeholders from a pipeline, and there is none here; write the values, or ask for src.role, src.zone or another field of the asset list",
};

const ALLOWED: Record<Modifier, readonly FieldType[]> = {
  contains: ['text', 'texts', 'address'],
  startswith: ['text', 'texts', 'address'],
  endswith: ['text', 'texts', 'address'],
  all: ['text', 'texts', 'address', 'numbers'],
  cased: ['text', 'texts'],
  windash: ['text'],
  re: ['text', 'texts', 'address'],
  i: ['text', 'texts', 'address'],
  m: ['text', 'texts', 'address'],
  s: ['text', 'texts', 'address'],
  cidr: ['address'],
  lt: ['number', 'numbers', 'time'],
  lte: ['number', 'numbers', 'time'],
  gt: ['number', 'numbers', 'time'],
  gte: ['number', 'numbers', 'time'],
  neq: ['text', 'texts', 'address', 'number', 'numbers', 'boolean', 'time'],
  exists: ['text', 'texts', 'address', 'number', 'numbers', 'boolean', 'time'],
  fieldref: ['text', 'address', 'number', 'boolean', 'time'],
  base64: ['text'],
  base64offset: ['text'],
  utf16: ['text'],
  utf16le: ['text'],
  utf16be: ['text'],
  wide: ['text'],
  minute: ['time'],
  hour: ['time'],
  day: ['time'],
  week: ['time'],
  month: ['time'],
  year: ['time'],
};

export const WORDS: Record<FieldType, string> = {
  text: 'a text',
  address: 'an address',
  number: 'a number',
  numbers: 'a list of numbers',
  texts: 'a list of texts',
  boolean: 'true or false',
  time: 'a time',
};

export const fail = (id: string, message: string): never => {
  throw new PenstockError(id, message);
};

export function modifierOf(word: string, field: Field): Modifier {
  if (!(MODIFIERS as readonly string[]).includes(word)) {
    const unfit = UNFIT[word];
    if (unfit !== undefined) fail('rule.modifier', unfit);
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

export const ENCODINGS: readonly Modifier[] = ['base64', 'base64offset', 'utf16', 'utf16le', 'utf16be', 'wide'];
export const TIME_PARTS: readonly Modifier[] = ['minute', 'hour', 'day', 'week', 'month', 'year'];

export function checkCombination(modifiers: readonly Modifier[], key: string): void {
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
  const parts = modifiers.filter((m) => TIME_PARTS.includes(m));
  if (parts.length > 1) fail('rule.modifier', `${key}: '${parts[0]}' and '${parts[1]}' exclude each other`);
  if (modifiers.includes('base64') && modifiers.includes('base64offset'))
    fail('rule.modifier', `${key}: 'base64' and 'base64offset' exclude each other`);
  const isEncoded = modifiers.some((m) => ENCODINGS.includes(m));
  if (isEncoded && (isPattern || modifiers.includes('windash')))
    fail('rule.modifier', `${key}: 're' and 'windash' do not go with an encoding`);
  const isWide = modifiers.some((m) => m !== 'base64' && m !== 'base64offset' && ENCODINGS.includes(m));
  if (isWide && !modifiers.includes('base64') && !modifiers.includes('base64offset'))
    fail('rule.modifier', `${key}: 'wide' and the other UTF-16 modifiers stand before 'base64' or 'base64offset'`);
  if (modifiers.includes('base64offset') && !modifiers.includes('contains'))
    fail('rule.modifier', `${key}: 'base64offset' finds a part of a longer text; write 'base64offset|contains'`);
  if (modifiers.includes('exists') && modifiers.length > 1) fail('rule.modifier', `${key}: 'exists' stands alone`);
}
