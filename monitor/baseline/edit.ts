/**
 * Edits of a baseline by its owner: entries that learning could not see (a device that goes into service tomorrow) or should not have
 * seen (a laptop that was there by chance). Each edit says who and why, and the baseline remembers it with the hash of what it was.
 *
 *     version: 1
 *     by: J. Doe
 *     why: The new historian goes into service on 12 March (WO-17)
 *     changes:
 *       - add: conversation
 *         entry: { source: 10.40.20.31, destination: 10.40.10.12, transport: tcp, port: 502 }
 *       - remove: write
 *         where: { source: 10.40.20.99 }
 */
import { FileError, PenstockError, parseYaml } from '@penstock/core';
import { z } from 'zod';
import {
  type BaselineData,
  conversationSchema,
  hashOfBaseline,
  readingSchema,
  requestSchema,
  writeSchema,
} from './format.ts';
import { Baseline } from './index.ts';
import { conversationText, readingText, requestText, writeText } from './text.ts';

const KINDS = ['conversation', 'request', 'write', 'reading'] as const;
type Kind = (typeof KINDS)[number];

const scalar = z.union([z.string(), z.number()]);
const changeSchema = z.union([
  z.strictObject({
    add: z.enum(KINDS),
    /** The entry as it stands in the baseline's file. */
    entry: z.record(z.string(), z.unknown()),
    why: z.string().min(1).optional(),
  }),
  z.strictObject({
    remove: z.enum(KINDS),
    /** Every entry in which these keys have these values goes. */
    where: z.record(z.string(), scalar),
    why: z.string().min(1).optional(),
  }),
]);

const editFileSchema = z.strictObject({
  version: z.literal(1),
  by: z.string().min(1),
  why: z.string().min(1),
  /** When it was decided; now when left out. */
  at: z.iso.datetime({ offset: true }).optional(),
  changes: z.array(changeSchema).min(1),
});
const TABLES = {
  conversation: { key: 'conversations', schema: conversationSchema, text: conversationText },
  request: { key: 'requests', schema: requestSchema, text: requestText },
  write: { key: 'writes', schema: writeSchema, text: writeText },
  reading: { key: 'readings', schema: readingSchema, text: readingText },
} as const;

type Row = Readonly<Record<string, unknown>>;

/** Reads and applies in one go, so that a change that fits nothing is told with its line. */
interface Applied {
  readonly data: BaselineData;
  readonly changes: readonly string[];
}

/**
 * Applies an edit file to a baseline.
 * @param file only for messages
 * @param now day and time of the edit where the file names none
 * @throws FileError with file and line: wrong keys, an entry that is none, one that is there already, a `where` that fits nothing
 */
export function applyEdits(data: BaselineData, text: string, file: string, now: string): Applied {
  const { value, source } = parseYaml(text, file, editFileSchema);
  const problems: PenstockError[] = [];
  const changes: string[] = [];
  let edited = data;
  value.changes.forEach((change, i) => {
    const problem = (id: string, message: string): void => {
      problems.push(new PenstockError(id, message, source.place(['changes', i])));
    };
    const why = change.why ?? value.why;
    edited =
      'add' in change
        ? added(edited, change.add, { ...change.entry, note: `${value.by}: ${why}` }, changes, problem)
        : removed(edited, change.remove, change.where, changes, problem);
  });
  if (problems.length > 0) throw new FileError(problems);
  // In the order and form that learning would have given it.
  const whole = Baseline.from(edited).toJSON();
  return { data: recorded(whole, data, { at: value.at ?? now, by: value.by, why: value.why, changes }), changes };
}

type Tell = (id: string, message: string) => void;

function added(data: BaselineData, kind: Kind, entry: Row, changes: string[], problem: Tell): BaselineData {
  const { key, schema, text } = TABLES[kind];
  const filled =
    kind === 'write' ? { tag: null, count: 1, ...entry } : kind === 'request' ? { addresses: {}, ...entry } : entry;
  const result = schema.safeParse(filled);
  if (!result.success) {
    for (const { path, message } of result.error.issues)
      problem('edit.entry', `this is no ${kind}: ${path.join('.') || 'the entry'}: ${message}`);
    return data;
  }
  const line = (text as (row: unknown) => string)(result.data);
  const rows = data[key] as readonly Row[];
  // Further functions and addresses of a pair that asks already come on top of what it has.
  if (kind !== 'request' && rows.some((row) => identity(kind, row) === identity(kind, result.data as Row)))
    problem('edit.twice', `the baseline has this ${kind} already; remove it first to give it other values`);
  changes.push(`added: ${line}`);
  return { ...data, [key]: [...rows, result.data] };
}

function removed(data: BaselineData, kind: Kind, where: Row, changes: string[], problem: Tell): BaselineData {
  const { key, schema, text } = TABLES[kind];
  const unknown = Object.keys(where).filter((name) => !(name in schema.shape));
  if (unknown.length > 0 || Object.keys(where).length === 0) {
    const keys = Object.keys(schema.shape).join(', ');
    problem(
      'edit.where',
      `a ${kind} is chosen by one or more of ${keys}${unknown.length > 0 ? `, not '${unknown[0]}'` : ''}`,
    );
    return data;
  }
  const rows = data[key] as readonly Row[];
  const fits = (row: Row): boolean => Object.entries(where).every(([name, value]) => row[name] === value);
  const gone = rows.filter(fits);
  if (gone.length === 0) problem('edit.nothing', `no ${kind} in the baseline is like this`);
  for (const row of gone) changes.push(`removed: ${(text as (row: unknown) => string)(row)}`);
  return { ...data, [key]: rows.filter((row) => !fits(row)) };
}

const IDENTITY: Readonly<Record<Exclude<Kind, 'request'>, readonly string[]>> = {
  conversation: ['source', 'destination', 'transport', 'port'],
  write: ['source', 'destination', 'table', 'address'],
  reading: ['device', 'tag'],
};
const identity = (kind: Exclude<Kind, 'request'>, row: Row): string =>
  IDENTITY[kind].map((name) => row[name]).join('|');

/** Puts an edit on record. */
function recorded(
  edited: BaselineData,
  before: BaselineData,
  edit: { readonly at: string; readonly by: string; readonly why: string; readonly changes: readonly string[] },
): BaselineData {
  const parent = before.hash ?? hashOfBaseline(before);
  return { ...edited, parent, edits: [...before.edits, { ...edit, parent, changes: [...edit.changes] }] };
}

/**
 * Accepts a baseline that was changed by hand in its file: what was done there is put on record as an edit, and its hash fits again.
 * @param data as read without the check of its hash
 */
export const sealBaseline = (
  data: BaselineData,
  { by, why, at }: { readonly by: string; readonly why: string; readonly at: string },
): BaselineData => recorded(data, data, { at, by, why, changes: ['sealed after a change by hand'] });
