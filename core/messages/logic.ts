/** A controller's program with what it is doing. */
import { z } from 'zod';
import { runTime } from './common.ts';

/** GET /api/devices/ID/logic */
export const logicMessage = z.strictObject({
  device: z.string(),
  program: z.string(),
  text: z.string(),
  /** SHA-256 of what runs, and of the copy that the owner holds to be good. */
  hash: z.string(),
  goodHash: z.string(),
  goodText: z.string(),
  key: z.enum(['run', 'remote', 'program']),
  mode: z.enum(['off', 'running', 'stopped', 'faulted']),
  scanPeriod: z.number(),
  diagnostics: z.array(z.strictObject({ time: runTime, text: z.string() })),
});
export type LogicMessage = z.output<typeof logicMessage>;

/** GET /api/devices/ID/online: variables as they stand after the last scan. */
export const onlineMessage = z.strictObject({
  device: z.string(),
  time: runTime,
  hash: z.string(),
  variables: z.array(
    z.strictObject({
      name: z.string(),
      /** As the language writes it: `TRUE`, `8.25`, `T#5s`. */
      value: z.string(),
      tag: z.string().nullable(),
      forced: z.boolean(),
    }),
  ),
});
export type OnlineMessage = z.output<typeof onlineMessage>;
