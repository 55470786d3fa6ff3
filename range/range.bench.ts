/**
 * How fast a range runs in virtual time: everything (traffic, monitor, journals in memory) and the process alone on one core, and how
 * much more two processes get done than one. Prints `figure:` lines.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Instant, seconds } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import { ProcessEngine } from '@penstock/simulator/process';
import { loadLearned, openPlant, Play } from './index.ts';

const SELF = fileURLToPath(import.meta.url);
const SIMULATED_SECONDS = 4 * 3600;
const ROUNDS = 3;

async function everything(): Promise<number> {
  const plant = await openPlant('drinking-water');
  const play = new Play({
    plant,
    run: 'bench',
    seed: 1,
    startAt: seconds(9 * 3600),
    learned: loadLearned(plant),
    monitor: { rules: builtInRules(), mode: 'watch' },
  });
  play.runUntil(seconds(600) as number as Instant);
  const began = performance.now();
  play.runUntil(seconds(600 + SIMULATED_SECONDS) as number as Instant);
  const wall = (performance.now() - began) / 1000;
  play.finish();
  return SIMULATED_SECONDS / wall;
}

async function processAlone(): Promise<number> {
  const { spec, process } = await openPlant('drinking-water');
  const engine = new ProcessEngine(process, spec.tags, { step: 1, seed: 1, start: 9 * 3600 });
  for (let i = 0; i < 20_000; i++) engine.step();
  const steps = 200_000;
  const began = performance.now();
  for (let i = 0; i < steps; i++) engine.step();
  return steps / ((performance.now() - began) / 1000);
}

/** Runs this script's measurement in a process of its own, pinned to a core where that can be done. */
function inProcess(what: string, core: number | undefined): Promise<number> {
  const pin = core === undefined || process.platform !== 'linux' ? [] : ['taskset', '-c', String(core)];
  const [command = '', ...args] = [...pin, process.execPath, SELF, what];
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('exit', () => resolve(Number(output)));
  });
}

const report = (figure: string): void => void process.stdout.write(`figure: ${figure} ×\n`);

const what = process.argv[2];
if (what === 'everything') process.stdout.write(String(await everything()));
else if (what === 'process') process.stdout.write(String(await processAlone()));
else {
  const isPair = availableParallelism() >= 2;
  const alone: number[] = [];
  const pairs: number[] = [];
  // In turn, and of each the best: what else the machine does slows single runs down and speeds none up.
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(await inProcess('everything', 0));
    if (!isPair) continue;
    const [one, two] = await Promise.all([inProcess('everything', 0), inProcess('everything', 1)]);
    pairs.push(one + two);
  }
  const physics = Math.max(await inProcess('process', 0), await inProcess('process', 0));
  const best = Math.max(...alone);
  report(`range.timesRealTime ${Math.round(best)}`);
  report(`range.processTimesRealTime ${Math.round(physics)}`);
  if (isPair) report(`range.twoProcesses ${(Math.max(...pairs) / best).toFixed(2)}`);
}
