import { type Duration, days, hours, UsageError } from '@penstock/core';
import { builtInRules, loadRules } from '@penstock/monitor';
import { openPlant, RunFolder, runBaseline } from '@penstock/range';
import type { Command } from 'commander';
import { durationOption, plantReference, seedOption } from '../options.ts';
import { note, print, printJson } from '../output.ts';
import { progressLine } from '../progress.ts';

interface BaselineOptions {
  readonly duration: Duration;
  readonly seed: number;
  readonly virtual?: boolean;
  readonly rules?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** `penstock baseline PLANT`: normal operation only: false alarms, pcap. */
export function addBaseline(program: Command): void {
  program
    .command('baseline')
    .description('normal operation only: what the monitor says of it, and a capture')
    .argument('<plant>', 'a plant of `penstock plants`')
    .option('--duration <time>', 'how long, for example 24h or 7d', durationOption, days(1))
    .option('--seed <n>', 'seed of the run', seedOption, 1)
    .option('--virtual', 'as fast as the machine can (a baseline is always virtual; for symmetry with run)')
    .option('--rules <dir>', 'use these rules instead of the built-in ones')
    .option('--out <dir>', 'keep journals and capture in this folder')
    .option('--json', 'print JSON')
    .action(async (id: string, options: BaselineOptions) => {
      const plant = await openPlant(id);
      if (options.duration < hours(1) / 60)
        throw new UsageError('baseline.duration', 'a baseline takes at least a minute');
      const folder = options.out === undefined ? undefined : RunFolder.create(options.out);
      folder?.writeJson('run.json', {
        kind: 'baseline',
        plant: plantReference(id),
        seed: options.seed,
        duration: options.duration,
        rules: options.rules ?? null,
      });
      const began = performance.now();
      const progress = progressLine(`${plant.spec.name}, normal operation`);
      const summary = runBaseline({
        plant,
        seed: options.seed,
        duration: options.duration,
        startAt: hours(0),
        folder,
        rules: options.rules === undefined ? builtInRules() : loadRules(options.rules),
        progress,
      });
      progress(1);
      const timing = { wallSeconds: (performance.now() - began) / 1000 };
      folder?.writeJson('summary.json', summary);
      folder?.writeJson('timing.json', timing);
      const paging = summary.alerts.filter((a) => a.severity === 'high' || a.severity === 'critical');
      if (options.json) printJson({ ...summary, timing });
      else {
        for (const alert of summary.alerts)
          print(`${alert.time.toFixed(0).padStart(8)} s  ${alert.severity.padEnd(8)} ${alert.rule}: ${alert.message}`);
        for (const hazard of summary.hazards)
          print(`${hazard.time.toFixed(0).padStart(8)} s  hazard   ${hazard.hazard}`);
        print(
          `${summary.alerts.length} alerts, ${paging.length} of paging severity, in ${(summary.simulatedSeconds / 3600).toFixed(1)} h and ${summary.packets} packets`,
        );
      }
      note(
        `${timing.wallSeconds.toFixed(1)} s, ${Math.round(summary.simulatedSeconds / timing.wallSeconds)} × real time`,
      );
      if (paging.length > 0 || summary.hazards.length > 0) process.exitCode = 1;
    });
}
