/** Operators' commands to the outputs of a DNP3 outstation, over the standing connection of the device that they sit at. */
import { type DeviceSpec, type Dnp3Point, type Dnp3PollSpec, PenstockError } from '@penstock/core';
import { latch, setPoint } from '@penstock/protocols/dnp3';
import type { Cause, Dnp3Session, PointSession } from '@penstock/simulator/kernel';

export class Dnp3Points implements PointSession {
  readonly #session: Dnp3Session;
  readonly #target: DeviceSpec;
  readonly #way: Dnp3PollSpec['commands'];
  readonly #cause: Cause;

  /** @param way how outputs are commanded: SELECT and OPERATE, or at once */
  constructor(session: Dnp3Session, target: DeviceSpec, way: Dnp3PollSpec['commands'], cause: Cause) {
    this.#session = session;
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
    this.#session.command(command, this.#way, this.#cause, ({ outcome }) => done?.(outcome === 'done'));
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
