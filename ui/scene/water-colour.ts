/**
 * What the colour of water tells. Water as it should be is a quiet blue grey. It turns brown with turbidity, purple when caustic, orange when
 * acid, green with too much chlorine; each with a pattern of its own. Limits are those of drinking water: pH 6.5 to 9.5 (EU Directive
 * 2020/2184, Annex I part C), chlorine 5 mg/L (WHO guideline value), turbidity by eye from about 4 NTU (WHO, Guidelines, 10.2).
 */
import type { WaterSpec } from '@penstock/core/scene';
import { Color } from 'three';
import type { LineState } from './line-colour.ts';
import { OKABE_ITO, type Theme } from './palette.ts';

export const WATER_PATTERNS = { none: 0, caustic: 1, acid: 2, chlorine: 3, turbid: 4 } as const;

/** What the page's legend says, in the order of its lines. Colours are CSS hexadecimal. */
export interface LegendEntry {
  readonly id: keyof typeof WATER_PATTERNS | LineState;
  readonly colour: string;
  readonly pattern: 'plain' | 'stripes' | 'counter-stripes' | 'dots' | 'specks';
  readonly text: string;
}

const NORMAL = { light: new Color(0x7fa6bd), dark: new Color(0x4f8099) } as const;
const TURBID = { light: new Color(0x84602f), dark: new Color(0x6a4d28) } as const;
const CAUSTIC = new Color(OKABE_ITO.purple);
const ACID = new Color(OKABE_ITO.orange);
const CHLORINE = new Color(OKABE_ITO.green);
const CHEMICAL = { light: new Color(0xb9ad7c), dark: new Color(0x8a8158) } as const;

export function waterLegend(theme: Theme): LegendEntry[] {
  const css = (colour: Color): string => `#${colour.getHexString()}`;
  return [
    { id: 'none', colour: css(NORMAL[theme]), pattern: 'plain', text: 'Water within its limits' },
    {
      id: 'turbid',
      colour: css(TURBID[theme]),
      pattern: 'specks',
      text: 'Turbid: the browner, the more; specks from 20 NTU',
    },
    { id: 'caustic', colour: css(CAUSTIC), pattern: 'stripes', text: 'Caustic: above pH 9, full colour at 11' },
    { id: 'acid', colour: css(ACID), pattern: 'counter-stripes', text: 'Acid: below pH 6.5, full colour at 5' },
    { id: 'chlorine', colour: css(CHLORINE), pattern: 'dots', text: 'Chlorine: above 3 mg/L, full colour at 8' },
  ];
}

/** The look of one water; reused, so that an update allocates nothing. */
export interface WaterLook {
  readonly colour: Color;
  pattern: number;
  strength: number;
}
export const newLook = (): WaterLook => ({ colour: new Color(), pattern: 0, strength: 0 });

const share = (value: number, from: number, to: number): number =>
  Math.min(1, Math.max(0, (value - from) / (to - from)));

/**
 * Works out how a water looks. `read` gives the value of a tag, NaN where none is known.
 * Where several things are wrong, the strongest gives colour and pattern.
 */
export function lookOf(
  water: WaterSpec | undefined,
  read: (tag: string) => number,
  theme: Theme,
  look: WaterLook,
): void {
  look.colour.copy(NORMAL[theme]);
  look.pattern = WATER_PATTERNS.none;
  look.strength = 0;
  if (water === undefined) return;
  const turbidity = water.turbidity === undefined ? Number.NaN : read(water.turbidity);
  const ph = water.ph === undefined ? Number.NaN : read(water.ph);
  const chlorine = water.chlorine === undefined ? Number.NaN : read(water.chlorine);
  // Half way to brown at 20 NTU; raw water of 5 NTU is only a shade of it.
  const brown = turbidity > 0 ? share(Math.log10(1 + turbidity), 0.3, 2.1) : 0;
  if (brown > 0) look.colour.lerp(TURBID[theme], brown * 0.95);
  if (turbidity > 20) {
    look.pattern = WATER_PATTERNS.turbid;
    look.strength = share(turbidity, 20, 60);
  }
  const caustic = share(ph, 9, 11);
  const acid = ph > 0 ? share(6.5 - ph, 0, 1.5) : 0;
  const chlorinated = share(chlorine, 3, 8);
  if (caustic > look.strength) become(look, CAUSTIC, WATER_PATTERNS.caustic, caustic);
  if (acid > look.strength) become(look, ACID, WATER_PATTERNS.acid, acid);
  if (chlorinated > look.strength) become(look, CHLORINE, WATER_PATTERNS.chlorine, chlorinated);
}

function become(look: WaterLook, colour: Color, pattern: number, strength: number): void {
  look.colour.lerp(colour, 0.35 + 0.65 * strength);
  look.pattern = pattern;
  look.strength = strength;
}

export const chemicalColour = (theme: Theme): Color => CHEMICAL[theme];
