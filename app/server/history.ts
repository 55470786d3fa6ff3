/** What all tags were, bounded: every second for two hours, every half minute for a day before. */
import { type Instant, inSeconds, type TrendMessage, UsageError } from '@penstock/core';
import type { Range } from '@penstock/range';

const FINE = { every: 1, samples: 7200 };
const COARSE = { every: 30, samples: 2880 };
const MOST_TAGS = 16;
const MOST_POINTS = 4000;
const MOST_MARKS = 500;
const KEPT_MARKS = 5000;

export interface TrendQuery {
  readonly tags: readonly string[];
  /** Seconds since the run's start. */
  readonly from: number;
  readonly to: number;
  readonly points: number;
}

type Mark = TrendMessage['marks'][number];

/** A ring of samples of one rate. */
class Tier {
  readonly every: number;
  readonly #samples: number;
  readonly #width: number;
  readonly #values: Float32Array;
  readonly #times: Float64Array;
  #next = 0;
  #newest = Number.NEGATIVE_INFINITY;
  /** How far samples really lie apart: a fast range passes several periods between two looks. */
  #apart: number;

  constructor({ every, samples }: typeof FINE, width: number) {
    this.every = every;
    this.#apart = every;
    this.#samples = samples;
    this.#width = width;
    this.#values = new Float32Array(samples * width);
    this.#times = new Float64Array(samples).fill(Number.NaN);
  }

  add(time: number, sources: readonly ArrayLike<number>[]): void {
    if (time - this.#newest < this.every) return;
    if (Number.isFinite(this.#newest)) this.#apart = Math.max(this.every, time - this.#newest);
    this.#newest = time;
    const slot = this.#next;
    this.#next = (slot + 1) % this.#samples;
    this.#times[slot] = time;
    let at = slot * this.#width;
    for (const source of sources) for (let i = 0; i < source.length; i++) this.#values[at++] = source[i] as number;
  }

  /** Slot of the newest sample not after `time`, no older than two periods; -1 where there is none. */
  slotAt(time: number): number {
    let low = 0;
    let high = this.#samples - 1;
    let found = -1;
    // The ring in order of time begins at `#next`.
    while (low <= high) {
      const middle = (low + high) >> 1;
      const slot = (this.#next + middle) % this.#samples;
      const at = this.#times[slot] as number;
      if (Number.isNaN(at) || at <= time) {
        if (!Number.isNaN(at)) found = slot;
        low = middle + 1;
      } else high = middle - 1;
    }
    return found >= 0 && time - (this.#times[found] as number) <= 2 * this.#apart ? found : -1;
  }

  value(slot: number, column: number): number {
    return this.#values[slot * this.#width + column] as number;
  }
}

export class History {
  readonly #range: Range;
  readonly #tags: ReadonlyMap<string, number>;
  readonly #fine: Tier;
  readonly #coarse: Tier;
  readonly #marks: Mark[] = [];

  constructor(range: Range) {
    this.#range = range;
    this.#tags = new Map(range.spec.tags.map((tag, place) => [tag.id, place]));
    this.#fine = new Tier(FINE, 3 * this.#tags.size);
    this.#coarse = new Tier(COARSE, 3 * this.#tags.size);
  }

  /** Takes the present in; called as often as values go out. */
  sample(now: Instant): void {
    const { displayed, measured, truth } = this.#range;
    const sources = [displayed.values, measured, truth];
    const time = inSeconds(now);
    this.#fine.add(time, sources);
    this.#coarse.add(time, sources);
  }

  mark(mark: Mark): void {
    this.#marks.push(mark);
    if (this.#marks.length > KEPT_MARKS) this.#marks.shift();
  }

  /**
   * Evenly spaced values. @param truth whether the asker may know measured and true values, and what the attack does
   * @throws UsageError `trends.tag`, `trends.range`
   */
  trend({ tags, from, to, points }: TrendQuery, truth: boolean): TrendMessage {
    if (tags.length === 0 || tags.length > MOST_TAGS)
      throw new UsageError('trends.tag', `a trend has 1 to ${MOST_TAGS} tags, not ${tags.length}`);
    if (!(from >= 0 && to > from && points >= 2 && points <= MOST_POINTS))
      throw new UsageError('trends.range', `a trend goes from a second to a later one in 2 to ${MOST_POINTS} points`);
    const places = tags.map((tag) => this.#place(tag));
    const step = (to - from) / (points - 1);
    const tier = step >= COARSE.every ? this.#coarse : this.#fine;
    const times = Array.from({ length: points }, (_, i) => from + i * step);
    const found = times.map((time): [Tier, number] => {
      const slot = tier.slotAt(time);
      return slot >= 0 || tier === this.#coarse ? [tier, slot] : [this.#coarse, this.#coarse.slotAt(time)];
    });
    const count = this.#tags.size;
    const column = (place: number, source: number): (number | null)[] =>
      found.map(([of, slot]) => {
        const value = slot < 0 ? Number.NaN : of.value(slot, source * count + place);
        return Number.isFinite(value) ? value : null;
      });
    return {
      times,
      series: tags.map((tag, i) => ({
        tag,
        displayed: column(places[i] as number, 0),
        measured: truth ? column(places[i] as number, 1) : [],
        true: truth ? column(places[i] as number, 2) : [],
      })),
      marks: this.#marks
        .filter(({ time, kind, tag }) => {
          const told = truth || (kind !== 'attack' && kind !== 'hazard');
          return told && time >= from && time <= to && (tag === null || tags.includes(tag));
        })
        .slice(-MOST_MARKS),
    };
  }

  #place(tag: string): number {
    const place = this.#tags.get(tag);
    if (place === undefined) throw new UsageError('trends.tag', `the plant has no tag '${tag}'`);
    return place;
  }
}
