/**
 * Water demand over the week: of the town two daily shapes (working day, weekend), of the high zone one, as trigonometric series through 24
 * hourly factors, smooth everywhere, with a mean of 1 over the day.
 */

/** Hourly factors from 00:00 on: a low night, breakfast, a quiet afternoon, the evening. */
const WORKING_DAY = [
  0.52, 0.45, 0.42, 0.43, 0.52, 0.8, 1.24, 1.48, 1.42, 1.26, 1.15, 1.1, 1.12, 1.08, 1.02, 1.01, 1.08, 1.22, 1.38, 1.42,
  1.28, 1.06, 0.84, 0.66,
];
/** Later and flatter. */
const WEEKEND = [
  0.6, 0.5, 0.45, 0.43, 0.45, 0.56, 0.78, 1.06, 1.34, 1.48, 1.46, 1.36, 1.28, 1.2, 1.12, 1.08, 1.12, 1.22, 1.32, 1.34,
  1.24, 1.08, 0.9, 0.73,
];
/** Houses and gardens without trade: a quiet day between breakfast and a long evening. */
const HIGH_ZONE_DAY = [
  0.5, 0.4, 0.38, 0.38, 0.45, 0.75, 1.3, 1.7, 1.5, 1.15, 0.95, 0.9, 0.98, 0.95, 0.85, 0.85, 1.0, 1.25, 1.55, 1.7, 1.6,
  1.3, 0.95, 0.7,
];
const HARMONICS = 6;
const DAY = 86_400;
const WEEK = 7 * DAY;

interface Series {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

const workingDay = series(WORKING_DAY);
const weekend = series(WEEKEND);
const highZone = series(HIGH_ZONE_DAY);

/** Demand at `t` seconds after a Monday 00:00 over the mean demand. */
export function demandFactor(t: number): number {
  const share = weekendShare(t);
  const angle = (2 * Math.PI * t) / DAY;
  if (share === 0) return evaluate(workingDay, angle);
  if (share === 1) return evaluate(weekend, angle);
  return (1 - share) * evaluate(workingDay, angle) + share * evaluate(weekend, angle);
}

/** The same of the high zone; its week has no weekend. */
export function highZoneDemandFactor(t: number): number {
  return evaluate(highZone, (2 * Math.PI * t) / DAY);
}

/** 1 at the weekend, 0 else; the change takes the two hours around midnight. */
function weekendShare(t: number): number {
  const time = t - Math.floor(t / WEEK) * WEEK;
  const hours = (time > 6 * DAY ? WEEK - time : time - 5 * DAY) / 3600;
  const share = (hours + 1) / 2;
  if (share <= 0) return 0;
  if (share >= 1) return 1;
  return share * share * (3 - 2 * share);
}

function series(hourly: readonly number[]): Series {
  const mean = hourly.reduce((sum, factor) => sum + factor, 0) / hourly.length;
  const coefficient = (k: number, wave: (angle: number) => number) =>
    (2 / hourly.length) *
    hourly.reduce((sum, factor, hour) => sum + (factor / mean) * wave((2 * Math.PI * k * hour) / hourly.length), 0);
  const orders = Array.from({ length: HARMONICS }, (_, k) => k + 1);
  return {
    cosines: Float64Array.from(orders, (k) => coefficient(k, Math.cos)),
    sines: Float64Array.from(orders, (k) => coefficient(k, Math.sin)),
  };
}

/** One sine and cosine; the multiples follow by the addition theorem. */
function evaluate({ cosines, sines }: Series, angle: number): number {
  const c1 = Math.cos(angle);
  const s1 = Math.sin(angle);
  let c = 1;
  let s = 0;
  let sum = 1;
  for (let k = 0; k < HARMONICS; k++) {
    const next = c * c1 - s * s1;
    s = s * c1 + c * s1;
    c = next;
    sum += cosines[k] * c + sines[k] * s;
  }
  return sum;
}
