/** Strings: closures that return the value. Positions count from 1 (IEC 61131-3 ed. 3, table 34). */
import { type Op, sequence } from './closures.ts';
import { numberToText } from './conversions.ts';
import type { Code } from './generate.ts';
import { chooser, counter } from './generate-big.ts';
import { functionCall } from './generate-calls.ts';
import type { Node } from './ir.ts';
import { type Elementary, MAX_STRING_LENGTH, scalarOf } from './types.ts';

export function textNode(code: Code, node: Node): () => string {
  const { text } = code.image.memory;
  switch (node.op) {
    case 'constant': {
      const value = String(node.value);
      return () => value;
    }
    case 'load': {
      const at = code.slotReader(node.place, 'text');
      return () => text[at()];
    }
    case 'call': {
      const ops: Op[] = [];
      const result = functionCall(code, node.call, ops).text;
      const before = sequence(ops);
      return () => {
        before();
        return text[result];
      };
    }
    case 'convert':
      return toText(code, node);
    case 'function':
      return textFunction(code, node.name, node.args);
    default:
      throw new TypeError(`${node.op} makes no string`);
  }
}

function toText(code: Code, node: Extract<Node, { op: 'convert' }>): () => string {
  const from = scalarOf(node.operand.type) as Elementary;
  if (from.store === 'text') return code.text(node.operand);
  if (from.store === 'big') {
    const read = code.big(node.operand);
    return () => read().toString();
  }
  const read = counter(code, node.operand);
  const write = numberToText(from);
  return () => write(read());
}

const clip = (value: string): string => (value.length > MAX_STRING_LENGTH ? value.slice(0, MAX_STRING_LENGTH) : value);

/** A count or position: never negative. */
const count = (value: number): number => (value > 0 ? value : 0);

function textFunction(code: Code, name: string, args: readonly Node[]): () => string {
  if (name === 'SEL' || name === 'MUX') {
    const choose = chooser(code, args[0]);
    const values = args.slice(1).map((node) => code.text(node));
    return () => values[choose(values.length)]();
  }
  const isText = (node: Node): boolean => scalarOf(node.type)?.store === 'text';
  const texts = args.filter(isText).map((node) => code.text(node));
  const numbers = args.filter((node) => !isText(node)).map((node) => counter(code, node));
  const [a, b, c] = texts;
  const [n, p] = numbers;
  switch (name) {
    case 'CONCAT':
      return () => clip(texts.map((read) => read()).join(''));
    case 'LEFT':
      return () => a().slice(0, count(n()));
    case 'RIGHT':
      return () => {
        const value = a();
        return value.slice(Math.max(0, value.length - count(n())));
      };
    case 'MID':
      return () => {
        const value = a();
        const length = count(n());
        const start = Math.max(0, p() - 1);
        return value.slice(start, start + length);
      };
    case 'INSERT':
      return () => {
        const value = a();
        const inserted = b();
        const at = count(n());
        return clip(value.slice(0, at) + inserted + value.slice(at));
      };
    case 'DELETE':
      return () => {
        const value = a();
        const length = count(n());
        const start = Math.max(0, p() - 1);
        return value.slice(0, start) + value.slice(start + length);
      };
    case 'REPLACE':
      return () => {
        const value = a();
        const inserted = b();
        const length = count(n());
        const start = Math.max(0, p() - 1);
        return clip(value.slice(0, start) + inserted + value.slice(start + length));
      };
    case 'MAX':
      return () => {
        const [x, y] = [a(), b()];
        return x > y ? x : y;
      };
    case 'MIN':
      return () => {
        const [x, y] = [a(), b()];
        return x < y ? x : y;
      };
    case 'LIMIT':
      return () => {
        const [low, value, high] = [a(), b(), c()];
        const raised = value < low ? low : value;
        return raised > high ? high : raised;
      };
    default:
      throw new TypeError(`${name} makes no string`);
  }
}
