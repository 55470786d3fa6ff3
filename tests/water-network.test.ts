/** What the README promises of the water network that ships, each shown by a real run of the command. */
import type { ScenarioSummary } from '@penstock/range';
import { afterAll, describe, expect, it } from 'vitest';
import { penstock, scratchFolder } from './penstock.ts';

const scratch = scratchFolder();
afterAll(() => scratch.remove());
const LONG = 900_000;
/** Hours of a virtual run each; CI has minutes only. */
const proving = process.env.PENSTOCK_PROVE === '1';

/** Runs `penstock … --json` in a folder of its own and reads its document. */
async function json<T>(...args: string[]): Promise<{ code: number | null; document: T }> {
  const { code, stdout, stderr } = await penstock([...args, '--json'], { cwd: scratch.path, limit: LONG });
  if (stdout === '') throw new Error(`penstock ${args.join(' ')} printed nothing: ${stderr}`);
  return { code, document: JSON.parse(stdout) as T };
}
const play = async (scenario: string, ...args: string[]) =>
  (await json<ScenarioSummary>('run', scenario, '--virtual', '--seed', '7', ...args)).document;

describe('what was learned of the water network', () => {
  it(
    'is of the plant as it stands (npx penstock learn water-network makes it new)',
    async () => {
      expect((await json('learn', 'water-network', '--check')).document).toEqual({
        plant: 'water-network',
        learned: 'fresh',
      });
    },
    LONG,
  );
});

describe.skipIf(!proving)('a tank runs over', () => {
  it.each(['tank-threshold', 'level-held-low'])(
    'in %s, hours after it was detected, unless a float is in it',
    async (scenario) => {
      const attack = await play(scenario);
      expect(attack.detected).toBe(true);
      expect(attack.timeToDetectSeconds).toBeLessThan(30);
      expect(attack.outcome.hazards.map(({ hazard }) => hazard)).toContain('tank-overflow');
      expect(attack.timeToDamageSeconds).toBeGreaterThan(3600);
      expect(attack.inTime).toEqual({ automatic: true, controlRoom: true, field: true });
      expect((await play(scenario, '--control', 'floats')).outcome.hazards).toEqual([]);
      expect((await play(scenario, '--twin')).outcome.hazards).toEqual([]);
    },
    LONG,
  );
});
