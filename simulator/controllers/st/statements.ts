/** Type check of statements (IEC 61131-3 ed. 3, clause 7.3.3). */

import { PenstockError } from '@penstock/core';
import { checkInvocation, resolveTarget } from './calls.ts';
import { checkAggregate, concrete, constant, expect, infer, resolve } from './expressions.ts';
import type { Node, Step } from './ir.ts';
import type { Branch, CaseLabel, Expression, Statement } from './syntax.ts';
import { BOOL, type Elementary, INT, isInteger, limits, scalarOf, type Type, type Value, valueType } from './types.ts';
import { fail, MAX_ERRORS, type Scope } from './unit.ts';

/** Checks a list of statements. Errors are collected in the unit, one per statement, and the rest is checked all the same. */
export function checkStatements(scope: Scope, statements: readonly Statement[], inLoop = false): Step[] {
  const steps: Step[] = [];
  for (const statement of statements) {
    if (scope.unit.errors.length >= MAX_ERRORS) break;
    try {
      const step = check(scope, statement, inLoop);
      if (step !== undefined) steps.push(step);
    } catch (error) {
      if (!(error instanceof PenstockError)) throw error;
      scope.unit.errors.push(error);
    }
  }
  return steps;
}

function check(scope: Scope, statement: Statement, inLoop: boolean): Step | undefined {
  const { line } = statement.at;
  switch (statement.kind) {
    case 'assign':
      return assign(scope, statement);
    case 'call': {
      const call = checkInvocation(scope, statement.callee, statement.args);
      return 'pou' in call ? { op: 'invoke', call, line } : { op: 'evaluate', node: call, line };
    }
    case 'if':
      return {
        op: 'if',
        branches: statement.branches.map(({ condition, body }) => ({
          test: test(scope, condition),
          body: checkStatements(scope, body, inLoop),
        })),
        otherwise: checkStatements(scope, statement.otherwise ?? [], inLoop),
        line,
      };
    case 'case':
      return checkCase(scope, statement, inLoop);
    case 'for':
      return checkFor(scope, statement);
    case 'while':
      return {
        op: 'while',
        test: test(scope, statement.condition),
        body: checkStatements(scope, statement.body, true),
        line,
      };
    case 'repeat': {
      const body = checkStatements(scope, statement.body, true);
      return { op: 'repeat', body, until: test(scope, statement.until), line };
    }
    case 'exit':
    case 'continue':
      if (!inLoop)
        return fail(scope.unit, 'st.syntax', `${statement.kind.toUpperCase()} outside of a loop`, statement.at);
      return { op: statement.kind, line };
    case 'return':
      return { op: 'return', line };
  }
}

const test = (scope: Scope, expression: Expression): Node => expect(scope, expression, BOOL);

function assign(scope: Scope, statement: Extract<Statement, { kind: 'assign' }>): Step {
  const place = resolveTarget(scope, statement.target);
  const { line } = statement.at;
  if (scalarOf(place.type) !== undefined) {
    const value = expect(scope, statement.value, place.type);
    if (place.type.kind === 'subrange' && value.op === 'constant') {
      const { low, high } = place.type;
      if (Number(value.value) < low || Number(value.value) > high)
        return fail(scope.unit, 'st.range', `${value.value} is outside ${low}..${high}`, statement.value.at);
    }
    return { op: 'assign', place, value, line };
  }
  if (statement.value.kind !== 'reference')
    return fail(scope.unit, 'st.type', `expected a variable of ${place.type.name}`, statement.value.at);
  const from = resolve(scope, statement.value.reference);
  checkAggregate(scope, place, from, statement.value.at);
  return { op: 'copy', place, from, line };
}

const MAX_LABELS = 2000;

function checkCase(scope: Scope, statement: Extract<Statement, { kind: 'case' }>, inLoop: boolean): Step {
  const { unit } = scope;
  const selector = concrete(scope, infer(scope, statement.selector, INT), statement.selector.at, INT);
  const { type } = selector;
  if (type.kind !== 'enum' && !(isInteger(type) || type.family === 'bits'))
    return fail(
      unit,
      'st.type',
      `CASE needs an integer, a bit string or an enumeration, found ${type.name}`,
      statement.selector.at,
    );
  const branches = statement.branches.map(({ condition, body }: Branch<readonly CaseLabel[]>) => ({
    ranges: condition.map((label) => range(scope, label, type)),
    body: checkStatements(scope, body, inLoop),
  }));
  if (branches.reduce((count, { ranges }) => count + ranges.length, 0) > MAX_LABELS)
    return fail(unit, 'st.limit', `a CASE has at most ${MAX_LABELS} labels`, statement.at);
  const seen: (readonly [Value, Value])[] = [];
  for (const [i, branch] of branches.entries())
    for (const [j, [low, high]] of branch.ranges.entries()) {
      if (seen.some(([a, b]) => low <= b && high >= a))
        return fail(
          unit,
          'st.range',
          `the value ${low} has a branch already`,
          statement.branches[i].condition[j].low.at,
        );
      seen.push([low, high]);
    }
  const otherwise = checkStatements(scope, statement.otherwise ?? [], inLoop);
  return { op: 'case', selector, branches, otherwise, line: statement.at.line };
}

function range(scope: Scope, label: CaseLabel, type: Type): readonly [Value, Value] {
  const low = labelValue(scope, label.low, type);
  const high = label.high === undefined ? low : labelValue(scope, label.high, type);
  if (low > high) return fail(scope.unit, 'st.range', `the range ${low}..${high} is empty`, label.low.at);
  return [low, high];
}

function labelValue(scope: Scope, expression: Expression, type: Type): Value {
  const node = expect(scope, expression, type);
  if (node.op !== 'constant') return fail(scope.unit, 'st.type', 'a CASE label must be a constant', expression.at);
  return node.value;
}

function checkFor(scope: Scope, statement: Extract<Statement, { kind: 'for' }>): Step {
  const { unit } = scope;
  const place = resolveTarget(scope, statement.variable);
  const type = valueType(place.type);
  if (!isInteger(type) || place.bit !== undefined)
    return fail(unit, 'st.type', `FOR needs an integer variable, found ${place.type.name}`, statement.at);
  const bound = (expression: Expression) => expect(scope, expression, type as Elementary);
  const from = bound(statement.from);
  const to = bound(statement.to);
  const { line } = statement.at;
  const by = statement.by ? step(scope, statement.by, type) : constant(type, type.store === 'big' ? 1n : 1, line);
  const body = checkStatements(scope, statement.body, true);
  return { op: 'for', place, type, from, to, by, body, line };
}

/** The step may be negative although the variable's type is unsigned. */
function step(scope: Scope, expression: Expression, type: Elementary): Node {
  const node = infer(scope, expression, type);
  if (node.op === 'constant' && node.untyped && typeof node.value === 'bigint') {
    const { high } = limits(type);
    if (node.value === 0n) return fail(scope.unit, 'st.range', 'a step of 0 never ends', expression.at);
    if (node.value < 0n && node.value >= -high)
      return constant(type, type.store === 'big' ? node.value : Number(node.value), node.line);
  }
  return expect(scope, expression, type);
}
