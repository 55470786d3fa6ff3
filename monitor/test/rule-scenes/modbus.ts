/** Modbus: masters, points, values, sweeps, programs, functions. */
import type { Lan } from '../lan.ts';
import { float } from '../works.ts';
import {
  announced,
  DOSING,
  ENGINEERING,
  FILTERS,
  HMI,
  INTAKE,
  OFFICE,
  poll,
  polls,
  SAFETY,
  SCADA,
  type Scene,
  STRANGER,
} from './scene.ts';

const u16 = (n: number): number[] => [(n >>> 8) & 255, n & 255];
const readHolding = (at: number): number[] => [3, ...u16(at), 0, 1];
const IDENTITY = [43, 14, 1, 0];
const IDENTITY_ANSWER = [43, 14, 1, 1, 0, 0, 1, 0, 4, 0x41, 0x43, 0x4d, 0x45];
/** File 1, record 0, one record. */
const READ_FILE = [20, 7, 6, 0, 1, 0, 0, 0, 1];
const READ_FILE_ANSWER = [20, 4, 3, 6, 0x41, 0x42];
const WRITE_FILE = [21, 9, 6, 0, 1, 0, 0, 0, 1, 0x41, 0x42];
const DIAGNOSTIC = (sub: number): number[] => [8, ...u16(sub), 0, 0];

/** Asks whatever `ask` says and does so under a work order in the silent case. */
const unannounced = (source: string, act: (lan: Lan, from: string) => void, from = ENGINEERING): Scene => ({
  source,
  fires: act,
  silent: (lan) => act(announced(lan), from),
});

export const modbusScenes: Readonly<Record<string, Scene>> = {
  'rogue-master': {
    source: STRANGER,
    fires: (lan, from) => lan.modbus(from, DOSING).write(10, float(9)),
    silent: (lan) => lan.modbus(SCADA, DOSING).write(10, float(8.2)),
  },
  'write-outside-learned-points': {
    source: SCADA,
    fires: (lan, from) => lan.modbus(from, DOSING).write(20, [450]),
    silent: (lan) => lan.modbus(SCADA, DOSING).write(10, float(8.2)),
  },
  'write-outside-point-list': {
    source: SCADA,
    fires: (lan, from) => lan.modbus(from, DOSING).write(900, [1]),
    silent: (lan) => lan.modbus(SCADA, DOSING).write(20, [450]),
  },
  'value-outside-limits': {
    source: SCADA,
    fires: (lan, from) => lan.modbus(from, DOSING).write(10, float(11_100)),
    silent: (lan, from) => lan.modbus(from, DOSING).write(10, float(11)),
  },
  'value-outside-learned-range': {
    source: SCADA,
    fires: (lan, from) => lan.modbus(from, DOSING).write(10, float(12)),
    silent: (lan, from) => lan.modbus(from, DOSING).write(10, float(8.8)),
  },
  'reading-outside-safe-limits': {
    source: SCADA,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (const ph of [830, 880, 930, 960]) poll(line, 8, 0, ph);
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (const ph of [830, 880, 930, 940]) poll(line, 8, 0, ph);
    },
  },
  'set-point-not-kept': {
    source: SCADA,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      line.write(10, float(8.5));
      poll(line, 8);
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      line.write(10, float(8.5));
      poll(line, 8.5);
    },
  },
  'manual-then-large-step': {
    source: SCADA,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      polls(lan, line, 2);
      line.coil(3, true);
      lan.wait(20);
      line.write(20, [1000]);
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      polls(lan, line, 2);
      line.coil(3, true);
      lan.wait(20);
      line.write(20, [500]);
    },
  },
  'program-download': unannounced(STRANGER, (lan, from) => lan.modbus(from, DOSING).ask(WRITE_FILE, WRITE_FILE)),
  'program-upload': unannounced(STRANGER, (lan, from) => lan.modbus(from, DOSING).ask(READ_FILE, READ_FILE_ANSWER)),
  'programming-function': unannounced(STRANGER, (lan, from) => lan.modbus(from, DOSING).ask([90, 0, 1], [90, 0, 0xfe])),
  'force-listen-only': {
    source: STRANGER,
    fires: (lan, from) => lan.modbus(from, DOSING).ask(DIAGNOSTIC(4), undefined),
    silent: (lan, from) => lan.modbus(from, DOSING).ask(DIAGNOSTIC(11), DIAGNOSTIC(11)),
  },
  'diagnostic-function': unannounced(STRANGER, (lan, from) =>
    lan.modbus(from, DOSING).ask(DIAGNOSTIC(10), DIAGNOSTIC(10)),
  ),
  'write-flood': {
    source: SCADA,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let i = 0; i < 30; i++) line.write(10, float(8));
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let i = 0; i < 30; i++) {
        lan.wait(1);
        line.write(10, float(8));
      }
    },
  },
  'write-to-safety-device': {
    source: SCADA,
    fires: (lan, from) => lan.modbus(from, SAFETY).refuse([6, 0, 0, 0, 1], 1),
    silent: (lan, from) => lan.modbus(from, SAFETY).read('holding', 0, [1, 2]),
  },
  'set-point-oscillates': {
    source: SCADA,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let i = 0; i < 8; i++) {
        lan.wait(5);
        line.write(10, float(i % 2 === 0 ? 6 : 9));
      }
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let i = 0; i < 8; i++) {
        lan.wait(5);
        line.write(10, float(8 + 0.1 * i));
      }
    },
  },
  'writes-refused': {
    source: SCADA,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let i = 0; i < 5; i++) line.refuse([6, 0, 10, 0, i], 3);
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let i = 0; i < 5; i++) {
        lan.wait(60);
        line.refuse([6, 0, 10, 0, i], 3);
      }
    },
  },
  'sweep-registers': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let at = 100; at < 122; at++) line.read('holding', at, [0]);
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let at = 100; at < 122; at++) {
        lan.wait(10);
        line.read('holding', at, [0]);
      }
    },
  },
  'sweep-refused': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let at = 0; at < 10; at++) line.refuse(readHolding(at * 100), 2);
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let at = 0; at < 6; at++) line.refuse(readHolding(at * 100), 2);
    },
  },
  'sweep-functions': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = lan.modbus(from, FILTERS);
      for (const code of [2, 7, 8, 11, 12, 17, 24, 43]) line.refuse([code, 0, 0, 0, 0], 1);
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, FILTERS);
      for (const code of [2, 7, 17]) line.refuse([code, 0, 0, 0, 0], 1);
    },
  },
  'sweep-units': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = lan.modbus(from, FILTERS);
      for (let unit = 1; unit <= 8; unit++) line.refuse(readHolding(0), 11, unit);
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, FILTERS);
      for (let unit = 1; unit <= 4; unit++) line.refuse(readHolding(0), 11, unit);
    },
  },
  'sweep-identification': {
    source: HMI,
    fires: (lan, from) => {
      for (const device of [DOSING, FILTERS, INTAKE]) lan.modbus(from, device).ask(IDENTITY, IDENTITY_ANSWER);
    },
    silent: (lan, from) => {
      for (const device of [DOSING, FILTERS]) lan.modbus(from, device).ask(IDENTITY, IDENTITY_ANSWER);
    },
  },
  'illegal-frames': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      poll(line);
      line.session.send([0, 9, 0, 0, 0, 3, 1, 3, 0]);
      poll(line);
    },
    silent: (lan, from) => polls(lan, lan.modbus(from, DOSING), 5),
  },
  'exception-storm': {
    source: SCADA,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let i = 0; i < 30; i++) line.refuse(readHolding(7), 6);
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let i = 0; i < 30; i++) {
        lan.wait(1);
        line.refuse(readHolding(7), 6);
      }
    },
  },
  'modbus-on-other-port': {
    source: SCADA,
    fires: (lan, from) => lan.modbus(from, FILTERS, 1502).read('holding', 0, [1, 2]),
    silent: (lan, from) => lan.modbus(from, FILTERS).read('holding', 0, [1, 2]),
  },
  'foreign-protocol-on-502': {
    source: STRANGER,
    fires: (lan, from) => {
      const session = lan.connect(from, DOSING, 502);
      session.send(new TextEncoder().encode('SSH-2.0-OpenSSH_9.6\r\n'));
      session.answer(new TextEncoder().encode('SSH-2.0-dropbear_2022.83\r\n'));
      session.close();
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      poll(line);
      line.session.close();
    },
  },
  'office-speaks-modbus': {
    source: OFFICE,
    fires: (lan, from) => lan.modbus(from, DOSING).read('input', 0, [830]),
    silent: (lan) => lan.modbus(HMI, DOSING).read('input', 0, [830]),
  },
};
