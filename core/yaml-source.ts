/**
 * A parsed YAML text that remembers where everything stood, so that an error about a value names its line. Paths are those of
 * the plain value (and of zod's issues): keys of maps and indexes of lists.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { PenstockError, type Place } from './errors.ts';

export type ValuePath = readonly PropertyKey[];

export class YamlSource {
  readonly file: string;
  /** Syntax errors and duplicate keys; there is no value when there are any. */
  readonly problems: readonly PenstockError[];
  /** The plain value (maps as objects, lists as arrays); null for an empty file. */
  readonly value: unknown;
  private readonly document: Document.Parsed;
  private readonly lines = new LineCounter();

  constructor(text: string, file: string) {
    this.file = file;
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false, uniqueKeys: true });
    const problems = [...this.document.errors, ...this.document.warnings].map((error) => {
      const repeated = error.code === 'DUPLICATE_KEY' ? /^[^\s:]+/.exec(text.slice(error.pos[0]))?.[0] : undefined;
      return repeated === undefined
        ? new PenstockError('file.syntax', error.message, this.at(error.pos[0]))
        : new PenstockError(
            'file.duplicate-key',
            `the key '${repeated}' stands twice in the same map; leave one of them out`,
            this.at(error.pos[0]),
          );
    });
    if (problems.length === 0) {
      try {
        this.value = this.document.toJS();
      } catch (error) {
        problems.push(new PenstockError('file.syntax', (error as Error).message, this.firstAlias()));
      }
    }
    this.problems = problems;
  }

  /** Where the value at `path` stands; for what is not there, the nearest thing around it. */
  place(path: ValuePath): Place {
    let node = this.follow(this.document.contents as Node | null);
    let offset = start(node) ?? 0;
    for (const segment of path) {
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(segment));
        if (pair === undefined) break;
        const value = this.follow(pair.value as Node | null);
        offset = start(pair.value as Node | null) ?? start(pair.key as Node) ?? offset;
        node = value;
      } else if (isSeq(node)) {
        const item = node.items[Number(segment)] as Node | undefined;
        if (item === undefined) break;
        offset = start(item) ?? offset;
        node = this.follow(item);
      } else break;
    }
    return this.at(offset);
  }

  /** Where the key `key` of the map at `path` stands. */
  keyPlace(path: ValuePath, key: string): Place {
    let node = this.follow(this.document.contents as Node | null);
    for (const segment of path) {
      if (isMap(node) || isSeq(node)) node = this.follow(node.get(segment as never, true) as Node | null);
    }
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      const offset = start(pair?.key as Node | undefined);
      if (offset !== undefined) return this.at(offset);
    }
    return this.place(path);
  }

  /** Only aliases (unknown, circular, or exploding) keep a well-formed document from having a value. */
  private firstAlias(): Place {
    let offset = 0;
    visit(this.document, {
      Alias: (_, alias) => {
        offset = start(alias) ?? 0;
        return alias.resolve(this.document) === undefined ? visit.BREAK : undefined;
      },
    });
    return this.at(offset);
  }

  private at(offset: number): Place {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  private follow(node: Node | null | undefined): Node | undefined {
    return (isAlias(node) ? node.resolve(this.document) : node) ?? undefined;
  }
}

function start(node: Node | null | undefined): number | undefined {
  return node?.range?.[0];
}

/**
 * A path as a person reads it: list items go by their `id` (or `tag`) where they have one: `devices[dosing-plc].points[LIT101].scale`.
 */
export function showPath(path: ValuePath, root: unknown): string {
  let text = '';
  let value = root;
  for (const segment of path) {
    const parent = value;
    value =
      typeof parent === 'object' && parent !== null ? (parent as Record<PropertyKey, unknown>)[segment] : undefined;
    if (Array.isArray(parent)) text += `[${nameOf(value) ?? String(segment)}]`;
    else text += text === '' ? String(segment) : `.${String(segment)}`;
  }
  return text;
}

function nameOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const key of ['id', 'tag'] as const) {
    const name = (value as Record<string, unknown>)[key];
    if (typeof name === 'string') return name;
  }
  return undefined;
}
