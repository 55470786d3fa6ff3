/**
 * `scenarios/*.yaml`: one scripted attack as data, with its benign twin and the controls that would have changed the outcome.
 * A scenario names devices by role and points by tag; an address cannot even be written here.
 */
import { duration, predicateSchema } from '@penstock/core';
import { z } from 'zod';
import { stepSchema } from './verbs/index.ts';
import { capsSchema, id, roleName, tagName, technique } from './words.ts';

export type { StepSpec } from './verbs/index.ts';

const inputSchema = z.strictObject({
  about: z.string(),
  unit: z.string(),
  default: z.number(),
  min: z.number(),
  max: z.number(),
});

/** What must hold before the first packet; checked, and told with the reason when it does not. One thing each. */
const prerequisiteSchema = z
  .strictObject({
    about: z.string(),
    /** The device is there and switched on … */
    device: roleName.optional(),
    /** … with its key in one of these positions … */
    key: z
      .array(z.enum(['run', 'remote', 'program']))
      .min(1)
      .optional(),
    /** … and its program in this mode. */
    mode: z.enum(['running', 'stopped', 'faulted']).optional(),
    /** Somebody can act from this device: it is there, switched on, and on the network. */
    foothold: roleName.optional(),
    /** The plant's state, on truth. */
    when: z.string().optional(),
  })
  .refine((p) => [p.device, p.foothold, p.when].filter((x) => x !== undefined).length === 1, {
    error: "name one of 'device', 'foothold' or 'when'",
  })
  .refine((p) => p.device !== undefined || (p.key === undefined && p.mode === undefined), {
    error: "'key' and 'mode' are a device's",
  });
export type PrerequisiteSpec = z.output<typeof prerequisiteSchema>;

/** What the plant goes through while the scenario runs; not something an adversary does. One of the two. */
const conditionSchema = z.union([
  /** A disturbance of the process, such as a low-alkalinity spell. */
  z.strictObject({
    disturbance: z.string(),
    value: z.number(),
    at: duration.optional(),
    over: duration.optional(),
  }),
  /** A device that is usually absent is plugged in, and taken away again. */
  z.strictObject({ attach: roleName, at: duration.optional(), lasts: duration.optional() }),
]);

/** What a detection should show: alerts that fit all that is named. */
const expectSchema = z
  .strictObject({
    about: z.string(),
    within: duration,
    technique: technique.optional(),
    /** A rule by its id, or a family of rules: `value-*`. */
    rule: z
      .string()
      .regex(/^[a-z0-9-]+\*?$/, "a rule's id, or how ids of its family begin and '*'")
      .optional(),
    tag: tagName.optional(),
    device: roleName.optional(),
  })
  .refine((e) => [e.technique, e.rule, e.tag, e.device].some((x) => x !== undefined), {
    error: "name at least one of 'technique', 'rule', 'tag' or 'device'",
  });
export type ExpectSpec = z.output<typeof expectSchema>;

/** What the attack should do to the plant, on truth, from the first malicious packet. */
const effectSchema = z.strictObject({ about: z.string(), predicate: predicateSchema, within: duration });
export type EffectSpec = z.output<typeof effectSchema>;

/** Reached when the predicate has held on truth, and the steps are done. */
const outcomeSchema = z
  .strictObject({
    about: z.string(),
    predicate: predicateSchema.optional(),
    steps: z.array(id).min(1).optional(),
  })
  .refine((o) => o.predicate !== undefined || o.steps !== undefined, { error: "name a 'predicate' or 'steps'" });
export type OutcomeSpec = z.output<typeof outcomeSchema>;

const optionValues = z.record(z.string(), z.union([z.boolean(), z.number()]));

export const scenarioSchema = z.strictObject({
  id,
  name: z.string(),
  plant: id,
  story: z.string(),
  basis: z.strictObject({
    incident: z.string(),
    /** What is on public record. */
    documented: z.array(z.string()),
    /** What this scenario makes up to be playable. */
    invented: z.array(z.string()),
    disputed: z.array(z.string()).default([]),
    sources: z.array(z.string()).min(1),
  }),
  inputs: z.record(id, inputSchema).default({}),
  conditions: z.array(conditionSchema).default([]),
  /** From the run's start to the first step. */
  start: duration,
  /** From the first step to the end of the run; long enough for the harm to show. */
  observe: duration,
  /** Hour of the day of the warm state that the run starts from. */
  hour: z.int().min(0).max(23).default(9),
  prerequisites: z.array(prerequisiteSchema).default([]),
  /** Bounds of the whole scenario; a step has its own. */
  caps: capsSchema.default({}),
  steps: z.array(stepSchema).min(1),
  /** The range ends the attack and reverts at once when this holds on the plant's truth. */
  abort: predicateSchema.optional(),
  /**
   * Undoing it, in order, `revertAfter` the last step; how the range is put back and how a trainee sees a way out. What these steps
   * leave out is put back by itself from the values that stood there before; the same two minutes before the end where there is no
   * `revertAfter`.
   */
  revertAfter: duration.optional(),
  revert: z.array(stepSchema).default([]),
  /** Hazards that this scenario is about: damage is the first of them in a run without safeguards. None for one that only looks. */
  hazards: z.array(id).default([]),
  /** Options that take the safeguards away for the damage run. */
  withoutSafeguards: optionValues.default({}),
  /** What a detection should show and by when, from the first malicious packet. */
  expect: z.array(expectSchema).default([]),
  effects: z.array(effectSchema).default([]),
  /** What the adversary wants, and what they would take instead; anything less has failed. */
  outcomes: z.strictObject({ success: outcomeSchema, partial: outcomeSchema.optional() }).optional(),
  /** Legitimate work with the same source, function and tag. Nothing of paging severity may fire. */
  twin: z.strictObject({
    name: z.string(),
    about: z.string(),
    conditions: z.array(conditionSchema).default([]),
    /** Whether the work was announced in the calendar. */
    workOrder: z.boolean().default(false),
    steps: z.array(stepSchema).min(1),
    revertAfter: duration.optional(),
    revert: z.array(stepSchema).default([]),
  }),
  /** Counterfactuals: the same attack, one thing about the plant changed; measured with and without. */
  controls: z.array(z.strictObject({ id, name: z.string(), about: z.string(), options: optionValues })).default([]),
});
export type ScenarioSpec = z.output<typeof scenarioSchema>;
export type ConditionSpec = z.output<typeof conditionSchema>;
