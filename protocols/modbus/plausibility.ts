/**
 * Telling a Modbus TCP message by its bytes, for a dissector that has lost its place or has never had one. Lengths follow from the function
 * code (MODBUS Application Protocol V1.1b3, clause 6), which makes a chance hit unlikely.
 */
import { read16 } from '../exchange/bytes.ts';
import { MAX_LENGTH_FIELD, MIN_LENGTH_FIELD } from './adu.ts';
import { EXCEPTION_BIT } from './tables.ts';

/** Header and function code: the least that a message has. */
export const MIN_MESSAGE = 8;

/**
 * Longest length field that is followed. The standard ends at 254, but programming sessions of real controllers go beyond it (UMAS under
 * function 90 by a byte on older ones, to about 1 KiB on newer).
 */
export const LONGEST_FOLLOWED = 2047;

/** Too few bytes to decide. */
export const UNDECIDED = -1;
export const IMPLAUSIBLE = 0;
/** The header is right, the function code is a vendor's own or the length is not what the function demands. */
export const POSSIBLE = 1;
/** Header, function code and length fit together. */
const LIKELY = 2;

/** Whether a message of this direction can start at `at`, as far as the bytes up to `end` show. */
export function plausible(buffer: Uint8Array, at: number, end: number, isRequest: boolean): number {
  const available = end - at;
  if (available > 2 && buffer[at + 2] !== 0) return IMPLAUSIBLE;
  if (available > 3 && buffer[at + 3] !== 0) return IMPLAUSIBLE;
  if (available > 4 && (buffer[at + 4] as number) > LONGEST_FOLLOWED >> 8) return IMPLAUSIBLE;
  if (available < 6) return UNDECIDED;
  const length = read16(buffer, at + 4);
  if (length < MIN_LENGTH_FIELD) return IMPLAUSIBLE;
  if (available < MIN_MESSAGE) return UNDECIDED;
  const code = buffer[at + 7] as number;
  if ((code & 0x7f) === 0 || (isRequest && code >= EXCEPTION_BIT)) return IMPLAUSIBLE;
  const expected = isRequest ? requestLength(buffer, at, end) : responseLength(buffer, at, end);
  // Only functions that the standard leaves open have messages beyond its length.
  if (length > MAX_LENGTH_FIELD) return expected === 0 ? POSSIBLE : IMPLAUSIBLE;
  if (expected === UNDECIDED) return UNDECIDED;
  return expected === length - 1 ? LIKELY : POSSIBLE;
}

/** PDU length that the request at `at` should have; `UNDECIDED` before the byte count has come, 0 when the function tells nothing. */
function requestLength(buffer: Uint8Array, at: number, end: number): number {
  switch (buffer[at + 7]) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
      return 5;
    case 7:
    case 11:
    case 12:
    case 17:
      return 1;
    case 8:
      // Loopback carries any number of bytes; every other sub-function two.
      return at + 9 < end && buffer[at + 8] === 0 && buffer[at + 9] === 0 ? read16(buffer, at + 4) - 1 : 5;
    case 15:
    case 16:
      return at + 12 < end ? 6 + (buffer[at + 12] as number) : UNDECIDED;
    case 20:
    case 21:
      return at + 8 < end ? 2 + (buffer[at + 8] as number) : UNDECIDED;
    case 22:
      return 7;
    case 23:
      return at + 16 < end ? 10 + (buffer[at + 16] as number) : UNDECIDED;
    case 24:
      return 3;
    case 43:
      if (at + 8 >= end) return UNDECIDED;
      return buffer[at + 8] === 0x0e ? 4 : buffer[at + 8] === 0x0d ? read16(buffer, at + 4) - 1 : 0;
    default:
      return 0;
  }
}

function responseLength(buffer: Uint8Array, at: number, end: number): number {
  const code = buffer[at + 7] as number;
  if (code >= EXCEPTION_BIT) return 2;
  switch (code) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 12:
    case 17:
    case 20:
    case 21:
    case 23:
      return at + 8 < end ? 2 + (buffer[at + 8] as number) : UNDECIDED;
    case 5:
    case 6:
    case 11:
    case 15:
    case 16:
      return 5;
    case 7:
      return 2;
    case 24:
      return at + 9 < end ? 3 + read16(buffer, at + 8) : UNDECIDED;
    case 43:
      if (at + 8 >= end) return UNDECIDED;
      return buffer[at + 8] === 0x0e || buffer[at + 8] === 0x0d ? read16(buffer, at + 4) - 1 : 0;
    default:
      return requestLength(buffer, at, end);
  }
}
