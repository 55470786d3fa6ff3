/** The command as its users start it: once to its end, or `penstock up` as a process that is talked to and ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../app/main.ts', import.meta.url));
/** Milliseconds; less than what a test's hook may take. */
const START_LIMIT = 150_000;
const STOP_LIMIT = 120_000;
export const SMALL_PLANT = fileURLToPath(new URL('../range/test/small-plant', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A new empty folder, and what removes it. */
export function scratchFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'penstock-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Runs `penstock …` to its end; what has not ended after `limit` milliseconds is killed. */
export async function penstock(
  args: readonly string[],
  { cwd, env, limit = 170_000 }: Surroundings & { readonly limit?: number },
): Promise<Outcome> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limit,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr] = [collected(child.stdout), collected(child.stderr)];
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout: stdout(), stderr: stderr() };
}

function collected(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return () => text;
}

export interface Gate {
  readonly host: string;
  readonly port: number;
}

/** `penstock up` with the page on a free port, and, unless `--gates` is given, gates on free ports. */
export class RunningRange {
  readonly folder: string;
  /** By `device service`: `tank-plc modbus`. */
  readonly gates: ReadonlyMap<string, Gate>;
  /** With the token. */
  readonly url: string;
  readonly token: string;
  readonly traineeToken: string;
  /** What it printed when it started. */
  readonly printed: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  readonly #stderr: () => string;

  private constructor(child: ChildProcess, folder: string, printed: string, stderr: () => string) {
    this.#child = child;
    this.#ended = once(child, 'close');
    this.#stderr = stderr;
    this.folder = folder;
    this.printed = printed;
    this.gates = new Map(
      [...printed.matchAll(/^(\S+) +(\S+) +(127\.[\d.]+):(\d+)$/gm)].map(([, device, service, host, port]) => [
        `${device} ${service}`,
        { host: host as string, port: Number(port) },
      ]),
    );
    this.url = /The page: (\S+)/.exec(printed)?.[1] ?? '';
    this.token = /token=(\S+)/.exec(this.url)?.[1] ?? '';
    this.traineeToken = /For trainees.*token=(\S+)/.exec(printed)?.[1] ?? '';
  }

  /** Resolves when everything listens; the run's files go to `cwd`/run unless `--out` is given. */
  static async start(args: readonly string[], { cwd, env }: Surroundings): Promise<RunningRange> {
    const given = (name: string, value: string): string[] => (args.includes(name) ? [] : [name, value]);
    const folder = args.includes('--out') ? (args[args.indexOf('--out') + 1] as string) : 'run';
    const all = ['up', ...args, ...given('--port', '0'), ...given('--gates', 'picked'), ...given('--out', folder)];
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...all], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = [collected(child.stdout), collected(child.stderr)];
    // One that never gets ready must not stay behind when its test has given up.
    const limit = setTimeout(() => child.kill('SIGKILL'), START_LIMIT);
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', () => {
        if (stdout().includes('Ctrl-C ends it.')) resolve();
      });
      child.once('close', (code, signal) =>
        reject(new Error(`penstock up ended with ${signal ?? code} before it was ready: ${stderr()}`)),
      );
    }).finally(() => clearTimeout(limit));
    return new RunningRange(child, join(cwd, folder), stdout(), stderr);
  }

  gate(device: string, service = 'modbus'): Gate {
    const gate = this.gates.get(`${device} ${service}`);
    if (gate === undefined) throw new Error(`no gate of ${device} (${[...this.gates.keys()].join(', ')})`);
    return gate;
  }

  /** The API's answer. */
  async api<T>(path: 'state' | 'values'): Promise<T> {
    const response = await fetch(new URL(`/api/${path}`, this.url), {
      headers: { Authorization: `Bearer ${this.token}` },
    });
    return (await response.json()) as T;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end; what has not ended after two minutes is killed, and its signal tells. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<Omit<Outcome, 'stdout'> & { seconds: number }> {
    const asked = performance.now();
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.signal(signal);
    const limit = setTimeout(() => this.signal('SIGKILL'), STOP_LIMIT);
    const [code, by] = (await this.#ended) as [number | null, NodeJS.Signals | null];
    clearTimeout(limit);
    return { code, signal: by, stderr: this.#stderr(), seconds: (performance.now() - asked) / 1000 };
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  json<T>(name: string): T {
    return JSON.parse(readFileSync(this.file(name), 'utf8')) as T;
  }

  has(name: string): boolean {
    return existsSync(this.file(name));
  }
}

/** Asks again until there is an answer. @throws Error after two minutes, for machines that have much else to do */
export async function eventually<T>(ask: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  const until = performance.now() + 120_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > until) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The small plant in a folder of its own, with its text changed. */
export function smallPlantIn(folder: string, change: (text: string) => string): string {
  writeFileSync(join(folder, 'plant.yaml'), change(readFileSync(join(SMALL_PLANT, 'plant.yaml'), 'utf8')));
  for (const name of ['process.ts', 'logic']) symlinkSync(join(SMALL_PLANT, name), join(folder, name));
  return folder;
}
