/**
 * The sensor's own health: what it did not see, could not read or had no room for. Whatever happens there becomes an event
 * (`penstock/sensor`) like those of the network, so that rules judge it; how bad is bad enough, the rules say.
 */
import type { Period } from '../baseline/index.ts';

/** Counters of everything so far, as the pipeline and the judgement keep them. */
export interface SensorCounters {
  readonly packets: number;
  readonly bytes: number;
  /** Holes in TCP streams, and the bytes in them. */
  readonly gaps: number;
  readonly gapBytes: number;
  /** Bytes that each protocol's dissector was given, and those that it made nothing of. */
  readonly protocols: readonly { readonly protocol: string; readonly bytes: number; readonly unparsed: number }[];
  /** What found no room, by what it is (`flows`, `devices`, …). */
  readonly overload: Readonly<Record<string, number>>;
}

export type SensorKind = 'loss' | 'cut' | 'gaps' | 'unparsed' | 'silence' | 'clock' | 'learning' | 'overload';

export interface SensorEvent {
  readonly kind: SensorKind;
  /** A protocol, what found no room, … */
  readonly what?: string;
  /** Packets, holes, bytes or entries since the look before, and the share that they make. */
  readonly count?: number;
  readonly share?: number;
  readonly seconds?: number;
}

/** Event time between two looks, microseconds. */
const EVERY = 60e6;
const DAY = 86_400e6;
/** Nothing at all for so long, although as many packets as this would have been usual. */
const SILENCE = 60e6;
const USUAL_PACKETS = 100;
/** Captures of several interfaces are a little out of order; this is more. */
const BACKWARDS = 1e6;

const NOTHING: SensorCounters = { packets: 0, bytes: 0, gaps: 0, gapBytes: 0, protocols: [], overload: {} };

export class SensorHealth {
  readonly #report: (event: SensorEvent, time: number) => void;
  readonly #counters: () => SensorCounters;
  readonly #learned: () => Period | null;
  /** Nothing is to be done before this time. */
  due = Number.NEGATIVE_INFINITY;
  #before = NOTHING;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #packetsPerSecond = 0;
  #ageDue = Number.NEGATIVE_INFINITY;
  #silent = false;
  #lost = 0;
  #cut = 0;

  /**
   * @param counters asked once a minute of event time
   * @param learned learning period of the baseline that is in use; null for none
   */
  constructor(
    report: (event: SensorEvent, time: number) => void,
    counters: () => SensorCounters,
    learned: () => Period | null,
  ) {
    this.#report = report;
    this.#counters = counters;
    this.#learned = learned;
  }

  /**
   * Looks, when it is due. The tap was silent when `time` is far behind `last`, the time of the packet before.
   * @param time event time now, microseconds since 1970
   */
  look(time: number, last: number): void {
    if (this.#lookedAt === Number.NEGATIVE_INFINITY) this.#begin(time);
    else {
      this.#silence(time, last);
      this.#compare(time, last);
    }
    this.#age(time);
    this.due = time + EVERY;
  }

  #begin(time: number): void {
    this.#before = this.#counters();
    this.#lookedAt = time;
  }

  /** A packet is older than the one before it. True when that is more than packets passing each other. */
  backwards(time: number, last: number): boolean {
    if (last - time <= BACKWARDS) return false;
    this.#report({ kind: 'clock', seconds: Math.round((last - time) / 1e3) / 1e3 }, last);
    this.#lookedAt = time;
    this.due = time + EVERY;
    return true;
  }

  /**
   * What the capturing system says of itself, as totals so far.
   * @param lost packets that it could not keep up with
   * @param cut packets of which a snap length kept only the front
   */
  captured(totals: { readonly lost: number; readonly cut: number; readonly packets: number }, time: number): void {
    const lost = totals.lost - this.#lost;
    const cut = totals.cut - this.#cut;
    if (lost > 0) this.#report({ kind: 'loss', count: lost, share: share(lost, totals.packets + totals.lost) }, time);
    if (cut > 0) this.#report({ kind: 'cut', count: cut, share: share(cut, totals.packets) }, time);
    this.#lost = Math.max(this.#lost, totals.lost);
    this.#cut = Math.max(this.#cut, totals.cut);
  }

  #silence(time: number, last: number): void {
    const quiet = time - last;
    if (quiet < SILENCE) {
      this.#silent = false;
      return;
    }
    if (this.#silent || (quiet / 1e6) * this.#packetsPerSecond < USUAL_PACKETS) return;
    // Told once, whether by a packet that ends it or by the clock.
    this.#silent = true;
    this.#report({ kind: 'silence', seconds: Math.round(quiet / 1e6) }, time);
  }

  #compare(time: number, last: number): void {
    const before = this.#before;
    const now = this.#counters();
    const seconds = (last - this.#lookedAt) / 1e6;
    const packets = now.packets - before.packets;
    if (seconds > 0) this.#packetsPerSecond = packets / seconds;
    const gaps = now.gaps - before.gaps;
    const missing = now.gapBytes - before.gapBytes;
    if (gaps > 0)
      this.#report({ kind: 'gaps', count: gaps, share: share(missing, missing + now.bytes - before.bytes) }, time);
    now.protocols.forEach(({ protocol, bytes, unparsed }, i) => {
      const known = before.protocols[i];
      const count = unparsed - (known?.unparsed ?? 0);
      if (count > 0)
        this.#report(
          { kind: 'unparsed', what: protocol, count, share: share(count, bytes - (known?.bytes ?? 0)) },
          time,
        );
    });
    for (const [what, total] of Object.entries(now.overload)) {
      const count = total - (before.overload[what] ?? 0);
      if (count > 0) this.#report({ kind: 'overload', what, count }, time);
    }
    this.#before = now;
    this.#lookedAt = time;
  }

  /** Once a day: how long ago learning ended. */
  #age(time: number): void {
    if (time < this.#ageDue) return;
    this.#ageDue = time + DAY;
    const learned = this.#learned();
    if (learned !== null && time > learned.to)
      this.#report({ kind: 'learning', seconds: Math.round((time - learned.to) / 1e6) }, time);
  }

  /** The last look, over what came since the one before. */
  finish(time: number): void {
    if (this.#lookedAt !== Number.NEGATIVE_INFINITY) this.#compare(time, time);
  }
}

const share = (part: number, whole: number): number => (whole > 0 ? Math.round((part / whole) * 1e6) / 1e6 : 0);
