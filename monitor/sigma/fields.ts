/**
 * Fields that rules may ask for. Events of protocols carry Zeek's and ICSNPP's columns; the
 * monitor's own sources say what needs more than one packet to know. Every source has the columns of the connection and the
 * OT context: who the two ends are (`src.*`, `dst.*`), which work is announced (`window.*`), what was learned (`baseline.*`).
 */
import type { FieldValue } from '@penstock/core';
import type { Subject } from '../subject.ts';

export type FieldType = 'text' | 'texts' | 'number' | 'boolean' | 'address' | 'numbers' | 'time';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly about: string;
  /** The value is the same for every event of one shape (see `watch/shapes.ts`), so that a judgement may be kept. */
  readonly fixed: boolean;
  /** It tells who the source is, rather than what was said. */
  readonly identity: boolean;
  get(subject: Subject): FieldValue;
}

export interface LogSource {
  readonly product: 'zeek' | 'penstock';
  readonly service: string;
  readonly about: string;
  readonly fields: ReadonlyMap<string, Field>;
}

type Getter = (subject: Subject) => FieldValue;
export const field = (
  name: string,
  type: FieldType,
  about: string,
  get: Getter,
  options: Partial<Field> = {},
): Field => ({
  name,
  type,
  about,
  fixed: true,
  identity: false,
  get,
  ...options,
});

/** A column of the event itself. */
export function column(name: string, type: FieldType, fixed = false, about = 'column of the log'): Field {
  const get: Getter = (subject) => (subject.event as unknown as Record<string, FieldValue> | undefined)?.[name];
  return field(name, type, about, get, { fixed });
}

/** A field of one of the monitor's own events. */
export const detail = (name: string, type: FieldType, about: string): Field =>
  field(name, type, about, (subject) => subject.details?.[name]);

const who = { identity: true };

const connection: Field[] = [
  field('id.orig_h', 'address', 'address that opened the conversation', (s) => s.flow?.originatorAddress, who),
  field('id.orig_p', 'number', 'its port', (s) => s.flow?.originatorPort),
  field('id.resp_h', 'address', 'address that serves', (s) => s.flow?.responderAddress),
  field('id.resp_p', 'number', 'its port', (s) => s.flow?.responderPort),
  field('uid', 'text', "the connection's id", (s) => s.flow?.uid),
  field('proto', 'text', 'tcp, udp, icmp or arp', (s) => s.flow?.transport),
  field('service', 'text', 'protocol that was recognised', (s) => s.flow?.service, { fixed: false }),
];

function ends(prefix: 'src' | 'dst'): Field[] {
  const end = prefix;
  const options = { identity: prefix === 'src' };
  const maintenance: Getter = prefix === 'src' ? (s) => s.srcMaintenance : (s) => s.dstMaintenance;
  return [
    field(`${end}.address`, 'address', 'its address', (s) => s[end]?.address, options),
    field(`${end}.id`, 'text', 'its id in the asset list', (s) => s[end]?.id, options),
    field(`${end}.label`, 'text', 'its id, or its address where it has none', (s) => s[end]?.label, options),
    field(
      `${end}.full`,
      'text',
      'its id with its address; the address alone where it has none',
      (s) => s[end]?.full,
      options,
    ),
    field(`${end}.name`, 'text', 'its name in the asset list', (s) => s[end]?.name, options),
    field(`${end}.role`, 'text', 'what it is for', (s) => s[end]?.role, options),
    field(`${end}.kind`, 'text', 'kind of device: plc, scada, …', (s) => s[end]?.kind, options),
    field(`${end}.zone`, 'text', 'its zone', (s) => s[end]?.zone, options),
    field(`${end}.level`, 'number', 'Purdue level of its zone', (s) => s[end]?.level, options),
    field(`${end}.known`, 'boolean', 'whether the asset list has it', (s) => s[end]?.known, options),
    field(`${end}.criticality`, 'text', 'low, medium or high', (s) => s[end]?.criticality, options),
    field(
      `${end}.scope`,
      'text',
      'plant (in a zone of the plant), private, local (link-local, loopback), group (multicast, broadcast) or public',
      (s) => s[end]?.scope,
      options,
    ),
    field(`${end}.maintenance`, 'boolean', 'whether it has a maintenance window now', maintenance),
    field(
      `${end}.order`,
      'text',
      'number of a work order on it that is under way, whoever works there',
      prefix === 'src' ? (s) => s.srcOrder?.id : (s) => s.dstOrder?.id,
    ),
  ];
}

const windows: Field[] = [
  field('window.active', 'boolean', 'a work order covers this source and device now', (s) => s.order !== undefined),
  field('window.order', 'text', 'its number', (s) => s.order?.id),
  field('window.title', 'text', 'its title', (s) => s.order?.title),
  field('window.kind', 'text', 'work or maintenance', (s) => s.order?.kind),
  field(
    'window.any',
    'boolean',
    'a work order on either end is under way, whoever it covers',
    (s) => s.srcOrder !== undefined || s.dstOrder !== undefined,
  ),
];

const direction: Field[] = [
  field(
    'direction.zone',
    'text',
    'same, across (from one zone into another), in (into a zone from outside all) or out',
    (s) => {
      const from = s.src?.zone;
      const to = s.dst?.zone;
      if (from === undefined) return to === undefined ? undefined : 'in';
      return to === undefined ? (s.dst?.scope === 'group' ? 'same' : 'out') : from === to ? 'same' : 'across';
    },
    who,
  ),
  field(
    'direction.level',
    'text',
    'down (towards the process), up or same, by the Purdue levels of the two zones',
    (s) => {
      const change = levelChange(s);
      return change === undefined ? undefined : change < 0 ? 'down' : change > 0 ? 'up' : 'same';
    },
    who,
  ),
  field(
    'direction.levels',
    'number',
    'how many Purdue levels lie between the two',
    (s) => {
      const change = levelChange(s);
      return change === undefined ? undefined : Math.abs(change);
    },
    who,
  ),
];

function levelChange({ src, dst }: Subject): number | undefined {
  return src?.level === undefined || dst?.level === undefined ? undefined : dst.level - src.level;
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
const moment: Field[] = [
  field('ts', 'time', 'time of the event (UTC)', (s) => s.time, { fixed: false }),
  field('ts.weekday', 'text', 'monday … sunday (UTC)', (s) => WEEKDAYS[new Date(s.time / 1000).getUTCDay()], {
    fixed: false,
  }),
];

export const learned = (name: string, about: string, get: Getter): Field =>
  field(`baseline.${name}`, 'boolean', about, get, who);
export const baselineReady = field('baseline.ready', 'boolean', 'a baseline was learned', (s) => s.baseline.ready);
const conversationLearned = learned(
  'conversation_learned',
  'source, device, transport and port were seen together while learning',
  (s) => s.baseline.conversationLearned,
);
const newConversation = learned('new_conversation', 'the opposite', (s) => opposite(s.baseline.conversationLearned));
export const writerLearned = learned(
  'writer_learned',
  'the source wrote to this device while learning',
  (s) => s.baseline.writerLearned,
);
export const newWriter = learned('new_writer', 'the opposite', (s) => opposite(s.baseline.writerLearned));
export const functionLearned = learned(
  'function_learned',
  'the source used this function on this device while learning',
  (s) => s.baseline.functionLearned,
);
export const requestLearned = learned(
  'request_learned',
  'the source read or wrote all these addresses while learning',
  (s) => s.baseline.requestLearned,
);

function opposite(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

export const common = [
  ...connection,
  ...ends('src'),
  ...ends('dst'),
  ...direction,
  ...windows,
  ...moment,
  baselineReady,
  conversationLearned,
  newConversation,
  field('baseline.service_learned', 'boolean', 'the device offered this service to somebody while learning', (s) =>
    s.baseline.normal?.services.has(`${s.dst?.address}|${s.flow?.transport}|${s.flow?.responderPort}`),
  ),
  field('baseline.device_learned', 'boolean', 'the device was heard of while learning', (s) =>
    s.dst === undefined ? undefined : s.baseline.normal?.speakers.has(s.dst.address),
  ),
  learned('source_learned', 'the source was heard of while learning', (s) =>
    s.src === undefined ? undefined : s.baseline.normal?.speakers.has(s.src.address),
  ),
];

export const point: Field[] = [
  field('point.tag', 'text', 'tag, from the point list', (s) => s.point?.tag),
  field('point.name', 'text', "the tag's name", (s) => s.point?.name),
  field('point.kind', 'text', 'measurement, actuator, setpoint, mode, status or calculated', (s) => s.point?.kind),
  field('point.unit', 'text', 'engineering unit', (s) => s.point?.unit),
  field('point.matters', 'text', 'why it matters, from the tag list', (s) => s.point?.matters),
  field('point.table', 'text', 'coil, discrete, input or holding', (s) => s.point?.table),
  field('point.address', 'number', 'wire address from 0', (s) => s.point?.address),
  field('point.station', 'number', 'Modbus unit id', (s) => s.point?.station),
  field('point.value', 'number', 'value in engineering units (raw without a point list)', (s) => s.point?.value),
  field('point.old_value', 'number', 'last value seen before', (s) => s.point?.oldValue),
  field('point.change', 'number', 'size of the change', (s) =>
    s.point?.oldValue === undefined || s.point.value === undefined
      ? undefined
      : Math.abs(s.point.value - s.point.oldValue),
  ),
  field('point.change_of_range', 'number', 'size of the change as a share of the range', (s) => s.point?.changeOfRange),
  field('point.low', 'number', 'lower end of the range', (s) => s.point?.low),
  field('point.high', 'number', 'upper end of the range', (s) => s.point?.high),
  field('point.safe_low', 'number', 'lower safe operating limit', (s) => s.point?.safeLow),
  field('point.safe_high', 'number', 'upper safe operating limit', (s) => s.point?.safeHigh),
  field('point.in_range', 'boolean', 'inside the engineering range', (s) => s.point?.inRange),
  field('point.in_safe', 'boolean', 'inside the safe operating limits', (s) => s.point?.inSafe),
  field('point.in_alarm_limits', 'boolean', 'inside the alarm limits', (s) => s.point?.inAlarmLimits),
  field('point.in_accepted', 'boolean', 'inside what the device accepts', (s) => s.point?.inAccepted),
  field(
    'point.range_excess',
    'number',
    'how far beyond the range, as a share of its span',
    (s) => s.point?.rangeExcess,
  ),
  field('point.listed', 'boolean', "the device's point list has the address", (s) => s.point?.listed),
  field('point.writable', 'boolean', 'the point list calls it writable', (s) => s.point?.writable),
];

/** Columns of an event's own log by name. `fixed` are those that are the same for every event of one shape. */
export const columns = (table: Readonly<Record<string, FieldType>>, fixed: readonly string[] = []): Field[] =>
  Object.entries(table).map(([name, type]) => column(name, type, fixed.includes(name)));

export const source = (
  product: LogSource['product'],
  service: string,
  about: string,
  fields: readonly Field[],
): LogSource => ({
  product,
  service,
  about,
  fields: new Map(fields.map((f) => [f.name, f])),
});
