/** Attacks through doors that stand open: what they change, that it is undone, and what the monitor says to it. */
import { fileURLToPath } from 'node:url';
import { type ScenarioSpec, type StepRecord, scenarioSchema } from '@penstock/attacks';
import { parseYamlText, seconds } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import type { Device } from '@penstock/simulator/devices';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;
let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./doors-plant', import.meta.url)));
});

const scenario = (steps: string, revert = ''): ScenarioSpec =>
  parseYamlText(
    `
id: open-door
name: Open door
plant: doors-plant
story: Somebody knows what the vendor delivers.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 30s
observe: 20m
revertAfter: 5m
steps:
${steps}
${revert}
twin:
  name: Maintenance
  about: Somebody who may looks at the page.
  steps: [{ id: look, about: x, verb: discover, from: engineering, zone: control, by: [ping], techniques: [T0846] }]
`,
    'open-door.yaml',
    scenarioSchema,
  );

function stage(spec: ScenarioSpec, onStep: (record: StepRecord) => void = () => undefined) {
  const records: StepRecord[] = [];
  const play = new Play({
    ...{ plant, run: 'test', seed: 7, startAt: 0 as never, scenario: { spec, variant: 'attack' } },
    monitor: { rules: builtInRules(), mode: 'watch' },
    onStep: (record: StepRecord) => {
      records.push(record);
      onStep(record);
    },
  });
  const device = (id: string) => play.range.devices.get(id) as Device;
  return {
    play,
    device,
    told: () =>
      records
        .filter(({ phase, event }) => phase === 'attack' && event !== 'start')
        .map(({ step, event, detail }) => `${step} ${event}: ${detail}`),
    held: (id: string, tag: string) => device(id).controller?.variable(tag).get(),
    rules: () => [...new Set((play.monitor?.alerts ?? []).map(({ rule }) => rule))].sort(),
  };
}

const PLC = 'to: pump-plc, techniques: [T0836]';

describe('the vendor’s password', () => {
  it('leads from the office to a changed set point, which is put back, and is noticed', () => {
    const { play, told, held, rules } = stage(
      scenario(`
  - { id: in, about: logs on, verb: login-default, from: office-pc, ${PLC} }
  - { id: raise, about: fills too far, verb: web-set-point, from: office-pc, tag: LIC201_SP, value: 4.9, ${PLC}, after: { step: in, wait: 10s } }`),
    );
    play.runUntil(at(120));
    expect(told()).toEqual(['in done: logged on as admin over web', 'raise done: LIC201_SP := 4.9']);
    expect(held('pump-plc', 'LIC201_SP')).toBeCloseTo(4.9);
    play.runUntil(at(900));
    expect(held('pump-plc', 'LIC201_SP')).toBe(2.5);
    expect(play.attack?.report.revert).toMatchObject({
      state: 'proven',
      tags: [{ tag: 'LIC201_SP', before: 2.5, proven: true }],
    });
    play.finish();
    expect(rules()).toEqual(
      expect.arrayContaining(['default-credentials', 'device-page-order', 'office-to-process', 'basic-authentication']),
    );
  });

  it('opens the console, the file drop and SNMP', () => {
    const { play, told, rules, device } = stage(
      scenario(`
  - { id: walk, about: who is it, verb: snmp-read, from: engineering, group: system, ${PLC} }
  - { id: points, about: what does it measure, verb: snmp-read, from: engineering, group: points, ${PLC}, after: { step: walk } }
  - { id: leave, about: leaves a file, verb: ftp-drop, from: engineering, file: notes.txt, ${PLC}, after: { step: points } }
  - { id: type, about: types, verb: console-command, from: engineering, commands: [{ show: version }, { set: LIC201_MODE, value: 0 }], ${PLC}, after: { step: leave } }`),
    );
    play.runUntil(at(120));
    expect(told()).toEqual([
      'walk done: 7 objects of system; Calder Controls Process controller PAC-7, firmware V2.4.1',
      'points done: 25 objects of points',
      'leave done: store notes.txt',
      'type done: version; set LIC201_MODE 0',
    ]);
    expect(device('pump-plc').doors?.files.read('/notes.txt')).toBeDefined();
    play.runUntil(at(700));
    expect(play.attack?.report.revert.state).toBe('proven');
    play.finish();
    expect(rules()).toEqual(expect.arrayContaining(['console-order', 'default-community', 'default-credentials']));
    const inventory = play.monitor?.devices().find(({ id }) => id === 'pump-plc');
    expect(inventory?.logons).toEqual([
      'ftp admin a**** (delivered so)',
      'snmp p***** (delivered so)',
      'telnet admin a**** (delivered so)',
    ]);
    expect(inventory?.identity).toMatchObject({
      TelnetBanner: 'Process controller PAC-7, firmware V2.4.1',
      sysDescr: 'Calder Controls Process controller PAC-7, firmware V2.4.1',
      sysLocation: 'Tank house',
    });
  });

  it('reaches a thing of the office by its page alone, and what was set there is put back too', () => {
    const { play, told, held } = stage(
      scenario(
        `  - { id: heat, about: heats, verb: web-set-point, from: office-pc, to: thermostat, tag: TC901_SP, value: 29, techniques: [T0836] }`,
      ),
    );
    play.runUntil(at(60));
    expect(told()).toEqual(['heat done: TC901_SP := 29']);
    expect(held('thermostat', 'TC901_SP')).toBe(29);
    play.runUntil(at(900));
    expect([held('thermostat', 'TC901_SP'), play.attack?.report.revert.state]).toEqual([20.5, 'proven']);
    play.finish();
  });
});

describe('firmware', () => {
  it('that somebody altered is taken, is noticed, and the genuine one is put back', () => {
    const image = 'techniques: [T1693.001]';
    const { play, told, device, rules } = stage(
      scenario(
        `  - { id: flash, about: other firmware, verb: firmware-update, from: engineering, to: pump-plc, by: ftp, image: altered, version: V2.4.9, ${image} }
  - { id: ask, about: who is it now, verb: snmp-read, from: engineering, to: pump-plc, techniques: [T0888], after: { step: flash, wait: 90s } }`,
        `revert:\n  - { id: restore, about: as it was, verb: firmware-update, from: engineering, to: pump-plc, by: web, image: genuine, version: V2.4.1, ${image} }`,
      ),
    );
    play.runUntil(at(90));
    expect(told()).toEqual(['flash done: firmware V2.4.9 (altered) by ftp']);
    play.runUntil(at(200));
    expect(device('pump-plc').identity.revision).toBe('V2.4.9');
    play.runUntil(at(900));
    expect([device('pump-plc').identity.revision, device('pump-plc').on]).toEqual(['V2.4.1', true]);
    play.finish();
    expect(rules()).toEqual(expect.arrayContaining(['firmware-unannounced', 'firmware-unsigned', 'identity-changed']));
  });

  it.each([
    [
      'by the step that sends somebody there',
      `revert:\n  - { id: drive, about: somebody drives there, verb: reflash-on-site, from: engineering, to: pump-plc, takes: 2m, techniques: [T1693.001] }`,
      'drive done: the image of before',
    ],
    ['by the range where no step sees to it', '', 'reflash-pump-plc done: the image of before'],
  ])('that a device cannot run is written again at the device itself: %s', (_, revert, done) => {
    const records: StepRecord[] = [];
    const spec = scenario(
      `  - { id: flash, about: breaks it, verb: firmware-update, from: engineering, to: pump-plc, by: ftp, image: corrupt, version: V2.5.0, techniques: [T1693.001] }`,
      revert,
    );
    const { play, device } = stage(spec, (record) => records.push(record));
    play.runUntil(at(300));
    expect([device('pump-plc').doors?.isBricked, device('pump-plc').on]).toEqual([true, false]);
    play.runUntil(at(900));
    expect([device('pump-plc').identity.revision, device('pump-plc').on]).toEqual(['V2.4.1', true]);
    expect(device('pump-plc').controller?.mode).toBe('running');
    expect(play.attack?.report.revert).toMatchObject({
      state: 'proven',
      firmware: [{ device: 'pump-plc', before: 'V2.4.1', now: 'V2.4.1', proven: true, reason: '' }],
    });
    const reverted = records.filter(({ phase, event }) => phase === 'revert' && event === 'done');
    expect(reverted.map(({ step, event, detail }) => `${step} ${event}: ${detail}`)).toContain(done);
    play.finish();
  });
});

describe('a day without an attack', () => {
  it('raises nothing of what looks through doors', () => {
    const play = new Play({
      plant,
      run: 'test',
      seed: 7,
      startAt: 0 as never,
      monitor: { rules: builtInRules(), mode: 'watch' },
    });
    play.runUntil(at(process.env.PENSTOCK_PROVE === '1' ? 86_400 : 1800));
    play.finish();
    expect(play.monitor?.alerts.filter(({ severity }) => severity === 'high' || severity === 'critical')).toEqual([]);
  });
});
