/**
 * Correlation rules (Sigma correlation specification 2.1): how often, how many different, which ones together, in which order,
 * for each group and within a time span. Everything runs on event time, and every state has a bound.
 */

import type { FieldValue } from '@penstock/core';
import { BoundedMap } from '../bounded-map.ts';
import type { Subject } from '../subject.ts';
import type { CorrelationType } from './schema.ts';

type Getter = (subject: Subject) => FieldValue;

export interface CorrelationPlan {
  readonly type: CorrelationType;
  /** Length of `rules`. */
  readonly parts: number;
  readonly timespan: number;
  /** What has to be reached: the number of events, of values, or (temporal) of rules. */
  readonly threshold: number;
  /** By position in `rules`: the fields of the group, and what is counted (value_count). */
  readonly groupBy: readonly (readonly Getter[])[];
  readonly counted: readonly (readonly Getter[])[];
}

/** Groups that one rule remembers; the one that was quiet longest is forgotten first. */
const MAX_GROUPS = 4096;
/** Largest threshold that a rule may have: it bounds what a group keeps. */
export const MAX_THRESHOLD = 10_000;
const MAX_PACKETS = 16;
/** Most groups see one event: a flood of new ones must not cost the room of a full one each. */
const FIRST_RING = 4;

interface Group {
  /** event_count: the newest times, a ring that grows up to `threshold`. temporal: newest time for each rule, or for each prefix in order. */
  times: Float64Array;
  count: number;
  /** value_count: newest time by value, oldest first. */
  readonly values: Map<string, number> | undefined;
  packets: number[];
}

export interface Hit {
  readonly count: number;
  readonly packets: readonly number[];
}

export class Correlator {
  readonly #plan: CorrelationPlan;
  readonly #groups = new BoundedMap<string, Group>(MAX_GROUPS);
  #now = 0;

  constructor(plan: CorrelationPlan) {
    this.#plan = plan;
  }

  get groups(): number {
    return this.#groups.size;
  }

  /** Groups that were forgotten to keep the bound. */
  get forgotten(): number {
    return this.#groups.forgotten;
  }

  /** The rule at `position` matched. Returns what was reached, when the correlation now holds; its group then begins anew. */
  feed(position: number, subject: Subject, packets: readonly number[]): Hit | undefined {
    // A capture may step back; a window cannot, or it would never close.
    const now = subject.time > this.#now ? subject.time : this.#now;
    this.#now = now;
    const key = keyOf(this.#plan.groupBy[position] as readonly Getter[], subject);
    if (key === undefined) return undefined;
    const group = this.#group(key);
    for (const packet of packets) if (!group.packets.includes(packet)) group.packets.push(packet);
    if (group.packets.length > MAX_PACKETS) group.packets = group.packets.slice(-MAX_PACKETS);
    const count = this.#count(group, position, now, subject);
    if (count === undefined) return undefined;
    this.#groups.delete(key);
    return { count, packets: group.packets };
  }

  #group(key: string): Group {
    const known = this.#groups.get(key);
    if (known !== undefined) {
      this.#groups.renew(key, known);
      return known;
    }
    const { type, threshold, parts } = this.#plan;
    const times = new Float64Array(
      type === 'event_count' ? Math.min(threshold, FIRST_RING) : type === 'value_count' ? 0 : parts,
    );
    const group: Group = {
      times: times.fill(Number.NEGATIVE_INFINITY),
      count: 0,
      values: type === 'value_count' ? new Map() : undefined,
      packets: [],
    };
    this.#groups.set(key, group);
    return group;
  }

  #count(group: Group, position: number, now: number, subject: Subject): number | undefined {
    const { type, threshold, timespan, parts } = this.#plan;
    switch (type) {
      case 'event_count': {
        // The ring holds the newest `threshold` times: the slot to be overwritten next is the oldest of them.
        const at = group.count % threshold;
        if (at >= group.times.length) {
          const larger = new Float64Array(Math.min(threshold, group.times.length * 2));
          larger.set(group.times);
          group.times = larger;
        }
        group.times[at] = now;
        group.count++;
        if (group.count < threshold) return undefined;
        const oldest = group.times[group.count % threshold] as number;
        return now - oldest <= timespan ? threshold : undefined;
      }
      case 'value_count':
        return this.#countValues(group, position, now, subject);
      case 'temporal': {
        group.times[position] = now;
        for (let i = 0; i < parts; i++) if (now - (group.times[i] as number) > timespan) return undefined;
        return parts;
      }
      case 'temporal_ordered': {
        // times[k]: latest start among the sequences that have the first k+1 rules in order. The latest start is the best one.
        const start = position === 0 ? now : (group.times[position - 1] as number);
        if (now - start > timespan) return undefined;
        group.times[position] = start;
        return position === parts - 1 ? parts : undefined;
      }
    }
  }

  #countValues(group: Group, position: number, now: number, subject: Subject): number | undefined {
    const value = keyOf(this.#plan.counted[position] as readonly Getter[], subject);
    if (value === undefined) return undefined;
    const values = group.values as Map<string, number>;
    values.delete(value);
    values.set(value, now);
    for (const [oldest, time] of values) {
      if (now - time <= this.#plan.timespan) break;
      values.delete(oldest);
    }
    return values.size >= this.#plan.threshold ? values.size : undefined;
  }
}

/** Values joined in a way that no two lists share; undefined when one is empty (Sigma: such events belong to no group). */
function keyOf(getters: readonly Getter[], subject: Subject): string | undefined {
  let key = '';
  for (const get of getters) {
    const value = get(subject);
    if (value === undefined) return undefined;
    key += `${String(value).length}:${String(value)}`;
  }
  return key;
}
