/**
 * Verb `program-download`: reads a controller's program, changes pieces of it, and loads the result, so that it runs. Or loads what was
 * there before the attack.
 */
import { z } from 'zod';
import { editProgram, hashOfProgram } from '../programs.ts';
import { common, roleName, tagName } from '../words.ts';
import { defineVerb } from './context.ts';
import { atWork, resultOfWork, workPlan } from './engineering.ts';

/** Pieces of text; each must stand in the program exactly once. */
const editsSchema = z
  .array(z.strictObject({ find: z.string().min(1), replace: z.string() }))
  .min(1)
  .max(50);

export const programDownload = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('program-download'),
    from: roleName,
    to: roleName,
    /** What is changed in the program that is there; or, in a revert, `before`: the program that was there before the attack. */
    program: z.union([z.literal('before'), z.strictObject({ edits: editsSchema })]),
    /** Tags that the changed logic is about: labels that alerts are held against. */
    tags: z.array(tagName).default([]),
  }),
  targets: (step) => [step.to],
  tags: (step) => step.tags,
  overwrites: () => [],
  reprograms: (step) => [step.to],

  plan: (step, { guard }) =>
    workPlan(
      guard,
      step.from,
      step.to,
      'program',
      step.program === 'before' ? 'as it was before' : `${step.program.edits.length} changes`,
    ),

  run(step, context, end) {
    atWork(step, context, end, (session, device, finish) => {
      const load = (text: string): void => {
        context.reprogrammed(device.id);
        session.writeProgram(text, (outcome) =>
          finish(resultOfWork(outcome, `program ${hashOfProgram(text).slice(0, 16)} loaded`)),
        );
      };
      const { program } = step;
      if (program === 'before') {
        const before = context.programBefore(device.id);
        if (before === undefined)
          finish({ outcome: 'failed', detail: 'the program of before the attack is not known' });
        else load(before);
        return;
      }
      session.readProgram((outcome) => {
        if (outcome.outcome !== 'done') return finish(resultOfWork(outcome, 'program upload'));
        const edited = editProgram(outcome.value, program.edits);
        if ('problem' in edited) finish({ outcome: 'failed', detail: edited.problem });
        else load(edited.text);
      });
    });
  },
});
