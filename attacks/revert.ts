/**
 * Undoing an attack, and the proof that it is undone: what stood in every point before the attack is remembered, put back where a
 * scenario does not do so itself, read back over the wire and compared.
 */
import { type PlantSpec, seconds } from '@penstock/core';
import type { Cause, Foothold } from '@penstock/simulator/kernel';
import type { RevertedFirmware } from './firmware.ts';
import type { EngineHost } from './host.ts';
import type { RevertedProgram } from './programs.ts';
import type { RevertedReports } from './reports.ts';
import type { StepSpec } from './scenario.ts';
import type { ScopeGuard } from './scope.ts';
import { ObjectPoint } from './verbs/bacnet-point.ts';
import type { Way } from './verbs/context.ts';
import { overwritesOf } from './verbs/index.ts';
import { type Dnp3Manner, mannerOf, overOf, PointLine, type PointTarget, pointOf } from './verbs/point.ts';

/** What became of one point that the attack overwrote. */
export interface RevertedTag {
  readonly device: string;
  readonly tag: string;
  readonly before: number | null;
  /** What the device answers now over the wire; null when it did not. */
  readonly readBack: number | null;
  /** What the controller holds, on truth; null where that is not known. */
  readonly controller: number | null;
  readonly proven: boolean;
  /** Why not. */
  readonly reason: string;
}

/** `pending`: not yet. `nothing`: no write was accepted, so that there is nothing to undo. */
export interface RevertReport {
  readonly state: 'pending' | 'nothing' | 'proven' | 'failed';
  readonly tags: readonly RevertedTag[];
  /** Controllers that were reprogrammed, stopped or started. */
  readonly programs: readonly RevertedProgram[];
  /** Devices that were given firmware; left out where there are none. */
  readonly firmware?: readonly RevertedFirmware[];
  /** Outstations that were told to report nothing of their own accord; left out where there are none. */
  readonly reports?: readonly RevertedReports[];
}

const MORE_READS = 2;
const READ_AGAIN = seconds(5);

interface Remembered {
  readonly role: string;
  readonly device: string;
  readonly tag: string;
  readonly target: PointTarget;
  /** Role of the host that overwrites it, from which it is also read back. */
  readonly from: string;
  /** How it speaks DNP3, and what a step says to that end. */
  readonly manner: Dnp3Manner;
  readonly over: {
    readonly command?: Way;
    readonly as?: string;
    readonly broker?: string;
    readonly account?: string;
    readonly priority?: number;
    readonly relinquish?: true;
  };
  before: number | undefined;
  written: boolean;
}

export class Memory {
  readonly #host: EngineHost;
  readonly #points = new Map<string, Remembered>();
  /** Points in the order in which they were first written. */
  readonly #order: Remembered[] = [];
  #taken = false;

  /** @throws ScopeError for a point that is out of scope */
  constructor(host: EngineHost, guard: ScopeGuard, steps: readonly StepSpec[]) {
    this.#host = host;
    for (const step of steps)
      for (const { role, tag, way, as, broker, account, priority } of overwritesOf(step, host.plant)) {
        const target = pointOf(
          guard,
          host.plant,
          role,
          tag,
          overOf({ from: step.from, command: way, as, broker, account, priority }),
        );
        const device = target.device.id;
        if (!this.#points.has(keyOf(device, tag)))
          this.#points.set(keyOf(device, tag), {
            role,
            device,
            tag,
            target,
            from: step.from,
            manner: mannerOf(guard, host.plant, step.from, role, as),
            over: {
              ...(way !== undefined && { command: way }),
              ...(as !== undefined && { as }),
              ...(broker !== undefined && { broker }),
              ...(account !== undefined && { account }),
              // A command is taken back where it was given.
              ...(target instanceof ObjectPoint && {
                ...(priority !== undefined && { priority }),
                relinquish: true as const,
              }),
            },
            before: undefined,
            written: false,
          });
      }
  }

  /**
   * Keeps what stands in every point now, the first time it is asked. Over the management channel where there is one; otherwise over the
   * wire, as an adversary from outside has to.
   */
  take(foothold: (role: string) => Foothold, cause: Cause, done: () => void): void {
    if (this.#taken) {
      done();
      return;
    }
    this.#taken = true;
    const { memory } = this.#host;
    const points = [...this.#points.values()];
    if (memory !== undefined) {
      for (const point of points) point.before = memory.call(this.#host, point.device, point.tag);
      done();
      return;
    }
    inTurn(points, done, (point, next) =>
      readPoint(foothold(point.from), point, cause, (value) => {
        point.before = value;
        next();
      }),
    );
  }

  before(device: string, tag: string): number | undefined {
    return this.#points.get(keyOf(device, tag))?.before;
  }

  wrote(device: string, tag: string): void {
    const point = this.#points.get(keyOf(device, tag));
    if (point === undefined || point.written) return;
    point.written = true;
    this.#order.push(point);
  }

  /** Steps that put back, last written first, what `done` does not and what is not as it was. */
  restoring(done: readonly StepSpec[]): StepSpec[] {
    const named = new Set(
      done.flatMap((step) => overwritesOf(step, this.#host.plant).map(({ role, tag }) => `${role}|${tag}`)),
    );
    return this.#order.toReversed().flatMap(({ role, tag, from, before, device, target, over }) => {
      if (before === undefined || named.has(`${role}|${tag}`)) return [];
      const now = this.#host.memory?.(device, tag);
      if (now !== undefined && target.same(before, now)) return [];
      return [
        {
          id: `restore-${tag.toLowerCase().replace('_', '-')}`,
          about: `${tag} as it was before`,
          techniques: [],
          verb: 'write-tag' as const,
          from,
          to: role,
          tag,
          value: before,
          ...over,
        },
      ];
    });
  }

  /** Whether there is anything to prove. */
  get touched(): boolean {
    return this.#toProve().length > 0;
  }

  /** Reads every point that was written and says whether it is as it was. A server in between may answer what it polled last: it is asked again. */
  prove(
    foothold: (role: string) => Foothold,
    cause: Cause,
    done: (tags: readonly RevertedTag[]) => void,
    more = MORE_READS,
  ): void {
    const tags: RevertedTag[] = [];
    const points = this.#toProve();
    const again = { run: () => this.prove(foothold, cause, done, more - 1) };
    inTurn(
      points,
      () => {
        if (more > 0 && tags.some(isOld)) this.#host.queue.in(READ_AGAIN, again);
        else done(tags);
      },
      (point, next) =>
        readPoint(foothold(point.from), point, cause, (readBack, why) => {
          tags.push(this.#judge(point, readBack, why));
          next();
        }),
    );
  }

  /** Points that were overwritten, or may have been. */
  #toProve(): Remembered[] {
    return this.#order.filter(({ device, tag, before, target }) => {
      const now = this.#host.memory?.(device, tag);
      // A write that was refused changed nothing; there is nothing to prove of it by way of the wire.
      return (
        now === undefined || before === undefined || !target.same(before, now) || this.#accepted.has(keyOf(device, tag))
      );
    });
  }

  /** A write to the point was taken. */
  accepted(device: string, tag: string): void {
    this.#accepted.add(keyOf(device, tag));
  }
  readonly #accepted = new Set<string>();

  #judge({ device, tag, before, target }: Remembered, readBack: number | undefined, why: string): RevertedTag {
    const controller = this.#host.memory?.(device, tag);
    const reasons: string[] = [];
    if (before === undefined) reasons.push('what stood there before is not known');
    else {
      if (readBack === undefined) reasons.push(`not read back: ${why}`);
      else if (!target.same(before, readBack)) reasons.push(`the device answers ${readBack} and had ${before}`);
      if (controller !== undefined && !target.same(before, controller))
        reasons.push(`the controller holds ${controller} and had ${before}`);
    }
    return {
      device,
      tag,
      before: before ?? null,
      readBack: readBack ?? null,
      controller: controller ?? null,
      proven: reasons.length === 0,
      reason: reasons.join('; '),
    };
  }
}

/** What is read back is not what the controller holds, which is as before. */
const isOld = ({ proven, readBack, controller, before }: RevertedTag): boolean =>
  !proven && readBack !== null && controller === before;

const keyOf = (device: string, tag: string): string => `${device}|${tag}`;

/** Reads one point by a request of its own; `undefined` with the reason when there is no answer. */
function readPoint(
  foothold: Foothold,
  { target, manner }: Pick<Remembered, 'target' | 'manner'>,
  cause: Cause,
  done: (value: number | undefined, why: string) => void,
): void {
  const line = new PointLine(foothold, target.device.id, manner);
  target.read(line, cause, (value, why) => {
    line.release();
    done(value, why);
  });
}

/** Does one after the other, each with a way to the next. */
export function inTurn<T>(items: readonly T[], done: () => void, one: (item: T, next: () => void) => void): void {
  const next = (i: number): void => {
    const item = items[i];
    if (item === undefined) {
      done();
      return;
    }
    one(item, () => next(i + 1));
  };
  next(0);
}

/** Roles at which something is held that no step of the list lets go. */
export const unreleased = (held: Iterable<string>, plant: PlantSpec, reverts: readonly StepSpec[]): string[] => {
  const released = new Set(reverts.flatMap((step) => (step.verb === 'release' ? [step.from] : [])));
  return [...held]
    .map((id) => plant.devices.find((d) => d.id === id)?.role ?? id)
    .filter((role) => !released.has(role));
};

/** What the proof comes to, and one line for the journal: everything as before, or what is not and why. */
export function proofOf(
  tags: readonly RevertedTag[],
  programs: readonly RevertedProgram[],
  firmware: readonly RevertedFirmware[],
  reports: readonly RevertedReports[],
): { readonly report: RevertReport; readonly detail: string } {
  const all = [
    ...tags.map(({ tag, proven, reason }) => ({ what: tag, proven, reason })),
    ...programs.map(({ device, proven, reason }) => ({ what: `program of ${device}`, proven, reason })),
    ...firmware.map(({ device, proven, reason }) => ({ what: `firmware of ${device}`, proven, reason })),
    ...reports.map(({ device, proven, reason }) => ({ what: `reports of ${device}`, proven, reason })),
  ];
  const failed = all.filter(({ proven }) => !proven).map(({ what, reason }) => `${what}: ${reason}`);
  const state = all.length === 0 ? 'nothing' : failed.length === 0 ? 'proven' : 'failed';
  return {
    report: {
      ...{ state, tags, programs },
      ...(firmware.length > 0 && { firmware }),
      ...(reports.length > 0 && { reports }),
    },
    detail: failed.join('; ') || `${all.map(({ what }) => what).join(', ')} as before`,
  };
}

/** What the proof is called in the journals. */
export const READ_BACK = {
  id: 'read-back',
  about: 'What was overwritten is as before',
  techniques: [],
  verb: 'release',
} as const satisfies Omit<StepSpec & { verb: 'release' }, 'from'>;
