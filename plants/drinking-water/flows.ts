/**
 * All flows of the works at one instant, from levels, speeds and valve positions: an algebraic problem solved anew at every evaluation,
 * so that nothing of it needs remembering.
 */
import { demandFactor, highZoneDemandFactor } from './demand.ts';
import {
  BACKWASH,
  BOOSTER,
  CLEARWELL,
  DOSING,
  FILTER,
  HIGH_SERVICE,
  HIGH_ZONE,
  INTAKE,
  NORMAL_FLOW_M3_PER_HOUR,
  TOWER,
} from './design.ts';
import { bedResistance } from './filtration.ts';
import { fade, GRAVITY, parallelPumps, seriesFlow, weir } from './hydraulics.ts';
import { AT, BOX_WATER, LAYERS, U } from './layout.ts';

/** Numbers in `Flows.q`; m³/s where nothing else is said. */
export const Q = {
  river: 0,
  /** Per pump. */
  intake: 1,
  raw: 3,
  channelOverflow: 4,
  // Two each, one a filter.
  boxIn: 5,
  /** Down through the media, then to supply or to waste. */
  media: 7,
  supply: 9,
  waste: 11,
  boxOverflow: 13,
  washout: 15,
  /** Up through the media. */
  wash: 17,
  /** Of the bed, m. */
  headLoss: 19,
  contact: 21,
  washTotal: 22,
  clearwellOverflow: 23,
  /** Per pump. */
  highServicePump: 24,
  highService: 27,
  towerOverflow: 28,
  /** Out of the tank, at most what the network takes more than the pumps give. */
  towerOut: 29,
  /** Taken in the main zone. */
  town: 30,
  /** Network over what is asked of it, 1 unless the tank is empty. */
  served: 31,
  /** Town and booster station together. */
  network: 32,
  /** L/h delivered: PACl, NaOCl, NaOH. */
  dosing: 33,
  /** Air through each filter, 0 to 1. */
  air: 36,
  /** L/h over each day tank's brim. */
  tankOverflow: 38,
  /** Per pump. */
  boosterPump: 41,
  booster: 43,
  /** Head before the booster pumps, m. */
  boosterSuction: 44,
  highZone: 45,
  /** High zone over its demand, 1 unless its tank is empty. */
  highZoneServed: 46,
  highTankOverflow: 47,
} as const;
const COUNT = 48;
/** m³/s on average. */
const TOWN_MEAN = ((1 - HIGH_ZONE.share) * NORMAL_FLOW_M3_PER_HOUR) / 3600;
const HIGH_ZONE_MEAN = (HIGH_ZONE.share * NORMAL_FLOW_M3_PER_HOUR) / 3600;

const FILTER_INPUTS = [
  {
    inlet: U.filter1InletValvePercent,
    outlet: U.filter1OutletValvePercent,
    waste: U.filter1WasteValvePercent,
    washout: U.filter1WashoutValvePercent,
    backwash: U.filter1BackwashValvePercent,
    air: U.filter1AirScourValvePercent,
  },
  {
    inlet: U.filter2InletValvePercent,
    outlet: U.filter2OutletValvePercent,
    waste: U.filter2WasteValvePercent,
    washout: U.filter2WashoutValvePercent,
    backwash: U.filter2BackwashValvePercent,
    air: U.filter2AirScourValvePercent,
  },
] as const;

const DAY_TANK_LITRES = Float64Array.of(DOSING.pacl.tank, DOSING.naocl.tank, DOSING.naoh.tank);

/** The head difference within which the gate's flow is taken as laminar, so that a level sump has no infinite slope. */
const GATE_SMOOTHING = 0.02;
/** Valves that are shut tighter than this pass nothing. */
const TIGHT = 1e-6;

export class Flows {
  readonly q = new Float64Array(COUNT);
  readonly #speeds = new Float64Array(HIGH_SERVICE.pumps);
  readonly #single = new Float64Array(1);
  readonly #naohCapacity: number;
  /** Relative deviation of demand from its pattern, held over a step. */
  demandDeviation = 0;
  highZoneDeviation = 0;
  /** Pa·s. */
  viscosity = 0;

  constructor(oversizedNaohPump: boolean) {
    this.#naohCapacity = oversizedNaohPump ? DOSING.naoh.oversizedCapacityLPerHour : DOSING.naoh.capacityLPerHour;
  }

  update(t: number, x: Float64Array, u: Float64Array): void {
    this.#intake(x, u);
    this.#filters(x, u);
    this.#backwash(x, u);
    this.#highService(x, u);
    this.#network(t, x, u);
    this.#highZone(t, x, u);
    this.#dosing(x, u);
  }

  #intake(x: Float64Array, u: Float64Array): void {
    const q = this.q;
    const level = Math.max(0, x[AT.sumpWater] / INTAKE.sumpArea);
    // A flap keeps the sump from running back into a low river.
    const difference = u[U.riverLevelM] - level;
    const area = INTAKE.gateArea * share(u[U.intakePenstockPercent]) * (1 - clamp(u[U.intakeScreenBlocked]));
    q[Q.river] =
      difference > 0
        ? (area * Math.sqrt(2 * GRAVITY) * difference) /
          Math.sqrt(Math.sqrt(difference * difference + GATE_SMOOTHING ** 2))
        : 0;
    const speeds = this.#speeds;
    speeds[0] = x[AT.intakeSpeeds];
    speeds[1] = x[AT.intakeSpeeds + 1];
    const { pump, lift, mainResistance, noSuction, drySuction } = INTAKE;
    let sum = parallelPumps(pump, speeds, q, Q.intake, 2, lift - level, mainResistance, 0);
    const drawn = fade(level, noSuction, drySuction);
    if (drawn < 1) {
      sum *= drawn;
      q[Q.intake] *= drawn;
      q[Q.intake + 1] *= drawn;
    }
    q[Q.raw] = sum;
  }

  #filters(x: Float64Array, u: Float64Array): void {
    const q = this.q;
    const raw = q[Q.raw];
    const open1 = share(u[FILTER_INPUTS[0].inlet]);
    const open2 = share(u[FILTER_INPUTS[1].inlet]);
    const open = open1 + open2;
    // With less than a fifth of one inlet open, the channel begins to run over.
    const taken = open < 0.2 ? open / 0.2 : 1;
    const perOpening = open > 0 ? (raw * taken) / open : 0;
    q[Q.channelOverflow] = raw * (1 - taken);
    q[Q.boxIn] = perOpening * open1;
    q[Q.boxIn + 1] = perOpening * open2;
    q[Q.contact] = 0;
    for (let f = 0; f < 2; f++) {
      const inputs = FILTER_INPUTS[f];
      const first = AT.filters[f];
      const level = Math.max(0, x[first + BOX_WATER] / FILTER.area);
      const outlet = share(u[inputs.outlet]);
      const waste = share(u[inputs.waste]);
      const supplyConductance = FILTER.supplyConductance * outlet * outlet;
      const conductance = supplyConductance + FILTER.wasteConductance * waste * waste;
      const resistance = bedResistance(x, first + LAYERS, this.viscosity);
      let media = 0;
      if (conductance > TIGHT) {
        const square = FILTER.pipeResistance + 1 / (conductance * conductance);
        media = seriesFlow(level + FILTER.drop, resistance, square) * fade(level, 0, FILTER.dewatering);
      }
      const supply = conductance > TIGHT ? (media * supplyConductance) / conductance : 0;
      q[Q.media + f] = media;
      q[Q.headLoss + f] = media * resistance;
      q[Q.supply + f] = supply;
      q[Q.waste + f] = media - supply;
      q[Q.contact] += supply;
      q[Q.boxOverflow + f] = weir(FILTER.overflowLength, level - FILTER.overflowLevel);
      const over = weir(FILTER.troughLength, level - FILTER.troughLevel);
      const channel = FILTER.washoutCapacity * share(u[inputs.washout]);
      q[Q.washout + f] = over > 0 && channel > 0 ? (over * channel) / Math.sqrt(over * over + channel * channel) : 0;
    }
  }

  #backwash(x: Float64Array, u: Float64Array): void {
    const q = this.q;
    const level = Math.max(0, x[AT.clearwellWater] / CLEARWELL.area);
    const valve1 = share(u[FILTER_INPUTS[0].backwash]);
    const valve2 = share(u[FILTER_INPUTS[1].backwash]);
    const g1 = FILTER.washConductance * valve1 * valve1;
    const g2 = FILTER.washConductance * valve2 * valve2;
    const conductance = g1 + g2;
    this.#single[0] = x[AT.backwashSpeed];
    let total = 0;
    if (conductance > TIGHT && this.#single[0] > 0)
      total =
        parallelPumps(
          BACKWASH.pump,
          this.#single,
          q,
          Q.washTotal,
          1,
          BACKWASH.lift - level,
          1 / (conductance * conductance),
          0,
        ) * fade(level, CLEARWELL.noSuction, CLEARWELL.drySuction);
    q[Q.washTotal] = total;
    q[Q.wash] = conductance > TIGHT ? (total * g1) / conductance : 0;
    q[Q.wash + 1] = total - q[Q.wash];
    const air = share(100 * u[U.airScourBlowerContactor]);
    const air1 = share(u[FILTER_INPUTS[0].air]);
    const air2 = share(u[FILTER_INPUTS[1].air]);
    // One blower: it scours one filter well or two filters half.
    const perValve = air / Math.max(1, air1 + air2);
    q[Q.air] = perValve * air1;
    q[Q.air + 1] = perValve * air2;
  }

  #highService(x: Float64Array, u: Float64Array): void {
    const q = this.q;
    const clearwell = Math.max(0, x[AT.clearwellWater] / CLEARWELL.area);
    const tower = Math.max(0, x[AT.towerWater] / TOWER.area);
    q[Q.clearwellOverflow] = weir(CLEARWELL.overflowLength, clearwell - CLEARWELL.overflowLevel);
    const speeds = this.#speeds;
    for (let i = 0; i < HIGH_SERVICE.pumps; i++) speeds[i] = x[AT.highServiceSpeeds + i];
    const { pump, pumps, lift, mainResistance, valveResistance } = HIGH_SERVICE;
    const opening = share(u[U.highServiceDischargeValvePercent]);
    let sum = 0;
    if (opening > TIGHT) {
      const resistance = mainResistance + valveResistance / (opening * opening);
      const head = lift + tower - clearwell;
      sum = parallelPumps(pump, speeds, q, Q.highServicePump, pumps, head, resistance, 0);
    } else for (let i = 0; i < pumps; i++) q[Q.highServicePump + i] = 0;
    const drawn = fade(clearwell, CLEARWELL.noSuction, CLEARWELL.drySuction);
    if (drawn < 1) {
      sum *= drawn;
      for (let i = 0; i < pumps; i++) q[Q.highServicePump + i] *= drawn;
    }
    q[Q.highService] = sum;
    q[Q.towerOverflow] = weir(TOWER.overflowLength, tower - TOWER.overflowLevel);
  }

  /**
   * The main zone: the town takes what it asks for, the booster pumps draw at the network's edge against what the town's flow leaves of the
   * tank's head. Where tank and high service cannot give it all, both get the same share.
   */
  #network(t: number, x: Float64Array, u: Float64Array): void {
    const q = this.q;
    const given = q[Q.highService];
    const tower = Math.max(0, x[AT.towerWater] / TOWER.area);
    const tankGives = fade(tower, 0, TOWER.emptyLevel);
    const pattern = demandFactor(t) * u[U.demandFactor] * (1 + u[U.variability] * this.demandDeviation);
    const town = (pattern > 0 ? pattern : 0) * TOWN_MEAN + Math.max(0, u[U.networkBurstM3PerHour]) / 3600;
    const source = TOWER.aboveTown + tower;
    const { networkResistance } = TOWER;

    // What the network would offer at the station if the pumps stood.
    const townServed = town > given ? (given + (town - given) * tankGives) / town : 1;
    const townHead = source - networkResistance * town * town;
    const offered = (townHead > 0 ? townHead * townServed * townServed : 0) - BOOSTER.aboveTown;
    const highTank = Math.max(0, x[AT.highTankWater] / HIGH_ZONE.area);
    const open = 1 - clamp(u[U.boosterStrainerBlocked]);
    const wet = fade(offered, BOOSTER.noSuction, BOOSTER.drySuction);
    const suctionResistance = BOOSTER.branchResistance + BOOSTER.strainerResistance / (open * open);
    let drawn = 0;
    if (open > TIGHT && wet > 0) {
      const speeds = this.#speeds;
      for (let i = 0; i < BOOSTER.pumps; i++) speeds[i] = x[AT.boosterSpeeds + i];
      const against = BOOSTER.lift + highTank - offered;
      const resistance = BOOSTER.mainResistance + suctionResistance + networkResistance;
      const shared = 2 * networkResistance * town;
      drawn =
        wet * parallelPumps(BOOSTER.pump, speeds, q, Q.boosterPump, BOOSTER.pumps, against, resistance, 0, shared);
    } else for (let i = 0; i < BOOSTER.pumps; i++) q[Q.boosterPump + i] = 0;

    const asked = town + drawn;
    const missing = asked > given ? asked - given : 0;
    const towerOut = missing * tankGives;
    const network = asked - missing + towerOut;
    const served = asked > 0 ? network / asked : 1;
    const booster = drawn * served;
    for (let i = 0; i < BOOSTER.pumps; i++) q[Q.boosterPump + i] *= wet * served;
    q[Q.towerOut] = towerOut;
    q[Q.network] = network;
    q[Q.booster] = booster;
    q[Q.town] = network - booster;
    q[Q.served] = served;
    const head = source - networkResistance * network * network;
    const loss = open > TIGHT ? suctionResistance * booster * booster : offered;
    q[Q.boosterSuction] = (head > 0 ? head * served * served : 0) - BOOSTER.aboveTown - loss;
  }

  #highZone(t: number, x: Float64Array, u: Float64Array): void {
    const q = this.q;
    const level = Math.max(0, x[AT.highTankWater] / HIGH_ZONE.area);
    const pattern =
      highZoneDemandFactor(t) * u[U.highZoneDemandFactor] * (1 + u[U.variability] * this.highZoneDeviation);
    const extra = Math.max(0, u[U.highZoneFireM3PerHour]) + Math.max(0, u[U.highZoneBurstM3PerHour]);
    const demand = (pattern > 0 ? pattern : 0) * HIGH_ZONE_MEAN + extra / 3600;
    const served = fade(level, 0, HIGH_ZONE.emptyLevel);
    q[Q.highZone] = demand * served;
    q[Q.highZoneServed] = demand > 0 ? served : 1;
    q[Q.highTankOverflow] = weir(HIGH_ZONE.overflowLength, level - HIGH_ZONE.overflowLevel);
  }

  #dosing(x: Float64Array, u: Float64Array): void {
    const contactor = clamp(u[U.dosingContactor]);
    const q = this.q;
    q[Q.dosing] =
      contactor *
      delivered(
        u[U.paclDosingPumpContactor],
        u[U.paclDosingDemandLPerHour],
        DOSING.pacl.capacityLPerHour,
        x[AT.dayTanks],
      );
    q[Q.dosing + 1] =
      contactor *
      delivered(
        u[U.naoclDosingPumpContactor],
        u[U.naoclDosingDemandLPerHour],
        DOSING.naocl.capacityLPerHour,
        x[AT.dayTanks + 1],
      );
    q[Q.dosing + 2] =
      contactor *
      delivered(u[U.naohDosingPumpContactor], u[U.naohDosingDemandLPerHour], this.#naohCapacity, x[AT.dayTanks + 2]);
    for (let i = 0; i < DAY_TANK_LITRES.length; i++) {
      const over = x[AT.dayTanks + i] - DAY_TANK_LITRES[i];
      q[Q.tankOverflow + i] = over > 0 ? over * DOSING.overflowPerHour : 0;
    }
  }
}

function delivered(contactor: number, demand: number, capacity: number, litres: number): number {
  const wanted = demand > capacity ? capacity : demand > 0 ? demand : 0;
  return clamp(contactor) * wanted * fade(litres, 0, DOSING.emptyLitres);
}

const clamp = (value: number): number => (value > 1 ? 1 : value > 0 ? value : 0);
const share = (percent: number): number => clamp(percent * 0.01);
