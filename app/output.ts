/** What commands print: one JSON document on stdout with `--json`, otherwise text; logs go to stderr. */

// `penstock rules | head -3`: who reads us may leave early; a run goes on and keeps its files.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Progress and notes; never on stdout. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Rows as a table with aligned columns; numbers are aligned by the caller. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  for (const row of rows)
    print(row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] as number))).join('  '));
}
