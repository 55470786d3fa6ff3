/**
 * The balances: how water and the species in it move through the volumes, given the flows. Every amount that leaves one volume enters
 * another or the books (`entered`, `left`, `consumed`), so that inventory + left + consumed − entered is constant.
 */

import { building } from './chemical-building.ts';
import { MOLAR_MASS } from './chemistry.ts';
import { BATTERY, BOOSTER, COAGULATION, CONTACT, DOSING, FILTER, HIGH_SERVICE, MIXER_VOLUME, TIMES } from './design.ts';
import { attachment, filterThrough, loosening, PORE_VOLUME } from './filtration.ts';
import { type Flows, Q } from './flows.ts';
import {
  ALKALI,
  ALUMINIUM,
  AT,
  BOX,
  BOX_WATER,
  CHLORINE,
  LAYERS,
  PORES,
  SOLIDS,
  SPECIES,
  TRACER,
  U,
} from './layout.ts';

/** Species per litre of solution and second, from litres per hour: PACl, NaOCl, NaOH. */
const PER_HOUR = 1 / 3600;
const PACL_ALUMINIUM = DOSING.pacl.strength * PER_HOUR;
const PACL_ALKALI = (-3 * (1 - DOSING.pacl.basicity) * PACL_ALUMINIUM) / MOLAR_MASS.aluminium;
const NAOCL_CHLORINE = (DOSING.naocl.strength * PER_HOUR) / MOLAR_MASS.chlorine;
const NAOCL_ALKALI = (DOSING.naocl.causticStrength * PER_HOUR) / MOLAR_MASS.sodiumHydroxide;
const NAOH_ALKALI = (DOSING.naoh.strength * PER_HOUR) / MOLAR_MASS.sodiumHydroxide;
/** An empty volume has no concentration. */
const LEAST_VOLUME = 1e-3;
const TANK_VOLUME = CONTACT.volume / CONTACT.tanks;

/** What of the balances does not change within a step. */
export interface Surroundings {
  /** Species of the river's water, amount per m³. */
  readonly river: Float64Array;
  /** Bulk chlorine decay at the water's temperature, 1/s. */
  readonly decay: { perSecond: number };
  /** Concentrations that arrive at the ends of the plug-flow pipes. */
  readonly rawMain: Float64Array;
  readonly dosedPipe: Float64Array;
  readonly trunkMain: Float64Array;
  readonly risingMain: Float64Array;
  /** 1 while the float's contact lets the booster pumps' contactors close, else 0. */
  readonly floatContact: Float64Array;
  /** 1 while the turbidity switch lets the intake pumps' contactors close, else 0; then for how many seconds it has seen too much. */
  readonly turbiditySwitch: Float64Array;
  /** 1 while the chlorine detector's relay runs the emergency fan, else 0; then what the detector reads, ppm. */
  readonly detectorRelay: Float64Array;
}

/** Adds `flow` × concentration to `dx` at `to` and takes it from `from`. */
function carry(
  dx: Float64Array,
  flow: number,
  x: Float64Array,
  at: number,
  perVolume: number,
  from: number,
  to: number,
): void {
  const share = flow * perVolume;
  for (let s = 0; s < SPECIES; s++) {
    const amount = share * x[at + s];
    dx[from + s] -= amount;
    dx[to + s] += amount;
  }
}

/** Adds `flow` × given concentrations. */
function bring(dx: Float64Array, flow: number, concentrations: Float64Array, to: number): void {
  for (let s = 0; s < SPECIES; s++) dx[to + s] += flow * concentrations[s];
}

export function balance(
  x: Float64Array,
  u: Float64Array,
  dx: Float64Array,
  q: Flows['q'],
  surroundings: Surroundings,
): void {
  dx.fill(0);
  intake(x, dx, q, surroundings);
  const { mixer } = AT;
  bring(dx, q[Q.raw], surroundings.rawMain, mixer);
  const aluminium = q[Q.dosing] * PACL_ALUMINIUM;
  const coagulantAlkali = q[Q.dosing] * PACL_ALKALI;
  dx[mixer + ALUMINIUM] += aluminium;
  dx[mixer + SOLIDS] += aluminium * COAGULATION.flocPerAluminium;
  dx[mixer + ALKALI] += coagulantAlkali;
  dx[AT.entered + ALUMINIUM] += aluminium;
  dx[AT.entered + SOLIDS] += aluminium * COAGULATION.flocPerAluminium;
  dx[AT.entered + ALKALI] += coagulantAlkali;
  carry(dx, q[Q.channelOverflow], x, mixer, 1 / MIXER_VOLUME, mixer, AT.left);
  for (let f = 0; f < 2; f++) filter(f, x, u, dx, q);
  contact(x, u, dx, q, surroundings);
  supply(x, dx, q, surroundings);
  highZone(x, dx, q, surroundings);
  machines(x, u, dx, q, surroundings);
  building(x, u, dx, q, surroundings.detectorRelay[0]);
  dx[AT.leftWater] =
    q[Q.channelOverflow] +
    q[Q.boxOverflow] +
    q[Q.boxOverflow + 1] +
    q[Q.washout] +
    q[Q.washout + 1] +
    q[Q.waste] +
    q[Q.waste + 1] +
    q[Q.clearwellOverflow] +
    q[Q.towerOverflow] +
    q[Q.town] +
    q[Q.highZone] +
    q[Q.highTankOverflow];
}

function intake(x: Float64Array, dx: Float64Array, q: Flows['q'], { river }: Surroundings): void {
  dx[AT.sumpWater] = q[Q.river] - q[Q.raw];
  dx[AT.enteredWater] = q[Q.river];
  bring(dx, q[Q.river], river, AT.sump);
  bring(dx, q[Q.river], river, AT.entered);
  const perVolume = 1 / Math.max(LEAST_VOLUME, x[AT.sumpWater]);
  dx[AT.rawMain] = q[Q.raw];
  carry(dx, q[Q.raw], x, AT.sump, perVolume, AT.sump, AT.rawMain + 1);
}

function filter(f: number, x: Float64Array, u: Float64Array, dx: Float64Array, q: Flows['q']): void {
  const first = AT.filters[f];
  const box = first + BOX;
  const pores = first + PORES;
  const layers = first + LAYERS;
  const flow = q[Q.media + f];
  const wash = q[Q.wash + f];
  const lost = q[Q.boxOverflow + f] + q[Q.washout + f];
  dx[first + BOX_WATER] = q[Q.boxIn + f] - flow - lost + wash;
  carry(dx, q[Q.boxIn + f], x, AT.mixer, 1 / MIXER_VOLUME, AT.mixer, box);
  const perBox = 1 / Math.max(LEAST_VOLUME, x[first + BOX_WATER]);
  if (lost > 0) carry(dx, lost, x, box, perBox, box, AT.left);

  // Down through the media: dissolved species pass, solids and the aluminium in them by the share that is not caught.
  const solids = x[box + SOLIDS] * perBox;
  const aluminium = x[box + ALUMINIUM] * perBox;
  const sticking = attachment(solids, aluminium, u[U.rapidMixerContactor]);
  const passing = filterThrough(flow, solids, sticking, x, dx, layers);
  carry(dx, flow, x, box, perBox, box, pores);
  dx[pores + SOLIDS] -= flow * solids * (1 - passing);
  const aluminiumCaught = flow * aluminium * (1 - passing);
  dx[pores + ALUMINIUM] -= aluminiumCaught;
  dx[AT.left + ALUMINIUM] += aluminiumCaught;

  // Up from the clearwell.
  if (wash > 0) {
    carry(dx, wash, x, AT.clearwell, 1 / Math.max(LEAST_VOLUME, x[AT.clearwellWater]), AT.clearwell, pores);
    carry(dx, wash, x, pores, 1 / PORE_VOLUME, pores, box);
  }
  const rate = loosening(wash, q[Q.air + f]);
  if (rate > 0)
    for (let i = layers; i < layers + FILTER.layers; i++) {
      const loosened = rate * x[i];
      dx[i] -= loosened;
      dx[pores + SOLIDS] += loosened;
    }
  // Out of the underdrain to the contact tank and to waste.
  carry(dx, q[Q.supply + f], x, pores, 1 / PORE_VOLUME, pores, AT.contact);
  if (q[Q.waste + f] > 0) carry(dx, q[Q.waste + f], x, pores, 1 / PORE_VOLUME, pores, AT.left);
}

function contact(x: Float64Array, u: Float64Array, dx: Float64Array, q: Flows['q'], around: Surroundings): void {
  const flow = q[Q.contact];
  const dose = q[Q.dosing + 1] * NAOCL_CHLORINE;
  const alkali = q[Q.dosing + 1] * NAOCL_ALKALI;
  dx[AT.contact + CHLORINE] += dose;
  dx[AT.contact + ALKALI] += alkali;
  dx[AT.entered + CHLORINE] += dose;
  dx[AT.entered + ALKALI] += alkali;
  const tracer = u[U.contactTracerGPerHour] * PER_HOUR;
  dx[AT.contact + TRACER] += tracer;
  dx[AT.entered + TRACER] += tracer;
  // The fast demand takes its fill of the dose at once: the lesser of the two, rounded off where they are near each other.
  const demand = (u[U.fastChlorineDemandMgL] * flow) / MOLAR_MASS.chlorine;
  if (dose > 0 && demand > 0) {
    const sum = dose + demand;
    const used = (2 * dose * demand) / (sum + Math.sqrt((dose - demand) * (dose - demand) + 0.04 * dose * demand));
    dx[AT.contact + CHLORINE] -= used;
    dx[AT.chlorineConsumed] += used;
  }
  const perTank = 1 / TANK_VOLUME;
  const decay = around.decay.perSecond;
  let at = AT.contact;
  for (let tank = 0; tank < CONTACT.tanks; tank++, at += SPECIES) {
    const next = tank + 1 < CONTACT.tanks ? at + SPECIES : AT.staticMixer;
    carry(dx, flow, x, at, perTank, at, next);
    decayIn(x, dx, at, decay);
  }
  const caustic = q[Q.dosing + 2] * NAOH_ALKALI;
  dx[AT.staticMixer + ALKALI] += caustic;
  dx[AT.entered + ALKALI] += caustic;
  dx[AT.dosedPipe] = flow;
  carry(dx, flow, x, AT.staticMixer, 1 / CONTACT.staticMixerVolume, AT.staticMixer, AT.dosedPipe + 1);
}

function supply(x: Float64Array, dx: Float64Array, q: Flows['q'], around: Surroundings): void {
  const decay = around.decay.perSecond;
  const { clearwell, clearwellWater, tower, towerWater } = AT;
  const out = q[Q.highService];
  dx[clearwellWater] = q[Q.contact] - out - q[Q.clearwellOverflow] - q[Q.washTotal];
  bring(dx, q[Q.contact], around.dosedPipe, clearwell);
  const perClearwell = 1 / Math.max(LEAST_VOLUME, x[clearwellWater]);
  if (q[Q.clearwellOverflow] > 0) carry(dx, q[Q.clearwellOverflow], x, clearwell, perClearwell, clearwell, AT.left);
  dx[AT.trunkMain] = out;
  carry(dx, out, x, clearwell, perClearwell, clearwell, AT.trunkMain + 1);
  decayIn(x, dx, clearwell, decay);

  // What the main brings goes into the network first, the rest into the tank. Town and booster station draw the same water.
  const network = q[Q.network];
  const direct = out < network ? out : network;
  const boosted = network > 0 ? q[Q.booster] / network : 0;
  const toTown = q[Q.towerOut] * (1 - boosted) + q[Q.towerOverflow];
  const toHighZone = q[Q.towerOut] * boosted;
  const perTower = 1 / Math.max(LEAST_VOLUME, x[towerWater]);
  dx[towerWater] = out - direct - q[Q.towerOut] - q[Q.towerOverflow];
  bring(dx, direct * (1 - boosted), around.trunkMain, AT.left);
  bring(dx, out - direct, around.trunkMain, tower);
  carry(dx, toTown, x, tower, perTower, tower, AT.left);
  if (boosted > 0) {
    bring(dx, direct * boosted, around.trunkMain, AT.risingMain + 1);
    carry(dx, toHighZone, x, tower, perTower, tower, AT.risingMain + 1);
  }
  decayIn(x, dx, tower, decay);
}

function highZone(x: Float64Array, dx: Float64Array, q: Flows['q'], around: Surroundings): void {
  const { highTank, highTankWater } = AT;
  const flow = q[Q.booster];
  const out = q[Q.highZone] + q[Q.highTankOverflow];
  dx[AT.risingMain] = flow;
  dx[highTankWater] = flow - out;
  bring(dx, flow, around.risingMain, highTank);
  carry(dx, out, x, highTank, 1 / Math.max(LEAST_VOLUME, x[highTankWater]), highTank, AT.left);
  decayIn(x, dx, highTank, around.decay.perSecond);
}

function machines(x: Float64Array, u: Float64Array, dx: Float64Array, q: Flows['q'], around: Surroundings): void {
  const { intakeSpeeds, highServiceSpeeds, backwashSpeed, dayTanks } = AT;
  const rate = 1 / TIMES.pumpRunUp;
  const intake = around.turbiditySwitch[0];
  dx[intakeSpeeds] = rate * (intake * speed(u[U.intakePump1Contactor], u[U.intakePump1SpeedPercent]) - x[intakeSpeeds]);
  dx[intakeSpeeds + 1] =
    rate * (intake * speed(u[U.intakePump2Contactor], u[U.intakePump2SpeedPercent]) - x[intakeSpeeds + 1]);
  for (let i = 0; i < HIGH_SERVICE.pumps; i++) {
    const wanted = speed(u[HIGH_SERVICE_INPUTS[2 * i]], u[HIGH_SERVICE_INPUTS[2 * i + 1]]);
    dx[highServiceSpeeds + i] = rate * (wanted - x[highServiceSpeeds + i]);
  }
  dx[backwashSpeed] = rate * (speed(u[U.backwashPumpContactor], 100) - x[backwashSpeed]);
  const supplied = (1 - share(u[U.boosterMainsFailed])) * around.floatContact[0];
  for (let i = 0; i < BOOSTER.pumps; i++)
    dx[AT.boosterSpeeds + i] = rate * (supplied * share(u[BOOSTER_INPUTS[i]]) - x[AT.boosterSpeeds + i]);
  dx[AT.boosterBattery] = charging(x[AT.boosterBattery], u[U.boosterMainsFailed]);
  dx[AT.towerBattery] = charging(x[AT.towerBattery], u[U.towerMainsFailed]);
  for (let i = 0; i < 3; i++) {
    const delivery = u[DELIVERIES[i]] > 0 ? u[DELIVERIES[i]] : 0;
    const astray = i === 0 && u[U.naoclIntoPaclTankLPerHour] > 0 ? u[U.naoclIntoPaclTankLPerHour] : 0;
    dx[dayTanks + i] = (delivery + astray - q[Q.dosing + i] - q[Q.tankOverflow + i]) * PER_HOUR;
  }
}

const HIGH_SERVICE_INPUTS = Int32Array.of(
  U.highServicePump1Contactor,
  U.highServicePump1SpeedPercent,
  U.highServicePump2Contactor,
  U.highServicePump2SpeedPercent,
  U.highServicePump3Contactor,
  U.highServicePump3SpeedPercent,
);
const BOOSTER_INPUTS = Int32Array.of(U.boosterPump1Contactor, U.boosterPump2Contactor);
const DELIVERIES = Int32Array.of(U.paclDeliveryLPerHour, U.naoclDeliveryLPerHour, U.naohDeliveryLPerHour);

const speed = (contactor: number, percent: number): number =>
  contactor * (percent > 100 ? 1 : percent > 0 ? percent * 0.01 : 0);

const share = (value: number): number => (value > 1 ? 1 : value > 0 ? value : 0);

/** Of a battery: it fills towards its charge, or empties in its hours; the last percent fades, so that none is drawn from an empty one. */
function charging(charge: number, mainsFailed: number): number {
  if (mainsFailed < 0.5) return ((1 - charge) * PER_HOUR) / BATTERY.rechargeH;
  const left = charge < 0.01 ? charge * 100 : 1;
  return (-left * PER_HOUR) / BATTERY.autonomyH;
}

function decayIn(x: Float64Array, dx: Float64Array, at: number, rate: number): void {
  const lost = rate * x[at + CHLORINE];
  dx[at + CHLORINE] -= lost;
  dx[AT.chlorineConsumed] += lost;
}
