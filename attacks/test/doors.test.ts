/** Verbs that go through doors: what can be written, what is refused before anything is sent, and what is sent. */
import { parseYamlText, seconds } from '@penstock/core';
import type { DeviceRegistry, DoorSession, Foothold } from '@penstock/simulator/kernel';
import { EventQueue } from '@penstock/simulator/kernel';
import { describe, expect, it } from 'vitest';
import { AttackEngine } from '../engine.ts';
import type { StepRecord } from '../host.ts';
import { type ScenarioSpec, scenarioSchema } from '../scenario.ts';
import { ScopeError } from '../scope.ts';
import { registryOf, smallPlant } from './plant.ts';

const DOORS = `    accounts:
      - { user: owner, password: Hafod-77 }
      - { user: admin, password: admin, vendorDefault: true }
    firmware: { signed: false }
    services:
      - { protocol: modbus }
      - { protocol: web, setPoints: [AIC301_SP] }
      - { protocol: telnet }
      - { protocol: ftp }
      - { protocol: snmp, communities: [{ name: Hafod-ro }, { name: public, vendorDefault: true }] }
`;
const plantWith = (change: (text: string) => string = (text) => text) =>
  smallPlant((text) => change(text.replace('    services: [{ protocol: modbus }]\n', DOORS)));

const scenario = (step: string): ScenarioSpec =>
  parseYamlText(
    `
id: doors
name: Doors
plant: small-works
story: Somebody comes in by a door.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 1s
observe: 1h
steps: [{ id: x, about: x, techniques: [T0886], ${step} }]
revertAfter: 10m
twin: { name: Twin, about: x, steps: [{ id: y, about: y, verb: discover, from: scada, zone: control, techniques: [T0846] }] }
`,
    'doors.yaml',
    scenarioSchema,
  );

/** Plays one step; every door answers well. */
function play(step: string, plant = plantWith(), registry: DeviceRegistry = registryOf(plant)) {
  const queue = new EventQueue();
  const sent: string[] = [];
  const records: StepRecord[] = [];
  const text = (bytes: Uint8Array | undefined) => new TextDecoder('latin1').decode(bytes);
  const doors = (to: string): DoorSession => ({
    web({ method, target, login, body }, done) {
      sent.push(`${to} ${method} ${target} ${login?.user} ${login?.password} ${text(body).slice(0, 40)}`.trim());
      const values = new TextEncoder().encode('{"values":{"AIC301_SP":8}}');
      const status = target === '/setpoint' ? 303 : 200;
      done({ status, headers: new Map(), body: values }, queue.now);
    },
    console(login, lines, done) {
      sent.push(`${to} console ${login.user} ${login.password}: ${lines.join('; ')}`);
      const answers = lines.map((line) =>
        line.startsWith('set') ? `${line.split(' ')[1]} set to 1` : 'the image is written',
      );
      done({ outcome: 'done', answers }, queue.now);
    },
    files(login, errand, done) {
      const name = 'name' in errand ? errand.name : '';
      sent.push(`${to} ftp ${login.user} ${login.password}: ${errand.kind} ${name}`.trim());
      done({ outcome: 'done', detail: '226 Transfer complete', bytes: new Uint8Array(3) }, queue.now);
    },
    snmp(community, kind, [oid], done) {
      sent.push(`${to} ${kind} ${community} ${oid?.join('.')}`);
      const next = oid?.length === 7 ? [...oid, 1, 0] : [1, 3, 6, 1, 2, 1, 2, 1, 0];
      done([{ oid: next, value: { type: 'octets', value: new TextEncoder().encode('PAC-7') } }], queue.now);
    },
  });
  const foothold: Foothold = {
    device: 'scada-1',
    modbus: () => ({ request() {}, release() {} }),
    doors: (to) => doors(to),
  };
  const engine = new AttackEngine(
    scenario(step),
    {
      ...{ run: 'run-1', plant, queue, registry, foothold: () => foothold, disturb() {} },
      record: (record) => void records.push(record),
      memory: () => 8,
    },
    { variant: 'attack' },
  );
  engine.start();
  queue.runUntil(seconds(30) as never);
  return { sent, end: records.find((record) => record.step === 'x' && record.event !== 'start'), engine };
}

const TO = 'from: scada, to: dosing-plc';

describe('a step through a door', () => {
  it.each([
    [`verb: login-default, ${TO}`, ['dosing GET / admin admin']],
    [`verb: login-default, ${TO}, over: telnet`, ['dosing console admin admin: exit']],
    [`verb: login-default, ${TO}, over: ftp`, ['dosing ftp admin admin: list']],
    [
      `verb: console-command, ${TO}, commands: [{ show: tags }, { set: AIC301_SP, value: 12 }, { restart: true }]`,
      ['dosing console admin admin: tags; set AIC301_SP 12; reboot'],
    ],
    [
      `verb: web-set-point, ${TO}, tag: AIC301_SP, value: 12`,
      ['dosing POST /setpoint admin admin tag=AIC301_SP&value=12'],
    ],
    [`verb: ftp-drop, ${TO}, file: notes.txt`, ['dosing ftp admin admin: store notes.txt']],
    [`verb: ftp-drop, ${TO}, file: notes.txt, act: delete`, ['dosing ftp admin admin: delete notes.txt']],
    [
      `verb: firmware-update, ${TO}, image: altered, version: V9`,
      [expect.stringMatching(/^dosing POST \/firmware admin admin -+PenstockFormBoundary/)],
    ],
    [
      `verb: firmware-update, ${TO}, image: genuine, version: V9, by: console`,
      ['dosing ftp admin admin: store /firmware.bin', 'dosing console admin admin: firmware install /firmware.bin'],
    ],
    [
      `verb: snmp-read, ${TO}`,
      ['dosing get-next-request public 1.3.6.1.2.1.1', 'dosing get-next-request public 1.3.6.1.2.1.1.1.0'],
    ],
  ])('sends what it is documented to send, and nothing else: %s', (step, expected) => {
    const { sent, end } = play(step);
    expect(end).toMatchObject({ event: 'done' });
    expect(sent.slice(0, expected.length)).toEqual(expected);
    // A set point is read back in the end; before that nothing more is sent.
    expect(sent.slice(expected.length).filter((what) => !what.includes('/values.json'))).toEqual([]);
  });

  it.each([
    [`verb: login-default, from: scada, to: nobody`, "no device of this run has the role 'nobody'"],
    [`verb: login-default, ${TO}, user: owner`, "no account 'owner' with the password that its vendor delivers"],
    [`verb: login-default, from: dosing-plc, to: scada`, "'scada' has no web service; dosing-plc have"],
    [`verb: console-command, ${TO}, commands: [{ set: AIC999_SP, value: 1 }]`, "has no tag 'AIC999_SP'"],
    [`verb: web-set-point, ${TO}, tag: AIC301_MODE, value: 1`, "the page of 'dosing-plc' does not set 'AIC301_MODE'"],
    [`verb: ftp-drop, from: dosing-plc, to: scada, file: a.txt`, "'scada' has no ftp service"],
    [`verb: snmp-read, from: dosing-plc, to: scada`, "'scada' has no snmp service"],
  ])('is refused before anything is sent: %s', (step, why) => {
    let refusal = '';
    try {
      const { sent, end } = play(step);
      expect(sent).toEqual([]);
      refusal = end?.event === 'refused' ? end.detail : '';
    } catch (error) {
      expect(error).toBeInstanceOf(ScopeError);
      refusal = (error as Error).message;
    }
    expect(refusal).toContain(why);
  });

  it('is refused where passwords are the owner’s, firmware stays as it is, or the registry was tampered with', () => {
    const refusal = (step: string, change: (text: string) => string): string => {
      try {
        const { sent, end } = play(step, plantWith(change));
        expect(sent).toEqual([]);
        return `${end?.event}: ${end?.detail}`;
      } catch (error) {
        // What is out of scope as it is written is refused before there is an engine.
        expect(error).toBeInstanceOf(ScopeError);
        return `refused: ${(error as Error).message}`;
      }
    };
    const owned = (text: string) => text.replace('password: admin, vendorDefault: true', 'password: Wern-4');
    expect(refusal(`verb: login-default, ${TO}`, owned)).toContain('refused: ');
    expect(
      refusal(`verb: firmware-update, ${TO}, image: genuine, version: V9`, (text) =>
        text.replace('    firmware: { signed: false }\n', ''),
      ),
    ).toContain("refused: the firmware of 'dosing-plc' cannot be replaced");
    expect(
      refusal(`verb: reflash-on-site, ${TO}`, (text) => text.replace('    firmware: { signed: false }\n', '')),
    ).toContain("refused: the firmware of 'dosing-plc' cannot be replaced");
    // Somebody who sits elsewhere has nobody to send.
    expect(refusal(`verb: reflash-on-site, ${TO}`, (text) => text)).toBe('failed: nobody can be sent to it from here');
    expect(
      refusal(`verb: snmp-read, ${TO}`, (text) => text.replace('public, vendorDefault: true', 'Hafod-rw')),
    ).toContain('no community');
    const plant = plantWith();
    const elsewhere = plantWith((text) => text.replace('address: 10.9.1.13', 'address: 10.9.1.99'));
    expect(() => play(`verb: login-default, ${TO}`, plant, registryOf(elsewhere))).toThrow('is not where plant');
  });

  it.each([
    `verb: login-default, from: 10.9.2.10, to: dosing-plc`,
    `verb: login-default, ${TO}, password: guess`,
    `verb: login-default, ${TO}, over: ssh`,
    `verb: login-default, ${TO}, port: 8080`,
    `verb: console-command, ${TO}, commands: ['stop']`,
    `verb: console-command, ${TO}, commands: [{ run: 'rm -rf /' }]`,
    `verb: console-command, ${TO}, commands: [{ show: passwords }]`,
    `verb: web-set-point, ${TO}, tag: holding/10, value: 1`,
    `verb: ftp-drop, ${TO}, file: ../../etc/passwd`,
    `verb: ftp-drop, ${TO}, file: /firmware/x.bin`,
    `verb: ftp-drop, ${TO}, file: a.txt, content: anything`,
    `verb: firmware-update, ${TO}, image: { file: /tmp/x.bin }, version: V1`,
    `verb: firmware-update, ${TO}, image: genuine, version: 'V1; reboot'`,
    `verb: snmp-read, ${TO}, community: secret`,
    `verb: snmp-read, ${TO}, group: 1.3.6.1`,
  ])('cannot be written with anything else: %s', (step) => {
    expect(() => scenario(step)).toThrow(/doors\.yaml:\d+/);
  });

  it('fails plainly where whoever acts is no host on the wire', () => {
    const queue = new EventQueue();
    const records: StepRecord[] = [];
    const plant = plantWith();
    const engine = new AttackEngine(
      scenario(`verb: login-default, ${TO}`),
      {
        ...{ run: 'run-1', plant, queue, registry: registryOf(plant), disturb() {} },
        foothold: () => ({ device: 'scada-1', modbus: () => ({ request() {}, release() {} }) }),
        record: (record) => void records.push(record),
      },
      { variant: 'attack' },
    );
    engine.start();
    queue.runUntil(seconds(30) as never);
    expect(records.find(({ event }) => event === 'failed')?.detail).toContain('nobody can come in by doors');
  });

  it('counts against the caps', () => {
    const { sent, end, engine } = play(
      `verb: console-command, ${TO}, commands: [{ restart: true }], caps: { writes: 0 }`,
    );
    expect([sent, end?.event]).toEqual([[], 'capped']);
    expect(engine.report.writes).toBe(0);
  });
});
