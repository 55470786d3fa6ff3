/**
 * The strict file loader: the only way in which plants, scenarios, rules and exercises are read. Nothing unknown, unused or
 * misspelt passes silently; every problem names file, line and column, and all problems of a file come at once.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { nearest, PenstockError, UsageError } from './errors.ts';
import { schemaProblems } from './schema-problems.ts';
import { YamlSource } from './yaml-source.ts';

/** A file of ours is wrong. The message lists every problem on a line of its own; `problems` has them one by one. */
export class FileError extends PenstockError {
  readonly problems: readonly PenstockError[];

  constructor(problems: readonly PenstockError[]) {
    super('file.invalid', problems.map((problem) => problem.message).join('\n'));
    this.name = 'FileError';
    this.problems = problems;
  }
}

/** A value that passed its schema, with the source that knows the line of each part. */
export interface Parsed<T> {
  readonly value: T;
  readonly source: YamlSource;
}

/**
 * Reads YAML text against a schema. `file` is only for messages.
 * @throws FileError with all problems: `file.syntax`, `file.duplicate-key`, `file.unknown-key`, `file.missing-key`, `file.value`.
 */
export function parseYaml<S extends z.ZodType>(text: string, file: string, schema: S): Parsed<z.output<S>> {
  const source = new YamlSource(text, file);
  if (source.problems.length > 0) throw new FileError(source.problems);
  const raw = source.value;
  const result = schema.safeParse(raw);
  if (!result.success) throw new FileError(schemaProblems(result.error.issues, schema, raw, source));
  return { value: result.data, source };
}

/** `parseYaml` for those who need only the value. */
export function parseYamlText<S extends z.ZodType>(text: string, file: string, schema: S): z.output<S> {
  return parseYaml(text, file, schema).value;
}

/**
 * Reads a YAML file against a schema.
 * @throws FileError as `parseYaml`; UsageError `file.missing` or `file.unreadable` when there is no such file.
 */
export function loadYaml<S extends z.ZodType>(path: string | URL, schema: S): z.output<S> {
  return openYaml(path, schema).value;
}

/** `loadYaml` with the source, for checks that come after the schema. */
export function openYaml<S extends z.ZodType>(path: string | URL, schema: S): Parsed<z.output<S>> {
  return parseYaml(readText(path), shownPath(path), schema);
}

/**
 * Reads a text file (a controller's program, a rule).
 * @throws UsageError `file.missing` or `file.unreadable`.
 */
export function readText(path: string | URL): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError('file.missing', `there is no file ${shownPath(path)}`);
    throw new UsageError('file.unreadable', `${shownPath(path)} cannot be read (${code}); check its permissions`);
  }
}

/** Whether a file or folder is there. */
export function exists(path: string | URL): boolean {
  return existsSync(path);
}

/** A path as messages show it: relative to the working directory when it lies in it. */
export function shownPath(path: string | URL): string {
  const plain = path instanceof URL ? fileURLToPath(path) : path;
  const near = relative(process.cwd(), plain);
  return near === '' || near.startsWith('..') ? plain : near;
}

/**
 * The plugins of a folder: sub-folders that hold a file called `marker` (`plant.yaml`), by id, in the order of the ids.
 * With a marker such as `*.yaml`, the files with that ending themselves.
 */
export function findPlugins(folder: string | URL, marker: string): Map<string, string> {
  const root = folder instanceof URL ? fileURLToPath(folder) : folder;
  const found = new Map<string, string>();
  if (!existsSync(root)) return found;
  const ending = marker.startsWith('*') ? marker.slice(1) : undefined;
  for (const name of readdirSync(root).sort()) {
    const path = join(root, name);
    if (ending === undefined) {
      if (existsSync(join(path, marker))) found.set(name, path);
    } else if (name.endsWith(ending) && statSync(path).isFile()) found.set(name.slice(0, -ending.length), path);
  }
  return found;
}

/** The folders in a folder, by name, in the order of the names. */
export function foldersOf(folder: string): Map<string, string> {
  const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return new Map(inside.map(({ name }) => [name, join(folder, name)] as const).sort());
}

/**
 * The path of one plugin.
 * @param what the kind of thing in the field's word, for the message: 'plant', 'scenario'.
 * @throws UsageError `<what>.unknown` that names the nearest id and all valid ones.
 */
export function pluginPath(plugins: ReadonlyMap<string, string>, id: string, what: string): string {
  const path = plugins.get(id);
  if (path !== undefined) return path;
  const meant = nearest(id, plugins.keys());
  const all = [...plugins.keys()].join(', ') || 'none';
  throw new UsageError(
    `${what}.unknown`,
    `there is no ${what} '${id}'${meant === undefined ? '' : `; did you mean '${meant}'?`} (there are: ${all})`,
  );
}
