/** Values over time. */
import { z } from 'zod';
import { runTime } from './common.ts';

/** GET /api/trends?tags=A,B&from=S&to=S&points=N: evenly spaced; null where nothing is known. */
export const trendMessage = z.strictObject({
  times: z.array(runTime),
  series: z.array(
    z.strictObject({
      tag: z.string(),
      displayed: z.array(z.number().nullable()),
      /** Empty for a trainee. */
      measured: z.array(z.number().nullable()),
      true: z.array(z.number().nullable()),
    }),
  ),
  marks: z.array(
    z.strictObject({
      time: runTime,
      kind: z.enum(['write', 'alarm', 'alert', 'attack', 'order', 'hazard']),
      tag: z.string().nullable(),
      text: z.string(),
    }),
  ),
});
export type TrendMessage = z.output<typeof trendMessage>;
