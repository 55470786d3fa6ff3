/**
 * Framing of Modbus TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, clause 3.1): a seven byte MBAP header (transaction,
 * protocol, length, unit) and the protocol data unit.
 */
import { read16 } from '../exchange/bytes.ts';
import { MAX_PDU } from './tables.ts';

export const MBAP_LENGTH = 7;
/** Largest frame: header, and a PDU of 253 bytes. */
export const MAX_ADU = MBAP_LENGTH + MAX_PDU;
/** The length field counts the unit and the PDU, which has at least its function code. */
export const MIN_LENGTH_FIELD = 2;
export const MAX_LENGTH_FIELD = 1 + MAX_PDU;

export interface Adu {
  readonly transaction: number;
  readonly protocol: number;
  readonly unit: number;
  readonly pdu: Uint8Array;
}

/** A whole frame of its own; `transaction` 0 to 65535, `unit` 0 to 255, 1 to 253 bytes of PDU. */
export function encodeAdu(transaction: number, unit: number, pdu: Uint8Array): Uint8Array {
  const adu = new Uint8Array(MBAP_LENGTH + pdu.length);
  writeHeader(adu, 0, transaction, unit, pdu.length);
  adu.set(pdu, MBAP_LENGTH);
  return adu;
}

export function writeHeader(into: Uint8Array, at: number, transaction: number, unit: number, pduLength: number): void {
  const length = pduLength + 1;
  into[at] = transaction >>> 8;
  into[at + 1] = transaction;
  into[at + 2] = 0;
  into[at + 3] = 0;
  into[at + 4] = length >>> 8;
  into[at + 5] = length;
  into[at + 6] = unit;
}

/** The frame at the start of `bytes`; undefined when it is not whole or its length field is out of bounds. */
export function decodeAdu(bytes: Uint8Array): Adu | undefined {
  if (bytes.length < MBAP_LENGTH + 1) return undefined;
  const length = read16(bytes, 4);
  if (length < MIN_LENGTH_FIELD || length > MAX_LENGTH_FIELD || bytes.length < 6 + length) return undefined;
  return {
    transaction: read16(bytes, 0),
    protocol: read16(bytes, 2),
    unit: bytes[6] as number,
    pdu: bytes.subarray(MBAP_LENGTH, 6 + length),
  };
}

/** Receives every whole frame: `buffer[start..end)` from the transaction id on, valid only during the call. */
export interface AduSink {
  adu(buffer: Uint8Array, start: number, end: number): void;
}

/**
 * Cuts a byte stream into frames without copying those that arrive whole. Holds at most one frame. A frame of another protocol id is
 * skipped (Implementation Guide, 4.4.2.3: the indication is discarded); a length out of bounds leaves no way to find the next
 * frame, so nothing more is read and `broken` is set.
 */
export class AduReader {
  broken = false;
  /** Frames with another protocol id. */
  foreign = 0;
  readonly #sink: AduSink;
  readonly #held = new Uint8Array(MAX_ADU);
  #heldLength = 0;

  constructor(sink: AduSink) {
    this.#sink = sink;
  }

  receive(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    let at = start;
    if (this.#heldLength > 0) {
      at = this.#complete(bytes, start, end);
      if (at < 0) return;
    }
    while (!this.broken && at + 6 <= end) {
      const length = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
      if (length < MIN_LENGTH_FIELD || length > MAX_LENGTH_FIELD) {
        this.broken = true;
        return;
      }
      const next = at + 6 + length;
      if (next > end) break;
      this.#deliver(bytes, at, next);
      at = next;
    }
    if (this.broken || at >= end) return;
    this.#held.set(bytes.subarray(at, end), 0);
    this.#heldLength = end - at;
  }

  /** Forgets what is held, for a new connection. */
  reset(): void {
    this.#heldLength = 0;
    this.broken = false;
  }

  /** Completes the held frame; returns where the rest of `bytes` begins, -1 when nothing is left to do. */
  #complete(bytes: Uint8Array, start: number, end: number): number {
    const held = this.#held;
    let taken = start;
    while (this.#heldLength < 6) {
      if (taken >= end) return -1;
      held[this.#heldLength++] = bytes[taken++] as number;
    }
    const length = read16(held, 4);
    if (length < MIN_LENGTH_FIELD || length > MAX_LENGTH_FIELD) {
      this.broken = true;
      return -1;
    }
    const missing = 6 + length - this.#heldLength;
    const available = end - taken;
    if (available < missing) {
      held.set(bytes.subarray(taken, end), this.#heldLength);
      this.#heldLength += available;
      return -1;
    }
    held.set(bytes.subarray(taken, taken + missing), this.#heldLength);
    this.#heldLength = 0;
    this.#deliver(held, 0, 6 + length);
    return taken + missing;
  }

  #deliver(buffer: Uint8Array, start: number, end: number): void {
    if (buffer[start + 2] !== 0 || buffer[start + 3] !== 0) this.foreign++;
    else this.#sink.adu(buffer, start, end);
  }
}
