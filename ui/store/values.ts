/**
 * The values of all tags, outside of React: they change four times a second, and what shows them writes into its own piece of the
 * page. Listeners are called once a frame at most, however many messages came.
 */
import type { ValuesMessage } from '@penstock/core/messages';

export interface TagValue {
  /** What the SCADA server last received; NaN where nothing was. */
  readonly displayed: number;
  /** NaN for a trainee, and where there is none. */
  readonly measured: number;
  readonly true: number;
  readonly stale: boolean;
}

/** Seconds of history kept for sparklines, one sample a second. */
const HISTORY = 600;
const NONE = new Float64Array(0);
/**
 * Seconds of plant time for which what a controller held is remembered, at least. A client that polls, or is told of changes, shows what was: while
 * the process moves quickly, its value is another than the controller's without anybody's doing.
 */
const HELD_FOR = 15;

export class Values {
  /** Plant time of the newest values, seconds since the run's start. */
  time = 0;
  /** Goes up with every change; what draws compares it. */
  version = 0;
  displayed: Float64Array = NONE;
  measured: Float64Array = NONE;
  true: Float64Array = NONE;
  stale: Uint8Array = new Uint8Array(0);
  /** The connection is down: nothing shown is live. */
  lost = true;
  readonly #listeners = new Set<() => void>();
  readonly #schedule: (run: () => void) => void;
  #scheduled = false;
  #index: ReadonlyMap<string, number> = new Map();
  /** Per tag a ring of displayed values, `HISTORY` long. */
  #history: Float32Array = new Float32Array(0);
  #historyAt = 0;
  #historySecond = Number.NEGATIVE_INFINITY;
  #historyLength = 0;
  /** Least and most that each controller held, in the present span of `HELD_FOR` seconds and in the one before. */
  #held = new Held(0);
  #heldBefore = new Held(0);

  /** @param schedule runs something before the next frame is drawn */
  constructor(schedule: (run: () => void) => void = (run) => requestAnimationFrame(run)) {
    this.#schedule = schedule;
  }

  /** A new run, or the same again: the tags in the order in which values will come. */
  begin(tags: readonly string[]): void {
    const same = tags.length === this.#index.size && tags.every((tag, place) => this.#index.get(tag) === place);
    if (same) return;
    this.#index = new Map(tags.map((tag, place) => [tag, place]));
    this.displayed = new Float64Array(tags.length).fill(Number.NaN);
    this.measured = new Float64Array(tags.length).fill(Number.NaN);
    this.true = new Float64Array(tags.length).fill(Number.NaN);
    this.stale = new Uint8Array(tags.length);
    this.#history = new Float32Array(tags.length * HISTORY).fill(Number.NaN);
    this.#historyAt = 0;
    this.#historyLength = 0;
    this.#historySecond = Number.NEGATIVE_INFINITY;
    this.#held = new Held(tags.length);
    this.#heldBefore = new Held(tags.length);
  }

  take(message: ValuesMessage): void {
    this.time = message.time;
    fill(this.displayed, message.displayed);
    fill(this.measured, message.measured);
    fill(this.true, message.true);
    this.stale.fill(0);
    for (const place of message.stale) this.stale[place] = 1;
    this.lost = false;
    this.#remember();
    this.#hold();
    this.#changed();
  }

  lose(): void {
    this.lost = true;
    this.#changed();
  }

  /** Place of a tag in the arrays; -1 for a tag that the plant does not have. */
  place(tag: string): number {
    return this.#index.get(tag) ?? -1;
  }

  of(tag: string): TagValue {
    const place = this.place(tag);
    return {
      displayed: this.displayed[place] ?? Number.NaN,
      measured: this.measured[place] ?? Number.NaN,
      true: this.true[place] ?? Number.NaN,
      stale: this.lost || this.stale[place] === 1,
    };
  }

  /**
   * What the controller held lately that is nearest to what is displayed: where it is far from that, somebody lies on the way. NaN for a
   * trainee, and where either is not known.
   */
  held(place: number): number {
    const displayed = this.displayed[place] ?? Number.NaN;
    const [now, before] = [this.#held, this.#heldBefore];
    const least = Math.min(now.least[place] as number, before.least[place] as number);
    const most = Math.max(now.most[place] as number, before.most[place] as number);
    return least > most ? Number.NaN : Math.min(Math.max(displayed, least), most);
  }

  /** The last ten minutes of a tag's displayed value, oldest first, one a second. */
  history(tag: string): Float32Array {
    const place = this.place(tag);
    const out = new Float32Array(place < 0 ? 0 : this.#historyLength);
    const first = (this.#historyAt - this.#historyLength + HISTORY) % HISTORY;
    for (let i = 0; i < out.length; i++) out[i] = this.#history[place * HISTORY + ((first + i) % HISTORY)] as number;
    return out;
  }

  /** Calls `listener` once a frame while values change; returns what ends it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #remember(): void {
    const second = Math.floor(this.time);
    if (second === this.#historySecond) return;
    this.#historySecond = second;
    for (let place = 0; place < this.displayed.length; place++)
      this.#history[place * HISTORY + this.#historyAt] = this.displayed[place] as number;
    this.#historyAt = (this.#historyAt + 1) % HISTORY;
    this.#historyLength = Math.min(HISTORY, this.#historyLength + 1);
  }

  #hold(): void {
    const span = Math.floor(this.time / HELD_FOR);
    if (span !== this.#held.span) {
      [this.#held, this.#heldBefore] = [this.#heldBefore, this.#held];
      this.#held.begin(span);
    }
    this.#held.take(this.measured);
  }

  #changed(): void {
    this.version++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      for (const listener of this.#listeners) listener();
    });
  }
}

/** Least and most of each of several values within a span of time. */
class Held {
  span = Number.NaN;
  readonly least: Float64Array;
  readonly most: Float64Array;

  constructor(count: number) {
    this.least = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    this.most = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  }

  begin(span: number): void {
    this.span = span;
    this.least.fill(Number.POSITIVE_INFINITY);
    this.most.fill(Number.NEGATIVE_INFINITY);
  }

  take(values: Float64Array): void {
    for (let place = 0; place < values.length; place++) {
      const value = values[place] as number;
      if (value < (this.least[place] as number)) this.least[place] = value;
      if (value > (this.most[place] as number)) this.most[place] = value;
    }
  }
}

function fill(target: Float64Array, source: readonly (number | null)[]): void {
  for (let place = 0; place < target.length; place++) target[place] = source[place] ?? Number.NaN;
}

/** One plant on one page. */
export const values = new Values();
