/**
 * Events that all lie the same span ahead of the moment at which they are scheduled (frames of a segment, scans, polls), and so
 * are due in the order in which they came: a ring instead of a heap.
 */
import type { Duration } from '@penstock/core';
import type { Task } from './queue.ts';

export class Lane {
  readonly delay: Duration;
  /** Place among the lanes of its queue. */
  readonly index: number;
  size = 0;
  #tasks: (Task | undefined)[] = new Array(16).fill(undefined);
  #times = new Float64Array(16);
  #orders = new Float64Array(16);
  #head = 0;

  constructor(delay: Duration, index: number) {
    this.delay = delay;
    this.index = index;
  }

  /** Time and order of the first event; there must be one. */
  get time(): number {
    return this.#times[this.#head] as number;
  }

  get order(): number {
    return this.#orders[this.#head] as number;
  }

  push(time: number, order: number, task: Task): void {
    if (this.size === this.#times.length) this.#grow();
    const i = (this.#head + this.size++) & (this.#times.length - 1);
    this.#times[i] = time;
    this.#orders[i] = order;
    this.#tasks[i] = task;
  }

  /** Takes the first event out; there must be one. */
  shift(): Task {
    const i = this.#head;
    const task = this.#tasks[i] as Task;
    this.#tasks[i] = undefined;
    this.#head = (i + 1) & (this.#times.length - 1);
    this.size--;
    return task;
  }

  #grow(): void {
    const size = this.#times.length;
    const tasks = new Array<Task | undefined>(size * 2).fill(undefined);
    const times = new Float64Array(size * 2);
    const orders = new Float64Array(size * 2);
    for (let i = 0; i < size; i++) {
      const from = (this.#head + i) & (size - 1);
      tasks[i] = this.#tasks[from];
      times[i] = this.#times[from] as number;
      orders[i] = this.#orders[from] as number;
    }
    this.#tasks = tasks;
    this.#times = times;
    this.#orders = orders;
    this.#head = 0;
  }
}
