/**
 * Raw contents of registers and memory, and engineering values. Engineering value = raw × scale; where 1/scale is a whole number the code divides by it,
 * so that 3 × 0.1 is 0.3.
 */
import type { ModbusPoint } from '@penstock/core';

export const KIND_BOOL = 0;
const KIND_UINT16 = 1;
const KIND_INT16 = 2;
const KIND_UINT32 = 3;
const KIND_INT32 = 4;
export const KIND_FLOAT32 = 5;

const KINDS: Record<ModbusPoint['type'], number> = {
  bool: KIND_BOOL,
  uint16: KIND_UINT16,
  int16: KIND_INT16,
  uint32: KIND_UINT32,
  int32: KIND_INT32,
  float32: KIND_FLOAT32,
};

export const kindOf = (type: ModbusPoint['type']): number => KINDS[type];
export const registersOf = (kind: number): number => (kind >= KIND_UINT32 ? 2 : 1);

const scratch = new DataView(new ArrayBuffer(4));

/** How one point is scaled: value = raw × multiply / divide, one of the two being 1. */
export interface Scaling {
  readonly multiply: number;
  readonly divide: number;
}

export function scalingOf(scale: number): Scaling {
  const inverse = Math.round(1 / scale);
  const whole = inverse > 1 && Math.abs(1 / scale - inverse) < 1e-9 * inverse;
  return whole ? { multiply: 1, divide: inverse } : { multiply: scale, divide: 1 };
}

/**
 * The raw content for an engineering value, unsigned, 16 or 32 bits. Integers round to the nearest and clamp to what the register
 * holds, as converters of controllers do. A value that is not a number gives the marks that SunSpec's information model
 * (clause 4.2) and many devices use: 0xFFFF and 0xFFFFFFFF unsigned, 0x8000 and 0x80000000 signed, the quiet NaN 0x7FC00000; a
 * boolean is then 0.
 */
export function rawOf(kind: number, value: number, multiply: number, divide: number): number {
  const scaled = (value * divide) / multiply;
  switch (kind) {
    case KIND_BOOL:
      return value !== 0 && !Number.isNaN(value) ? 1 : 0;
    case KIND_UINT16:
      return scaled >= 0xffff || Number.isNaN(scaled) ? 0xffff : scaled > 0 ? Math.round(scaled) : 0;
    case KIND_INT16:
      return (scaled >= 0x7fff ? 0x7fff : scaled > -0x8000 ? Math.round(scaled) : -0x8000) & 0xffff;
    case KIND_UINT32:
      return scaled >= 0xffff_ffff || Number.isNaN(scaled) ? 0xffff_ffff : scaled > 0 ? Math.round(scaled) : 0;
    case KIND_INT32:
      return (scaled >= 0x7fff_ffff ? 0x7fff_ffff : scaled > -0x8000_0000 ? Math.round(scaled) : -0x8000_0000) >>> 0;
    default:
      if (Number.isNaN(scaled)) return 0x7fc0_0000;
      scratch.setFloat32(0, scaled);
      return scratch.getUint32(0);
  }
}

/** The engineering value of raw content; NaN only for a float32 that is none. */
export function engineeringOf(kind: number, raw: number, multiply: number, divide: number): number {
  switch (kind) {
    case KIND_BOOL:
      return raw === 0 ? 0 : 1;
    case KIND_INT16:
      return (((raw << 16) >> 16) * multiply) / divide;
    case KIND_INT32:
      return ((raw | 0) * multiply) / divide;
    case KIND_FLOAT32:
      scratch.setUint32(0, raw);
      return (scratch.getFloat32(0) * multiply) / divide;
    default:
      return (raw * multiply) / divide;
  }
}
