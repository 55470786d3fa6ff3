/** Object blocks in the forms that stations use most, with the smallest qualifier that holds them. */
import type { ObjectBlock, ObjectItem } from './application.ts';
import { QUALIFIER, smallestQualifier } from './qualifiers.ts';
import type { ObjectValue } from './values.ts';

/** All objects: qualifier 06. */
export function allOf(group: number, variation: number): ObjectBlock {
  return { group, variation, qualifier: QUALIFIER.all, range: { kind: 'all' }, items: [] };
}

/** A request for the points `start` to `stop`, both included. */
export function rangeOf(group: number, variation: number, start: number, stop: number): ObjectBlock {
  const qualifier = smallestQualifier('start-stop', stop);
  return { group, variation, qualifier, range: { kind: 'start-stop', start, stop }, items: [] };
}

/** A request for `count` objects at most, for events. */
export function countOf(group: number, variation: number, count: number): ObjectBlock {
  return { group, variation, qualifier: smallestQualifier('count', count), range: { kind: 'count', count }, items: [] };
}

/** Values of points that follow each other, from `start`. */
export function valuesFrom(
  group: number,
  variation: number,
  start: number,
  values: readonly ObjectValue[],
): ObjectBlock {
  const stop = start + values.length - 1;
  const items = values.map((value, i) => ({ index: start + i, value }));
  const qualifier = smallestQualifier('start-stop', stop);
  return { group, variation, qualifier, range: { kind: 'start-stop', start, stop }, items };
}

/** Objects without an index: times and delays. */
export function valuesOf(group: number, variation: number, values: readonly ObjectValue[]): ObjectBlock {
  const count = values.length;
  const items = values.map((value, index) => ({ index, value }));
  return { group, variation, qualifier: smallestQualifier('count', count), range: { kind: 'count', count }, items };
}

/** Objects (or only indices) of any points: events, commands. */
export function indexed(group: number, variation: number, items: readonly ObjectItem[]): ObjectBlock {
  const largest = items.reduce((most, { index }) => Math.max(most, index), items.length);
  return { group, variation, qualifier: smallestQualifier('indices', largest), range: { kind: 'indices' }, items };
}

/** Objects whose size is told before each: files, security. At most 255. */
export function sized(group: number, variation: number, values: readonly ObjectValue[]): ObjectBlock {
  const items = values.map((value, index) => ({ index, value }));
  return { group, variation, qualifier: QUALIFIER.sized, range: { kind: 'sized' }, items };
}
