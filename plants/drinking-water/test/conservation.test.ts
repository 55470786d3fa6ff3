import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SPECIES_NAMES } from '../layout.ts';
import { INPUTS, OUTPUTS } from '../signals.ts';
import { type InputName, makeWorks, Operator, worksOf } from './operator.ts';

type Engine = ReturnType<typeof makeWorks>;

/** Inventory + left + consumed − entered: what must not change. Alkalinity proper counts hypochlorite and what its consumption took. */
function books(engine: Engine): Record<string, { sum: number; size: number }> {
  const inventory = worksOf(engine).inventory(engine.states);
  const row = (held: number, left: number, consumed: number, entered: number) => ({
    sum: held + left + consumed - entered,
    size: Math.abs(held) + Math.abs(entered),
  });
  const of = (what: (typeof SPECIES_NAMES)[number], consumed = 0) =>
    row(inventory[what], engine.state(`left.${what}`), consumed, engine.state(`entered.${what}`));
  const alkali = of('alkali');
  const chlorine = of('chlorine', inventory.consumedChlorine);
  return {
    water: row(inventory.water, engine.state('left.water'), 0, engine.state('entered.water')),
    alkali,
    alkalinity: { sum: alkali.sum + chlorine.sum, size: alkali.size + chlorine.size },
    carbon: of('carbon'),
    chlorine,
    solids: of('solids'),
    aluminium: of('aluminium'),
    tracer: of('tracer'),
  };
}

const relativeErrors = (engine: Engine, before: ReturnType<typeof books>) =>
  Object.entries(books(engine)).map(([what, { sum, size }]) => ({
    what,
    error: Math.abs(sum - before[what].sum) / Math.max(size, 1e-12),
  }));

function worstError(engine: Engine, before: ReturnType<typeof books>): { what: string; error: number } {
  const errors = relativeErrors(engine, before);
  return errors.toSorted((a, b) => b.error - a.error)[0];
}

describe('conservation', () => {
  it('holds over a day of normal operation with varying flows, a wash and dosing moves, to relative 1e-9', () => {
    const engine = makeWorks({ seed: 3 });
    const operator = new Operator(engine);
    engine.disturb('rawTracerMgL', 0.5);
    const before = books(engine);
    for (let hour = 0; hour < 24; hour++) {
      operator.rawFlow = 167 + 40 * Math.sin(hour);
      operator.naohDose = 8 + 3 * Math.sin(2 * hour);
      operator.naoclDose = hour === 13 ? 0 : 1.8 + 0.4 * Math.cos(hour);
      engine.disturb('demandFactor', 1 + 0.2 * Math.cos(3 * hour));
      engine.disturb('temperatureC', 12 + 3 * Math.sin(hour / 4));
      engine.disturb('highZoneFireM3PerHour', hour === 5 ? 48 : 0);
      operator.set('boosterPump1Contactor', hour % 5 < 3 ? 1 : 0);
      operator.set('boosterPump2Contactor', hour > 15 ? 1 : 0);
      if (hour === 6) operator.startWash(1);
      if (hour === 15) operator.startWash(0);
      operator.run(3600);
    }
    const errors = relativeErrors(engine, before).map(({ what, error }) => `${what} ${error.toExponential(1)}`);
    console.log(`a day's books, relative: ${errors.join(', ')}`);
    const worst = worstError(engine, before);
    expect(worst.error, worst.what).toBeLessThan(1e-9);
    // And it is not by standing still: a day's water, and chlorine that has decayed, have gone through the books.
    expect(engine.state('entered.water')).toBeGreaterThan(3500);
    expect(engine.output('highZoneTankOverflowM3PerHour')).toBeGreaterThan(5);
    expect(worksOf(engine).inventory(engine.states).consumedChlorine).toBeGreaterThan(10);
  }, 120_000);

  it('holds, and everything stays finite and positive, whatever the inputs do', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.boolean(), (seed, oversizedNaohPump) => {
        const engine = makeWorks({ seed, options: { oversizedNaohPump } });
        const before = books(engine);
        let state = seed;
        const random = () => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
          return state / 2 ** 32;
        };
        const names = Object.keys(INPUTS) as InputName[];
        for (let change = 0; change < 60; change++) {
          for (const name of names)
            if (random() < 0.3) {
              const end = random() < 0.5;
              const top = name.endsWith('Contactor') ? 1 : 100;
              engine.command(engine.tagIndex(name), top * (end ? Math.round(random()) : random()));
            }
          if (random() < 0.2) engine.disturb('rawTurbidityNtu', 200 * random() ** 3);
          if (random() < 0.2) engine.disturb('rawAlkalinityMgL', 10 + 150 * random());
          if (random() < 0.2) engine.disturb('demandFactor', 3 * random());
          if (random() < 0.2) engine.disturb('temperatureC', 1 + 28 * random());
          if (random() < 0.2) engine.disturb('riverLevelM', 4 * random());
          if (random() < 0.1) engine.disturb('networkBurstM3PerHour', 400 * random());
          if (random() < 0.1) engine.disturb('highZoneDemandFactor', 4 * random());
          if (random() < 0.1) engine.disturb('highZoneFireM3PerHour', 200 * random());
          if (random() < 0.1) engine.disturb('boosterStrainerBlocked', Math.min(1, 1.2 * random()));
          if (random() < 0.1) engine.disturb('boosterMainsFailed', Math.round(random()));
          if (random() < 0.1) engine.disturb('naohDeliveryLPerHour', 4000 * random());
          for (let i = 0; i < 600; i++) engine.step();
          physical(engine);
        }
        const worst = worstError(engine, before);
        expect(worst.error, worst.what).toBeLessThan(1e-9);
      }),
      { numRuns: process.env.PENSTOCK_PROVE === '1' ? 20 : 4 },
    );
  }, 300_000);
});

/** Amounts that are signed: alkalinity less chlorine may be acid, acid in the bund caustic, and the books count what left or entered. */
const SIGNED = /alkali|acid|^entered|^left/;

function physical(engine: Engine): void {
  const { states, outputs } = engine;
  engine.definition.states.forEach((name, i) => {
    if (!Number.isFinite(states[i])) throw new Error(`${name} is ${states[i]}`);
    if (!SIGNED.test(name) && states[i] < -1e-9) throw new Error(`${name} is ${states[i]}`);
  });
  OUTPUTS.forEach((name, i) => {
    if (!Number.isFinite(outputs[i])) throw new Error(`${name} is ${outputs[i]}`);
    if (
      outputs[i] < -1e-9 &&
      name !== 'rawAlkalinityMgL' &&
      name !== 'outletAlkalinityMgL' &&
      name !== 'chemicalRoomPressurePa'
    )
      throw new Error(`${name} is ${outputs[i]}`);
    if (/Ph$/.test(name) && !(outputs[i] > 0 && outputs[i] < 16)) throw new Error(`${name} is ${outputs[i]}`);
  });
}
