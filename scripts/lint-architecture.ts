/** `node scripts/lint-architecture.ts`: every file of the repository against the rules of `architecture.ts`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkManifest, checkSource, checkText, type Violation } from './architecture.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LEFT_OUT = new Set(['node_modules', '.git', 'dist', 'runs', 'prove', '.penstock', '.vite']);
const TEXT = /\.(ts|tsx|mts|mjs|js|json|jsonc|yaml|yml|md|st|sh|css|html)$|^\.ci\/run$|^(NOTICE|Dockerfile)$/;

function* filesOf(folder: string): Generator<string> {
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    if (LEFT_OUT.has(entry.name)) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* filesOf(path);
    else if (entry.isFile() && TEXT.test(path) && path !== 'package-lock.json') yield path;
  }
}

const violations: Violation[] = [];
let files = 0;
for (const file of filesOf('')) {
  const text = readFileSync(join(ROOT, file), 'utf8');
  files++;
  violations.push(...checkText(file, text));
  if (/\.tsx?$/.test(file)) violations.push(...checkSource(file, text));
  if (/^[^/]+\/package\.json$/.test(file)) violations.push(...checkManifest(file, text));
}

for (const { file, line, column, rule, message } of violations)
  console.error(`${file}:${line}:${column}: [${rule}] ${message}`);
console.error(`architecture: ${files} files, ${violations.length} violation${violations.length === 1 ? '' : 's'}`);
process.exitCode = violations.length === 0 ? 0 : 1;
