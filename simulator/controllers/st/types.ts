/**
 * Types of Structured Text (IEC 61131-3 ed. 3, table 10) and how they lie in memory. A variable has up to three parts: slots of 64-bit
 * floats (everything up to 32 bits, REAL, LREAL, TIME and dates), slots of 64-bit integers, and strings.
 */

export type Family = 'bool' | 'signed' | 'unsigned' | 'bits' | 'real' | 'time' | 'date' | 'string';

/** Where the values of a type are kept. */
export type Store = 'number' | 'big' | 'text';

export interface Elementary {
  readonly kind: 'elementary';
  readonly name: string;
  readonly family: Family;
  readonly bits: number;
  readonly store: Store;
  /** Longest string in characters; 0 for other types. */
  readonly length: number;
}

export interface Enumeration {
  readonly kind: 'enum';
  readonly name: string;
  readonly base: Elementary;
  /** Values by upper-case name, in the order of declaration. */
  readonly values: ReadonlyMap<string, number>;
}

/** A subrange of an integer type. Assigning a value outside of it faults the controller. */
export interface Subrange {
  readonly kind: 'subrange';
  readonly name: string;
  readonly base: Elementary;
  readonly low: number;
  readonly high: number;
}

export interface ArrayType {
  readonly kind: 'array';
  readonly name: string;
  readonly bounds: readonly { readonly low: number; readonly high: number }[];
  readonly of: Type;
  readonly size: Size;
}

export interface Member {
  readonly name: string;
  readonly type: Type;
  readonly offset: Size;
  readonly initial: Initial | undefined;
  readonly section: 'input' | 'output' | 'inout' | 'internal' | 'temp' | 'external' | 'result';
  readonly retain: boolean;
  readonly constant: boolean;
  readonly location: string | undefined;
}

export interface StructType {
  readonly kind: 'struct';
  readonly name: string;
  /** By upper-case name, in the order of declaration. */
  readonly members: ReadonlyMap<string, Member>;
  readonly size: Size;
}

/** An instance of a function block. `members` includes its internal variables; only inputs and outputs are seen from outside. */
export interface BlockType {
  readonly kind: 'block';
  readonly name: string;
  readonly members: ReadonlyMap<string, Member>;
  readonly size: Size;
}

export type Type = Elementary | Enumeration | Subrange | ArrayType | StructType | BlockType;

/** An initial value as it was declared, in the form that its type wants. */
export type Initial =
  | { readonly kind: 'value'; readonly value: Value }
  | {
      readonly kind: 'array';
      readonly elements: readonly { readonly count: number; readonly value: Initial | undefined }[];
    }
  | { readonly kind: 'struct'; readonly members: ReadonlyMap<string, Initial> };

/** A constant: number for what is stored as a double, bigint for 64-bit integers, string for text. BOOL is 0 or 1, TIME µs. */
export type Value = number | bigint | string;

/** Slots that a variable takes, or an offset, in each of the three stores. */
export interface Size {
  readonly number: number;
  readonly big: number;
  readonly text: number;
}

export const NO_SIZE: Size = { number: 0, big: 0, text: 0 };
export const plus = (a: Size, b: Size): Size => ({
  number: a.number + b.number,
  big: a.big + b.big,
  text: a.text + b.text,
});
export const times = (a: Size, n: number): Size => ({ number: a.number * n, big: a.big * n, text: a.text * n });
export const total = (a: Size): number => a.number + a.big + a.text;

const ONE: Record<Store, Size> = {
  number: { number: 1, big: 0, text: 0 },
  big: { number: 0, big: 1, text: 0 },
  text: { number: 0, big: 0, text: 1 },
};

export function sizeOf(type: Type): Size {
  if (type.kind === 'elementary') return ONE[type.store];
  return type.kind === 'enum' || type.kind === 'subrange' ? ONE[type.base.store] : type.size;
}

const DEFAULT_STRING_LENGTH = 80;
export const MAX_STRING_LENGTH = 1024;

const elementary = (name: string, family: Family, bits: number): Elementary => ({
  kind: 'elementary',
  name,
  family,
  bits,
  store: family === 'string' ? 'text' : bits === 64 && /^(signed|unsigned|bits)$/.test(family) ? 'big' : 'number',
  length: family === 'string' ? DEFAULT_STRING_LENGTH : 0,
});

export const BOOL = elementary('BOOL', 'bool', 1);
export const SINT = elementary('SINT', 'signed', 8);
export const INT = elementary('INT', 'signed', 16);
export const DINT = elementary('DINT', 'signed', 32);
export const LINT = elementary('LINT', 'signed', 64);
const USINT = elementary('USINT', 'unsigned', 8);
const UINT = elementary('UINT', 'unsigned', 16);
export const UDINT = elementary('UDINT', 'unsigned', 32);
export const ULINT = elementary('ULINT', 'unsigned', 64);
export const BYTE = elementary('BYTE', 'bits', 8);
export const WORD = elementary('WORD', 'bits', 16);
export const DWORD = elementary('DWORD', 'bits', 32);
export const LWORD = elementary('LWORD', 'bits', 64);
export const REAL = elementary('REAL', 'real', 32);
export const LREAL = elementary('LREAL', 'real', 64);
/** Whole microseconds, as the run's clock. */
export const TIME = elementary('TIME', 'time', 64);
/** Microseconds since 1970-01-01 at midnight of the day. */
export const DATE = elementary('DATE', 'date', 64);
/** Microseconds since midnight. */
export const TIME_OF_DAY = elementary('TIME_OF_DAY', 'date', 64);
/** Microseconds since 1970-01-01. */
export const DATE_AND_TIME = elementary('DATE_AND_TIME', 'date', 64);
export const STRING = elementary('STRING', 'string', 0);

export const ELEMENTARY: ReadonlyMap<string, Elementary> = new Map<string, Elementary>([
  ...[BOOL, SINT, INT, DINT, LINT, USINT, UINT, UDINT, ULINT, BYTE, WORD, DWORD, LWORD, REAL, LREAL].map(
    (type) => [type.name, type] as const,
  ),
  ...[TIME, DATE, TIME_OF_DAY, DATE_AND_TIME, STRING].map((type) => [type.name, type] as const),
  ['TOD', TIME_OF_DAY],
  ['DT', DATE_AND_TIME],
  // One resolution serves both: whole microseconds over ±285 years.
  ['LTIME', TIME],
]);

export function stringOf(length: number): Elementary {
  return length === DEFAULT_STRING_LENGTH ? STRING : { ...STRING, name: `STRING[${length}]`, length };
}

// Guards name the family, so that a type which fails one is still known to be elementary.
type Of<F extends Family> = Elementary & { readonly family: F };
export const isInteger = (type: Type): type is Of<'signed' | 'unsigned'> =>
  type.kind === 'elementary' && (type.family === 'signed' || type.family === 'unsigned');
export const isNumber = (type: Type): type is Of<'signed' | 'unsigned' | 'real'> =>
  type.kind === 'elementary' && /^(?:signed|unsigned|real)$/.test(type.family);
/** ANY_BIT: BOOL, BYTE, WORD, DWORD, LWORD. */
export const isBits = (type: Type): type is Of<'bits' | 'bool'> =>
  type.kind === 'elementary' && (type.family === 'bits' || type.family === 'bool');
export const isText = (type: Type): type is Of<'string'> => type.kind === 'elementary' && type.family === 'string';

/** The type that values are computed in: a subrange is its base; an enumeration stays itself. */
export const valueType = (type: Type): Type => (type.kind === 'subrange' ? type.base : type);

/** The elementary type that a scalar is stored as; undefined for arrays, structures and blocks. */
export function scalarOf(type: Type): Elementary | undefined {
  if (type.kind === 'elementary') return type;
  return type.kind === 'enum' || type.kind === 'subrange' ? type.base : undefined;
}

export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (a.kind === 'array' && b.kind === 'array')
    return (
      sameType(a.of, b.of) &&
      a.bounds.length === b.bounds.length &&
      a.bounds.every((bound, i) => bound.high - bound.low === b.bounds[i].high - b.bounds[i].low)
    );
  return a.kind === 'elementary' && b.kind === 'elementary' && a.family === 'string' && b.family === 'string';
}

/** Smallest and largest value of an integer or bit type. */
export function limits(type: Elementary): { low: bigint; high: bigint } {
  const bits = BigInt(type.bits);
  if (type.family === 'signed') return { low: -(1n << (bits - 1n)), high: (1n << (bits - 1n)) - 1n };
  return { low: 0n, high: (1n << bits) - 1n };
}

/** Whether a value of type `from` may stand where `to` is wanted without a conversion being written (ed. 3, figure 12). */
export function widens(from: Elementary, to: Elementary): boolean {
  if (from === to) return true;
  const [a, b] = [from.family, to.family];
  if (a === 'string') return b === 'string';
  if (a === 'bool') return b === 'bits';
  if (a === 'bits') return b === 'bits' && from.bits <= to.bits;
  if (a === 'signed') return b === 'signed' ? from.bits <= to.bits : b === 'real' && mantissa(to) >= from.bits - 1;
  if (a === 'unsigned') {
    if (b === 'unsigned') return from.bits <= to.bits;
    return b === 'signed' ? from.bits < to.bits : b === 'real' && mantissa(to) >= from.bits;
  }
  return a === 'real' && b === 'real' && from.bits <= to.bits;
}

const mantissa = (type: Elementary): number => (type.bits === 32 ? 24 : 53);

/** In the order in which a common type is sought. */
const NUMERIC = [SINT, USINT, INT, UINT, DINT, UDINT, LINT, ULINT, REAL, LREAL];
const BITS = [BOOL, BYTE, WORD, DWORD, LWORD];

/** The smallest type that both widen to, undefined when there is none. */
export function commonType(a: Elementary, b: Elementary): Elementary | undefined {
  if (widens(a, b)) return b;
  if (widens(b, a)) return a;
  return (isNumber(a) ? NUMERIC : BITS).find((type) => widens(a, type) && widens(b, type));
}

/** Reduces an integer to the width of a type by two's complement. */
export function wrap(type: Elementary, value: bigint): bigint {
  return type.family === 'signed' ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
}
