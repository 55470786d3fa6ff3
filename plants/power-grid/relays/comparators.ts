/** What relays decide from phasors: distance (21), direction (67), transformer differential (87T), synchronism (25). Phasors in per unit. */

import { magnitude } from '../linear.ts';

/**
 * Mho distance element: whether what is seen lies in the circle through the origin whose diameter is the reach. The angle is compared against a
 * polarising voltage – remembered from before the fault, so that a fault at the relay's own terminals is seen forward and not backward (Cook,
 * Analysis of Distance Protection, 1985, chapter 3).
 */
export function inMho(
  vRe: number,
  vIm: number,
  iRe: number,
  iIm: number,
  polRe: number,
  polIm: number,
  reachR: number,
  reachX: number,
): boolean {
  const dRe = iRe * reachR - iIm * reachX - vRe;
  const dIm = iRe * reachX + iIm * reachR - vIm;
  return dRe * polRe + dIm * polIm > 0;
}

/** Whether a current flows forward: within 90° of the angle by which it lags the polarising voltage when the line is short-circuited. */
export function isForward(iRe: number, iIm: number, polRe: number, polIm: number, cos: number, sin: number): boolean {
  // Re(V·conj(I)·e^(−jφ))
  const p = polRe * iRe + polIm * iIm;
  const q = polIm * iRe - polRe * iIm;
  return p * cos + q * sin > 0;
}

export interface Differential {
  /** Least difference, pu of the rated current. */
  readonly pickup: number;
  /** Share of the restraint current that the difference must exceed, up to the knee and beyond it. */
  readonly slope1: number;
  readonly knee: number;
  readonly slope2: number;
}

/** Percentage differential: whether the sum of two currents, both counted into the transformer, exceeds its restraint (IEEE C37.91, clause 8). */
export function differs(
  settings: Differential,
  rated: number,
  aRe: number,
  aIm: number,
  bRe: number,
  bIm: number,
): boolean {
  const difference = magnitude(aRe + bRe, aIm + bIm) / rated;
  const restraint = (magnitude(aRe, aIm) + magnitude(bRe, bIm)) / 2 / rated;
  const { pickup, slope1, knee, slope2 } = settings;
  const line = restraint <= knee ? slope1 * restraint : slope1 * knee + slope2 * (restraint - knee);
  return difference > Math.max(pickup, line);
}

export interface Synchronism {
  /** Largest difference of the voltages (pu), of the frequencies (Hz) and of the angles (radians). */
  readonly voltage: number;
  readonly slip: number;
  readonly angle: number;
  /** A side is live above and dead below these voltages, pu. */
  readonly live: number;
  readonly dead: number;
}

/** Whether a breaker may close: one side or both dead, or both live and in step. */
export function maySynchronise(
  settings: Synchronism,
  bus: number,
  branch: number,
  slipHz: number,
  angle: number,
): boolean {
  if (bus < settings.dead || branch < settings.dead) return true;
  if (bus < settings.live || branch < settings.live) return false;
  return (
    Math.abs(bus - branch) <= settings.voltage && Math.abs(slipHz) <= settings.slip && Math.abs(angle) <= settings.angle
  );
}
