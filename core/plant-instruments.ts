/** What ties a tag to the process in `plant.yaml`: the instrument that measures it, the final element that it moves. */
import { z } from 'zod';
import { duration } from './plant-words.ts';

export const sensorSchema = z.strictObject({
  /** Name of the process output that it measures. */
  of: z.string(),
  /** First-order lag of the instrument. */
  lag: duration.optional(),
  /** Standard deviation of the noise, in the tag's unit. */
  noise: z.number().nonnegative().optional(),
  /** Sampled instruments (a DPD chlorine analyser) take a new value only this often. */
  updates: duration.optional(),
  /** An analysis takes the whole time between two values (a gas chromatograph): each value is of what was drawn in with the one before. */
  analysis: z.boolean().optional(),
});

export const actuatorSchema = z.strictObject({
  /** Name of the process input that it drives. */
  drives: z.string(),
  /** Full travel per second as a fraction of the range; a contactor has none. */
  slew: z.number().positive().optional(),
  /** Physical travel, narrower than the tag's range where a pump saturates before the display does. */
  travel: z.tuple([z.number(), z.number()]).optional(),
  /** Band of a sticking valve, fraction of the range. */
  stiction: z.number().nonnegative().optional(),
});
