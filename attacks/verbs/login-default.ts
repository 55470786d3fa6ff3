/**
 * Verb `login-default`: logs on with a password that the vendor delivers, and leaves again. Sends one GET of the page with basic authentication, a console
 * session without a command, or an FTP logon with LIST.
 */
import { z } from 'zod';
import { common } from '../words.ts';
import { defineVerb, type StepResult } from './context.ts';
import { atDoors, deliveredLogin, doorOf, throughDoor } from './doors.ts';
import { shownDevice } from './modbus.ts';

export const loginDefault = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('login-default'),
    ...throughDoor,
    over: z.enum(['web', 'telnet', 'ftp']).default('web'),
  }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],

  plan(step, { guard, plant }) {
    const { device } = doorOf(guard, plant, step.to, step.over);
    const { user } = deliveredLogin(device, step.user);
    return [
      {
        from: shownDevice(guard, step.from),
        to: shownDevice(guard, step.to),
        point: `${step.over} logon of ${user}`,
        value: null,
      },
    ];
  },

  run(step, context, end) {
    const { device } = doorOf(context.guard, context.plant, step.to, step.over);
    const login = deliveredLogin(device, step.user);
    const doors = atDoors(context, step.from, device, end);
    if (doors === undefined) return;
    const told = (isIn: boolean, why: string): StepResult =>
      isIn
        ? { outcome: 'done', detail: `logged on as ${login.user} over ${step.over}` }
        : { outcome: 'failed', detail: `logon as ${login.user} over ${step.over}: ${why}` };
    if (step.over === 'web')
      doors.web({ method: 'GET', target: '/', login }, (response) =>
        end(told(response?.status === 200, response === undefined ? 'no answer' : `status ${response.status}`)),
      );
    else if (step.over === 'telnet')
      doors.console(login, ['exit'], ({ outcome }) => end(told(outcome === 'done', outcome)));
    else doors.files(login, { kind: 'list' }, ({ outcome, detail }) => end(told(outcome === 'done', detail)));
  },
});
