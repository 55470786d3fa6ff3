/**
 * Solid things out of a few primitives, gathered into flat lists: one geometry for a whole part of the site, whatever it is made of. A
 * vertex knows its material by number (so that a theme only recolours) and the item it belongs to.
 */
import {
  BoxGeometry,
  type BufferGeometry,
  CylinderGeometry,
  ExtrudeGeometry,
  LatheGeometry,
  Matrix3,
  Matrix4,
  Shape as Outline,
  Quaternion,
  TorusGeometry,
  Vector2,
  Vector3,
} from 'three';
import { MATERIAL_NAMES, type Material } from './palette.ts';

export type Triple = readonly [number, number, number];
export type Axis = 'x' | 'y' | 'z';

const NUMBER = new Map(MATERIAL_NAMES.map((name, index) => [name, index]));
const UP = new Vector3(0, 1, 0);
const position = new Vector3();
const normal = new Vector3();
const normalMatrix = new Matrix3();
const matrix = new Matrix4();
const turn = new Quaternion();
const ONE = new Vector3(1, 1, 1);

/** Which way the y axis of a primitive points. */
const TURNS: Record<Axis, Quaternion> = {
  x: new Quaternion().setFromUnitVectors(UP, new Vector3(1, 0, 0)),
  y: new Quaternion(),
  z: new Quaternion().setFromUnitVectors(UP, new Vector3(0, 0, 1)),
};

export interface RoundOptions {
  readonly axis?: Axis;
  /** Radius at the far end; a cone where it differs. */
  readonly top?: number;
  readonly segments?: number;
  readonly open?: boolean;
  /** Part of the round, radians from the south, counter-clockwise seen from above. */
  readonly from?: number;
  readonly arc?: number;
}

export class Shape {
  readonly positions: number[] = [];
  readonly normals: number[] = [];
  readonly materials: number[] = [];
  readonly indices: number[] = [];
  /** Where the next primitives stand. */
  private readonly stack: Matrix4[] = [new Matrix4()];

  get triangles(): number {
    return this.indices.length / 3;
  }

  /** Everything that `draw` adds stands at `at`, turned by `degrees` about the vertical. */
  within(at: Triple, degrees: number, draw: () => void): void {
    const outer = this.stack.at(-1) as Matrix4;
    turn.setFromAxisAngle(UP, (degrees * Math.PI) / 180);
    this.stack.push(outer.clone().multiply(new Matrix4().compose(new Vector3(...at), turn, ONE)));
    draw();
    this.stack.pop();
  }

  /** A box with the middle of its foot at `at`. */
  box(material: Material, [x, y, z]: Triple, at: Triple): void {
    const geometry = new BoxGeometry(x, y, z);
    this.add(material, geometry, matrix.makeTranslation(at[0], at[1] + y / 2, at[2]));
  }

  /** A bar from one point to another, square in section. */
  bar(material: Material, from: Triple, to: Triple, thickness: number): void {
    const a = new Vector3(...from);
    const b = new Vector3(...to);
    const length = a.distanceTo(b);
    if (length === 0) return;
    turn.setFromUnitVectors(UP, b.clone().sub(a).normalize());
    const middle = a.add(b).multiplyScalar(0.5);
    this.add(material, new BoxGeometry(thickness, length, thickness), matrix.compose(middle, turn, ONE));
  }

  /** A cylinder or cone whose axis begins at `at`. */
  round(material: Material, radius: number, length: number, at: Triple, options: RoundOptions = {}): void {
    const { axis = 'y', top = radius, segments = 20, open = false, from = 0, arc = Math.PI * 2 } = options;
    const geometry = new CylinderGeometry(top, radius, length, segments, 1, open, from, arc);
    geometry.translate(0, length / 2, 0);
    this.add(material, geometry, matrix.compose(position.set(...at), TURNS[axis], ONE));
  }

  /** A cylinder from one point to another. */
  rod(material: Material, from: Triple, to: Triple, radius: number, segments = 8): void {
    const a = new Vector3(...from);
    const along = new Vector3(...to).sub(a);
    const length = along.length();
    if (length === 0) return;
    const geometry = new CylinderGeometry(radius, radius, length, segments, 1, true);
    geometry.translate(0, length / 2, 0);
    turn.setFromUnitVectors(UP, along.normalize());
    this.add(material, geometry, matrix.compose(a, turn, ONE));
  }

  /** A body of revolution: pairs of radius and height from the bottom up. */
  turned(
    material: Material,
    outline: readonly (readonly [number, number])[],
    at: Triple,
    options: RoundOptions = {},
  ): void {
    const { axis = 'y', segments = 24, from = 0, arc = Math.PI * 2 } = options;
    const geometry = new LatheGeometry(
      outline.map(([radius, height]) => new Vector2(radius, height)),
      segments,
      from,
      arc,
    );
    this.add(material, geometry, matrix.compose(position.set(...at), TURNS[axis], ONE));
  }

  /** A ring around an axis, its middle at `at`. */
  ring(material: Material, radius: number, thickness: number, at: Triple, axis: Axis = 'y', segments = 20): void {
    const geometry = new TorusGeometry(radius, thickness, 6, segments);
    geometry.rotateX(Math.PI / 2);
    this.add(material, geometry, matrix.compose(position.set(...at), TURNS[axis], ONE));
  }

  /** An outline in the ground plane (east, south), as high as `height`. */
  slab(material: Material, outline: readonly (readonly [number, number])[], height: number, at: Triple): void {
    const flat = new Outline(outline.map(([x, z]) => new Vector2(x, -z)));
    const geometry = new ExtrudeGeometry(flat, { depth: height, bevelEnabled: false });
    geometry.rotateX(-Math.PI / 2);
    this.add(material, geometry, matrix.makeTranslation(...at));
  }

  /** Any geometry with positions and normals. It is used up. */
  add(material: Material, geometry: BufferGeometry, local: Matrix4): void {
    const world = (this.stack.at(-1) as Matrix4).clone().multiply(local);
    normalMatrix.getNormalMatrix(world);
    const from = this.positions.length / 3;
    const points = geometry.getAttribute('position');
    const directions = geometry.getAttribute('normal');
    const number = NUMBER.get(material) as number;
    for (let i = 0; i < points.count; i++) {
      position.fromBufferAttribute(points, i).applyMatrix4(world);
      normal.fromBufferAttribute(directions, i).applyMatrix3(normalMatrix).normalize();
      this.positions.push(position.x, position.y, position.z);
      this.normals.push(normal.x, normal.y, normal.z);
      this.materials.push(number);
    }
    const { index } = geometry;
    const count = index === null ? points.count : index.count;
    for (let i = 0; i < count; i++) this.indices.push(from + (index === null ? i : index.getX(i)));
    geometry.dispose();
  }
}
