/** pcapng files (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html): several sections, interfaces, clocks and link types. */
import { type CaptureSink, MAX_RECORD, type RecordFormat } from './record.ts';

const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION = 1;
const PACKET = 2;
const SIMPLE_PACKET = 3;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;

const OPTION_END = 0;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;
const OPTION_INTERFACE_DROPS = 5;
const OPTION_SYSTEM_DROPS = 7;

/** Interfaces of a section that are believed; each is remembered. */
const MAX_INTERFACES = 16_384;

interface CaptureInterface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Ticks per second as a power of ten, or undefined where the resolution is a power of two. */
  decimal: number | undefined;
  ticksPerSecond: number;
  /** Added to every time stamp, microseconds. */
  offset: number;
  /** By its last statistics. */
  lost: number;
}

/** Whether these four bytes start a pcapng section. */
export function isPcapng(buffer: Uint8Array, start: number): boolean {
  return (
    buffer[start] === 0x0a && buffer[start + 1] === 0x0d && buffer[start + 2] === 0x0d && buffer[start + 3] === 0x0a
  );
}

export class PcapngFormat implements RecordFormat {
  readonly format = 'pcapng';
  packets = 0;
  bytes = 0;
  cut = 0;
  skipped = 0;
  lost = 0;
  damage: string | undefined;
  wanted = 12;
  readonly #sink: CaptureSink;
  #littleEndian = true;
  #interfaces: CaptureInterface[] = [];
  /** Simple packets carry no time; they get the last one seen, so that time never runs backwards because of them. */
  #lastTime = 0;
  #source: ArrayBufferLike | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(sink: CaptureSink) {
    this.#sink = sink;
  }

  consume(buffer: Uint8Array, start: number, end: number): number {
    if (buffer.buffer !== this.#source || this.#view.byteOffset !== buffer.byteOffset) {
      this.#source = buffer.buffer;
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    }
    const view = this.#view;
    let at = start;
    while (end - at >= 12) {
      const type = view.getUint32(at, true);
      if (type === SECTION_HEADER && !this.#readByteOrder(view.getUint32(at + 8, true))) return at;
      const length = view.getUint32(at + 4, this.#littleEndian);
      if (length < 12 || length > MAX_RECORD || (length & 3) !== 0) {
        this.damage = `a block claims ${length} bytes`;
        return at;
      }
      if (length > end - at) {
        this.wanted = length;
        return at;
      }
      this.#block(buffer, view.getUint32(at, this.#littleEndian), at + 8, at + length - 4);
      if (this.damage !== undefined) return at;
      at += length;
    }
    this.wanted = 12;
    return at;
  }

  #readByteOrder(magic: number): boolean {
    if (magic === BYTE_ORDER_MAGIC) this.#littleEndian = true;
    else if (magic === 0x4d3c2b1a) this.#littleEndian = false;
    else {
      this.damage = 'a section header has no byte-order magic';
      return false;
    }
    this.#interfaces = [];
    return true;
  }

  #block(buffer: Uint8Array, type: number, body: number, end: number): void {
    const little = this.#littleEndian;
    const view = this.#view;
    const length = end - body;
    if (type === ENHANCED_PACKET && length >= 20) this.#packet(buffer, view.getUint32(body, little), body + 4, end);
    else if (type === INTERFACE_DESCRIPTION && length >= 8) this.#describe(body, end);
    else if (type === PACKET && length >= 20) this.#packet(buffer, view.getUint16(body, little), body + 4, end);
    else if (type === INTERFACE_STATISTICS && length >= 12) this.#statistics(body, end);
    else if (type === SIMPLE_PACKET && length >= 4) this.#simplePacket(buffer, body, end);
  }

  /** `at` is where the time stamp starts; enhanced and old packet blocks agree from there on. */
  #packet(buffer: Uint8Array, index: number, at: number, end: number): void {
    const little = this.#littleEndian;
    const view = this.#view;
    const source = this.#interfaces[index];
    const data = at + 16;
    const captured = view.getUint32(at + 8, little);
    if (source === undefined || captured > end - data) {
      this.skipped++;
      return;
    }
    const time = microseconds(source, view.getUint32(at, little), view.getUint32(at + 4, little)) + source.offset;
    this.#lastTime = time;
    this.#deliver(time, buffer, data, captured, view.getUint32(at + 12, little), source.linkType);
  }

  #simplePacket(buffer: Uint8Array, body: number, end: number): void {
    const source = this.#interfaces[0];
    if (source === undefined) {
      this.skipped++;
      return;
    }
    const original = this.#view.getUint32(body, this.#littleEndian);
    const kept = source.snapLength === 0 ? original : Math.min(original, source.snapLength);
    this.#deliver(this.#lastTime, buffer, body + 4, Math.min(kept, end - body - 4), original, source.linkType);
  }

  #deliver(time: number, buffer: Uint8Array, start: number, captured: number, original: number, link: number): void {
    this.packets++;
    this.bytes += captured;
    if (captured < original) this.cut++;
    this.#sink.frame(time, buffer, start, start + captured, link, Math.max(original, captured));
  }

  #describe(body: number, end: number): void {
    if (this.#interfaces.length >= MAX_INTERFACES) {
      this.damage = `a section describes more than ${MAX_INTERFACES} interfaces`;
      return;
    }
    const view = this.#view;
    const little = this.#littleEndian;
    const source: CaptureInterface = {
      linkType: view.getUint16(body, little),
      snapLength: view.getUint32(body + 4, little),
      decimal: 6,
      ticksPerSecond: 1e6,
      offset: 0,
      lost: 0,
    };
    this.#options(body + 8, end, (code, value, length) => {
      if (code === OPTION_TIME_RESOLUTION && length === 1) setResolution(source, view.getUint8(value));
      if (code === OPTION_TIME_OFFSET && length === 8) source.offset = Number(view.getBigInt64(value, little)) * 1e6;
    });
    this.#interfaces.push(source);
  }

  #statistics(body: number, end: number): void {
    const source = this.#interfaces[this.#view.getUint32(body, this.#littleEndian)];
    if (source === undefined) return;
    let lost = 0;
    this.#options(body + 12, end, (code, value, length) => {
      if ((code === OPTION_INTERFACE_DROPS || code === OPTION_SYSTEM_DROPS) && length === 8)
        lost += Number(this.#view.getBigUint64(value, this.#littleEndian));
    });
    this.lost += lost - source.lost;
    source.lost = lost;
  }

  #options(from: number, end: number, use: (code: number, value: number, length: number) => void): void {
    let at = from;
    while (end - at >= 4) {
      const code = this.#view.getUint16(at, this.#littleEndian);
      const length = this.#view.getUint16(at + 2, this.#littleEndian);
      const value = at + 4;
      if (code === OPTION_END || length > end - value) return;
      use(code, value, length);
      at = value + ((length + 3) & ~3);
    }
  }
}

function setResolution(source: CaptureInterface, value: number): void {
  const exponent = value & 0x7f;
  if ((value & 0x80) === 0) {
    source.decimal = exponent;
    source.ticksPerSecond = 10 ** exponent;
  } else {
    source.decimal = undefined;
    source.ticksPerSecond = 2 ** exponent;
  }
}

/** A 64-bit count of ticks as microseconds, without the rounding that one double for the ticks would bring. */
function microseconds(source: CaptureInterface, high: number, low: number): number {
  if (source.decimal === 6) return high * 4_294_967_296 + low;
  // 2^32 = 4,294,967 × 1000 + 296: quotient and remainder stay exact, only their sum is rounded.
  if (source.decimal === 9) return high * 4_294_967 + (high * 296 + low) / 1000;
  const ticks = (BigInt(high) << 32n) | BigInt(low);
  const perSecond = BigInt(source.ticksPerSecond);
  return Number(ticks / perSecond) * 1e6 + (Number(ticks % perSecond) / source.ticksPerSecond) * 1e6;
}
