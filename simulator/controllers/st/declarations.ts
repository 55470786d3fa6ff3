/** Declarations: types, variables and their layout in memory, initial values (IEC 61131-3 ed. 3, clauses 6.4 and 6.5). */
import { concrete, expect, infer } from './expressions.ts';
import type { Pou, Scalar } from './ir.ts';
import { STANDARD_BLOCKS } from './standard-blocks.ts';
import type {
  At,
  InitialSyntax,
  PouDeclaration,
  Section,
  TypeSyntax,
  VariableBlock,
  VariableSyntax,
} from './syntax.ts';
import {
  ELEMENTARY,
  INT,
  type Initial,
  isInteger,
  limits,
  MAX_STRING_LENGTH,
  type Member,
  NO_SIZE,
  plus,
  type Size,
  STRING,
  scalarOf,
  sizeOf,
  stringOf,
  type Type,
  times,
  total,
  valueType,
} from './types.ts';
import { type DeclaredType, fail, MAX_SLOTS, type Scope, type Unit, unknown } from './unit.ts';

const SECTION: Record<Section, Member['section']> = {
  VAR: 'internal',
  VAR_INPUT: 'input',
  VAR_OUTPUT: 'output',
  VAR_IN_OUT: 'inout',
  VAR_TEMP: 'temp',
  VAR_EXTERNAL: 'external',
  VAR_GLOBAL: 'internal',
};

/** The value of an expression that must be known while compiling. */
function constantInteger(scope: Scope, expression: Parameters<typeof infer>[1]): number {
  const node = concrete(scope, infer(scope, expression, INT), expression.at);
  if (node.op !== 'constant' || !isInteger(node.type))
    return fail(scope.unit, 'st.type', 'a constant integer is wanted here', expression.at);
  return Number(node.value);
}

/** A type by name: elementary, declared (resolved on first use) or a function block. */
export function typeNamed(unit: Unit, name: string, at: At): DeclaredType {
  const key = name.toUpperCase();
  const elementary = ELEMENTARY.get(key);
  if (elementary !== undefined) return { type: elementary, initial: undefined };
  const known = unit.types.get(key);
  if (known !== undefined) return known;
  const declaration = unit.typeSyntax.get(key);
  if (declaration !== undefined)
    return guarded(unit, key, declaration.name, () => {
      const scope: Scope = { unit, pou: undefined };
      const { type, initial } = typeOf(scope, declaration.type, declaration.name.text);
      const own = declaration.initial ? checkInitial(scope, declaration.initial, type) : initial;
      const made = { type, initial: own };
      unit.types.set(key, made);
      return made;
    });
  const pou = pouNamed(unit, key);
  if (pou?.block !== undefined) return { type: pou.block, initial: undefined };
  if (pou !== undefined) return fail(unit, 'st.type', `${pou.name} is a ${pou.kind}, not a type`, at);
  const names = [
    ...ELEMENTARY.keys(),
    ...[...unit.typeSyntax.values()].map((d) => d.name.text),
    ...STANDARD_BLOCKS.keys(),
  ];
  return unknown(unit, 'the type', name, [...names, ...[...unit.pouSyntax.values()].map((d) => d.name.text)], at);
}

function guarded<T>(unit: Unit, key: string, at: At, resolve: () => T): T {
  if (unit.resolving.has(key)) return fail(unit, 'st.recursion', `'${key}' contains itself`, at);
  unit.resolving.add(key);
  try {
    return resolve();
  } finally {
    unit.resolving.delete(key);
  }
}

/** `name` is what an anonymous type is called when it is declared under TYPE. */
function typeOf(scope: Scope, syntax: TypeSyntax, name?: string): DeclaredType {
  const { unit } = scope;
  switch (syntax.kind) {
    case 'named':
      return typeNamed(unit, syntax.name.text, syntax.at);
    case 'string': {
      if (syntax.length === undefined) return { type: STRING, initial: undefined };
      const length = constantInteger(scope, syntax.length);
      if (length < 1 || length > MAX_STRING_LENGTH)
        return fail(unit, 'st.range', `a STRING holds 1 to ${MAX_STRING_LENGTH} characters, not ${length}`, syntax.at);
      return { type: stringOf(length), initial: undefined };
    }
    case 'subrange': {
      const base = typeNamed(unit, syntax.base.text, syntax.base).type;
      if (!isInteger(base) || base.store === 'big')
        return fail(
          unit,
          'st.type',
          `a subrange needs an integer type of up to 32 bits, found ${base.name}`,
          syntax.base,
        );
      const [low, high] = [constantInteger(scope, syntax.low), constantInteger(scope, syntax.high)];
      const allowed = limits(base);
      if (low > high || low < allowed.low || high > allowed.high)
        return fail(unit, 'st.range', `${low}..${high} is not a range of ${base.name}`, syntax.at);
      return {
        type: { kind: 'subrange', name: name ?? `${base.name}(${low}..${high})`, base, low, high },
        initial: undefined,
      };
    }
    case 'enum':
      return { type: enumeration(scope, syntax, name), initial: undefined };
    case 'array':
      return array(scope, syntax, name);
    case 'struct': {
      const members = new Map<string, Member>();
      let size: Size = NO_SIZE;
      for (const variable of syntax.members) {
        size = addMember(scope, members, variable, { section: 'internal', retain: false, constant: false }, size);
        if (members.get(variable.name.text.toUpperCase())?.type.kind === 'block')
          return fail(unit, 'st.type', 'a structure cannot hold instances of function blocks', variable.name);
      }
      return { type: { kind: 'struct', name: name ?? 'STRUCT', members, size }, initial: undefined };
    }
  }
}

function enumeration(scope: Scope, syntax: Extract<TypeSyntax, { kind: 'enum' }>, name?: string): Type {
  const { unit } = scope;
  const base = syntax.base ? typeNamed(unit, syntax.base.text, syntax.base).type : INT;
  if (!isInteger(base) || base.store === 'big')
    return fail(
      unit,
      'st.type',
      `an enumeration needs an integer type of up to 32 bits, found ${base.name}`,
      syntax.at,
    );
  const values = new Map<string, number>();
  let next = 0;
  for (const { name: valueName, value } of syntax.values) {
    const key = valueName.text.toUpperCase();
    if (values.has(key)) return fail(unit, 'st.duplicate', `'${valueName.text}' is declared twice`, valueName);
    if (value !== undefined) next = constantInteger(scope, value);
    values.set(key, next++);
  }
  const type = { kind: 'enum', name: name ?? `(${[...values.keys()].join(', ')})`, base, values } as const;
  for (const [key, value] of values)
    unit.enumerators.set(key, unit.enumerators.has(key) ? 'ambiguous' : { type, value });
  return type;
}

function array(scope: Scope, syntax: Extract<TypeSyntax, { kind: 'array' }>, name?: string): DeclaredType {
  const { unit } = scope;
  const { type: of, initial } = typeOf(scope, syntax.of);
  let count = 1;
  const bounds = syntax.bounds.map(({ low: lowSyntax, high: highSyntax }) => {
    const [low, high] = [constantInteger(scope, lowSyntax), constantInteger(scope, highSyntax)];
    if (low > high) return fail(unit, 'st.range', `the array bounds ${low}..${high} are empty`, syntax.at);
    count *= high - low + 1;
    return { low, high };
  });
  const size = times(sizeOf(of), count);
  if (total(size) > MAX_SLOTS)
    return fail(unit, 'st.limit', `the array takes ${total(size)} memory slots, at most ${MAX_SLOTS} fit`, syntax.at);
  const text = `ARRAY[${bounds.map(({ low, high }) => `${low}..${high}`).join(', ')}] OF ${of.name}`;
  return {
    type: { kind: 'array', name: name ?? text, bounds, of, size },
    initial: initial && { kind: 'array', elements: [{ count, value: initial }] },
  };
}

type Attributes = Pick<Member, 'section' | 'retain' | 'constant'>;

const POINTER: Size = { number: 3, big: 0, text: 0 };

/** Adds a variable behind the others and returns the size of them all. */
function addMember(
  scope: Scope,
  members: Map<string, Member>,
  variable: VariableSyntax,
  attributes: Attributes,
  size: Size,
): Size {
  const { unit } = scope;
  const key = variable.name.text.toUpperCase();
  if (members.has(key)) return fail(unit, 'st.duplicate', `'${variable.name.text}' is declared twice`, variable.name);
  const { type, initial: inherited } = typeOf(scope, variable.type);
  const { section } = attributes;
  const isReference = section === 'inout';
  if (isReference && variable.initial)
    return fail(unit, 'st.type', 'a VAR_IN_OUT has no initial value', variable.initial.at);
  if (type.kind === 'block' && section !== 'internal' && !isReference)
    return fail(
      unit,
      'st.type',
      `an instance of ${type.name} is declared under VAR or passed as VAR_IN_OUT`,
      variable.name,
    );
  const initial = variable.initial ? checkInitial(scope, variable.initial, type) : inherited;
  if (attributes.constant && initial === undefined)
    return fail(unit, 'st.type', `the constant '${variable.name.text}' needs a value`, variable.name);
  members.set(key, {
    name: variable.name.text,
    type,
    offset: size,
    initial,
    location: variable.location,
    ...attributes,
  });
  const after = plus(size, isReference ? POINTER : sizeOf(type));
  if (total(after) > MAX_SLOTS)
    return fail(unit, 'st.limit', `the variables take more than ${MAX_SLOTS} memory slots`, variable.name);
  return after;
}

/** Checks an initial value against the type of its variable. */
function checkInitial(scope: Scope, syntax: InitialSyntax, type: Type): Initial {
  const { unit } = scope;
  if (syntax.kind === 'array') {
    if (type.kind !== 'array')
      return fail(unit, 'st.type', `expected a value of ${type.name}, found a list`, syntax.at);
    return arrayInitial(scope, syntax, type);
  }
  if (syntax.kind === 'struct') {
    if (type.kind !== 'struct' && type.kind !== 'block')
      return fail(unit, 'st.type', `expected a value of ${type.name}, found a list of members`, syntax.at);
    const members = new Map<string, Initial>();
    for (const { name, value } of syntax.members) {
      const member = type.members.get(name.text.toUpperCase());
      if (member === undefined || member.section === 'inout')
        return unknown(
          unit,
          `the member of ${type.name}`,
          name.text,
          [...type.members.values()].map((m) => m.name),
          name,
        );
      members.set(name.text.toUpperCase(), checkInitial(scope, value, member.type));
    }
    return { kind: 'struct', members };
  }
  if (scalarOf(type) === undefined) return fail(unit, 'st.type', `a ${type.name} needs a list of values`, syntax.at);
  const node = expect(scope, syntax.value, type);
  if (node.op !== 'constant') return fail(unit, 'st.type', 'an initial value must be a constant', syntax.at);
  if (type.kind === 'subrange' && (Number(node.value) < type.low || Number(node.value) > type.high))
    return fail(unit, 'st.range', `${node.value} is outside ${type.low}..${type.high}`, syntax.at);
  const length = scalarOf(type)?.length ?? 0;
  if (typeof node.value === 'string') return { kind: 'value', value: node.value.slice(0, length) };
  return { kind: 'value', value: node.value };
}

/** Elements of several dimensions are listed row by row, flat or in nested lists. */
function arrayInitial(
  scope: Scope,
  syntax: Extract<InitialSyntax, { kind: 'array' }>,
  type: Extract<Type, { kind: 'array' }>,
): Initial {
  const elements: { count: number; value: Initial | undefined }[] = [];
  let count = 0;
  const room = type.bounds.reduce((product, { low, high }) => product * (high - low + 1), 1);
  const add = (list: typeof syntax): void => {
    for (const element of list.elements) {
      const { value } = element;
      if (value?.kind === 'array' && type.of.kind !== 'array') {
        for (let i = 0; i < element.count && count <= room; i++) add(value);
        continue;
      }
      count += element.count;
      elements.push({ count: element.count, value: value && checkInitial(scope, value, type.of) });
    }
  };
  add(syntax);
  if (count > room)
    fail(scope.unit, 'st.range', `the array has ${room} elements, ${count} values were given`, syntax.at);
  return { kind: 'array', elements };
}

/** The global variables, in the order of declaration. */
export function addGlobals(unit: Unit, block: VariableBlock): void {
  const scope: Scope = { unit, pou: undefined };
  if (block.section !== 'VAR_GLOBAL')
    fail(
      unit,
      'st.syntax',
      `${block.section} belongs into a program, function or function block; here only VAR_GLOBAL may stand`,
      block.at,
    );
  for (const variable of block.variables) {
    const { retain, constant } = block;
    unit.globalSize = addMember(
      scope,
      unit.globals,
      variable,
      { section: 'internal', retain, constant },
      unit.globalSize,
    );
  }
}

/** A program organisation unit by upper-case name, its frame laid out on first use. */
export function pouNamed(unit: Unit, key: string): Pou | undefined {
  const known = unit.pous.get(key);
  if (known !== undefined) return known;
  const declaration = unit.pouSyntax.get(key);
  if (declaration !== undefined) return guarded(unit, key, declaration.name, () => layOut(unit, declaration, key));
  const standard = STANDARD_BLOCKS.get(key);
  if (standard === undefined) return undefined;
  unit.pous.set(key, standard);
  return standard;
}

function layOut(unit: Unit, declaration: PouDeclaration, key: string): Pou {
  const members = new Map<string, Member>();
  const pou: Pou = {
    kind: declaration.kind,
    name: declaration.name.text,
    members,
    size: NO_SIZE,
    result: undefined,
    block: undefined,
    declaration,
    body: [],
    callees: new Set(),
    native: undefined,
  };
  const scope: Scope = { unit, pou };
  if (declaration.result !== undefined) {
    const { type, initial } = typeOf(scope, declaration.result);
    const result = valueType(type);
    if (scalarOf(result) === undefined)
      return fail(
        unit,
        'st.type',
        `a function returns a single value, not ${type.name}; use a VAR_OUTPUT`,
        declaration.name,
      );
    pou.result = result as Scalar;
    const section = 'result';
    members.set(key, {
      name: pou.name,
      type,
      offset: NO_SIZE,
      initial,
      section,
      retain: false,
      constant: false,
      location: undefined,
    });
    pou.size = sizeOf(type);
  }
  for (const block of declaration.blocks) {
    checkSection(unit, declaration, block);
    for (const variable of block.variables) {
      if (block.section === 'VAR_EXTERNAL') {
        checkExternal(scope, variable);
        continue;
      }
      const { retain, constant } = block;
      if (
        declaration.kind === 'function' &&
        block.section === 'VAR' &&
        typeOf(scope, variable.type).type.kind === 'block'
      )
        return fail(
          unit,
          'st.type',
          'a function keeps nothing between calls, so it cannot hold instances of function blocks',
          variable.name,
        );
      pou.size = addMember(scope, members, variable, { section: SECTION[block.section], retain, constant }, pou.size);
    }
  }
  // Instances are told apart by where their numbers begin, so none may be empty.
  if (pou.size.number === 0) pou.size = plus(pou.size, { number: 1, big: 0, text: 0 });
  if (pou.kind === 'function-block') pou.block = { kind: 'block', name: pou.name, members, size: pou.size };
  unit.pous.set(key, pou);
  return pou;
}

function checkSection(unit: Unit, declaration: PouDeclaration, block: VariableBlock): void {
  if (block.section === 'VAR_GLOBAL')
    fail(unit, 'st.syntax', 'VAR_GLOBAL stands outside of programs, functions and function blocks', block.at);
  if (declaration.kind !== 'function') return;
  if (block.retain)
    fail(unit, 'st.type', 'a function keeps nothing between calls, so nothing in it can be RETAIN', block.at);
}

function checkExternal(scope: Scope, variable: VariableSyntax): void {
  const { unit } = scope;
  const global = unit.globals.get(variable.name.text.toUpperCase());
  if (global === undefined)
    unknown(
      unit,
      'the global variable',
      variable.name.text,
      [...unit.globals.values()].map((m) => m.name),
      variable.name,
    );
  const { type } = typeOf(scope, variable.type);
  if (type !== global.type && type.name !== global.type.name)
    fail(unit, 'st.type', `'${global.name}' is declared as ${global.type.name}, here as ${type.name}`, variable.name);
}
