/** Verbs upon a DNP3 outstation itself: `restart-outstation`, `disable-unsolicited`, and `enable-unsolicited`, which undoes that. */
import { seconds } from '@penstock/core';
import { allOf, FUNCTION } from '@penstock/protocols/dnp3';
import { z } from 'zod';
import { common, roleName } from '../words.ts';
import { defineVerb, type PlanContext, type PlanLine, type StepResult, type VerbContext } from './context.ts';
import { nobody, outcomeOf, outstationOf } from './dnp3.ts';
import { shownDevice } from './modbus.ts';
import { mannerOf } from './point.ts';

/** How often an outstation that restarts is asked whether it is back, and how many times. */
const ASK_EVERY = seconds(10);
const ASKS = 12;

const onOutstation = {
  ...common,
  /** Role of the device that the adversary sits at; its own session is used where it has one. */
  from: roleName,
  /** Role of the outstation. */
  to: roleName,
  /** Role of the master whose link address is used. */
  as: roleName.optional(),
};
const classes = z
  .array(z.union([z.literal(1), z.literal(2), z.literal(3)]))
  .min(1)
  .default([1, 2, 3]);

interface OnOutstation {
  readonly from: string;
  readonly to: string;
  readonly as?: string | undefined;
}

const line = ({ from, to, as }: OnOutstation, { guard, plant }: PlanContext, point: string): PlanLine[] => {
  outstationOf(guard, plant, to);
  mannerOf(guard, plant, from, to, as);
  return [{ from: shownDevice(guard, from), to: shownDevice(guard, to), point, value: null }];
};

/** One request and what came of it; the session ends with it. */
function ask(
  { from, to, as }: OnOutstation,
  context: VerbContext,
  code: number,
  objects: Parameters<typeof allOf>[],
  what: string,
  done: (result: StepResult) => void,
): void {
  const { guard, plant, cause } = context;
  const { device } = outstationOf(guard, plant, to);
  const source = guard.device(from).id;
  const session = context.foothold(source).dnp3?.(device.id, cause, mannerOf(guard, plant, from, to, as).as);
  if (session === undefined) {
    done({ outcome: 'failed', detail: `${what}: ${nobody(source, 'DNP3')}` });
    return;
  }
  session.perform(
    code,
    objects.map(([group, variation]) => allOf(group, variation)),
    cause,
    (reply) => {
      session.release();
      done(outcomeOf(reply, what));
    },
  );
}

/** Asks for a restart (functions 13 and 14), and waits until the outstation answers again. */
export const restartOutstation = defineVerb({
  schema: z.strictObject({
    ...onOutstation,
    verb: z.literal('restart-outstation'),
    kind: z.enum(['cold', 'warm']).default('warm'),
  }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],
  plan: (step, context) => line(step, context, `${step.kind} restart`),

  run(step, context, end) {
    const code = step.kind === 'cold' ? FUNCTION.coldRestart : FUNCTION.warmRestart;
    const isBack = (left: number, waited: number): void => {
      ask(step, context, FUNCTION.delayMeasure, [], 'it answers', ({ outcome }) => {
        const detail = `${step.kind} restart`;
        if (outcome === 'done') end({ outcome, detail: `${detail}; it answers again` });
        else if (left > 0) context.later(ASK_EVERY, () => isBack(left - 1, waited + 1));
        else end({ outcome: 'failed', detail: `${detail}; it does not answer any more` });
      });
    };
    ask(step, context, code, [], `${step.kind} restart`, (result) => {
      if (result.outcome === 'failed') end(result);
      else context.later(ASK_EVERY, () => isBack(ASKS, 1));
    });
  },
});

const classObjects = (list: readonly number[]): [number, number][] => list.map((one) => [60, one + 1]);
const shown = (list: readonly number[]): string => `class ${list.join(', ')}`;

/** The outstation reports nothing of its own accord any more (function 21). It is enabled again in the end, if no step does so. */
export const disableUnsolicited = defineVerb({
  schema: z.strictObject({ ...onOutstation, verb: z.literal('disable-unsolicited'), classes }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],
  silences: (step) => [{ role: step.to, from: step.from, as: step.as, classes: step.classes }],
  plan: (step, context) => line(step, context, `no reports of ${shown(step.classes)}`),

  run(step, context, end) {
    const { device } = outstationOf(context.guard, context.plant, step.to);
    context.reports(device.id, 'silenced');
    ask(
      step,
      context,
      FUNCTION.disableUnsolicited,
      classObjects(step.classes),
      `no reports of ${shown(step.classes)}`,
      end,
    );
  },
});

export const enableUnsolicited = defineVerb({
  schema: z.strictObject({ ...onOutstation, verb: z.literal('enable-unsolicited'), classes }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],
  plan: (step, context) => line(step, context, `reports of ${shown(step.classes)}`),

  run(step, context, end) {
    const { device } = outstationOf(context.guard, context.plant, step.to);
    const what = `reports of ${shown(step.classes)}`;
    ask(step, context, FUNCTION.enableUnsolicited, classObjects(step.classes), what, (result) => {
      if (result.outcome === 'done') context.reports(device.id, 'enabled');
      end(result);
    });
  },
});
