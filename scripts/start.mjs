/**
 * `npm start`: everything from a fresh clone to a running range. `node scripts/start.mjs up …` hands its arguments to the
 * `penstock` command.
 */
import { join } from 'node:path';
import { ensureInstalled, guarded, pinnedNode, ROOT, runInChild } from './bootstrap.mjs';
import { ensurePageFor } from './page.mjs';

await guarded(async () => {
  const args = process.argv.slice(2);
  await ensureInstalled();
  ensurePageFor(args);
  runInChild(pinnedNode(), join(ROOT, 'app', 'main.ts'), args);
});
