/**
 * The one ordered event queue. Events run in order of time, and of insertion where times are equal, so that a run is a pure
 * function of its seed and of what came from outside. An event from outside (a gate, a click) runs before all others of its instant.
 */
import { type Duration, type Instant, NEVER, PenstockError } from '@penstock/core';
import { Lane } from './lane.ts';

/** What an event does. Reuse one object for a repeating event: scheduling it allocates nothing. */
export interface Task {
  run(now: Instant): void;
}

/** Handle of a scheduled event, for `cancel`. */
export type EventId = number;

const EXTERNAL_RANK = 0;
const INTERNAL_RANK = 1;

export class EventQueue {
  #now = 0 as Instant;
  #times = new Float64Array(256);
  #order = new Float64Array(256);
  #tasks: (Task | undefined)[] = [];
  #size = 0;
  #sequence = 1;
  #cancelled = new Set<number>();
  readonly #lanes: Lane[] = [];
  /** Time and order of each lane's first event, infinity for an empty lane. */
  #laneTimes = new Float64Array(0);
  #laneOrders = new Float64Array(0);
  #inLanes = 0;

  /** Time of the event that runs now or ran last. */
  get now(): Instant {
    return this.#now;
  }

  get size(): number {
    return this.#size + this.#inLanes - this.#cancelled.size;
  }

  /** @throws PenstockError `queue.past` when `time` lies before now. */
  at(time: Instant, task: Task): EventId {
    if (!(time >= this.#now))
      throw new PenstockError('queue.past', `an event for ${time} µs was scheduled at ${this.#now} µs`);
    return this.#push(time, INTERNAL_RANK, task);
  }

  in(delay: Duration, task: Task): EventId {
    return this.at((this.#now + delay) as Instant, task);
  }

  /** The lane of a delay that recurs; scheduling through it costs less than `in`. */
  lane(delay: Duration): Lane {
    const known = this.#lanes.find((lane) => lane.delay === delay);
    if (known !== undefined) return known;
    if (!(delay >= 0))
      throw new PenstockError('queue.past', `a lane of events that lie ${delay} µs ahead was asked for`);
    const lane = new Lane(delay, this.#lanes.length);
    this.#lanes.push(lane);
    this.#laneTimes = Float64Array.from([...this.#laneTimes, Number.POSITIVE_INFINITY]);
    this.#laneOrders = Float64Array.from([...this.#laneOrders, 0]);
    return lane;
  }

  /** `in` for the delay of `lane`, which must be of this queue. */
  inLane(lane: Lane, task: Task): EventId {
    const sequence = this.#sequence++;
    const time = this.#now + lane.delay;
    const order = sequence + RANK_STEP;
    if (lane.size === 0) {
      this.#laneTimes[lane.index] = time;
      this.#laneOrders[lane.index] = order;
    }
    lane.push(time, order, task);
    this.#inLanes++;
    return sequence;
  }

  /** Schedules what came from outside. It must lie after the last event that ran, and precedes the events of its instant. */
  outside(time: Instant, task: Task): EventId {
    if (!(time > this.#now))
      throw new PenstockError('queue.past', `an outside event for ${time} µs came when ${this.#now} µs had run`);
    return this.#push(time, EXTERNAL_RANK, task);
  }

  /** Cancelling an event that already ran is an error of the caller and not detected; cancel each at most once. */
  cancel(event: EventId): void {
    this.#cancelled.add(event);
  }

  /** Time of the next event, `NEVER` when there is none. */
  peek(): Instant {
    const lane = this.#next();
    const time = lane === NOTHING ? NEVER : lane === HEAP ? this.#times[0] : this.#laneTimes[lane];
    return time as Instant;
  }

  /** Runs the next event if it is due by `limit`; says whether it did. */
  step(limit: Instant): boolean {
    const lane = this.#next();
    if (lane === NOTHING) return false;
    const time = (lane === HEAP ? this.#times[0] : this.#laneTimes[lane]) as Instant;
    if (time > limit) return false;
    const task = this.#take(lane);
    this.#now = time;
    task.run(time);
    return true;
  }

  /** Runs everything due by `limit` and leaves the clock there. */
  runUntil(limit: Instant): void {
    while (this.step(limit));
    if (limit > this.#now && limit !== NEVER) this.#now = limit;
  }

  /** Where the next event is: number of a lane, `HEAP` or `NOTHING`. Cancelled ones are dropped on the way. */
  #next(): number {
    for (;;) {
      let best = HEAP;
      let time = Number.POSITIVE_INFINITY;
      let order = 0;
      if (this.#size > 0) {
        time = this.#times[0] as number;
        order = this.#order[0] as number;
      } else if (this.#inLanes === 0) return NOTHING;
      const times = this.#laneTimes;
      for (let i = 0; i < times.length; i++) {
        const other = times[i] as number;
        if (other > time || (other === time && (this.#laneOrders[i] as number) > order)) continue;
        best = i;
        time = other;
        order = this.#laneOrders[i] as number;
      }
      if (this.#cancelled.size === 0 || !this.#cancelled.delete(eventId(order))) return best;
      this.#take(best);
    }
  }

  #take(from: number): Task {
    if (from === HEAP) {
      const task = this.#tasks[0] as Task;
      this.#pop();
      return task;
    }
    const lane = this.#lanes[from] as Lane;
    const task = lane.shift();
    this.#inLanes--;
    const isEmpty = lane.size === 0;
    this.#laneTimes[from] = isEmpty ? Number.POSITIVE_INFINITY : lane.time;
    this.#laneOrders[from] = isEmpty ? 0 : lane.order;
    return task;
  }

  #push(time: Instant, rank: number, task: Task): EventId {
    if (this.#size === this.#times.length) this.#grow();
    const sequence = this.#sequence++;
    // Rank above sequence in one double: 2^52 events before it overflows.
    const order = rank === EXTERNAL_RANK ? sequence : sequence + RANK_STEP;
    let i = this.#size++;
    const times = this.#times;
    const orders = this.#order;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const parentTime = times[parent] as number;
      if (parentTime < time || (parentTime === time && (orders[parent] as number) < order)) break;
      times[i] = parentTime;
      orders[i] = orders[parent] as number;
      this.#tasks[i] = this.#tasks[parent];
      i = parent;
    }
    times[i] = time;
    orders[i] = order;
    this.#tasks[i] = task;
    return sequence;
  }

  #pop(): void {
    const size = --this.#size;
    const times = this.#times;
    const orders = this.#order;
    const tasks = this.#tasks;
    const time = times[size] as number;
    const order = orders[size] as number;
    const task = tasks[size];
    tasks[size] = undefined;
    if (size === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && before(times, orders, right, child)) child = right;
      const childTime = times[child] as number;
      if (time < childTime || (time === childTime && order < (orders[child] as number))) break;
      times[i] = childTime;
      orders[i] = orders[child] as number;
      tasks[i] = tasks[child];
      i = child;
    }
    times[i] = time;
    orders[i] = order;
    tasks[i] = task;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    this.#times = times;
    const order = new Float64Array(times.length);
    order.set(this.#order);
    this.#order = order;
  }
}

/** Instead of the number of a lane. */
const HEAP = -1;
const NOTHING = -2;
const RANK_STEP = 2 ** 52;
const eventId = (order: number): EventId => (order >= RANK_STEP ? order - RANK_STEP : order);

function before(times: Float64Array, orders: Float64Array, a: number, b: number): boolean {
  const ta = times[a] as number;
  const tb = times[b] as number;
  return ta < tb || (ta === tb && (orders[a] as number) < (orders[b] as number));
}
