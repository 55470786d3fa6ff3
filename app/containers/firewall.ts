/**
 * The firewall of a range in containers: a router between the zones' bridges whose rules are the plant's conduits. It needs NET_ADMIN, which
 * not this process has but three programs that it starts (`nft`, `busybox`, `tcpdump`, with the capability on the file).
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Instant, PenstockError, type PlantSpec } from '@penstock/core';
import { captureLive, type LiveCapture } from '@penstock/monitor';
import { type FirewallDrop, firewallMacs } from '@penstock/simulator/kernel';
import type { FirewallControl } from './agent.ts';
import { dropOf, LINKTYPE_NFLOG, readNflog } from './firewall-drops.ts';
import { interfaceIn, placing, surroundings } from './firewall-place.ts';
import type { Layout } from './layout.ts';
import { layoutOf } from './layout.ts';
import type { Begin } from './link.ts';
import { DROP_GROUP, rulesetOf } from './nftables.ts';

/** Where the image has the programs that carry the capability. */
const TOOLS = '/usr/lib/penstock';
/** How often it looks whether the engine has taken a network away or given one back. */
const LOOK_EVERY_MS = 1000;
const WATCH_AGAIN_MS = 1000;
/** A program that has not ended by then never will. */
const PATIENCE_MS = 20_000;

export interface ContainerFirewallOptions {
  /** Folder with nft, busybox and tcpdump. */
  readonly tools?: string;
  /** Microseconds since 1970 at the run's start: drops are told in the run's time. */
  readonly origin?: number;
  /** What goes wrong while it runs and is tried again. */
  readonly note?: (text: string) => void;
}

class ContainerFirewall {
  readonly #plant: PlantSpec;
  readonly #layout: Layout;
  readonly #onDrop: (drop: FirewallDrop) => void;
  readonly #options: Required<ContainerFirewallOptions>;
  readonly #revoked = new Set<string>();
  /** Zone by index of the interface in it. */
  readonly #zones = new Map<number, string>();
  /** What is done to the kernel is done one after the other. */
  #last: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #capture: LiveCapture | undefined;
  #watching: Promise<void> = Promise.resolve();
  #stopped = false;

  private constructor(
    plant: PlantSpec,
    layout: Layout,
    onDrop: (drop: FirewallDrop) => void,
    options: ContainerFirewallOptions,
  ) {
    this.#plant = plant;
    this.#layout = layout;
    this.#onDrop = onDrop;
    this.#options = { tools: TOOLS, origin: 0, note: () => {}, ...options };
  }

  /**
   * Puts the rules in force, then takes its place in the zones, so that nothing passes before it may. `plant` is the plant as its options
   * make it; `onDrop` hears of what was dropped, at most some hundred times a second.
   * @throws PenstockError `firewall.program` when nft or busybox cannot be run or refuses
   */
  static async start(
    plant: PlantSpec,
    layout: Layout,
    onDrop: (drop: FirewallDrop) => void,
    options: ContainerFirewallOptions = {},
  ): Promise<ContainerFirewall> {
    const firewall = new ContainerFirewall(plant, layout, onDrop, options);
    await firewall.reload();
    await firewall.#place();
    firewall.#watching = firewall.#watch();
    firewall.#timer = setInterval(() => void firewall.#look(), LOOK_EVERY_MS);
    return firewall;
  }

  /** Takes every rule of a conduit away and cuts what runs through it. @throws PenstockError `firewall.conduit` */
  async revoke(conduit: string): Promise<void> {
    // Whoever names a wrong one must not find it among the revoked later on.
    rulesetOf(this.#plant, this.#layout, new Set([conduit]));
    this.#revoked.add(conduit);
    await this.reload();
  }

  /** The rules anew, in one transaction: nothing passes in between that may not, and what stands goes on. */
  reload(): Promise<void> {
    return this.#inTurn(() => this.#run('nft', ['-f', '-'], rulesetOf(this.#plant, this.#layout, this.#revoked)));
  }

  /** Ends the watching; the rules stay in force. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#capture?.stop();
    await Promise.allSettled([this.#watching, this.#last]);
  }

  async #look(): Promise<void> {
    try {
      await this.#place();
    } catch (error) {
      this.#options.note((error as Error).message);
    }
  }

  #place(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#stopped) return;
      const lines = placing(this.#layout, firewallMacs(this.#plant), surroundings());
      for (const line of lines) await this.#run('busybox', line.split(' '));
      if (lines.length === 0 && this.#zones.size === this.#layout.zones.length) return;
      this.#zones.clear();
      const now = surroundings();
      for (const zone of this.#layout.zones) {
        const name = interfaceIn(zone, now);
        if (name !== undefined)
          this.#zones.set(Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')), zone.id);
      }
    });
  }

  /** Listens to the kernel's drops until the end; what breaks off is begun again. */
  async #watch(): Promise<void> {
    while (!this.#stopped) {
      try {
        this.#capture = captureLive(
          `nflog:${DROP_GROUP}`,
          { frame: (time, buffer, start, end, linkType) => this.#dropped(time, buffer, start, end, linkType) },
          { command: `${this.#options.tools}/tcpdump` },
        );
        await this.#capture.done;
      } catch (error) {
        this.#options.note(`the firewall's drops are not heard of: ${(error as Error).message}`);
      }
      if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, WATCH_AGAIN_MS));
    }
  }

  #dropped(time: number, buffer: Uint8Array, start: number, end: number, linkType: number): void {
    if (this.#stopped || linkType !== LINKTYPE_NFLOG) return;
    const record = readNflog(buffer, start, end);
    if (record === undefined) return;
    const at = Math.round(time - this.#options.origin) as Instant;
    const drop = dropOf(record, this.#zones.get(record.from) ?? '', at);
    if (drop !== undefined) this.#onDrop(drop);
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const done = this.#last.then(action);
    this.#last = done.catch(() => {});
    return done;
  }

  #run(program: string, args: readonly string[], input = ''): Promise<void> {
    const path = `${this.#options.tools}/${program}`;
    return new Promise((resolve, reject) => {
      const child = spawn(path, args, { stdio: ['pipe', 'ignore', 'pipe'], timeout: PATIENCE_MS });
      let said = '';
      child.stderr.on('data', (text: Buffer) => {
        said = (said + text.toString('utf8')).slice(-2000);
      });
      const refused = (why: string): PenstockError =>
        new PenstockError('firewall.program', `${path} ${args.join(' ')}: ${why}; the container needs NET_ADMIN`);
      child.on('error', (error) => reject(refused(error.message)));
      child.on('close', (code) => {
        if (code === 0) resolve();
        else reject(refused(said.trim() || `ended with ${code}`));
      });
      // A program that could not be started has said so already.
      child.stdin.on('error', () => {});
      child.stdin.end(input);
    });
  }
}

/** The firewall of one container through all of its runs: each run's rules take the place of those before in one transaction. */
export class FirewallOfRuns {
  readonly #options: Omit<ContainerFirewallOptions, 'origin'>;
  readonly #note: (text: string) => void;
  /** The one before has ended. */
  #before: Promise<unknown> = Promise.resolve();
  #firewall: Promise<ContainerFirewall> | undefined;

  constructor(options: Omit<ContainerFirewallOptions, 'origin'> = {}) {
    this.#options = options;
    this.#note = options.note ?? (() => {});
  }

  /** As its agent asks for it. */
  begin({ plant, origin }: Begin, dropped: (drop: FirewallDrop) => void): FirewallControl {
    const firewall = this.#before.then(() =>
      ContainerFirewall.start(plant, layoutOf(plant), dropped, { ...this.#options, origin }),
    );
    this.#firewall = firewall;
    this.#before = firewall.catch((error: Error) => this.#note(error.message));
    return {
      revoke: (conduit) => this.#do(firewall, (it) => it.revoke(conduit)),
      stop: () => {
        this.#before = firewall.then((it) => it.stop()).catch(() => {});
      },
    };
  }

  /** The rules of the run anew: nothing passes in between that may not, and what stands goes on. */
  reload(): void {
    if (this.#firewall) this.#do(this.#firewall, (it) => it.reload());
  }

  #do(firewall: Promise<ContainerFirewall>, action: (it: ContainerFirewall) => Promise<void>): void {
    firewall.then(action).catch((error: Error) => this.#note(error.message));
  }
}
