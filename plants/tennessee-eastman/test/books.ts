/**
 * What enters and leaves the unit, what is in it, and what the reactions must have made of it: reckoned from valves, outputs and states,
 * and so without the equations that are judged. lb-mol, MMBtu.
 */
import type { ProcessEngine } from '@penstock/simulator/process';
import { COMPONENTS, f, MOLAR_MASS, STEP_HOURS } from '../constants.ts';
import { Enthalpy, feedEnthalpy, sum } from '../mixture.ts';
import { OUTPUTS, STATES } from '../signals.ts';

const VESSELS = ['reactorVapourA', 'separatorVapourA', 'stripperLiquidA', 'headerVapourA'].map(state);
const STRIPPER = state('stripperLiquidA');
const ENERGIES = ['reactorEnergy', 'separatorEnergy', 'stripperEnergy', 'headerEnergy'].map(state);
const REACTOR_WATER = state('reactorCoolingOutlet');
const CONDENSER_WATER = state('condenserCoolingOutlet');
const PURGED = OUTPUTS.indexOf('purgeAMolePercent');
const [A, C, D, E, F, G, H] = [0, 2, 3, 4, 5, 6, 7] as const;
const FEED_A = Float64Array.of(f(0.9999), f(0.0001), 0, 0, 0, 0, 0, 0);
const FEED_D = Float64Array.of(0, f(0.0001), 0, f(0.9999), 0, 0, 0, 0);
const FEED_E = Float64Array.of(0, 0, 0, 0, f(0.9999), f(0.0001), 0, 0);
/** Thousands of standard m³ a lb-mol, kg a lb. */
const KSCM = f(0.359) / f(35.3145);
const KG = f(0.454);
/** MMBtu that an hour's water at a gallon a minute takes for a °C, and that the water within the coil and the condenser holds for one. */
const PER_GALLON = f(500.53) * 1e-6 * f(1.8);
const COIL = 7060e-6 * f(1.8);
const CONDENSER = 11_138e-6 * f(1.8);

function state(name: string): number {
  const at = STATES.indexOf(name);
  if (at < 0) throw new Error(`no state ${name}`);
  return at;
}

/** Steps that disturb what is fed and with what it is cooled: IDV 1, 3, 4 and 5. */
export interface Disturbed {
  readonly acRatioStep?: boolean;
  readonly dFeedTemperatureStep?: boolean;
  readonly reactorCoolingInletStep?: boolean;
  readonly condenserCoolingInletStep?: boolean;
}

export class Books {
  /** By component: what came in, what went out, by how much there is more within. */
  readonly entered = new Float64Array(COMPONENTS);
  readonly left = new Float64Array(COMPONENTS);
  readonly gained = new Float64Array(COMPONENTS);
  /** How often each of the four reactions ran, and the least that one of them ran in a step. */
  readonly reacted = new Float64Array(4);
  slowest = Number.POSITIVE_INFINITY;
  /** Heat that came in with feeds, steam and reaction, that left with purge, product and cooling water, and that there is more within. */
  heatIn = 0;
  heatOut = 0;
  heatGained = 0;
  readonly #engine: ProcessEngine;
  readonly #before: Float64Array;
  readonly #made = new Float64Array(COMPONENTS);
  readonly #rate = new Float64Array(COMPONENTS);
  readonly #h = new Enthalpy();

  constructor(engine: ProcessEngine) {
    this.#engine = engine;
    this.#before = engine.states.slice();
  }

  /** After every step of the process; its outputs are of the state that the step began with. */
  step(disturbed: Disturbed = {}): void {
    const { states, outputs } = this.#engine;
    const before = this.#before;
    const h = this.#h;
    const dt = STEP_HOURS;
    const valve = (name: string) => before[state(`${name}ValvePosition`)] as number;
    const f1 = valve('dFeed') * 4;
    const f2 = valve('eFeed') * 4;
    const f3 = valve('aFeed');
    const f4 = valve('acFeed') * 15;
    const f13 = valve('stripperProduct') * 10;
    const f10 = this.#engine.output('purgeKscmh') / KSCM;
    const product = sum(before, STRIPPER, STRIPPER + COMPONENTS);
    const a4 = 0.485 - (disturbed.acRatioStep ? 0.03 : 0);
    const feed4 = [a4, 0.005, 1 - a4 - 0.005];
    for (let i = 0; i < COMPONENTS; i++) {
      const fed =
        (FEED_D[i] as number) * f1 + (FEED_E[i] as number) * f2 + (FEED_A[i] as number) * f3 + (feed4[i] ?? 0) * f4;
      const purged = ((outputs[PURGED + i] as number) / 100) * f10;
      const drawn = ((before[STRIPPER + i] as number) / product) * f13;
      let gained = 0;
      for (const vessel of VESSELS) gained += (states[vessel + i] as number) - (before[vessel + i] as number);
      this.entered[i] = (this.entered[i] as number) + fed * dt;
      this.left[i] = (this.left[i] as number) + (purged + drawn) * dt;
      this.gained[i] = (this.gained[i] as number) + gained;
      this.#made[i] = gained - (fed - purged - drawn) * dt;
    }
    const [r1, r2, r3, r4] = this.#extents(this.#made);
    for (const [n, extent] of [r1, r2, r3, r4].entries()) {
      this.reacted[n] = (this.reacted[n] as number) + extent;
      this.slowest = Math.min(this.slowest, extent);
    }

    const at = (of: Float64Array, t: number): number => {
      h.gas(of, 0);
      return h.at(t);
    };
    const fedHeat =
      at(FEED_D, disturbed.dFeedTemperatureStep ? 50 : 45) * f1 +
      at(FEED_E, 45) * f2 +
      at(FEED_A, 45) * f3 +
      feedEnthalpy(h, feed4[0] as number, feed4[1] as number, feed4[2] as number, 45) * f4;
    const steam = this.#engine.output('stripperSteamKgPerHour') / (1040 * KG);
    for (let i = 0; i < COMPONENTS; i++) this.#rate[i] = ((outputs[PURGED + i] as number) / 100) * f10;
    const purgedHeat = at(this.#rate, this.#engine.output('separatorTemperatureC'));
    for (let i = 0; i < COMPONENTS; i++) this.#rate[i] = ((before[STRIPPER + i] as number) / product) * f13;
    h.liquid(this.#rate, 0, 0);
    const drawnHeat = h.at(this.#engine.output('stripperTemperatureC'));
    const warmed = (gallons: number, outlet: number, inlet: number) => gallons * PER_GALLON * (outlet - inlet);
    const water =
      warmed(
        valve('reactorCooling') * 10,
        before[REACTOR_WATER] as number,
        disturbed.reactorCoolingInletStep ? 40 : 35,
      ) +
      warmed(
        valve('condenserCooling') * 12,
        before[CONDENSER_WATER] as number,
        disturbed.condenserCoolingInletStep ? 45 : 40,
      );
    this.heatIn += (fedHeat + steam) * dt + r1 * 0.06899381054 + r2 * 0.05;
    this.heatOut += (purgedHeat + drawnHeat + water) * dt;
    for (const energy of ENERGIES) this.heatGained += (states[energy] as number) - (before[energy] as number);
    this.heatGained +=
      COIL * ((states[REACTOR_WATER] as number) - (before[REACTOR_WATER] as number)) +
      CONDENSER * ((states[CONDENSER_WATER] as number) - (before[CONDENSER_WATER] as number));
    before.set(states);
  }

  /** By component: what there is more than came in, as a share of all that came in; less is negative. Reactions make it. */
  made(): Float64Array {
    const all = sum(this.entered, 0, COMPONENTS);
    return this.gained.map((gained, i) => (gained - (this.entered[i] as number) + (this.left[i] as number)) / all);
  }

  /** The part of {@link made} that none of the four reactions explains; B takes part in none. */
  unexplained(): Float64Array {
    const made = this.made();
    const [r1, r2, r3, r4] = this.#extents(made);
    const by = new Float64Array(COMPONENTS);
    by[A] = -r1 - r2 - r3;
    by[C] = -r1 - r2;
    by[D] = -r1 - 1.5 * r4;
    by[E] = -r2 - r3;
    by[F] = r3 + r4;
    by[G] = r1;
    by[H] = r2;
    return made.map((share, i) => share - (by[i] as number));
  }

  /** Mass that is missing (or too much), as a share of the mass that came in. */
  massLost(): number {
    let lost = 0;
    let entered = 0;
    for (let i = 0; i < COMPONENTS; i++) {
      const mass = MOLAR_MASS[i] as number;
      lost += mass * ((this.entered[i] as number) - (this.left[i] as number) - (this.gained[i] as number));
      entered += mass * (this.entered[i] as number);
    }
    return lost / entered;
  }

  /** Energy that is missing, as a share of what came in. */
  heatLost(): number {
    return (this.heatIn - this.heatOut - this.heatGained) / this.heatIn;
  }

  /** Of A + C + D → G, A + C + E → H, A + E → F and 1.5 D → F, from what was made of G, H, E and F. */
  #extents(made: Float64Array): [number, number, number, number] {
    const r1 = made[G] as number;
    const r2 = made[H] as number;
    const r3 = -(made[E] as number) - r2;
    return [r1, r2, r3, (made[F] as number) - r3];
  }
}
