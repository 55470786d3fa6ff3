/** Writes tags (ASHRAE 135-2020, clause 20.2) into a buffer that grows as it must. */
import { TAG } from './reader.ts';

const UTF8 = new TextEncoder();
const scratch = new DataView(new ArrayBuffer(8));

export class TagWriter {
  buffer = new Uint8Array(2048);
  length = 0;

  clear(): this {
    this.length = 0;
    return this;
  }

  /** What was written, as an array of its own. */
  octets(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  octet(value: number): this {
    this.#room(1);
    this.buffer[this.length++] = value;
    return this;
  }

  uint16(value: number): this {
    return this.octet(value >> 8).octet(value);
  }

  raw(octets: Uint8Array, start = 0, end = octets.length): this {
    this.#room(end - start);
    for (let i = start; i < end; i++) this.buffer[this.length++] = octets[i] as number;
    return this;
  }

  /** A tag with the length of what follows it. @param context an own tag of the message, not one of the application's */
  tag(number: number, context: boolean, length: number): this {
    const short = length < 5 ? length : 5;
    this.octet(((number < 15 ? number : 15) << 4) | (context ? 8 : 0) | short);
    if (number >= 15) this.octet(number);
    if (length >= 0x1_0000)
      return this.octet(255)
        .uint16(length >>> 16)
        .uint16(length & 0xffff);
    if (length >= 254) return this.octet(254).uint16(length);
    return length < 5 ? this : this.octet(length);
  }

  open(number: number): this {
    this.octet(((number < 15 ? number : 15) << 4) | 0x0e);
    return number < 15 ? this : this.octet(number);
  }

  close(number: number): this {
    this.octet(((number < 15 ? number : 15) << 4) | 0x0f);
    return number < 15 ? this : this.octet(number);
  }

  unsigned(context: number, value: number): this {
    return this.#whole(context, true, value, unsignedLength(value));
  }

  objectId(context: number, id: number): this {
    return this.#whole(context, true, id, 4);
  }

  boolean(context: number, value: boolean): this {
    return this.tag(context, true, 1).octet(value ? 1 : 0);
  }

  real(context: number, value: number): this {
    scratch.setFloat32(0, value);
    return this.tag(context, true, 4).uint16(scratch.getUint16(0)).uint16(scratch.getUint16(2));
  }

  string(context: number, text: string): this {
    const octets = UTF8.encode(text);
    return this.tag(context, true, octets.length + 1)
      .octet(0)
      .raw(octets);
  }

  /** Bits from the first on. @param context undefined: as the application's own */
  bits(context: number | undefined, bits: readonly boolean[]): this {
    const size = Math.ceil(bits.length / 8);
    this.tag(context ?? TAG.bits, context !== undefined, size + 1).octet(size * 8 - bits.length);
    for (let i = 0; i < size; i++) {
      let octet = 0;
      for (let bit = 0; bit < 8; bit++) if (bits[i * 8 + bit] === true) octet |= 0x80 >> bit;
      this.octet(octet);
    }
    return this;
  }

  applicationNull(): this {
    return this.octet(0);
  }

  applicationBoolean(value: boolean): this {
    return this.octet(value ? 0x11 : 0x10);
  }

  applicationUnsigned(value: number): this {
    return this.#whole(TAG.unsigned, false, value, unsignedLength(value));
  }

  applicationSigned(value: number): this {
    let length = 1;
    while (length < 8 && (value < -(256 ** length) / 2 || value >= 256 ** length / 2)) length++;
    return this.#whole(TAG.signed, false, value < 0 ? value + 256 ** length : value, length);
  }

  applicationEnumerated(value: number): this {
    return this.#whole(TAG.enumerated, false, value, unsignedLength(value));
  }

  applicationReal(value: number): this {
    scratch.setFloat32(0, value);
    return this.octet(0x44).uint16(scratch.getUint16(0)).uint16(scratch.getUint16(2));
  }

  applicationDouble(value: number): this {
    scratch.setFloat64(0, value);
    this.tag(TAG.double, false, 8);
    for (let i = 0; i < 8; i += 2) this.uint16(scratch.getUint16(i));
    return this;
  }

  applicationObject(id: number): this {
    return this.#whole(TAG.object, false, id, 4);
  }

  applicationString(text: string): this {
    const octets = UTF8.encode(text);
    return this.tag(TAG.string, false, octets.length + 1)
      .octet(0)
      .raw(octets);
  }

  applicationOctets(octets: Uint8Array): this {
    return this.tag(TAG.octets, false, octets.length).raw(octets);
  }

  #whole(number: number, context: boolean, value: number, length: number): this {
    this.tag(number, context, length);
    for (let i = length - 1; i >= 0; i--) this.octet(Math.floor(value / 256 ** i) % 256);
    return this;
  }

  #room(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + more));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }
}

function unsignedLength(value: number): number {
  if (value < 0x100) return 1;
  if (value < 0x1_0000) return 2;
  if (value < 0x100_0000) return 3;
  if (value < 0x1_0000_0000) return 4;
  let length = 5;
  while (length < 8 && value >= 256 ** length) length++;
  return length;
}
