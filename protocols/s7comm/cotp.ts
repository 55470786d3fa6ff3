/** Transport protocol data units of class 0 (ITU-T X.224 clause 13, RFC 905): connection, data in fragments, disconnection. */

import { type Decoded, illegal, ok } from '../exchange/decoded.ts';
import { ByteReader, ByteWriter, refused } from './bytes.ts';

export interface ConnectionTpdu {
  readonly type: 'connection-request' | 'connection-confirm';
  readonly destinationReference: number;
  readonly sourceReference: number;
  /** Class in the upper four bits, options below. */
  readonly classOption: number;
  /** Exponent of the largest TPDU, 7 (128 bytes) to 13 (8192); undefined when not named (128 then). */
  readonly tpduSize: number | undefined;
  /** Calling (c1) and called (c2) transport selector. Of S7: a byte for the kind of connection, then rack × 32 + slot. */
  readonly callingTsap: Uint8Array | undefined;
  readonly calledTsap: Uint8Array | undefined;
}

export interface DataTpdu {
  readonly type: 'data';
  /** The last fragment of a message. */
  readonly endOfMessage: boolean;
  readonly number: number;
  readonly data: Uint8Array;
}

export interface DisconnectTpdu {
  readonly type: 'disconnect-request';
  readonly destinationReference: number;
  readonly sourceReference: number;
  readonly reason: number;
}

export type Tpdu = ConnectionTpdu | DataTpdu | DisconnectTpdu;

const TPDU_SIZE = 0xc0;
const CALLING_TSAP = 0xc1;
const CALLED_TSAP = 0xc2;

/** The selector of a rack (0 to 7) and slot (0 to 31). `kind`: 1 programming device, 2 operator station, 3 other. */
export const tsapOf = (kind: number, rack: number, slot: number): Uint8Array => Uint8Array.of(kind, rack * 32 + slot);

/** @throws PenstockError `s7comm.encode` when a field does not fit. */
export function encodeCotp(tpdu: Tpdu): Uint8Array {
  const writer = new ByteWriter();
  switch (tpdu.type) {
    case 'data':
      if (tpdu.number > 0x7f) throw refused(`a TPDU number is 0 to 127, not ${tpdu.number}`);
      writer
        .u8(2)
        .u8(0xf0)
        .u8((tpdu.endOfMessage ? 0x80 : 0) | tpdu.number);
      return writer.bytes(tpdu.data).take();
    case 'disconnect-request':
      return writer.u8(6).u8(0x80).u16(tpdu.destinationReference).u16(tpdu.sourceReference).u8(tpdu.reason).take();
    default: {
      writer.u8(tpdu.type === 'connection-request' ? 0xe0 : 0xd0);
      writer.u16(tpdu.destinationReference).u16(tpdu.sourceReference).u8(tpdu.classOption);
      if (tpdu.tpduSize !== undefined) writer.u8(TPDU_SIZE).u8(1).u8(tpdu.tpduSize);
      if (tpdu.callingTsap !== undefined) writer.u8(CALLING_TSAP).u8(tpdu.callingTsap.length).bytes(tpdu.callingTsap);
      if (tpdu.calledTsap !== undefined) writer.u8(CALLED_TSAP).u8(tpdu.calledTsap.length).bytes(tpdu.calledTsap);
      if (writer.length > 254) throw refused(`a transport header has at most 254 bytes, not ${writer.length}`);
      return Uint8Array.of(writer.length, ...writer.take());
    }
  }
}

/** Reads the TPDU `buffer[start..end)`. Codes that class 0 does not have are `unsupported`. */
export function decodeCotp(buffer: Uint8Array, start = 0, end = buffer.length): Decoded<Tpdu> {
  const indicator = buffer[start] as number;
  if (end - start < 3 || indicator < 2 || start + 1 + indicator > end)
    return illegal(`a transport header of ${indicator} bytes does not fit ${end - start} bytes`);
  const code = buffer[start + 1] as number;
  const header = new ByteReader(buffer, start + 2, start + 1 + indicator);
  switch (code >> 4) {
    case 0xf: {
      if (indicator !== 2) return illegal(`a data TPDU of class 0 has a header of 2 bytes, not ${indicator}`);
      const last = header.u8();
      const data = buffer.slice(start + 3, end);
      return ok({ type: 'data', endOfMessage: last >= 0x80, number: last & 0x7f, data });
    }
    case 0xe:
    case 0xd:
      return decodeConnection(code >> 4 === 0xe ? 'connection-request' : 'connection-confirm', header);
    case 0x8: {
      const [destinationReference, sourceReference, reason] = [header.u16(), header.u16(), header.u8()];
      if (header.short) return illegal('a disconnect request has a header of 6 bytes');
      return ok({ type: 'disconnect-request', destinationReference, sourceReference, reason });
    }
    default:
      return { status: 'unsupported', reason: `class 0 has no TPDU of code 0x${code.toString(16)}` };
  }
}

function decodeConnection(type: ConnectionTpdu['type'], header: ByteReader): Decoded<Tpdu> {
  const [destinationReference, sourceReference, classOption] = [header.u16(), header.u16(), header.u8()];
  let tpduSize: number | undefined;
  let callingTsap: Uint8Array | undefined;
  let calledTsap: Uint8Array | undefined;
  while (header.left > 0 && !header.short) {
    const parameter = header.u8();
    const value = header.bytes(header.u8());
    if (parameter === TPDU_SIZE) tpduSize = value[0];
    else if (parameter === CALLING_TSAP) callingTsap = value;
    else if (parameter === CALLED_TSAP) calledTsap = value;
  }
  if (header.short) return illegal('the parameters of a connection TPDU go beyond its header');
  return ok({ type, destinationReference, sourceReference, classOption, tpduSize, callingTsap, calledTsap });
}

/** Longest message that is put together of fragments; an S7 message has at most 65,535 bytes of parameters or data each. */
const MAX_MESSAGE = 65_536;

/** Puts the fragments of data TPDUs together. */
export class Assembly {
  /** Messages given up because they were longer than 65,536 bytes. */
  dropped = 0;
  #held: Uint8Array[] = [];
  #length = 0;
  #overflowed = false;

  /** Whether nothing is begun, so that a last fragment is a message of its own. */
  get isEmpty(): boolean {
    return this.#length === 0 && !this.#overflowed;
  }

  /** The message that this fragment ends, if it ends one. */
  add(endOfMessage: boolean, fragment: Uint8Array): Uint8Array | undefined {
    if (endOfMessage && this.#length === 0 && !this.#overflowed) return fragment;
    if (this.#length + fragment.length > MAX_MESSAGE || this.#held.length === 4096) this.#overflowed = true;
    if (this.#overflowed) this.#held.length = 0;
    else this.#held.push(fragment);
    this.#length = this.#overflowed ? 0 : this.#length + fragment.length;
    if (!endOfMessage) return undefined;
    const message = this.#overflowed ? undefined : joined(this.#held, this.#length);
    if (message === undefined) this.dropped++;
    this.reset();
    return message;
  }

  reset(): void {
    this.#held = [];
    this.#length = 0;
    this.#overflowed = false;
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
