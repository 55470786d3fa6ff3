/** Type check of expressions: names to places, implicit widening written out, constants folded (IEC 61131-3 ed. 3, clauses 6.6.1 and 7.3.2). */
import { checkCall } from './calls.ts';
import { foldConversion, foldNegation } from './folding.ts';
import type { ConstantNode, Node, Place, Scalar } from './ir.ts';
import { dateValue, durationValue, integerValue, realValue, textValue } from './literals.ts';
import { binary } from './operators.ts';
import type { At, Expression, Reference } from './syntax.ts';
import {
  BOOL,
  DATE,
  DATE_AND_TIME,
  DINT,
  ELEMENTARY,
  type Elementary,
  INT,
  isBits,
  isInteger,
  isNumber,
  isText,
  LINT,
  LREAL,
  limits,
  plus,
  REAL,
  STRING,
  sameType,
  scalarOf,
  sizeOf,
  stringOf,
  TIME,
  TIME_OF_DAY,
  type Type,
  times,
  ULINT,
  type Value,
  valueType,
  widens,
} from './types.ts';
import { fail, lookUp, placeOf, type Scope, unknown, visibleNames } from './unit.ts';

/** Integer literals have no type of their own until something around them gives one. Their value is a bigint. */
export const UNTYPED_INTEGER: Elementary = { ...LINT, name: 'integer literal' };
export const UNTYPED_REAL: Elementary = { ...LREAL, name: 'real literal' };

export const constant = (type: Scalar, value: Value, line: number, untyped = false): ConstantNode => ({
  op: 'constant',
  type,
  value,
  untyped,
  line,
  calls: false,
});

export const isUntyped = (node: Node): node is ConstantNode => node.op === 'constant' && node.untyped;

/**
 * Checks an expression. `hint` is the type that the surroundings want; it gives literals a type where nothing else does and
 * converts nothing. The result may still be an untyped literal.
 */
export function infer(scope: Scope, expression: Expression, hint?: Scalar): Node {
  const { at } = expression;
  switch (expression.kind) {
    case 'literal':
      return literal(scope, expression.literal, expression.text, at);
    case 'reference':
      return load(scope, expression.reference);
    case 'call':
      return checkCall(scope, expression.name, expression.args, hint);
    case 'unary':
      return expression.operator === '-'
        ? negate(scope, expression.operand, at, hint)
        : not(scope, expression.operand, at, hint);
    case 'binary': {
      const { operator } = expression;
      // Two literals joined bit by bit have the type that is wanted, since an integer literal has no width.
      const bitwise = operator === 'AND' || operator === 'OR' || operator === 'XOR';
      const operand = (side: Expression): Node => {
        const node = infer(scope, side, hint);
        return bitwise && hint !== undefined && isBits(hint) ? concrete(scope, node, side.at, hint) : node;
      };
      return binary(scope, operator, operand(expression.left), operand(expression.right), expression.right.at, at);
    }
  }
}

/** Checks an expression and converts it to `wanted`, as an assignment would. */
export function expect(scope: Scope, expression: Expression, wanted: Type): Node {
  const target = valueType(wanted);
  const scalar = target.kind === 'enum' ? target : scalarOf(target);
  if (scalar === undefined)
    return fail(scope.unit, 'st.type', `a value of ${wanted.name} cannot stand here`, expression.at);
  return coerce(scope, infer(scope, expression, scalar), scalar, expression.at);
}

/** Checks an expression that stands alone (a condition's operand, an argument of any type) and gives literals a type. */
export function concrete(scope: Scope, node: Node, at: At, hint?: Scalar): Node {
  if (!isUntyped(node)) return node;
  if (hint !== undefined && literalFits(node, hint)) return coerce(scope, node, hint, at);
  if (typeof node.value === 'number') return coerce(scope, node, hint === LREAL ? LREAL : REAL, at);
  const type = [INT, DINT, LINT, ULINT].find((candidate) => literalFits(node, candidate));
  return coerce(scope, node, type ?? ULINT, at);
}

export function literalFits(node: ConstantNode, type: Scalar): boolean {
  if (type.kind === 'enum') return false;
  if (type.family === 'real') return true;
  if (typeof node.value !== 'bigint' || type.family === 'string' || type.family === 'time' || type.family === 'date')
    return false;
  const { low, high } = limits(type);
  return node.value >= low && node.value <= high;
}

/**
 * Converts a node to a type by widening.
 * @throws PenstockError `st.type` when only an explicit conversion could do it, or a literal does not fit.
 */
export function coerce(scope: Scope, node: Node, to: Scalar, at: At): Node {
  if (isUntyped(node)) {
    if (literalFits(node, to) && to.kind === 'elementary') return constant(to, literalAs(node.value, to), node.line);
    if (to.kind === 'elementary' && (isNumber(to) || isBits(to)) && typeof node.value === 'bigint') {
      const { low, high } = limits(to);
      return fail(scope.unit, 'st.type', `${node.value} is outside the range of ${to.name}, ${low} to ${high}`, at);
    }
    return fail(scope.unit, 'st.type', `expected ${to.name}, found the ${node.type.name} ${node.value}`, at);
  }
  if (node.type === to || (isText(node.type) && isText(to))) return node;
  if (node.type.kind === 'elementary' && to.kind === 'elementary' && widens(node.type, to)) return convert(node, to);
  if (node.type.kind === 'enum' && to.kind === 'enum' && node.type.name === to.name) return node;
  const how = node.type.kind === 'elementary' && to.kind === 'elementary' ? explicit(node.type, to) : '';
  return fail(scope.unit, 'st.type', `expected ${to.name}, found ${node.type.name}${how}`, at);
}

const explicit = (from: Elementary, to: Elementary): string =>
  isText(from) || isText(to) || from.family === 'date' || to.family === 'date'
    ? ''
    : `; convert with ${from.name}_TO_${to.name}`;

function literalAs(value: Value, to: Elementary): Value {
  if (to.store === 'big') return BigInt(value as bigint);
  return to === REAL ? Math.fround(Number(value)) : Number(value);
}

/** Converts without asking whether that is allowed. */
export function convert(operand: Node, type: Elementary, truncate = false): Node {
  if (operand.op === 'constant') {
    const value = foldConversion(operand.value, scalarOf(operand.type) as Elementary, type, truncate);
    if (value !== undefined) return constant(type, value, operand.line);
  }
  return { op: 'convert', type, operand, truncate, line: operand.line, calls: operand.calls };
}

function literal(scope: Scope, kind: string, text: string, at: At): Node {
  const malformed = () => fail(scope.unit, 'st.syntax', `'${text}' is not a valid literal`, at);
  const { line } = at;
  switch (kind) {
    case 'boolean':
      return constant(BOOL, /^true$/i.test(text) ? 1 : 0, line);
    case 'integer':
      return constant(UNTYPED_INTEGER, integerValue(text) ?? malformed(), line, true);
    case 'real':
      return constant(UNTYPED_REAL, realValue(text) ?? malformed(), line, true);
    case 'duration':
      return constant(TIME, durationValue(text) ?? malformed(), line);
    case 'date': {
      const date = dateValue(text) ?? malformed();
      const type = { DATE, TIME_OF_DAY, DATE_AND_TIME }[date.type];
      return constant(type, date.value, line);
    }
    case 'string': {
      const value = textValue(text) ?? malformed();
      return constant(value.length > STRING.length ? stringOf(value.length) : STRING, value, line);
    }
    case 'typed':
      return typedNumber(scope, text, at);
    default:
      return typedName(scope, text, at);
  }
}

function typedNumber(scope: Scope, text: string, at: At): Node {
  const hash = text.indexOf('#');
  const name = text.slice(0, hash).toUpperCase();
  const type = ELEMENTARY.get(name);
  if (type === undefined) return unknown(scope.unit, 'the type', name, ELEMENTARY.keys(), at);
  const body = text.slice(hash + 1);
  const whole = integerValue(body);
  const value = whole ?? realValue(body);
  if (value === undefined || !(isNumber(type) || isBits(type)))
    return fail(scope.unit, 'st.type', `'${text}' is not a value of ${type.name}`, at);
  return coerce(scope, constant(whole === undefined ? UNTYPED_REAL : UNTYPED_INTEGER, value, at.line, true), type, at);
}

function typedName(scope: Scope, text: string, at: At): Node {
  const [prefix, name] = text.split('#');
  if (prefix.toUpperCase() === 'BOOL') {
    if (/^(?:true|false)$/i.test(name)) return constant(BOOL, /^true$/i.test(name) ? 1 : 0, at.line);
    return fail(scope.unit, 'st.type', `'${text}' is not a value of BOOL`, at);
  }
  return enumerator(scope, prefix, name, at);
}

/** `Color#RED` or `Color.RED`. */
function enumerator(scope: Scope, typeName: string, name: string, at: At): Node {
  const type = scope.unit.types.get(typeName.toUpperCase())?.type;
  if (type?.kind !== 'enum') return unknown(scope.unit, 'the enumeration', typeName, scope.unit.types.keys(), at);
  const value = type.values.get(name.toUpperCase());
  if (value === undefined) return unknown(scope.unit, `the value of ${type.name}`, name, type.values.keys(), at);
  return constant(type, value, at.line);
}

function load(scope: Scope, reference: Reference): Node {
  const { name, path, at } = reference;
  const found = lookUp(scope, name.text);
  if (found?.kind === 'constant' && path.length === 0) return constant(found.type, found.value, at.line);
  if (found === undefined && path.length === 1 && path[0].kind === 'member') {
    const type = scope.unit.types.get(name.text.toUpperCase())?.type;
    if (type?.kind === 'enum') return enumerator(scope, name.text, path[0].name.text, at);
  }
  const place = resolve(scope, reference);
  const type = valueType(place.type);
  if (type.kind !== 'elementary' && type.kind !== 'enum')
    return fail(scope.unit, 'st.type', `'${name.text}' is a ${type.name}; a single value is wanted here`, at);
  return {
    op: 'load',
    type,
    place,
    line: at.line,
    calls: place.indices.some((index) => index.value.calls),
  };
}

/** Resolves a reference to its place in memory. @throws PenstockError `st.unknown` or `st.type` */
export function resolve(scope: Scope, reference: Reference): Place {
  const { unit } = scope;
  const found = lookUp(scope, reference.name.text);
  if (found === undefined) {
    const ambiguous = unit.enumerators.get(reference.name.text.toUpperCase()) === 'ambiguous';
    if (ambiguous)
      return fail(
        unit,
        'st.type',
        `'${reference.name.text}' belongs to several enumerations; write TYPE#${reference.name.text}`,
        reference.at,
      );
    return unknown(unit, 'the variable', reference.name.text, visibleNames(scope), reference.at);
  }
  if (found.kind === 'constant') return fail(unit, 'st.type', `'${reference.name.text}' is a constant`, reference.at);
  let place = placeOf(found.root, found.member, reference.at.line);
  for (const [i, selector] of reference.path.entries()) {
    const { type } = place;
    if (selector.kind === 'member') {
      if (type.kind !== 'struct' && type.kind !== 'block')
        return fail(unit, 'st.type', `${type.name} has no member '${selector.name.text}'`, selector.name);
      const member = type.members.get(selector.name.text.toUpperCase());
      const visible = [...type.members.values()].filter(
        (candidate) => type.kind === 'struct' || isInterface(candidate.section),
      );
      if (member === undefined || !visible.includes(member))
        return unknown(
          unit,
          `the member of ${type.name}`,
          selector.name.text,
          visible.map((m) => m.name),
          selector.name,
        );
      if (member.section === 'inout')
        return fail(
          unit,
          'st.type',
          `the VAR_IN_OUT '${member.name}' of an instance is only seen inside it`,
          selector.name,
        );
      place = { ...place, base: plus(place.base, member.offset), type: member.type };
    } else if (selector.kind === 'index') {
      if (type.kind !== 'array')
        return fail(unit, 'st.type', `'${reference.name.text}' is a ${type.name}, not an array`, selector.at);
      if (selector.indices.length !== type.bounds.length)
        return fail(
          unit,
          'st.type',
          `the array has ${type.bounds.length} dimensions, ${selector.indices.length} indices were given`,
          selector.at,
        );
      place = indexed(scope, place, type, selector.indices);
    } else {
      const scalar = scalarOf(type);
      if (scalar?.family !== 'bits' || selector.bit >= scalar.bits || i < reference.path.length - 1)
        return fail(unit, 'st.type', `${type.name} has no bit ${selector.bit}`, selector.at);
      place = { ...place, type: BOOL, bit: selector.bit, wide: scalar.store === 'big' };
    }
  }
  return place;
}

const isInterface = (section: string): boolean => section === 'input' || section === 'output';

function indexed(
  scope: Scope,
  place: Place,
  type: Extract<Type, { kind: 'array' }>,
  expressions: readonly Expression[],
): Place {
  let stride = sizeOf(type.of);
  let { base } = place;
  const indices: Place['indices'][number][] = [];
  for (let i = expressions.length - 1; i >= 0; i--) {
    const expression = expressions[i];
    const { low, high } = type.bounds[i];
    const value = concrete(scope, infer(scope, expression, DINT), expression.at, DINT);
    if (!isInteger(value.type))
      return fail(scope.unit, 'st.type', `an array index is an integer, found ${value.type.name}`, expression.at);
    if (value.op === 'constant') {
      const index = Number(value.value);
      if (index < low || index > high)
        return fail(scope.unit, 'st.range', `the index ${index} is outside ${low}..${high}`, expression.at);
      base = plus(base, times(stride, index - low));
    } else indices.unshift({ value, low, high, stride });
    stride = times(stride, high - low + 1);
  }
  return { ...place, base, type: type.of, indices: [...place.indices, ...indices] };
}

function negate(scope: Scope, expression: Expression, at: At, hint?: Scalar): Node {
  const operand = infer(scope, expression, hint);
  if (operand.op === 'constant') {
    const value = foldNegation(operand);
    if (value !== undefined) return constant(operand.type, value, at.line, operand.untyped);
  }
  const { type } = operand;
  if (type.kind !== 'elementary' || !(isNumber(type) || type === TIME))
    return fail(scope.unit, 'st.type', `- needs a number or a duration, found ${type.name}`, at);
  return { op: 'negate', type, operand, line: at.line, calls: operand.calls };
}

function not(scope: Scope, expression: Expression, at: At, hint?: Scalar): Node {
  const operand = concrete(scope, infer(scope, expression, hint), at, hint);
  if (!isBits(operand.type))
    return fail(scope.unit, 'st.type', `NOT needs BOOL or a bit string, found ${operand.type.name}`, at);
  if (operand.op === 'constant' && operand.type === BOOL) return constant(BOOL, operand.value === 0 ? 1 : 0, at.line);
  return { op: 'not', type: operand.type, operand, line: at.line, calls: operand.calls };
}

/** Checks that two aggregates (arrays, structures) have one type, for an assignment of the whole. */
export function checkAggregate(scope: Scope, target: Place, source: Place, at: At): void {
  if (target.type.kind === 'block')
    fail(scope.unit, 'st.type', `an instance of ${target.type.name} cannot be assigned`, at);
  if (!sameType(target.type, source.type))
    fail(scope.unit, 'st.type', `expected ${target.type.name}, found ${source.type.name}`, at);
}
