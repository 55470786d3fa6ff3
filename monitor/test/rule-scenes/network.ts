/** The network around Modbus: who speaks to whom, sweeps, names, time, ways in and out. */
import type { Lan } from '../lan.ts';
import {
  DOSING,
  ENGINEERING,
  FILTERS,
  HMI,
  INTAKE,
  ntp,
  OFFICE,
  poll,
  resolve,
  SCADA,
  type Scene,
  SERVICES,
  STRANGER,
} from './scene.ts';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const ABROAD = '203.0.113.80';

/** A conversation in which both sides say something. */
function talk(
  lan: Lan,
  from: string,
  to: string,
  port: number,
  asked = 'hello there, who are you',
  answer = asked,
): void {
  const session = lan.connect(from, to, port);
  session.send(text(asked));
  session.answer(text(answer));
  session.close();
  lan.wait(10);
}

/** Sends many segments without showing each acknowledgement. */
function upload(lan: Lan, from: string, to: string, bytes: number): void {
  const session = lan.connect(from, to, 8443);
  session.answer(text('go on'));
  const chunk = new Uint8Array(1400).fill(0x2e);
  session.send(chunk);
  // What lies between is lost on the sensor; the sequence numbers tell how much it was.
  session.clientSequence += bytes;
  session.send(chunk);
  session.answer(text('done'));
  session.close();
  lan.wait(10);
}

export const networkScenes: Readonly<Record<string, Scene>> = {
  sweep: {
    source: STRANGER,
    fires: (lan, from) => {
      for (let port = 1; port <= 15; port++) lan.attempt(from, DOSING, port);
    },
    silent: (lan, from) => {
      for (let port = 1; port <= 10; port++) lan.attempt(from, DOSING, port);
    },
  },
  'sweep-addresses': {
    source: STRANGER,
    fires: (lan, from) => {
      for (let host = 1; host <= 20; host++) lan.ask(from, `10.10.2.${100 + host}`, false);
    },
    silent: (lan, from) => {
      for (let host = 1; host <= 20; host++) lan.wait(10).ask(from, `10.10.2.${100 + host}`, false);
    },
  },
  'sweep-failed': {
    source: STRANGER,
    fires: (lan, from) => {
      for (let host = 1; host <= 16; host++) lan.attempt(from, `10.10.2.${100 + host}`, 502);
      lan.wait(30);
    },
    silent: (lan, from) => {
      for (let host = 1; host <= 8; host++) lan.attempt(from, `10.10.2.${100 + host}`, 502);
      lan.wait(30);
    },
  },
  'sweep-icmp': {
    source: STRANGER,
    fires: (lan, from) => {
      for (let host = 1; host <= 15; host++) lan.ping(from, `10.10.2.${100 + host}`);
    },
    silent: (lan, from) => {
      for (let i = 0; i < 30; i++) lan.ping(from, DOSING);
    },
  },
  'new-conversation': {
    source: STRANGER,
    fires: (lan, from) => talk(lan, from, DOSING, 80),
    silent: (lan) => poll(lan.modbus(SCADA, DOSING)),
  },
  'new-service': {
    source: HMI,
    fires: (lan, from) => talk(lan, from, DOSING, 8088),
    silent: (lan, from) => lan.attempt(from, DOSING, 8088),
  },
  'public-address': {
    source: SCADA,
    fires: (lan, from) => lan.attempt(from, ABROAD, 443, 'none'),
    silent: (lan) => lan.attempt(OFFICE, ABROAD, 443, 'none'),
  },
  'dns-tunnel': {
    source: SCADA,
    fires: (lan, from) => {
      for (let i = 0; i < 3; i++) resolve(lan, from, `${i}${'abcdef0123456789'.repeat(3)}.example.net`, false);
    },
    silent: (lan, from) => {
      for (let i = 0; i < 10; i++) resolve(lan, from, `services-${i}.works.example`);
    },
  },
  'unknown-names': {
    source: SCADA,
    fires: (lan, from) => {
      for (let i = 0; i < 20; i++) resolve(lan, from, `update${i}.example.net`, false);
    },
    silent: (lan, from) => {
      for (let i = 0; i < 40; i++) resolve(lan, from, 'old-server.works.example', false);
    },
  },
  'office-to-process': {
    source: OFFICE,
    fires: (lan, from) => talk(lan, from, DOSING, 80),
    silent: (lan, from) => talk(lan, from, SERVICES, 80),
  },
  'refused-between-zones': {
    source: OFFICE,
    fires: (lan, from) => {
      for (let i = 0; i < 5; i++) lan.attempt(from, [DOSING, FILTERS, INTAKE][i % 3] as string, 502, 'none');
      lan.wait(30);
      lan.ask(SCADA, HMI);
    },
    silent: (lan, from) => {
      for (let i = 0; i < 5; i++) lan.wait(600).attempt(from, DOSING, 502, 'none');
      lan.wait(30);
      lan.ask(SCADA, HMI);
    },
  },
  'large-upload': {
    source: SCADA,
    fires: (lan, from) => upload(lan, from, SERVICES, 30_000_000),
    silent: (lan, from) => upload(lan, from, SERVICES, 3_000_000),
  },
  'clear-text-logon': {
    source: ENGINEERING,
    fires: (lan, from) => talk(lan, from, FILTERS, 23, 'root\r\n', 'Password: '),
    silent: (lan, from) => talk(lan, from, FILTERS, 22, 'SSH-2.0-x\r\n', 'SSH-2.0-y\r\n'),
  },
  'basic-authentication': {
    source: ENGINEERING,
    fires: (lan, from) =>
      talk(
        lan,
        from,
        FILTERS,
        80,
        'GET /status HTTP/1.1\r\nHost: filter-plc\r\nAuthorization: Basic YWRtaW46YWRtaW4=\r\n\r\n',
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      ),
    silent: (lan, from) =>
      talk(
        lan,
        from,
        FILTERS,
        80,
        'GET /status HTTP/1.1\r\nHost: filter-plc\r\n\r\n',
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      ),
  },
  'remote-access': {
    source: ENGINEERING,
    fires: (lan, from) => lan.attempt(from, SCADA, 3389, 'none'),
    silent: (lan, from) => lan.attempt(from, SERVICES, 22, 'none'),
  },
  'time-source': {
    source: SCADA,
    fires: (lan, from) => ntp(lan, from, STRANGER),
    silent: (lan, from) => ntp(lan, from),
  },
  'silent-session': {
    source: ENGINEERING,
    fires: (lan, from) => {
      const session = lan.connect(from, FILTERS, 4444);
      for (let minutes = 0; minutes < 70; minutes += 4) {
        lan.wait(240);
        session.send([1]);
        session.answer([1]);
      }
      session.close();
      lan.wait(10);
      lan.ask(SCADA, HMI);
    },
    silent: (lan, from) => {
      talk(lan, from, FILTERS, 4444);
      lan.ask(SCADA, HMI);
    },
  },
  'half-open-flood': {
    source: STRANGER,
    fires: (lan, from) => {
      for (let i = 0; i < 200; i++) lan.attempt(from, DOSING, 502, 'none');
      lan.wait(30).ask(SCADA, HMI);
    },
    silent: (lan, from) => {
      for (let i = 0; i < 50; i++) lan.attempt(from, DOSING, 502, 'none');
      lan.wait(30).ask(SCADA, HMI);
    },
  },
  'poll-silence': {
    source: SCADA,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let i = 0; i < 180; i++) {
        lan.wait(1);
        poll(line);
      }
      for (let i = 0; i < 60; i++) lan.wait(1).ask(HMI, SCADA);
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let i = 0; i < 240; i++) {
        lan.wait(1);
        poll(line);
      }
    },
  },
};
