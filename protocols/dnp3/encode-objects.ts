/** Objects alone, for responses that are put together from several sources. */
import { encodeFragment, type ObjectBlock } from './application.ts';
import { FUNCTION } from './tables.ts';

const CONTROL = { fir: true, fin: true, con: false, uns: false, seq: 0 };

/** The octets of object headers and objects as they stand in a fragment. @throws PenstockError as `encodeFragment` does. */
export function encodeObjects(objects: readonly ObjectBlock[]): Uint8Array {
  return encodeFragment({ control: CONTROL, function: FUNCTION.response, iin: 0, objects }).subarray(4);
}

export function sameOctets(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}
