/**
 * The predicate: one small language for hazards, scenario outcomes, process rules and exercise answers. A predicate is a CEL
 * expression (https://github.com/google/cel-spec) over tags that gives true or false, with an optional time for which it must
 * hold: `{ when: 'LIT101 > 1.1 && P101 == 1', for: 60s }`.
 *
 * Every tag is a number (CEL's double), a boolean tag 0 or 1. Of CEL there is what numbers need: comparison, arithmetic, `&&`,
 * `||`, `!`, `? :`, `in [...]`, and the functions `abs`, `min` and `max`. Beyond CEL, a whole number may stand beside a tag
 * (`P101 == 1`, `2 * LIT101`), where the specification asks for `1.0` and `2.0`.
 *
 * cel-js parses and checks; the result is compiled to closures over the array of values, because hazards are evaluated every
 * simulated second at thousands of times real time.
 */
import { type ASTNode, Environment, type ParseError, serialize, type TypeCheckResult } from '@marcbachmann/cel-js';
import { nearest, PenstockError, type Place } from './errors.ts';
import { after, type Duration, type Instant, NEVER } from './time.ts';

export interface CompiledPredicate {
  readonly text: string;
  /** The names that occur in it, in the order of `names`. */
  readonly tags: readonly string[];
  /** Whether it holds; `values` are in the order of the names it was compiled with. Allocates nothing, never throws. */
  evaluate(values: ArrayLike<number>): boolean;
}

type Values = ArrayLike<number>;
type Compiled =
  | {
      readonly type: 'number';
      readonly run: (values: Values) => number;
      readonly constant?: number;
      readonly whole?: boolean;
    }
  | { readonly type: 'truth'; readonly run: (values: Values) => boolean; readonly constant?: boolean };

/**
 * Compiles an expression over an ordered list of tag names.
 * @param place where the expression stands, so that errors name file and line.
 * @throws PenstockError `predicate.syntax`, `predicate.unknown-tag` (with the nearest tag), `predicate.type` (not true or
 *   false, or operands that do not fit) or `predicate.unsupported` (CEL that the predicate language leaves out).
 */
export function compilePredicate(text: string, names: readonly string[], place?: Place): CompiledPredicate {
  return new Compiler(text, names, place).compile();
}

const MIXED: Record<string, (a: number, b: number) => number | boolean> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '==': (a, b) => a === b,
};

const FUNCTIONS: Record<string, { arity: number; run: (a: number, b: number) => number }> = {
  abs: { arity: 1, run: Math.abs },
  min: { arity: 2, run: Math.min },
  max: { arity: 2, run: Math.max },
};

/** The CEL environment with whole numbers beside doubles and the functions above, before any tag is known. */
const base = new Environment();
for (const [operator, run] of Object.entries(MIXED)) {
  const mixed = (a: unknown, b: unknown) => run(Number(a), Number(b));
  base.registerOperator(`double ${operator} int`, mixed);
  // cel-js derives the mirrored equality itself.
  if (operator !== '==') base.registerOperator(`int ${operator} double`, mixed);
}
base.registerOperator('double in list<int>', (item: number, list: bigint[]) => list.some((n) => Number(n) === item));
for (const [name, { arity, run }] of Object.entries(FUNCTIONS)) {
  const kinds = ['double', 'int'];
  const signatures = arity === 1 ? kinds : kinds.flatMap((a) => kinds.map((b) => `${a}, ${b}`));
  for (const signature of signatures)
    base.registerFunction(`${name}(${signature}): double`, (a: unknown, b?: unknown) => run(Number(a), Number(b)));
}

/** The environment that predicates over `names` are checked in. Its own evaluation is the reference for the compiled one. */
export function predicateEnvironment(names: readonly string[]): Environment {
  const environment = base.clone();
  for (const name of names) environment.registerVariable(name, 'double');
  return environment;
}

class Compiler {
  private readonly text: string;
  private readonly names: readonly string[];
  private readonly place: Place | undefined;
  private readonly environment: Environment;
  private readonly used = new Set<string>();

  constructor(text: string, names: readonly string[], place: Place | undefined) {
    this.text = text;
    this.names = names;
    this.place = place;
    this.environment = predicateEnvironment(names);
  }

  compile(): CompiledPredicate {
    const ast = this.parse();
    this.collectTags(ast);
    const check = this.environment.check(this.text);
    if (!check.valid) throw this.typeError(check.error);
    if (check.type !== 'bool')
      throw this.error(
        'type',
        `gives ${check.type === 'double' || check.type === 'int' ? 'a number' : check.type}, not true or false; compare it, for example with > or ==`,
      );
    const compiled = this.node(ast);
    if (compiled.type !== 'truth') throw this.unsupported(ast);
    return {
      text: this.text,
      tags: this.names.filter((name) => this.used.has(name)),
      evaluate: compiled.run,
    };
  }

  private parse(): ASTNode {
    try {
      return this.environment.parse(this.text).ast;
    } catch (error) {
      const { summary, range, message } = error as ParseError;
      throw this.error('syntax', summary ?? message, range?.start);
    }
  }

  private collectTags(node: ASTNode): void {
    if (node.op === 'id') {
      const name = node.args;
      if (!this.names.includes(name)) throw this.unknownTag(name, node.start);
      this.used.add(name);
    } else for (const child of childrenOf(node)) this.collectTags(child);
  }

  private node(node: ASTNode): Compiled {
    if (!mentionsTag(node)) return this.fold(node);
    switch (node.op) {
      case 'id': {
        const index = this.names.indexOf(node.args);
        return { type: 'number', run: (values) => values[index] as number };
      }
      case '-_': {
        const operand = this.number(node.args);
        return { type: 'number', run: (values) => -operand(values) };
      }
      case '!_': {
        const operand = this.truth(node.args);
        return { type: 'truth', run: (values) => !operand(values) };
      }
      case '&&': {
        const [left, right] = [this.truth(node.args[0]), this.truth(node.args[1])];
        return { type: 'truth', run: (values) => left(values) && right(values) };
      }
      case '||': {
        const [left, right] = [this.truth(node.args[0]), this.truth(node.args[1])];
        return { type: 'truth', run: (values) => left(values) || right(values) };
      }
      case '+':
      case '-':
      case '*':
      case '/':
        return { type: 'number', run: arithmetic(node.op, this.number(node.args[0]), this.number(node.args[1])) };
      case '<':
      case '<=':
      case '>':
      case '>=':
      case '==':
      case '!=':
        return this.comparison(node.op, this.node(node.args[0]), this.node(node.args[1]));
      case 'in':
        return this.membership(node.args[0], node.args[1]);
      case '?:':
        return this.choice(node);
      case 'call':
        return this.call(node);
      default:
        throw this.unsupported(node);
    }
  }

  /** A part without tags is worth the same always; cel-js itself says what, with CEL's rules for whole numbers. */
  private fold(node: ASTNode): Compiled {
    let value: unknown;
    try {
      // cel-js writes 1e300 as 1e+300.0, which it does not read back.
      value = this.environment.evaluate(serialize(node).replace(/(\de[+-]?\d+)\.0/g, '$1'));
    } catch (error) {
      throw this.error('type', (error as ParseError).summary ?? (error as Error).message, node.start);
    }
    if (typeof value === 'boolean') return { type: 'truth', run: () => value, constant: value };
    const whole = typeof value !== 'number';
    const constant = Number(value);
    if (value === null || typeof value === 'string' || Number.isNaN(constant)) throw this.unsupported(node);
    return { type: 'number', run: () => constant, constant, whole };
  }

  private comparison(operator: Comparison, left: Compiled, right: Compiled): Compiled {
    if (left.type === 'number' && right.type === 'number') {
      if (right.constant !== undefined) return { type: 'truth', run: compareWith(operator, left.run, right.constant) };
      return { type: 'truth', run: compare(operator, left.run, right.run) };
    }
    return { type: 'truth', run: compare(operator, asNumber(left), asNumber(right)) };
  }

  private membership(item: ASTNode, list: ASTNode): Compiled {
    if (list.op !== 'list') throw this.unsupported(list);
    const value = this.number(item);
    const members = list.args.map((member) => this.number(member));
    return {
      type: 'truth',
      run: (values) => {
        const sought = value(values);
        for (let i = 0; i < members.length; i++)
          if ((members[i] as (v: Values) => number)(values) === sought) return true;
        return false;
      },
    };
  }

  private choice(node: Extract<ASTNode, { op: '?:' }>): Compiled {
    const condition = this.truth(node.args[0]);
    const [yes, no] = [this.node(node.args[1]), this.node(node.args[2])];
    if (yes.type === 'truth' && no.type === 'truth')
      return { type: 'truth', run: (values) => (condition(values) ? yes.run(values) : no.run(values)) };
    if (yes.type !== 'number' || no.type !== 'number') throw this.unsupported(node);
    // Two whole numbers would make CEL divide the result without fraction, which nobody means here.
    if (yes.whole && no.whole)
      throw this.error('unsupported', 'chooses between whole numbers; write them with a decimal point', node.start);
    return { type: 'number', run: (values) => (condition(values) ? yes.run(values) : no.run(values)) };
  }

  private call(node: Extract<ASTNode, { op: 'call' }>): Compiled {
    const [name, operands] = node.args;
    const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (known === undefined || operands.length !== known.arity) throw this.unsupported(node);
    const { run } = known;
    const [a, b] = operands.map((operand) => this.number(operand)) as [(v: Values) => number, (v: Values) => number];
    return {
      type: 'number',
      run: known.arity === 1 ? (values) => run(a(values), 0) : (values) => run(a(values), b(values)),
    };
  }

  private number(node: ASTNode): (values: Values) => number {
    const compiled = this.node(node);
    if (compiled.type !== 'number') throw this.unsupported(node);
    return compiled.run;
  }

  private truth(node: ASTNode): (values: Values) => boolean {
    const compiled = this.node(node);
    if (compiled.type !== 'truth') throw this.unsupported(node);
    return compiled.run;
  }

  private typeError(error: TypeCheckResult['error']): PenstockError {
    const summary = error?.summary ?? 'does not fit together';
    const truthOfNumber = /requires? bool|!double/.test(summary);
    const advice = truthOfNumber ? '; a tag is a number, write for example P101 == 1' : '';
    return this.error('type', `${summary}${advice}`, error?.range?.start);
  }

  private unknownTag(name: string, start: number): PenstockError {
    const hyphenated = /^[A-Z]+-[0-9]+[A-Z]?/.exec(this.text.slice(start))?.[0];
    const plain = hyphenated?.replace('-', '');
    if (plain !== undefined && this.names.includes(plain))
      return this.error('unknown-tag', `knows no tag ${name}; tags stand without hyphen, write ${plain}`, start);
    const meant = nearest(name, this.names);
    return this.error(
      'unknown-tag',
      `knows no tag ${name}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      start,
    );
  }

  private unsupported(node: ASTNode): PenstockError {
    const part = this.text.slice(node.start, node.end);
    const words = 'comparison, arithmetic, &&, ||, !, ? :, in [...], abs, min and max';
    return this.error(
      'unsupported',
      `uses '${part}', which predicates do not have; there are ${words} over tags and numbers`,
      node.start,
    );
  }

  private error(id: string, message: string, start?: number): PenstockError {
    const where = start === undefined ? '' : ` (character ${start + 1})`;
    return new PenstockError(
      `predicate.${id}`,
      `the predicate '${this.text}'${where} ${lowerFirst(message)}`,
      this.place,
    );
  }
}

type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!=';
type NumberOf = (values: Values) => number;

function arithmetic(operator: '+' | '-' | '*' | '/', a: NumberOf, b: NumberOf): NumberOf {
  switch (operator) {
    case '+':
      return (values) => a(values) + b(values);
    case '-':
      return (values) => a(values) - b(values);
    case '*':
      return (values) => a(values) * b(values);
    case '/':
      return (values) => a(values) / b(values);
  }
}

function compare(operator: Comparison, a: NumberOf, b: NumberOf): (values: Values) => boolean {
  switch (operator) {
    case '<':
      return (values) => a(values) < b(values);
    case '<=':
      return (values) => a(values) <= b(values);
    case '>':
      return (values) => a(values) > b(values);
    case '>=':
      return (values) => a(values) >= b(values);
    case '==':
      return (values) => a(values) === b(values);
    case '!=':
      return (values) => a(values) !== b(values);
  }
}

/** The common case, a tag against a limit, without the call for the limit. */
function compareWith(operator: Comparison, a: NumberOf, b: number): (values: Values) => boolean {
  switch (operator) {
    case '<':
      return (values) => a(values) < b;
    case '<=':
      return (values) => a(values) <= b;
    case '>':
      return (values) => a(values) > b;
    case '>=':
      return (values) => a(values) >= b;
    case '==':
      return (values) => a(values) === b;
    case '!=':
      return (values) => a(values) !== b;
  }
}

const asNumber = (compiled: Compiled): NumberOf => {
  if (compiled.type === 'number') return compiled.run;
  const { run } = compiled;
  return (values) => (run(values) ? 1 : 0);
};

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function childrenOf(node: ASTNode): ASTNode[] {
  if (isNode(node.args)) return [node.args];
  return Array.isArray(node.args) ? (node.args as unknown[]).flat(2).filter(isNode) : [];
}

const mentionsTag = (node: ASTNode): boolean => node.op === 'id' || childrenOf(node).some(mentionsTag);

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/**
 * Applies a predicate's `for`: tells whether it has held without a break for that long. It is as exact as it is often asked: an
 * interval begins at the first `update` that finds the predicate true.
 */
export class PredicateTimer {
  readonly hold: Duration;
  private trueSince: Instant = NEVER;

  /** `hold` 0 or undefined: true as soon as the predicate is. */
  constructor(hold: Duration | undefined) {
    this.hold = hold ?? (0 as Duration);
  }

  /** Since when the predicate has been true without a break; `NEVER` while it is false. */
  get since(): Instant {
    return this.trueSince;
  }

  /** Takes the predicate's value at `now` (not before the last one) and tells whether it has held for long enough. */
  update(now: Instant, holds: boolean): boolean {
    if (!holds) {
      this.trueSince = NEVER;
      return false;
    }
    if (this.trueSince === NEVER) this.trueSince = now;
    return after(this.trueSince, this.hold) <= now;
  }

  /** The state for a saved run: plain data, restored by `restore`. */
  save(): number | null {
    return this.trueSince === NEVER ? null : this.trueSince;
  }

  restore(state: number | null): void {
    this.trueSince = state === null ? NEVER : (state as Instant);
  }
}
