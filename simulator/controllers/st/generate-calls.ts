/** Calls of functions and function blocks: inputs in, body, outputs out. */
import { Fault, nothing, type Op, RETURN, sequence } from './closures.ts';
import { Code } from './generate.ts';
import { body } from './generate-statements.ts';
import type { Image } from './image.ts';
import { type Call, isPlace, type Node, type Place, type Pou } from './ir.ts';
import { BUDGET, COUNT, createMemory, initialise } from './memory.ts';
import { addressOf, fixedBase, isFixed } from './places.ts';
import { nativeBody } from './standard-blocks.ts';
import { assign, copy, type Target } from './stores.ts';
import { type Member, NO_SIZE, plus, type Size, scalarOf, sizeOf, total } from './types.ts';

export const watchdogFault = (m: Float64Array, line: number): Fault =>
  new Fault('st.watchdog', `the watchdog stopped a scan of more than ${m[BUDGET]} statements`, line);

/** The body of an instance (or of a function, whose frame is static). Made once. */
function bodyOf(image: Image, pou: Pou, frame: Size): Op {
  let bodies = image.bodies.get(pou);
  if (bodies === undefined) {
    bodies = new Map();
    image.bodies.set(pou, bodies);
  }
  let made = bodies.get(frame.number);
  if (made === undefined) {
    made = makeBody(image, pou, frame);
    bodies.set(frame.number, made);
  }
  return made;
}

function makeBody(image: Image, pou: Pou, frame: Size): Op {
  if (pou.native !== undefined) {
    image.account(1, 1);
    return nativeBody(pou.native)(image.m, frame.number);
  }
  if (image.planning) return nothing;
  return pouCode(new Code(image, pou, frame));
}

/** Code of a whole POU: temporary variables reset, body run, budget checked on entry so that calls cannot multiply without end. */
export function pouCode(code: Code): Op {
  const { m, pou } = code;
  const line = pou.declaration?.body[0]?.at.line ?? 1;
  const reset = resetOf(code, (member) => member.section === 'temp' || (pou.kind === 'function' && isLocal(member)));
  // A function's constants (tables) are set once; its frame is not part of what a restart resets.
  if (!code.image.planning && pou.kind === 'function') resetOf(code, (member) => member.constant)();
  const run = body(code, pou.body);
  return () => {
    if (m[COUNT] > m[BUDGET]) throw watchdogFault(m, line);
    reset();
    const jump = run();
    return jump === RETURN ? 0 : jump;
  };
}

const isLocal = (member: Member): boolean =>
  !member.constant && member.section !== 'input' && member.section !== 'inout' && member.section !== 'external';

/** Sets the chosen members to their initial values. */
function resetOf(code: Code, chosen: (member: Member) => boolean): Op {
  const ops: Op[] = [];
  for (const member of code.pou.members.values())
    if (chosen(member) && member.section !== 'external')
      ops.push(resetMember(code, member, plus(code.frame, member.offset)));
  return sequence(ops);
}

function resetMember(code: Code, member: Member, at: Size): Op {
  const { m } = code;
  const size = sizeOf(member.type);
  const image = createMemory(size);
  initialise(image, member.type, member.initial, NO_SIZE);
  const { big, text } = code.image.memory;
  if (total(size) === 1 && size.number === 1) {
    const value = image.number[0];
    return () => {
      m[at.number] = value;
    };
  }
  const cost = costOf(size);
  return () => {
    m[COUNT] += cost;
    m.set(image.number, at.number);
    if (size.big > 0) big.set(image.big, at.big);
    for (let i = 0; i < size.text; i++) text[at.text + i] = image.text[i];
  };
}

/** Moving memory about counts for the watchdog too. */
export const costOf = (size: Size): number => Math.floor(total(size) / 8);

/** Calls a function and returns where its result lies. */
export function functionCall(code: Code, call: Call, out: Op[]): Size {
  const frame = code.image.frames.get(call.pou) as Size;
  passInputs(code, call, frame, out);
  for (const member of call.pou.members.values())
    if (member.section === 'input' && !call.inputs.some((input) => input.member === member))
      out.push(resetMember(code, member, plus(frame, member.offset)));
  passReferences(code, call, frame, out);
  out.push(bodyOf(code.image, call.pou, frame));
  takeOutputs(code, call, frame, out);
  return frame;
}

export function invoke(code: Code, call: Call, out: Op[]): void {
  const { instance } = call;
  if (instance === undefined) {
    functionCall(code, call, out);
    return;
  }
  if (!isFixed(instance)) {
    invokeDynamic(code, call, instance, out);
    return;
  }
  const frame = fixedBase(code, instance);
  passInputs(code, call, frame, out);
  passReferences(code, call, frame, out);
  out.push(bodyOf(code.image, call.pou, frame));
  takeOutputs(code, call, frame, out);
}

function memberTarget(frame: Size, member: Member): Target {
  return { kind: 'fixed', at: plus(frame, member.offset), type: member.type };
}

/** Where a later argument calls a function, all are computed before any is passed: that function may be this one. */
function passInputs(code: Code, call: Call, frame: Size, out: Op[]): void {
  const nested = call.inputs.some(({ value }) => !isPlace(value) && value.calls);
  const late: Op[] = [];
  for (const { member, value } of call.inputs) {
    const target = memberTarget(frame, member);
    if (isPlace(value)) copy(code, target, value, call.line, nested ? late : out);
    else if (nested) assign(code, target, computedFirst(code, value, out), call.line, late);
    else assign(code, target, value, call.line, out);
  }
  out.push(...late);
}

/** Computes a value now, into a temporary, and returns a node that reads it later. */
function computedFirst(code: Code, value: Node, out: Op[]): Node | { readonly slot: number } | (() => bigint | string) {
  const store = scalarOf(value.type)?.store;
  if (store === 'number') return { slot: code.number(value, out, code.temporary()) };
  let kept: bigint | string = '';
  const read: () => bigint | string = store === 'big' ? code.big(value) : code.text(value);
  out.push(() => {
    kept = read();
  });
  return () => kept;
}

function passReferences(code: Code, call: Call, frame: Size, out: Op[]): void {
  const { m } = code;
  for (const { member, place } of call.references) {
    const pointer = frame.number + member.offset.number;
    passPointer(code, place, pointer, out, m);
  }
}

function passPointer(code: Code, place: Place, pointer: number, out: Op[], m: Float64Array): void {
  const size = sizeOf(place.type);
  for (const [k, store] of (['number', 'big', 'text'] as const).entries()) {
    if (size[store] === 0) continue;
    const { fixed, slot } = addressOf(code, place, store, out);
    if (fixed)
      out.push(() => {
        m[pointer + k] = slot;
      });
    else
      out.push(() => {
        m[pointer + k] = m[slot];
      });
  }
}

function takeOutputs(code: Code, call: Call, frame: Size, out: Op[]): void {
  for (const { member, place, value } of call.outputs) {
    const from: Place = {
      root: 'global',
      base: plus(frame, member.offset),
      pointer: 0,
      indices: [],
      type: member.type,
      bit: undefined,
      wide: false,
      line: call.line,
    };
    takeOutput(code, place, from, value, call.line, out);
  }
}

function takeOutput(
  code: Code,
  place: Place,
  from: Place,
  value: Call['outputs'][number]['value'],
  line: number,
  out: Op[],
): void {
  if (scalarOf(from.type) === undefined) {
    copy(code, { kind: 'place', place }, from, line, out);
    return;
  }
  const { from: source, to, negated } = value;
  let node: Node = { op: 'load', type: source, place: from, line, calls: false };
  if (negated) node = { op: 'not', type: source, operand: node, line, calls: false };
  else if (source !== to) node = { op: 'convert', type: to, operand: node, truncate: false, line, calls: false };
  assign(code, { kind: 'place', place }, node, line, out);
}

/**
 * A call of an instance that is only known when it happens: an element of an array, or one passed as VAR_IN_OUT. Inputs are
 * computed into temporaries and moved to the instance.
 */
function invokeDynamic(code: Code, call: Call, instance: Place, out: Op[]): void {
  const { m, image } = code;
  const part = (store: 'number' | 'big' | 'text') => addressOf(code, instance, store, out).slot;
  const base: Size = { number: part('number'), big: part('big'), text: part('text') };
  const at = (member: Member): Target => ({ kind: 'moving', base, offset: member.offset, type: member.type });
  for (const { member, value } of call.inputs)
    if (isPlace(value)) copy(code, at(member), value, call.line, out);
    else assign(code, at(member), value, call.line, out);
  for (const { member, place } of call.references) {
    const pointer = code.temporary();
    code.temporary();
    code.temporary();
    passPointer(code, place, pointer, out, m);
    const offset = member.offset.number;
    out.push(() => {
      for (let k = 0; k < 3; k++) m[m[base.number] + offset + k] = m[pointer + k];
    });
  }
  const bodies = new Map<number, Op>();
  const { pou } = call;
  out.push(() => {
    const number = m[base.number];
    let run = bodies.get(number);
    if (run === undefined) {
      run = bodyOf(image, pou, { number, big: m[base.big], text: m[base.text] });
      bodies.set(number, run);
    }
    run();
  });
  for (const { member, place, value } of call.outputs) {
    const from: Place = { ...instance, base: plus(instance.base, member.offset), type: member.type };
    takeOutput(code, place, from, value, call.line, out);
  }
}
