/**
 * How long a fresh clone takes to a running plant, a second start, and the end after Ctrl-C. Clones the repository's last commit into
 * a temporary folder and installs it there.
 *
 *     node tests/start.bench.ts
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const clone = mkdtempSync(join(tmpdir(), 'penstock-start-'));
// Neither the npm that runs this nor its Node may lend a hand.
const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('npm_')));
env.PATH = path.join(':');

try {
  execFileSync('git', ['clone', '--quiet', ROOT, clone]);
  figure('start.firstSeconds', await start());
  figure('start.laterSeconds', await start());
} finally {
  rmSync(clone, { recursive: true, force: true });
}

function figure(name: string, seconds: number): void {
  console.log(`figure: ${name} ${seconds.toFixed(2)} s`);
}

/** Starts the range, waits until its page answers, and ends it; the seconds until it answered. */
async function start(): Promise<number> {
  const port = await freePort();
  const began = performance.now();
  const child = spawn('npm', ['start', '--', '--port', String(port)], {
    cwd: clone,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  await answering(port, child);
  const seconds = (performance.now() - began) / 1000;
  const asked = performance.now();
  const over = new Promise((resolve) => child.once('exit', resolve));
  // As a terminal does: the signal goes to the whole group.
  process.kill(-(child.pid as number), 'SIGINT');
  await over;
  figure('start.endSeconds', (performance.now() - asked) / 1000);
  return seconds;
}

async function answering(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`npm start ended with exit code ${child.exitCode}`);
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return;
    } catch {
      await sleep(50);
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
