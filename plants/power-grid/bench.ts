/**
 * Speed of the area on one core, `node plants/power-grid/bench.ts`: the machines on their network in steps of 1 ms, the whole process in steps of 1 ms with its
 * relays, and the whole process in steps of 20 ms while nothing moves.
 */
import { MACHINES, NOMINAL_HZ, SYSTEM } from './design.ts';
import { Grid } from './grid.ts';
import { PER_MACHINE } from './machine.ts';
import { PUBLISHED } from './signals.ts';
import { Run } from './test/run.ts';
import { stepper } from './test/stepper.ts';

const ROUNDS = 5;

/** Median of simulated seconds per second of the processor's time. */
function rate(seconds: number, work: () => void): string {
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    rates.push(seconds / ((user + system) / 1e6));
  }
  rates.sort((a, b) => a - b);
  return `${Math.round(rates[2]).toLocaleString('en')} × real time`;
}

const grid = new Grid(SYSTEM, MACHINES, NOMINAL_HZ);
const x = new Float64Array(MACHINES.length * PER_MACHINE);
grid.begin(PUBLISHED, x);
grid.reconnect();
grid.rebuild();
const step = stepper(grid);
console.log(
  `machines and network, 1 ms: ${rate(100, () => {
    for (let n = 0; n < 100_000; n++) step(0.001, x);
  })}`,
);
const fine = new Run(0.1, { fineSteps: true });
fine.set('variability', 1);
console.log(`the whole process with its relays, 1 ms: ${rate(100, () => fine.go(100))}`);
const still = new Run(0.1);
still.set('variability', 1);
console.log(`the whole process with its loads' wandering, as long as it may: ${rate(1000, () => still.go(1000))}`);
