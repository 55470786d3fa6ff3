/**
 * The equations of the works: flows, then balances; between steps the plug-flow pipes, sample lines, pH and what wanders by itself.
 * The assumptions stand in the README beside.
 */
import { PlugFlowPipe, type ProcessContext, type ProcessEquations, TimeDelay } from '@penstock/simulator/process';
import { balance, type Surroundings } from './balance.ts';
import { acidOfPacl, BUILDING, PPM } from './chemical-building.ts';
import { CACO3_PER_EQUIVALENT, CELSIUS_ZERO_K, MOLAR_MASS, Speciation, viscosity } from './chemistry.ts';
import {
  BOOSTER,
  CHEMISTRY,
  CLEARWELL,
  COAGULATION,
  CONTACT,
  DOSING,
  FILTER,
  HIGH_SERVICE,
  HIGH_ZONE,
  INTAKE,
  MIXER_VOLUME,
  TIMES,
  TOWER,
} from './design.ts';
import { PORE_VOLUME } from './filtration.ts';
import { Flows, Q } from './flows.ts';
import {
  ALKALI,
  ALUMINIUM,
  AT,
  BOX,
  BOX_WATER,
  CARBON,
  CHLORINE,
  LAYERS,
  PH,
  PH_COUNT,
  PORES,
  SOLIDS,
  SPECIES,
  type SPECIES_NAMES,
  TRACER,
  U,
} from './layout.ts';
import { observe } from './observe.ts';

/** Random walks: mean reversion in `times`, unit variance. */
const WALKS = ['demand', 'raw turbidity', 'raw pH', 'high-zone demand'] as const;
const WALK_TIMES = [TIMES.demandWander, TIMES.turbidityWander, TIMES.phWander, TIMES.demandWander] as const;
/** Relative deviation of demand (of few houses more than of many), of turbidity (log-normal), and deviation of raw pH at variability 1. */
const DEMAND_SPREAD = 0.03;
const HIGH_ZONE_SPREAD = 0.08;
const TURBIDITY_SPREAD = 0.12;
const PH_SPREAD = 0.02;

/** Initial levels and the waters in the volumes; the run settles from there within a day. */
const INITIAL = {
  sump: 3,
  box: 1.5,
  clearwell: 2.8,
  tower: 4,
  highTank: 2.9,
  dayTanks: 0.8,
  officeC: 20.5,
  deposits: [420, 150, 60, 20],
} as const;

export class DrinkingWater implements ProcessEquations {
  readonly flows: Flows;
  readonly speciation = new Speciation(CHEMISTRY.ionicStrength);
  readonly rawMain = new PlugFlowPipe(INTAKE.mainVolume, SPECIES, 60);
  readonly dosedPipe = new PlugFlowPipe(CONTACT.pipeVolume, SPECIES, 40);
  readonly trunkMain = new PlugFlowPipe(HIGH_SERVICE.mainVolume, SPECIES, 80, CHLORINE);
  readonly risingMain = new PlugFlowPipe(BOOSTER.mainVolume, SPECIES, 30, CHLORINE);
  readonly ph = new Float64Array(PH_COUNT).fill(7.5);
  /** Species of the water in the network, amount per m³. */
  readonly town = new Float64Array(SPECIES);
  /** Solids and aluminium in the filtrate main where its analysers draw, g/m³: while the works stands, what came last. */
  readonly filtrate = new Float64Array(2);
  readonly dosedPhLine: TimeDelay;
  readonly safetyPhLine: TimeDelay;
  readonly chlorineLine: TimeDelay;
  /** See `Surroundings`. */
  readonly floatContact = Float64Array.of(1);
  readonly turbiditySwitch = Float64Array.of(1, 0);
  readonly detectorRelay = Float64Array.of(0, 0);
  readonly memory: readonly Float64Array[];
  readonly #river = new Float64Array(SPECIES);
  readonly #walks = new Float64Array(WALKS.length);
  readonly #streams;
  readonly #persistence: readonly number[];
  readonly #hasFloat: boolean;
  readonly #hasTurbiditySwitch: boolean;
  readonly #hasDetectorFan: boolean;
  readonly #decay = { perSecond: 0 };
  readonly #surroundings: Surroundings;
  #temperature = Number.NaN;
  #decayRatio = 0;

  constructor({ options, step, random }: ProcessContext) {
    this.flows = new Flows(options.oversizedNaohPump === true);
    this.#hasFloat = options.highZoneFloat === true;
    this.#hasTurbiditySwitch = options.filtrateCutOff === true;
    this.#hasDetectorFan = options.detectorFan === true;
    this.dosedPhLine = new TimeDelay(TIMES.dosedSampleLine, step);
    this.safetyPhLine = new TimeDelay(TIMES.safetySampleLine, step);
    this.chlorineLine = new TimeDelay(TIMES.chlorineSampleLine, step);
    this.#streams = WALKS.map((walk) => random(walk));
    this.#persistence = WALK_TIMES.map((time) => Math.exp(-step / time));
    const pipes = [this.rawMain, this.dosedPipe, this.trunkMain, this.risingMain];
    const lines = [this.dosedPhLine, this.safetyPhLine, this.chlorineLine];
    this.memory = [
      this.ph,
      this.town,
      this.filtrate,
      this.floatContact,
      this.turbiditySwitch,
      this.detectorRelay,
      this.#river,
      this.#walks,
      ...[...pipes, ...lines].map((part) => part.memory),
    ];
    this.#surroundings = {
      river: this.#river,
      decay: this.#decay,
      rawMain: this.rawMain.arriving,
      dosedPipe: this.dosedPipe.arriving,
      trunkMain: this.trunkMain.arriving,
      risingMain: this.risingMain.arriving,
      floatContact: this.floatContact,
      turbiditySwitch: this.turbiditySwitch,
      detectorRelay: this.detectorRelay,
    };
  }

  initial(x: Float64Array, u: Float64Array): void {
    this.#followDisturbances(u);
    const river = this.#river;
    const coagulated = river.slice();
    const aluminium = 1;
    coagulated[ALUMINIUM] = aluminium;
    coagulated[SOLIDS] += aluminium * COAGULATION.flocPerAluminium;
    coagulated[ALKALI] -= (3 * (1 - DOSING.pacl.basicity) * aluminium) / MOLAR_MASS.aluminium;
    const filtered = coagulated.slice();
    filtered[SOLIDS] = 0.08;
    filtered[ALUMINIUM] = 0.01;
    const chlorinated = filtered.slice();
    chlorinated[CHLORINE] = 1.4 / MOLAR_MASS.chlorine;
    const finished = chlorinated.slice();
    finished[ALKALI] += 8 / MOLAR_MASS.sodiumHydroxide;
    const fill = (at: number, volume: number, water: Float64Array) => {
      for (let s = 0; s < SPECIES; s++) x[at + s] = volume * water[s];
    };
    x[AT.sumpWater] = INTAKE.sumpArea * INITIAL.sump;
    fill(AT.sump, x[AT.sumpWater], river);
    this.rawMain.fill(river);
    fill(AT.mixer, MIXER_VOLUME, coagulated);
    for (const [f, first] of AT.filters.entries()) {
      x[first + BOX_WATER] = FILTER.area * INITIAL.box;
      fill(first + BOX, x[first + BOX_WATER], coagulated);
      fill(first + PORES, PORE_VOLUME, filtered);
      // The second filter is half a run ahead, so that they are not washed at the same time.
      INITIAL.deposits.forEach((deposit, layer) => {
        x[first + LAYERS + layer] = f === 0 ? deposit : 18 * deposit;
      });
    }
    for (let tank = 0; tank < CONTACT.tanks; tank++)
      fill(AT.contact + tank * SPECIES, CONTACT.volume / CONTACT.tanks, chlorinated);
    fill(AT.staticMixer, CONTACT.staticMixerVolume, finished);
    this.dosedPipe.fill(finished);
    x[AT.clearwellWater] = CLEARWELL.area * INITIAL.clearwell;
    fill(AT.clearwell, x[AT.clearwellWater], finished);
    this.trunkMain.fill(finished);
    x[AT.towerWater] = TOWER.area * INITIAL.tower;
    fill(AT.tower, x[AT.towerWater], finished);
    this.risingMain.fill(finished);
    x[AT.highTankWater] = HIGH_ZONE.area * INITIAL.highTank;
    fill(AT.highTank, x[AT.highTankWater], finished);
    x[AT.boosterSpeeds] = u[U.boosterPump1Contactor];
    x[AT.boosterSpeeds + 1] = u[U.boosterPump2Contactor];
    x[AT.towerBattery] = 1;
    x[AT.boosterBattery] = 1;
    x[AT.intakeSpeeds] = (u[U.intakePump1Contactor] * u[U.intakePump1SpeedPercent]) / 100;
    x[AT.highServiceSpeeds] = (u[U.highServicePump1Contactor] * u[U.highServicePump1SpeedPercent]) / 100;
    x[AT.highServiceSpeeds + 1] = (u[U.highServicePump2Contactor] * u[U.highServicePump2SpeedPercent]) / 100;
    x[AT.dayTanks] = INITIAL.dayTanks * DOSING.pacl.tank;
    x[AT.dayTanks + 1] = INITIAL.dayTanks * DOSING.naocl.tank;
    x[AT.dayTanks + 2] = INITIAL.dayTanks * DOSING.naoh.tank;
    x[AT.paclTank] = acidOfPacl(x[AT.dayTanks]);
    x[AT.paclTank + 1] = x[AT.paclTank];
    x[AT.fanSpeeds] = (u[U.extractFanContactor] * u[U.extractFanSpeedPercent]) / 100;
    x[AT.fanSpeeds + 1] = (u[U.supplyFanContactor] * u[U.supplyFanSpeedPercent]) / 100;
    x[AT.officeTemperature] = INITIAL.officeC;
    this.flows.update(0, x, u);
    this.#followPh(x);
    this.filtrate.set([filtered[SOLIDS], filtered[ALUMINIUM]]);
    this.dosedPhLine.fill(this.ph[PH.dosed]);
    this.safetyPhLine.fill(this.ph[PH.dosed]);
    this.chlorineLine.fill(this.#contactChlorine(x));
  }

  derivatives(t: number, x: Float64Array, u: Float64Array, dx: Float64Array): void {
    this.#followDecay(u);
    this.flows.update(t, x, u);
    balance(x, u, dx, this.flows.q, this.#surroundings);
  }

  advance(_t: number, h: number, x: Float64Array, u: Float64Array): void {
    const decay = this.#decay.perSecond * h;
    this.#shift(this.rawMain, AT.rawMain, x, 0);
    this.#shift(this.dosedPipe, AT.dosedPipe, x, 0);
    this.#shift(this.trunkMain, AT.trunkMain, x, decay);
    this.#shift(this.risingMain, AT.risingMain, x, decay);
    for (let i = 0; i < this.#walks.length; i++) {
      const keep = this.#persistence[i];
      this.#walks[i] = keep * this.#walks[i] + Math.sqrt(1 - keep * keep) * this.#streams[i].normal();
    }
    this.#followDisturbances(u);
    this.#followPh(x);
    this.#followFiltrate(h, x);
    if (this.#hasFloat) this.#followFloat(x);
    if (this.#hasTurbiditySwitch) this.#followTurbiditySwitch(h);
    if (this.#hasDetectorFan) this.#followDetector(h, x);
    this.dosedPhLine.push(this.ph[PH.dosed]);
    this.safetyPhLine.push(this.ph[PH.dosed]);
    this.chlorineLine.push(this.#contactChlorine(x));
  }

  outputs(t: number, x: Float64Array, u: Float64Array, y: Float64Array): void {
    this.#followDecay(u);
    this.flows.update(t, x, u);
    observe(this, x, u, y);
  }

  /**
   * Amounts in all volumes and pipes: `water` in m³, then the species; deposits count as solids. Alkalinity proper is `alkali` + `chlorine`.
   * What has been consumed in pipes is part of `consumedChlorine`.
   */
  inventory(x: Float64Array): Record<'water' | 'consumedChlorine' | (typeof SPECIES_NAMES)[number], number> {
    const pipes = [this.rawMain, this.dosedPipe, this.trunkMain, this.risingMain];
    const volumes = [AT.sump, AT.mixer, AT.staticMixer, AT.clearwell, AT.tower, AT.highTank];
    for (const first of AT.filters) volumes.push(first + BOX, first + PORES);
    for (let tank = 0; tank < CONTACT.tanks; tank++) volumes.push(AT.contact + tank * SPECIES);
    const sum = (s: number) =>
      volumes.reduce((total, at) => total + x[at + s], 0) + pipes.reduce((total, pipe) => total + pipe.content(s), 0);
    let deposits = 0;
    for (const first of AT.filters)
      for (let layer = 0; layer < FILTER.layers; layer++) deposits += x[first + LAYERS + layer];
    return {
      water:
        x[AT.sumpWater] +
        x[AT.clearwellWater] +
        x[AT.towerWater] +
        x[AT.highTankWater] +
        AT.filters.reduce((total, at) => total + x[at], 0),
      alkali: sum(ALKALI),
      carbon: sum(CARBON),
      chlorine: sum(CHLORINE),
      solids: sum(SOLIDS) + deposits,
      aluminium: sum(ALUMINIUM),
      tracer: sum(TRACER),
      consumedChlorine: x[AT.chlorineConsumed] + this.trunkMain.decayed + this.risingMain.decayed,
    };
  }

  /** Moves a pipe by what entered during the step, and starts the next count. */
  #shift(pipe: PlugFlowPipe, at: number, x: Float64Array, decay: number): void {
    pipe.move(x[at], x, at + 1, decay);
    for (let i = at; i <= at + SPECIES; i++) x[i] = 0;
  }

  #followDecay(u: Float64Array): void {
    const temperature = u[U.temperatureC];
    if (temperature !== this.#temperature) {
      this.#temperature = temperature;
      this.#decayRatio =
        Math.exp(CHEMISTRY.decayActivation * (1 / (20 + CELSIUS_ZERO_K) - 1 / (temperature + CELSIUS_ZERO_K))) / 3600;
      this.speciation.at(temperature);
      this.flows.viscosity = viscosity(temperature);
    }
    this.#decay.perSecond = u[U.bulkChlorineDecayPerHour] * this.#decayRatio;
    this.flows.demandDeviation = DEMAND_SPREAD * this.#walks[0];
    this.flows.highZoneDeviation = HIGH_ZONE_SPREAD * this.#walks[3];
  }

  /** The river's water, from the disturbances and what wanders. */
  #followDisturbances(u: Float64Array): void {
    this.#followDecay(u);
    const river = this.#river;
    const variability = u[U.variability];
    const alkalinity = u[U.rawAlkalinityMgL] / CACO3_PER_EQUIVALENT;
    const ph = u[U.rawPh] + variability * PH_SPREAD * this.#walks[2];
    const turbidity = u[U.rawTurbidityNtu] * Math.exp(variability * TURBIDITY_SPREAD * this.#walks[1]);
    river[ALKALI] = alkalinity;
    river[CARBON] = this.speciation.carbon(alkalinity, ph);
    river[SOLIDS] = turbidity / COAGULATION.turbidityPerSolids;
    river[TRACER] = u[U.rawTracerMgL];
  }

  #followPh(x: Float64Array): void {
    const { speciation, ph } = this;
    const river = this.#river;
    ph[PH.raw] = speciation.ph(river[ALKALI], river[CARBON], 0, ph[PH.raw]);
    this.#volumePh(PH.coagulated, x, AT.mixer, MIXER_VOLUME);
    this.#volumePh(PH.contact, x, AT.contact + (CONTACT.tanks - 1) * SPECIES, CONTACT.volume / CONTACT.tanks);
    this.#volumePh(PH.dosed, x, AT.staticMixer, CONTACT.staticMixerVolume);
    this.#pipePh(PH.clearwellInlet, this.dosedPipe.arriving);
    this.#volumePh(PH.outlet, x, AT.clearwell, x[AT.clearwellWater]);
    this.#volumePh(PH.tower, x, AT.tower, x[AT.towerWater]);
    this.#mixTown(x);
    this.#pipePh(PH.town, this.town);
  }

  #followFloat(x: Float64Array): void {
    const level = x[AT.highTankWater] / HIGH_ZONE.area;
    if (level > HIGH_ZONE.floatCutOut) this.floatContact[0] = 0;
    else if (level < HIGH_ZONE.floatBack) this.floatContact[0] = 1;
  }

  #followTurbiditySwitch(h: number): void {
    const { turbiditySwitch } = this;
    const tooMuch = this.filtrate[0] * COAGULATION.turbidityPerSolids > FILTER.cutOffTurbidity;
    turbiditySwitch[1] = tooMuch ? turbiditySwitch[1] + h : 0;
    if (turbiditySwitch[1] >= FILTER.cutOffDelay) turbiditySwitch[0] = 0;
  }

  #followDetector(h: number, x: Float64Array): void {
    const { detectorRelay: relay } = this;
    const ppm = (x[AT.chemicalRoom] / BUILDING.chemicalRoomM3) * PPM;
    relay[1] += (ppm - relay[1]) * (1 - Math.exp(-h / BUILDING.detectorLag));
    if (relay[1] > BUILDING.relayCloses) relay[0] = 1;
    else if (relay[1] < BUILDING.relayOpens) relay[0] = 0;
  }

  /** The filtrate main mixes what the two underdrains send, each by its flow; the balances take it as without volume. */
  #followFiltrate(h: number, x: Float64Array): void {
    const { q } = this.flows;
    const kept = Math.exp((-q[Q.contact] * h) / FILTER.filtrateMainVolume);
    const perFlow = q[Q.contact] > 0 ? (1 - kept) / (q[Q.contact] * PORE_VOLUME) : 0;
    const from1 = perFlow * q[Q.supply];
    const from2 = perFlow * q[Q.supply + 1];
    const first = AT.filters[0] + PORES;
    const second = AT.filters[1] + PORES;
    this.filtrate[0] = kept * this.filtrate[0] + from1 * x[first + SOLIDS] + from2 * x[second + SOLIDS];
    this.filtrate[1] = kept * this.filtrate[1] + from1 * x[first + ALUMINIUM] + from2 * x[second + ALUMINIUM];
  }

  /** What the network carries: the main's water first, and the tank's for the rest. */
  #mixTown(x: Float64Array): void {
    const { q } = this.flows;
    const network = q[Q.network];
    const direct = network > 0 ? Math.min(1, q[Q.highService] / network) : 0;
    const perVolume = 1 / Math.max(1e-3, x[AT.towerWater]);
    for (let s = 0; s < SPECIES; s++)
      this.town[s] = direct * this.trunkMain.arriving[s] + (1 - direct) * x[AT.tower + s] * perVolume;
  }

  #volumePh(which: number, x: Float64Array, at: number, volume: number): void {
    if (volume < 1e-3) return;
    const per = 1 / volume;
    const chlorine = x[at + CHLORINE] * per;
    this.ph[which] = this.speciation.ph(
      x[at + ALKALI] * per + chlorine,
      x[at + CARBON] * per,
      chlorine,
      this.ph[which],
    );
  }

  #pipePh(which: number, water: Float64Array): void {
    const chlorine = water[CHLORINE];
    this.ph[which] = this.speciation.ph(water[ALKALI] + chlorine, water[CARBON], chlorine, this.ph[which]);
  }

  #contactChlorine(x: Float64Array): number {
    const last = AT.contact + (CONTACT.tanks - 1) * SPECIES;
    return (x[last + CHLORINE] * MOLAR_MASS.chlorine * CONTACT.tanks) / CONTACT.volume;
  }
}
