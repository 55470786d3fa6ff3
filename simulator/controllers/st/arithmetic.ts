/**
 * Operations of two number slots, written out for each width so that every closure is one machine operation and its wrap: two's complement
 * for integers (clause 6.4.2.1), single precision at every step for REAL, IEEE 754 for division of reals, truncation towards zero for
 * integers.
 */
import { Fault, type Op } from './closures.ts';
import type { Arithmetic, Relation } from './ir.ts';
import type { Elementary } from './types.ts';

/** `m[d] = m[a] ∘ m[b]` */
export type Binary = (m: Float64Array, d: number, a: number, b: number, line: number) => Op;
export type Unary = (m: Float64Array, d: number, a: number) => Op;

const { fround, imul } = Math;

/** By operation and type; TIME, TIME_OF_DAY, DATE and DATE_AND_TIME use the row of TIME. */
const TABLE: Record<string, Record<string, Binary>> = {
  add: {
    SINT: (m, d, a, b) => () => {
      m[d] = ((m[a] + m[b]) << 24) >> 24;
    },
    INT: (m, d, a, b) => () => {
      m[d] = ((m[a] + m[b]) << 16) >> 16;
    },
    DINT: (m, d, a, b) => () => {
      m[d] = (m[a] + m[b]) | 0;
    },
    USINT: (m, d, a, b) => () => {
      m[d] = (m[a] + m[b]) & 0xff;
    },
    UINT: (m, d, a, b) => () => {
      m[d] = (m[a] + m[b]) & 0xffff;
    },
    UDINT: (m, d, a, b) => () => {
      m[d] = (m[a] + m[b]) >>> 0;
    },
    REAL: (m, d, a, b) => () => {
      m[d] = fround(m[a] + m[b]);
    },
    LREAL: (m, d, a, b) => () => {
      m[d] = m[a] + m[b];
    },
    TIME: (m, d, a, b) => () => {
      m[d] = m[a] + m[b];
    },
  },
  sub: {
    SINT: (m, d, a, b) => () => {
      m[d] = ((m[a] - m[b]) << 24) >> 24;
    },
    INT: (m, d, a, b) => () => {
      m[d] = ((m[a] - m[b]) << 16) >> 16;
    },
    DINT: (m, d, a, b) => () => {
      m[d] = (m[a] - m[b]) | 0;
    },
    USINT: (m, d, a, b) => () => {
      m[d] = (m[a] - m[b]) & 0xff;
    },
    UINT: (m, d, a, b) => () => {
      m[d] = (m[a] - m[b]) & 0xffff;
    },
    UDINT: (m, d, a, b) => () => {
      m[d] = (m[a] - m[b]) >>> 0;
    },
    REAL: (m, d, a, b) => () => {
      m[d] = fround(m[a] - m[b]);
    },
    LREAL: (m, d, a, b) => () => {
      m[d] = m[a] - m[b];
    },
    TIME: (m, d, a, b) => () => {
      m[d] = m[a] - m[b];
    },
  },
  mul: {
    SINT: (m, d, a, b) => () => {
      m[d] = (imul(m[a], m[b]) << 24) >> 24;
    },
    INT: (m, d, a, b) => () => {
      m[d] = (imul(m[a], m[b]) << 16) >> 16;
    },
    DINT: (m, d, a, b) => () => {
      m[d] = imul(m[a], m[b]);
    },
    USINT: (m, d, a, b) => () => {
      m[d] = imul(m[a], m[b]) & 0xff;
    },
    UINT: (m, d, a, b) => () => {
      m[d] = imul(m[a], m[b]) & 0xffff;
    },
    UDINT: (m, d, a, b) => () => {
      m[d] = imul(m[a], m[b]) >>> 0;
    },
    REAL: (m, d, a, b) => () => {
      m[d] = fround(m[a] * m[b]);
    },
    LREAL: (m, d, a, b) => () => {
      m[d] = m[a] * m[b];
    },
    TIME: (m, d, a, b) => () => {
      m[d] = wholeTime(m[a] * m[b]);
    },
  },
  div: {
    SINT: (m, d, a, b, line) => () => {
      m[d] = (quotient(m[a], m[b], line) << 24) >> 24;
    },
    INT: (m, d, a, b, line) => () => {
      m[d] = (quotient(m[a], m[b], line) << 16) >> 16;
    },
    DINT: (m, d, a, b, line) => () => {
      m[d] = quotient(m[a], m[b], line) | 0;
    },
    USINT: (m, d, a, b, line) => () => {
      m[d] = quotient(m[a], m[b], line);
    },
    UINT: (m, d, a, b, line) => () => {
      m[d] = quotient(m[a], m[b], line);
    },
    UDINT: (m, d, a, b, line) => () => {
      m[d] = quotient(m[a], m[b], line);
    },
    REAL: (m, d, a, b) => () => {
      m[d] = fround(m[a] / m[b]);
    },
    LREAL: (m, d, a, b) => () => {
      m[d] = m[a] / m[b];
    },
    TIME: (m, d, a, b, line) => () => {
      m[d] = timeQuotient(m[a], m[b], line);
    },
  },
  mod: Object.fromEntries(
    ['SINT', 'INT', 'DINT', 'USINT', 'UINT', 'UDINT'].map((name): [string, Binary] => [
      name,
      (m, d, a, b, line) => () => {
        m[d] = remainder(m[a], m[b], line);
      },
    ]),
  ),
  power: {
    REAL: (m, d, a, b) => () => {
      m[d] = fround(m[a] ** m[b]);
    },
    LREAL: (m, d, a, b) => () => {
      m[d] = m[a] ** m[b];
    },
  },
};

function quotient(a: number, b: number, line: number): number {
  if (b === 0) throw divisionByZero(line);
  return Math.trunc(a / b);
}

/** Sign of the dividend, as truncation towards zero has it. */
function remainder(a: number, b: number, line: number): number {
  if (b === 0) throw divisionByZero(line);
  return (a % b) + 0;
}

function timeQuotient(a: number, b: number, line: number): number {
  if (b === 0) throw divisionByZero(line);
  return wholeTime(a / b);
}

export const divisionByZero = (line: number): Fault => new Fault('st.divide', 'division by zero', line);

const MAX_TIME = Number.MAX_SAFE_INTEGER;

/** A duration in whole microseconds; what is no number becomes 0, what does not fit the largest duration. */
export function wholeTime(value: number): number {
  if (Number.isNaN(value)) return 0;
  const whole = Math.trunc(value);
  return whole > MAX_TIME ? MAX_TIME : whole < -MAX_TIME ? -MAX_TIME : whole + 0;
}

export function binaryOp(name: Arithmetic, type: Elementary): Binary {
  return TABLE[name][type.family === 'date' ? 'TIME' : type.name];
}

/** `m[d] = m[x] * m[y] ± m[c]` in one closure, since control code is full of it. */
export const FUSED: Record<string, (m: Float64Array, d: number, x: number, y: number, c: number) => Op> = {
  'add REAL': (m, d, x, y, c) => () => {
    m[d] = fround(fround(m[x] * m[y]) + m[c]);
  },
  'add LREAL': (m, d, x, y, c) => () => {
    m[d] = m[x] * m[y] + m[c];
  },
  'sub REAL': (m, d, x, y, c) => () => {
    m[d] = fround(fround(m[x] * m[y]) - m[c]);
  },
  'sub LREAL': (m, d, x, y, c) => () => {
    m[d] = m[x] * m[y] - m[c];
  },
};

export const NEGATE: Record<string, Unary> = {
  SINT: (m, d, a) => () => {
    m[d] = (-m[a] << 24) >> 24;
  },
  INT: (m, d, a) => () => {
    m[d] = (-m[a] << 16) >> 16;
  },
  DINT: (m, d, a) => () => {
    m[d] = -m[a] | 0;
  },
  USINT: (m, d, a) => () => {
    m[d] = -m[a] & 0xff;
  },
  UINT: (m, d, a) => () => {
    m[d] = -m[a] & 0xffff;
  },
  UDINT: (m, d, a) => () => {
    m[d] = -m[a] >>> 0;
  },
  REAL: (m, d, a) => () => {
    m[d] = -m[a];
  },
  LREAL: (m, d, a) => () => {
    m[d] = -m[a];
  },
  TIME: (m, d, a) => () => {
    m[d] = 0 - m[a];
  },
};

/** `m[d] = m[a] ∘ m[b]` bit by bit, for BYTE, WORD and DWORD. */
export const BITWISE: Record<'and' | 'or' | 'xor', Binary> = {
  and: (m, d, a, b) => () => {
    m[d] = (m[a] & m[b]) >>> 0;
  },
  or: (m, d, a, b) => () => {
    m[d] = (m[a] | m[b]) >>> 0;
  },
  xor: (m, d, a, b) => () => {
    m[d] = (m[a] ^ m[b]) >>> 0;
  },
};

export const COMPLEMENT: Record<string, Unary> = {
  BYTE: (m, d, a) => () => {
    m[d] = ~m[a] & 0xff;
  },
  WORD: (m, d, a) => () => {
    m[d] = ~m[a] & 0xffff;
  },
  DWORD: (m, d, a) => () => {
    m[d] = ~m[a] >>> 0;
  },
};

/** Comparisons of two slots. */
export const COMPARE: Record<Relation, (m: Float64Array, a: number, b: number) => () => boolean> = {
  '<': (m, a, b) => () => m[a] < m[b],
  '>': (m, a, b) => () => m[a] > m[b],
  '<=': (m, a, b) => () => m[a] <= m[b],
  '>=': (m, a, b) => () => m[a] >= m[b],
  '=': (m, a, b) => () => m[a] === m[b],
  '<>': (m, a, b) => () => m[a] !== m[b],
};

/** The same after operations that compute the operands. */
export const COMPARE_AFTER: Record<Relation, (before: Op, m: Float64Array, a: number, b: number) => () => boolean> = {
  '<': (before, m, a, b) => () => {
    before();
    return m[a] < m[b];
  },
  '>': (before, m, a, b) => () => {
    before();
    return m[a] > m[b];
  },
  '<=': (before, m, a, b) => () => {
    before();
    return m[a] <= m[b];
  },
  '>=': (before, m, a, b) => () => {
    before();
    return m[a] >= m[b];
  },
  '=': (before, m, a, b) => () => {
    before();
    return m[a] === m[b];
  },
  '<>': (before, m, a, b) => () => {
    before();
    return m[a] !== m[b];
  },
};

/** Reduces a whole number (of at most 53 bits) to an integer or bit type by two's complement. */
export function wrapNumber(type: Elementary, value: number): number {
  switch (type.name) {
    case 'BOOL':
      return value === 0 ? 0 : 1;
    case 'SINT':
      return (value << 24) >> 24;
    case 'INT':
      return (value << 16) >> 16;
    case 'DINT':
      return value | 0;
    case 'USINT':
    case 'BYTE':
      return value & 0xff;
    case 'UINT':
    case 'WORD':
      return value & 0xffff;
    default:
      return value >>> 0;
  }
}
