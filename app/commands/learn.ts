import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Duration, days } from '@penstock/core';
import { formatBaseline } from '@penstock/monitor';
import { formatWarm, freshness, learn, learnedFiles, openPlant } from '@penstock/range';
import type { Command } from 'commander';
import { durationOption, seedOption } from '../options.ts';
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
    .argument('<plant>', 'a plant of `penstock plants`')
    .option('--duration <time>', 'how long the monitor learns', durationOption, days(7))
    .option('--seed <n>', 'seed of the learning run', seedOption, 2)
    .option('--check', 'only say whether what was learned is fresh; exit 1 when it is not')
    .option('--json', 'print JSON')
    .action(async (id: string, options: LearnOptions) => {
      const plant = await openPlant(id);
      if (options.check) {
        const state = freshness(plant);
        if (options.json) printJson({ plant: id, learned: state });
        else print(`${id}: ${state}`);
        if (state !== 'fresh') process.exitCode = 1;
        return;
      }
      const progress = progressLine(`${plant.spec.name}, learning`);
      const { warm, baseline } = learn({ plant, seed: options.seed, duration: options.duration, progress });
      progress(1);
      const files = learnedFiles(plant);
      mkdirSync(dirname(files.warm), { recursive: true });
      writeFileSync(files.warm, formatWarm(plant, warm));
      writeFileSync(files.baseline, formatBaseline(baseline));
      if (options.json) printJson({ plant: id, seed: options.seed, warmStates: warm.length, files });
      else print(`${id}: ${warm.length} warm states and a baseline of ${options.duration / days(1)} days`);
    });
}
