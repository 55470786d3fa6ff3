/**
 * The area: the WSCC system of three machines and nine buses, numbered as in MATPOWER's case 9, with the machines' dynamic data. Power in MW
 * and Mvar or per unit of `BASE_MVA`, voltages per unit of `BASE_KV`, time in seconds.
 */
import type { PowerSystem } from './network.ts';

export const BASE_MVA = 100;
/** The lines of the original are 230 kV (Anderson & Fouad 1977, figure 2.18); MATPOWER's file writes 345. */
export const BASE_KV = 230;
export const NOMINAL_HZ = 60;
/** Amperes and ohms of one per unit. */
export const BASE_AMPERE = (BASE_MVA * 1000) / (Math.sqrt(3) * BASE_KV);
export const BASE_OHM = BASE_KV ** 2 / BASE_MVA;

/** Anderson & Fouad 1977, figure 2.18; loads and voltages as there. */
export const SYSTEM: PowerSystem = {
  baseMva: BASE_MVA,
  slack: 1,
  buses: [
    { id: 1, load: [0, 0] },
    { id: 2, load: [0, 0] },
    { id: 3, load: [0, 0] },
    { id: 4, load: [0, 0] },
    { id: 5, load: [90, 30] },
    { id: 6, load: [0, 0] },
    { id: 7, load: [100, 35] },
    { id: 8, load: [0, 0] },
    { id: 9, load: [125, 50] },
  ],
  branches: [
    { from: 1, to: 4, r: 0, x: 0.0576, b: 0 },
    { from: 4, to: 5, r: 0.017, x: 0.092, b: 0.158 },
    { from: 5, to: 6, r: 0.039, x: 0.17, b: 0.358 },
    { from: 3, to: 6, r: 0, x: 0.0586, b: 0 },
    { from: 6, to: 7, r: 0.0119, x: 0.1008, b: 0.209 },
    { from: 7, to: 8, r: 0.0085, x: 0.072, b: 0.149 },
    { from: 2, to: 8, r: 0, x: 0.0625, b: 0 },
    { from: 8, to: 9, r: 0.032, x: 0.161, b: 0.306 },
    { from: 9, to: 4, r: 0.01, x: 0.085, b: 0.176 },
  ],
  sources: [
    { bus: 1, mw: 72.3, voltage: 1.04 },
    { bus: 2, mw: 163, voltage: 1.025 },
    { bus: 3, mw: 85, voltage: 1.025 },
  ],
};

/** Lines by their branch in `SYSTEM` and their continuous rating in MVA (rate A of MATPOWER's case 9). */
export const LINES = [
  { branch: 1, from: 4, to: 5, ratingMva: 250 },
  { branch: 2, from: 5, to: 6, ratingMva: 150 },
  { branch: 4, from: 6, to: 7, ratingMva: 150 },
  { branch: 5, from: 7, to: 8, ratingMva: 250 },
  { branch: 7, from: 8, to: 9, ratingMva: 250 },
  { branch: 8, from: 9, to: 4, ratingMva: 250 },
] as const;

/** Generating units: terminal bus, unit transformer's branch, bus at its high side. */
export const UNITS = [
  { number: 1, bus: 1, branch: 0, highBus: 4 },
  { number: 2, bus: 2, branch: 6, highBus: 8 },
  { number: 3, bus: 3, branch: 3, highBus: 6 },
] as const;

export const FEEDERS = [5, 7, 9] as const;

/** Rotating exciter of IEEE Type 1: gains per unit, saturation S(E) = `saturation`·exp(`saturationExponent`·E). */
export interface Exciter {
  readonly ka: number;
  readonly ta: number;
  readonly ke: number;
  readonly te: number;
  readonly kf: number;
  readonly tf: number;
  readonly saturation: number;
  readonly saturationExponent: number;
  /** The regulator's output stays within ± this, pu. */
  readonly ceiling: number;
}

/** Governor, steam chest and reheater: time constants, share of the power made before the reheater, droop in per unit speed for the rated power. */
export interface Turbine {
  readonly governorTime: number;
  readonly chestTime: number;
  readonly reheatTime: number;
  readonly highPressure: number;
  readonly droop: number;
  readonly ratedMva: number;
  /** MW with the valves wide open. */
  readonly maximumMw: number;
}

/** A two-axis machine: reactances per unit on the system's base, inertia constant and open-circuit time constants in seconds. */
export interface Machine {
  readonly bus: number;
  readonly inertia: number;
  /** Torque per unit speed deviation, pu. */
  readonly damping: number;
  readonly rs: number;
  readonly xd: number;
  readonly xdTransient: number;
  readonly xq: number;
  readonly xqTransient: number;
  readonly td0: number;
  readonly tq0: number;
  readonly exciter: Exciter;
  readonly turbine: Turbine;
}

/**
 * Sauer & Pai, Power System Dynamics and Stability, 1998, table 7.3: the same exciter on all three. They give no limits of the regulator; ±10 are
 * those of the case's data in PSSim (University of Tennessee, 2023).
 */
const EXCITER: Exciter = {
  ka: 20,
  ta: 0.2,
  ke: 1,
  te: 0.314,
  kf: 0.063,
  tf: 0.35,
  saturation: 0.0039,
  saturationExponent: 1.555,
  ceiling: 10,
};

/**
 * Sauer & Pai give no governors' numbers; these are Kundur 1994, section 11.1 (governor 0.2 s, chest 0.3 s, reheater 7 s with 30 % of the power
 * before it, droop 5 %), droop on the machines' nameplates (Anderson & Fouad 1977, table 2.1), power at most what MATPOWER's case 9 allows.
 */
const turbine = (ratedMva: number, maximumMw: number): Turbine => ({
  governorTime: 0.2,
  chestTime: 0.3,
  reheatTime: 7,
  highPressure: 0.3,
  droop: 0.05,
  ratedMva,
  maximumMw,
});

/** Sauer & Pai 1998, table 7.3; damping D/M = 0.1 s⁻¹ there is 0.2·H per unit speed. */
export const MACHINES: readonly Machine[] = [
  {
    bus: 1,
    inertia: 23.64,
    damping: 0.2 * 23.64,
    rs: 0,
    xd: 0.146,
    xdTransient: 0.0608,
    xq: 0.0969,
    xqTransient: 0.0969,
    td0: 8.96,
    tq0: 0.31,
    exciter: EXCITER,
    turbine: turbine(247.5, 250),
  },
  {
    bus: 2,
    inertia: 6.4,
    damping: 0.2 * 6.4,
    rs: 0,
    xd: 0.8958,
    xdTransient: 0.1198,
    xq: 0.8645,
    xqTransient: 0.1969,
    td0: 6,
    tq0: 0.535,
    exciter: EXCITER,
    turbine: turbine(192, 300),
  },
  {
    bus: 3,
    inertia: 3.01,
    damping: 0.2 * 3.01,
    rs: 0,
    xd: 1.3125,
    xdTransient: 0.1813,
    xq: 1.2578,
    xqTransient: 0.25,
    td0: 5.89,
    tq0: 0.6,
    exciter: EXCITER,
    turbine: turbine(128, 270),
  },
];

/**
 * Loads are admittances at every instant (exponent 2); tap changers in the distribution bring their power back in `recovery` seconds (Karlsson &
 * Hill 1994, exponential recovery with static exponent 0). Frequency: per unit power for per unit frequency (Kundur 1994, section 7.1).
 */
export const LOAD = {
  recovery: 60,
  activeByFrequency: 1.5,
  reactiveByFrequency: -1,
  leastVoltage: 0.7,
  /** A town that is dark for some seconds loses its feeders but this share, and has them switched on again one after the other, as loads recover. */
  afterDark: 0.15,
  dropout: 5,
  darkVoltage: 0.2,
  wander: 0.01,
  wanderTime: 120,
};

/**
 * Circuit breakers of 230 kV: three cycles to interrupt, five to close, and the operating sequence O – 0.3 s – CO – 3 min – CO of IEC 62271-100
 * clause 5.104: the spring holds one close, and is wound again in `winding` seconds.
 */
export const BREAKER = { opening: 0.05, closing: 0.083, winding: 15 };

/** An arc's path is free of ions again after the line has been dead this long: 10.5 + U/34.5 cycles (IEEE C37.104, clause 5.2), U in kV. */
export const DEIONISATION = (10.5 + BASE_KV / 34.5) / NOMINAL_HZ;

/** Shares of the week's peak by hour (IEEE Reliability Test System 1979, table 3, winter) and shares of the peak by day, from Monday (table 2). */
export const LOAD_BY_HOUR = {
  weekday: [67, 63, 60, 59, 59, 60, 74, 86, 95, 96, 96, 95, 95, 95, 93, 94, 99, 100, 100, 96, 91, 83, 73, 63],
  weekend: [78, 72, 68, 66, 64, 65, 66, 70, 80, 88, 90, 91, 90, 88, 87, 87, 91, 100, 99, 97, 94, 92, 87, 81],
  day: [93, 100, 98, 96, 94, 77, 75],
} as const;

/** Weather at which the lines were rated, as the standard's worked example has it: 40 °C, 0.61 m/s across the conductor, full sun. */
export const RATED_WEATHER = { ambient: 40, wind: 0.61, sun: 1 };

/** Reaches of the distance relays' first two zones as set, per cent of the line (IEEE C37.113, clause 5). */
export const ZONE_PERCENT = [80, 120] as const;

/** Under-frequency load shedding by feeder, Hz: the first three blocks of the Western Interconnection's coordinated plan (PRC-006-WECC-CRT); bus 7 goes first. */
export const SHEDDING_HZ = [58.9, 59.1, 58.7] as const;
