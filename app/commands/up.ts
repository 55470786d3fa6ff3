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
  RunFolder,
  TRAINEE,
} from '@penstock/range';
import { Gates } from '@penstock/simulator/kernel';
import type { Command } from 'commander';
import { liveClock } from '../live.ts';
import { plantReference, portOption, rateOption, seedOption } from '../options.ts';
import { note, print, printTable } from '../output.ts';
import { LivePlay } from '../server/live-play.ts';
import { servePage } from '../server/server.ts';

interface UpOptions {
  readonly rate: number;
  readonly port: number;
  readonly seed: number;
  readonly hour: number;
  readonly zone?: string;
  readonly headless?: boolean;
  readonly out?: string;
}

/** Journals are made safe this often. */
const COMMIT_EVERY_MS = 1000;

/** `penstock up [PLANT]`: runs a range on this machine. */
export function addUp(program: Command): void {
  program
    .command('up')
    .description('run a range on this machine, with a page and gates for real tools')
    .argument('[plant]', 'a plant of `penstock plants`', 'drinking-water')
    .option('--rate <n>', 'simulated seconds a second', rateOption, 1)
    .option('--port <n>', 'port of the page on 127.0.0.1', portOption, 8080)
    .option('--seed <n>', 'seed of the run', seedOption, 1)
    .option('--hour <n>', 'hour of the day to start at', hourOption, 9)
    .option('--zone <zone>', 'zone that tools from this machine join')
    .option('--headless', 'without the page')
    .option('--out <dir>', "folder for the run's files; runs/up-SEED when left out")
    .action(async (id: string, options: UpOptions) => {
      const plant = await openPlant(id);
      if (freshness(plant) !== 'fresh')
        note(
          `What was learned of ${id} is ${freshness(plant)}: the plant starts unsettled and some rules stay silent. Run: penstock learn ${id}`,
        );
      await up(plant, plantReference(id), options);
    });
}

async function up(plant: Plant, reference: string, options: UpOptions): Promise<void> {
  const zone = options.zone ?? defaultZone(plant);
  if (!plant.spec.zones.some((z) => z.id === zone))
    throw new UsageError(
      'up.zone',
      `plant '${plant.spec.id}' has no zone '${zone}'; it has ${plant.spec.zones.map((z) => z.id).join(', ')}`,
    );
  const folder =
    options.out === undefined ? RunFolder.next('runs', `up-${options.seed}`) : RunFolder.create(options.out);
  folder.writeJson('run.json', { kind: 'up', plant: reference, seed: options.seed, hour: options.hour, zone });
  const live = new LivePlay();
  const play = new Play({
    plant,
    run: `up-${options.seed}`,
    seed: options.seed,
    startAt: hours(options.hour),
    learned: loadLearned(plant),
    monitor: { rules: builtInRules(), mode: 'watch', sinks: [live] },
    folder,
    guestZone: zone,
    ...live.listeners,
  });
  const clock = liveClock(play, options.rate);
  const gates = await Gates.open({
    clock,
    wire: play.range.network.wire,
    services: gateServices(plant),
    from: TRAINEE,
    onRecord: (record) => play.truth.outside(encodeOutside(record)),
  });
  live.show(play, gates.table, options.rate);
  const page = options.headless
    ? undefined
    : await servePage(live, options.port).catch(async (error: unknown) => {
        await gates.close();
        throw error;
      });
  clock.start();
  const ticker = setInterval(() => play.commit(), COMMIT_EVERY_MS);

  print(`${plant.spec.name} is running (seed ${options.seed}, ×${options.rate}); files in ${folder.path}`);
  print();
  printTable(gates.table.map((gate) => [gate.device, gate.service, `${gate.host}:${gate.port}`]));
  print();
  print(`Real tools reach the devices at these addresses; on the plant's network they come from zone '${zone}'.`);
  if (page) print(`The page: ${page.url}`);
  print('Ctrl-C ends it.');

  const stop = async (): Promise<void> => {
    clearInterval(ticker);
    clock.stop();
    await Promise.all([gates.close(), page?.close()]);
    const result = play.finish();
    folder.writeJson('summary.json', {
      kind: 'up',
      plant: plant.spec.id,
      seed: options.seed,
      simulatedSeconds: result.simulatedSeconds,
      end: result.simulatedSeconds * 1e6,
      packets: result.packets,
      alerts: result.monitor?.alerts ?? [],
      hashes: result.hashes,
    });
    note(`Ended after ${Math.round(inSeconds(play.range.queue.now))} s of plant time.`);
    process.exit(0);
  };
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void stop();
    });
}

/** Where a tool reaches most: the zone with the most Modbus servers. */
function defaultZone(plant: Plant): string {
  const counts = new Map<string, number>();
  for (const device of plant.spec.devices)
    if (device.services.some((service) => service.protocol === 'modbus'))
      counts.set(device.zone, (counts.get(device.zone) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? (plant.spec.zones[0] as { id: string }).id;
}

function hourOption(text: string): number {
  const hour = Number(text);
  if (!Number.isInteger(hour) || hour < 0 || hour > 167)
    throw new UsageError('up.hour', `--hour is a whole number of hours since Monday 00:00 (0 to 167), not '${text}'`);
  return hour;
}
