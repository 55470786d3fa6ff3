/** Parts that many pieces of equipment have: shells with a piece cut out, flanged nozzles, ladders, handrails. */
import { CylinderGeometry, Matrix4, RingGeometry } from 'three';
import type { Material } from '../palette.ts';
import type { Shape, Triple } from '../shape.ts';
import type { Nozzle } from './built.ts';

/** Where round vessels are cut open: towards the south and a little to the east, where one usually looks from. */
const CUT = { from: 0.95, arc: Math.PI * 2 - 1.55 } as const;

/** A round wall with a thickness, cut open. */
export function cutShell(
  shape: Shape,
  material: Material,
  radius: number,
  height: number,
  at: Triple,
  thickness = 0.06,
): void {
  const { from, arc } = CUT;
  const inner = radius - thickness;
  shape.round(material, radius, height, at, { open: true, from, arc, segments: 28 });
  const inside = new CylinderGeometry(inner, inner, height, 28, 1, true, from, arc);
  inside.translate(0, height / 2, 0);
  turnInside(inside);
  shape.add(material, inside, new Matrix4().makeTranslation(...at));
  const rim = new RingGeometry(inner, radius, 28, 1, from - Math.PI / 2, arc);
  rim.rotateX(-Math.PI / 2);
  shape.add('cut', rim, new Matrix4().makeTranslation(at[0], at[1] + height, at[2]));
  for (const angle of [from, from + arc]) {
    const degrees = (angle * 180) / Math.PI;
    shape.within(at, degrees, () => shape.box('cut', [0.03, height, thickness * 1.6], [0, 0, radius - thickness / 2]));
  }
}

/** Turns a surface's other side out. */
function turnInside(geometry: CylinderGeometry): void {
  const { index } = geometry;
  const normals = geometry.getAttribute('normal');
  if (index === null) return;
  for (let i = 0; i < index.count; i += 3) {
    const second = index.getX(i + 1);
    index.setX(i + 1, index.getX(i + 2));
    index.setX(i + 2, second);
  }
  for (let i = 0; i < normals.count; i++) normals.setXYZ(i, -normals.getX(i), -normals.getY(i), -normals.getZ(i));
}

const OUT: Readonly<Record<'east' | 'west' | 'north' | 'south' | 'up' | 'down', Triple>> = {
  east: [1, 0, 0],
  west: [-1, 0, 0],
  north: [0, 0, -1],
  south: [0, 0, 1],
  up: [0, 1, 0],
  down: [0, -1, 0],
};

/** A stub of pipe with its flange; `at` is where it leaves the wall. */
export function nozzle(shape: Shape, at: Triple, to: keyof typeof OUT, bore: number, length = bore * 0.8): Nozzle {
  const out = OUT[to];
  const end: Triple = [at[0] + out[0] * length, at[1] + out[1] * length, at[2] + out[2] * length];
  shape.rod('steel', at, end, bore / 2, 14);
  flange(shape, end, out, bore);
  return { at: end, out };
}

/** A flange pair's half: a disc across the pipe. */
export function flange(shape: Shape, at: Triple, along: Triple, bore: number): void {
  const thick = Math.max(0.03, bore * 0.12);
  const radius = bore * 0.72;
  const axis = along[0] !== 0 ? 'x' : along[1] !== 0 ? 'y' : 'z';
  const start: Triple = [
    at[0] - (axis === 'x' ? thick / 2 : 0),
    at[1] - (axis === 'y' ? thick / 2 : 0),
    at[2] - (axis === 'z' ? thick / 2 : 0),
  ];
  shape.round('flange', radius, thick, start, { axis, segments: 14 });
}

/** A ladder up a wall, its rungs parallel to east-west. */
export function ladder(shape: Shape, at: Triple, height: number): void {
  const [x, y, z] = at;
  shape.box('rail', [0.05, height, 0.05], [x - 0.22, y, z]);
  shape.box('rail', [0.05, height, 0.05], [x + 0.22, y, z]);
  for (let up = 0.3; up < height; up += 0.34) shape.box('rail', [0.4, 0.03, 0.03], [x, y + up, z]);
}

/** A handrail of two bars along straight stretches. */
export function handrail(shape: Shape, path: readonly Triple[], height = 1): void {
  for (let i = 1; i < path.length; i++) {
    const a = path[i - 1] as Triple;
    const b = path[i] as Triple;
    const length = Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]);
    const posts = Math.max(1, Math.round(length / 1.8));
    for (let n = i === 1 ? 0 : 1; n <= posts; n++) {
      const t = n / posts;
      shape.box(
        'rail',
        [0.05, height, 0.05],
        [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t],
      );
    }
    for (const up of [height, height / 2]) shape.bar('rail', [a[0], a[1] + up, a[2]], [b[0], b[1] + up, b[2]], 0.045);
  }
}

/** The four walls and the floor of an open basin; the wall towards the south is a pane, with its cut ends and floor dark. */
export function basin(
  solid: Shape,
  glass: Shape,
  [length, height, width]: Triple,
  wall: number,
  options: { readonly east?: boolean; readonly west?: boolean } = {},
): void {
  const { east = true, west = true } = options;
  solid.box('concrete', [length, wall, width], [0, 0, 0]);
  solid.box('cut', [length, wall * 0.98, 0.02], [0, 0.005, width / 2]);
  solid.box('concrete', [length, height, wall], [0, 0, -width / 2 + wall / 2]);
  for (const [there, side] of [
    [west, -1],
    [east, 1],
  ] as const) {
    if (!there) continue;
    const x = side * (length / 2 - wall / 2);
    solid.box('concrete', [wall, height, width], [x, 0, 0]);
    solid.box('cut', [wall, height, 0.02], [x, 0, width / 2]);
  }
  glass.box('display', [length - wall * 2, height - wall - 0.1, 0.03], [0, wall, width / 2 - 0.05]);
}
