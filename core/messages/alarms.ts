/** Process alarms as an operator's station keeps them (ANSI/ISA-18.2-2016, clause 5.4 and figure 3). */
import { z } from 'zod';
import { runTime } from './common.ts';

/** Letters are the standard's: normal A, unacknowledged B, acknowledged C, returned unacknowledged D, shelved G, suppressed by design H, out of service I. */
export const ALARM_STATES = [
  'normal',
  'unacknowledged',
  'acknowledged',
  'returned-unacknowledged',
  'shelved',
  'suppressed-by-design',
  'out-of-service',
] as const;

export const alarmMessage = z.strictObject({
  /** `LIT501.low`: tag and limit. */
  id: z.string(),
  tag: z.string(),
  limit: z.enum(['lowLow', 'low', 'high', 'highHigh', 'state']),
  priority: z.enum(['low', 'medium', 'high']),
  state: z.enum(ALARM_STATES),
  /** Whether the condition holds now, whatever the state. */
  active: z.boolean(),
  /** When it was last raised, when it last returned; null where never. */
  raisedAt: runTime.nullable(),
  returnedAt: runTime.nullable(),
  acknowledgedBy: z.string().nullable(),
  /** Displayed value when it was raised, in the tag's unit. */
  value: z.number().nullable(),
  limitValue: z.number().nullable(),
  /** The first alarm of a group that came within seconds of each other. */
  firstOut: z.boolean(),
  /** Shelved or out of service: until when (null: until somebody ends it), why and who. */
  until: runTime.nullable(),
  reason: z.string().nullable(),
  by: z.string().nullable(),
});
export type AlarmMessage = z.output<typeof alarmMessage>;

/** Flood after ISA-18.2 clause 16: begins above 10 alarms in 10 minutes, ends below 5. */
export const alarmSummaryMessage = z.strictObject({
  time: runTime,
  flood: z.boolean(),
  inTenMinutes: z.int().nonnegative(),
  unacknowledged: z.int().nonnegative(),
  /** Alarms raised so far by priority, for the 80/15/5 comparison. */
  raised: z.strictObject({ low: z.int(), medium: z.int(), high: z.int() }),
});
export type AlarmSummaryMessage = z.output<typeof alarmSummaryMessage>;

/** POST /api/alarms: what a person does with one alarm, or with all that are shown. */
export const alarmRequest = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('acknowledge'), alarms: z.array(z.string()).min(1).max(1000) }),
  z.strictObject({
    do: z.literal('shelve'),
    alarm: z.string(),
    /** Seconds; shelving always ends by itself. */
    duration: z.number().positive().max(86_400),
    reason: z.string().trim().min(3).max(200),
  }),
  z.strictObject({ do: z.literal('unshelve'), alarm: z.string() }),
  z.strictObject({ do: z.literal('out-of-service'), alarm: z.string(), reason: z.string().trim().min(3).max(200) }),
  z.strictObject({ do: z.literal('in-service'), alarm: z.string() }),
]);
export type AlarmRequest = z.output<typeof alarmRequest>;
