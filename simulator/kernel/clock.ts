/**
 * What decides how fast the event queue is drained: as fast as it can (virtual), or paced against a fixed origin (real time or a
 * multiple). The only place besides the gates where the real clock is read.
 */
import { type Instant, NEVER, PenstockError } from '@penstock/core';
import type { EventQueue, Task } from './queue.ts';

/** Where what comes from outside (a gate, an operator's click) enters the run. */
export interface OutsideEntry {
  /**
   * Runs `task` as an outside event as soon as the run's time allows, and returns that time: later than every event that has run. The
   * caller journals it when it takes effect.
   */
  outside(task: Task): Instant;
}

/** Real time as a paced clock needs it. */
export interface WallClock {
  /** Monotonic, in microseconds. */
  now(): number;
  /** Calls back after at least `milliseconds`, or in the next turn of the event loop for 0; returns what undoes it. */
  wake(milliseconds: number, callback: () => void): () => void;
}

const wallClock: WallClock = {
  now: () => performance.now() * 1000,
  wake(milliseconds, callback) {
    if (milliseconds <= 0) {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Virtual time: nothing waits. */
export class VirtualClock implements OutsideEntry {
  readonly #queue: EventQueue;
  readonly #wall: WallClock;
  #lastOutside = 0;

  constructor(queue: EventQueue, wall: WallClock = wallClock) {
    this.#queue = queue;
    this.#wall = wall;
  }

  outside(task: Task): Instant {
    const time = Math.max(this.#queue.now, this.#lastOutside) + 1;
    this.#lastOutside = time;
    this.#queue.outside(time as Instant, task);
    return time as Instant;
  }

  /**
   * Runs everything due by `until` and leaves the queue's time there. With `signal` or `onSlice` it lets the process do other things
   * every `slice` milliseconds (default 50). Resolves false when the signal stopped it.
   */
  async run(
    until: Instant,
    options: { signal?: AbortSignal; slice?: number; onSlice?: (now: Instant) => void } = {},
  ): Promise<boolean> {
    const { signal, slice = 50, onSlice } = options;
    if (signal === undefined && onSlice === undefined) {
      this.#queue.runUntil(until);
      return true;
    }
    for (;;) {
      if (signal?.aborted) return false;
      const done = drain(this.#queue, until, this.#wall, slice * 1000);
      onSlice?.(this.#queue.now);
      if (done) {
        this.#queue.runUntil(until);
        return true;
      }
      await new Promise<void>((resolve) => void this.#wall.wake(0, resolve));
    }
  }
}

/** How a paced clock has kept up. */
export interface PaceReport {
  /** Times that it fell behind by more than the tolerance. */
  readonly fallsBehind: number;
  /** Longest that an event ran after its due time, in wall-clock microseconds. */
  readonly worstLag: number;
  /** What it is behind now, in wall-clock microseconds; 0 when it keeps up. */
  readonly lag: number;
}

export interface PacedOptions {
  /** Simulated seconds a wall-clock second. */
  readonly rate?: number;
  /** Told when the run falls behind by more than a quarter of a second, and every second while it stays so. */
  readonly onBehind?: (report: PaceReport) => void;
  readonly wall?: WallClock;
}

/**
 * How far the run may be ahead of the wall clock where somebody outside waits for an answer, in wall-clock microseconds: timers are no
 * finer than a millisecond, and the wire's latencies are tens of microseconds.
 */
const AHEAD = 1000;
/** Somebody outside who was heard of this recently (wall-clock microseconds) is taken to be waiting. */
const ATTENTION = 20_000;
/** Longest stretch of events without a look at sockets and timers. */
const SLICE = 10_000;
const TOLERANCE = 250_000;
const REPORT_EVERY = 1_000_000;
/** A run without events looks again after so many milliseconds: somebody may have scheduled one. */
const LONGEST_WAIT = 100;

/** Real time, or a multiple of it, from a fixed origin: a late event does not make the next one late. */
export class PacedClock implements OutsideEntry {
  readonly #queue: EventQueue;
  readonly #wall: WallClock;
  readonly #onBehind: ((report: PaceReport) => void) | undefined;
  #rate: number;
  #origin: number;
  #wallOrigin = 0;
  #running = false;
  #draining = false;
  #undoWake: (() => void) | undefined;
  #lastOutside = 0;
  #heardAt = Number.NEGATIVE_INFINITY;
  #fallsBehind = 0;
  #worstLag = 0;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #behind = false;

  /** @throws PenstockError `clock.rate` unless the rate is positive. */
  constructor(queue: EventQueue, options: PacedOptions = {}) {
    this.#queue = queue;
    this.#wall = options.wall ?? wallClock;
    this.#onBehind = options.onBehind;
    this.#rate = checkRate(options.rate ?? 1);
    this.#origin = queue.now;
  }

  get rate(): number {
    return this.#rate;
  }

  get running(): boolean {
    return this.#running;
  }

  /** What time it is in the run by the wall clock. */
  get now(): Instant {
    if (!this.#running) return this.#origin as Instant;
    return Math.floor(this.#origin + (this.#wall.now() - this.#wallOrigin) * this.#rate) as Instant;
  }

  get report(): PaceReport {
    return { fallsBehind: this.#fallsBehind, worstLag: this.#worstLag, lag: this.#lag() };
  }

  /** Goes on from where it stood, or from the queue's time where that was moved on meanwhile. */
  start(): void {
    if (this.#running) return;
    this.#origin = Math.max(this.#origin, this.#queue.now);
    this.#wallOrigin = this.#wall.now();
    this.#running = true;
    this.#turn();
  }

  /** Stands still; `start` goes on from here. */
  stop(): void {
    if (!this.#running) return;
    this.#origin = this.now;
    this.#running = false;
    this.#undoWake?.();
    this.#undoWake = undefined;
  }

  /** @throws PenstockError `clock.rate` unless the rate is positive. */
  setRate(rate: number): void {
    checkRate(rate);
    const { now } = this;
    this.#origin = now;
    this.#wallOrigin = this.#wall.now();
    this.#rate = rate;
    if (this.#running && !this.#draining) this.#turn();
  }

  /**
   * See `OutsideEntry`. What the task sets off within a millisecond runs before this returns, unless an event is running: then the run
   * itself has met the outside (a socket that takes no more), and the task comes right after that event, even where the run is behind.
   */
  outside(task: Task): Instant {
    this.#heardAt = this.#wall.now();
    const next = this.#queue.now + 1;
    const time = (this.#draining ? next : Math.max(this.now, next, this.#lastOutside + 1)) as Instant;
    this.#lastOutside = Math.max(this.#lastOutside, time);
    this.#queue.outside(time, task);
    if (this.#running && !this.#draining) this.#turn();
    return time;
  }

  #turn(): void {
    if (!this.#running) return;
    this.#undoWake?.();
    this.#undoWake = undefined;
    this.#noteLag();
    this.#draining = true;
    let done: boolean;
    try {
      done = drain(this.#queue, this.#limit(), this.#wall, SLICE);
    } finally {
      this.#draining = false;
    }
    // An event may have stopped the clock.
    if (!this.#running) return;
    this.#undoWake = this.#wall.wake(done ? this.#pause() : 0, () => this.#turn());
  }

  /** Up to which time events may run now. */
  #limit(): Instant {
    const attentive = this.#wall.now() - this.#heardAt < ATTENTION;
    return (this.now + (attentive ? AHEAD * this.#rate : 0)) as Instant;
  }

  /** Milliseconds until the next event may run; 0 where a timer would come too late for who waits. */
  #pause(): number {
    const next = this.#queue.peek();
    if (next === NEVER) return LONGEST_WAIT;
    const wait = (next - this.#limit()) / this.#rate;
    const attentive = this.#wall.now() - this.#heardAt < ATTENTION;
    if (attentive && wait < AHEAD) return 0;
    return Math.min(LONGEST_WAIT, Math.max(1, Math.round(wait / 1000)));
  }

  #lag(): number {
    const lag = (this.now - this.#queue.peek()) / this.#rate;
    return lag > 0 ? lag : 0;
  }

  #noteLag(): void {
    const lag = this.#lag();
    if (lag > this.#worstLag) this.#worstLag = lag;
    if (lag < TOLERANCE) {
      this.#behind = false;
      return;
    }
    if (!this.#behind) this.#fallsBehind++;
    this.#behind = true;
    const now = this.#wall.now();
    if (now - this.#reportedAt < REPORT_EVERY) return;
    this.#reportedAt = now;
    this.#onBehind?.(this.report);
  }
}

/** Runs events due by `limit` for at most `budget` microseconds of wall clock; true when none is left. */
function drain(queue: EventQueue, limit: Instant, wall: WallClock, budget: number): boolean {
  const stop = wall.now() + budget;
  for (;;) {
    for (let i = 0; i < 256; i++) if (!queue.step(limit)) return true;
    if (wall.now() >= stop) return false;
  }
}

function checkRate(rate: number): number {
  if (!(rate > 0 && Number.isFinite(rate)))
    throw new PenstockError('clock.rate', `a range runs at a positive multiple of real time, not ${rate}`);
  return rate;
}
