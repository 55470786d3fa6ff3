/** How often something happens: a count, and the intervals between one time and the next. */

/** What is kept of a rhythm; times are microseconds since 1970, lengths microseconds. */
export interface RhythmData {
  readonly count: number;
  /** Intervals that were measured, and their sum; those across a break of the conversation are not. */
  readonly gaps: number;
  readonly total: number;
  readonly shortest: number;
  readonly longest: number;
  readonly first: number;
  readonly last: number;
}

/** One is ticked for every request of a plant, so that it does no more than compare and add. */
export class Rhythm {
  count = 0;
  gaps = 0;
  total = 0;
  shortest = Number.POSITIVE_INFINITY;
  longest = 0;
  first = Number.POSITIVE_INFINITY;
  last = Number.NEGATIVE_INFINITY;

  tick(time: number): void {
    const gap = time - this.last;
    if (this.count++ === 0) {
      if (time < this.first) this.first = time;
      // After `drain` the last time is still known, and the interval to it counts.
      if (gap === Number.POSITIVE_INFINITY) {
        this.last = time;
        return;
      }
    }
    this.gaps++;
    this.total += gap;
    if (gap < this.shortest) this.shortest = gap;
    if (gap > this.longest) this.longest = gap;
    this.last = time;
  }

  /** Takes in what another one counted. The order does not matter. */
  absorb(other: RhythmData): void {
    this.count += other.count;
    this.gaps += other.gaps;
    this.total += other.total;
    if (other.shortest < this.shortest) this.shortest = other.shortest;
    if (other.longest > this.longest) this.longest = other.longest;
    if (other.first < this.first) this.first = other.first;
    if (other.last > this.last) this.last = other.last;
  }

  /** Forgets what was counted, which somebody else has now, but not when it last happened. */
  drain(): void {
    this.count = 0;
    this.gaps = 0;
    this.total = 0;
    this.shortest = Number.POSITIVE_INFINITY;
    this.longest = 0;
    this.first = Number.POSITIVE_INFINITY;
  }

  /** Mean interval in seconds; undefined before there was one. */
  get every(): number | undefined {
    return this.gaps === 0 ? undefined : this.total / this.gaps / 1e6;
  }

  /** Whole microseconds; a rhythm without an interval has 0 for the shortest. */
  toJSON(): RhythmData {
    return {
      count: this.count,
      gaps: this.gaps,
      total: Math.round(this.total),
      shortest: this.gaps === 0 ? 0 : Math.round(this.shortest),
      longest: Math.round(this.longest),
      first: Math.round(this.first),
      last: Math.round(this.last),
    };
  }
}
