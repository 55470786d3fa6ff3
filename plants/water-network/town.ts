/**
 * The equations of the network: tanks fill and drain by the flows that EPANET finds, once a minute and whenever something is switched; between
 * that, flows are held. With them chlorine and age are carried. The assumptions stand in the README beside.
 */
import type { ProcessContext, ProcessEquations } from '@penstock/simulator/process';
import { positions } from '@penstock/simulator/process';
import { demandFactor } from './demand.ts';
import { Hydraulics, LAYOUT, makeSituation, node } from './hydraulics.ts';
import { areaOf, FILL_VALVE, JUNCTIONS, PIPES, PUMPS, TANKS, USES } from './network.ts';
import { observe } from './observe.ts';
import { DISTURBANCES, INPUTS, KPA_PER_METRE } from './signals.ts';
import { Transport } from './transport.ts';

/** Seconds between solutions when nothing is switched. */
const SOLVED_EVERY = 60;
const HOUR = 3600;
const DAY = 86_400;
/** Demands wander by this share of themselves, each use for itself, and come back in this time, s. */
const SPREAD = 0.05;
const WANDER = 1800;
/** Decay in the water: activation temperature, K (Powell et al., Water Research 34 (2000) 117, found about 6,000 to 12,000). */
const ACTIVATION = 7000;
const KELVIN = 273.15;
/** A tank counts as full or empty this near to it, m. */
const NEAR = 1e-3;
/** Floats open a circuit so far below the overflow and close it again so far, m. */
const FLOAT_OPENS = 0.1;
const FLOAT_CLOSES = 0.5;
/** Pumps whose circuits the float of each tank is in, by tank and pump as `network.ts` numbers them. */
const FLOATS = [[0, 1, 2], [3], [4, 5], [6], []] as const;
/** Starts that are remembered of each pump; more in an hour count as so many. */
const STARTS = 24;
const LONG_AGO = -1e9;

const U = positions([
  ...(Object.keys(INPUTS) as (keyof typeof INPUTS)[]),
  ...(Object.keys(DISTURBANCES) as (keyof typeof DISTURBANCES)[]),
]);
const EXTERNAL = Object.keys(U).length;
/** Place of the seconds since the last solution. */
const SINCE = EXTERNAL + TANKS.length;
const CONTACTORS = [
  U.worksPump1Contactor,
  U.worksPump2Contactor,
  U.worksPump3Contactor,
  U.wellPumpContactor,
  U.northPump1Contactor,
  U.northPump2Contactor,
  U.moorPumpContactor,
] as const;
const MAINS = [
  U.worksMainsFailed,
  U.worksMainsFailed,
  U.worksMainsFailed,
  U.wellMainsFailed,
  U.northMainsFailed,
  U.northMainsFailed,
  U.moorMainsFailed,
] as const;

/** Water in the tanks, m³; m³ that have been given by sources, delivered, and run over; kWh of the pumps. */
export const STATE_NAMES = [
  ...TANKS.map(({ id }) => `${id}.water`),
  'entered.water',
  'delivered.water',
  'relieved.water',
  'overflowed.water',
  'pumps.energy',
];
const ENTERED = TANKS.length;
const DELIVERED = ENTERED + 1;
const RELIEVED = ENTERED + 2;
const OVERFLOWED = ENTERED + 3;
const ENERGY = ENTERED + 4;
const WORKS = node('WORKS');
const WELLS = node('WELLS');
const DOCK = node('DOCK');
const MARKET = node('J07');
const FISH_MARKET = node('J34');
const NORTH_SIDE = node('J22');

const AREAS = TANKS.map(areaOf);
const FULL = TANKS.map((tank, n) => tank.overflow * (AREAS[n] as number));
const USE_OF = Int32Array.from(JUNCTIONS, ({ use }) => USES.indexOf(use));

export class WaterNetwork implements ProcessEquations {
  readonly hydraulics: Hydraulics;
  readonly transport = new Transport(LAYOUT);
  readonly situation = makeSituation();
  /** By pump, 1 runs; beside it the times of its last starts. */
  readonly running = new Float64Array(PUMPS.length);
  readonly starts = new Float64Array(PUMPS.length * STARTS).fill(LONG_AGO);
  /** kW. */
  readonly power = new Float64Array(PUMPS.length);
  /** By tank, 1 closed. */
  readonly floats = new Float64Array(TANKS.length).fill(1);
  readonly memory: readonly Float64Array[];
  readonly #walks = new Float64Array(USES.length);
  readonly #streams;
  readonly #hasFloats: boolean;
  readonly #every: number;
  /** What the held flows were found for: inputs and disturbances, whether tanks are full or empty; then seconds since. */
  readonly #foundFor = new Float64Array(SINCE + 1);
  readonly #given = new Float64Array(3);
  readonly #volumes = new Float64Array(TANKS.length);

  /** @param every seconds between solutions when nothing is switched; other than the usual for tests of convergence */
  constructor({ options, random }: ProcessContext, every = SOLVED_EVERY) {
    this.hydraulics = new Hydraulics(options.harbourRelief === true);
    this.#hasFloats = options.tankFloats === true;
    this.#every = every;
    this.#streams = USES.map((use) => random(`demand of ${use}`));
    this.memory = [
      ...this.hydraulics.memory,
      this.transport.memory,
      this.situation.wanted,
      this.running,
      this.starts,
      this.power,
      this.floats,
      this.#walks,
      this.#foundFor,
    ];
  }

  initial(x: Float64Array, u: Float64Array): void {
    for (const [n, { initial }] of TANKS.entries()) x[n] = initial * (AREAS[n] as number);
    this.transport.fill(0.6, x);
    for (let n = 0; n < PUMPS.length; n++) this.running[n] = this.#called(n, u);
    this.#solve(0, x, u);
  }

  derivatives(_t: number, x: Float64Array, _u: Float64Array, dx: Float64Array): void {
    const { taken } = this.hydraulics;
    let over = 0;
    for (let n = 0; n < TANKS.length; n++) {
      const inflow = taken[LAYOUT.tanks[n] as number] as number;
      const spills = inflow > 0 && (x[n] as number) >= (FULL[n] as number);
      if (spills) over += inflow;
      dx[n] = spills ? 0 : inflow;
    }
    let delivered = 0;
    for (let n = 0; n < JUNCTIONS.length; n++) delivered += taken[n] as number;
    let power = 0;
    for (let n = 0; n < PUMPS.length; n++) power += this.power[n] as number;
    dx[ENTERED] = -(taken[WORKS] as number) - (taken[WELLS] as number);
    dx[DELIVERED] = delivered;
    dx[RELIEVED] = taken[DOCK] as number;
    dx[OVERFLOWED] = over;
    dx[ENERGY] = power / HOUR;
  }

  advance(t: number, h: number, x: Float64Array, u: Float64Array): void {
    if (this.#hasFloats) this.#followFloats(x);
    this.#foundFor[SINCE] = (this.#foundFor[SINCE] as number) + h;
    let switched = false;
    for (let n = 0; n < PUMPS.length; n++) {
      const runs = this.#called(n, u);
      if (runs === this.running[n]) continue;
      switched = true;
      this.running[n] = runs;
      if (runs === 1) this.#count(n, t);
    }
    const due = Math.floor(t / this.#every) !== Math.floor((t - h) / this.#every);
    if (due) this.#wander();
    if (!due && !switched && !this.#changed(x, u)) return;
    this.#carry(x, u);
    this.#solve(t, x, u);
  }

  outputs(t: number, x: Float64Array, u: Float64Array, y: Float64Array): void {
    observe(this, t, x, u, y);
  }

  /** Level of a tank, m above its floor. */
  level(tank: number, x: Float64Array): number {
    return (x[tank] as number) / (AREAS[tank] as number);
  }

  /** m³/s. */
  pumpFlow(pump: number): number {
    return this.hydraulics.flows[PIPES.length + pump] as number;
  }

  /** Starts of a pump in the hour before `t`. */
  startsPerHour(pump: number, t: number): number {
    let count = 0;
    for (let k = 0; k < STARTS; k++) if ((this.starts[pump * STARTS + k] as number) > t - HOUR) count++;
    return count;
  }

  /** Whether a tank takes more than it can hold. */
  spilling(tank: number, x: Float64Array): boolean {
    const inflow = this.hydraulics.taken[LAYOUT.tanks[tank] as number] as number;
    return inflow > 0 && (x[tank] as number) >= (FULL[tank] as number);
  }

  #called(pump: number, u: Float64Array): 0 | 1 {
    if ((u[CONTACTORS[pump] as number] as number) < 0.5 || (u[MAINS[pump] as number] as number) >= 0.5) return 0;
    if (!this.#hasFloats) return 1;
    for (let tank = 0; tank < FLOATS.length; tank++)
      if (this.floats[tank] === 0 && (FLOATS[tank] as readonly number[]).includes(pump)) return 0;
    return 1;
  }

  #followFloats(x: Float64Array): void {
    for (let n = 0; n < TANKS.length; n++) {
      const below = (TANKS[n] as (typeof TANKS)[number]).overflow - this.level(n, x);
      if (below < FLOAT_OPENS) this.floats[n] = 0;
      else if (below > FLOAT_CLOSES) this.floats[n] = 1;
    }
  }

  /** The oldest start of a pump gives way to this one. */
  #count(pump: number, t: number): void {
    let oldest = pump * STARTS;
    for (let k = oldest; k < (pump + 1) * STARTS; k++)
      if ((this.starts[k] as number) < (this.starts[oldest] as number)) oldest = k;
    this.starts[oldest] = t;
  }

  #wander(): void {
    const keep = Math.exp(-this.#every / WANDER);
    const fresh = Math.sqrt(1 - keep * keep);
    for (let n = 0; n < USES.length; n++)
      this.#walks[n] = keep * (this.#walks[n] as number) + fresh * (this.#streams[n] as { normal(): number }).normal();
  }

  /** Whether anything is other than what the held flows were found for. */
  #changed(x: Float64Array, u: Float64Array): boolean {
    const found = this.#foundFor;
    for (let n = 0; n < EXTERNAL; n++) if (u[n] !== found[n]) return true;
    for (let n = 0; n < TANKS.length; n++) if (this.#end(n, x) !== found[EXTERNAL + n]) return true;
    return false;
  }

  /** 1 full, -1 empty, 0 between. */
  #end(tank: number, x: Float64Array): number {
    const { overflow, least } = TANKS[tank] as (typeof TANKS)[number];
    const level = this.level(tank, x);
    return level >= overflow - NEAR ? 1 : level <= least + NEAR ? -1 : 0;
  }

  /** Carries chlorine and age over the time since the held flows were found. */
  #carry(x: Float64Array, u: Float64Array): void {
    const dt = this.#foundFor[SINCE] as number;
    const { flows, taken } = this.hydraulics;
    this.#given[0] = u[U.worksChlorineMgL] as number;
    this.#given[1] = u[U.wellChlorineMgL] as number;
    this.#volumes.set(x.subarray(0, TANKS.length));
    const warmth = Math.exp(ACTIVATION * (1 / (20 + KELVIN) - 1 / ((u[U.temperatureC] as number) + KELVIN)));
    const bulk = ((u[U.bulkDecayPerDay] as number) * warmth) / DAY;
    this.transport.move(dt, flows, taken, this.#volumes, this.#given, bulk, (u[U.wallDecayMPerDay] as number) / DAY);
  }

  #solve(t: number, x: Float64Array, u: Float64Array): void {
    const { situation, hydraulics } = this;
    const { wanted, levels, pumps } = situation;
    for (let n = 0; n < TANKS.length; n++) levels[n] = this.level(n, x);
    // What is taken until the next solution is that of the time in the middle.
    const middle = t + this.#every / 2;
    const factor = u[U.demandFactor] as number;
    const spread = SPREAD * (u[U.variability] as number);
    for (let n = 0; n < JUNCTIONS.length; n++) {
      const use = USE_OF[n] as number;
      const deviation = Math.max(0, 1 + spread * (this.#walks[use] as number));
      wanted[n] = (JUNCTIONS[n] as (typeof JUNCTIONS)[number]).demand * demandFactor(use, middle) * factor * deviation;
    }
    wanted[MARKET] = (wanted[MARKET] as number) + (u[U.fireMarketLPerS] as number);
    wanted[FISH_MARKET] = (wanted[FISH_MARKET] as number) + (u[U.burstFishMarketLPerS] as number);
    wanted[NORTH_SIDE] = (wanted[NORTH_SIDE] as number) + (u[U.flushNorthLPerS] as number);
    pumps.set(this.running);
    situation.fill = ((u[U.fillValvePercent] as number) / 100) * FILL_VALVE.most;
    situation.reduced = (u[U.reducingValveKPa] as number) / KPA_PER_METRE;
    hydraulics.solve(situation);
    this.#findPower();
    const found = this.#foundFor;
    found.set(u.subarray(0, EXTERNAL));
    for (let n = 0; n < TANKS.length; n++) found[EXTERNAL + n] = this.#end(n, x);
    found[SINCE] = 0;
  }

  /** A straight line from two fifths of the rated power at the closed valve, as of radial pumps. */
  #findPower(): void {
    for (let n = 0; n < PUMPS.length; n++) {
      const { flow, head, efficiency } = PUMPS[n] as (typeof PUMPS)[number];
      const rated = (KPA_PER_METRE * head * flow) / 1000 / efficiency;
      const share = this.pumpFlow(n) / (flow / 1000);
      this.power[n] = this.running[n] === 1 ? rated * (0.4 + 0.6 * Math.max(0, share)) : 0;
    }
  }
}
