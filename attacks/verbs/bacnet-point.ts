/** One object of a BACnet device: its present value read, commanded at a priority, and the command taken back. */
import { type BacnetPoint, type DeviceSpec, isCommanded } from '@penstock/core';
import {
  type BacnetValue,
  enumerated,
  NULL,
  OBJECT_TYPES,
  objectId,
  PROPERTY,
  real,
  unsigned,
} from '@penstock/protocols/bacnet';
import type { BacnetReply, BacnetSession, Cause } from '@penstock/simulator/kernel';
import type { StepResult } from './context.ts';
import { nobody } from './dnp3.ts';
import { named, type PointLine, type PointTarget, type Read } from './point.ts';

/** The lowest priority, which is what a write without one has. */
const LOWEST = 16;

/** How an object is commanded: at which priority; and whether what stood there is taken back first, and a value written only where that is not enough. */
export interface BacnetManner {
  readonly priority?: number | undefined;
  readonly relinquish?: boolean | undefined;
}

export const outcomeOfBacnet = ({ outcome, detail }: BacnetReply, what: string): StepResult =>
  outcome === 'done'
    ? { outcome: 'done', detail: what }
    : { outcome: 'failed', detail: `${what}: ${outcome === 'refused' ? detail : outcome}` };

export const objectOf = ({ kind, instance }: BacnetPoint): number =>
  objectId(OBJECT_TYPES.find(kind) as number, instance);

export class ObjectPoint implements PointTarget {
  readonly device: DeviceSpec;
  readonly tag: string;
  readonly place: string;
  readonly #point: BacnetPoint;
  readonly #manner: BacnetManner;

  constructor(device: DeviceSpec, tag: string, point: BacnetPoint, manner: BacnetManner) {
    this.device = device;
    this.tag = tag;
    this.place = `${point.kind} ${point.instance}`;
    this.#point = point;
    this.#manner = manner;
  }

  same(a: number, b: number): boolean {
    if (this.#point.kind.startsWith('analog')) return Math.fround(a) === Math.fround(b);
    return Math.round(a) === Math.round(b);
  }

  read(line: PointLine, cause: Cause, done: Read): void {
    const session = line.bacnet(cause);
    const what = `read ${this.tag}`;
    if (session === undefined) {
      done(undefined, nobody(line.from, 'BACnet'));
      return;
    }
    session.read(this.#presentValue, cause, (reply) => {
      const value = numberOf(this.#point, reply.values[0]);
      const { detail } = outcomeOfBacnet(reply, what);
      done(
        reply.outcome === 'done' ? value : undefined,
        value === undefined && reply.outcome === 'done' ? `${what}: no number` : detail,
      );
    });
  }

  write(line: PointLine, value: number, cause: Cause, done: (result: StepResult) => void): void {
    const session = line.bacnet(cause);
    const { priority, relinquish } = this.#manner;
    const at = priority === undefined ? '' : ` at priority ${priority}`;
    const what = `${named(this.tag, value)}${at}`;
    if (session === undefined) {
      done({ outcome: 'failed', detail: `${what}: ${nobody(line.from, 'BACnet')}` });
      return;
    }
    if (relinquish !== true || !isCommanded(this.#point)) {
      this.#command(session, value, priority, cause, (reply) => done(outcomeOfBacnet(reply, what)));
      return;
    }
    session.write(this.#presentValue, NULL, priority ?? LOWEST, cause, (reply) => {
      if (reply.outcome !== 'done') done(outcomeOfBacnet(reply, `${this.tag} relinquished${at}`));
      else
        this.read(line, cause, (now) => {
          if (now !== undefined && this.same(now, value))
            done({ outcome: 'done', detail: `${this.tag} relinquished${at}` });
          else
            this.#command(session, value, LOWEST, cause, (last) => done(outcomeOfBacnet(last, named(this.tag, value))));
        });
    });
  }

  get #presentValue() {
    return { object: objectOf(this.#point), property: PROPERTY.presentValue };
  }

  #command(
    session: BacnetSession,
    value: number,
    priority: number | undefined,
    cause: Cause,
    done: (reply: BacnetReply) => void,
  ): void {
    session.write(this.#presentValue, valueAt(this.#point, value), priority, cause, done);
  }
}

/** States of multi-state objects are counted from 1 on the network. */
function valueAt({ kind }: BacnetPoint, value: number): BacnetValue {
  if (kind.startsWith('analog')) return real(value);
  return kind.startsWith('binary') ? enumerated(value === 0 ? 0 : 1) : unsigned(Math.round(value) + 1);
}

function numberOf({ kind }: BacnetPoint, value: BacnetValue | undefined): number | undefined {
  if (value?.kind === 'real' || value?.kind === 'enumerated') return value.value;
  return value?.kind === 'unsigned' ? value.value - (kind.startsWith('multi-state') ? 1 : 0) : undefined;
}
