/** A compiled program at work: memory, instances of its programs, restart, snapshot, online change. */
import { type Instant, PenstockError, UsageError } from '@penstock/core';
import { Fault, type Op } from './closures.ts';
import type { Compiled } from './compile.ts';
import { Code } from './generate.ts';
import { pouCode } from './generate-calls.ts';
import { Image } from './image.ts';
import type { Pou } from './ir.ts';
import { BUDGET, COUNT, createMemory, initialise, type Memory, NOW } from './memory.ts';
import {
  type BlockType,
  type Elementary,
  type Member,
  plus,
  type Size,
  scalarOf,
  sizeOf,
  type Type,
  times,
  total,
} from './types.ts';
import { MAX_SLOTS } from './unit.ts';
import { type Root, VariableTable } from './variables.ts';

/** What `Runtime.save` returns: a plain record of copies. */
export interface RuntimeSnapshot {
  readonly number: Float64Array;
  readonly big: BigInt64Array;
  readonly text: readonly string[];
}

export const DEFAULT_BUDGET = 50_000;

interface Instance {
  readonly pou: Pou;
  readonly name: string;
  readonly at: Size;
}

export class Runtime {
  readonly variables: VariableTable;
  readonly #memory: Memory;
  readonly #initial: Memory;
  readonly #m: Float64Array;
  readonly #roots: readonly Root[];
  readonly #bodies: readonly Op[];
  /** End of globals and programs in each store; behind it nothing outlives a scan. */
  readonly #end: Size;

  /**
   * Makes the instances of the named programs, one each, in this order.
   * @param budget statements that all programs together may execute between two `beginScan`
   * @throws UsageError `st.program` when there is no such program; PenstockError `st.limit` when it needs too much memory or code
   */
  constructor(compiled: Compiled, programs: readonly string[], budget: number = DEFAULT_BUDGET) {
    const { unit } = compiled;
    let end: Size = unit.globalSize;
    const instances: Instance[] = [];
    for (const name of programs) {
      const pou = unit.pous.get(name.toUpperCase());
      if (pou?.kind !== 'program')
        throw new UsageError(
          'st.program',
          `there is no program '${name}'; the text has ${compiled.programs.join(', ') || 'none'}`,
        );
      const copies = instances.filter((instance) => instance.pou === pou).length;
      instances.push({ pou, name: copies === 0 ? pou.name : `${pou.name}_${copies + 1}`, at: end });
      end = plus(end, pou.size);
    }
    this.#end = end;
    const frames = new Map<Pou, Size>();
    for (const pou of unit.pous.values()) {
      if (pou.kind !== 'function') continue;
      frames.set(pou, end);
      end = plus(end, pou.size);
    }
    if (total(end) > MAX_SLOTS)
      throw new PenstockError('st.limit', `the programs need ${total(end)} memory slots, at most ${MAX_SLOTS} fit`);
    const { constants, temporaries } = generated(() => plan([...unit.pous.values()], frames), compiled.file);
    const firstConstant = end.number;
    let next = firstConstant + constants;
    const starts = new Map<Pou, number>();
    for (const [pou, count] of temporaries) {
      starts.set(pou, next);
      next += count;
    }
    this.#memory = createMemory({ number: next, big: end.big, text: end.text });
    this.#m = this.#memory.number;
    this.#m[BUDGET] = budget;
    const image = new Image(this.#memory, frames, firstConstant, starts);
    this.#roots = [
      ...[...unit.globals.values()].map((member) => globalRoot(member)),
      ...instances.map((instance) => programRoot(instance)),
    ];
    this.#initial = createMemory(this.#end);
    for (const member of unit.globals.values()) initialise(this.#initial, member.type, member.initial, member.offset);
    for (const { pou, at } of instances) initialise(this.#initial, asBlock(pou), undefined, at);
    this.variables = new VariableTable(this.#roots, this.#memory);
    this.#bodies = instances.map(({ pou, at }) => generated(() => pouCode(new Code(image, pou, at)), compiled.file));
    this.restart('cold');
  }

  /** Starts a scan: sets the time that timers see and gives the watchdog its full budget. */
  beginScan(now: Instant): void {
    this.#m[NOW] = now;
    this.#m[COUNT] = 0;
  }

  /** Statements executed since `beginScan`. */
  get statements(): number {
    return this.#m[COUNT];
  }

  /** Runs one program, by its position in the constructor's list, once. Returns why it stopped early, nothing when it did not. */
  run(program: number): Fault | undefined {
    try {
      this.#bodies[program]();
      return undefined;
    } catch (error) {
      return asFault(error);
    }
  }

  /** Cold: everything takes its initial value. Warm: what is declared RETAIN keeps its value. */
  restart(kind: 'cold' | 'warm'): void {
    if (kind === 'cold') {
      for (const { type, at } of this.#roots) this.#copyInitial(type, at);
      return;
    }
    for (const root of this.#roots) this.#resetUnretained(root.type, root.at, root.retain);
  }

  #copyInitial(type: Type, at: Size): void {
    const size = sizeOf(type);
    const { number, big, text } = this.#initial;
    this.#m.set(number.subarray(at.number, at.number + size.number), at.number);
    this.#memory.big.set(big.subarray(at.big, at.big + size.big), at.big);
    for (let i = at.text; i < at.text + size.text; i++) this.#memory.text[i] = text[i];
  }

  #resetUnretained(type: Type, at: Size, retained: boolean): void {
    if (retained) return;
    if (!holdsRetained(type)) {
      this.#copyInitial(type, at);
      return;
    }
    if (type.kind === 'array') {
      const size = sizeOf(type.of);
      const count = sizeOf(type).number / size.number;
      for (let i = 0; i < count; i++) this.#resetUnretained(type.of, plus(at, times(size, i)), false);
    } else if (type.kind === 'struct' || type.kind === 'block')
      for (const member of type.members.values())
        if (member.section !== 'inout' && member.section !== 'external')
          this.#resetUnretained(member.type, plus(at, member.offset), member.retain);
  }

  /** Copies all variables and the clock. */
  save(): RuntimeSnapshot {
    const { number, big, text } = this.#end;
    return {
      number: this.#m.slice(0, number),
      big: this.#memory.big.slice(0, big),
      text: this.#memory.text.slice(0, text),
    };
  }

  /** @throws PenstockError `st.snapshot` when the snapshot belongs to another program */
  load(snapshot: RuntimeSnapshot): void {
    const { number, big, text } = this.#end;
    if (snapshot.number.length !== number || snapshot.big.length !== big || snapshot.text.length !== text)
      throw new PenstockError('st.snapshot', 'the snapshot was made by another program: its memory has another size');
    const budget = this.#m[BUDGET];
    this.#m.set(snapshot.number);
    this.#m[BUDGET] = budget;
    this.#memory.big.set(snapshot.big);
    for (const [i, value] of snapshot.text.entries()) this.#memory.text[i] = value;
  }

  /**
   * Online change: takes over the value of every variable that the other program has under the same path with the same type.
   * Constants keep the values of this program.
   */
  adopt(previous: Runtime): void {
    this.#m[NOW] = previous.#m[NOW];
    this.#m[COUNT] = previous.#m[COUNT];
    const before = new Map(previous.#roots.map((root) => [root.name.toUpperCase(), root]));
    for (const root of this.#roots) {
      const old = before.get(root.name.toUpperCase());
      if (old !== undefined && !root.constant) this.#migrate(root.type, root.at, previous.#memory, old.type, old.at);
    }
  }

  #migrate(type: Type, at: Size, from: Memory, old: Type, oldAt: Size): void {
    if (type.kind === 'array') {
      if (old.kind !== 'array' || old.bounds.length !== type.bounds.length) return;
      const [size, oldSize] = [sizeOf(type.of), sizeOf(old.of)];
      for (const [i, j] of commonElements(type, old))
        this.#migrate(type.of, plus(at, times(size, i)), from, old.of, plus(oldAt, times(oldSize, j)));
      return;
    }
    if (type.kind === 'struct' || type.kind === 'block') {
      if (old.kind !== type.kind) return;
      for (const [key, member] of type.members) {
        const same = old.members.get(key);
        if (same === undefined || member.constant || member.section === 'inout' || member.section === 'external')
          continue;
        this.#migrate(member.type, plus(at, member.offset), from, same.type, plus(oldAt, same.offset));
      }
      return;
    }
    if (!sameScalar(type, old)) return;
    const { store, length } = scalarOf(type) as Elementary;
    if (store === 'number') this.#m[at.number] = from.number[oldAt.number];
    else if (store === 'big') this.#memory.big[at.big] = from.big[oldAt.big];
    else this.#memory.text[at.text] = from.text[oldAt.text].slice(0, length);
  }
}

const asBlock = (pou: Pou): BlockType => ({ kind: 'block', name: pou.name, members: pou.members, size: pou.size });

function globalRoot(member: Member): Root {
  const { name, type, retain, constant, location } = member;
  return { name, type, at: member.offset, retain, constant, location, members: undefined };
}

function programRoot({ pou, name, at }: Instance): Root {
  const type = asBlock(pou);
  return { name, type, at, retain: false, constant: false, location: undefined, members: pou.members };
}

/** Generates every POU once to see how many constants and temporaries they need. */
function plan(
  pous: readonly Pou[],
  frames: ReadonlyMap<Pou, Size>,
): { constants: number; temporaries: Map<Pou, number> } {
  const nowhere: Size = { number: 0, big: 0, text: 0 };
  const image = new Image(createMemory(nowhere), frames, 0, undefined);
  const temporaries = new Map<Pou, number>();
  for (const pou of pous) {
    if (pou.native !== undefined) continue;
    const code = new Code(image, pou, nowhere);
    pouCode(code);
    temporaries.set(pou, code.temporaries);
  }
  return { constants: image.constantsEnd, temporaries };
}

/** What generating code throws, as an error that a person can read. */
function generated<T>(make: () => T, file: string): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof Fault) throw new PenstockError(error.id, error.message, { file, line: error.line, column: 1 });
    if (error instanceof RangeError) throw new PenstockError('st.limit', `${file}: the program is nested too deeply`);
    throw error;
  }
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof RangeError) return new Fault('st.stack', 'calls or expressions nested too deeply', 0);
  return new Fault('st.internal', error instanceof Error ? error.message : String(error), 0);
}

const retainedTypes = new WeakMap<Type, boolean>();

/** Whether something inside is declared RETAIN. */
function holdsRetained(type: Type): boolean {
  if (type.kind === 'array') return holdsRetained(type.of);
  if (type.kind !== 'struct' && type.kind !== 'block') return false;
  let holds = retainedTypes.get(type);
  if (holds === undefined) {
    holds = [...type.members.values()].some((member) => member.retain || holdsRetained(member.type));
    retainedTypes.set(type, holds);
  }
  return holds;
}

function sameScalar(a: Type, b: Type): boolean {
  const [x, y] = [scalarOf(a), scalarOf(b)];
  if (x === undefined || y === undefined) return false;
  if (x.store === 'text' || y.store === 'text') return x.store === y.store;
  if (a.kind === 'enum' && b.kind === 'enum')
    return a.name === b.name && JSON.stringify([...a.values]) === JSON.stringify([...b.values]);
  if (a.kind === 'enum' || b.kind === 'enum') return false;
  return x === y && (a.kind !== 'subrange' || (b.kind === 'subrange' && b.low === a.low && b.high === a.high));
}

/** Positions of the elements that two arrays share, by index. */
function* commonElements(
  a: Extract<Type, { kind: 'array' }>,
  b: Extract<Type, { kind: 'array' }>,
  k = 0,
  i = 0,
  j = 0,
): Generator<[number, number]> {
  if (k === a.bounds.length) {
    yield [i, j];
    return;
  }
  const [x, y] = [a.bounds[k], b.bounds[k]];
  for (let index = Math.max(x.low, y.low); index <= Math.min(x.high, y.high); index++)
    yield* commonElements(
      a,
      b,
      k + 1,
      i * (x.high - x.low + 1) + index - x.low,
      j * (y.high - y.low + 1) + index - y.low,
    );
}
