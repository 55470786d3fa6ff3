import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PenstockError } from '@penstock/core';
import type { ZeekSink } from './writer.ts';

/**
 * Puts logs into a directory as `NAME.log`, which is made if need be; logs of an earlier run with the same name are replaced.
 * @throws PenstockError `zeek.unwritable` when the directory cannot be made, and from `append` when a file cannot be written
 */
export class ZeekDirectory implements ZeekSink {
  readonly #directory: string;
  readonly #started = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
    attempt(directory, () => mkdirSync(directory, { recursive: true }));
  }

  append(path: string, lines: string): void {
    const file = join(this.#directory, `${path.replace(/[^\w.-]/g, '_')}.log`);
    attempt(file, () => (this.#started.has(path) ? appendFileSync(file, lines) : writeFileSync(file, lines)));
    this.#started.add(path);
  }
}

function attempt(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new PenstockError(
      'zeek.unwritable',
      `cannot write Zeek logs to ${path}: ${(error as Error).message}; give a directory that may be written`,
      undefined,
      error,
    );
  }
}
