/** Values of chosen items as they were, the latest of each (OPC 10000-11, raw values). What it keeps was read from the owner, and is never told as present. */
import { type Duration, type Instant, UsageError } from '@penstock/core';
import type { Variant } from './builtin.ts';
import type { OpcUaServer } from './server.ts';
import { STATUS } from './status.ts';

const MOST = 100_000;

interface Ring {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly asVariant: (value: number) => Variant;
  /** Where the next goes, and how many there are. */
  next: number;
  length: number;
}

export interface HistoryValue {
  /** Microseconds since 1970. */
  readonly time: number;
  readonly value: Variant;
}

export class History {
  readonly #server: OpcUaServer;
  readonly #rings = new Map<number, Ring>();
  readonly #every: Duration;
  #nextSample = 0;

  /** @throws UsageError `opcua.history` for more values than are kept */
  constructor(server: OpcUaServer, { every, keep }: { readonly every: Duration; readonly keep: number }) {
    if (!Number.isInteger(keep) || keep < 1 || keep > MOST)
      throw new UsageError('opcua.history', `1 to ${MOST} values are kept of an item, not ${keep}`);
    this.#server = server;
    this.#every = every;
    server.options.items.forEach(({ history, tag }, item) => {
      if (!history) return;
      const asVariant =
        tag.states === undefined
          ? (value: number): Variant => ({ type: 11, value })
          : (value: number): Variant => ({ type: 1, value: value !== 0 });
      this.#rings.set(item, {
        ...{ times: new Float64Array(keep), values: new Float64Array(keep), asVariant, next: 0, length: 0 },
      });
    });
  }

  keeps(item: number): boolean {
    return this.#rings.has(item);
  }

  tick(now: Instant): void {
    if (now < this.#nextSample) return;
    this.#nextSample = now + this.#every;
    const { access } = this.#server.options;
    const time = this.#server.now();
    for (const [item, ring] of this.#rings) {
      const value = access.read(item);
      if (Number.isNaN(value) || (access.status?.(item) ?? STATUS.good) !== STATUS.good) continue;
      const at = access.time?.(item) ?? time;
      const last = ring.next === 0 ? ring.times.length - 1 : ring.next - 1;
      // The same reception is not kept twice.
      if (ring.length > 0 && (ring.times[last] as number) >= at) continue;
      ring.times[ring.next] = at;
      ring.values[ring.next] = value;
      ring.next = (ring.next + 1) % ring.times.length;
      if (ring.length < ring.times.length) ring.length++;
    }
  }

  /**
   * At most `most` values from `from` on towards `to`, backwards when `to` is before it; 0 for an end that is open. `next` is where to go
   * on when there are more.
   */
  read(item: number, from: number, to: number, most: number): { values: HistoryValue[]; next: number | undefined } {
    const ring = this.#rings.get(item);
    const values: HistoryValue[] = [];
    if (ring === undefined) return { values, next: undefined };
    const backwards = from === 0 || (to !== 0 && to < from);
    const [low, high] = backwards ? [to, from || Number.POSITIVE_INFINITY] : [from, to || Number.POSITIVE_INFINITY];
    const { times, length } = ring;
    const first = (ring.next - length + times.length) % times.length;
    for (let i = 0; i < length; i++) {
      const at = (first + (backwards ? length - 1 - i : i)) % times.length;
      const time = times[at] as number;
      if (backwards ? time > high || time < low : time < low || time >= high) continue;
      if (values.length === most) return { values, next: time };
      values.push({ time, value: ring.asVariant(ring.values[at] as number) });
    }
    return { values, next: undefined };
  }
}
