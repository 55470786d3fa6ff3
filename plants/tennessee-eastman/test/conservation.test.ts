/** Nothing is lost: every component, all mass and all energy that enter the unit leave it, stay in it, or are what the four reactions make. */
import { ProcessEngine } from '@penstock/simulator/process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import process from '../process.ts';
import { Books, type Disturbed } from './books.ts';
import { plant, Unit } from './unit.ts';

const PROVE = globalThis.process.env.PENSTOCK_PROVE === '1';
const HOUR = 3600;
/** What rounding leaves of a day's sums. */
const NOTHING = 1e-10;

/** Every book closes; what the reactions made is positive, as none of them runs backwards. */
function closes(books: Books): void {
  for (const share of books.unexplained()) expect(Math.abs(share)).toBeLessThan(NOTHING);
  expect(Math.abs(books.massLost())).toBeLessThan(NOTHING);
  expect(Math.abs(books.heatLost())).toBeLessThan(NOTHING);
  // A reaction that all but stands still is a difference of rounding.
  expect(books.slowest).toBeGreaterThan(-1e-9);
}

describe('the books of the unit', () => {
  it('close by component, by mass and by energy while the loops follow changed orders, feeds and cooling water', () => {
    const unit = new Unit();
    const books = new Books(unit.engine);
    const disturbed: Record<keyof Disturbed, boolean> = {
      acRatioStep: false,
      dFeedTemperatureStep: false,
      reactorCoolingInletStep: false,
      condenserCoolingInletStep: false,
    };
    const follow = (hours: number) => {
      for (let n = 0; n < hours * HOUR; n++) {
        unit.advance();
        books.step(disturbed);
      }
      closes(books);
    };
    follow(0.5);
    unit.variable('reactor-plc', 'LIC201_SP').set(78);
    unit.variable('separator-plc', 'LIC301_SP').set(45);
    for (const name of Object.keys(disturbed) as (keyof Disturbed)[]) {
      disturbed[name] = true;
      unit.engine.disturb(name, 1);
      follow(PROVE ? 6 : 0.25);
      expect([name, unit.truth('XS900')]).toEqual([name, 0]);
      disturbed[name] = false;
      unit.engine.disturb(name, 0);
    }
    // Most of what reacts makes G and H, in about equal parts; the by-product is a trace (Downs & Vogel 1993, table 1).
    const [g, h, f1, f2] = books.reacted as unknown as [number, number, number, number];
    expect(g / h).toBeGreaterThan(0.9);
    expect(g / h).toBeLessThan(1.5);
    expect(f1 + f2).toBeGreaterThan(0);
    expect(f1 + f2).toBeLessThan(0.03 * (g + h));
  });

  it('close whatever the valves do, until the unit stands', () => {
    const valves = plant.tags.filter((tag) => tag.actuator !== undefined && tag.id !== 'K901').map(({ id }) => id);
    fc.assert(
      fc.property(
        fc.array(fc.record({ valve: fc.constantFrom(...valves), to: fc.integer({ min: 5, max: 95 }) }), {
          minLength: 10,
          maxLength: 30,
        }),
        (moves) => {
          const engine = new ProcessEngine(process, plant.tags, { step: 1, method: 'euler', seed: 1 });
          const books = new Books(engine);
          for (const { valve, to } of moves) {
            engine.command(engine.tagIndex(valve), to);
            for (let n = 0; n < 60; n++) {
              engine.step();
              if (engine.output('shutDown') === 1) return;
              books.step();
            }
            closes(books);
          }
        },
      ),
      { numRuns: PROVE ? 100 : 10 },
    );
  });

  it('say nothing more once the unit stands: nothing in it moves', () => {
    const unit = new Unit();
    unit.run(60);
    unit.engine.command(unit.engine.tagIndex('K901'), 0);
    unit.run(5);
    const stood = unit.engine.states.slice();
    unit.run(HOUR);
    expect([...unit.engine.states]).toEqual([...stood]);
  });
});
