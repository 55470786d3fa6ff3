/** Types of a point in the memory of an S7 controller. */

interface S7TypeSpec {
  /** Bytes that it takes; a bit shares its byte with others. */
  readonly bytes: 1 | 2 | 4;
  /** Raw values that it holds. `s5time` and `timer` count milliseconds, `time` too. */
  readonly low: number;
  readonly high: number;
}

const type = (bytes: S7TypeSpec['bytes'], low: number, high: number): S7TypeSpec => ({ bytes, low, high });

/** Longest time of an S5TIME: 999 steps of 10 s. */
const LONGEST_S5TIME = 9_990_000;

export const S7_TYPES = {
  bool: type(1, 0, 1),
  byte: type(1, 0, 0xff),
  char: type(1, 0, 0xff),
  word: type(2, 0, 0xffff),
  int: type(2, -0x8000, 0x7fff),
  dword: type(4, 0, 0xffff_ffff),
  dint: type(4, -0x8000_0000, 0x7fff_ffff),
  real: type(4, -3.4e38, 3.4e38),
  time: type(4, -0x8000_0000, 0x7fff_ffff),
  s5time: type(2, 0, LONGEST_S5TIME),
  counter: type(2, 0, 999),
  timer: type(2, 0, LONGEST_S5TIME),
} as const satisfies Readonly<Record<string, S7TypeSpec>>;

export type S7Type = keyof typeof S7_TYPES;
export const S7_TYPE_NAMES = Object.keys(S7_TYPES) as [S7Type, ...S7Type[]];

/** Where points are: data blocks, memory bits, process images of inputs and outputs, counters and timers. */
export const S7_AREAS = ['DB', 'M', 'I', 'Q', 'C', 'T'] as const;
export type S7Area = (typeof S7_AREAS)[number];
