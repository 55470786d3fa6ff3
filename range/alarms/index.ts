/**
 * Process alarms of a plant over its displayed values: what an operator's station raises, keeps, lets acknowledge and shelve
 * (ANSI/ISA-18.2-2016). It sees what the operator sees: a forged display raises no alarm.
 */
import {
  type CompiledPredicate,
  compilePredicate,
  type Duration,
  type Instant,
  minutes,
  type PlantSpec,
  seconds,
  type TagSpec,
  UsageError,
} from '@penstock/core';
import { type AlarmEvent, type AlarmLimit, type AlarmStatus, afterEvent, isHidden } from './alarm.ts';

export type { AlarmLimit, AlarmState, AlarmStatus } from './alarm.ts';

export interface AlarmSummary {
  /** More than ten alarms in ten minutes, until fewer than five (ISA-18.2, clause 16.5). */
  readonly flood: boolean;
  readonly inTenMinutes: number;
  readonly unacknowledged: number;
  readonly raised: { readonly low: number; readonly medium: number; readonly high: number };
}

const LIMITS: readonly AlarmLimit[] = ['lowLow', 'low', 'high', 'highHigh', 'state'];
/** Part of a tag's range that a value must come back by, where the plant says nothing. */
const DEAD_BAND = 0.005;
/** Alarms of one area that follow each other so fast belong together. */
const TOGETHER = seconds(30);
const FLOOD_WINDOW = minutes(10);
const FLOOD_BEGINS = 10;
const FLOOD_ENDS = 5;
const LONGEST_SHELVING = minutes(24 * 60);

interface Watched {
  status: AlarmStatus;
  readonly tag: number;
  readonly area: string;
  /** Whether a value is beyond the limit; `inside`: it must come back by the dead band to be no longer. */
  readonly beyond: (value: number, active: boolean) => boolean;
  readonly delay: Duration;
  readonly suppressed: CompiledPredicate | undefined;
  /** Since when the condition has been other than the alarm says; undefined while they agree. */
  differsSince: Instant | undefined;
}

export class ProcessAlarms {
  readonly #alarms: readonly Watched[];
  readonly #byId: ReadonlyMap<string, Watched>;
  readonly #tell: (changed: readonly AlarmStatus[]) => void;
  /** Instants at which alarms were raised within the flood's window. */
  readonly #recent: Instant[] = [];
  readonly #leaders = new Map<string, { readonly id: string; last: Instant }>();
  readonly #raised = { low: 0, medium: 0, high: 0 };
  #flood = false;
  #changed = new Map<string, AlarmStatus>();

  /** @param tell hears of every alarm that changed, once an update */
  constructor(plant: PlantSpec, tell: (changed: readonly AlarmStatus[]) => void) {
    const names = plant.tags.map((tag) => tag.id);
    this.#tell = tell;
    this.#alarms = plant.tags.flatMap((tag, place) => watchedOf(tag, place, names));
    this.#byId = new Map(this.#alarms.map((alarm) => [alarm.status.id, alarm]));
  }

  get list(): readonly AlarmStatus[] {
    return this.#alarms.map((alarm) => alarm.status);
  }

  /**
   * Judges displayed values. @param displayed by the plant's tag number; NaN for what was never received
   * @param isStale whether a tag's value is too old to be judged; its alarms stay as they are
   */
  update(now: Instant, displayed: Float64Array, isStale: (tag: number) => boolean): void {
    for (const alarm of this.#alarms) {
      const value = displayed[alarm.tag] as number;
      const { status } = alarm;
      if (status.until !== undefined && now >= status.until) this.#apply(alarm, { kind: 'unshelve' }, now);
      if (Number.isNaN(value) || isStale(alarm.tag)) continue;
      if (alarm.suppressed)
        this.#apply(alarm, { kind: alarm.suppressed.evaluate(displayed) ? 'suppress' : 'unsuppress' }, now);
      const { active } = alarm.status;
      if (alarm.beyond(value, active) === active) {
        alarm.differsSince = undefined;
        continue;
      }
      alarm.differsSince ??= now;
      if (now - alarm.differsSince < alarm.delay) continue;
      alarm.differsSince = undefined;
      this.#apply(alarm, active ? { kind: 'return' } : { kind: 'raise', value }, now);
    }
    this.#told();
  }

  /** @throws UsageError `alarm.unknown` */
  acknowledge(ids: readonly string[], by: string, now: Instant): void {
    for (const alarm of ids.map((id) => this.#required(id))) this.#apply(alarm, { kind: 'acknowledge', by }, now);
    this.#told();
  }

  /** Puts an alarm aside for a time. @throws UsageError `alarm.unknown`, `alarm.shelve` for a time of more than a day or none */
  shelve(id: string, duration: Duration, reason: string, by: string, now: Instant): void {
    const alarm = this.#required(id);
    if (!(duration > 0 && duration <= LONGEST_SHELVING))
      throw new UsageError('alarm.shelve', `${id} can be shelved for up to 24 hours, not for ${duration / 3600e6} h`);
    this.#apply(alarm, { kind: 'shelve', until: (now + duration) as Instant, reason, by }, now);
    this.#told();
  }

  /** @throws UsageError `alarm.unknown` */
  unshelve(id: string, now: Instant): void {
    this.#apply(this.#required(id), { kind: 'unshelve' }, now);
    this.#told();
  }

  /** @throws UsageError `alarm.unknown` */
  setInService(id: string, inService: boolean, reason: string, by: string, now: Instant): void {
    const event: AlarmEvent = inService ? { kind: 'in-service' } : { kind: 'out-of-service', reason, by };
    this.#apply(this.#required(id), event, now);
    this.#told();
  }

  summary(now: Instant): AlarmSummary {
    while (this.#recent.length > 0 && now - (this.#recent[0] as Instant) > FLOOD_WINDOW) this.#recent.shift();
    const inTenMinutes = this.#recent.length;
    if (inTenMinutes > FLOOD_BEGINS) this.#flood = true;
    else if (inTenMinutes < FLOOD_ENDS) this.#flood = false;
    const unacknowledged = this.#alarms.filter(
      ({ status }) => status.state === 'unacknowledged' || status.state === 'returned-unacknowledged',
    ).length;
    return { flood: this.#flood, inTenMinutes, unacknowledged, raised: { ...this.#raised } };
  }

  #apply(alarm: Watched, event: AlarmEvent, now: Instant): void {
    const next = afterEvent(alarm.status, event, now);
    if (next === alarm.status) return;
    alarm.status = next;
    this.#changed.set(next.id, next);
    if (event.kind !== 'raise' || isHidden(next.state)) return;
    this.#recent.push(now);
    this.#raised[next.priority]++;
    this.#follow(alarm, now);
  }

  /** The first of several alarms of an area is marked once a second one follows it. */
  #follow({ area, status }: Watched, now: Instant): void {
    const leader = this.#leaders.get(area);
    if (leader === undefined || now - leader.last > TOGETHER) {
      this.#leaders.set(area, { id: status.id, last: now });
      return;
    }
    leader.last = now;
    const first = this.#byId.get(leader.id);
    if (!first || first.status.firstOut || first.status.id === status.id) return;
    first.status = { ...first.status, firstOut: true };
    this.#changed.set(leader.id, first.status);
  }

  #told(): void {
    if (this.#changed.size === 0) return;
    const changed = [...this.#changed.values()];
    this.#changed = new Map();
    this.#tell(changed);
  }

  #required(id: string): Watched {
    const alarm = this.#byId.get(id);
    if (alarm === undefined)
      throw new UsageError(
        'alarm.unknown',
        `there is no alarm '${id}'; alarms are named TAG.LIMIT, for example ${this.#alarms[0]?.status.id ?? 'LIT101.high'}`,
      );
    return alarm;
  }
}

function watchedOf(tag: TagSpec, place: number, names: readonly string[]): Watched[] {
  const { alarms } = tag;
  if (alarms === undefined) return [];
  const band = alarms.deadBand ?? DEAD_BAND * (tag.range[1] - tag.range[0]);
  return LIMITS.filter((limit) => alarms[limit] !== undefined).map((limit) => ({
    status: {
      ...{ id: `${tag.id}.${limit}`, tag: tag.id, limit, priority: alarms.priority ?? 'medium', state: 'normal' },
      ...{ active: false, raisedAt: undefined, returnedAt: undefined, acknowledgedBy: undefined, value: undefined },
      limitValue: limit === 'state' ? undefined : alarms[limit],
      ...{ firstOut: false, until: undefined, reason: undefined, by: undefined },
    },
    tag: place,
    area: tag.area,
    beyond: comparison(limit, alarms[limit] as number | boolean, band),
    delay: alarms.delay ?? seconds(0),
    suppressed: alarms.suppressWhen === undefined ? undefined : compilePredicate(alarms.suppressWhen, names),
    differsSince: undefined,
  }));
}

function comparison(limit: AlarmLimit, at: number | boolean, band: number): Watched['beyond'] {
  if (typeof at === 'boolean') return (value) => (value !== 0) === at;
  if (limit === 'low' || limit === 'lowLow') return (value, active) => value < (active ? at + band : at);
  return (value, active) => value > (active ? at - band : at);
}
