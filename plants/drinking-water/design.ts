/**
 * Dimensions and properties of the works, as a design report would list them. Metres, m³, seconds, unless the name says otherwise.
 * Normal flow is 4 ML/day = 166.7 m³/h.
 */
import type { PumpCurve } from './hydraulics.ts';

export const NORMAL_FLOW_M3_PER_HOUR = 4000 / 24;

/** Intake: river, sluice gate and screen, raw-water sump, two pumps, rising main to the rapid mixer. */
export const INTAKE = {
  sumpArea: 25,
  /** Gate area × discharge coefficient at full opening. */
  gateArea: 0.15,
  pump: { shutoffHead: 26, curvature: 3000 } satisfies PumpCurve,
  /** Rapid mixer above the sump's floor. */
  lift: 14,
  mainResistance: 1400,
  /** DN 250, 400 m. */
  mainVolume: 19.6,
  /** Suction bell: uncovered below this level, no flow below the next. */
  drySuction: 0.45,
  noSuction: 0.15,
} as const;

export const MIXER_VOLUME = 3;

/** Two rapid filters: a box over dual media treated as one bed, underdrain, an outlet valve to the contact tank's inlet weir. */
export const FILTER = {
  area: 14,
  depth: 0.9,
  layers: 4,
  /** Clean porosity, and grain size × sphericity. */
  porosity: 0.42,
  grain: 0.72e-3,
  /** Media surface above the outlet weir. */
  drop: 2,
  overflowLevel: 2.3,
  overflowLength: 3,
  troughLevel: 0.7,
  troughLength: 8,
  /** Most that the wash-out channel takes. */
  washoutCapacity: 0.35,
  /** Underdrain and outlet pipe. */
  pipeResistance: 375,
  /** Conductance of the open valves in m^2.5/s; opens with the square of travel. */
  supplyConductance: 0.05,
  wasteConductance: 0.04,
  washConductance: 0.08,
  /** Common filtrate main from both outlet valves to the contact tank's inlet weir: DN 300, 25 m; it stays full. */
  filtrateMainVolume: 1.8,
  /** Where fitted, a turbidity switch at that main opens for good after so many seconds above so many NTU. */
  cutOffTurbidity: 0.8,
  cutOffDelay: 300,
  /** Lowest level at which the media still take their full flow. */
  dewatering: 0.1,
} as const;

/** Deposit in the media and what it does (see `filtration.ts`). Solids in g, deposits in g per m³ of bed. */
export const DEPOSIT = {
  /** Filter coefficient of a ripened clean bed at the normal rate, 1/m. */
  coefficient: 7,
  /** Rate at which that holds, m/s (5.95 m/h). */
  normalRate: NORMAL_FLOW_M3_PER_HOUR / 3600 / 28,
  /** Share of the coefficient that an unripened bed has, and the deposit that ripens half of the rest. */
  unripened: 0.5,
  ripening: 30,
  /** Deposit at which a layer holds no more. */
  ultimate: 6500,
  /** Dry solids per volume of wet floc, g/m³: floc is 97 % water. */
  flocDensity: 28_000,
  /** Removal of deposit by a full backwash and by full air scour, 1/s. */
  washRate: 1 / 80,
  scourRate: 1 / 150,
  /** Upflow at which the bed begins to expand and at which it is fully fluidised, m/s. */
  expansion: 15 / 3600,
  fluidised: 38 / 3600,
} as const;

export const BACKWASH = {
  pump: { shutoffHead: 14, curvature: 290 } satisfies PumpCurve,
  /** Wash trough and expanded bed above the clearwell's floor. */
  lift: 6,
  blowerFlowM3PerHour: 840,
} as const;

/** Solids and coagulant. */
export const COAGULATION = {
  /** NTU of one g/m³ of suspended solids. */
  turbidityPerSolids: 0.7,
  /** g of Al(OH)₃ floc, with bound water, that a g of aluminium makes. */
  flocPerAluminium: 2.89,
  /** Aluminium that destabilises a water: constant + factor × √NTU, mg/L. */
  needConstant: 0.3,
  needPerRootNtu: 0.3,
} as const;

export const CONTACT = {
  volume: 100,
  /** Nine equal mixed tanks in series have T10/T = 0.604 (the 10 % point of the gamma distribution of order 9, over 9). */
  tanks: 9,
  /** T10/T that operators reckon CT with. */
  baffling: 0.6,
  /** Static mixer with the NaOH injection, then the pipe to the clearwell: DN 400, 24 m. */
  staticMixerVolume: 0.2,
  pipeVolume: 3,
} as const;

export const CLEARWELL = {
  area: 200,
  overflowLevel: 3.2,
  overflowLength: 2,
  drySuction: 0.4,
  noSuction: 0.15,
} as const;

export const HIGH_SERVICE = {
  pump: { shutoffHead: 66, curvature: 8750 } satisfies PumpCurve,
  pumps: 3,
  /** Elevated tank's floor above the clearwell's. */
  lift: 42,
  mainResistance: 2222,
  /** Discharge valve fully open; falls with the square of travel. */
  valveResistance: 150,
  /** DN 300, 1.2 km. */
  mainVolume: 84.8,
  /** Shaft power in kW: n³·idle + n²·Q·load. */
  idlePower: 11,
  loadPower: 405,
} as const;

export const TOWER = {
  area: 100,
  overflowLevel: 6,
  overflowLength: 3,
  /** Below this the tank gives no more. */
  emptyLevel: 0.15,
  /** Floor above the town, and the mains between. */
  aboveTown: 36,
  networkResistance: 1240,
} as const;

/**
 * Booster station at the network's edge, some 2 km from the works, and the high zone that it feeds. Two pumps of fixed speed, duty and standby.
 * Its 20 m³/h are part of the 4 ML/day: some 2,400 of the town's people live up there.
 */
export const BOOSTER = {
  pump: { shutoffHead: 52, curvature: 120_000 } satisfies PumpCurve,
  pumps: 2,
  /** Station above the town. */
  aboveTown: 10,
  /** Branch main from the network's edge, DN 150, 0.8 km (friction factor 0.02), and the clean strainer before the pumps. */
  branchResistance: 17_400,
  strainerResistance: 2_000,
  /** High-zone tank's floor above the station; rising main DN 150, 1.5 km, into the tank's top. */
  lift: 58,
  mainResistance: 32_700,
  mainVolume: 26.5,
  /** Head that the network offers at the station: below the first the pumps begin to draw air, at the second there is no water. */
  drySuction: 2,
  noSuction: 0,
} as const;

/** The high zone: a covered ground tank on the hill, and the mains down to the houses. */
export const HIGH_ZONE = {
  /** Of the normal flow. */
  share: 0.12,
  area: 40,
  overflowLevel: 4,
  overflowLength: 1,
  /** Where fitted, a float takes the booster pumps' contactors out of their circuit at the first level and lets them in again below the second. */
  floatCutOut: 3.9,
  floatBack: 3.6,
  /** Below this the tank gives no more. */
  emptyLevel: 0.15,
  /** Floor above the houses, and the mains between. */
  aboveZone: 36,
  networkResistance: 40_000,
} as const;

/** Batteries of the remote stations' control and radio: hours that a full one lasts, and to charge it; volts of a 24 V lead battery. */
export const BATTERY = {
  autonomyH: 24,
  rechargeH: 10,
  emptyV: 22.4,
  fullV: 25.6,
  floatV: 27.2,
} as const;

/** Chemical solutions: strength in g/L, day tank and pump in litres. Doses add solute but, at 20 mL/m³, no volume. */
export const DOSING = {
  /** Polyaluminium chloride, 10 % Al₂O₃: g of Al per litre; of three charges per Al, the basicity is hydroxide already. */
  pacl: { strength: 65, basicity: 0.8, tank: 400, capacityLPerHour: 20 },
  /** Sodium hypochlorite, 12 % as Cl₂, with the caustic that keeps it stable. */
  naocl: { strength: 120, causticStrength: 6, tank: 300, capacityLPerHour: 12 },
  /** 25 % sodium hydroxide. The pump gives 40 mg/L at normal flow; the oversized one 100. */
  naoh: {
    strength: 318,
    tank: 500,
    capacityLPerHour: (40 * NORMAL_FLOW_M3_PER_HOUR) / 318,
    oversizedCapacityLPerHour: (100 * NORMAL_FLOW_M3_PER_HOUR) / 318,
  },
  /** Below this many litres the pump draws air. */
  emptyLitres: 2,
  /** L/h of overflow per litre above the brim. */
  overflowPerHour: 360,
} as const;

export const CHEMISTRY = {
  /** mol/L, of a soft surface water. */
  ionicStrength: 0.004,
  /** Activation temperature of bulk chlorine decay, K (Powell et al., Water Research 34 (2000) 117, found about 6,000 to 12,000). */
  decayActivation: 7000,
} as const;

/** Time constants in seconds: pump run-up, and the slow random walks of demand, raw turbidity and raw pH. */
export const TIMES = {
  pumpRunUp: 3,
  demandWander: 1200,
  turbidityWander: 3 * 3600,
  phWander: 6 * 3600,
  dosedSampleLine: 20,
  safetySampleLine: 10,
  chlorineSampleLine: 40,
} as const;
