/**
 * Verb `reflash-on-site`: somebody drives to a device and writes the image that it ran before the attack by its service port. Nothing goes over the
 * network: what does not start answers nobody there. A revert's; an adversary who stands at the device needs no range.
 */
import { duration } from '@penstock/core';
import { z } from 'zod';
import { ScopeError, type ScopeGuard } from '../scope.ts';
import { common, roleName } from '../words.ts';
import { defineVerb, type PlanContext } from './context.ts';
import { shownDevice, specOf } from './modbus.ts';

/** @throws ScopeError `scope.no-firmware` for a device whose firmware nothing can replace */
function flashable(guard: ScopeGuard, plant: PlanContext['plant'], role: string): string {
  const { id } = guard.device(role);
  if (specOf(plant, id).firmware === undefined)
    throw new ScopeError('scope.no-firmware', `the firmware of '${role}' cannot be replaced`);
  return id;
}

export const reflashOnSite = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('reflash-on-site'),
    /** Role of the device where the image of before is kept. */
    from: roleName,
    to: roleName,
    /** The drive and the work; at once when left out. */
    takes: duration.optional(),
  }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],
  flashes: (step) => [step.to],

  plan(step, { guard, plant }) {
    flashable(guard, plant, step.to);
    const point = 'firmware (at the device itself)';
    return [{ from: shownDevice(guard, step.from), to: shownDevice(guard, step.to), point, value: 'as before' }];
  },

  run(step, context, end) {
    const device = flashable(context.guard, context.plant, step.to);
    const write = (): void => {
      const why = context.reflash(device);
      end(why === undefined ? { outcome: 'done', detail: 'the image of before' } : { outcome: 'failed', detail: why });
    };
    if (step.takes === undefined) write();
    else context.later(step.takes, write);
  },
});
