/**
 * The scenarios over OPC UA, BACnet, MQTT and a controller's page: what they do reaches the plant and harms it when it should, what tells them does so in time,
 * what looks alike pages nobody. A part of each in every run; whole lengths, more seeds and all controls where everything is proven.
 */
import { loadScenario, type ScenarioSpec } from '@penstock/attacks';
import { type Duration, type Instant, minutes } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import {
  type ControlMeasure,
  type Learned,
  loadLearned,
  openPlant,
  type Plant,
  Play,
  pages,
  type ScenarioRequest,
  type ScenarioSummary,
  scenarioPlay,
} from '@penstock/range';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { penstock, scratchFolder } from './penstock.ts';

const PROVE = process.env.PENSTOCK_PROVE === '1';
const LONG = 900_000;

interface Proof {
  readonly id: string;
  readonly seed: number;
  /** How much of the twin is played. */
  readonly twin: Duration;
  /** Rules that tell it, with the device or tag that they name, and within how many seconds of the first malicious packet. */
  readonly told: readonly (readonly [rule: string, about: string, within: number])[];
  /** The hazard, and the minutes between which it begins; none where nobody is harmed. */
  readonly harm?: readonly [hazard: string, from: number, to: number];
  /** A control, and how many of the steps are done with it. */
  readonly kept: readonly [control: string, steps: number];
}

const PROOFS: readonly Proof[] = [
  {
    ...{ id: 'kemuri', seed: 3, twin: minutes(43), harm: ['disinfection', 30, 44] },
    told: [
      ['opcua-new-client', 'scada', 1],
      ['opcua-browse-flood', 'scada', 5],
      ['office-to-process', 'scada', 10],
      ['opcua-new-session-write', 'AIC302_SP', 90],
      ['value-outside-limits', 'AIC302_SP', 90],
    ],
    kept: ['rule-removed', 0],
  },
  {
    ...{ id: 'isolation-room', seed: 3, twin: minutes(PROVE ? 75 : 25), harm: ['chlorine-beside', 90, 111] },
    told: [
      ['bacnet-who-is-sweep', 'engineering-workstation', 10],
      ['bacnet-alarm-suppressed', 'ventilation', 45],
      ['value-outside-limits', 'AAH801_SP', 65],
      ['bacnet-high-priority', 'ventilation', 85],
    ],
    kept: ['detector-fan', 5],
  },
  {
    ...{ id: 'default-door', seed: 3, twin: minutes(43), harm: ['disinfection', 30, 44] },
    told: [
      ['default-credentials', 'dosing-plc', 1],
      ['device-page-order', 'dosing-plc', 35],
      ['reading-outside-safe-limits', 'AIC302_SP', 50],
    ],
    kept: ['conduit-closed', 0],
  },
  {
    ...{ id: 'firmware-drop', seed: 3, twin: minutes(40) },
    told: [
      ['mqtt-new-client', 'broker', 1],
      ['mqtt-wide-subscription', 'broker', 1],
      ['mqtt-file-dropped', 'broker', 211],
      ['firmware-unsigned', 'broker', 211],
      ['identity-changed', 'cloud-gateway', 285],
      ['value-outside-limits', 'KIC990_SP', 330],
    ],
    kept: ['signed-updates', 1],
  },
];

let plant: Plant;
let learned: Learned | undefined;
beforeAll(async () => {
  plant = await openPlant('drinking-water');
  learned = loadLearned(plant);
});

/** Plays a scenario for so long. */
function played(
  scenario: ScenarioSpec,
  length: Duration,
  request: Partial<ScenarioRequest> & { watched?: boolean } = {},
) {
  const { watched = true, ...rest } = request;
  const { monitor, ...play } = scenarioPlay(plant, { scenario, seed: 3, rules: builtInRules(), ...rest }, learned);
  const one = new Play({ ...play, ...(watched && monitor && { monitor }) });
  one.runUntil(length as number as Instant);
  return one.finish();
}

const done = ({ steps }: ReturnType<typeof played>): string[] =>
  steps.filter(({ event, phase }) => event === 'done' && phase !== 'revert').map(({ step }) => step);

describe.each(PROOFS)('$id', ({ id, seed, twin, told, harm, kept: [control, steps] }) => {
  const scenario = loadScenario(id);

  it('does what it says, and is told as it should be', () => {
    const result = played(scenario, minutes(20), { seed });
    expect(done(result)).toEqual(scenario.steps.map((step) => step.id));
    const alerts = result.monitor?.alerts ?? [];
    for (const [rule, about, within] of told) {
      const hit = alerts.find((alert) => alert.rule === rule && [alert.device, alert.tag].includes(about));
      const after = (hit?.time ?? Number.NaN) - (result.firstPacket as number);
      expect([rule, hit === undefined ? 'missed' : after <= within], `${after} s`).toEqual([rule, true]);
    }
  });

  if (harm !== undefined)
    it('harms as long after as it says', () => {
      const [hazard, from, to] = harm;
      const result = played(scenario, minutes(to + 10), { seed, watched: false });
      const first = result.firstPacket as number;
      const begun = result.hazards.filter(({ state, at }) => state === 'begin' && at > first);
      expect(begun.map((one) => one.hazard)).toEqual([hazard]);
      const after = ((begun[0]?.at ?? 0) - first) / 60;
      expect([after > from, after < to], `${after} min`).toEqual([true, true]);
    });

  it('has a twin that does its work and pages nobody', () => {
    const result = played(scenario, twin, { seed, variant: 'twin' });
    expect(done(result)).toEqual(scenario.twin.steps.map((step) => step.id));
    expect(result.steps.filter(({ event }) => event === 'failed' || event === 'refused')).toEqual([]);
    expect((result.monitor?.alerts ?? []).filter(pages).map(({ rule, message }) => `${rule}: ${message}`)).toEqual([]);
    expect(result.hazards).toEqual([]);
  });

  // What takes two hours to harm takes two hours not to.
  it.runIf(PROVE || (harm?.[2] ?? 0) < 60)(`comes to nothing with the control ${control}`, () => {
    const result = played(scenario, minutes((harm?.[2] ?? 16) + 10), { seed, control, watched: false });
    expect(done(result)).toHaveLength(steps);
    expect(result.hazards).toEqual([]);
  });
});

describe('firmware-drop', () => {
  it('leaves the dashboard with values of long ago that nobody calls old, and gives it back what there is', () => {
    const scenario = loadScenario('firmware-drop');
    const { monitor: _nobody, ...request } = scenarioPlay(plant, { scenario, seed: 5 }, learned);
    const play = new Play(request);
    const gateway = play.range.devices.get('cloud-gateway');
    const index = (tag: string): number => plant.spec.tags.findIndex((one) => one.id === tag);
    const shown = (tag: string): number => play.range.devices.get('dashboard')?.store.values[index(tag)] as number;
    const truth = (tag: string): number => play.range.truth[index(tag)] as number;
    const at = (minute: number): void => play.runUntil(minutes(minute) as number as Instant);
    at(20);
    expect([gateway?.identity.revision, shown('KIC990_SP')]).toEqual(['2.2.0', 3600]);
    const stood = ['LIT501', 'LIT601', 'FIT501'].map((tag) => [tag, shown(tag)]);
    at(54);
    expect(stood.map(([tag]) => [tag, shown(tag as string)])).toEqual(stood);
    expect([shown('XA991'), Math.abs(shown('LIT601') - truth('LIT601')) > 0.05]).toEqual([0, true]);
    at(70);
    expect([gateway?.identity.revision, shown('KIC990_SP')]).toEqual(['2.1.4', 300]);
    expect(shown('LIT601')).toBeCloseTo(truth('LIT601'), 1);
    expect(play.finish().attack?.revert.state).toBe('proven');
  });
});

describe.runIf(PROVE)('from begin to end', () => {
  const scratch = scratchFolder();
  afterAll(() => scratch.remove());

  async function run(scenario: string, ...args: string[]): Promise<{ code: number | null; summary: ScenarioSummary }> {
    const { code, stdout, stderr } = await penstock(['run', scenario, '--virtual', ...args, '--json'], {
      cwd: scratch.path,
      limit: LONG,
    });
    if (stdout === '') throw new Error(`run ${scenario} ${args.join(' ')} printed nothing: ${stderr}`);
    return { code, summary: JSON.parse(stdout) as ScenarioSummary };
  }

  describe.each(PROOFS)('$id', ({ id, harm }) => {
    it.each(['3', '5', '7', '8'])(
      'is told in time, harms as it says, and is undone, seed %s',
      async (seed) => {
        const { code, summary } = await run(id, '--seed', seed, '--out', `${id}-${seed}`);
        expect(code).toBe(0);
        for (const list of [summary.expected, summary.effects])
          expect(list.map(({ about, met }) => [about, met])).toEqual(list.map(({ about }) => [about, true]));
        expect(summary.timeToDetectSeconds).toBeLessThan(10);
        expect(summary.inTime).toEqual({ automatic: true, controlRoom: true, field: true });
        expect(summary.outcome.hazards.map(({ hazard }) => hazard)).toEqual(harm === undefined ? [] : [harm[0]]);
        expect(summary.adversary?.outcome).toBe('success');
        expect(summary.falseAlarms).toEqual([]);
        expect(summary.reverted.state).toBe('proven');
      },
      LONG,
    );

    it.each(['3', '5', '7', '8'])(
      'has a twin that pages nobody, seed %s',
      async (seed) => {
        const { code, summary } = await run(id, '--seed', seed, '--twin', '--out', `${id}-twin-${seed}`);
        expect([code, summary.alerts.filter(pages), summary.outcome.hazards]).toEqual([0, [], []]);
        expect(summary.reverted.state).not.toBe('failed');
      },
      LONG,
    );

    it(
      'is told also by rules alone that know nobody',
      async () => {
        const { summary } = await run(id, '--seed', '3', '--without-source-rules', '--out', `${id}-blind`);
        expect([summary.detected, summary.alerts.some(pages)]).toEqual([true, true]);
      },
      LONG,
    );
  });

  it.each<[string, [string, number, string, boolean][]]>([
    [
      'kemuri',
      [
        ['none', 3, 'success', true],
        ['rule-removed', 0, 'failed', false],
        ['access-list', 3, 'success', true],
      ],
    ],
    [
      'isolation-room',
      [
        ['none', 5, 'success', true],
        ['detector-fan', 5, 'partial', false],
        ['access-list', 1, 'failed', false],
        ['no-safety-device', 5, 'success', true],
      ],
    ],
    [
      'default-door',
      [
        ['none', 3, 'success', true],
        ['conduit-closed', 0, 'failed', false],
        ['no-safety-device', 3, 'success', true],
      ],
    ],
    [
      'firmware-drop',
      [
        ['none', 3, 'success', false],
        ['signed-updates', 1, 'failed', false],
        ['broker-topics', 1, 'failed', false],
        ['access-list', 3, 'success', false],
      ],
    ],
  ])(
    'the controls of %s change what they say',
    async (id, expected) => {
      const { summary } = await run(id, '--seed', '3', '--controls', '--out', `${id}-controls`);
      const { controls } = summary as unknown as { controls: ControlMeasure[] };
      expect(
        controls.map(({ control, stepsDone, adversary, hazards }) => [
          control,
          stepsDone,
          adversary,
          hazards.length > 0,
        ]),
      ).toEqual(expected);
    },
    LONG,
  );
});
