/**
 * Temperature of a bare overhead conductor by the heat balance of IEEE Std 738-2012, clause 4.4: m·c·dT/dt = I²·R(T) + q_s − q_c − q_r, per
 * metre. The conductor is the standard's own example, 26/7 ACSR "Drake"; a line of another rating carries its rating where Drake carries its own.
 */
import { RATED_WEATHER } from './design.ts';

/** IEEE Std 738-2012, annex B: diameter in m, resistances in Ω/m, heat capacity in J/(m·K). */
const DRAKE = {
  diameter: 0.02814,
  r25: 7.283e-5,
  r75: 8.688e-5,
  heatCapacity: 1309,
  emissivity: 0.8,
  absorptivity: 0.8,
};
/** W/m² on the conductor's side in the example (11 June, 11 a.m., 30° north, clear air). */
const SUN = 1000;
/** Temperature at which a line's rating is reckoned, °C. */
const RATED_TEMPERATURE = 100;

const resistance = (celsius: number) => DRAKE.r25 + ((DRAKE.r75 - DRAKE.r25) * (celsius - 25)) / 50;

/** What the conductor gives to the air, W/m: wind across it at sea level, °C and m/s (equations 3a, 3b, 5a and 7). */
function cooling(celsius: number, ambient: number, wind: number): number {
  const film = (celsius + ambient) / 2;
  const density = 1.293 / (1 + 0.00367 * film);
  const viscosity = (1.458e-6 * (film + 273) ** 1.5) / (film + 383.4);
  const conductivity = 2.424e-2 + 7.477e-5 * film - 4.407e-9 * film * film;
  const rise = celsius - ambient;
  const reynolds = (DRAKE.diameter * density * wind) / viscosity;
  const forced = Math.max(1.01 + 1.35 * reynolds ** 0.52, 0.754 * reynolds ** 0.6) * conductivity * rise;
  const still = rise > 0 ? 3.645 * Math.sqrt(density) * DRAKE.diameter ** 0.75 * rise ** 1.25 : forced;
  const radiated =
    17.8 * DRAKE.diameter * DRAKE.emissivity * (((celsius + 273) / 100) ** 4 - ((ambient + 273) / 100) ** 4);
  return Math.max(forced, still) + radiated;
}

/** Amperes that hold Drake at a temperature. */
export function steadyCurrent(celsius: number, ambient: number, wind: number, sun: number): number {
  const heat = cooling(celsius, ambient, wind) - sun * SUN * DRAKE.absorptivity * DRAKE.diameter;
  return Math.sqrt(Math.max(0, heat) / resistance(celsius));
}

const RATED_CURRENT = steadyCurrent(RATED_TEMPERATURE, RATED_WEATHER.ambient, RATED_WEATHER.wind, RATED_WEATHER.sun);

/**
 * The conductor's temperature after `h` seconds, °C.
 * @param loading the current as a share of the line's rating
 * @param sun share of full sun
 */
export function heat(celsius: number, loading: number, ambient: number, wind: number, sun: number, h: number): number {
  const current = loading * RATED_CURRENT;
  const gained =
    current * current * resistance(celsius) +
    sun * SUN * DRAKE.absorptivity * DRAKE.diameter -
    cooling(celsius, ambient, wind);
  return celsius + (h * gained) / DRAKE.heatCapacity;
}
