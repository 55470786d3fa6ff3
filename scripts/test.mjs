/**
 * `npm test [-- WHAT…]`: set-up, the judges, the page, and every test on the pinned Node. What follows `--` goes to vitest (a folder, a file,
 * `-t NAME`).
 */
import { join } from 'node:path';
import { ensureInstalled, guarded, ROOT, runOnPinnedNode, SetupError } from './bootstrap.mjs';
import { prepareJudges } from './judges.mjs';
import { ensurePage } from './page.mjs';

await guarded(async () => {
  await ensureInstalled();
  process.env.PENSTOCK_JUDGES = prepareJudges().join(',');
  buildOnce();
  await runOnPinnedNode(join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), ['run', ...process.argv.slice(2)]);
});

/** The page, before tests start that need it at the same time. Where it cannot be built, they are the ones to say so. */
function buildOnce() {
  try {
    ensurePage();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
  }
}
