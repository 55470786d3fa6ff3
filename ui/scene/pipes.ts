/** Pipe runs: routed at right angles, with bends, flanges and supports. All of a scene are one mesh. */
import type { PipeSpec } from '@penstock/core/scene';
import { Vector3 } from 'three';
import { flange } from './equipment/parts.ts';
import type { Shape, Triple } from './shape.ts';

const AXES = [0, 1, 2] as const;
const SIDES = 12;
const WIRE_SIDES = 4;
const NEAR = 0.02;

/** One end of a run: where, and which way the pipe leaves it. */
export interface PipeEnd {
  readonly at: Triple;
  readonly out: Triple | undefined;
}

/** The corners of a run: straight on as long as that leads nearer, level before vertical, and into the last nozzle along its axis. */
export function routeOf(from: PipeEnd, via: readonly Triple[], to: PipeEnd, diameter: number): Triple[] {
  const stub = diameter * 1.1;
  const points: Triple[] = [from.at];
  const goals = [...via];
  if (to.out !== undefined) goals.push(moved(to.at, to.out, stub));
  goals.push(to.at);
  let heading = from.out === undefined ? undefined : axisOf(from.out);
  if (from.out !== undefined) {
    const first = goals[0] as Triple;
    const ahead = AXES.reduce<number>((sum, i) => sum + (first[i] - from.at[i]) * (from.out as Triple)[i], 0);
    if (ahead < stub) points.push(moved(from.at, from.out, stub));
  }
  const arriving = to.out === undefined ? undefined : axisOf(to.out);
  goals.forEach((goal, n) => {
    const last = n === goals.length - (to.out === undefined ? 1 : 2);
    let here = points.at(-1) as Triple;
    const open = AXES.filter((i) => Math.abs(goal[i] - here[i]) > NEAR);
    const rank = (i: number): number => (i === heading ? 0 : last && i === arriving ? 9 : i === 1 ? 3 : 2);
    for (const i of open.toSorted((a, b) => rank(a) - rank(b))) {
      here = [i === 0 ? goal[0] : here[0], i === 1 ? goal[1] : here[1], i === 2 ? goal[2] : here[2]];
      points.push(here);
      heading = i;
    }
  });
  return withoutStraights(points);
}

const axisOf = (direction: Triple): number =>
  AXES.reduce<0 | 1 | 2>((best, i) => (Math.abs(direction[i]) > Math.abs(direction[best]) ? i : best), 0);
const moved = (at: Triple, by: Triple, times: number): Triple => [
  at[0] + by[0] * times,
  at[1] + by[1] * times,
  at[2] + by[2] * times,
];

/** Leaves out points that lie on the way between their neighbours. */
function withoutStraights(points: readonly Triple[]): Triple[] {
  const kept: Triple[] = [];
  points.forEach((point, i) => {
    const before = kept.at(-1);
    const after = points[i + 1];
    if (before !== undefined && distance(before, point) < NEAR) return;
    if (before !== undefined && after !== undefined) {
      const a = new Vector3(...point).sub(new Vector3(...before)).normalize();
      const b = new Vector3(...after).sub(new Vector3(...point)).normalize();
      if (a.dot(b) > 0.999) return;
    }
    kept.push(point);
  });
  return kept;
}

const distance = (a: Triple, b: Triple): number => Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]);

/** The middle line with its bends as arcs of 1.5 diameters, as elbows have. */
function centreLine(corners: readonly Triple[], diameter: number): Vector3[] {
  const line: Vector3[] = [new Vector3(...(corners[0] as Triple))];
  for (let i = 1; i < corners.length - 1; i++) {
    const corner = new Vector3(...(corners[i] as Triple));
    const before = new Vector3(...(corners[i - 1] as Triple)).sub(corner);
    const after = new Vector3(...(corners[i + 1] as Triple)).sub(corner);
    const reach = Math.min(diameter * 1.5, before.length() * 0.48, after.length() * 0.48);
    before.normalize();
    after.normalize();
    const start = corner.clone().addScaledVector(before, reach);
    const end = corner.clone().addScaledVector(after, reach);
    const steps = 5;
    for (let n = 0; n <= steps; n++) {
      const t = n / steps;
      // A quadratic Bézier is within a few per cent of the arc.
      line.push(
        start
          .clone()
          .multiplyScalar((1 - t) * (1 - t))
          .addScaledVector(corner, 2 * t * (1 - t))
          .addScaledVector(end, t * t),
      );
    }
  }
  line.push(new Vector3(...(corners.at(-1) as Triple)));
  return line;
}

/** The tubes of all pipes, as flat lists for one geometry. */
export class Tubes {
  readonly positions: number[] = [];
  readonly normals: number[] = [];
  /** Marks along the run, share of the way around, number of the pipe. */
  readonly along: number[] = [];
  readonly indices: number[] = [];

  /** Adds one run: a pipe, with bends at its corners, or a wire of fewer sides that goes from point to point. */
  add(corners: readonly Triple[], diameter: number, number: number, markLength: number, wire = false): void {
    const line = wire ? corners.map((corner) => new Vector3(...corner)) : centreLine(corners, diameter);
    const sides = wire ? WIRE_SIDES : SIDES;
    const radius = diameter / 2;
    const first = this.positions.length / 3;
    const tangent = new Vector3();
    const side = new Vector3();
    const up = new Vector3(0, 1, 0);
    const normal = new Vector3();
    let travelled = 0;
    line.forEach((at, i) => {
      const before = line[Math.max(0, i - 1)] as Vector3;
      const after = line[Math.min(line.length - 1, i + 1)] as Vector3;
      if (i > 0) travelled += at.distanceTo(before);
      tangent.subVectors(after, before).normalize();
      // Carries the frame along without a twist.
      if (i === 0 && Math.abs(tangent.y) > 0.9) up.set(0, 0, -1);
      side.crossVectors(tangent, up).normalize();
      if (side.lengthSq() < 0.5) side.set(1, 0, 0);
      up.crossVectors(side, tangent).normalize();
      for (let n = 0; n <= sides; n++) {
        const angle = (n / sides) * Math.PI * 2;
        normal.copy(up).multiplyScalar(Math.cos(angle)).addScaledVector(side, Math.sin(angle));
        this.positions.push(at.x + normal.x * radius, at.y + normal.y * radius, at.z + normal.z * radius);
        this.normals.push(normal.x, normal.y, normal.z);
        this.along.push(travelled / markLength, n / sides, number);
      }
    });
    const ring = sides + 1;
    for (let i = 0; i + 1 < line.length; i++)
      for (let n = 0; n < sides; n++) {
        const a = first + i * ring + n;
        this.indices.push(a, a + 1, a + ring, a + 1, a + ring + 1, a + ring);
      }
  }
}

/** Flanges where a run joins, and supports under what runs level above the ground. */
export function furnish(
  shape: Shape,
  pipe: PipeSpec,
  corners: readonly Triple[],
  grounds: (x: number, z: number) => boolean,
): void {
  const { diameter, supports } = pipe;
  if (pipe.carries === 'cable') return;
  if (diameter >= 0.12) {
    const start = corners[0] as Triple;
    const end = corners.at(-1) as Triple;
    for (const [at, next] of [
      [start, corners[1] as Triple],
      [end, corners.at(-2) as Triple],
    ] as const)
      flange(
        shape,
        at,
        [next[0] - at[0], next[1] - at[1], next[2] - at[2]].map((d) =>
          Math.abs(d) > NEAR ? 1 : 0,
        ) as unknown as Triple,
        diameter,
      );
  }
  if (supports === 0) return;
  for (let i = 1; i < corners.length; i++) {
    const a = corners[i - 1] as Triple;
    const b = corners[i] as Triple;
    const length = distance(a, b);
    if (Math.abs(a[1] - b[1]) > NEAR || a[1] < diameter / 2 + 0.08 || length < supports * 0.8) continue;
    const count = Math.max(1, Math.round(length / supports));
    const across = Math.abs(a[0] - b[0]) > NEAR;
    for (let n = 0; n < count; n++) {
      const t = (n + 0.5) / count;
      const [x, z] = [a[0] + (b[0] - a[0]) * t, a[2] + (b[2] - a[2]) * t];
      if (!grounds(x, z)) continue;
      support(shape, [x, a[1] - diameter / 2, z], diameter, across);
    }
  }
}

/** A saddle on a concrete foot when low, a steel trestle when high. */
function support(shape: Shape, [x, y, z]: Triple, diameter: number, across: boolean): void {
  const wide = Math.max(0.16, diameter * 1.1);
  if (y < 1.1 && diameter >= 0.15) {
    shape.box(
      'concrete',
      across ? [0.22, Math.max(0.05, y + diameter * 0.16), wide] : [wide, Math.max(0.05, y + diameter * 0.16), 0.22],
      [x, 0, z],
    );
    return;
  }
  shape.box('steelDark', [0.09, y, 0.09], [x, 0, z]);
  shape.box('steelDark', across ? [0.09, 0.08, wide + 0.1] : [wide + 0.1, 0.08, 0.09], [x, y - 0.08, z]);
}

/** How many metres lie between two marks of a pipe. */
export const markLength = (diameter: number): number => Math.min(2.4, Math.max(0.7, diameter * 4));
