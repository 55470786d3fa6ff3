/** The process: whether EPANET agrees with its tanks and its water, whether books balance, and whether a snapshot goes on as the run does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EpanetNetwork } from '../epanet.ts';
import { Hydraulics, LAYOUT, link, makeSituation, node } from '../hydraulics.ts';
import { epanetText, JUNCTIONS, PUMPS, TANKS } from '../network.ts';
import { INPUTS, OUTPUTS } from '../signals.ts';
import { DECAYED, ENTERED, LEFT } from '../transport.ts';
import { Judge, makeTown, operate, run, STEP, set, townOf } from './judge.ts';

const HOUR = 3600;
const MINUTE = 60;
const PROVE = process.env.PENSTOCK_PROVE === '1';

type Engine = ReturnType<typeof makeTown>;

/** Water in tanks + what left − what entered, m³; chlorine the same, g. */
function books(engine: Engine): { readonly water: number; readonly chlorine: number } {
  const { transport } = townOf(engine);
  let tanks = 0;
  for (let n = 0; n < TANKS.length; n++) tanks += engine.states[n] as number;
  const of = (name: string) => engine.state(`${name}.water`);
  return {
    water: tanks + of('delivered') + of('relieved') + of('overflowed') - of('entered'),
    chlorine:
      transport.content() +
      (transport.books[LEFT] as number) +
      (transport.books[DECAYED] as number) -
      (transport.books[ENTERED] as number),
  };
}

describe('the network', () => {
  it('is numbered by EPANET as by the process', () => {
    const network = new EpanetNetwork(epanetText());
    expect(network.nodes.map((id) => node(id))).toEqual(network.nodes.map((_, n) => n));
    expect(network.links.map((id) => link(id))).toEqual(network.links.map((_, n) => n));
    expect(LAYOUT.nodes).toBe(network.nodes.length);
    network.close();
  });

  it('has a solution that depends on nothing but what it is solved for', () => {
    const used = new Hydraulics(true);
    const situation = makeSituation();
    for (let n = 0; n < JUNCTIONS.length; n++) situation.wanted[n] = JUNCTIONS[n]?.demand as number;
    for (let turn = 0; turn < 40; turn++) {
      for (let n = 0; n < PUMPS.length; n++) situation.pumps[n] = (turn >> (n % 5)) & 1;
      situation.levels[turn % TANKS.length] = 0.1 + ((turn * 7) % 50) / 10;
      situation.fill = turn % 3 === 0 ? 0 : 28;
      situation.reduced = turn % 4 === 0 ? 80 : 34;
      used.solve(situation);
      const fresh = new Hydraulics(true);
      fresh.solve(situation);
      expect([...used.flows]).toEqual([...fresh.flows]);
      expect([...used.heads]).toEqual([...fresh.heads]);
      expect([...used.taken]).toEqual([...fresh.taken]);
    }
  });

  it('holds pressures that a town can live with through a day', () => {
    const engine = makeTown();
    const lowest = new Map<string, number>();
    const highest = new Map<string, number>();
    for (let minute = 0; minute < 48 * 60; minute++) {
      operate(engine);
      run(engine, MINUTE);
      for (const name of OUTPUTS) {
        const value = engine.output(name);
        lowest.set(name, Math.min(value, lowest.get(name) ?? value));
        highest.set(name, Math.max(value, highest.get(name) ?? value));
      }
    }
    if (PROVE)
      for (const name of OUTPUTS)
        console.log(`${name}: ${lowest.get(name)?.toFixed(2)} to ${highest.get(name)?.toFixed(2)}`);
    expect(lowest.get('leastPressureKPa')).toBeGreaterThan(200);
    expect(lowest.get('servedPercent')).toBeGreaterThan(99.9);
    expect(highest.get('fishMarketPressureKPa')).toBeLessThan(600);
    expect(highest.get('totalOverflowLPerS')).toBe(0);
    expect(highest.get('mostStartsPerHour')).toBeLessThanOrEqual(4);
    expect(lowest.get('moorEndChlorineMgL')).toBeGreaterThan(0.15);
  }, 120_000);

  it('has the levels of EPANET’s own tanks and the chlorine of its own quality engine', () => {
    const hours = PROVE ? 72 : 24;
    const engine = makeTown();
    engine.disturb('bulkDecayPerDay', 0.5);
    // At 20 °C the decay is what it is called.
    engine.disturb('temperatureC', 20);
    const judge = new Judge('chlorine', 0.5, 0.05, hours * HOUR);
    run(engine, MINUTE);
    const before = books(engine);
    const nodes = ['J04', 'J07', 'J09', 'J12', 'J16', 'J23', 'J29', 'J31', 'J34', 'J35', ...TANKS.map(({ id }) => id)];
    let worstLevel = 0;
    let worstChlorine = 0;
    let sum = 0;
    let count = 0;
    for (let minute = 1; minute < hours * 60; minute++) {
      operate(engine);
      run(engine, STEP);
      judge.minute(engine);
      run(engine, MINUTE - STEP);
      if (minute % 60 !== 0) continue;
      for (const [n, level] of judge.levels().entries())
        worstLevel = Math.max(worstLevel, Math.abs(level - townOf(engine).level(n, engine.states)));
      for (const id of nodes) {
        const apart = Math.abs(judge.quality(id) - (townOf(engine).transport.chlorine[node(id)] as number));
        worstChlorine = Math.max(worstChlorine, apart);
        sum += apart;
        count++;
      }
    }
    console.log(
      `tanks within ${worstLevel.toExponential(1)} m, chlorine within ${worstChlorine.toFixed(4)}, mean ${(sum / count).toFixed(5)} mg/L`,
    );
    expect(worstLevel).toBeLessThan(0.02);
    expect(sum / count).toBeLessThan(0.0015);
    expect(worstChlorine).toBeLessThan(0.05);
    const after = books(engine);
    const lost = Math.abs(after.water - before.water) / engine.state('entered.water');
    const chlorineLost =
      Math.abs(after.chlorine - before.chlorine) / (townOf(engine).transport.books[ENTERED] as number);
    console.log(`of a day's water ${lost.toExponential(1)} is lost, of its chlorine ${chlorineLost.toExponential(1)}`);
    expect(lost).toBeLessThan(1e-6);
    expect(chlorineLost).toBeLessThan(1e-7);
    judge.network.close();
  }, 120_000);

  it('has the water’s age as EPANET finds it', () => {
    const hours = PROVE ? 96 : 36;
    const engine = makeTown();
    const judge = new Judge('age', 0, 0, hours * HOUR);
    run(engine, MINUTE);
    const nodes = ['J07', 'J12', 'J23', 'J29', 'J34', ...TANKS.map(({ id }) => id)];
    const ours = new Map(nodes.map((id) => [id, 0]));
    const theirs = new Map(nodes.map((id) => [id, 0]));
    const compared = (12 * HOUR) / MINUTE;
    for (let minute = 1; minute <= hours * 60; minute++) {
      operate(engine);
      run(engine, STEP);
      judge.minute(engine);
      run(engine, MINUTE - STEP);
      if (minute <= hours * 60 - compared) continue;
      // Where two waters take turns, a minute's difference is hours of age: means over half a day are compared.
      for (const id of nodes) {
        ours.set(id, (ours.get(id) as number) + (townOf(engine).transport.age[node(id)] as number) / compared);
        theirs.set(id, (theirs.get(id) as number) + judge.quality(id) / compared);
      }
    }
    const apart = nodes.map((id) => Math.abs((ours.get(id) as number) - (theirs.get(id) as number)));
    console.log(`mean ages within ${Math.max(...apart).toFixed(3)} h of ${Math.max(...theirs.values()).toFixed(1)} h`);
    expect(Math.max(...apart)).toBeLessThan(0.1);
    judge.network.close();
  }, 120_000);

  it('neither makes nor loses water or chlorine, whatever is switched', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.boolean(), (seed, harbourRelief) => {
        const engine = makeTown({ seed, options: { harbourRelief, tankFloats: seed % 2 === 0 } });
        const before = books(engine);
        let state = seed;
        const random = () => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
          return state / 2 ** 32;
        };
        for (let change = 0; change < 60; change++) {
          for (const name of Object.keys(INPUTS) as (keyof typeof INPUTS)[])
            if (random() < 0.3)
              set(
                engine,
                name,
                name.endsWith('KPa')
                  ? 200 + 800 * random()
                  : name.endsWith('Percent')
                    ? 100 * random()
                    : Math.round(random()),
              );
          if (random() < 0.2) engine.disturb('demandFactor', 2.5 * random());
          if (random() < 0.2) engine.disturb('burstFishMarketLPerS', 120 * random());
          if (random() < 0.2) engine.disturb('fireMarketLPerS', 100 * random());
          if (random() < 0.2) engine.disturb('worksChlorineMgL', 2 * random());
          if (random() < 0.2) engine.disturb('worksMainsFailed', Math.round(random()));
          run(engine, 30 * MINUTE);
          for (const [n, name] of OUTPUTS.entries()) {
            const value = engine.outputs[n] as number;
            if (!(Number.isFinite(value) && value >= 0)) throw new Error(`${name} is ${value}`);
          }
        }
        const after = books(engine);
        expect(Math.abs(after.water - before.water) / engine.state('entered.water')).toBeLessThan(1e-5);
        const { transport } = townOf(engine);
        expect(Math.abs(after.chlorine - before.chlorine) / (transport.books[ENTERED] as number)).toBeLessThan(1e-6);
      }),
      { numRuns: PROVE ? 20 : 3 },
    );
  }, 120_000);

  it('goes on from a snapshot bit for bit', () => {
    const engine = makeTown({ seed: 5 });
    for (let minute = 0; minute < 300; minute++) {
      operate(engine);
      run(engine, MINUTE);
    }
    run(engine, 35);
    const saved = JSON.parse(JSON.stringify(engine.save()));
    const other = makeTown({ seed: 6 });
    run(other, 10 * HOUR);
    other.load(saved);
    expect([...other.outputs]).toEqual([...engine.outputs]);
    for (let minute = 0; minute < 300; minute++) {
      for (const each of [engine, other]) {
        operate(each);
        run(each, MINUTE);
      }
      expect([...other.outputs]).toEqual([...engine.outputs]);
    }
    expect(other.save()).toEqual(engine.save());
  }, 120_000);

  it('converges with its step', () => {
    const levels = (step: number) => {
      const engine = makeTown({ step });
      engine.disturb('variability', 0);
      set(engine, 'worksPump2Contactor', 1);
      run(engine, 6 * HOUR);
      return TANKS.map((_, n) => townOf(engine).level(n, engine.states));
    };
    const fine = levels(5);
    // Longer steps than a minute solve less often too: half the step, half the error or less.
    const apart = (step: number) => Math.max(...levels(step).map((level, n) => Math.abs(level - (fine[n] as number))));
    const errors = [480, 240, 120].map(apart);
    console.log(
      `levels after 6 h are apart by ${errors.map((error) => error.toExponential(1)).join(', ')} m at 480, 240, 120 s`,
    );
    expect(errors[1]).toBeLessThan(0.75 * (errors[0] as number));
    expect(errors[2]).toBeLessThan(0.75 * (errors[1] as number));
    expect(errors[2]).toBeLessThan(0.02);
  }, 120_000);

  it('runs a tank over when it is filled without end, and stops at the float', () => {
    for (const tankFloats of [false, true]) {
      const engine = makeTown({ options: { tankFloats } });
      set(engine, 'northPump1Contactor', 1);
      set(engine, 'northPump2Contactor', 1);
      run(engine, 4 * HOUR);
      expect(engine.output('northStandpipeOverflowLPerS') > 5).toBe(!tankFloats);
      if (tankFloats) expect(engine.output('northStandpipeLevelM')).toBeLessThan(14);
    }
  });

  it('empties a tank that nobody fills, and then the taps of its zone run dry', () => {
    const engine = makeTown();
    set(engine, 'northPump1Contactor', 0);
    run(engine, 24 * HOUR);
    expect(engine.output('northStandpipeLevelM')).toBeLessThan(0.21);
    expect(engine.output('northStandpipeLevelM')).toBeGreaterThan(0.15);
    expect(engine.output('northRidgePressureKPa')).toBeLessThan(140);
    expect(engine.output('servedPercent')).toBeLessThan(99);
    expect(engine.output('marketPressureKPa')).toBeGreaterThan(400);
  });

  it('puts the main zone’s pressure on the harbour when the reducing valve is opened, unless the relief valve spills it', () => {
    for (const harbourRelief of [false, true]) {
      const engine = makeTown({ options: { harbourRelief } });
      set(engine, 'reducingValveKPa', 900);
      run(engine, HOUR);
      const pressure = engine.output('fishMarketPressureKPa');
      if (harbourRelief) {
        expect(pressure).toBeLessThan(650);
        expect(engine.output('reliefFlowLPerS')).toBeGreaterThan(1);
      } else expect(pressure).toBeGreaterThan(700);
    }
  });

  it('counts the starts of an hour', () => {
    const engine = makeTown();
    for (let start = 0; start < 9; start++)
      for (const on of [0, 1]) {
        set(engine, 'moorPumpContactor', on);
        run(engine, 3 * MINUTE);
      }
    expect(engine.output('moorPumpStartsPerHour')).toBe(9);
    expect(engine.output('mostStartsPerHour')).toBe(9);
    run(engine, HOUR);
    expect(engine.output('mostStartsPerHour')).toBe(0);
  });
});
