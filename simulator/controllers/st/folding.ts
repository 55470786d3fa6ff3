/** Arithmetic on constants while compiling, with the widths that the running program would have. */
import type { Arithmetic, ConstantNode } from './ir.ts';
import { type Elementary, isInteger, isNumber, isText, REAL, TIME, type Value, wrap } from './types.ts';

/** `left name right` computed in `type`; undefined when there is no value (division by zero) or the running program must decide. */
export function fold(name: Arithmetic, type: Elementary, left: Value, right: Value): Value | undefined {
  if (typeof left === 'bigint' && typeof right === 'bigint') {
    const value = foldIntegers(name, left, right);
    if (value === undefined) return undefined;
    // An untyped literal keeps its full value until it gets a type.
    return type.name === 'integer literal' ? value : wrap(type, value);
  }
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  if (isInteger(type)) {
    const value = foldIntegers(name, BigInt(left), BigInt(right));
    return value === undefined ? undefined : Number(wrap(type, value));
  }
  const value = foldReals(name, left, right);
  if (value === undefined) return undefined;
  if (type.family === 'time' || type.family === 'date')
    return Number.isFinite(value) ? Math.trunc(value) + 0 : undefined;
  return type === REAL ? Math.fround(value) : value;
}

function foldIntegers(name: Arithmetic, a: bigint, b: bigint): bigint | undefined {
  if (name === 'add') return a + b;
  if (name === 'sub') return a - b;
  if (name === 'mul') return a * b;
  if (b === 0n) return undefined;
  if (name === 'div') return a / b;
  return name === 'mod' ? a % b : undefined;
}

function foldReals(name: Arithmetic, a: number, b: number): number | undefined {
  if (name === 'add') return a + b;
  if (name === 'sub') return a - b;
  if (name === 'mul') return a * b;
  if (name === 'div') return a / b;
  return name === 'power' ? a ** b : undefined;
}

export function foldNegation(operand: ConstantNode): Value | undefined {
  const { type, value } = operand;
  if (operand.untyped) return typeof value === 'bigint' ? -value : -(value as number);
  if (type.kind !== 'elementary') return undefined;
  if (typeof value === 'bigint') return isInteger(type) ? wrap(type, -value) : undefined;
  if (typeof value !== 'number') return undefined;
  if (isInteger(type)) return Number(wrap(type, BigInt(-value)));
  return isNumber(type) || type === TIME ? 0 - value || (type === TIME ? 0 : -value) : undefined;
}

/** Conversion of a constant between number types; undefined where the running program's own conversion shall do it. */
export function foldConversion(value: Value, from: Elementary, to: Elementary, truncate: boolean): Value | undefined {
  if (truncate || isText(from) || isText(to) || typeof value === 'string') return undefined;
  if (!isNumber(from) || !isNumber(to)) return undefined;
  if (to.family === 'real') return to === REAL ? Math.fround(Number(value)) : Number(value);
  if (from.family === 'real') return undefined;
  const wrapped = wrap(to, BigInt(value));
  return to.store === 'big' ? wrapped : Number(wrapped);
}
