/** `field:` of `plant.yaml`: what people on site can read, sample and move by hand. */
import { z } from 'zod';
import { duration, id, tagId } from './plant-words.ts';

const fieldCommon = {
  id,
  name: z.string(),
  area: id,
  /** From asking to the answer: the walk, the work and the call back. */
  takes: duration,
};
const position = z.strictObject({ name: z.string(), value: z.number() });
/** What somebody on site can be asked for; it needs no network and takes its time. */
export const fieldActionSchema = z.discriminatedUnion('kind', [
  /** A gauge on the pipe or tank itself, or a grab sample in the laboratory: the true value as exactly as the means allow (± `accuracy`). */
  z.strictObject({ ...fieldCommon, kind: z.literal('read-gauge'), tag: tagId, accuracy: z.number().nonnegative() }),
  z.strictObject({ ...fieldCommon, kind: z.literal('grab-sample'), tag: tagId, accuracy: z.number().nonnegative() }),
  /** The selector at a motor's starter: by hand on, off, or as the controller says. */
  z.strictObject({ ...fieldCommon, kind: z.literal('starter'), tag: tagId }),
  /** A hand wheel: the final element goes where it is turned to and stays there, or follows the controller again. */
  z.strictObject({ ...fieldCommon, kind: z.literal('manual-valve'), tag: tagId, positions: z.array(position).min(1) }),
  /** A switch at a device's own panel. `momentary` ones spring back. */
  z.strictObject({
    ...fieldCommon,
    kind: z.literal('local-switch'),
    device: id,
    tag: tagId,
    positions: z.array(position).min(1),
    momentary: z.boolean().default(false),
  }),
  /** A call to the control room: what its screens show. */
  z.strictObject({ ...fieldCommon, kind: z.literal('call'), tags: z.array(tagId).min(1) }),
]);
export type FieldActionSpec = z.output<typeof fieldActionSchema>;
