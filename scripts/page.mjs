/**
 * The page as the server gives it out: built from `ui/` when what it is made of has changed. Plain JavaScript for any Node from 20 on,
 * like the rest of the set-up.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode, ROOT, SetupError } from './bootstrap.mjs';

const UI = join(ROOT, 'ui');
const DIST = join(UI, 'dist');
/** What the built page was made of. */
const STAMP = '.made-of';
/** Besides `ui/` itself. */
const ALSO = ['core/messages', 'core/pid.ts', 'core/scene.ts', 'package-lock.json'];
const NOT_OF_THE_PAGE = /^(dist|node_modules|test)$|\.(test|bench)\.tsx?$/;

/**
 * Builds the page where it is missing or older than its sources. One line of progress, nothing when all is fresh; nothing either where
 * there is no page to build.
 * @throws SetupError when it cannot be built
 */
export function ensurePage() {
  if (!existsSync(join(UI, 'index.html'))) return;
  const hash = hashOfSources();
  if (stampOf(DIST) === hash) return;
  process.stderr.write('Building the page ...');
  const began = Date.now();
  const problem = buildPage(hash, 'pipe', () => stampOf(DIST) !== hash);
  process.stderr.write(
    problem === undefined ? ` done in ${Math.round((Date.now() - began) / 1000)} s.\n` : ' failed.\n',
  );
  if (problem !== undefined)
    throw new SetupError(`the page could not be built (${problem}); run 'npm run build' to see all of it`);
}

/** The page for a command that serves it. */
export function ensurePageFor(args) {
  if (args[0] === 'up' && !args.some((arg) => ['--headless', '--help', '-h'].includes(arg))) ensurePage();
}

/**
 * Builds into a folder of its own and puts it in place at the end, so that who starts meanwhile finds a whole page.
 * @param wanted asked at the end, when another start may have built the same and somebody be reading it
 * @returns what went wrong
 */
export function buildPage(hash = hashOfSources(), stdio = 'pipe', wanted = () => true) {
  const made = join(ROOT, 'node_modules', `.penstock-page-${process.pid}`);
  const old = `${made}-old`;
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  const level = stdio === 'pipe' ? 'error' : 'info';
  const { status, stderr, error } = spawnSync(
    pinnedNode(),
    [vite, 'build', '--outDir', made, '--emptyOutDir', '--logLevel', level],
    // A test runner's NODE_ENV would make a page for development.
    { cwd: UI, env: { ...process.env, NODE_ENV: 'production' }, stdio: ['ignore', stdio, stdio], encoding: 'utf8' },
  );
  try {
    if (status !== 0) return reasonIn(stderr) ?? error?.code ?? `vite ended with ${status}`;
    if (!wanted()) return undefined;
    writeFileSync(join(made, STAMP), hash);
    // Two renames, so that between the old page and the new one there is hardly a moment without.
    if (existsSync(DIST)) renameSync(DIST, old);
    renameSync(made, DIST);
    return undefined;
  } catch (problem) {
    return stampOf(DIST) === hash ? undefined : problem.message;
  } finally {
    for (const folder of [made, old]) rmSync(folder, { recursive: true, force: true });
  }
}

/** Over names and contents of everything that the page is made of. */
function hashOfSources() {
  const hash = createHash('sha256');
  const take = (path) => {
    const full = join(ROOT, path);
    if (statSync(full).isDirectory()) {
      for (const name of readdirSync(full).sort()) if (!NOT_OF_THE_PAGE.test(name)) take(`${path}/${name}`);
    } else hash.update(path).update('\0').update(readFileSync(full)).update('\0');
  };
  for (const path of ['ui', ...ALSO]) take(path);
  return hash.digest('hex');
}

function stampOf(folder) {
  try {
    return readFileSync(join(folder, STAMP), 'utf8');
  } catch {
    return undefined;
  }
}

const reasonIn = (text) =>
  text
    ?.split('\n')
    .find((line) => line.trim() !== '')
    ?.trim()
    .slice(0, 200);
