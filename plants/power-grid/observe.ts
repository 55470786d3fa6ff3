/** The outputs: what instruments at buses, line ends, breakers and machines would find, from the solved network. */
import type { Area } from './area.ts';
import {
  BASE_AMPERE,
  BASE_KV,
  BASE_MVA,
  BASE_OHM,
  FEEDERS,
  LINES,
  MACHINES,
  NOMINAL_HZ,
  SHEDDING_HZ,
  SYSTEM,
  UNITS,
} from './design.ts';
import { magnitude } from './linear.ts';
import { ANGLE, FIELD, PER_MACHINE, SPEED, VALVE } from './machine.ts';
import { BREAKERS, LINE_ENDS, TEMPERATURES_AT, Y } from './signals.ts';

const DEGREES = 180 / Math.PI;
/** A bus with less voltage, pu, is not energised. */
const ENERGISED = 0.05;
/** Less current, pu, gives no impedance. */
const LEAST_CURRENT = 1e-3;

const firstEnd = Y[`line${LINE_ENDS[0].id}Mw`];
const firstLine = Y[`line${LINE_ENDS[0].id}TemperatureC`];
const firstBreaker = Y[`${BREAKERS[0].id}Closed`];
const firstSync = Y[`${BREAKERS[0].id}BranchKv`];
const firstRelay = Y[`ied${BREAKERS[0].id.slice(2)}Started`];
const PER_RELAY = 5;
const PER_BUS = 3;
const PER_END = 5;
const PER_SYNC = 4;
const PER_UNIT = 6;
const firstLockout = Y[`iedG${UNITS[0].number}LockedOut`];
const firstStage = Y[`iedL${FEEDERS[0]}StageHz`];
/** By bus: 1 for a busbar of the network, 0 for a machine's terminal. */
const isBusbar = Uint8Array.from(SYSTEM.buses, ({ id }) => (UNITS.some(({ bus }) => bus === id) ? 0 : 1));

export function observe(area: Area, x: Float64Array, y: Float64Array): void {
  observeBuses(area, x, y);
  observeLines(area, x, y);
  observeBreakers(area, x, y);
  observePower(area, x, y);
}

function observeBuses(area: Area, x: Float64Array, y: Float64Array): void {
  const { grid } = area;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < SYSTEM.buses.length; i++) {
    const size = Math.sqrt(grid.vRe[i] * grid.vRe[i] + grid.vIm[i] * grid.vIm[i]);
    const at = Y.bus1VoltageKv + PER_BUS * i;
    const live = size > ENERGISED;
    const hertz = live ? area.frequency(i, x) : 0;
    y[at] = size * BASE_KV;
    y[at + 1] = hertz;
    y[at + 2] = live ? Math.atan2(grid.vIm[i], grid.vRe[i]) * DEGREES : 0;
    if (hertz > 0 && isBusbar[i] === 1) {
      lowest = Math.min(lowest, hertz);
      highest = Math.max(highest, hertz);
    }
  }
  y[Y.lowestFrequencyHz] = lowest < Number.POSITIVE_INFINITY ? lowest : NOMINAL_HZ;
  y[Y.highestFrequencyHz] = highest > 0 ? highest : NOMINAL_HZ;
}

function observeLines(area: Area, x: Float64Array, y: Float64Array): void {
  const { grid } = area;
  for (let e = 0; e < LINE_ENDS.length; e++) {
    const { branch, atTo } = LINE_ENDS[e];
    const iRe = grid.currentRe(branch, atTo);
    const iIm = grid.currentIm(branch, atTo);
    // The line's own voltage: transformers stand on its side of the breaker.
    const vRe = grid.sideRe(branch, atTo);
    const vIm = grid.sideIm(branch, atTo);
    const i2 = iRe * iRe + iIm * iIm;
    const at = firstEnd + PER_END * e;
    y[at] = (vRe * iRe + vIm * iIm) * BASE_MVA;
    y[at + 1] = (vIm * iRe - vRe * iIm) * BASE_MVA;
    y[at + 2] = Math.sqrt(i2) * BASE_AMPERE;
    const flows = i2 > LEAST_CURRENT * LEAST_CURRENT;
    y[at + 3] = flows ? ((vRe * iRe + vIm * iIm) / i2) * BASE_OHM : 0;
    y[at + 4] = flows ? ((vIm * iRe - vRe * iIm) / i2) * BASE_OHM : 0;
  }
  let hottest = Number.NEGATIVE_INFINITY;
  for (let line = 0; line < LINES.length; line++) {
    const temperature = x[TEMPERATURES_AT + line];
    y[firstLine + 2 * line] = temperature;
    y[firstLine + 2 * line + 1] = 100 * area.loading(line);
    if (temperature > hottest) hottest = temperature;
  }
  y[Y.hottestLineC] = hottest;
}

function observeBreakers(area: Area, x: Float64Array, y: Float64Array): void {
  const { grid, breakers, protection } = area;
  let at = firstSync;
  for (let b = 0; b < BREAKERS.length; b++) {
    y[firstBreaker + 2 * b] = breakers.closed[b];
    y[firstBreaker + 2 * b + 1] = breakers.ready(b) ? 1 : 0;
    const relay = firstRelay + PER_RELAY * b;
    y[relay] = protection.started(b);
    y[relay + 1] = protection.tripped(b);
    y[relay + 2] = protection.cause(b);
    y[relay + 3] = protection.inStep(b);
    y[relay + 4] = protection.reclosing(b);
    const { branch, atTo } = BREAKERS[b];
    if (branch < 0) continue;
    const number = area.breakerBus[b];
    const here = magnitude(grid.vRe[number], grid.vIm[number]);
    if (breakers.closed[b] === 1) {
      y[at] = here * BASE_KV;
      y[at + 1] = 0;
      y[at + 2] = 0;
      y[at + 3] = 0;
    } else {
      const side = magnitude(grid.sideRe(branch, atTo), grid.sideIm(branch, atTo));
      y[at] = side * BASE_KV;
      y[at + 1] = (here - side) * BASE_KV;
      y[at + 2] = area.slipAcross(b, x);
      y[at + 3] = area.angleAcross(b) * DEGREES;
    }
    at += PER_SYNC;
  }
  for (let k = 0; k < UNITS.length; k++) y[firstLockout + k] = protection.lockedOut(k) ? 1 : 0;
  for (let f = 0; f < FEEDERS.length; f++) y[firstStage + f] = SHEDDING_HZ[f];
  y[Y.largestClosingAngleDeg] = area.closingAngle[0];
}

function observePower(area: Area, x: Float64Array, y: Float64Array): void {
  const { grid } = area;
  let generation = 0;
  for (let k = 0; k < UNITS.length; k++) {
    const bus = area.terminal[k];
    const at = Y.unit1Mw + PER_UNIT * k;
    const state = k * PER_MACHINE;
    const mw = (grid.vRe[bus] * grid.iRe[k] + grid.vIm[bus] * grid.iIm[k]) * BASE_MVA;
    y[at] = mw;
    y[at + 1] = (grid.vIm[bus] * grid.iRe[k] - grid.vRe[bus] * grid.iIm[k]) * BASE_MVA;
    y[at + 2] = x[state + SPEED] * NOMINAL_HZ;
    y[at + 3] = x[state + FIELD];
    y[at + 4] = (100 * x[state + VALVE] * BASE_MVA) / MACHINES[k].turbine.maximumMw;
    y[at + 5] = (x[state + ANGLE] - x[ANGLE]) * DEGREES;
    generation += mw;
  }
  let taken = 0;
  let unserved = 0;
  for (let f = 0; f < FEEDERS.length; f++) {
    const bus = area.loadBus[f];
    const v2 = grid.vRe[bus] * grid.vRe[bus] + grid.vIm[bus] * grid.vIm[bus];
    const mw = v2 * grid.loadG[bus] * BASE_MVA;
    const at = Y.load5Mw + 3 * f;
    y[at] = mw;
    y[at + 1] = v2 * grid.loadB[bus] * BASE_MVA;
    y[at + 2] = area.demand[f];
    taken += mw;
    unserved += Math.max(0, area.demand[f] - mw);
  }
  y[Y.generationMw] = generation;
  y[Y.loadMw] = taken;
  y[Y.unservedMw] = unserved;
  y[Y.lossesMw] = generation - taken;
}
