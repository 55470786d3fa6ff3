/** What the colour of an overhead line tells: nothing while it carries what it may. */
import { Color } from 'three';
import { colourOf, OKABE_ITO, type Theme } from './palette.ts';
import type { LegendEntry } from './water-colour.ts';

/** A line is remarkable from this share of its rating on, and overloaded from all of it. */
const LOADED = 0.9;

const QUIET = {
  light: new Color(colourOf('conductor', 'light')).multiplyScalar(0.62),
  dark: new Color(0xa4aeb4),
} as const;
const DEAD = { light: new Color(colourOf('mark', 'light')), dark: new Color(0x4d565c) } as const;
const HEAVY = new Color(OKABE_ITO.orange);
const OVER = new Color(OKABE_ITO.vermillion);

export type LineState = 'carries' | 'heavy' | 'overloaded' | 'dead';

/** @param loading share of the rating, NaN where unknown; @param dead open at every end */
export function stateOfLine(loading: number, dead: boolean): LineState {
  if (loading >= 1) return 'overloaded';
  if (loading >= LOADED) return 'heavy';
  return dead ? 'dead' : 'carries';
}

export function colourOfLine(state: LineState, theme: Theme): Color {
  if (state === 'overloaded') return OVER;
  if (state === 'heavy') return HEAVY;
  return state === 'dead' ? DEAD[theme] : QUIET[theme];
}

export function lineLegend(theme: Theme): LegendEntry[] {
  const entry = (id: LineState, pattern: LegendEntry['pattern'], text: string): LegendEntry => ({
    id,
    colour: `#${colourOfLine(id, theme).getHexString()}`,
    pattern,
    text,
  });
  return [
    entry('carries', 'plain', 'Carries what it may; marks run the way of the power'),
    entry('heavy', 'plain', 'Above 90 % of its rating'),
    entry('overloaded', 'stripes', 'Overloaded: above its rating'),
    entry('dead', 'plain', 'Open at both ends'),
  ];
}
