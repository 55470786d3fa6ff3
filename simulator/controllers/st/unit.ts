/** What a source text declares, and the look-up of names in it. */
import { nearest, PenstockError } from '@penstock/core';
import type { Place, Pou, Scalar } from './ir.ts';
import type { At, PouDeclaration, TypeDeclaration } from './syntax.ts';
import { type Enumeration, type Initial, type Member, NO_SIZE, type Size, type Type, type Value } from './types.ts';

/** More memory than this is refused (slots of 8 bytes). */
export const MAX_SLOTS = 500_000;

export interface DeclaredType {
  readonly type: Type;
  /** Default of its variables, where the declaration gives one. */
  readonly initial: Initial | undefined;
}

export interface Unit {
  readonly file: string;
  /** Types by upper-case name; filled on demand from `typeSyntax`. */
  readonly types: Map<string, DeclaredType>;
  readonly typeSyntax: Map<string, TypeDeclaration>;
  readonly pouSyntax: Map<string, PouDeclaration>;
  readonly pous: Map<string, Pou>;
  readonly globals: Map<string, Member>;
  /** Globals lie behind the runtime's own slots, so that their offsets are absolute. */
  globalSize: Size;
  readonly enumerators: Map<string, { readonly type: Enumeration; readonly value: number } | 'ambiguous'>;
  /** Names that are being resolved, to find declarations that contain themselves. */
  readonly resolving: Set<string>;
  readonly errors: PenstockError[];
}

/** A place in the source from which names are looked up. */
export interface Scope {
  readonly unit: Unit;
  readonly pou: Pou | undefined;
}

export function fail(unit: Unit, id: string, message: string, at: At): never {
  throw new PenstockError(id, message, { file: unit.file, line: at.line, column: at.column });
}

/** Names among which a mistyped one's neighbour is sought, and errors after which the check gives up: no text may keep it busy. */
const MAX_HINTS = 2000;
export const MAX_ERRORS = 50;

/** Reports an unknown name together with the nearest one that would be valid. */
export function unknown(unit: Unit, what: string, name: string, candidates: Iterable<string>, at: At): never {
  const near = nearest(name, [...candidates].slice(0, MAX_HINTS));
  return fail(unit, 'st.unknown', `${what} '${name}' is not declared${near ? `; did you mean '${near}'?` : ''}`, at);
}

export type Found =
  | { readonly kind: 'variable'; readonly root: 'global' | 'local'; readonly member: Member }
  | { readonly kind: 'constant'; readonly type: Scalar; readonly value: Value };

/** A constant with an elementary value stands for that value. */
function constantOf(member: Member): Found | undefined {
  if (!member.constant || member.initial?.kind !== 'value') return undefined;
  const type = member.type.kind === 'subrange' ? member.type.base : member.type;
  if (type.kind !== 'elementary' && type.kind !== 'enum') return undefined;
  return { kind: 'constant', type, value: member.initial.value };
}

/** Finds a variable, constant or enumerator by name, from the inside out. */
export function lookUp(scope: Scope, name: string): Found | undefined {
  const key = name.toUpperCase();
  const local = scope.pou?.members.get(key);
  if (local !== undefined && local.section !== 'external')
    return constantOf(local) ?? { kind: 'variable', root: 'local', member: local };
  const global = scope.unit.globals.get(key);
  if (global !== undefined) return constantOf(global) ?? { kind: 'variable', root: 'global', member: global };
  const enumerator = scope.unit.enumerators.get(key);
  if (enumerator === undefined || enumerator === 'ambiguous') return undefined;
  return { kind: 'constant', type: enumerator.type, value: enumerator.value };
}

/** All names that a reference could mean here, as they were written. */
export function visibleNames(scope: Scope): string[] {
  return [
    ...[...(scope.pou?.members.values() ?? [])].map((member) => member.name),
    ...[...scope.unit.globals.values()].map((member) => member.name),
    ...scope.unit.enumerators.keys(),
  ];
}

/** The place of a whole variable. */
export function placeOf(root: 'global' | 'local', member: Member, line: number): Place {
  const plain = { indices: [], type: member.type, bit: undefined, wide: false, line };
  return member.section === 'inout'
    ? { root: 'reference', base: NO_SIZE, pointer: member.offset.number, ...plain }
    : { root, base: member.offset, pointer: 0, ...plain };
}
