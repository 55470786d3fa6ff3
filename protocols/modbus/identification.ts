/** Read Device Identification, 43/14 (MODBUS Application Protocol V1.1b3, clause 6.21), over a device's identity. */
import { type DeviceIdentity, UsageError } from '@penstock/core';
import { ILLEGAL_DATA_ADDRESS, ILLEGAL_DATA_VALUE, MAX_PDU } from './tables.ts';

const HEADER = 7;
/** Object, length and value must fit behind the header of one response. */
const MAX_VALUE = MAX_PDU - HEADER - 2;
/** Access codes. */
const BASIC = 1;
const EXTENDED = 3;
const INDIVIDUAL = 4;
/** The last object of each category. */
const LAST_OBJECT = [0, 0x02, 0x7f, 0xff] as const;
const FIRST_EXTENDED = 0x80;

export class IdentificationObjects {
  /** In the order of their numbers; those that the device does not have are left out. */
  #numbers: readonly number[] = [];
  #values: readonly Uint8Array[] = [];
  /** Highest category, with the bit for individual access. */
  #conformity = 0;
  readonly #identity: DeviceIdentity;
  readonly #extended: readonly (readonly [number, string])[];
  /** The revision that the above are of: another firmware has another. */
  #revision = '';

  /** @throws UsageError `modbus.identity` when an extended object has a number outside 0x80 to 0xFF. */
  constructor(identity: DeviceIdentity, extended: ReadonlyMap<number, string> = new Map()) {
    this.#identity = identity;
    this.#extended = [...extended].sort(([a], [b]) => a - b);
    for (const [object] of this.#extended)
      if (!Number.isInteger(object) || object < FIRST_EXTENDED || object > 0xff)
        throw new UsageError('modbus.identity', `an extended object is 128 to 255, not ${object}`);
    this.#encode();
  }

  #encode(): void {
    const identity = this.#identity;
    this.#revision = identity.revision;
    const objects: (readonly [number, string | undefined])[] = [
      [0, identity.vendor],
      [1, identity.productCode],
      [2, identity.revision],
      [3, identity.vendorUrl],
      [4, identity.productName],
      [5, identity.modelName],
      [6, identity.application],
      ...this.#extended,
    ];
    const present = objects.filter((entry): entry is readonly [number, string] => entry[1] !== undefined);
    this.#numbers = present.map(([object]) => object);
    this.#values = present.map(([, value]) => new TextEncoder().encode(value).slice(0, MAX_VALUE));
    const last = this.#numbers.at(-1) as number;
    this.#conformity = 0x80 | (last >= FIRST_EXTENDED ? 3 : last > 2 ? 2 : 1);
  }

  /** Response to the request PDU at `out[at…]`; returns its end or minus the exception code. */
  respond(request: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
    if (end - start !== 4) return -ILLEGAL_DATA_VALUE;
    if (this.#identity.revision !== this.#revision) this.#encode();
    const access = request[start + 2] as number;
    if (access < BASIC || access > INDIVIDUAL) return -ILLEGAL_DATA_VALUE;
    let first = this.#numbers.indexOf(request[start + 3] as number);
    if (access === INDIVIDUAL && first < 0) return -ILLEGAL_DATA_ADDRESS;
    // A category beyond what the device has is answered as the highest that it has.
    const last = access === INDIVIDUAL ? 0 : (LAST_OBJECT[Math.min(access, EXTENDED)] as number);
    if (access !== INDIVIDUAL && (first < 0 || (this.#numbers[first] as number) > last)) first = 0;
    out.set([43, 14, access, this.#conformity, 0, 0, 0], at);
    let next = at + HEADER;
    let index = first;
    for (; index < this.#numbers.length; index++) {
      const object = this.#numbers[index] as number;
      if (access === INDIVIDUAL ? index > first : object > last) break;
      const value = this.#values[index] as Uint8Array;
      if (next + 2 + value.length > at + MAX_PDU) {
        out[at + 4] = 0xff;
        out[at + 5] = object;
        break;
      }
      out[next] = object;
      out[next + 1] = value.length;
      out.set(value, next + 2);
      next += 2 + value.length;
    }
    out[at + 6] = index - first;
    return next;
  }
}
