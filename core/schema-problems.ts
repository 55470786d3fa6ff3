/**
 * Turns what zod found into errors that a person can act on: where, what was expected, what came, and for an unknown key the
 * valid key nearest to it.
 */
import type { z } from 'zod';
import { nearest, PenstockError } from './errors.ts';
import { showPath, type ValuePath, type YamlSource } from './yaml-source.ts';

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;

/** One error for each unknown key, missing key and wrong value, in the order of the file. */
export function schemaProblems(
  issues: readonly Issue[],
  schema: Schema,
  value: unknown,
  source: YamlSource,
): PenstockError[] {
  const context = { schema, value, source };
  return issues.flatMap((issue) => problemsOf(issue, [], context)).sort((a, b) => order(a) - order(b));
}

interface Context {
  readonly schema: Schema;
  readonly value: unknown;
  readonly source: YamlSource;
}

const order = (error: PenstockError): number => (error.place ? error.place.line * 1e5 + error.place.column : 0);

function problemsOf(issue: Issue, base: ValuePath, context: Context): PenstockError[] {
  const path = [...base, ...issue.path];
  const came = valueAt(context.value, path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, context));
  if (issue.code === 'invalid_union') {
    const branch = nearestBranch(issue.errors, came);
    if (branch !== undefined) return branch.flatMap((inner) => problemsOf(inner, path, context));
  }
  if (came === undefined && path.length > 0) return [missingKey(issue, path, context)];
  const where = showPath(path, context.value);
  const message = `${where === '' ? 'the file' : where}: expected ${expectation(issue)}, got ${show(came)}`;
  return [new PenstockError('file.value', message, context.source.place(path))];
}

function unknownKey(key: string, path: ValuePath, { schema, value, source }: Context): PenstockError {
  const keys = validKeys(schema, path, value);
  const where = showPath(path, value);
  const meant = nearest(key, keys);
  const advice = meant === undefined ? `valid here are ${keys.join(', ')}` : `did you mean '${meant}'?`;
  return new PenstockError(
    'file.unknown-key',
    `unknown key '${key}'${where === '' ? '' : ` in ${where}`}; ${keys.length === 0 ? 'no keys are valid here' : advice}`,
    source.keyPlace(path, key),
  );
}

function missingKey(issue: Issue, path: ValuePath, { value, source }: Context): PenstockError {
  const parent = path.slice(0, -1);
  const where = showPath(parent, value);
  return new PenstockError(
    'file.missing-key',
    `${where === '' ? '' : `${where}: `}'${String(path.at(-1))}' is missing; expected ${expectation(issue)}`,
    source.place(parent),
  );
}

/** Among the alternatives of a union, the one that was most likely meant: the right type at the top with the fewest issues. */
function nearestBranch(branches: readonly (readonly Issue[])[], came: unknown): readonly Issue[] | undefined {
  if (typeof came !== 'object' || came === null) return undefined;
  const near = branches.filter((issues) => !issues.some((i) => i.code === 'invalid_type' && i.path.length === 0));
  return near.toSorted((a, b) => a.length - b.length)[0];
}

const TYPE_NAMES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  array: 'a list',
  tuple: 'a list',
  record: 'a map',
  null: 'nothing',
};

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[issue.expected] ?? `a value of type ${issue.expected}`;
    case 'invalid_value':
      return alternatives(issue.values.map(show));
    case 'too_small':
    case 'too_big':
      return bound(issue);
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.message.startsWith('Invalid')
        ? `a text in the form of ${issue.format}`
        : `another form (${issue.message})`;
    case 'invalid_union': {
      const options = (issue as { options?: readonly unknown[] }).options;
      if (options !== undefined) return alternatives(options.map(show));
      return alternatives([...new Set(issue.errors.flatMap((errors) => errors.slice(0, 1).map(expectation)))]);
    }
    case 'invalid_key':
      return `keys in another form (${issue.issues.map((inner) => inner.message).join('; ')})`;
    default:
      return `another value (${issue.message})`;
  }
}

function bound(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const small = issue.code === 'too_small';
  const limit = small ? issue.minimum : issue.maximum;
  const words = issue.inclusive === false ? (small ? 'more than' : 'less than') : small ? 'at least' : 'at most';
  const origin: string = issue.origin;
  const unit = origin === 'array' || origin === 'set' ? ' items' : origin === 'string' ? ' characters' : '';
  return `${issue.inclusive !== false && issue.exact ? 'exactly' : words} ${limit}${unit}`;
}

function alternatives(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? 'nothing') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 57)}...` : value}'`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'a map';
  return String(value);
}

function valueAt(value: unknown, path: ValuePath): unknown {
  let at = value;
  for (const segment of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[segment];
  }
  return at;
}

/** The keys that `schema` allows in the map at `path` of `value`. */
function validKeys(schema: Schema, path: ValuePath, value: unknown): string[] {
  return [...new Set(descend(schema, path, value).flatMap((found) => Object.keys(shapeOf(found))))];
}

/** The parts of zod's definitions that lead from a schema to the schemas inside it. */
interface Definition {
  readonly type: string;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly getter?: () => Schema;
  readonly shape?: Record<string, Schema>;
  readonly element?: Schema;
  readonly items?: readonly Schema[];
  readonly rest?: Schema | null;
  readonly valueType?: Schema;
  readonly options?: readonly Schema[];
  readonly left?: Schema;
  readonly right?: Schema;
  readonly discriminator?: string;
  readonly values?: readonly unknown[];
  readonly entries?: Record<string, unknown>;
}

const definition = (schema: Schema): Definition => schema._zod.def as unknown as Definition;
const shapeOf = (schema: Schema): Record<string, Schema> => definition(schema).shape ?? {};

function descend(schema: Schema, path: ValuePath, value: unknown): Schema[] {
  const at = unwrap(schema, value);
  if (path.length === 0) return at;
  const [segment, ...rest] = path as [PropertyKey, ...PropertyKey[]];
  const inner = valueAt(value, [segment]);
  return at.flatMap((candidate) => {
    const next = child(definition(candidate), segment);
    return next === undefined ? [] : descend(next, rest, inner);
  });
}

function child(def: Definition, segment: PropertyKey): Schema | undefined {
  switch (def.type) {
    case 'object':
      return def.shape?.[String(segment)];
    case 'array':
      return def.element;
    case 'tuple':
      return def.items?.[Number(segment)] ?? def.rest ?? undefined;
    case 'record':
      return def.valueType;
    default:
      return undefined;
  }
}

/** Through optionals, defaults, pipes and unions to the schemas that may describe `value`. */
function unwrap(schema: Schema, value: unknown): Schema[] {
  const def = definition(schema);
  if (def.type === 'union') {
    const options = def.options ?? [];
    const tag = def.discriminator;
    const chosen = tag === undefined ? [] : options.filter((option) => discriminates(option, tag, value));
    return (chosen.length > 0 ? chosen : options).flatMap((option) => unwrap(option, value));
  }
  if (def.type === 'intersection')
    return [def.left, def.right].flatMap((side) => (side === undefined ? [] : unwrap(side, value)));
  const inner = def.type === 'pipe' ? def.in : def.type === 'lazy' ? def.getter?.() : def.innerType;
  return inner === undefined ? [schema] : unwrap(inner, value);
}

function discriminates(option: Schema, tag: string, value: unknown): boolean {
  const literal = shapeOf(option)[tag];
  if (literal === undefined || typeof value !== 'object' || value === null) return false;
  const { values, entries } = definition(literal);
  const allowed = values ?? Object.values(entries ?? {});
  return allowed.includes((value as Record<string, unknown>)[tag]);
}
