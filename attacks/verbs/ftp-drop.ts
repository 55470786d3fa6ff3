/**
 * Verb `ftp-drop`: leaves a small text in the root of a device's file drop, fetches a file from it, or deletes one, with a password that the vendor delivers
 * (USER, PASS, TYPE, PASV, and STOR, RETR or DELE). Nothing that is left is ever run by anything.
 */
import { z } from 'zod';
import { common } from '../words.ts';
import { defineVerb } from './context.ts';
import { atDoors, deliveredLogin, doorOf, throughDoor } from './doors.ts';
import { shownDevice } from './modbus.ts';

/** What is left: a text without meaning, as long as notes are. */
const TEXT = 'rev 3\r\nsee cabinet 2, terminal 14\r\n';

export const ftpDrop = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('ftp-drop'),
    ...throughDoor,
    /** A file in the root directory. */
    file: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,31}\.[a-z0-9]{1,4}$/, 'a file is named as notes.txt, without a directory'),
    act: z.enum(['store', 'fetch', 'delete']).default('store'),
  }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],

  plan(step, { guard, plant }) {
    const { device } = doorOf(guard, plant, step.to, 'ftp');
    deliveredLogin(device, step.user);
    return [
      {
        from: shownDevice(guard, step.from),
        to: shownDevice(guard, step.to),
        point: `file ${step.file}`,
        value: step.act === 'fetch' ? null : step.act === 'store' ? 'left' : 'deleted',
      },
    ];
  },

  run(step, context, end) {
    const { device } = doorOf(context.guard, context.plant, step.to, 'ftp');
    const login = deliveredLogin(device, step.user);
    const doors = atDoors(context, step.from, device, end);
    if (doors === undefined) return;
    const { file: name, act } = step;
    const errand =
      act === 'store'
        ? ({ kind: 'store', name, bytes: new TextEncoder().encode(TEXT) } as const)
        : ({ kind: act === 'fetch' ? 'retrieve' : 'delete', name } as const);
    doors.files(login, errand, ({ outcome, detail, bytes }) => {
      const what = `${act} ${name}`;
      if (outcome !== 'done') end({ outcome: 'failed', detail: `${what}: ${detail}` });
      else end({ outcome: 'done', detail: act === 'fetch' ? `${what}, ${bytes.length} bytes` : what });
    });
  },
});
