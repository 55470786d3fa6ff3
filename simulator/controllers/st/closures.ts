/** How pieces of code are joined. An operation works on slots of memory, so that no intermediate result is boxed. */
import { COUNT } from './memory.ts';

/** Why a controller stopped. Thrown inside the runtime, returned from it. */
export class Fault extends Error {
  /** `st.divide`, `st.index`, `st.range`, `st.watchdog`, `st.stack`, `st.limit`. */
  readonly id: string;
  /** Line of the source. */
  readonly line: number;

  constructor(id: string, message: string, line: number) {
    super(message);
    this.name = 'Fault';
    this.id = id;
    this.line = line;
  }
}

/** How a statement ended other than by reaching its end. */
export const EXIT = 1;
export const CONTINUE = 2;
export const RETURN = 3;

/** One step of code; nothing (or 0) when it ran to its end. */
// biome-ignore lint/suspicious/noConfusingVoidType: most operations return nothing, and a wrapper for that would cost a call.
export type Op = () => number | undefined | void;

export const nothing: Op = () => {};

interface Move {
  readonly m: Float64Array;
  readonly to: number;
  readonly from: number;
}

const moves = new WeakMap<Op, Move>();

/** `m[to] := m[from]` */
export function move(m: Float64Array, to: number, from: number): Op {
  const op = () => {
    m[to] = m[from];
  };
  moves.set(op, { m, to, from });
  return op;
}

/** The same operations with neighbouring moves in one closure: inputs of function blocks come in rows. */
function merged(ops: readonly Op[]): readonly Op[] {
  if (!ops.some((op, i) => i > 0 && moves.has(op) && moves.has(ops[i - 1]))) return ops;
  const list: Op[] = [];
  for (let i = 0; i < ops.length; ) {
    const row: Move[] = [];
    while (row.length < 4 && i + row.length < ops.length) {
      const next = moves.get(ops[i + row.length]);
      if (next === undefined) break;
      row.push(next);
    }
    list.push(row.length < 2 ? ops[i] : moveAll(row));
    i += Math.max(1, row.length);
  }
  return list;
}

/** Two to four moves, one after the other. */
function moveAll([first, second, third, fourth]: readonly Move[]): Op {
  const { m, to: a, from: p } = first;
  const { to: b, from: q } = second;
  if (third === undefined)
    return () => {
      m[a] = m[p];
      m[b] = m[q];
    };
  const { to: c, from: r } = third;
  if (fourth === undefined)
    return () => {
      m[a] = m[p];
      m[b] = m[q];
      m[c] = m[r];
    };
  const { to: d, from: s } = fourth;
  return () => {
    m[a] = m[p];
    m[b] = m[q];
    m[c] = m[r];
    m[d] = m[s];
  };
}

/** Runs operations that never jump, one after the other. */
export function sequence(all: readonly Op[]): Op {
  const ops = merged(all);
  const [a, b, c, d, e, f, g, h] = ops;
  switch (ops.length) {
    case 0:
      return nothing;
    case 1:
      return a;
    case 2:
      return () => {
        a();
        b();
      };
    case 3:
      return () => {
        a();
        b();
        c();
      };
    case 4:
      return () => {
        a();
        b();
        c();
        d();
      };
    case 5:
      return () => {
        a();
        b();
        c();
        d();
        e();
      };
    case 6:
      return () => {
        a();
        b();
        c();
        d();
        e();
        f();
      };
    case 7:
      return () => {
        a();
        b();
        c();
        d();
        e();
        f();
        g();
      };
    case 8:
      return () => {
        a();
        b();
        c();
        d();
        e();
        f();
        g();
        h();
      };
    default: {
      const size = Math.max(8, 8 ** Math.ceil(Math.log(ops.length) / Math.log(8) - 1));
      const parts: Op[] = [];
      for (let i = 0; i < ops.length; i += size) parts.push(sequence(ops.slice(i, i + size)));
      return sequence(parts);
    }
  }
}

/** A list of statements: counts them for the watchdog, runs them, and stops at a jump. */
export function block(m: Float64Array, statements: number, ops: readonly Op[], jumps: boolean): Op {
  if (statements === 0 && ops.length === 0) return nothing;
  if (!jumps) {
    const [first = nothing, second, third] = merged(ops);
    if (second === undefined)
      return () => {
        m[COUNT] += statements;
        first();
      };
    if (third === undefined)
      return () => {
        m[COUNT] += statements;
        first();
        second();
      };
    const body = sequence(ops);
    return () => {
      m[COUNT] += statements;
      body();
    };
  }
  const list = [...ops];
  return () => {
    m[COUNT] += statements;
    for (let i = 0; i < list.length; i++) {
      const jump = list[i]();
      if (jump) return jump;
    }
  };
}
