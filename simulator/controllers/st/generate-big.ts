/** 64-bit integers and bit strings: closures that return the value as a bigint. */
import { divisionByZero } from './arithmetic.ts';
import { type Op, sequence } from './closures.ts';
import { bigToNumber, numberToBig, textToBig } from './conversions.ts';
import type { Code } from './generate.ts';
import { functionCall } from './generate-calls.ts';
import type { Node } from './ir.ts';
import { type Elementary, scalarOf, wrap } from './types.ts';

export function bigNode(code: Code, node: Node): () => bigint {
  const type = scalarOf(node.type) as Elementary;
  const { big } = code.image.memory;
  const unsigned = type.family !== 'signed';
  switch (node.op) {
    case 'constant': {
      const value = BigInt(node.value);
      return () => value;
    }
    case 'load': {
      const at = code.slotReader(node.place, 'big');
      return unsigned ? () => BigInt.asUintN(64, big[at()]) : () => big[at()];
    }
    case 'arithmetic':
      return arithmetic(type, node.name, code.big(node.left), code.big(node.right), node.line);
    case 'negate': {
      const operand = code.big(node.operand);
      return () => wrap(type, -operand());
    }
    case 'not': {
      const operand = code.big(node.operand);
      return () => wrap(type, ~operand());
    }
    case 'logic': {
      const [left, right] = [code.big(node.left), code.big(node.right)];
      if (node.name === 'and') return () => left() & right();
      return node.name === 'or' ? () => left() | right() : () => left() ^ right();
    }
    case 'convert':
      return toBig(code, node, type);
    case 'call': {
      const ops: Op[] = [];
      const result = functionCall(code, node.call, ops).big;
      const before = sequence(ops);
      return () => {
        before();
        return wrap(type, big[result]);
      };
    }
    case 'function':
      return bigFunction(code, node.name, node.args, type);
    default:
      throw new TypeError(`${node.op} makes no 64-bit integer`);
  }
}

function arithmetic(
  type: Elementary,
  name: string,
  left: () => bigint,
  right: () => bigint,
  line: number,
): () => bigint {
  if (name === 'add') return () => wrap(type, left() + right());
  if (name === 'sub') return () => wrap(type, left() - right());
  if (name === 'mul') return () => wrap(type, left() * right());
  return () => {
    const a = left();
    const b = right();
    if (b === 0n) throw divisionByZero(line);
    return wrap(type, name === 'div' ? a / b : a % b);
  };
}

function toBig(code: Code, node: Extract<Node, { op: 'convert' }>, type: Elementary): () => bigint {
  const from = scalarOf(node.operand.type) as Elementary;
  if (from.store === 'big') {
    const operand = code.big(node.operand);
    return () => wrap(type, operand());
  }
  if (from.store === 'text') {
    const operand = code.text(node.operand);
    const parse = textToBig(type);
    return () => parse(operand());
  }
  const ops: Op[] = [];
  const slot = code.number(node.operand, ops);
  const before = sequence(ops);
  const convert = numberToBig(from, type, node.truncate);
  const { m } = code;
  return () => {
    before();
    return convert(m[slot]);
  };
}

function bigFunction(code: Code, name: string, args: readonly Node[], type: Elementary): () => bigint {
  if (name === 'SEL' || name === 'MUX') {
    const choose = chooser(code, args[0]);
    const values = args.slice(1).map((node) => code.big(node));
    return () => values[choose(values.length)]();
  }
  if (name === 'SHL' || name === 'SHR' || name === 'ROL' || name === 'ROR') {
    const value = code.big(args[0]);
    const count = counter(code, args[1]);
    return () => shift(name, value(), count());
  }
  const [a, b, c] = args.map((node) => code.big(node));
  if (name === 'ABS') return () => wrap(type, a() < 0n ? -a() : a());
  if (name === 'MAX')
    return () => {
      const [x, y] = [a(), b()];
      return x > y ? x : y;
    };
  if (name === 'MIN')
    return () => {
      const [x, y] = [a(), b()];
      return x < y ? x : y;
    };
  if (name === 'LIMIT')
    return () => {
      const [low, value, high] = [a(), b(), c()];
      const raised = value < low ? low : value;
      return raised > high ? high : raised;
    };
  throw new TypeError(`${name} makes no 64-bit integer`);
}

function shift(name: string, value: bigint, count: number): bigint {
  if (name === 'SHL' || name === 'SHR') {
    if (count < 0 || count > 63) return 0n;
    return name === 'SHL' ? BigInt.asUintN(64, value << BigInt(count)) : value >> BigInt(count);
  }
  const turn = BigInt(((name === 'ROL' ? count : -count) % 64) + 64) % 64n;
  return BigInt.asUintN(64, (value << turn) | (value >> (64n - turn)));
}

/** The integer that a node computes. */
export function counter(code: Code, node: Node): () => number {
  const ops: Op[] = [];
  const slot = code.number(node, ops);
  const before = sequence(ops);
  const { m } = code;
  return () => {
    before();
    return m[slot];
  };
}

/** Which of several inputs SEL or MUX takes; a K outside of them takes the nearest. */
export function chooser(code: Code, node: Node): (count: number) => number {
  const read = counter(code, node);
  return (count) => Math.min(Math.max(read(), 0), count - 1);
}

export function bigAsNumber(code: Code, node: Node, to: Elementary): () => number {
  const read = code.big(node);
  const convert = bigToNumber(to);
  return () => convert(read());
}
