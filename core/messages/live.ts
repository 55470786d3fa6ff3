/**
 * A running range on the socket. A keyframe on joining tells everything; deltas follow
 * at a fixed rate. Values may be lost (the next delta replaces them); alerts and journal lines are numbered, so that a page that lost its
 * connection asks for what it missed.
 */
import { z } from 'zod';
import { type AlarmMessage, type AlarmSummaryMessage, alarmMessage, alarmSummaryMessage } from './alarms.ts';
import { type AttackMessage, attackMessage } from './attack.ts';
import { pageRole, runTime } from './common.ts';
import type { FlowsMessage } from './network.ts';
import { type OrderMessage, orderMessage } from './operation.ts';

export const alertMessage = z.strictObject({
  number: z.int().positive(),
  time: runTime,
  rule: z.string(),
  title: z.string(),
  severity: z.enum(['informational', 'low', 'medium', 'high', 'critical']),
  techniques: z.array(z.string()),
  device: z.string().nullable(),
  tag: z.string().nullable(),
  message: z.string(),
  why: z.string(),
  /** How often it has happened; repetitions within the rule's suppression time raise no alert of their own. */
  count: z.int().positive(),
});
export type AlertMessage = z.output<typeof alertMessage>;

/** A known alert happened again. */
export const repetitionMessage = alertMessage.pick({ number: true, count: true });
export type RepetitionMessage = z.output<typeof repetitionMessage>;

export const journalMessage = z.strictObject({
  number: z.int().positive(),
  time: runTime,
  kind: z.enum(['operation', 'attack', 'hazard', 'device', 'run']),
  text: z.string(),
});
export type JournalMessage = z.output<typeof journalMessage>;

const tagMessage = z.strictObject({
  id: z.string(),
  name: z.string(),
  area: z.string(),
  kind: z.string(),
  unit: z.string(),
  range: z.tuple([z.number(), z.number()]),
  states: z.tuple([z.string(), z.string()]).nullable(),
  /** Where the tag alarms, in its unit; `state` for a boolean one. */
  alarms: z
    .strictObject({
      lowLow: z.number().nullable(),
      low: z.number().nullable(),
      high: z.number().nullable(),
      highHigh: z.number().nullable(),
      state: z.boolean().nullable(),
      priority: z.enum(['low', 'medium', 'high']),
    })
    .nullable(),
  /** Safe operating limits of its control loop. */
  safe: z.tuple([z.number(), z.number()]).nullable(),
  /** Why a wrong value harms. */
  matters: z.string().nullable(),
  /** Somebody at the SCADA server may write it. */
  operable: z.boolean(),
  /** Device whose controller holds it, and the tags of the same control loop (set point, mode, output, measurement). */
  device: z.string().nullable(),
  loop: z.array(z.string()),
});

const deviceMessage = z.strictObject({
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  role: z.string(),
  zone: z.string(),
  address: z.string(),
  mac: z.string(),
  /** It runs a program, which the logic view shows. */
  hasLogic: z.boolean(),
  /** Where a real tool reaches it on this machine: `modbus 127.10.1.13:502`. */
  gates: z.array(z.strictObject({ service: z.string(), host: z.string(), port: z.int() })),
});

/** Values of all tags in the order of the keyframe's list; displayed is null where a client has never received one. */
export const valuesMessage = z.strictObject({
  time: runTime,
  displayed: z.array(z.number().nullable()),
  /** Tags, by their place in the list, whose displayed value is older than three of the periods in which it should come. */
  stale: z.array(z.int().nonnegative()),
  /** Only for the instructor; empty for a trainee. Null where there is no value: no instrument, or a device that is off. */
  measured: z.array(z.number().nullable()),
  true: z.array(z.number().nullable()),
});
export type ValuesMessage = z.output<typeof valuesMessage>;

export const keyframeMessage = z.strictObject({
  run: z.string(),
  role: pageRole,
  plant: z.strictObject({ id: z.string(), name: z.string(), summary: z.string() }),
  seed: z.number(),
  rate: z.number(),
  /** The plant's own date and time at the run's start; captures carry it. */
  startsAt: z.iso.datetime(),
  areas: z.array(z.strictObject({ id: z.string(), name: z.string() })),
  tags: z.array(tagMessage),
  devices: z.array(deviceMessage),
  values: valuesMessage,
  alerts: z.array(alertMessage),
  /** Of alerts that the page has already: those that happened again. */
  repetitions: z.array(repetitionMessage),
  journal: z.array(journalMessage),
  alarms: z.array(alarmMessage),
  alarmSummary: alarmSummaryMessage,
  orders: z.array(orderMessage),
  /** Null for a trainee, and while nothing was started. */
  attack: attackMessage.nullable(),
});
export type KeyframeMessage = z.output<typeof keyframeMessage>;

/** A page joins, or joins again with the last numbers that it has. */
export const joinMessage = z.strictObject({
  /** The run that the page has shown; numbers of another run say nothing. */
  run: z.string().nullable().default(null),
  lastAlert: z.int().nonnegative(),
  lastJournal: z.int().nonnegative(),
});
export type JoinMessage = z.output<typeof joinMessage>;

/** Server → page. */
export interface ServerEvents {
  keyframe: (message: KeyframeMessage) => void;
  values: (message: ValuesMessage) => void;
  alert: (message: AlertMessage) => void;
  repetition: (message: RepetitionMessage) => void;
  journal: (message: JournalMessage) => void;
  /** Alarms whose state changed. */
  alarms: (message: AlarmMessage[]) => void;
  alarmSummary: (message: AlarmSummaryMessage) => void;
  order: (message: OrderMessage) => void;
  flows: (message: FlowsMessage) => void;
  /** To instructors only. */
  attack: (message: AttackMessage) => void;
}

/** Page → server. */
export interface PageEvents {
  join: (message: JoinMessage) => void;
}
