import { type FrameSink, PenstockError } from '@penstock/core';

const BUFFER = 256 * 1024;
const SNAP_LENGTH = 262_144;
/** Up to here a loop costs less than the view that copying in one go needs. */
const SHORT = 128;

/**
 * Writes frames as a classic pcap file, little-endian with microseconds: the form that every tool opens. Bytes are handed on
 * in large pieces; call `flush` at the end. A piece is only valid during the call.
 */
export class PcapWriter implements FrameSink {
  packets = 0;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #linkType: number;
  readonly #buffer = new Uint8Array(BUFFER);
  readonly #view = new DataView(this.#buffer.buffer);
  #filled = 24;

  constructor(write: (bytes: Uint8Array) => void, linkType: number) {
    this.#write = write;
    this.#linkType = linkType;
    this.#view.setUint32(0, 0xa1b2c3d4, true);
    this.#view.setUint16(4, 2, true);
    this.#view.setUint16(6, 4, true);
    this.#view.setUint32(16, SNAP_LENGTH, true);
    this.#view.setUint32(20, linkType, true);
  }

  /**
   * @param wireLength length on the wire where it is more than what was captured
   * @throws PenstockError `capture.link-type` for a frame of another link type, which a pcap file cannot hold beside its own;
   *   `capture.time` for a time that its 32-bit seconds cannot hold
   */
  frame(
    time: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    linkType: number,
    wireLength: number = end - start,
  ): void {
    if (linkType !== this.#linkType)
      throw new PenstockError(
        'capture.link-type',
        `a frame of link type ${linkType} cannot go into a pcap file of link type ${this.#linkType}`,
      );
    const seconds = Math.floor(time / 1e6);
    if (!(seconds >= 0 && seconds <= 0xffff_ffff))
      throw new PenstockError(
        'capture.time',
        `a pcap file cannot hold the time ${time} µs; it counts seconds from 1970 to 2106`,
      );
    const length = end - start;
    if (this.#filled + 16 + length > BUFFER) this.flush();
    const view = this.#view;
    const at = this.#filled;
    view.setUint32(at, seconds, true);
    view.setUint32(at + 4, Math.floor(time - seconds * 1e6), true);
    view.setUint32(at + 8, length, true);
    view.setUint32(at + 12, wireLength, true);
    this.#filled = at + 16;
    this.packets++;
    const to = at + 16;
    if (length <= SHORT) {
      const target = this.#buffer;
      for (let i = 0; i < length; i++) target[to + i] = buffer[start + i] as number;
      this.#filled = to + length;
    } else if (16 + length <= BUFFER) {
      this.#buffer.set(buffer.subarray(start, end), to);
      this.#filled = to + length;
    } else {
      this.flush();
      this.#write(buffer.subarray(start, end));
    }
  }

  /** Hands on everything that is still held back. */
  flush(): void {
    if (this.#filled === 0) return;
    this.#write(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
