/**
 * From the checked program to closures. Numbers are computed by operations on memory slots (three-address code, one closure an operation), BOOL
 * by closures that return a boolean, 64-bit integers and strings by closures that return the value.
 */
import { BITWISE, binaryOp, COMPARE, COMPARE_AFTER, COMPLEMENT, FUSED, NEGATE } from './arithmetic.ts';
import { move, type Op, sequence } from './closures.ts';
import { bigNode } from './generate-big.ts';
import { functionCall } from './generate-calls.ts';
import { conversion, numberFunction } from './generate-functions.ts';
import { type Gate, gateStore, gateTest, type Leaf, MOST_LEAVES } from './generate-gates.ts';
import { textNode } from './generate-text.ts';
import type { Image } from './image.ts';
import type { Node, Place, Pou } from './ir.ts';
import { addressOf, fixedBase, isFixed, loadBit, loadNumber } from './places.ts';
import { BOOL, DWORD, type Elementary, LWORD, type Size, scalarOf } from './types.ts';

type NodeOf<K extends Node['op']> = Extract<Node, { op: K }>;

/** Generates the code of one instance of a POU, whose variables begin at `frame`. */
export class Code {
  readonly image: Image;
  readonly m: Float64Array;
  readonly pou: Pou;
  readonly frame: Size;
  #nextTemporary: number;

  constructor(image: Image, pou: Pou, frame: Size) {
    this.image = image;
    this.m = image.m;
    this.pou = pou;
    this.frame = frame;
    this.#nextTemporary = image.temporaries(pou);
  }

  temporary(): number {
    return this.#nextTemporary++;
  }

  /** Temporaries handed out so far. */
  get temporaries(): number {
    return this.#nextTemporary - this.image.temporaries(this.pou);
  }

  /** Type of the bit string that holds the bit of a place. */
  bitsOf(place: Place): Elementary {
    return place.wide ? LWORD : DWORD;
  }

  /**
   * Adds operations to `out` that compute a number or BOOL, and returns the slot that holds it: `wanted` if that is given, else
   * wherever it is.
   */
  number(node: Node, out: Op[], wanted = -1): number {
    const { m } = this;
    this.image.account(1, node.line);
    const target = () => (wanted >= 0 ? wanted : this.temporary());
    const moved = (slot: number): number => {
      if (wanted < 0 || slot === wanted) return slot;
      out.push(move(m, wanted, slot));
      return wanted;
    };
    switch (node.op) {
      case 'constant':
        return moved(this.image.constant(Number(node.value)));
      case 'load': {
        const { place } = node;
        if (place.bit === undefined && isFixed(place)) return moved(fixedBase(this, place).number);
        const d = target();
        if (place.bit !== undefined) loadBit(this, place, d, out);
        else loadNumber(this, place, d, out);
        return d;
      }
      case 'arithmetic':
        return this.#arithmetic(node, out, target);
      case 'negate': {
        const a = this.number(node.operand, out);
        const d = target();
        out.push(NEGATE[node.type.name](m, d, a));
        return d;
      }
      case 'logic': {
        if (node.type === BOOL) break;
        const [a, b] = this.pair(node.left, node.right, out);
        const d = target();
        out.push(BITWISE[node.name](m, d, a, b, node.line));
        return d;
      }
      case 'not': {
        if (node.type === BOOL) break;
        const a = this.number(node.operand, out);
        const d = target();
        out.push(COMPLEMENT[node.type.name](m, d, a));
        return d;
      }
      case 'convert': {
        const slot = conversion(this, node, out, target);
        return moved(slot);
      }
      case 'function':
        return numberFunction(this, node, out, target);
      case 'call': {
        const result = functionCall(this, node.call, out).number;
        const d = target();
        out.push(move(m, d, result));
        return d;
      }
    }
    const gate = this.#gate(node);
    if (gate !== undefined) {
      const d = target();
      out.push(gateStore(m, d, gate));
      return d;
    }
    const test = this.test(node);
    const d = target();
    out.push(() => {
      m[d] = test() ? 1 : 0;
    });
    return d;
  }

  /** Slots of two operands. The left one is copied when computing the right one may change the variable that it is. */
  pair(left: Node, right: Node, out: Op[]): [number, number] {
    const wanted = right.calls && left.op !== 'constant' ? this.temporary() : -1;
    const a = this.number(left, out, wanted);
    return [a, this.number(right, out)];
  }

  #arithmetic(node: NodeOf<'arithmetic'>, out: Op[], target: () => number): number {
    const { m } = this;
    const { left, right, name } = node;
    const type = node.type as Elementary;
    const fused = FUSED[`${name} ${type.name}`];
    if (fused !== undefined && left.op === 'arithmetic' && left.name === 'mul' && !right.calls) {
      const [x, y] = this.pair(left.left, left.right, out);
      const c = this.number(right, out);
      const d = target();
      out.push(fused(m, d, x, y, c));
      return d;
    }
    if (
      fused !== undefined &&
      name === 'add' &&
      right.op === 'arithmetic' &&
      right.name === 'mul' &&
      !right.calls &&
      !left.calls
    ) {
      const c = this.number(left, out);
      const [x, y] = this.pair(right.left, right.right, out);
      const d = target();
      out.push(fused(m, d, x, y, c));
      return d;
    }
    const [a, b] = this.operands(left, right, out);
    const d = target();
    out.push(binaryOp(name, type)(m, d, a, b, node.line));
    return d;
  }

  /** Like `pair`, for operands of which one may be a 64-bit integer (a factor of a duration). */
  operands(left: Node, right: Node, out: Op[]): [number, number] {
    if ((scalarOf(right.type) as Elementary).store === 'number') return this.pair(left, right, out);
    const a = this.number(left, out);
    const read = this.big(right);
    const b = this.temporary();
    const { m } = this;
    out.push(() => {
      m[b] = Number(read());
    });
    return [a, b];
  }

  /** A closure that computes a BOOL. AND and OR leave the right operand alone when the left one decides (clause 7.3.2). */
  test(node: Node): () => boolean {
    const { m } = this;
    this.image.account(1, node.line);
    const leaf = this.#leaf(node);
    if (leaf !== undefined) {
      const { slot, value } = leaf;
      return value === 1 ? () => m[slot] !== 0 : () => m[slot] === 0;
    }
    const gate = this.#gate(node);
    if (gate !== undefined) return gateTest(m, gate);
    switch (node.op) {
      case 'constant': {
        const value = node.value !== 0;
        return () => value;
      }
      case 'compare':
        return this.#compare(node);
      case 'logic':
        return this.#logic(node);
      case 'not': {
        const operand = this.test(node.operand);
        return () => !operand();
      }
      default: {
        const ops: Op[] = [];
        const slot = this.number(node, ops);
        const before = sequence(ops);
        return () => {
          before();
          return m[slot] !== 0;
        };
      }
    }
  }

  /** A BOOL variable at a fixed slot, or its negation. */
  #leaf(node: Node): Leaf | undefined {
    if (node.op === 'load' && node.type === BOOL && node.place.bit === undefined && isFixed(node.place))
      return { slot: fixedBase(this, node.place).number, value: 1 };
    if (node.op !== 'not' || node.type !== BOOL) return undefined;
    const inner = this.#leaf(node.operand);
    return inner && { slot: inner.slot, value: inner.value === 1 ? 0 : 1 };
  }

  /** AND or OR of a few variables; undefined for anything else. */
  #gate(node: Node): Gate | undefined {
    let inner = node;
    let negated = false;
    for (; inner.op === 'not' && inner.type === BOOL; inner = inner.operand) negated = !negated;
    if (inner.op !== 'logic' || inner.type !== BOOL || inner.name === 'xor') return undefined;
    const name = negated === (inner.name === 'and') ? 'or' : 'and';
    const leaves: Leaf[] = [];
    return this.#gather(inner, name, negated, leaves) ? { name, leaves } : undefined;
  }

  /** The variables that `node` (or its negation) joins by `name`; false when there is anything else, or too many. */
  #gather(node: Node, name: 'and' | 'or', negated: boolean, leaves: Leaf[]): boolean {
    if (node.op === 'not' && node.type === BOOL) return this.#gather(node.operand, name, !negated, leaves);
    if (node.op === 'logic' && node.type === BOOL && node.name !== 'xor') {
      const effective = negated === (node.name === 'and') ? 'or' : 'and';
      if (effective !== name) return false;
      return this.#gather(node.left, name, negated, leaves) && this.#gather(node.right, name, negated, leaves);
    }
    const leaf = this.#leaf(node);
    if (leaf === undefined || leaves.length === MOST_LEAVES) return false;
    leaves.push(negated ? { slot: leaf.slot, value: leaf.value === 1 ? 0 : 1 } : leaf);
    return true;
  }

  #logic(node: NodeOf<'logic'>): () => boolean {
    const { m } = this;
    if (node.name === 'xor') {
      const [left, right] = [this.test(node.left), this.test(node.right)];
      return () => left() !== right();
    }
    const isAnd = node.name === 'and';
    const [a, b] = [this.#leaf(node.left), this.#leaf(node.right)];
    if (b !== undefined) {
      const left = this.test(node.left);
      const [q, y] = [b.slot, b.value];
      return isAnd ? () => left() && m[q] === y : () => left() || m[q] === y;
    }
    const right = this.test(node.right);
    if (a !== undefined) {
      const [p, x] = [a.slot, a.value];
      return isAnd ? () => m[p] === x && right() : () => m[p] === x || right();
    }
    const left = this.test(node.left);
    return isAnd ? () => left() && right() : () => left() || right();
  }

  #compare(node: NodeOf<'compare'>): () => boolean {
    const { left, right, relation } = node;
    const { store } = scalarOf(left.type) as Elementary;
    if (store === 'big') return compareValues(relation, this.big(left), this.big(right));
    if (store === 'text') return compareValues(relation, this.text(left), this.text(right));
    const ops: Op[] = [];
    const [a, b] = this.pair(left, right, ops);
    return ops.length === 0 ? COMPARE[relation](this.m, a, b) : COMPARE_AFTER[relation](sequence(ops), this.m, a, b);
  }

  /** A closure that computes a 64-bit integer. */
  big(node: Node): () => bigint {
    this.image.account(1, node.line);
    return bigNode(this, node);
  }

  /** A closure that computes a string. */
  text(node: Node): () => string {
    this.image.account(1, node.line);
    return textNode(this, node);
  }

  /** A closure that reads the slot where a place lies now. */
  slotReader(place: Place, store: 'big' | 'text'): () => number {
    const ops: Op[] = [];
    const { fixed, slot } = addressOf(this, place, store, ops);
    if (fixed) return () => slot;
    const before = sequence(ops);
    const { m } = this;
    return () => {
      before();
      return m[slot] | 0;
    };
  }
}

function compareValues<T extends bigint | string>(
  relation: NodeOf<'compare'>['relation'],
  left: () => T,
  right: () => T,
): () => boolean {
  switch (relation) {
    case '<':
      return () => left() < right();
    case '>':
      return () => left() > right();
    case '<=':
      return () => left() <= right();
    case '>=':
      return () => left() >= right();
    case '=':
      return () => left() === right();
    case '<>':
      return () => left() !== right();
  }
}
