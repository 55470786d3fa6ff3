/** Statements. Lists of them are counted where they begin; loops and calls compare the count with the budget. */
import { block, CONTINUE, EXIT, type Op, RETURN, sequence } from './closures.ts';
import type { Code } from './generate.ts';
import { functionCall, invoke, watchdogFault } from './generate-calls.ts';
import type { Node, Step } from './ir.ts';
import { BUDGET, COUNT } from './memory.ts';
import { assign, copy } from './stores.ts';
import { type Elementary, limits, scalarOf, type Value } from './types.ts';

/** Code of a list of statements. */
export function body(code: Code, steps: readonly Step[]): Op {
  const ops: Op[] = [];
  for (const step of steps) {
    code.image.account(1, step.line);
    statement(code, step, ops);
  }
  return block(code.m, steps.length, ops, mayJump(steps));
}

/** Whether a list can end other than at its end. EXIT and CONTINUE stay inside the loop that they belong to. */
function mayJump(steps: readonly Step[], loops = false): boolean {
  return steps.some((step) => {
    switch (step.op) {
      case 'return':
        return true;
      case 'exit':
      case 'continue':
        return !loops;
      case 'if':
      case 'case':
        return step.branches.some((branch) => mayJump(branch.body, loops)) || mayJump(step.otherwise, loops);
      case 'for':
      case 'while':
      case 'repeat':
        return mayJump(step.body, true);
      default:
        return false;
    }
  });
}

function statement(code: Code, step: Step, out: Op[]): void {
  switch (step.op) {
    case 'assign':
      assign(code, { kind: 'place', place: step.place }, step.value, step.line, out);
      return;
    case 'copy':
      copy(code, { kind: 'place', place: step.place }, step.from, step.line, out);
      return;
    case 'invoke':
      invoke(code, step.call, out);
      return;
    case 'evaluate':
      evaluate(code, step.node, out);
      return;
    case 'if':
      out.push(conditional(code, step));
      return;
    case 'case':
      selection(code, step, out);
      return;
    case 'for':
      forLoop(code, step, out);
      return;
    case 'while':
      out.push(whileLoop(code, step));
      return;
    case 'repeat':
      out.push(repeatLoop(code, step));
      return;
    case 'exit':
      out.push(() => EXIT);
      return;
    case 'continue':
      out.push(() => CONTINUE);
      return;
    case 'return':
      out.push(() => RETURN);
  }
}

function evaluate(code: Code, node: Node, out: Op[]): void {
  if (node.op === 'call') {
    functionCall(code, node.call, out);
    return;
  }
  const { store } = scalarOf(node.type) as Elementary;
  if (store === 'number') code.number(node, out);
  else {
    const read = store === 'big' ? code.big(node) : code.text(node);
    out.push(() => {
      read();
    });
  }
}

function conditional(code: Code, step: Extract<Step, { op: 'if' }>): Op {
  const tests = step.branches.map((branch) => code.test(branch.test));
  const bodies = step.branches.map((branch) => body(code, branch.body));
  const last = body(code, step.otherwise);
  const [test] = tests;
  const [then] = bodies;
  if (tests.length === 1) {
    if (step.otherwise.length === 0)
      return () => {
        if (test()) return then();
      };
    return () => (test() ? then() : last());
  }
  if (tests.length === 2) {
    const [, second] = tests;
    const [, other] = bodies;
    return () => (test() ? then() : second() ? other() : last());
  }
  return () => {
    for (let i = 0; i < tests.length; i++) if (tests[i]()) return bodies[i]();
    return last();
  };
}

const MAX_TABLE = 256;

function selection(code: Code, step: Extract<Step, { op: 'case' }>, out: Op[]): void {
  const { m } = code;
  const bodies = step.branches.map((branch) => body(code, branch.body));
  const last = body(code, step.otherwise);
  const rows = step.branches.flatMap(({ ranges }, branch) => ranges.map(([low, high]) => ({ low, high, branch })));
  const branchOf = (value: Value): Op => {
    for (const { low, high, branch } of rows) if (value >= low && value <= high) return bodies[branch];
    return last;
  };
  if ((scalarOf(step.selector.type) as Elementary).store === 'big') {
    const read = code.big(step.selector);
    out.push(() => branchOf(read())());
    return;
  }
  const slot = code.number(step.selector, out);
  const lowest = Math.min(...rows.map(({ low }) => Number(low)));
  const span = Math.max(...rows.map(({ high }) => Number(high))) - lowest + 1;
  if (rows.length > 0 && span <= MAX_TABLE) {
    const table = Array.from({ length: span }, (_, i) => branchOf(lowest + i));
    out.push(() => {
      const i = (m[slot] - lowest) | 0;
      return i >= 0 && i < span && i === m[slot] - lowest ? table[i]() : last();
    });
    return;
  }
  out.push(() => branchOf(m[slot])());
}

/**
 * FOR: start, limit and step are computed once; the loop ends before the variable would leave its type, and leaves the variable at the
 * first value that is not run.
 */
function forLoop(code: Code, step: Extract<Step, { op: 'for' }>, out: Op[]): void {
  const { m } = code;
  const { place, type, line } = step;
  if (type.store === 'big') {
    forBig(code, step, out);
    return;
  }
  const by = code.number(step.by, out, step.by.op === 'constant' ? -1 : code.temporary());
  const limit = code.number(step.to, out, step.to.op === 'constant' ? -1 : code.temporary());
  assign(code, { kind: 'place', place }, step.from, line, out);
  const variable: Node = { op: 'load', type, place, line, calls: false };
  const reads: Op[] = [];
  const current = code.number(variable, reads);
  const read = sequence(reads);
  const next = code.temporary();
  const writes: Op[] = [];
  assign(code, { kind: 'place', place }, { slot: next }, line, writes);
  const write = sequence(writes);
  const run = body(code, step.body);
  const { low, high } = limits(type);
  const [lowest, highest] = [Number(low), Number(high)];
  const isFixedVariable = reads.length === 0 && place.type.kind !== 'subrange';
  out.push(() => {
    read();
    let value = m[current];
    for (;;) {
      const increment = m[by];
      if (increment >= 0 ? value > m[limit] : value < m[limit]) return;
      m[COUNT] += 1;
      if (m[COUNT] > m[BUDGET]) throw watchdogFault(m, line);
      const jump = run();
      if (jump === EXIT) return;
      if (jump === RETURN) return RETURN;
      read();
      value = m[current] + increment;
      // The type's end is also the loop's end, though the variable cannot hold a value beyond it.
      if (value > highest || value < lowest) return;
      if (isFixedVariable) m[current] = value;
      else {
        m[next] = value;
        write();
      }
    }
  });
}

function forBig(code: Code, step: Extract<Step, { op: 'for' }>, out: Op[]): void {
  const { m } = code;
  const { place, type, line } = step;
  const [start, limit, increment] = [code.big(step.from), code.big(step.to), code.big(step.by)];
  const current = code.big({ op: 'load', type, place, line, calls: false });
  let value = 0n;
  const writes: Op[] = [];
  assign(code, { kind: 'place', place }, () => value, line, writes);
  const write = sequence(writes);
  const run = body(code, step.body);
  const { low, high } = limits(type);
  out.push(() => {
    const by = increment();
    const to = limit();
    value = start();
    write();
    for (;;) {
      if (by >= 0n ? value > to : value < to) return;
      m[COUNT] += 1;
      if (m[COUNT] > m[BUDGET]) throw watchdogFault(m, line);
      const jump = run();
      if (jump === EXIT) return;
      if (jump === RETURN) return RETURN;
      value = current() + by;
      if (value > high || value < low) return;
      write();
    }
  });
}

function whileLoop(code: Code, step: Extract<Step, { op: 'while' }>): Op {
  const { m } = code;
  const test = code.test(step.test);
  const run = body(code, step.body);
  const { line } = step;
  return () => {
    while (test()) {
      m[COUNT] += 1;
      if (m[COUNT] > m[BUDGET]) throw watchdogFault(m, line);
      const jump = run();
      if (jump === EXIT) return;
      if (jump === RETURN) return RETURN;
    }
  };
}

function repeatLoop(code: Code, step: Extract<Step, { op: 'repeat' }>): Op {
  const { m } = code;
  const run = body(code, step.body);
  const until = code.test(step.until);
  const { line } = step;
  return () => {
    do {
      m[COUNT] += 1;
      if (m[COUNT] > m[BUDGET]) throw watchdogFault(m, line);
      const jump = run();
      if (jump === EXIT) return;
      if (jump === RETURN) return RETURN;
    } while (!until());
  };
}
