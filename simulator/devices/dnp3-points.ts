/** Operators' commands to the outputs of a DNP3 outstation, over the standing connection of the device that they sit at. */
import { type DeviceSpec, type Dnp3Point, type Dnp3PollSpec, PenstockError } from '@penstock/core';
import { latch, setPoint } from '@penstock/protocols/dnp3';
import type { Cause, PointSession } from '@penstock/simulator/kernel';
import type { Dnp3Peer } from './dnp3-peer.ts';

export class Dnp3Points implements PointSession {
  readonly #peer: Dnp3Peer;
  readonly #target: DeviceSpec;
  readonly #way: Dnp3PollSpec['commands'];
  readonly #cause: Cause;

  /** @param way how outputs are commanded: SELECT and OPERATE, or at once */
  constructor(peer: Dnp3Peer, target: DeviceSpec, way: Dnp3PollSpec['commands'], cause: Cause) {
    this.#peer = peer;
    this.#target = target;
    this.#way = way;
    this.#cause = cause;
  }

  write(tag: string, value: number, done?: (accepted: boolean) => void): void {
    const { kind, index, scale, offset } = dnp3Output(this.#target, tag);
    const command = {
      index,
      value: kind === 'binary-output' ? latch(value !== 0) : setPoint((value - offset) / scale),
    };
    const taken = this.#peer.speak(
      (master, now) => master.command([command], this.#way, now, ({ outcome }) => done?.(outcome === 'done')),
      this.#cause,
    );
    if (!taken) done?.(false);
  }

  release(): void {}
}

/** @throws PenstockError `operator.point` for a tag that is no output of the outstation */
export function dnp3Output({ id, points }: DeviceSpec, tag: string): Dnp3Point {
  const point = points.find((candidate) => candidate.tag === tag)?.dnp3;
  if (point?.kind !== 'binary-output' && point?.kind !== 'analog-output')
    throw new PenstockError('operator.point', `'${id}' has no DNP3 output for '${tag}'`);
  return point;
}
