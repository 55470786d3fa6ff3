/** The shipped scenarios, each played through the command: detected also by what is done alone, undone and proven, twins that page nobody. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadScenario } from '@penstock/attacks';
import { hours } from '@penstock/core';
import { type ControlMeasure, runScenario, type ScenarioSummary } from '@penstock/range';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { penstock, scratchFolder } from './penstock.ts';

const scratch = scratchFolder();
afterAll(() => scratch.remove());
/** Virtual runs of many hours; a slow machine may take minutes. */
const LONG = 600_000;

async function run(
  scenario: string,
  ...args: string[]
): Promise<{ code: number | null; stdout: string; summary: ScenarioSummary }> {
  const { code, stdout, stderr } = await penstock(['run', scenario, '--seed', '7', ...args, '--json'], {
    cwd: scratch.path,
    limit: LONG,
  });
  if (stdout === '') throw new Error(`run ${scenario} ${args.join(' ')} printed nothing: ${stderr}`);
  return { code, stdout, summary: JSON.parse(stdout) as ScenarioSummary };
}

/** The whole length, with each of the controls. */
const PROVE = process.env.PENSTOCK_PROVE === '1';

const paging = ({ alerts }: ScenarioSummary) =>
  alerts.filter(({ severity }) => severity === 'high' || severity === 'critical');

describe('a dry run', () => {
  it.each(['lye-setpoint', 'quiet-chlorine', 'register-sweep', 'radio-spill', 'quiet-download'])(
    'of %s says what would be done and leaves nothing behind',
    async (scenario) => {
      const { code, stdout } = await run(scenario, '--dry-run');
      const plan = JSON.parse(stdout) as {
        prerequisites: { met: boolean }[];
        steps: { lines: { from: string; to: string }[] }[];
      };
      expect(code).toBe(0);
      expect(plan.prerequisites.every((p) => p.met)).toBe(true);
      expect(plan.steps.every((step) => step.lines.length > 0)).toBe(true);
      expect(existsSync(join(scratch.path, 'runs'))).toBe(false);
    },
  );
});

describe('register-sweep', () => {
  it(
    'is noticed within minutes, names every part of it, and leaves everything as it was',
    async () => {
      const { code, summary } = await run('register-sweep', '--virtual', '--controls', '--out', 'sweep');
      expect(code).toBe(0);
      expect(paging(summary).length).toBeGreaterThan(0);
      expect(summary.expected.map(({ about, met }) => [about, met])).toEqual(
        summary.expected.map(({ about }) => [about, true]),
      );
      expect(summary.adversary?.outcome).toBe('success');
      expect(summary.outcome.hazards).toEqual([]);
      expect(summary.reverted.state).toBe('proven');
      expect(summary.reverted.tags.length).toBeGreaterThan(10);
      const { controls } = summary as unknown as { controls: ControlMeasure[] };
      const told = controls.map(({ control, stepsDone, taken, adversary }) => [control, stepsDone, taken, adversary]);
      expect(told).toEqual([
        ['none', 4, 20, 'success'],
        // Everything can be read, and nothing is taken.
        ['allow-list', 3, 0, 'partial'],
        ['conduit-closed', 0, 0, 'failed'],
        ['no-safety-device', 4, 20, 'success'],
      ]);
    },
    LONG,
  );

  it(
    'is noticed also by rules alone that know nobody, and its twin pages nobody',
    async () => {
      const blind = (await run('register-sweep', '--virtual', '--without-source-rules', '--out', 'sweep-blind'))
        .summary;
      expect([blind.detected, blind.withoutSourceRules, paging(blind).length > 0]).toEqual([true, true, true]);
      const twin = await run('register-sweep', '--virtual', '--twin', '--out', 'sweep-twin');
      expect([twin.code, paging(twin.summary)]).toEqual([0, []]);
      expect(twin.summary.steps.filter((s) => s.event === 'done').map((s) => s.step)).toEqual(
        expect.arrayContaining(['registers', 'rights']),
      );
    },
    LONG,
  );
});

describe('quiet-chlorine', () => {
  let summary: ScenarioSummary;
  beforeAll(async () => {
    summary = (await run('quiet-chlorine', '--virtual', '--without-source-rules', '--out', 'quiet')).summary;
  }, LONG);

  it('is noticed long before it harms, also by rules alone that know nobody', () => {
    expect(summary.detected).toBe(true);
    expect(paging(summary).length).toBeGreaterThan(0);
    expect(summary.timeToDetectSeconds).toBeLessThan(60);
    expect(summary.timeToDamageSeconds).toBeGreaterThan(1800);
    expect(summary.inTime).toEqual({ automatic: true, controlRoom: true, field: true });
  });

  it('lets germs survive and the disinfectant go, as it was meant to', () => {
    expect(summary.outcome.hazards.map((h) => h.hazard)).toEqual(
      expect.arrayContaining(['disinfection', 'chlorine-low']),
    );
    expect(summary.effects.map((e) => e.met)).toEqual([true, true, true]);
    expect(summary.expected.map((e) => e.met)).toEqual([true, true, true]);
    expect(summary.adversary?.outcome).toBe('success');
  });

  it('is manipulation of view by what people saw: true and measured agree, displayed lies', () => {
    expect(summary.impacts.map((i) => i.technique)).toEqual(expect.arrayContaining(['T0832', 'T0831']));
    const shown = summary.view.manipulated.filter(({ tag }) => tag === 'AIT402');
    expect(shown[0]).toMatchObject({ displayed: expect.closeTo(1.4, 0), measured: expect.closeTo(0, 0) });
    expect(summary.view.manipulated.every(({ until }) => until !== null)).toBe(true);
    expect(summary.view.lost).toEqual([]);
  });

  it('is undone, and that is proven over the wire', () => {
    expect(summary.reverted).toMatchObject({
      state: 'proven',
      tags: [
        { tag: 'AIC302_MODE', proven: true },
        { tag: 'AIC302_SP', proven: true },
      ],
    });
  });

  it(
    'has a twin that pages nobody',
    async () => {
      const whole = loadScenario('quiet-chlorine');
      const scenario = PROVE ? whole : { ...whole, observe: hours(1.5) };
      const twin = await runScenario({ scenario, seed: 7, variant: 'twin' });
      expect([paging(twin), twin.outcome.hazards]).toEqual([[], []]);
      expect(twin.reverted.state).toBe('proven');
    },
    LONG,
  );
});

describe('radio-spill', () => {
  const gist = ({ alerts }: ScenarioSummary) => new Set(alerts.map(({ rule, tag }) => `${rule} ${tag ?? ''}`.trim()));
  let summary: ScenarioSummary;
  beforeAll(async () => {
    summary = (await run('radio-spill', '--virtual', '--out', 'spill')).summary;
  }, LONG);

  it('is noticed with the first packet, long before the tank runs over', () => {
    expect(summary.detected).toBe(true);
    expect(summary.timeToDetectSeconds).toBeLessThan(10);
    expect(summary.timeToDamageSeconds).toBeGreaterThan(1800);
    expect(summary.timeToDamageSeconds).toBeLessThan(3 * 3600);
    expect(summary.inTime).toEqual({ automatic: true, controlRoom: true, field: true });
    expect(summary.expected.map(({ about, met }) => [about, met])).toEqual(
      summary.expected.map(({ about }) => [about, true]),
    );
    expect(summary.falseAlarms).toEqual([]);
  });

  it('spills as it was meant to, under the eyes of a SCADA server that goes on polling', () => {
    expect(summary.outcome.hazards.map(({ hazard }) => hazard)).toEqual(['high-zone-overflow']);
    expect(summary.effects.map(({ met }) => met)).toEqual([true, true, true]);
    expect(summary.adversary?.outcome).toBe('success');
    expect(summary.view).toMatchObject({ manipulated: [], lost: [] });
    expect([...gist(summary)]).toEqual(
      expect.arrayContaining(['dnp3-address-shared', 'dnp3-unsolicited-disabled', 'dnp3-direct-operate LIC701_HH']),
    );
  });

  it('is undone, reports included, and that is proven over the radio', () => {
    expect(summary.reverted).toMatchObject({
      state: 'proven',
      tags: ['LIC701_HH', 'LIC701_MODE', 'HS711', 'HS712'].map((tag) => ({ tag, proven: true })),
      reports: [{ device: 'booster-rtu', proven: true }],
    });
  });

  it(
    'has a twin that pages nobody',
    async () => {
      const twin = await run('radio-spill', '--virtual', '--twin', '--out', 'spill-twin');
      expect([twin.code, paging(twin.summary), twin.summary.outcome.hazards]).toEqual([0, [], []]);
      expect(twin.summary.steps.filter(({ event }) => event === 'failed')).toEqual([]);
      expect(twin.summary.reverted.state).toBe('proven');
    },
    LONG,
  );

  it.runIf(PROVE)(
    'is noticed also by rules alone that know nobody, stopped by the control room, and each control changes what it says',
    async () => {
      const stopped = (await run('radio-spill', '--virtual', '--respond', 'control-room', '--out', 'spill-room'))
        .summary;
      expect(stopped.outcome.hazards).toEqual([]);
      expect(stopped.adversary?.outcome).toBe('failed');
      const blind = (
        await run('radio-spill', '--virtual', '--without-source-rules', '--controls', '--out', 'spill-blind')
      ).summary;
      expect([blind.detected, blind.withoutSourceRules, paging(blind).length > 0]).toEqual([true, true, true]);
      const { controls } = blind as unknown as { controls: ControlMeasure[] };
      const told = controls.map(({ control, stepsDone, taken, adversary, hazards }) => [
        ...[control, stepsDone, taken, adversary],
        hazards,
      ]);
      expect(told).toEqual([
        ['none', 5, 5, 'success', ['high-zone-overflow']],
        // It is silenced all the same: DNP3 selects outputs, not what is reported.
        ['select-before-operate', 1, 1, 'failed', []],
        ['access-list', 0, 0, 'failed', []],
        ['high-level-float', 5, 5, 'failed', []],
        ['no-safety-device', 5, 5, 'success', ['high-zone-overflow']],
      ]);
    },
    LONG,
  );
});
