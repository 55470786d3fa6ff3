/** The grammar's statements (IEC 61131-3 ed. 3, table 72). */
import { at, ExpressionParser } from './expression-parser.ts';
import * as T from './lexer.ts';
import type { Branch, CaseLabel, Expression, Statement } from './syntax.ts';

const K = T.keywords;

export class StatementParser extends ExpressionParser {
  statements = this.RULE('statements', (): Statement[] => {
    const list: Statement[] = [];
    this.MANY({
      GATE: () => !this.atCaseLabel(),
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
  private atCaseLabel(): boolean {
    if (!this.is(1, T.Identifier)) return false;
    if (this.is(2, T.Colon, T.Comma, T.Range)) return true;
    return this.is(2, T.Dot) && this.is(3, T.Identifier) && this.is(4, T.Colon, T.Comma, T.Range);
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
}
