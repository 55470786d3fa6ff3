/**
 * Disturbances that wander: twelve values that each follow a cubic through time, a segment after the other. The first nine go to a random
 * point with a random slope; the last three are pulses, a quadratic rise and a smooth fall within 0.1 h. A disturbance that is switched on takes
 * effect when its walk begins its next segment; one that is switched off runs back over the following one.
 */
import type { Draws } from './draws.ts';

/** What a walk acts on, the number of the disturbance (IDV) that lets it wander, and the spans of its segments. */
interface Walk {
  readonly idv: number;
  readonly hSpan: number;
  readonly hZero: number;
  readonly span: number;
  readonly zero: number;
}

const WALKS: readonly Walk[] = [
  { idv: 8, hSpan: 0.2, hZero: 0.5, span: 0.03, zero: 0.485 }, // A in the A and C feed, mole fraction
  { idv: 8, hSpan: 0.7, hZero: 1, span: 0.003, zero: 0.005 }, // B in the A and C feed, mole fraction
  { idv: 9, hSpan: 0.25, hZero: 0.5, span: 10, zero: 45 }, // D feed, °C
  { idv: 10, hSpan: 0.7, hZero: 1, span: 10, zero: 45 }, // A and C feed, °C
  { idv: 11, hSpan: 0.15, hZero: 0.25, span: 10, zero: 35 }, // reactor cooling water inlet, °C
  { idv: 12, hSpan: 0.15, hZero: 0.25, span: 10, zero: 40 }, // condenser cooling water inlet, °C
  { idv: 13, hSpan: 1, hZero: 2, span: 0.25, zero: 1 }, // factor on reaction 1
  { idv: 13, hSpan: 1, hZero: 2, span: 0.25, zero: 1 }, // factor on reaction 2
  { idv: 16, hSpan: 0.4, hZero: 0.5, span: 0.25, zero: 0 }, // relative change of the stripper's steam coefficient
  { idv: 17, hSpan: 1.5, hZero: 2, span: 0, zero: 0 }, // reactor fouling
  { idv: 18, hSpan: 2, hZero: 3, span: 0, zero: 0 }, // condenser fouling
  { idv: 20, hSpan: 1.5, hZero: 2, span: 0, zero: 0 }, // restriction between reactor and separator
];
const PULSES_FROM = 9;
const COUNT = WALKS.length;
/** Numbers of a segment: a, b, c, d, its begin and its end in hours. */
const SEGMENT = 6;

export class Walks {
  /** Segments of all walks, {@link SEGMENT} numbers each, and the earliest end of any of them. */
  readonly memory = new Float64Array(COUNT * SEGMENT + 1);
  /** The values after the last {@link update}, in the order of the walks. */
  readonly values = new Float64Array(COUNT);

  constructor() {
    this.reset();
  }

  reset(): void {
    for (let k = 0; k < COUNT; k++) this.memory.set([(WALKS[k] as Walk).zero, 0, 0, 0, 0, 0.1], k * SEGMENT);
    this.memory[COUNT * SEGMENT] = 0;
  }

  /** Begins the segments that are due at `t` hours; `flags[flagsFrom + n − 1]` is IDV n. At most one new segment a walk, and none twice at one `t`. */
  advance(t: number, flags: Float64Array, flagsFrom: number, draws: Draws): void {
    const m = this.memory;
    if (t < (m[COUNT * SEGMENT] as number)) return;
    let earliest = Number.POSITIVE_INFINITY;
    for (let k = 0; k < COUNT; k++) {
      const at = k * SEGMENT;
      if (t >= (m[at + 5] as number)) {
        const walk = WALKS[k] as Walk;
        this.#begin(at, walk, (flags[flagsFrom + walk.idv - 1] as number) > 0 ? 1 : 0, k >= PULSES_FROM, draws);
      }
      earliest = Math.min(earliest, m[at + 5] as number);
    }
    m[COUNT * SEGMENT] = earliest;
  }

  /** Works out {@link values} at `t` hours. */
  update(t: number): void {
    const m = this.memory;
    for (let k = 0, at = 0; k < COUNT; k++, at += SEGMENT) {
      const h = t - (m[at + 4] as number);
      this.values[k] =
        (m[at] as number) + h * ((m[at + 1] as number) + h * ((m[at + 2] as number) + h * (m[at + 3] as number)));
    }
  }

  #begin(at: number, walk: Walk, on: number, pulse: boolean, draws: Draws): void {
    const m = this.memory;
    const [a, b, c, d, from, to] = m.subarray(at, at + SEGMENT) as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const length = to - from;
    const value = a + length * (b + length * (c + length * d));
    const slope = b + length * (2 * c + 3 * length * d);
    if (pulse && value > 0.1) {
      m.set([value, slope, -(3 * value + 0.2 * slope) / 0.01, (2 * value + 0.1 * slope) / 0.001, to, to + 0.1], at);
      return;
    }
    const h = walk.hSpan * draws.signed() + walk.hZero;
    if (pulse) {
      m.set([0, 0, on / (h * h), 0, to, to + h], at);
      return;
    }
    const target = walk.span * draws.signed() * on + walk.zero;
    // The simulator draws a slope as well; its span is 0 for every walk.
    draws.signed();
    m.set(
      [
        value,
        slope,
        (3 * (target - value) - h * (2 * slope)) / (h * h),
        (2 * (value - target) + h * slope) / (h * h * h),
        to,
        to + h,
      ],
      at,
    );
  }
}
