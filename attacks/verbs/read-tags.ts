/** Verb `read-tags`: reads points through the session of the host that the adversary sits at, one request a point; once, or again and again. */
import { duration, seconds } from '@penstock/core';
import { readTransaction } from '@penstock/protocols/modbus';
import { z } from 'zod';
import { common, roleName, tagName } from '../words.ts';
import { defineVerb } from './context.ts';
import { addressOf, readingOf, resultOf, shownDevice, targetOf } from './modbus.ts';

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
    })
    .refine((step) => (step.every === undefined) === (step.lasts === undefined), {
      error: "'every' and 'lasts' belong together",
    }),
  targets: (step) => [step.to],
  tags: (step) => step.tags,
  overwrites: () => [],

  plan: (step, { guard, plant }) =>
    step.tags.map((tag) => ({
      from: shownDevice(guard, step.from),
      to: shownDevice(guard, step.to),
      point: `${tag} (${addressOf(targetOf(guard, plant, step.to, tag).entry)})`,
      value: null,
    })),

  run(step, context, end) {
    const { guard, plant, cause } = context;
    const from = guard.device(step.from);
    const targets = step.tags.map((tag) => ({ tag, ...targetOf(guard, plant, step.to, tag) }));
    const session = context.foothold(from.id).modbus(guard.device(step.to).id);
    const rounds = step.every === undefined ? 1 : 1 + Math.floor((step.lasts as number) / step.every);
    const round = (n: number): void => {
      const next = (i: number): void => {
        const target = targets[i];
        if (target === undefined) {
          if (n < rounds) {
            context.later(step.every ?? seconds(0), () => round(n + 1));
            return;
          }
          session.release();
          end({
            outcome: 'done',
            detail: `read ${step.tags.join(', ')}${rounds > 1 ? `, ${rounds} times` : ''}`,
          });
          return;
        }
        const { table, address, width } = target.entry;
        const { request } = readTransaction(0, table, address, width);
        session.request(target.unit, request, cause, (reply) => {
          const result = resultOf(reply, `read ${target.tag}`);
          if (result.outcome === 'failed' || reply.outcome !== 'answered') {
            session.release();
            return end(result);
          }
          context.learned(target.tag, readingOf(target, reply.pdu));
          next(i + 1);
        });
      };
      next(0);
    };
    round(1);
  },
});
