#!/usr/bin/env node
/** `npx penstock …`: the command on the pinned Node, whichever Node is on the path. */
import { join } from 'node:path';
import { guarded, ROOT, runOnPinnedNode } from '../../scripts/bootstrap.mjs';
import { ensurePageFor } from '../../scripts/page.mjs';

await guarded(() => {
  const args = process.argv.slice(2);
  ensurePageFor(args);
  return runOnPinnedNode(join(ROOT, 'app', 'main.ts'), args);
});
