/** Comma-separated values (RFC 4180), strictly: every row has as many cells as the head, and a quote stands only where it may. */
import { FileError, PenstockError } from '@penstock/core';

/** One cell with its place in the file, from 1. */
export interface Cell {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/**
 * A spreadsheet takes a cell that begins so for a formula. What devices say of themselves ends up in cells, so an apostrophe is put
 * before it, and taken off again when it is read.
 */
const FORMULA = /^['=+\-@\t\r]/;

/** @param rows without a head; every cell becomes one line's part whatever is in it */
export function formatCsv(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, ...rows].map((row) => `${row.map(quoted).join(',')}\r\n`).join('');
}

function quoted(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n;]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * All rows, the head first. Cells are separated by commas, or by semicolons where the head has those and no comma, as spreadsheets of
 * some countries write it. Lines may end in LF or CRLF; empty lines are passed over.
 * @param file only for messages
 * @throws FileError with file, line and column: `csv.quote`, `csv.cells`, `csv.empty`
 */
export function parseCsv(text: string, file: string): Cell[][] {
  const reader = new CsvReader(text.replace(/^\ufeff/, ''), file);
  const rows = reader.rows();
  const [head] = rows;
  if (head === undefined)
    throw new FileError([
      new PenstockError('csv.empty', 'there is not even a head with the names of the columns', {
        ...{ file, line: 1, column: 1 },
      }),
    ]);
  const problems = rows
    .filter((row) => row.length !== head.length)
    .map((row) => {
      const { line, column } = row.at(-1) as Cell;
      const message = `the row has ${row.length} cells, the head has ${head.length}`;
      return new PenstockError('csv.cells', message, { file, line, column });
    });
  if (problems.length > 0) throw new FileError(problems);
  return rows;
}

class CsvReader {
  readonly #text: string;
  readonly #file: string;
  readonly #separator: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    const [head = ''] = text.split(/\r?\n/, 1);
    this.#separator = head.includes(';') && !head.includes(',') ? ';' : ',';
  }

  rows(): Cell[][] {
    const rows: Cell[][] = [];
    while (this.#at < this.#text.length) {
      const row = this.#row();
      if (row.length > 1 || row[0]?.text !== '') rows.push(row);
    }
    return rows;
  }

  #row(): Cell[] {
    const cells: Cell[] = [];
    for (;;) {
      const { line, column } = this.#place();
      const raw = this.#text[this.#at] === '"' ? this.#quotedCell() : this.#plainCell();
      cells.push({ text: /^'['=+\-@\t\r]/.test(raw) ? raw.slice(1) : raw, line, column });
      const next = this.#text[this.#at];
      if (next === this.#separator) {
        this.#at++;
        continue;
      }
      if (next === undefined || this.#newline()) return cells;
      throw this.#problem('after the closing quote comes a separator or the end of the line');
    }
  }

  #plainCell(): string {
    const start = this.#at;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || char === this.#separator || char === '\n') break;
      if (char === '\r' && this.#text[this.#at + 1] === '\n') break;
      if (char === '"') throw this.#problem('a cell with a quote in it stands in quotes, and the quote twice');
      this.#at++;
    }
    return this.#text.slice(start, this.#at);
  }

  #quotedCell(): string {
    const opened = this.#place();
    let text = '';
    this.#at++;
    for (;;) {
      const end = this.#text.indexOf('"', this.#at);
      if (end < 0) throw new FileError([new PenstockError('csv.quote', 'the quote is never closed', opened)]);
      for (let i = this.#at; i < end; i++)
        if (this.#text[i] === '\n') {
          this.#line++;
          this.#lineStart = i + 1;
        }
      text += this.#text.slice(this.#at, end);
      this.#at = end + 1;
      if (this.#text[this.#at] !== '"') return text;
      text += '"';
      this.#at++;
    }
  }

  #newline(): boolean {
    const length = this.#text.startsWith('\r\n', this.#at) ? 2 : this.#text[this.#at] === '\n' ? 1 : 0;
    if (length === 0) return false;
    this.#at += length;
    this.#line++;
    this.#lineStart = this.#at;
    return true;
  }

  #place() {
    return { file: this.#file, line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  #problem(message: string): FileError {
    return new FileError([new PenstockError('csv.quote', message, this.#place())]);
  }
}
