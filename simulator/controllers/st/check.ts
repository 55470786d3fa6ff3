/** From syntax tree to checked program. */
import { PenstockError } from '@penstock/core';
import { addGlobals, pouNamed, typeNamed } from './declarations.ts';
import { depthOfArguments, depthOfReference } from './expression-parser.ts';
import type { Pou } from './ir.ts';
import { SYSTEM_SLOTS } from './memory.ts';
import { STANDARD_BLOCKS } from './standard-blocks.ts';
import { conversionNamed, STANDARD } from './standard-functions.ts';
import { checkStatements } from './statements.ts';
import type { Declaration, Name, Statement } from './syntax.ts';
import { ELEMENTARY } from './types.ts';
import { fail, type Unit } from './unit.ts';

/** Calls may be nested this deep; more could exhaust the stack of the controller. */
const MAX_CALL_DEPTH = 24;

/**
 * Checks a whole source text. Errors are collected in `errors` of the result, in the order of the text; with any there the unit is
 * not fit to run.
 */
export function checkUnit(declarations: readonly Declaration[], file: string): Unit {
  const unit: Unit = {
    file,
    types: new Map(),
    typeSyntax: new Map(),
    pouSyntax: new Map(),
    pous: new Map(),
    globals: new Map(),
    globalSize: { number: SYSTEM_SLOTS, big: 0, text: 0 },
    enumerators: new Map(),
    resolving: new Set(),
    errors: [],
  };
  const attempt = (action: () => void) => {
    try {
      action();
    } catch (error) {
      if (!(error instanceof PenstockError)) throw error;
      unit.errors.push(error);
    }
  };
  for (const declaration of declarations) attempt(() => announce(unit, declaration));
  // Enumerations first, since their values may stand in any initial value.
  for (const { name, type } of unit.typeSyntax.values())
    if (type.kind === 'enum') attempt(() => typeNamed(unit, name.text, name));
  // Constants before all else, since array bounds may use them.
  const blocks = declarations.flatMap((declaration) => (declaration.kind === 'globals' ? [declaration.block] : []));
  for (const block of blocks) if (block.constant) attempt(() => addGlobals(unit, block));
  for (const { name } of unit.typeSyntax.values()) attempt(() => typeNamed(unit, name.text, name));
  for (const block of blocks) if (!block.constant) attempt(() => addGlobals(unit, block));
  for (const key of unit.pouSyntax.keys()) attempt(() => pouNamed(unit, key));
  if (unit.errors.length > 0) return sorted(unit);
  for (const pou of [...unit.pous.values()])
    if (pou.declaration !== undefined) pou.body = checkStatements({ unit, pou }, pou.declaration.body);
  attempt(() => checkCalls(unit));
  return sorted(unit);
}

function sorted(unit: Unit): Unit {
  unit.errors.sort(
    (a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0),
  );
  return unit;
}

/** Makes a declared name known and refuses names that are taken. */
function announce(unit: Unit, declaration: Declaration): void {
  if (declaration.kind === 'globals') return;
  const { name } = declaration;
  const key = name.text.toUpperCase();
  const taken = unit.typeSyntax.has(key) || unit.pouSyntax.has(key);
  if (taken) fail(unit, 'st.duplicate', `'${name.text}' is declared twice`, name);
  if (isReserved(name)) fail(unit, 'st.duplicate', `'${name.text}' is the name of something standard`, name);
  if (declaration.kind === 'type') unit.typeSyntax.set(key, declaration);
  else unit.pouSyntax.set(key, declaration);
}

function isReserved(name: Name): boolean {
  const key = name.text.toUpperCase();
  return ELEMENTARY.has(key) || STANDARD.has(key) || STANDARD_BLOCKS.has(key) || conversionNamed(key) !== undefined;
}

/** Levels of statements and operators, those of all calls on the way added up; more could exhaust the host's stack. */
const MAX_LEVELS = 1000;

/** Recursion does not exist in this language (as in ed. 2, clause 2.5), so that memory and call depth are known beforehand. */
function checkCalls(unit: Unit): void {
  const depths = new Map<Pou, { readonly calls: number; readonly levels: number }>();
  const active: Pou[] = [];
  const visit = (pou: Pou): { readonly calls: number; readonly levels: number } => {
    const known = depths.get(pou);
    if (known !== undefined) return known;
    const at = pou.declaration?.name ?? { line: 1, column: 1 };
    if (active.includes(pou)) {
      const cycle = [...active.slice(active.indexOf(pou)), pou].map((member) => member.name).join(' calls ');
      fail(unit, 'st.recursion', `${cycle}: recursion is not allowed`, at);
    }
    active.push(pou);
    if (active.length > MAX_CALL_DEPTH) fail(unit, 'st.limit', `calls are nested deeper than ${MAX_CALL_DEPTH}`, at);
    let calls = 0;
    let levels = 0;
    for (const callee of pou.callees) {
      const below = visit(callee);
      calls = Math.max(calls, below.calls + 1);
      levels = Math.max(levels, below.levels);
    }
    levels += levelsOf(pou.declaration?.body ?? []);
    if (calls >= MAX_CALL_DEPTH) fail(unit, 'st.limit', `calls are nested deeper than ${MAX_CALL_DEPTH}`, at);
    if (levels > MAX_LEVELS)
      fail(
        unit,
        'st.limit',
        `statements and expressions are nested ${levels} levels deep over all calls, at most ${MAX_LEVELS} are allowed`,
        at,
      );
    active.pop();
    depths.set(pou, { calls, levels });
    return { calls, levels };
  };
  for (const pou of unit.pous.values()) visit(pou);
}

/** How deep statements and the expressions in them are nested. */
function levelsOf(statements: readonly Statement[]): number {
  let deepest = 0;
  for (const statement of statements) deepest = Math.max(deepest, 1 + inside(statement));
  return deepest;
}

function inside(statement: Statement): number {
  switch (statement.kind) {
    case 'assign':
      return Math.max(statement.value.depth, depthOfReference(statement.target));
    case 'call':
      return Math.max(depthOfArguments(statement.args), depthOfReference(statement.callee));
    case 'if': {
      const bodies = statement.branches.map(({ condition, body }) => Math.max(condition.depth, levelsOf(body)));
      return bodies.reduce((deepest, body) => Math.max(deepest, body), levelsOf(statement.otherwise ?? []));
    }
    case 'case':
      return statement.branches.reduce(
        (deepest, { body }) => Math.max(deepest, levelsOf(body)),
        Math.max(statement.selector.depth, levelsOf(statement.otherwise ?? [])),
      );
    case 'for':
      return Math.max(statement.from.depth, statement.to.depth, statement.by?.depth ?? 0, levelsOf(statement.body));
    case 'while':
      return Math.max(statement.condition.depth, levelsOf(statement.body));
    case 'repeat':
      return Math.max(statement.until.depth, levelsOf(statement.body));
    default:
      return 0;
  }
}
