/** One point of a DNP3 outstation: read with a READ of its index, written with a command. */
import type { DeviceSpec, Dnp3Point } from '@penstock/core';
import { latch, pulse, rangeOf, setPoint, tripClose } from '@penstock/protocols/dnp3';
import type { Cause } from '@penstock/simulator/kernel';
import type { StepResult } from './context.ts';
import { nobody, outcomeOf } from './dnp3.ts';
import { named, type PointLine, type PointTarget, type Read } from './point.ts';

/** Groups of states (IEEE 1815-2012, annex A). */
const GROUPS: Readonly<Record<Dnp3Point['kind'], number>> = {
  binary: 1,
  'double-bit': 3,
  'binary-output': 10,
  counter: 20,
  analog: 30,
  'analog-output': 40,
};
/** Milliseconds of a pulse. */
const PULSE = 1000;

export class OutstationPoint implements PointTarget {
  readonly device: DeviceSpec;
  readonly tag: string;
  readonly place: string;
  readonly #point: Dnp3Point;
  readonly #way: 'select' | 'direct' | undefined;

  /** @param way how it is commanded; as the line's host usually does when left out */
  constructor(device: DeviceSpec, tag: string, point: Dnp3Point, way?: 'select' | 'direct') {
    this.device = device;
    this.tag = tag;
    this.place = `g${GROUPS[point.kind]} index ${point.index}`;
    this.#point = point;
    this.#way = way;
  }

  same(a: number, b: number): boolean {
    if (this.#isBit) return (a !== 0) === (b !== 0);
    const { variation = 0 } = this.#point;
    // Whole numbers in most variations of analogs' first four, of counters always; else a float of 32 bits.
    const isWhole =
      this.#point.kind === 'counter' || (variation > 0 && variation < (this.#point.kind === 'analog' ? 5 : 3));
    const raw = isWhole ? Math.round : Math.fround;
    return raw(this.#raw(a)) === raw(this.#raw(b));
  }

  read(line: PointLine, cause: Cause, done: Read): void {
    const session = line.dnp3(cause);
    const { kind, index, scale, offset } = this.#point;
    const what = `read ${this.tag}`;
    if (session === undefined) {
      done(undefined, nobody(line.from, 'DNP3'));
      return;
    }
    const group = GROUPS[kind];
    session.read([rangeOf(group, 0, index, index)], cause, (reply) => {
      const value = reply.values.find((one) => one.group === group && one.index === index)?.value;
      if (reply.outcome !== 'done' || value === undefined)
        done(undefined, reply.outcome === 'done' ? `${what}: not answered` : `${what}: ${reply.outcome}`);
      else done(this.#isBit ? value : value * scale + offset, what);
    });
  }

  write(line: PointLine, value: number, cause: Cause, done: (result: StepResult) => void): void {
    const session = line.dnp3(cause);
    const what = named(this.tag, value);
    if (session === undefined) {
      done({ outcome: 'failed', detail: `${what}: ${nobody(line.from, 'DNP3')}` });
      return;
    }
    const command = {
      index: this.#point.index,
      value: this.#isBit ? this.#control(value !== 0) : setPoint(this.#raw(value)),
    };
    session.command(command, this.#way ?? line.usualWay, cause, (reply) => done(outcomeOf(reply, what)));
  }

  get #isBit(): boolean {
    return this.#point.kind === 'binary' || this.#point.kind === 'binary-output';
  }

  #raw(value: number): number {
    return (value - this.#point.offset) / this.#point.scale;
  }

  #control(on: boolean) {
    switch (this.#point.output) {
      case 'two-output':
        return tripClose(on ? 'close' : 'trip', PULSE);
      case 'pulse':
        return pulse(PULSE);
      default:
        return latch(on);
    }
  }
}
