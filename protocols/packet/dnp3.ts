/** DNP3 in one packet, for people: link frames, and what the application says where a frame holds all of it. */
import type { PacketField } from '@penstock/core';
import {
  type AppFragment,
  type AppProblem,
  decodeFragment,
  decodeSegmentHeader,
  encodeFragment,
  FUNCTION_NAMES,
  IIN,
  isFrameStart,
  isResponse,
  type LinkFrame,
  LinkReader,
  type ObjectBlock,
  type ObjectValue,
  objectType,
  PRIMARY_NAMES,
  SECONDARY_NAMES,
} from '../dnp3/index.ts';
import type { Reading } from './context.ts';
import { FieldReader, group, hex } from './reader.ts';

export const DNP3_PORT = 20_000;
const HEADER = 10;
const BLOCK = 16;
const MOST_VALUES = 256;

export function looksLikeDnp3(bytes: Uint8Array, start: number, end: number): boolean {
  return isFrameStart(bytes, start, end) === true;
}

/** All link frames of a payload; what is none is told as bytes. */
export function readDnp3(bytes: Uint8Array, start: number, end: number): Reading {
  const fields: PacketField[] = [];
  const says: string[] = [];
  let at = start;
  while (at < end && isFrameStart(bytes, at, end) === true) {
    const size = frameSize(bytes[at + 2] as number);
    const stop = Math.min(at + size, end);
    const frame = wholeFrame(bytes, at, stop);
    const { field, info } =
      frame === undefined ? brokenFrame(bytes, at, stop, size) : readFrame(bytes, at, stop, frame);
    fields.push(field);
    says.push(info);
    at = stop;
  }
  if (at < end) fields.push(group('Part of a frame', `${end - at} bytes`, at, end, []));
  const info = says.join('; ') || `${end - start} bytes of a frame`;
  return { protocol: 'dnp3', info, tags: [], field: group('DNP3', info, start, end, fields) };
}

const frameSize = (length: number): number => HEADER + length - 5 + 2 * Math.ceil((length - 5) / BLOCK);

/** The frame at this place, when all its checksums hold. */
function wholeFrame(bytes: Uint8Array, start: number, end: number): LinkFrame | undefined {
  let found: LinkFrame | undefined;
  const ignore = (): void => {};
  const reader = new LinkReader({
    frame: (frame) => {
      found = frame;
    },
    badHeader: ignore,
    badData: ignore,
    skipped: ignore,
  });
  reader.receive(bytes, start, end);
  return found;
}

function brokenFrame(
  bytes: Uint8Array,
  start: number,
  end: number,
  size: number,
): { field: PacketField; info: string } {
  const isCut = end - start < size;
  const info = isCut ? `the first ${end - start} of ${size} bytes of a frame` : 'a frame with a wrong checksum';
  const reader = new FieldReader(bytes, start, end);
  reader.raw('Link header', HEADER);
  reader.rest(isCut ? 'Data' : 'Data that its checksums contradict');
  return { field: group('Link frame', info, start, end, reader.fields), info };
}

function readFrame(
  bytes: Uint8Array,
  start: number,
  end: number,
  frame: LinkFrame,
): { field: PacketField; info: string } {
  const { control, source, destination, payload } = frame;
  const name = (control.prm ? PRIMARY_NAMES : SECONDARY_NAMES)[control.function] ?? `function ${control.function}`;
  const reader = new FieldReader(bytes, start, end);
  reader.raw('Start', 2);
  reader.number('Length', 1);
  reader.number('Control', 1, () => `${name}, from the ${control.dir ? 'master' : 'outstation'}`);
  reader.add('Destination', String(destination), 2);
  reader.add('Source', String(source), 2);
  reader.add('Checksum', 'holds', 2);
  const ends = `${source} → ${destination}`;
  if (payload.length === 0) {
    const info = `${ends} ${name}`;
    return { field: group('Link frame', info, start, end, reader.fields), info };
  }
  // Every 16 octets of data have two of checksum behind them.
  const place = (octet: number): number => start + HEADER + octet + 2 * Math.floor(octet / BLOCK);
  const field = (title: string, value: string, from: number, to: number, children: PacketField[] = []): PacketField =>
    group(title, value, place(from), place(to - 1) + 1, children);
  const { fir, fin, sequence } = decodeSegmentHeader(payload[0] as number);
  const part = fir && fin ? 'whole' : fir ? 'first' : fin ? 'last' : 'middle';
  reader.fields.push(field('Transport', `${part} segment, sequence ${sequence}`, 0, 1));
  const says = fir && fin ? readApplication(payload, field) : undefined;
  if (says !== undefined) reader.fields.push(...says.fields);
  else if (payload.length > 1)
    reader.fields.push(field('Data', `${payload.length - 1} bytes of a longer message`, 1, payload.length));
  const info = `${ends} ${says?.info ?? `${part} segment of a longer message`}`;
  return { field: group('Link frame', info, start, end, reader.fields), info };
}

type MakeField = (title: string, value: string, from: number, to: number, children?: PacketField[]) => PacketField;

function readApplication(payload: Uint8Array, field: MakeField): { fields: PacketField[]; info: string } | undefined {
  const { fragment, problem } = decodeFragment(payload, 1);
  if (fragment === undefined) return undefined;
  const { control, function: code, iin, objects } = fragment;
  const name = FUNCTION_NAMES[code] ?? `function ${code}`;
  const marks = [control.con ? 'confirm' : '', control.uns ? 'unsolicited' : ''].filter((mark) => mark !== '');
  const fields = [
    field('Application control', [`sequence ${control.seq}`, ...marks].join(', '), 1, 2),
    field('Function', name, 2, 3),
  ];
  const flags = iin === undefined ? '' : indications(iin);
  if (isResponse(code)) fields.push(field('Indications', `${hex(4)(iin ?? 0)}${flags && ` ${flags}`}`, 3, 5));
  const places = blockPlaces(fragment, problem, payload.length);
  const why = problem === undefined ? '' : `${problem.kind}: ${problem.reason}`;
  objects.forEach((block, i) => {
    const [from, to] = places[i] as readonly [number, number];
    const { name: title, values } = blockText(block);
    const isBroken = problem !== undefined && problem.offset + 1 === from;
    fields.push(field(title, isBroken ? `${values} (${why})` : values, from, to));
  });
  const last = places.at(-1)?.[1] ?? (isResponse(code) ? 5 : 3);
  if (problem !== undefined && last < payload.length) fields.push(field('Cannot be read', why, last, payload.length));
  const what = objects.map((block) => blockText(block).short).join(', ');
  return { fields, info: [name, what, flags].filter((text) => text !== '').join(' ') };
}

/** Where each object header with its objects lies; one in which something cannot be read reaches to the end. */
function blockPlaces(
  fragment: AppFragment,
  problem: AppProblem | undefined,
  end: number,
): (readonly [number, number])[] {
  const places: (readonly [number, number])[] = [];
  let from = isResponse(fragment.function) ? 5 : 3;
  for (const block of fragment.objects) {
    const isBroken = problem !== undefined && problem.offset + 1 === from;
    const to = isBroken ? end : Math.min(end, from + blockSize(fragment, block));
    places.push([from, to]);
    from = to;
  }
  return places;
}

function blockSize(fragment: AppFragment, block: ObjectBlock): number {
  const sizeOf = (objects: readonly ObjectBlock[]): number => encodeFragment({ ...fragment, objects }).length;
  return sizeOf([block]) - sizeOf([]);
}

function blockText({ group: objectGroup, variation, range, items }: ObjectBlock): {
  name: string;
  short: string;
  values: string;
} {
  const id = `g${objectGroup}v${variation}`;
  const name = objectType(objectGroup, variation)?.name ?? 'unknown object';
  const where =
    range.kind === 'start-stop'
      ? ` ${range.start}–${range.stop}`
      : range.kind === 'indices'
        ? ` ${items
            .map(({ index }) => index)
            .slice(0, 8)
            .join(' ')}${items.length > 8 ? ' …' : ''}`
        : range.kind === 'count'
          ? ` × ${range.count}`
          : '';
  const told = items
    .slice(0, MOST_VALUES)
    .flatMap(({ index, value }) => (value === undefined ? [] : [`${index}: ${valueText(value)}`]));
  const more = items.length > MOST_VALUES ? ' …' : '';
  return { name: `${id} ${name}`, short: `${id}${where}`, values: (told.join(', ') || where.trim() || 'all') + more };
}

function valueText(value: ObjectValue): string {
  switch (value.type) {
    case 'crob':
      return `operation ${value.operation}, trip/close ${value.tripClose}, ${value.count} ×, ${value.onTime}/${value.offTime} ms, status ${value.status}`;
    case 'time':
    case 'time-interval':
      return timeText(value.time);
    case 'octets':
    case 'private':
      return `${value.octets.length} octets`;
    case 'file-transport':
      return `block ${value.block}, ${value.octets.length} octets`;
    case 'attribute':
      return typeof value.value === 'object' ? `${value.value.length} entries` : String(value.value);
    case 'delay':
      return String(value.delay);
    case 'bcd':
      return value.digits;
    default: {
      const {
        value: number,
        name,
        time,
        status,
      } = value as { value?: unknown; name?: unknown; time?: number; status?: number };
      const main = String(number ?? name ?? value.type);
      return `${main}${time === undefined ? '' : ` at ${timeText(time)}`}${status ? `, status ${status}` : ''}`;
    }
  }
}

/** Milliseconds since 1970; 48 bits of them are always a date. */
const timeText = (time: number): string => new Date(time).toISOString();

const INDICATIONS = Object.entries(IIN);
const indications = (iin: number): string =>
  INDICATIONS.filter(([, bit]) => (iin & bit) !== 0)
    .map(([name]) => name)
    .join(' ');
