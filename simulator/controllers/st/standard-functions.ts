/**
 * The standard functions (IEC 61131-3 ed. 3, tables 22 to 36): names, formal parameters and types. What they compute is in
 * `generate-functions.ts`.
 */
import { coerce, concrete, convert, infer } from './expressions.ts';
import type { Node, Relation, Scalar } from './ir.ts';
import { binary } from './operators.ts';
import type { At, BinaryOperator, Expression } from './syntax.ts';
import {
  BOOL,
  commonType,
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
  LREAL,
  MAX_STRING_LENGTH,
  REAL,
  STRING,
  scalarOf,
  stringOf,
  TIME,
  TIME_OF_DAY,
} from './types.ts';
import { fail, type Scope } from './unit.ts';

interface Context {
  readonly scope: Scope;
  readonly name: string;
  readonly at: At;
  readonly args: readonly Expression[];
  readonly hint: Scalar | undefined;
}

export interface StandardFunction {
  /** Formal names; one that ends in `#` may be repeated, counting from the number behind it. */
  readonly parameters: readonly string[];
  readonly check: (context: Context) => Node;
}

const wrong = (context: Context, i: number, wanted: string, found: Scalar): never =>
  fail(context.scope.unit, 'st.type', `${context.name} needs ${wanted}, found ${found.name}`, context.args[i].at);

const node = (context: Context, type: Scalar, args: readonly Node[], name = context.name): Node => ({
  op: 'function',
  name,
  type,
  args,
  line: context.at.line,
  calls: args.some((argument) => argument.calls),
});

const argument = (context: Context, i: number, hint?: Scalar): Node => infer(context.scope, context.args[i], hint);
const given = (context: Context, i: number, type: Elementary): Node =>
  coerce(context.scope, argument(context, i, type), type, context.args[i].at);

function integer(context: Context, i: number): Node {
  const value = concrete(context.scope, argument(context, i, DINT), context.args[i].at, DINT);
  if (!isInteger(value.type)) return wrong(context, i, 'an integer', value.type);
  return value.type.store === 'big' ? convert(value, DINT) : value;
}

function text(context: Context, i: number): Node {
  const value = concrete(context.scope, argument(context, i), context.args[i].at);
  return isText(value.type) ? value : wrong(context, i, 'a STRING', value.type);
}

/** SQRT, LN, …: ANY_REAL in, the same out; an integer is taken as the real type that holds it. */
const real: StandardFunction = {
  parameters: ['IN'],
  check: (context) => {
    const hint = context.hint === LREAL ? LREAL : REAL;
    const value = concrete(context.scope, argument(context, 0, hint), context.args[0].at, hint);
    const type = realOf(value.type);
    return type
      ? node(context, type, [coerce(context.scope, value, type, context.at)])
      : wrong(context, 0, 'a REAL or LREAL', value.type);
  },
};

function realOf(type: Scalar): Elementary | undefined {
  if (type.kind === 'enum' || !isNumber(type)) return undefined;
  return commonType(type, REAL);
}

const abs: StandardFunction = {
  parameters: ['IN'],
  check: (context) => {
    const value = concrete(context.scope, argument(context, 0, context.hint), context.args[0].at, context.hint);
    if (!isNumber(value.type) && value.type !== TIME) return wrong(context, 0, 'a number', value.type);
    return node(context, value.type, [value]);
  },
};

/** Brings arguments from `first` on to their common type; `accepts` says what is wanted in words if it is not met. */
function alike(context: Context, first: number, accepts?: (type: Scalar) => string | undefined): Node[] {
  const { scope } = context;
  const raw = context.args.slice(first).map((expression) => infer(scope, expression, context.hint));
  const typed = raw.filter((value) => !(value.op === 'constant' && value.untyped));
  const someReal = raw.some((value) => value.op === 'constant' && value.untyped && typeof value.value === 'number');
  let type: Scalar | undefined = typed[0]?.type;
  for (const [i, value] of typed.entries()) {
    if (i === 0 || value.type === type) continue;
    const both: Elementary | undefined =
      type?.kind === 'elementary' && value.type.kind === 'elementary' ? commonType(type, value.type) : undefined;
    if (both === undefined)
      return fail(
        scope.unit,
        'st.type',
        `${context.name} cannot join ${type?.name} and ${value.type.name}`,
        context.at,
      );
    type = both;
  }
  if (type === undefined) {
    const hint = context.hint?.kind === 'elementary' && isNumber(context.hint) ? context.hint : undefined;
    type = someReal ? (hint?.family === 'real' ? hint : REAL) : (hint ?? concrete(scope, raw[0], context.at).type);
  } else if (someReal && isInteger(type)) {
    const found: string = type.name;
    type = realOf(type);
    if (type === undefined)
      return fail(scope.unit, 'st.type', `${context.name} cannot join ${found} and a real literal`, context.at);
  }
  const refusal = accepts?.(type);
  if (refusal !== undefined) return wrong(context, first, refusal, type);
  return raw.map((value, i) => coerce(scope, value, type as Scalar, context.args[first + i].at));
}

const ordered = (type: Scalar): string | undefined => (type.kind === 'enum' ? 'a type with an order' : undefined);

const extreme: StandardFunction = {
  parameters: ['IN1#'],
  check: (context) => {
    const args = alike(context, 0, ordered);
    return args.reduce((left, right) => node(context, left.type, [left, right]));
  },
};

const limit: StandardFunction = {
  parameters: ['MN', 'IN', 'MX'],
  check: (context) => {
    const args = alike(context, 0, ordered);
    return node(context, args[0].type, args);
  },
};

const select: StandardFunction = {
  parameters: ['G', 'IN0', 'IN1'],
  check: (context) => {
    const gate = given(context, 0, BOOL);
    const args = alike(context, 1);
    return node(context, args[0].type, [gate, ...args]);
  },
};

const multiplex: StandardFunction = {
  parameters: ['K', 'IN0#'],
  check: (context) => {
    const gate = integer(context, 0);
    const args = alike(context, 1);
    return node(context, args[0].type, [gate, ...args]);
  },
};

const move: StandardFunction = {
  parameters: ['IN'],
  check: (context) => concrete(context.scope, argument(context, 0, context.hint), context.at, context.hint),
};

/** ADD, AND, …: an operator under a name, with any number of inputs where the operator is associative. */
const operator = (symbol: BinaryOperator, parameters: readonly string[]): StandardFunction => ({
  parameters,
  check: (context) => {
    const args = context.args.map((expression) => infer(context.scope, expression, context.hint));
    return args.reduce((left, right, i) => binary(context.scope, symbol, left, right, context.args[i].at, context.at));
  },
});

/** GT, EQ, …: holds between each neighbouring pair. */
const relation = (symbol: Relation): StandardFunction => ({
  parameters: symbol === '<>' ? ['IN1', 'IN2'] : ['IN1#'],
  check: (context) => {
    const { scope, at } = context;
    const args = context.args.map((expression) => infer(scope, expression));
    const pairs = args.slice(1).map((right, i) => binary(scope, symbol, args[i], right, context.args[i + 1].at, at));
    return pairs.reduce((left, right) => binary(scope, 'AND', left, right, at, at));
  },
});

const shift: StandardFunction = {
  parameters: ['IN', 'N'],
  check: (context) => {
    const value = concrete(context.scope, argument(context, 0, context.hint), context.at, context.hint);
    if (!isBits(value.type)) return wrong(context, 0, 'a bit string (BYTE, WORD, DWORD, LWORD)', value.type);
    return node(context, value.type, [value, integer(context, 1)]);
  },
};

const length: StandardFunction = { parameters: ['IN'], check: (context) => node(context, INT, [text(context, 0)]) };
const find: StandardFunction = {
  parameters: ['IN1', 'IN2'],
  check: (context) => node(context, INT, [text(context, 0), text(context, 1)]),
};
const LONG = stringOf(MAX_STRING_LENGTH);

/** `kinds`: `s` a string, `n` an integer, one letter a parameter. */
const onText = (parameters: readonly string[], kinds: string): StandardFunction => ({
  parameters,
  check: (context) =>
    node(
      context,
      LONG,
      [...kinds].map((kind, i) => (kind === 's' ? text(context, i) : integer(context, i))),
    ),
});

const concat: StandardFunction = {
  parameters: ['IN1#'],
  check: (context) =>
    node(
      context,
      LONG,
      context.args.map((_, i) => text(context, i)),
    ),
};

const fixed = (
  parameters: readonly string[],
  types: readonly Elementary[],
  result: Elementary,
  build: (c: Context, args: Node[]) => Node,
): StandardFunction => ({
  parameters,
  check: (context) => {
    const made = build(
      context,
      types.map((type, i) => given(context, i, type)),
    );
    return made.type === result ? made : { ...made, type: result };
  },
});

const joined =
  (symbol: BinaryOperator) =>
  (context: Context, [left, right]: Node[]) =>
    binary(context.scope, symbol, left, right, context.args[1].at, context.at);

const arctangent2: StandardFunction = {
  parameters: ['Y', 'X'],
  check: (context) => {
    const args = alike(context, 0, (type) => (realOf(type) ? undefined : 'real numbers'));
    const type = realOf(args[0].type) as Elementary;
    return node(
      context,
      type,
      args.map((value) => coerce(context.scope, value, type, context.at)),
    );
  },
};

/** Truncation towards zero into an integer type: that of the surroundings, DINT where they want none. */
const truncate: StandardFunction = {
  parameters: ['IN'],
  check: (context) => {
    const { hint } = context;
    const value = concrete(context.scope, argument(context, 0), context.at);
    if (value.type.kind === 'enum' || value.type.family !== 'real')
      return wrong(context, 0, 'a REAL or LREAL', value.type);
    return convert(value, hint?.kind === 'elementary' && isInteger(hint) ? hint : DINT, true);
  },
};

export const STANDARD: ReadonlyMap<string, StandardFunction> = new Map<string, StandardFunction>([
  ...['SQRT', 'LN', 'LOG', 'EXP', 'SIN', 'COS', 'TAN', 'ASIN', 'ACOS', 'ATAN'].map((name) => [name, real] as const),
  ['ABS', abs],
  ['ATAN2', arctangent2],
  ['TRUNC', truncate],
  ['ADD', operator('+', ['IN1#'])],
  ['MUL', operator('*', ['IN1#'])],
  ['SUB', operator('-', ['IN1', 'IN2'])],
  ['DIV', operator('/', ['IN1', 'IN2'])],
  ['MOD', operator('MOD', ['IN1', 'IN2'])],
  ['EXPT', operator('**', ['IN1', 'IN2'])],
  ['AND', operator('AND', ['IN1#'])],
  ['OR', operator('OR', ['IN1#'])],
  ['XOR', operator('XOR', ['IN1#'])],
  ['MOVE', move],
  ['GT', relation('>')],
  ['GE', relation('>=')],
  ['EQ', relation('=')],
  ['LE', relation('<=')],
  ['LT', relation('<')],
  ['NE', relation('<>')],
  ['SEL', select],
  ['MAX', extreme],
  ['MIN', extreme],
  ['LIMIT', limit],
  ['MUX', multiplex],
  ...['SHL', 'SHR', 'ROL', 'ROR'].map((name) => [name, shift] as const),
  ['LEN', length],
  ['FIND', find],
  ['CONCAT', concat],
  ['LEFT', onText(['IN', 'L'], 'sn')],
  ['RIGHT', onText(['IN', 'L'], 'sn')],
  ['MID', onText(['IN', 'L', 'P'], 'snn')],
  ['INSERT', onText(['IN1', 'IN2', 'P'], 'ssn')],
  ['DELETE', onText(['IN', 'L', 'P'], 'snn')],
  ['REPLACE', onText(['IN1', 'IN2', 'L', 'P'], 'ssnn')],
  ['ADD_TIME', fixed(['IN1', 'IN2'], [TIME, TIME], TIME, joined('+'))],
  ['SUB_TIME', fixed(['IN1', 'IN2'], [TIME, TIME], TIME, joined('-'))],
  ...['MUL_TIME', 'MULTIME'].map((name) => [name, operator('*', ['IN1', 'IN2'])] as const),
  ...['DIV_TIME', 'DIVTIME'].map((name) => [name, operator('/', ['IN1', 'IN2'])] as const),
  ['ADD_DT_TIME', fixed(['IN1', 'IN2'], [DATE_AND_TIME, TIME], DATE_AND_TIME, joined('+'))],
  ['SUB_DT_TIME', fixed(['IN1', 'IN2'], [DATE_AND_TIME, TIME], DATE_AND_TIME, joined('-'))],
  ['SUB_DT_DT', fixed(['IN1', 'IN2'], [DATE_AND_TIME, DATE_AND_TIME], TIME, joined('-'))],
  ['ADD_TOD_TIME', fixed(['IN1', 'IN2'], [TIME_OF_DAY, TIME], TIME_OF_DAY, joined('+'))],
  ['SUB_TOD_TIME', fixed(['IN1', 'IN2'], [TIME_OF_DAY, TIME], TIME_OF_DAY, joined('-'))],
  ['SUB_DATE_DATE', fixed(['IN1', 'IN2'], [DATE, DATE], TIME, joined('-'))],
  [
    'CONCAT_DATE_TOD',
    fixed(['IN1', 'IN2'], [DATE, TIME_OF_DAY], DATE_AND_TIME, (c, args) => node(c, DATE_AND_TIME, args)),
  ],
  ['TIME', { parameters: [], check: (context) => node(context, TIME, []) }],
]);

/** `INT_TO_REAL`, `TO_REAL`, `REAL_TRUNC_DINT`; undefined when the name is none of them. */
export function conversionNamed(name: string): StandardFunction | undefined {
  const match = /^(?:(\w+?)_)?(TO|TRUNC)_(\w+)$/.exec(name);
  const to = ELEMENTARY.get(match?.[3] ?? '');
  if (!match || to === undefined) return undefined;
  const from = match[1] === undefined ? undefined : ELEMENTARY.get(match[1]);
  return {
    parameters: ['IN'],
    check: (context) => {
      const { scope, at } = context;
      const raw = argument(context, 0, from);
      const enumerated = raw.type.kind === 'enum' && match[1] === raw.type.name.toUpperCase();
      if (match[1] !== undefined && from === undefined && !enumerated)
        return fail(scope.unit, 'st.unknown', `the function '${name}' is not declared`, at);
      const value = from === undefined ? concrete(scope, raw, at) : coerce(scope, raw, from, context.args[0].at);
      const source = scalarOf(value.type) as Elementary;
      if (!convertible(source, to))
        return fail(scope.unit, 'st.type', `there is no conversion from ${source.name} to ${to.name}`, at);
      if (match[2] === 'TRUNC' && source.family !== 'real') return wrong(context, 0, 'a REAL or LREAL', source);
      if (source === to && value.type.kind !== 'enum') return value;
      return convert(value, to, match[2] === 'TRUNC');
    },
  };
}

function convertible(from: Elementary, to: Elementary): boolean {
  if (from.family === 'date' || to.family === 'date') {
    if (to === STRING) return false;
    if (from === DATE_AND_TIME) return to === DATE || to === TIME_OF_DAY || to.store === 'big' || to === LREAL;
    return from === to || (from.family === 'date' ? to === LREAL : to === DATE_AND_TIME && from === LREAL);
  }
  return true;
}
