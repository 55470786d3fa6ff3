/**
 * Time inside a run. Everything counts whole microseconds in a double (exact for 285 years), so that two runs compare equal
 * and a capture's time stamps need no rounding.
 */
import { PenstockError } from './errors.ts';

declare const durationBrand: unique symbol;
declare const instantBrand: unique symbol;

/** A length of time in whole microseconds. Make one with `seconds(5)`, `milliseconds(100)`, … */
export type Duration = number & { readonly [durationBrand]: 'microseconds' };

/** Microseconds since the start of the run. */
export type Instant = number & { readonly [instantBrand]: 'microseconds since start' };

export const START = 0 as Instant;
export const NEVER = Number.POSITIVE_INFINITY as Instant;

export const microseconds = (n: number): Duration => Math.round(n) as Duration;
export const milliseconds = (n: number): Duration => Math.round(n * 1e3) as Duration;
export const seconds = (n: number): Duration => Math.round(n * 1e6) as Duration;
export const minutes = (n: number): Duration => Math.round(n * 60e6) as Duration;
export const hours = (n: number): Duration => Math.round(n * 3600e6) as Duration;
export const days = (n: number): Duration => Math.round(n * 86_400e6) as Duration;

export const after = (instant: Instant, duration: Duration): Instant => (instant + duration) as Instant;
export const between = (from: Instant, to: Instant): Duration => (to - from) as Duration;
export const inSeconds = (time: Duration | Instant): number => time / 1e6;

const UNITS: Record<string, number> = { us: 1, µs: 1, ms: 1e3, s: 1e6, min: 60e6, m: 60e6, h: 3600e6, d: 86_400e6 };

/**
 * Reads a duration as files write it: `100ms`, `60s`, `15m`, `1.5h`, `7d`, or several parts such as `1h30m`.
 * @throws PenstockError `duration.malformed` when the text is not of that form.
 */
export function parseDuration(text: string): Duration {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(us|µs|ms|min|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map((p) => p[0]).join('') !== text.trim())
    throw new PenstockError(
      'duration.malformed',
      `'${text}' is not a duration; write for example 100ms, 60s, 15m, 24h or 7d`,
    );
  return Math.round(parts.reduce((sum, p) => sum + Number(p[1]) * (UNITS[p[2] as string] as number), 0)) as Duration;
}

/** Writes a duration the way `parseDuration` reads it, in the largest unit that leaves no fraction. */
export function formatDuration(duration: Duration): string {
  for (const [unit, size] of [
    ['d', 86_400e6],
    ['h', 3600e6],
    ['m', 60e6],
    ['s', 1e6],
    ['ms', 1e3],
  ] as const)
    if (duration !== 0 && duration % size === 0) return `${duration / size}${unit}`;
  return `${duration}us`;
}
