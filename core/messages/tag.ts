/** What is known of one tag beyond its values. */
import { z } from 'zod';
import { runTime } from './common.ts';

/** GET /api/tags/ID */
export const tagPageMessage = z.strictObject({
  tag: z.string(),
  /** The last write that its controller took from the network; null while there was none since the start. */
  lastWrite: z
    .strictObject({
      time: runTime,
      /** In the tag's unit. */
      value: z.number(),
      /** Device that wrote by its address; the address itself where that is in no list. */
      writer: z.string(),
      address: z.string(),
      protocol: z.string(),
    })
    .nullable(),
  /** What acts on its loop by itself: the interlocks of its controller, and devices that guard against the same. */
  interlocks: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      kind: z.enum(['interlock', 'sis', 'relief', 'alarm']),
      device: z.string().nullable(),
    }),
  ),
  /** Tags that tell when one of them acts. */
  flags: z.array(z.string()),
});
export type TagPageMessage = z.output<typeof tagPageMessage>;
