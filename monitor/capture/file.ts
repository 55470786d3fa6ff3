import { closeSync, openSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { PenstockError } from '@penstock/core';
import { CaptureDecoder } from './decoder.ts';
import type { CaptureSink, CaptureSummary } from './record.ts';
import { PcapWriter } from './writer.ts';

const CHUNK = 4 * 1024 * 1024;

/**
 * Reads a capture file in large chunks; memory does not grow with the file. A file that was cut off ends cleanly with
 * `truncated` set.
 * @param sink gets every packet in the order of the file; an exception of the sink ends the reading
 * @param options.signal stops between two chunks
 * @param options.onChunk called after each chunk with the bytes of the file read so far (progress)
 * @throws PenstockError `capture.unreadable` when there is no such file or it may not be read, `capture.not-a-capture`
 *   or `capture.empty` when it is something else
 */
export async function readCaptureFile(
  path: string,
  sink: CaptureSink,
  options: { signal?: AbortSignal; onChunk?: (bytesRead: number) => void } = {},
): Promise<CaptureSummary> {
  const file = await openForReading(path);
  try {
    const decoder = new CaptureDecoder(sink, path);
    let buffer = new Uint8Array(CHUNK);
    let filled = 0;
    let total = 0;
    while (!options.signal?.aborted && !decoder.damaged) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, null);
      if (bytesRead === 0) break;
      filled += bytesRead;
      total += bytesRead;
      const used = decoder.consume(buffer, 0, filled);
      // Room for the record at the front, which a capture of jumbo records may need to grow for.
      if (used === 0 && decoder.wanted > buffer.length) {
        const larger = new Uint8Array(decoder.wanted * 2);
        larger.set(buffer.subarray(0, filled));
        buffer = larger;
      } else {
        buffer.copyWithin(0, used, filled);
        filled -= used;
      }
      options.onChunk?.(total);
    }
    return decoder.finish(filled);
  } finally {
    await file.close();
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if ((await file.stat()).isDirectory()) {
      await file.close();
      throw new PenstockError('capture.unreadable', `${path} is a directory, not a capture file`);
    }
    return file;
  } catch (error) {
    if (error instanceof PenstockError) throw error;
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new PenstockError('capture.unreadable', `cannot read the capture ${path}: ${reason}`, undefined, error);
  }
}

/** A capture file being written; `close` must be called, or the last packets are lost. */
export interface CaptureFileWriter extends PcapWriter {
  close(): void;
}

/**
 * Creates a pcap file and returns the sink that fills it.
 * @throws PenstockError `capture.unwritable` when the file cannot be created
 */
export function writeCaptureFile(path: string, linkType: number): CaptureFileWriter {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'w');
  } catch (error) {
    throw new PenstockError(
      'capture.unwritable',
      `cannot write the capture ${path}: ${(error as Error).message}`,
      undefined,
      error,
    );
  }
  return new FileWriter(descriptor, linkType);
}

class FileWriter extends PcapWriter implements CaptureFileWriter {
  readonly #descriptor: number;

  constructor(descriptor: number, linkType: number) {
    super((bytes) => {
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    }, linkType);
    this.#descriptor = descriptor;
  }

  close(): void {
    this.flush();
    closeSync(this.#descriptor);
  }
}
