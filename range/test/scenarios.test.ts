import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listScenarios, loadScenario } from '@penstock/attacks';
import { describe, expect, it } from 'vitest';
import { checkScenario, openPlant, Play, scenarioPlay } from '../index.ts';

const SHARED = process.env.PENSTOCK_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const ATTACK = join(SHARED, 'reference/attack-ics.json');
const known = existsSync(ATTACK)
  ? (JSON.parse(readFileSync(ATTACK, 'utf8')) as { techniques: { id: string; tactics: string[] }[] }).techniques
  : undefined;
/** Tactic Impact: computed from the truth, never written into a scenario. */
const IMPACT = 'TA0105';

describe.each(listScenarios())('scenario %s', (id) => {
  const scenario = loadScenario(id);

  it.each(['attack', 'twin'] as const)(
    'names only what its plant has, and knows what it would do (%s)',
    async (variant) => {
      const plant = await openPlant(scenario.plant);
      const { monitor: _nobody, ...request } = scenarioPlay(plant, { scenario, seed: 1, variant }, undefined);
      const play = new Play(request);
      const steps = play.attack?.plan() ?? [];
      expect(steps.map((s) => s.id)).toEqual(
        [
          ...(variant === 'twin' ? scenario.twin.steps : scenario.steps),
          ...(variant === 'twin' ? scenario.twin.revert : scenario.revert),
        ].map((s) => s.id),
      );
      for (const { lines } of steps)
        for (const { from } of lines) expect(from).toMatch(/^[a-z0-9-]+ \(\d+\.\d+\.\d+\.\d+\)$/);
      expect(play.attack?.prerequisites().filter((p) => /switched off|key|program/.test(p.reason) && !p.met)).toEqual(
        [],
      );
      play.finish();
    },
  );

  it('names hazards of its plant', async () => {
    const { spec } = await openPlant(scenario.plant);
    expect(spec.hazards.map((h) => h.id)).toEqual(expect.arrayContaining([...scenario.hazards]));
  });

  it.skipIf(known === undefined)('names techniques of ATT&CK for ICS 19.1, and leaves impacts to the truth', () => {
    const steps = [...scenario.steps, ...scenario.revert, ...scenario.twin.steps, ...scenario.twin.revert];
    const named = new Set([
      ...steps.flatMap((s) => s.techniques),
      ...scenario.expect.flatMap((e) => e.technique ?? []),
    ]);
    for (const technique of named) {
      const found = known?.find((t) => t.id === technique);
      expect(found, technique).toBeDefined();
      expect(found?.tactics, technique).not.toEqual([IMPACT]);
    }
  });

  it('has a twin that keeps source, verb and tag', () => {
    const acts = (list: typeof scenario.steps) => list.map((s) => `${s.from} ${s.verb}`);
    expect(acts(scenario.steps)).toEqual(expect.arrayContaining(acts(scenario.twin.steps)));
  });

  it('says what is documented and what is made up', () => {
    expect(scenario.basis.documented.length).toBeGreaterThan(0);
    expect(scenario.basis.invented.length).toBeGreaterThan(0);
    expect(scenario.basis.sources.length).toBeGreaterThan(0);
  });
});

describe('a scenario that its plant does not bear', () => {
  const lye = loadScenario('lye-setpoint');

  it('is told everything that is wrong with it', async () => {
    const [first, ...others] = lye.steps as [(typeof lye.steps)[number], ...typeof lye.steps];
    const wrong = {
      ...lye,
      hazards: ['outlet-pH'],
      steps: [{ ...first, techniques: ['T0855', 'T9999'] }, ...others],
      effects: [{ about: 'x', predicate: { when: 'AIT3O1 > 1' }, within: 1 as never }],
    } as typeof lye;
    await expect(checkScenario(wrong)).rejects.toThrow(
      /no hazard 'outlet-pH'; did you mean 'outlet-ph'\?.*T0855 is no technique.*it is T1692\.001 now.*T9999 is no technique.*knows no tag AIT3O1/s,
    );
  });

  it('is none of those that ship', async () => {
    for (const id of listScenarios()) await expect(checkScenario(loadScenario(id))).resolves.toBeUndefined();
  });
});
