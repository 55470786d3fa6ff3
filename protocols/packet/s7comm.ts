/** S7 in one packet, for people: TPKT packets, what COTP says, and the S7 message where a packet holds all of it. */
import type { PacketField } from '@penstock/core';
import { COTP_NAMES, isPacketStart, S7_PLUS_PROTOCOL, S7_PROTOCOL } from '../s7comm/index.ts';
import type { Ends, PacketContext, Reading } from './context.ts';
import { FieldReader, group, hex } from './reader.ts';
import { S7MessageReader } from './s7-message.ts';

const TPKT_HEADER = 4;
const TPDU_SIZE = 0xc0;
const CALLING_TSAP = 0xc1;
const CALLED_TSAP = 0xc2;
const DATA = 15;
const DISCONNECT = 8;

export function looksLikeS7(bytes: Uint8Array, start: number, end: number): boolean {
  return isPacketStart(bytes, start, end) === true;
}

interface Said {
  readonly info: string;
  readonly tags: readonly string[];
  readonly isS7: boolean;
}

/** All TPKT packets of a payload; what is none is told as bytes. */
export function readS7(bytes: Uint8Array, start: number, end: number, ends: Ends, context: PacketContext): Reading {
  const fields: PacketField[] = [];
  const said: Said[] = [];
  let at = start;
  while (at < end && looksLikeS7(bytes, at, end)) {
    const length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    const stop = Math.min(end, at + length);
    said.push(readPacket(bytes, at, stop, length, fields, ends, context));
    at = stop;
  }
  if (at < end) fields.push(group('Part of a packet', `${end - at} bytes`, at, end, []));
  const info = said.map((one) => one.info).join('; ') || `${end - start} bytes of a packet`;
  const tags = [...new Set(said.flatMap((one) => one.tags))];
  const protocol = said.some(({ isS7 }) => isS7) ? 's7comm' : 'cotp';
  return { protocol, info, tags, field: group('S7 communication', info, start, end, fields) };
}

/** One packet from `start` to `end`, of which its header tells `length` bytes. */
function readPacket(
  bytes: Uint8Array,
  start: number,
  end: number,
  length: number,
  fields: PacketField[],
  ends: Ends,
  context: PacketContext,
): Said {
  const tpkt = new FieldReader(bytes, start, Math.min(end, start + TPKT_HEADER));
  tpkt.number('Version', 1);
  tpkt.number('Reserved', 1);
  tpkt.number('Length', 2);
  fields.push(group('TPKT', `${length} bytes`, start, tpkt.at, tpkt.fields));
  const header = tpkt.at + 1 + (bytes[tpkt.at] as number);
  const cotp = new FieldReader(bytes, tpkt.at, Math.min(end, header));
  const { info, isWhole } = readCotp(cotp);
  fields.push(group('COTP', info, tpkt.at, cotp.end, cotp.fields));
  const plain = { tags: [], isS7: false };
  if (cotp.end >= end) return { ...plain, info };
  if (end - start < length) {
    const cut = `the first ${end - start} of ${length} bytes of a packet`;
    fields.push(group('Data', cut, cotp.end, end, []));
    return { ...plain, info: cut };
  }
  if (!isWhole || bytes[cotp.end] !== S7_PROTOCOL) {
    const what = !isWhole
      ? 'part of a longer message'
      : bytes[cotp.end] === S7_PLUS_PROTOCOL
        ? 'S7comm-plus'
        : 'no S7 message';
    fields.push(group('Data', `${end - cotp.end} bytes: ${what}`, cotp.end, end, []));
    return { ...plain, info: `${info}, ${what}` };
  }
  const message = new S7MessageReader(bytes, cotp.end, end, ends, context);
  fields.push(group('S7', message.info, cotp.end, end, message.fields));
  return { info: message.info, tags: message.tags, isS7: true };
}

/** `isWhole`: this packet ends a message of which none was begun before, as far as it tells. */
function readCotp(reader: FieldReader): { info: string; isWhole: boolean } {
  reader.number('Header length', 1);
  const code = reader.number('TPDU', 1, (value) => `${hex(2)(value)} ${COTP_NAMES[value >> 4] ?? 'unknown'}`) >> 4;
  const name = COTP_NAMES[code] ?? `TPDU ${code}`;
  if (code === DATA) {
    const last = reader.number(
      'Number, last part',
      1,
      (value) => `${value & 0x7f}, ${value & 0x80 ? 'the last part' : 'parts follow'}`,
    );
    return { info: name, isWhole: (last & 0x80) !== 0 };
  }
  reader.number('Destination reference', 2, hex(4));
  reader.number('Source reference', 2, hex(4));
  if (code === DISCONNECT) {
    reader.number('Reason', 1);
    return { info: name, isWhole: false };
  }
  reader.number('Class, options', 1, (value) => `class ${value >> 4}, options ${value & 15}`);
  const says: string[] = [];
  while (reader.left > 0 && !reader.short) {
    const parameter = new FieldReader(reader.bytes, reader.at, reader.end);
    const kind = parameter.number('Parameter', 1, (value) => `${hex(2)(value)} ${parameterName(value)}`);
    const length = parameter.number('Length', 1);
    const say = (value: Uint8Array): string => parameterText(kind, value);
    const value = parameter.raw('Value', length, say);
    if (parameter.short) {
      reader.rest('Parameters that go beyond the header');
      break;
    }
    const text = say(value);
    if (kind !== TPDU_SIZE) says.push(`${parameterName(kind)} ${text}`);
    reader.add(parameterName(kind), text, parameter.at - reader.at, null, parameter.fields);
  }
  return { info: [name, ...says].join(', '), isWhole: false };
}

const parameterName = (kind: number): string =>
  kind === TPDU_SIZE
    ? 'largest TPDU'
    : kind === CALLING_TSAP
      ? 'calling TSAP'
      : kind === CALLED_TSAP
        ? 'called TSAP'
        : 'parameter';

const KINDS: Readonly<Record<number, string>> = { 1: 'programming device', 2: 'operator station', 3: 'other' };

function parameterText(kind: number, value: Uint8Array): string {
  const text = Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const [first, second] = value;
  if (kind === TPDU_SIZE && first !== undefined) return `${2 ** Math.min(first, 16)} bytes`;
  if ((kind === CALLING_TSAP || kind === CALLED_TSAP) && value.length === 2)
    return `${text} (${KINDS[first as number] ?? 'unknown kind'}, rack ${(second as number) >> 5}, slot ${(second as number) & 31})`;
  return text;
}
