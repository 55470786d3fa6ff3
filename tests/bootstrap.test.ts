import { spawn } from 'node:child_process';
import { cpSync, existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { atBest } from './measured.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLEAN_ENV = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(npm_|VITEST|NODE_)/.test(key)));

/** A clone without its packages: the scripts, and a lockfile that asks for one package. */
let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'penstock-clone-'));
  cpSync(join(ROOT, 'scripts'), join(clone, 'scripts'), { recursive: true });
  const dependencies = { 'is-number': '7.0.0' };
  writeFileSync(join(clone, 'package.json'), JSON.stringify({ name: 'clone', version: '1.0.0', dependencies }));
  writeFileSync(
    join(clone, 'package-lock.json'),
    JSON.stringify({
      name: 'clone',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: {
        '': { name: 'clone', version: '1.0.0', dependencies },
        'node_modules/is-number': { version: '7.0.0' },
      },
    }),
  );
});

afterEach(() => rmSync(clone, { recursive: true, force: true, maxRetries: 5 }));

interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

function start(
  options: { args?: string[]; env?: NodeJS.ProcessEnv; preload?: string; whenPrinted?: (pid: number) => void } = {},
): Promise<Outcome> {
  const preload =
    options.preload === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(options.preload)}`];
  const began = performance.now();
  const child = spawn(process.execPath, [...preload, join(clone, 'scripts', 'start.mjs'), ...(options.args ?? [])], {
    env: { ...CLEAN_ENV, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  let asked = began;
  child.stdout.on('data', (chunk) => {
    if (stdout === '') {
      asked = performance.now();
      options.whenPrinted?.(child.pid as number);
    }
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, milliseconds: performance.now() - asked }),
    );
  });
}

/** Makes the packages look installed, with `main` as the command. */
function installed(main: string): void {
  mkdirSync(join(clone, 'node_modules'));
  writeFileSync(join(clone, 'node_modules', '.package-lock.json'), '{}');
  mkdirSync(join(clone, 'app'));
  writeFileSync(join(clone, 'app', 'main.ts'), main);
}

/** Gives the clone a Node of its own, so that the command runs in a child of the one that the host has. */
function ownNode(): void {
  const path = join(clone, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  mkdirSync(dirname(path), { recursive: true });
  try {
    linkSync(process.execPath, path);
  } catch {
    cpSync(process.execPath, path);
  }
}

describe('the first start', () => {
  it('says in one line that the registry cannot be reached', async () => {
    const { code, stderr } = await start({
      env: {
        npm_config_registry: 'http://127.0.0.1:9/',
        npm_config_cache: join(clone, 'cache'),
        npm_config_fetch_retries: '0',
      },
    });
    expect(stderr).toMatch(
      /^Installing packages \(once, about a minute\) \.\.\. failed\.\npenstock: the npm registry cannot be reached; [^\n]+\n$/,
    );
    expect(code).toBe(2);
  });

  it('says in one line that npm is missing', async () => {
    const { code, stderr } = await start({ env: { PATH: clone } });
    expect(stderr).toMatch(/\npenstock: npm was not found; install it [^\n]+\n$/);
    expect(code).toBe(2);
  });

  it.skipIf(process.getuid?.() === 0)('says in one line that the folder cannot be written', async () => {
    const { chmodSync } = await import('node:fs');
    chmodSync(clone, 0o555);
    const { code, stderr } = await start();
    chmodSync(clone, 0o755);
    expect(stderr).toMatch(/\npenstock: \S+ cannot be written; [^\n]+\n$/);
    expect(code).toBe(2);
  });
});

describe('the pinned Node', () => {
  it('is asked for where npm has none for the platform', async () => {
    installed('');
    const { code, stderr } = await start({
      preload: `Object.defineProperty(process, 'arch', { value: 'mips' });
        Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.0.0' } });`,
    });
    expect(stderr).toMatch(/^penstock: npm has no Node 24 for \S+-mips; install Node 24 [^\n]+\n$/);
    expect(code).toBe(2);
  });

  it('gets arguments and gives its exit code', async () => {
    installed('const words: string[] = process.argv.slice(2); console.log(words.join("|")); process.exitCode = 3;');
    ownNode();
    const { code, stdout, stderr } = await start({ args: ['run', 'a b', '--json'] });
    expect([code, stdout, stderr]).toEqual([3, 'run|a b|--json\n', '']);
  });

  it.each([false, true])('runs behind a link on the path (in a child: %s)', async (inChild) => {
    installed('console.log("here");');
    if (inChild) ownNode();
    mkdirSync(join(clone, 'app', 'bin'));
    cpSync(join(ROOT, 'app', 'bin', 'penstock.mjs'), join(clone, 'app', 'bin', 'penstock.mjs'));
    symlinkSync(join(clone, 'app', 'bin', 'penstock.mjs'), join(clone, 'penstock'));
    const child = spawn(process.execPath, [join(clone, 'penstock')], {
      env: CLEAN_ENV,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const printed = await new Promise((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk))));
    expect(printed).toBe('here\n');
  });
});

describe('the end', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'follows %s within 2 s even when the command is too busy to hear it',
    async (signal) => {
      installed(
        'process.on("SIGINT", () => {}); process.on("SIGTERM", () => {}); console.log(process.pid); for (;;) {}',
      );
      ownNode();
      const ending = async () => {
        const { milliseconds, stdout } = await start({ whenPrinted: (pid) => process.kill(pid, signal) });
        expect(existsSync(`/proc/${stdout.trim()}`)).toBe(false);
        return milliseconds;
      };
      expect(await atBest(2000, ending)).toBeLessThan(2000);
    },
  );

  it('leaves nobody behind when the starter is killed', async () => {
    installed('console.log(process.pid); setInterval(() => {}, 1000);');
    ownNode();
    const { stdout } = await start({ whenPrinted: (pid) => process.kill(pid, 'SIGKILL') });
    // The pipe closed, which it does only when the last process that holds it is gone.
    expect(Number(stdout)).toBeGreaterThan(0);
  });

  it('passes a signal to a command that ends in its own way', async () => {
    installed(
      'process.on("SIGTERM", () => { console.log("bye"); process.exit(0); }); console.log("up"); setInterval(() => {}, 1000);',
    );
    ownNode();
    const { code, stdout } = await start({ whenPrinted: (pid) => process.kill(pid, 'SIGTERM') });
    expect([code, stdout]).toEqual([0, 'up\nbye\n']);
  });
});
