/** Reading and building of MQTT's data types (OASIS MQTT 5.0, 1.5). Reading never throws: beyond the end it gives zeros and says so. */
import { PenstockError } from '@penstock/core';
import type { Fault, FaultReason } from './messages.ts';
import { REASON } from './tables.ts';

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true });
const ENCODER = new TextEncoder();
const NONE = new Uint8Array(0);
/** Texts up to here are decoded by hand, which is faster than a decoder where they are ASCII. */
const SHORT = 64;
const VARIABLE_MAX = 0x0fff_ffff;
const TEXT_MAX = 0xffff;

export class Reader {
  at = 0;
  end = 0;
  /** The form is broken: the packet cannot be read. */
  broken = false;
  /** The first rule that the packet breaks. */
  fault: Fault | undefined;
  #buffer: Uint8Array = NONE;

  set(buffer: Uint8Array, start: number, end: number): this {
    this.#buffer = buffer;
    this.at = start;
    this.end = end;
    this.broken = false;
    this.fault = undefined;
    return this;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Notes what is wrong with a packet that can be read all the same. */
  wrong(reason: FaultReason, code: number = REASON.malformed): void {
    this.fault ??= { code, reason };
  }

  /** Notes that it cannot be read. */
  break(reason: FaultReason): void {
    this.wrong(reason);
    this.broken = true;
    this.at = this.end;
  }

  byte(): number {
    if (this.at < this.end) return this.#buffer[this.at++] as number;
    this.break('truncated');
    return 0;
  }

  two(): number {
    return (this.byte() << 8) | this.byte();
  }

  four(): number {
    return this.two() * 0x10000 + this.two();
  }

  /** A variable byte integer, up to four bytes. */
  variable(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) this.wrong('length');
        return value;
      }
    }
    this.break('length');
    return 0;
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    if (length > this.left) {
      this.break('truncated');
      return NONE;
    }
    this.at += length;
    // Not `slice`, which of a `Buffer` is no copy.
    return length === 0 ? NONE : new Uint8Array(this.#buffer.subarray(this.at - length, this.at));
  }

  binary(): Uint8Array {
    return this.bytes(this.two());
  }

  /** A UTF-8 text; what is none is read with replacement characters and noted. */
  text(): string {
    const length = this.two();
    if (length > this.left) {
      this.break('truncated');
      return '';
    }
    const start = this.at;
    const buffer = this.#buffer;
    this.at += length;
    if (length <= SHORT) {
      let text = '';
      let i = start;
      for (; i < this.at; i++) {
        const byte = buffer[i] as number;
        if (byte === 0 || byte >= 0x80) break;
        text += String.fromCharCode(byte);
      }
      if (i === this.at) return text;
    }
    const part = buffer.subarray(start, this.at);
    // U+0000 is forbidden too (1.5.4).
    if (part.includes(0)) this.wrong('text');
    try {
      return STRICT.decode(part);
    } catch {
      this.wrong('text');
      return LENIENT.decode(part);
    }
  }
}

/** Builds a packet in a buffer that grows and is used again. */
export class Writer {
  #buffer = new Uint8Array(1024);
  at = 0;

  reset(at: number): this {
    this.at = at;
    return this;
  }

  byte(value: number): this {
    this.#room(1);
    this.#buffer[this.at++] = value;
    return this;
  }

  two(value: number): this {
    return this.byte(value >>> 8).byte(value & 0xff);
  }

  four(value: number): this {
    return this.two(Math.floor(value / 0x10000) & 0xffff).two(value & 0xffff);
  }

  variable(value: number): this {
    let rest = value;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    return this.byte(rest);
  }

  bytes(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.at);
    this.at += bytes.length;
    return this;
  }

  /** @throws PenstockError `mqtt.length` beyond 65535 bytes */
  binary(bytes: Uint8Array): this {
    if (bytes.length > TEXT_MAX)
      throw new PenstockError('mqtt.length', `a field holds at most ${TEXT_MAX} bytes, not ${bytes.length}`);
    return this.two(bytes.length).bytes(bytes);
  }

  /** @throws PenstockError `mqtt.length` beyond 65535 bytes */
  text(text: string): this {
    this.#room(2 + 3 * text.length);
    const start = this.at + 2;
    const { written } = ENCODER.encodeInto(text, this.#buffer.subarray(start));
    if (written > TEXT_MAX)
      throw new PenstockError('mqtt.length', `a text has at most ${TEXT_MAX} bytes, not ${written}`);
    this.two(written);
    this.at = start + written;
    return this;
  }

  /** Puts `bytes` before what stands from `from` on, as a variable byte integer and a first byte, and copies all of it. */
  packet(first: number, from: number): Uint8Array {
    const length = this.at - from;
    if (length > VARIABLE_MAX)
      throw new PenstockError('mqtt.length', `a packet has at most ${VARIABLE_MAX} bytes, not ${length}`);
    const size = sizeOfVariable(length);
    const start = from - size - 1;
    const end = this.at;
    this.at = start;
    this.byte(first).variable(length);
    this.at = end;
    return this.#buffer.slice(start, end);
  }

  /** What stands from `from` on. */
  copy(from: number): Uint8Array {
    return this.#buffer.slice(from, this.at);
  }

  #room(bytes: number): void {
    if (this.at + bytes <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.at + bytes));
    larger.set(this.#buffer.subarray(0, this.at));
    this.#buffer = larger;
  }
}

const sizeOfVariable = (value: number): number => (value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4);
