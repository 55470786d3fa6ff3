/** Overhead lines: lattice towers or poles, conductors that sag between them as their weight wants, earth wires from peak to peak. */
import type { LineSpec } from '@penstock/core/scene';
import { Vector3 } from 'three';
import type { Nozzle } from './equipment/built.ts';
import { insulator, strut } from './equipment/switchyard.ts';
import type { Tubes } from './pipes.ts';
import type { Shape, Triple } from './shape.ts';

/** Metres between two marks of a line, and half of a conductor's thickness: the shader keeps it from becoming thinner than a pixel. */
export const LINE_MARK = 7;
const CONDUCTOR = 0.1;
/** Parts of a span. */
const STEPS = 7;
const PHASES = [-1, 0, 1] as const;

/** What carries the conductors: how high they hang, how far apart, and where the earth wires are. */
const STYLES = {
  towers: { height: 16, spread: 6.4, sag: 0.05, earth: { height: 21.4, spread: 3.6 } },
  poles: { height: 9.2, spread: 1.1, sag: 0.03, earth: undefined },
  span: { height: 0, spread: 1, sag: 0.02, earth: undefined },
} as const;

/** Where the conductors are held: the middle one, the way to the right of it, and how far the others are to its sides. */
interface Hold {
  readonly at: Vector3;
  readonly right: Vector3;
  readonly spread: number;
  /** Of the earth wires: above the conductors, to the sides; undefined where none end. */
  readonly earth: { readonly up: number; readonly spread: number } | undefined;
}

/** Adds the conductors to `tubes` as run `number`, towers and earth wires to `solid`. Gives the middle of the line. */
export function buildLine(
  spec: LineSpec,
  from: Nozzle,
  to: Nozzle,
  number: number,
  tubes: Tubes,
  solid: Shape,
): Vector3 {
  const holds = holdsOf(spec, from, to);
  holds.forEach(({ at, right }, i) => {
    const end = i === 0 ? spec.from : i === holds.length - 1 ? spec.to : undefined;
    // A line that comes from or goes to somewhere else ends at a support of its own.
    if (spec.style === 'span' || typeof end === 'string') return;
    const degrees = (Math.atan2(-right.z, right.x) * 180) / Math.PI;
    solid.within([at.x, 0, at.z], degrees, () => {
      if (spec.style === 'poles') pole(solid);
      else tower(solid);
    });
  });
  const { sag } = STYLES[spec.style];
  for (const phase of PHASES) {
    const path: Triple[] = [];
    for (let i = 1; i < holds.length; i++) {
      const [a, b] = [holds[i - 1] as Hold, holds[i] as Hold];
      hang(path, aside(a, phase * a.spread), aside(b, phase * b.spread), sag);
    }
    tubes.add(path, CONDUCTOR, number, LINE_MARK, true);
  }
  for (let i = 1; i < holds.length; i++) {
    const [a, b] = [holds[i - 1] as Hold, holds[i] as Hold];
    if (a.earth === undefined || b.earth === undefined) continue;
    for (const side of [-1, 1]) {
      const path: Triple[] = [];
      hang(path, aside(a, side * a.earth.spread, a.earth.up), aside(b, side * b.earth.spread, b.earth.up), sag * 0.7);
      for (let n = 1; n < path.length; n++) solid.rod('conductor', path[n - 1] as Triple, path[n] as Triple, 0.035, 4);
    }
  }
  const middle = Math.floor((holds.length - 1) / 2);
  return (holds[middle] as Hold).at.clone().lerp((holds[middle + 1] as Hold).at, 0.5);
}

function holdsOf(spec: LineSpec, from: Nozzle, to: Nozzle): Hold[] {
  const { height, spread, earth } = STYLES[spec.style];
  const [first, last] = ([spec.from, spec.to] as const).map((end, i) => {
    const at = new Vector3(...(i === 0 ? from : to).at);
    return typeof end === 'string' || spec.style === 'span' ? at : at.setY(height);
  }) as [Vector3, Vector3];
  const points = [first, ...spec.via.map(([x, z]) => new Vector3(x, height, z)), last];
  return points.map((at, i): Hold => {
    const end = i === 0 ? from : i === points.length - 1 ? to : undefined;
    const before = points[Math.max(0, i - 1)] as Vector3;
    const after = points[Math.min(points.length - 1, i + 1)] as Vector3;
    const ahead = after.clone().sub(before);
    if (end !== undefined && Math.abs(end.out[1]) < 0.5) ahead.set(...end.out).multiplyScalar(i === 0 ? 1 : -1);
    else if (end === undefined) {
      // A tower stands across the bisector of what comes and what goes.
      ahead.copy(at).sub(before).setY(0).normalize().add(after.clone().sub(at).setY(0).normalize());
    }
    ahead.setY(0).normalize();
    const right = new Vector3(-ahead.z, 0, ahead.x);
    if (end === undefined || end.spread === undefined)
      return { at, right, spread, earth: earth && { up: earth.height - height, spread: earth.spread } };
    const apart = end.spread;
    return {
      at,
      right,
      spread: apart,
      earth: end.peak === undefined ? undefined : { up: end.peak, spread: apart + 2.2 },
    };
  });
}

const aside = ({ at, right }: Hold, by: number, up = 0): Vector3 =>
  at
    .clone()
    .addScaledVector(right, by)
    .setY(at.y + up);

/** Points of a conductor between two holds, the second included, the first when the path is empty: a parabola, as near to a catenary as one sees. */
function hang(path: Triple[], a: Vector3, b: Vector3, sag: number): void {
  const depth = a.distanceTo(b) * sag;
  for (let n = path.length === 0 ? 0 : 1; n <= STEPS; n++) {
    const t = n / STEPS;
    const at = a.clone().lerp(b, t);
    path.push([at.x, at.y - 4 * depth * t * (1 - t), at.z]);
  }
}

/**
 * A waist tower of a single circuit, its arms along east-west: tapered body, a window in which the middle phase hangs, a bridge for the
 * outer ones, two peaks for the earth wires.
 */
function tower(solid: Shape): void {
  const { height, spread, earth } = STYLES.towers;
  const [foot, waist, narrow, bridge] = [2.3, 10.6, 0.75, height + 1.9];
  const corner = (y: number, half: number, x: number, z: number): Triple => [x * half, y, z * half];
  const sides = [-1, 1] as const;
  const levels = [0, 0.4, 0.72, 1].map((share) => [share * waist, foot + (narrow - foot) * share] as const);
  for (const x of sides)
    for (const z of sides) {
      solid.box('concrete', [0.9, 0.3, 0.9], [x * foot, 0, z * foot]);
      strut(solid, corner(0, foot, x, z), corner(waist, narrow, x, z), 0.24);
    }
  for (let i = 1; i < levels.length; i++) {
    const [[low, wide], [high, slim]] = [levels[i - 1], levels[i]] as [
      readonly [number, number],
      readonly [number, number],
    ];
    for (const s of sides) {
      strut(solid, [-wide, low, s * wide], [slim, high, s * slim], 0.1);
      strut(solid, [wide, low, s * wide], [-slim, high, s * slim], 0.1);
      strut(solid, [s * wide, low, -wide], [s * slim, high, slim], 0.1);
      strut(solid, [s * wide, low, wide], [s * slim, high, -slim], 0.1);
    }
  }
  // The window: two legs that part and meet the bridge.
  const part = 3.6;
  for (const x of sides) {
    for (const z of sides) {
      strut(solid, corner(waist, narrow, x, z), [x * part, bridge, z * 0.4], 0.2);
      strut(solid, [x * (part - 1.3), bridge, z * 0.4], corner(waist + 3, narrow + 0.6, x, z), 0.1);
    }
    strut(solid, [x * part, bridge, 0.4], [x * earth.spread, earth.height, 0], 0.14);
    strut(solid, [x * part, bridge, -0.4], [x * earth.spread, earth.height, 0], 0.14);
    strut(solid, [x * (part - 1.6), bridge + 0.9, 0], [x * earth.spread, earth.height, 0], 0.1);
  }
  const arm = spread + 0.5;
  for (const z of [-0.4, 0.4]) {
    strut(solid, [-arm, bridge, z], [arm, bridge, z], 0.16);
    for (const x of sides) strut(solid, [x * arm, bridge, z], [x * (part - 1.6), bridge + 0.95, z], 0.12);
    strut(solid, [-part + 1.6, bridge + 0.95, z], [part - 1.6, bridge + 0.95, z], 0.12);
  }
  const panels = 8;
  for (let i = 0; i < panels; i++) {
    const [a, b] = [-arm + (arm * 2 * i) / panels, -arm + (arm * 2 * (i + 1)) / panels];
    strut(solid, [a, bridge, i % 2 === 0 ? -0.4 : 0.4], [b, bridge, i % 2 === 0 ? 0.4 : -0.4], 0.08);
  }
  for (const phase of PHASES) insulator(solid, [phase * spread, height, 0], bridge - height, 0.2);
}

/** A wooden pole with its crossarm along east-west. */
function pole(solid: Shape): void {
  const { height, spread } = STYLES.poles;
  solid.round('trunk', 0.2, height + 0.4, [0, 0, 0], { top: 0.13, segments: 7 });
  solid.box('trunk', [spread * 2 + 0.5, 0.16, 0.14], [0, height - 0.5, 0]);
  for (const phase of PHASES) solid.round('porcelain', 0.1, 0.4, [phase * spread, height - 0.36, 0], { segments: 6 });
}
