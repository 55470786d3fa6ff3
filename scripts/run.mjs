/** `node scripts/run.mjs FILE.ts […]`: one of our scripts, after the set-up, on the pinned Node. */
import { join } from 'node:path';
import { ensureInstalled, guarded, ROOT, runOnPinnedNode } from './bootstrap.mjs';

await guarded(async () => {
  await ensureInstalled();
  const [file, ...args] = process.argv.slice(2);
  await runOnPinnedNode(join(ROOT, 'scripts', file), args);
});
