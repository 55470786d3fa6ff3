/** What the monitor makes of a plant that speaks OPC UA: silent on normal work, who is who, and attacks among it. */
import { fileURLToPath } from 'node:url';
import { type ScenarioSpec, scenarioSchema } from '@penstock/attacks';
import { parseYamlText, seconds } from '@penstock/core';
import { type Baseline, builtInRules, knowledgeOf, Monitor } from '@penstock/monitor';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, type PlayRequest, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;

let plant: Plant;
let learned: NonNullable<PlayRequest['learned']>;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./opcua-plant', import.meta.url)));
  const play = start({ monitor: { rules: builtInRules(), mode: 'learn' } });
  play.runUntil(at(1800));
  play.finish();
  learned = { baseline: play.monitor?.baseline as Baseline, warm: [] };
}, 240_000);

function start(change: Partial<PlayRequest> = {}): Play {
  return new Play({ plant, run: 'test', seed: 7, startAt: 0 as never, ...change });
}

const watching = (change: Partial<PlayRequest> = {}): Play =>
  start({ monitor: { rules: builtInRules(), mode: 'watch' }, learned, ...change });

const scenario = (step: string): ScenarioSpec =>
  parseYamlText(
    `
id: level-by-proxy
name: Level by proxy
plant: opcua-plant
story: Somebody at the engineering station speaks OPC UA.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 60s
observe: 5m
revertAfter: 2m
steps:
  - { id: x, about: x, techniques: [T0836], ${step} }
twin:
  name: Legitimate
  about: The level set point is moved a little.
  steps: [{ id: look, about: x, verb: write-tag, from: panel, to: tank-plc, broker: scada, account: panel, tag: LIC101_SP, value: 2.1, techniques: [T0836] }]
`,
    'level-by-proxy.yaml',
    scenarioSchema,
  );

const told = (play: Play): string[] => play.monitor?.alerts.map(({ rule, message }) => `${rule}: ${message}`) ?? [];

describe('the monitor of a plant that speaks OPC UA', () => {
  it('is silent on normal work, whatever the seed, and knows the applications', { timeout: 240_000 }, () => {
    const play = watching({ seed: 8 });
    play.runUntil(at(1800));
    play.finish();
    expect(told(play)).toEqual([]);
    const identities = new Map(
      play.monitor?.devices().map(({ address, identity }) => [address, JSON.stringify(identity)]),
    );
    expect(identities.get('10.9.42.10')).toContain('opcua');
    expect(identities.get('10.9.43.10')).toContain('opcua:client');
    // The controller's tags as it was heard over Modbus; what the SCADA server tells on of them is no second truth.
    const tags = play.monitor?.tags() ?? [];
    expect(tags.map(({ device, tag }) => `${device} ${tag}`)).toEqual([
      'tank-plc LIC101_MODE',
      'tank-plc LIC101_SP',
      'tank-plc LIT101',
      'tank-plc P101',
    ]);
  });

  it('rebuilds tags from OPC UA alone where the controller is not heard', { timeout: 240_000 }, () => {
    const play = start();
    const monitor = new Monitor({ rules: builtInRules(), mode: 'watch', knowledge: knowledgeOf(plant.spec) });
    play.watch({
      frame: (time, buffer, from, to, linkType) => {
        // TCP ports behind an Ethernet header and an IPv4 header without options.
        const port = (at: number): number => ((buffer[from + at] as number) << 8) | (buffer[from + at + 1] as number);
        const isTcp = to - from > 38 && port(12) === 0x0800 && buffer[from + 23] === 6;
        if (isTcp && (port(34) === 4840 || port(36) === 4840)) monitor.frame(time, buffer, from, to, linkType);
      },
    });
    const displayed = (tag: string): number =>
      play.range.displayed.values[play.range.spec.tags.findIndex(({ id }) => id === tag)] as number;
    play.runUntil(at(30));
    for (let minute = 1; minute <= 20; minute++) {
      play.runUntil(at(60 * minute));
      const told = new Map(monitor.tags().map(({ device, tag, value }) => [`${device} ${tag}`, value]));
      expect([...told.keys()]).toEqual(['scada LIC101_MODE', 'scada LIC101_SP', 'scada LIT101', 'scada P101']);
      expect(Math.abs((told.get('scada LIT101') as number) - displayed('LIT101'))).toBeLessThan(0.05);
      expect(told.get('scada LIC101_SP')).toBe(displayed('LIC101_SP'));
    }
    play.finish();
  });

  const ON = 'from: engineering, server: scada';
  it.each([
    [
      'opcua-new-session-write',
      'verb: write-tag, from: engineering, to: tank-plc, broker: scada, account: panel, tag: LIC101_SP, value: 4.4',
    ],
    ['opcua-browse-flood', `verb: browse-nodes, ${ON}`],
    ['opcua-nodes-changed', `verb: add-node, ${ON}, area: tank, name: LIT999`],
    ['opcua-new-client', `verb: read-tags, from: engineering, to: tank-plc, broker: scada, tags: [LIT101]`],
  ])('raises %s', { timeout: 240_000 }, (rule, step) => {
    const play = watching({ scenario: { spec: scenario(step), variant: 'attack' } });
    play.runUntil(at(200));
    play.finish();
    const alerts = play.monitor?.alerts ?? [];
    expect(alerts.map((alert) => alert.rule)).toContain(rule);
    const alert = alerts.find((one) => one.rule === rule);
    expect([alert?.device, alert?.source]).toEqual(['scada', 'engineer']);
    if (rule === 'opcua-new-session-write') expect(alert?.tag).toBe('LIC101_SP');
  });
});
