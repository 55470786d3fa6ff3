/** Attacks through a broker: listening, commands over Sparkplug, a client pushed out, files; and what the monitor makes of them. */
import { fileURLToPath } from 'node:url';
import { type ScenarioSpec, ScopeError, type StepRecord, scenarioSchema } from '@penstock/attacks';
import { parseYamlText, seconds } from '@penstock/core';
import { type Baseline, builtInRules } from '@penstock/monitor';
import type { Device } from '@penstock/simulator/devices';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, type PlayRequest, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;

let plant: Plant;
let learned: NonNullable<PlayRequest['learned']>;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./gateway-plant', import.meta.url)));
  const play = new Play({
    ...{ plant, run: 'test', seed: 7, startAt: 0 as never },
    monitor: { rules: builtInRules(), mode: 'learn' },
  });
  play.runUntil(at(900));
  play.finish();
  learned = { baseline: play.monitor?.baseline as Baseline, warm: [] };
}, 120_000);

const scenario = (...steps: string[]): ScenarioSpec =>
  parseYamlText(
    `
id: cloud-spill
name: Cloud spill
plant: gateway-plant
story: Somebody comes in by the broker.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 30s
observe: 10m
revertAfter: 2m
steps:
${steps.map((step) => `  - { about: x, techniques: [T0836], ${step} }`).join('\n')}
twin:
  name: Legitimate
  about: The dashboard listens.
  steps: [{ id: look, about: x, verb: mqtt-listen, from: dashboard, to: broker, filters: ['spBv1.0/works/#'], techniques: [T0802] }]
`,
    'cloud-spill.yaml',
    scenarioSchema,
  );

function stage(spec: ScenarioSpec, change: Partial<PlayRequest> = {}) {
  const records: StepRecord[] = [];
  const play = new Play({
    ...{ plant, run: 'test', seed: 7, startAt: 0 as never, scenario: { spec, variant: 'attack' }, ...change },
    onStep: (record: StepRecord) => records.push(record),
  });
  const device = (id: string): Device => play.range.devices.get(id) as Device;
  const index = (tag: string): number => play.range.spec.tags.findIndex(({ id }) => id === tag);
  return {
    play,
    held: (tag: string) => device('tank-plc').controller?.variable(tag).get() as number,
    shown: (tag: string) => device('dashboard').store.values[index(tag)] as number,
    detail: (id: string) => records.find((record) => record.step === id && record.event !== 'start')?.detail,
  };
}

const SPILL = 'verb: write-tag, to: tank-plc, tag: LIC201_SP, value: 4.5, broker: broker';

describe('a tag commanded through a broker', () => {
  it('is written by the gateway, put back, and that proven', () => {
    const { play, held, detail } = stage(scenario(`id: spill, ${SPILL}, from: dashboard`));
    const before = held('LIC201_SP');
    play.runUntil(at(60));
    expect([detail('spill'), held('LIC201_SP')]).toEqual(['LIC201_SP := 4.5', 4.5]);
    play.runUntil(at(500));
    expect(held('LIC201_SP')).toBe(before);
    expect(play.attack?.report.revert).toMatchObject({
      state: 'proven',
      tags: [{ device: 'tank-plc', tag: 'LIC201_SP', proven: true }],
    });
    play.finish();
  });

  it("is commanded from another host with the dashboard's account, and read the same way", () => {
    const account = 'from: engineering, account: dashboard';
    const { play, held, detail } = stage(
      scenario(
        `id: look, verb: read-tags, to: tank-plc, tags: [LIT201, LIC201_MODE], broker: broker, ${account}`,
        `id: spill, ${SPILL}, ${account}, after: { step: look }`,
      ),
    );
    play.runUntil(at(90));
    expect([detail('look'), detail('spill'), held('LIC201_SP')]).toEqual([
      'read LIT201, LIC201_MODE',
      'LIC201_SP := 4.5',
      4.5,
    ]);
    play.finish();
  });
});

describe('a broker', () => {
  it('tells whoever listens what passes, as far as the account goes', () => {
    const { play, detail } = stage(
      scenario(
        `id: listen, verb: mqtt-listen, from: dashboard, to: broker, filters: ['spBv1.0/works/#'], lasts: 60s`,
        'id: all, verb: mqtt-listen, from: dashboard, to: broker, after: { step: listen }',
      ),
    );
    play.runUntil(at(120));
    expect(detail('listen')).toMatch(/^heard \d+ messages$/);
    expect(detail('all')).toBe('the broker refuses #');
    play.finish();
  });

  it('believes who has the name: a gateway that is pushed out says what it is made to say', () => {
    const { play, shown, held, detail } = stage(
      scenario(
        'id: lie, verb: mqtt-take-over, from: engineering, to: broker, node: cloud-gateway, says: { LIT201: 4.7 }, lasts: 60s',
      ),
    );
    let lies = 0;
    for (let second = 31; second < 90; second++) {
      play.runUntil(at(second));
      if (shown('LIT201') === 4.7) lies++;
      expect(held('LIT201')).toBeLessThan(3);
    }
    // The two push each other out every few seconds.
    expect(lies).toBeGreaterThan(20);
    play.runUntil(at(200));
    expect(detail('lie')).toMatch(/^spoke as cloud-gateway, connected \d+ times$/);
    expect(shown('LIT201')).toBeCloseTo(held('LIT201'), 1);
    play.finish();
  });

  it.each([
    ['a host that is no broker', 'id: x, verb: mqtt-listen, from: dashboard, to: scada', 'scope.no-broker'],
    ['a host without an account', 'id: x, verb: mqtt-listen, from: scada, to: broker', 'scope.no-account'],
    [
      'a tag that nobody tells',
      'id: x, verb: write-tag, from: dashboard, to: scada, tag: LIT201, value: 1, broker: broker',
      'scope.no-point',
    ],
    [
      'a node that is none',
      'id: x, verb: mqtt-take-over, from: dashboard, to: broker, node: scada, lasts: 5s',
      'scope.no-point',
    ],
  ])('is out of scope: %s', (_, step, id) => {
    const play = (): unknown => stage(scenario(step));
    expect(play).toThrow(ScopeError);
    expect(play).toThrow(expect.objectContaining({ id }));
  });
});

describe('the monitor', () => {
  const watching = (spec: ScenarioSpec) => stage(spec, { monitor: { rules: builtInRules(), mode: 'watch' }, learned });

  it('rebuilds tags from Sparkplug and is silent on normal work, whatever the seed', () => {
    const play = new Play({
      ...{ plant, run: 'test', seed: 8, startAt: 0 as never, learned },
      monitor: { rules: builtInRules(), mode: 'watch' },
    });
    const { store } = play.range.devices.get('dashboard') as Device;
    const shown = (tag: string) => store.values[play.range.spec.tags.findIndex(({ id }) => id === tag)] as number;
    play.runUntil(at(900));
    play.finish();
    expect(play.monitor?.alerts.map(({ rule, message }) => `${rule}: ${message}`)).toEqual([]);
    const tags = play.monitor?.tags().filter(({ device }) => device === 'cloud-gateway') ?? [];
    for (const { tag, value } of tags) expect([tag, value]).toEqual([tag, expect.closeTo(shown(tag), 5)]);
    const report = play.monitor?.devices() ?? [];
    const messaging = Object.fromEntries(report.map(({ id, messaging: what }) => [id, what]));
    expect(messaging).toMatchObject({
      'cloud-gateway': ['client cloud-gateway', 'edge node works/gateway'],
      dashboard: ['client dashboard', 'host dashboard'],
    });
  });

  it.each([
    [
      'mqtt-wide-subscription',
      "id: x, verb: mqtt-listen, from: engineering, account: dashboard, to: broker, filters: ['spBv1.0/#']",
    ],
    [
      'mqtt-new-client',
      "id: x, verb: mqtt-listen, from: engineering, account: dashboard, to: broker, filters: ['spBv1.0/#']",
    ],
    ['mqtt-command-stranger', `id: x, ${SPILL}, from: engineering, account: dashboard`],
    [
      'mqtt-client-taken-over',
      'id: x, verb: mqtt-take-over, from: engineering, to: broker, node: cloud-gateway, says: { LIT201: 4.7 }, lasts: 60s',
    ],
    [
      'sparkplug-node-forged',
      'id: x, verb: mqtt-take-over, from: engineering, to: broker, node: cloud-gateway, says: { LIT201: 4.7 }, lasts: 60s',
    ],
    [
      'mqtt-file-dropped',
      'id: x, verb: mqtt-publish-file, from: engineering, account: dashboard, to: broker, topic: spBv1.0/works/update, product: cloud-gateway, version: 2.2.0',
    ],
  ])('raises %s', (rule, step) => {
    const { play } = watching(scenario(step));
    play.runUntil(at(300));
    play.finish();
    expect([...new Set(play.monitor?.alerts.map((alert) => alert.rule))]).toContain(rule);
  });
});
