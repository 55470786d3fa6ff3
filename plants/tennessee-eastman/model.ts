/**
 * The Tennessee Eastman process: an exothermic reactor with a liquid product, a condenser with a vapour–liquid separator, a recycle compressor
 * and a stripper (Downs & Vogel 1993), with the 50 states, 12 valves, 41 measurements and 20 disturbances of the public simulator (Russell,
 * Chiang & Braatz 2000). The model is stepped by Euler's method, a second at a time, as its reference is.
 *
 * What the model leaves out is left out here too: no pressure drop in the feeds, no back flow, reactor and separator share A, B and C only as
 * vapour and D … H only as liquid, and what follows a shutdown is that everything stands still: feeds, flows and compressor read nothing,
 * temperatures, pressures, levels and compositions what they were. (With a reference seed the flows stay as well, as the original has them.)
 */
import { PenstockError } from '@penstock/core';
import type { ProcessContext, ProcessEquations } from '@penstock/simulator/process';
import {
  BASE_CASE,
  COMPONENTS,
  CONTINUOUS,
  CUBIC_FEET,
  f,
  GAS_ANALYSERS_END,
  GAS_PERIOD,
  KELVIN,
  MEASUREMENTS,
  NOISE,
  PRODUCT_PERIOD,
  R_ENERGY,
  R_PRESSURE,
  STEP_HOURS,
  STICTION,
  VALVE_HOURS,
  VOLUME,
} from './constants.ts';
import { type Draws, ReferenceDraws, StreamDraws } from './draws.ts';
import { CONDENSING, Enthalpy, feedEnthalpy, liquidVolume, molarMass, partialPressures, sum } from './mixture.ts';
import { Walks } from './walks.ts';

/** Where the states of each vessel begin: amounts of the eight components, then energy. */
const REACTOR = 0;
const SEPARATOR = 9;
const STRIPPER = 18;
const HEADER = 27;
const COOLING = 36;
const VALVES = 38;
const VALVE_COUNT = 12;
/** Behind the valves' commands in `u`: whether the unit may run, then the disturbances IDV 1 … 20. */
const PERMIT = VALVE_COUNT;
const IDV = PERMIT;
/** Measurements that are nothing when the unit stands: what flows, and the compressor's power. */
const MOVING = [0, 1, 2, 3, 4, 5, 9, 13, 16, 18, 19] as const;

const D = CONDENSING;

/** Cubic metres of liquid and other limits of the original's shutdown. */
const SHUTDOWN = { pressure: 3000, temperature: 175, reactor: [2, 24], separator: [1, 12], stripper: [1, 8] } as const;

const K1 = f(31.5859536);
const K2 = f(3.00094014);
const K3 = f(53.4060443);
const E1 = f(f(40000) / f(1.987));
const E2 = f(f(20000) / f(1.987));
const E3 = f(f(60000) / f(1.987));
const ORDER_A = f(1.1544);
const ORDER_C = f(0.3735);
/** Relative volatilities of D … H in the stripper. */
const STRIPPING = Float64Array.of(f(8.501), f(11.402), f(11.795), f(0.048), f(0.0242));
const STRIPPED_DRY = Float64Array.of(f(0.9999), f(0.999), f(0.999), f(0.99), f(0.98));
const TO_KSCMH = f(0.359) / f(35.3145);
const TO_KG = f(0.454);
const KPA = f(101.325);
const FEED_D = Float64Array.of(0, f(0.0001), 0, f(0.9999), 0, 0, 0, 0);
const FEED_E = Float64Array.of(0, 0, 0, 0, f(0.9999), f(0.0001), 0, 0);
const FEED_A = Float64Array.of(f(0.9999), f(0.0001), 0, 0, 0, 0, 0, 0);
const MASS_D = molarMass(FEED_D);
const MASS_E = molarMass(FEED_E);
/** Of the feeds' gas at their temperature: that of D changes with disturbances, those of A and E do not. */
const OF_FEED_D = new Enthalpy();
OF_FEED_D.gas(FEED_D, 0);
const enthalpyAt45 = (feed: Float64Array): number => {
  const enthalpy = new Enthalpy();
  enthalpy.gas(feed, 0);
  return enthalpy.at(45);
};
const H_FEED_E = enthalpyAt45(FEED_E);
const H_FEED_A = enthalpyAt45(FEED_A);

export class TennesseeEastman implements ProcessEquations {
  /** Measurements XMEAS 1 … 41: as the instruments of the reference say them where a reference seed is set, true values otherwise. */
  readonly measurements = new Float64Array(MEASUREMENTS);
  readonly memory: readonly Float64Array[];
  readonly #draws: Draws;
  readonly #reference: ReferenceDraws | undefined;
  readonly #noise: Float64Array;
  /** Hours of the model, next samples of the gas and the product analysers, and whether the plant is shut down. */
  readonly #clock = new Float64Array(4);
  readonly #walks = new Walks();
  readonly #accepted = new Float64Array(VALVE_COUNT);
  /** °C of reactor, separator, stripper and header: where Newton's method begins. */
  readonly #temperatures = new Float64Array(4);
  /** What the analysers hold back until their next report. */
  readonly #sampled = new Float64Array(MEASUREMENTS);
  /** Of the last evaluation. */
  readonly #true = new Float64Array(MEASUREMENTS);
  /** Cubic metres of liquid in reactor, separator and stripper. */
  readonly liquid = new Float64Array(3);
  readonly #header = new Float64Array(COMPONENTS);
  readonly #reactorGas = new Float64Array(COMPONENTS);
  readonly #separatorGas = new Float64Array(COMPONENTS);
  readonly #separatorLiquid = new Float64Array(COMPONENTS);
  readonly #product = new Float64Array(COMPONENTS);
  readonly #overhead = new Float64Array(COMPONENTS);
  readonly #sump = new Float64Array(COMPONENTS);
  readonly #reaction = new Float64Array(COMPONENTS);
  readonly #h = new Enthalpy();
  readonly #scratch = new Float64Array(BASE_CASE.length);

  constructor(context: ProcessContext) {
    if (context.step !== 1)
      throw new PenstockError(
        'tennessee-eastman.step',
        `the Tennessee Eastman process is stepped once a second, as its reference is; not every ${context.step} s`,
      );
    const seed = context.options.referenceSeed as number;
    this.#reference = seed > 0 ? new ReferenceDraws(seed) : undefined;
    this.#draws = this.#reference ?? new StreamDraws(context.random('disturbances'));
    this.#noise = context.options.referenceNoise === true ? NOISE : new Float64Array(MEASUREMENTS);
    this.memory = [
      this.measurements,
      this.#clock,
      this.#walks.memory,
      this.#accepted,
      this.#temperatures,
      this.#sampled,
      this.#true,
      this.liquid,
      ...(this.#reference === undefined ? [] : [this.#reference.state]),
    ];
  }

  /** Hours since the start, as the model counts them. */
  get hours(): number {
    return this.#clock[0] as number;
  }

  get shutDown(): boolean {
    return this.#clock[3] === 1;
  }

  initial(x: Float64Array, u: Float64Array): void {
    x.set(BASE_CASE);
    this.#temperatures.fill(0);
    this.#clock.fill(0);
    this.#walks.reset();
    this.derivatives(0, x, u, this.#scratch);
    this.#measure();
  }

  outputs(_t: number, _x: Float64Array, _u: Float64Array, y: Float64Array): void {
    y.set(this.measurements);
    y.set(this.liquid, MEASUREMENTS);
    y[MEASUREMENTS + 3] = this.#clock[3] as number;
  }

  /** Measures what was evaluated at the beginning of the step, and moves the model's clock. */
  advance(): void {
    this.#measure();
    this.#clock[0] = (this.#clock[0] as number) + STEP_HOURS;
  }

  /** Per second of a step: the model's hours are a little longer than 3600 of them (constants.ts). */
  derivatives(_t: number, y: Float64Array, u: Float64Array, dy: Float64Array): void {
    const t = this.#clock[0] as number;
    const on = (n: number): number => ((u[IDV + n] as number) > 0 ? 1 : 0);
    this.#walks.advance(t, u, PERMIT + 1, this.#draws);
    this.#walks.update(t);
    const w = this.#walks.values;
    const h = this.#h;
    const temperatures = this.#temperatures;

    // Feeds
    const feedA = (w[0] as number) - on(1) * 0.03 - on(2) * 2.43719e-3;
    const feedB = (w[1] as number) + on(2) * 0.005;
    const feedC = 1 - feedA - feedB;
    const t1 = (w[2] as number) + on(3) * 5;
    const t4 = w[3] as number;
    const reactorInlet = (w[4] as number) + on(4) * 5;
    const condenserInlet = (w[5] as number) + on(5) * 5;
    const f1 = ((y[VALVES] as number) * 400) / 100;
    const f2 = ((y[VALVES + 1] as number) * 400) / 100;
    const f3 = ((y[VALVES + 2] as number) * (1 - on(6)) * 100) / 100;
    const f4 = ((y[VALVES + 3] as number) * (1 - on(7) * 0.2) * 1500) / 100 + 1e-10;
    const f11 = ((y[VALVES + 6] as number) * 1500) / 100;
    const f13 = ((y[VALVES + 7] as number) * 1000) / 100;

    // Reactor: vapour of A, B, C; liquid of D … H
    h.liquid(y, REACTOR, D);
    const tr = h.temperature(y[REACTOR + 8] as number, temperatures[0] as number);
    temperatures[0] = tr;
    const kr = tr + KELVIN;
    const reactorVolume = liquidVolume(y, REACTOR, D, tr);
    const reactorSpace = VOLUME.reactor - reactorVolume;
    const pr = partialPressures(y, REACTOR, tr, kr, reactorSpace, this.#reactorGas);
    const pA = this.#reactorGas[0] as number;
    const pC = this.#reactorGas[2] as number;
    const pD = this.#reactorGas[3] as number;
    const pE = this.#reactorGas[4] as number;

    // Separator
    h.liquid(y, SEPARATOR, D);
    const ts = h.temperature(y[SEPARATOR + 8] as number, temperatures[1] as number);
    temperatures[1] = ts;
    const separatorVolume = liquidVolume(y, SEPARATOR, D, ts);
    const ns = sum(y, SEPARATOR + D, SEPARATOR + COMPONENTS);
    const h11 = h.at(ts) / ns;
    const ps = partialPressures(y, SEPARATOR, ts, ts + KELVIN, VOLUME.separator - separatorVolume, this.#separatorGas);

    // Stripper
    h.liquid(y, STRIPPER, 0);
    const tc = h.temperature(y[STRIPPER + 8] as number, temperatures[2] as number);
    temperatures[2] = tc;
    const stripperVolume = liquidVolume(y, STRIPPER, 0, tc);
    const nc = sum(y, STRIPPER, STRIPPER + COMPONENTS);
    const h13 = h.at(tc) / nc;

    // Header: internal energy is enthalpy less R·T
    const nv = sum(y, HEADER, HEADER + COMPONENTS);
    h.gas(y, HEADER);
    h.e -= nv * R_ENERGY * KELVIN;
    h.a -= nv * R_ENERGY;
    const tv = h.temperature(y[HEADER + 8] as number, temperatures[3] as number);
    temperatures[3] = tv;
    const kv = tv + KELVIN;
    const pv = (nv * R_PRESSURE * kv) / VOLUME.header;
    const h6 = (y[HEADER + 8] as number) / nv + R_ENERGY * kv;

    // Reactions, lb-mol/h
    const mixing = pA > 0 && pC > 0 ? Math.exp(ORDER_A * Math.log(pA) + ORDER_C * Math.log(pC)) : 0;
    const r1 = Math.exp(K1 - E1 / kr) * (w[6] as number) * mixing * pD * reactorSpace;
    const r2 = Math.exp(K2 - E2 / kr) * (w[7] as number) * mixing * pE * reactorSpace;
    const k3 = Math.exp(K3 - E3 / kr);
    const r3 = k3 * pA * pE * reactorSpace;
    const r4 = k3 * 0.767488334 * pA * pD * reactorSpace;
    const q = this.#reaction;
    q[0] = -r1 - r2 - r3;
    q[2] = -r1 - r2;
    q[3] = -r1 - 1.5 * r4;
    q[4] = -r2 - r3;
    q[5] = r3 + r4;
    q[6] = r1;
    q[7] = r2;
    const heatOfReaction = r1 * 0.06899381054 + r2 * 0.05;

    // Compositions
    const x6 = this.#header;
    const x8 = this.#reactorGas;
    const x9 = this.#separatorGas;
    const x11 = this.#separatorLiquid;
    const x13 = this.#product;
    for (let i = 0; i < COMPONENTS; i++) {
      x6[i] = (y[HEADER + i] as number) / nv;
      x8[i] = (x8[i] as number) / pr;
      x9[i] = (x9[i] as number) / ps;
      x13[i] = (y[STRIPPER + i] as number) / nc;
    }
    for (let i = D; i < COMPONENTS; i++) x11[i] = (y[SEPARATOR + i] as number) / ns;
    const m6 = molarMass(x6);
    const m8 = molarMass(x8);
    const m9 = molarMass(x9);

    // Flows that pressure drives, and the compressor
    const f6 = (1937.6 * Math.sqrt(Math.max(pv - pr, 0))) / m6;
    const f8 = (4574.21 * Math.sqrt(Math.max(pr - ps, 0)) * (1 - 0.25 * (w[11] as number))) / m8;
    const f10 = ((y[VALVES + 5] as number) * 0.151169 * Math.sqrt(Math.max(ps - 760, 0))) / m9;
    const ratio = Math.min(Math.max(pv / ps, 1), f(1.3));
    const compressed = 280275 + (280275 / 1.197) * (1 - ratio * ratio * ratio);
    const work = (compressed * (ts + 273.15) * 1.8e-6 * 1.9872 * (pv - ps)) / (m9 * ps);
    const bypass = (y[VALVES + 4] as number) * 53.349 * Math.sqrt(Math.max(pv - ps, 0));
    const f9 = Math.max(compressed - bypass, 1e-3) / m9;

    // Enthalpies of gases
    const h1 = OF_FEED_D.at(t1);
    h.gas(x8, 0);
    const h8 = h.at(tr);
    h.gas(x9, 0);
    const h10 = h.at(ts);
    const h9 = h10 + work / f9;

    // Stripper: what of streams 4 and 11 leaves overhead
    const spread = tc > 170 ? tc - f(120.262) : tc < f(5.292) ? f(0.1) : f(363.744) / (177 - tc) - f(2.22579488);
    const wet = f11 > f(0.1);
    const stripping = wet ? (f4 / f11) * spread : 0;
    const c5 = this.#overhead;
    const c12 = this.#sump;
    const in0 = feedA * f4;
    const in1 = feedB * f4;
    const in2 = feedC * f4;
    c5[0] = f(0.995) * in0;
    c5[1] = f(0.991) * in1;
    c5[2] = f(0.99) * in2;
    c12[0] = in0 - (c5[0] as number);
    c12[1] = in1 - (c5[1] as number);
    c12[2] = in2 - (c5[2] as number);
    for (let i = D; i < COMPONENTS; i++) {
      const s = (STRIPPING[i - D] as number) * stripping;
      const inflow = (x11[i] as number) * f11;
      c5[i] = (wet ? s / (1 + s) : (STRIPPED_DRY[i - D] as number)) * inflow;
      c12[i] = inflow - (c5[i] as number);
    }
    h.gas(c5, 0);
    const overheadEnthalpy = h.at(tc);
    const h4 = feedEnthalpy(h, feedA, feedB, feedC, t4);

    // Heat transfer, MMBtu/h
    const agitation = ((y[VALVES + 11] as number) + 150) / 100;
    const height = reactorVolume / f(7.8);
    const wetted = height > 50 ? 1 : height < 10 ? 0 : (f(0.025) * reactorVolume) / f(7.8) - 0.25;
    const uaReactor = wetted * (-(0.5 * agitation * agitation) + 2.75 * agitation - 2.5) * 0.85549;
    const reactorOut = y[COOLING] as number;
    const condenserOut = y[COOLING + 1] as number;
    const qReactor = uaReactor * (reactorOut - tr) * (1 - 0.35 * (w[9] as number));
    const relative = f8 / f(3528.73);
    const relativeSquared = relative * relative;
    const uaCondenser = f(0.404655) * (1 - 1 / (1 + relativeSquared * relativeSquared));
    const qCondenser = uaCondenser * (condenserOut - tr) * (1 - 0.25 * (w[10] as number));
    const uaSteam = ((y[VALVES + 8] as number) * f(0.03) * (1 + (w[8] as number))) / 100;
    const qSteam = tc < 100 ? uaSteam * (100 - tc) : 0;

    const xm = this.#true;
    xm[0] = f3 * TO_KSCMH;
    xm[1] = f1 * MASS_D * TO_KG;
    xm[2] = f2 * MASS_E * TO_KG;
    xm[3] = f4 * TO_KSCMH;
    xm[4] = f9 * TO_KSCMH;
    xm[5] = f6 * TO_KSCMH;
    xm[6] = ((pr - 760) / 760) * KPA;
    xm[7] = ((reactorVolume - f(84.6)) / f(666.7)) * 100;
    xm[8] = tr;
    xm[9] = f10 * TO_KSCMH;
    xm[10] = ts;
    xm[11] = ((separatorVolume - 27.5) / 290) * 100;
    xm[12] = ((ps - 760) / 760) * KPA;
    xm[13] = (f11 * separatorVolume) / ns / CUBIC_FEET;
    xm[14] = ((stripperVolume - 78.25) / 156.5) * 100;
    xm[15] = ((pv - 760) / 760) * KPA;
    xm[16] = (f13 * stripperVolume) / nc / CUBIC_FEET;
    xm[17] = tc;
    xm[18] = qSteam * 1040 * TO_KG;
    xm[19] = work * 293.07;
    xm[20] = reactorOut;
    xm[21] = condenserOut;

    const reactorM3 = reactorVolume / CUBIC_FEET;
    const separatorM3 = separatorVolume / CUBIC_FEET;
    const stripperM3 = stripperVolume / CUBIC_FEET;
    this.liquid[0] = reactorM3;
    this.liquid[1] = separatorM3;
    this.liquid[2] = stripperM3;

    // Valves accept commands, whatever follows
    const accepted = this.#accepted;
    const sticking = on(19);
    for (let k = 0; k < VALVE_COUNT; k++) {
      const sticks = k === 9 ? on(14) : k === 10 ? on(15) : k === 4 || k === 6 || k === 7 || k === 8 ? sticking : 0;
      let a = accepted[k] as number;
      if (t === 0 || Math.abs(a - (u[k] as number)) > STICTION * sticks) a = u[k] as number;
      accepted[k] = a < 0 ? 0 : a > 100 ? 100 : a;
    }

    // Nobody starts the unit again within a run: what stood once goes on standing.
    const trip =
      this.shutDown ||
      (u[PERMIT] as number) < 0.5 ||
      (xm[6] as number) > SHUTDOWN.pressure ||
      reactorM3 > SHUTDOWN.reactor[1] ||
      reactorM3 < SHUTDOWN.reactor[0] ||
      tr > SHUTDOWN.temperature ||
      separatorM3 > SHUTDOWN.separator[1] ||
      separatorM3 < SHUTDOWN.separator[0] ||
      stripperM3 > SHUTDOWN.stripper[1] ||
      stripperM3 < SHUTDOWN.stripper[0];
    this.#clock[3] = trip ? 1 : 0;
    if (trip) {
      dy.fill(0);
      return;
    }

    const separatorGasOut = f9 + f10;
    for (let i = 0; i < COMPONENTS; i++) {
      const c6 = (x6[i] as number) * f6;
      const c8 = (x8[i] as number) * f8;
      const c9 = (x9[i] as number) * f9;
      dy[REACTOR + i] = (c6 - c8 + (q[i] as number)) * STEP_HOURS;
      dy[SEPARATOR + i] = (c8 - (x9[i] as number) * separatorGasOut - (x11[i] as number) * f11) * STEP_HOURS;
      dy[STRIPPER + i] = ((c12[i] as number) - (x13[i] as number) * f13) * STEP_HOURS;
      const fed =
        (FEED_D[i] as number) * f1 + (FEED_E[i] as number) * f2 + (FEED_A[i] as number) * f3 + (c5[i] as number);
      dy[HEADER + i] = (fed + c9 - c6) * STEP_HOURS;
    }
    dy[REACTOR + 8] = (h6 * f6 - h8 * f8 + heatOfReaction + qReactor) * STEP_HOURS;
    dy[SEPARATOR + 8] = (h8 * f8 - h9 * f9 - h10 * f10 - h11 * f11 + qCondenser) * STEP_HOURS;
    dy[STRIPPER + 8] = (h4 * f4 + h11 * f11 - overheadEnthalpy - h13 * f13 + qSteam) * STEP_HOURS;
    dy[HEADER + 8] = (h1 * f1 + H_FEED_E * f2 + H_FEED_A * f3 + overheadEnthalpy + h9 * f9 - h6 * f6) * STEP_HOURS;
    const reactorWater = ((y[VALVES + 9] as number) * 1000) / 100;
    const condenserWater = ((y[VALVES + 10] as number) * 1200) / 100;
    dy[COOLING] =
      ((reactorWater * f(500.53) * (reactorInlet - reactorOut) - (qReactor * 1e6) / f(1.8)) / 7060) * STEP_HOURS;
    dy[COOLING + 1] =
      ((condenserWater * f(500.53) * (condenserInlet - condenserOut) - (qCondenser * 1e6) / f(1.8)) / 11138) *
      STEP_HOURS;
    for (let k = 0; k < VALVE_COUNT; k++)
      dy[VALVES + k] =
        (((accepted[k] as number) - (y[VALVES + k] as number)) / (VALVE_HOURS[k] as number)) * STEP_HOURS;
  }

  /** What the instruments say of the last evaluation. */
  #measure(): void {
    const t = this.#clock[0] as number;
    const reference = this.#reference;
    const xm = this.measurements;
    const truth = this.#true;
    for (let n = 0; n < CONTINUOUS; n++) xm[n] = truth[n] as number;
    if (reference === undefined) {
      this.#compositions(xm, CONTINUOUS, MEASUREMENTS);
      if (this.shutDown) for (const n of MOVING) xm[n] = 0;
      return;
    }
    const clock = this.#clock;
    if (t === 0) {
      this.#compositions(this.#sampled, CONTINUOUS, MEASUREMENTS);
      this.#compositions(xm, CONTINUOUS, MEASUREMENTS);
      clock[1] = GAS_PERIOD;
      clock[2] = PRODUCT_PERIOD;
      return;
    }
    if (!this.shutDown) reference.addNoise(xm, 0, CONTINUOUS, this.#noise);
    if (t >= (clock[1] as number)) {
      this.#report(reference, CONTINUOUS, GAS_ANALYSERS_END);
      clock[1] = (clock[1] as number) + GAS_PERIOD;
    }
    if (t >= (clock[2] as number)) {
      this.#report(reference, GAS_ANALYSERS_END, MEASUREMENTS);
      clock[2] = (clock[2] as number) + PRODUCT_PERIOD;
    }
  }

  /** Analysers say, with noise, what they took in a period ago. */
  #report(reference: ReferenceDraws, from: number, to: number): void {
    this.measurements.set(this.#sampled.subarray(from, to), from);
    reference.addNoise(this.measurements, from, to, this.#noise);
    this.#compositions(this.#sampled, from, to);
  }

  /** Mol % as the analysers find them: A … F in the reactor's feed, A … H in the purge, D … H in the product. */
  #compositions(into: Float64Array, from: number, to: number): void {
    for (let n = from; n < to; n++)
      into[n] =
        100 *
        ((n < 28
          ? this.#header[n - 22]
          : n < GAS_ANALYSERS_END
            ? this.#separatorGas[n - 28]
            : this.#product[n - GAS_ANALYSERS_END + D]) as number);
  }
}
