/** The controller's memory: three stores, and how declared initial values fill them. */
import {
  type Elementary,
  type Initial,
  LREAL,
  plus,
  type Size,
  scalarOf,
  sizeOf,
  type Type,
  times,
  type Value,
} from './types.ts';

/** Slots at the start of the number store that belong to the runtime. */
export const NOW = 0;
/** Statements executed in this scan. */
export const COUNT = 1;
/** Statements that one scan may execute. */
export const BUDGET = 2;
export const SYSTEM_SLOTS = 8;

export interface Memory {
  readonly number: Float64Array;
  readonly big: BigInt64Array;
  readonly text: string[];
}

/** @param size slots of each store */
export function createMemory(size: Size): Memory {
  return {
    number: new Float64Array(size.number),
    big: new BigInt64Array(size.big),
    text: new Array<string>(size.text).fill(''),
  };
}

function put(memory: Memory, type: Elementary, at: Size, value: Value): void {
  if (type.store === 'number') memory.number[at.number] = Number(value);
  else if (type.store === 'big') memory.big[at.big] = BigInt(value);
  else memory.text[at.text] = value as string;
}

/** Writes the initial value of a variable of `type` that begins at `at`. */
export function initialise(memory: Memory, type: Type, initial: Initial | undefined, at: Size): void {
  if (type.kind === 'array') {
    const size = sizeOf(type.of);
    const count = type.bounds.reduce((product, { low, high }) => product * (high - low + 1), 1);
    const elements = initial?.kind === 'array' ? initial.elements : [];
    let i = 0;
    for (const element of elements)
      for (let k = 0; k < element.count && i < count; k++)
        initialise(memory, type.of, element.value, plus(at, times(size, i++)));
    for (; i < count; i++) initialise(memory, type.of, undefined, plus(at, times(size, i)));
    return;
  }
  if (type.kind === 'struct' || type.kind === 'block') {
    const given = initial?.kind === 'struct' ? initial.members : undefined;
    for (const [key, member] of type.members) {
      if (member.section === 'external') continue;
      const start = plus(at, member.offset);
      // The pointer of a VAR_IN_OUT is set by every call.
      if (member.section === 'inout')
        for (let k = 0; k < 3; k++) put(memory, LREAL, { ...start, number: start.number + k }, 0);
      else initialise(memory, member.type, given?.get(key) ?? member.initial, start);
    }
    return;
  }
  const scalar = scalarOf(type) as Elementary;
  put(memory, scalar, at, initial?.kind === 'value' ? initial.value : defaultValue(type));
}

/** Defaults of clause 6.4.2: zero, empty, the first value of an enumeration, the lower bound of a subrange. */
function defaultValue(type: Type): Value {
  if (type.kind === 'enum') return type.values.values().next().value ?? 0;
  if (type.kind === 'subrange') return type.low;
  return scalarOf(type)?.store === 'text' ? '' : 0;
}
