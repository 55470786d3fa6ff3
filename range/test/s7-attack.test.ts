/** Attacks on a controller itself, over S7 and over Modbus: what is sent, what runs, and that it is undone. */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type ScenarioSpec, ScopeError, type StepRecord, scenarioSchema } from '@penstock/attacks';
import { parseYamlText, seconds } from '@penstock/core';
import type { Device } from '@penstock/simulator/devices';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;
const folder = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));
const hash = (text: string) => createHash('sha256').update(text).digest('hex');

let filters: Plant;
let small: Plant;
beforeAll(async () => {
  [filters, small] = await Promise.all([readPlant(folder('filter-plant')), readPlant(folder('small-plant'))]);
});

const scenario = (steps: string, rest = '', plant = 'filter-plant'): ScenarioSpec =>
  parseYamlText(
    `
id: quiet-download
name: Quiet download
plant: ${plant}
story: Somebody at the engineering station changes what the controller does.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 30s
observe: 10m
revertAfter: 2m
${rest}
steps:
${steps}
twin:
  name: Legitimate
  about: Somebody who may looks at the program.
  steps: [{ id: look, about: x, verb: program-upload, from: engineering, to: filter-plc, techniques: [T0845] }]
`,
    'quiet-download.yaml',
    scenarioSchema,
  );

const FROM = 'from: engineering, to: filter-plc';
const EDIT = "program: { edits: [{ find: 'LIC101_SP + 0.1', replace: 'LIC101_SP + 3.1' }] }";
const upload = `  - { id: look, about: reads the program, verb: program-upload, ${FROM}, techniques: [T0845] }\n`;
const download = `  - { id: change, about: fills too far, verb: program-download, ${FROM}, techniques: [T0843], tags: [LIT101], ${EDIT} }\n`;
const stop = `  - { id: stop, about: stops it, verb: cpu-stop, ${FROM}, techniques: [T0858] }\n`;

function stage(spec: ScenarioSpec, plant: Plant, controller: string) {
  const records: StepRecord[] = [];
  const play = new Play({
    ...{ plant, run: 'test', seed: 7, startAt: 0 as never, scenario: { spec, variant: 'attack' } },
    onStep: (record: StepRecord) => records.push(record),
  });
  const device = play.range.devices.get(controller) as Device;
  const told = () => records.map(({ phase, step, event }) => `${phase} ${step} ${event}`);
  return { play, records, told, controller: device.controller as NonNullable<Device['controller']> };
}

describe('a program download over S7', () => {
  it('changes what runs, is put back, and the hash proves it', () => {
    const { play, controller, told, records } = stage(
      scenario(upload + download.replace('about:', 'after: { step: look, wait: 5s }, about:')),
      filters,
      'filter-plc',
    );
    const original = controller.source;
    play.runUntil(at(60));
    expect(controller.source).toContain('LIC101_SP + 3.1');
    expect(controller.diagnostics.list().at(-1)).toMatchObject({
      id: 'download',
      by: expect.stringContaining('s7 10.8.2.30'),
    });
    play.runUntil(at(600));
    expect([controller.source, controller.mode]).toEqual([original, 'running']);
    expect(play.attack?.report.revert).toEqual({
      state: 'proven',
      tags: [],
      programs: [
        {
          ...{ device: 'filter-plc', before: hash(original), readBack: hash(original), controller: hash(original) },
          ...{ mode: 'running', proven: true, reason: '' },
        },
      ],
    });
    expect(told()).toEqual([
      'attack look start',
      'attack look done',
      'attack change start',
      'attack change done',
      'revert restore-program-filter-plc start',
      'revert restore-program-filter-plc done',
      'revert read-back start',
      'revert read-back done',
    ]);
    expect(records[1]?.detail).toBe(`program of ${original.length} characters, ${hash(original).slice(0, 16)}`);
    expect(play.attack?.report.taken).toBe(1);
  });

  it.each([
    ["find: 'not there', replace: x", "'not there' stands 0 times in the program, not once"],
    ["find: 'END_PROGRAM', replace: 'IF'", 'refused (error 0x8404'],
  ])('that cannot be done (%s) fails with the reason, and the old one goes on', (edit, reason) => {
    const steps = `  - { id: change, about: x, verb: program-download, ${FROM}, techniques: [T0843], program: { edits: [{ ${edit} }] } }\n`;
    const { play, controller, records } = stage(scenario(steps), filters, 'filter-plc');
    play.runUntil(at(60));
    expect([controller.isOriginal, controller.mode]).toEqual([true, 'running']);
    expect(records.find(({ event }) => event === 'failed')?.detail).toContain(reason);
  });

  it('is refused with the key at RUN', () => {
    const { play, controller, records } = stage(scenario(download), filters, 'filter-plc');
    controller.setKey('run');
    play.runUntil(at(60));
    expect(controller.isOriginal).toBe(true);
    expect(records.find(({ event }) => event === 'failed')?.detail).toContain('0xd241');
  });

  it('is ended by a cap on writes, and counts its requests as packets', () => {
    const capped = scenario(download, 'caps: { writes: 0 }');
    const { play, controller, told } = stage(capped, filters, 'filter-plc');
    play.runUntil(at(60));
    expect([controller.isOriginal, told()]).toEqual([true, ['attack change start', 'attack change capped']]);
    expect(play.attack?.report.packets).toBeGreaterThan(3);
  });
});

describe('a controller that is stopped, or whose program is deleted', () => {
  it('runs again after the revert', () => {
    const { play, controller } = stage(scenario(stop), filters, 'filter-plc');
    play.runUntil(at(60));
    expect(controller.mode).toBe('stopped');
    play.runUntil(at(600));
    expect(controller.mode).toBe('running');
    expect(play.attack?.report.revert).toMatchObject({ state: 'proven', programs: [{ mode: 'running' }] });
  });

  it('has its program again after the revert', () => {
    const steps = `  - { id: delete, about: takes it away, verb: program-delete, ${FROM}, techniques: [T0809] }\n`;
    const { play, controller } = stage(scenario(steps), filters, 'filter-plc');
    play.runUntil(at(60));
    expect([controller.mode, controller.source]).toEqual(['stopped', '']);
    play.runUntil(at(600));
    expect([controller.mode, controller.isOriginal]).toEqual(['running', true]);
    expect(play.attack?.report.revert.state).toBe('proven');
  });
});

describe('the same verbs over Modbus', () => {
  const steps = (verb: string) =>
    `  - { id: act, about: x, ${verb}, from: scada, to: tank-plc, techniques: [T0843] }\n`;
  const spec = (verb: string) =>
    scenario(steps(verb), '', 'small-plant').steps[0] && {
      ...scenario(steps(verb), '', 'small-plant'),
      twin: { ...scenario(upload).twin, steps: scenario(steps(verb), '', 'small-plant').steps },
    };

  it('load a program through file records, and put it back', () => {
    const { play, controller } = stage(spec(`verb: program-download, ${EDIT}`) as ScenarioSpec, small, 'tank-plc');
    play.runUntil(at(100));
    expect(controller.source).toContain('LIC101_SP + 3.1');
    play.runUntil(at(600));
    expect([controller.isOriginal, play.attack?.report.revert.state]).toEqual([true, 'proven']);
  });

  it('cannot stop a controller, and say so', () => {
    const { play, controller, records } = stage(spec('verb: cpu-stop') as ScenarioSpec, small, 'tank-plc');
    play.runUntil(at(60));
    expect(controller.mode).toBe('running');
    expect(records.find(({ event }) => event === 'failed')?.detail).toContain(
      'cannot be started or stopped over Modbus',
    );
  });
});

describe('points that only S7 reaches', () => {
  const steps = `  - { id: look, about: reads, verb: read-tags, from: scada, to: filter-plc, tags: [LIC101_MODE, FIC101], techniques: [T0801] }
  - { id: manual, about: to manual, verb: write-tag, from: scada, to: filter-plc, tag: LIC101_MODE, value: 0, techniques: [T0836], after: { step: look, wait: 5s } }
`;

  it('are read and written through the standing session, put back, and proven', () => {
    const { play, controller, told, records } = stage(scenario(steps), filters, 'filter-plc');
    play.runUntil(at(60));
    expect(controller.variable('LIC101_MODE').get()).toBe(0);
    expect(told().slice(0, 4)).toEqual([
      'attack look start',
      'attack look done',
      'attack manual start',
      'attack manual done',
    ]);
    play.runUntil(at(600));
    expect(controller.variable('LIC101_MODE').get()).toBe(1);
    expect(play.attack?.report).toMatchObject({
      taken: 1,
      revert: { state: 'proven', tags: [{ tag: 'LIC101_MODE', before: 1, readBack: 1, controller: 1, proven: true }] },
    });
    expect(records.every(({ event }) => event !== 'failed')).toBe(true);
  });

  it('that cannot be written are refused with the reason of the device', () => {
    const refused = steps.replace('tag: LIC101_MODE, value: 0', 'tag: FIC101, value: 1');
    const { play, records } = stage(scenario(refused), filters, 'filter-plc');
    play.runUntil(at(60));
    expect(records.find(({ event }) => event === 'failed')?.detail).toBe(
      'FIC101 := 1: Accessing the object not allowed',
    );
  });
});

describe('the scope guard', () => {
  it.each([
    [`${stop.replace('to: filter-plc', 'to: scada')}`, 'scope.no-controller'],
    [`${download.replace('to: filter-plc', 'to: filter-plx')}`, 'scope.unknown-role'],
    [`${upload.replace('to: filter-plc', 'to: services')}`, 'scope.no-controller'],
  ])('lets nothing out to what is no controller of this run (%#)', (steps, id) => {
    expect(() => stage(scenario(steps), filters, 'filter-plc')).toThrow(
      expect.objectContaining({ constructor: ScopeError, id }),
    );
  });

  it('knows no address', () => {
    expect(() => scenario(stop.replace('to: filter-plc', 'to: 10.8.1.15'))).toThrow('never by an address');
  });
});
