/**
 * `npm start`: everything from a fresh clone to a running range. `node scripts/start.mjs up …` hands its arguments to the
 * `penstock` command.
 */
import { join } from 'node:path';
import { ensureInstalled, guarded, ROOT, runOnPinnedNode } from './bootstrap.mjs';

await guarded(async () => {
  await ensureInstalled();
  // Whatever the run is busy with, Ctrl-C ends it in time.
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => setTimeout(() => process.exit(1), 1900).unref());
  await runOnPinnedNode(join(ROOT, 'app', 'main.ts'), process.argv.slice(2));
});
