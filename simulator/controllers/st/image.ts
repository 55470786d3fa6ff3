/** What the generated code of one program text shares: memory, constants, temporaries, and the code of each instance. */
import { Fault, type Op } from './closures.ts';
import type { Pou } from './ir.ts';
import type { Memory } from './memory.ts';
import type { Size } from './types.ts';

/** More operations than this are refused: a text of ordinary size cannot be made to fill the host's memory. */
const MAX_OPERATIONS = 400_000;

export class Image {
  readonly memory: Memory;
  readonly m: Float64Array;
  /** Static frames of functions; they hold nothing between calls. */
  readonly frames: ReadonlyMap<Pou, Size>;
  /** Bodies of instances by POU and first number slot. */
  readonly bodies = new Map<Pou, Map<number, Op>>();
  readonly #constants = new Map<number | string, number>();
  #nextConstant: number;
  readonly #temporaries: ReadonlyMap<Pou, number>;
  #operations = 0;
  /** Whether this is the dry run that only counts constants and temporaries. */
  readonly planning: boolean;

  constructor(
    memory: Memory,
    frames: ReadonlyMap<Pou, Size>,
    firstConstant: number,
    temporaries: ReadonlyMap<Pou, number> | undefined,
  ) {
    this.planning = temporaries === undefined;
    this.memory = memory;
    this.m = memory.number;
    this.frames = frames;
    this.#nextConstant = firstConstant;
    this.#temporaries = temporaries ?? new Map();
  }

  /** Slot of a constant; equal constants share one, and 0 and -0 are two. */
  constant(value: number): number {
    // A Map takes 0 and -0 for the same key.
    const key = Object.is(value, -0) ? '-0' : value;
    let slot = this.#constants.get(key);
    if (slot === undefined) {
      slot = this.#nextConstant++;
      this.#constants.set(key, slot);
      this.m[slot] = value;
    }
    return slot;
  }

  /** First slot for temporaries of a POU. Its instances share them, since there is no recursion. */
  temporaries(pou: Pou): number {
    return this.#temporaries.get(pou) ?? 0;
  }

  /** End of the constants so far. */
  get constantsEnd(): number {
    return this.#nextConstant;
  }

  /** Counts generated operations. */
  account(count: number, line: number): void {
    this.#operations += count;
    if (this.#operations > MAX_OPERATIONS)
      throw new Fault('st.limit', `the program's instances need more than ${MAX_OPERATIONS} operations`, line);
  }
}
