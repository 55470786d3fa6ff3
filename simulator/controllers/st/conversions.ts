/** What X_TO_Y computes (IEC 61131-3 ed. 3, table 22 to 27). Durations are converted in milliseconds, as most controllers do. */
import { wholeTime, wrapNumber } from './arithmetic.ts';
import { durationValue, integerValue } from './literals.ts';
import { type Elementary, isNumber, limits, REAL, type Value, wrap } from './types.ts';

const DAY = 86_400e6;

/** To the nearest whole number, halves to the even one (IEC 60559, as clause 6.6.2.5.3 asks). */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** A real as an integer: rounded or truncated; what does not fit becomes the nearest limit, what is no number 0. */
function saturate(type: Elementary, value: number, truncate: boolean): Value {
  const whole = truncate ? Math.trunc(value) : roundHalfEven(value);
  const { low, high } = limits(type);
  if (type.store === 'big') {
    if (Number.isNaN(whole)) return 0n;
    return whole >= Number(high) ? high : whole <= Number(low) ? low : BigInt(whole);
  }
  if (Number.isNaN(whole)) return 0;
  return whole > Number(high) ? Number(high) : whole < Number(low) ? Number(low) : whole + 0;
}

const identity = (value: number): number => value;

/** A conversion between types that are both kept as numbers; undefined where the value stays as it is. */
export function numberConversion(
  from: Elementary,
  to: Elementary,
  truncate: boolean,
): ((value: number) => number) | undefined {
  const [a, b] = [from.family, to.family];
  if (from === to || a === 'bool') return undefined;
  if (b === 'bool') return (value) => (value === 0 || Number.isNaN(value) ? 0 : 1);
  if (a === 'time' || a === 'date') return fromTime(from, to);
  if (b === 'time' || b === 'date') return (value) => wholeTime(roundHalfEven(value * 1000));
  if (a === 'real') {
    if (b === 'real') return to === REAL ? Math.fround : undefined;
    return (value) => saturate(to, value, truncate) as number;
  }
  if (b === 'real') return to === REAL && from.bits > 24 ? Math.fround : undefined;
  const [inner, outer] = [limits(from), limits(to)];
  return inner.low >= outer.low && inner.high <= outer.high ? undefined : (value) => wrapNumber(to, value);
}

function fromTime(from: Elementary, to: Elementary): (value: number) => number {
  if (from.name === 'DATE_AND_TIME' && to.name === 'DATE') return (value) => Math.floor(value / DAY) * DAY;
  if (from.name === 'DATE_AND_TIME' && to.name === 'TIME_OF_DAY')
    return (value) => value - Math.floor(value / DAY) * DAY;
  if (to.family === 'time' || to.family === 'date') return identity;
  if (to.family === 'real') return to === REAL ? (value) => Math.fround(value / 1000) : (value) => value / 1000;
  return (value) => Number(wrap(to, BigInt(Math.trunc(value / 1000))));
}

export function numberToBig(from: Elementary, to: Elementary, truncate: boolean): (value: number) => bigint {
  if (from.family === 'real') return (value) => saturate(to, value, truncate) as bigint;
  if (from.family === 'time' || from.family === 'date') return (value) => BigInt(Math.trunc(value / 1000));
  return (value) => wrap(to, BigInt(value));
}

export function bigToNumber(to: Elementary): (value: bigint) => number {
  if (to.family === 'bool') return (value) => (value === 0n ? 0 : 1);
  if (to.family === 'real') return to === REAL ? (value) => Math.fround(Number(value)) : Number;
  if (to.family === 'time' || to.family === 'date') return (value) => wholeTime(Number(value) * 1000);
  return (value) => Number(wrap(to, value));
}

/** A number as text, in the form that the language's own literals have. */
export function numberToText(from: Elementary): (value: number) => string {
  if (from.family === 'bool') return (value) => (value === 0 ? 'FALSE' : 'TRUE');
  if (from.family === 'time') return timeToText;
  if (from === REAL) return realToText;
  return (value) => String(value);
}

/** The shortest digits that give the same single precision number. */
function realToText(value: number): string {
  for (let precision = 6; precision < 9; precision++) {
    const text = Number(value.toPrecision(precision));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}

const PARTS: readonly [string, number][] = [
  ['d', DAY],
  ['h', 3600e6],
  ['m', 60e6],
  ['s', 1e6],
  ['ms', 1e3],
  ['us', 1],
];

/** `T#1m30s` */
export function timeToText(value: number): string {
  if (value === 0) return 'T#0ms';
  let rest = Math.abs(value);
  let text = value < 0 ? 'T#-' : 'T#';
  for (const [unit, size] of PARTS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}

/** Text as a number; 0 for text that is none, and two's complement for what does not fit. */
export function textToNumber(to: Elementary): (value: string) => number {
  if (to.family === 'bool') return (value) => (/^\s*(?:true|1)\s*$/i.test(value) ? 1 : 0);
  if (to.family === 'time')
    return (value) => durationValue(value.includes('#') ? value.trim() : `T#${value.trim()}`) ?? 0;
  if (to.family === 'real')
    return (value) => {
      const number = Number(value.trim().replaceAll('_', ''));
      return Number.isNaN(number) ? 0 : to === REAL ? Math.fround(number) : number;
    };
  return (value) => Number(wrap(to, integerValue(value.trim()) ?? 0n));
}

export const textToBig = (to: Elementary) => (value: string) => wrap(to, integerValue(value.trim()) ?? 0n);

/**
 * A value from outside (a protocol's write, a force) as a value of the type: rounded to nearest, undefined when it does not fit.
 */
export function coerceValue(type: Elementary, value: number): number | undefined {
  if (type.family === 'bool') return value === 0 ? 0 : Number.isNaN(value) ? undefined : 1;
  if (type.family === 'real') {
    if (!Number.isFinite(value)) return undefined;
    if (type !== REAL) return value;
    const single = Math.fround(value);
    return Number.isFinite(single) ? single : undefined;
  }
  if (!Number.isFinite(value)) return undefined;
  const whole = Math.round(value) + 0;
  if (isNumber(type) || type.family === 'bits') {
    const { low, high } = limits(type);
    return whole >= Number(low) && whole <= Number(high) ? whole : undefined;
  }
  return Number.isSafeInteger(whole) ? whole : undefined;
}
