/**
 * Dependent-time overcurrent (50/51) of IEC 60255-151:2009: t(G) = TMS·(k/((G/Gs)^α − 1) + c) operating, TMS·t_r/(1 − (G/Gs)^α) resetting
 * (annex A, table A.1). The time is integrated, so that a current that changes operates when ∫dt/t reaches 1 (clause 4.4.2).
 */
import { nearest, UsageError } from '@penstock/core';

export interface Curve {
  readonly k: number;
  readonly c: number;
  readonly alpha: number;
  /** Reset constant; curves without one fall back at once. */
  readonly reset?: number;
}

/** Table A.1, by the standard's letters: A normal, B very, C extremely inverse of IEC; D moderately, E very, F extremely inverse of IEEE C37.112. */
export const CURVES: Readonly<Record<string, Curve>> = {
  A: { k: 0.14, c: 0, alpha: 0.02 },
  B: { k: 13.5, c: 0, alpha: 1 },
  C: { k: 80, c: 0, alpha: 2 },
  D: { k: 0.0515, c: 0.114, alpha: 0.02, reset: 4.85 },
  E: { k: 19.61, c: 0.491, alpha: 2, reset: 21.6 },
  F: { k: 28.2, c: 0.1217, alpha: 2, reset: 29.1 },
};

/** From this multiple of the setting on the time falls no further (clause 4.4.3: G_D, at least 20). */
const LONGEST_MULTIPLE = 20;

/** @throws UsageError `power-grid.curve` */
export function curveOf(letter: string): Curve {
  const curve = CURVES[letter];
  if (curve !== undefined) return curve;
  const meant = nearest(letter, Object.keys(CURVES));
  throw new UsageError(
    'power-grid.curve',
    `there is no curve '${letter}' in IEC 60255-151; ${meant === undefined ? `there are ${Object.keys(CURVES).join(', ')}` : `did you mean '${meant}'?`}`,
  );
}

/** Seconds to operate at a constant multiple of the setting; infinite up to 1. */
export function operateTime(curve: Curve, multiplier: number, multiple: number): number {
  if (multiple <= 1) return Number.POSITIVE_INFINITY;
  const held = Math.min(LONGEST_MULTIPLE, multiple);
  return multiplier * (curve.k / (held ** curve.alpha - 1) + curve.c);
}

/** Seconds to fall back from the verge of operation at a constant multiple below 1; 0 for curves that fall back at once. */
export function resetTime(curve: Curve, multiplier: number, multiple: number): number {
  if (curve.reset === undefined) return 0;
  return multiple >= 1 ? Number.POSITIVE_INFINITY : (multiplier * curve.reset) / (1 - multiple ** curve.alpha);
}

/** How far towards operation (1) the element is after `h` seconds more at a multiple of its setting. */
export function advanceInverse(
  curve: Curve,
  multiplier: number,
  progress: number,
  multiple: number,
  h: number,
): number {
  if (multiple > 1) return Math.min(1, progress + h / operateTime(curve, multiplier, multiple));
  if (progress === 0) return 0;
  const reset = resetTime(curve, multiplier, multiple);
  return reset === 0 ? 0 : Math.max(0, progress - h / reset);
}
