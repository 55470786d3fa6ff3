/** Words that every part of `plant.yaml` is written with. */
import { z } from 'zod';
import { parseDuration } from './time.ts';

export const duration = z.string().transform((text, context) => {
  try {
    return parseDuration(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

export const id = z.string().regex(/^[a-z][a-z0-9-]*$/, 'ids are lower case words joined by hyphens');
/** ISA-5.1 without the hyphen: letters, then digits, then an optional suffix: LIT101, P102A, AIT301_PH. */
export const tagId = z
  .string()
  .regex(/^[A-Z]{1,6}[0-9]{2,4}[A-Z]?(_[A-Z0-9]+)?$/, 'tags follow ISA-5.1 without hyphen, for example LIT101');

/** What standing conversations of every protocol have. */
export const pollCommon = {
  device: id,
  every: duration,
  /** Writes of own variables into the server's points (interlocks, heartbeats). */
  writes: z.array(z.strictObject({ variable: z.string(), tag: tagId })).default([]),
  /** Where a controller reads another's tags: tag → own variable. */
  into: z.record(tagId, z.string()).optional(),
};
