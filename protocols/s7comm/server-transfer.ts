/**
 * Blocks on their way between a server and one client. Of an upload the client asks for part after part; in a download it is the
 * server that asks, with jobs of its own, until the client says that there is no more.
 */
import { type Duration, type Instant, NEVER, seconds } from '@penstock/core';
import { BLOCK_OVERHEAD, isProgram } from './blocks.ts';
import type { AckBody, BlockFile, JobBody } from './messages.ts';
import type { S7Server } from './server.ts';
import { DOWNLOAD_ENDED, END_UPLOAD, ERROR, REQUEST_DOWNLOAD } from './tables.ts';

/** What comes of a job: an acknowledgement with a body, or an error. */
export type Answer = AckBody | number;

interface Upload {
  readonly id: number;
  readonly bytes: Uint8Array;
  at: number;
}

interface Download {
  readonly file: BlockFile;
  readonly length: number;
  /** Filled from its begin. */
  readonly bytes: Uint8Array;
  received: number;
  /** Of the job that waits for its answer. */
  reference: number;
  ending: boolean;
  deadline: Instant;
}

/** Uploads of one connection at once. */
const MAX_UPLOADS = 4;
/** A client that does not answer within this time has given up. */
const PATIENCE: Duration = seconds(10);
/** Of a PDU, what a part of a block cannot use: headers, function, status, length and mark. */
const PART_OVERHEAD = 12 + 2 + 4;

export class Transfers {
  readonly #server: S7Server;
  readonly #ask: (reference: number, body: JobBody) => void;
  readonly #uploads: Upload[] = [];
  #download: Download | undefined;
  #nextUpload = 0;
  #nextReference = 0;

  /** @param ask sends a job to the client */
  constructor(server: S7Server, ask: (reference: number, body: JobBody) => void) {
    this.#server = server;
    this.#ask = ask;
  }

  get due(): Instant {
    return this.#download?.deadline ?? NEVER;
  }

  tick(now: Instant): void {
    if (this.#download !== undefined && this.#download.deadline <= now) this.#download = undefined;
  }

  /** Everything under way is forgotten. */
  end(): void {
    this.#uploads.length = 0;
    this.#download = undefined;
  }

  startUpload({ type, number, filesystem }: BlockFile): Answer {
    if (filesystem !== 'A' && filesystem !== 'B' && filesystem !== 'P') return ERROR.blockName;
    if (!/^0[8A-F]$/.test(type)) return ERROR.blockType;
    const bytes =
      filesystem === 'P' && isProgram(type, number) ? this.#server.staged : this.#server.encoded(type, number);
    if (bytes === undefined) return ERROR.noBlock;
    if (this.#uploads.length === MAX_UPLOADS) return ERROR.noMemory;
    this.#nextUpload = (this.#nextUpload % 0xffff) + 1;
    this.#uploads.push({ id: this.#nextUpload, bytes, at: 0 });
    return { function: 'start-upload', session: this.#nextUpload, length: bytes.length };
  }

  upload(session: number, pduLength: number): Answer {
    const upload = this.#uploads.find(({ id }) => id === session);
    if (upload === undefined) return ERROR.coordination;
    const data = upload.bytes.subarray(upload.at, upload.at + pduLength - PART_OVERHEAD);
    upload.at += data.length;
    return { function: 'upload', more: upload.at < upload.bytes.length, data };
  }

  endUpload(session: number): Answer {
    const index = this.#uploads.findIndex(({ id }) => id === session);
    if (index < 0) return ERROR.coordination;
    this.#uploads.splice(index, 1);
    return { function: 'done', code: END_UPLOAD };
  }

  /** The client has a block to load; `begin` follows when it was told that it may. */
  requestDownload({ type, number, filesystem }: BlockFile, loadLength: number): Answer {
    if (filesystem !== 'P') return ERROR.blockName;
    if (!/^0[8A-F]$/.test(type)) return ERROR.blockType;
    if (!isProgram(type, number)) return this.#server.block(type, number) ? ERROR.blockInRom : ERROR.blockNumber;
    if (loadLength < BLOCK_OVERHEAD) return ERROR.parameter;
    return this.#download === undefined ? { function: 'done', code: REQUEST_DOWNLOAD } : ERROR.coordination;
  }

  begin(file: BlockFile, length: number, now: Instant): void {
    this.#download = {
      file,
      length,
      bytes: new Uint8Array(length),
      received: 0,
      reference: 0,
      ending: false,
      deadline: NEVER,
    };
    this.#next(now);
  }

  /** An answer of the client to one of our jobs. */
  answered(reference: number, error: number, body: AckBody | undefined, now: Instant): void {
    const download = this.#download;
    if (download === undefined || download.reference !== reference) return;
    if (error !== 0 || body === undefined) this.#download = undefined;
    else if (download.ending) this.#complete(download, body);
    else if (body.function !== 'download-block') this.#download = undefined;
    else {
      const { data, more } = body;
      // A part without length would never end, a block that is longer than announced is none.
      if (download.received + data.length > download.length || (more && data.length === 0)) {
        this.#download = undefined;
        return;
      }
      download.bytes.set(data, download.received);
      download.received += data.length;
      download.ending = !more;
      this.#next(now);
    }
  }

  #next(now: Instant): void {
    const download = this.#download as Download;
    this.#nextReference = (this.#nextReference % 0xffff) + 1;
    download.reference = this.#nextReference;
    download.deadline = (now + PATIENCE) as Instant;
    const { file } = download;
    const error = download.received === download.length ? 0 : ERROR.parameter;
    this.#ask(
      download.reference,
      download.ending ? { function: 'download-ended', error, file } : { function: 'download-block', file },
    );
  }

  #complete(download: Download, body: AckBody): void {
    this.#download = undefined;
    const ended = body.function === 'done' && body.code === DOWNLOAD_ENDED;
    if (!ended || download.received !== download.length) return;
    this.#server.staged = download.bytes;
  }
}
