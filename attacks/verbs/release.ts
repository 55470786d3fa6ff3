/** Verb `release`: ends what goes on at a device: leaves the place between two parties that `interpose` took and tells both sides the truth again, or lets alarms be told that `suppress-alarm` kept back. */
import { z } from 'zod';
import { common, roleName } from '../words.ts';
import { defineVerb } from './context.ts';
import { shownDevice } from './modbus.ts';

export const release = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('release'),
    /** Role of the device that stands between others, or from which an alarm is suppressed. */
    from: roleName,
  }),
  targets: () => [],
  tags: () => [],
  overwrites: () => [],
  plan: (step, { guard }) => [{ from: shownDevice(guard, step.from), to: '-', point: 'out of the way', value: null }],
  run(step, context, end) {
    const held = context.release(context.guard.device(step.from).id);
    if (held?.undo !== undefined) {
      held.undo(context, end);
      return;
    }
    end(
      held === undefined
        ? { outcome: 'failed', detail: `'${step.from}' stands between nobody` }
        : { outcome: 'done', detail: held.detail },
    );
  },
});
