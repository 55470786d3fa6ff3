/**
 * `npm test [-- WHAT…]`: set-up, the judges, and every test on the pinned Node. What follows `--` goes to vitest (a folder, a file,
 * `-t NAME`).
 */
import { join } from 'node:path';
import { ensureInstalled, guarded, ROOT, runOnPinnedNode } from './bootstrap.mjs';
import { prepareJudges } from './judges.mjs';

await guarded(async () => {
  await ensureInstalled();
  process.env.PENSTOCK_JUDGES = prepareJudges().join(',');
  await runOnPinnedNode(join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), ['run', ...process.argv.slice(2)]);
});
