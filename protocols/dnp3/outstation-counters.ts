/** Frozen counters (IEEE 1815-2012, 4.4.3): what counters held when they were frozen, at once or at a time that a master said. */
import { type Instant, NEVER, type Writer } from '@penstock/core';
import type { OutstationDevice } from './outstation-device.ts';
import type { PointTable } from './outstation-points.ts';
import type { Reading, ReadPoint } from './response-writer.ts';

/** A freeze that was asked for ahead. */
interface Scheduled {
  readonly positions: readonly number[];
  readonly writer: Writer;
  next: Instant;
  /** Microseconds until it is done again; 0 for once. */
  readonly interval: number;
}

/** Freezes that may be planned at a time. */
const MOST_SCHEDULED = 16;

export class FrozenCounters {
  readonly #device: OutstationDevice;
  readonly #counters: PointTable;
  readonly #frozen: PointTable;
  readonly #read: ReadPoint;
  readonly #changed: (position: number, now: Instant) => void;
  readonly #reading: Reading = { value: 0, flags: 0, time: 0, octets: undefined };
  #scheduled: Scheduled[] = [];

  /** @param changed told of every frozen counter that has another value than before */
  constructor(
    device: OutstationDevice,
    counters: PointTable,
    frozen: PointTable,
    read: ReadPoint,
    changed: (position: number, now: Instant) => void,
  ) {
    this.#device = device;
    this.#counters = counters;
    this.#frozen = frozen;
    this.#read = read;
    this.#changed = changed;
  }

  /** What the counters hold now, without anybody's freeze: so a device begins. */
  begin(): void {
    for (let position = 0; position < this.#counters.count; position++) {
      this.#read(this.#counters, position, this.#reading);
      this.#frozen.frozen[position] = this.#reading.value;
      this.#frozen.frozenFlags[position] = this.#reading.flags;
      this.#frozen.frozenTimes[position] = this.#reading.time;
    }
  }

  /**
   * @param clear also sets the counters of the device to 0
   * @returns whether all that were to be cleared could be
   */
  freeze(positions: readonly number[], clear: boolean, writer: Writer, now: Instant): boolean {
    const reading = this.#reading;
    const frozen = this.#frozen;
    let cleared = true;
    for (const position of positions) {
      this.#read(this.#counters, position, reading);
      const isNew = frozen.frozen[position] !== reading.value || frozen.frozenFlags[position] !== reading.flags;
      frozen.frozen[position] = reading.value;
      frozen.frozenFlags[position] = reading.flags;
      frozen.frozenTimes[position] = reading.time;
      if (isNew) this.#changed(position, now);
      if (
        clear &&
        this.#device.write(
          this.#counters.points[position] as number,
          this.#counters.offsets[position] as number,
          writer,
        ) !== 'done'
      )
        cleared = false;
    }
    return cleared;
  }

  /**
   * @param interval microseconds between freezes; 0 for one only
   * @returns false when too many are planned
   */
  schedule(positions: readonly number[], at: Instant, interval: number, writer: Writer): boolean {
    if (this.#scheduled.length >= MOST_SCHEDULED) return false;
    this.#scheduled.push({ positions, next: at, interval, writer });
    return true;
  }

  due(): Instant {
    let due = NEVER;
    for (const { next } of this.#scheduled) if (next < due) due = next;
    return due;
  }

  tick(now: Instant): void {
    if (this.#scheduled.length === 0) return;
    for (const plan of this.#scheduled) {
      if (plan.next > now) continue;
      this.freeze(plan.positions, false, plan.writer, now);
      const missed = plan.interval === 0 ? 0 : Math.floor((now - plan.next) / plan.interval) + 1;
      plan.next = (plan.interval === 0 ? NEVER : plan.next + missed * plan.interval) as Instant;
    }
    this.#scheduled = this.#scheduled.filter(({ next }) => next !== NEVER);
  }

  clear(): void {
    this.#scheduled = [];
  }
}
