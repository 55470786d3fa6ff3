/**
 * Changes that wait until a master has confirmed them (IEEE 1815-2012, 4.1.6 and 5.1.4): bounded for every kind of point. When a kind has no
 * room, its oldest change is given up, and the buffer is overflown until there is room again.
 */
import type { EventKind } from './outstation-points.ts';

export type EventClass = 1 | 2 | 3;

export interface PointEvent {
  readonly kind: EventKind;
  /** DNP3 index of the point. */
  readonly index: number;
  /** Number as on the wire; of a binary its state, of a command what was commanded. */
  readonly value: number;
  /** Flags without state bits; of a command its status. */
  readonly flags: number;
  /** Milliseconds since 1970 by the device's clock. */
  readonly time: number;
  /** Whether that clock was set by a master, or of the device's own accord is right. */
  readonly synchronized: boolean;
  readonly eventClass: EventClass;
  /** Variation in which it is reported unless the master asks for another. */
  readonly variation: number;
  readonly octets?: Uint8Array | undefined;
}

/** An event with what the buffer knows of it: nobody else changes these. */
interface Held {
  readonly event: PointEvent;
  /** Variation in which a response under way wants it; 0 when it is not part of one. */
  selected: number;
  /** Put into a response that was sent and not confirmed yet. */
  written: boolean;
}

/** What a buffer keeps, for a run that goes on from here. */
export interface EventBufferSnapshot {
  readonly events: readonly PointEvent[];
  readonly overflown: boolean;
}

/** How many changes are kept for a kind that nothing is said about. */
const EVENTS_KEPT = 200;

export class EventBuffer {
  /** Events given up since the buffer was made. */
  dropped = 0;
  /** Events were lost, and there was no room since. */
  overflown = false;
  readonly #limits: Readonly<Partial<Record<EventKind, number>>>;
  readonly #counts = new Map<EventKind, number>();
  readonly #perClass = [0, 0, 0, 0];
  #held: Held[] = [];

  /** @param limits events kept for a kind; `EVENTS_KEPT` for those that are not named */
  constructor(limits: Readonly<Partial<Record<EventKind, number>>> = {}) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#held.length;
  }

  /** Events of a class that nobody has confirmed and that are not part of a response that waits for its confirmation. */
  waiting(eventClass: EventClass): number {
    return this.#perClass[eventClass] as number;
  }

  add(event: PointEvent): void {
    const { kind } = event;
    const limit = this.#limits[kind] ?? EVENTS_KEPT;
    const count = this.#counts.get(kind) ?? 0;
    if (count >= limit) {
      this.overflown = true;
      this.dropped++;
      if (limit === 0) return;
      this.#removeOldest(kind);
    } else this.#counts.set(kind, count + 1);
    this.#held.push({ event, selected: 0, written: false });
    this.#count(event.eventClass, 1);
  }

  /**
   * Marks events for the next response, the oldest first.
   * @param variation in which they are wanted; 0 for their own
   * @param limit at most so many
   * @returns how many were marked
   */
  select(wanted: (event: PointEvent) => boolean, variation: number, limit: number = Number.POSITIVE_INFINITY): number {
    let marked = 0;
    for (const held of this.#held) {
      if (marked >= limit) break;
      if (held.selected !== 0 || !wanted(held.event)) continue;
      held.selected = variation === 0 ? held.event.variation : variation;
      marked++;
    }
    return marked;
  }

  /** Gives the marked events to `write` in the order in which they happened, until it has no room (false). Whether all of them had room. */
  write(write: (event: PointEvent, variation: number) => boolean): boolean {
    for (const held of this.#held) {
      if (held.selected === 0 || held.written) continue;
      if (!write(held.event, held.selected)) return false;
      held.written = true;
      this.#count(held.event.eventClass, -1);
    }
    return true;
  }

  /** The master has what was written: it is forgotten. */
  confirm(): void {
    const before = this.#held.length;
    this.#held = this.#held.filter((held) => {
      if (held.written) this.#counts.set(held.event.kind, (this.#counts.get(held.event.kind) as number) - 1);
      return !held.written;
    });
    if (this.#held.length < before) this.overflown = false;
  }

  /** No confirmation came, or nobody wants them any more: marked and written events wait again. */
  release(): void {
    for (const held of this.#held) {
      if (held.written) this.#count(held.event.eventClass, 1);
      held.selected = 0;
      held.written = false;
    }
  }

  clear(): void {
    this.#held = [];
    this.#counts.clear();
    this.#perClass.fill(0);
    this.overflown = false;
  }

  /** Every change that nobody has confirmed, the oldest first. */
  save(): EventBufferSnapshot {
    return { events: this.#held.map(({ event }) => event), overflown: this.overflown };
  }

  /** Holds what was saved and nothing else; limits are those of this buffer. */
  load({ events, overflown }: EventBufferSnapshot): void {
    this.clear();
    for (const event of events) this.add(event);
    this.overflown ||= overflown;
  }

  #removeOldest(kind: EventKind): void {
    const at = this.#held.findIndex((held) => held.event.kind === kind);
    const held = this.#held[at] as Held;
    if (!held.written) this.#count(held.event.eventClass, -1);
    this.#held.splice(at, 1);
  }

  #count(eventClass: EventClass, by: number): void {
    this.#perClass[eventClass] = (this.#perClass[eventClass] as number) + by;
  }
}
