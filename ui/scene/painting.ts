/** From shapes to geometries: joined, and coloured by theme, foot and light. */
import { BufferAttribute, BufferGeometry, Color, type Matrix4, Vector3 } from 'three';
import { Light } from './light.ts';
import { colourOf, MATERIAL_NAMES, type Material, type Theme } from './palette.ts';
import type { Shape } from './shape.ts';

/** A mesh whose colours follow the theme. */
export interface Painted {
  readonly geometry: BufferGeometry;
  readonly materials: Uint8Array;
  readonly shades: Float32Array;
  /** Light stands in the colours; not so where the thing turns. */
  readonly lit: boolean;
}

/** Darker towards the foot, where less light comes. */
export const shadeAt = (above: number): number => 0.8 + 0.2 * Math.min(1, Math.max(0, above / 2.2));

/** Colours of the materials in the light that falls on them. */
export function paint({ geometry, materials, shades, lit }: Painted, theme: Theme): void {
  const light = new Light(theme);
  const colours = MATERIAL_NAMES.map((name: Material) => new Color(colourOf(name, theme)));
  const attribute = geometry.getAttribute('color') as BufferAttribute;
  const normals = geometry.getAttribute('normal');
  const colour = new Color();
  for (let i = 0; i < materials.length; i++) {
    colour.copy(colours[materials[i] as number] as Color).multiplyScalar(shades[i] as number);
    if (lit) light.fall(colour, normals.getX(i), normals.getY(i), normals.getZ(i));
    attribute.setXYZ(i, colour.r, colour.g, colour.b);
  }
  attribute.needsUpdate = true;
}

export function geometryOf(shape: Shape): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(new Float32Array(shape.positions), 3));
  geometry.setAttribute('normal', new BufferAttribute(new Float32Array(shape.normals), 3));
  geometry.setIndex(shape.indices);
  return geometry;
}

const point = new Vector3();

/** Adds all of `from`, moved, to `to`. Poses only turn and move. */
export function append(to: Shape, from: Shape, pose: Matrix4): void {
  const first = to.positions.length / 3;
  for (let i = 0; i < from.positions.length; i += 3) {
    point
      .set(from.positions[i] as number, from.positions[i + 1] as number, from.positions[i + 2] as number)
      .applyMatrix4(pose);
    to.positions.push(point.x, point.y, point.z);
    point
      .set(from.normals[i] as number, from.normals[i + 1] as number, from.normals[i + 2] as number)
      .transformDirection(pose);
    to.normals.push(point.x, point.y, point.z);
  }
  for (const material of from.materials) to.materials.push(material);
  for (const index of from.indices) to.indices.push(first + index);
}
