/** What the README promises of the Tennessee Eastman unit that ships, each shown by a real run. */
import { loadScenario, type ScenarioSpec } from '@penstock/attacks';
import { hours, type ResponderName } from '@penstock/core';
import { freshness, openPlant, pages, runBaseline, runScenario, type ScenarioSummary } from '@penstock/range';
import { describe, expect, it } from 'vitest';

const PLANT = 'tennessee-eastman';
/** Virtual runs of many hours; a slow machine may take minutes. */
const LONG = 1_800_000;
/** Days of a virtual run, seeds and controls: CI has seconds only. */
const PROVE = process.env.PENSTOCK_PROVE === '1';
const SEEDS = PROVE ? [7, 11, 23] : [7];

interface Asked {
  readonly variant?: 'attack' | 'twin';
  readonly control?: string;
  readonly respond?: ResponderName;
  readonly withoutSourceRules?: boolean;
}
const play = (scenario: ScenarioSpec, seed: number, asked: Asked = {}): Promise<ScenarioSummary> =>
  runScenario({ scenario, seed, ...asked });
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

describe('what was learned of the Tennessee Eastman unit', () => {
  it('is of the plant as it stands (npx penstock learn tennessee-eastman makes it new)', async () => {
    expect(freshness(await openPlant(PLANT))).toBe('fresh');
  });
});

describe('worst-second', () => {
  const whole = loadScenario('worst-second');
  /** Until it is undone; what follows is a unit that stands. */
  const scenario: ScenarioSpec = PROVE ? whole : { ...whole, observe: hours(0.6) };
  const exercised: ScenarioSpec = PROVE ? whole : { ...whole, observe: hours(0.3) };

  it.each(SEEDS)(
    'of seed %i is seen within seconds, trips the unit within minutes, and leaves time for no person',
    async (seed) => {
      const attack = await play(scenario, seed);
      expect(attack.detected).toBe(true);
      expect(attack.timeToDetectSeconds).toBeLessThan(15);
      expect(attack.timeToDamageSeconds).toBeGreaterThan(170);
      expect(attack.timeToDamageSeconds).toBeLessThan(200);
      expect(attack.inTime).toEqual({ automatic: true, controlRoom: false, field: false });
      expect(met(attack.expected)).toEqual(all(attack.expected));
      expect(met(attack.effects)).toEqual(all(attack.effects));
      expect(wrong(attack)).toEqual([]);
      expect(attack.adversary?.outcome).toBe('success');
      // The safety device trips the unit a little before the process shuts itself down, and no vessel is beyond its limits.
      expect(names(attack.outcome.hazards)).toEqual(['shutdown']);
      expect(attack.reverted).toMatchObject({ state: 'proven' });
    },
    LONG,
  );

  it.each(SEEDS)(
    'of seed %i has a twin that pages nobody and trips nothing',
    async (seed) => {
      const twin = await play(exercised, seed, { variant: 'twin' });
      expect(told(twin)).toEqual([]);
      expect(twin.outcome.hazards).toEqual([]);
      expect(twin.reverted.state).toBe('proven');
    },
    LONG,
  );

  it.runIf(PROVE)(
    'is answered in time by an automatic response and by nobody else; no access list, key or conduit stops it',
    async () => {
      const automatic = await play(scenario, 7, { respond: 'automatic' });
      expect([names(automatic.outcome.hazards), automatic.adversary?.outcome]).toEqual([[], 'failed']);
      const room = await play(scenario, 7, { respond: 'control-room' });
      expect(names(room.outcome.hazards)).toEqual(['shutdown']);
      for (const { id } of scenario.controls) {
        const under = await play(scenario, 7, { control: id });
        expect([id, under.detected, names(under.outcome.hazards).includes('shutdown')]).toEqual([id, true, true]);
      }
    },
    LONG,
  );
});

describe('quiet-separator', () => {
  const whole = loadScenario('quiet-separator');
  /** Its first hour and its end: what it does to the process takes many. */
  const beginning: ScenarioSpec = {
    ...whole,
    observe: hours(0.8),
    revertAfter: hours(0.5),
    twin: { ...whole.twin, revertAfter: hours(0.5) },
  };

  it.each(SEEDS)(
    'of seed %i is seen with the program that is loaded, long before anything is lost, and undone',
    async (seed) => {
      const attack = await play(PROVE ? whole : beginning, seed);
      expect(attack.detected).toBe(true);
      expect(attack.timeToDetectSeconds).toBeLessThan(300);
      expect(met(attack.expected)).toEqual(all(attack.expected));
      expect(wrong(attack)).toEqual([]);
      expect(attack.inTime).toEqual({ automatic: true, controlRoom: true, field: true });
      if (attack.timeToDamageSeconds !== null) expect(attack.timeToDamageSeconds).toBeGreaterThan(6 * 3600);
      expect(attack.reverted.state).toBe('proven');
      if (PROVE) expect(met(attack.effects)).toEqual(all(attack.effects));
    },
    LONG,
  );

  it.each(SEEDS)(
    'of seed %i has a twin that pages nobody',
    async (seed) => {
      const twin = await play(PROVE ? whole : beginning, seed, { variant: 'twin' });
      expect(told(twin)).toEqual([]);
      expect(twin.outcome.hazards).toEqual([]);
      expect(twin.reverted.state).toBe('proven');
    },
    LONG,
  );

  it.runIf(PROVE)(
    'loads nothing where keys stand at RUN, where the CPUs ask for a password, and where the conduit is closed',
    async () => {
      for (const { id } of beginning.controls) {
        const under = await play(beginning, 7, { control: id });
        const loads = id === 'allow-list' || id === 'no-safety-device';
        expect([id, under.steps.some(({ step, event }) => step === 'change' && event === 'done')]).toEqual([id, loads]);
      }
    },
    LONG,
  );
});

const NORMAL = PROVE ? hours(30 * 24) : hours(1);
describe(`normal operation of the Tennessee Eastman unit for ${NORMAL / hours(1)} h`, () => {
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
