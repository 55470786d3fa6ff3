/**
 * The plant's normal week: everything that legitimately happens, drawn from the run's seed and performed through the same sessions
 * and equipment that anybody else would use. Announced work is in the calendar that the monitor's owner exports.
 */
import { type ScenarioSpec, targetsOf } from '@penstock/attacks';
import { type ActivitySpec, type Duration, days, type Instant, seconds } from '@penstock/core';
import type { WorkOrder } from '@penstock/monitor';
import { Random } from '@penstock/simulator/kernel';
import type { Range } from '../range.ts';
import { type ActivityContext, performer } from './activities.ts';

/** How far ahead occurrences are planned and work orders are written: no run is longer. */
const HORIZON = days(60);

interface Occurrence {
  readonly activity: ActivitySpec;
  readonly number: number;
  /** From the plant's epoch. */
  readonly at: Duration;
}

export class Week {
  readonly #range: Range;
  readonly #tell: (at: Instant, text: string) => void;
  readonly #occurrences: readonly Occurrence[];
  readonly #performers: ReadonlyMap<string, ReturnType<typeof performer>>;

  /** @throws PenstockError `activity.kind`, `activity.parameter`, `activity.device` for an activity that cannot be performed. */
  constructor(range: Range, includes: (activity: ActivitySpec) => boolean, tell: (at: Instant, text: string) => void) {
    this.#range = range;
    this.#tell = tell;
    const week = range.spec.week.filter(includes);
    this.#occurrences = week.flatMap((activity) => occurrences(activity, range.seed, range.startAt));
    this.#performers = new Map(week.map((activity) => [activity.id, performer(activity, range)]));
    for (const { activity, at } of this.#occurrences)
      if (activity.kind === 'program-edit')
        for (const device of partiesOf(activity).devices)
          range.archive.announce(device, loadedAt(activity, at), [editOf(activity)]);
  }

  start(): void {
    const range = this.#range;
    for (const { activity, number, at } of this.#occurrences) {
      // A run that goes on after an interruption has had these.
      if (at - range.startAt < range.queue.now) continue;
      const random = new Random(range.seed, `activity/${activity.id}/${number}`);
      const context: ActivityContext = {
        range,
        random,
        activity,
        cause: { actor: `operation:${activity.id}`, step: String(number) },
      };
      range.queue.at((at - range.startAt) as Instant, {
        run: (now) => {
          this.#tell(now, activity.name);
          this.#performers.get(activity.id)?.(context, now);
        },
      });
    }
  }

  /** The calendar as its owner exports it: announced work of the whole horizon, and a scenario's twin where that is announced. */
  workOrders(twin?: ScenarioSpec): WorkOrder[] {
    const { spec, epoch, startAt, archive } = this.#range;
    const iso = (time: number): string => new Date(Math.round((epoch - startAt + time) / 1000)).toISOString();
    const byRole = new Map(spec.devices.map((device) => [device.role, device.id]));
    const orders: WorkOrder[] = this.#occurrences.flatMap(({ activity, number, at }) => {
      if (!activity.workOrder) return [];
      const { devices, by } = partiesOf(activity);
      if (devices.length === 0) return [];
      const brings =
        activity.kind === 'program-edit'
          ? devices.flatMap((id) => archive.hashAfter(id, loadedAt(activity, at), [editOf(activity)]) ?? [])
          : [];
      const order = (id: string, from: number, to: number): WorkOrder => ({
        ...{ id, title: activity.name, devices, kind: 'work' as const, ...(by && { by: [by] }) },
        // Work is announced by the minute.
        from: iso(Math.floor(from / MINUTE) * MINUTE),
        to: iso(to + SLACK),
        ...(brings.length > 0 && { programs: brings }),
      });
      const id = `WO-${activity.id}-${number}`;
      const { lasts = 0 } = activity;
      // What stays as it was put for days is work when it is put there and when it is taken back, not in between.
      if (activity.with.back === true && lasts > LONG)
        return [order(`${id}a`, at, at), order(`${id}b`, at + lasts, at + lasts)];
      return [order(id, at, at + lasts)];
    });
    if (twin) {
      const programs = twin.twin.steps.flatMap((step) =>
        step.verb === 'program-download' && step.program !== 'before'
          ? (archive.hashAfter(
              byRole.get(step.to) ?? step.to,
              (startAt + twin.start) as Duration,
              step.program.edits,
            ) ?? [])
          : [],
      );
      orders.push({
        id: `WO-${twin.id}-twin`,
        title: twin.twin.name,
        from: iso(startAt + twin.start - SLACK),
        to: iso(startAt + twin.start + twin.observe),
        devices: [
          ...new Set(twin.twin.steps.flatMap((step) => targetsOf(step, spec).map((role) => byRole.get(role) ?? role))),
        ],
        kind: 'work',
        ...(programs.length > 0 && { programs }),
      });
    }
    return orders;
  }
}

/** Work may overrun what was announced by so much. */
const SLACK = 600e6;
const MINUTE = 60e6;
/** Longer than anybody works on one thing. */
const LONG = 12 * 3600e6;

/** A program is changed in the middle of the work on it. */
const loadedAt = ({ lasts = seconds(0) }: ActivitySpec, at: Duration): Duration => (at + lasts / 2) as Duration;

const editOf = ({ with: { find, replace } }: ActivitySpec) => ({ find: String(find), replace: String(replace) });

/** Who is worked on, and from where, as far as the activity says. */
function partiesOf(activity: ActivitySpec): { devices: string[]; by: string | undefined } {
  const { to } = activity.with;
  const targets = typeof to === 'string' ? [to] : Array.isArray(to) ? (to as string[]) : [];
  const own = activity.device === undefined ? [] : [activity.device];
  return targets.length > 0 ? { devices: targets, by: activity.device } : { devices: own, by: undefined };
}

function occurrences(activity: ActivitySpec, seed: number, startAt: Duration): Occurrence[] {
  const found: Occurrence[] = [];
  const first = activity.at ?? 0;
  const last = startAt + HORIZON;
  for (let number = 0; ; number++) {
    const planned = first + number * (activity.every ?? Number.POSITIVE_INFINITY);
    if (number > 0 && !(planned <= last)) break;
    const spread =
      activity.spread === undefined ? 0 : new Random(seed, `week/${activity.id}/${number}`).below(activity.spread);
    const at = (number === 0 ? first : planned) + spread;
    if (at > startAt && at <= last) found.push({ activity, number, at: at as Duration });
    if (activity.every === undefined) break;
  }
  return found;
}
