/** Standard functions and conversions whose result is a number. */
import type { Op } from './closures.ts';
import { numberConversion, textToNumber } from './conversions.ts';
import type { Code } from './generate.ts';
import { bigAsNumber } from './generate-big.ts';
import type { Node } from './ir.ts';
import { NOW } from './memory.ts';
import { DATE_AND_TIME, type Elementary, LREAL, REAL, scalarOf } from './types.ts';

const { fround } = Math;

/** Converts to a type that is kept as a number and returns the slot of the result. */
export function conversion(
  code: Code,
  node: Extract<Node, { op: 'convert' }>,
  out: Op[],
  target: () => number,
): number {
  const { m } = code;
  const { operand, truncate } = node;
  const from = scalarOf(operand.type) as Elementary;
  const to = node.type as Elementary;
  if (from.store === 'big') {
    const read = bigAsNumber(code, operand, to);
    const d = target();
    out.push(() => {
      m[d] = read();
    });
    return d;
  }
  if (from.store === 'text') {
    const read = code.text(operand);
    const parse = textToNumber(to);
    const d = target();
    out.push(() => {
      m[d] = parse(read());
    });
    return d;
  }
  const a = code.number(operand, out);
  const convert = numberConversion(from, to, truncate);
  if (convert === undefined) return a;
  const d = target();
  if (convert === fround)
    out.push(() => {
      m[d] = fround(m[a]);
    });
  else
    out.push(() => {
      m[d] = convert(m[a]);
    });
  return d;
}

const MATH: Record<string, (x: number) => number> = {
  LN: Math.log,
  LOG: Math.log10,
  EXP: Math.exp,
  SIN: Math.sin,
  COS: Math.cos,
  TAN: Math.tan,
  ASIN: Math.asin,
  ACOS: Math.acos,
  ATAN: Math.atan,
};

export function numberFunction(
  code: Code,
  node: Extract<Node, { op: 'function' }>,
  out: Op[],
  target: () => number,
): number {
  const { m } = code;
  const { name } = node;
  const type = scalarOf(node.type) as Elementary;
  if (name === 'LEN') {
    const value = code.text(node.args[0]);
    const d = target();
    out.push(() => {
      m[d] = value().length;
    });
    return d;
  }
  if (name === 'FIND') {
    const [value, wanted] = [code.text(node.args[0]), code.text(node.args[1])];
    const d = target();
    out.push(() => {
      const [text, part] = [value(), wanted()];
      m[d] = part === '' ? 0 : text.indexOf(part) + 1;
    });
    return d;
  }
  const slots = argumentSlots(code, node.args, out);
  const d = target();
  out.push(operation(m, name, type, d, slots));
  return d;
}

/** An argument that is a plain variable is copied where a later one calls a function that may change it. */
function argumentSlots(code: Code, args: readonly Node[], out: Op[]): number[] {
  const lastCall = args.findLastIndex((node) => node.calls);
  return args.map((node, i) => code.number(node, out, i < lastCall && node.op !== 'constant' ? code.temporary() : -1));
}

function operation(m: Float64Array, name: string, type: Elementary, d: number, slots: readonly number[]): Op {
  const [a, b, c] = slots;
  switch (name) {
    case 'ABS':
      // The smallest value of a signed type has no positive counterpart: it stays, as two's complement has it.
      return type.family === 'signed' && type.bits < 64
        ? () => {
            m[d] = m[a] < 0 ? wrapNegative(-m[a], type.bits) : m[a];
          }
        : () => {
            m[d] = Math.abs(m[a]);
          };
    case 'SQRT':
      return type === REAL
        ? () => {
            m[d] = fround(Math.sqrt(m[a]));
          }
        : () => {
            m[d] = Math.sqrt(m[a]);
          };
    case 'ATAN2':
      return type === REAL
        ? () => {
            m[d] = fround(Math.atan2(m[a], m[b]));
          }
        : () => {
            m[d] = Math.atan2(m[a], m[b]);
          };
    case 'MAX':
      return () => {
        const x = m[a];
        const y = m[b];
        m[d] = x > y ? x : y;
      };
    case 'MIN':
      return () => {
        const x = m[a];
        const y = m[b];
        m[d] = x < y ? x : y;
      };
    case 'LIMIT':
      // MIN(MAX(IN, MN), MX); what is no number stays so.
      return () => {
        const low = m[a];
        const value = m[b];
        const high = m[c];
        const raised = value < low ? low : value;
        m[d] = raised > high ? high : raised;
      };
    case 'SEL':
      return () => {
        m[d] = m[a] === 0 ? m[b] : m[c];
      };
    case 'MUX': {
      const last = slots.length - 1;
      return () => {
        const k = m[a];
        m[d] = m[slots[k < 0 ? 1 : k >= last ? last : k + 1]];
      };
    }
    case 'SHL':
    case 'SHR':
    case 'ROL':
    case 'ROR':
      return shift(m, name, type.bits, d, a, b);
    case 'CONCAT_DATE_TOD':
      return () => {
        m[d] = m[a] + m[b];
      };
    case 'TIME':
      return () => {
        m[d] = m[NOW];
      };
    default: {
      const f = MATH[name];
      if (f === undefined || (type !== REAL && type !== LREAL && type !== DATE_AND_TIME))
        throw new TypeError(`${name} makes no ${type.name}`);
      return type === REAL
        ? () => {
            m[d] = fround(f(m[a]));
          }
        : () => {
            m[d] = f(m[a]);
          };
    }
  }
}

const wrapNegative = (value: number, bits: number): number => (value === 2 ** (bits - 1) ? -value : value);

/** Shifts fill with zeros and rotations keep within the width (table 30). A negative or too large count leaves nothing. */
function shift(m: Float64Array, name: string, bits: number, d: number, a: number, b: number): Op {
  const mask = bits === 32 ? 0xffffffff : (1 << bits) - 1;
  const inside = (n: number): boolean => n >= 0 && n < bits;
  if (name === 'SHL')
    return () => {
      m[d] = inside(m[b]) ? ((m[a] << m[b]) & mask) >>> 0 : 0;
    };
  if (name === 'SHR')
    return () => {
      m[d] = inside(m[b]) ? m[a] >>> m[b] : 0;
    };
  const sign = name === 'ROL' ? 1 : -1;
  return () => {
    const turn = (((sign * m[b]) % bits) + bits) % bits;
    const value = m[a];
    m[d] = turn === 0 ? value : (((value << turn) | (value >>> (bits - turn))) & mask) >>> 0;
  };
}
