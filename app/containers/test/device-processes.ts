/** A plant whose devices are processes of their own, here in one: agents on loopback addresses, the range's hub between them. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seconds } from '@penstock/core';
import { openPlant, type Plant, Play, type PlayRequest } from '@penstock/range';
import { type Mark, PacedClock } from '@penstock/simulator/kernel';
import { DeviceAgent } from '../agent.ts';
import { CauseBook } from '../cause-book.ts';
import { Hub } from '../hub.ts';
import { layoutOf } from '../layout.ts';
import { wallMicroseconds } from '../wall.ts';

/** Devices listen at the ports of their trade, which takes root. */
export const mayListen = process.platform === 'linux' && process.getuid?.() === 0;

const GATHER_MS = 120_000;
const TESTS = fileURLToPath(new URL('../../../range/test', import.meta.url));

export class DeviceProcesses {
  readonly plant: Plant;
  readonly marks: Mark[] = [];
  readonly notes: string[] = [];
  readonly #folder: string;
  readonly #agents = new Map<string, DeviceAgent>();
  readonly #causes = new CauseBook();
  #hub: Hub | undefined;
  #play: Play | undefined;
  #clock: PacedClock | undefined;
  #runs = 0;

  private constructor(plant: Plant, folder: string) {
    this.plant = plant;
    this.#folder = folder;
  }

  /**
   * Starts a plant of range/test with its networks on the loopback, and a run in it.
   * @param change of `plant.yaml`; it has to put every address on the loopback, at some that no other test has
   */
  static async start(
    name: string,
    change: (text: string) => string,
    request: Omit<Partial<PlayRequest>, 'plant'> = {},
  ): Promise<DeviceProcesses> {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-test-'));
    const from = join(TESTS, name);
    writeFileSync(join(folder, 'plant.yaml'), change(readFileSync(join(from, 'plant.yaml'), 'utf8')));
    writeFileSync(join(folder, 'process.ts'), `export { default } from ${JSON.stringify(join(from, 'process.ts'))};\n`);
    symlinkSync(join(from, 'logic'), join(folder, 'logic'));
    const processes = new DeviceProcesses(await openPlant(folder), folder);
    await processes.#begin(request);
    return processes;
  }

  get play(): Play {
    return this.#play as Play;
  }

  get clock(): PacedClock {
    return this.#clock as PacedClock;
  }

  /** A device's controller as the range has it: a copy that the process sends. */
  controller(device: string) {
    const found = this.play.range.devices.get(device)?.controller;
    if (found === undefined) throw new Error(`'${device}' has no controller`);
    return found;
  }

  displayed(tag: string): number {
    const { range } = this.play;
    return range.displayed.values[range.engine.tagIndex(tag)] as number;
  }

  /** Starts a device's process. */
  switchOn(device: string): void {
    const agent = new DeviceAgent({
      ...{ device, version: 'test', range: { host: '127.0.0.1', port: this.#hub?.port ?? 0 } },
      note: (text) => this.notes.push(text),
    });
    agent.start();
    this.#agents.set(device, agent);
  }

  /** Ends it. */
  async kill(device: string): Promise<void> {
    await this.#agents.get(device)?.stop();
  }

  async #begin(request: Omit<Partial<PlayRequest>, 'plant'>): Promise<void> {
    const { plant } = this;
    const hub = await Hub.listen({
      ...{ plant: plant.spec, layout: layoutOf(plant.spec), version: 'test', host: '127.0.0.1', port: 0 },
      checkAddresses: false,
      note: (text) => this.notes.push(text),
      onMarks: (some) => {
        this.marks.push(...some);
        this.#causes.mark(some);
      },
      causeOf: (address, port) => this.#causes.causeOfWriter(address, port),
    });
    this.#hub = hub;
    for (const { id } of plant.spec.devices) this.switchOn(id);
    const missing = await hub.gathered(GATHER_MS);
    if (missing.length > 0) throw new Error(`not there: ${missing.join(', ')}`);
    this.#run(hub, request);
  }

  #run(hub: Hub, request: Omit<Partial<PlayRequest>, 'plant'>): void {
    const { plant } = this;
    const run = `test-${++this.#runs}`;
    const play: Play = new Play({ run, seed: 3, startAt: seconds(0), ...request, plant, site: hub });
    this.#play = play;
    this.#clock = new PacedClock(play.range.queue);
    const origin = wallMicroseconds();
    this.#clock.start();
    hub.begin({ play, clock: this.#clock, options: {}, origin });
  }

  /** Ends the run and begins another with the same processes. */
  reset(): void {
    this.#end();
    this.#run(this.#hub as Hub, {});
  }

  #end(): void {
    this.#clock?.stop();
    this.#hub?.forget();
    this.#play?.truth.close();
  }

  async stop(): Promise<void> {
    this.#end();
    for (const agent of this.#agents.values()) await agent.stop();
    await this.#hub?.close();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
