import { type Duration, days, hours, minutes, UsageError } from '@penstock/core';
import { builtInRules, loadRules } from '@penstock/monitor';
import { type BaselineSummary, openPlant, pages, type RunFolder, runBaseline } from '@penstock/range';
import type { Command } from 'commander';
import { lengthOption, plantReference, rulesReference, seedOption } from '../options.ts';
import { note, print, printJson } from '../output.ts';
import { progressLine } from '../progress.ts';
import { counted, printAlerts, printHazards } from '../report.ts';
import { inRunFolder } from '../run-folder.ts';

interface BaselineOptions {
  readonly duration: Duration;
  readonly seed: number;
  readonly rules?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** `penstock baseline PLANT`: normal operation only: false alarms, pcap. */
export function addBaseline(program: Command): void {
  program
    .command('baseline')
    .description('normal operation only: what the monitor says of it, and a capture')
    .argument('<plant>', 'a plant of `penstock plants`, or a folder with one')
    .addOption(lengthOption('--duration <time>', 'how long, for example 24h or 7d', days(1)))
    .option('--seed <n>', 'seed of the run', seedOption, 1)
    .option('--virtual', 'as fast as the machine can; a baseline always is')
    .option('--rules <dir>', 'use these rules instead of the built-in ones')
    .option('--out <dir>', 'keep journals and capture in this folder; nothing is kept when left out')
    .option('--json', 'print JSON')
    .action(async (id: string, options: BaselineOptions) => {
      if (options.duration < minutes(1))
        throw new UsageError('baseline.duration', 'a baseline takes at least a minute');
      const began = performance.now();
      const { out } = options;
      const summary =
        out === undefined
          ? await play(id, options, undefined)
          : await inRunFolder(out, '', (folder) => play(id, options, folder));
      const timing = { wallSeconds: (performance.now() - began) / 1000 };
      if (options.json) printJson({ ...summary, timing });
      else tell(summary);
      note(
        `${timing.wallSeconds.toFixed(1)} s, ${Math.round(summary.simulatedSeconds / timing.wallSeconds)} × real time`,
      );
      if (summary.alerts.some(pages) || summary.hazards.length > 0) process.exitCode = 1;
    });
}

async function play(id: string, options: BaselineOptions, folder: RunFolder | undefined): Promise<BaselineSummary> {
  const { seed, duration, rules } = options;
  const plant = await openPlant(id);
  folder?.writeJson('run.json', {
    kind: 'baseline',
    plant: plantReference(id),
    plantHash: plant.hash,
    seed,
    duration,
    rules: rulesReference(rules),
  });
  const progress = progressLine(`${plant.spec.name}, normal operation`);
  const began = performance.now();
  const summary = runBaseline({
    ...{ plant, seed, duration, folder, progress },
    startAt: hours(0),
    rules: rules === undefined ? builtInRules() : loadRules(rules),
  });
  progress(1);
  folder?.writeJson('summary.json', summary);
  folder?.writeJson('timing.json', { wallSeconds: (performance.now() - began) / 1000 });
  return summary;
}

function tell(summary: BaselineSummary): void {
  printAlerts(summary.alerts);
  printHazards(summary.hazards);
  const paging = summary.alerts.filter(pages).length;
  print(
    `${counted(summary.alerts.length, 'alert')}, ${paging} of paging severity, in ${(summary.simulatedSeconds / 3600).toFixed(1)} h and ${counted(summary.packets, 'packet')}`,
  );
}
