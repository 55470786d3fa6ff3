/** Attacks over OPC UA: a write that a server passes on, in another's name, and its revert; methods, browsing, nodes that are not taken. */
import { fileURLToPath } from 'node:url';
import { type ScenarioSpec, type StepRecord, scenarioSchema } from '@penstock/attacks';
import { parseYamlText, seconds } from '@penstock/core';
import type { Device } from '@penstock/simulator/devices';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./opcua-plant', import.meta.url)));
});

const scenario = (steps: string): ScenarioSpec =>
  parseYamlText(
    `
id: level-by-proxy
name: Level by proxy
plant: opcua-plant
story: Somebody at the engineering station uses the panel's logon at the SCADA server.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 30s
observe: 10m
revertAfter: 2m
steps:
${steps}
twin:
  name: Legitimate
  about: The level set point is moved a little.
  steps: [{ id: look, about: x, verb: write-tag, from: panel, to: tank-plc, broker: scada, account: panel, tag: LIC101_SP, value: 2.1, techniques: [T0836] }]
`,
    'level-by-proxy.yaml',
    scenarioSchema,
  );
const step = (id: string, text: string): string => `  - { id: ${id}, about: x, techniques: [T0836], ${text} }\n`;

function stage(steps: string) {
  const records: StepRecord[] = [];
  const play = new Play({
    ...{ plant, run: 'test', seed: 7, startAt: 0 as never, scenario: { spec: scenario(steps), variant: 'attack' } },
    onStep: (record: StepRecord) => records.push(record),
  });
  const held = (tag: string): number =>
    (play.range.devices.get('tank-plc') as Device).controller?.variable(tag).get() as number;
  return {
    play,
    held,
    ended: () =>
      records
        .filter(({ event }) => event !== 'start')
        .map(({ step: id, event, detail }) => `${id} ${event}: ${detail}`)
        .sort(),
  };
}

const OVER = 'from: engineering, to: tank-plc, broker: scada';

describe('an attack over OPC UA', () => {
  it('writes through the SCADA server with the logon of the panel, and is undone the same way', () => {
    const { play, held, ended } = stage(
      step('raise', `verb: write-tag, ${OVER}, account: panel, tag: LIC101_SP, value: 4.4`),
    );
    const before = held('LIC101_SP');
    play.runUntil(at(60));
    expect(held('LIC101_SP')).toBeCloseTo(4.4, 5);
    expect(ended()).toEqual(['raise done: LIC101_SP := 4.4']);
    play.runUntil(at(400));
    expect(held('LIC101_SP')).toBeCloseTo(before, 5);
    expect(play.attack?.report.revert).toMatchObject({
      state: 'proven',
      tags: [{ device: 'tank-plc', tag: 'LIC101_SP', proven: true }],
    });
    play.finish();
  });

  it('is refused without a name, and reads without one', () => {
    const { play, ended } = stage(
      step('look', `verb: read-tags, ${OVER}, tags: [LIT101, LIC101_SP]`) +
        step('raise', `verb: write-tag, ${OVER}, tag: LIC101_SP, value: 4.4`),
    );
    play.runUntil(at(90));
    expect(ended()).toEqual([
      'look done: read LIT101, LIC101_SP',
      'raise failed: LIC101_SP := 4.4: BadUserAccessDenied',
    ]);
    play.finish();
  });

  it('looks through the nodes, calls what it may not, and asks for a node that no server takes', () => {
    const on = 'from: engineering, server: scada';
    const { play, ended } = stage(
      step('browse', `verb: browse-nodes, ${on}`) +
        step('call', `verb: call-method, ${on}, account: panel, method: SetLevel, argument: 4`) +
        step('add', `verb: add-node, ${on}, area: tank, name: LIT999`),
    );
    play.runUntil(at(120));
    const [add, browsed, call] = ended();
    expect(browsed).toMatch(/^browse done: browsed \d\d+ nodes, found \d\d+$/);
    expect([add, call]).toEqual([
      'add failed: add tank.LIT999: BadServiceUnsupported',
      'call failed: call tank.SetLevel: BadUserAccessDenied',
    ]);
    play.finish();
  });

  it('says which name is wrong before anything is sent', () => {
    expect(() => stage(step('a', 'verb: browse-nodes, from: engineering, server: historian'))).toThrow(
      "'historian' does not offer OPC UA",
    );
    expect(() => stage(step('a', 'verb: call-method, from: engineering, server: scada, method: Burst'))).toThrow(
      "'scada' has no method 'Burst' (SetLevel)",
    );
    expect(() => stage(step('a', `verb: write-tag, ${OVER}, account: services, tag: LIC101_SP, value: 4`))).toThrow(
      "'services' does not log on to 'scada'",
    );
  });
});
