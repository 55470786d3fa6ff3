/**
 * What the process watch learns of each point beside its range and slopes: how long it stands still at most, whether it changes
 * without an order, and whether it keeps what it is given.
 */
import { z } from 'zod';

export const habitSchema = z.strictObject({
  device: z.string(),
  tag: z.string(),
  /** Changes that were seen. */
  changes: z.int().nonnegative(),
  /** Longest time without a change while it was polled, seconds. */
  still: z.number().nonnegative(),
  /** How often it changed though no write for it was seen. */
  alone: z.int().nonnegative(),
  /** How often it showed another value than the one that was just written. */
  overridden: z.int().nonnegative(),
  /** It repeats itself exactly, as a counter or a simulated signal does. */
  repeats: z.boolean(),
});
export type Habit = { -readonly [K in keyof z.output<typeof habitSchema>]: z.output<typeof habitSchema>[K] };

const MAX_HABITS = 65_536;

export class Habits {
  /** Points that found no room. */
  dropped = 0;
  readonly #habits = new Map<string, Habit>();

  of(device: string, tag: string): Habit | undefined {
    return this.#habits.get(`${device}|${tag}`);
  }

  /** The habit to be added to; undefined when there are too many. */
  learn(device: string, tag: string): Habit | undefined {
    const key = `${device}|${tag}`;
    let habit = this.#habits.get(key);
    if (habit !== undefined) return habit;
    if (this.#habits.size >= MAX_HABITS) {
      this.dropped++;
      return undefined;
    }
    habit = { device, tag, changes: 0, still: 0, alone: 0, overridden: 0, repeats: false };
    this.#habits.set(key, habit);
    return habit;
  }

  /** Takes in what was learned elsewhere. */
  absorb(habits: readonly Habit[]): void {
    for (const other of habits) {
      const habit = this.learn(other.device, other.tag);
      if (habit === undefined) continue;
      habit.changes += other.changes;
      habit.still = Math.max(habit.still, other.still);
      habit.alone += other.alone;
      habit.overridden += other.overridden;
      habit.repeats ||= other.repeats;
    }
  }

  /** In an order that depends on nothing but what was learned. */
  toJSON(): Habit[] {
    return [...this.#habits]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, habit]) => ({ ...habit, still: Math.round(habit.still * 1e3) / 1e3 }));
  }
}
