/** The books of the network from outside: by what its instruments' places show, by each tank's own lines, by each node; and chlorine in finer steps. */
import { describe, expect, it } from 'vitest';
import { LAYOUT } from '../hydraulics.ts';
import { JUNCTIONS, SOURCES, TANKS } from '../network.ts';
import { TANK_OUTPUTS } from '../signals.ts';
import { makeTown, operate, run, STEP, set, townOf } from './judge.ts';

const MINUTE = 60;
const HOUR = 3600;
const PROVE = process.env.PENSTOCK_PROVE === '1';
const HOURS = PROVE ? 7 * 24 : 24;
const LITRES = 1000;

type Engine = ReturnType<typeof makeTown>;
const inTanks = (engine: Engine): number => TANKS.reduce((sum, _, n) => sum + (engine.states[n] as number), 0);

/** By node, m³/s that its lines bring more than they take away. */
function brought(engine: Engine): Float64Array {
  const { flows } = townOf(engine).hydraulics;
  const into = new Float64Array(LAYOUT.nodes);
  for (const [n, { from, to }] of LAYOUT.lines.entries()) {
    into[from] = (into[from] as number) - (flows[n] as number);
    into[to] = (into[to] as number) + (flows[n] as number);
  }
  return into;
}

describe('the water of the network', () => {
  it('is in the tanks when it was pumped and neither taken, nor run over, nor relieved', () => {
    const engine = makeTown();
    const start = inTanks(engine);
    let pumped = 0;
    let gone = 0;
    for (let minute = 0; minute < HOURS * 60; minute++) {
      // At night the reducing valve is opened, so that the relief valve spills; the standpipe is filled until it runs over.
      const night = minute % 1440 < 300;
      operate(engine);
      if (night) {
        set(engine, 'northPump1Contactor', 1);
        set(engine, 'northPump2Contactor', 1);
      }
      set(engine, 'reducingValveKPa', night ? 900 : 330);
      for (let step = 0; step < MINUTE / STEP; step++) {
        const litres = STEP / LITRES;
        pumped += (engine.output('worksFlowLPerS') + engine.output('wellFlowLPerS')) * litres;
        gone += (engine.output('demandLPerS') + engine.output('totalOverflowLPerS')) * litres;
        engine.step();
      }
    }
    const lost = (pumped - gone - (inTanks(engine) - start)) / pumped;
    console.log(`of ${pumped.toFixed(0)} m³ pumped in ${HOURS} h ${lost.toExponential(1)} cannot be found`);
    expect(engine.state('overflowed.water')).toBeGreaterThan(1);
    expect(engine.state('relieved.water')).toBeGreaterThan(1);
    // A step in which a tank becomes full or a valve moves is booked as it began.
    expect(Math.abs(lost)).toBeLessThan(1e-4);
  }, 120_000);

  it('of each tank is what its lines bring, and at every node as much comes as goes', () => {
    const engine = makeTown();
    let worstTank = 0;
    let worstNode = 0;
    for (let minute = 0; minute < HOURS * 60; minute++) {
      operate(engine);
      run(engine, MINUTE - STEP);
      const before = engine.states.slice(0, TANKS.length);
      const into = brought(engine);
      const { taken } = townOf(engine).hydraulics;
      let through = 0;
      for (const node of LAYOUT.sources) through += Math.abs(taken[node] as number);
      for (let node = 0; node < JUNCTIONS.length; node++)
        worstNode = Math.max(worstNode, Math.abs((into[node] as number) - (taken[node] as number)) / through);
      engine.step();
      for (const [n, node] of LAYOUT.tanks.entries()) {
        const gained = (engine.states[n] as number) - (before[n] as number);
        worstTank = Math.max(worstTank, Math.abs(gained - (into[node] as number) * STEP) / (through * STEP));
      }
    }
    console.log(
      `of what the sources give ${worstTank.toExponential(1)} is lost at a tank, ${worstNode.toExponential(1)} at a node, at worst`,
    );
    expect(engine.state('overflowed.water')).toBe(0);
    expect(worstTank).toBeLessThan(1e-6);
    expect(worstNode).toBeLessThan(1e-3);
    expect(LAYOUT.sources).toHaveLength(SOURCES.length);
  }, 120_000);

  it('carries chlorine that comes to a limit in finer steps', () => {
    const tanks = (step: number): number[] => {
      const engine = makeTown({ step });
      engine.disturb('variability', 0);
      engine.disturb('worksChlorineMgL', 1.2);
      run(engine, 12 * HOUR);
      return TANK_OUTPUTS.map((tank) => engine.output(`${tank}ChlorineMgL`));
    };
    // Flows are found once a minute at the most, so that a minute is the finest step of what is carried.
    const fine = tanks(MINUTE);
    const errors = [960, 480, 240].map((step) =>
      Math.max(...tanks(step).map((chlorine, n) => Math.abs(chlorine - (fine[n] as number)))),
    );
    console.log(
      `chlorine of tanks after 12 h is apart by ${errors.map((error) => error.toExponential(1)).join(', ')} mg/L at 960, 480, 240 s`,
    );
    expect(errors[1]).toBeLessThan(0.75 * (errors[0] as number));
    expect(errors[2]).toBeLessThan(0.75 * (errors[1] as number));
    expect(errors[2]).toBeLessThan(0.01);
  }, 120_000);
});
