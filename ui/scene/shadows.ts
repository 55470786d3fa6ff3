/** Shadows on the ground, drawn once: every item's outline is moved along the light and filled, then blurred. No shadow maps at run time. */
import { CanvasTexture, LinearMipmapNearestFilter, NoColorSpace } from 'three';
import type { Footprint, Item, SceneModel } from './graph.ts';
import { SUN } from './light.ts';

/** The picture of all shadows over the scene's ground, so many pixels wide: white, darker where less light comes. */
export function bakeShadows(model: SceneModel, darkness: number, pixels: number): CanvasTexture {
  const [w, d] = model.spec.ground;
  const canvas = document.createElement('canvas');
  canvas.width = pixels;
  canvas.height = Math.round((pixels * d) / w);
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  const scale = canvas.width / w;
  context.setTransform(scale, 0, 0, scale, canvas.width / 2, canvas.height / 2);
  // The contact's dark seam first, then the shadow that the sun throws.
  for (const [blur, alpha, reach] of [
    [1.1, 0.55, 0],
    [0.35, 1, 1],
  ] as const) {
    context.filter = `blur(${blur * scale * 0.5}px)`;
    context.fillStyle = `rgba(0, 0, 0, ${darkness * alpha})`;
    context.beginPath();
    for (const item of model.items) throwShadow(context, item, reach);
    for (const [x, z, radius, height] of scatterings(model)) {
      const shift = (height * reach) / SUN.y;
      context.moveTo(x - SUN.x * shift * 0.6 + radius, z - SUN.z * shift * 0.6);
      context.ellipse(
        x - SUN.x * shift * 0.6,
        z - SUN.z * shift * 0.6,
        radius,
        radius * (1 + reach * 0.3),
        0,
        0,
        Math.PI * 2,
      );
    }
    context.fill('nonzero');
  }
  // Beyond the picture its edge goes on, so the edge is free of shadow.
  context.filter = 'none';
  context.lineWidth = 160 / scale;
  context.strokeStyle = '#fff';
  context.strokeRect(-w / 2, -d / 2, w, d);
  const texture = new CanvasTexture(canvas);
  // A factor, not a colour.
  texture.colorSpace = NoColorSpace;
  texture.minFilter = LinearMipmapNearestFilter;
  return texture;
}

/** What the light falls through; the houses of a district throw their shadows each. */
const AIRY: ReadonlySet<Item['kind']> = new Set(['valve', 'rack', 'busbar', 'bay', 'district']);

/** Trees and houses of the surroundings, houses of districts. */
function scatterings(model: SceneModel): [number, number, number, number][] {
  const districts = model.spec.equipment.flatMap((item) =>
    item.kind === 'district'
      ? item.at.map(([x, z]): [number, number, number, number] => [
          item.position[0] + x,
          item.position[2] + z,
          4.2,
          item.storeys * 2.7,
        ])
      : [],
  );
  const around = model.spec.terrain.flatMap((part) => {
    if (part.kind === 'trees')
      return part.at.map(([x, z]): [number, number, number, number] => [x, z, part.height * 0.24, part.height * 0.6]);
    if (part.kind === 'houses')
      return part.at.map(([x, z]): [number, number, number, number] => [x, z, 4.2, part.storeys * 2.7]);
    return [];
  });
  return [...districts, ...around];
}

function throwShadow(context: CanvasRenderingContext2D, { footprint, kind, pick }: Item, reach: number): void {
  if (footprint === undefined || AIRY.has(kind) || footprint.at.y < -0.6) return;
  const { at, half } = footprint;
  const foot = Math.max(0, at.y);
  const base = (foot * reach) / SUN.y;
  const shift = ((foot + half[2]) * reach) / SUN.y;
  if (kind === 'building') {
    walls(context, footprint, reach);
    return;
  }
  if (kind === 'elevated-tank') {
    tower(context, footprint, reach);
    return;
  }
  const outline = cornersOf(footprint);
  const cast = outline.flatMap(([x, z]): [number, number][] => [
    [x - SUN.x * base, z - SUN.z * base],
    [x - SUN.x * shift, z - SUN.z * shift],
  ]);
  if (pick.geometry.index?.count === 0) return;
  trace(context, hull(cast));
}

/** A hall that is cut open throws only the shadow of its walls' feet and a band behind them. */
function walls(context: CanvasRenderingContext2D, footprint: Footprint, reach: number): void {
  const shift = (Math.min(2.4, footprint.half[2]) * reach) / SUN.y;
  const outline = cornersOf(footprint);
  trace(
    context,
    hull(
      outline.flatMap(([x, z]): [number, number][] => [
        [x, z],
        [x - SUN.x * shift, z - SUN.z * shift],
      ]),
    ),
  );
}

/** A bowl on a shaft: a narrow band, and a round spot at its end. */
function tower(context: CanvasRenderingContext2D, footprint: Footprint, reach: number): void {
  const { half } = footprint;
  const far = (half[2] * 0.72 * reach) / SUN.y;
  const bowl = cornersOf(footprint).map(([x, z]): [number, number] => [x - SUN.x * far, z - SUN.z * far]);
  const narrow = cornersOf({ ...footprint, half: [half[0] * 0.36, half[0] * 0.36, half[2]] });
  trace(
    context,
    hull(
      narrow.flatMap(([x, z]): [number, number][] => [
        [x, z],
        [x - SUN.x * far, z - SUN.z * far],
      ]),
    ),
  );
  if (reach > 0) trace(context, hull(bowl));
}

function cornersOf({ at, half, rotation, round }: Footprint): [number, number][] {
  const [x, z] = half;
  const count = round ? 16 : 4;
  return Array.from({ length: count }, (_, i): [number, number] => {
    const angle = (i / count) * Math.PI * 2 + Math.PI / 4;
    const px = round ? Math.cos(angle) * x : Math.sign(Math.cos(angle)) * x;
    const pz = round ? Math.sin(angle) * z : Math.sign(Math.sin(angle)) * z;
    return [
      at.x + px * Math.cos(rotation) + pz * Math.sin(rotation),
      at.z - px * Math.sin(rotation) + pz * Math.cos(rotation),
    ];
  });
}

/** The convex hull (Andrew's monotone chain). */
function hull(points: readonly [number, number][]): [number, number][] {
  const sorted = points.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (list: readonly [number, number][]): [number, number][] => {
    const kept: [number, number][] = [];
    for (const p of list) {
      while (kept.length >= 2) {
        const [a, b] = [kept.at(-2) as [number, number], kept.at(-1) as [number, number]];
        if ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0) break;
        kept.pop();
      }
      kept.push(p);
    }
    return kept.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.toReversed())];
}

function trace(context: CanvasRenderingContext2D, outline: readonly [number, number][]): void {
  outline.forEach(([x, z], i) => {
    if (i === 0) context.moveTo(x, z);
    else context.lineTo(x, z);
  });
  context.closePath();
}
