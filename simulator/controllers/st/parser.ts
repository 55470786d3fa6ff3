/** Structured Text's grammar (IEC 61131-3 ed. 3, annex A) on chevrotain: tokens in, syntax tree out. */
import { PenstockError } from '@penstock/core';
import { EmbeddedActionsParser, EOF, type IParserErrorMessageProvider, type IToken, type TokenType } from 'chevrotain';
import * as T from './lexer.ts';
import { tokenize } from './lexer.ts';
import type {
  Argument,
  At,
  BinaryOperator,
  Branch,
  CaseLabel,
  Declaration,
  Expression,
  InitialSyntax,
  LiteralKind,
  Name,
  Reference,
  Section,
  Selector,
  Statement,
  TypeSyntax,
  VariableBlock,
  VariableSyntax,
} from './syntax.ts';

const K = T.keywords;

/** Deeper nesting is refused, so that no program can exhaust the stack of the compiler or of the controller. */
const MAX_NESTING = 60;
const MAX_DEPTH = 200;
/** Longest source text in characters. */
export const MAX_SOURCE = 1_000_000;

const at = (token: IToken): At => ({ line: token.startLine ?? 1, column: token.startColumn ?? 1 });
const bitNumber = (image: string): number => Number(image.replace(/^%X/i, '').replaceAll('_', ''));
const nameOf = (token: IToken): Name => ({
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

const SECTIONS: readonly Section[] = [
  'VAR',
  'VAR_INPUT',
  'VAR_OUTPUT',
  'VAR_IN_OUT',
  'VAR_TEMP',
  'VAR_GLOBAL',
  'VAR_EXTERNAL',
];

const POUS = [
  [K.FUNCTION, K.END_FUNCTION, 'function'],
  [K.FUNCTION_BLOCK, K.END_FUNCTION_BLOCK, 'function-block'],
  [K.PROGRAM, K.END_PROGRAM, 'program'],
] as const;

class TooDeep extends Error {
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

class StParser extends EmbeddedActionsParser {
  constructor() {
    super(T.vocabulary, { maxLookahead: 2, recoveryEnabled: false, errorMessageProvider: messages });
    this.performSelfAnalysis();
  }

  #is(offset: number, ...types: TokenType[]): boolean {
    const actual = this.LA(offset).tokenType;
    return types.some((type) => type === actual);
  }

  unit = this.RULE('unit', (): Declaration[] => {
    const declarations: Declaration[] = [];
    this.MANY(() => {
      this.OR([
        { ALT: () => this.SUBRULE(this.types, { ARGS: [declarations] }) },
        { ALT: () => this.SUBRULE(this.pou, { ARGS: [declarations] }) },
        { ALT: () => declarations.push({ kind: 'globals', block: this.SUBRULE(this.variableBlock) }) },
      ]);
    });
    this.CONSUME(EOF);
    return declarations;
  });

  types = this.RULE('types', (into: Declaration[]) => {
    this.CONSUME(K.TYPE);
    this.AT_LEAST_ONE(() => {
      const name = this.CONSUME(T.Identifier);
      this.CONSUME(T.Colon);
      const type = this.SUBRULE(this.typeSyntax);
      const initial = this.OPTION(() => {
        this.CONSUME(T.Assign);
        return this.SUBRULE(this.initial);
      });
      // After END_STRUCT the semicolon is often left out.
      this.OPTION2(() => this.CONSUME(T.Semicolon));
      this.ACTION(() => into.push({ kind: 'type', name: nameOf(name), type, initial }));
    });
    this.CONSUME(K.END_TYPE);
  });

  pou = this.RULE('pou', (into: Declaration[]) => {
    const start = this.OR(POUS.map(([open]) => ({ ALT: () => this.CONSUME(open) })));
    const name = this.CONSUME(T.Identifier);
    const result = this.OPTION({
      GATE: () => start.tokenType === K.FUNCTION,
      DEF: () => {
        this.CONSUME(T.Colon);
        return this.SUBRULE(this.typeSyntax);
      },
    });
    const blocks: VariableBlock[] = [];
    this.MANY(() => blocks.push(this.SUBRULE(this.variableBlock)));
    const body = this.SUBRULE(this.statements);
    const end = this.OR2(
      POUS.map(([open, close]) => ({ GATE: () => start.tokenType === open, ALT: () => this.CONSUME(close) })),
    );
    this.ACTION(() => {
      const kind = POUS.find(([open]) => open === start.tokenType)?.[2] as 'program';
      into.push({ kind, at: at(start), name: nameOf(name), result, blocks, body, endLine: end.startLine as number });
    });
  });

  variableBlock = this.RULE('variables', (): VariableBlock => {
    const start = this.OR(SECTIONS.map((section) => ({ ALT: () => this.CONSUME(K[section]) })));
    let retain = false;
    let constant = false;
    this.MANY(() => {
      this.OR2([
        {
          ALT: () => {
            this.CONSUME(K.RETAIN);
            retain = true;
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.PERSISTENT);
            retain = true;
          },
        },
        { ALT: () => this.CONSUME(K.NON_RETAIN) },
        {
          ALT: () => {
            this.CONSUME(K.CONSTANT);
            constant = true;
          },
        },
      ]);
    });
    const variables: VariableSyntax[] = [];
    this.MANY2(() => this.SUBRULE(this.variable, { ARGS: [variables] }));
    this.CONSUME(K.END_VAR);
    const section = this.ACTION(() => start.tokenType.name as Section);
    return { at: at(start), section, retain, constant, variables };
  });

  variable = this.RULE('variable', (into: VariableSyntax[]) => {
    const names: { name: IToken; location: string | undefined }[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        const name = this.CONSUME(T.Identifier);
        const location = this.OPTION(() => {
          this.CONSUME(K.AT);
          return this.CONSUME(T.DirectAddress).image.toUpperCase();
        });
        names.push({ name, location });
      },
    });
    this.CONSUME(T.Colon);
    const type = this.SUBRULE(this.typeSyntax);
    const initial = this.OPTION2(() => {
      this.CONSUME(T.Assign);
      return this.SUBRULE(this.initial);
    });
    this.CONSUME(T.Semicolon);
    this.ACTION(() => {
      for (const { name, location } of names) into.push({ name: nameOf(name), type, initial, location });
    });
  });

  typeSyntax = this.RULE(
    'type',
    (): TypeSyntax =>
      this.OR([
        { ALT: () => this.SUBRULE(this.arrayType) },
        { ALT: () => this.SUBRULE(this.structType) },
        { ALT: () => this.SUBRULE(this.stringType) },
        { ALT: () => this.SUBRULE(this.enumType) },
        { ALT: () => this.SUBRULE(this.namedType) },
      ]),
  );

  arrayType = this.RULE('array', (): TypeSyntax => {
    const start = this.CONSUME(K.ARRAY);
    const bounds: { low: Expression; high: Expression }[] = [];
    this.CONSUME(T.LeftBracket);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        const low = this.SUBRULE(this.expression);
        this.CONSUME(T.Range);
        const high = this.SUBRULE2(this.expression);
        bounds.push({ low, high });
      },
    });
    this.CONSUME(T.RightBracket);
    this.CONSUME(K.OF);
    const of = this.SUBRULE(this.typeSyntax);
    return { kind: 'array', at: at(start), bounds, of };
  });

  structType = this.RULE('struct', (): TypeSyntax => {
    const start = this.CONSUME(K.STRUCT);
    const members: VariableSyntax[] = [];
    this.AT_LEAST_ONE(() => this.SUBRULE(this.variable, { ARGS: [members] }));
    this.CONSUME(K.END_STRUCT);
    return { kind: 'struct', at: at(start), members };
  });

  stringType = this.RULE('string', (): TypeSyntax => {
    const start = this.OR([{ ALT: () => this.CONSUME(K.STRING) }, { ALT: () => this.CONSUME(K.WSTRING) }]);
    const length = this.OPTION(() =>
      this.OR2([
        {
          ALT: () => {
            this.CONSUME(T.LeftBracket);
            const n = this.SUBRULE(this.expression);
            this.CONSUME(T.RightBracket);
            return n;
          },
        },
        {
          ALT: () => {
            this.CONSUME(T.LeftParen);
            const n = this.SUBRULE2(this.expression);
            this.CONSUME(T.RightParen);
            return n;
          },
        },
      ]),
    );
    return { kind: 'string', at: at(start), length };
  });

  enumType = this.RULE('enum', (): TypeSyntax => {
    const start = this.LA(1);
    const values = this.SUBRULE(this.enumValues);
    const base = this.OPTION(() => this.CONSUME(T.Identifier));
    return { kind: 'enum', at: at(start), base: base && nameOf(base), values };
  });

  enumValues = this.RULE('enumValues', (): { name: Name; value: Expression | undefined }[] => {
    const values: { name: Name; value: Expression | undefined }[] = [];
    this.CONSUME(T.LeftParen);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        const name = nameOf(this.CONSUME(T.Identifier));
        const value = this.OPTION(() => {
          this.CONSUME(T.Assign);
          return this.SUBRULE(this.expression);
        });
        values.push({ name, value });
      },
    });
    this.CONSUME(T.RightParen);
    return values;
  });

  namedType = this.RULE('namedType', (): TypeSyntax => {
    const start = this.CONSUME(T.Identifier);
    const name = nameOf(start);
    let type: TypeSyntax = { kind: 'named', at: at(start), name };
    this.OPTION(() => {
      this.OR([
        {
          GATE: () => this.#is(2, T.Identifier) && this.#is(3, T.Comma, T.RightParen, T.Assign),
          ALT: () => {
            type = { kind: 'enum', at: at(start), base: name, values: this.SUBRULE(this.enumValues) };
          },
        },
        {
          ALT: () => {
            this.CONSUME(T.LeftParen);
            const low = this.SUBRULE(this.expression);
            this.CONSUME(T.Range);
            const high = this.SUBRULE2(this.expression);
            this.CONSUME(T.RightParen);
            type = { kind: 'subrange', at: at(start), base: name, low, high };
          },
        },
      ]);
    });
    return type;
  });

  initial = this.RULE(
    'initial',
    (): InitialSyntax =>
      this.OR([
        { ALT: () => this.SUBRULE(this.arrayInitial) },
        {
          GATE: () => this.#is(2, T.Identifier) && this.#is(3, T.Assign),
          ALT: () => this.SUBRULE(this.structInitial),
        },
        {
          ALT: () => {
            const value = this.SUBRULE(this.expression);
            return { kind: 'expression' as const, at: value?.at, value };
          },
        },
      ]),
  );

  arrayInitial = this.RULE('arrayInitial', (): InitialSyntax => {
    const start = this.CONSUME(T.LeftBracket);
    const elements: { count: number; value: InitialSyntax | undefined }[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        this.OR([
          {
            GATE: () => this.#is(2, T.LeftParen),
            ALT: () => {
              const count = this.CONSUME(T.Integer);
              this.CONSUME(T.LeftParen);
              const value = this.OPTION(() => this.SUBRULE(this.initial));
              this.CONSUME(T.RightParen);
              this.ACTION(() => elements.push({ count: Number(count.image.replaceAll('_', '')), value }));
            },
          },
          { ALT: () => elements.push({ count: 1, value: this.SUBRULE2(this.initial) }) },
        ]);
      },
    });
    this.CONSUME(T.RightBracket);
    return { kind: 'array', at: at(start), elements };
  });

  structInitial = this.RULE('structInitial', (): InitialSyntax => {
    const start = this.CONSUME(T.LeftParen);
    const members: { name: Name; value: InitialSyntax }[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        const name = nameOf(this.CONSUME(T.Identifier));
        this.CONSUME(T.Assign);
        members.push({ name, value: this.SUBRULE(this.initial) });
      },
    });
    this.CONSUME(T.RightParen);
    return { kind: 'struct', at: at(start), members };
  });

  statements = this.RULE('statements', (): Statement[] => {
    const list: Statement[] = [];
    this.MANY({
      GATE: () => !this.#atCaseLabel(),
      DEF: () => {
        this.OR([
          { ALT: () => this.CONSUME(T.Semicolon) },
          { ALT: () => list.push(this.SUBRULE(this.simpleStatement)) },
          { ALT: () => list.push(this.SUBRULE(this.ifStatement)) },
          { ALT: () => list.push(this.SUBRULE(this.caseStatement)) },
          { ALT: () => list.push(this.SUBRULE(this.forStatement)) },
          { ALT: () => list.push(this.SUBRULE(this.whileStatement)) },
          { ALT: () => list.push(this.SUBRULE(this.repeatStatement)) },
          { ALT: () => list.push(this.SUBRULE(this.jumpStatement)) },
        ]);
      },
    });
    return list;
  });

  /** A label of CASE begins where a statement could: `RED:`, `RED, BLUE:`, `Color.RED:`, `A..B:`. */
  #atCaseLabel(): boolean {
    if (!this.#is(1, T.Identifier)) return false;
    if (this.#is(2, T.Colon, T.Comma, T.Range)) return true;
    return this.#is(2, T.Dot) && this.#is(3, T.Identifier) && this.#is(4, T.Colon, T.Comma, T.Range);
  }

  simpleStatement = this.RULE('statement', (): Statement => {
    const target = this.SUBRULE(this.reference);
    const statement = this.OR([
      {
        ALT: (): Statement => {
          this.CONSUME(T.Assign);
          const value = this.SUBRULE(this.expression);
          return { kind: 'assign', at: target?.at, target, value };
        },
      },
      {
        ALT: (): Statement => ({ kind: 'call', at: target?.at, callee: target, args: this.SUBRULE(this.args) }),
      },
    ]);
    this.CONSUME(T.Semicolon);
    return statement;
  });

  ifStatement = this.RULE('if', (): Statement => {
    const start = this.CONSUME(K.IF);
    const branches: Branch<Expression>[] = [];
    const condition = this.SUBRULE(this.expression);
    this.CONSUME(K.THEN);
    branches.push({ condition, body: this.SUBRULE(this.statements) });
    this.MANY(() => {
      this.CONSUME(K.ELSIF);
      const next = this.SUBRULE2(this.expression);
      this.CONSUME2(K.THEN);
      branches.push({ condition: next, body: this.SUBRULE2(this.statements) });
    });
    const otherwise = this.OPTION(() => {
      this.CONSUME(K.ELSE);
      return this.SUBRULE3(this.statements);
    });
    this.CONSUME(K.END_IF);
    return { kind: 'if', at: at(start), branches, otherwise };
  });

  caseStatement = this.RULE('case', (): Statement => {
    const start = this.CONSUME(K.CASE);
    const selector = this.SUBRULE(this.expression);
    this.CONSUME(K.OF);
    const branches: Branch<readonly CaseLabel[]>[] = [];
    this.MANY(() => {
      const labels: CaseLabel[] = [];
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => {
          const low = this.SUBRULE2(this.expression);
          const high = this.OPTION(() => {
            this.CONSUME(T.Range);
            return this.SUBRULE3(this.expression);
          });
          labels.push({ low, high });
        },
      });
      this.CONSUME(T.Colon);
      branches.push({ condition: labels, body: this.SUBRULE(this.statements) });
    });
    const otherwise = this.OPTION2(() => {
      this.CONSUME(K.ELSE);
      return this.SUBRULE2(this.statements);
    });
    this.CONSUME(K.END_CASE);
    return { kind: 'case', at: at(start), selector, branches, otherwise };
  });

  forStatement = this.RULE('for', (): Statement => {
    const start = this.CONSUME(K.FOR);
    const variable = this.SUBRULE(this.reference);
    this.CONSUME(T.Assign);
    const from = this.SUBRULE(this.expression);
    this.CONSUME(K.TO);
    const to = this.SUBRULE2(this.expression);
    const by = this.OPTION(() => {
      this.CONSUME(K.BY);
      return this.SUBRULE3(this.expression);
    });
    this.CONSUME(K.DO);
    const body = this.SUBRULE(this.statements);
    this.CONSUME(K.END_FOR);
    return { kind: 'for', at: at(start), variable, from, to, by, body };
  });

  whileStatement = this.RULE('while', (): Statement => {
    const start = this.CONSUME(K.WHILE);
    const condition = this.SUBRULE(this.expression);
    this.CONSUME(K.DO);
    const body = this.SUBRULE(this.statements);
    this.CONSUME(K.END_WHILE);
    return { kind: 'while', at: at(start), condition, body };
  });

  repeatStatement = this.RULE('repeat', (): Statement => {
    const start = this.CONSUME(K.REPEAT);
    const body = this.SUBRULE(this.statements);
    this.CONSUME(K.UNTIL);
    const until = this.SUBRULE(this.expression);
    this.OPTION(() => this.CONSUME(T.Semicolon));
    this.CONSUME(K.END_REPEAT);
    return { kind: 'repeat', at: at(start), body, until };
  });

  jumpStatement = this.RULE('jump', (): Statement => {
    const token = this.OR([
      { ALT: () => this.CONSUME(K.EXIT) },
      { ALT: () => this.CONSUME(K.CONTINUE) },
      { ALT: () => this.CONSUME(K.RETURN) },
    ]);
    this.CONSUME(T.Semicolon);
    return this.ACTION((): Statement => ({ kind: token.tokenType.name.toLowerCase() as 'exit', at: at(token) }));
  });

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
          GATE: () => this.#is(2, T.Assign),
          ALT: (): Argument => {
            const name = this.CONSUME(T.Identifier);
            this.CONSUME(T.Assign);
            const value = this.SUBRULE(this.expression);
            return { kind: 'input', at: at(name), name: nameOf(name), value };
          },
        },
        {
          GATE: () => this.#is(2, T.Output),
          ALT: (): Argument => {
            const name = this.CONSUME2(T.Identifier);
            this.CONSUME(T.Output);
            const target = this.OPTION(() => this.SUBRULE(this.reference));
            return { kind: 'output', at: at(name), name: nameOf(name), negated: false, target };
          },
        },
        {
          GATE: () => this.#is(1, K.NOT) && this.#is(3, T.Output),
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
          GATE: () => this.#is(2, T.LeftParen),
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

function depthOfArguments(list: readonly Argument[]): number {
  let depth = 0;
  for (const argument of list)
    if (argument.kind === 'output') depth = Math.max(depth, argument.target ? depthOfReference(argument.target) : 0);
    else depth = Math.max(depth, argument.value.depth);
  return depth + 1;
}

function depthOfReference(reference: Reference): number {
  let depth = 0;
  for (const selector of reference.path)
    if (selector.kind === 'index') for (const index of selector.indices) depth = Math.max(depth, index.depth);
  return depth + 1;
}

const OPENING = new Set([T.LeftParen, T.LeftBracket, K.IF, K.CASE, K.FOR, K.WHILE, K.REPEAT, K.ARRAY, K.STRUCT]);
const CLOSING = new Set([
  ...[T.RightParen, T.RightBracket, K.END_IF, K.END_CASE, K.END_FOR, K.END_WHILE, K.END_REPEAT],
  ...[K.OF, K.END_STRUCT],
]);

function checkNesting(tokens: readonly IToken[], file: string): void {
  let depth = 0;
  for (const token of tokens) {
    if (OPENING.has(token.tokenType)) depth++;
    else if (CLOSING.has(token.tokenType)) depth = Math.max(0, depth - 1);
    if (depth > MAX_NESTING)
      throw new PenstockError('st.limit', `nested deeper than ${MAX_NESTING} levels`, { file, ...at(token) });
  }
}

let parser: StParser | undefined;

/**
 * Parses a source text of declarations (types, globals, functions, function blocks, programs).
 * @throws PenstockError `st.syntax` with line, column, what was expected and what came; `st.limit` when it is too long or nested too deeply.
 */
export function parse(source: string, file: string): Declaration[] {
  if (source.length > MAX_SOURCE)
    throw new PenstockError('st.limit', `the source has ${source.length} characters, at most ${MAX_SOURCE} fit`, {
      file,
      line: 1,
      column: 1,
    });
  const tokens = tokenize(source, file);
  checkNesting(tokens, file);
  parser ??= new StParser();
  parser.input = tokens;
  let declarations: Declaration[];
  try {
    declarations = parser.unit();
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    throw new PenstockError('st.limit', `an expression nested deeper than ${MAX_DEPTH} operators`, {
      file,
      ...error.at,
    });
  }
  const error = parser.errors[0];
  if (error === undefined) return declarations;
  const place = error.token.tokenType === EOF ? (tokens.at(-1) ?? error.token) : error.token;
  throw new PenstockError('st.syntax', error.message, { file, ...at(place) });
}
