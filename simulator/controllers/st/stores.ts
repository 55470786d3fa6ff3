/** Assignments: a value to a place, a whole array or structure to another. */
import { Fault, type Op } from './closures.ts';
import type { Code } from './generate.ts';
import { costOf } from './generate-calls.ts';
import type { Node, Place } from './ir.ts';
import { COUNT } from './memory.ts';
import { addressOf, fixedBase, isFixed, storeBit, storeNumber } from './places.ts';
import { type Elementary, type Size, type Store, scalarOf, sizeOf, type Type } from './types.ts';

/** What is assigned to: a place, an absolute position, or a member of an instance whose position stands in temporaries. */
export type Target =
  | { readonly kind: 'place'; readonly place: Place }
  | { readonly kind: 'fixed'; readonly at: Size; readonly type: Type }
  | { readonly kind: 'moving'; readonly base: Size; readonly offset: Size; readonly type: Type };

/** A value that was computed already: the slot of a number, or a closure. */
export type Computed = Node | { readonly slot: number } | (() => bigint | string);

const typeOf = (target: Target): Type => (target.kind === 'place' ? target.place.type : target.type);

/** The absolute slot of a target in one store, or the temporary that holds it. */
function locate(code: Code, target: Target, store: Store, out: Op[]): { fixed: boolean; slot: number } {
  if (target.kind === 'place') return addressOf(code, target.place, store, out);
  if (target.kind === 'fixed') return { fixed: true, slot: target.at[store] };
  const { m } = code;
  const slot = code.temporary();
  const [base, offset] = [target.base[store], target.offset[store]];
  out.push(() => {
    m[slot] = m[base] + offset;
  });
  return { fixed: false, slot };
}

/** Assigns one value. @param line for the fault when a subrange is left */
export function assign(code: Code, target: Target, value: Computed, line: number, out: Op[]): void {
  const type = typeOf(target);
  const { store, length } = scalarOf(type) as Elementary;
  if (store === 'number') {
    assignNumber(code, target, value as Node | { slot: number }, line, out);
    return;
  }
  const read =
    typeof value === 'function' ? value : store === 'big' ? code.big(value as Node) : code.text(value as Node);
  const { fixed, slot } = locate(code, target, store, out);
  const { m } = code;
  const { big, text } = code.image.memory;
  if (store === 'big') {
    if (fixed)
      out.push(() => {
        big[slot] = read() as bigint;
      });
    else
      out.push(() => {
        big[m[slot]] = read() as bigint;
      });
    return;
  }
  out.push(() => {
    const full = read() as string;
    text[fixed ? slot : m[slot]] = full.length > length ? full.slice(0, length) : full;
  });
}

function assignNumber(
  code: Code,
  target: Target,
  value: Node | { readonly slot: number },
  line: number,
  out: Op[],
): void {
  const { m } = code;
  const type = typeOf(target);
  const fixedSlot = fixedNumber(code, target);
  if (type.kind !== 'subrange' && fixedSlot >= 0 && 'op' in value) {
    code.number(value, out, fixedSlot);
    return;
  }
  const slot = 'op' in value ? code.number(value, out) : value.slot;
  if (type.kind === 'subrange') {
    const { low, high, name } = type;
    out.push(() => {
      const v = m[slot];
      if (v < low || v > high) throw new Fault('st.range', `${v} is outside ${low}..${high} of ${name}`, line);
    });
  }
  if (fixedSlot >= 0)
    out.push(() => {
      m[fixedSlot] = m[slot];
    });
  else if (target.kind === 'place') {
    if (target.place.bit !== undefined) storeBit(code, target.place, slot, out);
    else storeNumber(code, target.place, slot, out);
  } else {
    const { slot: address } = locate(code, target, 'number', out);
    out.push(() => {
      m[m[address] | 0] = m[slot];
    });
  }
}

function fixedNumber(code: Code, target: Target): number {
  if (target.kind === 'fixed') return target.at.number;
  if (target.kind !== 'place' || target.place.bit !== undefined || !isFixed(target.place)) return -1;
  return fixedBase(code, target.place).number;
}

/** Copies a whole array or structure. Both sides have the same layout. */
export function copy(code: Code, target: Target, from: Place, line: number, out: Op[]): void {
  const { m } = code;
  const { big, text } = code.image.memory;
  const size = sizeOf(typeOf(target));
  code.image.account(1, line);
  const cost = costOf(size);
  out.push(() => {
    m[COUNT] += cost;
  });
  for (const store of ['number', 'big', 'text'] as const) {
    const count = size[store];
    if (count === 0) continue;
    const to = locate(code, target, store, out);
    const source = addressOf(code, from, store, out);
    out.push(() => {
      const start = source.fixed ? source.slot : m[source.slot];
      const end = to.fixed ? to.slot : m[to.slot];
      if (store === 'number') m.copyWithin(end, start, start + count);
      else if (store === 'big') big.copyWithin(end, start, start + count);
      else text.copyWithin(end, start, start + count);
    });
  }
}
