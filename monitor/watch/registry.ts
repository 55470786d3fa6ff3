/** Which devices and blocks are followed, within bounds, and whose view of a point is the displayed one. */
import { blockKey, ReadBlock, type Reader, type Trace, WatchedDevice } from './blocks.ts';
import type { WatchedRange } from './modbus-functions.ts';
import type { PointTable } from './points.ts';

/** Answers that make a block part of what its client displays. */
export const STANDING = 64;
/** A client that has not polled for so long displays nothing; microseconds. */
const GONE = 60e6;
const MAX_DEVICES = 16_384;
const MAX_BLOCKS = 16_384;
/** Traces with a memory for playbacks, of 2 kB at first and 64 kB at most. */
const MAX_FOLLOWED = 1024;

export class Registry {
  /** Devices and blocks that were not followed, or no longer are. */
  dropped = 0;
  readonly devices = new Map<string, WatchedDevice>();
  readonly #tables: ReadonlyMap<string, PointTable>;
  readonly #begin: (trace: Trace) => void;
  #blocks = 0;
  #followed = 0;
  /** Blocks that are turned away before room is looked for again. */
  #full = 0;

  /** @param begin gets every point that begins to be followed */
  constructor(tables: ReadonlyMap<string, PointTable>, begin: (trace: Trace) => void) {
    this.#tables = tables;
    this.#begin = begin;
  }

  device(address: string): WatchedDevice | undefined {
    let device = this.devices.get(address);
    if (device !== undefined) return device;
    if (this.devices.size >= MAX_DEVICES) {
      this.dropped++;
      return undefined;
    }
    device = new WatchedDevice(this.#tables.get(address));
    this.devices.set(address, device);
    return device;
  }

  known(device: WatchedDevice, reader: Reader, range: WatchedRange, station: number): ReadBlock | undefined {
    return device.blocks.get(blockKey(reader.src.address, range, station));
  }

  block(device: WatchedDevice, reader: Reader, range: WatchedRange, station: number): ReadBlock {
    const key = blockKey(reader.src.address, range, station);
    const known = device.blocks.get(key);
    if (known !== undefined) {
      known.reader = reader;
      return known;
    }
    // Without a point list there is nothing to follow.
    const hasRoom = device.points !== undefined && this.#hasRoom();
    // Of what is told on change nobody can say that it repeats itself.
    const isFollowed = hasRoom && range.table !== 'opcua' && this.#followed < MAX_FOLLOWED;
    const block = new ReadBlock(device, reader, range, station, isFollowed);
    if (device.points === undefined) return block;
    if (hasRoom) {
      this.#blocks++;
      device.blocks.set(key, block);
    } else this.dropped++;
    for (const trace of block.traces) {
      if (trace.echo !== undefined) this.#followed++;
      this.#begin(trace);
    }
    return block;
  }

  /** A block has been told often enough without being asked for: that is displayed where nothing else is. */
  report(block: ReadBlock): void {
    for (const trace of block.traces) trace.point.view ??= trace;
  }

  /** A block has become a standing poll: where its client sees more than others, that is what is displayed. */
  display(block: ReadBlock): void {
    const { time } = block.polled;
    const { address } = block.reader.src;
    const seen = this.#seenBy(address, time);
    for (const trace of block.traces) {
      const { view } = trace.point;
      const other = view?.block.reported ? undefined : view?.block.reader.src.address;
      if (other === undefined || (other !== address && seen > this.#seenBy(other, time))) trace.point.view = trace;
    }
  }

  /** Listed points that a client polls at that time. */
  #seenBy(address: string, time: number): number {
    let seen = 0;
    for (const device of this.devices.values())
      for (const block of device.blocks.values()) {
        const isStanding = block.polls >= STANDING && time - block.polled.time < GONE;
        if (isStanding && block.reader.src.address === address) seen += block.traces.length;
      }
    return seen;
  }

  /** Lets blocks go that were read once or twice, by somebody who looked through the registers. */
  #hasRoom(): boolean {
    if (this.#blocks < MAX_BLOCKS) return true;
    if (this.#full-- > 0) return false;
    for (const device of this.devices.values())
      for (const [key, block] of device.blocks)
        if (!block.regular) {
          device.blocks.delete(key);
          this.#blocks--;
          this.dropped++;
          for (const { echo } of block.traces) if (echo !== undefined) this.#followed--;
        }
    this.#full = MAX_BLOCKS >> 3;
    return this.#blocks < MAX_BLOCKS;
  }
}
