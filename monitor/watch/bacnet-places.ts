/**
 * Objects of a BACnet device as the watch follows them. They stand one behind the other in a table of their own, each in two words as a float of
 * Modbus does. What is kept are the tags' values: states of multi-state objects, which the network counts from 1, begin with 0 here.
 */
import { OBJECT_TYPES, objectId } from '@penstock/protocols/bacnet';
import type { KnownPoint } from '../knowledge.ts';
import type { Place } from './points.ts';

type Bacnet = NonNullable<KnownPoint['bacnet']>;

export interface BacnetPlace extends Place {
  readonly table: 'bacnet';
  readonly isMultiState: boolean;
}

/** A tag's value of a present value as the network tells it. */
export const stateOf = ({ isMultiState }: BacnetPlace, value: number): number => (isMultiState ? value - 1 : value);

export class BacnetPlaces {
  readonly all: readonly BacnetPlace[];
  readonly #byObject = new Map<number, BacnetPlace>();

  /** @param points those of one device that are objects */
  constructor(points: readonly KnownPoint[]) {
    const coding = { type: 'float32', wordOrder: 'big', scale: 1 } as const;
    this.all = points.map((point, order) => {
      const { kind, instance } = point.bacnet as Bacnet;
      const isMultiState = kind.startsWith('multi-state');
      const where = { table: 'bacnet', address: 2 * order, area: 'bacnet', at: order } as const;
      const place = { ...where, coding, isMultiState };
      this.#byObject.set(objectId(OBJECT_TYPES.find(kind) as number, instance), place);
      return place;
    });
  }

  /** Words of the whole table. */
  get size(): number {
    return 2 * this.all.length;
  }

  find(object: number): BacnetPlace | undefined {
    return this.#byObject.get(object);
  }
}
