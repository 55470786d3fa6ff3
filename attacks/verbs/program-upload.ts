/** Verb `program-upload`: reads a controller's program, as an engineering station does. */
import { z } from 'zod';
import { hashOfProgram } from '../programs.ts';
import { common, roleName } from '../words.ts';
import { defineVerb } from './context.ts';
import { atWork, resultOfWork, workPlan } from './engineering.ts';

export const programUpload = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('program-upload'),
    /** Role of the device that the adversary sits at. */
    from: roleName,
    /** Role of the controller. */
    to: roleName,
  }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],
  plan: (step, { guard }) => workPlan(guard, step.from, step.to, 'program', null),

  run(step, context, end) {
    atWork(step, context, end, (session, _device, finish) =>
      session.readProgram((outcome) =>
        finish(
          resultOfWork(
            outcome,
            outcome.outcome === 'done'
              ? `program of ${outcome.value.length} characters, ${hashOfProgram(outcome.value).slice(0, 16)}`
              : 'program upload',
          ),
        ),
      ),
    );
  },
});
