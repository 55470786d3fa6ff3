/** Settings of the area's relays. Impedances and currents in per unit of the base, times in seconds. */
import { BASE_MVA, FEEDERS, LINES, MACHINES, SYSTEM, UNITS } from '../design.ts';
import { LINE_ENDS } from '../signals.ts';
import type { Differential, Synchronism } from './comparators.ts';
import { curveOf } from './inverse-time.ts';

/** Time that a numerical relay takes to be sure: a cycle of its Fourier filter and a task of four a cycle. */
export const MEASURING = 1.25 / 60;
/** What a permissive signal takes to the other end. */
export const CHANNEL = 0.016;
/** A trip is held for as long, nine cycles, and until the current has ended: so that contacts and coils in the station have seen it. */
export const SEAL = 0.15;
/** Current below which a pole counts as open, and above which a distance element measures. */
export const LEAST_CURRENT = 0.1;
/** Memory of the polarising voltage. */
export const POLARISING = 0.05;
/** Below this voltage, pu, it is the memory that polarises, and for so long; the frame turns on meanwhile. */
export const BLIND_VOLTAGE = 0.1;
export const MEMORY = 0.1;
/** From a trip to the trip of everything around a breaker that still carries current: interruption, reset and margin (IEEE C37.119, clause 7). */
export const BREAKER_FAILURE = 0.15;

/** Zone 2's time and zone 3's (IEEE C37.113, clause 5). */
export const ZONE2_DELAY = 0.35;
export const ZONE3_DELAY = 1;

export interface LineSettings {
  readonly r: number;
  readonly x: number;
  /** Reach of zone 3 as a multiple of the line: it and 120 % of the longest line beyond. */
  readonly zone3: number;
  /** Backup overcurrent: 150 % of the line's rating. */
  readonly pickup: number;
  /** Cosine and sine of the line's angle. */
  readonly cos: number;
  readonly sin: number;
}

export const LINE_SETTINGS: readonly LineSettings[] = LINE_ENDS.map(({ line, branch, atTo }) => {
  const { r, x, from, to } = SYSTEM.branches[branch];
  const far = atTo ? from : to;
  const beyond = LINES.filter((other) => other.branch !== branch && (other.from === far || other.to === far)).map(
    (other) => Math.hypot(SYSTEM.branches[other.branch].r, SYSTEM.branches[other.branch].x),
  );
  const size = Math.hypot(r, x);
  return {
    r,
    x,
    zone3: (size + 1.2 * Math.max(...beyond)) / size,
    pickup: (1.5 * LINES[line].ratingMva) / BASE_MVA,
    cos: r / size,
    sin: x / size,
  };
});

export const LINE_CURVE = curveOf('B');
export const LINE_MULTIPLIER = 0.3;
export const FEEDER_CURVE = curveOf('A');
export const FEEDER_MULTIPLIER = 0.1;
/** Twice the feeder's published load; the instantaneous element at eight times it. */
export const FEEDER_PICKUP: readonly number[] = FEEDERS.map((bus) => {
  const [mw, mvar] = (SYSTEM.buses.find(({ id }) => id === bus) as { load: readonly [number, number] }).load;
  return (2 * Math.hypot(mw, mvar)) / BASE_MVA;
});
export const INSTANTANEOUS = 4;

/** Of load shedding: 14 cycles in all, three of them the breaker's (PRC-006-WECC-CRT). */
export const SHEDDING_DELAY = 11 / 60;
/** A feeder on less voltage for this long is let go, unless it is dead. */
export const UNDERVOLTAGE = { volts: 0.8, dead: 0.2, delay: 3 };

/**
 * Limits of a unit's frequency, Hz, and how long it stays on beyond them: the Western Interconnection's curve of NERC PRC-024, attachment 1. Those that the
 * curve lets go at once wait for a tenth of a second against transients.
 */
export const UNIT_FREQUENCY: readonly { readonly hertz: number; readonly above: boolean; readonly delay: number }[] = [
  { hertz: 61.7, above: true, delay: 0.1 },
  { hertz: 61.6, above: true, delay: 30 },
  { hertz: 60.6, above: true, delay: 180 },
  { hertz: 59.4, above: false, delay: 180 },
  { hertz: 58.4, above: false, delay: 30 },
  { hertz: 57.8, above: false, delay: 7.5 },
  { hertz: 57.3, above: false, delay: 0.75 },
  { hertz: 57, above: false, delay: 0.1 },
];
/** The same standard's high-voltage curve: 1.15 pu for half a second, 1.2 at once. */
export const UNIT_OVERVOLTAGE: readonly { readonly volts: number; readonly delay: number }[] = [
  { volts: 1.2, delay: 0.05 },
  { volts: 1.15, delay: 0.5 },
];
export const UNIT_CURVE = curveOf('B');
export const UNIT_MULTIPLIER = 0.4;
export const UNIT_RATED: readonly number[] = UNITS.map((_, k) => MACHINES[k].turbine.maximumMw / BASE_MVA);
export const UNIT_PICKUP: readonly number[] = UNIT_RATED.map((rated) => 1.3 * rated);
/** IEEE C37.91, clause 8: 30 % and 60 %, knee at twice the rated current. */
export const DIFFERENTIAL: Differential = { pickup: 0.3, slope1: 0.3, knee: 2, slope2: 0.6 };

/** Limits between parts of a meshed network: 10 %, 0.2 Hz, and 40°, for with line 7–8 open some 30° stand between its ends. */
export const LINE_SYNCHRONISM: Synchronism = {
  voltage: 0.1,
  slip: 0.2,
  angle: (40 * Math.PI) / 180,
  live: 0.8,
  dead: 0.3,
};
/** For a generator: 5 %, 0.067 Hz, 10° (IEEE C50.13, clause 4.2.5). */
export const UNIT_SYNCHRONISM: Synchronism = {
  voltage: 0.05,
  slip: 0.067,
  angle: (10 * Math.PI) / 180,
  live: 0.8,
  dead: 0.3,
};

/** Automatic reclosing (79): one shot; the end at the smaller bus number of a line closes onto the dead line, the other when it is live and in step. */
export const RECLOSE = { deadTime: 0.5, waiting: 5, pulse: 0.1, reclaim: 30 };
