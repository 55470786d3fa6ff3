/**
 * SQLite under both journals: numbered migrations, prepared inserts inside one open transaction, rows bounded by dropping the
 * oldest. What was committed survives the death of the process; `commit()` is called at least once a second in a live run.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { PenstockError } from '@penstock/core';

/** A table of the journal: its columns after `id`, and how many rows it may hold. */
export interface TableSpec {
  readonly name: string;
  readonly columns: string;
  readonly limit: number;
}

/** Rows that are dropped at once when a table is full, as a share of its limit. */
const TRIM = 0.05;

export class JournalStore {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #inserts = new Map<string, StatementSync>();
  readonly #rows = new Map<string, number>();
  readonly #limits = new Map<string, number>();
  readonly #dropped = new Map<string, number>();
  #open = false;

  /** @throws PenstockError `journal.unwritable` when the file cannot be created or is not a journal of this version. */
  constructor(path: string, version: number, tables: readonly TableSpec[]) {
    this.path = path;
    try {
      this.#database = new DatabaseSync(path);
      // A killed process loses nothing that was committed; only a power cut could, which a range can bear.
      // A second of a plant is some kilobytes: in large pages it is written for a third of what the usual 4 KiB cost.
      this.#database.exec(
        'PRAGMA page_size = 32768; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;',
      );
      const found = this.#database.prepare('PRAGMA user_version').get() as { user_version: number };
      if (found.user_version !== 0 && found.user_version !== version)
        throw new PenstockError(
          'journal.version',
          `${path} is a journal of version ${found.user_version}, this is version ${version}`,
        );
      for (const table of tables) {
        this.#database.exec(`CREATE TABLE IF NOT EXISTS ${table.name} (id INTEGER PRIMARY KEY, ${table.columns})`);
        const places = table.columns
          .split(',')
          .map(() => '?')
          .join(',');
        const names = table.columns
          .split(',')
          .map((c) => c.trim().split(' ')[0])
          .join(',');
        this.#inserts.set(
          table.name,
          this.#database.prepare(`INSERT INTO ${table.name} (${names}) VALUES (${places})`),
        );
        const count = this.#database.prepare(`SELECT count(*) AS n FROM ${table.name}`).get() as { n: number };
        this.#rows.set(table.name, count.n);
        this.#limits.set(table.name, table.limit);
      }
      this.#database.exec(`PRAGMA user_version = ${version}`);
    } catch (error) {
      if (error instanceof PenstockError) throw error;
      throw new PenstockError(
        'journal.unwritable',
        `cannot write the journal ${path}: ${(error as Error).message}`,
        undefined,
        error,
      );
    }
  }

  insert(table: string, ...values: SQLInputValue[]): void {
    if (!this.#open) {
      this.#database.exec('BEGIN');
      this.#open = true;
    }
    (this.#inserts.get(table) as StatementSync).run(...values);
    const rows = (this.#rows.get(table) as number) + 1;
    this.#rows.set(table, rows);
    if (rows > (this.#limits.get(table) as number)) this.#trim(table, rows);
  }

  /** Rows that were dropped to keep the tables bounded. */
  get dropped(): ReadonlyMap<string, number> {
    return this.#dropped;
  }

  all(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return this.#database.prepare(sql).all(...values) as Record<string, unknown>[];
  }

  commit(): void {
    if (!this.#open) return;
    this.#database.exec('COMMIT');
    this.#open = false;
  }

  close(): void {
    this.commit();
    this.#database.close();
  }

  #trim(table: string, rows: number): void {
    const excess = Math.ceil((this.#limits.get(table) as number) * TRIM);
    this.#database.exec(`DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} ORDER BY id LIMIT ${excess})`);
    this.#rows.set(table, rows - excess);
    this.#dropped.set(table, (this.#dropped.get(table) ?? 0) + excess);
  }
}
