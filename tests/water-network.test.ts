/** What the README promises of the water network that ships, each shown by a real run. */
import { loadScenario } from '@penstock/attacks';
import { freshness, openPlant } from '@penstock/range';
import { describe, expect, it } from 'vitest';
import { hazards, LONG, missed, normal, PROVE, paging, play, SEEDS, shortened, wrong } from './played.ts';

const PLANT = 'water-network';

describe('what was learned of the water network', () => {
  it('is of the plant as it stands (npx penstock learn water-network makes it new)', async () => {
    expect(freshness(await openPlant(PLANT))).toBe('fresh');
  });
});

describe.each(['tank-threshold', 'level-held-low'] as const)('%s', (id) => {
  const scenario = PROVE ? loadScenario(id) : shortened(id, 8, 12);
  /** Nothing that a controller holds is overwritten by who stands between. */
  const undone = id === 'tank-threshold' ? 'proven' : 'nothing';

  it.each(SEEDS)(
    'of seed %i pages within seconds, hours before a tank runs over, and is undone',
    async (seed) => {
      const attack = await play(scenario, seed);
      expect(attack.detected).toBe(true);
      expect(attack.timeToDetectSeconds).toBeLessThan(5);
      expect(paging(attack).length).toBeGreaterThan(0);
      expect(wrong(attack)).toEqual([]);
      expect(attack.reverted.state).toBe(undone);
      expect(attack.steps.filter(({ event }) => event === 'failed')).toEqual([]);
      if (!PROVE) {
        // The first effect comes within the first minute.
        expect(attack.effects[0]?.met).toBe(true);
        return;
      }
      expect(attack.inTime).toEqual({ automatic: true, controlRoom: true, field: true });
      expect(missed(attack)).toEqual([]);
      expect(hazards(attack)).toEqual(['tank-overflow']);
      expect(attack.timeToDamageSeconds).toBeGreaterThan(6000);
      expect(attack.timeToDamageSeconds).toBeLessThan(8000);
      expect(attack.adversary?.outcome).toBe('success');
    },
    LONG,
  );

  it.runIf(PROVE || id === 'tank-threshold').each(SEEDS)(
    'of seed %i has a twin that pages nobody and harms nothing',
    async (seed) => {
      const twin = await play(scenario, seed, { variant: 'twin' });
      expect(paging(twin)).toEqual([]);
      expect(hazards(twin)).toEqual([]);
      expect(twin.reverted.state).toBe(undone);
    },
    LONG,
  );

  it.runIf(PROVE)(
    'ends at the brim where floats are in the tanks; an access list stops who speaks in its own name only',
    async () => {
      const floats = await play(scenario, 7, { control: 'floats' });
      expect([floats.detected, hazards(floats)]).toEqual([true, []]);
      const listed = await play(scenario, 7, { control: 'allow-list' });
      expect(listed.detected).toBe(true);
      expect(hazards(listed)).toEqual(id === 'level-held-low' ? ['tank-overflow'] : []);
    },
    LONG,
  );

  it.runIf(PROVE)(
    'is ended in time by the control room and in the field, and pages without any rule that knows sources',
    async () => {
      for (const respond of ['control-room', 'field'] as const)
        expect([respond, hazards(await play(scenario, 7, { respond }))]).toEqual([respond, []]);
      const unknown = await play(scenario, 7, { withoutSourceRules: true });
      expect(unknown.timeToDetectSeconds).toBeLessThan(5);
      expect(paging(unknown).length).toBeGreaterThan(0);
    },
    LONG,
  );
});

const MONTH = 30 * 24;
describe.runIf(PROVE)('normal operation of the water network for 30 days', () => {
  it(
    'pages nobody and breaks no limit',
    async () => {
      expect(await normal(PLANT, MONTH)).toEqual({ hours: MONTH, paging: [], hazards: [] });
    },
    LONG,
  );
});
