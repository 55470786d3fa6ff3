/** Everything of the running range but its values: what it is made of, alerts, alarms, orders, the attack. */
import type {
  AlarmMessage,
  AlarmSummaryMessage,
  AlertMessage,
  AttackMessage,
  FlowsMessage,
  JournalMessage,
  KeyframeMessage,
  OrderMessage,
  PageRole,
} from '@penstock/core/messages';
import { create } from 'zustand';

export type Connection = 'connecting' | 'live' | 'lost' | 'refused';
export type Tag = KeyframeMessage['tags'][number];
export type Device = KeyframeMessage['devices'][number];

export interface RangeState {
  readonly connection: Connection;
  readonly run: string;
  readonly role: PageRole;
  readonly plant: KeyframeMessage['plant'];
  readonly rate: number;
  /** Plant's own date and time at the run's start, milliseconds since 1970. */
  readonly startsAt: number;
  readonly areas: KeyframeMessage['areas'];
  readonly tags: readonly Tag[];
  readonly tagById: ReadonlyMap<string, Tag>;
  readonly devices: readonly Device[];
  readonly deviceById: ReadonlyMap<string, Device>;
  /** Newest last. */
  readonly alerts: readonly AlertMessage[];
  readonly journal: readonly JournalMessage[];
  readonly alarms: ReadonlyMap<string, AlarmMessage>;
  readonly alarmSummary: AlarmSummaryMessage;
  readonly orders: readonly OrderMessage[];
  readonly attack: AttackMessage | null;
  readonly flows: FlowsMessage;
}

/** Alerts and journal lines that a page keeps; older ones are in the run's folder. */
export const KEPT = 2000;

const NOTHING: Omit<RangeState, 'connection'> = {
  run: '',
  role: 'trainee',
  plant: { id: '', name: '', summary: '' },
  rate: 1,
  startsAt: 0,
  areas: [],
  tags: [],
  tagById: new Map(),
  devices: [],
  deviceById: new Map(),
  alerts: [],
  journal: [],
  alarms: new Map(),
  alarmSummary: { time: 0, flood: false, inTenMinutes: 0, unacknowledged: 0, raised: { low: 0, medium: 0, high: 0 } },
  orders: [],
  attack: null,
  flows: { time: 0, flows: [], packets: 0, devices: 0 },
};

export const useRange = create<RangeState>(() => ({ connection: 'connecting', ...NOTHING }));

/** A keyframe of the run that is shown adds what was missed; one of another run replaces everything. */
export function takeKeyframe(message: KeyframeMessage): void {
  const before = useRange.getState();
  const known = before.run === message.run ? before : { connection: 'live' as const, ...NOTHING };
  const counts = new Map(message.repetitions.map(({ number, count }) => [number, count]));
  useRange.setState({
    connection: 'live',
    run: message.run,
    role: message.role,
    plant: message.plant,
    rate: message.rate,
    startsAt: Date.parse(message.startsAt),
    areas: message.areas,
    tags: message.tags,
    tagById: new Map(message.tags.map((tag) => [tag.id, tag])),
    devices: message.devices,
    deviceById: new Map(message.devices.map((device) => [device.id, device])),
    alerts: appended(
      known.alerts.map((alert) => ({ ...alert, count: counts.get(alert.number) ?? alert.count })),
      message.alerts,
    ),
    journal: appended(known.journal, message.journal),
    alarms: new Map(message.alarms.map((alarm) => [alarm.id, alarm])),
    alarmSummary: message.alarmSummary,
    orders: message.orders,
    attack: message.attack,
    flows: known.flows,
  });
}

/** `more` behind `list`, each number once, the oldest dropped beyond what is kept. */
export function appended<T extends { readonly number: number }>(list: readonly T[], more: readonly T[]): T[] {
  const last = list.at(-1)?.number ?? 0;
  return [...list, ...more.filter((item) => item.number > last)].slice(-KEPT);
}
