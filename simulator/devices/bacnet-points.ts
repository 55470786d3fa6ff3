/** Objects of a device as those who command them know them: by tag. */
import { type BacnetPoint, type BacnetPollSpec, type DeviceSpec, PenstockError } from '@penstock/core';
import {
  type BacnetValue,
  enumerated,
  OBJECT_TYPES,
  objectId,
  PROPERTY,
  real,
  unsigned,
} from '@penstock/protocols/bacnet';
import type { Cause, PointSession } from '@penstock/simulator/kernel';
import { type BacnetPeer, bacnetAddress } from './bacnet-peer.ts';

/** The number of a point's object. */
export const objectOf = ({ kind, instance }: BacnetPoint): number =>
  objectId(OBJECT_TYPES.find(kind) as number, instance);

/** A tag's value as the network has it; states of multi-state objects are counted from 1 there. */
export function bacnetValue({ kind }: BacnetPoint, value: number): BacnetValue {
  if (kind.startsWith('analog')) return real(value);
  return kind.startsWith('binary') ? enumerated(value === 0 ? 0 : 1) : unsigned(Math.round(value) + 1);
}

/** The other way round; undefined for what is no number. */
export function tagValue({ kind }: BacnetPoint, value: BacnetValue | undefined): number | undefined {
  if (value?.kind === 'real' || value?.kind === 'enumerated') return value.value;
  if (value?.kind !== 'unsigned') return undefined;
  return kind.startsWith('multi-state') ? value.value - 1 : value.value;
}

/** The object of a tag that may be written. @throws PenstockError `operator.point` where there is none */
export function commandedObject({ id, points }: DeviceSpec, tag: string): BacnetPoint {
  const point = points.find((candidate) => candidate.tag === tag && candidate.writable)?.bacnet;
  if (point === undefined)
    throw new PenstockError('operator.point', `'${id}' has no BACnet object of '${tag}' that can be written`);
  return point;
}

/** Operators' commands over the standing conversation of the device that they sit at. */
export class BacnetPoints implements PointSession {
  readonly #peer: BacnetPeer;
  readonly #target: DeviceSpec;
  readonly #priority: BacnetPollSpec['priority'];
  readonly #cause: Cause;

  constructor(peer: BacnetPeer, target: DeviceSpec, priority: BacnetPollSpec['priority'], cause: Cause) {
    this.#peer = peer;
    this.#target = target;
    this.#priority = priority;
    this.#cause = cause;
  }

  write(tag: string, value: number, done?: (accepted: boolean) => void): void {
    const point = commandedObject(this.#target, tag);
    const place = { object: objectOf(point), property: PROPERTY.presentValue };
    const mark = this.#peer.marking(this.#cause);
    this.#peer.speak((client, now) => {
      const answered = (outcome: { readonly kind: string }): void => done?.(outcome.kind === 'done');
      client.writeProperty(
        bacnetAddress(this.#target),
        place,
        bacnetValue(point, value),
        this.#priority,
        now,
        answered,
        mark,
      );
    }, this.#cause);
  }

  release(): void {}
}
