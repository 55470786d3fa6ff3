/**
 * Whole blocks out of the parts of uploads and downloads, with the hash of what they contain, and what a controller says of itself in its status
 * lists. Parts are hashed as they pass; nothing of a block is kept.
 */
import { createHash, type Hash } from 'node:crypto';
import { blockFileName } from './codec.ts';
import type { Emit } from './dissect-emit.ts';
import type { BlockFile, S7Message, UserdataMessage } from './messages.ts';
import { BLOCK_TYPES } from './tables.ts';
import { decodeContent } from './userdata.ts';

/** Around the content of a block. */
const HEADER = 36;
const TRAILER = 36;
/** Blocks of one connection that are on their way, and jobs that wait for their answers. */
const MAX_OPEN = 8;
const MAX_PENDING = 32;
/** Longest block that is followed, and longest status list, bytes. */
const LARGEST = 1_000_000;
const LARGEST_LIST = 16_384;

/** A block that is on its way. */
class Passing {
  readonly file: BlockFile;
  length = 0;
  readonly #hash: Hash = createHash('sha256');
  /** Content ends here, as the block's header tells; unknown before that is whole. */
  #contentEnd = Number.POSITIVE_INFINITY;
  readonly #header = new Uint8Array(HEADER);

  constructor(file: BlockFile) {
    this.file = file;
  }

  add(data: Uint8Array): void {
    const begin = this.length;
    this.length += data.length;
    if (begin < HEADER) {
      this.#header.set(data.subarray(0, HEADER - begin), begin);
      if (this.length < HEADER) return;
      this.#contentEnd = new DataView(this.#header.buffer).getUint32(8) - TRAILER;
    }
    const from = Math.max(0, HEADER - begin);
    const to = Math.min(data.length, this.#contentEnd - begin);
    if (to > from) this.#hash.update(data.subarray(from, to));
  }

  /** SHA-256 of the content, hexadecimal; undefined for a block whose length is not what its header tells. */
  end(): string | undefined {
    return this.length === this.#contentEnd + TRAILER ? this.#hash.digest('hex') : undefined;
  }
}

type Waiting =
  | { readonly kind: 'start-upload'; readonly file: BlockFile }
  | { readonly kind: 'upload'; readonly session: number }
  | { readonly kind: 'download' };

export class BlockWatch {
  readonly #emit: Emit;
  readonly #pending = new Map<string, Waiting>();
  readonly #uploads = new Map<number, Passing>();
  #download: Passing | undefined;
  #list: { readonly sequence: number; readonly parts: number[] } | undefined;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  message(time: number, isOrig: boolean, message: S7Message): void {
    switch (message.rosctr) {
      case 'job':
        this.#asked(isOrig, message.reference, message.body);
        return;
      case 'ack-data':
        if (message.body !== undefined) this.#answered(time, isOrig, message.reference, message.body);
        return;
      case 'userdata':
        if (message.kind === 'response') this.#told(time, isOrig, message);
    }
  }

  #asked(isOrig: boolean, reference: number, body: Extract<S7Message, { rosctr: 'job' }>['body']): void {
    const wait = (waiting: Waiting): void => {
      // The two sides count for themselves.
      if (this.#pending.size >= MAX_PENDING) this.#pending.delete(this.#pending.keys().next().value as string);
      this.#pending.set(`${isOrig}|${reference}`, waiting);
    };
    if (isOrig && body.function === 'start-upload') wait({ kind: 'start-upload', file: body.file });
    else if (isOrig && body.function === 'upload') wait({ kind: 'upload', session: body.session });
    else if (isOrig && body.function === 'request-download') this.#download = new Passing(body.file);
    else if (!isOrig && body.function === 'download-block') {
      this.#download ??= new Passing(body.file);
      wait({ kind: 'download' });
    }
  }

  #answered(
    time: number,
    isOrig: boolean,
    reference: number,
    body: NonNullable<Extract<S7Message, { rosctr: 'ack-data' }>['body']>,
  ): void {
    const key = `${!isOrig}|${reference}`;
    const waiting = this.#pending.get(key);
    if (waiting === undefined) return;
    this.#pending.delete(key);
    if (waiting.kind === 'start-upload') {
      if (body.function !== 'start-upload') return;
      if (this.#uploads.size >= MAX_OPEN) this.#uploads.delete(this.#uploads.keys().next().value as number);
      this.#uploads.set(body.session, new Passing(waiting.file));
    } else if (waiting.kind === 'upload') {
      const passing = this.#uploads.get(waiting.session);
      if (passing === undefined || body.function !== 'upload') return;
      if (this.#add(time, 'upload', passing, body)) this.#uploads.delete(waiting.session);
    } else if (this.#download !== undefined && body.function === 'download-block') {
      if (this.#add(time, 'download', this.#download, body)) this.#download = undefined;
    }
  }

  /** Takes a part; true when the block is over. */
  #add(
    time: number,
    direction: 'upload' | 'download',
    passing: Passing,
    { more, data }: { readonly more: boolean; readonly data: Uint8Array },
  ): boolean {
    passing.add(data);
    if (passing.length > LARGEST) return true;
    if (more) return false;
    const { file, length } = passing;
    this.#emit({
      name: 's7comm_block',
      time,
      is_orig: true,
      direction,
      filename: blockFileName(file),
      block_type: BLOCK_TYPES[file.type] ?? 'Unknown',
      block_number: file.number,
      length,
      content_hash: passing.end(),
    });
    return true;
  }

  /** Parts of a status list put together, and the names in it told. */
  #told(time: number, isOrig: boolean, message: UserdataMessage): void {
    const { group, subfunction, unit, data } = message;
    if (group !== 4 || subfunction !== 1 || unit === undefined || data === undefined || unit.error !== 0) return;
    if (this.#list?.sequence !== message.sequence || unit.reference === 0)
      this.#list = { sequence: message.sequence, parts: [] };
    const { parts } = this.#list;
    if (parts.length + data.bytes.length > LARGEST_LIST) {
      this.#list = undefined;
      return;
    }
    for (const byte of data.bytes) parts.push(byte);
    if (unit.more) return;
    this.#list = undefined;
    const whole = { ...data, bytes: Uint8Array.from(parts) };
    const content = decodeContent({ ...message, unit: { ...unit, more: false }, data: whole });
    if (content.status !== 'ok' || content.message.is !== 'szl') return;
    for (const record of content.message.records)
      for (const [object, value] of identityOf(content.message.id, record))
        this.#emit({ name: 's7comm_identity', time, is_orig: isOrig, object, value });
  }
}

/** Names of components (SZL 0x001c), under those that Modbus gives the same things where there are such. */
const COMPONENTS: Readonly<Record<number, string>> = {
  1: 'StationName',
  2: 'ModelName',
  3: 'PlantName',
  5: 'SerialNumber',
  7: 'ProductName',
  10: 'UserApplicationName',
};

function identityOf(id: number, record: Uint8Array): [string, string][] {
  if (record.length < 26) return [];
  const index = ((record[0] as number) << 8) | (record[1] as number);
  const text = (from: number, to: number): string =>
    String.fromCharCode(...record.subarray(from, to))
      .replace(/[\0 ]+$/, '')
      .replace(/[^\x20-\x7e]/g, '_');
  if ((id & 0xff) === 0x1c) {
    const name = COMPONENTS[index];
    const value = text(2, 34);
    return name === undefined || value === '' ? [] : [[name, value]];
  }
  if ((id & 0xff) !== 0x11) return [];
  if (index === 1) return [['ProductCode', text(2, 22)]];
  if (index === 7 && record[24] === 0x56)
    return [['MajorMinorRevision', `V${record[25]}.${record[26] ?? 0}.${record[27] ?? 0}`]];
  return [];
}
