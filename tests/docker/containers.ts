/** A range in containers, as its users start it: from the compose file that the command prints, on this machine's engine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyframeMessage } from '@penstock/core';
import { penstock } from '../penstock.ts';
import { BUILD_LIMIT, composed, docker, ROOT, run, type Said } from './engine.ts';

const PROJECT = 'penstock-test';
/** Another than the page's, where somebody may run a range beside the tests. */
const PORT = 18_080;
const UP_LIMIT = 300_000;
const TOOL_LIMIT = 120_000;

export type Image = 'penstock' | 'penstock-attack-box';

export interface ContainerState {
  readonly service: string;
  readonly health: string;
  readonly restarts: number;
  readonly startedAt: string;
  readonly running: boolean;
}

export class ContainerRange {
  readonly #plant: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'penstock-docker-'));
  #file = '';

  constructor(plant = 'drinking-water') {
    this.#plant = plant;
  }

  /** Writes the compose file that `penstock compose` prints with these options. */
  async configure(...options: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await penstock(['compose', this.#plant, ...options], { cwd: ROOT });
    if (code !== 0) throw new Error(stderr);
    this.#file = join(this.#folder, 'docker-compose.yml');
    writeFileSync(this.#file, stdout);
  }

  /** Builds a service's image, from what is built already where nothing has changed. */
  build(service: string): Said {
    return this.compose(['build', service], BUILD_LIMIT);
  }

  /** Brings it up, or changes what runs to what the file says now. */
  up(): Said {
    return this.compose(['up', '--detach', '--no-build'], UP_LIMIT);
  }

  compose(words: readonly string[], limit = 120_000): Said {
    const env = { PENSTOCK_PORT: String(PORT) };
    const project = ['--project-name', PROJECT, '--project-directory', ROOT, '--file', this.#file];
    return composed([...project, ...words], { env, limit });
  }

  /** Runs something in a service's container. */
  exec(service: string, command: readonly string[], { input, limit }: { input?: string; limit?: number } = {}): Said {
    return run('docker', ['exec', ...(input === undefined ? [] : ['-i']), this.container(service), ...command], {
      ...(input !== undefined && { input }),
      ...(limit !== undefined && { limit }),
    });
  }

  /**
   * Runs a tool in a container of its own that has a service's network, as somebody who has that host would: what it sends comes from there,
   * and takes none of the service's memory.
   */
  beside(service: string, image: Image, command: readonly [string, ...string[]], input?: string): Said {
    return this.#tool(['--network', `container:${this.container(service)}`], image, command, input);
  }

  /** The same as somebody who was plugged into a zone. */
  plugged(zone: string, address: string, image: Image, command: readonly [string, ...string[]]): Said {
    return this.#tool(['--network', `${PROJECT}_${zone}`, '--ip', address], image, command);
  }

  #tool(
    where: readonly string[],
    image: Image,
    [entry, ...words]: readonly [string, ...string[]],
    input?: string,
  ): Said {
    const label = ['--label', `io.penstock.plant=${this.#plant}`];
    const all = ['run', '--rm', '-i', ...label, ...where, '--entrypoint', entry, image, ...words];
    return run('docker', all, { ...(input !== undefined && { input }), limit: TOOL_LIMIT });
  }

  /** Name of a service's container, whichever compose made it. */
  container(service: string): string {
    const found = this.states().find((state) => state.service === service);
    if (found === undefined) throw new Error(`there is no container of '${service}'`);
    return found.name;
  }

  states(): (ContainerState & { readonly name: string })[] {
    const ids = docker('ps', '--all', '--quiet', '--filter', `label=com.docker.compose.project=${PROJECT}`);
    const all = ids.stdout.split('\n').filter((id) => id !== '');
    if (all.length === 0) return [];
    const format = [
      '{{index .Config.Labels "com.docker.compose.service"}}',
      '{{.Name}}',
      '{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}',
      '{{.RestartCount}}',
      '{{.State.StartedAt}}',
      '{{.State.Running}}',
    ].join('\t');
    return docker('inspect', '--format', format, ...all)
      .stdout.trim()
      .split('\n')
      .map((line) => {
        const [service = '', name = '', health = '', restarts, startedAt = '', running] = line.split('\t');
        return {
          ...{ service, health, startedAt, name: name.slice(1) },
          restarts: Number(restarts),
          running: running === 'true',
        };
      });
  }

  /** Services that have a health check and are not green. */
  ill(): string[] {
    return this.states()
      .filter(({ health, running }) => !running || (health !== 'healthy' && health !== 'none'))
      .map(({ service, health }) => `${service} ${health}`);
  }

  /** @throws Error with what is not well, and the range's last words, after `milliseconds` */
  async untilWell(milliseconds: number): Promise<void> {
    const until = performance.now() + milliseconds;
    for (let ill = this.ill(); ill.length > 0; ill = this.ill()) {
      if (performance.now() > until) throw new Error(`not well: ${ill.join(', ')}\n${this.logs('range')}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** Memory in MiB and share of one core in per cent of every service, at this moment. */
  used(): { readonly service: string; readonly mebibytes: number; readonly processor: number }[] {
    const services = new Map(this.states().map(({ service, name }) => [name, service]));
    const { stdout } = docker('stats', '--no-stream', '--format', '{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}');
    return stdout.split('\n').flatMap((line) => {
      const [, name = '', processor, memory, unit] = /^(.+)\t([\d.]+)%\t([\d.]+)([KMG])iB/.exec(line) ?? [];
      const service = services.get(name);
      if (service === undefined) return [];
      const mebibytes = Number(memory) * { K: 1 / 1024, M: 1, G: 1024 }[unit as 'K' | 'M' | 'G'];
      return [{ service, mebibytes, processor: Number(processor) }];
    });
  }

  /** Everything that runs now, with when it was started: what a fault elsewhere must not change. */
  started(): Record<string, string> {
    return Object.fromEntries(this.states().map(({ service, startedAt }) => [service, startedAt]));
  }

  token(role: 'instructor' | 'trainee' = 'instructor'): string {
    const { stdout } = this.exec('range', ['cat', '/var/lib/penstock/tokens.json']);
    return (JSON.parse(stdout) as Record<string, string>)[role] ?? '';
  }

  /** GET /api/…, or POST with a body; undefined while nobody answers. */
  async api<T>(path: string, body?: unknown): Promise<T | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${PORT}/api/${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        // The engine's commands block for seconds, in which a kept connection would be closed unseen.
        headers: { Authorization: `Bearer ${this.token()}`, 'Content-Type': 'application/json', Connection: 'close' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(10_000),
      });
      return response.ok ? ((await response.json().catch(() => ({}))) as T) : undefined;
    } catch {
      return undefined;
    }
  }

  state = (): Promise<KeyframeMessage | undefined> => this.api<KeyframeMessage>('state');

  /** The same of a range that is there: a busy machine may leave one question unanswered. @throws Error with the range's last words */
  async stateNow(): Promise<KeyframeMessage> {
    for (let tries = 0; tries < 20; tries++) {
      const found = await this.state();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error(`the range does not answer: ${this.logs('range')}`);
  }

  /** Path of a copy, on this machine, of a file of the newest run, or of the one that was first. */
  copyOf(name: string, which: 'newest' | 'first' = 'newest'): string {
    const end = which === 'newest' ? 'head' : 'tail';
    const folder = this.exec('range', ['sh', '-c', `ls -td /var/lib/penstock/docker-* | ${end} -n 1`]).stdout.trim();
    const here = join(this.#folder, name);
    docker('cp', `${this.container('range')}:${folder}/${name}`, here);
    return here;
  }

  /** Plays a scenario from the attack box's agent, to its end. */
  async fromBox(scenario: string, zone: string): Promise<Said> {
    // A scenario's id is its file's name.
    const file = `/tmp/${/^id: (\S+)$/m.exec(scenario)?.[1]}.yaml`;
    const command = `cat > ${file} && penstock adversary ${file} --box ${zone} --now --json`;
    const child = spawn('docker', ['exec', '-i', this.container('attack-agent'), 'sh', '-c', command], {
      timeout: UP_LIMIT,
      killSignal: 'SIGKILL',
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].on('data', (chunk) => {
        said[stream] += chunk;
      });
    child.stdin.end(scenario);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...said };
  }

  logs(service: string): string {
    const { stdout, stderr } = docker('logs', '--tail', '50', this.container(service));
    return stdout + stderr;
  }

  /** Takes every container, network and volume of the tests' project away. */
  clear(): void {
    this.compose(['down', '--volumes', '--remove-orphans', '--timeout', '20']);
  }

  down(): void {
    if (this.#file !== '') this.clear();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
