/** What user data carries: system status lists, block lists and information, the clock, the password. */
import { type Decoded, illegal, ok, unsupported } from '../exchange/decoded.ts';
import { ByteReader, ByteWriter, refused } from './bytes.ts';
import type { UserdataMessage } from './messages.ts';
import { SUCCESS } from './tables.ts';

const BLOCKS = 3;
const CPU = 4;
const SECURITY = 5;
const TIME = 7;

/** A date and time as the clock has it; weekday 1 is Sunday. Years 1990 to 2089. */
export interface S7Clock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  readonly weekday: number;
}

/** Block information, 78 bytes. Times: milliseconds of the day, and days since 1984-01-01. */
export interface BlockInfo {
  readonly type: number;
  readonly flags: number;
  readonly language: number;
  readonly subtype: number;
  readonly number: number;
  readonly loadLength: number;
  readonly security: number;
  readonly codeTime: { readonly milliseconds: number; readonly day: number };
  readonly interfaceTime: { readonly milliseconds: number; readonly day: number };
  readonly ssbLength: number;
  readonly addLength: number;
  readonly localLength: number;
  readonly codeLength: number;
  /** 8 characters each. */
  readonly author: string;
  readonly family: string;
  readonly name: string;
  /** Upper four bits before the point, lower ones behind. */
  readonly version: number;
  readonly checksum: number;
}

/** `type`: the two characters of the block type, as `0A`. */
export type UserdataContent =
  | { readonly is: 'szl-request'; readonly id: number; readonly index: number }
  | {
      readonly is: 'szl';
      readonly id: number;
      readonly index: number;
      readonly recordLength: number;
      readonly records: readonly Uint8Array[];
    }
  | { readonly is: 'empty' }
  | { readonly is: 'block-counts'; readonly counts: readonly { readonly type: string; readonly count: number }[] }
  | { readonly is: 'block-type'; readonly type: string }
  | {
      readonly is: 'block-list';
      readonly blocks: readonly { readonly number: number; readonly flags: number; readonly language: number }[];
    }
  | { readonly is: 'block-query'; readonly type: string; readonly number: number; readonly filesystem: string }
  | { readonly is: 'block-info'; readonly info: BlockInfo }
  | { readonly is: 'clock'; readonly clock: S7Clock }
  | { readonly is: 'password'; readonly password: string };

/** Bytes for the data of a message. @throws PenstockError `s7comm.encode` when a field does not fit. */
export function encodeContent(content: UserdataContent): Uint8Array {
  const to = new ByteWriter();
  switch (content.is) {
    case 'szl-request':
      return to.u16(content.id).u16(content.index).take();
    case 'szl':
      to.u16(content.id).u16(content.index).u16(content.recordLength).u16(content.records.length);
      for (const record of content.records) {
        if (record.length !== content.recordLength)
          throw refused(`every record has ${content.recordLength} bytes, not ${record.length}`);
        to.bytes(record);
      }
      return to.take();
    case 'empty':
      return to.take();
    case 'block-counts':
      for (const { type, count } of content.counts) to.text(characters(type, 2)).u16(count);
      return to.take();
    case 'block-type':
      return to.text(characters(content.type, 2)).take();
    case 'block-list':
      for (const { number, flags, language } of content.blocks) to.u16(number).u8(flags).u8(language);
      return to.take();
    case 'block-query': {
      if (content.number > 99_999) throw refused(`a block number has 5 digits, not ${content.number}`);
      to.text(characters(content.type, 2)).text(String(content.number).padStart(5, '0'));
      return to.text(characters(content.filesystem, 1)).take();
    }
    case 'block-info':
      return encodeInfo(content.info);
    case 'clock':
      return encodeClock(content.clock);
    case 'password':
      return encodePassword(content.password);
  }
}

/**
 * Takes apart what a message carries. `unsupported`: another function, a transfer that failed, or one part of a transfer in several
 * (put the parts' bytes together first).
 */
export function decodeContent(message: UserdataMessage): Decoded<UserdataContent> {
  const bytes = message.data?.bytes ?? new Uint8Array(0);
  const isResponse = message.kind === 'response';
  if (isResponse && message.data?.code !== SUCCESS) {
    const isPlain = message.unit?.error === 0 && bytes.length === 0;
    return isPlain ? ok({ is: 'empty' }) : unsupported(`the transfer failed with ${message.data?.code}`);
  }
  if (message.unit?.more) return unsupported('the transfer has further parts');
  const from = new ByteReader(bytes, 0, bytes.length);
  const content = read(message, from, isResponse);
  if (content === undefined) return unsupported(`group ${message.group}, sub-function ${message.subfunction}`);
  if (content === 'illegal' || from.short || from.left > 0)
    return illegal(`${bytes.length} bytes do not have the form of group ${message.group}/${message.subfunction}`);
  return ok(content);
}

function read(
  { group, subfunction }: UserdataMessage,
  from: ByteReader,
  isResponse: boolean,
): UserdataContent | 'illegal' | undefined {
  if (group === CPU && subfunction === 1) {
    if (from.left === 0) return { is: 'empty' };
    return isResponse ? readSzl(from) : { is: 'szl-request', id: from.u16(), index: from.u16() };
  }
  if (group === BLOCKS && subfunction >= 1 && subfunction <= 3) {
    if (from.left === 0) return { is: 'empty' };
    return isResponse ? readBlocks(subfunction, from) : readBlockRequest(subfunction, from);
  }
  if (group === SECURITY && (subfunction === 1 || subfunction === 2)) {
    if (from.left === 0) return { is: 'empty' };
    const password = from.bytes(8);
    return from.short ? 'illegal' : { is: 'password', password: decodePassword(password) };
  }
  if (group === TIME && subfunction >= 1 && subfunction <= 4)
    return from.left === 0 ? { is: 'empty' } : readClock(from);
  return undefined;
}

function readSzl(from: ByteReader): UserdataContent {
  const [id, index, recordLength, count] = [from.u16(), from.u16(), from.u16(), from.u16()];
  const records: Uint8Array[] = [];
  // Records without length would be any number in no bytes.
  if (recordLength > 0) for (let i = 0; i < count && !from.short; i++) records.push(from.bytes(recordLength));
  return { is: 'szl', id, index, recordLength, records };
}

function readBlockRequest(subfunction: number, from: ByteReader): UserdataContent | 'illegal' {
  if (subfunction === 2) return { is: 'block-type', type: from.text(2) };
  const parts = /^(..)(\d{5})(.)$/s.exec(from.text(8));
  if (subfunction !== 3 || parts === null) return 'illegal';
  const [, type, number, filesystem] = parts as unknown as [string, string, string, string];
  return { is: 'block-query', type, number: Number(number), filesystem };
}

function readBlocks(subfunction: number, from: ByteReader): UserdataContent {
  if (subfunction === 1) {
    const counts: { type: string; count: number }[] = [];
    while (from.left > 0) counts.push({ type: from.text(2), count: from.u16() });
    return { is: 'block-counts', counts };
  }
  if (subfunction === 3) return readInfo(from);
  const blocks: { number: number; flags: number; language: number }[] = [];
  while (from.left > 0) blocks.push({ number: from.u16(), flags: from.u8(), language: from.u8() });
  return { is: 'block-list', blocks };
}

function encodeInfo(info: BlockInfo): Uint8Array {
  const to = new ByteWriter().u8(1).u8(info.type).u16(74).u16(0x22).u16(0x7070).u8(1);
  to.u8(info.flags).u8(info.language).u8(info.subtype).u16(info.number).u32(info.loadLength).u32(info.security);
  to.u32(info.codeTime.milliseconds).u16(info.codeTime.day);
  to.u32(info.interfaceTime.milliseconds).u16(info.interfaceTime.day);
  to.u16(info.ssbLength).u16(info.addLength).u16(info.localLength).u16(info.codeLength);
  to.text(characters(info.author, 8)).text(characters(info.family, 8)).text(characters(info.name, 8));
  return to.u8(info.version).u8(0).u16(info.checksum).u32(0).u32(0).take();
}

function readInfo(from: ByteReader): UserdataContent {
  from.u8();
  const type = from.u8();
  from.bytes(7);
  const info = {
    type,
    flags: from.u8(),
    language: from.u8(),
    subtype: from.u8(),
    number: from.u16(),
    loadLength: from.u32(),
    security: from.u32(),
    codeTime: { milliseconds: from.u32(), day: from.u16() },
    interfaceTime: { milliseconds: from.u32(), day: from.u16() },
    ssbLength: from.u16(),
    addLength: from.u16(),
    localLength: from.u16(),
    codeLength: from.u16(),
    author: from.text(8),
    family: from.text(8),
    name: from.text(8),
    version: from.u8(),
    checksum: 0,
  };
  from.u8();
  info.checksum = from.u16();
  from.bytes(8);
  return { is: 'block-info', info };
}

function encodeClock(clock: S7Clock): Uint8Array {
  if (clock.year < 1990 || clock.year > 2089) throw refused(`a clock has a year of 1990 to 2089, not ${clock.year}`);
  // The second byte is a century that real controllers leave at 19 whatever the year.
  const to = new ByteWriter()
    .u8(0)
    .u8(0x19)
    .u8(bcd(clock.year % 100))
    .u8(bcd(clock.month))
    .u8(bcd(clock.day));
  to.u8(bcd(clock.hour))
    .u8(bcd(clock.minute))
    .u8(bcd(clock.second))
    .u8(bcd(Math.floor(clock.millisecond / 10)));
  return to.u8(((clock.millisecond % 10) << 4) | clock.weekday).take();
}

function readClock(from: ByteReader): UserdataContent | 'illegal' {
  from.u16();
  const [year, month, day, hour, minute, second, hundredths] = Array.from({ length: 7 }, () => unBcd(from.u8())) as [
    ...[number, number, number, number, number, number, number],
  ];
  const last = from.u8();
  const millisecond = hundredths * 10 + (last >> 4);
  if (last >> 4 > 9 || [year, month, day, hour, minute, second, hundredths].includes(-1)) return 'illegal';
  const clock = { year: year + (year < 90 ? 2000 : 1900), month, day, hour, minute, second, millisecond };
  return { is: 'clock', clock: { ...clock, weekday: last & 15 } };
}

function bcd(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 99) throw refused(`a clock's field is 0 to 99, not ${value}`);
  return (Math.floor(value / 10) << 4) | (value % 10);
}

const unBcd = (byte: number): number => (byte >> 4 > 9 || (byte & 15) > 9 ? -1 : (byte >> 4) * 10 + (byte & 15));

/** Each byte is hidden with 0x55 and the hidden byte two before: an encoding, not a cipher. */
function encodePassword(password: string): Uint8Array {
  const hidden = new Uint8Array(8);
  const clear = new ByteWriter().text(characters(password.padEnd(8), 8)).take();
  for (let i = 0; i < 8; i++) hidden[i] = (clear[i] as number) ^ 0x55 ^ (i < 2 ? 0 : (hidden[i - 2] as number));
  return hidden;
}

function decodePassword(hidden: Uint8Array): string {
  const clear = hidden.map((byte, i) => byte ^ 0x55 ^ (i < 2 ? 0 : (hidden[i - 2] as number)));
  return String.fromCharCode(...clear).replace(/ +$/, '');
}

function characters(value: string, length: number): string {
  if (value.length !== length) throw refused(`'${value}' must have ${length} characters`);
  return value;
}
