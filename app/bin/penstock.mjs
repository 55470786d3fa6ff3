#!/usr/bin/env node
/** `npx penstock …`: the command on the pinned Node, whichever Node is on the path. */
import { join } from 'node:path';
import { guarded, ROOT, runOnPinnedNode } from '../../scripts/bootstrap.mjs';

await guarded(() => runOnPinnedNode(join(ROOT, 'app', 'main.ts'), process.argv.slice(2)));
