/**
 * Tokens of Structured Text (IEC 61131-3 ed. 3, clause 6.1 and tables 1 to 8). Identifiers and keywords ignore case; comments
 * in parentheses or slashes with stars nest.
 */
import { PenstockError } from '@penstock/core';
import { type CustomPatternMatcherReturn, createToken, type IToken, Lexer, type TokenType } from 'chevrotain';

/** Nested comments cannot be written as a regular expression. Returns what it covers, or everything left when it never ends. */
function nestedComment(open: string, close: string) {
  return (text: string, start: number): CustomPatternMatcherReturn | null => {
    if (!text.startsWith(open, start)) return null;
    let depth = 1;
    let i = start + 2;
    while (i < text.length && depth > 0) {
      if (text.startsWith(open, i)) {
        depth++;
        i += 2;
      } else if (text.startsWith(close, i)) {
        depth--;
        i += 2;
      } else i++;
    }
    return depth > 0 ? null : ([text.slice(start, i)] as unknown as CustomPatternMatcherReturn);
  };
}

const skipped = { group: Lexer.SKIPPED };
const whiteSpace = createToken({ name: 'WhiteSpace', pattern: /\s+/, line_breaks: true, ...skipped });
const parenComment = createToken({
  name: 'Comment',
  pattern: nestedComment('(*', '*)'),
  start_chars_hint: ['('],
  line_breaks: true,
  ...skipped,
});
const slashComment = createToken({
  name: 'SlashComment',
  pattern: nestedComment('/*', '*/'),
  start_chars_hint: ['/'],
  line_breaks: true,
  ...skipped,
});
const lineComment = createToken({ name: 'LineComment', pattern: /\/\/[^\n\r]*/, ...skipped });
const pragma = createToken({ name: 'Pragma', pattern: /\{[^}]*\}/, line_breaks: true, ...skipped });

const literal = (name: string, pattern: RegExp, label: string): TokenType => createToken({ name, pattern, label });

export const Duration = literal('Duration', /(?:LTIME|TIME|LT|T)#[-+]?[0-9][\w.]*/i, 'a duration');
export const DateLiteral = literal(
  'DateLiteral',
  /(?:DATE_AND_TIME|DT|DATE|D|TIME_OF_DAY|TOD)#[0-9][0-9\-:._]*/i,
  'a date',
);
export const TypedNumber = literal(
  'TypedNumber',
  /[a-z_]\w*#[-+]?(?:(?:2|8|16)#[0-9a-f_]+|[0-9][0-9_]*(?:\.[0-9][0-9_]*)?(?:e[-+]?[0-9]+)?)/i,
  'a number',
);
export const TypedName = literal('TypedName', /[a-z_]\w*#[a-z_]\w*/i, 'a typed name');
export const Based = literal('Based', /(?:2|8|16)#[0-9a-f_]+/i, 'a number');
export const Real = literal('Real', /[0-9][0-9_]*(?:\.[0-9][0-9_]*(?:e[-+]?[0-9]+)?|e[-+]?[0-9]+)/i, 'a number');
export const Integer = literal('Integer', /[0-9][0-9_]*/, 'a number');
export const Text = literal('Text', /(?:W?STRING#)?(?:'(?:\$[^\n]|[^$'\n])*'|"(?:\$[^\n]|[^$"\n])*")/i, 'a string');
export const DirectAddress = literal('DirectAddress', /%[IQM][XBWDL]?[0-9]+(?:\.[0-9]+)*/i, 'a direct address');
export const PartialAccess = literal('PartialAccess', /%X[0-9]+/i, 'a bit number');
export const Identifier = literal('Identifier', /[a-z_]\w*/i, 'a name');

const symbol = (name: string, text: string): TokenType => createToken({ name, pattern: text, label: `'${text}'` });
export const Assign = symbol('Assign', ':=');
export const Output = symbol('Output', '=>');
export const Power = symbol('Power', '**');
export const NotEqual = symbol('NotEqual', '<>');
export const LessEqual = symbol('LessEqual', '<=');
export const GreaterEqual = symbol('GreaterEqual', '>=');
export const Range = symbol('Range', '..');
export const Less = symbol('Less', '<');
export const Greater = symbol('Greater', '>');
export const Equal = symbol('Equal', '=');
export const Plus = symbol('Plus', '+');
export const Minus = symbol('Minus', '-');
export const Times = symbol('Times', '*');
export const Divide = symbol('Divide', '/');
export const Ampersand = symbol('Ampersand', '&');
export const LeftParen = symbol('LeftParen', '(');
export const RightParen = symbol('RightParen', ')');
export const LeftBracket = symbol('LeftBracket', '[');
export const RightBracket = symbol('RightBracket', ']');
export const Comma = symbol('Comma', ',');
export const Semicolon = symbol('Semicolon', ';');
export const Colon = symbol('Colon', ':');
export const Dot = symbol('Dot', '.');

const KEYWORDS = [
  ...['TYPE', 'END_TYPE', 'STRUCT', 'END_STRUCT', 'ARRAY', 'OF', 'STRING', 'WSTRING', 'AT'],
  ...['FUNCTION', 'END_FUNCTION', 'FUNCTION_BLOCK', 'END_FUNCTION_BLOCK', 'PROGRAM', 'END_PROGRAM'],
  ...['VAR', 'VAR_INPUT', 'VAR_OUTPUT', 'VAR_IN_OUT', 'VAR_TEMP', 'VAR_GLOBAL', 'VAR_EXTERNAL', 'END_VAR'],
  ...['CONSTANT', 'RETAIN', 'NON_RETAIN', 'PERSISTENT'],
  ...['IF', 'THEN', 'ELSIF', 'ELSE', 'END_IF', 'CASE', 'END_CASE', 'FOR', 'TO', 'BY', 'DO', 'END_FOR'],
  ...['WHILE', 'END_WHILE', 'REPEAT', 'UNTIL', 'END_REPEAT', 'EXIT', 'CONTINUE', 'RETURN'],
  ...['AND', 'OR', 'XOR', 'NOT', 'MOD', 'TRUE', 'FALSE'],
] as const;
export type Keyword = (typeof KEYWORDS)[number];

/** Keyword tokens by name. They are lexed as identifiers and told apart by a look-up, since case does not matter. */
export const keywords = Object.fromEntries(
  KEYWORDS.map((name) => [name, createToken({ name, pattern: Lexer.NA, label: name })]),
) as Record<Keyword, TokenType>;
const byText = new Map<string, TokenType>(KEYWORDS.map((name) => [name, keywords[name]]));

const lexed: TokenType[] = [
  ...[whiteSpace, parenComment, slashComment, lineComment, pragma],
  ...[
    Text,
    Duration,
    DateLiteral,
    TypedNumber,
    TypedName,
    Based,
    Real,
    Integer,
    DirectAddress,
    PartialAccess,
    Identifier,
  ],
  ...[Assign, Output, Power, NotEqual, LessEqual, GreaterEqual, Range, Less, Greater, Equal, Plus, Minus, Times],
  ...[Divide, Ampersand, LeftParen, RightParen, LeftBracket, RightBracket, Comma, Semicolon, Colon, Dot],
];

/** Everything that the parser may meet. */
export const vocabulary: TokenType[] = [...lexed, ...Object.values(keywords)];

let lexer: Lexer | undefined;

/**
 * Splits source text into tokens.
 * @throws PenstockError `st.syntax` at the first character that begins no token, or a comment or string without end.
 */
export function tokenize(source: string, file: string): IToken[] {
  lexer ??= new Lexer(lexed, { positionTracking: 'onlyStart', ensureOptimizations: false });
  const { tokens, errors } = lexer.tokenize(source);
  for (const token of tokens) {
    if (token.image.startsWith('(*') || token.image === '(') checkComment(token, source, file);
    if (token.tokenType !== Identifier) continue;
    const keyword = byText.get(token.image.toUpperCase());
    if (keyword === undefined) continue;
    token.tokenType = keyword;
    token.tokenTypeIdx = keyword.tokenTypeIdx as number;
  }
  const error = errors[0];
  if (error !== undefined) {
    const character = source[error.offset] as string;
    const what =
      character === "'" || character === '"'
        ? 'a string that does not end on its line'
        : character === '{'
          ? 'a pragma without its closing }'
          : `unexpected character ${JSON.stringify(character)}`;
    throw new PenstockError('st.syntax', what, { file, line: error.line ?? 1, column: error.column ?? 1 });
  }
  return tokens;
}

/** `(*` only survives as a left parenthesis when no matching `*)` follows. */
function checkComment(token: IToken, source: string, file: string): void {
  if (source[token.startOffset + 1] === '*')
    throw new PenstockError('st.syntax', 'a comment (* without its closing *)', {
      file,
      line: token.startLine as number,
      column: token.startColumn as number,
    });
}
