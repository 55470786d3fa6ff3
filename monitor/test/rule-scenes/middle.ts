/** Somebody between two others, and what only looks like it. */
import type { Card, Lan } from '../lan.ts';
import { announced, DOSING, FILTERS, GATEWAY, HMI, INTAKE, poll, SCADA, type Scene, STRANGER } from './scene.ts';

const INTRUDER = '00:0c:29:00:00:66';
const NEW_CARD = '00:80:f4:00:77:12';
const u16 = (n: number): number[] => [(n >>> 8) & 255, n & 255];

/** The intruder's card in the place of a host's. */
const posing = (lan: Lan, as: string): Card => ({ ...lan.host(as), mac: INTRUDER });

/** Forged replies tell `first` and `second` that the other is here, as redirecting tools do every two seconds. */
function poison(lan: Lan, first: string, second: string, rounds: number): void {
  for (let i = 0; i < rounds; i++) {
    lan.reply(posing(lan, second), lan.host(first));
    lan.reply(posing(lan, first), lan.host(second));
    lan.wait(2);
  }
}

/** The answer passes twice: from the device, and from the intruder with `values`. */
function relayed(
  lan: Lan,
  from: string,
  to: string,
  values: readonly number[],
  shown: readonly number[],
  ttl?: number,
): void {
  const line = lan.modbus(from, to);
  const answer = (registers: readonly number[]): number[] =>
    line.adu([4, registers.length * 2, ...registers.flatMap(u16)]);
  for (let i = 0; i < 4; i++) {
    lan.wait(1);
    line.ask([4, 0, 0, 0, values.length], undefined);
    line.session.answer(answer(values), { mac: INTRUDER, data: answer(shown), ...(ttl !== undefined && { ttl }) });
  }
}

/** A filter controller that comes back as another card. */
function replaced(lan: Lan): void {
  lan.announce({ ip: FILTERS, mac: NEW_CARD });
  lan.reply({ ip: FILTERS, mac: NEW_CARD }, lan.host(DOSING));
}

/** The second card of a host takes over for good: announced, and the first is never heard again. */
function failover(lan: Lan): void {
  const card = { ip: HMI, mac: NEW_CARD };
  lan.ask(SCADA, HMI);
  lan.announce(card);
  for (let i = 0; i < 5; i++) lan.wait(2).announce(card);
}

export const middleScenes: Readonly<Record<string, Scene>> = {
  'address-moved': {
    source: SCADA,
    fires: failover,
    silent: (lan) => {
      // A device replaced under a work order, a reboot, and a lease that somebody else has now.
      lan.announce(lan.host(HMI));
      lan.ask(STRANGER, SCADA);
      lan.wait(600).announce({ ip: STRANGER, mac: NEW_CARD });
      replaced(announced(lan));
    },
  },
  'address-contested': {
    source: SCADA,
    fires: (lan, from) => {
      lan.ask(from, HMI);
      poison(lan, from, HMI, 2);
      lan.ask(from, HMI);
    },
    silent: failover,
  },
  'gateway-claimed': {
    source: SCADA,
    fires: (lan, from) => {
      lan.ask(from, GATEWAY);
      lan.reply(posing(lan, GATEWAY), lan.host(from));
    },
    silent: (lan) => {
      // A redundant pair of firewalls shares a VRRP card (RFC 9568), which moves with the duty.
      lan.reply({ ip: GATEWAY, mac: '00:00:5e:00:01:0a' }, lan.host(SCADA), '00:90:0b:00:00:02');
      lan.wait(5).announce({ ip: GATEWAY, mac: '00:00:5e:00:01:0a' });
    },
  },
  'addresses-taken': {
    source: SCADA,
    fires: (lan, from) => {
      lan.ask(from, HMI);
      poison(lan, from, HMI, 1);
    },
    silent: failover,
  },
  'arp-unsolicited': {
    source: SCADA,
    fires: (lan, from) => poison(lan, from, HMI, 3),
    silent: (lan, from) => {
      for (let i = 0; i < 10; i++) lan.ask(from, HMI);
    },
  },
  'arp-forged': {
    source: SCADA,
    fires: (lan, from) => lan.reply(lan.host(HMI), lan.host(from), INTRUDER),
    silent: (lan, from) => lan.ask(from, HMI),
  },
  'arp-flood': {
    source: STRANGER,
    fires: (lan, from) => {
      for (let i = 0; i < 200; i++) lan.reply({ ip: `10.10.2.${1 + (i % 200)}`, mac: INTRUDER }, lan.host(from));
    },
    silent: (lan, from) => {
      for (let i = 0; i < 60; i++) lan.ask(from, HMI);
    },
  },
  'two-ways': {
    source: SCADA,
    fires: (lan, from) => relayed(lan, from, DOSING, [830], [830]),
    // A sensor on both sides of a router sees each packet twice, too; but its hop limit has gone down.
    silent: (lan, from) => relayed(lan, from, DOSING, [830], [830], 63),
  },
  'two-answers': {
    source: SCADA,
    fires: (lan, from) => relayed(lan, from, DOSING, [960], [830]),
    silent: (lan, from) => relayed(lan, from, DOSING, [960], [960]),
  },
  'order-changed-on-the-way': {
    source: SCADA,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      const order = (value: number): number[] => line.adu([6, 0, 20, ...u16(value)]);
      line.session.send(order(400), { mac: INTRUDER, data: order(1000) });
      line.session.answer(order(1000));
    },
    silent: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      const order = line.adu([6, 0, 20, ...u16(400)]);
      // A retransmission.
      line.session.send(order, {});
      line.session.answer(order);
    },
  },
  'ttl-changed': {
    source: SCADA,
    fires: (lan, from) => {
      const line = lan.modbus(from, DOSING);
      for (let i = 0; i < 4; i++) {
        line.read('input', 0, [830]);
        const { session } = line;
        const forged = { ...session.client, ttl: 57 };
        lan.tcp(forged, session.server, session.ports, session.clientSequence, session.serverSequence, 16, []);
      }
    },
    silent: (lan, from) => {
      for (let i = 0; i < 4; i++) poll(lan.modbus(from, DOSING));
    },
  },
  'fingerprint-changed': {
    source: SCADA,
    fires: (lan, from) => {
      lan.connect(from, INTAKE, 502).close();
      const other = { ...lan.host(from), ttl: 128 };
      lan.tcp(other, lan.host(INTAKE), [45_001, 502], 77, 0, 2, []);
    },
    silent: (lan, from) => {
      for (let i = 0; i < 3; i++) lan.connect(from, INTAKE, 502).close();
    },
  },
};
