import type { Server } from 'node:http';
import { hours, inSeconds, UsageError } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import {
  encodeOutside,
  freshness,
  gateServices,
  loadLearned,
  openPlant,
  type Plant,
  Play,
  type RunFolder,
  reachedFromTrainee,
  TRAINEE,
} from '@penstock/range';
import { type GateAddress, type GateService, Gates } from '@penstock/simulator/kernel';
import { type Command, Option } from 'commander';
import { keepSafe, liveClock } from '../live.ts';
import { hourOption, plantReference, portOption, rateOption, seedOption } from '../options.ts';
import { note, print, printTable } from '../output.ts';
import { type OutputOptions, openOutputs, withOutputs } from '../outputs/index.ts';
import { inRunFolder } from '../run-folder.ts';
import { Adversaries } from '../server/adversaries.ts';
import { adversaryRoutes } from '../server/adversary-routes.ts';
import { listenOnLoopback } from '../server/listen.ts';
import { LivePlay } from '../server/live-play.ts';
import { keptTokens, type Tokens } from '../server/roles.ts';
import { apiRoutes } from '../server/routes.ts';
import { type PageServer, servePage } from '../server/server.ts';

interface UpOptions extends OutputOptions {
  readonly rate: number;
  readonly port: number;
  readonly seed: number;
  readonly hour: number;
  readonly zone?: string;
  readonly gates: 'own' | 'picked' | 'none';
  readonly headless?: boolean;
  readonly tokens?: string;
  readonly out?: string;
}

/** A range that is running, and what ends it. */
interface Running {
  readonly plant: Plant;
  readonly folder: RunFolder;
  readonly gates: readonly GateAddress[];
  /** Where everybody of a network is asked at once. */
  readonly everybody: Gates['everybody'];
  /** Services that the firewall keeps from the zone. */
  readonly unreached: readonly GateService[];
  readonly zone: string;
  readonly page: PageServer | undefined;
  /** Ends everything and writes the summary; the plant's time at the end, in seconds. */
  stop(): Promise<number>;
}

/** `penstock up [PLANT]`: runs a range on this machine. */
export function addUp(program: Command): void {
  const command = program
    .command('up')
    .description('run a range on this machine, with a page and gates for real tools')
    .argument('[plant]', 'a plant of `penstock plants`, or a folder with one', 'drinking-water')
    .option('--rate <n>', 'simulated seconds a second', rateOption, 1)
    .option('--port <n>', 'port of the page on 127.0.0.1; 0 picks a free one', portOption, 8080)
    .option('--seed <n>', 'seed of the run', seedOption, 1)
    .option('--hour <n>', 'hour to start at, counted from Monday 00:00', hourOption, 9)
    .option('--zone <zone>', 'zone that tools from this machine join')
    .addOption(
      new Option('--gates <where>', 'own: each device its loopback address; picked: free ports of 127.0.0.1')
        .choices(['own', 'picked', 'none'])
        .default('own'),
    )
    .option('--headless', 'without the page')
    .option('--tokens <file>', "file that keeps the page's tokens, so that open pages come back after a restart");
  withOutputs(command)
    .option('--out <dir>', "folder for the run's files; runs/up-SEED when left out")
    .action(async (id: string, options: UpOptions) => {
      const plant = await openPlant(id);
      const zone = zoneOf(plant, options.zone);
      // First of all the port: a start that cannot have it leaves nothing behind.
      const tokens = options.tokens === undefined ? undefined : keptTokens(options.tokens);
      const http = options.headless ? undefined : await listenOnLoopback(options.port);
      const running = await inRunFolder(options.out, `up-${options.seed}`, (folder) =>
        start(plant, plantReference(id), zone, folder, http, options, tokens),
      ).catch((error: unknown) => {
        http?.close();
        throw error;
      });
      endOnSignal(running);
      tell(running, options);
      if (freshness(plant) !== 'fresh')
        note(
          `What was learned of ${id} is ${freshness(plant)}: the plant starts unsettled and some rules stay silent. Run: penstock learn ${id}`,
        );
    });
}

async function start(
  plant: Plant,
  reference: string,
  zone: string,
  folder: RunFolder,
  http: Server | undefined,
  options: UpOptions,
  tokens: Tokens | undefined,
): Promise<Running> {
  const { seed, hour, rate, gates: where } = options;
  const outputs = openOutputs(options, () => play.range.epoch);
  folder.writeJson('run.json', { kind: 'up', plant: reference, plantHash: plant.hash, seed, hour, zone });
  const live = new LivePlay();
  const play: Play = new Play({
    ...{ plant, seed, folder },
    run: `up-${seed}`,
    startAt: hours(hour),
    learned: loadLearned(plant),
    monitor: { rules: builtInRules(), mode: 'watch', sinks: [live, ...outputs.sinks] },
    guestZone: zone,
    ...live.listeners,
  });
  const clock = liveClock(play, rate);
  const adversaries = new Adversaries();
  const { reached, unreached } = reachedFromTrainee(play.range, where === 'none' ? [] : gateServices(plant));
  const gates = await Gates.open({
    clock,
    wire: play.range.network.wire,
    services: reached,
    from: TRAINEE,
    addresses: where === 'picked' ? 'picked' : 'own',
    causeOf: (gate, remotePort) => adversaries.causeOf(gate, remotePort),
    onRecord: (record) => play.truth.outside(encodeOutside(record)),
  });
  adversaries.serve(play, clock, gates.table, rate, zone);
  live.show(play, clock, gates.table, rate);
  const api = [adversaryRoutes(adversaries), apiRoutes(live)];
  const page = http && servePage(live, http, { api, ...(tokens && { tokens }) });
  clock.start();
  const stopKeeping = keepSafe(play);
  const stop = async (): Promise<number> => {
    stopKeeping();
    clock.stop();
    await Promise.all([gates.close(), page?.close()]);
    const end = play.range.queue.now;
    // Whatever else belongs to this instant; a replay runs it too.
    play.runUntil(end);
    const { simulatedSeconds, packets, hashes, monitor, steps, firstPacket = null } = play.finish();
    const alerts = monitor?.alerts ?? [];
    folder.writeJson('summary.json', {
      kind: 'up',
      ...{ plant: plant.spec.id, seed, simulatedSeconds, end, packets, alerts, firstPacket, hashes },
      // Of adversaries in other processes.
      steps: steps.map(({ at, step, phase, event, detail }) => ({ time: inSeconds(at), step, phase, event, detail })),
    });
    await outputs.close();
    return inSeconds(end);
  };
  return { plant, folder, gates: gates.table, everybody: gates.everybody, unreached, zone, page, stop };
}

/** A signal may come twice: to the whole group, and from the process that started this one. */
function endOnSignal(running: Running): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void running.stop().then((seconds) => {
        note(`Ended after ${Math.round(seconds)} s of plant time.`);
        process.exit(0);
      });
    });
}

function tell({ plant, folder, gates, everybody, unreached, zone, page }: Running, { seed, rate }: UpOptions): void {
  print(`${plant.spec.name} is running (seed ${seed}, ×${rate}); files in ${folder.path}`);
  print();
  if (gates.length + unreached.length > 0) {
    printTable([
      ...gates.map((gate) => [gate.device, serviceName(gate), `${gate.host}:${gate.port}`]),
      ...everybody.map(({ service, broadcast, host, port }) => [
        `everybody at ${broadcast}`,
        `${service}/udp`,
        `${host}:${port}`,
      ]),
      ...unreached.map((service) => [service.device, serviceName(service), `not reachable from ${zone}`]),
    ]);
    print();
    print(`Real tools reach the devices at these addresses; on the plant's network they come from zone '${zone}'.`);
  }
  if (page) {
    print(`The page: ${page.urls.instructor}`);
    print(`For trainees, who see what instruments and monitor say: ${page.urls.trainee}`);
  }
  print('Ctrl-C ends it.');
}

const serviceName = ({ service, transport }: Pick<GateService, 'service' | 'transport'>): string =>
  transport === 'udp' ? `${service}/udp` : service;

/** The zone asked for, or where a tool reaches most: the one with the most controllers that listen. @throws UsageError `up.zone` */
function zoneOf({ spec }: Plant, asked: string | undefined): string {
  const zones = spec.zones.map((zone) => zone.id);
  if (asked !== undefined && !zones.includes(asked))
    throw new UsageError('up.zone', `plant '${spec.id}' has no zone '${asked}'; it has ${zones.join(', ')}`);
  const controllers = (zone: string): number =>
    spec.devices.filter((device) => device.zone === zone && device.controller && device.services.length > 0).length;
  return asked ?? (zones.sort((a, b) => controllers(b) - controllers(a))[0] as string);
}
