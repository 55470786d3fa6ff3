/** Verb `read-tags`: reads points through the session of the host that the adversary sits at, one request a point; once, or again and again. */
import { duration, seconds } from '@penstock/core';
import { z } from 'zod';
import { common, roleName, tagName } from '../words.ts';
import { defineVerb } from './context.ts';
import { shownDevice } from './modbus.ts';
import { mannerOf, overOf, PointLine, pointOf } from './point.ts';

export const readTags = defineVerb({
  schema: z
    .strictObject({
      ...common,
      verb: z.literal('read-tags'),
      from: roleName,
      to: roleName,
      tags: z.array(tagName).min(1).max(64),
      /** Read again and again, so often … */
      every: duration.optional(),
      /** … for so long; other steps can wait for what is read (`when`). */
      lasts: duration.optional(),
      /** Over DNP3: role of the master whose link address is used. */
      as: roleName.optional(),
      /** Over Sparkplug: role of the broker … */
      broker: roleName.optional(),
      /** … and of the device whose account there is used; that of `from` when left out. */
      account: roleName.optional(),
    })
    .refine((step) => (step.every === undefined) === (step.lasts === undefined), {
      error: "'every' and 'lasts' belong together",
    }),
  targets: ({ to, broker }) => (broker === undefined ? [to] : [to, broker]),
  tags: (step) => step.tags,
  overwrites: () => [],

  plan: (step, { guard, plant }) =>
    step.tags.map((tag) => ({
      from: shownDevice(guard, step.from),
      to: shownDevice(guard, step.to),
      point: `${tag} (${pointOf(guard, plant, step.to, tag, overOf(step)).place})`,
      value: null,
    })),

  run(step, context, end) {
    const { guard, plant, cause } = context;
    const from = guard.device(step.from);
    const points = step.tags.map((tag) => pointOf(guard, plant, step.to, tag, overOf(step)));
    const line = new PointLine(
      context.foothold(from.id),
      guard.device(step.to).id,
      mannerOf(guard, plant, step.from, step.to, step.as),
    );
    const rounds = step.every === undefined ? 1 : 1 + Math.floor((step.lasts as number) / step.every);
    const round = (n: number): void => {
      const next = (i: number): void => {
        const point = points[i];
        if (point === undefined) {
          if (n < rounds) {
            context.later(step.every ?? seconds(0), () => round(n + 1));
            return;
          }
          line.release();
          end({
            outcome: 'done',
            detail: `read ${step.tags.join(', ')}${rounds > 1 ? `, ${rounds} times` : ''}`,
          });
          return;
        }
        point.read(line, cause, (value, detail) => {
          if (value === undefined) {
            line.release();
            return end({ outcome: 'failed', detail });
          }
          context.learned(point.tag, value);
          next(i + 1);
        });
      };
      next(0);
    };
    round(1);
  },
});
