/**
 * Numbers of the Tennessee Eastman process (Downs & Vogel, Computers & Chemical Engineering 17 (1993) 245–255, doi
 * 10.1016/0098-1354(93)80018-I) as the public simulator of Russell, Chiang & Braatz computes with them. Components in order: A, B, C, D, E, F,
 * G, H. The simulator writes many constants in single precision, `f(…)`; without that rounding the analysers sample at other instants.
 * Units are the model's own: lb-mol, lb-mol/h, ft³, °C, mmHg absolute, MMBtu, MMBtu/h, lb/h, hours.
 */

export const f = Math.fround;

export const COMPONENTS = 8;

/** lb/lb-mol. */
export const MOLAR_MASS = Float64Array.of(2, f(25.4), 28, 32, 46, 48, 62, 76);

const rows = (...columns: number[][]): Float64Array[] => columns.map((column) => Float64Array.from(column));

/** Vapour pressure exp(A + B/(T + C)) mmHg; A, B and C do not condense. */
export const [ANTOINE_A, ANTOINE_B, ANTOINE_C] = rows(
  [0, 0, 0, 15.92, 16.35, 16.35, 16.43, 17.21].map(f),
  [0, 0, 0, -1444, -2114, -2114, -2748, -3318].map(f),
  [0, 0, 0, 259, 265.5, 265.5, 232.9, 249.6].map(f),
) as [Float64Array, Float64Array, Float64Array];

/** Liquid density a + b·T + c·T², lb/ft³. */
export const [DENSITY_A, DENSITY_B, DENSITY_C] = rows(
  [1, 1, 1, 23.3, 33.9, 32.8, 49.9, 50.5].map(f),
  [0, 0, 0, -0.07, -0.0957, -0.0995, -0.0191, -0.0541].map(f),
  [0, 0, 0, -0.0002, -0.000152, -0.000233, -0.000425, -0.00015].map(f),
) as [Float64Array, Float64Array, Float64Array];

/** Heat capacities a + b·T + c·T² and heat of vaporisation, MMBtu/(lb °F) and MMBtu/lb. */
const LIQUID = [
  [1e-6, 1e-6, 1e-6, 0.96e-6, 0.573e-6, 0.652e-6, 0.515e-6, 0.471e-6],
  [0, 0, 0, 8.7e-9, 2.41e-9, 2.18e-9, 5.65e-10, 8.7e-10],
  [0, 0, 0, 4.81e-11, 1.82e-11, 1.94e-11, 3.82e-12, 2.62e-12],
] as const;
const GAS = [
  [3.411e-6, 0.3799e-6, 0.2491e-6, 0.3567e-6, 0.3463e-6, 0.393e-6, 0.17e-6, 0.15e-6],
  [7.18e-10, 1.08e-9, 1.36e-11, 8.51e-10, 8.96e-10, 1.02e-9, 0, 0],
  [6.0e-13, -3.98e-13, -3.93e-14, -3.12e-13, -3.27e-13, -3.12e-13, 0, 0],
] as const;
const VAPORISATION = [1e-6, 1e-6, 1e-6, 86.7e-6, 160e-6, 160e-6, 225e-6, 209e-6];

/** Per lb-mol of a component: coefficients of the enthalpy a·T + b·T²/2 + c·T³/3, MMBtu/lb-mol (1.8 is °F per °C). */
const perMole = (table: readonly (readonly number[])[]) =>
  rows(...table.map((column) => column.map((value, i) => 1.8 * value * (MOLAR_MASS[i] as number)))) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
export const [LIQUID_A, LIQUID_B, LIQUID_C] = perMole(LIQUID);
export const [GAS_A, GAS_B, GAS_C] = perMole(GAS);
export const LATENT = Float64Array.from(VAPORISATION, (heat, i) => heat * (MOLAR_MASS[i] as number));

/** Gas constants: MMBtu/(lb-mol K), and mmHg ft³/(lb-mol K). */
export const R_ENERGY = 3.57696 / 1e6;
export const R_PRESSURE = f(998.9);
export const KELVIN = f(273.15);

/** ft³: reactor, separator, stripper sump, and the vapour header before the reactor. */
export const VOLUME = { reactor: 1300, separator: 3500, stripper: 156.5, header: 5000 } as const;

/** ft³ a m³. */
export const CUBIC_FEET = f(35.3145);

/** Hours of one step: the single-precision quotient, slightly more than a second. */
export const STEP_HOURS = f(f(1) / f(3600));

/** First-order time constants of the twelve valves, hours. */
export const VALVE_HOURS = Float64Array.of(8, 8, 6, 9, 7, 5, 5, 5, 120, 5, 5, 5).map((seconds) => seconds / 3600);

/** What a sticking valve overlooks, %. */
export const STICTION = 2;

/** The 50 states at the base case (mode 1), rounded as the simulator has them. */
export const BASE_CASE = Float64Array.from([
  ...[10.40491389, 4.363996017, 7.570059737, 0.4230042431, 24.15513437, 2.942597645, 154.3770655, 159.186596].map(f),
  f(2.808522723),
  ...[63.75581199, 26.74026066, 46.38532432, 0.2464521543, 15.20484404, 1.852266172, 52.44639459, 41.20394008].map(f),
  f(0.569931776),
  ...[f(0.4306056376), 7.9906200783e-3, f(0.9056036089), 1.6054258216e-2, f(0.7509759687), 8.8582855955e-2],
  ...[48.27726193, 39.38459028, 0.3755297257].map(f),
  ...[107.7562698, 29.77250546, 88.32481135, 23.03929507, 62.85848794, 5.546318688, 11.92244772, 5.555448243].map(f),
  ...[0.9218489762, 94.59927549, 77.29698353].map(f),
  ...[63.05263039, 53.97970677, 24.64355755, 61.30192144, 22.21, 40.06374673].map(f),
  ...[38.1003437, 46.53415582, 47.44573456, 41.10581288, 18.11349055, 50].map(f),
]);

/** Standard deviations of the noise of the 41 measurements, in their units. */
export const NOISE = Float64Array.of(
  ...[0.0012, 18, 22, 0.05, 0.2, 0.21, 0.3, 0.5, 0.01, 0.0017, 0.01, 1, 0.3, 0.125, 1, 0.3, 0.115, 0.01, 1.15, 0.2],
  ...[0.01, 0.01],
  ...[0.25, 0.1, 0.25, 0.1, 0.25, 0.025],
  ...[0.25, 0.1, 0.25, 0.1, 0.25, 0.025, 0.05, 0.05],
  ...[0.01, 0.01, 0.01, 0.5, 0.5],
);

/** Measurements that are continuous; those after them come from sampled analysers. */
export const CONTINUOUS = 22;
export const MEASUREMENTS = 41;
/** The last analyser of reactor feed and purge (mol %); those after it are of the product. */
export const GAS_ANALYSERS_END = 36;
/** Hours between two reports of the analysers of reactor feed and purge, and of the product. */
export const GAS_PERIOD = f(0.1);
export const PRODUCT_PERIOD = 0.25;
