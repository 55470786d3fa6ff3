/**
 * `scenarios/*.yaml`: one scripted attack as data, with its benign twin and the controls that would have changed the outcome.
 * A scenario names devices by role and points by tag; an address cannot even be written here.
 */
import { duration, predicateSchema } from '@penstock/core';
import { z } from 'zod';

const id = z.string().regex(/^[a-z][a-z0-9-]*$/, 'ids are lower case words joined by hyphens');
/** A role, never an address: dots, colons and a leading digit cannot be part of one. */
export const roleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'a device is named by its role (for example dosing-plc), never by an address');
const tagName = z
  .string()
  .regex(/^[A-Z]{1,6}[0-9]{2,4}[A-Z]?(_[A-Z0-9]+)?$/, 'a point is named by its tag (for example LIT101)');
/** ATT&CK for ICS technique or sub-technique. */
const technique = z.string().regex(/^T\d{4}(\.\d{3})?$/, 'a technique is an ATT&CK for ICS id such as T0836');

/** A number, or an input of the scenario by name: `{ input: dose }`. */
const quantity = z.union([z.number(), z.strictObject({ input: id })]);
export type Quantity = z.output<typeof quantity>;

const inputSchema = z.strictObject({
  about: z.string(),
  unit: z.string(),
  default: z.number(),
  min: z.number(),
  max: z.number(),
});

/** When a step starts: a delay after the scenario's start, or after another step has ended in a way. */
const afterSchema = z.strictObject({
  step: id.optional(),
  outcome: z.enum(['done', 'failed', 'ended']).default('done'),
  wait: duration.optional(),
});

const common = { id, about: z.string(), techniques: z.array(technique).min(1), after: afterSchema.optional() };

export const stepSchema = z.discriminatedUnion('verb', [
  z.strictObject({
    ...common,
    verb: z.literal('write-tag'),
    /** Role of the device that the adversary sits at; its own session is used where it has one. */
    from: roleName,
    /** Role of the device that is written to. */
    to: roleName,
    tag: tagName,
    value: quantity,
  }),
  z.strictObject({
    ...common,
    verb: z.literal('read-tags'),
    from: roleName,
    to: roleName,
    tags: z.array(tagName).min(1).max(64),
  }),
]);
export type StepSpec = z.output<typeof stepSchema>;
export type Verb = StepSpec['verb'];

/** What the plant goes through while the scenario runs (a low-alkalinity spell); not something an adversary does. */
const conditionSchema = z.strictObject({
  disturbance: z.string(),
  value: z.number(),
  at: duration.optional(),
  over: duration.optional(),
});

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
  steps: z.array(stepSchema).min(1),
  /** The adversary gives up, or is made to, when this holds on the plant's truth. */
  abort: predicateSchema.optional(),
  /** Undoing it, in order, `revertAfter` the last step; how the range is put back and how a trainee sees a way out. */
  revertAfter: duration.optional(),
  revert: z.array(stepSchema).default([]),
  /** Hazards that this scenario is about: damage is the first of them in a run without safeguards. */
  hazards: z.array(id).min(1),
  /** Options that take the safeguards away for the damage run. */
  withoutSafeguards: optionValues.default({}),
  /** What a detection should show and by when, from the first malicious packet. */
  expect: z.array(z.strictObject({ technique, within: duration, about: z.string() })).default([]),
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
