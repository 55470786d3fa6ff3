/** The promises of the README on the plant that ships: each is one real run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadScenario } from '@penstock/attacks';
import { hours } from '@penstock/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  freshness,
  loadLearned,
  openPlant,
  type Plant,
  RunFolder,
  replay,
  runBaseline,
  runScenario,
  type ScenarioSummary,
} from '../index.ts';

const scratch = mkdtempSync(join(tmpdir(), 'penstock-water-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const scenario = loadScenario('lye-setpoint');
const paging = (alerts: readonly { severity: string }[]) =>
  alerts.filter((a) => a.severity === 'high' || a.severity === 'critical');
const ids = (hazards: readonly { hazard: string }[]) => hazards.map((h) => h.hazard);

let plant: Plant;
beforeAll(async () => {
  plant = await openPlant('drinking-water');
});

describe('what was learned of the drinking-water works', () => {
  it('is of the plant as it stands (npx penstock learn drinking-water makes it new)', () => {
    expect(freshness(plant)).toBe('fresh');
  });

  it('has a settled state for every hour of the day', () => {
    expect(loadLearned(plant)?.warm).toHaveLength(24);
  });
});

describe('lye-setpoint', () => {
  let attack: ScenarioSummary;
  const folder = () => RunFolder.open(join(scratch, 'attack'));
  beforeAll(async () => {
    const made = RunFolder.create(join(scratch, 'attack'));
    made.writeJson('run.json', {
      kind: 'scenario',
      scenario: scenario.id,
      plant: scenario.plant,
      seed: 7,
      variant: 'attack',
      control: null,
      inputs: {},
      rules: null,
    });
    attack = await runScenario({ scenario, seed: 7, folder: made });
    made.writeJson('summary.json', attack);
  }, 300_000);

  it('is detected within seconds, by what was ordered and not by who ordered it', () => {
    expect(attack.detected).toBe(true);
    expect(attack.timeToDetectSeconds).toBeLessThan(30);
    expect(attack.alerts.find((a) => a.rule === 'value-outside-limits')).toMatchObject({
      severity: 'high',
      device: 'dosing-plc',
      tag: 'AIC301_SP',
      newValue: 11_100,
      unit: 'mg/L',
      source: 'scada',
    });
  });

  it('does its damage about an hour later where nothing guards the dosing, in time for every response', () => {
    expect(attack.timeToDamageSeconds).toBeGreaterThan(1800);
    expect(attack.timeToDamageSeconds).toBeLessThan(3 * 3600);
    expect(attack.inTime).toEqual({ automatic: true, controlRoom: true, field: true });
  });

  it('harms nobody with the safeguards as they are', () => {
    expect(ids(attack.outcome.hazards)).not.toContain('outlet-ph');
    expect(ids(attack.outcome.hazards)).not.toContain('outlet-ph-injury');
  });

  it('is the same run again, and again from its folder', async () => {
    const again = await runScenario({ scenario, seed: 7 });
    expect(again.hashes).toEqual(attack.hashes);
    const { result, recorded } = await replay(folder(), undefined, undefined);
    expect(recorded).toEqual(attack.hashes);
    expect(result.hashes).toEqual(attack.hashes);
  }, 300_000);

  it('burns with a pump that is too large and no safety device: what the two together prevent', async () => {
    const worst = await runScenario({ scenario, seed: 7, control: 'oversized-pump-alone' });
    expect(ids(worst.outcome.hazards)).toContain('outlet-ph-injury');
    expect(worst.timeToDamageSeconds).toBeLessThan(attack.timeToDamageSeconds as number);
  }, 300_000);

  it('has a twin that pages nobody', async () => {
    const twin = await runScenario({ scenario, seed: 7, variant: 'twin' });
    expect(twin.steps.filter((s) => s.event === 'done').map((s) => s.step)).toContain('move');
    expect(paging(twin.alerts)).toEqual([]);
    expect(twin.outcome.hazards).toEqual([]);
  }, 300_000);
});

describe('a normal day', () => {
  it('pages nobody and breaks no limit', () => {
    const day = runBaseline({ plant, seed: 11, duration: hours(24), startAt: hours(0) });
    expect(day.simulatedSeconds).toBe(86_400);
    expect(paging(day.alerts)).toEqual([]);
    expect(day.hazards).toEqual([]);
  }, 300_000);
});
