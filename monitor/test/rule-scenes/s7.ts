/** S7: programs, modes, clocks, passwords, identities, functions that only engineers use. */
import type { Lan } from '../lan.ts';
import { GOOD_PROGRAM, OTHER_PROGRAM, S7Line } from '../s7-line.ts';
import { announced, DOSING, ENGINEERING, FILTERS, INTAKE, type Scene, STRANGER } from './scene.ts';

/** Does something that nobody announced, and in the silent case the same under a work order. */
const unannounced = (act: (line: S7Line) => void): Scene => ({
  source: STRANGER,
  fires: (lan, from) => act(new S7Line(lan, from, FILTERS)),
  silent: (lan) => act(new S7Line(announced(lan), ENGINEERING, FILTERS)),
});

const loads = (lan: Lan, from: string, program: string): void =>
  new S7Line(lan, from, FILTERS).work((engineer, now, done) => engineer.writeProgram(program, now, done));

const tries = (line: S7Line, passwords: readonly string[]): void => {
  for (const password of passwords) {
    line.session.lan.wait(2);
    line.work((engineer, now, done) => engineer.logOn(password, now, done));
  }
};

const identity = (lan: Lan, from: string, device: string): void =>
  new S7Line(lan, from, device).work((engineer, now, done) =>
    engineer.ask(4, 1, { is: 'szl-request', id: 0x11, index: 0 }, now, done),
  );

const clock = { year: 2026, month: 1, day: 5, hour: 3, minute: 0, second: 0, millisecond: 0, weekday: 2 };

export const s7Scenes: Readonly<Record<string, Scene>> = {
  's7-stop': unannounced((line) => line.work((engineer, now, done) => engineer.stop(now, done))),
  's7-start': unannounced((line) => {
    line.work((engineer, now, done) => engineer.stop(now, done));
    line.work((engineer, now, done) => engineer.start('warm', now, done));
  }),
  's7-program-download': unannounced((line) =>
    line.work((engineer, now, done) => engineer.writeProgram(GOOD_PROGRAM, now, done)),
  ),
  's7-program-unknown': {
    source: ENGINEERING,
    // In the middle of announced work, which is where it would be hidden.
    fires: (lan, from) => loads(announced(lan), from, OTHER_PROGRAM),
    silent: (lan, from) => loads(announced(lan), from, GOOD_PROGRAM),
  },
  's7-program-upload': unannounced((line) => line.work((engineer, now, done) => engineer.readProgram(now, done))),
  's7-program-delete': unannounced((line) => line.work((engineer, now, done) => engineer.deleteProgram(now, done))),
  's7-clock-set': unannounced((line) =>
    line.work((engineer, now, done) => engineer.ask(7, 2, { is: 'clock', clock }, now, done)),
  ),
  's7-password-tries': {
    source: STRANGER,
    fires: (lan, from) => tries(new S7Line(lan, from, FILTERS), ['', 'admin', 'siemens', 'plc', '1234']),
    silent: (lan, from) => tries(new S7Line(lan, from, FILTERS), ['wier', 'weri', 'weir']),
  },
  's7-identity-read': {
    source: STRANGER,
    fires: (lan, from) => identity(lan, from, FILTERS),
    silent: (lan) => identity(announced(lan), ENGINEERING, FILTERS),
  },
  's7-identity-sweep': {
    source: STRANGER,
    fires: (lan, from) => {
      for (const device of [DOSING, FILTERS, INTAKE]) identity(lan, from, device);
    },
    silent: (lan, from) => {
      for (const device of [DOSING, FILTERS]) identity(lan, from, device);
    },
  },
  's7-rogue-master': unannounced((line) => line.write('FIC201', 150)),
  's7-unusual-function': unannounced((line) => {
    // Programmer controls: modify a variable.
    line.ask({ group: 1, subfunction: 8, bytes: Uint8Array.of(0, 1, 2, 3) });
  }),
};
