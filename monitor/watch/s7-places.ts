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

/** Which points lie where in bytes that are asked for again and again. */
interface Layout {
  readonly address: number;
  readonly entries: readonly MemoryEntry[];
}

const MAX_LAYOUTS = 4096;

export class S7Places {
  readonly #memory: S7Memory;
  readonly #places = new Map<MemoryEntry, S7Place>();
  readonly #layouts = new Map<string, Layout | undefined>();

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
    const layout = this.#layout(area, db, from, bytes.length, bit);
    if (layout === undefined) return undefined;
    const { address, entries } = layout;
    const words: number[] = [];
    for (const entry of entries) pushRaw(words, entry, bytes, entry.byte - from, bit !== undefined);
    const places = this.#places;
    return {
      address,
      words,
      get parts() {
        return entries.map((entry) => {
          const own: number[] = [];
          pushRaw(own, entry, bytes, entry.byte - from, bit !== undefined);
          return { address: (places.get(entry) as S7Place).address, words: own };
        });
      },
    };
  }

  #layout(area: number, db: number, from: number, length: number, bit: number | undefined): Layout | undefined {
    const key = `${area}|${db}|${from}|${length}|${bit}`;
    const known = this.#layouts.get(key);
    if (known !== undefined || this.#layouts.has(key)) return known;
    const entries = (this.#memory.block(area, db)?.entries ?? []).filter((entry) =>
      bit === undefined
        ? entry.byte >= from && entry.byte + entry.bytes <= from + length
        : entry.type === 'bool' && entry.byte === from && entry.bit === bit,
    );
    const [first] = entries;
    const layout = first && { address: (this.#places.get(first) as S7Place).address, entries };
    // Somebody who looks through the memory asks for each stretch once.
    if (this.#layouts.size >= MAX_LAYOUTS) this.#layouts.clear();
    this.#layouts.set(key, layout);
    return layout;
  }
}

const areaOf = (code: number): string | undefined => Object.entries(AREA_CODES).find(([, area]) => area === code)?.[0];

/** Adds the words of one point out of memory. `isAlone`: `bytes` is one byte with its bit, 0 or 1. */
function pushRaw(words: number[], entry: MemoryEntry, bytes: Uint8Array, at: number, isAlone: boolean): void {
  const { type, bit, bytes: length } = entry;
  if (isAlone) {
    words.push((bytes[0] as number) & 1);
    return;
  }
  const first = bytes[at] as number;
  if (type === 'bool') {
    words.push((first >> bit) & 1);
    return;
  }
  if (length === 1) {
    words.push(first);
    return;
  }
  const word = (first << 8) | (bytes[at + 1] as number);
  if (length === 4) words.push(word, ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
  else if (type === 'counter') words.push(digits(word));
  else if (type !== 's5time' && type !== 'timer') words.push(word);
  else {
    const milliseconds = digits(word) * 10 ** (1 + ((word >> 12) & 3));
    words.push(Math.floor(milliseconds / 0x1_0000), milliseconds & 0xffff);
  }
}

/** Three BCD digits. */
const digits = (word: number): number => ((word >> 8) & 15) * 100 + ((word >> 4) & 15) * 10 + (word & 15);
