/**
 * Verb `firmware-update`: gives a device a firmware image of the range's own format for its product, with a password that the vendor delivers: by the form
 * of its page (one POST), into the firmware folder of its file drop (STOR), or into its root and by the console's `firmware install`. The device
 * goes away, and comes back as what the image says, or not at all. Undoing it is the scenario's own step with the genuine image of before, or `reflash-on-site`.
 */
import type { DeviceSpec, PlantSpec } from '@penstock/core';
import { makeFirmware } from '@penstock/protocols/firmware';
import { multipartFile } from '@penstock/protocols/http';
import type { Credentials, DoorSession } from '@penstock/simulator/kernel';
import { z } from 'zod';
import { ScopeError, type ScopeGuard } from '../scope.ts';
import { common } from '../words.ts';
import { defineVerb } from './context.ts';
import { atDoors, deliveredLogin, doorOf, throughDoor } from './doors.ts';
import { shownDevice } from './modbus.ts';

type Done = (why: string | undefined) => void;
type Way = 'web' | 'ftp' | 'console';

/** @throws ScopeError `scope.no-firmware` for a device whose firmware cannot be replaced */
function flashed(guard: ScopeGuard, plant: PlantSpec, role: string, by: Way): DeviceSpec {
  const { device } = doorOf(guard, plant, role, by === 'web' ? 'web' : 'ftp');
  if (by === 'console') doorOf(guard, plant, role, 'telnet');
  if (device.firmware === undefined)
    throw new ScopeError('scope.no-firmware', `the firmware of '${role}' cannot be replaced over the network`);
  return device;
}

const WAYS: Readonly<Record<Way, (doors: DoorSession, login: Credentials, bytes: Uint8Array, done: Done) => void>> = {
  web(doors, login, image, done) {
    const { type, body } = multipartFile('image', 'firmware.bin', image);
    doors.web({ method: 'POST', target: '/firmware', login, type, body }, (response) =>
      done(response?.status === 200 ? undefined : response === undefined ? 'no answer' : `status ${response.status}`),
    );
  },
  ftp(doors, login, bytes, done) {
    doors.files(login, { kind: 'store', name: '/firmware/firmware.bin', bytes }, ({ outcome, detail }) =>
      done(outcome === 'done' ? undefined : detail),
    );
  },
  console(doors, login, bytes, done) {
    doors.files(login, { kind: 'store', name: '/firmware.bin', bytes }, ({ outcome, detail }) => {
      if (outcome !== 'done') {
        done(detail);
        return;
      }
      doors.console(login, ['firmware install /firmware.bin'], (said) =>
        done(
          said.outcome !== 'done'
            ? said.outcome
            : said.answers[0]?.startsWith('the image')
              ? undefined
              : said.answers[0],
        ),
      );
    });
  },
};

export const firmwareUpdate = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('firmware-update'),
    ...throughDoor,
    by: z.enum(['web', 'ftp', 'console']).default('web'),
    /** `genuine`: by the vendor. `altered`: by somebody else, not signed. `corrupt`: broken on the way, which bricks a device that does not look. */
    image: z.enum(['genuine', 'altered', 'corrupt']),
    /** What the device calls its revision then. */
    version: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$/, 'a version is written as V2.4.1'),
  }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],
  flashes: (step) => [step.to],

  plan(step, { guard, plant }) {
    const device = flashed(guard, plant, step.to, step.by);
    deliveredLogin(device, step.user);
    return [
      {
        from: shownDevice(guard, step.from),
        to: shownDevice(guard, step.to),
        point: `firmware (${step.by})`,
        value: `${step.version} (${step.image})`,
      },
    ];
  },

  run(step, context, end) {
    const device = flashed(context.guard, context.plant, step.to, step.by);
    const login = deliveredLogin(device, step.user);
    const doors = atDoors(context, step.from, device, end);
    if (doors === undefined) return;
    context.flashed(device.id);
    const what = `firmware ${step.version} (${step.image}) by ${step.by}`;
    WAYS[step.by](doors, login, makeFirmware(device.identity, step.version, step.image), (why) =>
      end(why === undefined ? { outcome: 'done', detail: what } : { outcome: 'failed', detail: `${what}: ${why}` }),
    );
  },
});
