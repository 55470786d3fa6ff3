/** What is taken over the week: hourly factors of each use on working days and at the weekend, with a mean of 1 over the working day. */
import { USES, type Use } from './network.ts';

const HOUR = 3600;
const HOURS = 24;
const DAYS = 7;
const WORKING_DAYS = 5;

/** From 00:00 on. Shapes after the usual ones of homes, shops, two-shift industry and stock farming; the levels are this town's. */
const HOURLY: Readonly<Record<Use, { readonly working: readonly number[]; readonly weekend: readonly number[] }>> = {
  homes: {
    working: [
      0.45, 0.38, 0.35, 0.36, 0.48, 0.85, 1.4, 1.7, 1.5, 1.2, 1.05, 1.0, 1.05, 1.0, 0.92, 0.92, 1.02, 1.25, 1.5, 1.55,
      1.4, 1.15, 0.87, 0.65,
    ],
    weekend: [
      0.55, 0.45, 0.4, 0.38, 0.4, 0.5, 0.75, 1.1, 1.5, 1.68, 1.6, 1.48, 1.38, 1.28, 1.18, 1.12, 1.15, 1.28, 1.42, 1.42,
      1.3, 1.1, 0.9, 0.72,
    ],
  },
  trade: {
    working: [
      0.35, 0.32, 0.3, 0.32, 0.4, 0.6, 0.9, 1.2, 1.4, 1.5, 1.5, 1.55, 1.6, 1.5, 1.4, 1.4, 1.4, 1.4, 1.3, 1.15, 0.95,
      0.75, 0.55, 0.42,
    ],
    weekend: [
      0.4, 0.35, 0.32, 0.32, 0.35, 0.42, 0.55, 0.75, 1.0, 1.2, 1.35, 1.45, 1.5, 1.4, 1.25, 1.15, 1.1, 1.1, 1.1, 1.05,
      0.95, 0.8, 0.62, 0.48,
    ],
  },
  industry: {
    working: [
      0.3, 0.25, 0.25, 0.25, 0.4, 0.9, 1.5, 1.55, 1.5, 1.5, 1.5, 1.5, 1.35, 1.4, 1.5, 1.45, 1.4, 1.35, 1.3, 1.25, 1.2,
      1.0, 0.6, 0.4,
    ],
    weekend: [
      0.25, 0.25, 0.25, 0.25, 0.25, 0.3, 0.4, 0.45, 0.5, 0.5, 0.5, 0.5, 0.45, 0.45, 0.4, 0.4, 0.35, 0.3, 0.3, 0.3, 0.3,
      0.25, 0.25, 0.25,
    ],
  },
  hospital: {
    working: [
      0.6, 0.55, 0.55, 0.55, 0.65, 0.85, 1.15, 1.35, 1.4, 1.35, 1.3, 1.3, 1.3, 1.25, 1.2, 1.15, 1.15, 1.15, 1.15, 1.05,
      0.95, 0.85, 0.7, 0.65,
    ],
    weekend: [
      0.6, 0.55, 0.55, 0.55, 0.6, 0.75, 1.0, 1.2, 1.25, 1.2, 1.15, 1.15, 1.15, 1.1, 1.05, 1.0, 1.0, 1.05, 1.05, 1.0,
      0.9, 0.8, 0.7, 0.65,
    ],
  },
  farms: {
    working: [
      0.4, 0.35, 0.35, 0.45, 1.0, 1.7, 1.8, 1.5, 1.2, 1.0, 0.9, 0.9, 1.0, 0.9, 0.85, 0.95, 1.3, 1.7, 1.6, 1.2, 0.95,
      0.8, 0.65, 0.5,
    ],
    weekend: [
      0.4, 0.35, 0.35, 0.45, 0.95, 1.65, 1.8, 1.55, 1.25, 1.05, 0.95, 0.95, 1.05, 0.95, 0.9, 0.95, 1.3, 1.65, 1.55, 1.2,
      0.95, 0.8, 0.65, 0.5,
    ],
  },
  harbour: {
    working: [
      0.6, 0.65, 0.9, 1.3, 1.6, 1.7, 1.6, 1.45, 1.3, 1.2, 1.1, 1.05, 1.0, 0.95, 0.95, 0.95, 0.95, 0.9, 0.85, 0.8, 0.75,
      0.7, 0.65, 0.6,
    ],
    weekend: [
      0.5, 0.5, 0.6, 0.75, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.95, 0.95, 0.9, 0.9, 0.9, 0.9, 0.85, 0.8, 0.75,
      0.65, 0.6, 0.55,
    ],
  },
};

/** Hour of the week → factor, of each use in the order of {@link USES}. */
const WEEK = USES.map((use) => {
  const { working, weekend } = HOURLY[use];
  const mean = working.reduce((sum, factor) => sum + factor, 0) / HOURS;
  return Float64Array.from({ length: DAYS * HOURS }, (_, hour) => {
    const day = hour < WORKING_DAYS * HOURS ? working : weekend;
    return (day[hour % HOURS] as number) / mean;
  });
});

/** Demand of a use (its number in {@link USES}) at `t` seconds after Monday 00:00, over its mean; straight between the hours. */
export function demandFactor(use: number, t: number): number {
  const week = WEEK[use] as Float64Array;
  const hours = t / HOUR;
  const whole = Math.floor(hours);
  const share = hours - whole;
  const hour = whole % week.length;
  const next = hour + 1 === week.length ? 0 : hour + 1;
  return (1 - share) * (week[hour] as number) + share * (week[next] as number);
}
