/** Microseconds since 1970 and the times of S7. */
import type { S7Clock } from './userdata.ts';

const DAY = 86_400_000;
/** 1984-01-01, from which blocks count their days. */
const FIRST_DAY = Date.UTC(1984, 0, 1);

/** What the clock's two digits of a year can tell. */
const EARLIEST = Date.UTC(1990, 0, 1);
const LATEST = Date.UTC(2089, 11, 31, 23, 59, 59, 999);

/** Clock fields of an instant, cut to milliseconds, and to the years 1990 to 2089. */
export function clockOf(microseconds: number): S7Clock {
  const date = new Date(Math.min(LATEST, Math.max(EARLIEST, Math.floor(microseconds / 1000))));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
    weekday: date.getUTCDay() + 1,
  };
}

/** Microseconds since 1970; undefined for fields that are no date and time. */
export function timeOf(clock: S7Clock): number | undefined {
  const { year, month, day, hour, minute, second, millisecond } = clock;
  const time = Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
  const back = clockOf(time * 1000);
  const same = (['month', 'day', 'hour', 'minute', 'second'] as const).every((field) => back[field] === clock[field]);
  return same ? time * 1000 : undefined;
}

export function blockTimeOf(microseconds: number): { milliseconds: number; day: number } {
  const since = Math.max(0, Math.floor(microseconds / 1000) - FIRST_DAY);
  return { milliseconds: since % DAY, day: Math.floor(since / DAY) & 0xffff };
}
