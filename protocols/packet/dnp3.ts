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
  PRIMARY_NAMES,
  SECONDARY_NAMES,
} from '../dnp3/index.ts';
import type { PacketContext, Reading } from './context.ts';
import { type MakeField, readBlock } from './dnp3-objects.ts';
import { FieldReader, group, hex } from './reader.ts';

const HEADER = 10;
const BLOCK = 16;

export function looksLikeDnp3(bytes: Uint8Array, start: number, end: number): boolean {
  return isFrameStart(bytes, start, end) === true;
}

/** All link frames of a payload; what is none is told as bytes. */
export function readDnp3(bytes: Uint8Array, start: number, end: number, context: PacketContext): Reading {
  const fields: PacketField[] = [];
  const says: string[] = [];
  const tags: string[] = [];
  let at = start;
  while (at < end && isFrameStart(bytes, at, end) === true) {
    const size = frameSize(bytes[at + 2] as number);
    const stop = Math.min(at + size, end);
    const frame = wholeFrame(bytes, at, stop);
    const said = frame === undefined ? brokenFrame(bytes, at, stop, size) : readFrame(bytes, at, stop, frame, context);
    fields.push(said.field);
    says.push(said.info);
    tags.push(...said.tags);
    at = stop;
  }
  if (at < end) fields.push(group('Part of a frame', `${end - at} bytes`, at, end, []));
  const info = says.join('; ') || `${end - start} bytes of a frame`;
  return { protocol: 'dnp3', info, tags: [...new Set(tags)], field: group('DNP3', info, start, end, fields) };
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

interface FrameSaid {
  readonly field: PacketField;
  readonly info: string;
  readonly tags: readonly string[];
}

function brokenFrame(bytes: Uint8Array, start: number, end: number, size: number): FrameSaid {
  const isCut = end - start < size;
  const info = isCut ? `the first ${end - start} of ${size} bytes of a frame` : 'a frame with a wrong checksum';
  const reader = new FieldReader(bytes, start, end);
  reader.raw('Link header', HEADER);
  reader.rest(isCut ? 'Data' : 'Data that its checksums contradict');
  return { field: group('Link frame', info, start, end, reader.fields), info, tags: [] };
}

function readFrame(bytes: Uint8Array, start: number, end: number, frame: LinkFrame, context: PacketContext): FrameSaid {
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
    return { field: group('Link frame', info, start, end, reader.fields), info, tags: [] };
  }
  // Every 16 octets of data have two of checksum behind them.
  const place = (octet: number): number => start + HEADER + octet + 2 * Math.floor(octet / BLOCK);
  const field: MakeField = (title, value, from, to, children = [], tag = null) => ({
    ...group(title, value, place(from), place(to - 1) + 1, children),
    tag,
  });
  const { fir, fin, sequence } = decodeSegmentHeader(payload[0] as number);
  const part = fir && fin ? 'whole' : fir ? 'first' : fin ? 'last' : 'middle';
  reader.fields.push(field('Transport', `${part} segment, sequence ${sequence}`, 0, 1));
  const outstation = control.dir ? destination : source;
  const says = fir && fin ? readApplication(payload, field, outstation, context) : undefined;
  if (says !== undefined) reader.fields.push(...says.fields);
  else if (payload.length > 1)
    reader.fields.push(field('Data', `${payload.length - 1} bytes of a longer message`, 1, payload.length));
  const info = `${ends} ${says?.info ?? `${part} segment of a longer message`}`;
  return { field: group('Link frame', info, start, end, reader.fields), info, tags: says?.tags ?? [] };
}

function readApplication(
  payload: Uint8Array,
  field: MakeField,
  outstation: number,
  context: PacketContext,
): { fields: PacketField[]; info: string; tags: string[] } | undefined {
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
  const blocks = objects.map((block, i) => {
    const [from, to] = places[i] as readonly [number, number];
    const isBroken = problem !== undefined && problem.offset + 1 === from;
    return readBlock(block, payload, from, to, isBroken ? why : '', field, (kind, index) =>
      context.dnp3Point(outstation, kind, index),
    );
  });
  fields.push(...blocks.map((block) => block.field));
  const last = places.at(-1)?.[1] ?? (isResponse(code) ? 5 : 3);
  if (problem !== undefined && last < payload.length) fields.push(field('Cannot be read', why, last, payload.length));
  const what = blocks.map(({ short }) => short).join(', ');
  const info = [name, what, flags].filter((text) => text !== '').join(' ');
  return { fields, info, tags: blocks.flatMap((block) => block.tags) };
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

const INDICATIONS = Object.entries(IIN);
const indications = (iin: number): string =>
  INDICATIONS.filter(([, bit]) => (iin & bit) !== 0)
    .map(([name]) => name)
    .join(' ');
