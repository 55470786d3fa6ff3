/**
 * The air of the chemical building: what happens where coagulant and hypochlorite meet, and where the chlorine goes that comes of it.
 *
 * PACl is sour, hypochlorite is not: brought together, OCl⁻ + Cl⁻ + 2 H⁺ → Cl₂ + H₂O. They can meet in two places: in the PACl day tank, when
 * a tanker's hypochlorite is pumped into it, and in the bund that all three day tanks share, where overflow and what leaks from hoses ends
 * up. Each place holds `buffer` (acid that its PACl came with), `acid` (protons that are left to give, less caustic; hypochlorite counts as
 * HOCl less one) and `chlorine` (all of it that is free: Cl₂, HOCl, OCl⁻). From these the speciation follows at once, and dissolved
 * chlorine leaves through the surface into the room; what leaves takes two protons along.
 *
 * Two rooms: the chemical room with a supply and an extract fan (and, where fitted, an emergency fan that the detector's relay runs), and the
 * operators' room beside it, with a steady change of air of its own. Pressures follow the difference of the fans through leaks without delay.
 *
 * Assumptions: rooms are well mixed; liquids mix at once and stay at room temperature (no heat of reaction); leaks are laminar, flow in
 * proportion to pressure; fans hold their flow; nothing is deposited on walls, and people, doors and wind are left out. Hypochlorite does not
 * decompose by itself. The aluminium of the PACl tank stays as strong as delivered.
 */

import { MOLAR_MASS } from './chemistry.ts';
import { DOSING } from './design.ts';
import { type Flows, Q } from './flows.ts';
import { fade } from './hydraulics.ts';
import { AT, CHLORINE, U } from './layout.ts';

export const BUILDING = {
  chemicalRoomM3: 500,
  operatorsRoomM3: 80,
  /** Full speed of supply, extract and emergency fan alike: 12 changes of the chemical room's air an hour. */
  fanM3PerSecond: (12 * 500) / 3600,
  fanRunUp: 5,
  /** Of the operators' room, two changes an hour. */
  freshAirM3PerSecond: (2 * 80) / 3600,
  /** Leaks in m³/s per Pa: the door between the rooms, and each room's outer walls. */
  doorLeak: 0.0084,
  chemicalRoomLeak: 0.008,
  operatorsRoomLeak: 0.006,
  /** Air that the door's gap exchanges whatever the pressure, m³/s each way. */
  doorExchange: 0.001,
  bundArea: 12,
  /** Litres that wet the bund's whole floor. */
  bundSpread: 20,
  tankArea: 0.4,
  /** Electrochemical detector: 90 % of a step within a minute. Its relay closes and opens at these readings, ppm. */
  detectorLag: 26,
  relayCloses: 1,
  relayOpens: 0.25,
} as const;

/** Of the office: time constant in s, and what a steadily heated one is warmer than outdoors, K. */
const OFFICE = { timeConstant: 36_000, heating: 28 } as const;

/** Molar volume of a gas at 20 °C and 1 atm, m³: ppm of a concentration in mol/m³. */
export const PPM = 0.024055 * 1e6;

/** Acid equivalents per litre of PACl: the three charges of aluminium less the basicity. */
const PACL_ACID = (3 * (1 - DOSING.pacl.basicity) * DOSING.pacl.strength) / MOLAR_MASS.aluminium;
/** mol/L of solution. */
const NAOCL_CHLORINE = DOSING.naocl.strength / MOLAR_MASS.chlorine;
const NAOCL_CAUSTIC = DOSING.naocl.causticStrength / MOLAR_MASS.sodiumHydroxide;
const NAOH_CAUSTIC = DOSING.naoh.strength / MOLAR_MASS.sodiumHydroxide;

/** What a litre brings to a place in (buffer, acid, chlorine). Hypochlorite comes as OCl⁻, so its charge is no acid yet. */
const BRINGS = {
  pacl: [PACL_ACID, PACL_ACID, 0],
  naocl: [0, -NAOCL_CAUSTIC, NAOCL_CHLORINE],
  naoh: [0, -NAOH_CAUSTIC, 0],
} as const;

/** First hydrolysis of Al³⁺ (Baes & Mesmer 1976, log *K₁ = −5.0): what holds the pH of a PACl solution. */
const K_ALUMINIUM = 1e-5;
/** HOCl = OCl⁻ + H⁺ (Morris 1966), 20 °C. */
const K_HYPOCHLOROUS = 10 ** -7.58;
/** Cl₂ + H₂O = HOCl + H⁺ + Cl⁻, M² (Wang & Margerum, Inorg. Chem. 33 (1994) 1050; 25 °C, ionic strength 0.5). */
const K_HYDROLYSIS = 5.1e-4;
const K_WATER = 1e-14;
/** Both solutions bring about as much chloride. */
const CHLORIDE = 2;
/** Cl₂ in water: solubility at 1 atm in mol/m³, and water over air (Sander, Atmos. Chem. Phys. 15 (2015) 4399: 9.2e-4 mol/(m³ Pa)). */
const SOLUBILITY = 93;
const WATER_OVER_AIR = 2.24;
/** Transfer through a calm surface, m/s (Liss & Slater, Nature 247 (1974) 181: 20 cm/h). Bubbles make it up to ten times that. */
const TRANSFER = 0.2 / 3600;
const BUBBLES = 9;

const LN10 = Math.LN10;

/**
 * Dissolved chlorine, mol/m³, of a place with `litres` of liquid: the root of the proton balance, which rises with [H⁺], by Newton's
 * method in ln[H⁺] kept inside a bracket.
 */
export function dissolvedChlorine(litres: number, buffer: number, acid: number, chlorine: number): number {
  if (litres <= 1e-6 || chlorine <= 0) return 0;
  const total = chlorine / litres;
  const given = acid / litres;
  const weak = buffer > 0 ? buffer / litres : 0;
  let low = -15 * LN10;
  let high = LN10;
  let u = -4 * LN10;
  for (let turn = 0; turn < 100; turn++) {
    const h = Math.exp(u);
    const bound = h / (h + K_ALUMINIUM);
    const one = h / K_HYPOCHLOROUS;
    const two = (one * h * CHLORIDE) / K_HYDROLYSIS;
    const all = 1 + one + two;
    const protons = (one + 2 * two) / all;
    const hydroxide = K_WATER / h;
    const excess = weak * bound + h - hydroxide + total * protons - given;
    const slope = weak * bound * (1 - bound) + h + hydroxide + total * ((one + 4 * two) / all - protons * protons);
    if (excess > 0) high = u;
    else low = u;
    let next = u - excess / slope;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    const way = next - u;
    u = next;
    if (way < 1e-12 && way > -1e-12) break;
  }
  const h = Math.exp(u);
  const one = h / K_HYPOCHLOROUS;
  const two = (one * h * CHLORIDE) / K_HYDROLYSIS;
  return (1000 * total * two) / (1 + one + two);
}

/** mol/s from a surface into air of `air` mol/m³; the other way where the air holds more. */
function offGas(dissolved: number, area: number, air: number): number {
  const over = (dissolved / SOLUBILITY) ** 2;
  return TRANSFER * area * (1 + over / (1 + over / BUBBLES)) * (dissolved - WATER_OVER_AIR * air);
}

/** Numbers in what `airFlows` fills; m³/s, from the chemical room to the operators' room and from each to outdoors, and Pa between the rooms. */
export const AIR = { supply: 0, extract: 1, door: 2, chemicalRoomOut: 3, operatorsRoomOut: 4, pressure: 5 } as const;
export const AIR_COUNT = 6;

/** The leaks of both rooms in series and beside each other: pressure of the chemical room per surplus of air. */
const THROUGH = BUILDING.doorLeak / (BUILDING.doorLeak + BUILDING.operatorsRoomLeak);
const LEAK = BUILDING.chemicalRoomLeak + BUILDING.operatorsRoomLeak * THROUGH;

/** Flows of air from the speeds of the fans in `x`; `air` has room for `AIR_COUNT` numbers. */
export function airFlows(x: Float64Array, air: Float64Array): void {
  const supply = BUILDING.fanM3PerSecond * x[AT.fanSpeeds + 1];
  const extract = BUILDING.fanM3PerSecond * (x[AT.fanSpeeds] + x[AT.fanSpeeds + 2]);
  const pressure = (supply - extract) / LEAK;
  const beside = pressure * THROUGH;
  air[AIR.supply] = supply;
  air[AIR.extract] = extract;
  air[AIR.door] = BUILDING.doorLeak * (pressure - beside);
  air[AIR.chemicalRoomOut] = BUILDING.chemicalRoomLeak * pressure;
  air[AIR.operatorsRoomOut] = BUILDING.operatorsRoomLeak * beside;
  air[AIR.pressure] = pressure - beside;
}

const PER_HOUR = 1 / 3600;
const positive = (value: number): number => (value > 0 ? value : 0);
const clamp = (value: number): number => (value > 1 ? 1 : value > 0 ? value : 0);
const air = new Float64Array(AIR_COUNT);

function pour(
  dx: Float64Array,
  to: number,
  litresPerSecond: number,
  [buffer, acid, chlorine]: readonly number[],
): void {
  dx[to] += litresPerSecond * buffer;
  dx[to + 1] += litresPerSecond * acid;
  dx[to + 2] += litresPerSecond * chlorine;
  dx[AT.buildingEntered] += litresPerSecond * chlorine;
}

/** `share` of a place's content per second goes; to `to`, or out of the building. */
function draw(x: Float64Array, dx: Float64Array, from: number, share: number, to?: number): void {
  if (share <= 0) return;
  for (let i = 0; i < 3; i++) {
    const amount = share * x[from + i];
    dx[from + i] -= amount;
    if (to !== undefined) dx[to + i] += amount;
    else if (i === 2) dx[AT.buildingLeft] += amount;
  }
}

/** Gas from a place into the chemical room. */
function release(x: Float64Array, dx: Float64Array, place: number, litres: number, area: number): void {
  const chlorine = x[place + 2];
  if (chlorine <= 1e-12) return;
  const dissolved = dissolvedChlorine(litres, x[place], x[place + 1], chlorine);
  const gas = offGas(dissolved, area, x[AT.chemicalRoom] / BUILDING.chemicalRoomM3);
  dx[place + 1] -= 2 * gas;
  dx[place + 2] -= gas;
  dx[AT.chemicalRoom] += gas;
}

/**
 * The building's part of the balances.
 * @param relay 1 while the detector's relay runs the emergency fan, else 0
 */
export function building(x: Float64Array, u: Float64Array, dx: Float64Array, q: Flows['q'], relay: number): void {
  liquids(x, u, dx, q);
  airFlows(x, air);
  const { chemicalRoom, operatorsRoom, buildingLeft, fanSpeeds } = AT;
  const { doorExchange, chemicalRoomM3, operatorsRoomM3, freshAirM3PerSecond, fanRunUp } = BUILDING;
  const here = x[chemicalRoom] / chemicalRoomM3;
  const beside = x[operatorsRoom] / operatorsRoomM3;
  const through = (positive(air[AIR.door]) + doorExchange) * here;
  const back = (positive(-air[AIR.door]) + doorExchange) * beside;
  const out = (air[AIR.extract] + positive(air[AIR.chemicalRoomOut])) * here;
  const outBeside = (freshAirM3PerSecond + positive(air[AIR.operatorsRoomOut])) * beside;
  dx[chemicalRoom] += back - through - out;
  dx[operatorsRoom] = through - back - outBeside;
  dx[buildingLeft] += out + outBeside;

  const rate = 1 / fanRunUp;
  const extract = clamp(u[U.extractFanContactor]) * clamp(u[U.extractFanSpeedPercent] * 0.01);
  const supply = clamp(u[U.supplyFanContactor]) * clamp(u[U.supplyFanSpeedPercent] * 0.01);
  dx[fanSpeeds] = rate * (extract - x[fanSpeeds]);
  dx[fanSpeeds + 1] = rate * (supply - x[fanSpeeds + 1]);
  dx[fanSpeeds + 2] = rate * (relay - x[fanSpeeds + 2]);
  dx[AT.officeTemperature] =
    (u[U.outdoorTemperatureC] + OFFICE.heating * clamp(u[U.officeRadiator]) - x[AT.officeTemperature]) /
    OFFICE.timeConstant;
}

function liquids(x: Float64Array, u: Float64Array, dx: Float64Array, q: Flows['q']): void {
  const { paclTank, bund, bundLitres } = AT;
  const tankLitres = x[AT.dayTanks];
  pour(dx, paclTank, positive(u[U.paclDeliveryLPerHour]) * PER_HOUR, BRINGS.pacl);
  const wrong = positive(u[U.naoclIntoPaclTankLPerHour]) * PER_HOUR;
  if (wrong > 0) pour(dx, paclTank, wrong, BRINGS.naocl);
  const perTank = PER_HOUR / Math.max(1e-3, tankLitres);
  const dosed = q[Q.dosing] * perTank;
  // Chlorine that is dosed with the coagulant goes into the water, and into the water's books.
  const carried = dosed * x[paclTank + CHLORINE_OF_PLACE];
  dx[AT.mixer + CHLORINE] += carried;
  dx[AT.entered + CHLORINE] += carried;
  draw(x, dx, paclTank, dosed);
  draw(x, dx, paclTank, q[Q.tankOverflow] * perTank, bund);

  const overflow = Q.tankOverflow;
  const pacl = positive(u[U.paclSpillLPerHour]) * PER_HOUR;
  const naocl = (q[overflow + 1] + positive(u[U.naoclSpillLPerHour])) * PER_HOUR;
  const naoh = q[overflow + 2] * PER_HOUR;
  pour(dx, bund, pacl, BRINGS.pacl);
  pour(dx, bund, naocl, BRINGS.naocl);
  pour(dx, bund, naoh, BRINGS.naoh);
  const litres = x[bundLitres];
  const pumped = positive(u[U.bundPumpLPerHour]) * PER_HOUR * fade(litres, 0, 1);
  dx[bundLitres] = q[overflow] * PER_HOUR + pacl + naocl + naoh - pumped;
  if (pumped > 0) draw(x, dx, bund, pumped / Math.max(1e-3, litres));

  release(x, dx, paclTank, tankLitres, BUILDING.tankArea);
  release(x, dx, bund, litres, BUILDING.bundArea * clamp(litres / BUILDING.bundSpread));
}

const CHLORINE_OF_PLACE = 2;

/** What the PACl tank holds of acid when it holds `litres` of nothing else. */
export const acidOfPacl = (litres: number): number => litres * PACL_ACID;
