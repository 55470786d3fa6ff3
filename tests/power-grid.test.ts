/** What the README promises of the power grid that ships, each shown by a real run. */
import { loadScenario, type ScenarioSpec } from '@penstock/attacks';
import { hours, minutes, type ResponderName } from '@penstock/core';
import { freshness, openPlant, pages, runBaseline, runScenario, type ScenarioSummary } from '@penstock/range';
import { describe, expect, it } from 'vitest';

const PLANT = 'power-grid';
/** Virtual runs; a slow machine may take minutes. */
const LONG = 1_800_000;
/** Whole lengths, seeds and controls: CI has seconds only. */
const PROVE = process.env.PENSTOCK_PROVE === '1';
const SEEDS = PROVE ? [7, 11, 23] : [7];

interface Asked {
  readonly variant?: 'attack' | 'twin';
  readonly control?: string;
  readonly respond?: ResponderName;
}
const play = (scenario: ScenarioSpec, seed: number, asked: Asked = {}): Promise<ScenarioSummary> =>
  runScenario({ scenario, seed, ...asked });
const told = ({ alerts }: Pick<ScenarioSummary, 'alerts'>) =>
  alerts.filter(pages).map(({ rule, device, tag, message }) => `${rule} ${device} ${tag}: ${message}`);
const names = (hazards: readonly { hazard: string }[]) => hazards.map(({ hazard }) => hazard);
/** Judged with words, so that a miss names what was missed. */
const met = (findings: readonly { about: string; met: boolean | null }[]) =>
  findings.filter(({ met: was }) => was !== true).map(({ about }) => about);
/** The same steps in less time: CI has no hour. */
const sooner = (scenario: ScenarioSpec, observe: number, rest: Partial<ScenarioSpec> = {}): ScenarioSpec =>
  PROVE ? scenario : { ...scenario, start: minutes(2), observe: minutes(observe), ...rest };

describe('what was learned of the power grid', () => {
  it('is of the plant as it stands (npx penstock learn power-grid makes it new)', async () => {
    expect(freshness(await openPlant(PLANT))).toBe('fresh');
  });
});

describe('breaker-hand', () => {
  const scenario = sooner(loadScenario('breaker-hand'), 20);

  it.each(SEEDS)(
    'of seed %i is seen before the towns are lost for long',
    async (seed) => {
      const attack = await play(scenario, seed);
      expect(attack.detected).toBe(true);
      expect(met(attack.expected)).toEqual([]);
      expect(met(attack.effects)).toEqual([]);
      expect(names(attack.outcome.hazards)).toContain('load-lost');
      expect(attack.timeToDetectSeconds).toBeLessThan(180);
      expect(attack.timeToDamageSeconds).toBeGreaterThan(900);
      expect(attack.timeToDamageSeconds).toBeLessThan(1000);
      expect(told({ alerts: attack.falseAlarms })).toEqual([]);
    },
    LONG,
  );

  it.runIf(PROVE)(
    'has a twin that pages nobody and loses no town',
    async () => {
      const twin = await play(scenario, 7, { variant: 'twin' });
      expect(told(twin)).toEqual([]);
      expect(twin.outcome.hazards).toEqual([]);
    },
    LONG,
  );
});

describe('relay-blind', () => {
  const scenario = sooner(loadScenario('relay-blind'), 14, { revertAfter: minutes(3) });

  it.each(SEEDS)(
    'of seed %i is seen with its first order, minutes before systems are put together out of phase',
    async (seed) => {
      const attack = await play(scenario, seed);
      expect(attack.detected).toBe(true);
      expect(attack.timeToDetectSeconds).toBeLessThan(30);
      expect(met(attack.expected)).toEqual([]);
      expect(met(attack.effects)).toEqual([]);
      expect(names(attack.outcome.hazards)).toContain('out-of-phase');
      expect(attack.timeToDamageSeconds).toBeGreaterThan(360);
    },
    LONG,
  );

  it.runIf(PROVE)(
    'has a twin that pages nobody, and does no harm where a second check is in the circuit or relays take no settings',
    async () => {
      const twin = await play(scenario, 7, { variant: 'twin' });
      expect(told(twin)).toEqual([]);
      expect(twin.outcome.hazards).toEqual([]);
      for (const control of ['second-sync-check', 'allow-list', 'select-required'])
        expect(names((await play(scenario, 7, { control })).outcome.hazards), control).not.toContain('out-of-phase');
    },
    LONG,
  );
});

const NORMAL = PROVE ? hours(30 * 24) : hours(1);
describe(`normal operation of the power grid for ${NORMAL / hours(1)} h`, () => {
  it(
    'pages nobody and breaks no limit',
    async () => {
      const { alerts, hazards, simulatedSeconds } = runBaseline({
        ...{ plant: await openPlant(PLANT), seed: 11, duration: NORMAL },
        startAt: hours(9),
      });
      expect(simulatedSeconds).toBe(NORMAL / 1e6);
      expect(told({ alerts })).toEqual([]);
      expect(hazards).toEqual([]);
    },
    LONG,
  );
});
