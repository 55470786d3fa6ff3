/**
 * What may stand in a rule file: Sigma's keys (specification 2.1) and one of ours, `alert`, for the words of the alert. A key
 * that Sigma does not know is an error, since a misspelt one would silently weaken the rule.
 */
import { z } from 'zod';

export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type Level = (typeof LEVELS)[number];
const CORRELATION_TYPES = ['event_count', 'value_count', 'temporal', 'temporal_ordered'] as const;
export type CorrelationType = (typeof CORRELATION_TYPES)[number];

const name = z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'rule names are lower case words joined by hyphens');
const text = z.string().min(1);
const date = z.union([z.iso.date(), z.date()]);
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const value = z.union([scalar, z.array(scalar)]);
const itemMap = z.record(z.string(), value);
const selection = z.union([itemMap, z.array(itemMap).min(1)]);

/** Sigma's timespan: a number and s, m, h or d. */
const timespan = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhdw]$/, 'a timespan is a number and s, m, h, d or w: 30s, 15m, 1h, 7d')
  .transform(
    (span) => Number(span.slice(0, -1)) * { s: 1e6, m: 60e6, h: 3600e6, d: 86_400e6, w: 604_800e6 }[span.at(-1) as 's'],
  );

const alertSchema = z.strictObject({
  /** One sentence: who did what to which tag. `{field}` is replaced, `[ … ]` falls away when a field in it is empty. */
  message: text,
  /** Why it matters physically. */
  why: text.optional(),
  /** Which end the alert names as its device. */
  device: z.enum(['src', 'dst']).default('dst'),
  /**
   * Other levels than the rule's by who it happens to: the first whose fields all match counts. Fields and modifiers are those of
   * a selection: `{ level: critical, when: { dst.kind: sis } }`.
   */
  levels: z.array(z.strictObject({ level: z.enum(LEVELS), when: itemMap })).default([]),
  /** The level while a work order covers source and device. */
  announced: z.enum(LEVELS).optional(),
  /** Repetitions within this time (of the same device, tag and source) are counted, not raised again. */
  suppress: timespan.optional(),
});

const head = {
  title: z.string().min(1).max(256),
  id: z.uuid().optional(),
  name: name.optional(),
  related: z.array(z.strictObject({ id: z.uuid(), type: text })).optional(),
  taxonomy: text.optional(),
  status: z.enum(['stable', 'test', 'experimental', 'deprecated', 'unsupported']).optional(),
  description: text,
  license: text.optional(),
  author: text.optional(),
  references: z.array(text).optional(),
  date: date.optional(),
  modified: date.optional(),
  tags: z.array(z.string()).default([]),
  falsepositives: z.array(text).optional(),
  scope: z.array(text).optional(),
  fields: z.array(text).optional(),
};

export const detectionRuleSchema = z.strictObject({
  ...head,
  level: z.enum(LEVELS).optional(),
  logsource: z.strictObject({
    category: z.literal('ot').optional(),
    product: z.string(),
    service: z.string(),
    definition: text.optional(),
  }),
  detection: z.object({ condition: z.union([text, z.array(text).min(1)]) }).catchall(selection),
  alert: alertSchema.optional(),
});
export type DetectionDocument = z.output<typeof detectionRuleSchema>;

const comparison = {
  gt: z.number().optional(),
  gte: z.number().optional(),
  eq: z.number().optional(),
  field: z.union([text, z.array(text).min(1)]).optional(),
};

export const correlationRuleSchema = z.strictObject({
  ...head,
  level: z.enum(LEVELS).optional(),
  correlation: z.strictObject({
    type: z.enum(CORRELATION_TYPES),
    rules: z.array(text).min(1),
    'group-by': z.array(text).default([]),
    timespan,
    aliases: z.record(z.string(), z.record(z.string(), z.string())).default({}),
    condition: z.strictObject(comparison).optional(),
    generate: z.boolean().default(false),
  }),
  alert: alertSchema.optional(),
});
export type CorrelationDocument = z.output<typeof correlationRuleSchema>;
