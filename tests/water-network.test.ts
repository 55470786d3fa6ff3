/** What the README promises of the water network that ships, each shown by a real run. */
import { loadScenario, type ScenarioSpec } from '@penstock/attacks';
import { hours } from '@penstock/core';
import { freshness, openPlant, pages, runBaseline, runScenario, type ScenarioSummary } from '@penstock/range';
import { describe, expect, it } from 'vitest';

const PLANT = 'water-network';
/** Virtual runs of many hours; a slow machine may take minutes. */
const LONG = 1_800_000;
/** Days of a virtual run, seeds and controls: CI has seconds only. */
const PROVE = process.env.PENSTOCK_PROVE === '1';
const SEEDS = PROVE ? [7, 11, 23] : [7];
const SCENARIOS = ['tank-threshold', 'level-held-low'] as const;

const told = ({ alerts }: Pick<ScenarioSummary, 'alerts'>) =>
  alerts.filter(pages).map(({ rule, device, tag, message }) => `${rule} ${device} ${tag}: ${message}`);
/** False alarms that anybody would look at. */
const wrong = ({ falseAlarms }: ScenarioSummary) =>
  falseAlarms
    .filter(({ severity }) => severity !== 'low' && severity !== 'informational')
    .map(({ rule, device, tag, message }) => `${rule} ${device} ${tag}: ${message}`);
const names = (hazards: readonly { hazard: string }[]) => hazards.map(({ hazard }) => hazard);
/** Judged with words, so that a miss names what was missed. */
const met = (findings: readonly { about: string; met: boolean | null }[]) =>
  findings.map(({ about, met: was }) => [about, was]);
const all = (findings: readonly { about: string }[]) => findings.map(({ about }) => [about, true]);
/** Its first half hour: a tank takes hours to run over. */
const beginning = (scenario: ScenarioSpec): ScenarioSpec => ({
  ...scenario,
  observe: hours(0.5),
  revertAfter: hours(0.4),
  twin: { ...scenario.twin, revertAfter: hours(0.25) },
});

describe('what was learned of the water network', () => {
  it('is of the plant as it stands (npx penstock learn water-network makes it new)', async () => {
    expect(freshness(await openPlant(PLANT))).toBe('fresh');
  });
});

describe.each(SCENARIOS)('%s', (id) => {
  const scenario = loadScenario(id);

  it.each(SEEDS)(
    'of seed %i is seen within seconds, hours before a tank runs over, and undone',
    async (seed) => {
      const attack = await runScenario({ scenario: PROVE ? scenario : beginning(scenario), seed });
      expect(attack.detected).toBe(true);
      expect(attack.timeToDetectSeconds).toBeLessThan(30);
      expect(attack.inTime).toEqual({ automatic: true, controlRoom: true, field: true });
      expect(wrong(attack)).toEqual([]);
      expect(attack.reverted.state).toMatch(/^(proven|nothing)$/);
      if (!PROVE) return;
      expect(met(attack.expected)).toEqual(all(attack.expected));
      expect(met(attack.effects)).toEqual(all(attack.effects));
      expect(names(attack.outcome.hazards)).toContain('tank-overflow');
      expect(attack.timeToDamageSeconds).toBeGreaterThan(3600);
      expect(attack.adversary?.outcome).toBe('success');
    },
    LONG,
  );

  it.each(SEEDS)(
    'of seed %i has a twin that pages nobody and harms nothing',
    async (seed) => {
      const twin = await runScenario({
        ...{ scenario: PROVE ? scenario : beginning(scenario), seed },
        variant: 'twin',
      });
      expect(told(twin)).toEqual([]);
      expect(twin.outcome.hazards).toEqual([]);
    },
    LONG,
  );

  it.runIf(PROVE).each(SEEDS)(
    'of seed %i ends at the brim where floats are in the tanks, and is stopped by the control room',
    async (seed) => {
      const floats = await runScenario({ scenario, seed, control: 'floats' });
      expect([floats.detected, names(floats.outcome.hazards)]).toEqual([true, []]);
      const stopped = await runScenario({ scenario, seed, respond: 'control-room' });
      expect(names(stopped.outcome.hazards)).toEqual([]);
    },
    LONG,
  );

  it.runIf(PROVE)(
    'is stopped by an access list only when the stranger speaks in its own name',
    async () => {
      const listed = await runScenario({ scenario, seed: 7, control: 'allow-list' });
      expect(names(listed.outcome.hazards).includes('tank-overflow')).toBe(id === 'level-held-low');
    },
    LONG,
  );
});

const NORMAL = PROVE ? hours(30 * 24) : hours(1);
describe(`normal operation of the water network for ${NORMAL / hours(1)} h`, () => {
  it(
    'pages nobody and breaks no limit',
    async () => {
      const { alerts, hazards, simulatedSeconds } = runBaseline({
        ...{ plant: await openPlant(PLANT), seed: 11, duration: NORMAL },
        startAt: hours(0),
      });
      expect(simulatedSeconds).toBe(NORMAL / 1e6);
      expect(told({ alerts })).toEqual([]);
      expect(hazards).toEqual([]);
    },
    LONG,
  );
});
