/** What the README promises of the Tennessee Eastman unit that ships, each shown by a real run. */
import { loadScenario } from '@penstock/attacks';
import { freshness, openPlant } from '@penstock/range';
import { describe, expect, it } from 'vitest';
import { hazards, LONG, missed, normal, PROVE, paging, play, SEEDS, shortened, wrong } from './played.ts';

const PLANT = 'tennessee-eastman';

describe('what was learned of the Tennessee Eastman unit', () => {
  it('is of the plant as it stands (npx penstock learn tennessee-eastman makes it new)', async () => {
    expect(freshness(await openPlant(PLANT))).toBe('fresh');
  });
});

describe('worst-second', () => {
  const scenario = PROVE ? loadScenario('worst-second') : shortened('worst-second', 5, 7);

  it.each(SEEDS)(
    'of seed %i is seen at once, trips the unit within minutes, and leaves time for no person',
    async (seed) => {
      const attack = await play(scenario, seed);
      expect(attack.timeToDetectSeconds).toBeLessThan(5);
      expect(paging(attack).length).toBeGreaterThan(0);
      expect(attack.timeToDamageSeconds).toBeGreaterThan(170);
      expect(attack.timeToDamageSeconds).toBeLessThan(200);
      expect(attack.inTime).toEqual({ automatic: true, controlRoom: false, field: false });
      expect(missed(attack)).toEqual([]);
      expect(wrong(attack)).toEqual([]);
      expect(attack.adversary?.outcome).toBe('success');
      // The safety device trips the unit a little before the process shuts itself down, and no vessel is beyond its limits.
      expect(hazards(attack)).toEqual(['shutdown']);
      expect(attack.reverted.state).toBe('proven');
    },
    LONG,
  );

  it.each(SEEDS)(
    'of seed %i has a twin that pages nobody and trips nothing',
    async (seed) => {
      const twin = await play(PROVE ? scenario : shortened('worst-second', 2, 4), seed, { variant: 'twin' });
      expect(paging(twin)).toEqual([]);
      expect(hazards(twin)).toEqual([]);
      expect(twin.reverted.state).toBe('proven');
    },
    LONG,
  );

  it.runIf(PROVE)(
    'is answered in time by an automatic response and by nobody else; no access list, key or conduit stops it',
    async () => {
      const automatic = await play(scenario, 7, { respond: 'automatic' });
      expect([hazards(automatic), automatic.adversary?.outcome]).toEqual([[], 'failed']);
      for (const respond of ['control-room', 'field'] as const)
        expect([respond, hazards(await play(scenario, 7, { respond }))]).toEqual([respond, ['shutdown']]);
      for (const { id } of scenario.controls) {
        const under = await play(scenario, 7, { control: id });
        expect([id, under.detected, hazards(under).includes('shutdown')]).toEqual([id, true, true]);
      }
      const unknown = await play(scenario, 7, { withoutSourceRules: true });
      expect(unknown.timeToDetectSeconds).toBeLessThan(5);
      expect(paging(unknown).length).toBeGreaterThan(0);
    },
    LONG,
  );
});

describe('quiet-separator', () => {
  /** Its first minutes in landings: what it does to the process takes hours. */
  const scenario = PROVE ? loadScenario('quiet-separator') : shortened('quiet-separator', 5, 9);

  it.each(SEEDS)(
    'of seed %i pages with the program that is loaded, hours before the unit is lost, and is undone',
    async (seed) => {
      const attack = await play(scenario, seed);
      expect(attack.timeToDetectSeconds).toBeLessThan(5);
      expect(attack.expected.slice(0, PROVE ? 3 : 2).filter(({ met }) => !met)).toEqual([]);
      expect(wrong(attack)).toEqual([]);
      expect(attack.reverted.state).toBe('proven');
      if (!PROVE) return;
      expect(attack.timeToDamageSeconds).toBeGreaterThan(3 * 3600);
      expect(attack.inTime).toEqual({ automatic: true, controlRoom: true, field: true });
      expect(missed(attack)).toEqual([]);
      expect(hazards(attack)).toContain('shutdown');
      expect(attack.adversary?.outcome).toBe('success');
    },
    LONG,
  );

  it.runIf(PROVE).each(SEEDS)(
    'of seed %i has a twin that pages nobody and trips nothing',
    async (seed) => {
      const twin = await play(scenario, seed, { variant: 'twin' });
      expect(paging(twin)).toEqual([]);
      expect(hazards(twin)).toEqual([]);
      expect(twin.reverted.state).toBe('proven');
    },
    LONG,
  );

  it.runIf(PROVE)(
    'is undone by the control room and in the field, but not by cutting the workstation off, whose program stays',
    async () => {
      const lost = { automatic: true, 'control-room': false, field: false } as const;
      for (const respond of ['automatic', 'control-room', 'field'] as const)
        expect([respond, hazards(await play(scenario, 7, { respond })).includes('shutdown')]).toEqual([
          respond,
          lost[respond],
        ]);
    },
    LONG,
  );

  it.runIf(PROVE)(
    'loads nothing where keys stand at RUN, CPUs ask for a password, lists name who may order, or the conduit is closed',
    async () => {
      for (const { id } of scenario.controls) {
        const under = await play(shortened('quiet-separator', 5, 9), 7, { control: id });
        expect([id, under.sent.taken]).toEqual([id, id === 'no-safety-device' ? 1 : 0]);
      }
    },
    LONG,
  );
});

const MONTH = 30 * 24;
describe.runIf(PROVE)('normal operation of the Tennessee Eastman unit for 30 days', () => {
  it(
    'pages nobody and breaks no limit',
    async () => {
      expect(await normal(PLANT, MONTH)).toEqual({ hours: MONTH, paging: [], hazards: [] });
    },
    LONG,
  );
});
