/**
 * The range of a plant whose devices are containers: the process, the one writer of the journals, the monitor over the frames that the sensor
 * sends, scenarios, and the page. A run that was interrupted goes on where it was.
 */
import type { Server } from 'node:http';
import { join } from 'node:path';
import { hours, type Instant, inSeconds } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import { loadLearned, openPlant, type Plant, Play, RunFolder } from '@penstock/range';
import type { PacedClock } from '@penstock/simulator/kernel';
import { liveClock } from '../live.ts';
import { note, print } from '../output.ts';
import { Adversaries } from '../server/adversaries.ts';
import { adversaryRoutes } from '../server/adversary-routes.ts';
import { listenAt } from '../server/listen.ts';
import { LivePlay } from '../server/live-play.ts';
import { keptTokens, type Tokens } from '../server/roles.ts';
import { apiRoutes } from '../server/routes.ts';
import { answerApi, servePage } from '../server/server.ts';
import { serveAttackBox } from './attack-door.ts';
import { CauseBook } from './cause-book.ts';
import { FrameFeed } from './frame-feed.ts';
import { Hub } from './hub.ts';
import { layoutOf, MANAGEMENT_PORT, PAGE_PORT, RUNS, SENSOR_SOCKET } from './layout.ts';
import { resetRoute } from './reset.ts';
import { forgetResume, type Resume, readResume, writeResume } from './resume.ts';
import { wallMicroseconds } from './wall.ts';

export interface RangeRoleOptions {
  readonly plant: string;
  readonly seed: number;
  readonly hour: number;
  readonly version: string;
  /** Port of the host's loopback that the page is published on, for the address that is printed. */
  readonly publishedPort: number;
  /** For tests without containers: addresses, sockets and folder of their own. */
  readonly at?: {
    readonly management: { readonly host: string; readonly port: number };
    readonly page: { readonly host: string; readonly port: number };
    readonly sensorSocket: string;
    readonly runs: string;
  };
}

const COMMIT_EVERY_MS = 1000;
/** Containers of a plant come one after the other. */
const GATHER_MS = 45_000;
/** Who was in the run comes back by itself within a second. */
const GATHER_AGAIN_MS = 5000;

/** Plays runs until `ended` resolves; what was asked for then: another run, or the end. */
export class RangeRole {
  readonly #options: RangeRoleOptions;
  readonly #plant: Plant;
  readonly #hub: Hub;
  readonly #feed: FrameFeed;
  readonly #causes: CauseBook;
  readonly #tokens: Tokens;
  readonly #runs: string;
  readonly #resumeFile: string;
  #onFrame: ((bytes: Uint8Array, time: number) => void) | undefined;
  #stopping = false;
  /** A run has been played by this process: who is to take part is there already. */
  #played = false;
  #reset: () => void = () => {};

  private constructor(options: RangeRoleOptions, plant: Plant, hub: Hub, feed: FrameFeed, causes: CauseBook) {
    this.#options = options;
    this.#plant = plant;
    this.#hub = hub;
    this.#feed = feed;
    this.#causes = causes;
    this.#runs = options.at?.runs ?? RUNS;
    this.#tokens = keptTokens(join(this.#runs, 'tokens.json'));
    this.#resumeFile = join(this.#runs, 'resume.json');
  }

  static async start(options: RangeRoleOptions): Promise<RangeRole> {
    const plant = await openPlant(options.plant);
    const layout = layoutOf(plant.spec);
    const causes = new CauseBook({ zones: layout.zones });
    const hub = await Hub.listen({
      plant: plant.spec,
      layout,
      version: options.version,
      ...(options.at?.management ?? { host: layout.management.range, port: MANAGEMENT_PORT }),
      checkAddresses: options.at === undefined,
      note,
      onMarks: (marks) => causes.mark(marks),
      causeOf: (address, port) => causes.causeOfWriter(address, port),
    });
    let role: RangeRole | undefined;
    const feed = await FrameFeed.open({
      socket: options.at?.sensorSocket ?? SENSOR_SOCKET,
      zones: layout.zones.map(({ id }) => id),
      onFrame: (bytes, time) => {
        if (role) role.#onFrame?.(bytes, time);
      },
      onSensor: (present) => note(present ? 'The sensor is there.' : 'The sensor is gone: nobody sees the network.'),
      note,
    });
    role = new RangeRole(options, plant, hub, feed, causes);
    return role;
  }

  /** Plays run after run until `stop`. */
  async play(): Promise<void> {
    let resume = readResume(this.#resumeFile, this.#options.version, this.#plant.hash);
    while (!this.#stopping) {
      await this.#playOne(resume);
      resume = undefined;
    }
    await Promise.all([this.#hub.close(), this.#feed.close()]);
  }

  /** Ends the run and the role. */
  stop(): void {
    this.#stopping = true;
    this.#reset();
  }

  async #playOne(resume: Resume | undefined): Promise<void> {
    const { seed, hour } = resume ?? this.#options;
    const missing = await this.#hub.gathered(resume || this.#played ? GATHER_AGAIN_MS : GATHER_MS);
    this.#played = true;
    if (this.#stopping) return;
    if (missing.length > 0) note(`Not there yet: ${missing.join(', ')}; scenarios cannot touch them in this run.`);
    const plant = this.#plant;
    const folder = RunFolder.next(this.#runs, `docker-${seed}`);
    const run = resume?.run ?? `docker-${seed}-${Math.round(wallMicroseconds() / 1e6)}`;
    folder.writeJson('run.json', {
      kind: 'docker',
      plant: plant.spec.id,
      plantHash: plant.hash,
      seed,
      hour,
      part: resume?.parts ?? 0,
    });
    const live = new LivePlay();
    const play: Play = new Play({
      ...{ plant, seed, folder, run },
      startAt: hours(hour),
      learned: loadLearned(plant),
      monitor: { rules: builtInRules(), mode: 'watch', sinks: [live] },
      site: this.#hub,
      ...(resume && { from: resume.from }),
      ...live.listeners,
    });
    const clock = liveClock(play, 1);
    live.show(play, clock, [], 1);
    const adversaries = new Adversaries();
    adversaries.serve(play, clock, [], 1, '');
    const page = await this.#serve(live, adversaries);
    const door = await serveAttackBox(
      this.#tokens.instructor,
      (marks) => this.#causes.mark(marks),
      (routes) => answerApi(live, this.#tokens, [adversaryRoutes(adversaries), ...routes]),
    );
    const origin = resume?.origin ?? wallMicroseconds();
    // What happened while nobody was there: the process went on.
    play.runUntil(Math.floor(wallMicroseconds() - origin) as Instant);
    this.#observe(play, clock, origin);
    clock.start();
    this.#hub.begin({ play, clock, options: {}, origin, ...(resume && { kept: resume.kept }) });
    print(`${plant.spec.name} runs in containers (${run}); files in ${folder.path}`);
    print(`The page: http://127.0.0.1:${this.#options.publishedPort}/#token=${this.#tokens.instructor}`);
    print(`For trainees: http://127.0.0.1:${this.#options.publishedPort}/#token=${this.#tokens.trainee}`);
    if (resume)
      live.listeners.onActivity?.(play.range.queue.now, 'The range was interrupted, and goes on with this run.');
    const keeping = setInterval(() => {
      play.commit();
      const kept = this.#hub.kept();
      const from = { at: play.range.queue.now, process: play.range.engine.save() };
      writeResume(this.#resumeFile, {
        ...{ version: this.#options.version, plant: plant.hash, run, seed, hour, origin, from, kept },
        parts: (resume?.parts ?? 0) + 1,
      });
    }, COMMIT_EVERY_MS);
    await new Promise<void>((resolve) => {
      this.#reset = resolve;
      if (this.#stopping) resolve();
    });
    clearInterval(keeping);
    clock.stop();
    this.#onFrame = undefined;
    await Promise.all([page.close(), door?.close()]);
    this.#hub.forget();
    const { simulatedSeconds, packets, hashes, monitor, steps } = play.finish();
    folder.writeJson('summary.json', {
      kind: 'docker',
      ...{ plant: plant.spec.id, seed, simulatedSeconds, packets, alerts: monitor?.alerts ?? [], hashes },
      steps: steps.map(({ at, step, phase, event, detail }) => ({ time: inSeconds(at), step, phase, event, detail })),
    });
    forgetResume(this.#resumeFile);
    print(`Ended after ${Math.round(simulatedSeconds)} s.`);
  }

  /** Frames go past the run's tap as if they had been on its own wire. */
  #observe(play: Play, clock: PacedClock, origin: number): void {
    const { tap } = play.range.network.wire;
    this.#onFrame = (bytes, wall) => {
      const at = Math.floor(wall - origin);
      // From before this run.
      if (at < 0) return;
      const found = this.#causes.causeOf(bytes, wall);
      clock.outside({
        run: () => tap.observe(bytes, 0, bytes.length, at as Instant, found?.cause, found?.response),
      });
    };
  }

  async #serve(live: LivePlay, adversaries: Adversaries) {
    const { host, port } = this.#options.at?.page ?? { host: '0.0.0.0', port: PAGE_PORT };
    const http: Server = await listenAt(host, port);
    // The management network is not for people: the page answers where the host publishes it, and inside of this container.
    const own = new Set([layoutOf(this.#plant.spec).page.range, '127.0.0.1', host]);
    http.on('connection', (socket) => {
      if (!own.has(socket.localAddress ?? '')) socket.destroy();
    });
    const api = [resetRoute(() => this.#reset()), adversaryRoutes(adversaries), apiRoutes(live)];
    return servePage(live, http, { api, tokens: this.#tokens });
  }
}
