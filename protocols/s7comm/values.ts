/** Raw contents of S7 memory and engineering values; scaled as Modbus registers are. */
import type { S7Type } from '@penstock/core';
import { engineeringOf, kindOf, rawOf } from '../exchange/raw-values.ts';

/** Kinds of the shared conversions, for the types that are plain numbers. */
const KIND: Readonly<Partial<Record<S7Type, number>>> = {
  bool: kindOf('bool'),
  word: kindOf('uint16'),
  int: kindOf('int16'),
  dword: kindOf('uint32'),
  dint: kindOf('int32'),
  real: kindOf('float32'),
  time: kindOf('int32'),
};

/** Raw content for an engineering value, unsigned, as many bytes as the type has. Integers round and clamp. */
export function rawOfType(type: S7Type, value: number, multiply: number, divide: number): number {
  const kind = KIND[type];
  if (kind !== undefined) return rawOf(kind, value, multiply, divide);
  const scaled = (value * divide) / multiply;
  if (type === 'byte' || type === 'char')
    return scaled >= 0xff || Number.isNaN(scaled) ? 0xff : Math.max(0, Math.round(scaled));
  return type === 'counter' ? bcd(clamped(scaled, 999)) : s5time(scaled);
}

/** Engineering value of raw content; NaN for a real that is none, and for BCD digits that are none. */
export function engineeringOfType(type: S7Type, raw: number, multiply: number, divide: number): number {
  const kind = KIND[type];
  if (kind !== undefined) return engineeringOf(kind, raw, multiply, divide);
  const plain = type === 'byte' || type === 'char' ? raw : type === 'counter' ? unBcd(raw & 0xfff) : fromS5time(raw);
  return (plain * multiply) / divide;
}

const clamped = (value: number, most: number): number =>
  Number.isNaN(value) ? 0 : Math.min(most, Math.max(0, Math.round(value)));

const bcd = (value: number): number =>
  (Math.floor(value / 100) << 8) | (Math.floor((value % 100) / 10) << 4) | (value % 10);

function unBcd(raw: number): number {
  const [hundreds, tens, ones] = [raw >> 8, (raw >> 4) & 15, raw & 15];
  return hundreds > 9 || tens > 9 || ones > 9 ? Number.NaN : hundreds * 100 + tens * 10 + ones;
}

/** Milliseconds of one step of an S5TIME, by its base: two bits above three BCD digits. */
const S5_STEPS = [10, 100, 1000, 10_000] as const;

/** The finest base that holds so many milliseconds. */
function s5time(milliseconds: number): number {
  const wanted = clamped(milliseconds, 9_990_000);
  const base = S5_STEPS.findIndex((step) => wanted <= 999 * step);
  return (base << 12) | bcd(Math.round(wanted / (S5_STEPS[base] as number)));
}

const fromS5time = (raw: number): number => unBcd(raw & 0xfff) * (S5_STEPS[(raw >> 12) & 3] as number);
