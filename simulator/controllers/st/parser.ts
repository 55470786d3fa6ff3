/** Structured Text's grammar (IEC 61131-3 ed. 3, annex A) on chevrotain: tokens in, syntax tree out. Here its declarations. */
import { PenstockError } from '@penstock/core';
import { EOF, type IToken } from 'chevrotain';
import { at, MAX_DEPTH, nameOf, TooDeep } from './expression-parser.ts';
import * as T from './lexer.ts';
import { StatementParser } from './statement-parser.ts';
import type {
  Declaration,
  Expression,
  InitialSyntax,
  Name,
  Section,
  TypeSyntax,
  VariableBlock,
  VariableSyntax,
} from './syntax.ts';

const K = T.keywords;

/** Deeper nesting of brackets and statements is refused, for the same reason as deep expressions. */
const MAX_NESTING = 60;
/** Longest source text in characters. */
export const MAX_SOURCE = 500_000;

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

class StParser extends StatementParser {
  constructor() {
    super();
    this.performSelfAnalysis();
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
          GATE: () => this.is(2, T.Identifier) && this.is(3, T.Comma, T.RightParen, T.Assign),
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
          GATE: () => this.is(2, T.Identifier) && this.is(3, T.Assign),
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
            GATE: () => this.is(2, T.LeftParen),
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
  const tokens = T.tokenize(source, file);
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
