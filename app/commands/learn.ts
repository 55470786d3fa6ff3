import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Duration, days, hours, UsageError } from '@penstock/core';
import { formatBaseline } from '@penstock/monitor';
import { formatWarm, freshness, learn, learnedFiles, openPlant } from '@penstock/range';
import type { Command } from 'commander';
import { lengthOption, seedOption } from '../options.ts';
import { print, printJson } from '../output.ts';
import { progressLine } from '../progress.ts';

interface LearnOptions {
  readonly duration: Duration;
  readonly seed: number;
  readonly check?: boolean;
  readonly json?: boolean;
}

/** `penstock learn PLANT`: makes the plant's warm states and its monitor's learned baseline. */
export function addLearn(program: Command): void {
  program
    .command('learn')
    .description("make the plant's warm states and its monitor's learned baseline")
    .argument('<plant>', 'a plant of `penstock plants`, or a folder with one')
    .addOption(lengthOption('--duration <time>', 'how long the monitor learns', days(7)))
    .option('--seed <n>', 'seed of the learning run', seedOption, 2)
    .option('--check', 'only say whether what was learned is fresh; exit 1 when it is not')
    .option('--json', 'print JSON')
    .action(async (id: string, options: LearnOptions) => {
      if (options.duration < hours(1)) throw new UsageError('learn.duration', 'a monitor learns for at least an hour');
      const plant = await openPlant(id);
      const { id: name } = plant.spec;
      if (options.check) {
        const state = freshness(plant);
        if (options.json) printJson({ plant: name, learned: state });
        else print(`${name}: ${state}`);
        if (state !== 'fresh') process.exitCode = 1;
        return;
      }
      const files = learnedFiles(plant);
      // Before the long work, which would be lost where nothing can be written.
      if (!existsSync(dirname(files.warm))) mkdirSync(dirname(files.warm));
      const progress = progressLine(`${plant.spec.name}, learning`);
      const { warm, baseline } = learn({ plant, seed: options.seed, duration: options.duration, progress });
      progress(1);
      writeFileSync(files.warm, formatWarm(plant, warm));
      writeFileSync(files.baseline, formatBaseline(baseline));
      if (options.json) printJson({ plant: name, seed: options.seed, warmStates: warm.length, files });
      else
        print(`${name}: ${warm.length} warm states and a baseline of ${+(options.duration / days(1)).toFixed(2)} days`);
    });
}
