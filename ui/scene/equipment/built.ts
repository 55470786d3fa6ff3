/** What a piece of equipment is made of, beside its solid parts: where pipes join, what water it holds, what moves in it. */
import type { EquipmentKind, EquipmentOf, LevelBinding, ShareBinding } from '@penstock/core/scene';
import type { Axis, Shape, Triple } from '../shape.ts';

/** Where a pipe joins, and which way it leaves. */
export interface Nozzle {
  readonly at: Triple;
  readonly out: Triple;
  /** Of conductors: metres between two phases, and how far above them the earth wires end, where there are any. */
  readonly spread?: number;
  readonly peak?: number;
}

/** A body of water (or of a chemical), from its bottom up. */
export interface WaterPart {
  readonly form: 'box' | 'round';
  /** Middle of the bottom. */
  readonly at: Triple;
  /** East, up, south; the height is that of the full vessel. */
  readonly size: Triple;
  readonly water: string | undefined;
  /** Where the binding is missing, the share that always stands there. */
  readonly level: LevelBinding | number;
  /** Shows a chemical instead of water. */
  readonly chemical?: true;
  /** The instructor's ghost of the true level appears here. */
  readonly ghost?: true;
}

/** Something that turns while a machine runs, or goes with a travel. Geometries are in `movers.ts`. */
export interface MoverPart {
  readonly kind: 'coupling' | 'fan' | 'impeller' | 'pointer' | 'stem' | 'flag' | 'bubbles' | 'flame' | 'plume';
  readonly at: Triple;
  readonly axis: Axis;
  readonly scale: number;
  readonly running?: string | undefined;
  readonly speed?: ShareBinding | undefined;
  readonly travel?: ShareBinding | undefined;
}

export interface Built {
  readonly nozzles: Readonly<Record<string, Nozzle>>;
  readonly waters?: readonly WaterPart[];
  readonly movers?: readonly MoverPart[];
  /** Where its sign stands. */
  readonly top: Triple;
  /** What it covers of the ground: half of east-west, half of north-south, and its height. */
  readonly extent: Triple;
  /** Half of its sides where it stands, where that is less than it covers. */
  readonly foot?: readonly [number, number];
  /** Where its instrument sits; the middle of its front where there is none of its own. */
  readonly instrument?: Triple;
  /** Without this it is dark. */
  readonly dims?: ShareBinding | undefined;
  /** A tag whose reading is written beside it. */
  readonly shows?: string | undefined;
}

/** Adds the solid parts to `solid`, panes to `glass`, around the middle of the foot, unrotated. */
export type Builder<K extends EquipmentKind> = (item: EquipmentOf<K>, solid: Shape, glass: Shape) => Built;
