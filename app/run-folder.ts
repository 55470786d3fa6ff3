/** The folder of a run that is about to begin. */
import { existsSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RunFolder } from '@penstock/range';
import { isWrongUse } from './failure.ts';

/** Where runs go that were not told where. */
const RUNS = 'runs';

/**
 * Makes the folder `out`, or one of that name in `runs/`, and plays in it. When it turns out that the run was asked for wrongly
 * (a port that is taken, an input that the scenario does not have), what was made for it is taken away again.
 */
export async function inRunFolder<T>(
  out: string | undefined,
  name: string,
  play: (folder: RunFolder) => Promise<T>,
): Promise<T> {
  const hadRuns = existsSync(RUNS);
  const before = out !== undefined && isFolder(out) ? contents(out) : undefined;
  const folder = out === undefined ? RunFolder.next(RUNS, name) : RunFolder.create(out);
  try {
    return await play(folder);
  } catch (error) {
    if (isWrongUse(error)) {
      takeAway(folder.path, before);
      if (!hadRuns && out === undefined) removeEmpty(dirname(folder.path));
    }
    throw error;
  }
}

function takeAway(path: string, before: ReadonlySet<string> | undefined): void {
  if (before === undefined) rmSync(path, { recursive: true, force: true });
  else
    for (const name of contents(path))
      if (!before.has(name)) rmSync(join(path, name), { recursive: true, force: true });
}

function removeEmpty(path: string): void {
  if (contents(path).size === 0) rmdirSync(path);
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

const contents = (path: string): Set<string> => new Set(readdirSync(path));
