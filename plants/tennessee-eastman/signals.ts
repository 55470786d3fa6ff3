/** What the Tennessee Eastman process takes and gives. `plant.yaml` refers to these names. */

/** Valve commands XMV 1 … 12 in per cent, as the published runs begin, and the contact that lets the unit run. */
export const INPUTS = {
  dFeedValvePercent: 63.053,
  eFeedValvePercent: 53.98,
  aFeedValvePercent: 24.644,
  acFeedValvePercent: 61.302,
  compressorRecycleValvePercent: 22.21,
  purgeValvePercent: 40.064,
  separatorLiquidValvePercent: 38.1,
  stripperProductValvePercent: 46.534,
  stripperSteamValvePercent: 47.446,
  reactorCoolingValvePercent: 41.106,
  condenserCoolingValvePercent: 18.114,
  agitatorSpeedPercent: 50,
  /** 0: a safety device has taken the permit, and the unit stands as after a shutdown of its own. */
  runPermit: 1,
} as const;

/** XMEAS 1 … 41 in order, then what the shutdown looks at. Gases in thousands of standard m³/h, pressures in kPa gauge. */
export const OUTPUTS = [
  'aFeedKscmh',
  'dFeedKgPerHour',
  'eFeedKgPerHour',
  'acFeedKscmh',
  'recycleKscmh',
  'reactorFeedKscmh',
  'reactorPressureKpa',
  'reactorLevelPercent',
  'reactorTemperatureC',
  'purgeKscmh',
  'separatorTemperatureC',
  'separatorLevelPercent',
  'separatorPressureKpa',
  'separatorUnderflowM3PerHour',
  'stripperLevelPercent',
  'stripperPressureKpa',
  'stripperUnderflowM3PerHour',
  'stripperTemperatureC',
  'stripperSteamKgPerHour',
  'compressorWorkKw',
  'reactorCoolingOutletC',
  'condenserCoolingOutletC',
  'reactorFeedAMolePercent',
  'reactorFeedBMolePercent',
  'reactorFeedCMolePercent',
  'reactorFeedDMolePercent',
  'reactorFeedEMolePercent',
  'reactorFeedFMolePercent',
  'purgeAMolePercent',
  'purgeBMolePercent',
  'purgeCMolePercent',
  'purgeDMolePercent',
  'purgeEMolePercent',
  'purgeFMolePercent',
  'purgeGMolePercent',
  'purgeHMolePercent',
  'productDMolePercent',
  'productEMolePercent',
  'productFMolePercent',
  'productGMolePercent',
  'productHMolePercent',
  'reactorLiquidM3',
  'separatorLiquidM3',
  'stripperLiquidM3',
  /** 1 when a limit of the equipment was passed and the unit stands. */
  'shutDown',
] as const;

/** IDV 1 … 20 (Downs & Vogel 1993, table 8): 1 is on. */
export const DISTURBANCES = {
  acRatioStep: 0,
  bCompositionStep: 0,
  dFeedTemperatureStep: 0,
  reactorCoolingInletStep: 0,
  condenserCoolingInletStep: 0,
  aFeedLoss: 0,
  cHeaderPressureLoss: 0,
  feedCompositionRandom: 0,
  dFeedTemperatureRandom: 0,
  cFeedTemperatureRandom: 0,
  reactorCoolingInletRandom: 0,
  condenserCoolingInletRandom: 0,
  kineticsDrift: 0,
  reactorCoolingValveSticks: 0,
  condenserCoolingValveSticks: 0,
  stripperSteamTransferRandom: 0,
  reactorFouling: 0,
  condenserFouling: 0,
  valvesStick: 0,
  reactorOutletRestriction: 0,
} as const;

export const OPTIONS = {
  /** Seed of the published generator; the process then has the reference's noise and analysers in it. 0: the instruments have their own. */
  referenceSeed: 0,
  /** Whether the reference's noise is added; its draws are made in any case. */
  referenceNoise: true,
} as const;

/** The 50 states in the order of the model. */
export const STATES: readonly string[] = [
  ...vessel('reactor', [
    'VapourA',
    'VapourB',
    'VapourC',
    'LiquidD',
    'LiquidE',
    'LiquidF',
    'LiquidG',
    'LiquidH',
    'Energy',
  ]),
  ...vessel('separator', [
    'VapourA',
    'VapourB',
    'VapourC',
    'LiquidD',
    'LiquidE',
    'LiquidF',
    'LiquidG',
    'LiquidH',
    'Energy',
  ]),
  ...vessel('stripper', [...'ABCDEFGH'].map((c) => `Liquid${c}`).concat('Energy')),
  ...vessel('header', [...'ABCDEFGH'].map((c) => `Vapour${c}`).concat('Energy')),
  'reactorCoolingOutlet',
  'condenserCoolingOutlet',
  ...Object.keys(INPUTS)
    .filter((input) => input.endsWith('Percent'))
    .map((valve) => valve.replace(/Percent$/, 'Position')),
];

function vessel(name: string, of: readonly string[]): string[] {
  return of.map((what) => name + what);
}
