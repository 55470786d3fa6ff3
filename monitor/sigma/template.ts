/**
 * Sentences of alerts with fields in them. `{point.value}` stands for a field; a part in square brackets is left out when one of
 * its fields is empty: `[, before that {point.old_value}]`. Brackets do not nest.
 */
import { type FieldValue, PenstockError } from '@penstock/core';
import type { Subject } from '../subject.ts';
import type { Field, LogSource } from './fields.ts';
import { fieldOf } from './matchers.ts';

export type Sentence = (subject: Subject, count: number) => string;
type Piece = (subject: Subject, count: number) => string | undefined;

/** @throws PenstockError `rule.template` or `rule.field`. */
export function compileSentence(text: string, source: LogSource): Sentence {
  const parts = split(text).map(({ optional, text: part }) => ({ optional, pieces: piecesOf(part, source) }));
  return (subject, count) => {
    let sentence = '';
    for (const { optional, pieces } of parts) {
      let filled = '';
      let complete = true;
      for (const piece of pieces) {
        const word = piece(subject, count);
        if (word === undefined) complete = false;
        filled += word ?? 'unknown';
      }
      if (complete || !optional) sentence += filled;
    }
    return sentence;
  };
}

function split(text: string): { optional: boolean; text: string }[] {
  const parts: { optional: boolean; text: string }[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('[', at);
    if (open < 0) {
      parts.push({ optional: false, text: text.slice(at) });
      break;
    }
    const close = text.indexOf(']', open);
    if (close < 0) throw new PenstockError('rule.template', `'[' in '${text}' has no ']'`);
    if (open > at) parts.push({ optional: false, text: text.slice(at, open) });
    parts.push({ optional: true, text: text.slice(open + 1, close) });
    at = close + 1;
  }
  return parts;
}

function piecesOf(text: string, source: LogSource): Piece[] {
  return text.split(/(\{[^{}]*\})/).flatMap((part): Piece[] => {
    if (part === '') return [];
    if (!part.startsWith('{')) {
      if (part.includes('{') || part.includes('}'))
        throw new PenstockError('rule.template', `a brace in '${text}' has no partner`);
      return [() => part];
    }
    const name = part.slice(1, -1);
    if (name === 'count') return [(_, count) => String(count)];
    const field = fieldOf(name, source);
    return [(subject) => wordOf(field, subject)];
  });
}

function wordOf(field: Field, subject: Subject): string | undefined {
  const value = field.get(subject);
  const states = subject.point?.states;
  // An on/off tag is spoken of in its own words: MANUAL rather than 0.
  if (
    states !== undefined &&
    (field.name === 'point.value' || field.name === 'point.old_value') &&
    (value === 0 || value === 1)
  )
    return states[value];
  return show(value);
}

function show(value: FieldValue): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number') return showNumber(value);
  if (typeof value === 'object') return [...value].slice(0, 16).join(', ');
  return String(value);
}

/** Six significant digits, thousands parted by commas from 10,000 on. */
function showNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const rounded = Number(value.toPrecision(6));
  if (Math.abs(rounded) >= 1e15 || (rounded !== 0 && Math.abs(rounded) < 1e-6)) return String(rounded);
  const [whole, fraction] = String(rounded).split('.') as [string, string | undefined];
  const grouped = Math.abs(rounded) >= 10_000 ? whole.replace(/\B(?=(\d{3})+$)/g, ',') : whole;
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
