/**
 * S7 memory as the watch follows it. Points of a device stand one behind the other in a table of their own, in the order of area, block,
 * byte and bit, each in one or two words as registers of Modbus are; so one stretch of memory is one stretch of that table.
 */
import type { ModbusPoint } from '@penstock/core';
import { AREA_CODES, isCounted, type MemoryEntry, S7Memory } from '@penstock/protocols/s7comm';
import type { KnownPoint } from '../knowledge.ts';

/** How words become a value: as points of Modbus have it. */
export type Coding = Pick<ModbusPoint, 'type' | 'wordOrder' | 'scale'>;

/** Where a point stands in the table, and how people name its place. */
export interface S7Place {
  readonly table: 's7';
  readonly address: number;
  readonly coding: Coding;
  /** `DB10`, `M`, … */
  readonly area: string;
  /** Byte, and the bit as tenths: 4, 8.3; the number of a counter or timer. */
  readonly at: number;
}

const CODING_TYPE: Readonly<Record<MemoryEntry['type'], ModbusPoint['type']>> = {
  bool: 'bool',
  byte: 'uint16',
  char: 'uint16',
  word: 'uint16',
  int: 'int16',
  dword: 'uint32',
  dint: 'int32',
  real: 'float32',
  time: 'int32',
  s5time: 'uint32',
  counter: 'uint16',
  timer: 'uint32',
};

const wordsOf = (type: ModbusPoint['type']): 1 | 2 => (/32$/.test(type) ? 2 : 1);

/** What an item touches of the table. */
export interface Stretch {
  readonly address: number;
  /** Raw words of the points that lie in it, in their order. */
  readonly words: number[];
  /** The same, each point by itself. */
  readonly parts: readonly { readonly address: number; readonly words: readonly number[] }[];
}

export class S7Places {
  readonly #memory: S7Memory;
  readonly #places = new Map<MemoryEntry, S7Place>();

  /** @param points those of one device that have a place in S7 memory. @throws PenstockError `s7comm.memory` when two overlap */
  constructor(points: readonly KnownPoint[], device: string) {
    this.#memory = new S7Memory(points, device);
    let address = 0;
    for (const block of this.#memory.blocks)
      for (const entry of block.entries) {
        const type = CODING_TYPE[entry.type];
        const scale = points[entry.point]?.s7?.scale ?? 1;
        const area = block.area === AREA_CODES.DB ? `DB${block.db}` : (areaOf(block.area) ?? '');
        const at = isCounted(block.area) ? entry.byte / 2 : entry.byte + entry.bit / 10;
        this.#places.set(entry, { table: 's7', address, coding: { type, wordOrder: 'big', scale }, area, at });
        address += wordsOf(type);
      }
  }

  /** Of the point at `index` of the list. */
  place(index: number): S7Place {
    return this.#places.get(this.#memory.entry(index) as MemoryEntry) as S7Place;
  }

  /**
   * The points that lie wholly in `bytes` of memory, with their contents; undefined where there are none.
   * @param bit of one bit that was read or written by itself: `bytes` is then one byte, 0 or 1
   */
  stretch(area: number, db: number, from: number, bytes: Uint8Array, bit?: number): Stretch | undefined {
    const block = this.#memory.block(area, db);
    if (block === undefined) return undefined;
    const end = from + bytes.length;
    const entries = block.entries.filter((entry) =>
      bit === undefined
        ? entry.byte >= from && entry.byte + entry.bytes <= end
        : entry.type === 'bool' && entry.byte === from && entry.bit === bit,
    );
    const [first] = entries;
    if (first === undefined) return undefined;
    const parts = entries.map((entry) => ({
      address: (this.#places.get(entry) as S7Place).address,
      words: bit === undefined ? raw(entry, bytes, entry.byte - from) : [(bytes[0] as number) & 1],
    }));
    return { address: (this.#places.get(first) as S7Place).address, words: parts.flatMap(({ words }) => words), parts };
  }
}

const areaOf = (code: number): string | undefined => Object.entries(AREA_CODES).find(([, area]) => area === code)?.[0];

/** Words of one point out of memory. */
function raw({ type, bit, bytes: length }: MemoryEntry, bytes: Uint8Array, at: number): number[] {
  const byte = (i: number): number => bytes[at + i] as number;
  if (type === 'bool') return [(byte(0) >> bit) & 1];
  if (length === 1) return [byte(0)];
  const word = (byte(0) << 8) | byte(1);
  if (length === 4) return [word, (byte(2) << 8) | byte(3)];
  if (type === 'counter') return [digits(word)];
  if (type !== 's5time' && type !== 'timer') return [word];
  const milliseconds = digits(word) * 10 ** (1 + ((word >> 12) & 3));
  return [Math.floor(milliseconds / 0x1_0000), milliseconds & 0xffff];
}

/** Three BCD digits. */
const digits = (word: number): number => ((word >> 8) & 15) * 100 + ((word >> 4) & 15) * 10 + (word & 15);
