/** The newest packets as they were captured, so that an alert can carry those that it is about. Bounded in bytes and packets. */
import type { FrameSink } from '@penstock/core';
import type { Flow } from './flow.ts';

export interface EvidencePacket {
  /** Counts frames from 1, as tshark's `frame.number` does for a file. */
  readonly number: number;
  readonly time: number;
  readonly linkType: number;
  readonly wireLength: number;
  readonly bytes: Uint8Array;
}

export class Evidence {
  readonly #data: Uint8Array;
  readonly #slots: number;
  readonly #number: Float64Array;
  readonly #time: Float64Array;
  readonly #offset: Uint32Array;
  readonly #length: Uint32Array;
  readonly #wireLength: Uint32Array;
  readonly #linkType: Uint16Array;
  /** Number of the same flow's packet before. */
  readonly #previous: Float64Array;
  #write = 0;
  /** Everything below this number has been overwritten. */
  #oldest = 1;
  #newest = 0;

  /**
   * @param bytes memory for packets; larger packets than a quarter of it are not kept
   * @param packets how many packets at most, a power of two
   */
  constructor(bytes: number, packets: number) {
    this.#data = new Uint8Array(bytes);
    this.#slots = packets;
    this.#number = new Float64Array(packets);
    this.#time = new Float64Array(packets);
    this.#offset = new Uint32Array(packets);
    this.#length = new Uint32Array(packets);
    this.#wireLength = new Uint32Array(packets);
    this.#linkType = new Uint16Array(packets);
    this.#previous = new Float64Array(packets);
  }

  /** Keeps packet `number`; numbers go up by one. */
  record(
    number: number,
    time: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    linkType: number,
    wireLength: number,
  ): void {
    const length = end - start <= this.#data.length >> 2 ? end - start : 0;
    if (this.#write + length > this.#data.length) {
      this.#release(this.#write, this.#data.length);
      this.#write = 0;
    }
    const from = this.#write;
    if (number - this.#oldest >= this.#slots) this.#oldest = number - this.#slots + 1;
    this.#release(from, from + length);
    const slot = number & (this.#slots - 1);
    this.#number[slot] = number;
    this.#time[slot] = time;
    this.#offset[slot] = from;
    this.#length[slot] = length;
    this.#wireLength[slot] = wireLength;
    this.#linkType[slot] = linkType;
    this.#previous[slot] = 0;
    const data = this.#data;
    // For small packets a loop costs less than the view that `set` needs.
    if (length <= 128) for (let i = 0; i < length; i++) data[from + i] = buffer[start + i] as number;
    else data.set(buffer.subarray(start, start + length), from);
    this.#write = from + length;
    this.#newest = number;
  }

  /** Forgets the packets whose bytes lie in the range that is about to be written. */
  #release(from: number, to: number): void {
    const mask = this.#slots - 1;
    while (this.#oldest <= this.#newest) {
      const slot = this.#oldest & mask;
      const offset = this.#offset[slot] as number;
      // In the order of age, offsets run from the write position to the end and then from the start.
      const length = this.#length[slot] as number;
      if (length > 0 && (offset >= to || offset + length <= from)) return;
      this.#oldest++;
    }
  }

  /** Says that the newest packet belongs to a flow, whose packet before was `previous` (0 for none). */
  link(number: number, previous: number): void {
    this.#previous[number & (this.#slots - 1)] = previous;
  }

  /** A packet by its number, undefined when it is no longer kept. */
  packet(number: number): EvidencePacket | undefined {
    const slot = number & (this.#slots - 1);
    if (number < this.#oldest || number > this.#newest || this.#number[slot] !== number) return undefined;
    const from = this.#offset[slot] as number;
    return {
      number,
      time: this.#time[slot] as number,
      linkType: this.#linkType[slot] as number,
      wireLength: this.#wireLength[slot] as number,
      bytes: this.#data.slice(from, from + (this.#length[slot] as number)),
    };
  }

  /** The newest packets of a flow that are still kept, at most `count`, oldest first. */
  packetsOf(flow: Flow, count: number): EvidencePacket[] {
    const found: EvidencePacket[] = [];
    let number = flow.lastPacket;
    while (number > 0 && found.length < count) {
      const packet = this.packet(number);
      if (packet === undefined) break;
      found.push(packet);
      number = this.#previous[number & (this.#slots - 1)] as number;
    }
    return found.reverse();
  }
}

/** Hands kept packets to a sink, for example a `PcapWriter`. */
export function replay(packets: readonly EvidencePacket[], sink: FrameSink): void {
  for (const packet of packets) sink.frame(packet.time, packet.bytes, 0, packet.bytes.length, packet.linkType);
}
