/**
 * The management channel between a running range and an adversary in another process: which devices registered for the run, where
 * their gates are, and what the adversary does. It is for this machine and needs the token; no byte of it is on the plant's network.
 */
import { z } from 'zod';
import { runTime } from './common.ts';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/)
  .max(64);
/** Id of a step, of a scenario's file or of the engine's own. */
const stepId = z
  .string()
  .regex(/^[A-Za-z0-9][\w-]*$/)
  .max(80);
const line = z.string().max(2000);

/** GET /api/adversary */
export const adversaryRunMessage = z.strictObject({
  /** Drawn anew for every start of a range: two runs of one seed have the same name, but not this. */
  instance: z.string(),
  run: z.string(),
  plant: z.strictObject({
    id: z.string(),
    /** Over everything that makes the plant behave as it does. */
    hash: z.string(),
  }),
  rate: z.number().positive(),
  time: runTime,
  /** Where what comes in at gates joins the plant's network; null without gates. */
  zone: z.string().nullable(),
  /** First malicious packet so far. */
  firstPacket: runTime.nullable(),
  devices: z.array(
    z.strictObject({
      run: z.string(),
      id: z.string(),
      role: z.string(),
      kind: z.string(),
      zone: z.string(),
      address: z.ipv4(),
    }),
  ),
  gates: z.array(
    z.strictObject({ run: z.string(), device: z.string(), service: z.string(), host: z.ipv4(), port: z.int() }),
  ),
});
export type AdversaryRunMessage = z.output<typeof adversaryRunMessage>;

const reporting = { instance: z.string(), scenario: name };

/** POST /api/adversary; answered when it has taken effect in the run. */
export const adversaryReport = z.discriminatedUnion('do', [
  /** A step, as the range's own engine would tell it to the truth journal. */
  z.strictObject({
    ...reporting,
    do: z.literal('step'),
    step: z.strictObject({
      step: stepId,
      phase: z.enum(['attack', 'twin', 'revert']),
      event: z.enum(['waiting', 'start', 'done', 'failed', 'refused', 'capped', 'skipped', 'unmet', 'aborted']),
      techniques: z.array(z.string().regex(/^T\d{4}(\.\d{3})?$/)).max(20),
      /** Roles, joined by blanks. */
      target: line,
      tags: z.array(z.string().max(64)).max(256),
      detail: line,
    }),
  }),
  /** A connection that is about to come: to which gate, from which of this machine's ports, for which step. */
  z.strictObject({
    ...reporting,
    do: z.literal('connect'),
    device: name,
    service: name,
    port: z.int().min(1).max(65_535),
    step: stepId,
    /** Of the legitimate look-alike. */
    twin: z.boolean(),
  }),
  /** What the plant goes through meanwhile, as the scenario's conditions ask. */
  z.strictObject({
    ...reporting,
    do: z.literal('disturb'),
    name: z.string().max(64),
    value: z.number(),
    /** Seconds. */
    over: z.number().nonnegative(),
  }),
  /** Everything is put back. */
  z.strictObject({ ...reporting, do: z.literal('over') }),
]);
export type AdversaryReport = z.output<typeof adversaryReport>;

/** Of GET /api/state, what an adversary's verdict needs. */
export const judgedAlerts = z.object({
  alerts: z.array(
    z.object({
      time: runTime,
      rule: z.string(),
      severity: z.string(),
      device: z.string().nullable(),
      tag: z.string().nullable(),
      message: z.string(),
    }),
  ),
});
export type JudgedAlertMessage = z.output<typeof judgedAlerts>['alerts'][number];

/** Of GET /api/values, what prerequisites and conditions on the truth look at. */
export const trueValues = z.object({ true: z.array(z.number().nullable()) });
