/**
 * The controller's program as files of 16-bit big-endian records, as Modbus FC 20 and 21 move them.
 *
 *     file 1         record 0–1   length of the text in bytes (UTF-8)
 *                    record 2–5   first 8 bytes of the text's SHA-256
 *                    record 6–7   0
 *                    record 8…    the text, two bytes a record, the last one filled up with 0
 *     file 2, 3, …   record 0…    its continuation, 10,000 records a file
 *     file 101, 102, …            the same layout, writable: the staging area
 *
 * A transfer writes the text into the staging area first and the header (records 0 to 5 of file 101, in one write) last: that verifies
 * length and hash, compiles and activates. A header with length 0 empties the staging area.
 */
import { createHash } from 'node:crypto';

export const RECORDS_PER_FILE = 10_000;
export const ACTIVE_FILE = 1;
export const STAGING_FILE = 101;
/** Files of each area. */
const FILES = 50;
const HEADER_BYTES = 16;
/** Bytes of length and hash. */
const HEADER_USED = 12;
const FILE_BYTES = RECORDS_PER_FILE * 2;

export const sha256 = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest();

/** The header and text as one run of bytes. */
export function encodeProgram(text: string): Uint8Array {
  const body = new TextEncoder().encode(text);
  const image = new Uint8Array(HEADER_BYTES + body.length + (body.length % 2));
  new DataView(image.buffer).setUint32(0, body.length);
  image.set(sha256(body).subarray(0, 8), 4);
  image.set(body, HEADER_BYTES);
  return image;
}

/** Copies `count` records of an image that is spread over files, undefined when it does not reach that far. */
export function readRecords(
  image: Uint8Array,
  length: number,
  fileIndex: number,
  record: number,
  count: number,
): Uint8Array | undefined {
  if (fileIndex < 0 || fileIndex >= FILES || record < 0 || count < 1 || record + count > RECORDS_PER_FILE)
    return undefined;
  const start = fileIndex * FILE_BYTES + record * 2;
  return start + count * 2 > length ? undefined : image.slice(start, start + count * 2);
}

/** What a write into the staging area led to. */
export type Staged =
  | { readonly kind: 'stored' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'program'; readonly text: string };

export class StagingArea {
  #image = new Uint8Array(4096);
  /** End of what was written so far. */
  #length = 0;

  read(file: number, record: number, count: number): Uint8Array | undefined {
    return readRecords(this.#image, this.#length, file - STAGING_FILE, record, count);
  }

  /** Stores records; a write of the whole header completes a transfer. */
  write(file: number, record: number, bytes: Uint8Array): Staged {
    const index = file - STAGING_FILE;
    const outside = index < 0 || index >= FILES || record < 0 || record * 2 + bytes.length > FILE_BYTES;
    if (outside || bytes.length === 0 || bytes.length % 2 === 1)
      return { kind: 'refused', reason: `records ${record} and on of file ${file} do not exist` };
    const start = index * FILE_BYTES + record * 2;
    const end = start + bytes.length;
    if (end > this.#image.length) this.#grow(end);
    this.#image.set(bytes, start);
    this.#length = Math.max(this.#length, end);
    return start === 0 && bytes.length >= HEADER_USED ? this.#complete() : { kind: 'stored' };
  }

  clear(): void {
    this.#image = new Uint8Array(4096);
    this.#length = 0;
  }

  #grow(size: number): void {
    const image = new Uint8Array(Math.max(size, this.#image.length * 2));
    image.set(this.#image);
    this.#image = image;
  }

  #complete(): Staged {
    const length = new DataView(this.#image.buffer).getUint32(0);
    if (length === 0) {
      this.clear();
      return { kind: 'stored' };
    }
    const available = Math.max(0, this.#length - HEADER_BYTES);
    if (length > available)
      return { kind: 'refused', reason: `the header announces ${length} bytes, ${available} were written` };
    const body = this.#image.subarray(HEADER_BYTES, HEADER_BYTES + length);
    const hash = sha256(body);
    for (let i = 0; i < 8; i++)
      if (hash[i] !== this.#image[4 + i])
        return { kind: 'refused', reason: 'the hash of the text is not that of the header' };
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
      this.clear();
      return { kind: 'program', text };
    } catch {
      return { kind: 'refused', reason: 'the text is not UTF-8' };
    }
  }
}

/**
 * The writes that transfer a program, in order: records of the text, then the header.
 * @param recordsPerWrite how many records one write of the protocol carries (Modbus FC 21 takes up to 122)
 */
export function* programWrites(
  text: string,
  recordsPerWrite = 120,
): Generator<{ readonly file: number; readonly record: number; readonly bytes: Uint8Array }> {
  const image = encodeProgram(text);
  for (let start = HEADER_BYTES; start < image.length; ) {
    const file = Math.floor(start / FILE_BYTES);
    const end = Math.min(start + recordsPerWrite * 2, image.length, (file + 1) * FILE_BYTES);
    yield { file: STAGING_FILE + file, record: (start - file * FILE_BYTES) / 2, bytes: image.slice(start, end) };
    start = end;
  }
  yield { file: STAGING_FILE, record: 0, bytes: image.slice(0, HEADER_USED) };
}

/** Reads what `encodeProgram` wrote: length and hash of a header, undefined when it is too short. */
export function decodeHeader(bytes: Uint8Array): { readonly length: number; readonly hash: Uint8Array } | undefined {
  if (bytes.length < HEADER_USED) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { length: view.getUint32(0), hash: bytes.slice(4, HEADER_USED) };
}
