/** What the README promises of the power grid that ships, each shown by a real run. */
import { loadScenario, type ScenarioSpec } from '@penstock/attacks';
import { type Duration, hours, minutes, type ResponderName, seconds } from '@penstock/core';
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
/** The same steps in less time: CI has no hour, and the harm is proven at full length. */
const sooner = (scenario: ScenarioSpec, { observe, revertAfter, waits }: Sooner): ScenarioSpec =>
  PROVE
    ? scenario
    : {
        ...scenario,
        ...{ start: minutes(1), observe, revertAfter },
        steps: scenario.steps.map((step) =>
          step.after?.wait !== undefined && step.id in waits
            ? { ...step, after: { ...step.after, wait: waits[step.id] } }
            : step,
        ),
      };
interface Sooner {
  readonly observe: Duration;
  readonly revertAfter: Duration;
  readonly waits: Readonly<Record<string, Duration>>;
}

describe('what was learned of the power grid', () => {
  it('is of the plant as it stands (npx penstock learn power-grid makes it new)', async () => {
    expect(freshness(await openPlant(PLANT))).toBe('fresh');
  });
});

describe('breaker-hand', () => {
  const scenario = sooner(loadScenario('breaker-hand'), { observe: minutes(2.5), revertAfter: minutes(5), waits: {} });

  it.each(SEEDS)(
    'of seed %i is seen before the towns are lost for long',
    async (seed) => {
      const attack = await play(scenario, seed);
      expect(attack.detected).toBe(true);
      expect(met(attack.expected)).toEqual([]);
      expect(met(attack.effects)).toEqual([]);
      expect(attack.timeToDetectSeconds).toBeLessThan(180);
      expect(told({ alerts: attack.falseAlarms })).toEqual([]);
      if (!PROVE) return;
      expect(names(attack.outcome.hazards)).toContain('load-lost');
      expect(attack.timeToDamageSeconds).toBeGreaterThan(900);
      expect(attack.timeToDamageSeconds).toBeLessThan(1000);
      expect(attack.inTime).toEqual({ automatic: true, controlRoom: true, field: false });
      expect(attack.reverted.state).toBe('proven');
    },
    LONG,
  );

  it.runIf(PROVE).each(SEEDS)(
    'of seed %i has a twin that pages nobody and loses no town',
    async (seed) => {
      const twin = await play(scenario, seed, { variant: 'twin' });
      expect(told(twin)).toEqual([]);
      expect(twin.outcome.hazards).toEqual([]);
    },
    LONG,
  );

  it.runIf(PROVE)(
    'keeps its stations where firmware is changed on site only',
    async () => {
      const kept = await play(scenario, 7, { control: 'firmware-on-site' });
      expect(kept.adversary?.outcome).not.toBe('success');
    },
    LONG,
  );
});

describe('relay-blind', () => {
  const scenario = sooner(loadScenario('relay-blind'), {
    observe: minutes(5),
    revertAfter: minutes(1),
    waits: { 'open-49': seconds(20), 'close-45': minutes(1) },
  });

  it.each(SEEDS)(
    'of seed %i is seen with its first order, minutes before systems are put together out of phase',
    async (seed) => {
      const attack = await play(scenario, seed);
      expect(attack.detected).toBe(true);
      expect(attack.timeToDetectSeconds).toBeLessThan(30);
      expect(met(attack.expected)).toEqual([]);
      expect(met(attack.effects)).toEqual([]);
      expect(names(attack.outcome.hazards)).toContain('out-of-phase');
      expect(told({ alerts: attack.falseAlarms })).toEqual([]);
      expect(attack.reverted.state).toBe('proven');
      if (!PROVE) return;
      expect(attack.timeToDamageSeconds).toBeGreaterThan(360);
      expect(attack.inTime.automatic).toBe(true);
    },
    LONG,
  );

  it.runIf(PROVE).each(SEEDS)(
    'of seed %i has a twin that pages nobody',
    async (seed) => {
      const twin = await play(scenario, seed, { variant: 'twin' });
      expect(told(twin)).toEqual([]);
      expect(twin.outcome.hazards).toEqual([]);
    },
    LONG,
  );

  it.runIf(PROVE).each(['second-sync-check', 'allow-list', 'select-required'])(
    'does no harm with %s',
    async (control) => {
      expect(names((await play(scenario, 7, { control })).outcome.hazards)).not.toContain('out-of-phase');
    },
    LONG,
  );

  it.runIf(PROVE)(
    'does no harm where the firewall answers',
    async () => {
      const answered = await play(scenario, 7, { respond: 'automatic' });
      expect(names(answered.outcome.hazards)).not.toContain('out-of-phase');
    },
    LONG,
  );
});

const NORMAL = PROVE ? hours(30 * 24) : minutes(6);
describe(`normal operation of the power grid for ${NORMAL / minutes(1)} minutes`, () => {
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
