/** What the codec of every function is made of: registers, bits and the checks of what is encoded. */
import { PenstockError } from '@penstock/core';
import { read16, write16 } from '../exchange/bytes.ts';
import { illegal, unsupported as notTaken } from '../exchange/decoded.ts';
import { MAX_PDU } from './tables.ts';

export const wrongLength = (code: number, expected: number, length: number): ReturnType<typeof illegal> =>
  illegal(`function ${code} takes ${expected} bytes here, not ${length}`);

export const unsupported = (code: number): ReturnType<typeof notTaken> =>
  notTaken(`function ${code} is reserved or a vendor's own`);
export const refused = (message: string): PenstockError => new PenstockError('modbus.encode', message);

/** Bit 0 of the first byte is the first value. */
export function packBits(values: readonly boolean[], into: Uint8Array, at: number): void {
  for (let i = 0; i < values.length; i++) if (values[i]) into[at + (i >> 3)] |= 1 << (i & 7);
}

export function unpackBits(buffer: Uint8Array, at: number, quantity: number): boolean[] {
  return Array.from({ length: quantity }, (_, i) => (((buffer[at + (i >> 3)] as number) >> (i & 7)) & 1) === 1);
}

export function packRegisters(values: readonly number[], into: Uint8Array, at: number): void {
  for (let i = 0; i < values.length; i++) write16(into, at + 2 * i, word(values[i] as number));
}

export function unpackRegisters(buffer: Uint8Array, at: number, quantity: number): number[] {
  return Array.from({ length: quantity }, (_, i) => read16(buffer, at + 2 * i));
}

export function words(code: number, ...values: number[]): Uint8Array {
  const pdu = new Uint8Array(1 + 2 * values.length);
  pdu[0] = code;
  packRegisters(values, pdu, 1);
  return pdu;
}

export function bytes(code: number, second: number, data: Uint8Array): Uint8Array {
  count(data.length, 0, MAX_PDU - 2, 'number of bytes');
  const pdu = new Uint8Array(2 + data.length);
  pdu[0] = code;
  pdu[1] = second;
  pdu.set(data, 2);
  return pdu;
}

function word(value: number): number {
  count(value, 0, 0xffff, 'value');
  return value;
}

export function count(value: number, least: number, most: number, what: string): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw refused(`${what} must be a whole number of ${least} to ${most}, not ${value}`);
}
