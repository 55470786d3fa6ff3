/** Values of literals (IEC 61131-3 ed. 3, tables 5 to 9). Every function returns undefined for text that has no value. */

const digits = (text: string): string => text.replaceAll('_', '');

/** `5`, `1_000`, `16#FF`, `-2#1010`. */
export function integerValue(text: string): bigint | undefined {
  const match = /^([-+]?)(?:(2|8|16)#)?([0-9a-f_]+)$/i.exec(text);
  if (!match) return undefined;
  const [, sign, base, body] = match;
  const prefix = base === '16' ? '0x' : base === '8' ? '0o' : base === '2' ? '0b' : '';
  try {
    const value = BigInt(prefix + digits(body));
    return sign === '-' ? -value : value;
  } catch {
    return undefined;
  }
}

export function realValue(text: string): number | undefined {
  const value = Number(digits(text));
  return Number.isFinite(value) ? value : undefined;
}

const UNITS: Record<string, number> = { d: 86_400e6, h: 3600e6, m: 60e6, s: 1e6, ms: 1e3, us: 1, ns: 1e-3 };
const UNIT_ORDER = ['d', 'h', 'm', 's', 'ms', 'us', 'ns'];

/** `T#1h30m`, `TIME#-1.5s`, `t#1d_2h` in whole microseconds. Units fall from left to right and only the last part has a fraction. */
export function durationValue(text: string): number | undefined {
  const body = digits(text.slice(text.indexOf('#') + 1)).toLowerCase();
  const negative = body.startsWith('-');
  const parts = [...body.replace(/^[-+]/, '').matchAll(/([0-9]+)(\.[0-9]+)?(ms|us|ns|d|h|m|s)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== body.replace(/^[-+]/, '')) return undefined;
  let sum = 0;
  let last = -1;
  for (const [i, part] of parts.entries()) {
    const order = UNIT_ORDER.indexOf(part[3]);
    if (order <= last || (part[2] !== undefined && i < parts.length - 1)) return undefined;
    last = order;
    sum += Number(part[1] + (part[2] ?? '')) * UNITS[part[3]];
  }
  sum = Math.round(sum);
  return Number.isSafeInteger(sum) ? (negative ? -sum : sum) : undefined;
}

/** `D#2025-01-31`, `TOD#12:30:00.5`, `DT#2025-01-31-12:30:00` in microseconds. */
export function dateValue(text: string): { type: 'DATE' | 'TIME_OF_DAY' | 'DATE_AND_TIME'; value: number } | undefined {
  const [prefix, body] = [text.slice(0, text.indexOf('#')).toUpperCase(), digits(text.slice(text.indexOf('#') + 1))];
  if (prefix === 'D' || prefix === 'DATE') {
    const value = day(body);
    return value === undefined ? undefined : { type: 'DATE', value };
  }
  if (prefix === 'TOD' || prefix === 'TIME_OF_DAY') {
    const value = timeOfDay(body);
    return value === undefined ? undefined : { type: 'TIME_OF_DAY', value };
  }
  const [date, time] = [day(body.slice(0, 10)), timeOfDay(body.slice(11))];
  if (date === undefined || time === undefined || body[10] !== '-') return undefined;
  return { type: 'DATE_AND_TIME', value: date + time };
}

function day(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const [year, month, date] = text.split('-').map(Number);
  const value = Date.UTC(year, month - 1, date);
  const check = new Date(value);
  return check.getUTCMonth() === month - 1 && check.getUTCDate() === date && year >= 1970 ? value * 1000 : undefined;
}

function timeOfDay(text: string): number | undefined {
  const match = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?$/.exec(text);
  if (!match) return undefined;
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  return hour < 24 && minute < 60 && second < 60 ? Math.round(hour * 3600e6 + minute * 60e6 + second * 1e6) : undefined;
}

const ESCAPES: Record<string, string> = { l: '\n', n: '\n', p: '\f', r: '\r', t: '\t' };

/** `'It$'s'`, `"…"`, `STRING#'…'` with the escapes of table 6. */
export function textValue(text: string): string | undefined {
  const quote = text.search(/['"]/);
  const body = text.slice(quote + 1, -1);
  let bad = false;
  const value = body.replace(/\$([0-9a-f]{2}|[\s\S])/gi, (_, code: string) => {
    if (code.length === 2) return String.fromCharCode(Number.parseInt(code, 16));
    if (code === '$' || code === "'" || code === '"') return code;
    const control = ESCAPES[code.toLowerCase()];
    if (control === undefined) bad = true;
    return control ?? '';
  });
  return bad ? undefined : value;
}
