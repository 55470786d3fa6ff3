/** Tags as the wire shows them, and when two values of one are the same. */
import type { Point, PointLevel, PointTable } from './points.ts';

/** One tag as the wire shows it. */
export interface WatchedTag {
  readonly tag: string;
  readonly device: string;
  readonly value: number;
  readonly unit: string;
  /** Microseconds since 1970 of the newest poll or write that told the value. */
  readonly time: number;
  readonly level: PointLevel;
}

/** A range of so few raw steps is a choice, not a quantity. */
const FEW_STEPS = 20;

/** All tags that have been seen, in the order of their names. */
export function shownTags(tables: Iterable<PointTable>): WatchedTag[] {
  const tags: WatchedTag[] = [];
  for (const table of tables)
    for (const point of table.points)
      if (point.speaks)
        tags.push({
          tag: point.tag.id,
          device: point.device,
          value: point.value,
          unit: point.tag.unit,
          time: point.time,
          level: point.level,
        });
  return tags.sort((a, b) => (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : a.device < b.device ? -1 : 1));
}

/** More than rounding: a thousandth of the span, or one raw step. What has few steps (on and off, a choice) is not rounded. */
export function differs(point: Point, written: number, read: number): boolean {
  const { type, scale } = point.coding;
  const span = point.tag.range[1] - point.tag.range[0];
  if (type === 'float32') return Math.abs(written - read) > 1e-3 * span;
  return Math.abs(written - read) > (span <= FEW_STEPS * scale ? 0.5 * scale : Math.max(1e-3 * span, 1.001 * scale));
}
