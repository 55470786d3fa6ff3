/**
 * Metrics of an edge node as the watch follows them. They stand one behind the other in a table of their own, each in two words as a
 * float of Modbus does.
 */
import type { KnownPoint } from '../knowledge.ts';
import type { Place } from './points.ts';

type Sparkplug = NonNullable<KnownPoint['sparkplug']>;

/** Where a metric stands in the table. */
export interface SparkplugPlace extends Place {
  readonly table: 'sparkplug';
}

/** What a metric is known by. */
export const metricKey = ({ group, node, device, metric }: Sparkplug): string => `${group}/${node}/${device}/${metric}`;

export class SparkplugPlaces {
  readonly all: readonly SparkplugPlace[];
  readonly #byKey = new Map<string, SparkplugPlace>();

  /** @param points those of one edge node */
  constructor(points: readonly KnownPoint[]) {
    const coding = { type: 'float32', wordOrder: 'big', scale: 1 } as const;
    this.all = points.map((point, order) => {
      const place = { table: 'sparkplug', address: 2 * order, coding, area: 'sparkplug', at: order } as const;
      this.#byKey.set(metricKey(point.sparkplug as Sparkplug), place);
      return place;
    });
  }

  /** Words of the whole table. */
  get size(): number {
    return 2 * this.all.length;
  }

  find(key: string): SparkplugPlace | undefined {
    return this.#byKey.get(key);
  }
}
