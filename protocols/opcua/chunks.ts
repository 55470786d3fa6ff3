/** Chunks of UA-TCP and UA-SecureConversation (OPC 10000-6, 6.7.2 and 7.1.2): cut out of a stream, put together, and cut again. */
import { HEADER, SMALLEST_BUFFER } from './tables.ts';

export type MessageType = 'HEL' | 'ACK' | 'ERR' | 'RHE' | 'OPN' | 'MSG' | 'CLO';
const TYPES = new Map<number, MessageType>(
  (['HEL', 'ACK', 'ERR', 'RHE', 'OPN', 'MSG', 'CLO'] as const).map((type) => [
    type.charCodeAt(0) | (type.charCodeAt(1) << 8) | (type.charCodeAt(2) << 16),
    type,
  ]),
);
/** `F`: the last or only chunk of a message, `C`: more follow, `A`: the message is given up. */
const CHUNKS = new Map([
  [0x46, 'F'],
  [0x43, 'C'],
  [0x41, 'A'],
] as const);
export type ChunkType = 'F' | 'C' | 'A';

/** Bytes of a channel's header and sequence header in a MSG or CLO: channel, token, sequence number, request. */
export const MESSAGE_HEADERS = HEADER + 16;

export interface ChunkHeader {
  readonly type: MessageType;
  readonly chunk: ChunkType;
  /** Whole, header included. */
  readonly size: number;
}

/** The header that begins at `at`; undefined where none does. Needs eight bytes. */
export function chunkHeader(buffer: Uint8Array, at: number): ChunkHeader | undefined {
  const type = TYPES.get(
    (buffer[at] as number) | ((buffer[at + 1] as number) << 8) | ((buffer[at + 2] as number) << 16),
  );
  const chunk = CHUNKS.get(buffer[at + 3] as 0x46);
  if (type === undefined || chunk === undefined) return undefined;
  // Only messages of a channel come in more than one chunk.
  if (chunk !== 'F' && type !== 'MSG') return undefined;
  const size = read32(buffer, at + 4);
  return size < HEADER + 4 && type !== 'MSG' ? undefined : { type, chunk, size };
}

export const read32 = (buffer: Uint8Array, at: number): number =>
  ((buffer[at] as number) |
    ((buffer[at + 1] as number) << 8) |
    ((buffer[at + 2] as number) << 16) |
    ((buffer[at + 3] as number) << 24)) >>>
  0;

function write32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
  buffer[at + 2] = value >>> 16;
  buffer[at + 3] = value >>> 24;
}

/** Hears of every whole chunk: `buffer[start..end)` from its header on, valid only during the call; and of what ends the stream. */
export interface ChunkSink {
  chunk(header: ChunkHeader, buffer: Uint8Array, start: number, end: number): void;
  /** No header begins here, or the chunk is longer than was agreed on: nothing behind it can be found. */
  lost(why: 'type' | 'size'): void;
}

/** Cuts a stream into chunks; those that arrive whole are not copied. Holds at most one. */
export class ChunkReader {
  /** Longest chunk that is taken, bytes. */
  limit: number;
  readonly #sink: ChunkSink;
  #held = new Uint8Array(0);
  #length = 0;
  #lost = false;

  constructor(sink: ChunkSink, limit: number) {
    this.#sink = sink;
    this.limit = limit;
  }

  receive(buffer: Uint8Array, start: number, end: number): void {
    let at = start;
    while (!this.#lost && at < end) {
      if (this.#length > 0) {
        at = this.#complete(buffer, at, end);
        continue;
      }
      if (end - at < HEADER) {
        this.#hold(buffer, at, end);
        return;
      }
      const header = this.#header(buffer, at);
      if (header === undefined) return;
      if (at + header.size > end) {
        this.#hold(buffer, at, end);
        return;
      }
      this.#sink.chunk(header, buffer, at, at + header.size);
      at += header.size;
    }
  }

  reset(): void {
    this.#length = 0;
    this.#lost = false;
  }

  #header(buffer: Uint8Array, at: number): ChunkHeader | undefined {
    const header = chunkHeader(buffer, at);
    if (header !== undefined && header.size <= this.limit && header.size >= HEADER) return header;
    this.#lost = true;
    this.#sink.lost(header === undefined ? 'type' : 'size');
    return undefined;
  }

  #hold(buffer: Uint8Array, start: number, end: number): void {
    const needed = this.#length + end - start;
    if (needed > this.#held.length) {
      const grown = new Uint8Array(Math.max(needed, 512, Math.min(this.#held.length * 2, this.limit)));
      grown.set(this.#held.subarray(0, this.#length));
      this.#held = grown;
    }
    this.#held.set(buffer.subarray(start, end), this.#length);
    this.#length = needed;
  }

  /** Adds to the held chunk what it lacks; where the rest begins. */
  #complete(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    if (this.#length < HEADER) {
      const next = Math.min(end, at + HEADER - this.#length);
      this.#hold(buffer, at, next);
      at = next;
      if (this.#length < HEADER) return at;
    }
    const header = this.#header(this.#held, 0);
    if (header === undefined) return end;
    const next = Math.min(end, at + header.size - this.#length);
    this.#hold(buffer, at, next);
    if (this.#length < header.size) return next;
    this.#length = 0;
    const held = this.#held;
    // What the sink sends in answer must not be read into the chunk that it still looks at.
    this.#sink.chunk(header, held, 0, header.size);
    if (held.length > SMALLEST_BUFFER) this.#held = new Uint8Array(0);
    return next;
  }
}

/** Bodies of a message's chunks, one behind the other; bounded in number and bytes. */
export class Assembly {
  requestId = 0;
  chunks = 0;
  #bytes: Uint8Array[] = [];
  #length = 0;

  get isEmpty(): boolean {
    return this.chunks === 0;
  }

  get length(): number {
    return this.#length;
  }

  add(requestId: number, body: Uint8Array): void {
    this.requestId = requestId;
    this.chunks++;
    this.#length += body.length;
    this.#bytes.push(body.slice());
  }

  take(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const bytes of this.#bytes) {
      whole.set(bytes, at);
      at += bytes.length;
    }
    this.reset();
    return whole;
  }

  reset(): void {
    this.chunks = 0;
    this.#length = 0;
    this.#bytes = [];
  }
}

/** Where bytes go out. */
interface Out {
  buffer: Uint8Array;
  length: number;
  reserve(more: number): void;
}

const encodeType = (type: MessageType): number =>
  type.charCodeAt(0) | (type.charCodeAt(1) << 8) | (type.charCodeAt(2) << 16);

/** HEL, ACK, ERR: one chunk, and no channel. */
export function writePlain(out: Out, type: 'HEL' | 'ACK' | 'ERR', body: Uint8Array): void {
  const size = HEADER + body.length;
  out.reserve(size);
  const at = out.length;
  write32(out.buffer, at, encodeType(type) | (0x46 << 24));
  write32(out.buffer, at + 4, size);
  out.buffer.set(body, at + HEADER);
  out.length = at + size;
}

/** OPN under policy None: `header` is the asymmetric header, encoded. */
export function writeOpen(
  out: Out,
  channelId: number,
  header: Uint8Array,
  sequence: number,
  requestId: number,
  body: Uint8Array,
): void {
  const size = HEADER + 4 + header.length + 8 + body.length;
  out.reserve(size);
  const at = out.length;
  const { buffer } = out;
  write32(buffer, at, encodeType('OPN') | (0x46 << 24));
  write32(buffer, at + 4, size);
  write32(buffer, at + 8, channelId);
  buffer.set(header, at + 12);
  const rest = at + 12 + header.length;
  write32(buffer, rest, sequence);
  write32(buffer, rest + 4, requestId);
  buffer.set(body, rest + 8);
  out.length = at + size;
}

/** Numbers of a channel that its messages carry. */
export interface ChannelNumbers {
  readonly channelId: number;
  readonly tokenId: number;
  /** Of the chunk that was sent last; goes on with every chunk. */
  sequence: number;
}

/** A message in as many chunks of at most `chunkSize` bytes as it needs. */
export function writeMessage(
  out: Out,
  type: 'MSG' | 'CLO',
  channel: ChannelNumbers,
  requestId: number,
  body: Uint8Array,
  chunkSize: number,
): void {
  const room = chunkSize - MESSAGE_HEADERS;
  let from = 0;
  do {
    const length = Math.min(room, body.length - from);
    const isLast = from + length === body.length;
    const size = MESSAGE_HEADERS + length;
    out.reserve(size);
    const at = out.length;
    const { buffer } = out;
    write32(buffer, at, encodeType(type) | ((isLast ? 0x46 : 0x43) << 24));
    write32(buffer, at + 4, size);
    write32(buffer, at + 8, channel.channelId);
    write32(buffer, at + 12, channel.tokenId);
    channel.sequence = nextSequence(channel.sequence);
    write32(buffer, at + 16, channel.sequence);
    write32(buffer, at + 20, requestId);
    buffer.set(from === 0 && isLast ? body : body.subarray(from, from + length), at + MESSAGE_HEADERS);
    out.length = at + size;
    from += length;
  } while (from < body.length);
}

/** Sequence numbers go round before they end, and begin below 1024 then (OPC 10000-6, 6.7.2.4). */
const LAST_SEQUENCE = 0xffff_ffff - 1024;
export const nextSequence = (last: number): number => (last >= LAST_SEQUENCE ? 1 : last + 1);
export const isNextSequence = (last: number, next: number): boolean =>
  next === last + 1 || (last >= LAST_SEQUENCE && next < 1024);
