/** What the process watch tells, and to whom. */
import type { FieldValue } from '@penstock/core';
import type { PointFacts } from '../subject.ts';
import type { Reader } from './blocks.ts';
import type { Point } from './points.ts';

/** What the watch tells, by the log source that rules find it under. */
export type WatchService =
  | 'point_state'
  | 'readback'
  | 'point_rate'
  | 'point_unordered'
  | 'point_invalid'
  | 'point_quality'
  | 'point_still'
  | 'point_replay'
  | 'view'
  | 'invariant';

export type Details = Readonly<Record<string, FieldValue>>;

export interface WatchEvents {
  /**
   * Something to ask the rules about.
   * @param reader the conversation that it was seen on
   * @param facts the point that it is about; only valid during the call
   */
  told(service: WatchService, reader: Reader, facts: PointFacts | undefined, details: Details | undefined): void;
  /** While learning: a reading in engineering units; `seconds` after the one before, NaN where that says nothing. */
  reading(point: Point, value: number, before: number, seconds: number): void;
  /** Announced work is going on at the device. */
  announced(reader: Reader): boolean;
}
