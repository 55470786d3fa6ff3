/** A gateway that takes firmware from a topic of its broker: what comes in, what it then passes on, who may do that, and what the monitor makes of it. */
import { fileURLToPath } from 'node:url';
import { type ScenarioSpec, type StepRecord, scenarioSchema } from '@penstock/attacks';
import { parseYamlText, seconds } from '@penstock/core';
import { type Baseline, builtInRules } from '@penstock/monitor';
import type { Device } from '@penstock/simulator/devices';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, type PlayRequest, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./gateway-plant', import.meta.url)));
});

const UPDATE =
  'verb: mqtt-publish-file, from: dashboard, to: broker, topic: spBv1.0/works/update/gateway, product: cloud-gateway';

const scenario = (...steps: string[]): ScenarioSpec =>
  parseYamlText(
    `
id: other-image
name: Other image
plant: gateway-plant
story: Somebody has an image for the gateway.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 30s
observe: 20m
revertAfter: 4m
steps:
${steps.map((step) => `  - { about: x, techniques: [T1693.001], ${step} }`).join('\n')}
revert:
  - { id: back, about: x, techniques: [T1693.001], ${UPDATE}, version: 2.1.4, image: genuine, taken: 2m }
twin:
  name: Update
  about: The vendor's image.
  workOrder: true
  steps: [{ id: new, about: x, techniques: [T1693.001], ${UPDATE}, version: 2.2.0, image: genuine, taken: 2m }]
  revertAfter: 2m
  revert: [{ id: back, about: x, techniques: [T1693.001], ${UPDATE}, version: 2.1.4, image: genuine, taken: 2m }]
`,
    'other-image.yaml',
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
    device,
    held: () => device('tank-plc').controller?.variable('LIT201').get() as number,
    shown: () => device('dashboard').store.values[index('LIT201')] as number,
    told: () =>
      records.filter(({ event }) => event !== 'start').map(({ step, event, detail }) => `${step} ${event}: ${detail}`),
  };
}

const HOLDS = `id: drop, ${UPDATE}, version: 2.2.0, effect: hold, taken: 2m`;

describe('an image on the topic for updates', () => {
  it('is installed while the gateway is away, passes on what was fetched first, and is replaced by the vendor’s', () => {
    const { play, device, held, shown, told } = stage(scenario(HOLDS));
    play.runUntil(at(40));
    expect([device('cloud-gateway').on, Math.abs(held() - shown()) < 0.3]).toEqual([false, true]);
    play.runUntil(at(120));
    expect(told()).toEqual([
      expect.stringMatching(/^drop done: \d+ bytes to spBv1\.0\/works\/update\/gateway; cloud-gateway runs 2\.2\.0$/),
    ]);
    const stood = shown();
    let apart = 0;
    for (let second = 125; second < 290; second += 5) {
      play.runUntil(at(second));
      expect(shown()).toBe(stood);
      apart = Math.max(apart, Math.abs(held() - stood));
    }
    expect(apart).toBeGreaterThan(0.1);
    play.runUntil(at(500));
    expect([device('cloud-gateway').identity.revision, ...told().slice(-2)]).toEqual([
      '2.1.4',
      expect.stringMatching(/^back done/),
      'read-back done: firmware of cloud-gateway as before',
    ]);
    for (let second = 500; second < 600; second += 20) {
      play.runUntil(at(second));
      expect(shown()).toBeCloseTo(held(), 0.5);
    }
    play.finish();
  });

  it('that is broken leaves a gateway that does not start, and a step that says so', () => {
    const { play, device, told } = stage(scenario(`id: drop, ${UPDATE}, version: 2.2.0, image: corrupt, taken: 1m`));
    play.runUntil(at(150));
    expect([device('cloud-gateway').on, device('cloud-gateway').doors?.isBricked]).toEqual([false, true]);
    expect(told()).toEqual([
      expect.stringMatching(/^drop failed: .*: cloud-gateway does not say that it runs 2\.2\.0$/),
    ]);
    play.finish();
  });

  it.each([
    ['signedUpdates', 'cloud-gateway', 'firmware-refused', /does not say that it runs 2\.2\.0$/],
    ['brokerTopics', 'broker', 'access-denied', /code 135$|does not say that it runs 2\.2\.0$/],
  ])('is kept out by %s', (option, where, id, failure) => {
    const logged: string[] = [];
    const { play, device, held, shown, told } = stage(scenario(HOLDS), {
      options: { [option]: true },
      onDeviceLog: (_, name, entry) => logged.push(`${name} ${entry.id}`),
    });
    play.runUntil(at(250));
    expect([device('cloud-gateway').identity.revision, device('cloud-gateway').on]).toEqual(['2.1.4', true]);
    expect(logged).toContain(`${where} ${id}`);
    expect(told()[0]).toMatch(failure);
    expect(shown()).toBeCloseTo(held(), 1);
    play.finish();
  });

  it('stays with the gateway when it loses power, and goes with its doors to another', () => {
    const { play, device, held, shown } = stage(scenario(HOLDS));
    play.runUntil(at(120));
    const kept = device('cloud-gateway').doors?.save();
    expect(kept).toEqual({ passwords: {}, revision: '2.2.0', isBricked: false, effect: 'hold' });
    device('cloud-gateway').powerOff(play.range.queue.now);
    play.runUntil(at(140));
    device('cloud-gateway').powerOn(play.range.queue.now);
    play.runUntil(at(180));
    const stood = shown();
    let apart = 0;
    for (let second = 180; second < 260; second += 5) {
      play.runUntil(at(second));
      expect(shown()).toBe(stood);
      apart = Math.max(apart, Math.abs(held() - stood));
    }
    expect(apart).toBeGreaterThan(0.1);
    play.finish();
  });

  it.each([
    [`id: drop, ${UPDATE}, version: 2.2.0, image: genuine, effect: hold`, 'has no effect of its own'],
    [
      `id: drop, ${UPDATE.replace('product: cloud-gateway', 'product: scada')}, version: 2.2.0, taken: 1m`,
      'is no edge node',
    ],
  ])('is refused before anything is sent: %s', (step, why) => {
    expect(() => stage(scenario(step))).toThrow(why);
  });
});

describe('the monitor', () => {
  let learned: NonNullable<PlayRequest['learned']>;
  beforeAll(() => {
    const play = new Play({
      ...{ plant, run: 'test', seed: 7, startAt: 0 as never },
      monitor: { rules: builtInRules(), mode: 'learn' },
    });
    play.runUntil(at(900));
    play.finish();
    learned = { baseline: play.monitor?.baseline as Baseline, warm: [] };
  });
  const watched = (variant: 'attack' | 'twin') => {
    const spec = scenario(HOLDS);
    const { play } = stage(spec, {
      learned,
      monitor: { rules: builtInRules(), mode: 'watch' },
      scenario: { spec, variant },
    });
    play.runUntil(at(600));
    play.finish();
    return play;
  };

  it('tells the file, that nobody signed it, and that the gateway says another version of itself', () => {
    const { monitor } = watched('attack');
    const told = (monitor?.alerts ?? []).map(({ rule, device }) => `${rule} ${device}`);
    expect(told).toEqual(
      expect.arrayContaining([
        'mqtt-file-dropped broker',
        'firmware-unsigned broker',
        'identity-changed cloud-gateway',
      ]),
    );
    expect(monitor?.devices().find(({ id }) => id === 'cloud-gateway')?.identity).toMatchObject({
      VendorName: 'Advantech',
      ModelName: 'ECU-1051',
      MajorMinorVersion: '2.1.4',
    });
  });

  it('pages nobody for the vendor’s own image under a work order', () => {
    const { monitor, attack } = watched('twin');
    expect(attack?.report.revert.state).toBe('proven');
    expect((monitor?.alerts ?? []).filter(({ severity }) => severity === 'high' || severity === 'critical')).toEqual(
      [],
    );
  });
});
