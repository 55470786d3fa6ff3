/**
 * Speed of the area on one core, `node plants/power-grid/bench.ts`: the machines on their network in steps of 1 ms, the whole process in steps of 1 ms with its
 * relays, and the whole process in steps as long as they may be while nothing moves. Prints `figure:` lines; 500 are promised in milliseconds.
 */
import { MACHINES, NOMINAL_HZ, SYSTEM } from './design.ts';
import { Grid } from './grid.ts';
import { PER_MACHINE } from './machine.ts';
import { PUBLISHED } from './signals.ts';
import { Run } from './test/run.ts';
import { stepper } from './test/stepper.ts';

const ROUNDS = 5;

/** Prints simulated seconds per second of the processor's time: the median, and the best of the rounds as a figure. */
function rate(what: string, figure: string, seconds: number, work: () => void): void {
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    rates.push(seconds / ((user + system) / 1e6));
  }
  rates.sort((a, b) => a - b);
  console.log(`${what}: median of ${ROUNDS} ${Math.round(rates[2]).toLocaleString('en')} × real time`);
  console.log(`figure: ${figure} ${Math.round(rates[4])} ×`);
}

const grid = new Grid(SYSTEM, MACHINES, NOMINAL_HZ);
const x = new Float64Array(MACHINES.length * PER_MACHINE);
grid.begin(PUBLISHED, x);
grid.reconnect();
grid.rebuild();
const step = stepper(grid);
rate('machines and network, 1 ms', 'powerGrid.machinesTimesRealTime', 100, () => {
  for (let n = 0; n < 100_000; n++) step(0.001, x);
});
const fine = new Run(0.25, { fineSteps: true });
fine.set('variability', 1);
rate('the whole process with its relays, 1 ms', 'powerGrid.fineTimesRealTime', 100, () => fine.go(100));
const still = new Run(0.25);
still.set('variability', 1);
rate('the whole process while nothing moves', 'powerGrid.timesRealTime', 1000, () => still.go(1000));
