/** Verb `web-set-point`: writes one set point by the form of a device's page (one POST), with a password that the vendor delivers. */
import { z } from 'zod';
import { ScopeError } from '../scope.ts';
import { common, quantity, tagName } from '../words.ts';
import { defineVerb, type PlanContext } from './context.ts';
import { PagePoint } from './door-point.ts';
import { deliveredLogin, doorOf, throughDoor } from './doors.ts';
import { shownDevice, shownValue } from './modbus.ts';
import { PointLine, pointOf } from './point.ts';

/** @throws ScopeError for a set point that is not on the page */
function pagePoint(
  { guard, plant }: Pick<PlanContext, 'guard' | 'plant'>,
  role: string,
  tag: string,
  user?: string,
): PagePoint {
  const { device, service } = doorOf(guard, plant, role, 'web');
  pointOf(guard, plant, role, tag, { way: 'page' });
  if (!service.setPoints.includes(tag))
    throw new ScopeError(
      'scope.no-point',
      `the page of '${role}' does not set '${tag}'; it sets ${service.setPoints.join(', ') || 'nothing'}`,
    );
  return new PagePoint(device, tag, deliveredLogin(device, user));
}

export const webSetPoint = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('web-set-point'),
    ...throughDoor,
    tag: tagName,
    value: quantity,
  }),
  targets: (step) => [step.to],
  tags: (step) => [step.tag],
  overwrites: (step) => [{ role: step.to, tag: step.tag, way: 'page' }],

  plan(step, context) {
    const { guard, plant } = context;
    pagePoint(context, step.to, step.tag, step.user);
    const number = context.value(step.value);
    return [
      {
        from: shownDevice(guard, step.from),
        to: shownDevice(guard, step.to),
        point: `${step.tag} (page)`,
        value: number === undefined ? 'as it was before' : shownValue(plant, step.tag, number),
      },
    ];
  },

  run(step, context, end) {
    const from = context.guard.device(step.from);
    const point = pagePoint(context, step.to, step.tag, step.user);
    const { device } = point;
    const value = context.value(step.value, device.id, step.tag);
    const line = new PointLine(context.foothold(from.id), device.id);
    context.wrote(device.id, step.tag);
    point.write(line, value, context.cause, (result) => {
      line.release();
      if (result.outcome === 'done') context.accepted(device.id, step.tag);
      end(result);
    });
  },
});
