/**
 * Depth filtration after Iwasaki (1937), dC/dx = −λC, in layers whose coefficient and resistance follow their deposit σ (g of dry solids
 * per m³ of bed), in the manner of Ives (1969):
 *   λ = λ₀ · α · √(v₀/v) · ripening(σ) · (1 − σ/σᵤ)
 * Ripening: the first floc makes the grains catch better. Breakthrough: a full layer (σ → σᵤ) catches nothing, and the front wanders down.
 * α is how well the coagulant has destabilised the particles. Head loss is Kozeny and Carman's at the porosity that the floc leaves.
 * Left out: detachment by surges of flow, straining at the surface, mud balls, loss of media.
 */
import { COAGULATION, DEPOSIT, FILTER } from './design.ts';
import { GRAVITY } from './hydraulics.ts';

/** Kozeny's constant for granular beds with the grain's diameter. */
const KOZENY = 180;
const LAYER_DEPTH = FILTER.depth / FILTER.layers;
const LAYER_VOLUME = LAYER_DEPTH * FILTER.area;
/** Water between the grains and in the underdrain. */
export const PORE_VOLUME = FILTER.area * (FILTER.depth * FILTER.porosity + 0.04);
const WATER_DENSITY = 1000;
/** A packed bed of floc still lets some water through. */
const LEAST_POROSITY = 0.12;
/** Standing water is filtered no better than at a tenth of the normal rate. */
const LEAST_RATE = 0.1 * DEPOSIT.normalRate;

/** Head loss per flow of the bed, s/m², from the deposits (g) of its layers, `x[at]` on, at a viscosity in Pa·s. */
export function bedResistance(x: Float64Array, at: number, viscosity: number): number {
  let sum = 0;
  for (let i = at; i < at + FILTER.layers; i++) {
    const left = FILTER.porosity - x[i] / (LAYER_VOLUME * DEPOSIT.flocDensity);
    const porosity = left > LEAST_POROSITY ? left : LEAST_POROSITY;
    sum += ((1 - porosity) * (1 - porosity)) / (porosity * porosity * porosity);
  }
  const perRate = (KOZENY * viscosity * LAYER_DEPTH) / (WATER_DENSITY * GRAVITY * FILTER.grain * FILTER.grain);
  return (sum * perRate) / FILTER.area;
}

/**
 * How well particles stick, 0 to 1, from the water's solids and aluminium in g/m³. Too little coagulant leaves their charge; far too
 * much turns it over. Without rapid mixing little of it reaches them.
 */
export function attachment(solids: number, aluminium: number, mixing: number): number {
  const raw = Math.max(0, solids - COAGULATION.flocPerAluminium * aluminium) * COAGULATION.turbidityPerSolids;
  const need = COAGULATION.needConstant + COAGULATION.needPerRootNtu * Math.sqrt(raw);
  const ratio = (aluminium * (0.25 + 0.75 * mixing)) / need;
  const destabilised = -Math.expm1(-4 * ratio * ratio);
  const over = ratio > 3 ? (ratio - 3) / 2 : 0;
  return destabilised / (1 + over * over);
}

/**
 * Filters `flow` m³/s of water with `solids` g/m³ through the layers: adds what each catches, g/s, to `dx[at]` on, and returns the
 * share of the solids that passes.
 */
export function filterThrough(
  flow: number,
  solids: number,
  sticking: number,
  x: Float64Array,
  dx: Float64Array,
  at: number,
): number {
  if (flow <= 0) return 1;
  const rate = flow / FILTER.area;
  const slowness = Math.sqrt(DEPOSIT.normalRate / (rate > LEAST_RATE ? rate : LEAST_RATE));
  const depth = DEPOSIT.coefficient * sticking * slowness * LAYER_DEPTH;
  let passing = 1;
  for (let i = at; i < at + FILTER.layers; i++) {
    const deposit = x[i] > 0 ? x[i] / LAYER_VOLUME : 0;
    const room = deposit < DEPOSIT.ultimate ? 1 - deposit / DEPOSIT.ultimate : 0;
    const ripe = DEPOSIT.unripened + (1 - DEPOSIT.unripened) * (deposit / (deposit + DEPOSIT.ripening));
    const caught = -Math.expm1(-depth * ripe * room);
    dx[i] += flow * solids * passing * caught;
    passing *= 1 - caught;
  }
  return passing;
}

/** Rate (1/s) at which deposit comes loose under an upflow in m³/s, with the bed's share of air scour, 0 to 1. */
export function loosening(upflow: number, air: number): number {
  const rate = upflow / FILTER.area;
  const expanded = (rate - DEPOSIT.expansion) / (DEPOSIT.fluidised - DEPOSIT.expansion);
  const washed = expanded <= 0 ? 0 : expanded >= 1 ? 1 : expanded;
  return DEPOSIT.washRate * washed + DEPOSIT.scourRate * air;
}
