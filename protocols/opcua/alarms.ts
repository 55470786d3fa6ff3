/** Conditions of a server (OPC 10000-9): a tag's alarm limits, what is active, and what somebody has acknowledged. */
import type { Instant } from '@penstock/core';
import type { Node } from './address-space.ts';
import { BUILT_IN, type Variant } from './builtin.ts';
import type { EventFields, OpcUaEvent } from './event-desk.ts';
import { isTwoState, type OpcUaCondition, type OpcUaItem, type SpaceTag } from './plant-space.ts';
import type { OpcUaServer } from './server.ts';
import type { Session } from './server-session.ts';
import { STATUS } from './status.ts';
import { NODE } from './tables.ts';

/** Which limit is passed; `state`: a two-state tag is in its alarm state. */
type Limit = 'highHigh' | 'high' | 'low' | 'lowLow' | 'state';

const SEVERITY = { low: 300, medium: 600, high: 900 } as const;
const SHORT_BY: Readonly<Record<Limit, string>> = {
  highHigh: 'HighHigh',
  high: 'High',
  low: 'Low',
  lowLow: 'LowLow',
  state: 'Active',
};
/** Of the range, where a tag gives no dead band of its own. */
const DEAD_BAND = 0.005;

interface State {
  readonly condition: OpcUaCondition;
  readonly tag: SpaceTag;
  active: Limit | undefined;
  acked: boolean;
  /** What the value shows, and since when; it becomes active after the tag's delay. */
  shown: Limit | undefined;
  shownSince: number;
  /** The value that was looked at last. */
  value: number;
  event: OpcUaEvent | undefined;
  comment: string;
}

export class AlarmBoard {
  readonly #server: OpcUaServer;
  readonly #states: readonly State[];

  constructor(server: OpcUaServer, conditions: readonly OpcUaCondition[]) {
    this.#server = server;
    this.#states = conditions.map((condition) => ({
      ...{ condition, tag: (server.options.items[condition.item] as OpcUaItem).tag },
      ...{
        active: undefined,
        acked: true,
        shown: undefined,
        shownSince: 0,
        value: Number.NaN,
        event: undefined,
        comment: '',
      },
    }));
  }

  /** Active ones, for those who look at a server from outside. */
  get active(): readonly string[] {
    return this.#states.filter(({ active }) => active !== undefined).map(({ tag }) => tag.id);
  }

  tick(now: Instant): void {
    const { access } = this.#server.options;
    for (const state of this.#states) {
      const { item } = state.condition;
      const value = access.read(item);
      // Looked at every second: what has not changed since has nothing to say.
      if (value === state.value && state.shown === state.active) continue;
      if (Number.isNaN(value) || (access.status?.(item) ?? STATUS.good) !== STATUS.good) continue;
      state.value = value;
      const shown = limitOf(state, value);
      if (shown !== state.shown) {
        state.shown = shown;
        state.shownSince = now;
      }
      if (shown === state.active) continue;
      if (shown !== undefined && now - state.shownSince < (state.tag.alarms?.delay ?? 0)) continue;
      this.#change(state, shown);
    }
  }

  /** The latest event of every condition that is active or waits for somebody. */
  *retained(): Generator<OpcUaEvent> {
    for (const { event, active, acked } of this.#states)
      if (event !== undefined && (active !== undefined || !acked)) yield event;
  }

  /** @returns a status: BadEventIdUnknown for an event that is not the latest, BadConditionBranchAlreadyAcked for one that was */
  acknowledge(object: Node, eventId: Uint8Array | undefined, session: Session, comment: string): number {
    const state = this.#states.find(({ condition }) => condition.node === object);
    if (state === undefined) return STATUS.badNodeIdInvalid;
    if (state.event === undefined || eventId === undefined || !isEqual(state.event.eventId, eventId))
      return STATUS.badEventIdUnknown;
    if (state.acked) return STATUS.badConditionBranchAlreadyAcked;
    state.acked = true;
    state.comment = comment.slice(0, 256);
    const by = session.user || 'anonymous';
    this.#server.notice('acknowledged', session.writer, `alarm of ${state.tag.id} acknowledged by ${by}`);
    this.#tell(state, `${state.tag.name} acknowledged`);
    return STATUS.good;
  }

  #change(state: State, limit: Limit | undefined): void {
    state.active = limit;
    if (limit !== undefined) {
      state.acked = false;
      state.comment = '';
    }
    this.#tell(state, `${state.tag.name} ${limit === undefined ? 'is normal' : SHORT_BY[limit]}`);
  }

  #tell(state: State, message: string): void {
    const { condition, tag, active, acked, comment } = state;
    const server = this.#server;
    state.event = {
      type: isTwoState(tag) ? NODE.OffNormalAlarmType : NODE.ExclusiveLimitAlarmType,
      sourceNode: condition.source.id,
      sourceName: tag.id,
      time: server.now(),
      message,
      severity: SEVERITY[tag.alarms?.priority ?? 'medium'],
      eventId: server.events.eventId(),
      fields: fieldsOf(condition, active, acked, comment),
    };
    server.events.raise(state.event);
  }
}

function fieldsOf(condition: OpcUaCondition, active: Limit | undefined, acked: boolean, comment: string): EventFields {
  const yes = (value: boolean): Variant => ({ type: BUILT_IN.Boolean, value });
  const words = (text: string): Variant => ({ type: BUILT_IN.LocalizedText, value: { text } });
  return {
    ConditionId: { type: BUILT_IN.NodeId, value: condition.node.id },
    // A clause without a path asks for the node of the condition itself (OPC 10000-9, 5.5.2.2).
    '': { type: BUILT_IN.NodeId, value: condition.node.id },
    ConditionName: { type: BUILT_IN.String, value: 'Alarm' },
    BranchId: { type: BUILT_IN.NodeId, value: { namespace: 0, kind: 'numeric', value: 0 } },
    Retain: yes(active !== undefined || !acked),
    EnabledState: words('Enabled'),
    'EnabledState/Id': yes(true),
    ActiveState: words(active === undefined ? 'Inactive' : 'Active'),
    'ActiveState/Id': yes(active !== undefined),
    AckedState: words(acked ? 'Acknowledged' : 'Unacknowledged'),
    'AckedState/Id': yes(acked),
    'LimitState/CurrentState': words(active === undefined ? '' : SHORT_BY[active]),
    Comment: words(comment),
    Quality: { type: BUILT_IN.StatusCode, value: STATUS.good },
    InputNode: { type: BUILT_IN.NodeId, value: condition.source.id },
  };
}

function limitOf({ tag, active }: State, value: number): Limit | undefined {
  const { alarms, range } = tag;
  if (alarms === undefined) return undefined;
  if (alarms.state !== undefined) return (value !== 0) === alarms.state ? 'state' : undefined;
  const { lowLow, low, high, highHigh, deadBand = (range[1] - range[0]) * DEAD_BAND } = alarms;
  // What is active stays so until the value has come back by the dead band.
  if (highHigh !== undefined && value > highHigh - (active === 'highHigh' ? deadBand : 0)) return 'highHigh';
  if (lowLow !== undefined && value < lowLow + (active === 'lowLow' ? deadBand : 0)) return 'lowLow';
  if (high !== undefined && value > high - (active === 'high' ? deadBand : 0)) return 'high';
  if (low !== undefined && value < low + (active === 'low' ? deadBand : 0)) return 'low';
  return undefined;
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
