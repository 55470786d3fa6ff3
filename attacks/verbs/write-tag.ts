/** Verb `write-tag`: writes one point through the session of the host that the adversary sits at (Modbus FC 5, 6 or 16). */
import { PointWrite } from '@penstock/protocols/modbus';
import { z } from 'zod';
import { common, quantity, roleName, tagName } from '../words.ts';
import { defineVerb } from './context.ts';
import { addressOf, resultOf, shownDevice, shownValue, targetOf } from './modbus.ts';

export const writeTag = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('write-tag'),
    /** Role of the device that the adversary sits at; its own session is used where it has one. */
    from: roleName,
    /** Role of the device that is written to. */
    to: roleName,
    tag: tagName,
    value: quantity,
  }),
  targets: (step) => [step.to],
  tags: (step) => [step.tag],
  overwrites: (step) => [{ role: step.to, tag: step.tag }],

  plan(step, { guard, plant, value }) {
    const { entry } = targetOf(guard, plant, step.to, step.tag);
    const number = value(step.value);
    return [
      {
        from: shownDevice(guard, step.from),
        to: shownDevice(guard, step.to),
        point: `${step.tag} (${addressOf(entry)})`,
        value: number === undefined ? 'as it was before' : shownValue(plant, step.tag, number),
      },
    ];
  },

  run(step, context, end) {
    const from = context.guard.device(step.from);
    const { device, unit, entry } = targetOf(context.guard, context.plant, step.to, step.tag);
    const value = context.value(step.value, device.id, step.tag);
    const request = new PointWrite(0, entry).set(value).request;
    const session = context.foothold(from.id).modbus(device.id);
    context.wrote(device.id, step.tag);
    session.request(unit, request, context.cause, (reply) => {
      session.release();
      const result = resultOf(reply, `${step.tag} := ${Number(value.toPrecision(7))}`);
      if (result.outcome === 'done') context.accepted(device.id, step.tag);
      end(result);
    });
  },
});
