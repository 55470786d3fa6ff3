/** Verb `write-tag`: writes one point through the session of the host that the adversary sits at (Modbus FC 5, 6 or 16, S7 Write Variable, a DNP3 command, or BACnet WriteProperty). */
import { z } from 'zod';
import { common, quantity, roleName, tagName } from '../words.ts';
import { defineVerb } from './context.ts';
import { shownDevice, shownValue } from './modbus.ts';
import { mannerOf, overOf, PointLine, pointOf } from './point.ts';

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
    /** Over DNP3: how the output is commanded; as the host usually does when left out. `page`, `console`: by the device's own, as the vendor's user. */
    command: z.enum(['select', 'direct', 'page', 'console']).optional(),
    /** Over DNP3: role of the master whose link address is used. */
    as: roleName.optional(),
    /** Over Sparkplug: role of the broker … */
    broker: roleName.optional(),
    /** … and of the device whose account there is used; that of `from` when left out. */
    account: roleName.optional(),
    /** Over BACnet: at which priority it is commanded, 1 (life safety) to 16. */
    priority: z.int().min(1).max(16).optional(),
    /** Over BACnet: the command at that priority is taken back, and the value written only where that is not enough. */
    relinquish: z.boolean().optional(),
  }),
  targets: ({ to, broker }) => (broker === undefined ? [to] : [to, broker]),
  tags: (step) => [step.tag],
  overwrites: (step) => [
    {
      ...{ role: step.to, tag: step.tag, way: step.command, as: step.as },
      ...{ broker: step.broker, account: step.account, priority: step.priority },
    },
  ],

  plan(step, { guard, plant, value }) {
    const { place } = pointOf(guard, plant, step.to, step.tag, overOf(step));
    mannerOf(guard, plant, step.from, step.to, step.as);
    const number = value(step.value);
    return [
      {
        from: shownDevice(guard, step.from),
        to: shownDevice(guard, step.to),
        point: `${step.tag} (${place})`,
        value: number === undefined ? 'as it was before' : shownValue(plant, step.tag, number),
      },
    ];
  },

  run(step, context, end) {
    const from = context.guard.device(step.from);
    const { guard, plant } = context;
    const point = pointOf(guard, plant, step.to, step.tag, overOf(step));
    const { device } = point;
    const value = context.value(step.value, device.id, step.tag);
    const manner = mannerOf(guard, plant, step.from, step.to, step.as);
    const line = new PointLine(context.foothold(from.id), device.id, manner);
    context.wrote(device.id, step.tag);
    point.write(line, value, context.cause, (result) => {
      line.release();
      if (result.outcome === 'done') context.accepted(device.id, step.tag);
      end(result);
    });
  },
});
