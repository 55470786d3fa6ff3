/**
 * The inventory as files, CSV or JSON: the same columns whether the monitor writes what it saw or the owner imports the list of what
 * there should be, so that an export, corrected by hand, is an asset list.
 */
import { DEVICE_KINDS, FileError, nearest, PenstockError, parseYaml, readText, shownPath } from '@penstock/core';
import { z } from 'zod';
import { type Cell, formatCsv, parseCsv } from './csv.ts';

const text = z.string().min(1).max(4096);
const texts = z.array(text).max(4096).default([]);
const when = z.iso.datetime();

const recordSchema = z.strictObject({
  address: z.union([z.ipv4(), z.ipv6()]),
  /** Asset id. */
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'ids are lower case words joined by hyphens')
    .optional(),
  name: text.optional(),
  kind: z.enum(DEVICE_KINDS).optional(),
  role: text.optional(),
  zone: text.optional(),
  criticality: z.enum(['low', 'medium', 'high']).optional(),
  /** `00:80:f4:00:00:13`; several where the address was at several cards, the newest last. */
  macs: z
    .array(
      z
        .string()
        .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, 'a MAC address is six lower case hex pairs: 00:80:f4:00:00:13'),
    )
    .default([]),
  /** Other addresses of the same card. */
  otherAddresses: z.array(z.union([z.ipv4(), z.ipv6()])).default([]),
  macVendor: text.optional(),
  vendor: text.optional(),
  productCode: text.optional(),
  model: text.optional(),
  revision: text.optional(),
  /** `tcp/502 modbus`, `udp/123`. */
  services: z
    .array(z.string().regex(/^(tcp|udp)\/\d{1,5}( \S+)?$/, "a service is 'tcp/502 modbus' or 'udp/123'"))
    .default([]),
  /** `outstation 12`, `master 1`: where it speaks DNP3. */
  linkAddresses: z
    .array(z.string().regex(/^(master|outstation) \d{1,5}$/, "a link address is 'master 1' or 'outstation 12'"))
    .default([]),
  /** What it seems to be by its traffic, how surely (0 to 1), and why. */
  guessedRole: text.optional(),
  confidence: z.number().min(0).max(1).optional(),
  evidence: texts,
  /** What it reads and writes of others, and who reads and writes it. */
  reads: texts,
  writes: texts,
  firstSeen: when.optional(),
  lastSeen: when.optional(),
  /** `known`, `unknown` (in no list) or `silent` (in the list, never seen); empty where there is no list. */
  state: z.enum(['known', 'unknown', 'silent']).optional(),
});
export type InventoryRecord = z.output<typeof recordSchema>;

const fileSchema = z.strictObject({ version: z.literal(1), devices: z.array(recordSchema) });

type Key = keyof InventoryRecord;
const KEYS = Object.keys(recordSchema.shape) as Key[];
const LISTS: ReadonlySet<Key> = new Set(KEYS.filter((key) => recordSchema.shape[key] instanceof z.ZodDefault));
/** `guessedRole` is the column `guessed_role`. */
const columnOf = (key: Key): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const COLUMNS: ReadonlyMap<string, Key> = new Map(KEYS.map((key) => [columnOf(key), key]));

/** One device a line, the columns in the same order in every file. */
export function formatInventoryCsv(records: readonly InventoryRecord[]): string {
  return formatCsv(
    [...COLUMNS.keys()],
    records.map((record) => KEYS.map((key) => cellOf(record[key]))),
  );
}

export function formatInventoryJson(records: readonly InventoryRecord[]): string {
  return `${JSON.stringify({ version: 1, devices: records }, null, 2)}\n`;
}

/** Entries of a list are joined by `; `; a semicolon or backslash in one has a backslash before it. */
function cellOf(value: InventoryRecord[Key]): string {
  if (value === undefined) return '';
  return typeof value === 'object' ? value.map((entry) => entry.replace(/[\\;]/g, '\\$&')).join('; ') : String(value);
}

const listOf = (cell: string): string[] =>
  cell === ''
    ? []
    : [...cell.matchAll(/((?:[^\\;]|\\[\s\S])*)(?:; ?|$)/g)]
        .slice(0, -1)
        .map(([, entry]) => (entry as string).replace(/\\([\s\S])/g, '$1'));

/**
 * Reads an inventory or an asset list. Only `address` is required; columns may come in any order and be left out.
 * @param file only for messages
 * @throws FileError with file, line, column and what would be right
 */
export function parseInventoryCsv(content: string, file: string): InventoryRecord[] {
  const [head, ...rows] = parseCsv(content, file) as [Cell[], ...Cell[][]];
  const problems: PenstockError[] = [];
  const keys = head.map((cell, i) => keyOf(cell, head.slice(0, i), file, problems));
  if (!keys.includes('address') && problems.length === 0)
    problems.push(problem('inventory.column', "there is no column 'address'", file, head[0] as Cell));
  if (problems.length > 0) throw new FileError(problems);
  const records = rows.map((row) => recordOf(row, keys as Key[], file, problems));
  const places = new Map(rows.map((row, i) => [i, row[keys.indexOf('address')] as Cell]));
  twice(records, (i, message) => problems.push(problem('inventory.twice', message, file, places.get(i) as Cell)));
  if (problems.length > 0) throw new FileError(problems);
  return records as InventoryRecord[];
}

function keyOf(cell: Cell, before: readonly Cell[], file: string, problems: PenstockError[]): Key | undefined {
  const name = cell.text.trim().toLowerCase();
  const key = COLUMNS.get(name);
  if (key === undefined) {
    const meant = nearest(name, COLUMNS.keys());
    const hint = meant === undefined ? `the columns are ${[...COLUMNS.keys()].join(', ')}` : `did you mean '${meant}'?`;
    problems.push(problem('inventory.column', `unknown column '${cell.text}'; ${hint}`, file, cell));
  } else if (before.some(({ text }) => text.trim().toLowerCase() === name))
    problems.push(problem('inventory.column', `column '${name}' stands twice`, file, cell));
  return key;
}

function recordOf(
  row: readonly Cell[],
  keys: readonly Key[],
  file: string,
  problems: PenstockError[],
): InventoryRecord | undefined {
  const raw: Record<string, unknown> = {};
  row.forEach(({ text: cell }, i) => {
    const key = keys[i] as Key;
    if (LISTS.has(key)) raw[key] = listOf(cell);
    else if (cell !== '') raw[key] = key === 'confidence' ? Number(cell) : cell;
  });
  const result = recordSchema.safeParse(raw);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    const index = keys.indexOf(path[0] as Key);
    const cell = row[index] ?? (row[0] as Cell);
    const shown = cell.text === '' ? 'nothing' : `'${cell.text}'`;
    problems.push(
      problem('inventory.value', `column '${columnOf(path[0] as Key)}' has ${shown}: ${message}`, file, cell),
    );
  }
  return undefined;
}

const problem = (id: string, message: string, file: string, { line, column }: Cell): PenstockError =>
  new PenstockError(id, message, { file, line, column });

/** An address or id that two devices claim. */
function twice(records: readonly (InventoryRecord | undefined)[], tell: (i: number, message: string) => void): void {
  for (const key of ['address', 'id'] as const) {
    const seen = new Set<string>();
    records.forEach((record, i) => {
      const value = record?.[key];
      if (value === undefined) return;
      if (seen.has(value)) tell(i, `${key} '${value}' stands twice`);
      seen.add(value);
    });
  }
}

/** As `parseInventoryCsv`, of JSON (or YAML): `{ "version": 1, "devices": [ … ] }`. */
export function parseInventoryJson(content: string, file: string): InventoryRecord[] {
  const { value, source } = parseYaml(content, file, fileSchema);
  const problems: PenstockError[] = [];
  twice(value.devices, (i, message) =>
    problems.push(new PenstockError('inventory.twice', message, source.place(['devices', i, 'address']))),
  );
  if (problems.length > 0) throw new FileError(problems);
  return value.devices;
}

/** Reads a file by its ending: `.csv`, or JSON (or YAML) otherwise. */
export function loadInventory(path: string): InventoryRecord[] {
  const content = readText(path);
  return /\.csv$/i.test(path)
    ? parseInventoryCsv(content, shownPath(path))
    : parseInventoryJson(content, shownPath(path));
}
