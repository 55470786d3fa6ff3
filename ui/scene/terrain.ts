/** The ground with what lies on it: river and its banks, pits, roads, trees, houses; and where things may stand on it. */
import type { TerrainSpec } from '@penstock/core/scene';
import { BufferAttribute, BufferGeometry, Matrix4, Shape as Outline, Path, ShapeGeometry, Vector2 } from 'three';
import type { Material } from './palette.ts';
import type { Shape } from './shape.ts';

type Spot = readonly [number, number];
export type RiverSpec = Extract<TerrainSpec, { kind: 'river' }>;
type PitSpec = Extract<TerrainSpec, { kind: 'pit' }>;
type HillSpec = Extract<TerrainSpec, { kind: 'hill' }>;

/** How far the ground goes on beyond the site, into the fog. */
const BEYOND = 260;

/** A line beside a path, `offset` to its left (seen along it, x east and z south). */
function beside(path: readonly Spot[], offset: number): Spot[] {
  return path.map((spot, i) => {
    const before = path[Math.max(0, i - 1)] as Spot;
    const after = path[Math.min(path.length - 1, i + 1)] as Spot;
    const [dx, dz] = [after[0] - before[0], after[1] - before[1]];
    const length = Math.hypot(dx, dz) || 1;
    return [spot[0] + (dz / length) * offset, spot[1] - (dx / length) * offset];
  });
}

/** A smooth curve through the spots of a path (Catmull and Rom). */
function smooth(path: readonly Spot[], steps = 8): Spot[] {
  const line: Spot[] = [];
  for (let i = 0; i + 1 < path.length; i++) {
    const [a, b, c, d] = [i - 1, i, i + 1, i + 2].map(
      (n) => path[Math.min(path.length - 1, Math.max(0, n))] as Spot,
    ) as [Spot, Spot, Spot, Spot];
    for (let n = 0; n < steps; n++) {
      const t = n / steps;
      const at = (k: 0 | 1): number =>
        0.5 *
        (2 * b[k] +
          (c[k] - a[k]) * t +
          (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k]) * t * t +
          (3 * b[k] - a[k] - 3 * c[k] + d[k]) * t * t * t);
      line.push([at(0), at(1)]);
    }
  }
  line.push(path.at(-1) as Spot);
  return line;
}

/** The ground in the plane, with holes where pits and rivers are. */
export function buildGround(shape: Shape, ground: Spot, terrain: readonly TerrainSpec[]): void {
  const [halfX, halfZ] = reachOf(ground);
  const outline = new Outline([
    new Vector2(-halfX, -halfZ),
    new Vector2(halfX, -halfZ),
    new Vector2(halfX, halfZ),
    new Vector2(-halfX, halfZ),
  ]);
  for (const part of terrain) {
    if (part.kind === 'pit') {
      const [[x, z], [w, d]] = [part.at, part.size];
      outline.holes.push(
        hole([
          [x - w / 2, z - d / 2],
          [x + w / 2, z - d / 2],
          [x + w / 2, z + d / 2],
          [x - w / 2, z + d / 2],
        ]),
      );
    } else if (part.kind === 'river') {
      const middle = courseOf(part, ground);
      const right = beside(middle, -part.width / 2).toReversed();
      outline.holes.push(hole([...beside(middle, part.width / 2), ...right]));
    }
  }
  const geometry = new ShapeGeometry(outline);
  geometry.rotateX(Math.PI / 2);
  // The plane was drawn with south upwards, so it lies face down.
  const { index } = geometry;
  if (index !== null)
    for (let i = 0; i < index.count; i += 3) {
      const second = index.getX(i + 1);
      index.setX(i + 1, index.getX(i + 2));
      index.setX(i + 2, second);
    }
  const normals = geometry.getAttribute('normal');
  for (let i = 0; i < normals.count; i++) normals.setXYZ(i, 0, 1, 0);
  shape.add('grass', geometry, new Matrix4());
  for (const part of terrain) {
    if (part.kind === 'pit') pit(shape, part);
    else if (part.kind === 'river') banks(shape, part, courseOf(part, ground));
  }
}

const hole = (spots: readonly Spot[]): Path => new Path(spots.map(([x, z]) => new Vector2(x, z)));

/** How far the ground reaches from its middle, east and south. */
const reachOf = ([w, d]: Spot): Spot => [w / 2 + BEYOND, d / 2 + BEYOND];

/** The river's middle line, lengthened straight on to the end of the ground. */
function courseOf(river: RiverSpec, ground: Spot): Spot[] {
  const line = smooth(river.path);
  const edge = reachOf(ground);
  const ahead = (a: Spot, b: Spot): Spot => {
    const [dx, dz] = [b[0] - a[0], b[1] - a[1]];
    const room = ([0, 1] as const).map((axis) => {
      const step = axis === 0 ? dx : dz;
      return step === 0
        ? Number.POSITIVE_INFINITY
        : (edge[axis] - river.width - Math.sign(step) * b[axis]) / Math.abs(step);
    });
    const times = Math.max(0, Math.min(...room));
    return [b[0] + dx * times, b[1] + dz * times];
  };
  return [ahead(line[1] as Spot, line[0] as Spot), ...line, ahead(line.at(-2) as Spot, line.at(-1) as Spot)];
}

/** A strip between two lines of equal number at their heights. */
function strip(left: readonly Spot[], leftY: number, right: readonly Spot[], rightY: number): BufferGeometry {
  const positions: number[] = [];
  left.forEach((spot, i) => {
    const other = right[i] as Spot;
    positions.push(spot[0], leftY, spot[1], other[0], rightY, other[1]);
  });
  const indices: number[] = [];
  for (let i = 0; i + 1 < left.length; i++) {
    const a = i * 2;
    indices.push(a, a + 1, a + 2, a + 1, a + 3, a + 2);
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(new Float32Array(positions), 3));
  geometry.setIndex(indices);
  geometry.computeVertexNormals();
  const normals = geometry.getAttribute('normal');
  if (normals.getY(0) < 0) {
    for (let i = 0; i < indices.length; i += 3)
      [indices[i + 1], indices[i + 2]] = [indices[i + 2] as number, indices[i + 1] as number];
    geometry.setIndex(indices);
    geometry.computeVertexNormals();
  }
  return geometry;
}

function banks(shape: Shape, river: RiverSpec, middle: readonly Spot[]): void {
  const half = river.width / 2;
  const foot = half * 0.62;
  for (const side of [1, -1])
    shape.add('earth', strip(beside(middle, side * half), 0, beside(middle, side * foot), -river.depth), new Matrix4());
  shape.add('bed', strip(beside(middle, foot), -river.depth, beside(middle, -foot), -river.depth), new Matrix4());
}

/** The river's surface: a strip at height 1, wide enough for the highest water. */
export function riverSurface(river: RiverSpec, ground: Spot): BufferGeometry {
  const middle = courseOf(river, ground);
  return strip(beside(middle, river.width / 2), 1, beside(middle, -river.width / 2), 1);
}

/** Walls and floor of a hole, seen from inside. */
function pit(shape: Shape, { at: [x, z], size: [w, d], depth }: PitSpec): void {
  const thick = 0.2;
  shape.box('screed', [w, 0.05, d], [x, -depth, z]);
  shape.box('earth', [w, depth, thick], [x, -depth, z - d / 2 - thick / 2]);
  shape.box('earth', [w, depth, thick], [x, -depth, z + d / 2 + thick / 2]);
  shape.box('earth', [thick, depth, d], [x - w / 2 - thick / 2, -depth, z]);
  shape.box('earth', [thick, depth, d], [x + w / 2 + thick / 2, -depth, z]);
}

/** What lies on the ground or grows there. */
export function furnishGround(shape: Shape, terrain: readonly TerrainSpec[]): void {
  terrain.forEach((part, number) => {
    switch (part.kind) {
      case 'road': {
        const line = smooth(part.path);
        shape.add(
          'asphalt',
          strip(beside(line, part.width / 2), 0.035, beside(line, -part.width / 2), 0.035),
          new Matrix4(),
        );
        break;
      }
      case 'paving':
        shape.box('paving', [part.size[0], 0.03, part.size[1]], [part.at[0], 0, part.at[1]]);
        break;
      case 'hill':
        hill(shape, part, number);
        break;
      case 'fence':
        fence(shape, part.path);
        break;
      case 'trees':
        part.at.forEach((spot, i) => {
          tree(shape, spot, part.height * (0.75 + 0.5 * scatter(i + number * 17)));
        });
        break;
      case 'houses':
        part.at.forEach((spot, i) => {
          house(shape, spot, part.storeys, i + number * 31, 'window', part.rotation);
        });
        break;
      default:
    }
  });
}

/** A number between 0 and 1 that looks irregular and is the same on every machine. */
const scatter = (n: number): number => ((n * 7919 + 104_729) % 1009) / 1009;

function tree(shape: Shape, [x, z]: Spot, height: number): void {
  shape.round('trunk', height * 0.035, height * 0.4, [x, 0, z], { segments: 5 });
  shape.turned(
    'leaf',
    [
      [0.01, height * 0.26],
      [height * 0.2, height * 0.4],
      [height * 0.25, height * 0.58],
      [height * 0.17, height * 0.82],
      [0.01, height],
    ],
    [x, 0, z],
    { segments: 7 },
  );
}

/** A mound whose foot is not quite round. */
function hill(shape: Shape, { at: [x, z], size: [w, d], height, flat }: HillSpec, number: number): void {
  const [rings, around] = [7, 26];
  const positions: number[] = [x, height, z];
  for (let ring = 1; ring <= rings; ring++)
    for (let n = 0; n < around; n++) {
      const angle = (n / around) * Math.PI * 2;
      // The first ring is the edge of what is level.
      const share = flat + (1 - flat) * (flat > 0 ? (ring - 1) / (rings - 1) : ring / rings);
      const slope = (share - flat) / (1 - flat);
      const uneven = 1 + 0.09 * Math.sin(3 * angle + number) + 0.06 * Math.sin(5 * angle + 2 * number);
      const far = share * uneven;
      const up =
        height *
        (0.5 + 0.5 * Math.cos(Math.PI * slope)) *
        (1 + 0.12 * slope * Math.sin(4 * angle + 7 * slope + number));
      positions.push(
        x + (Math.sin(angle) * far * w) / 2,
        ring === rings ? -0.2 : up,
        z + (Math.cos(angle) * far * d) / 2,
      );
    }
  const indices: number[] = [];
  for (let n = 0; n < around; n++) {
    const next = (n + 1) % around;
    indices.push(0, 1 + n, 1 + next);
    for (let ring = 0; ring + 1 < rings; ring++) {
      const [a, b] = [1 + ring * around + n, 1 + ring * around + next];
      indices.push(a, a + around, b, b, a + around, b + around);
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(new Float32Array(positions), 3));
  geometry.setIndex(indices);
  geometry.computeVertexNormals();
  shape.add('grass', geometry, new Matrix4());
}

/** A house with a gable roof, its number deciding its size, and which way it stands where no rotation is given. */
export function house(
  shape: Shape,
  [x, z]: Spot,
  storeys: number,
  number: number,
  window: Material = 'window',
  rotation = number % 3 === 0 ? 90 : 0,
): void {
  const height = storeys * 2.7;
  const [w, d] = [6.5 + 2.5 * scatter(number), 5.5 + 1.5 * scatter(number + 5)];
  shape.within([x, 0, z], rotation, () => {
    shape.box('house', [w, height, d], [0, 0, 0]);
    const rise = d * 0.36;
    // A gable roof: a prism along east-west.
    const outline: [number, number][] = [
      [-d / 2 - 0.3, 0],
      [d / 2 + 0.3, 0],
      [0, rise],
    ];
    const flat = new Outline(outline.map(([a, b]) => new Vector2(a, b)));
    const roof = new ShapeGeometry(flat);
    for (const side of [-1, 1]) {
      const gable = roof.clone();
      if (side < 0) gable.rotateY(Math.PI);
      gable.rotateY(Math.PI / 2);
      shape.add('house', gable, new Matrix4().makeTranslation((side * w) / 2, height, 0));
    }
    roof.dispose();
    for (const side of [-1, 1]) {
      const slope = new BufferGeometry();
      const [e, eave] = [w / 2 + 0.25, (side * d) / 2 + side * 0.3];
      slope.setAttribute(
        'position',
        new BufferAttribute(new Float32Array([-e, 0, eave, e, 0, eave, e, rise, 0, -e, rise, 0]), 3),
      );
      slope.setIndex(side > 0 ? [0, 1, 2, 0, 2, 3] : [0, 2, 1, 0, 3, 2]);
      slope.computeVertexNormals();
      shape.add('tile', slope, new Matrix4().makeTranslation(0, height, 0));
    }
    for (let storey = 0; storey < storeys; storey++)
      for (const px of [-w * 0.28, 0, w * 0.28])
        for (const side of [-1, 1]) {
          const isDoor = storey === 0 && px === 0 && side === 1;
          shape.box(
            isDoor ? 'door' : window,
            [isDoor ? 1 : 0.9, isDoor ? 2 : 1.1, 0.06],
            [px, storey * 2.7 + (isDoor ? 0 : 0.9), side * (d / 2)],
          );
        }
  });
}

function fence(shape: Shape, path: readonly Spot[]): void {
  for (let i = 1; i < path.length; i++) {
    const [a, b] = [path[i - 1] as Spot, path[i] as Spot];
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    const posts = Math.max(1, Math.round(length / 3));
    for (let n = 0; n <= posts; n++) {
      const t = n / posts;
      shape.box('frame', [0.06, 1.8, 0.06], [a[0] + (b[0] - a[0]) * t, 0, a[1] + (b[1] - a[1]) * t]);
    }
    for (const y of [0.5, 1.15, 1.75]) shape.bar('frame', [a[0], y, a[1]], [b[0], y, b[1]], 0.025);
  }
}

/** Whether a spot is ground that something can stand on. */
export function groundAt(terrain: readonly TerrainSpec[]): (x: number, z: number) => boolean {
  const pits = terrain.filter((part) => part.kind === 'pit');
  return (x, z) => !pits.some(({ at, size }) => Math.abs(x - at[0]) < size[0] / 2 && Math.abs(z - at[1]) < size[1] / 2);
}
