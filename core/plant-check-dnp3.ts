/** The part of the plant check that looks at DNP3 points. */
import type { DeviceSpec, PointSpec } from './plant.ts';
import type { PlantCheck } from './plant-check.ts';
import { serviceOf } from './plant-check-polls.ts';
import type { Dnp3Point } from './plant-dnp3.ts';
import type { ValuePath } from './yaml-source.ts';

/** Variations that a kind can be reported in (IEEE 1815-2012, annex A). */
const VARIATIONS: Readonly<
  Record<Dnp3Point['kind'], { readonly state: readonly number[]; readonly event: readonly number[] }>
> = {
  binary: { state: [1, 2], event: [1, 2, 3] },
  'double-bit': { state: [1, 2], event: [1, 2, 3] },
  analog: { state: [1, 2, 3, 4, 5, 6], event: [1, 2, 3, 4, 5, 6, 7, 8] },
  counter: { state: [1, 2, 5, 6], event: [1, 2, 5, 6] },
  'binary-output': { state: [1, 2], event: [1, 2] },
  'analog-output': { state: [1, 2, 3, 4], event: [1, 2, 3, 4, 5, 6, 7, 8] },
};

const isOutput = ({ kind }: Dnp3Point): boolean => kind === 'binary-output' || kind === 'analog-output';
const isNumber = ({ kind }: Dnp3Point): boolean =>
  kind !== 'binary' && kind !== 'binary-output' && kind !== 'double-bit';

/** Notes what is wrong with one point. `indices`: which tag has which index of which kind so far. */
export function checkDnp3Point(
  check: PlantCheck,
  device: DeviceSpec,
  { tag, writable }: PointSpec,
  point: Dnp3Point,
  indices: Map<string, string>,
  path: ValuePath,
): void {
  const wrong = (key: string, message: string, id = 'point'): void => check.wrong([...path, key], id, message);
  const { kind, index, variation, eventVariation, deadBand, output, trip } = point;
  if (serviceOf(device, 'dnp3') === undefined)
    check.wrong(path, 'point', `${device.id} offers no dnp3 service, so nobody could read ${tag} there`);
  const key = `${kind} ${index}`;
  const other = indices.get(key);
  if (other !== undefined) wrong('index', `${key} of ${device.id} belongs to ${other} already`, 'point-overlap');
  else indices.set(key, tag);
  const { state, event } = VARIATIONS[kind];
  if (variation !== undefined && !state.includes(variation))
    wrong('variation', `${tag} is of kind ${kind}, which has the variations ${state.join(', ')}`);
  if (eventVariation !== undefined && !event.includes(eventVariation))
    wrong('eventVariation', `events of kind ${kind} have the variations ${event.join(', ')}`);
  if (isOutput(point) && !writable)
    wrong('kind', `${tag} is an output that nobody may write; make it writable, or use ${kind.replace('-output', '')}`);
  if (!isOutput(point) && writable && kind !== 'counter')
    wrong(
      'kind',
      `${tag} is writable, but only outputs are commanded; use ${isNumber(point) ? 'analog' : 'binary'}-output`,
    );
  if (deadBand !== undefined && !isNumber(point))
    wrong('deadBand', `${tag} is of kind ${kind}, which has no dead band`);
  if (output !== undefined && kind !== 'binary-output') wrong('output', `${tag} is no binary output`);
  if ((trip !== undefined) !== (output === 'two-output'))
    wrong('trip', `an output of model two-output, and no other, says with 'trip' which point a trip pulses`);
  if (trip !== undefined && !device.points.some((candidate) => candidate.tag === trip && candidate.writable))
    wrong('trip', `${device.id} has no writable point of ${trip}`);
  checkRange(check, tag, point, [...path, 'variation']);
}

/** What is sent as a whole number of 16 bits must hold the instrument's range. */
function checkRange(check: PlantCheck, tag: string, point: Dnp3Point, path: ValuePath): void {
  const spec = check.tags.get(tag);
  const is16Bit = point.variation === 2 || point.variation === 4;
  if (spec === undefined || !isNumber(point) || point.kind === 'counter' || !is16Bit) return;
  if (point.kind === 'analog-output' && point.variation === 4) return;
  const [from, to] = spec.range.map((value) => Math.round((value - point.offset) / point.scale)) as [number, number];
  if (from < -0x8000 || to > 0x7fff)
    check.wrong(
      path,
      'point-range',
      `${tag} from ${spec.range[0]} to ${spec.range[1]} is ${from} to ${to} on the wire, which variation ${point.variation} (16 bits) does not hold`,
    );
}
