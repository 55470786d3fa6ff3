/**
 * Nodes of an OPC UA server as the watch follows them. They stand one behind the other in a table of their own, each in two words as a float of
 * Modbus does.
 */
import type { KnownPoint } from '../knowledge.ts';
import type { Place } from './points.ts';

/** Where a node's value stands in the table. */
export interface OpcUaPlace extends Place {
  readonly table: 'opcua';
}

export class OpcUaPlaces {
  readonly all: readonly OpcUaPlace[];
  readonly #byNode = new Map<string, OpcUaPlace>();

  /** @param points those of one server */
  constructor(points: readonly KnownPoint[]) {
    const coding = { type: 'float32', wordOrder: 'big', scale: 1 } as const;
    this.all = points.map((point, order) => {
      const place = { table: 'opcua', address: 2 * order, coding, area: 'opcua', at: order } as const;
      this.#byNode.set((point.opcua as NonNullable<KnownPoint['opcua']>).node, place);
      return place;
    });
  }

  /** Words of the whole table. */
  get size(): number {
    return 2 * this.all.length;
  }

  /** @param node as `ns=2;s=LIT101` */
  find(node: string): OpcUaPlace | undefined {
    return this.#byNode.get(node);
  }
}
