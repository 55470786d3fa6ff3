/** Firmware images on their way, whatever carries them: an FTP data connection of their own, or the body of a web form. */
import { createHash, type Hash } from 'node:crypto';
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { FIRMWARE_MAGIC, firmwareHead, hasMagic, LARGEST_IMAGE } from './image.ts';

/** An image that passed by. */
export interface FirmwareTransferEvent extends ProtocolEvent {
  readonly name: 'firmware_transfer';
  readonly is_orig: boolean;
  /** `http`, `ftp-data`. */
  readonly carrier: string;
  readonly vendor: string | undefined;
  readonly product: string | undefined;
  readonly version: string | undefined;
  readonly length: number;
  readonly signed: boolean | undefined;
  /** SHA-256 of the file, hexadecimal; undefined where it was not seen whole. */
  readonly content_hash: string | undefined;
}

/** The event of a file whose bytes are all there. */
export function firmwareTransfer(
  time: number,
  isOrig: boolean,
  carrier: string,
  bytes: Uint8Array,
  whole = true,
): FirmwareTransferEvent {
  const start = firmwareHead(bytes);
  return {
    name: 'firmware_transfer',
    time,
    is_orig: isOrig,
    carrier,
    vendor: start?.head.vendor,
    product: start?.head.product,
    version: start?.head.version,
    length: bytes.length,
    signed: start?.isSigned,
    content_hash: whole ? createHash('sha256').update(bytes).digest('hex') : undefined,
  };
}

const MOST_HEAD = 4096;

/** A connection that carries nothing else. */
class FirmwareDissector implements Dissector {
  unparsedBytes = 0;
  violations = 0;
  readonly #emit: (event: ProtocolEvent) => void;
  readonly #hash: Hash = createHash('sha256');
  #head: Uint8Array[] = [];
  #kept = 0;
  #length = 0;
  #isOrig = false;
  #hasGap = false;
  #isTold = false;

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
  }

  data(fromOriginator: boolean, _time: number, buffer: Uint8Array, start: number, end: number): void {
    if (this.#length === 0) this.#isOrig = fromOriginator;
    if (fromOriginator !== this.#isOrig || this.#length > LARGEST_IMAGE) {
      this.unparsedBytes += end - start;
      return;
    }
    const bytes = buffer.slice(start, end);
    this.#length += bytes.length;
    this.#hash.update(bytes);
    if (this.#kept < MOST_HEAD) {
      this.#head.push(bytes);
      this.#kept += bytes.length;
    }
  }

  gap(fromOriginator: boolean, _time: number, missing: number): void {
    if (fromOriginator !== this.#isOrig) return;
    this.#hasGap = true;
    this.#length += missing;
  }

  end(time: number): void {
    if (this.#isTold || this.#length === 0) return;
    this.#isTold = true;
    const event = firmwareTransfer(time, this.#isOrig, 'ftp-data', Buffer.concat(this.#head), false);
    const hash = this.#hasGap ? undefined : this.#hash.digest('hex');
    this.#emit({ ...event, length: this.#length, content_hash: hash } satisfies FirmwareTransferEvent as ProtocolEvent);
  }
}

export const firmwareDissector: DissectorFactory = {
  protocol: 'firmware',
  transport: 'tcp',
  ports: [],
  probe(buffer, start, end) {
    if (end - start < FIRMWARE_MAGIC.length) return undefined;
    return hasMagic(buffer, start) ? 0.9 : 0;
  },
  create: (emit) => new FirmwareDissector(emit),
};
