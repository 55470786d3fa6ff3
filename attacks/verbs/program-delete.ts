/** Verb `program-delete`: takes a controller's program out of it, which stops it. */
import { z } from 'zod';
import { common, roleName } from '../words.ts';
import { defineVerb } from './context.ts';
import { atWork, resultOfWork, workPlan } from './engineering.ts';

export const programDelete = defineVerb({
  schema: z.strictObject({ ...common, verb: z.literal('program-delete'), from: roleName, to: roleName }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],
  reprograms: (step) => [step.to],
  plan: (step, { guard }) => workPlan(guard, step.from, step.to, 'program', 'deleted'),

  run(step, context, end) {
    atWork(step, context, end, (session, device, finish) => {
      context.reprogrammed(device.id);
      session.deleteProgram((outcome) => finish(resultOfWork(outcome, 'program deleted')));
    });
  },
});
