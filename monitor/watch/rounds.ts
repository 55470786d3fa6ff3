/**
 * What shows only when time passes: readings that no longer move, blocks that play a recording, and data that are no longer told.
 * Every few seconds of event time all blocks are looked through, which costs nothing per packet.
 */
import type { PointFacts } from '../subject.ts';
import type { ReadBlock, Trace, WatchedDevice } from './blocks.ts';
import type { Echo } from './echo.ts';
import type { WatchEvents } from './events.ts';
import type { Habits } from './habits.ts';

const EVERY = 10e6;
/** A reading stands still when it has done so for so many times its longest, and at least for so many answers and so long. */
const STILL_TIMES = 3;
const STILL_ANSWERS = 30;
const STILL_LEAST = 30e6;
/** Changes without which nobody can say that it usually moves. */
const ENOUGH_CHANGES = 200;
/** Without a baseline it must have been watched for so long, and stand so much longer: the rarer states of a plant are not known then. */
const ENOUGH_WATCHED = 6 * 3600e6;
const UNLEARNED_TIMES = 20;
const UNLEARNED_LEAST = 900e6;
/** What stands still for longer than this in normal operation is not watched for it. */
const SLUGGISH = 1800e6;
/** The other readings of a block that plays a recording show it, too, within this time. */
const GATHER = 30e6;
/** When no second version of an answer has come for so long, nobody sends one on any more. */
const RELAY_OVER = 60e6;
/** Intervals without an answer, and time at least, after which data are stale. */
const STALE_INTERVALS = 6;
const STALE_LEAST = 20e6;
/** Tags that an alert names. */
const NAMED = 12;

export class Rounds {
  /** Since when the sensor sees anything at all, microseconds since 1970. */
  sighted = Number.NEGATIVE_INFINITY;
  readonly #devices: ReadonlyMap<string, WatchedDevice>;
  readonly #events: WatchEvents;
  readonly #describe: (trace: Trace) => PointFacts;
  #due = Number.NEGATIVE_INFINITY;

  constructor(
    devices: ReadonlyMap<string, WatchedDevice>,
    events: WatchEvents,
    describe: (trace: Trace) => PointFacts,
  ) {
    this.#devices = devices;
    this.#events = events;
    this.#describe = describe;
  }

  /** @param habits where longest standstills are kept while learning */
  go(now: number, habits: Habits | undefined): void {
    if (now < this.#due) return;
    this.#due = now + EVERY;
    for (const device of this.#devices.values()) {
      for (const block of device.blocks.values()) {
        if (habits !== undefined) this.#learn(block);
        else if (block.regular && now - block.polled.time < STALE_LEAST) {
          this.#still(block);
          this.#replay(block, now);
        }
      }
      if (habits === undefined) this.#views(device, now);
    }
  }

  #learn(block: ReadBlock): void {
    for (const trace of block.traces) {
      const { habit } = trace;
      if (habit === undefined || trace.standing / 1e6 <= habit.still || !(trace.standing < Number.POSITIVE_INFINITY))
        continue;
      if (!this.#events.announced(block.reader)) habit.still = trace.standing / 1e6;
    }
  }

  #still(block: ReadBlock): void {
    let first: Trace | undefined;
    let moving = 0;
    const names: string[] = [];
    const least = Math.max(STILL_LEAST, STILL_ANSWERS * block.interval);
    for (const trace of block.traces) {
      if (!trace.moves) continue;
      const { standing } = trace;
      if (standing < least) {
        moving++;
        continue;
      }
      if (trace.still || isAtEnd(trace)) continue;
      const usual = usualStandstill(trace);
      if (usual === undefined || usual > SLUGGISH || standing < patience(trace, usual)) continue;
      trace.still = true;
      first ??= trace;
      names.push(trace.point.tag.id);
    }
    if (first === undefined) return;
    this.#events.told('point_still', block.reader, this.#describe(first), {
      'still.seconds': first.standing / 1e6,
      'still.usual': (usualStandstill(first) as number) / 1e6,
      'still.tags': names.slice(0, NAMED),
      'still.count': names.length,
      'still.neighbours': moving,
    });
  }

  #replay(block: ReadBlock, now: number): void {
    if (Number.isNaN(block.echoed)) return;
    for (const trace of block.traces) if (now - trace.relayedAt > RELAY_OVER) trace.relayed = undefined;
    const sounding = block.traces.filter((trace) => trace.sounding !== undefined);
    const [first] = sounding;
    if (first === undefined) {
      block.echoed = Number.NaN;
      return;
    }
    // Told, and goes on.
    if (block.echoed === Number.POSITIVE_INFINITY || now - block.echoed < GATHER) return;
    block.echoed = Number.POSITIVE_INFINITY;
    const { lag, run } = first.sounding as Echo;
    this.#events.told('point_replay', block.reader, this.#describe(first), {
      'replay.tags': sounding.slice(0, NAMED).map(({ point }) => point.tag.id),
      'replay.count': sounding.length,
      'replay.readings': run,
      'replay.seconds_back': (lag * (block.polled.time - block.first)) / 1e6 / Math.max(1, first.changes),
    });
  }

  /** Which clients of a device are no longer told anything, or not everything. */
  #views(device: WatchedDevice, now: number): void {
    for (const block of device.blocks.values()) {
      if (!this.#isStale(block, now)) {
        block.stale = false;
        continue;
      }
      if (!block.stale) this.#lost(device, block, now);
    }
  }

  #lost(device: WatchedDevice, block: ReadBlock, now: number): void {
    const client = block.reader.src.address;
    const standing = [...device.blocks.values()].filter((b) => b.regular && b.reader.src.address === client);
    const stale = standing.filter((b) => this.#isStale(b, now));
    const isWhole = stale.length === standing.length;
    // Blocks with longer intervals need longer to tell: what is about to be lost is waited for.
    if (!isWhole && !standing.some((b) => b.polled.time > block.polled.time + STALE_LEAST)) return;
    const told = stale.filter((b) => !b.stale);
    for (const one of told) one.stale = true;
    const tags = told.flatMap((b) => b.traces);
    const failed = told.find((b) => b.failures > 0);
    const [first] = tags;
    this.#events.told('view', block.reader, first === undefined ? undefined : this.#describe(first), {
      'view.whole': isWhole,
      'view.reason': failed === undefined ? 'silent' : failed.exception === undefined ? 'unanswered' : 'refused',
      'view.exception': failed?.exception,
      'view.tags': tags.slice(0, NAMED).map(({ point }) => point.tag.id),
      'view.count': tags.length,
      'view.seconds': (now - block.polled.time) / 1e6,
    });
  }

  #isStale(block: ReadBlock, now: number): boolean {
    if (!block.regular) return false;
    const since = Math.max(block.polled.time, this.sighted);
    return now - since > Math.max(STALE_INTERVALS * block.interval, STALE_LEAST);
  }
}

/** An instrument at the end of its range is overdriven rather than stuck, and cannot move. */
function isAtEnd({ value, point }: Trace): boolean {
  const [low, high] = point.tag.range;
  return value <= low || value >= high;
}

function patience({ habit }: Trace, usual: number): number {
  const isLearned = habit !== undefined && habit.changes >= ENOUGH_CHANGES;
  return isLearned ? STILL_TIMES * usual : Math.max(UNLEARNED_LEAST, UNLEARNED_TIMES * usual);
}

/** How long a reading stands still at most, microseconds; undefined where nobody can say. */
function usualStandstill({ habit, changes, longest, block, point }: Trace): number | undefined {
  if (habit !== undefined && habit.changes >= ENOUGH_CHANGES) return Math.max(habit.still * 1e6, longest);
  // What a controller reckons may rest at a limit whenever the process does; an instrument's noise does not.
  if (point.tag.kind !== 'measurement' || changes < ENOUGH_CHANGES) return undefined;
  return block.polled.time - block.first >= ENOUGH_WATCHED ? longest : undefined;
}
