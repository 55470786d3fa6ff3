/** A run's folder: journals, capture, alerts, labels, summary. Created once; an existing run is never overwritten. */
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PenstockError, UsageError } from '@penstock/core';
import { readLastSample } from './truth.ts';

export class RunFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the folder.
   * @throws UsageError `run.exists` when it holds a run already, `run.unwritable` when it cannot be made.
   */
  static create(path: string): RunFolder {
    if (existsSync(join(path, 'run.json')))
      throw new UsageError('run.exists', `${path} holds a run already; choose another folder with --out DIR`);
    try {
      makeFolder(path);
    } catch (error) {
      throw unwritable(path, error);
    }
    return new RunFolder(path);
  }

  /** @throws UsageError `run.missing` when there is no run in it. */
  static open(path: string): RunFolder {
    if (!existsSync(join(path, 'run.json')))
      throw new UsageError('run.missing', `${path} is no run's folder (it has no run.json)`);
    return new RunFolder(path);
  }

  /**
   * Makes the first free folder `base/name`, `base/name-2`, …; two that ask at once get two.
   * @throws UsageError `run.unwritable`
   */
  static next(base: string, name: string): RunFolder {
    for (let n = 1; ; n++) {
      const path = join(base, n === 1 ? name : `${name}-${n}`);
      try {
        makeFolder(base);
        mkdirSync(path);
        return new RunFolder(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !existsSync(path)) throw unwritable(path, error);
      }
    }
  }

  file(name: string): string {
    return join(this.path, name);
  }

  has(name: string): boolean {
    return existsSync(this.file(name));
  }

  /** Time of the last sample that the truth journal has, in microseconds. */
  lastSample(): number {
    return readLastSample(this.file('truth.sqlite'));
  }

  writeJson(name: string, value: unknown): void {
    writeFileSync(this.file(name), `${JSON.stringify(value, null, 2)}\n`);
  }

  readJson(name: string): unknown {
    try {
      return JSON.parse(readFileSync(this.file(name), 'utf8'));
    } catch (error) {
      throw new PenstockError('run.broken', `${this.file(name)} cannot be read as JSON: ${(error as Error).message}`);
    }
  }

  write(name: string, text: string): void {
    writeFileSync(this.file(name), text);
  }

  /** A line at the end of a file, there at once should the process die. */
  append(name: string, line: string): void {
    appendFileSync(this.file(name), `${line}\n`);
  }

  /** Opens a file for writing pieces. */
  stream(name: string): { write(bytes: Uint8Array): void; close(): void } {
    const descriptor = openSync(this.file(name), 'w');
    return { write: (bytes) => void writeSync(descriptor, bytes), close: () => closeSync(descriptor) };
  }
}

const unwritable = (path: string, error: unknown): UsageError =>
  new UsageError(
    'run.unwritable',
    `cannot write to ${path} (${(error as NodeJS.ErrnoException).code}); choose another folder with --out DIR`,
  );

/** With its parents. Not Node's own `recursive`, which never returns where the system has no room for folders (`/proc/x`). */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(resolve(path));
  if (parent !== resolve(path)) makeFolder(parent);
  mkdirSync(path);
}
