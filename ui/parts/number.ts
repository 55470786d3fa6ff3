/** How values are written: with as many digits as the tag's range deserves, a real minus sign, and its unit apart. */
import type { Tag } from '../store/range.ts';

/** Decimals that show a thousandth of a tag's range. */
function decimalsOf({ range: [low, high] }: Pick<Tag, 'range'>): number {
  const step = (high - low) / 1000;
  return step > 0 ? Math.max(0, Math.min(4, Math.ceil(-Math.log10(step)))) : 2;
}

/** A value without its unit: `8.31`, `running`, `–` where there is none. */
export function written(tag: Pick<Tag, 'range' | 'states'>, value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (tag.states) return tag.states[value === 0 ? 0 : 1];
  return value.toFixed(decimalsOf(tag)).replace('-', '\u2212');
}

export const unitOf = (tag: Pick<Tag, 'states' | 'unit'>): string => (tag.states ? '' : tag.unit);

/** `2:03:15` since the run's start. */
export function elapsed(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** The plant's own time of day, `09:12:44`, its calendar being UTC. */
export function plantTime(startsAt: number, seconds: number): string {
  return new Date(startsAt + seconds * 1000).toISOString().slice(11, 19);
}

/** `AIC-301_SP` for `AIC301_SP`: ISA-5.1 with the hyphen that people read. */
export const shown = (tag: string): string => tag.replace(/^([A-Z]+)(\d)/, '$1-$2');

export type Beyond = 'lowLow' | 'low' | 'high' | 'highHigh' | 'state';

/** The alarm limit that a value is beyond, the innermost last; undefined within. */
export function beyond({ alarms }: Pick<Tag, 'alarms'>, value: number): Beyond | undefined {
  if (!alarms || !Number.isFinite(value)) return undefined;
  const { lowLow, low, high, highHigh, state } = alarms;
  if (state !== null) return (value !== 0) === state ? 'state' : undefined;
  if (highHigh !== null && value > highHigh) return 'highHigh';
  if (lowLow !== null && value < lowLow) return 'lowLow';
  if (high !== null && value > high) return 'high';
  if (low !== null && value < low) return 'low';
  return undefined;
}
