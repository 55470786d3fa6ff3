/**
 * Where everything stands in the state vector. A volume of water carries six species as amounts, so that conservation is a sum of
 * states; concentrations are amounts over volumes.
 */
import { positions } from '@penstock/simulator/process';
import { BOOSTER, CONTACT, FILTER, HIGH_SERVICE } from './design.ts';
import { DISTURBANCES, INPUTS, OUTPUTS } from './signals.ts';

/**
 * `alkali`: alkalinity less free chlorine, mol (see `chemistry.ts`); `carbon`: total inorganic carbon, mol; `chlorine`: free chlorine, mol;
 * `solids`: suspended solids with floc, g; `aluminium`: coagulant, g; `tracer`: inert, g.
 */
export const SPECIES_NAMES = ['alkali', 'carbon', 'chlorine', 'solids', 'aluminium', 'tracer'] as const;
export const SPECIES = SPECIES_NAMES.length;
export const ALKALI = 0;
export const CARBON = 1;
export const CHLORINE = 2;
export const SOLIDS = 3;
export const ALUMINIUM = 4;
export const TRACER = 5;

export const STATE_NAMES: string[] = [];
const one = (name: string): number => STATE_NAMES.push(name) - 1;
const many = (names: readonly string[]): number => {
  const first = STATE_NAMES.length;
  STATE_NAMES.push(...names);
  return first;
};
const species = (of: string): number => many(SPECIES_NAMES.map((name) => `${of}.${name}`));
/** What enters a plug-flow pipe during a step: water, then species. */
const pipe = (of: string): number => many(['water', ...SPECIES_NAMES].map((name) => `${of}.entered.${name}`));

/** Per filter, counted from its first state. */
export const BOX_WATER = 0;
export const BOX = 1;
export const PORES = BOX + SPECIES;
export const LAYERS = PORES + SPECIES;

const filter = (n: number): number => {
  const first = one(`filter${n}.box.water`);
  species(`filter${n}.box`);
  species(`filter${n}.pores`);
  many(Array.from({ length: FILTER.layers }, (_, layer) => `filter${n}.deposit${layer + 1}`));
  return first;
};

/** First state of each part. */
export const AT = {
  sumpWater: one('sump.water'),
  sump: species('sump'),
  rawMain: pipe('rawMain'),
  mixer: species('mixer'),
  filters: [filter(1), filter(2)] as const,
  /** `CONTACT.tanks` times the species. */
  contact: many(
    Array.from({ length: CONTACT.tanks }, (_, tank) =>
      SPECIES_NAMES.map((name) => `contact${tank + 1}.${name}`),
    ).flat(),
  ),
  staticMixer: species('staticMixer'),
  dosedPipe: pipe('dosedPipe'),
  clearwellWater: one('clearwell.water'),
  clearwell: species('clearwell'),
  trunkMain: pipe('trunkMain'),
  towerWater: one('tower.water'),
  tower: species('tower'),
  risingMain: pipe('risingMain'),
  highTankWater: one('highTank.water'),
  highTank: species('highTank'),
  /** Shares of full speed. */
  intakeSpeeds: many(['intakePump1.speed', 'intakePump2.speed']),
  highServiceSpeeds: many(Array.from({ length: HIGH_SERVICE.pumps }, (_, i) => `highServicePump${i + 1}.speed`)),
  backwashSpeed: one('backwashPump.speed'),
  boosterSpeeds: many(Array.from({ length: BOOSTER.pumps }, (_, i) => `boosterPump${i + 1}.speed`)),
  /** Share of their charge. */
  towerBattery: one('towerBattery.charge'),
  boosterBattery: one('boosterBattery.charge'),
  /** Litres of solution: PACl, NaOCl, NaOH. */
  dayTanks: many(['paclDayTank.litres', 'naoclDayTank.litres', 'naohDayTank.litres']),
  /** Where chemicals can meet (see `chemical-building.ts`): acid that came, acid that is left, free chlorine; equivalents and mol. */
  paclTank: many(['paclDayTank.buffer', 'paclDayTank.acid', 'paclDayTank.chlorine']),
  bundLitres: one('bund.litres'),
  bund: many(['bund.buffer', 'bund.acid', 'bund.chlorine']),
  /** Chlorine in the air, mol. */
  chemicalRoom: one('chemicalRoom.chlorine'),
  operatorsRoom: one('operatorsRoom.chlorine'),
  /** Shares of full speed: extract, supply, emergency. */
  fanSpeeds: many(['extractFan.speed', 'supplyFan.speed', 'emergencyFan.speed']),
  /** °C. */
  officeTemperature: one('office.temperature'),
  // The books: what has crossed the boundary, and what was used up, since the start.
  enteredWater: one('entered.water'),
  entered: species('entered'),
  leftWater: one('left.water'),
  left: species('left'),
  chlorineConsumed: one('consumed.chlorine'),
  /** The chemical building's own: chlorine that came where chemicals can meet; what went out with air, with doses, with a pump. */
  buildingEntered: one('building.entered.chlorine'),
  buildingLeft: one('building.left.chlorine'),
} as const;

/** Numbers of inputs and disturbances in `u`, and of outputs in `y`. */
export const U = positions([
  ...(Object.keys(INPUTS) as (keyof typeof INPUTS)[]),
  ...(Object.keys(DISTURBANCES) as (keyof typeof DISTURBANCES)[]),
]);
export const Y = positions(OUTPUTS);

/** Waters whose pH is followed, in `DrinkingWater.ph`. */
export const PH = {
  raw: 0,
  coagulated: 1,
  contact: 2,
  dosed: 3,
  clearwellInlet: 4,
  outlet: 5,
  tower: 6,
  town: 7,
} as const;
export const PH_COUNT = 8;
