/** Values as Zeek's ASCII writer prints them (https://docs.zeek.org/en/master/log-formats.html). */
import type { FieldValue } from '@penstock/core';
import type { ZeekType } from './logs.ts';

const UNSET = '-';
const EMPTY = '(empty)';

/** Microseconds since 1970 as seconds with six decimals. */
export function timeText(microseconds: number): string {
  const whole = Math.round(microseconds);
  const seconds = Math.floor(whole / 1e6);
  return `${seconds}.${String(whole - seconds * 1e6).padStart(6, '0')}`;
}

/** One value of a column; times are microseconds since 1970, intervals seconds. */
export function valueText(value: FieldValue, type: ZeekType): string {
  if (value === undefined) return UNSET;
  if (typeof value === 'number') return numberText(value, type);
  if (typeof value === 'boolean') return value ? 'T' : 'F';
  if (typeof value === 'string') return stringText(value);
  if (value.length === 0) return EMPTY;
  let text = '';
  for (let i = 0; i < value.length; i++) {
    const element = value[i] as string | number;
    if (i > 0) text += ',';
    text += typeof element === 'number' ? element : stringText(element).replaceAll(',', '\\x2c');
  }
  return text;
}

/** One value as Zeek's JSON writer has it: times in seconds since 1970; bytes beyond ASCII as `\xNN`, since they need not be UTF-8. */
export function jsonText(value: Exclude<FieldValue, undefined>, type: ZeekType): string {
  if (typeof value === 'number') return Number.isFinite(value) ? numberText(value, type) : 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value.replace(BEYOND_ASCII, byteText));
  const elements: string[] = [];
  for (let i = 0; i < value.length; i++) {
    const element = value[i] as string | number;
    elements.push(
      typeof element === 'number' ? String(element) : JSON.stringify(element.replace(BEYOND_ASCII, byteText)),
    );
  }
  return `[${elements.join(',')}]`;
}

const BEYOND_ASCII = /[\x7f-\xff]/g;
const byteText = (c: string): string => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;

function numberText(value: number, type: ZeekType): string {
  if (type === 'time') return timeText(value);
  if (type === 'interval') return value.toFixed(6);
  return Number.isInteger(value) ? String(value) : String(Number(value.toFixed(6)));
}

// What Zeek escapes: controls (the separator among them), DEL, the backslash itself, and bytes beyond ASCII, which strings of raw
// bytes hold as characters up to 0xff.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const ESCAPED = /[\x00-\x1f\\\x7f-\xff]/g;

function stringText(value: string): string {
  if (value === '') return EMPTY;
  if (value === UNSET) return '\\x2d';
  const text = value.replace(ESCAPED, (c) => (c === '\\' ? '\\\\' : byteText(c)));
  // A value that looks like the mark for an empty one.
  return text.startsWith(EMPTY) ? `\\x28${text.slice(1)}` : text;
}

/** A day and time as Zeek's `#open` and `#close` lines have it, in UTC. */
export function dayText(microseconds: number): string {
  const date = new Date(microseconds / 1e3);
  return Number.isNaN(date.getTime()) ? UNSET : date.toISOString().slice(0, 19).replace(/[T:]/g, '-');
}
