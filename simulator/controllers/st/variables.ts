/** The online table of variables: by hierarchical path, with type, place and current value. */
import { nearest, PenstockError } from '@penstock/core';
import { coerceValue, timeToText } from './conversions.ts';
import type { Memory } from './memory.ts';
import { type Elementary, type Member, plus, REAL, type Size, scalarOf, sizeOf, type Type, times } from './types.ts';

/** What stands at the top of a path: a global variable or an instance of a program. */
export interface Root {
  readonly name: string;
  readonly type: Type;
  readonly at: Size;
  readonly retain: boolean;
  readonly constant: boolean;
  readonly location: string | undefined;
  /** Members of a program may be found without its name. */
  readonly members: ReadonlyMap<string, Member> | undefined;
}

/** `numbers[slots[i]]` is the value of the variable i. */
export interface VariablePlaces {
  readonly numbers: Float64Array;
  readonly slots: Int32Array;
}

/**
 * One single variable of a running program. Its value is a number (BOOL 0 or 1, TIME and dates microseconds, enumerations their
 * value); strings have `text`.
 */
export class Variable {
  /** As declared, for example `MAIN.PID_DOSE.CV` or `LEVELS[3]`. */
  readonly path: string;
  readonly type: Type;
  readonly retain: boolean;
  readonly constant: boolean;
  /** Direct address of the declaration (`%IW3`), undefined where it has none. */
  readonly location: string | undefined;
  readonly #scalar: Elementary;
  readonly #memory: Memory;
  readonly #numbers: Float64Array;
  readonly #slot: number;
  readonly #isNumber: boolean;
  /** Most inputs are REAL, and each is set in every scan. */
  readonly #isReal: boolean;

  constructor(
    path: string,
    type: Type,
    flags: Pick<Root, 'retain' | 'constant' | 'location'>,
    memory: Memory,
    at: Size,
  ) {
    this.path = path;
    this.type = type;
    this.retain = flags.retain;
    this.constant = flags.constant;
    this.location = flags.location;
    this.#scalar = scalarOf(type) as Elementary;
    this.#memory = memory;
    this.#numbers = memory.number;
    this.#slot = at[this.#scalar.store];
    this.#isNumber = this.#scalar.store === 'number';
    this.#isReal = type === REAL;
  }

  /** Where variables lie among the numbers of their program; undefined when one of them is kept elsewhere (64 bits, text). */
  static places(variables: readonly Variable[]): VariablePlaces | undefined {
    if (variables.length === 0 || !variables.every((variable) => variable.#isNumber)) return undefined;
    return {
      numbers: variables[0].#numbers,
      slots: Int32Array.from(variables, (variable) => variable.#slot),
    };
  }

  get isBool(): boolean {
    return this.#scalar.family === 'bool';
  }

  get isText(): boolean {
    return this.#scalar.store === 'text';
  }

  /** The current value; NaN for a string. 64-bit integers beyond 2^53 lose their last digits. */
  get(): number {
    if (this.#isNumber) return this.#numbers[this.#slot];
    if (this.#scalar.store === 'text') return Number.NaN;
    const value = this.#memory.big[this.#slot];
    return Number(this.#scalar.family === 'signed' ? value : BigInt.asUintN(64, value));
  }

  /** `value` as this variable would hold it (rounded to an integer, to single precision); undefined when it cannot. */
  coerce(value: number): number | undefined {
    if (this.isText) return undefined;
    const held = coerceValue(this.#scalar, value);
    if (held === undefined) return undefined;
    const { type } = this;
    if (type.kind === 'subrange' && (held < type.low || held > type.high)) return undefined;
    return held;
  }

  /** Sets the value after coercion; false (and nothing changed) when the type cannot hold it. */
  set(value: number): boolean {
    if (this.#isReal) {
      const single = Math.fround(value);
      // NaN and infinities make this difference NaN.
      if (single - single !== 0) return false;
      this.#numbers[this.#slot] = single;
      return true;
    }
    const held = this.coerce(value);
    if (held === undefined) return false;
    if (this.#isNumber) this.#numbers[this.#slot] = held;
    else this.#memory.big[this.#slot] = BigInt(held);
    return true;
  }

  /** The value as the language writes it. */
  get text(): string {
    if (this.isText) return this.#memory.text[this.#slot];
    const value = this.get();
    const { type } = this;
    if (type.kind === 'enum') for (const [name, number] of type.values) if (number === value) return name;
    if (this.isBool) return value === 0 ? 'FALSE' : 'TRUE';
    return this.#scalar.family === 'time' ? timeToText(value) : String(value);
  }

  set text(value: string) {
    if (this.isText) this.#memory.text[this.#slot] = value.slice(0, this.#scalar.length);
  }
}

interface Step {
  readonly type: Type;
  readonly at: Size;
  readonly path: string;
  readonly flags: Pick<Root, 'retain' | 'constant' | 'location'>;
}

/** Variables among which a mistyped name's neighbour is sought. */
const MAX_HINTS = 3000;

export class VariableTable {
  readonly #roots: readonly Root[];
  readonly #byName: ReadonlyMap<string, Root>;
  readonly #memory: Memory;
  #all: readonly Variable[] | undefined;

  constructor(roots: readonly Root[], memory: Memory) {
    this.#roots = roots;
    this.#memory = memory;
    this.#byName = new Map(roots.map((root) => [root.name.toUpperCase(), root]));
  }

  /** Every single variable, arrays and structures taken apart. Made on first use. */
  list(): readonly Variable[] {
    if (this.#all !== undefined) return this.#all;
    const all: Variable[] = [];
    for (const root of this.#roots)
      this.#collect({ type: root.type, at: root.at, path: root.name, flags: root }, all, Number.POSITIVE_INFINITY);
    this.#all = all;
    return all;
  }

  #collect(step: Step, into: Variable[], limit: number): void {
    if (into.length >= limit) return;
    const { type } = step;
    if (type.kind === 'array') {
      const size = sizeOf(type.of);
      elementPaths(type, limit).forEach((index, i) => {
        const at = plus(step.at, times(size, i));
        this.#collect({ ...step, type: type.of, at, path: `${step.path}[${index}]` }, into, limit);
      });
    } else if (type.kind === 'struct' || type.kind === 'block') {
      for (const member of type.members.values()) {
        const next = memberStep(step, member);
        if (next !== undefined) this.#collect(next, into, limit);
      }
    } else into.push(new Variable(step.path, type, step.flags, this.#memory, step.at));
  }

  /**
   * The variable at a path: `PID_DOSE.CV`, `LEVELS[2]`, `MAIN.STATE`. Case does not matter. What is declared in a program is found
   * without the program's name when only one program has it. Undefined when there is no such single variable.
   */
  find(path: string): Variable | undefined {
    const parts = splitPath(path);
    if (parts === undefined) return undefined;
    const first = parts[0].toUpperCase();
    const root = this.#byName.get(first);
    const found = root && this.#walk({ type: root.type, at: root.at, path: root.name, flags: root }, parts.slice(1));
    if (found !== undefined) return found;
    const owners = this.#roots.filter((candidate) => candidate.members?.has(first));
    if (owners.length !== 1) return undefined;
    const [owner] = owners;
    return this.#walk({ type: owner.type, at: owner.at, path: owner.name, flags: owner }, parts);
  }

  /** Like `find`. @throws PenstockError `st.unknown` that names the nearest variable */
  require(path: string): Variable {
    const found = this.find(path);
    if (found !== undefined) return found;
    throw new PenstockError('st.unknown', `the program has no variable '${path}'${this.hint(path)}`);
  }

  /** `; did you mean 'X'?` with the variable nearest to `path`, or nothing. */
  hint(path: string): string {
    const some: Variable[] = [];
    for (const root of this.#roots)
      this.#collect({ type: root.type, at: root.at, path: root.name, flags: root }, some, MAX_HINTS);
    const names = some.flatMap(({ path: full }) => [full, full.slice(full.indexOf('.') + 1)]);
    const near = nearest(path, names);
    return near ? `; did you mean '${near}'?` : '';
  }

  #walk(start: Step, parts: readonly string[]): Variable | undefined {
    let step = start;
    for (const part of parts) {
      const { type } = step;
      if (part.startsWith('[')) {
        if (type.kind !== 'array') return undefined;
        const i = elementOf(type, part);
        if (i === undefined) return undefined;
        step = { ...step, type: type.of, at: plus(step.at, times(sizeOf(type.of), i)), path: step.path + part };
      } else {
        if (type.kind !== 'struct' && type.kind !== 'block') return undefined;
        const member = type.members.get(part.toUpperCase());
        const next = member && memberStep(step, member);
        if (next === undefined) return undefined;
        step = next;
      }
    }
    return scalarOf(step.type) && new Variable(step.path, step.type, step.flags, this.#memory, step.at);
  }
}

function memberStep(step: Step, member: Member): Step | undefined {
  if (member.section === 'inout' || member.section === 'external') return undefined;
  return {
    type: member.type,
    at: plus(step.at, member.offset),
    path: `${step.path}.${member.name}`,
    flags: {
      retain: step.flags.retain || member.retain,
      constant: step.flags.constant || member.constant,
      location: member.location,
    },
  };
}

/** `A.B[1,2].C` as `A`, `B`, `[1,2]`, `C`. */
function splitPath(path: string): string[] | undefined {
  const parts = path.match(/[A-Za-z_]\w*|\[[-\d\s,]+\]/g);
  if (parts === null || parts[0].startsWith('[')) return undefined;
  const joined = parts.map((part, i) => (i === 0 || part.startsWith('[') ? part : `.${part}`)).join('');
  return joined === path ? parts : undefined;
}

function elementOf(type: Extract<Type, { kind: 'array' }>, part: string): number | undefined {
  const indices = part.slice(1, -1).split(',').map(Number);
  if (indices.length !== type.bounds.length) return undefined;
  let position = 0;
  for (const [k, { low, high }] of type.bounds.entries()) {
    const index = indices[k];
    if (!Number.isInteger(index) || index < low || index > high) return undefined;
    position = position * (high - low + 1) + index - low;
  }
  return position;
}

function elementPaths(type: Extract<Type, { kind: 'array' }>, limit: number): string[] {
  let paths = [''];
  for (const { low, high } of type.bounds) {
    const next: string[] = [];
    for (const path of paths)
      for (let i = low; i <= high && next.length < limit; i++) next.push(path === '' ? `${i}` : `${path},${i}`);
    paths = next;
  }
  return paths;
}
