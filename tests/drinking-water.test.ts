/** What the README promises of the plant that ships, each shown by a real run of the command. */
import type { ScenarioSummary } from '@penstock/range';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { penstock, scratchFolder } from './penstock.ts';

const scratch = scratchFolder();
afterAll(() => scratch.remove());
/** Virtual runs of hours; a slow machine may take minutes. */
const LONG = 600_000;
/** A month of a seed that was not learned from at full length; CI has minutes only. */
const proving = process.env.PENSTOCK_PROVE === '1';
const NORMAL_HOURS = proving ? 30 * 24 : 8;

/** Runs `penstock … --json` in a folder of its own and reads its document. */
async function json<T>(...args: string[]): Promise<{ code: number | null; document: T }> {
  const limit = proving ? 1_800_000 : LONG;
  const { code, stdout, stderr } = await penstock([...args, '--json'], { cwd: scratch.path, limit });
  if (stdout === '') throw new Error(`penstock ${args.join(' ')} printed nothing: ${stderr}`);
  return { code, document: JSON.parse(stdout) as T };
}

const paging = (alerts: readonly { severity: string }[]) =>
  alerts.filter((alert) => alert.severity === 'high' || alert.severity === 'critical');
const names = (hazards: readonly { hazard: string }[]) => hazards.map(({ hazard }) => hazard);
const attack = (...args: string[]) => json<ScenarioSummary>('run', 'lye-setpoint', '--virtual', '--seed', '7', ...args);

describe('what was learned of the drinking-water works', () => {
  it('is of the plant as it stands (npx penstock learn drinking-water makes it new)', async () => {
    expect((await json('learn', 'drinking-water', '--check')).document).toEqual({
      plant: 'drinking-water',
      learned: 'fresh',
    });
  });
});

describe('lye-setpoint', () => {
  let summary: ScenarioSummary;
  beforeAll(async () => {
    const run = await attack('--out', 'first');
    expect(run.code).toBe(0);
    summary = run.document;
  }, LONG);

  it('is detected within seconds, by what was ordered and not by who ordered it', () => {
    expect(summary.detected).toBe(true);
    expect(summary.timeToDetectSeconds).toBeLessThan(30);
    expect(summary.alerts.find((alert) => alert.rule === 'value-outside-limits')).toMatchObject({
      severity: 'high',
      device: 'dosing-plc',
      tag: 'AIC301_SP',
      newValue: 11_100,
      unit: 'mg/L',
      source: 'scada',
    });
  });

  it('does its damage about an hour later where nothing guards the dosing, in time for every response', () => {
    expect(summary.timeToDamageSeconds).toBeGreaterThan(1800);
    expect(summary.timeToDamageSeconds).toBeLessThan(3 * 3600);
    expect(summary.inTime).toEqual({ automatic: true, controlRoom: true, field: true });
  });

  it('does not spoil the water with the safeguards as they are', () => {
    expect(names(summary.outcome.hazards)).not.toContain('outlet-ph');
    expect(names(summary.outcome.hazards)).not.toContain('outlet-ph-injury');
  });

  // The replay below is a second execution as well.
  it.runIf(proving)(
    'is the same run again, byte for byte',
    async () => {
      expect((await attack('--out', 'second')).document.hashes).toEqual(summary.hashes);
    },
    LONG,
  );

  it(
    'is the same once more when it is replayed from its folder',
    async () => {
      const { code, document } = await json<{ hashes: unknown; same: unknown }>('replay', 'first');
      expect(document.hashes).toEqual(summary.hashes);
      expect(document.same).toEqual({ capture: true, alerts: true, labels: true, truth: true });
      expect(code).toBe(0);
    },
    LONG,
  );

  it.runIf(proving)(
    'burns with a pump that is too large and no safety device: what the two together prevent',
    async () => {
      const { document } = await attack('--control', 'oversized-pump-alone');
      expect(names(document.outcome.hazards)).toContain('outlet-ph-injury');
      expect(document.timeToDamageSeconds).toBeLessThan(summary.timeToDamageSeconds as number);
    },
    LONG,
  );

  it(
    'has a twin that pages nobody',
    async () => {
      const { code, document } = await attack('--twin');
      expect(document.steps.filter((step) => step.event === 'done').map(({ step }) => step)).toContain('move');
      expect(paging(document.alerts)).toEqual([]);
      expect(document.outcome.hazards).toEqual([]);
      expect(code).toBe(0);
    },
    LONG,
  );
});

describe(`normal operation for ${NORMAL_HOURS} h`, () => {
  it(
    'page nobody, hardly tell anything, and break no limit',
    async () => {
      const { code, document } = await json<{
        simulatedSeconds: number;
        alerts: { severity: string; rule: string; message: string }[];
        hazards: unknown[];
      }>(...['baseline', 'drinking-water', '--duration', `${NORMAL_HOURS}h`, '--virtual', '--seed', '11']);
      expect(document.simulatedSeconds).toBe(NORMAL_HOURS * 3600);
      expect(paging(document.alerts)).toEqual([]);
      // At most one of low weight a week.
      expect(
        document.alerts.map(({ rule, message }) => `${rule}: ${message}`).slice(Math.ceil(NORMAL_HOURS / (7 * 24))),
      ).toEqual([]);
      expect(document.hazards).toEqual([]);
      expect(code).toBe(0);
    },
    proving ? 1_800_000 : LONG,
  );
});
