/**
 * The baseline's file: its schema, what older versions become, and the hash that says whether it is what its history says.
 * JSON with one entry a line, so that two versions can be compared line by line; YAML, of which JSON is a part, is read too.
 */
import { createHash } from 'node:crypto';
import { FileError, PenstockError, parseYaml } from '@penstock/core';
import { z } from 'zod';
import { habitSchema } from '../watch/habits.ts';

const address = z.union([z.ipv4(), z.ipv6()]);
const modbusTable = z.enum(['coil', 'discrete', 'input', 'holding']);
/** An area of S7 memory: `DB10`, `M`, … Its addresses count bytes, with tenths for bits. */
const s7Area = z
  .string()
  .regex(/^(DB\d{1,5}|[MIQCT])$/, 'a table is coil, discrete, input, holding, or an S7 area such as DB10')
  .transform((area) => area as `DB${number}` | 'M' | 'I' | 'Q' | 'C' | 'T');
/** A group of DNP3: `g30`. Its addresses are indices. */
const dnp3Group = z
  .string()
  .regex(/^g\d{1,3}$/)
  .transform((group) => group as `g${number}`);
const table = z.union([modbusTable, s7Area, dnp3Group, z.enum(['sparkplug', 'bacnet', 'opcua'])]);
const tableKey = z.string().regex(/^(coil|discrete|input|holding|DB\d{1,5}|[MIQCT]|g\d{1,3}|sparkplug|bacnet)$/);
const linkAddress = z.int().min(0).max(65_535);
const span = z.tuple([z.int().nonnegative(), z.int().nonnegative()]);
const count = z.int().nonnegative();
/** Microseconds since 1970. */
const time = z.number();
/** Why somebody added the entry by hand. */
const note = z.string().optional();

export const conversationSchema = z.strictObject({
  source: address,
  destination: address,
  transport: z.string(),
  port: z.int().min(0).max(65_535),
  /** How often it was opened, and when it was seen first and last. */
  count: count.optional(),
  first: time.optional(),
  last: time.optional(),
  note,
});

export const requestSchema = z.strictObject({
  source: address,
  destination: address,
  /** Modbus unit id, or link address of a DNP3 outstation. */
  station: linkAddress,
  functions: z.array(z.string()).min(1),
  addresses: z.record(tableKey, z.array(span)),
  note,
});

const pollSchema = z.strictObject({
  source: address,
  destination: address,
  station: linkAddress,
  function: z.string(),
  table: table.nullable(),
  address: z.int().nullable(),
  quantity: z.int().nullable(),
  count,
  /** Intervals that were measured, and in microseconds their sum, the shortest and the longest. */
  gaps: count,
  total: time,
  shortest: time,
  longest: time,
  first: time,
  last: time,
});

export const writeSchema = z.strictObject({
  source: address,
  destination: address,
  table,
  address: z.number().min(0).max(65_536),
  tag: z.string().nullable(),
  low: z.number(),
  high: z.number(),
  count: z.int().positive(),
  /** Largest change that one write made. */
  step: z.number().nonnegative().optional(),
  note,
});

export const readingSchema = z.strictObject({
  device: z.string(),
  tag: z.string(),
  /** As the tag list has it: measurement, setpoint, mode, … */
  kind: z.string().optional(),
  low: z.number(),
  high: z.number(),
  /** Changes that were seen. */
  count: count.optional(),
  /** Fastest rise and fall from one poll to the next, per second; largest change from one poll to the next. */
  rise: z.number().nonnegative().optional(),
  fall: z.number().nonnegative().optional(),
  step: z.number().nonnegative().optional(),
  note,
});

/** A DNP3 master and an outstation: whose host speaks under which link address, and how it commands. */
const associationSchema = z.strictObject({
  source: address,
  destination: address,
  master: linkAddress,
  outstation: linkAddress,
  /** Commands that were carried out after a SELECT, and without. */
  selected: count,
  direct: count,
});

const editSchema = z.strictObject({
  at: z.iso.datetime({ offset: true }),
  by: z.string().min(1),
  why: z.string().min(1),
  /** Hash of the baseline before the edit; null where it had none. */
  parent: z.string().nullable(),
  changes: z.array(z.string()),
});
export type BaselineEdit = z.output<typeof editSchema>;

const baselineSchema = z.strictObject({
  version: z.literal(2),
  /** SHA-256 over everything but itself; null for a file that nobody has sealed. */
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a hash is 64 hex digits')
    .nullable(),
  /** Hash of the baseline that this one came from by an edit. */
  parent: z.string().nullable(),
  plant: z.string().nullable(),
  /** Learning period, microseconds since 1970. */
  from: time.nullable(),
  to: time.nullable(),
  conversations: z.array(conversationSchema),
  requests: z.array(requestSchema),
  polls: z.array(pollSchema),
  writes: z.array(writeSchema),
  readings: z.array(readingSchema),
  habits: z.array(habitSchema),
  /** Left out where there are none, as in files of before. */
  associations: z.array(associationSchema).default([]),
  edits: z.array(editSchema),
});
export type BaselineData = z.output<typeof baselineSchema>;

/** Version 1 knew no counts, intervals and slopes, and nobody who had edited it. */
const firstSchema = z.strictObject({
  version: z.literal(1),
  plant: z.string().nullable(),
  from: time.nullable(),
  to: time.nullable(),
  conversations: z.array(conversationSchema.omit({ count: true, first: true, last: true, note: true })),
  requests: z.array(requestSchema.omit({ note: true })),
  writes: z.array(writeSchema.omit({ step: true, note: true })),
  readings: z.array(readingSchema.pick({ device: true, tag: true, low: true, high: true })),
});

const fromFirst = (data: z.output<typeof firstSchema>): BaselineData => ({
  ...data,
  version: 2,
  hash: null,
  parent: null,
  polls: [],
  habits: [],
  associations: [],
  edits: [],
});

/**
 * Reads the file's text, of this version or an older one.
 * @param file only for messages
 * @throws FileError with file and line: wrong keys or values, ranges that stand on their head, `baseline.changed` where the content is
 *   not what its hash says
 */
export function parseBaselineData(text: string, file: string, options: { sealed?: boolean } = {}): BaselineData {
  // The version stands first in every file of ours; whatever else comes is told by the present schema.
  const isFirst = /^[{\s]*"?version"?\s*:\s*1\b/.test(text);
  const { value, source } = parseYaml(text, file, isFirst ? firstSchema : baselineSchema);
  const data = value.version === 1 ? fromFirst(value) : value;
  const problems: PenstockError[] = [];
  for (const kind of ['writes', 'readings'] as const)
    data[kind].forEach(({ low, high }, i) => {
      if (low > high)
        problems.push(new PenstockError('baseline.range', 'low stands above high', source.place([kind, i, 'low'])));
    });
  const sealed = options.sealed ?? true;
  if (problems.length === 0 && sealed && data.hash !== null && data.hash !== hashOfBaseline(data))
    problems.push(
      new PenstockError(
        'baseline.changed',
        'the content is not what its hash says: somebody changed it by hand; if that is right, `penstock baselines seal` puts on record who and why',
        source.place(['hash']),
      ),
    );
  if (problems.length > 0) throw new FileError(problems);
  return data;
}

/** The hash over everything but the hash itself. */
export function hashOfBaseline(data: BaselineData): string {
  return createHash('sha256')
    .update(formatData({ ...data, hash: null }))
    .digest('hex');
}

/** The text of the file with its hash. */
export function formatBaselineData(data: BaselineData): string {
  return formatData({ ...data, hash: hashOfBaseline(data) });
}

/** Keys in the schema's order, whatever order they were read in. */
function formatData(data: BaselineData): string {
  const keys = (Object.keys(baselineSchema.shape) as (keyof BaselineData)[]).filter(
    (key) => key !== 'associations' || data.associations.length > 0,
  );
  const lines = keys.map((key) => {
    const value = data[key];
    if (!Array.isArray(value)) return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const rows = value.map((row) => `    ${JSON.stringify(ordered(key, row))}`);
    return rows.length === 0 ? `  ${JSON.stringify(key)}: []` : `  ${JSON.stringify(key)}: [\n${rows.join(',\n')}\n  ]`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

const ORDERS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries({ ...baselineSchema.shape, associations: z.array(associationSchema) }).flatMap(([key, schema]) =>
    schema instanceof z.ZodArray ? [[key, Object.keys((schema.element as z.ZodObject).shape)]] : [],
  ),
);

function ordered(kind: string, row: object): object {
  const fields = row as Record<string, unknown>;
  return Object.fromEntries(
    (ORDERS[kind] ?? []).filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]),
  );
}
