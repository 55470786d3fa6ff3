/**
 * `npm start`: everything from a fresh clone to a running range. `node scripts/start.mjs up …` hands its arguments to the
 * `penstock` command.
 */
import { join } from 'node:path';
import { ensureInstalled, guarded, pinnedNode, ROOT, runInChild } from './bootstrap.mjs';

await guarded(async () => {
  await ensureInstalled();
  runInChild(pinnedNode(), join(ROOT, 'app', 'main.ts'), process.argv.slice(2));
});
