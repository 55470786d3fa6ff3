/**
 * Colours of the stage. Everything that is normal is a muted grey or the quiet colour of its material; colour is for what is abnormal, from
 * the palette of Okabe and Ito (2008), which colour-blind people can tell apart.
 */
export type Theme = 'light' | 'dark';

/** What a surface is made of. Each has one colour in either theme. */
const MATERIALS = {
  concrete: [0xc3c5c4, 0x5b6267],
  /** A cut through concrete, as section drawings darken it. */
  cut: [0x7d8388, 0x7f868b],
  screed: [0xb2b5b4, 0x4c5357],
  steel: [0xaab1b6, 0x666f76],
  steelDark: [0x7f888e, 0x4b545a],
  flange: [0x99a1a7, 0x737c83],
  motor: [0x75838c, 0x5a6871],
  casing: [0x90989d, 0x626b71],
  plastic: [0xd9dad6, 0x767c7f],
  rubber: [0x3c4247, 0x23282b],
  mark: [0xeef0f0, 0xb9c0c4],
  wall: [0xd6d5d0, 0x666b6e],
  roof: [0xa6a39d, 0x50565a],
  frame: [0x868d91, 0x6a7276],
  door: [0x7c878e, 0x48525a],
  cabinet: [0xcfd2d2, 0x6a7074],
  display: [0x49555c, 0x1b2226],
  rail: [0xb7ad86, 0x6f6a55],
  anthracite: [0x45484b, 0x2b2e30],
  sand: [0xc9b68d, 0x8a7c5d],
  gravel: [0x97938b, 0x5e5c57],
  asphalt: [0xb0b3b4, 0x3c4246],
  paving: [0xc6c8c6, 0x454b4f],
  grass: [0xc8cbc5, 0x2e3334],
  earth: [0xa69d8e, 0x3d3a35],
  bed: [0x9b9789, 0x34342f],
  leaf: [0xa2ada0, 0x3d4843],
  trunk: [0x8d8478, 0x48423b],
  house: [0xdcdad5, 0x5f6467],
  tile: [0xb5a9a2, 0x4b4644],
  window: [0x8b979f, 0x8f8c77],
  porcelain: [0x978a84, 0x6d6460],
  galvanised: [0xa3a9ac, 0x6c7478],
  conductor: [0x838b90, 0x8b949a],
  /** A window with light behind it. */
  lamp: [0xece2c6, 0xe6d8a4],
} as const satisfies Record<string, readonly [number, number]>;
export type Material = keyof typeof MATERIALS;
export const MATERIAL_NAMES = Object.keys(MATERIALS) as Material[];

export const colourOf = (material: Material, theme: Theme): number => MATERIALS[material][theme === 'light' ? 0 : 1];

export const OKABE_ITO = {
  orange: 0xe69f00,
  sky: 0x56b4e9,
  green: 0x009e73,
  yellow: 0xf0e442,
  blue: 0x0072b2,
  vermillion: 0xd55e00,
  purple: 0xcc79a7,
} as const;

/** Surroundings and what is drawn over the scene, by theme. */
export const AMBIENCE = {
  light: {
    sky: 0xe2e5e7,
    sun: 2.0,
    heaven: 0xffffff,
    earth: 0xb9b6ae,
    fill: 1.55,
    shadow: 0.48,
    ink: '#20262b',
    quiet: '#4a545b',
    plate: 'rgba(246,247,247,0.86)',
    edge: 'rgba(32,38,43,0.22)',
  },
  dark: {
    sky: 0x232a2e,
    sun: 2.1,
    heaven: 0xc6d0d9,
    earth: 0x3a3f43,
    fill: 2.1,
    shadow: 0.6,
    ink: '#e3e7ea',
    quiet: '#a9b3ba',
    plate: 'rgba(30,35,38,0.84)',
    edge: 'rgba(227,231,234,0.22)',
  },
} as const;

export type Priority = 'low' | 'medium' | 'high';
/** Shape, number and colour together, as everywhere on the page; what is critical would be 1. */
export const PRIORITIES: Readonly<
  Record<Priority, { shape: 'triangle' | 'diamond' | 'circle'; number: number; colour: number }>
> = {
  high: { shape: 'triangle', number: 2, colour: OKABE_ITO.vermillion },
  medium: { shape: 'diamond', number: 3, colour: OKABE_ITO.orange },
  low: { shape: 'circle', number: 4, colour: OKABE_ITO.sky },
};
/** Colour of what parts from the truth: the instructor's. */
export const TRUTH = OKABE_ITO.purple;
export const SELECTION = OKABE_ITO.blue;
