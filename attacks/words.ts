/** The words that scenarios are written with. An address cannot be spelled with any of them. */
import { duration, predicateSchema } from '@penstock/core';
import { z } from 'zod';

export const id = z.string().regex(/^[a-z][a-z0-9-]*$/, 'ids are lower case words joined by hyphens');
/** A role, never an address: dots, colons and a leading digit cannot be part of one. */
export const roleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'a device is named by its role (for example dosing-plc), never by an address');
export const zoneName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'a zone is named by its id (for example control), never by a subnet');
export const tagName = z
  .string()
  .regex(/^[A-Z]{1,6}[0-9]{2,4}[A-Z]?(_[A-Z0-9]+)?$/, 'a point is named by its tag (for example LIT101)');
/** ATT&CK for ICS technique or sub-technique. */
export const technique = z.string().regex(/^T\d{4}(\.\d{3})?$/, 'a technique is an ATT&CK for ICS id such as T0836');

/** A number; an input of the scenario by name, `{ input: dose }`; or, in a revert, `before`: what stood there before the attack. */
export const quantity = z.union([z.number(), z.strictObject({ input: id }), z.literal('before')]);
export type Quantity = z.output<typeof quantity>;

/** Upper bounds that the engine holds whatever the verbs want. */
export const capsSchema = z.strictObject({
  /** Requests, pings and connects that are sent, and packets that are changed on their way. */
  packets: z.int().positive().optional(),
  /** Those of them that write. */
  writes: z.int().nonnegative().optional(),
  /** Requests a second; what comes faster is held back. */
  perSecond: z.number().positive().optional(),
  duration: duration.optional(),
});
export type CapsSpec = z.output<typeof capsSchema>;

const list = <T extends z.ZodType>(one: T) => z.union([one.transform((x) => [x]), z.array(one).min(1)]);

/** When a step starts. Without `step` it counts from the scenario's start. */
const afterSchema = z
  .strictObject({
    step: list(id).optional(),
    /** Of several steps: all of them must have ended so, or any one. */
    need: z.enum(['all', 'any']).default('all'),
    outcome: z.enum(['done', 'failed', 'ended']).default('done'),
    wait: duration.optional(),
    /** After all that, wait until this holds. */
    when: predicateSchema.optional(),
    /**
     * What `when` looks at. `known`: what the adversary can know, that is, what the host that they sit at has received, and what they
     * have read or seen pass by themselves; a tag of which they know nothing makes it false. `truth`: the plant as it is, to stage an
     * attack at a state of the process that nobody has to notice.
     */
    of: z.enum(['known', 'truth']).default('known'),
    /** The step fails when `when` has not come true by then. */
    timeout: duration.optional(),
  })
  .refine((after) => (after.when === undefined) === (after.timeout === undefined), {
    error: "'when' and 'timeout' belong together: an adversary does not wait for ever",
  });
export type AfterSpec = z.output<typeof afterSchema>;

/** What every step has. */
export const common = {
  id,
  about: z.string(),
  techniques: z.array(technique).min(1),
  after: afterSchema.optional(),
  caps: capsSchema.optional(),
};

export interface CommonStep {
  readonly id: string;
  readonly about: string;
  readonly techniques: readonly string[];
  readonly after?: AfterSpec | undefined;
  readonly caps?: CapsSpec | undefined;
}
