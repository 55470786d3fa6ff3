/** The small works of the rules' captures: who is there, and what passes on an ordinary morning. */
import { DNS_PORT, encodeDns, RCODE_NAME_ERROR, RCODE_NONE, TYPE_A } from '@penstock/protocols/dns';
import type { Lan, ModbusLine } from '../lan.ts';
import { float } from '../works.ts';
import { boosterMorning } from './booster.ts';
import { mqttMorning } from './gateway.ts';
import { opcuaMorning } from './panel.ts';

export const SCADA = '10.10.2.10';
export const HMI = '10.10.2.11';
export const GATEWAY = '10.10.2.254';
export const ENGINEERING = '10.10.3.30';
export const DOSING = '10.10.1.13';
export const FILTERS = '10.10.1.12';
export const INTAKE = '10.10.1.11';
/** A remote station behind a radio link, which speaks DNP3. */
export const BOOSTER = '10.10.1.21';
export const SAFETY = '10.10.11.11';
/** Controller with a page, a console, a file drop and SNMP. */
export const PUMP = '10.10.1.14';
/** Controller of a ventilation, which speaks BACnet. */
export const VENTILATION = '10.10.1.30';
export const JUMP_HOST = '10.10.35.20';
export const CAMERA = '10.10.40.50';
export const SERVICES = '10.10.35.5';
export const OFFICE = '10.10.40.30';
/** In no list. */
export const STRANGER = '10.10.2.99';

export interface Scene {
  /** Who does it. The same must fire from anybody else, where the rule does not know sources. */
  readonly source: string;
  fires(lan: Lan, source: string): void;
  silent(lan: Lan, source: string): void;
}

/** The time of the work orders. */
export function announced(lan: Lan): Lan {
  return lan.wait(4.5 * 3600);
}

/** One round of the SCADA server over the dosing controller. */
export function poll(line: ModbusLine, dose = 8, mode = 0, ph = 830): void {
  line.read('holding', 10, float(dose));
  line.read('holding', 20, [400]);
  line.read('input', 0, [ph]);
  line.read('coil', 3, [mode]);
}

export function polls(lan: Lan, line: ModbusLine, rounds: number, dose = 8, mode = 0): void {
  for (let round = 0; round < rounds; round++) {
    lan.wait(1);
    poll(line, dose, mode, 830 + (round % 3));
  }
}

/** The noise of instruments: the same for the same reading, and never the same twice. */
function noise(reading: number): number {
  let x = Math.imul(reading + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  return ((x ^ (x >>> 13)) >>> 0) / 2 ** 32 - 0.5;
}

/** What the intake controller tells; `flow` in m³/h, `level` in millimetres. */
export interface Intake {
  readonly flow?: number;
  readonly level?: number;
  readonly running?: boolean;
  readonly order?: number;
}

/** One round of the SCADA server over the intake controller. */
export function pollIntake(
  line: ModbusLine,
  reading: number,
  { flow, level, running = true, order = 150 }: Intake = {},
): void {
  const shown = flow ?? 150 + 4 * noise(reading);
  line.read('input', 0, [...float(shown), level ?? 2000 + Math.round(40 * noise(reading + 50_000))]);
  line.read('discrete', 0, [running ? 1 : 0]);
  line.read('holding', 0, float(order));
}

export function resolve(lan: Lan, from: string, name: string, known = true, server = SERVICES): void {
  const id = (lan.frames.length * 7) & 0xffff;
  const question = { name, type: TYPE_A, class: 1 };
  const message = {
    id,
    response: false,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    rcode: RCODE_NONE,
    questions: [question],
    answers: [],
  };
  const port = 53_000 + (id % 1000);
  lan.udp(from, server, [port, DNS_PORT], encodeDns(message));
  const answers = known ? [{ name, type: TYPE_A, ttlSeconds: 900, data: server }] : [];
  const rcode = known ? RCODE_NONE : RCODE_NAME_ERROR;
  lan.udp(server, from, [DNS_PORT, port], encodeDns({ ...message, response: true, rcode, answers }));
}

/** What is learned before the captures are judged. */
export function ordinaryMorning(lan: Lan): void {
  mqttMorning(lan);
  for (const [from, to] of [
    [SCADA, HMI],
    [SCADA, GATEWAY],
    [HMI, GATEWAY],
    [DOSING, FILTERS],
  ] as const)
    lan.ask(from, to);
  const line = lan.modbus(SCADA, DOSING);
  for (const dose of [7.5, 8, 8.5, 9, 8]) {
    line.write(10, float(dose));
    polls(lan, line, 8, dose);
  }
  for (const mode of [1, 0]) {
    line.coil(3, mode === 1);
    polls(lan, line, 8, 8, mode);
  }
  for (const device of [FILTERS, SAFETY]) {
    const other = lan.modbus(SCADA, device);
    for (let i = 0; i < 4; i++) other.read('holding', 0, [1, 2, 3, i]);
  }
  lan.modbus(ENGINEERING, DOSING).read('holding', 10, float(8));
  lan.connect(ENGINEERING, SERVICES, 22).close();
  resolve(lan, SCADA, 'services.works.example');
  for (const device of [SCADA, DOSING, FILTERS, INTAKE, SAFETY, GATEWAY]) {
    lan.log(device, SERVICES, { text: 'running, warm restart', messageId: 'start' });
    ntp(lan, device);
  }
  const intake = lan.modbus(SCADA, INTAKE);
  boosterMorning(lan, SCADA, BOOSTER, 400, (second) => pollIntake(intake, second));
  opcuaMorning(lan, HMI, SCADA);
}

/** A question for the time and its answer (RFC 5905, modes 3 and 4). */
export function ntp(lan: Lan, client: string, server = SERVICES): void {
  const message = (mode: number): number[] => [
    0x20 | mode,
    mode === 4 ? 2 : 0,
    6,
    0xec,
    ...new Array<number>(44).fill(1),
  ];
  lan.udp(client, server, [50_123, 123], message(3));
  lan.udp(server, client, [123, 50_123], message(4));
}
