/**
 * What is known for sure and what is still being learned: of each conversation, poll, write and reading, whether it was seen often
 * enough to say what is normal, and of the whole, whether learning has come to an end.
 */
import type { BaselineData } from './format.ts';

/**
 * `settled`: seen often enough. `rare`: once or twice, and not over a good part of the learning period; it may be normal all the same, as
 * what happens once a week. `few`: too few samples for an interval or a slope. `constant`: a reading that never moved. `added`: by hand.
 * `unknown`: learned by a version that did not count.
 */
export type Maturity = 'settled' | 'rare' | 'few' | 'constant' | 'added' | 'unknown';

export interface MaturityCount {
  readonly total: number;
  readonly settled: number;
  readonly rare: number;
  readonly few: number;
  readonly constant: number;
  readonly added: number;
  readonly unknown: number;
}

export interface MaturityReport {
  /** Length of the learning period, and time since its end, seconds; null before anything was learned. */
  readonly learnedSeconds: number | null;
  readonly ageSeconds: number | null;
  readonly conversations: MaturityCount;
  readonly polls: MaturityCount;
  readonly writes: MaturityCount;
  readonly readings: MaturityCount;
  /** Conversations that were seen first in the last tenth of the period: while there are such, learning has not come to its end. */
  readonly late: number;
  /** Less than a week does not hold what happens once a week, less than a day not what happens at night. */
  readonly verdict: 'nothing learned' | 'less than a day' | 'less than a week' | 'still finding new things' | 'settled';
}

/** Seen so often, it is no chance. */
const OFTEN = 3;
/** Or over so much of the learning period, as a connection that is never closed. */
const MUCH = 0.1;
const ENOUGH_GAPS = 10;
const ENOUGH_CHANGES = 20;
const DAY = 86_400e6;

interface Seen {
  readonly count?: number | undefined;
  readonly first?: number | undefined;
  readonly last?: number | undefined;
  readonly note?: string | undefined;
}

/** How sure one conversation is. */
export function conversationMaturity({ count, first, last, note }: Seen, period: number): Maturity {
  if (note !== undefined) return 'added';
  if (count === undefined) return 'unknown';
  if (count >= OFTEN) return 'settled';
  return first !== undefined && last !== undefined && period > 0 && last - first >= MUCH * period ? 'settled' : 'rare';
}

export const pollMaturity = ({ gaps, count }: BaselineData['polls'][number]): Maturity =>
  gaps >= ENOUGH_GAPS ? 'settled' : count >= OFTEN ? 'few' : 'rare';

export const writeMaturity = ({ count, note }: BaselineData['writes'][number]): Maturity =>
  note !== undefined ? 'added' : count >= OFTEN ? 'settled' : 'rare';

/** A reading without a change was constant, or learned by a version that did not count them. */
export function readingMaturity({ count, low, high, note }: BaselineData['readings'][number]): Maturity {
  if (note !== undefined) return 'added';
  if (low === high) return 'constant';
  if (count === undefined) return 'unknown';
  return count >= ENOUGH_CHANGES ? 'settled' : 'few';
}

function counted(all: readonly Maturity[]): MaturityCount {
  const of = (wanted: Maturity): number => all.filter((one) => one === wanted).length;
  return {
    total: all.length,
    ...{ settled: of('settled'), rare: of('rare'), few: of('few'), constant: of('constant') },
    ...{ added: of('added'), unknown: of('unknown') },
  };
}

/** @param now microseconds since 1970 to which the age is told */
export function maturityOf(data: BaselineData, now: number): MaturityReport {
  const { from, to } = data;
  const period = from === null || to === null ? 0 : to - from;
  const late = data.conversations.filter(
    ({ first, note }) => to !== null && note === undefined && first !== undefined && first > to - MUCH * period,
  ).length;
  return {
    learnedSeconds: from === null || to === null ? null : period / 1e6,
    ageSeconds: to === null ? null : Math.max(0, (now - to) / 1e6),
    conversations: counted(data.conversations.map((entry) => conversationMaturity(entry, period))),
    polls: counted(data.polls.map(pollMaturity)),
    writes: counted(data.writes.map(writeMaturity)),
    readings: counted(data.readings.map(readingMaturity)),
    late,
    verdict: verdictOf(data, period, late),
  };
}

function verdictOf(data: BaselineData, period: number, late: number): MaturityReport['verdict'] {
  if (data.conversations.length === 0) return 'nothing learned';
  if (period < DAY) return 'less than a day';
  // A run of seven days ends a moment before its last packet's next.
  if (period < 6.9 * DAY) return 'less than a week';
  return late > 0 ? 'still finding new things' : 'settled';
}
