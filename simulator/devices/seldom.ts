/** What need not be told again and again: the same thing is told once a minute, as devices of this trade aggregate their logs. */
import { type Instant, minutes } from '@penstock/core';

const REPEAT_AFTER = minutes(1);
/** Things that are remembered; beyond it the oldest is forgotten and may be told again. */
const REMEMBERED = 4096;

export class Seldom {
  readonly #told = new Map<string, Instant>();

  /** Whether `thing` is to be told now. */
  tells(thing: string, now: Instant): boolean {
    const before = this.#told.get(thing);
    if (before !== undefined && now - before < REPEAT_AFTER) return false;
    this.#told.delete(thing);
    this.#told.set(thing, now);
    if (this.#told.size > REMEMBERED) this.#told.delete(this.#told.keys().next().value as string);
    return true;
  }
}
