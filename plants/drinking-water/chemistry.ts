/**
 * Water chemistry: the carbonate system with hypochlorite in its charge balance.
 *
 * Alkalinity counts every base that takes a proton on the way to H₂CO₃*, HOCl and H₂O:
 *   Alk = [HCO₃⁻] + 2[CO₃²⁻] + [OCl⁻] + [OH⁻] − [H⁺].
 * Dosing NaOCl adds a mole of free chlorine and an equivalent of alkalinity (Na⁺ beside OCl⁻). Its consumption to chloride takes both away
 * again, whether HOCl → Cl⁻ + H⁺ or OCl⁻ → Cl⁻ reacts. So *alkalinity less free chlorine* changes by neither, and that
 * is what volumes carry; `Alk` is it plus the free chlorine that is still there.
 *
 * Assumptions: closed to the air (no CO₂ is lost at weirs or surfaces); one ionic strength for all waters; phosphate, silicate,
 * ammonia and humic bases are absent; calcium carbonate neither dissolves nor precipitates.
 */

export const CELSIUS_ZERO_K = 273.15;
/** g/mol: CaCO₃ counts two equivalents; chlorine is given as Cl₂. */
export const MOLAR_MASS = {
  calciumCarbonate: 100.0869,
  chlorine: 70.906,
  sodiumHydroxide: 39.997,
  aluminium: 26.9815,
} as const;
/** mg/L as CaCO₃ of one mmol/L (one equivalent per m³) of alkalinity. */
export const CACO3_PER_EQUIVALENT = MOLAR_MASS.calciumCarbonate / 2;

/** Equilibrium constants as pK at zero ionic strength, `t` in °C (valid 0 to 50). */
export const PK = {
  /** H₂CO₃* = HCO₃⁻ + H⁺: Plummer & Busenberg, Geochim. Cosmochim. Acta 46 (1982) 1011, table 1. */
  carbonic(t: number): number {
    const T = t + CELSIUS_ZERO_K;
    return 356.3094 + 0.06091964 * T - 21834.37 / T - 126.8339 * Math.log10(T) + 1684915 / (T * T);
  },
  /** HCO₃⁻ = CO₃²⁻ + H⁺: the same. */
  bicarbonate(t: number): number {
    const T = t + CELSIUS_ZERO_K;
    return 107.8871 + 0.03252849 * T - 5151.79 / T - 38.92561 * Math.log10(T) + 563713.9 / (T * T);
  },
  /** H₂O = H⁺ + OH⁻: Harned & Hamer 1933, as in Stumm & Morgan, Aquatic Chemistry, table 3.3. */
  water(t: number): number {
    const T = t + CELSIUS_ZERO_K;
    return 4470.99 / T + 0.01706 * T - 6.0875;
  },
  /** HOCl = OCl⁻ + H⁺: Morris, J. Phys. Chem. 70 (1966) 3798. */
  hypochlorous(t: number): number {
    const T = t + CELSIUS_ZERO_K;
    return 3000 / T - 10.0686 + 0.0253 * T;
  },
} as const;

/** Water's relative permittivity (Malmberg & Maryott 1956), `t` in °C. */
const permittivity = (t: number): number => 87.74 + t * (-0.40008 + t * (9.398e-4 - 1.41e-6 * t));

/** log₁₀ of the activity coefficient of a univalent ion (Davies 1962); z² times it for others. */
export function daviesLogGamma(t: number, ionicStrength: number): number {
  const A = 1.82483e6 / (permittivity(t) * (t + CELSIUS_ZERO_K)) ** 1.5;
  const root = Math.sqrt(ionicStrength);
  return -A * (root / (1 + root) - 0.3 * ionicStrength);
}

/** Dynamic viscosity of water in Pa·s, `t` in °C (Vogel's equation, within 1 % from 0 to 100 °C). */
export const viscosity = (t: number): number => 2.414e-5 * 10 ** (247.8 / (t + CELSIUS_ZERO_K - 140));

const LN10 = Math.LN10;
/** Bounds of ln[H⁺] in mmol/L: pH 16 to −1. */
const LOWEST = -13 * LN10;
const HIGHEST = 4 * LN10;

/**
 * Speciation at one temperature. Concentrations in mmol/L (mol/m³), constants turned into that unit and conditional on the ionic
 * strength; `pH` is −log₁₀ of the activity of H⁺ on the molar scale.
 */
export class Speciation {
  readonly #ionicStrength: number;
  #temperature = Number.NaN;
  #k1 = 0;
  #k2 = 0;
  #kw = 0;
  #kh = 0;
  /** pH = offset − ln[H⁺ in mmol/L] / ln 10. */
  #offset = 0;

  /** @param ionicStrength of all waters in mol/L; 0 for ideal solutions */
  constructor(ionicStrength: number) {
    this.#ionicStrength = ionicStrength;
  }

  /** Works out the constants for `t` °C; at once when the temperature is the same. */
  at(t: number): this {
    if (t === this.#temperature) return this;
    this.#temperature = t;
    const g = daviesLogGamma(t, this.#ionicStrength);
    this.#k1 = 10 ** (3 - PK.carbonic(t) - 2 * g);
    this.#k2 = 10 ** (3 - PK.bicarbonate(t) - 4 * g);
    this.#kw = 10 ** (6 - PK.water(t) - 2 * g);
    this.#kh = 10 ** (3 - PK.hypochlorous(t) - 2 * g);
    this.#offset = 3 - g;
    return this;
  }

  /**
   * pH from alkalinity, total inorganic carbon and free chlorine, all in mmol/L: the root of the charge balance, which falls
   * monotonically with [H⁺], by Newton's method in ln[H⁺] kept inside a bracket. A start near the root takes two or three turns.
   */
  ph(alkalinity: number, carbon: number, chlorine: number, start: number): number {
    const k1 = this.#k1;
    const k12 = k1 * this.#k2;
    const kh = this.#kh;
    let low = LOWEST;
    let high = HIGHEST;
    let u = (this.#offset - start) * LN10;
    if (!(u > low && u < high)) u = -7 * LN10;
    for (let turn = 0; turn < 100; turn++) {
      const h = Math.exp(u);
      const d = 1 / (h * (h + k1) + k12);
      const a0 = h * h * d;
      const a1 = k1 * h * d;
      const a2 = k12 * d;
      const hypochlorite = kh / (kh + h);
      const hydroxide = this.#kw / h;
      const excess = carbon * (a1 + 2 * a2) + chlorine * hypochlorite + hydroxide - h - alkalinity;
      const slope =
        carbon * (a0 * a1 + a1 * a2 + 4 * a0 * a2) + chlorine * hypochlorite * (1 - hypochlorite) + hydroxide + h;
      if (excess > 0) low = u;
      else high = u;
      let next = u + excess / slope;
      if (!(next > low && next < high)) next = 0.5 * (low + high);
      const way = next - u;
      u = next;
      if (way < 1e-9 && way > -1e-9) break;
    }
    return this.#offset - u / LN10;
  }

  /** Total inorganic carbon in mmol/L of a water without chlorine, from its alkalinity in mmol/L and pH. */
  carbon(alkalinity: number, ph: number): number {
    const h = 10 ** (this.#offset - ph);
    const k12 = this.#k1 * this.#k2;
    const bases = (this.#k1 * h + 2 * k12) / (h * (h + this.#k1) + k12);
    return Math.max(0, (alkalinity - this.#kw / h + h) / bases);
  }

  /** Share of free chlorine that is hypochlorous acid, the disinfectant, 0 to 1. */
  hypochlorousShare(ph: number): number {
    const h = 10 ** (this.#offset - ph);
    return h / (h + this.#kh);
  }
}
