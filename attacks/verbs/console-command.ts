/**
 * Verb `console-command`: logs on to a console with a password that the vendor delivers and gives commands out of a closed list: what it shows, set points,
 * a restart. Each command is one line on the wire.
 */
import { z } from 'zod';
import { common, quantity, tagName } from '../words.ts';
import { defineVerb } from './context.ts';
import { atDoors, deliveredLogin, doorOf, throughDoor } from './doors.ts';
import { shownDevice, shownValue } from './modbus.ts';
import { pointOf } from './point.ts';

const command = z.union([
  z.strictObject({ show: z.enum(['version', 'tags', 'log', 'status', 'net', 'users']) }),
  z.strictObject({ set: tagName, value: quantity }),
  z.strictObject({ restart: z.literal(true) }),
]);
type Command = z.output<typeof command>;

const tagsIn = (commands: readonly Command[]): string[] => commands.flatMap((one) => ('set' in one ? [one.set] : []));

export const consoleCommand = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('console-command'),
    ...throughDoor,
    commands: z.array(command).min(1).max(16),
  }),
  targets: (step) => [step.to],
  tags: (step) => tagsIn(step.commands),
  overwrites: (step) => tagsIn(step.commands).map((tag) => ({ role: step.to, tag, way: 'console' })),

  plan(step, { guard, plant, value }) {
    const { device } = doorOf(guard, plant, step.to, 'telnet');
    deliveredLogin(device, step.user);
    const ends = { from: shownDevice(guard, step.from), to: shownDevice(guard, step.to) };
    return step.commands.map((one) => {
      if ('show' in one) return { ...ends, point: `console: ${one.show}`, value: null };
      if ('restart' in one) return { ...ends, point: 'console: restart', value: 'restarted' };
      pointOf(guard, plant, step.to, one.set, { way: 'console' });
      const number = value(one.value);
      const shown = number === undefined ? 'as it was before' : shownValue(plant, one.set, number);
      return { ...ends, point: `console: ${one.set}`, value: shown };
    });
  },

  run(step, context, end) {
    const { guard, plant } = context;
    const { device } = doorOf(guard, plant, step.to, 'telnet');
    const login = deliveredLogin(device, step.user);
    for (const tag of tagsIn(step.commands)) pointOf(guard, plant, step.to, tag, { way: 'console' });
    const doors = atDoors(context, step.from, device, end);
    if (doors === undefined) return;
    const lines = step.commands.map((one) => {
      if ('show' in one) return one.show;
      if ('restart' in one) return 'reboot';
      context.wrote(device.id, one.set);
      return `set ${one.set} ${context.value(one.value, device.id, one.set)}`;
    });
    doors.console(login, lines, ({ outcome, answers }) => {
      step.commands.forEach((one, i) => {
        if ('set' in one && answers[i]?.includes(' set to ') === true) context.accepted(device.id, one.set);
      });
      const refused = answers.findIndex((answer) => /^(refused|permission denied|unknown)/.test(answer));
      if (outcome !== 'done') end({ outcome: 'failed', detail: `console of ${step.to}: ${outcome}` });
      else if (refused >= 0) end({ outcome: 'failed', detail: `${lines[refused]}: ${answers[refused]}` });
      else end({ outcome: 'done', detail: lines.join('; ') });
    });
  },
});
