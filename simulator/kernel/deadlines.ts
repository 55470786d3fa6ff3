/**
 * Timers of many holders on few events of the queue. Most deadlines of a network are moved or dropped before they come; an
 * event for each would cost more than the frames.
 */
import { type Duration, type Instant, NEVER } from '@penstock/core';
import type { EventQueue, Task } from './queue.ts';

/**
 * Deadlines that all lie the same span ahead, and so come in the order in which they were set. The holder remembers its current
 * deadline; an entry that no longer agrees with it is passed over.
 */
export class DelayLine<Holder> implements Task {
  readonly #queue: EventQueue;
  readonly #delay: Duration;
  readonly #current: (holder: Holder) => Instant;
  readonly #expire: (holder: Holder, now: Instant) => void;
  #holders: (Holder | undefined)[] = new Array(16).fill(undefined);
  #times = new Float64Array(16);
  #head = 0;
  #size = 0;
  #scheduled = false;

  /** `current` tells a holder's deadline, `NEVER` when it has none; `expire` is called when it has come. */
  constructor(
    queue: EventQueue,
    delay: Duration,
    current: (holder: Holder) => Instant,
    expire: (holder: Holder, now: Instant) => void,
  ) {
    this.#queue = queue;
    this.#delay = delay;
    this.#current = current;
    this.#expire = expire;
  }

  /** Returns the deadline, which the holder must remember. */
  set(holder: Holder): Instant {
    const time = (this.#queue.now + this.#delay) as Instant;
    if (this.#size === this.#times.length) this.#grow();
    const i = (this.#head + this.#size++) & (this.#times.length - 1);
    this.#holders[i] = holder;
    this.#times[i] = time;
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#queue.at(time, this);
    }
    return time;
  }

  run(now: Instant): void {
    this.#scheduled = false;
    while (this.#size > 0) {
      const i = this.#head;
      const holder = this.#holders[i] as Holder;
      const time = this.#times[i] as Instant;
      const valid = this.#current(holder) === time;
      if (valid && time > now) {
        if (!this.#scheduled) {
          this.#scheduled = true;
          this.#queue.at(time, this);
        }
        return;
      }
      this.#holders[i] = undefined;
      this.#head = (i + 1) & (this.#times.length - 1);
      this.#size--;
      if (valid) this.#expire(holder, now);
    }
  }

  #grow(): void {
    const size = this.#times.length;
    const holders = new Array<Holder | undefined>(size * 2).fill(undefined);
    const times = new Float64Array(size * 2);
    for (let i = 0; i < size; i++) {
      const from = (this.#head + i) & (size - 1);
      holders[i] = this.#holders[from];
      times[i] = this.#times[from] as number;
    }
    this.#holders = holders;
    this.#times = times;
    this.#head = 0;
  }
}

/** Who has a deadline in a `DeadlineSet`. The two fields are the set's to write. */
export interface DeadlineHolder {
  deadline: Instant;
  /** Place in the set, -1 outside. */
  deadlineIndex: number;
  expired(now: Instant): void;
}

/** Few deadlines of any length (retransmissions): one event for the earliest, all looked through when it comes. */
export class DeadlineSet implements Task {
  readonly #queue: EventQueue;
  readonly #holders: DeadlineHolder[] = [];
  #next: Instant = NEVER;

  constructor(queue: EventQueue) {
    this.#queue = queue;
  }

  /** Sets or moves the deadline of `holder`. */
  set(holder: DeadlineHolder, time: Instant): void {
    holder.deadline = time;
    if (holder.deadlineIndex < 0) {
      holder.deadlineIndex = this.#holders.length;
      this.#holders.push(holder);
    }
    if (time < this.#next) {
      this.#next = time;
      this.#queue.at(time, this);
    }
  }

  drop(holder: DeadlineHolder): void {
    const index = holder.deadlineIndex;
    if (index < 0) return;
    const last = this.#holders.pop() as DeadlineHolder;
    if (last !== holder) {
      this.#holders[index] = last;
      last.deadlineIndex = index;
    }
    holder.deadlineIndex = -1;
    holder.deadline = NEVER;
  }

  run(now: Instant): void {
    // Left over from a deadline that was overtaken by an earlier one.
    if (now !== this.#next) return;
    this.#next = NEVER;
    const holders = this.#holders;
    const due = holders.filter((holder) => holder.deadline <= now);
    for (const holder of due) {
      // An earlier holder's expiry may have moved or dropped this one.
      if (holder.deadlineIndex < 0 || holder.deadline > now) continue;
      this.drop(holder);
      holder.expired(now);
    }
    let earliest: Instant = NEVER;
    for (let i = 0; i < holders.length; i++) {
      const time = (holders[i] as DeadlineHolder).deadline;
      if (time < earliest) earliest = time;
    }
    if (earliest < this.#next) {
      this.#next = earliest;
      this.#queue.at(earliest, this);
    }
  }
}
