/** The outputs: what an instrument at each tap would find, from states, flows and the pH of the waters. */
import { AIR, AIR_COUNT, airFlows, BUILDING, PPM } from './chemical-building.ts';
import { CACO3_PER_EQUIVALENT, MOLAR_MASS } from './chemistry.ts';
import {
  BACKWASH,
  BATTERY,
  BOOSTER,
  CLEARWELL,
  COAGULATION,
  CONTACT,
  DOSING,
  FILTER,
  HIGH_SERVICE,
  HIGH_ZONE,
  INTAKE,
  MIXER_VOLUME,
  NORMAL_FLOW_M3_PER_HOUR,
  TOWER,
} from './design.ts';
import { PORE_VOLUME } from './filtration.ts';
import { Q } from './flows.ts';
import { KPA_PER_METRE } from './hydraulics.ts';
import { ALKALI, ALUMINIUM, AT, BOX_WATER, CHLORINE, PH, PORES, SOLIDS, SPECIES, U, Y } from './layout.ts';
import type { DrinkingWater } from './works.ts';

const PER_HOUR = 3600;
/** A pump counts as running from this share of full speed on. */
const RUNNING = 0.05;
const TANK_VOLUME = CONTACT.volume / CONTACT.tanks;
/** CT is reckoned at no less than a tenth of the normal flow, so that it stays finite when the works stands. */
const LEAST_FLOW = (0.1 * NORMAL_FLOW_M3_PER_HOUR) / 3600;

export function observe(works: DrinkingWater, x: Float64Array, u: Float64Array, y: Float64Array): void {
  observeIntake(works, x, u, y);
  observeFilters(works, x, u, y);
  observeContact(works, x, u, y);
  observeDosing(works, x, u, y);
  observeSupply(works, x, u, y);
  observeRemote(works, x, u, y);
  observeBuilding(x, y);
}

function observeIntake({ flows, ph }: DrinkingWater, x: Float64Array, u: Float64Array, y: Float64Array): void {
  const { q } = flows;
  const level = x[AT.sumpWater] / INTAKE.sumpArea;
  y[Y.riverLevelM] = u[U.riverLevelM];
  y[Y.rawSumpLevelM] = level;
  const running1 = running(x[AT.intakeSpeeds]);
  const running2 = running(x[AT.intakeSpeeds + 1]);
  y[Y.intakePump1Running] = running1;
  y[Y.intakePump2Running] = running2;
  y[Y.intakePump1SpeedPercent] = 100 * x[AT.intakeSpeeds];
  y[Y.intakePump2SpeedPercent] = 100 * x[AT.intakeSpeeds + 1];
  y[Y.intakePump1FlowM3PerHour] = q[Q.intake] * PER_HOUR;
  y[Y.intakePump2FlowM3PerHour] = q[Q.intake + 1] * PER_HOUR;
  const raw = q[Q.raw];
  y[Y.intakeDischargePressureKPa] = (INTAKE.lift + INTAKE.mainResistance * raw * raw) * KPA_PER_METRE;
  y[Y.intakePumpDryRunning] = (running1 || running2) && level < INTAKE.drySuction ? 1 : 0;
  y[Y.rawFlowM3PerHour] = raw * PER_HOUR;
  y[Y.rawTurbidityNtu] = (x[AT.sump + SOLIDS] / Math.max(1e-3, x[AT.sumpWater])) * COAGULATION.turbidityPerSolids;
  y[Y.rawPh] = ph[PH.raw];
  y[Y.rawAlkalinityMgL] = (x[AT.sump + ALKALI] / Math.max(1e-3, x[AT.sumpWater])) * CACO3_PER_EQUIVALENT;
  y[Y.rawTemperatureC] = u[U.temperatureC];
  y[Y.rawConductivityUsCm] = u[U.rawConductivityUsCm];
}

function observeFilters(
  { flows, ph, filtrate }: DrinkingWater,
  x: Float64Array,
  u: Float64Array,
  y: Float64Array,
): void {
  const { q } = flows;
  y[Y.coagulatedPh] = ph[PH.coagulated];
  y[Y.coagulatedTurbidityNtu] = (x[AT.mixer + SOLIDS] / MIXER_VOLUME) * COAGULATION.turbidityPerSolids;
  y[Y.coagulantDoseMgAlL] = x[AT.mixer + ALUMINIUM] / MIXER_VOLUME;
  y[Y.rapidMixerRunning] = u[U.rapidMixerContactor] >= 0.5 ? 1 : 0;
  y[Y.inletChannelOverflowM3PerHour] = q[Q.channelOverflow] * PER_HOUR;
  for (let f = 0; f < 2; f++) {
    const first = AT.filters[f];
    const at = f * (Y.filter2LevelM - Y.filter1LevelM);
    y[Y.filter1LevelM + at] = x[first + BOX_WATER] / FILTER.area;
    y[Y.filter1HeadLossM + at] = q[Q.headLoss + f];
    y[Y.filter1FlowM3PerHour + at] = q[Q.media + f] * PER_HOUR;
    y[Y.filter1TurbidityNtu + at] = (x[first + PORES + SOLIDS] / PORE_VOLUME) * COAGULATION.turbidityPerSolids;
    y[Y.filter1WasteFlowM3PerHour + at] = q[Q.waste + f] * PER_HOUR;
    y[Y.filter1OverflowM3PerHour + at] = q[Q.boxOverflow + f] * PER_HOUR;
  }
  y[Y.backwashFlowM3PerHour] = q[Q.washTotal] * PER_HOUR;
  y[Y.backwashPumpRunning] = running(x[AT.backwashSpeed]);
  y[Y.airScourFlowM3PerHour] = (q[Q.air] + q[Q.air + 1]) * BACKWASH.blowerFlowM3PerHour;
  y[Y.filteredFlowM3PerHour] = q[Q.contact] * PER_HOUR;
  y[Y.filteredTurbidityNtu] = filtrate[0] * COAGULATION.turbidityPerSolids;
  y[Y.residualAluminiumMgL] = filtrate[1];
}

function observeContact(works: DrinkingWater, x: Float64Array, _u: Float64Array, y: Float64Array): void {
  const { flows, ph } = works;
  const flow = flows.q[Q.contact];
  const first = AT.contact;
  const last = AT.contact + (CONTACT.tanks - 1) * SPECIES;
  const residual = (x[last + CHLORINE] / TANK_VOLUME) * MOLAR_MASS.chlorine;
  const t10 = (CONTACT.baffling * CONTACT.volume) / Math.max(LEAST_FLOW, flow) / 60;
  y[Y.contactTankInletChlorineMgL] = (x[first + CHLORINE] / TANK_VOLUME) * MOLAR_MASS.chlorine;
  y[Y.contactTankOutletChlorineMgL] = works.chlorineLine.value;
  y[Y.contactTankOutletPh] = ph[PH.contact];
  y[Y.contactTankFlowM3PerHour] = flow * PER_HOUR;
  y[Y.contactTankT10Min] = t10;
  y[Y.disinfectionCtMgMinL] = residual * t10;
  y[Y.hypochlorousAcidPercent] = 100 * works.speciation.hypochlorousShare(ph[PH.contact]);
  y[Y.dosedWaterPh] = works.dosedPhLine.value;
  y[Y.clearwellInletPh] = ph[PH.clearwellInlet];
  y[Y.safetyTapPh] = works.safetyPhLine.value;
  y[Y.safetyTapFlowM3PerHour] = flow * PER_HOUR;
}

function observeDosing({ flows }: DrinkingWater, x: Float64Array, u: Float64Array, y: Float64Array): void {
  const { q } = flows;
  const litresPerHour = Q.dosing;
  y[Y.paclDosingFlowLPerHour] = q[litresPerHour];
  y[Y.naoclDosingFlowLPerHour] = q[litresPerHour + 1];
  y[Y.naohDosingFlowLPerHour] = q[litresPerHour + 2];
  const power = u[U.dosingContactor] >= 0.5;
  y[Y.paclDosingPumpRunning] = pumping(power, u[U.paclDosingPumpContactor], u[U.paclDosingDemandLPerHour]);
  y[Y.naoclDosingPumpRunning] = pumping(power, u[U.naoclDosingPumpContactor], u[U.naoclDosingDemandLPerHour]);
  y[Y.naohDosingPumpRunning] = pumping(power, u[U.naohDosingPumpContactor], u[U.naohDosingDemandLPerHour]);
  y[Y.paclDayTankLevelPercent] = (100 * x[AT.dayTanks]) / DOSING.pacl.tank;
  y[Y.naoclDayTankLevelPercent] = (100 * x[AT.dayTanks + 1]) / DOSING.naocl.tank;
  y[Y.naohDayTankLevelPercent] = (100 * x[AT.dayTanks + 2]) / DOSING.naoh.tank;
  y[Y.naohDoseMgL] = (q[litresPerHour + 2] * DOSING.naoh.strength) / 3600 / Math.max(LEAST_FLOW, q[Q.contact]);
  y[Y.dosingContactorClosed] = power ? 1 : 0;
  y[Y.dayTankOverflowLPerHour] = q[Q.tankOverflow] + q[Q.tankOverflow + 1] + q[Q.tankOverflow + 2];
}

function observeSupply(works: DrinkingWater, x: Float64Array, _u: Float64Array, y: Float64Array): void {
  const { flows, ph, town } = works;
  const { q } = flows;
  const level = x[AT.clearwellWater] / CLEARWELL.area;
  const perClearwell = 1 / Math.max(1e-3, x[AT.clearwellWater]);
  y[Y.clearwellLevelM] = level;
  y[Y.clearwellOverflowM3PerHour] = q[Q.clearwellOverflow] * PER_HOUR;
  const turbidity = x[AT.clearwell + SOLIDS] * perClearwell * COAGULATION.turbidityPerSolids;
  y[Y.clearwellTurbidityNtu] = turbidity;
  const suction = level < CLEARWELL.drySuction;
  let dry = false;
  for (let i = 0; i < HIGH_SERVICE.pumps; i++) {
    const at = i * (Y.highServicePump2Running - Y.highServicePump1Running);
    const speed = x[AT.highServiceSpeeds + i];
    const flow = q[Q.highServicePump + i];
    const turns = running(speed);
    if (turns === 1 && suction) dry = true;
    y[Y.highServicePump1Running + at] = turns;
    y[Y.highServicePump1SpeedPercent + at] = 100 * speed;
    y[Y.highServicePump1FlowM3PerHour + at] = flow * PER_HOUR;
    y[Y.highServicePump1PowerKw + at] =
      speed * speed * (speed * HIGH_SERVICE.idlePower + flow * HIGH_SERVICE.loadPower);
  }
  const backwashDry = running(x[AT.backwashSpeed]) === 1 && suction;
  y[Y.highServicePumpDryRunning] = dry ? 1 : 0;
  y[Y.anyPumpDryRunning] = dry || backwashDry || y[Y.intakePumpDryRunning] === 1 ? 1 : 0;
  const out = q[Q.highService];
  const tower = x[AT.towerWater] / TOWER.area;
  y[Y.highServicePressureKPa] = (HIGH_SERVICE.lift + tower + HIGH_SERVICE.mainResistance * out * out) * KPA_PER_METRE;
  y[Y.outletFlowM3PerHour] = out * PER_HOUR;
  y[Y.outletPh] = ph[PH.outlet];
  y[Y.outletChlorineMgL] = x[AT.clearwell + CHLORINE] * perClearwell * MOLAR_MASS.chlorine;
  y[Y.outletTurbidityNtu] = turbidity;
  y[Y.outletAlkalinityMgL] =
    (x[AT.clearwell + ALKALI] + x[AT.clearwell + CHLORINE]) * perClearwell * CACO3_PER_EQUIVALENT;

  y[Y.elevatedTankLevelM] = tower;
  y[Y.elevatedTankOverflowM3PerHour] = q[Q.towerOverflow] * PER_HOUR;
  y[Y.elevatedTankChlorineMgL] = (x[AT.tower + CHLORINE] / Math.max(1e-3, x[AT.towerWater])) * MOLAR_MASS.chlorine;
  y[Y.elevatedTankPh] = ph[PH.tower];
  const taken = q[Q.network];
  y[Y.demandFlowM3PerHour] = taken * PER_HOUR;
  // With an empty tank the taps run at the pressure that what there is can keep: demand goes with its root (Wagner 1988).
  const head = TOWER.aboveTown + tower - TOWER.networkResistance * taken * taken;
  y[Y.networkPressureKPa] = head > 0 ? head * q[Q.served] * q[Q.served] * KPA_PER_METRE : 0;
  y[Y.townPh] = ph[PH.town];
  y[Y.townChlorineMgL] = town[CHLORINE] * MOLAR_MASS.chlorine;
  y[Y.totalOverflowM3PerHour] =
    (q[Q.channelOverflow] + q[Q.boxOverflow] + q[Q.boxOverflow + 1] + q[Q.clearwellOverflow] + q[Q.towerOverflow]) *
    PER_HOUR;
}

function observeRemote({ flows }: DrinkingWater, x: Float64Array, u: Float64Array, y: Float64Array): void {
  const { q } = flows;
  y[Y.towerMainsPresent] = u[U.towerMainsFailed] >= 0.5 ? 0 : 1;
  y[Y.towerBatteryV] = volts(x[AT.towerBattery], u[U.towerMainsFailed]);
  y[Y.towerDoorOpen] = u[U.towerDoorOpen] >= 0.5 ? 1 : 0;
  y[Y.boosterMainsPresent] = u[U.boosterMainsFailed] >= 0.5 ? 0 : 1;
  y[Y.boosterBatteryV] = volts(x[AT.boosterBattery], u[U.boosterMainsFailed]);
  y[Y.boosterDoorOpen] = u[U.boosterDoorOpen] >= 0.5 ? 1 : 0;

  const level = x[AT.highTankWater] / HIGH_ZONE.area;
  const flow = q[Q.booster];
  const suction = q[Q.boosterSuction];
  const running1 = running(x[AT.boosterSpeeds]);
  const running2 = running(x[AT.boosterSpeeds + 1]);
  y[Y.boosterSuctionPressureKPa] = suction > 0 ? suction * KPA_PER_METRE : 0;
  y[Y.boosterDischargePressureKPa] = (BOOSTER.lift + level + BOOSTER.mainResistance * flow * flow) * KPA_PER_METRE;
  y[Y.boosterFlowM3PerHour] = flow * PER_HOUR;
  y[Y.boosterPump1Running] = running1;
  y[Y.boosterPump2Running] = running2;
  const dry = (running1 || running2) && suction < BOOSTER.drySuction ? 1 : 0;
  y[Y.boosterPumpDryRunning] = dry;
  if (dry) y[Y.anyPumpDryRunning] = 1;
  y[Y.highZoneTankLevelM] = level;
  y[Y.highZoneTankOverflowM3PerHour] = q[Q.highTankOverflow] * PER_HOUR;
  y[Y.highZoneTankChlorineMgL] =
    (x[AT.highTank + CHLORINE] / Math.max(1e-3, x[AT.highTankWater])) * MOLAR_MASS.chlorine;
  const taken = q[Q.highZone];
  y[Y.highZoneFlowM3PerHour] = taken * PER_HOUR;
  const head = HIGH_ZONE.aboveZone + level - HIGH_ZONE.networkResistance * taken * taken;
  y[Y.highZonePressureKPa] = head > 0 ? head * q[Q.highZoneServed] * q[Q.highZoneServed] * KPA_PER_METRE : 0;
}

const air = new Float64Array(AIR_COUNT);

function observeBuilding(x: Float64Array, y: Float64Array): void {
  airFlows(x, air);
  y[Y.chemicalRoomChlorinePpm] = (x[AT.chemicalRoom] / BUILDING.chemicalRoomM3) * PPM;
  y[Y.operatorsRoomChlorinePpm] = (x[AT.operatorsRoom] / BUILDING.operatorsRoomM3) * PPM;
  y[Y.chemicalRoomPressurePa] = air[AIR.pressure];
  y[Y.extractFlowM3PerHour] = air[AIR.extract] * PER_HOUR;
  y[Y.supplyAirM3PerHour] = air[AIR.supply] * PER_HOUR;
  y[Y.extractFanRunning] = running(x[AT.fanSpeeds]);
  y[Y.supplyFanRunning] = running(x[AT.fanSpeeds + 1]);
  y[Y.emergencyFanRunning] = running(x[AT.fanSpeeds + 2]);
  y[Y.bundLevelLitres] = x[AT.bundLitres];
  y[Y.officeTemperatureC] = x[AT.officeTemperature];
}

const volts = (charge: number, mainsFailed: number): number =>
  mainsFailed >= 0.5 ? BATTERY.emptyV + (BATTERY.fullV - BATTERY.emptyV) * charge : BATTERY.floatV - 1 + charge;
const running = (speed: number): 0 | 1 => (speed > RUNNING ? 1 : 0);
const pumping = (power: boolean, contactor: number, demand: number): 0 | 1 =>
  power && contactor >= 0.5 && demand > 0 ? 1 : 0;
