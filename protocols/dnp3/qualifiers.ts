/** Qualifiers (IEEE 1815-2012, clause 4.2.2.7): how a header says which objects follow, and what stands before each. */
import type { ByteReader, ByteWriter } from './bytes.ts';
import { refused } from './bytes.ts';

/** The usual ones. */
export const QUALIFIER = {
  startStop8: 0x00,
  startStop16: 0x01,
  startStop32: 0x02,
  all: 0x06,
  count8: 0x07,
  count16: 0x08,
  count32: 0x09,
  index8: 0x17,
  index16: 0x28,
  index32: 0x39,
  /** A count of objects with their size in 16 bits before each: files, security. */
  sized: 0x5b,
} as const;

export type ObjectRange =
  | { readonly kind: 'all' }
  /** Both included. */
  | { readonly kind: 'start-stop'; readonly start: number; readonly stop: number }
  /** The first so many, or so many objects without an index (times). */
  | { readonly kind: 'count'; readonly count: number }
  /** Each item has its index before it. */
  | { readonly kind: 'indices' }
  /** Each item has its size before it. */
  | { readonly kind: 'sized' };

type Octets = 1 | 2 | 4;

/** A qualifier taken apart: octets of the range's numbers, and of the prefix before each object. */
export interface QualifierForm {
  readonly kind: ObjectRange['kind'];
  readonly range: 0 | Octets;
  readonly prefix: 0 | Octets;
}

const WIDTHS = [1, 2, 4] as const;

/** `illegal`: reserved codes, and a prefix that its range does not have; `unsupported`: virtual addresses. */
export function qualifierForm(qualifier: number): QualifierForm | 'illegal' | 'unsupported' {
  return FORMS[qualifier & 0xff] as QualifierForm | 'illegal' | 'unsupported';
}

const FORMS = Array.from({ length: 256 }, (_, qualifier) => formOf(qualifier));

function formOf(qualifier: number): QualifierForm | 'illegal' | 'unsupported' {
  const prefix = qualifier >> 4;
  const code = qualifier & 0x0f;
  if (prefix > 6) return 'illegal';
  if (code <= 2 && prefix === 0) return { kind: 'start-stop', range: WIDTHS[code] as Octets, prefix: 0 };
  if (code <= 5 && prefix === 0) return 'unsupported';
  if (code === 6 && prefix === 0) return { kind: 'all', range: 0, prefix: 0 };
  if (code >= 7 && code <= 9 && prefix <= 3) {
    const range = WIDTHS[code - 7] as Octets;
    return prefix === 0
      ? { kind: 'count', range, prefix: 0 }
      : { kind: 'indices', range, prefix: WIDTHS[prefix - 1] as Octets };
  }
  if (code === 0xb && prefix >= 4) return { kind: 'sized', range: 1, prefix: WIDTHS[prefix - 4] as Octets };
  return 'illegal';
}

export function readWidth(reader: ByteReader, octets: number): number {
  return octets === 1 ? reader.u8() : octets === 2 ? reader.u16() : reader.u32();
}

export function writeWidth(writer: ByteWriter, octets: number, value: number, what: string): void {
  if (octets === 1) writer.u8(value, what);
  else if (octets === 2) writer.u16(value, what);
  else writer.u32(value, what);
}

/**
 * The smallest qualifier that a range of this kind can have, `largest` being the highest index, count or stop.
 * @throws PenstockError `dnp3.encode` for a number of more than 32 bits.
 */
export function smallestQualifier(kind: 'start-stop' | 'count' | 'indices', largest: number): number {
  const width = largest <= 0xff ? 0 : largest <= 0xffff ? 1 : largest <= 0xffff_ffff ? 2 : 3;
  if (width === 3) throw refused(`indices have at most 32 bits, so not ${largest}`);
  if (kind === 'start-stop') return width;
  return kind === 'count' ? 7 + width : ([0x17, 0x28, 0x39] as const)[width];
}
