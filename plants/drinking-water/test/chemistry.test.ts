import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CACO3_PER_EQUIVALENT, daviesLogGamma, PK, Speciation, viscosity } from '../chemistry.ts';

/** The full charge balance in mol/L with every ion written out, and its root by bisection: nothing shared with the code under test but pK. */
function independentPh(t: number, ionicStrength: number, alkalinity: number, carbon: number, chlorine: number): number {
  const gamma = 10 ** daviesLogGamma(t, ionicStrength);
  const gamma2 = gamma ** 4;
  const K1 = 10 ** -PK.carbonic(t);
  const K2 = 10 ** -PK.bicarbonate(t);
  const Kw = 10 ** -PK.water(t);
  const Kh = 10 ** -PK.hypochlorous(t);
  // Strong cations over strong anions: what is left of alkalinity, without a proton's or a weak base's help.
  const strong = alkalinity / 1000;
  const surplus = (ph: number): number => {
    const activity = 10 ** -ph;
    const protons = activity / gamma;
    const hydroxide = Kw / activity / gamma;
    // Per mol of CO₂: HCO₃⁻ and CO₃²⁻ by their mass-action laws.
    const perCo2Bicarbonate = K1 / (activity * gamma);
    const perCo2Carbonate = (K2 * gamma * perCo2Bicarbonate) / (activity * gamma2);
    const co2 = carbon / 1000 / (1 + perCo2Bicarbonate + perCo2Carbonate);
    const perHocl = Kh / (activity * gamma);
    const hypochlorite = ((chlorine / 1000) * perHocl) / (1 + perHocl);
    return strong + protons - hydroxide - co2 * (perCo2Bicarbonate + 2 * perCo2Carbonate) - hypochlorite;
  };
  let low = -2;
  let high = 16;
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (surplus(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

describe('equilibrium constants', () => {
  it.each([
    // Plummer & Busenberg 1982, table 2 (0, 10, 25 °C).
    ['carbonic', PK.carbonic, 25, 6.352],
    ['carbonic', PK.carbonic, 10, 6.464],
    ['carbonic', PK.carbonic, 0, 6.577],
    ['bicarbonate', PK.bicarbonate, 25, 10.329],
    ['bicarbonate', PK.bicarbonate, 10, 10.49],
    ['bicarbonate', PK.bicarbonate, 0, 10.627],
    ['water', PK.water, 25, 13.995],
    ['hypochlorous', PK.hypochlorous, 25, 7.537],
  ] as const)('pK of %s', (_name, pK, t, published) => {
    expect(pK(t)).toBeCloseTo(published, 2);
  });

  it('Davies gives γ = 0.965 for a univalent ion at 25 °C and 0.001 mol/L', () => {
    expect(10 ** daviesLogGamma(25, 0.001)).toBeCloseTo(0.965, 3);
  });

  it('water at 20 °C has a viscosity of 1.002 mPa·s', () => {
    expect(viscosity(20)).toBeCloseTo(1.002e-3, 5);
  });
});

describe('Speciation', () => {
  it('agrees with an independent bisection on the full charge balance', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 35, noNaN: true }),
        fc.double({ min: 0, max: 0.02, noNaN: true }),
        fc.double({ min: -2, max: 60, noNaN: true }),
        fc.double({ min: 0, max: 12, noNaN: true }),
        fc.double({ min: 0, max: 0.2, noNaN: true }),
        fc.double({ min: 3, max: 12, noNaN: true }),
        (t, ionicStrength, alkalinity, carbon, chlorine, start) => {
          const ph = new Speciation(ionicStrength).at(t).ph(alkalinity, carbon, chlorine, start);
          expect(Math.abs(ph - independentPh(t, ionicStrength, alkalinity, carbon, chlorine))).toBeLessThan(1e-8);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['pure water', 0, 0, 0, 6.998],
    // Stumm & Morgan: an ampholyte's pH is near (pK1 + pK2) / 2.
    ['10 mmol/L NaHCO3', 10, 10, 0, 8.339],
    ['1 mmol/L CO2 in water', 0, 1, 0, 4.68],
    // x² / (C − x) = Kw / K2 gives 1.365 mmol/L of OH⁻.
    ['10 mmol/L Na2CO3', 20, 10, 0, 11.13],
    ['1 mmol/L NaOH', 1, 0, 0, 10.995],
    ['1 mmol/L HOCl', 0, 0, 1, 5.27],
  ])('%s at 25 °C', (_name, alkalinity, carbon, chlorine, published) => {
    expect(new Speciation(0).at(25).ph(alkalinity, carbon, chlorine, 7)).toBeCloseTo(published, 2);
  });

  it('finds the carbon that gives a pH', () => {
    const water = new Speciation(0.004).at(12);
    const carbon = water.carbon(60 / CACO3_PER_EQUIVALENT, 7.2);
    expect(water.ph(60 / CACO3_PER_EQUIVALENT, carbon, 0, 9)).toBeCloseTo(7.2, 9);
    expect(carbon).toBeCloseTo(1.395, 2);
  });

  it('has three quarters of free chlorine as hypochlorous acid at pH 7.2 and 12 °C, and a fifth at 8.3', () => {
    const water = new Speciation(0.004).at(12);
    expect(water.hypochlorousShare(7.2)).toBeCloseTo(0.75, 1);
    expect(water.hypochlorousShare(8.3)).toBeCloseTo(0.2, 1);
    expect(
      water.hypochlorousShare(PK.hypochlorous(12) + 2 * daviesLogGamma(12, 0.004) - daviesLogGamma(12, 0.004)),
    ).toBeCloseTo(0.5, 6);
  });

  it('shows that hypochlorite dosed and then consumed leaves alkalinity, and so pH, as they were', () => {
    const water = new Speciation(0.004).at(12);
    const before = water.ph(1.2, 1.4, 0, 7);
    const dosed = water.ph(1.2 + 0.025, 1.4, 0.025, 7);
    expect(dosed).toBeGreaterThan(before);
    expect(water.ph(1.2 + 0.025 - 0.025, 1.4, 0, 7)).toBeCloseTo(before, 12);
  });
});
