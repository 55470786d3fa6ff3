/**
 * `npm run lint`, `types`, `check`: everything that can be said of the code without running it. All steps run, so that one look
 * shows everything; the exit code is 1 when any of them failed. Warnings fail too.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');

const BIOME = join(MODULES, '@biomejs/biome/bin/biome');
const TSC = join(MODULES, 'typescript/bin/tsc');

/** Each step is files to run on this Node one after the other, with their arguments. */
const STEPS: Record<string, readonly (readonly string[])[]> = {
  format: [[BIOME, 'ci', '--error-on-warnings', '--linter-enabled=false', '.']],
  lint: [[BIOME, 'ci', '--error-on-warnings', '--formatter-enabled=false', '--assist-enabled=false', '.']],
  // What runs in the browser has types of its own.
  types: [
    [TSC, '-p', '.'],
    [TSC, '-p', 'ui'],
  ],
  architecture: [[join(ROOT, 'scripts/lint-architecture.ts')]],
  'dead-code': [[join(MODULES, 'knip/bin/knip.js'), '--no-config-hints']],
};

const asked = process.argv.slice(2);
const unknown = asked.filter((step) => !(step in STEPS));
if (unknown.length > 0) {
  console.error(`check: there is no step '${unknown[0]}'; there are: ${Object.keys(STEPS).join(', ')}`);
  process.exit(2);
}
const failed: string[] = [];
for (const step of asked.length > 0 ? asked : Object.keys(STEPS)) {
  const began = Date.now();
  const passed = (STEPS[step] ?? [])
    .map((command) => spawnSync(process.execPath, [...command], { cwd: ROOT, stdio: 'inherit' }))
    .every(({ status }) => status === 0);
  console.error(`${passed ? 'passed' : 'FAILED'} ${step} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  if (!passed) failed.push(step);
}
process.exitCode = failed.length === 0 ? 0 : 1;
