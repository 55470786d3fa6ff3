/** Devices' doors: passwords as delivered, tries, orders at pages and consoles, firmware, identities, things that are not what they should be, hops. */
import { makeFirmware } from '@penstock/protocols/firmware';
import { multipartFile } from '@penstock/protocols/http';
import {
  askAgent,
  atConsole,
  atPage,
  CHANGED,
  DELIVERED,
  GOOD_VERSION,
  leaveFile,
  OTHER_VERSION,
} from '../door-line.ts';
import type { Lan } from '../lan.ts';
import { announced, CAMERA, DOSING, ENGINEERING, JUMP_HOST, OFFICE, PUMP, type Scene, STRANGER } from './scene.ts';

/** Does something that nobody announced, and in the silent case the same under a work order. */
const unannounced = (act: (lan: Lan, from: string) => void): Scene => ({
  source: STRANGER,
  fires: act,
  silent: (lan) => act(announced(lan), ENGINEERING),
});

const VENDOR = { vendor: 'Calder Controls', productCode: 'PAC-7' };
const upload = (lan: Lan, from: string, kind: 'genuine' | 'altered'): void => {
  const { type, body } = multipartFile('image', 'image.bin', makeFirmware(VENDOR, OTHER_VERSION, kind));
  atPage(lan, from, PUMP, CHANGED, { method: 'POST', target: '/firmware', type, body });
};

const wrong = (lan: Lan, from: string, passwords: readonly string[]): void => {
  for (const password of passwords) {
    lan.wait(3);
    atConsole(lan, from, PUMP, { user: 'admin', password }, []);
  }
};

/** Somebody sits down at the jump host from the office, and goes on from there some time later. */
const hop = (lan: Lan, from: string, seconds: number): void => {
  const session = lan.connect(from, JUMP_HOST, 3389);
  session.send(Uint8Array.of(3, 0, 0, 4));
  session.answer(Uint8Array.of(3, 0, 0, 4));
  session.close();
  lan.wait(seconds);
  const next = lan.connect(JUMP_HOST, DOSING, 443);
  next.send(Uint8Array.of(22, 3, 1, 0));
  next.answer(Uint8Array.of(22, 3, 3, 0));
  next.close();
};

export const doorScenes: Readonly<Record<string, Scene>> = {
  'default-credentials': {
    source: STRANGER,
    fires: (lan, from) => atConsole(lan, from, PUMP, DELIVERED, ['version'], DELIVERED),
    // The password as delivered is refused where it was changed.
    silent: (lan, from) => {
      atConsole(lan, from, PUMP, DELIVERED, [], CHANGED);
      atConsole(lan, from, PUMP, CHANGED, ['version'], CHANGED);
    },
  },
  'default-community': {
    source: STRANGER,
    fires: (lan, from) => askAgent(lan, from, PUMP, 'public'),
    silent: (lan, from) => {
      askAgent(lan, from, PUMP, 'public', { answered: false });
      askAgent(lan, from, PUMP, 'Hafod-ro');
    },
  },
  'password-tries': {
    source: STRANGER,
    fires: (lan, from) => {
      wrong(lan, from, ['1234', 'password', 'calder']);
      for (const password of ['pac7', 'service']) atPage(lan, from, PUMP, { user: 'admin', password });
    },
    silent: (lan, from) => {
      wrong(lan, from, ['hafod-77', 'Hafod77']);
      atConsole(lan, from, PUMP, CHANGED, ['version']);
    },
  },
  'identity-changed': {
    source: STRANGER,
    fires: (lan, from) => {
      askAgent(lan, from, PUMP, 'Hafod-ro');
      lan.wait(60);
      askAgent(lan, from, PUMP, 'Hafod-ro', { version: OTHER_VERSION });
    },
    silent: (lan, from) => {
      for (let i = 0; i < 3; i++) askAgent(lan.wait(60), from, PUMP, 'Hafod-ro', { version: GOOD_VERSION });
      askAgent(announced(lan), ENGINEERING, PUMP, 'Hafod-ro', { version: OTHER_VERSION });
    },
  },
  'firmware-unannounced': unannounced((lan, from) =>
    leaveFile(lan, from, PUMP, CHANGED, makeFirmware(VENDOR, OTHER_VERSION)),
  ),
  'firmware-unsigned': {
    source: STRANGER,
    // In the middle of announced work, which is where it would be hidden.
    fires: (lan, from) => upload(announced(lan), from, 'altered'),
    silent: (lan, from) => upload(announced(lan), from, 'genuine'),
  },
  'unlike-its-kind': {
    source: CAMERA,
    fires: (lan) => lan.modbus(CAMERA, DOSING).read('holding', 0, [1, 2]),
    // A camera is asked for pictures, and asks for the time.
    silent: (lan) => {
      atPage(lan, OFFICE, CAMERA, CHANGED);
      lan.udp(CAMERA, JUMP_HOST, [50_123, 123], Uint8Array.of(0x23, ...new Array<number>(47).fill(0)));
    },
  },
  'reached-by-hops': {
    source: OFFICE,
    fires: (lan, from) => hop(lan, from, 120),
    // An hour later nobody goes on from there any more.
    silent: (lan, from) => hop(lan, from, 3600),
  },
  'device-page-order': unannounced((lan, from) =>
    atPage(lan, from, PUMP, CHANGED, { method: 'POST', target: '/setpoint', body: Buffer.from('tag=FIC301&value=90') }),
  ),
  'console-order': {
    source: STRANGER,
    fires: (lan, from) => atConsole(lan, from, PUMP, CHANGED, ['set FIC301 90', 'reboot']),
    silent: (lan, from) => {
      atConsole(lan, from, PUMP, CHANGED, ['version', 'show FIC301', 'tags']);
      atConsole(announced(lan), ENGINEERING, PUMP, CHANGED, ['set FIC301 90']);
    },
  },
  'snmp-write': {
    source: STRANGER,
    fires: (lan, from) => askAgent(lan, from, PUMP, 'Hafod-rw', { set: 'elsewhere' }),
    silent: (lan, from) => {
      askAgent(lan, from, PUMP, 'guess', { set: 'elsewhere', answered: false });
      askAgent(announced(lan), ENGINEERING, PUMP, 'Hafod-rw', { set: 'elsewhere' });
    },
  },
};
