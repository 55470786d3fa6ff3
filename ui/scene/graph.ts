/** What a scene consists of once it is built: objects of three.js, and what one has to know to move them. */
import type {
  CameraPreset,
  EquipmentSpec,
  LevelBinding,
  LineSpec,
  PipeSpec,
  SceneSpec,
  ShareBinding,
} from '@penstock/core/scene';
import type {
  BufferGeometry,
  InstancedBufferAttribute,
  InstancedMesh,
  IUniform,
  Mesh,
  MeshBasicMaterial,
  Quaternion,
  Scene,
  Sphere,
  Vector3,
} from 'three';
import type { MoverPart } from './equipment/built.ts';
import type { StateTexture } from './materials.ts';
import type { Theme } from './palette.ts';
import type { Triple } from './shape.ts';

/** Something that can be pointed at: a piece of equipment, a pipe or an overhead line. */
export interface Item {
  readonly id: string;
  readonly kind: EquipmentSpec['kind'] | 'pipe' | 'line';
  readonly name: string;
  readonly area: string;
  /** Its bindings first. */
  readonly tags: readonly string[];
  /** Place in the list, and in the state textures of its kind. */
  readonly index: number;
  /** Where its sign stands. */
  readonly anchor: Vector3;
  /** Where its instrument sits. */
  readonly instrument: Vector3;
  readonly sphere: Sphere;
  /** What it covers of the ground; undefined for pipes and lines. */
  readonly footprint: Footprint | undefined;
  /** The tag whose reading is written beside it. */
  readonly shows: string | undefined;
  /** The tag of a vessel's level, written beside its name. */
  readonly fills: string | undefined;
  /** Without this it is dark. */
  readonly dims: ShareBinding | undefined;
  readonly pick: Mesh;
}

export interface Footprint {
  readonly at: Vector3;
  /** Radians about the vertical. */
  readonly rotation: number;
  /** Half of east-west, half of north-south, and its height. */
  readonly half: Triple;
  /** Half of its sides on the ground. */
  readonly foot: readonly [number, number];
  readonly round: boolean;
}

export interface WaterBody {
  readonly item: Item | undefined;
  readonly mesh: InstancedMesh;
  readonly instance: number;
  readonly ghost: InstancedMesh | undefined;
  readonly ghostInstance: number;
  readonly water: string | undefined;
  readonly level: LevelBinding | number;
  readonly chemical: boolean;
  /** Its full body: middle of the bottom, size, rotation. */
  readonly at: Vector3;
  readonly size: Vector3;
  readonly turn: Quaternion;
}

export interface Mover {
  readonly item: Item;
  readonly mesh: InstancedMesh;
  readonly instance: number;
  readonly kind: MoverPart['kind'];
  readonly at: Vector3;
  /** Its axis and the item's rotation. */
  readonly turn: Quaternion;
  readonly scale: number;
  readonly running: string | undefined;
  readonly speed: ShareBinding | undefined;
  readonly travel: ShareBinding | undefined;
}

export interface PipeRun {
  readonly item: Item;
  readonly spec: PipeSpec;
  /** Row in the pipes' state texture. */
  readonly number: number;
  /** Metres between two marks. */
  readonly mark: number;
}

/** Its state follows those of the pipes, in the same texture. */
export interface LineRun {
  readonly item: Item;
  readonly spec: LineSpec;
  readonly number: number;
}

/** Instances of alarm halos on the ground: one for each item. */
export interface Halos {
  readonly mesh: InstancedMesh;
  readonly looks: InstancedBufferAttribute;
}

export interface SceneModel {
  readonly scene: Scene;
  readonly spec: SceneSpec;
  readonly items: readonly Item[];
  readonly byId: ReadonlyMap<string, Item>;
  readonly waters: readonly WaterBody[];
  readonly movers: readonly Mover[];
  readonly pipes: readonly PipeRun[];
  readonly lines: readonly LineRun[];
  readonly halos: Halos;
  readonly solidStates: StateTexture;
  readonly pipeStates: StateTexture;
  readonly ground: Mesh<BufferGeometry, MeshBasicMaterial>;
  readonly time: IUniform<number>;
  /** How large a pixel is at a distance of a metre. */
  readonly pixel: IUniform<number>;
  readonly cameras: readonly CameraPreset[];
  paint(theme: Theme): void;
  dispose(): void;
}
