/** High voltage in the open: busbars, bays with disconnector, breaker, instrument transformers and gantry, power transformers. */
import type { Axis, Shape, Triple } from '../shape.ts';
import type { Builder, MoverPart } from './built.ts';

const PHASES = [-1, 0, 1] as const;
/** Heights in metres: of the tubes of a busbar, of the terminals of what stands in a bay, of a gantry's beam. */
const BUS = 9;
const TERMINAL = 5.5;
const BEAM = 11.4;
const CONDUCTOR = 0.06;

/** A post or string of insulators, its sheds like skirts; `at` is its foot, or its near end where it lies. */
export function insulator(shape: Shape, [x, y, z]: Triple, height: number, radius: number, axis: Axis = 'y'): void {
  const sheds = Math.max(3, Math.round(height / 0.48));
  const step = height / sheds;
  const along = (by: number): Triple =>
    axis === 'x' ? [x + by, y, z] : axis === 'z' ? [x, y, z + by] : [x, y + by, z];
  shape.round('porcelain', radius * 0.55, height, along(0), { axis, segments: 6, open: true });
  for (let i = 0; i < sheds; i++)
    shape.round('porcelain', radius, step * 0.5, along(step * (i + 0.3)), {
      axis,
      top: radius * 0.5,
      segments: 6,
      open: true,
    });
}

const wire = (shape: Shape, path: readonly Triple[]): void => {
  for (let i = 1; i < path.length; i++) shape.rod('conductor', path[i - 1] as Triple, path[i] as Triple, CONDUCTOR, 4);
};

/** An angle of a lattice: so thin that three sides do. */
export const strut = (shape: Shape, from: Triple, to: Triple, thickness: number): void =>
  shape.rod('galvanised', from, to, thickness * 0.62, 3);

/** A column of four legs and zigzag bracing; `at` is the middle of its foot. */
function latticeColumn(shape: Shape, [x, y, z]: Triple, height: number, side: number): void {
  const half = side / 2;
  for (const dx of [-half, half])
    for (const dz of [-half, half]) strut(shape, [x + dx, y, z + dz], [x + dx, y + height, z + dz], 0.15);
  const panels = Math.max(2, Math.round(height / (side * 2.2)));
  for (let i = 0; i < panels; i++) {
    const [low, high] = [y + (height * i) / panels, y + (height * (i + 1)) / panels];
    const [a, b] = i % 2 === 0 ? [-half, half] : [half, -half];
    for (const d of [-half, half]) {
      strut(shape, [x + a, low, z + d], [x + b, high, z + d], 0.08);
      strut(shape, [x + d, low, z + a], [x + d, high, z + b], 0.08);
    }
  }
}

export const busbar: Builder<'busbar'> = (item, solid) => {
  const { length, spacing } = item;
  const half = length / 2;
  for (const phase of PHASES) {
    const z = phase * spacing;
    solid.rod('conductor', [-half, BUS, z], [half, BUS, z], 0.12, 8);
    for (const x of [-half, half]) solid.round('flange', 0.2, 0.1, [x - 0.05, BUS, z], { axis: 'x', segments: 8 });
  }
  const supports = Math.max(1, Math.round(length / 13));
  const wide = spacing + 0.9;
  for (let i = 0; i <= supports; i++) {
    const x = -half + 0.5 + ((length - 1) * i) / supports;
    for (const z of [-wide, wide]) {
      solid.box('concrete', [0.9, 0.2, 0.9], [x, 0, z]);
      solid.round('galvanised', 0.2, BUS - 2.5, [x, 0.1, z], { segments: 8, open: true });
    }
    solid.box('galvanised', [0.4, 0.35, wide * 2 + 0.6], [x, BUS - 2.5, 0]);
    for (const phase of PHASES) insulator(solid, [x, BUS - 2.15, phase * spacing], 2.05, 0.2);
  }
  return {
    nozzles: {},
    top: [0, BUS + 1, 0],
    extent: [half, wide, BUS],
    instrument: [0, BUS, spacing],
    dims: item.bind.live,
    shows: item.bind.live?.tag,
  };
};

/** Three poles on one frame, each a support and above it its interrupter; the drive's cabinet in front, the position indicator on a mast. */
function breaker(solid: Shape, x: number, spacing: number, closed: string | undefined): MoverPart[] {
  for (const phase of PHASES) {
    const z = phase * spacing;
    solid.box('concrete', [0.8, 0.2, 0.8], [x, 0, z]);
    solid.box('galvanised', [0.32, 2, 0.32], [x, 0.2, z]);
    insulator(solid, [x, 2.45, z], 1.75, 0.26);
    solid.box('casing', [0.7, 0.3, 0.5], [x, 4.2, z]);
    insulator(solid, [x, 4.5, z], 1.75, 0.36);
    solid.round('casing', 0.3, 0.3, [x, 6.25, z], { segments: 10 });
  }
  solid.box('galvanised', [0.5, 0.3, spacing * 2 + 0.8], [x, 2.15, 0]);
  solid.box('cabinet', [0.8, 1.3, 0.9], [x, 0.75, spacing * 0.5]);
  solid.box('display', [0.82, 0.3, 0.4], [x, 1.5, spacing * 0.5]);
  const mast = spacing + 1.7;
  solid.box('galvanised', [0.2, 5.1, 0.2], [x, 0, mast]);
  return closed === undefined
    ? []
    : [{ kind: 'pointer', at: [x, 5.15, mast], axis: 'y', scale: 1.3, travel: { tag: closed, full: 1 } }];
}

/** Two posts a phase and the blade that joins them, over a common frame. */
function disconnector(solid: Shape, x: number, spacing: number): void {
  for (const side of [-1.2, 1.2]) {
    solid.box('galvanised', [0.26, 2.5, 0.26], [x + side, 0, -spacing]);
    solid.box('galvanised', [0.26, 2.5, 0.26], [x + side, 0, spacing]);
    solid.box('galvanised', [0.3, 0.25, spacing * 2 + 0.9], [x + side, 2.5, 0]);
    for (const phase of PHASES) insulator(solid, [x + side, 2.75, phase * spacing], 2.5, 0.2);
  }
  for (const phase of PHASES) {
    const z = phase * spacing;
    solid.rod('flange', [x - 1.25, TERMINAL - 0.2, z], [x + 1.25, TERMINAL - 0.2, z], 0.09, 6);
    solid.box('casing', [0.3, 0.3, 0.3], [x, TERMINAL - 0.35, z]);
  }
  solid.box('cabinet', [0.5, 0.8, 0.4], [x - 1.2, 0.9, spacing + 0.4]);
}

/** A current transformer has its head at the top, a capacitive voltage transformer its tank at the foot. */
function instrumentTransformer(solid: Shape, [x, z]: readonly [number, number], current: boolean): void {
  solid.box('galvanised', [0.3, 2.3, 0.3], [x, 0, z]);
  if (current) {
    insulator(solid, [x, 2.3, z], 2.3, 0.3);
    solid.round('casing', 0.42, 0.7, [x, 4.6, z], { segments: 10, top: 0.34 });
  } else {
    solid.box('casing', [0.6, 0.6, 0.6], [x, 2.3, z]);
    insulator(solid, [x, 2.9, z], 2.5, 0.2);
  }
}

/** Two lattice columns with a beam between them, from which the line's strings are stretched; earth wires go to its peaks. */
function gantry(solid: Shape, x: number, spacing: number): void {
  const wide = spacing + 2.2;
  for (const z of [-wide, wide]) {
    solid.box('concrete', [1.4, 0.25, 1.4], [x, 0, z]);
    latticeColumn(solid, [x, 0.2, z], BEAM + 0.8, 0.8);
    solid.round('galvanised', 0.12, 2, [x, BEAM + 1, z], { top: 0.03, segments: 6 });
  }
  for (const dx of [-0.35, 0.35])
    for (const y of [BEAM, BEAM + 0.8]) strut(solid, [x + dx, y, -wide], [x + dx, y, wide], 0.13);
  const panels = 8;
  for (let i = 0; i < panels; i++) {
    const [a, b] = [-wide + (wide * 2 * i) / panels, -wide + (wide * 2 * (i + 1)) / panels];
    const [low, high] = i % 2 === 0 ? [BEAM, BEAM + 0.8] : [BEAM + 0.8, BEAM];
    for (const dx of [-0.35, 0.35]) strut(solid, [x + dx, low, a], [x + dx, high, b], 0.08);
  }
}

export const bay: Builder<'bay'> = (item, solid) => {
  const { length, spacing, busSpacing } = item;
  const half = length / 2;
  const [isolated, cut, current, voltage, portal] = [0.25, 0.44, 0.58, 0.69, 0.85].map(
    (share) => length * share - half,
  ) as [number, number, number, number, number];
  disconnector(solid, isolated, spacing);
  const movers = breaker(solid, cut, spacing, item.bind.closed);
  gantry(solid, portal, spacing);
  const end = portal + 2.1;
  for (const phase of PHASES) {
    const z = phase * spacing;
    instrumentTransformer(solid, [current, z], true);
    instrumentTransformer(solid, [voltage, z], false);
    insulator(solid, [portal + 0.4, BEAM + 0.1, z], 1.7, 0.18, 'x');
    // Each phase of the bay comes down from a tube of the busbar of its own.
    const tap = -half + phase * busSpacing;
    wire(solid, [
      [tap, BUS, z],
      [tap, TERMINAL + 0.2, z],
      [isolated - 1.2, TERMINAL, z],
    ]);
    wire(solid, [
      [isolated + 1.2, TERMINAL, z],
      [cut, 6.5, z],
    ]);
    wire(solid, [
      [cut, 4.35, z],
      [current, 5.3, z],
      [voltage, TERMINAL, z],
      [(voltage + portal) / 2 + 0.6, TERMINAL + 1.4, z],
      [end, BEAM + 0.1, z],
    ]);
  }
  return {
    nozzles: { line: { at: [end, BEAM + 0.1, 0], out: [1, 0, 0], spread: spacing, peak: 3 } },
    movers,
    top: [cut, 8, 0],
    extent: [half, spacing + 2.6, BEAM + 1],
    foot: [half - 1, spacing + 2],
    instrument: [cut, 5, spacing],
  };
};

/** Tank with its ribs, radiators and fans at both sides, conservator on its brackets, three tall bushings and three short ones. */
export const transformer: Builder<'transformer'> = (item, solid) => {
  const k = item.length / 5.2;
  const [long, high, wide] = [5.2 * k, 3.2 * k, 2.6 * k];
  solid.box('concrete', [long + 3 * k, 0.25, wide + 5 * k], [0, 0, 0]);
  solid.box('gravel', [long + 2.2 * k, 0.04, wide + 4.2 * k], [0, 0.25, 0]);
  for (const z of [-0.9 * k, 0.9 * k]) solid.box('steelDark', [long, 0.25, 0.3 * k], [0, 0.29, z]);
  const foot = 0.54;
  const lid = foot + high;
  solid.box('casing', [long, high, wide], [0, foot, 0]);
  solid.box('motor', [long + 0.2 * k, 0.12 * k, wide + 0.2 * k], [0, lid - 0.3 * k, 0]);
  for (let i = 0; i < 7; i++)
    for (const side of [-1, 1])
      solid.box(
        'motor',
        [0.1 * k, high * 0.86, 0.12 * k],
        [long * (i / 6 - 0.5) * 0.94, foot, side * (wide / 2 + 0.04)],
      );
  const movers: MoverPart[] = [];
  for (const side of [-1, 1]) {
    const z = side * (wide / 2 + 0.85 * k);
    for (let i = 0; i < 12; i++)
      solid.box('steel', [0.09 * k, high * 0.74, 0.9 * k], [long * (i / 11 - 0.5) * 0.86, foot + high * 0.12, z]);
    for (const y of [0.18, 0.8])
      solid.rod('steel', [-long * 0.43, foot + high * y, z], [long * 0.43, foot + high * y, z], 0.12 * k, 6);
    for (const x of [-0.2, 0.2]) {
      solid.round('steelDark', 0.56 * k, 0.16 * k, [long * x, foot + high * 0.45, z + side * 0.5 * k - 0.08 * k], {
        axis: 'z',
        segments: 12,
      });
      movers.push({
        kind: 'fan',
        at: [long * x, foot + high * 0.45, z + side * 0.62 * k],
        axis: 'z',
        scale: 0.48 * k,
        speed: item.bind.load,
      });
    }
  }
  // Conservator at the low-voltage end, and the pipe with the Buchholz relay.
  for (const z of [-0.8 * k, 0.8 * k]) solid.box('steelDark', [0.2 * k, 1.3 * k, 0.2 * k], [long * 0.4, lid, z]);
  solid.round('casing', 0.5 * k, 3 * k, [long * 0.4, lid + 1.6 * k, -1.5 * k], { axis: 'z', segments: 16 });
  solid.rod('steel', [0.4 * k, lid, -0.2 * k], [long * 0.4, lid + 1.2 * k, -0.2 * k], 0.09 * k, 6);
  const spread = 1.15 * k;
  for (const phase of PHASES) {
    const z = phase * spread;
    solid.round('casing', 0.34 * k, 0.35 * k, [-long * 0.3, lid, z], { segments: 10 });
    insulator(solid, [-long * 0.3, lid + 0.35 * k, z], 2.6 * k, 0.3 * k);
    solid.round('flange', 0.12 * k, 0.3 * k, [-long * 0.3, lid + 2.95 * k, z], { segments: 6 });
    insulator(solid, [long * 0.12, lid, phase * 0.7 * k], 0.9 * k, 0.2 * k);
  }
  solid.box('cabinet', [0.9 * k, 1.5 * k, 0.4 * k], [long * 0.2, foot, wide / 2 + 1.6 * k]);
  return {
    nozzles: {
      high: { at: [-long * 0.3, lid + 3.2 * k, 0], out: [-1, 0, 0], spread },
      low: { at: [long * 0.12, lid + 0.95 * k, 0], out: [1, 0, 0], spread: 0.7 * k },
    },
    movers,
    top: [0, lid + 4 * k, 0],
    extent: [long / 2 + 0.6 * k, wide / 2 + 1.5 * k, lid],
    instrument: [0, lid, wide / 2],
  };
};
