/** The process as polls show it: readings that cannot be, that stand, repeat, contradict each other, or stay away. */
import type { Lan, ModbusLine } from '../lan.ts';
import { float } from '../works.ts';
import { announced, DOSING, INTAKE, type Intake, poll, pollIntake, polls, SCADA, type Scene } from './scene.ts';

/** Readings that nobody has seen: those of the morning have lower numbers. */
const NEW = 10_000;

function rounds(
  lan: Lan,
  line: ModbusLine,
  count: number,
  say: (round: number) => Intake = () => ({}),
  first = NEW,
): void {
  for (let round = 0; round < count; round++) {
    lan.wait(1);
    pollIntake(line, first + round, say(round));
  }
}

const watched = (fires: (lan: Lan, line: ModbusLine) => void, silent: (lan: Lan, line: ModbusLine) => void): Scene => ({
  source: SCADA,
  fires: (lan, from) => fires(lan, lan.modbus(from, INTAKE)),
  silent: (lan, from) => silent(lan, lan.modbus(from, INTAKE)),
});

const ASK_INPUTS = [4, 0, 0, 0, 3];

export const processScenes: Readonly<Record<string, Scene>> = {
  'reading-is-no-number': watched(
    (lan, line) => rounds(lan, line, 5, (round) => (round > 2 ? { flow: Number.NaN } : {})),
    (lan, line) => rounds(lan, line, 5),
  ),
  'reading-moves-too-fast': watched(
    (lan, line) => rounds(lan, line, 20, (round) => ({ level: round > 14 ? 3000 : 2000 })),
    (lan, line) => rounds(lan, line, 20, (round) => ({ level: 2000 + 20 * round })),
  ),
  'changed-without-command': watched(
    (lan, line) => rounds(lan, line, 6, (round) => ({ order: round > 3 ? 200 : 150 })),
    (lan, line) => {
      rounds(lan, line, 3);
      line.write(0, float(200));
      rounds(lan, line, 3, () => ({ order: 200 }), NEW + 3);
    },
  ),
  'invariant-broken': watched(
    (lan, line) => rounds(lan, line, 120, (round) => (round > 80 ? { flow: 0.1 * (round % 7) } : {})),
    (lan, line) => rounds(lan, line, 120, (round) => (round > 80 ? { flow: 0.1 * (round % 7), running: false } : {})),
  ),
  'loss-of-view': watched(
    (lan, line) => {
      rounds(lan, line, 90);
      for (let i = 0; i < 60; i++) {
        lan.wait(1);
        line.refuse(ASK_INPUTS, 4);
      }
    },
    (lan, line) => rounds(lan, line, 150),
  ),
  'stale-data': watched(
    (lan, line) => {
      rounds(lan, line, 90);
      for (let i = 0; i < 90; i++) {
        lan.wait(1);
        line.refuse(ASK_INPUTS, 4);
        line.read('discrete', 0, [1]);
        line.read('holding', 0, float(150));
      }
    },
    (lan, line) => rounds(lan, line, 150),
  ),
  'reading-stands-still': watched(
    (lan, line) => rounds(lan, line, 200, (round) => (round > 40 ? { flow: 151.25 } : {})),
    (lan, line) => rounds(lan, line, 200),
  ),
  'readings-played-back': watched(
    (lan, line) => {
      rounds(lan, line, 300);
      rounds(lan, line, 200);
    },
    (lan, line) => rounds(lan, line, 500),
  ),
  'mode-not-kept': {
    source: SCADA,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      polls(lan, line, 3);
      line.coil(3, true);
      poll(line, 8, 0);
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      polls(lan, line, 3);
      line.coil(3, true);
      poll(line, 8, 1);
      const late = announced(lan).modbus(from, DOSING);
      late.coil(3, false);
      poll(late, 8, 1);
    },
  },
};
