/**
 * The condition of a Sigma rule (specification 2.1, "Condition"): names of selections joined by `and`, `or`, `not`, parentheses,
 * and `1 of`/`any of`/`all of` a name with `*` or `them`. The old aggregation after a pipe is refused; correlations replace it.
 */
import { nearest, PenstockError } from '@penstock/core';

export type Condition =
  | { readonly op: 'selection'; readonly name: string }
  | { readonly op: 'not'; readonly of: Condition }
  | { readonly op: 'and' | 'or'; readonly of: readonly Condition[] };

/** Nesting beyond this is no rule that a person wrote. */
const MAX_DEPTH = 32;
const MAX_TOKENS = 512;
const TOKEN = /\s*([()|]|[A-Za-z0-9_*-]+|\S)/y;

/**
 * Parses one condition.
 * @param selections names that the detection defines
 * @throws PenstockError `rule.condition` that says what stands where and what would be right.
 */
export function parseCondition(text: string, selections: readonly string[]): Condition {
  return new Parser(text, selections).parse();
}

/** Names that the condition uses, directly or by a pattern. */
export function usedSelections(condition: Condition, into = new Set<string>()): Set<string> {
  if (condition.op === 'selection') into.add(condition.name);
  else if (condition.op === 'not') usedSelections(condition.of, into);
  else for (const part of condition.of) usedSelections(part, into);
  return into;
}

class Parser {
  readonly #text: string;
  readonly #selections: readonly string[];
  readonly #tokens: { readonly text: string; readonly at: number }[] = [];
  #next = 0;
  #depth = 0;

  constructor(text: string, selections: readonly string[]) {
    this.#text = text;
    this.#selections = selections;
    TOKEN.lastIndex = 0;
    for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
      const token = found[1] as string;
      this.#tokens.push({ text: token, at: TOKEN.lastIndex - token.length });
      if (this.#tokens.length > MAX_TOKENS) this.#fail(`it has more than ${MAX_TOKENS} words`);
    }
  }

  parse(): Condition {
    const condition = this.#or();
    if (this.#next < this.#tokens.length) this.#fail(`expected 'and', 'or' or the end, got '${this.#peek()}'`);
    return condition;
  }

  #or(): Condition {
    const parts = [this.#and()];
    while (this.#take('or')) parts.push(this.#and());
    return parts.length === 1 ? (parts[0] as Condition) : { op: 'or', of: parts };
  }

  #and(): Condition {
    const parts = [this.#not()];
    while (this.#take('and')) parts.push(this.#not());
    return parts.length === 1 ? (parts[0] as Condition) : { op: 'and', of: parts };
  }

  #not(): Condition {
    if (++this.#depth > MAX_DEPTH) this.#fail(`it is nested deeper than ${MAX_DEPTH}`);
    const condition: Condition = this.#take('not') ? { op: 'not', of: this.#not() } : this.#primary();
    this.#depth--;
    return condition;
  }

  #primary(): Condition {
    if (this.#take('(')) {
      const inner = this.#or();
      if (!this.#take(')')) this.#fail(`expected ')', got ${this.#shown()}`);
      return inner;
    }
    const token = this.#peek();
    if (token === undefined) this.#fail('expected a selection, got the end');
    if (token === '|') this.#fail("aggregation after '|' is no longer Sigma; write a correlation rule");
    if (!/^[A-Za-z0-9_*-]+$/.test(token) || ['and', 'or', 'of', 'them'].includes(token.toLowerCase()))
      this.#fail(`expected a selection, got '${token}'`);
    this.#next++;
    return this.#peek()?.toLowerCase() === 'of' ? this.#of(token) : this.#selection(token);
  }

  #of(quantifier: string): Condition {
    const word = quantifier.toLowerCase();
    if (!['1', 'any', 'all'].includes(word))
      this.#fail(`expected '1 of', 'any of' or 'all of', got '${quantifier} of'`);
    this.#next++;
    const pattern = this.#peek();
    if (pattern === undefined) this.#fail("expected a name with '*' or 'them' after 'of', got the end");
    this.#next++;
    const names = this.#matching(pattern);
    if (names.length === 0)
      this.#fail(`no selection matches '${pattern}'; there are ${this.#selections.join(', ') || 'none'}`);
    const parts: Condition[] = names.map((name) => ({ op: 'selection', name }));
    if (parts.length === 1) return parts[0] as Condition;
    return { op: word === 'all' ? 'and' : 'or', of: parts };
  }

  #matching(pattern: string): readonly string[] {
    // The specification leaves names that begin with an underscore out of 'them'.
    if (pattern.toLowerCase() === 'them') return this.#selections.filter((name) => !name.startsWith('_'));
    const parts = pattern.split('*');
    const first = parts[0] as string;
    const last = parts.at(-1) as string;
    return this.#selections.filter((name) => {
      if (parts.length === 1) return name === pattern;
      if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
      let at = first.length;
      for (const part of parts.slice(1, -1)) {
        at = name.indexOf(part, at);
        if (at < 0) return false;
        at += part.length;
      }
      return at <= name.length - last.length;
    });
  }

  #selection(name: string): Condition {
    if (!this.#selections.includes(name)) {
      this.#next--;
      const meant = nearest(name, this.#selections);
      const advice =
        meant === undefined ? `there are ${this.#selections.join(', ') || 'none'}` : `did you mean '${meant}'?`;
      this.#fail(`there is no selection '${name}'; ${advice}`);
    }
    return { op: 'selection', name };
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next]?.text;
  }

  #shown(): string {
    const token = this.#peek();
    return token === undefined ? 'the end' : `'${token}'`;
  }

  #take(word: string): boolean {
    if (this.#peek()?.toLowerCase() !== word) return false;
    this.#next++;
    return true;
  }

  #fail(message: string): never {
    const at = this.#tokens[this.#next]?.at ?? this.#text.length;
    throw new PenstockError('rule.condition', `condition '${this.#text}': ${message} (at character ${at + 1})`);
  }
}
