/**
 * A block as it travels: a header of 36 bytes, its content, a trailer of 36 bytes. Of a code block the content is its text in UTF-8, of
 * a data block the bytes of its memory.
 */
import { type Decoded, illegal, ok } from '../exchange/decoded.ts';
import { ByteReader, ByteWriter } from './bytes.ts';

const HEADER = 36;
const TRAILER = 36;
/** Bytes around the content. */
export const BLOCK_OVERHEAD = HEADER + TRAILER;
const SIGNATURE = 0x7070;
const VERSION = 1;
/** Linked, as blocks that can be executed are. */
const LINKED = 1;

/** Languages of blocks. */
export const LANGUAGE_SCL = 4;
export const LANGUAGE_DB = 5;

/** The one block that carries the program: the organisation block that runs in every cycle. */
export const PROGRAM_BLOCK = { type: '08', number: 1 } as const;

/** Whether a block is the one that carries the program. */
export const isProgram = (type: string, number: number): boolean =>
  type === PROGRAM_BLOCK.type && number === PROGRAM_BLOCK.number;

export interface Block {
  /** As the first two characters of a block's file name, as number: 8 organisation block, 10 data block. */
  readonly type: number;
  readonly number: number;
  readonly language: number;
  /** Milliseconds of the day and days since 1984-01-01. */
  readonly time: { readonly milliseconds: number; readonly day: number };
  /** 8 characters each; longer ones are cut. */
  readonly author: string;
  readonly family: string;
  readonly name: string;
  readonly content: Uint8Array;
}

/** Names of blocks and of their makers have eight printable characters. */
export const eightCharacters = (text: string): string =>
  text
    .replace(/[^\x20-\x7e]/g, '_')
    .slice(0, 8)
    .padEnd(8, '\0');

/** @throws PenstockError `s7comm.encode` for a field that does not fit */
export function encodeBlock(block: Block): Uint8Array {
  const { content, time } = block;
  const writer = new ByteWriter().u16(SIGNATURE).u8(VERSION).u8(LINKED).u8(block.language).u8(block.type);
  writer
    .u16(block.number, 'block number')
    .u32(content.length + BLOCK_OVERHEAD)
    .u32(0);
  writer.u32(time.milliseconds).u16(time.day).u32(time.milliseconds).u16(time.day);
  // Lengths of segment table, additional data, local data and code; a code of more than 64 KiB has the load length only.
  writer.u16(0).u16(0).u16(0).u16(Math.min(content.length, 0xffff));
  const trailer = new ByteWriter()
    .text(eightCharacters(block.author))
    .text(eightCharacters(block.family))
    .text(eightCharacters(block.name));
  trailer.u32(0x0100_0000).u32(0).u32(0);
  const bytes = new Uint8Array(content.length + BLOCK_OVERHEAD);
  bytes.set(writer.take());
  bytes.set(content, HEADER);
  bytes.set(trailer.take(), HEADER + content.length);
  return bytes;
}

/** The block in `bytes`, which hold nothing else. */
export function decodeBlock(bytes: Uint8Array): Decoded<Block> {
  const reader = new ByteReader(bytes, 0, bytes.length);
  if (bytes.length < BLOCK_OVERHEAD || reader.u16() !== SIGNATURE)
    return illegal(`a block begins with 0x7070 and has at least ${BLOCK_OVERHEAD} bytes`);
  reader.u16();
  const [language, type, number, length] = [reader.u8(), reader.u8(), reader.u16(), reader.u32()];
  if (length !== bytes.length) return illegal(`the header tells ${length} bytes, there are ${bytes.length}`);
  reader.u32();
  const time = { milliseconds: reader.u32(), day: reader.u16() };
  const content = bytes.slice(HEADER, bytes.length - TRAILER);
  const end = new ByteReader(bytes, bytes.length - TRAILER, bytes.length);
  const [author, family, name] = [0, 1, 2].map(() => end.text(8).replace(/\0+$/, '')) as [string, string, string];
  return ok({ type, number, language, time, author, family, name, content });
}
