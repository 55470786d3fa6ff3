/** Operators' writes into the memory of an S7 controller, over the standing connection of the device that they sit at. */
import { type DeviceSpec, PenstockError } from '@penstock/core';
import { type MemoryEntry, S7Memory, S7PointWrite } from '@penstock/protocols/s7comm';
import type { Cause, EventQueue, PointSession } from '@penstock/simulator/kernel';
import type { S7Peer } from './s7-peer.ts';

const SUCCESS = 0xff;

export class S7Points implements PointSession {
  readonly #queue: EventQueue;
  readonly #peer: S7Peer;
  readonly #target: DeviceSpec;
  readonly #memory: S7Memory;
  readonly #cause: Cause;

  constructor(queue: EventQueue, peer: S7Peer, target: DeviceSpec, cause: Cause) {
    this.#queue = queue;
    this.#peer = peer;
    this.#target = target;
    this.#memory = new S7Memory(target.points, target.id);
    this.#cause = cause;
  }

  write(tag: string, value: number, done?: (accepted: boolean) => void): void {
    checkS7Point(this.#target, tag);
    const entry = this.#memory.entry(this.#target.points.findIndex((point) => point.tag === tag)) as MemoryEntry;
    const write: S7PointWrite = new S7PointWrite(entry, () => done?.(write.code === SUCCESS));
    if (!this.#peer.submit(write.set(value), this.#queue.now, this.#cause)) done?.(false);
  }

  release(): void {}
}

/** @throws PenstockError `operator.point` for a tag that has no address in the controller's memory */
export function checkS7Point({ id, points }: DeviceSpec, tag: string): void {
  if (points.find((point) => point.tag === tag)?.s7 === undefined)
    throw new PenstockError('operator.point', `'${id}' has no S7 point for '${tag}'`);
}
