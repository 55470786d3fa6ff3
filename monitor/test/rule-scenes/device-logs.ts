/** Log lines of devices, as our controllers and firewalls and those of others send them. */
import type { Lan } from '../lan.ts';
import {
  announced,
  DOSING,
  ENGINEERING,
  GATEWAY,
  HMI,
  OFFICE,
  SAFETY,
  SCADA,
  type Scene,
  SERVICES,
  STRANGER,
} from './scene.ts';

/** One record of file 1 (FC 21). */
const WRITE_FILE = [21, 9, 6, 0, 1, 0, 0, 0, 1, 0x41, 0x42];

/** A line of the dosing controller's diagnostic buffer. */
const controller = (id: string, words: string, parameters: Record<string, string> = {}) => ({
  host: 'dosing-plc',
  application: 'plc',
  messageId: id,
  severity: 4,
  text: words,
  parameters,
});

const says =
  (id: string, words: string, by = (source: string): Record<string, string> => ({ by: `modbus ${source}:49153` })) =>
  (lan: Lan, source: string): void =>
    lan.log(DOSING, SERVICES, controller(id, words, by(source)));

const local = (): Record<string, string> => ({});

/** What a controller says is an alert, unless a work order covers it. */
const unannounced = (say: (lan: Lan, source: string) => void): Scene => ({
  source: ENGINEERING,
  fires: say,
  silent: (lan) => say(announced(lan), ENGINEERING),
});

const drop = (lan: Lan, source: string, target: string, port: number): void =>
  lan.log(GATEWAY, SERVICES, {
    host: 'firewall',
    application: 'firewall',
    messageId: 'dropped',
    severity: 4,
    text: `dropped tcp ${source}:51000 -> ${target}:${port} (no-conduit) from office`,
    parameters: { src: source, dst: target, proto: 'tcp', dport: String(port), reason: 'no-conduit' },
  });

const logon = (lan: Lan, words: string, host = ENGINEERING): void =>
  lan.text(host, SERVICES, `<38>Jan  5 08:00:00 engineering sshd[411]: ${words}`);

export const deviceLogScenes: Readonly<Record<string, Scene>> = {
  'log-key-program': unannounced(says('key', 'key turned from RUN to PROGRAM', local)),
  'log-program-changed': unannounced(says('download', 'program changed from 1f2e3d4c to 5b6a7988 (online)')),
  'log-program-refused': unannounced(says('write-refused', 'program download: the key is at RUN refused (locked)')),
  'log-force': unannounced(says('force', 'AIT402 forced to 8.2')),
  'log-controller-stopped': unannounced(says('stop', 'stopped by request')),
  'log-controller-fault': {
    source: ENGINEERING,
    fires: says('watchdog', 'faulted: 50000 statements in one scan (dosing.st:40)', local),
    silent: says('start', 'running, warm restart', local),
  },
  'log-access-denied': {
    source: STRANGER,
    fires: (lan, source) => {
      for (let i = 0; i < 3; i++)
        lan.wait(61).log(SAFETY, SERVICES, {
          host: 'safety-device',
          messageId: 'access-denied',
          severity: 4,
          text: `connection from ${source} refused: not on the access control list`,
          parameters: { src: source, dport: '502', what: 'connection' },
        });
    },
    silent: (lan, source) =>
      lan.log(SAFETY, SERVICES, {
        host: 'safety-device',
        messageId: 'access-denied',
        severity: 4,
        text: `connection from ${source} refused: not on the access control list`,
        parameters: { src: source, dport: '502', what: 'connection' },
      }),
  },
  'log-dropped-modbus': {
    source: OFFICE,
    fires: (lan, source) => drop(lan, source, DOSING, 502),
    silent: (lan, source) => drop(lan, source, SERVICES, 445),
  },
  'log-drops': {
    source: OFFICE,
    fires: (lan, source) => {
      for (let port = 1; port <= 10; port++)
        lan.text(
          GATEWAY,
          SERVICES,
          `<134>Jan  5 08:00:00 firewall kernel: drop IN=eth1 OUT=eth2 SRC=${source} DST=${SERVICES} LEN=60 TTL=63 PROTO=TCP SPT=51000 DPT=${port} SYN`,
        );
    },
    silent: (lan, source) => {
      for (let i = 0; i < 30; i++) drop(lan, source, SERVICES, 445);
    },
  },
  'log-logon-failures': {
    source: STRANGER,
    fires: (lan, source) => {
      for (let i = 0; i < 5; i++) logon(lan, `Failed password for root from ${source} port 50${i} ssh2`);
    },
    silent: (lan, source) => {
      for (let i = 0; i < 3; i++) logon(lan, `Failed password for root from ${source} port 50${i} ssh2`);
    },
  },
  'log-logon-guessed': {
    source: STRANGER,
    fires: (lan, source) => {
      for (let i = 0; i < 5; i++) logon(lan, `Failed password for root from ${source} port 50${i} ssh2`);
      logon(lan, `Accepted password for root from ${source} port 511 ssh2`);
    },
    silent: (lan, source) => {
      logon(lan, `Failed password for root from ${source} port 500 ssh2`);
      logon(lan, `Accepted password for root from ${source} port 511 ssh2`);
    },
  },
  'program-changed-unseen': {
    source: STRANGER,
    fires: (lan, source) => {
      says('download', 'program changed from 1f2e3d4c to 5b6a7988 (online)')(lan, source);
      lan.wait(10).ask(SCADA, HMI);
    },
    silent: (lan, source) => {
      lan.modbus(source, DOSING).ask(WRITE_FILE, WRITE_FILE);
      says('download', 'program changed from 1f2e3d4c to 5b6a7988 (online)')(lan.wait(1), source);
      lan.wait(10).ask(SCADA, HMI);
    },
  },
  'program-change-unlogged': {
    source: STRANGER,
    fires: (lan, source) => {
      lan.modbus(source, DOSING).ask(WRITE_FILE, WRITE_FILE);
      lan.wait(60).ask(SCADA, HMI);
    },
    silent: (lan, source) => {
      lan.modbus(source, DOSING).ask(WRITE_FILE, WRITE_FILE);
      says('download', 'program changed from 1f2e3d4c to 5b6a7988 (online)')(lan.wait(1), source);
      lan.wait(60).ask(SCADA, HMI);
    },
  },
  'log-sender': {
    source: STRANGER,
    fires: (lan, source) => lan.log(source, SERVICES, controller('start', 'running, warm restart')),
    silent: (lan) => lan.log(DOSING, SERVICES, controller('start', 'running, warm restart')),
  },
};
