/** How many seconds of the process, with noise and the reference's loops, a core computes in one: `node plants/tennessee-eastman/bench.ts`. */
import { ReferenceRun } from './test/reference-run.ts';

const STEPS = 300_000;
const rates: number[] = [];
for (let round = 0; round < 5; round++) {
  const run = new ReferenceRun();
  const before = process.cpuUsage();
  while (run.step < STEPS) run.advance();
  const { user, system } = process.cpuUsage(before);
  rates.push(STEPS / ((user + system) / 1e6));
}
rates.sort((a, b) => a - b);
console.log(
  `process and loops with noise: ${Math.round(rates[2] as number).toLocaleString('en')} × real time (median of 5)`,
);
