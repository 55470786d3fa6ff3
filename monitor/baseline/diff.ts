/** What stands otherwise in another baseline: entries that came and went, and what moved by more than chance. */
import type { BaselineData } from './format.ts';
import { conversationText, pollText, readingText, requestText, writeText } from './text.ts';

export interface BaselineChange {
  readonly change: 'added' | 'removed' | 'changed';
  readonly kind: 'conversation' | 'request' | 'poll' | 'write' | 'reading';
  readonly text: string;
  /** What it was before, for a change. */
  readonly before?: string;
}

/** An interval or slope that is less than this much of the other is another one. */
const OTHER = 0.5;
/** A range that reaches further by so much of its span. */
const FURTHER = 0.05;

export function diffBaselines(before: BaselineData, after: BaselineData): BaselineChange[] {
  return [
    ...compare('conversation', before.conversations, after.conversations, {
      key: (c) => `${c.source}|${c.destination}|${c.transport}|${c.port}`,
      text: conversationText,
      same: () => true,
    }),
    ...compare('request', before.requests, after.requests, {
      key: (r) => `${r.source}|${r.destination}|${r.station}`,
      text: requestText,
      same: (a, b) => requestText(a) === requestText(b),
    }),
    ...compare('poll', before.polls, after.polls, {
      key: (p) => [p.source, p.destination, p.station, p.function, p.table, p.address, p.quantity].join('|'),
      text: pollText,
      same: (a, b) => a.gaps === 0 || b.gaps === 0 || alike(a.total / a.gaps, b.total / b.gaps),
    }),
    ...compare('write', before.writes, after.writes, {
      key: (w) => `${w.source}|${w.destination}|${w.table}|${w.address}`,
      text: writeText,
      same: (a, b) => sameRange(a, b),
    }),
    ...compare('reading', before.readings, after.readings, {
      key: (r) => `${r.device}|${r.tag}`,
      text: readingText,
      same: (a, b) => sameRange(a, b) && alike(a.rise, b.rise) && alike(a.fall, b.fall),
    }),
  ];
}

interface Comparison<T> {
  readonly key: (entry: T) => string;
  readonly text: (entry: T) => string;
  readonly same: (before: T, after: T) => boolean;
}

function compare<T>(
  kind: BaselineChange['kind'],
  before: readonly T[],
  after: readonly T[],
  { key, text, same }: Comparison<T>,
): BaselineChange[] {
  const old = new Map(before.map((entry) => [key(entry), entry]));
  const fresh = new Map(after.map((entry) => [key(entry), entry]));
  const changes: BaselineChange[] = [];
  for (const [id, entry] of old) if (!fresh.has(id)) changes.push({ change: 'removed', kind, text: text(entry) });
  for (const [id, entry] of fresh) {
    const was = old.get(id);
    if (was === undefined) changes.push({ change: 'added', kind, text: text(entry) });
    else if (!same(was, entry)) changes.push({ change: 'changed', kind, text: text(entry), before: text(was) });
  }
  return changes;
}

function alike(a: number | undefined, b: number | undefined): boolean {
  if (a === undefined || b === undefined || a === b) return true;
  return Math.min(a, b) >= OTHER * Math.max(a, b);
}

function sameRange(a: { low: number; high: number }, b: { low: number; high: number }): boolean {
  const span = Math.max(a.high - a.low, b.high - b.low);
  return Math.abs(a.low - b.low) <= FURTHER * span && Math.abs(a.high - b.high) <= FURTHER * span;
}

/** A line for people. */
export const changeText = ({ change, kind, text, before }: BaselineChange): string =>
  `${change.padEnd(8)} ${kind.padEnd(12)} ${text}${before === undefined ? '' : `; before: ${before}`}`;
