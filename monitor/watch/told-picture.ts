/**
 * What a device has told one listener of its points, message by message: values come one by one and on change, and a point that is not told
 * stands as it stood. For protocols whose points stand in tables of two words each.
 */
import type { ReadBlock } from './blocks.ts';
import type { ProcessWatch } from './index.ts';

const scratch = new DataView(new ArrayBuffer(4));

/** Words of a value in such a table; booleans are 0 and 1. */
export function wordsOfFloat(value: number): [number, number] {
  scratch.setFloat32(0, value);
  return [scratch.getUint16(0), scratch.getUint16(2)];
}

export class ToldPicture {
  readonly block: ReadBlock;
  readonly #words: number[];
  /** By place: when it was told last, microseconds since 1970. */
  readonly #told: Float64Array;
  #time = 0;

  /** @param block of the whole table */
  constructor(block: ReadBlock) {
    this.block = block;
    this.#words = new Array<number>(block.values.length).fill(-1);
    this.#told = new Float64Array(block.values.length >> 1).fill(Number.NEGATIVE_INFINITY);
  }

  /** @param address of the point in the table */
  tell(address: number, value: number, time: number): void {
    const [first, second] = wordsOfFloat(value);
    this.#words[address] = first;
    this.#words[address + 1] = second;
    this.#told[address >> 1] = time;
    this.#time = time;
  }

  /** All of a message has been told. */
  settle(watch: ProcessWatch): void {
    const { block } = this;
    // What was written since it was told is not known until it is told again.
    if (block.seenWrites !== block.device.writesTo(block.table))
      for (const { point } of block.traces) {
        const { address, pending } = point;
        if (pending !== undefined && pending.time > (this.#told[address >> 1] as number))
          this.#words.fill(-1, address, address + 2);
      }
    watch.read(block, this.#words, this.#time, true);
  }
}
