/**
 * The document in which hosts pass values on: `{"time":12,"values":{"LIT101":2.3,…}}`, time in seconds of the run, values in single
 * precision. Written and read byte by byte, because a plant's whole list goes round every few seconds: a value that has not changed keeps
 * its digits.
 */
import type { Instant, PlantSpec } from '@penstock/core';
import type { TagStore } from './tag-store.ts';

/** Longest text of a double: sign, 17 digits, point, exponent with sign and three digits. */
const LONGEST_NUMBER = 25;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
const HEAD = '{"time":';
const MIDDLE = ',"values":{';
/** Room for what stands around the values. */
const FRAME = HEAD.length + LONGEST_NUMBER + MIDDLE.length + 2;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const CLOSE = 0x7d;

/** Writes documents of one store, and reads what others send into it. */
export class ValueDocuments {
  readonly #store: TagStore;
  readonly #indexOf: (tag: string) => number | undefined;
  /** By tag: `"LIT101":` as text and as bytes. */
  readonly #keys: readonly string[];
  readonly #keyBytes: readonly Uint8Array[];
  /** By tag: the value that was written last, and its digits. */
  readonly #written: Float64Array;
  readonly #digits: Uint8Array;
  readonly #digitCount: Uint8Array;
  /** By tag: the digits that were read last, what they say, and which tag came next. The last entry of `#next` is the first tag. */
  readonly #readDigits: string[];
  readonly #read: Float64Array;
  readonly #next: Int32Array;
  /** What a document says, until it has been read to its end. */
  readonly #heldTags: Int32Array;
  readonly #heldValues: Float64Array;
  readonly #longestKey: number;
  #scratch = new Uint8Array(0);

  /** `indexOf` gives a tag's number, undefined for a tag that the plant does not have. */
  constructor(plant: PlantSpec, store: TagStore, indexOf: (tag: string) => number | undefined) {
    this.#store = store;
    this.#indexOf = indexOf;
    const count = plant.tags.length;
    this.#keys = plant.tags.map((tag) => `"${tag.id}":`);
    this.#keyBytes = this.#keys.map((key) => ENCODER.encode(key));
    this.#written = new Float64Array(count).fill(Number.NaN);
    this.#digits = new Uint8Array(count * LONGEST_NUMBER);
    this.#digitCount = new Uint8Array(count);
    this.#readDigits = new Array<string>(count).fill('');
    this.#read = new Float64Array(count);
    this.#next = new Int32Array(count + 1);
    this.#heldTags = new Int32Array(count);
    this.#heldValues = new Float64Array(count);
    this.#longestKey = Math.max(0, ...this.#keyBytes.map((key) => key.length));
  }

  /** The known values of `tags`, in their order. */
  write(tags: readonly number[], now: Instant): Uint8Array {
    const most = FRAME + tags.length * (this.#longestKey + LONGEST_NUMBER + 1);
    if (this.#scratch.length < most) this.#scratch = new Uint8Array(most);
    const out = this.#scratch;
    const store = this.#store;
    let at = ENCODER.encodeInto(`${HEAD}${Math.floor(now / 1e6)}${MIDDLE}`, out).written;
    let first = true;
    for (let i = 0; i < tags.length; i++) {
      const tag = tags[i] as number;
      const value = store.values[tag] as number;
      if (Number.isNaN(value)) continue;
      if (!first) out[at++] = COMMA;
      first = false;
      const key = this.#keyBytes[tag] as Uint8Array;
      for (let k = 0; k < key.length; k++) out[at++] = key[k] as number;
      if (value !== this.#written[tag]) this.#format(tag, value);
      const from = tag * LONGEST_NUMBER;
      const end = from + (this.#digitCount[tag] as number);
      for (let k = from; k < end; k++) out[at++] = this.#digits[k] as number;
    }
    out[at++] = CLOSE;
    out[at++] = CLOSE;
    return out.slice(0, at);
  }

  #format(tag: number, value: number): void {
    const text = String(Math.fround(value));
    const from = tag * LONGEST_NUMBER;
    for (let i = 0; i < text.length; i++) this.#digits[from + i] = text.charCodeAt(i);
    this.#digitCount[tag] = text.length;
    this.#written[tag] = value;
  }

  /** Takes a document of anybody's making into the store; says what is wrong with it, or nothing. */
  take(body: Uint8Array, now: Instant): string | undefined {
    const text = DECODER.decode(body);
    return this.#takeUsual(text, now) ? undefined : this.#takeAny(text, now);
  }

  /** Takes the form that `write` has, of tags of the plant in any order; false, and nothing taken, for anything else. */
  #takeUsual(text: string, now: Instant): boolean {
    if (!text.startsWith(HEAD)) return false;
    let at = numberEnd(text, HEAD.length);
    if (at < 0 || !text.startsWith(MIDDLE, at)) return false;
    at += MIDDLE.length;
    const most = this.#keys.length;
    let before = most;
    for (let count = 0; count < most; ) {
      const tag = this.#tagAt(text, at, before);
      if (tag === undefined) return false;
      before = tag;
      const from = at + (this.#keys[tag] as string).length;
      at = numberEnd(text, from);
      if (at < 0) return false;
      this.#heldTags[count] = tag;
      this.#heldValues[count++] = this.#number(tag, text, from, at);
      const mark = text.charCodeAt(at++);
      if (mark === COMMA) continue;
      if (mark !== CLOSE || text.charCodeAt(at) !== CLOSE || at + 1 !== text.length) return false;
      for (let i = 0; i < count; i++) this.#store.put(this.#heldTags[i] as number, this.#heldValues[i] as number, now);
      return true;
    }
    return false;
  }

  /** The tag whose key begins at `at`, most likely the one that came behind `before` last time. */
  #tagAt(text: string, at: number, before: number): number | undefined {
    const guess = this.#next[before] as number;
    if (text.startsWith(this.#keys[guess] as string, at)) return guess;
    if (text.charCodeAt(at) !== QUOTE) return undefined;
    const end = text.indexOf('"', at + 1);
    const tag = end < 0 ? undefined : this.#indexOf(text.slice(at + 1, end));
    if (tag === undefined || !text.startsWith(this.#keys[tag] as string, at)) return undefined;
    this.#next[before] = tag;
    return tag;
  }

  #number(tag: number, text: string, from: number, end: number): number {
    const known = this.#readDigits[tag] as string;
    if (known.length === end - from && text.startsWith(known, from)) return this.#read[tag] as number;
    const digits = text.slice(from, end);
    const value = Number(digits);
    this.#readDigits[tag] = digits;
    this.#read[tag] = value;
    return value;
  }

  #takeAny(text: string, now: Instant): string | undefined {
    let values: unknown;
    try {
      values = (JSON.parse(text) as { values?: unknown }).values;
    } catch {
      return 'the body is not JSON';
    }
    if (typeof values !== 'object' || values === null) return "there is no object 'values'";
    for (const [tag, value] of Object.entries(values)) {
      if (typeof value !== 'number') return `'${tag}' is no number`;
      const index = this.#indexOf(tag);
      if (index === undefined) return `there is no tag '${tag}'`;
      this.#store.put(index, value, now);
    }
    return undefined;
  }
}

/** End of the JSON number (RFC 8259 clause 6) that begins at `at`; -1 when there is none. */
function numberEnd(text: string, at: number): number {
  if (text.charCodeAt(at) === MINUS) at++;
  const first = at;
  at = digitsEnd(text, at);
  if (at === first || (text.charCodeAt(first) === ZERO && at > first + 1)) return -1;
  if (text.charCodeAt(at) === POINT) {
    const fraction = at + 1;
    at = digitsEnd(text, fraction);
    if (at === fraction) return -1;
  }
  // 'E' or 'e'
  if ((text.charCodeAt(at) | 0x20) !== 0x65) return at;
  const sign = text.charCodeAt(at + 1);
  const exponent = sign === MINUS || sign === 0x2b ? at + 2 : at + 1;
  at = digitsEnd(text, exponent);
  return at === exponent ? -1 : at;
}

function digitsEnd(text: string, at: number): number {
  for (let code = text.charCodeAt(at); code >= ZERO && code <= NINE; code = text.charCodeAt(at)) at++;
  return at;
}
