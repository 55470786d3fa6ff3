/** Type check of operators: common types, durations and dates, division by constants (IEC 61131-3 ed. 3, tables 29, 30 and 71). */
import {
  coerce,
  concrete,
  constant,
  convert,
  isUntyped,
  literalFits,
  UNTYPED_INTEGER,
  UNTYPED_REAL,
} from './expressions.ts';
import { fold } from './folding.ts';
import type { Arithmetic, ConstantNode, Node, Relation, Scalar } from './ir.ts';
import type { At, BinaryOperator } from './syntax.ts';
import {
  BOOL,
  BYTE,
  commonType,
  DATE_AND_TIME,
  DINT,
  DWORD,
  type Elementary,
  INT,
  isBits,
  isInteger,
  isNumber,
  isText,
  LINT,
  LREAL,
  LWORD,
  REAL,
  SINT,
  TIME,
  TIME_OF_DAY,
  WORD,
  widens,
} from './types.ts';
import { fail, type Scope } from './unit.ts';

const ARITHMETIC: Partial<Record<BinaryOperator, Arithmetic>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  MOD: 'mod',
  '**': 'power',
};

/** One operator with checked operands. `rightAt` and `at` place the errors. */
export function binary(scope: Scope, operator: BinaryOperator, left: Node, right: Node, rightAt: At, at: At): Node {
  if (operator === 'AND' || operator === 'OR' || operator === 'XOR') {
    const [a, b] = alike(scope, left, right, operator, rightAt, at);
    if (!isBits(a.type))
      return fail(scope.unit, 'st.type', `${operator} needs BOOL or bit strings, found ${a.type.name}`, at);
    const name = operator.toLowerCase() as 'and';
    return {
      op: 'logic',
      name,
      type: a.type,
      left: a,
      right: b,
      line: at.line,
      calls: a.calls || b.calls,
    };
  }
  const name = ARITHMETIC[operator];
  if (name === undefined) return compare(scope, operator as Relation, left, right, rightAt, at);
  return arithmetic(scope, name, operator, left, right, rightAt, at);
}

function compare(scope: Scope, relation: Relation, left: Node, right: Node, rightAt: At, at: At): Node {
  const [a, b] = alike(scope, left, right, relation, rightAt, at, true);
  if (relation !== '=' && relation !== '<>' && a.type.kind === 'enum')
    return fail(scope.unit, 'st.type', `${a.type.name} is only compared with = and <>`, at);
  return {
    op: 'compare',
    relation,
    type: BOOL,
    left: a,
    right: b,
    line: at.line,
    calls: a.calls || b.calls,
  };
}

/** Gives both operands one type. Comparisons leave numbers as they are where both are stored as doubles, which hold them exactly. */
function alike(
  scope: Scope,
  left: Node,
  right: Node,
  operator: string,
  rightAt: At,
  at: At,
  exact = false,
): [Node, Node] {
  if (isUntyped(left) && isUntyped(right)) {
    if (typeof left.value === typeof right.value) {
      const type = typeof left.value === 'number' ? LREAL : LINT;
      return [coerce(scope, left, type, at), coerce(scope, right, type, rightAt)];
    }
    return [coerce(scope, left, LREAL, at), coerce(scope, right, LREAL, rightAt)];
  }
  if (isUntyped(left)) return swap(alike(scope, right, left, operator, at, rightAt, exact));
  if (isUntyped(right)) {
    const type = literalType(left.type, right);
    if (type === undefined)
      return fail(
        scope.unit,
        'st.type',
        `${operator} cannot join ${left.type.name} and the ${right.type.name} ${right.value}`,
        rightAt,
      );
    return alike(scope, left, coerce(scope, right, type, rightAt), operator, rightAt, at, exact);
  }
  if (left.type === right.type || (isText(left.type) && isText(right.type))) return [left, right];
  if (left.type.kind === 'elementary' && right.type.kind === 'elementary') {
    if (
      exact &&
      isNumber(left.type) &&
      isNumber(right.type) &&
      left.type.store === 'number' &&
      right.type.store === 'number'
    )
      return [left, right];
    const type = commonType(left.type, right.type);
    if (type !== undefined) return [coerce(scope, left, type, at), coerce(scope, right, type, rightAt)];
  }
  return fail(scope.unit, 'st.type', `${operator} cannot join ${left.type.name} and ${right.type.name}`, at);
}

const swap = ([a, b]: [Node, Node]): [Node, Node] => [b, a];

/** The type that a literal takes beside a typed operand. */
function literalType(other: Scalar, literal: ConstantNode): Elementary | undefined {
  if (other.kind === 'enum') return undefined;
  if (literalFits(literal, other)) return other;
  if (typeof literal.value === 'number') return isInteger(other) ? (widens(other, REAL) ? REAL : LREAL) : undefined;
  const candidates = isBits(other) ? [BOOL, BYTE, WORD, DWORD, LWORD] : isInteger(other) ? [SINT, INT, DINT, LINT] : [];
  return candidates.find((type) => literalFits(literal, type) && commonType(type, other) !== undefined);
}

function arithmetic(
  scope: Scope,
  name: Arithmetic,
  operator: string,
  left: Node,
  right: Node,
  rightAt: At,
  at: At,
): Node {
  const { line } = at;
  const node = (type: Elementary, a: Node, b: Node): Node => {
    if (a.op === 'constant' && b.op === 'constant') {
      const value = fold(name, type, a.value, b.value);
      if (value !== undefined) return constant(type, value, line, a.untyped && b.untyped);
    }
    return { op: 'arithmetic', name, type, left: a, right: b, line, calls: a.calls || b.calls };
  };
  if (left.type.kind === 'elementary' && right.type.kind === 'elementary') {
    const special = timeArithmetic(name, left.type, right.type);
    if (special !== undefined) {
      const factor =
        special.factor === undefined ? right : coerce(scope, numeric(scope, right, rightAt), special.factor, rightAt);
      return node(special.result, left, factor);
    }
    if (name === 'mul' && right.type === TIME && (isUntyped(left) || isNumber(left.type)))
      return arithmetic(scope, name, operator, right, left, at, rightAt);
  }
  if (name === 'power') {
    const base = concrete(scope, left, at, REAL);
    const type = base.type === LREAL || (right.type === LREAL && !isUntyped(right)) ? LREAL : REAL;
    const exponent = numeric(scope, concrete(scope, right, rightAt, type), rightAt);
    return node(type, coerce(scope, base, type, at), exponent.type === LREAL ? exponent : convert(exponent, LREAL));
  }
  if (isUntyped(left) && isUntyped(right)) {
    const type = typeof left.value === 'bigint' && typeof right.value === 'bigint' ? UNTYPED_INTEGER : UNTYPED_REAL;
    const value = fold(
      name,
      type,
      type === UNTYPED_REAL ? Number(left.value) : left.value,
      type === UNTYPED_REAL ? Number(right.value) : right.value,
    );
    if (value === undefined) return fail(scope.unit, 'st.type', `${operator} of these literals has no value`, at);
    return constant(type, value, line, true);
  }
  const [a, b] = alike(scope, left, right, operator, rightAt, at);
  const type = a.type;
  if (!isNumber(type)) return fail(scope.unit, 'st.type', `${operator} needs numbers, found ${type.name}`, at);
  if (name === 'mod' && !isInteger(type))
    return fail(scope.unit, 'st.type', `MOD needs integers, found ${type.name}`, at);
  if ((name === 'div' || name === 'mod') && b.op === 'constant' && isInteger(type) && Number(b.value) === 0)
    return fail(scope.unit, 'st.range', 'division by the constant 0', rightAt);
  return node(type, a, b);
}

function numeric(scope: Scope, node: Node, at: At): Node {
  if (isUntyped(node) || isNumber(node.type)) return node;
  return fail(scope.unit, 'st.type', `expected a number, found ${node.type.name}`, at);
}

/** Table 30 of ed. 3: which operators join durations and dates. `factor` is the type that the right operand is converted to. */
function timeArithmetic(
  name: Arithmetic,
  a: Elementary,
  b: Elementary,
): { result: Elementary; factor?: Elementary } | undefined {
  if (name === 'add' || name === 'sub') {
    if (b === TIME && (a === TIME || a === TIME_OF_DAY || a === DATE_AND_TIME)) return { result: a };
    if (name === 'sub' && a.family === 'date' && a === b) return { result: TIME };
  }
  if ((name === 'mul' || name === 'div') && a === TIME && isNumber(b))
    return { result: TIME, factor: b.store === 'big' && b.name !== UNTYPED_INTEGER.name ? b : LREAL };
  return undefined;
}
