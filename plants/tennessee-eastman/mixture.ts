/** Properties of mixtures: enthalpies are cubics in temperature whose coefficients are mixed once, and inverted by Newton's method. */
import {
  ANTOINE_A,
  ANTOINE_B,
  ANTOINE_C,
  COMPONENTS,
  DENSITY_A,
  DENSITY_B,
  DENSITY_C,
  GAS_A,
  GAS_B,
  GAS_C,
  LATENT,
  LIQUID_A,
  LIQUID_B,
  LIQUID_C,
  MOLAR_MASS,
  R_PRESSURE,
} from './constants.ts';

/** First component that condenses in reactor and separator. */
export const CONDENSING = 3;

/** Newton's iteration stops when a step is smaller, °C. */
const CLOSE = 1e-12;
const ITERATIONS = 100;

/** The energy e + a·T + b·T²/2 + c·T³/3 of amounts of the eight components, T in °C. */
export class Enthalpy {
  e = 0;
  a = 0;
  b = 0;
  c = 0;

  /** Of a liquid with `n[first … last]` lb-mol (or fractions), the others being absent. */
  liquid(n: Float64Array, offset: number, first: number): void {
    let a = 0;
    let b = 0;
    let c = 0;
    for (let i = first; i < COMPONENTS; i++) {
      const amount = n[offset + i] as number;
      a += amount * (LIQUID_A[i] as number);
      b += amount * (LIQUID_B[i] as number);
      c += amount * (LIQUID_C[i] as number);
    }
    this.e = 0;
    this.a = a;
    this.b = b;
    this.c = c;
  }

  /** Of a gas, heat of vaporisation included. */
  gas(n: Float64Array, offset: number): void {
    let e = 0;
    let a = 0;
    let b = 0;
    let c = 0;
    for (let i = 0; i < COMPONENTS; i++) {
      const amount = n[offset + i] as number;
      e += amount * (LATENT[i] as number);
      a += amount * (GAS_A[i] as number);
      b += amount * (GAS_B[i] as number);
      c += amount * (GAS_C[i] as number);
    }
    this.e = e;
    this.a = a;
    this.b = b;
    this.c = c;
  }

  at(t: number): number {
    return this.e + t * (this.a + t * (this.b / 2 + (t * this.c) / 3));
  }

  /** The temperature at which the energy is `energy`, from a first guess; the guess itself when it is not found. */
  temperature(energy: number, guess: number): number {
    let t = guess;
    for (let k = 0; k < ITERATIONS; k++) {
      const step = -(this.at(t) - energy) / (this.a + t * (this.b + t * this.c));
      t += step;
      if (Math.abs(step) < CLOSE) return t;
    }
    return guess;
  }
}

/** Volume of a liquid's amounts, ft³. */
export function liquidVolume(n: Float64Array, offset: number, first: number, t: number): number {
  let volume = 0;
  for (let i = first; i < COMPONENTS; i++)
    volume +=
      ((n[offset + i] as number) * (MOLAR_MASS[i] as number)) /
      ((DENSITY_A[i] as number) + ((DENSITY_B[i] as number) + (DENSITY_C[i] as number) * t) * t);
  return volume;
}

/** Vapour pressure of a component that condenses (3 … 7), mmHg. */
function vapourPressure(i: number, t: number): number {
  return Math.exp((ANTOINE_A[i] as number) + (ANTOINE_B[i] as number) / (t + (ANTOINE_C[i] as number)));
}

/** Mean molar mass, lb/lb-mol, of mole fractions. */
export function molarMass(x: Float64Array): number {
  let mass = 0;
  for (let i = 0; i < COMPONENTS; i++) mass += (x[i] as number) * (MOLAR_MASS[i] as number);
  return mass;
}

/** Sum of `values[from … to−1]`. */
export function sum(values: Float64Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += values[i] as number;
  return total;
}

/** Partial pressures over a vessel's liquid, mmHg, into `into`; gives their sum. A, B, C are ideal gases, D … H in equilibrium (Raoult). */
export function partialPressures(
  y: Float64Array,
  vessel: number,
  t: number,
  kelvin: number,
  space: number,
  into: Float64Array,
): number {
  const n = sum(y, vessel + CONDENSING, vessel + COMPONENTS);
  const gas = (R_PRESSURE * kelvin) / space;
  const p0 = (y[vessel] as number) * gas;
  const p1 = (y[vessel + 1] as number) * gas;
  const p2 = (y[vessel + 2] as number) * gas;
  // E and F have the same vapour pressure.
  const pe = vapourPressure(4, t);
  const p3 = (vapourPressure(3, t) * (y[vessel + 3] as number)) / n;
  const p4 = (pe * (y[vessel + 4] as number)) / n;
  const p5 = (pe * (y[vessel + 5] as number)) / n;
  const p6 = (vapourPressure(6, t) * (y[vessel + 6] as number)) / n;
  const p7 = (vapourPressure(7, t) * (y[vessel + 7] as number)) / n;
  into[0] = p0;
  into[1] = p1;
  into[2] = p2;
  into[3] = p3;
  into[4] = p4;
  into[5] = p5;
  into[6] = p6;
  into[7] = p7;
  return p0 + p1 + p2 + p3 + p4 + p5 + p6 + p7;
}

const FEED_C = new Float64Array(COMPONENTS);

/** Of the A and C feed, MMBtu/lb-mol. */
export function feedEnthalpy(h: Enthalpy, a: number, b: number, c: number, t: number): number {
  FEED_C[0] = a;
  FEED_C[1] = b;
  FEED_C[2] = c;
  h.gas(FEED_C, 0);
  return h.at(t);
}
