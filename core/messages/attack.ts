/** The instructor's attack console. A trainee's page never gets any of this. */
import { z } from 'zod';
import { runTime } from './common.ts';

const plannedStep = z.strictObject({
  id: z.string(),
  phase: z.enum(['attack', 'twin', 'revert']),
  about: z.string(),
  verb: z.string(),
  from: z.string(),
  /** Roles of the devices that it acts upon. */
  to: z.array(z.string()),
  tags: z.array(z.string()),
  /** `11100 mg/L` */
  value: z.string().nullable(),
  techniques: z.array(z.string()),
  /** Ids of the steps that it waits for. */
  after: z.array(z.string()),
  wait: z.number().nonnegative(),
  /** The same in words: `20 s after manual is done`. */
  when: z.string(),
});
export type PlannedStepMessage = z.output<typeof plannedStep>;

/** GET /api/scenarios: those of this plant. */
export const scenarioMessage = z.strictObject({
  id: z.string(),
  name: z.string(),
  story: z.string(),
  incident: z.string(),
  documented: z.array(z.string()),
  invented: z.array(z.string()),
  sources: z.array(z.string()),
  inputs: z.array(
    z.strictObject({
      id: z.string(),
      about: z.string(),
      unit: z.string(),
      default: z.number(),
      min: z.number(),
      max: z.number(),
    }),
  ),
  /** What must hold before the first packet, and whether it does now. */
  prerequisites: z.array(z.strictObject({ about: z.string(), met: z.boolean(), reason: z.string() })),
  steps: z.array(plannedStep),
  techniques: z.array(z.strictObject({ id: z.string(), name: z.string() })),
  expected: z.array(z.strictObject({ about: z.string(), within: z.number() })),
  hazards: z.array(z.string()),
  twin: z.strictObject({ name: z.string(), about: z.string() }),
  /** Devices that it may touch, and no others. */
  scope: z.array(z.string()),
});
export type ScenarioMessage = z.output<typeof scenarioMessage>;

/** POST /api/attack */
export const attackRequest = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('start'),
    scenario: z.string(),
    variant: z.enum(['attack', 'twin']),
    /** `step`: every step waits for `approve`. `dry`: nothing is sent. */
    mode: z.enum(['run', 'step', 'dry']),
    inputs: z.record(z.string(), z.number()),
    /** Begins at once instead of after the scenario's own quiet start. */
    now: z.boolean(),
  }),
  z.strictObject({ do: z.literal('approve'), step: z.string() }),
  /** Ends the attack and reverts. */
  z.strictObject({ do: z.literal('stop') }),
]);
export type AttackRequest = z.output<typeof attackRequest>;

/** Where the attack stands; after every change. */
export const attackMessage = z.strictObject({
  scenario: z.string(),
  variant: z.enum(['attack', 'twin']),
  mode: z.enum(['run', 'step', 'dry']),
  state: z.enum(['running', 'waiting', 'reverting', 'ended']),
  startedAt: runTime,
  steps: z.array(
    plannedStep.extend({
      state: z.enum(['planned', 'waiting', 'running', 'done', 'failed', 'refused', 'skipped']),
      at: runTime.nullable(),
      detail: z.string(),
    }),
  ),
  /** From the first malicious packet; null: not yet. */
  timeToDetect: z.number().nullable(),
  hazards: z.array(z.strictObject({ hazard: z.string(), at: runTime })),
  /** After the revert: each tag that was overwritten, and whether it is as before. */
  reverted: z.array(
    z.strictObject({
      tag: z.string(),
      before: z.number().nullable(),
      after: z.number().nullable(),
      proven: z.boolean(),
    }),
  ),
});
export type AttackMessage = z.output<typeof attackMessage>;
