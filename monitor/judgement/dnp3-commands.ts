/** What commands of DNP3 mean for points, and how an OPERATE compares with the SELECT before it. */
import type { ControlEvent } from '@penstock/protocols/dnp3';
import type { Dnp3Place } from '../watch/dnp3-places.ts';
import { type Line, type Pending, saidBy } from './dnp3-lines.ts';

/** A selection is over after that, whatever the outstation's own limit; microseconds. */
const SELECTED_FOR = 60e6;

/** The point that a control is about, and what it is to become (IEEE 1815-2012, A.8.1). */
export function commandOf(line: Line, event: ControlEvent, group: number): Pending {
  const places = line.watched?.points?.dnp3;
  const place = places?.find(group, event.index_number);
  if (group === 41) return { event, group, place, value: event.value, momentary: false };
  const { trip_control_code: code, operation_type: operation } = event;
  const isPulse = operation === 'Pulse On' || operation === 'Pulse Off';
  const keeps = place?.spec.output === undefined || place.spec.output === 'latch';
  if (code === 'Trip' && place?.spec.trip !== undefined)
    return { event, group, place: places?.ofTag(place.spec.trip), value: 1, momentary: true };
  const value =
    code === 'Close' || operation === 'Latch On' || (code === 'Nul' && operation === 'Pulse On')
      ? 1
      : code === 'Trip' || operation === 'Latch Off' || operation === 'Pulse Off'
        ? 0
        : undefined;
  return { event, group, place, value, momentary: !keeps || (isPulse && code === 'Nul') };
}

/** In what an OPERATE differs from what was selected. */
export function mismatchOf({ selected }: Line, event: ControlEvent): string | undefined {
  if (event.function_code !== 'OPERATE' || event.selected !== false) return undefined;
  if (selected === undefined || event.time - selected.time > SELECTED_FOR) return 'unselected';
  const same = selected.controls.filter(({ index_number: index }) => index === event.index_number);
  if (same.length === 0) return 'point';
  return same.some((other) => saidBy(other) === saidBy(event)) ? 'unselected' : 'value';
}

/** Whether two controls are one that was said twice. */
export const isSame = (a: ControlEvent, b: ControlEvent): boolean =>
  a.sequence === b.sequence && saidBy(a) === saidBy(b);

/** The engineering value of what is commanded. */
export function engineering({ spec }: Dnp3Place, value: number): number {
  return spec.kind === 'analog-output' ? value * spec.scale + spec.offset : value;
}
