/**
 * What the process of the network takes and gives: inputs that final elements drive, outputs that instruments see, disturbances from outside.
 * `plant.yaml` refers to these names. Contactors and statuses are 0 or 1; pressures are at ground level in kPa, flows in L/s, chlorine is free
 * chlorine in mg/L, ages are mean ages of the water in hours.
 */
import { REDUCING_VALVE } from './network.ts';

/** kPa per metre of water at 12 °C. */
export const KPA_PER_METRE = 9.802;

/** Driven by actuators. */
export const INPUTS = {
  worksPump1Contactor: 1,
  worksPump2Contactor: 0,
  worksPump3Contactor: 0,
  wellPumpContactor: 1,
  northPump1Contactor: 1,
  northPump2Contactor: 0,
  moorPumpContactor: 1,
  /** Per cent of the filling valve's full flow. */
  fillValvePercent: 50,
  /** Set screw of the reducing valve's pilot, with a motor on it. */
  reducingValveKPa: REDUCING_VALVE.setting * KPA_PER_METRE,
} as const;

/** The tanks' names among the outputs, in the order of `network.ts`. */
export const TANK_OUTPUTS = ['castleHill', 'eastTower', 'northStandpipe', 'moorTower', 'harbourTank'] as const;
/** The pumps' names among the outputs, in the order of `network.ts`. */
export const PUMP_OUTPUTS = [
  'worksPump1',
  'worksPump2',
  'worksPump3',
  'wellPump',
  'northPump1',
  'northPump2',
  'moorPump',
] as const;

/** Junctions whose pressure is an output. */
export const PRESSURES = {
  worksPressureKPa: 'J01',
  wellPressureKPa: 'J17',
  westPressureKPa: 'J04',
  marketPressureKPa: 'J07',
  hospitalPressureKPa: 'J09',
  eastPressureKPa: 'J12',
  northSuctionKPa: 'J19',
  northDischargeKPa: 'J20',
  northRidgePressureKPa: 'J23',
  moorSuctionKPa: 'J26',
  moorDischargeKPa: 'J27',
  moorFarmsPressureKPa: 'J29',
  valveChamberPressureKPa: 'J18',
  fishMarketPressureKPa: 'J34',
  breakwaterPressureKPa: 'J36',
} as const;

/** Nodes whose chlorine and whose water's age are outputs. */
export const WATERS = {
  market: 'J07',
  hospital: 'J09',
  northRidge: 'J23',
  moorEnd: 'J30',
  breakwater: 'J36',
} as const;

const ofTanks = TANK_OUTPUTS.flatMap((tank) => [`${tank}LevelM`, `${tank}OverflowLPerS`, `${tank}ChlorineMgL`]);
const ofPumps = PUMP_OUTPUTS.flatMap((pump) => [`${pump}Running`, `${pump}StartsPerHour`]);
const ofWaters = Object.keys(WATERS).flatMap((water) => [`${water}ChlorineMgL`, `${water}AgeH`]);

/** Seen by instruments. */
export const OUTPUTS: readonly string[] = [
  ...ofTanks,
  ...ofPumps,
  ...Object.keys(PRESSURES),
  ...ofWaters,
  'worksFlowLPerS',
  'wellFlowLPerS',
  'northFlowLPerS',
  'moorFlowLPerS',
  'worksPowerKw',
  'wellPowerKw',
  'northPowerKw',
  'moorPowerKw',
  'fillFlowLPerS',
  'reducingFlowLPerS',
  'reliefFlowLPerS',
  'demandLPerS',
  /** What is delivered over what is wanted. */
  'servedPercent',
  /** Least pressure where somebody takes water. */
  'leastPressureKPa',
  /** Most starts of one pump in the last hour. */
  'mostStartsPerHour',
  'totalOverflowLPerS',
];

/** From outside. */
export const DISTURBANCES = {
  /** Scales all demands. */
  demandFactor: 1,
  /** Relative deviation of the slow random part of demands, in parts of its own; 0 switches it off. */
  variability: 1,
  /** Hydrants opened and mains burst at the market square and at the fish market; what they take at full pressure. */
  fireMarketLPerS: 0,
  burstFishMarketLPerS: 0,
  /** Hydrants of the north zone flushed. */
  flushNorthLPerS: 0,
  worksChlorineMgL: 0.8,
  wellChlorineMgL: 0.6,
  temperatureC: 12,
  /** First-order decay of chlorine in the water at 20 °C and at the pipes' walls. */
  bulkDecayPerDay: 0.5,
  wallDecayMPerDay: 0.05,
  /** 1: the stations are without mains, their pumps stand. */
  worksMainsFailed: 0,
  wellMainsFailed: 0,
  northMainsFailed: 0,
  moorMainsFailed: 0,
} as const;

/** Switches of the plant, as `plant.yaml` declares them. */
export const OPTIONS = {
  /** Floats in the north standpipe, the moor tower and Castle Hill open the circuits of the pumps that fill them, 10 cm below the overflow. */
  tankFloats: false,
  /** The relief valve of the harbour zone is there. */
  harbourRelief: true,
} as const;
