/** What the monitor makes of a plant whose stations speak DNP3, over TCP and UDP: tags, masters, and attacks among them. */
import { fileURLToPath } from 'node:url';
import { type ScenarioSpec, scenarioSchema } from '@penstock/attacks';
import { parseYamlText, seconds } from '@penstock/core';
import { type Baseline, builtInRules } from '@penstock/monitor';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, type PlayRequest, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;

let plant: Plant;
let learned: NonNullable<PlayRequest['learned']>;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./booster-plant', import.meta.url)));
  const play = start({ monitor: { rules: builtInRules(), mode: 'learn' } });
  play.runUntil(at(3600));
  play.finish();
  learned = { baseline: play.monitor?.baseline as Baseline, warm: [] };
}, 120_000);

function start(change: Partial<PlayRequest> = {}): Play {
  return new Play({ plant, run: 'test', seed: 7, startAt: 0 as never, ...change });
}

const watching = (change: Partial<PlayRequest> = {}): Play =>
  start({ monitor: { rules: builtInRules(), mode: 'watch' }, learned, ...change });

const scenario = (step: string): ScenarioSpec =>
  parseYamlText(
    `
id: radio-spill
name: Radio spill
plant: booster-plant
story: Somebody on the radio commands the station.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 60s
observe: 10m
revertAfter: 4m
steps:
  - { id: x, about: x, techniques: [T0836], ${step} }
twin:
  name: Legitimate
  about: The level set point is moved a little.
  steps: [{ id: look, about: x, verb: write-tag, from: scada, to: booster-rtu, tag: LIC201_SP, value: 2.1, techniques: [T0836] }]
`,
    'radio-spill.yaml',
    scenarioSchema,
  );

const told = (play: Play): string[] => play.monitor?.alerts.map(({ rule, message }) => `${rule}: ${message}`) ?? [];
const raised = (play: Play): string[] => [...new Set(play.monitor?.alerts.map(({ rule }) => rule))].sort();

describe('the monitor of a plant that speaks DNP3', () => {
  it('rebuilds tags and is silent on normal work, whatever the seed', () => {
    const play = watching({ seed: 8 });
    play.runUntil(at(3600));
    play.finish();
    expect(told(play)).toEqual([]);
    const tags = new Map(play.monitor?.tags().map(({ tag, value }) => [tag, value]));
    const displayed = (tag: string): number =>
      play.range.displayed.values[play.range.spec.tags.findIndex(({ id }) => id === tag)] as number;
    for (const tag of ['LIC201_SP', 'LIC201_MODE', 'P201', 'HV201', 'KQ201'])
      expect([tag, tags.get(tag)]).toEqual([tag, displayed(tag)]);
  });

  it('lists the stations with their link addresses and what they say of themselves, to their masters and over UDP too', () => {
    const play = watching();
    play.runUntil(at(60));
    play.finish();
    const listed = new Map(play.monitor?.devices().map((device) => [device.id, device]));
    for (const [id, address] of [
      ['booster-rtu', 10],
      ['valve-rtu', 11],
    ] as const) {
      const { identity } = plant.spec.devices.find((device) => device.id === id) as (typeof plant.spec.devices)[number];
      expect(listed.get(id)).toMatchObject({
        linkAddresses: [`outstation ${address}`],
        identity: {
          VendorName: identity.vendor,
          ProductName: `${identity.productName} ${identity.modelName}`,
          MajorMinorVersion: identity.revision,
        },
      });
    }
    expect(listed.get('scada')?.linkAddresses).toEqual(['master 1']);
  });

  it('knows who masters which station', () => {
    expect(learned.baseline.toJSON().associations).toMatchObject([
      { source: '10.9.2.10', destination: '10.9.1.15', master: 1, outstation: 10 },
      { source: '10.9.2.10', destination: '10.9.1.16', master: 1, outstation: 11 },
    ]);
  });

  it.each([
    ['dnp3-restart', 'verb: restart-outstation, from: scada, to: booster-rtu'],
    ['dnp3-reports-stay-off', 'verb: disable-unsolicited, from: scada, to: booster-rtu'],
    ['dnp3-unsolicited-disabled', 'verb: disable-unsolicited, from: engineering, to: booster-rtu'],
    ['dnp3-address-shared', 'verb: read-tags, from: engineering, to: booster-rtu, tags: [LIT201], as: scada'],
    [
      'dnp3-rogue-master',
      'verb: write-tag, from: engineering, to: booster-rtu, tag: LIC201_SP, value: 4.5, command: select',
    ],
  ])('raises %s', (rule, step) => {
    const play = watching({ scenario: { spec: scenario(step), variant: 'attack' } });
    play.runUntil(at(600));
    play.finish();
    expect(raised(play)).toContain(rule);
  });
});
