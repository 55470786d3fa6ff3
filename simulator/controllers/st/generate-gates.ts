/**
 * AND and OR of BOOL variables alone, which is most of an interlock: one closure for up to four of them, whatever NOT stands before
 * or within (De Morgan). Variables have no effects, so that their order does not matter.
 */
import type { Op } from './closures.ts';

/** A BOOL variable at a fixed slot that counts when it has `value`. */
export interface Leaf {
  readonly slot: number;
  readonly value: 0 | 1;
}

export interface Gate {
  readonly name: 'and' | 'or';
  /** Two to `MOST_LEAVES`. */
  readonly leaves: readonly Leaf[];
}

export const MOST_LEAVES = 4;

/** Whether the gate is open. */
export function gateTest(m: Float64Array, { name, leaves }: Gate): () => boolean {
  const [{ slot: a, value: w }, { slot: b, value: x }, third, fourth] = leaves;
  const and = name === 'and';
  if (leaves.length === 2) return and ? () => m[a] === w && m[b] === x : () => m[a] === w || m[b] === x;
  const { slot: c, value: y } = third;
  if (leaves.length === 3)
    return and ? () => m[a] === w && m[b] === x && m[c] === y : () => m[a] === w || m[b] === x || m[c] === y;
  const { slot: d, value: z } = fourth;
  return and
    ? () => m[a] === w && m[b] === x && m[c] === y && m[d] === z
    : () => m[a] === w || m[b] === x || m[c] === y || m[d] === z;
}

/** `m[to]` := whether the gate is open. */
export function gateStore(m: Float64Array, to: number, { name, leaves }: Gate): Op {
  const [{ slot: a, value: w }, { slot: b, value: x }, third, fourth] = leaves;
  const and = name === 'and';
  if (leaves.length === 2)
    return and
      ? () => {
          m[to] = m[a] === w && m[b] === x ? 1 : 0;
        }
      : () => {
          m[to] = m[a] === w || m[b] === x ? 1 : 0;
        };
  const { slot: c, value: y } = third;
  if (leaves.length === 3)
    return and
      ? () => {
          m[to] = m[a] === w && m[b] === x && m[c] === y ? 1 : 0;
        }
      : () => {
          m[to] = m[a] === w || m[b] === x || m[c] === y ? 1 : 0;
        };
  const { slot: d, value: z } = fourth;
  return and
    ? () => {
        m[to] = m[a] === w && m[b] === x && m[c] === y && m[d] === z ? 1 : 0;
      }
    : () => {
        m[to] = m[a] === w || m[b] === x || m[c] === y || m[d] === z ? 1 : 0;
      };
}
