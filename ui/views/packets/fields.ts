import type { PacketField } from '@penstock/core/messages';

/** A line of the tree that is seen. `path` is its place: `2.0.1`. */
export interface FlatField {
  readonly field: PacketField;
  readonly path: string;
  readonly level: number;
  readonly open: boolean;
}

/** The tree's lines in order, without what lies below a closed one. */
export function flatten(tree: readonly PacketField[], closed: ReadonlySet<string>): FlatField[] {
  const lines: FlatField[] = [];
  const walk = (fields: readonly PacketField[], above: string, level: number) => {
    for (const [place, field] of fields.entries()) {
      const path = above === '' ? String(place) : `${above}.${place}`;
      const open = !closed.has(path);
      lines.push({ field, path, level, open });
      if (open) walk(field.children, path, level + 1);
    }
  };
  walk(tree, '', 0);
  return lines;
}

/** Path of the smallest field that holds byte `at`; undefined where no field does. */
export function fieldAt(tree: readonly PacketField[], at: number): string | undefined {
  let found: string | undefined;
  let size = Number.POSITIVE_INFINITY;
  for (const { field, path } of flatten(tree, new Set()))
    if (field.start <= at && at < field.end && field.end - field.start <= size) {
      found = path;
      size = field.end - field.start;
    }
  return found;
}
