/**
 * Reads the tags of an APDU (ASHRAE 135-2020, clause 20.2) one after the other. Nothing throws: what does not read sets `failed`, and everything
 * asked afterwards is empty.
 */

const PRIMITIVE = 0;
const OPENING = 1;
const CLOSING = 2;
/** Constructed values within each other; more is nobody's honest message. */
const DEEPEST = 16;

/** Numbers of the application's own tags (clause 20.2.1.4). */
export const TAG = {
  null: 0,
  boolean: 1,
  unsigned: 2,
  signed: 3,
  real: 4,
  double: 5,
  octets: 6,
  string: 7,
  bits: 8,
  enumerated: 9,
  date: 10,
  time: 11,
  object: 12,
} as const;

const UTF8 = new TextDecoder();
const scratch = new DataView(new ArrayBuffer(8));

export class TagReader {
  buffer: Uint8Array;
  /** The next tag. */
  at: number;
  end: number;
  failed = false;
  /** Of the tag that `peek` looked at. */
  number = 0;
  isContext = false;
  /** Octets of its contents; the value itself of an application's boolean. */
  length = 0;
  #form = PRIMITIVE;
  #contents = 0;

  constructor(buffer: Uint8Array, start: number, end: number) {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
  }

  reset(buffer: Uint8Array, start: number, end: number): this {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
    this.failed = false;
    return this;
  }

  get done(): boolean {
    return this.failed || this.at >= this.end;
  }

  /** Where the contents of the tag that was looked at are. */
  get contents(): number {
    return this.#contents;
  }

  fail(): void {
    this.failed = true;
  }

  /** Looks at the next tag; false at the end and where there is none that reads. */
  peek(): boolean {
    if (this.failed || this.at >= this.end) return false;
    const { buffer, end } = this;
    let at = this.at;
    const first = buffer[at++] as number;
    this.isContext = (first & 0x08) !== 0;
    this.number = first >> 4;
    if (this.number === 15) {
      if (at >= end) return this.#broken();
      this.number = buffer[at++] as number;
    }
    const low = first & 0x07;
    this.#form = PRIMITIVE;
    this.length = low;
    if (low === 5) {
      if (at >= end) return this.#broken();
      let length = buffer[at++] as number;
      if (length === 254) {
        if (at + 2 > end) return this.#broken();
        length = ((buffer[at] as number) << 8) | (buffer[at + 1] as number);
        at += 2;
      } else if (length === 255) {
        if (at + 4 > end) return this.#broken();
        length = ((buffer[at] as number) * 256 + (buffer[at + 1] as number)) * 256 + (buffer[at + 2] as number);
        length = length * 256 + (buffer[at + 3] as number);
        at += 4;
      }
      this.length = length;
    } else if (low > 5) {
      if (!this.isContext) return this.#broken();
      this.#form = low === 6 ? OPENING : CLOSING;
      this.length = 0;
    }
    this.#contents = at;
    if (at + this.#size > end) return this.#broken();
    return true;
  }

  isPrimitive(number: number): boolean {
    return this.peek() && this.isContext && this.number === number && this.#form === PRIMITIVE;
  }

  isOpening(number?: number): boolean {
    return this.peek() && this.#form === OPENING && (number === undefined || this.number === number);
  }

  isClosing(number?: number): boolean {
    return this.peek() && this.#form === CLOSING && (number === undefined || this.number === number);
  }

  isApplication(tag: number): boolean {
    return this.peek() && !this.isContext && this.number === tag;
  }

  /** Steps over the opening tag `number`; anything else is a failure. */
  open(number: number): boolean {
    if (!this.isOpening(number)) return this.#broken();
    this.at = this.#contents;
    return true;
  }

  close(number: number): boolean {
    if (!this.isClosing(number)) return this.#broken();
    this.at = this.#contents;
    return true;
  }

  /** Steps over the next value, with everything in it. */
  skip(): void {
    let depth = 0;
    do {
      if (!this.peek()) {
        this.failed = true;
        return;
      }
      if (this.#form === OPENING) depth++;
      else if (this.#form === CLOSING) depth--;
      if (depth < 0 || depth > DEEPEST) {
        this.failed = true;
        return;
      }
      this.at = this.#contents + this.#size;
    } while (depth > 0);
  }

  /** Steps over what stands up to the closing tag `number`, and gives where it began; the tag itself is consumed too. */
  enclosed(number: number): { start: number; end: number } {
    const from = this.at;
    while (!this.failed && !this.isClosing(number)) this.skip();
    const range = { start: from, end: this.at };
    this.close(number);
    return range;
  }

  /** A whole number under context tag `number`. */
  unsigned(number: number): number {
    if (!this.isPrimitive(number) || this.length < 1 || this.length > 8) return this.#none();
    return this.#take(unsignedAt(this.buffer, this.#contents, this.length));
  }

  optionalUnsigned(number: number): number | undefined {
    return this.isPrimitive(number) ? this.unsigned(number) : undefined;
  }

  /** Type × 2²² + instance, under context tag `number`. */
  objectId(number: number): number {
    if (!this.isPrimitive(number) || this.length !== 4) return this.#none();
    return this.#take(unsignedAt(this.buffer, this.#contents, 4));
  }

  boolean(number: number): boolean {
    if (!this.isPrimitive(number) || this.length !== 1) return this.#none() !== 0;
    return this.#take(this.buffer[this.#contents] as number) !== 0;
  }

  /** Character string under context tag `number`. */
  string(number: number): string {
    if (!this.isPrimitive(number)) {
      this.failed = true;
      return '';
    }
    const text = textAt(this.buffer, this.#contents, this.length);
    if (text === undefined) {
      this.failed = true;
      return '';
    }
    this.at = this.#contents + this.length;
    return text;
  }

  optionalString(number: number): string | undefined {
    return this.isPrimitive(number) ? this.string(number) : undefined;
  }

  /** A whole number under the application's tag of it (unsigned or enumerated). */
  applicationUnsigned(tag: number): number {
    if (!this.isApplication(tag) || this.length < 1 || this.length > 8) return this.#none();
    return this.#take(unsignedAt(this.buffer, this.#contents, this.length));
  }

  applicationObject(): number {
    if (!this.isApplication(TAG.object) || this.length !== 4) return this.#none();
    return this.#take(unsignedAt(this.buffer, this.#contents, 4));
  }

  applicationReal(): number {
    if (!this.isApplication(TAG.real) || this.length !== 4) return this.#none();
    return this.#take(realAt(this.buffer, this.#contents));
  }

  applicationSigned(): number {
    if (!this.isApplication(TAG.signed) || this.length < 1 || this.length > 6) return this.#none();
    return this.#take(signedAt(this.buffer, this.#contents, this.length));
  }

  applicationBoolean(): boolean {
    if (!this.isApplication(TAG.boolean)) return this.#none() !== 0;
    return this.#take(this.length) !== 0;
  }

  applicationString(): string {
    if (!this.isApplication(TAG.string)) {
      this.failed = true;
      return '';
    }
    const text = textAt(this.buffer, this.#contents, this.length);
    this.at = this.#contents + this.length;
    if (text === undefined) this.failed = true;
    return text ?? '';
  }

  /** Contents that follow the tag: none of an application's boolean, and of opening and closing tags. */
  get #size(): number {
    return this.#form !== PRIMITIVE || (!this.isContext && this.number === TAG.boolean) ? 0 : this.length;
  }

  #take(value: number): number {
    this.at = this.#contents + this.#size;
    return value;
  }

  #none(): number {
    this.failed = true;
    return 0;
  }

  #broken(): false {
    this.failed = true;
    return false;
  }
}

export function unsignedAt(buffer: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + (buffer[at + i] as number);
  return value;
}

export function signedAt(buffer: Uint8Array, at: number, length: number): number {
  const value = unsignedAt(buffer, at, length);
  const range = 256 ** length;
  return value >= range / 2 ? value - range : value;
}

export function realAt(buffer: Uint8Array, at: number): number {
  for (let i = 0; i < 4; i++) scratch.setUint8(i, buffer[at + i] as number);
  return scratch.getFloat32(0);
}

export function doubleAt(buffer: Uint8Array, at: number): number {
  for (let i = 0; i < 8; i++) scratch.setUint8(i, buffer[at + i] as number);
  return scratch.getFloat64(0);
}

/** Text with its character set before it (clause 20.2.9); undefined where there is no octet for that. Sets that we do not read give their octets in hexadecimal. */
export function textAt(buffer: Uint8Array, at: number, length: number): string | undefined {
  if (length < 1) return undefined;
  const set = buffer[at] as number;
  const octets = buffer.subarray(at + 1, at + length);
  if (set === 0) return UTF8.decode(octets);
  if (set === 5) return String.fromCharCode(...octets.subarray(0, 4096));
  if (set === 4) {
    let text = '';
    for (let i = 0; i + 1 < octets.length; i += 2)
      text += String.fromCharCode(((octets[i] as number) << 8) | (octets[i + 1] as number));
    return text;
  }
  return [...octets.subarray(0, 256)].map((octet) => octet.toString(16).padStart(2, '0')).join('');
}
