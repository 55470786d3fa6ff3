/** Networks of the kernel's own for tests: namespaces, bridges and virtual cables, gone at the end whatever happens. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';

const run = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });

/** Whether namespaces and virtual cables can be made here: that takes Linux and root. */
export const canBuildNetworks = (() => {
  const name = `pst${process.pid}probe`;
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  if (spawnSync('ip', ['netns', 'add', name], { stdio: 'ignore' }).status !== 0) return false;
  const bridge = spawnSync('ip', ['-n', name, 'link', 'add', 'b0', 'type', 'bridge'], { stdio: 'ignore' }).status === 0;
  const cable = spawnSync('ip', ['-n', name, 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1'], {
    stdio: 'ignore',
  });
  spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
  return bridge && cable.status === 0;
})();

export class Lab {
  readonly #prefix: string;
  readonly #namespaces: string[] = [];
  readonly #children: ChildProcess[] = [];
  #cables = 0;

  constructor(name: string) {
    this.#prefix = `pst${process.pid}${name}`;
    this.namespace('host');
  }

  /** Name of the namespace as `ip netns` knows it. */
  of(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  /** A network namespace of its own; `host` is there from the start. Forwards nothing. */
  namespace(name: string): void {
    run('ip', ['netns', 'add', this.of(name)]);
    this.#namespaces.push(this.of(name));
    this.ip(name, 'link', 'set', 'lo', 'up');
    for (const key of [
      'net.ipv6.conf.all.disable_ipv6=1',
      'net.ipv6.conf.default.disable_ipv6=1',
      'net.ipv4.ip_forward=0',
    ])
      this.in(name, 'sysctl', '-q', '-w', key);
  }

  /** Runs `ip` in a namespace. */
  ip(namespace: string, ...args: string[]): string {
    return run('ip', ['-n', this.of(namespace), ...args]);
  }

  /** Runs a command in a namespace to its end. */
  in(namespace: string, command: string, ...args: string[]): string {
    return run('ip', ['netns', 'exec', this.of(namespace), command, ...args]);
  }

  /** One datagram to the discard port. */
  nudge(namespace: string, address: string): void {
    this.in(namespace, 'bash', '-c', `echo nudge > /dev/udp/${address}/9`);
  }

  /** Starts a program in a namespace. Its standard output is a pipe. */
  start(namespace: string, command: string, ...args: string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.of(namespace), command, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    return child;
  }

  /** A Node program, given as the text of a module. Resolves when it prints a line. */
  async node(namespace: string, module: string): Promise<ChildProcess> {
    const child = this.start(namespace, process.execPath, '--input-type=module', '-e', module);
    await new Promise<void>((resolve, reject) => {
      child.stdout?.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`a program in ${namespace} ended with code ${code}`)));
    });
    return child;
  }

  bridge(name: string): void {
    this.ip('host', 'link', 'add', name, 'type', 'bridge');
    this.ip('host', 'link', 'set', name, 'up');
  }

  /** A cable from a namespace's interface to a bridge. */
  plug(namespace: string, name: string, bridge: string, address: string, mac: string): void {
    const port = `p${++this.#cables}`;
    const peer = ['peer', 'name', name, 'address', mac, 'netns', this.of(namespace)];
    this.ip('host', 'link', 'add', port, 'type', 'veth', ...peer);
    this.ip('host', 'link', 'set', port, 'master', bridge, 'up');
    this.ip(namespace, 'addr', 'add', address, 'dev', name);
    this.ip(namespace, 'link', 'set', name, 'up');
  }

  async close(): Promise<void> {
    for (const child of this.#children) await ended(child);
    for (const namespace of this.#namespaces) spawnSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' });
  }
}

/** Ends a program and waits for it. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
