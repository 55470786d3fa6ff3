/** Reading and writing places in memory: at a fixed slot where everything is known, else at a computed one. */
import { Fault, type Op } from './closures.ts';
import type { Code } from './generate.ts';
import type { Index, Place } from './ir.ts';
import { type Elementary, type Size, type Store, scalarOf } from './types.ts';

/** An absolute slot, or the temporary that holds one. */
export type Address =
  | { readonly fixed: true; readonly slot: number }
  | { readonly fixed: false; readonly slot: number };

export const isFixed = (place: Place): boolean => place.root !== 'reference' && place.indices.length === 0;

/** Where the place begins in its root, without indices. */
export function fixedBase(code: Code, place: Place): Size {
  const { base } = place;
  if (place.root !== 'local') return base;
  return { number: base.number + code.frame.number, big: base.big + code.frame.big, text: base.text + code.frame.text };
}

const PART: Record<Store, number> = { number: 0, big: 1, text: 2 };

function indexFault(value: number, low: number, high: number, line: number): Fault {
  return new Fault('st.index', `array index ${value} outside ${low}..${high}`, line);
}

/** Slot of the value of an index, computed by operations added to `out`. */
function indexSlot(code: Code, index: Index, out: Op[]): number {
  const { value } = index;
  if ((scalarOf(value.type) as Elementary).store === 'number') return code.number(value, out);
  const read = code.big(value);
  const slot = code.temporary();
  const { m } = code;
  out.push(() => {
    m[slot] = Number(read());
  });
  return slot;
}

/** The slot in one of the stores where a place begins. */
export function addressOf(code: Code, place: Place, store: Store, out: Op[]): Address {
  const base = fixedBase(code, place)[store];
  if (isFixed(place)) return { fixed: true, slot: base };
  const { m } = code;
  const target = code.temporary();
  if (place.root === 'reference') {
    const pointer = code.frame.number + place.pointer + PART[store];
    out.push(() => {
      m[target] = m[pointer] + base;
    });
  } else {
    out.push(() => {
      m[target] = base;
    });
  }
  for (const index of place.indices) {
    const slot = indexSlot(code, index, out);
    const { low, high } = index;
    const stride = index.stride[store];
    const { line } = place;
    out.push(() => {
      const value = m[slot];
      if (!(value >= low && value <= high)) throw indexFault(value, low, high, line);
      m[target] += (value - low) * stride;
    });
  }
  return { fixed: false, slot: target };
}

/** The common case: an element of a variable that stands still, chosen by one index. */
function singleIndex(code: Code, place: Place, out: Op[]) {
  const index = place.indices[0];
  const slot = indexSlot(code, index, out);
  const stride = index.stride.number;
  const start = fixedBase(code, place).number - index.low * stride;
  return { slot, stride, start, low: index.low, high: index.high, line: place.line };
}

const isSingle = (place: Place): boolean => place.root !== 'reference' && place.indices.length === 1;

/** Reads a number (not a bit) into `d`. */
export function loadNumber(code: Code, place: Place, d: number, out: Op[]): void {
  const { m } = code;
  if (isSingle(place)) {
    const { slot, stride, start, low, high, line } = singleIndex(code, place, out);
    out.push(() => {
      const i = m[slot];
      if (!(i >= low && i <= high)) throw indexFault(i, low, high, line);
      m[d] = m[(start + i * stride) | 0];
    });
    return;
  }
  const { slot } = addressOf(code, place, 'number', out);
  out.push(() => {
    m[d] = m[m[slot] | 0];
  });
}

/** Writes the number in slot `v` to a place that is not fixed. */
export function storeNumber(code: Code, place: Place, v: number, out: Op[]): void {
  const { m } = code;
  if (isSingle(place)) {
    const { slot, stride, start, low, high, line } = singleIndex(code, place, out);
    out.push(() => {
      const i = m[slot];
      if (!(i >= low && i <= high)) throw indexFault(i, low, high, line);
      m[(start + i * stride) | 0] = m[v];
    });
    return;
  }
  const { slot } = addressOf(code, place, 'number', out);
  out.push(() => {
    m[m[slot] | 0] = m[v];
  });
}

/** Reads one bit of a bit string into `d`. */
export function loadBit(code: Code, place: Place, d: number, out: Op[]): void {
  const { m } = code;
  const bit = place.bit as number;
  const bits = code.bitsOf(place);
  if (bits.store === 'big') {
    const { big } = code.image.memory;
    const address = addressOf(code, place, 'big', out);
    const shift = BigInt(bit);
    out.push(() => {
      m[d] = Number((big[address.fixed ? address.slot : m[address.slot]] >> shift) & 1n);
    });
    return;
  }
  const address = addressOf(code, place, 'number', out);
  const { slot } = address;
  if (address.fixed)
    out.push(() => {
      m[d] = (m[slot] >>> bit) & 1;
    });
  else
    out.push(() => {
      m[d] = (m[m[slot] | 0] >>> bit) & 1;
    });
}

/** Writes the BOOL in slot `v` to one bit of a bit string. */
export function storeBit(code: Code, place: Place, v: number, out: Op[]): void {
  const { m } = code;
  const bit = place.bit as number;
  const bits = code.bitsOf(place);
  if (bits.store === 'big') {
    const { big } = code.image.memory;
    const address = addressOf(code, place, 'big', out);
    const mask = 1n << BigInt(bit);
    out.push(() => {
      const at = address.fixed ? address.slot : m[address.slot];
      big[at] = m[v] === 0 ? big[at] & ~mask : big[at] | mask;
    });
    return;
  }
  const mask = 1 << bit;
  const address = addressOf(code, place, 'number', out);
  const { fixed, slot } = address;
  out.push(() => {
    const at = fixed ? slot : m[slot] | 0;
    m[at] = (m[v] === 0 ? m[at] & ~mask : m[at] | mask) >>> 0;
  });
}
