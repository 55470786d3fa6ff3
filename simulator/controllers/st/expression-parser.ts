/** The grammar's expressions, and what all rules share: operators, depth, error messages. */
import { EmbeddedActionsParser, EOF, type IParserErrorMessageProvider, type IToken, type TokenType } from 'chevrotain';
import * as T from './lexer.ts';
import type { Argument, At, BinaryOperator, Expression, LiteralKind, Name, Reference, Selector } from './syntax.ts';

const K = T.keywords;

/** Deeper expressions are refused, so that no program can exhaust the stack of the compiler or of the controller. */
export const MAX_DEPTH = 200;

export const at = (token: IToken): At => ({ line: token.startLine ?? 1, column: token.startColumn ?? 1 });
const bitNumber = (image: string): number => Number(image.replace(/^%X/i, '').replaceAll('_', ''));
export const nameOf = (token: IToken): Name => ({
  text: token.image,
  line: token.startLine ?? 1,
  column: token.startColumn ?? 1,
});
/** Binding strength, strongest first (IEC 61131-3 ed. 3, table 71). */
const PRECEDENCE: Record<BinaryOperator, number> = {
  '**': 8,
  '*': 7,
  '/': 7,
  MOD: 7,
  '+': 6,
  '-': 6,
  '<': 5,
  '>': 5,
  '<=': 5,
  '>=': 5,
  '=': 4,
  '<>': 4,
  AND: 3,
  XOR: 2,
  OR: 1,
};
/** Thrown out of a rule by an expression that is too deep. */
export class TooDeep extends Error {
  readonly at: At;
  constructor(where: At) {
    super('too deep');
    this.at = where;
  }
}
/** What a rule was waiting for when it met a token that begins none of its alternatives. */
const EXPECTED: Record<string, string> = {
  unit: 'TYPE, VAR_GLOBAL, FUNCTION, FUNCTION_BLOCK or PROGRAM',
  statement: "':=' or '('",
  primary: 'a value',
  argument: 'a value',
  initial: 'a value',
  type: 'a type',
};

const label = (type: TokenType): string => (type === EOF ? (EXPECTED.unit as string) : (type.LABEL ?? type.name));
const found = (token: IToken, previous: IToken | undefined): string => {
  const came = token.tokenType === EOF ? 'the end of the text' : `'${token.image.slice(0, 40)}'`;
  const after = previous?.image ? ` after '${previous.image.slice(0, 40)}'` : '';
  return `${after}, found ${came}`;
};

const messages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual, previous }) =>
    `expected ${label(expected)}${found(actual, previous)}`,
  buildNotAllInputParsedMessage: ({ firstRedundant }) => `expected ${EXPECTED.unit}${found(firstRedundant, undefined)}`,
  buildNoViableAltMessage: ({ expectedPathsPerAlt, actual, previous, ruleName }) => {
    const first = new Set(expectedPathsPerAlt.flatMap((paths) => paths.flatMap((path) => path.slice(0, 1).map(label))));
    return `expected ${EXPECTED[ruleName] ?? [...first].join(', ')}${found(actual[0], previous)}`;
  },
  buildEarlyExitMessage: ({ expectedIterationPaths, actual, previous }) => {
    const first = new Set(expectedIterationPaths.flatMap((path) => path.slice(0, 1).map(label)));
    return `expected ${[...first].join(', ')}${found(actual[0], previous)}`;
  },
};
/** Rules of expressions. A subclass with the rule where everything starts runs `performSelfAnalysis`. */
export class ExpressionParser extends EmbeddedActionsParser {
  constructor() {
    super(T.vocabulary, { maxLookahead: 2, recoveryEnabled: false, errorMessageProvider: messages });
  }

  /** Whether the token that many places ahead is one of these. */
  protected is(offset: number, ...types: TokenType[]): boolean {
    const actual = this.LA(offset).tokenType;
    return types.some((type) => type === actual);
  }

  reference = this.RULE('reference', (): Reference => {
    const start = this.CONSUME(T.Identifier);
    const path: Selector[] = [];
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(T.Dot);
            this.OR2([
              { ALT: () => path.push({ kind: 'member', name: nameOf(this.CONSUME2(T.Identifier)) }) },
              {
                ALT: () => {
                  const bit = this.OR3([
                    { ALT: () => this.CONSUME(T.PartialAccess) },
                    { ALT: () => this.CONSUME(T.Integer) },
                  ]);
                  this.ACTION(() => path.push({ kind: 'bit', at: at(bit), bit: bitNumber(bit.image) }));
                },
              },
            ]);
          },
        },
        {
          ALT: () => {
            const open = this.CONSUME(T.LeftBracket);
            const indices: Expression[] = [];
            this.AT_LEAST_ONE_SEP({
              SEP: T.Comma,
              DEF: () => indices.push(this.SUBRULE(this.expression)),
            });
            this.CONSUME(T.RightBracket);
            path.push({ kind: 'index', at: at(open), indices });
          },
        },
      ]);
    });
    return { at: at(start), name: nameOf(start), path };
  });

  args = this.RULE('arguments', (): Argument[] => {
    const list: Argument[] = [];
    this.CONSUME(T.LeftParen);
    this.MANY_SEP({ SEP: T.Comma, DEF: () => list.push(this.SUBRULE(this.argument)) });
    this.CONSUME(T.RightParen);
    return list;
  });

  argument = this.RULE(
    'argument',
    (): Argument =>
      this.OR([
        {
          GATE: () => this.is(2, T.Assign),
          ALT: (): Argument => {
            const name = this.CONSUME(T.Identifier);
            this.CONSUME(T.Assign);
            const value = this.SUBRULE(this.expression);
            return { kind: 'input', at: at(name), name: nameOf(name), value };
          },
        },
        {
          GATE: () => this.is(2, T.Output),
          ALT: (): Argument => {
            const name = this.CONSUME2(T.Identifier);
            this.CONSUME(T.Output);
            const target = this.OPTION(() => this.SUBRULE(this.reference));
            return { kind: 'output', at: at(name), name: nameOf(name), negated: false, target };
          },
        },
        {
          GATE: () => this.is(1, K.NOT) && this.is(3, T.Output),
          ALT: (): Argument => {
            const start = this.CONSUME(K.NOT);
            const name = this.CONSUME3(T.Identifier);
            this.CONSUME2(T.Output);
            const target = this.OPTION2(() => this.SUBRULE2(this.reference));
            return { kind: 'output', at: at(start), name: nameOf(name), negated: true, target };
          },
        },
        {
          ALT: (): Argument => {
            const value = this.SUBRULE2(this.expression);
            return { kind: 'positional', at: value?.at, value };
          },
        },
      ]),
  );

  expression = this.RULE('expression', (): Expression => {
    const operands = [this.SUBRULE(this.unary)];
    const operators: BinaryOperator[] = [];
    this.MANY(() => {
      const token = this.SUBRULE(this.operator);
      const operand = this.SUBRULE2(this.unary);
      this.ACTION(() => {
        const text = token.image.toUpperCase();
        operators.push((text === '&' ? 'AND' : text) as BinaryOperator);
        operands.push(operand);
      });
    });
    return this.ACTION(() => combine(operands, operators));
  });

  operator = this.RULE(
    'operator',
    (): IToken =>
      this.OR(
        [
          ...[K.AND, T.Ampersand, K.OR, K.XOR, K.MOD, T.Power, T.Times, T.Divide, T.Plus, T.Minus],
          ...[T.Less, T.LessEqual, T.Greater, T.GreaterEqual, T.Equal, T.NotEqual],
        ].map((type) => ({ ALT: () => this.CONSUME(type) })),
      ),
  );

  unary = this.RULE('unary', (): Expression => {
    const signs: IToken[] = [];
    this.MANY(() => {
      signs.push(
        this.OR([
          { ALT: () => this.CONSUME(T.Minus) },
          { ALT: () => this.CONSUME(T.Plus) },
          { ALT: () => this.CONSUME(K.NOT) },
        ]),
      );
    });
    const operand = this.SUBRULE(this.primary);
    return this.ACTION(() => {
      let result = operand;
      for (const sign of signs.reverse()) {
        if (sign.image === '+') continue;
        if (result.depth >= MAX_DEPTH) throw new TooDeep(at(sign));
        const operator = sign.image === '-' ? '-' : 'NOT';
        result = { kind: 'unary', at: at(sign), depth: result.depth + 1, operator, operand: result };
      }
      return result;
    });
  });

  primary = this.RULE(
    'primary',
    (): Expression =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(T.LeftParen);
            const inner = this.SUBRULE(this.expression);
            this.CONSUME(T.RightParen);
            return inner;
          },
        },
        {
          GATE: () => this.is(2, T.LeftParen),
          ALT: (): Expression => {
            const name = this.OR2(CALLABLE.map((type) => ({ ALT: () => this.CONSUME2(type) })));
            const list = this.SUBRULE(this.args);
            return {
              kind: 'call',
              at: at(name),
              depth: this.ACTION(() => depthOfArguments(list)),
              name: nameOf(name),
              args: list,
            };
          },
        },
        {
          ALT: (): Expression => {
            const reference = this.SUBRULE(this.reference);
            return {
              kind: 'reference',
              at: reference?.at,
              depth: this.ACTION(() => depthOfReference(reference)),
              reference,
            };
          },
        },
        ...LITERALS.map(([type, literal]) => ({
          ALT: (): Expression => {
            const token = this.CONSUME(type);
            return { kind: 'literal', at: at(token), depth: 1, literal, text: token.image };
          },
        })),
      ]),
  );
}

/** Operators with a name may also be called: `AND(a, b, c)`. */
const CALLABLE = [T.Identifier, K.AND, K.OR, K.XOR, K.MOD];

const LITERALS: readonly [TokenType, LiteralKind][] = [
  [T.Integer, 'integer'],
  [T.Based, 'integer'],
  [T.Real, 'real'],
  [T.TypedNumber, 'typed'],
  [T.TypedName, 'typed-name'],
  [T.Duration, 'duration'],
  [T.DateLiteral, 'date'],
  [T.Text, 'string'],
  [K.TRUE, 'boolean'],
  [K.FALSE, 'boolean'],
];

/** Operator precedence over a flat list; equal strength binds from the left. */
function combine(operands: Expression[], operators: BinaryOperator[]): Expression {
  const output: Expression[] = [operands[0]];
  const pending: BinaryOperator[] = [];
  const reduce = () => {
    const right = output.pop() as Expression;
    const left = output.pop() as Expression;
    const depth = Math.max(left.depth, right.depth) + 1;
    if (depth > MAX_DEPTH) throw new TooDeep(right.at);
    output.push({ kind: 'binary', at: left.at, depth, operator: pending.pop() as BinaryOperator, left, right });
  };
  operators.forEach((operator, i) => {
    while (pending.length > 0 && PRECEDENCE[pending.at(-1) as BinaryOperator] >= PRECEDENCE[operator]) reduce();
    pending.push(operator);
    output.push(operands[i + 1]);
  });
  while (pending.length > 0) reduce();
  return output[0];
}

export function depthOfArguments(list: readonly Argument[]): number {
  let depth = 0;
  for (const argument of list)
    if (argument.kind === 'output') depth = Math.max(depth, argument.target ? depthOfReference(argument.target) : 0);
    else depth = Math.max(depth, argument.value.depth);
  return depth + 1;
}

export function depthOfReference(reference: Reference): number {
  let depth = 0;
  for (const selector of reference.path)
    if (selector.kind === 'index') for (const index of selector.indices) depth = Math.max(depth, index.depth);
  return depth + 1;
}
